"""Answers: remits tied to what was sent, lines as the payers answered them, verdicts on denials."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.reconciler.answers import Said, said
from edi_iop.reconciler.explain import explained
from edi_iop.reconciler.ledger import Ledger
from edi_iop.reconciler.reconcile import Reconciled, reconcile
from edi_iop.reconciler.standings import numbered, standing
from edi_iop.rules.engine import check
from edi_iop.rules.lines import line_standings
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rates
from edi_iop.runner import records
from edi_iop.runner.payment_files import mark_files
from edi_iop.runner.records import Known, Tables
from edi_iop.settings import Settings
from edi_iop.store import Store
from edi_iop.tables import LEDGER
from edi_iop.tables.pool import pooled

_FIELDS = {"payment_standings": "payments"}


class Answers(msgspec.Struct, frozen=True):
    """The remits that count, and what each of them answers."""

    remits: Tables
    matches: pl.DataFrame
    said: Said
    """What the remits say of every line sent."""
    standings: pl.DataFrame
    ledger: Ledger
    proposals: pl.DataFrame


def answers(store: Store, known: Known) -> Answers:
    """Every remit matched and posted; standings out of those whose money is posted."""
    sent = {**known.sent, "acknowledgements": store.load("acknowledgements")}
    made = reconcile(records.remits(store), sent, store.load("decisions"), policies=known.policies)
    return answered_by(made, sent)


@pooled
def answered_by(made: Reconciled, sent: Tables) -> Answers:
    """Reconciled remits with how the lines sent stand by them. sent: with `acknowledgements`."""
    told = said(made.remits, made.matches, sent["claim_lines"], sent["other_payer_lines"])
    paid = standing(made.remits, told.last)
    named = numbered(paid, sent["acknowledgements"], sent["claims"], sent["claim_lines"])
    return Answers(made.remits, made.matches, told, named, made.ledger, made.proposals)


@pooled
def judged(
    known: Known, answered: Answers, policies: Mapping[str, Policy], settings: Settings
) -> Tables:
    """Every line sent and every denial judged: the tables that hold it, by name."""
    lines = known.lines(answered.standings)
    held = replace(known.records(lines), rates=rates(settings))
    violations = check(held, policies)
    told = explained(
        answered.remits,
        answered.matches,
        held,
        violations,
        policies,
        answered.said,
    )
    return {
        "line_standings": line_standings(lines),
        "violations": violations,
        "matches": answered.matches,
        "proposals": answered.proposals,
        "verdicts": told.verdicts,
        "refusals": told.refusals,
    }


def settle(
    store: Store,
    known: Known,
    answered: Answers,
    policies: Mapping[str, Policy],
    settings: Settings,
) -> None:
    """Judges every line sent and every denial, and puts the results in the place of last night's."""
    rows = judged(known, answered, policies, settings)
    with store.transaction():
        store.settle()  # the next night that bills nothing begins anew (portions)
        unsent = store.load("violations", file_id=0)
        rows["violations"] = pl.concat([unsent, rows["violations"]])
        for name, frame in {"days": known.days, **rows}.items():
            store.replace(name, frame)
        _keep(store, answered.ledger)


def _keep(store: Store, ledger: Ledger) -> None:
    """The ledger in the place of last night's, and what it says of the files of its payments."""
    for name in LEDGER:
        store.replace(name, getattr(ledger, _FIELDS.get(name, name)))
    mark_files(store, ledger.payments)
