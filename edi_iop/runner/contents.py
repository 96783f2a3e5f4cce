"""What each payment says, made of its rows in the store: payments told apart, whole ones at a time."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.duplicates import payment_contents
from edi_iop.runner.records import Tables
from edi_iop.runner.scope import REMIT
from edi_iop.runner.since import PAYMENT
from edi_iop.store import Store
from edi_iop.tables import REMITS, TABLES


def contents(store: Store, payments: pl.DataFrame) -> pl.DataFrame:
    """tables.PAYMENT_CONTENTS of these payments (PAYMENT)."""
    return payment_contents(_remits_of(store, payments))


def in_turns(store: Store, after: int, most: int, at_once: int) -> list[pl.DataFrame]:
    """The payments (PAYMENT) of files after this number of which nobody said yet what they say, in so
    many parts or more of a size.

    Of large files it was said when they were read (runner.turns). most: remit claims that are read together.
    """
    told = store.newer("payment_contents", after, PAYMENT)
    payments = store.newer("payments", after, PAYMENT).join(told, on=PAYMENT, how="anti")
    claims = store.newer("remit_claims", after, PAYMENT).join(payments, on=PAYMENT, how="semi")
    size = min(most, -(-claims.height // at_once) or 1)
    sized = (
        payments.join(claims.group_by(PAYMENT).agg(claims=pl.len()), on=PAYMENT, how="left")
        .sort(PAYMENT)
        .with_columns(pl.col("claims").fill_null(0))
        .with_columns(turn=(pl.col("claims").cum_sum() - pl.col("claims")) // size)
    )
    return [part.select(PAYMENT) for part in sized.partition_by("turn", maintain_order=True)]


def _remits_of(store: Store, payments: pl.DataFrame) -> Tables:
    """tables.REMITS of whole payments."""
    claims = store.among("remit_claims", payments)
    keys = claims.select(REMIT)
    others = {
        name: store.among(name, payments if "payment_offset" in TABLES[name].schema else keys)
        for name in REMITS
        if name != "remit_claims"
    }
    return {**others, "remit_claims": claims}
