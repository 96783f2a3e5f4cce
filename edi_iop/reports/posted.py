"""What of a store's remits counts: the ledger of the last run says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from edi_iop.reconciler.ledger import Ledger, counted
from edi_iop.store import Place, Store
from edi_iop.tables import ACCOUNTS, PROVIDER_POSTINGS

CLAIMS_AT_ONCE = 40_000
"""Of some ten lines each: what is worked out of so many at a time takes some hundred megabytes."""
_REMIT_CLAIM = ("file_id", "remit_claim_offset")
_PAYMENT = ("file_id", "payment_offset")
_LINE = (*_REMIT_CLAIM, "remit_line_offset")
_REMITS = {
    "remit_claims": (*_REMIT_CLAIM, "payment_offset", "status", "paid_cents", "payer_claim_number"),
    "remit_lines": (*_LINE, "paid_cents"),
    "adjustments": (*_LINE, "group", "carc", "amount_cents"),
}


class Posted:
    """The remits whose money is posted, so many of their claims at a time.

    Of each table what answers are told by (reconciler.answers), which is a small part of it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._payments = store.load("payments", (*_PAYMENT, "payment_date", "trace_number"))
        self._ledger = Ledger(
            payments=store.load("payment_standings", (*_PAYMENT, "standing")),
            postings=store.load("postings", (*_REMIT_CLAIM, "standing"), standing="held"),
            provider_postings=PROVIDER_POSTINGS.empty(),
            accounts=ACCOUNTS.empty(),
        )

    def between(self, places: tuple[Place, Place]) -> Mapping[str, pl.DataFrame]:
        """Tables of the remit claims from one place to another."""
        return self._read(lambda name, columns: self._store.stretch(name, places, columns))

    def among(self, claims: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """Tables of these remit claims (file_id, remit_claim_offset)."""
        return self._read(lambda name, columns: self._store.among(name, claims, columns))

    def _read(
        self, rows_of: Callable[[str, tuple[str, ...]], pl.DataFrame]
    ) -> Mapping[str, pl.DataFrame]:
        read = {name: rows_of(name, columns) for name, columns in _REMITS.items()}
        return counted({"payments": self._payments, **read}, self._ledger)
