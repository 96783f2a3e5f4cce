"""What is new since the settlement before: files, decisions, payments that turned, days that passed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta

import msgspec
import polars as pl

from edi_iop import __version__
from edi_iop.reconciler.features import letters
from edi_iop.reconciler.judging import BEYOND
from edi_iop.reconciler.references import PLB
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.in_force import every
from edi_iop.rules.policy import Policy
from edi_iop.runner import records
from edi_iop.runner.scope import ACK, CLAIM, REMIT, Begin
from edi_iop.settings import Settings
from edi_iop.store import Store
from edi_iop.tables import FEEDS

PAYMENT = ("file_id", "payment_offset")
_CHANGES = ("standing", "reason", "says", "same_file", "same_offset")


class Since(msgspec.Struct, frozen=True):
    """Up to where the settlement before went; numbers are 0 where everything is to be done."""

    file: int
    decision: int
    before: date
    as_of: date
    reaches_back: bool
    """Whether what was sent, or answered, goes further back than it did."""
    whole: bool
    now: Mapping[str, str]
    """What is to be kept of this one (Store.settle)."""


def in_portions(store: Store) -> bool:
    """Whether claims and remits are all there is: no feed has come, so nothing is billed from here."""
    return not any(store.last_file(name) for name in FEEDS if name != "deposits")


def all_is_settled(store: Store) -> bool:
    """Whether the last settlement was in portions, and nothing has come since."""
    last = int(store.settled().get("file", -1))
    return all(store.last_file(name) <= last for name in ("claims", "payments", "acknowledgements"))


def since(store: Store, policies: Mapping[str, Policy], settings: Settings, as_of: date) -> Since:
    """What is to be settled, beside what was settled before under the same rules and policies."""
    under = repr((__version__, pl.__version__, sorted(catalogue().items()),
                  sorted(policies.items()), sorted(every(policies)), settings))  # fmt: skip
    now = {
        "under": hashlib.sha256(under.encode()).hexdigest(),
        "file": str(store.last_number("file")),
        "decision": str(store.last_number("decision")),
        "as_of": as_of.isoformat(),
        "history": repr(records.history(store)),
    }
    before = store.settled()
    if before.get("under") != now["under"]:
        return Since(0, 0, as_of, as_of, False, True, now)
    last = date.fromisoformat(before["as_of"])
    further = before.get("history") != now["history"]
    return Since(int(before["file"]), int(before["decision"]), last, as_of, further, False, now)


def new_rows(store: Store, begun: Since) -> int:
    """How many claims and remit claims have come: as many at least are to be judged."""
    return sum(
        store.newer(name, begun.file, ("file_id",)).height for name in ("claims", "remit_claims")
    )


def turned(store: Store, paid: pl.DataFrame) -> pl.DataFrame:
    """Payments that are new, or that do not stand as they did."""
    before = store.load("payment_standings").select(*PAYMENT, *_CHANGES)
    same = paid.join(before, on=(*PAYMENT, *_CHANGES), how="semi", nulls_equal=True)
    return paid.join(same, on=PAYMENT, how="anti").select(PAYMENT)


def concerned(
    store: Store,
    begun: Since,
    turned: pl.DataFrame,
    decisions: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> Begin:
    """The rows that scopes of what is new are closed around."""
    decided = decisions.filter(pl.col("decision") > begun.decision)
    by_hand = decided.select("claim_offset", file_id="claim_file_id").drop_nulls()
    payments = pl.concat([turned, decided.select(PAYMENT).drop_nulls()]).unique()
    remits = [
        store.newer("remit_claims", begun.file, REMIT),
        store.among("remit_claims", payments, REMIT),
        decided.select(REMIT).drop_nulls(),
        _of_new_names(store, begun.file),
        _aging(store, begun, policies),
        _reached(store, begun),
    ]
    claims = [store.newer("claims", begun.file, CLAIM), by_hand.select(CLAIM)]
    return Begin(
        claims=pl.concat(claims).unique().sort(CLAIM),
        remits=pl.concat(remits).unique().sort(REMIT),
        acks=store.newer("acknowledgements", begun.file, ACK),
        adjustments=store.among("provider_adjustments", payments, PLB),
    )


def _of_new_names(store: Store, after: int) -> pl.DataFrame:
    """Answers without a claim whose patient has the last name of a new claim's: it may be proposed."""
    columns = ("patient_last_name", "subscriber_last_name")
    new = store.newer("claims", after, columns)
    names = pl.concat([new.select(name=letters(one)) for one in columns]).unique()
    if new.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(REMIT, pl.Int64))
    open_ = store.load("postings", claim_file_id=None).select(REMIT)
    heads = store.among("remit_claims", open_, (*REMIT, "patient_last_name"))
    told = heads.with_columns(name=letters("patient_last_name"))
    return told.join(names, on="name", how="semi").select(REMIT)


def _aging(store: Store, begun: Since, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Denied remit claims of which another day tells something else.

    A deadline has passed since, or has not yet as then; or a clock of their payer has come
    into the days in which its end is warned of (TF-02), or out of them.
    """
    if begun.as_of == begun.before:
        return pl.DataFrame(schema=dict.fromkeys(REMIT, pl.Int64))
    first, after = sorted((begun.before, begun.as_of))
    over = store.between("verdicts", "deadline", first, after, REMIT)
    clocks = _clocks(policies)
    dates = store.newer("payments", 0, (*PAYMENT, "payment_date"))
    turned = dates.filter(_turned("payment_date", begun, clocks))
    heads = store.among("remit_claims", turned.select(PAYMENT), REMIT)
    found = [over, store.among("verdicts", heads, REMIT)]
    if clocks["service_date"]:
        days = store.newer("verdicts", 0, (*REMIT, "service_date"))
        found.append(days.filter(_turned("service_date", begun, clocks)).select(REMIT))
    return pl.concat(found).unique()


_Clocks = Mapping[str, set[tuple[int, int]]]
"""By the date on which windows begin: their days, and in how many of the last their end is warned of."""


def _clocks(policies: Mapping[str, Policy]) -> _Clocks:
    found: dict[str, set[tuple[int, int]]] = {"payment_date": set(), "service_date": set()}
    for _, one in every(policies):
        timely = one.policy.timely
        corrected = "service_date" if timely.corrected_from == "service" else "payment_date"
        windows = ((corrected, timely.corrected_days), ("payment_date", timely.appeal_days))
        for begin, most in windows:
            if most is not None:
                found[begin].add((most, timely.warn_days))
    return found


def _turned(begin: str, begun: Since, clocks: _Clocks) -> pl.Expr:
    """Whether a clock that begins on this date ends soon now and did not before, or the reverse."""
    turns = [
        _warned(begin, begun.before, *clock) != _warned(begin, begun.as_of, *clock)
        for clock in sorted(clocks[begin])
    ]
    return pl.any_horizontal(pl.lit(False), *turns).fill_null(False)


def _reached(store: Store, begun: Since) -> pl.DataFrame:
    """Denied remit claims of which nobody could tell without what lay before all our records."""
    if not begun.reaches_back:
        return pl.DataFrame(schema=dict.fromkeys(REMIT, pl.Int64))
    told = store.newer("verdicts", 0, (*REMIT, "says"))
    return told.filter(pl.col("says").str.contains(BEYOND, literal=True)).select(REMIT)


def _warned(begin: str, day: date, most: int, before: int) -> pl.Expr:
    """Whether a clock of so many days ends soon, on a day, where it begins on this date."""
    first, last = (day - timedelta(days=days) for days in (most, most - before))
    return pl.col(begin).is_between(first, last)
