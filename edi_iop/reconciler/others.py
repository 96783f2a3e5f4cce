"""What earlier payers paid for a line, as far as the claim that followed them says (837 loop 2430 SVD02)."""

from __future__ import annotations

import polars as pl

_SENT_LINE = ("claim_file_id", "line_offset")


def with_others(rows: pl.DataFrame, decided: pl.DataFrame | None) -> pl.DataFrame:
    """Lines sent (claim_file_id, line_offset) with other_payer_cents: what earlier payers paid.

    By the claim sent to this payer, else what its answer says of them: earlier_cents (CARC 23), which
    counts what they wrote off too. decided: tables.OTHER_PAYER_LINES of the claims sent.
    """
    if decided is None or decided.is_empty():
        return rows.with_columns(other_payer_cents="earlier_cents")
    told = decided.group_by("line_offset", claim_file_id="file_id").agg(
        told_cents=pl.col("paid_cents").sum()
    )
    return (
        rows.join(told, on=_SENT_LINE, how="left", maintain_order="left")
        .with_columns(other_payer_cents=pl.coalesce("told_cents", "earlier_cents"))
        .drop("told_cents")
    )


def with_beside(rows: pl.DataFrame, decided: pl.DataFrame | None) -> pl.DataFrame:
    """Lines sent with beside_cents (patient and CARC 23 together) by what earlier payers paid."""
    others = pl.col("other_payer_cents") - pl.col("earlier_cents")
    told = with_others(rows, decided).with_columns(pl.col("beside_cents") + others)
    return told.drop("other_payer_cents", "earlier_cents")
