"""Remits settled in portions, and of a night only what it can concern.

What is derived from claims and remits (matches, ledger, lines, violations, verdicts) is
computed of one closed scope after another (runner.scope), so that memory does not grow
with the store. A night begins with what is new since the settlement before (runner.since);
where rules, policies, settings or the program itself are others than then, with everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from datetime import date

import polars as pl
from msgspec.structs import replace

from edi_iop.reconciler import provider_ledger, ties
from edi_iop.reconciler.duplicates import payment_standings
from edi_iop.reconciler.ledger import payment_sums
from edi_iop.reconciler.references import PLB, References
from edi_iop.rules.policy import Policy
from edi_iop.runner import records, since
from edi_iop.runner.contents import in_turns
from edi_iop.runner.judges import Judges
from edi_iop.runner.payment_files import mark_files
from edi_iop.runner.portion import Portion, Settling
from edi_iop.runner.rest import Rest
from edi_iop.runner.scope import Begin
from edi_iop.runner.since import PAYMENT, Since
from edi_iop.settings import Settings
from edi_iop.store import Store
from edi_iop.tables import PAYMENT_STANDINGS, PROVIDER_POSTINGS, TABLES, TIES

PORTION = 15_000
"""Remit claims and claims a portion begins with."""
ALONE = 4_000
"""So many are judged before another process would have begun."""
_TURNS = 2
"""Portions a judge has of few rows: the first ones are kept while the others are judged."""
TOGETHER = 2 * PORTION
"""So many are kept in one transaction: each waits for the disk."""
_SHARE = 8
"""Where more than one claim in so many is new, each line is looked at rather than asked for."""
_BY_CLAIM = ("line_standings", "violations")
_BY_REMIT = ("matches", "proposals", "postings", "verdicts", "refusals")


def settle(store: Store, policies: Mapping[str, Policy], settings: Settings, as_of: date) -> None:
    """Brings all that is derived from claims and remits up to date.

    Of a workspace without feeds (since.in_portions): its claims are another system's.
    """
    begun = since.since(store, policies, settings, as_of)
    with Judges(store) as judges:
        if begun.whole:
            _clear(store)
        new = since.new_rows(store, begun)
        if new > ALONE:
            judges.begin()
        # Each line is gone through by others, where there are any, while this process keeps ties.
        many = new * _SHARE > store.size("claims") + store.size("remit_claims")
        repeated = judges.repeated() if many else {}
        # kept before anything else: other processes look for what is new by it
        prepared = _prepared(store, judges, policies, settings, begun)
        begin, turned = _everything(prepared) if begun.whole else _what_is_new(prepared, begun)
        known = {name: asked.result() for name, asked in repeated.items()}
        found = {name: numbers for name, numbers in known.items() if numbers is not None}
        prepared = replace(prepared, repeated=found)
        judges.under(prepared)
        if begin.height > ALONE:
            judges.begin()
        # Of many rows each portion is kept by itself. Where the night dies in between, the next one
        # begins at the same settlement and judges them again, to the same end.
        with nullcontext() if begin.height > TOGETHER else store.transaction():
            named, payments = _in_portions(prepared, judges, begin)
            with store.transaction():
                _finish(prepared, pl.concat([payments, turned]).unique(), named)
                store.settle(**begun.now)


def _prepared(
    store: Store,
    judges: Judges,
    policies: Mapping[str, Policy],
    settings: Settings,
    begun: Since,
) -> Settling:
    """What is new made ready to be looked for; where every payment stands."""
    _keep_contents(store, judges, begun.file)
    with store.transaction():
        _keep_ties(store, judges, begun.file)
    decisions = store.load("decisions")
    known = records.beside(store, policies, begun.as_of)
    references = References.of(store.load("provider_adjustments"))
    paid = payment_standings(store.load("payment_contents"), decisions)
    settled = None if begun.whole else begun.file
    return Settling(
        store=store,
        policies=policies,
        settings=settings,
        known=known,
        decisions=decisions,
        references=references,
        paid=paid,
        settled=settled,
    )


def _clear(store: Store) -> None:
    """Nothing derived is left, and nothing counts as settled until all is done."""
    with store.transaction():
        store.settle()
        for name in (*_BY_CLAIM, *_BY_REMIT, "accounts", "provider_postings", "payment_standings",
                     "payment_contents", "ties", "days"):  # fmt: skip
            store.replace(name, TABLES[name].empty())


# -- what comes before any portion


def _keep_contents(store: Store, judges: Judges, after: int) -> None:
    """What each payment of later files says."""
    for says in judges.contents(in_turns(store, after, PORTION, judges.count)):
        store.replace_among("payment_contents", says.select(PAYMENT), says)


def _keep_ties(store: Store, judges: Judges, after: int) -> None:
    """By what the rows of later files may bear on others."""
    irregular = judges.irregular(after)
    for name in ties.COLUMNS:
        rows = store.newer(name, after, ("file_id", ties.PLACES[name], *ties.columns(name)))
        made = ties.ties(name, rows)
        # in the order of their key, into which they go a third faster than as they come
        store.save({"ties": pl.concat([made, ties.lengths(made)]).sort(TIES.key)})
    for found in irregular:
        store.save({"ties": found.result()})


# -- which portions


def _everything(settling: Settling) -> tuple[Begin, pl.DataFrame]:
    """Every remit claim and every claim, and every payment."""
    store = settling.store
    every = Begin.around(remits=store.places("remit_claims"), claims=store.places("claims"))
    return every, settling.paid.select(PAYMENT)


def _what_is_new(settling: Settling, begun: Since) -> tuple[Begin, pl.DataFrame]:
    """What new files, decisions, payments and days can concern, and the payments that turned."""
    store = settling.store
    turned = since.turned(store, settling.paid)
    return since.concerned(store, begun, turned, settling.decisions, settling.policies), turned


def _in_portions(
    settling: Settling, judges: Judges, begin: Begin
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One closed scope after another until none of these rows is left.

    Other processes judge some while one is kept (runner.judges). Two that are judged at once may
    be one scope: it is kept twice, the same both times. Returns the provider adjustments
    (tables.PROVIDER_POSTINGS) and the payments of them.
    """
    named, payments = [PROVIDER_POSTINGS.empty()], [settling.paid.select(PAYMENT).clear()]
    shares = 1 if judges.count == 1 else _TURNS * judges.count
    size = min(PORTION, -(-begin.height // shares) or 1)
    # others than answers wait for these: most claims are in the scope of one
    turns = [begin] if judges.count == 1 else [begin.answers, begin.others]
    for made in _judged(judges, [Rest(turn) for turn in turns], size):
        with settling.store.transaction():
            _keep(settling.store, made)
        named.append(made.rows["provider_postings"])
        payments.append(made.payments)
    return pl.concat(named).unique(PLB, maintain_order=True), pl.concat(payments).unique()


def _judged(judges: Judges, turns: list[Rest], size: int) -> Iterator[Portion]:
    """What comes of one turn after the other, a portion of this size at a time."""
    waiting: deque[Future[Portion]] = deque()
    for at, turn in enumerate(turns):
        while turn or waiting:
            while turn and len(waiting) < judges.at_once:
                if first := turn.next(size):
                    waiting.append(judges.portion(first))
            if waiting:
                made = waiting.popleft().result()
                for rest in turns[at:]:
                    rest.hold(made.held)
                yield made


# -- what comes of each portion


def _keep(store: Store, portion: Portion) -> None:
    """Puts the results of a scope in the place of what was known of it.

    Its accounts in the place of those that its remit claims were posted to before: whatever is
    posted under one number is in one scope.
    """
    rows, held = portion.rows, portion.held
    before = store.among("postings", held.remits, ("account",))
    for name in _BY_REMIT:
        store.replace_among(name, held.remits, rows[name])
    for name in _BY_CLAIM:
        store.replace_among(name, held.claims, rows[name])
    named = pl.concat([before, rows["accounts"].select("account")]).unique()
    store.replace_among("accounts", named, rows["accounts"])


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
