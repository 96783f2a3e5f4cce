"""What of a store's remits counts: the ledger of the last run says it."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.ledger import Ledger, counted
from edi_iop.store import Store
from edi_iop.tables import ACCOUNTS, PROVIDER_POSTINGS

_REMIT_CLAIM = ("file_id", "remit_claim_offset")
_PAYMENT = ("file_id", "payment_offset")
_LINE = (*_REMIT_CLAIM, "remit_line_offset")
_REMITS = {
    "payments": (*_PAYMENT, "payment_date", "trace_number"),
    "remit_claims": (*_REMIT_CLAIM, "payment_offset", "status", "paid_cents", "payer_claim_number"),
    "remit_lines": (*_LINE, "paid_cents"),
    "adjustments": (*_LINE, "group", "carc", "amount_cents"),
}
_MATCHES = (*_LINE, "claim_file_id", "claim_offset", "line_offset", "alike_offset", "tier", "grade",
            "says")  # fmt: skip


def posted_remits(store: Store) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The tables of remits whose money is posted, and the matches of those.

    Of each table what answers are told by (reconciler.answers), which is a small part of it.
    """
    ledger = Ledger(
        payments=store.load("payment_standings", (*_PAYMENT, "standing")),
        postings=store.load("postings", (*_REMIT_CLAIM, "standing"), standing="held"),
        provider_postings=PROVIDER_POSTINGS.empty(),
        accounts=ACCOUNTS.empty(),
    )
    remits = counted({name: store.load(name, of) for name, of in _REMITS.items()}, ledger)
    of_them = remits["remit_claims"].select(_REMIT_CLAIM)
    matches = store.load("matches", _MATCHES).join(
        of_them, on=_REMIT_CLAIM, how="semi", maintain_order="left"
    )
    return remits, matches
