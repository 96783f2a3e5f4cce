"""Which coverage holds for a client on a date, and which one is nearest where none does."""

from __future__ import annotations

import polars as pl

PAYER = ("payer_id", "member_id", "coverage_priority")


def nearest(frame: pl.DataFrame, clients: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Each row of the frame (with a service_date) and the client's coverage nearest in time.

    A coverage that holds on the date is at distance 0; among equals the primary
    goes first, then the later one. Rows without any coverage keep nulls.
    """
    rows = frame.with_row_index("_row")
    found = (
        rows.select("_row", "service_date", *on)
        .join(clients, on=on)
        .with_columns(_gap=_days_outside())
        .sort(
            "_row",
            "_gap",
            "coverage_priority",
            "coverage_from",
            descending=[False, False, False, True],
            nulls_last=True,
        )
        .unique("_row", keep="first", maintain_order=True)
    )
    new = ["_row", *(name for name in found.columns if name not in rows.columns and name != "_gap")]
    return rows.join(found.select(new), on="_row", how="left", maintain_order="left").drop("_row")


def _days_outside() -> pl.Expr:
    """How many days the date lies before the coverage begins or after it ends."""
    before = (pl.col("coverage_from") - pl.col("service_date")).dt.total_days()
    after = (pl.col("service_date") - pl.col("coverage_to")).dt.total_days().fill_null(0)
    return pl.max_horizontal(before, after, pl.lit(0))


def with_payer(days: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """The days with a payer each: their coverage's, else that of the nearest coverage.

    A day without coverage must still reach the rules, which name it (ELG-01).
    """
    covered = days.filter(pl.col("payer_id").is_not_null()).with_columns(
        coverage_priority=pl.lit("P")
    )
    bare = days.filter(pl.col("payer_id").is_null()).drop("payer_id", "member_id")
    found = nearest(
        bare, clients.select("client_id", *PAYER, "coverage_from", "coverage_to"), ["client_id"]
    )
    return pl.concat([covered, found.select(covered.columns)])
