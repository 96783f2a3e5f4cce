"""Sums that are drawn: counted by hand."""

from __future__ import annotations

import polars as pl

from edi_iop.reports.sums import REST, chart

ROWS = pl.DataFrame({"rule": ["A", "B", "A", None], "charge_cents": [100, 500, 250, 7]})


def test_rows_are_counted_or_added_up_the_largest_first() -> None:
    assert chart(ROWS, "rule", "").rows.rows() == [("A", 2), ("B", 1), ("none", 1)]
    added = chart(ROWS, "rule", "", "charge_cents")
    assert added.rows.rows() == [("B", 500), ("A", 350), ("none", 7)]
    assert added.kind == "money"


def test_many_small_ones_stand_together_and_nothing_is_lost() -> None:
    many = pl.DataFrame({"rule": [f"R{number:02}" for number in range(14)], "cents": range(14)})
    rows = chart(many, "rule", "", "cents").rows
    assert rows.height == 11
    assert rows.row(10) == (REST, 0 + 1 + 2 + 3)
    assert rows["value"].sum() == sum(range(14))
