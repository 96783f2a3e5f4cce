"""One planted fault, one finding: code, segment, element and component, at its exact place.

fixtures/faults holds single faults of every SNIP level, each with what the standard says of it.
All of them are validated as `edi-iop validate` does it, in one call.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from edi_iop.desk import files
from edi_iop.findings import CATALOGUE
from tests.conftest import FIXTURES
from tests.guides.test_faults import changed
from tests.referee import verdict

FAULTS = [
    {"of": path.stem, **fault}
    for path in sorted((FIXTURES / "faults").glob("*.toml"))
    for fault in tomllib.loads(path.read_text(encoding="utf-8"))["fault"]
]
NAMES = [f"{fault['of']}: {fault['name']}" for fault in FAULTS]
BASES = sorted({fault["base"] for fault in FAULTS})
PLACE = ("loop", "segment", "element", "component")
ELSEWHERE = {
    "NOT_X12", "EMPTY_FILE", "ISA_SHORT", "LINES_WRAPPED", "SEGMENT_NOT_USED", "SYNTAX_EXCLUSIVE",
    "NOT_READ", "DUPLICATE_DELIVERY",
}  # fmt: skip
"""Of no single fault in a valid file: what is no X12 at all (tests/parsers), what the guides we
read do not have, and what one file alone cannot show (tests/runner)."""


def edited(fault: dict[str, Any]) -> bytes:
    """The file with its fault."""
    data = (FIXTURES / fault["base"]).read_bytes()
    for before, after in fault["change"]:
        assert before.encode() in data
        if fault.get("recount", True):
            data = changed(data, before, after)
        else:
            data = data.replace(before.encode(), after.encode(), 1)
    return data


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[int, pl.DataFrame]:
    """The findings of every file with a fault, by its number."""
    folder = tmp_path_factory.mktemp("faults")
    paths = [folder / f"{number:04}.x12" for number in range(len(FAULTS))]
    for path, fault in zip(paths, FAULTS, strict=True):
        path.write_bytes(edited(fault))
    rows = files.validate(paths).rows
    return {
        number: rows.filter(pl.col("file").str.ends_with(path.name))
        for number, path in enumerate(paths)
    }


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=NAMES)
def test_a_fault_is_found_where_it_is(number: int, found: dict[int, pl.DataFrame]) -> None:
    fault, rows = FAULTS[number], found[number]
    told = list(rows.select("code", *PLACE).iter_rows())
    assert told == [(one["code"], *(one.get(part) for part in PLACE)) for one in fault["expect"]]
    data = edited(fault)
    for offset, one in zip(rows["byte_offset"], fault["expect"], strict=True):
        assert data[offset:].startswith(one["at"].encode()), data[offset : offset + 30]


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=NAMES)
def test_pyx12_finds_it_or_is_listed(number: int) -> None:
    """pyx12's verdict on each fault: false, or listed as silent or unable to tell."""
    verdicts = {False: "finds it", True: "silent", None: "cannot tell"}
    said = verdicts[verdict(edited(FAULTS[number]))[0]]
    assert said == FAULTS[number].get("pyx12", "finds it")


@pytest.mark.parametrize("base", BASES)
def test_a_base_has_no_error(base: str) -> None:
    rows = files.validate([FIXTURES / base]).rows
    assert rows.filter(pl.col("severity") == "error").is_empty()


def test_every_code_of_the_catalogue_is_planted() -> None:
    of_x12 = {
        code
        for code, entry in CATALOGUE.items()
        if entry.snip in range(1, 7) and not code.startswith("ARCHIVE_")
    }
    planted = {one["code"] for fault in FAULTS for one in fault["expect"]}
    assert planted == of_x12 - ELSEWHERE


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(FAULTS) >= 220
    assert len(set(NAMES)) == len(NAMES)


def test_every_base_is_a_file() -> None:
    assert all(Path(FIXTURES / base).is_file() for base in BASES)
