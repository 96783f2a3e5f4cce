"""What of a store's remits counts: the ledger of the last run says it."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.ledger import Ledger, counted
from edi_iop.store import Store
from edi_iop.tables import LEDGER, REMITS


def posted_remits(store: Store) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The tables of remits whose money is posted, and the matches of those."""
    ledger = Ledger(*(store.load(name) for name in LEDGER))
    remits = counted({name: store.load(name) for name in REMITS}, ledger)
    of_them = remits["remit_claims"].select("file_id", "remit_claim_offset")
    matches = store.load("matches").join(
        of_them, on=["file_id", "remit_claim_offset"], how="semi", maintain_order="left"
    )
    return remits, matches
