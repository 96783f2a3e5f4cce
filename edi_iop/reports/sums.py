"""Sums to draw: a table's rows counted, or an amount of them added up, by one of its columns."""

from __future__ import annotations

import polars as pl

from edi_iop.money import to_dollars
from edi_iop.reports.sheet import Chart

MOST_BARS = 10
"""The rest is one bar more."""
REST = "all others"


def counting(count: int, noun: str) -> str:
    """`1 claim`, `1,204 claims`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def dollars(cents: pl.Expr) -> pl.Expr:
    """Amounts in sentences (to_dollars), of the few rows that a person reads."""
    return cents.map_elements(to_dollars, return_dtype=pl.String)


def chart(rows: pl.DataFrame, by: str, title: str, of: str | None = None) -> Chart:
    """The rows by a column, the largest first: counted, or an amount of theirs added up.

    of: a column of cents, or none to count. Many small values stand together at the end.
    """
    amount = pl.len() if of is None else pl.col(of).sum()
    sums = (
        rows.group_by(label=pl.col(by).cast(pl.String).fill_null("none"))
        .agg(value=amount.cast(pl.Int64))
        .sort("value", "label", descending=[True, False])
    )
    rest = sums.slice(MOST_BARS)
    if rest.height > 1:
        others = pl.DataFrame({"label": [REST], "value": [int(rest["value"].sum())]})
        sums = pl.concat([sums.head(MOST_BARS), others])
    return Chart(title, sums, "number" if of is None else "money")
