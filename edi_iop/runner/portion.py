"""One portion of a settlement: a closed scope, read and judged by itself; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.reconciler import ties
from edi_iop.reconciler.match_candidates import LINE
from edi_iop.reconciler.reconcile import Reconciled, reconcile
from edi_iop.reconciler.references import References
from edi_iop.rules.policy import Policy
from edi_iop.runner.records import Known, Tables
from edi_iop.runner.scope import CLAIM, REMIT, Begin, Repeated, Scope, closed
from edi_iop.runner.settle import answered_by, judged
from edi_iop.runner.since import PAYMENT
from edi_iop.settings import Settings
from edi_iop.store import Store
from edi_iop.tables import SENT


class Folding(msgspec.Struct, frozen=True, kw_only=True):
    """What remits are folded under: what people decided, and where every payment stands."""

    store: Store
    policies: Mapping[str, Policy]
    decisions: pl.DataFrame
    references: References
    paid: pl.DataFrame
    """duplicates.payment_standings of every payment."""
    settled: int | None = None
    """The last file of the settlement before; None where none counts."""
    repeated: Repeated = msgspec.field(default_factory=dict)
    """scope.repeated, where so much is settled that going through every line pays."""


class Settling(Folding, frozen=True, kw_only=True):
    """What is settled under: also the records beside claims and remits."""

    settings: Settings
    known: Known
    """Without what was sent."""


class Folded(msgspec.Struct, frozen=True):
    """A closed scope, what was sent of it (tables.SENT) and what its remits come to."""

    scope: Scope
    sent: Tables
    made: Reconciled


class Portion(msgspec.Struct, frozen=True):
    """What a closed scope comes to."""

    held: Begin
    """All that is in the scope."""
    payments: pl.DataFrame
    """Of its remit claims."""
    rows: Tables
    """The derived tables of the scope by name."""


def portion(settling: Settling, begin: Begin) -> Portion:
    """The scope closed around these rows, judged: what is computed of it alone is what is
    computed of everything."""
    told = folded(settling, begin)
    known = replace(settling.known, sent=told.sent)
    answered = answered_by(told.made, told.sent)
    rows = judged(known, answered, settling.policies, settling.settings)
    ledger = told.made.ledger
    kept = {name: getattr(ledger, name) for name in ("postings", "accounts", "provider_postings")}
    payments = told.scope.table("remit_claims").select(PAYMENT).unique()
    return Portion(told.scope.held, payments, rows | kept)


def folded(folding: Folding, begin: Begin, day: date | None = None) -> Folded:
    """The scope closed around these rows, matched and folded: its payments up to a day."""
    store = folding.store
    scope = closed(
        store,
        begin,
        folding.references,
        folding.decisions,
        folding.settled,
        folding.repeated,
    )
    sent, remits = _sent(store, scope), _remits(store, scope)
    paid = folding.paid.join(remits["payments"], on=PAYMENT, how="semi", maintain_order="left")
    made = reconcile(
        remits,
        sent,
        folding.decisions,
        as_of=day,
        policies=folding.policies,
        paid=paid,
        further=partial(_of_names, store),
    )
    return Folded(scope, sent, made)


def _sent(store: Store, scope: Scope) -> Tables:
    """tables.SENT of the scope's claims, and the answers to them by number."""
    claims = scope.table("claims")
    held = {"claims": claims, "claim_lines": scope.table("claim_lines")}
    rest = {name: store.of_claims(name, claims) for name in SENT if name not in held}
    acks = store.among("acknowledgements", claims.select("claim"))
    return {**held, **rest, "acknowledgements": acks, "common_controls": scope.common.unique()}


def _remits(store: Store, scope: Scope) -> Tables:
    """tables.REMITS of the scope's remit claims, with the adjustments that may name them."""
    claims = scope.table("remit_claims")
    keys = claims.select(REMIT)
    beside = store.among("provider_adjustments", scope.adjustments)
    payments = pl.concat([claims.select(PAYMENT), beside.select(PAYMENT)]).unique()
    return {
        "payments": store.among("payments", payments),
        "remit_claims": claims,
        "remit_lines": scope.table("remit_lines"),
        "adjustments": store.among("adjustments", keys),
        "provider_adjustments": beside,
        "remarks": store.among("remarks", keys),
    }


def _of_names(store: Store, wanted: pl.DataFrame) -> Tables:
    """Claims of these last names that hold such a line (match_claims.Further)."""
    holders = ties.names(wanted["name"].unique())
    named = store.among("ties", holders, ("value", "file_id", "place")).rename(
        {"value": "name", "place": CLAIM[1]}
    )
    lines = store.among("claim_lines", named.select(CLAIM), (*CLAIM, *LINE))
    alike = lines.join(named, on=CLAIM).join(wanted, on=("name", *LINE), how="semi")
    keys = alike.select(CLAIM).unique()
    return {name: store.among(name, keys) for name in ("claims", "claim_lines")}
