"""What a store's remits came to on a day: its payments up to it, folded anew.

Of a store that is settled in portions one closed scope after another, so that no more is held
than what is told; of others all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl
from msgspec.structs import astuple

from edi_iop.reconciler import provider_ledger
from edi_iop.reconciler.duplicates import payment_standings
from edi_iop.reconciler.ledger import later, payment_sums
from edi_iop.reconciler.reconcile import Reconciled, reconcile
from edi_iop.reconciler.references import PLB, References
from edi_iop.rules.policy import Policy
from edi_iop.runner import records, since
from edi_iop.runner.portion import Folding, folded
from edi_iop.runner.portions import PORTION
from edi_iop.runner.records import Tables
from edi_iop.runner.rest import Rest
from edi_iop.runner.scope import CLAIM, REMIT, Begin
from edi_iop.runner.since import PAYMENT
from edi_iop.store import Store
from edi_iop.tables import LEDGER, PAYMENT_STANDINGS, PROVIDER_POSTINGS, TABLES

_SENT = ("claims", "claim_lines", "acknowledgements")
FOLDED = (*LEDGER, "matches", "proposals")


def on_day(
    store: Store,
    policies: Mapping[str, Policy],
    day: date,
    claim: str | None = None,
    names: Sequence[str] = FOLDED,
) -> Tables:
    """tables.LEDGER, MATCHES and PROPOSALS by name, as payments up to a day leave them.

    What people decided counts whenever they did; claims sent later have no answers. claim:
    only what bears on the claims of this number, and on the answers returned under it. names:
    these of the tables, LEDGER at least.
    """
    if not since.all_is_settled(store):
        sent = {name: store.load(name) for name in _SENT}
        decisions = store.load("decisions")
        return _told(reconcile(records.remits(store), sent, decisions, day, policies))
    late = later(store.load("payments", (*PAYMENT, "payment_date")), day)
    contents = store.load("payment_contents").join(late, on=PAYMENT, how="anti")
    every = store.load("provider_adjustments").join(late, on=PAYMENT, how="anti")
    decisions = store.load("decisions")
    folding = Folding(
        store=store,
        policies=policies,
        decisions=decisions,
        references=References.of(every),
        paid=payment_standings(contents, decisions),
    )
    parts: dict[str, list[pl.DataFrame]] = {name: [TABLES[name].empty()] for name in names}
    for made in _scopes(folding, _begin(store, late, claim), day):
        told = _told(made)
        for name in names:
            parts[name].append(told[name])
    rows = {name: pl.concat(some) for name, some in parts.items()}
    named = rows["provider_postings"].unique(PLB, maintain_order=True)
    threads = provider_ledger.threaded_again({"provider_adjustments": every}, folding.paid, named)
    return {
        **rows,
        "payment_standings": PAYMENT_STANDINGS.conform(
            payment_sums(folding.paid, rows["postings"])
        ),
        "provider_postings": PROVIDER_POSTINGS.conform(threads),
    }


def _begin(store: Store, late: pl.DataFrame, claim: str | None) -> Begin:
    """What is asked for: every remit claim of payments that are not late, or those about one claim."""
    if claim is not None:
        # an answer is posted under the claim's number, or as it was returned
        answers = [
            store.load("postings", REMIT, account=claim),
            store.load("remit_claims", REMIT, claim=claim),
            store.load("remit_claims", REMIT, payer_claim_number=claim),
        ]
        sent = store.load("claims", CLAIM, claim=claim)
        return Begin.around(claims=sent, remits=pl.concat(answers).unique())
    behind = store.among("remit_claims", late, REMIT)
    return Begin.around(remits=store.places("remit_claims").join(behind, on=REMIT, how="anti"))


def _scopes(folding: Folding, begin: Begin, day: date) -> Iterator[Reconciled]:
    """What one closed scope after another comes to."""
    rest = Rest(begin)
    while rest:
        if first := rest.next(PORTION):
            found = folded(folding, first, day)
            rest.hold(found.scope.held)
            yield found.made


def _told(made: Reconciled) -> Tables:
    ledger = dict(zip(LEDGER, astuple(made.ledger), strict=True))
    return {**ledger, "matches": made.matches, "proposals": made.proposals}
