"""SNIP levels asked for: the same findings as of a full check, without those of other levels."""

from __future__ import annotations

import io
import random

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.parsers.batches import read_batches
from edi_iop.parsers.x12 import Asked
from tests.conftest import FIXTURES
from tests.parsers.test_mutations import damaged

FILES = [FIXTURES / "x12" / "remit_iop.835", FIXTURES / "x12" / "claim_iop.837"]


@pytest.mark.parametrize("levels", [(1, 2), (1, 2, 3, 5), (1, 2, 3, 4, 5, 6, 7)])
def test_findings_of_the_levels_asked_for(levels: tuple[int, ...]) -> None:
    chance = random.Random(3)
    files = [
        (number, damaged(damaged(chance.choice(FILES).read_bytes(), chance), chance))
        for number in range(60)
    ]
    whole, asked = parsers.parse(files), parsers.parse(files, levels=levels)
    for number, _ in files:
        full, some = whole[number], asked[number]
        assert set(some.findings["snip"]) <= {*levels, 0}
        # What another level tells as its cause is told by its own level where that is left out.
        kept = full.findings.filter(pl.col("snip").is_in(levels))
        places = ["code", "byte_offset", "element", "component"]
        assert kept.join(some.findings, on=places, how="anti", nulls_equal=True).is_empty()
        assert all(frame.equals(some.tables[name]) for name, frame in full.tables.items())


def test_envelopes_are_looked_at_whatever_is_asked() -> None:
    data = FILES[0].read_bytes().replace(b"IEA*1*", b"IEA*2*")
    (batch,) = read_batches([(1, io.BytesIO(data))], Asked(()))
    assert batch.findings["code"].to_list() == ["COUNT_WRONG"]
