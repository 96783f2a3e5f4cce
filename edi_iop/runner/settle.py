"""Answers: remits tied to what was sent, lines as the payers answered them, verdicts on denials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from edi_iop.reconciler.explain import explained
from edi_iop.reconciler.ledger import Ledger
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.reconciler.standings import numbered, standings
from edi_iop.rules.engine import check
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rates
from edi_iop.runner import records
from edi_iop.runner.payment_files import mark_files
from edi_iop.runner.records import Known, Tables
from edi_iop.settings import Settings
from edi_iop.store import Store
from edi_iop.tables import LEDGER

_CLAIM = ("file_id", "remit_claim_offset")
_FIELDS = {"payment_standings": "payments"}


@dataclass(frozen=True)
class Answers:
    """The remits that count, and what each of them answers."""

    remits: Tables
    matches: pl.DataFrame
    standings: pl.DataFrame
    ledger: Ledger
    proposals: pl.DataFrame


def answers(store: Store, known: Known) -> Answers:
    """Every remit matched and posted; standings out of those whose money is posted."""
    acks = store.load("acknowledgements")
    made = reconcile(
        records.remits(store),
        {**known.sent, "acknowledgements": acks},
        store.load("decisions"),
        policies=known.policies,
    )
    paid = standings(made.remits, made.matches, known.sent["claim_lines"])
    named = numbered(paid, acks, known.sent["claims"], known.sent["claim_lines"])
    return Answers(made.remits, made.matches, named, made.ledger, made.proposals)


def settle(
    store: Store,
    known: Known,
    answered: Answers,
    policies: Mapping[str, Policy],
    settings: Settings,
) -> None:
    """Judges every line sent and every denial, and puts the results in the place of last night's."""
    lines = known.lines(answered.standings)
    judged = known.records(lines)
    violations = check(judged, policies)
    own = answered.matches.join(
        answered.remits["remit_claims"], on=_CLAIM, how="semi", maintain_order="left"
    )
    told = explained(answered.remits, own, judged, violations, policies, rates(settings))
    with store.transaction():
        store.settle()  # the next night that bills nothing begins anew (portions)
        unsent = store.load("violations", file_id=0)
        store.replace("violations", pl.concat([unsent, violations]))
        store.replace("days", known.days)
        store.replace("service_lines", lines)
        store.replace("matches", answered.matches)
        store.replace("proposals", answered.proposals)
        store.replace("verdicts", told.verdicts)
        store.replace("refusals", told.refusals)
        _keep(store, answered.ledger)


def _keep(store: Store, ledger: Ledger) -> None:
    """The ledger in the place of last night's, and what it says of the files of its payments."""
    for name in LEDGER:
        store.replace(name, getattr(ledger, _FIELDS.get(name, name)))
    mark_files(store, ledger.payments)
