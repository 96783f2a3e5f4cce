"""A file read alone holds what it holds among others of its batch: tables, findings and places."""

from __future__ import annotations

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.parsers import Parsed
from tests.differential.mutants import mutants

COUNT = 30
_FILES = [(number, one.data) for number, one in enumerate(mutants(20260921, COUNT))]


@pytest.fixture(scope="module")
def together() -> dict[int, Parsed]:
    return parsers.parse(_FILES)


@pytest.mark.parametrize("number", range(COUNT))
def test_a_file_with_a_fault_reads_alone_as_among_others(
    number: int, together: dict[int, Parsed]
) -> None:
    (alone,) = parsers.parse([_FILES[number]]).values()
    among = together[number]
    assert alone.kind == among.kind
    assert alone.findings.equals(among.findings)
    assert _filled(alone).keys() == _filled(among).keys()
    for name, rows in _filled(alone).items():
        assert rows.equals(_filled(among)[name]), name


def _filled(parsed: Parsed) -> dict[str, pl.DataFrame]:
    return {name: rows for name, rows in parsed.tables.items() if len(rows)}
