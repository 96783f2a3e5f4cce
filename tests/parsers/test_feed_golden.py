"""Feeds beside what they are read to: every table's rows, then every finding.

A golden file that is absent is written, and the test fails once, so that a person reads it.
"""

from __future__ import annotations

import json
from datetime import date, time
from pathlib import Path

import pytest

from tests.conftest import FIXTURES
from tests.parsers.reading import read_all

GOLDEN = ".golden"
INPUTS = sorted(
    path
    for folder in ("layouts", "hl7", "fhir")
    for path in (FIXTURES / "feeds" / folder).glob("*")
    if path.suffix != GOLDEN
)


def lines(data: bytes) -> list[str]:
    """One JSON object a row and finding; absent values left out."""
    tables, says = read_all(data)
    rows = [
        {"table": name, **{key: _plain(value) for key, value in row.items() if value is not None}}
        for name, table in tables.items()
        for row in table.drop("file_id").to_dicts()
    ]
    return [json.dumps(one) for one in (*rows, *({"finding": one} for one in says))]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, date | time) else value


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_golden(path: Path) -> None:
    beside = path.with_name(path.name + GOLDEN)
    found = lines(path.read_bytes())
    if not beside.exists():
        beside.write_text("\n".join([*found, ""]), encoding="utf-8")
        pytest.fail(f"{beside.name} was absent and is written; read it")
    assert found == beside.read_text(encoding="utf-8").splitlines()
