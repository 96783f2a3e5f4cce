"""What the ledger says of the files of its payments: held, a duplicate, or applied."""

from __future__ import annotations

import polars as pl

from edi_iop.store import Store
from edi_iop.texts import composed


def mark_files(store: Store, payments: pl.DataFrame) -> None:
    """Marks the files of these payments (tables.PAYMENT_STANDINGS, of a file all) as they stand now."""
    files = store.among("files", payments.select("file_id"), ("file_id", "status"))
    changed = _files(payments).join(files, on="file_id").filter(pl.col("now") != pl.col("status"))
    for file_id, now, reason in changed.select("file_id", "now", "reason").iter_rows():  # files
        store.mark_file(file_id, now, reason)


def _files(payments: pl.DataFrame) -> pl.DataFrame:
    """file_id, now, reason: held where a payment is, a duplicate where it brings nothing new."""
    standing = pl.col("standing")
    again = (standing == "duplicate") & (pl.col("same_file") != pl.col("file_id"))
    held = standing == "held"
    reason = composed("PAYMENT_{}: payment {}: {}", _shout(), "trace_number", "says")
    return payments.group_by("file_id").agg(
        now=pl.when(held.any())
        .then(pl.lit("held"))
        .when(again.all())
        .then(pl.lit("duplicate"))
        .otherwise(pl.lit("applied")),
        reason=pl.coalesce(reason.filter(held).first(), reason.filter(again).first()),
    )


def _shout() -> pl.Expr:
    return (
        pl.when(pl.col("standing") == "duplicate")
        .then(pl.lit("AGAIN"))
        .otherwise(pl.col("reason").str.to_uppercase())
    )
