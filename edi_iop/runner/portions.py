"""Remits settled in portions, and of a night only what it can concern.

What is derived from claims and remits (matches, ledger, lines, violations, verdicts) is
computed of one closed scope after another (runner.scope), so that memory does not grow
with the store. A night begins with what is new since the settlement before (runner.since);
where rules, policies, settings or the program itself are others than then, with everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import polars as pl

from edi_iop.reconciler import provider_ledger, ties
from edi_iop.reconciler.duplicates import payment_contents, payment_standings
from edi_iop.reconciler.ledger import payment_sums
from edi_iop.reconciler.match_candidates import LINE
from edi_iop.reconciler.provider_ledger import PLB, References
from edi_iop.reconciler.reconcile import Reconciled, reconcile
from edi_iop.rules.policy import Policy
from edi_iop.runner import records, since
from edi_iop.runner.payment_files import mark_files
from edi_iop.runner.records import Known, Tables
from edi_iop.runner.scope import CLAIM, REMIT, Begin, Scope, closed
from edi_iop.runner.settle import answered_by, judged
from edi_iop.runner.since import PAYMENT, Since
from edi_iop.settings import Settings
from edi_iop.store import Store
from edi_iop.tables import PAYMENT_STANDINGS, PROVIDER_POSTINGS, REMITS, SENT, TABLES

PORTION = 20_000
"""Remit claims and claims a portion begins with."""
_BY_CLAIM = ("service_lines", "violations")
_BY_REMIT = ("matches", "proposals", "postings", "verdicts", "refusals")


@dataclass(frozen=True)
class Settling:
    """What is settled under: the records beside claims and remits, and where every payment stands."""

    store: Store
    policies: Mapping[str, Policy]
    settings: Settings
    known: Known
    """Without what was sent."""
    decisions: pl.DataFrame
    references: References
    paid: pl.DataFrame
    """duplicates.payment_standings of every payment."""


def settle(store: Store, policies: Mapping[str, Policy], settings: Settings, as_of: date) -> None:
    """Brings all that is derived from claims and remits up to date.

    Of a workspace without feeds (since.in_portions): its claims are another system's.
    """
    begun = since.since(store, policies, settings, as_of)
    if begun.whole:
        _clear(store)
        _all(_prepared(store, policies, settings, begun))
        store.settle(**begun.now)
        return
    with store.transaction():
        _what_is_new(_prepared(store, policies, settings, begun), begun)
        store.settle(**begun.now)


def _prepared(
    store: Store, policies: Mapping[str, Policy], settings: Settings, begun: Since
) -> Settling:
    """What is new made ready to be looked for; where every payment stands."""
    _keep_contents(store, begun.file)
    with store.transaction():
        _keep_ties(store, begun.file)
    decisions = store.load("decisions")
    known = records.beside(store, policies, begun.as_of)
    references = References.of(store.load("provider_adjustments"))
    paid = payment_standings(store.load("payment_contents"), decisions)
    return Settling(store, policies, settings, known, decisions, references, paid)


def _clear(store: Store) -> None:
    """Nothing derived is left, and nothing counts as settled until all is done."""
    with store.transaction():
        store.settle()
        for name in (*_BY_CLAIM, *_BY_REMIT, "accounts", "provider_postings", "payment_standings",
                     "payment_contents", "ties", "days"):  # fmt: skip
            store.replace(name, TABLES[name].empty())


# -- what comes before any portion


def _keep_contents(store: Store, after: int) -> None:
    """What each payment of later files says, whole payments at a time."""
    claims = store.newer("remit_claims", after, PAYMENT).group_by(PAYMENT).agg(claims=pl.len())
    sized = (
        store.newer("payments", after, PAYMENT)
        .join(claims, on=PAYMENT, how="left")
        .sort(PAYMENT)
        .with_columns(turn=pl.col("claims").fill_null(1).cum_sum() // PORTION)
    )
    for part in sized.partition_by("turn"):
        keys = part.select(PAYMENT)
        contents = payment_contents(_remits_of(store, keys))
        store.replace_among("payment_contents", keys, contents)


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


def _keep_ties(store: Store, after: int) -> None:
    """By what the rows of later files may bear on others."""
    for name, columns in ties.COLUMNS.items():
        own = dict.fromkeys(column for _, column in columns)
        rows = store.newer(name, after, ("file_id", ties.PLACES[name], *own))
        store.save({"ties": ties.ties(name, rows)})
    for side, name, place in (
        ("claim", "claim_lines", CLAIM[1]),
        ("remit", "remit_lines", REMIT[1]),
    ):
        odd = store.irregular(name, "line_control", "0-9A-Z", ("file_id", place), after)
        store.save({"ties": ties.controls(side, odd, place)})


# -- which portions


def _all(settling: Settling) -> None:
    """Every remit claim and every claim, each once."""
    store = settling.store
    every = Begin.around(remits=store.places("remit_claims"), claims=store.places("claims"))
    named, _ = _in_portions(settling, every)
    with store.transaction():
        _finish(settling, settling.paid.select(PAYMENT), named)


def _what_is_new(settling: Settling, begun: Since) -> None:
    """What new files, decisions, payments and days can concern."""
    turned = since.turned(settling.store, settling.paid)
    begin = since.concerned(settling.store, begun, turned, settling.decisions, settling.policies)
    named, payments = _in_portions(settling, begin, begun.file)
    _finish(settling, pl.concat([payments, turned]).unique(), named)


def _in_portions(
    settling: Settling, begin: Begin, settled: int | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One closed scope after another until none of these rows is left.

    Returns the provider adjustments (tables.PROVIDER_POSTINGS) and the payments of them.
    """
    named, payments = [PROVIDER_POSTINGS.empty()], [settling.paid.select(PAYMENT).clear()]
    while begin:
        first, rest = begin.divided(PORTION)
        with settling.store.transaction():
            scope = _scope(settling, first, settled)
            named.append(_portion(settling, scope))
        payments.append(scope.table("remit_claims").select(PAYMENT).unique())
        begin = rest.beyond(scope)
    return pl.concat(named), pl.concat(payments).unique()


