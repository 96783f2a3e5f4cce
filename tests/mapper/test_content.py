"""What each claim and line says of itself."""

from __future__ import annotations

import polars as pl

from edi_iop import identifiers
from edi_iop.mapper.content import line_control_number


def test_line_control_numbers_begin_with_a_letter_and_differ() -> None:
    number = identifiers.patient_control_number(7)
    numbered = pl.select(line=pl.int_range(1, 32), claim_number=pl.lit(number))
    lines = numbered.select(line_control_number()).to_series().to_list()
    assert len(set(lines)) == 31
    assert all(line[0] == "L" and len(line) <= 30 for line in lines)
