"""Answers: remits tied to what was sent, lines as the payers answered them, verdicts on denials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from edi_iop.reconciler.explain import verdicts
from edi_iop.reconciler.match import match
from edi_iop.reconciler.standings import numbered, standings
from edi_iop.rules.engine import check
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rates
from edi_iop.runner import records
from edi_iop.runner.records import Known, Tables
from edi_iop.settings import Settings
from edi_iop.store import Store

_CLAIM = ("file_id", "remit_claim_offset")


@dataclass(frozen=True)
class Answers:
    """The remits that count, and what each of them answers."""

    remits: Tables
    matches: pl.DataFrame
    standings: pl.DataFrame


def answers(store: Store, known: Known) -> Answers:
    """Every remit matched; standings out of those whose money balances."""
    everything = records.remits(store)
    matches = match(everything, known.sent)
    counted = records.accepted(store, everything)
    paid = standings(counted, matches, known.sent["claim_lines"])
    acks = store.load("acknowledgements")
    named = numbered(paid, acks, known.sent["claims"], known.sent["claim_lines"])
    return Answers(counted, matches, named)


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
    found = verdicts(answered.remits, own, judged, violations, policies, rates(settings))
    with store.transaction():
        unsent = store.load("violations", file_id=0)
        store.replace("violations", pl.concat([unsent, violations]))
        store.replace("days", known.days)
        store.replace("service_lines", lines)
        store.replace("matches", answered.matches)
        store.replace("verdicts", found)
