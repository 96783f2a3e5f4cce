"""Sums that are drawn: counted by hand."""

from __future__ import annotations

import polars as pl

from edi_iop.reports.banking import unseen_cents
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


def test_what_the_bank_has_less_of_is_not_seen_there() -> None:
    """A payment without deposit (50.00), 10.00 too little, 5.00 too little for two payments of one
    deposit, a deposit that was taken out again (80.00); what is too much makes up for nothing."""
    rows = pl.DataFrame(
        [
            ("remit without deposit", 5000, None, None),
            ("amount differs", 7000, -1000, 1),
            ("amount differs", 2000, -500, 2),
            ("amount differs", 3000, -500, 2),
            ("amount differs", 4000, 900, 1),
            ("deposit taken back", 8000, -8000, 1),
            ("deposit without remit", None, None, None),
            ("matched", 6000, 0, 1),
        ],
        schema=["state", "amount_cents", "difference_cents", "sharing"],
        orient="row",
    )
    assert unseen_cents(rows) == 5000 + 1000 + 500 + 8000
    assert unseen_cents(rows.clear()) == 0
