"""Compiled guides are kept, as they were made, until what they are made of changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edi_iop.guides import kept, loader
from edi_iop.guides.model import Guide, Node

NAME = "005010X221A1"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept"
    monkeypatch.setattr(kept, "_place", lambda _: path)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.xml"
    path.write_text("<map/>")
    return path


def never() -> Guide:
    raise AssertionError("made though it was kept")


def counted() -> tuple[list[Guide], Callable[[], Guide]]:
    made: list[Guide] = []

    def make() -> Guide:
        made.append(loader.load(NAME))
        return made[-1]

    return made, make


def words(node: Node) -> tuple[object, ...]:
    """All a guide says of a node; of those around and below it the numbers."""
    parent = None if node.parent is None else node.parent.index
    children = [child.index for child in node.children]
    own = {name: getattr(node, name) for name in node.__dataclass_fields__}
    return tuple({**own, "parent": parent, "children": children}.items())


@pytest.mark.usefixtures("place")
def test_a_kept_guide_says_what_the_made_one_says(source: Path) -> None:
    _, make = counted()
    made = kept.kept(NAME, [source], make)
    again = kept.kept(NAME, [source], never)
    assert again is not made
    assert [words(node) for node in again.nodes] == [words(node) for node in made.nodes]
    assert again.root.parent is None
    assert [words(node) for node in again.envelope.values()] == [
        words(node) for node in made.envelope.values()
    ]


@pytest.mark.usefixtures("place")
def test_it_is_made_anew_when_a_source_changes(source: Path) -> None:
    made, make = counted()
    kept.kept(NAME, [source], make)
    os.utime(source, ns=(1, 1))
    kept.kept(NAME, [source], make)
    source.write_text("<map></map>")
    kept.kept(NAME, [source], make)
    assert len(made) == 3
    kept.kept(NAME, [source], never)


@pytest.mark.parametrize("content", [b"", b"\x80", b"not a guide", b"cnowhere\nnothing\n."])
def test_what_is_damaged_is_made_anew(place: Path, source: Path, content: bytes) -> None:
    place.write_bytes(content)
    made, make = counted()
    kept.kept(NAME, [source], make)
    assert len(made) == 1
    kept.kept(NAME, [source], never)


def test_without_a_place_to_write_to_it_is_made(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_place", lambda _: tmp_path / "absent" / "kept")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    made, make = counted()
    kept.kept(NAME, [source], make)
    kept.kept(NAME, [source], make)
    assert len(made) == 2


def test_nothing_is_kept_where_python_keeps_nothing(
    place: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    _, make = counted()
    kept.kept(NAME, [source], make)
    assert not place.exists()


def test_every_file_a_guide_is_made_of_is_asked_whether_it_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Path] = []

    def noted(_: str, sources: list[Path], make: Callable[[], Guide]) -> Guide:
        asked.extend(sources)
        return make()

    monkeypatch.setattr(loader, "kept", noted)
    loader.load.__wrapped__(NAME)
    assert {one.name for one in asked} == {
        "835.5010.X221.A1.xml", "dataele.xml", "index.toml", f"{NAME}.toml",
        "loader.py", "model.py", "overlays.py", "paths.py",
    }  # fmt: skip
