"""Remits against claims: duplicates out, answers matched, money folded into the ledger.

One pure function of what came in, what was sent and what people decided: the same
files in any order, however often, give the same ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import msgspec
import polars as pl

from edi_iop.reconciler.contents import PAYMENT
from edi_iop.reconciler.duplicates import payment_contents, payment_standings
from edi_iop.reconciler.given import Tables, claim_tables, remit_tables
from edi_iop.reconciler.ledger import Ledger, counted, fold, on_date, without
from edi_iop.reconciler.match import matched
from edi_iop.reconciler.match_claims import Further
from edi_iop.rules.policy import Policy
from edi_iop.tables import (
    ACCOUNTS,
    DECISIONS,
    MATCHES,
    PAYMENT_STANDINGS,
    POSTINGS,
    PROPOSALS,
    PROVIDER_POSTINGS,
)
from edi_iop.tables.pool import pooled


class Reconciled(msgspec.Struct, frozen=True):
    """What remits come to."""

    ledger: Ledger
    matches: pl.DataFrame
    """tables.MATCHES of all that is no duplicate, held payments too."""
    proposals: pl.DataFrame
    """tables.PROPOSALS: what unmatched remit claims may answer."""
    remits: dict[str, pl.DataFrame]
    """What of the remits is posted: answers to lines are read from it."""


@pooled
def reconcile(
    remits: Tables,
    sent: Tables,
    decisions: pl.DataFrame | None = None,
    as_of: date | None = None,
    policies: Mapping[str, Policy] | None = None,
    paid: pl.DataFrame | None = None,
    further: Further | None = None,
) -> Reconciled:
    """The ledger and the matches of remits, as of a date.

    remits: tables.REMITS. sent: tables of what was sent, and `acknowledgements` where
    there are any. decisions: tables.DECISIONS. policies: by payer id, their [remits] alone,
    as of the day asked for, since they say how far the answers are taken that we hold today;
    of other payers a second payment waits for a person, and T5 is taken; an answer of one of
    them to another's claim is only proposed. paid:
    duplicates.payment_standings of the remits' payments, where the remits are a portion of what
    these hold; the sums of ledger.payments are then the portion's. further: as for matched.
    """
    known = on_date(remits, as_of)
    if all(rows.is_empty() for rows in known.values()):
        return _of_nothing()
    terms = {payer: policy.remits for payer, policy in (policies or {}).items()}
    asking = [payer for payer, one in terms.items() if one.by_member == "propose"]
    replacing = [payer for payer, one in terms.items() if one.unreversed == "replace"]
    decided = DECISIONS.empty() if decisions is None else decisions
    if paid is None:
        paid = payment_standings(payment_contents(known), decided)
    unheard = paid.filter(pl.col("standing").is_in(["duplicate", "rejected"])).select(PAYMENT)
    single = without(known, unheard)
    tied = matched(single, sent, decided, asking, further, list(terms))
    ledger = fold(single, paid, tied.matches, claim_tables(sent)["claims"], decided, replacing)
    return Reconciled(ledger, tied.matches, tied.proposals, counted(single, ledger))


@cache
def _of_nothing() -> Reconciled:
    """What no remits come to, whatever was sent and decided."""
    remits = remit_tables({})
    ledger = Ledger(
        payments=PAYMENT_STANDINGS.empty(),
        postings=POSTINGS.empty(),
        provider_postings=PROVIDER_POSTINGS.empty(),
        accounts=ACCOUNTS.empty(),
    )
    return Reconciled(ledger, MATCHES.empty(), PROPOSALS.empty(), remits)
