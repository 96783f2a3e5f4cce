"""837I and 837P claims, ours or another system's: what their tables must agree on.

005010X223A2 and 005010X222A1, loop 2300 CLM02 against loop 2400 SV203 or SV102.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.tables import FINDINGS

TOTAL_REVENUE = "0001"
"""The total line some systems send: never one of our own, left out of sums."""


def totals(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Claims whose charge is not the sum of their lines, and total lines among them."""
    if "claims" not in tables:
        return FINDINGS.empty()
    lines = tables["claim_lines"]
    is_total = pl.col("revenue") == TOTAL_REVENUE
    sums = (
        lines.filter(~is_total.fill_null(False))
        .group_by("file_id", "claim_offset")
        .agg(lines=pl.col("charge_cents").sum())
    )
    wrong = (
        tables["claims"]
        .join(sums, on=["file_id", "claim_offset"], how="left", maintain_order="left")
        .filter(pl.col("charge_cents").is_not_null() & (pl.col("charge_cents") != pl.col("lines").fill_null(0)))
    )  # fmt: skip
    charge, total = _dollars("charge_cents"), _dollars("lines")
    return pl.concat(
        [
            _at(wrong, "CLAIM_TOTAL_WRONG", "2300", "CLM", 2, "claim_offset",
                pl.format("CLM02 is {}, the lines sum to {}", charge, total)),
            _at(lines.filter(is_total), "REVENUE_TOTAL_LINE", "2400", "LX", None, "line_offset",
                pl.lit("a total line (0001) among the service lines")),
        ]
    )  # fmt: skip


def _at(
    frame: pl.DataFrame, code: str, loop: str, segment: str, element: int | None, offset: str, message: pl.Expr
) -> pl.DataFrame:  # fmt: skip
    return FINDINGS.conform(
        frame.select(
            "file_id",
            pl.lit(code).alias("code"),
            message.alias("message"),
            pl.col(offset).alias("byte_offset"),
            pl.lit(loop).alias("loop"),
            pl.lit(segment).alias("segment"),
            pl.lit(element).alias("element"),
        )
    )


def _dollars(column: str) -> pl.Expr:
    amount = pl.col(column).fill_null(0)
    cents = (amount.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.format("{}.{}", amount.abs() // 100, cents)
