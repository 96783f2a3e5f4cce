"""What earlier payers paid for a line, as far as the claim that followed them says (837 loop 2430 SVD02)."""

from __future__ import annotations

import polars as pl

_SENT_LINE = ("claim_file_id", "line_offset")
_SENT_CLAIM = ("claim_file_id", "claim_offset")


def with_others(
    rows: pl.DataFrame, decided: pl.DataFrame | None, key: tuple[str, ...] = _SENT_LINE
) -> pl.DataFrame:
    """Rows about lines sent, or by another key, with other_payer_cents: what earlier payers paid.

    By the claim sent to this payer, else what its answer says of them: earlier_cents (CARC 23),
    which counts what they wrote off too. decided: tables.OTHER_PAYER_LINES of the claims sent.
    """
    if decided is None or decided.is_empty():
        return rows.with_columns(other_payer_cents="earlier_cents")
    told = (
        decided.rename({"file_id": "claim_file_id"})
        .group_by(key)
        .agg(told_cents=pl.col("paid_cents").sum())
    )
    return (
        rows.join(told, on=key, how="left", maintain_order="left")
        .with_columns(other_payer_cents=pl.coalesce("told_cents", "earlier_cents"))
        .drop("told_cents")
    )


def with_beside(rows: pl.DataFrame, decided: pl.DataFrame | None) -> pl.DataFrame:
    """Lines sent with beside_cents (patient and CARC 23 together) by what earlier payers paid."""
    return _beside(with_others(rows, decided))


def with_beside_each(rows: pl.DataFrame, decided: pl.DataFrame | None) -> pl.DataFrame:
    """The same of answers to lines or to claims as a whole (remit_line_offset null, claim_offset)."""
    whole = pl.col("remit_line_offset").is_null()
    parts = (
        with_others(rows.filter(~whole), decided),
        with_others(rows.filter(whole), decided, _SENT_CLAIM),
    )
    return _beside(pl.concat(parts))


def _beside(told: pl.DataFrame) -> pl.DataFrame:
    others = pl.col("other_payer_cents") - pl.col("earlier_cents")
    return told.with_columns(pl.col("beside_cents") + others).drop(
        "other_payer_cents", "earlier_cents"
    )