def _scope(settling: Settling, begin: Begin, settled: int | None) -> Scope:
    return closed(settling.store, begin, settling.references, settling.decisions, settled)


# -- one portion


def _portion(settling: Settling, scope: Scope) -> pl.DataFrame:
    """Judges a closed scope and puts the results in the place of what was known of it.

    Returns the provider adjustments of the scope (tables.PROVIDER_POSTINGS).
    """
    store, sent = settling.store, _sent(settling.store, scope)
    made = _reconciled(settling, _remits(store, scope), sent)
    known = replace(settling.known, sent=sent)
    rows = judged(known, answered_by(made, sent), settling.policies, settling.settings)
    rows["postings"] = made.ledger.postings
    _replace_accounts(store, scope, made)
    for name in _BY_CLAIM:
        store.replace_among(name, scope.claims, rows[name])
    for name in _BY_REMIT:
        store.replace_among(name, scope.remits, rows[name])
    return made.ledger.provider_postings


def _sent(store: Store, scope: Scope) -> Tables:
    """tables.SENT of the scope's claims, and the answers to them by number."""
    claims = scope.table("claims")
    held = {"claims": claims, "claim_lines": scope.table("claim_lines")}
    keys, files = claims.select(CLAIM), claims.select("file_id")
    rest = {
        name: store.among(name, keys if "claim_offset" in TABLES[name].schema else files)
        for name in SENT
        if name not in held
    }
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


def _reconciled(settling: Settling, remits: Tables, sent: Tables) -> Reconciled:
    paid = settling.paid.join(remits["payments"], on=PAYMENT, how="semi", maintain_order="left")
    return reconcile(
        remits,
        sent,
        settling.decisions,
        policies=settling.policies,
        paid=paid,
        further=partial(_of_names, settling.store),
    )


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


def _replace_accounts(store: Store, scope: Scope, made: Reconciled) -> None:
    """The accounts of the scope in the place of those its remit claims were posted to before.

    Whatever is posted under one number is in one scope.
    """
    before = store.among("postings", scope.remits, ("account",))
    named = pl.concat([before, made.ledger.accounts.select("account")]).unique()
    store.replace_among("accounts", named, made.ledger.accounts)


# -- what comes after


def _finish(settling: Settling, touched: pl.DataFrame, named: pl.DataFrame) -> None:
    """Payments with their sums, provider adjustments in their threads, files by their payments."""
    store = settling.store
    paid = settling.paid.join(touched, on=PAYMENT, how="semi", maintain_order="left")
    sums = store.among("postings", touched, (*PAYMENT, "standing", "paid_cents"))
    rows = PAYMENT_STANDINGS.conform(payment_sums(paid, sums))
    store.replace_among("payment_standings", touched, rows)
    _thread(settling, named)
    mark_files(store, store.among("payment_standings", touched.select("file_id").unique()))


def _thread(settling: Settling, named: pl.DataFrame) -> None:
    """Every provider adjustment in its thread; named: those whose claims were looked for now."""
    store = settling.store
    every = store.load("provider_adjustments")
    before = store.load("provider_postings").join(named, on=PLB, how="anti")
    again = provider_ledger.threaded_again(
        {"provider_adjustments": every}, settling.paid, pl.concat([before, named])
    )
    store.replace("provider_postings", PROVIDER_POSTINGS.conform(again))
