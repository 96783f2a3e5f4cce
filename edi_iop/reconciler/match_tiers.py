"""What each tier takes of its candidates (match_claims): the pairs that agree enough, one alone of an answer."""

from __future__ import annotations

from functools import reduce

import polars as pl

from edi_iop.reconciler.features import against, truth, with_agreement
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.match_pairs import (
    FEATURES,
    agreeing,
    of_another_person,
    resembling,
    sound,
)
from edi_iop.reconciler.match_sides import CLAIM, KEY
from edi_iop.reconciler.match_told import score
from edi_iop.tables.nothing import once_of_nothing

_TIE_BREAKS = ("line_control", "member", "patient", "frequency", "payer", "priority")
"""Features that may choose between claims whose number, charge and dates all agree."""


@once_of_nothing
def numbered(named: pl.DataFrame) -> pl.DataFrame:
    """Claims of the number that agree in charge and days, or enough."""
    return narrowed(named.filter(sound() & agreeing()))


@once_of_nothing
def controlled(pairs: pl.DataFrame) -> pl.DataFrame:
    """Claims that the line control numbers name."""
    return pairs.filter(truth("line_control") & ~truth("over") & sound())


def of_two_claims(controlled: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """KEY of answers whose number is one claim's of ours and whose line control numbers are another's.

    Either the claim of the number may be meant as well, or the days are not those of the claim
    that the line control numbers name.
    """
    other = controlled.filter(against("number"))
    bare = named.filter(~truth("line_control"))
    able = bare.filter(sound() & ~against("charge") & ~against("dates"))
    both = other.join(able, on=KEY, how="semi")
    neither = other.filter(against("dates")).join(bare, on=KEY, how="semi")
    return pl.concat([both, neither]).select(KEY).unique()


def of_nothing_sent(controlled: pl.DataFrame) -> pl.DataFrame:
    """The pairs where neither charge nor codes are those of the claim that the line control
    numbers name: of what was sent nothing is answered."""
    return controlled.filter(against("charge") & against("codes"))


@once_of_nothing
def copies(candidates: pl.DataFrame) -> pl.DataFrame:
    """One of several claims that were sent alike under one number.

    A payer answers the first of them, and denies the later ones as repeated
    (CARC 18, B13): such a denial goes to the next copy, any other answer to the first.
    Which denial a reversal takes back only the payer's number tells (T3).
    """
    content = pl.struct(
        "sent_charge", "sent_from", "sent_to", "sent_frequency", "sent_payer", "sent_member"
    )
    alike = candidates.filter(
        pl.len().over(KEY) > 1,
        content.n_unique().over(KEY) == 1,
        ~(pl.col("repeat") & pl.col("reversal")),
    )
    order = pl.int_range(pl.len()).over(KEY)
    wanted = pl.min_horizontal(pl.col("copy").fill_null(0), pl.len().over(KEY) - 1)
    return alike.sort(*KEY, *CLAIM).filter(order == wanted)


@once_of_nothing
def by_payer_number(pairs: pl.DataFrame) -> pl.DataFrame:
    """The payer's number: certain where it is whole, strong where something was put behind it."""
    able = pairs.with_columns(payer_claim_number=pl.lit(True)).filter(
        sound() & (truth("charge") | truth("part") | (truth("dates") & truth("member"))),
        ~against("line_control"),
    )
    whole = _preferring(able, "whole").with_columns(exact=pl.col("whole"))
    return chosen(single(whole), "T3")


@once_of_nothing
def with_made_up(pairs: pl.DataFrame, found: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The pairs with made_up: what the payment says under numbers like the claim's, and under
    the claim's own, charges what the claim does: each of them is a part of it."""
    of_payment = ("payment_offset", "reversal")
    own = pairs.filter(sound()).select(*KEY, *CLAIM, *of_payment, "answer_charge")
    others = answers.join(found.select(*KEY, *CLAIM), on=KEY).select(own.columns)
    key = ("file_id", *CLAIM, *of_payment)
    sums = pl.concat([own, others]).group_by(key).agg(together=pl.col("answer_charge").sum())
    together = pl.col("together") == pl.col("sent_charge")
    return pairs.join(sums, on=key, how="left").with_columns(made_up=together.fill_null(False))


@once_of_nothing
def mangled(pairs: pl.DataFrame) -> pl.DataFrame:
    """The number as mangled: certain where its check character holds, else strong.

    Its charge must be the claim's; or it is a part of it, of the member and inside the days:
    the payer says so (MA15), or all parts are there.
    """
    less = pl.col("answer_charge") < pl.col("sent_charge")
    part = less & (pl.col("divided") | pl.col("made_up")) & truth("member") & truth("dates")
    whole = truth("charge") & pl.col("dates").fill_null(True)
    able = pairs.filter(
        sound() & agreeing() & (whole | part), pl.col("checked") | ~against("line_control")
    )
    return chosen(single(able.with_columns(exact=pl.col("checked"))), "T4")


@once_of_nothing
def of_the_member(pairs: pl.DataFrame, found: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Member, days, charge and kind of bill, of one claim that no other answer has taken.

    A number that is nothing like the claim's, nor any other claim's of ours, is one of a claim
    that we do not hold (the payer's own or the member's id is none), and so are line control
    numbers that are none of the claim's; but what a number is more like says nothing between two
    claims.
    """
    able = pairs.filter(
        sound()
        & truth("member")
        & truth("exact_dates")
        & (pl.col("answer_charge") == pl.col("sent_charge"))
        & ~against("bill_type")
        & ~against("codes")
        & ~against("line_control")
        & ~against("priority")
    )
    alone = single(able.with_columns(exact=pl.lit(False)))
    named = ~pl.col("folded").is_null() & ~pl.col("echoed")
    ours = pl.col("known_number").fill_null(False) | ~named | resembling()
    if not alone.is_empty():  # character by character: dear even of no rows
        alone = alone.filter(ours.fill_null(True))
    taken = found.join(
        answers.select(*KEY, taken_by="answer_icn", taken_as="answer_priority"), on=KEY
    ).select(*CLAIM, "taken_by", "taken_as")
    # a first and a second payer answer one claim, each under its own number
    apart = (pl.col("taken_as") != pl.col("answer_priority")).fill_null(False)
    others = (
        alone.join(taken, on=CLAIM)
        .filter(~pl.col("taken_by").eq_missing(pl.col("answer_icn")), ~apart)
        .select(*KEY, *CLAIM)
    )
    return chosen(alone.join(others, on=(*KEY, *CLAIM), how="anti"), "T5")


@once_of_nothing
def of_its_days(pairs: pl.DataFrame, remits: Tables, claims: Tables) -> pl.DataFrame:
    """The pairs but those where a line of the answer is of a day on which nothing was sent."""
    answered = remits["remit_lines"].filter(
        pl.coalesce("service_date_to", "service_date") == pl.col("service_date")
    )
    asked = (
        pairs.select(*KEY, *CLAIM).unique().join(answered.select(*KEY, day="service_date"), on=KEY)
    )
    sent = claims["claim_lines"].select(
        "claim_offset", "service_date", "service_date_to", claim_file_id="file_id"
    )
    last = pl.coalesce("service_date_to", "service_date")
    inside = pl.col("day").is_between("service_date", last) | pl.col("service_date").is_null()
    known = asked.join(sent, on=CLAIM).filter(inside)
    missed = asked.join(known, on=(*KEY, *CLAIM, "day"), how="anti")
    return pairs.join(missed, on=(*KEY, *CLAIM), how="anti", maintain_order="left")


@once_of_nothing
def contradicted(named: pl.DataFrame) -> pl.DataFrame:
    """Answers whose number is that of a claim with their days that may be meant all the same.

    Of another person with their charge: either the number is wrong or the person. Of the same
    person with a higher charge: they may be a part of it. Nothing tells which.
    """
    person = of_another_person() & truth("charge")
    part = (
        sound()
        & pl.col("patient").fill_null(True)
        & (pl.col("answer_charge") < pl.col("sent_charge"))
    )
    return named.filter(truth("dates"), person | part).select(KEY)


@once_of_nothing
def single(candidates: pl.DataFrame) -> pl.DataFrame:
    """The candidates of answers that have exactly one."""
    return candidates.filter(pl.len().over(KEY) == 1)


@once_of_nothing
def chosen(pairs: pl.DataFrame, tier: str) -> pl.DataFrame:
    """The pairs as matches: what agreed, what did not, and how sure it is."""
    return with_agreement(pairs, FEATURES).select(
        *KEY,
        *CLAIM,
        tier=pl.lit(tier),
        grade=pl.when("exact").then(pl.lit("certain")).otherwise(pl.lit("strong")),
        score=score(),
        actor=pl.lit(None, pl.String),
        agreed="agreed",
        disagreed="disagreed",
    )


@once_of_nothing
def narrowed(able: pl.DataFrame) -> pl.DataFrame:
    """Candidates left after charge with dates, then the tie breaks; exact: one at the first step.

    Several that agree in charge only, or in dates only, are all dropped.
    """
    both = able.with_columns(both=truth("charge") & truth("dates"))
    first = _preferring(both, "both").with_columns(exact=pl.len().over(KEY) == 1)
    several = first.filter(~pl.col("exact") & pl.col("both"))  # mostly none
    return pl.concat([first.filter("exact"), reduce(_preferring, _TIE_BREAKS, several)])


def _preferring(pairs: pl.DataFrame, feature: str) -> pl.DataFrame:
    """Of each answer's candidates only those where the feature agrees, if there are any."""
    return pairs.filter(truth(feature) | ~truth(feature).any().over(KEY))
