"""Which claims a second or third payer's answer may answer: its own, or one that another forwarded."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from edi_iop.reconciler.features import against, truth
from edi_iop.reconciler.match_candidates import by_member, by_number
from edi_iop.reconciler.match_pairs import may_be_later, possible, sound
from edi_iop.reconciler.match_sides import CLAIM, KEY, LATER_PLACES


def with_billed(
    answers: pl.DataFrame, claimed: pl.DataFrame, allowed: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """The answers, `billed` where their payer was sent a claim of its own, and `perhaps_billed`.

    Such a claim is of the same person, holds the days and charges no less; under an id that we do
    not know the payer is known by its place (second, third) and its member's id. Perhaps it is,
    where neither a member's id nor line control numbers tell, by its place and the patient.
    """
    later = answers.filter(may_be_later())
    if later.is_empty():
        return answers
    pairs = [by_number(later, claimed), by_member(later, claimed), _by_place(later, claimed)]
    own = _own(allowed(pl.concat(pairs, how="diagonal").unique([*KEY, *CLAIM])))
    names = own.drop(KEY).columns
    rows = answers.drop(names).join(own, on=KEY, how="left", maintain_order="left")
    return rows.with_columns(pl.col(names).fill_null(False))


def _by_place(later: pl.DataFrame, claimed: pl.DataFrame) -> pl.DataFrame:
    """Answers of second and third payers beside claims sent to such ones, of patients of one last
    name and initial (ties.LATER_CLAIM)."""
    theirs = later.filter(pl.col("answer_priority").is_in(LATER_PLACES))
    ours = claimed.filter(pl.col("sent_priority").is_in(LATER_PLACES))
    initial = {"initial": pl.col("answer_first").str.head(1)}
    return theirs.with_columns(**initial).join(
        ours.with_columns(initial=pl.col("sent_first").str.head(1)),
        left_on=("answer_last", "initial"),
        right_on=("sent_last", "initial"),
        coalesce=False,
    )


def _own(pairs: pl.DataFrame) -> pl.DataFrame:
    """KEY of answers whose payer was sent, or may have been sent, a claim beside them."""
    told = (truth("member") | truth("line_control")).any().over(KEY)
    able = pairs.with_columns(told=told).filter(sound(), truth("dates"), ~truth("over"))
    unknown = ~truth("known_payer") & truth("priority")
    return able.group_by(KEY).agg(
        billed=(truth("payer") | (unknown & truth("member"))).any(),
        perhaps_billed=(unknown & truth("patient") & ~pl.col("told")).any(),
    )


def contested(named: pl.DataFrame) -> pl.DataFrame:
    """KEY of answers whose number two payers have, or whose payer may have another claim, where
    nothing tells which is meant.

    named: the pairs of the number.
    """
    return pl.concat([_fitting_better(named), _of_a_third(named), _perhaps_its_own(named)]).unique()


def _fitting_better(named: pl.DataFrame) -> pl.DataFrame:
    """The one that answers has it for another member than came back, and another one has it for
    that member; or the one that answers has it in another place (first, second) too."""
    if not named.select(truth("other_payer").any()).item():
        return named.select(KEY).clear()
    other = possible() & truth("other_payer") & truth("charge") & truth("dates")
    of_member = (other & truth("member")).any().over(KEY)
    own = sound() & against("member") & ~truth("line_control")
    return named.filter(own, of_member | (against("priority") & other.any().over(KEY))).select(KEY)


def _of_a_third(named: pl.DataFrame) -> pl.DataFrame:
    """A payer of ours that has neither answers: it may have been forwarded the one or the other."""
    forwarded = named.filter(sound(), truth("known_payer"), ~truth("payer"))
    several = forwarded.filter(pl.col("sent_payer").n_unique().over(KEY) > 1)
    return several.join(named.filter(truth("payer")), on=KEY, how="anti").select(KEY)


def _perhaps_its_own(named: pl.DataFrame) -> pl.DataFrame:
    """A payer nobody knows answers under the number of a claim of another place than its own."""
    in_place = truth("priority").any().over(KEY)
    return named.filter("perhaps_billed", sound(), against("priority"), ~in_place).select(KEY)
