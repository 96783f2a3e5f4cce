"""What a denial means: what the payer said, whose doing it is, what to do, by when, and in which order.

Four things are kept apart: the payer's words, the category they lie in, the cause
as far as our records tell it, and what is to become of the line.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.reconciler import again, judging, shortfall
from edi_iop.reconciler.answers import ALIKE, Said, said
from edi_iop.reconciler.beside import paired, to_keep, with_lines_left
from edi_iop.reconciler.chances import refusals
from edi_iop.reconciler.denials import (
    SERVICE,
    described,
    earlier,
    lines_of,
    reduced,
    refusals_told,
    still_open,
)
from edi_iop.reconciler.expected import RATED_BY, expected_cents, of_any_line, worth_of
from edi_iop.reconciler.given import Tables, remit_tables
from edi_iop.reconciler.priority import Ranks, recoverable
from edi_iop.reconciler.remedies import remedied
from edi_iop.reconciler.said import with_category
from edi_iop.reconciler.shortfall import beyond_agreed, by_contract
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import History, Records
from edi_iop.tables import REFUSALS, VERDICTS
from edi_iop.tables.numbers import ordered
from edi_iop.tables.pool import pooled
from edi_iop.texts import composed

_CAUSES = {"confirmed": "ours", "refuted": "payer"}
_ALIKE = "Lines like it have the same answer: which is whose makes no difference."
_OF_TWO = ("duplicate", "bundling", "limit")
"""Categories in which a payer says that another service was paid instead."""


class Explained(msgspec.Struct, frozen=True):
    """What denials come from, and what became of earlier ones."""

    verdicts: pl.DataFrame
    """tables.VERDICTS, not ranked yet."""
    refusals: pl.DataFrame
    """tables.REFUSALS."""


def verdicts(
    remits: Tables,
    matches: pl.DataFrame,
    records: Records,
    violations: pl.DataFrame,
    policies: Mapping[str, Policy],
    answers: Said | None = None,
) -> pl.DataFrame:
    """tables.VERDICTS of what `explained` says, ranked by the history of these remits."""
    told = explained(remits, matches, records, violations, policies, answers)
    return VERDICTS.conform(Ranks(told.refusals, records.as_of).ranked(told.verdicts))


@pooled
def explained(
    remits: Tables,
    matches: pl.DataFrame,
    records: Records,
    violations: pl.DataFrame,
    policies: Mapping[str, Policy],
    answers: Said | None = None,
) -> Explained:
    """tables.VERDICTS of every line denied, in whole or in part, or paid below its contract.

    violations: rules.check over records.lines, the denied ones among them. policies: by
    payer id. answers: what the remits say of these lines, where that is known already; it may be
    of others too. Answers that a later one replaced are left out.
    """
    whole, lines = remit_tables(remits), records.lines
    if records.history is None:
        reach = History.of(lines["sent_on"], whole["payments"]["payment_date"])
        records = replace(records, history=reach)
    told_of = answers or said(whole, matches, lines)
    answered, last = told_of.every, told_of.last
    if answered.is_empty():
        return Explained(VERDICTS.empty(), REFUSALS.empty())
    paid = lines.select("standing", *RATED_BY).filter(pl.col("standing") == "paid")
    worth = worth_of(paid, policies, records.rates)
    told = refusals_told(answered, matches, told_of.decided)
    every_last = pl.concat([last, told_of.beside])
    opened = still_open(told, every_last, lines), reduced(answered, last, matches, lines, worth)
    ever = lines_of(told, lines.select(SERVICE))
    past = refusals(earlier(told, ever, whole), ever, last, lines)
    standing = pl.concat(opened, how="diagonal")
    if standing.is_empty():
        return Explained(VERDICTS.empty(), past)
    denied = with_category(described(standing, whole, lines))
    about = lines_of(denied, lines)
    worths = denied.join(expected_cents(about, policies, records.rates), on="denial", how="left")
    priced = of_any_line(worths, lines, policies, records.rates)
    tied = priced.join(paired(about, lines, last, policies), on="denial", how="left")
    kept = to_keep(tied, about, violations).with_columns(to_keep=True)
    whole_days = beyond_agreed(by_contract(tied.join(kept, on="denial", how="left")))
    twice = again.others(whole_days, about, lines, last)
    repeats = again.sent_before(whole_days, twice)
    judged = _judged(whole_days, about, records, violations, policies, repeats)
    judged = _with_day_beside(_with_those_alike(judged))
    judged = _worked_elsewhere(judged, again.billed_again(whole_days, twice))
    dated = remedied(with_lines_left(judged, violations), policies, records.as_of)
    rows = dated.rename({"tier": "match", "grade": "match_grade"}).with_columns(
        recoverable_cents=recoverable(), cause=_cause()
    )
    held = rows.select("denial", *(name for name in VERDICTS.schema if name in rows.columns))
    return Explained(VERDICTS.conform(ordered(held, "denial")), past)


def _judged(
    denied: pl.DataFrame,
    about: pl.DataFrame,
    records: Records,
    violations: pl.DataFrame,
    policies: Mapping[str, Policy],
    repeats: pl.DataFrame,
) -> pl.DataFrame:
    """The denials judged by the rules, the reduced lines by the contract."""
    short = pl.col("kind") == "reduced"
    by_rules = judging.judged(denied.filter(~short), about, records, violations, policies, repeats)
    by_contract = shortfall.judged(denied.filter(short), judging.payers_words())
    return pl.concat([by_rules, by_contract], how="diagonal")


def _cause() -> pl.Expr:
    """Whose doing it is, as far as our records say: a rule broken, or an error of the payer."""
    return pl.col("verdict").replace_strict(_CAUSES, default="unknown", return_dtype=pl.String)


def _worked_elsewhere(judged: pl.DataFrame, elsewhere: pl.DataFrame) -> pl.DataFrame:
    """The denials of services that a later claim took up have nothing left to do."""
    told = judged.join(elsewhere, on="denial", how="left", maintain_order="left")
    return told.with_columns(closing=pl.coalesce("closing", "again"))


def _with_those_alike(judged: pl.DataFrame) -> pl.DataFrame:
    """An answer that stands for any of several lines says so."""
    alike = pl.when(pl.col("tier") == ALIKE).then(composed("{} {}", "says", pl.lit(_ALIKE)))
    return judged.with_columns(says=pl.coalesce(alike, "says"))


def _with_day_beside(judged: pl.DataFrame) -> pl.DataFrame:
    """A denial because of another day of the date names that day and its payment in its evidence."""
    doubled = pl.col("category").is_in(_OF_TWO) | pl.col("rule").str.starts_with("DUP")
    told = doubled.fill_null(False) & pl.col("beside").is_not_null()
    both = pl.concat_list("evidence", "beside_evidence").list.unique(maintain_order=True)
    return judged.with_columns(
        says=pl.when(told).then(composed("{} {}", "says", "beside")).otherwise("says"),
        evidence=pl.when(told).then(both).otherwise("evidence"),
    )
