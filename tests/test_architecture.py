"""The floor plan: imports point down only, and each third-party package has its home.

This table is the architecture; the imports are read from the source with ast.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "edi_iop"

FLOORS = {
    "errors": 0, "findings": 0, "money": 0, "identifiers": 0, "resources": 0, "mistakes": 0, "settings": 0,
    "processes": 0,
    "texts": 0.5,
    "x12": 1, "tables": 1, "codes": 1,
    "guides": 2, "rules": 2,
    "transcribe": 3,
    "parsers": 4, "acks": 4, "mapper": 4, "reconciler": 4, "store": 4,
    "simulator": 5, "runner": 5, "reports": 5,
    "desk": 5.5,  # the front of floor 5: one function a verb over its floor mates
    "cli": 7, "__main__": 8,
}  # fmt: skip

WITHIN_FLOOR_0 = {
    "money": set(), "errors": set(), "findings": set(), "identifiers": set(), "resources": set(),
    "processes": set(), "settings": {"errors", "identifiers", "mistakes", "money"},
}  # fmt: skip
"""Floor 0 is modules, not rooms: what they may take from one another."""

HOMES = {
    "pyx12": {"guides"},
    "lxml": {"parsers"},
    "hl7": {"parsers"},
    "polars": {room for room, floor in FLOORS.items() if floor > 0},
    "numpy": {"x12", "guides", "transcribe"},
    "msgspec": set(FLOORS),
    # Records are Structs: a dataclass takes a thousandth of a second to make, forty times as long,
    # and to validate a small file makes seventy of them. What holds itself (a guide's Node) is none.
    "dataclasses": {"guides"},
    "sqlite_utils": {"store"},
    "sqlite3": {"store"},
    "adbc_driver_manager": {"store"},
    "adbc_driver_sqlite": {"store"},
    "click": {"cli"},
    "rich": {"reports", "cli"},
    "xlsxwriter": {"reports"},
    "docxtpl": {"reports"},
    "jinja2": {"reports"},
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(path: Path) -> list[str]:
    """Every dotted name a module imports; `from a import b` as a.b."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def test_every_room_is_in_the_plan() -> None:
    assert {room_of(path) for path in modules()} <= set(FLOORS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "edi_iop" or len(parts) < 2 or parts[1] not in FLOORS or parts[1] == room:
            continue
        if FLOORS[room] == 0:
            assert parts[1] in WITHIN_FLOOR_0[room], f"{room} may not import {parts[1]}"
        else:
            assert FLOORS[parts[1]] < FLOORS[room], f"{room} may not import {parts[1]}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_packages_stay_at_home(path: Path) -> None:
    for name in imports(path):
        package = name.split(".")[0]
        if package in HOMES:
            assert room_of(path) in HOMES[package], f"{package} has no place in {room_of(path)}"


def test_texts_are_composed_in_one_way() -> None:
    """pl.format panics on columns that begin with an empty chunk (edi_iop/texts.py)."""
    for path in modules():
        used = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute)
            and node.attr == "format"
            and isinstance(node.value, ast.Name)
            and node.value.id == "pl"
        ]
        assert not used, f"{path.relative_to(ROOT)}:{used[0]}: composed, not pl.format"


def test_sql_stands_in_the_store_alone() -> None:
    verbs = ("SELECT ", "INSERT INTO", "CREATE TABLE", "UPDATE ", "DELETE FROM", "PRAGMA ")
    for path in modules():
        if room_of(path) == "store":
            continue
        texts = [
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in texts if text.lstrip().startswith(verbs)], path
