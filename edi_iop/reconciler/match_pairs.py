"""An answer beside a claim: each feature true, false or unknown, and what vetoes a match."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import msgspec
import polars as pl

from edi_iop.reconciler.features import against, begins, plain, truth
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.match_sides import CLAIM, KEY
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.tables.numbers import joined

FEATURES = (
    "number",
    "charge",
    "dates",
    "payee",
    "payer",
    "frequency",
    "priority",
    "line_control",
    "member",
    "patient",
    "payer_claim_number",
    "bill_type",
    "codes",
)
BARE = r"^\d{1,6}$"
"""A bare small number in 6R may be a line's LX number: it names no claim."""
MOST_HOLDERS = 8
"""Claims that hold one line control number: more, and it was never meant to name a claim."""
_SHORTEST_LIKE = 4
"""Shorter numbers are like one another by chance."""
LONGEST_NUMBER = 38
"""A claim number has no more characters (CLM01, CLP01)."""
MEMBER_CUT = 2
"""Characters that payers add to member ids, or leave off."""
SHORTEST_MEMBER = 6
_REPEATED = 6
"""So many characters of a claim number's beginning or end, in a line control number, repeat it."""


@cache
def may_be_later() -> pl.Expr:
    """The answer may be a second or third payer's, to which the claim was forwarded."""
    return pl.col("crossed") & pl.col("answer_priority").ne_missing("P")


class Controls(msgspec.Struct, frozen=True):
    """The line control numbers (REF 6R) that came back, and the claims that hold them."""

    asked: pl.DataFrame
    """KEY and asked: how many an answer has that may name a claim."""
    hits: pl.DataFrame
    """KEY, CLAIM, hits (how many of them the claim holds), asked; sole: all claims that hold what
    was asked are one member's (an original and its replacement): the numbers name a person;
    repeating: all that it holds repeat its claim number: they are no further evidence."""
    came: pl.DataFrame
    """KEY and control: every one that may name a claim."""
    held: pl.DataFrame
    """CLAIM and control: the claims that hold them, and without a claim those of too many."""

    def of_others(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """KEY of pairs whose claim holds none of those that came back and that claims of ours hold."""
        key = (*KEY, *CLAIM)
        told = pairs.select(key).join(self.hits, on=key, how="anti")
        if told.is_empty():  # as nearly always: few are to be looked for among very many
            return told.select(KEY)
        ours = told.join(self.came, on=KEY).join(self.held, on="control", how="semi")
        own = ours.join(self.held, on=(*CLAIM, "control"), how="semi")
        return ours.join(own, on=KEY, how="anti").select(KEY).unique()


def control_hits(remits: Tables, claims: Tables) -> Controls:
    """Which claims hold the line control numbers of remit claims.

    A line control number need be unique inside its claim only: one that many claims hold
    names none of them and is left out.
    """
    came = (
        remits["remit_lines"]
        .filter(~pl.col("line_control").str.contains(BARE))
        .select(*KEY, control=plain("line_control"))
        .drop_nulls()
        .unique()
    )
    heads = claims["claims"].select(
        "file_id", "claim_offset", member="member_id", sent_as=plain("claim")
    )
    holding = (
        claims["claim_lines"]
        .select("file_id", "claim_offset", control=plain("line_control"))
        .join(came, on="control", how="semi")
        .unique()
        .with_columns(holders=pl.len().over("control"))
    )
    common = holding.filter(pl.col("holders") > MOST_HOLDERS).select("control")
    # of a portion of the claims: numbers that too many claims hold, with those outside it
    common = pl.concat([common, claims.get("common_controls", common.clear())]).unique()
    named = holding.join(common, on="control", how="anti")
    held = joined(named, heads, ("file_id", "claim_offset"), "left").rename(
        {"file_id": "claim_file_id"}
    )
    asked = came.join(common, on="control", how="anti").with_columns(asked=pl.len().over(KEY))
    pairs = asked.join(held, on="control")
    counted = pairs.group_by(*KEY, *CLAIM).agg(
        hits=pl.len(),
        asked=pl.col("asked").first(),
        member=pl.col("member").first(),
        repeating=_repeats("control", "sent_as").all(),
    )
    whole = pl.col("hits") == pl.col("asked")
    of_one = pl.col("member").filter(whole).n_unique().over(KEY) <= 1
    hits = counted.with_columns(sole=whole & of_one).drop("member")
    every = holding.select("claim_offset", "control", claim_file_id="file_id")
    of_many = pl.concat([every, common], how="diagonal")
    return Controls(asked.select(*KEY, "asked").unique(), hits, came, of_many)


def _repeats(control: str, number: str) -> pl.Expr:
    """A line control number made of its claim's number, or of its end or beginning, and of what is
    the line's: two claims of one number have it both."""
    ends = (pl.col(number).str.head(_REPEATED), pl.col(number).str.tail(_REPEATED))
    there = pl.any_horizontal(pl.col(control).str.contains(end, literal=True) for end in ends)
    return there.fill_null(False)


@cache
def resembling() -> pl.Expr:
    """The number returned is like the claim's: but for a few characters, for its end or its beginning,
    and for up to two characters that the payer put before it."""
    long = pl.col("folded").str.len_chars() >= _REPEATED
    end = long & pl.col("sent_folded").str.ends_with(pl.col("folded"))
    return pl.any_horizontal(end, *(_aligned(shift) for shift in range(MEMBER_CUT + 1)))


def _aligned(shift: int) -> pl.Expr:
    """Side by side from a place on, at most one character in eight and one more are others."""
    theirs, ours = pl.col("folded").str.slice(shift), pl.col("sent_folded")
    sizes = [one.str.len_chars().cast(pl.Int64) for one in (theirs, ours)]
    length = pl.min_horizontal(*sizes)
    apart = pl.sum_horizontal(
        ((theirs.str.slice(at, 1) != ours.str.slice(at, 1)) & (length > at)).cast(pl.Int64)
        for at in range(LONGEST_NUMBER)
    )
    return (length >= _SHORTEST_LIKE) & (apart <= 1 + length // 8)


@once_of_nothing
def compared(pairs: pl.DataFrame, controls: Controls, payers: Collection[str] = ()) -> pl.DataFrame:
    """The pairs (an answer's columns beside a claim's) with every feature true, false or unknown.

    payers: the ids of all payers we know to be different ones.
    """
    asked = pairs.join(controls.asked, on=KEY, how="left", maintain_order="left")
    hits = controls.hits.drop("asked")
    beside = asked.join(hits, on=(*KEY, *CLAIM), how="left")
    return beside.with_columns(**_features(frozenset(payers)))


@cache
def _features(payers: frozenset[str]) -> dict[str, pl.Expr]:
    """What `compared` tells of each pair."""
    same_npi = pl.col("answer_npi") == pl.col("sent_npi")
    same_tin = pl.col("answer_tin") == pl.col("sent_tin")
    # days of lines are held against days of lines: a statement may reach far beyond them
    begin = pl.when("by_lines").then("sent_first_day").otherwise("sent_from")
    end = pl.when("by_lines").then("sent_last_day").otherwise("sent_to")
    inside = (pl.col("answer_from") >= begin) & (pl.col("answer_to") <= end)
    disjoint = (pl.col("answer_to") < begin) | (pl.col("answer_from") > end)
    whole = pl.col("answer_charge") == pl.col("sent_charge")
    parts = [pl.col(name) == pl.col("sent_charge") for name in ("split_charge", "near_charge")]
    less = pl.col("answer_charge") < pl.col("sent_charge")
    in_parts = pl.any_horizontal(*(part.fill_null(False) for part in parts))
    known_payer, other_payer = _answers_for(payers)
    return {
        "number": pl.col("number") == pl.col("sent_number"),
        "charge": whole | in_parts,
        "over": pl.col("answer_charge") > pl.col("sent_charge"),
        "part": in_parts | (pl.col("divided") & less),
        "dates": inside,
        "exact_dates": (pl.col("answer_from") == pl.col("sent_first_day"))
        & (pl.col("answer_to") == pl.col("sent_last_day")),
        "disjoint": disjoint,
        "payee": pl.when(same_npi.fill_null(False) | same_tin.fill_null(False))
        .then(True)
        .otherwise(pl.coalesce(same_npi, same_tin)),
        "payer": (pl.col("answer_payer") == pl.col("sent_payer"))
        | (pl.col("answer_payer_code") == pl.col("sent_payer")),
        "known_payer": known_payer,
        "other_payer": other_payer,
        "frequency": pl.col("answer_frequency") == pl.col("sent_frequency"),
        "priority": pl.col("answer_priority") == pl.col("sent_priority"),
        "line_control": _held_lines(),
        "member": _same_member(),
        "patient": _same_patient(),
        "given": begins(pl.col("answer_first"), pl.col("sent_first")),
        "bill_type": pl.col("answer_facility") == pl.col("sent_facility"),
        "payer_claim_number": pl.lit(None, pl.Boolean),
        "codes": pl.col("answer_codes").list.set_intersection("sent_codes").list.len() > 0,
    }


@cache
def _held_lines() -> pl.Expr:
    """The claim holds every line control number that came back; unknown where none did, and where
    claims of several members hold them: then they say nothing of any of these."""
    hits = pl.col("hits").fill_null(0)
    return pl.when(hits < pl.col("asked")).then(False).when("sole").then(True)


@cache
def held_none() -> pl.Expr:
    """Line control numbers came back, and the claim holds none of them."""
    return pl.col("asked").is_not_null() & pl.col("hits").is_null()


def _answers_for(payers: frozenset[str]) -> tuple[pl.Expr, pl.Expr]:
    """Whether the answer is of a payer we know, and whether it is another's than the claim's.

    An id we do not know may be another name of the claim's payer: it tells nothing. A later payer
    may answer a claim that was forwarded to it: one whose number some answer calls forwarded, or
    answers as a second or third payer. Where it was sent a claim itself (match_payers) it
    answers none that another was sent, nor, under an id we do not know, one sent to a payer of
    another place.
    """
    known = sorted(payers)
    named = [pl.col(name) for name in ("answer_payer", "answer_payer_code")]
    own = pl.any_horizontal(*((one == pl.col("sent_payer")).fill_null(False) for one in named))
    other = pl.any_horizontal(*(one.is_in(known).fill_null(False) for one in named))
    ours = pl.col("sent_payer").is_in(known).fill_null(False)
    later = may_be_later() & ~pl.col("billed")
    elsewhere = (pl.col("answer_priority") != pl.col("sent_priority")).fill_null(False)
    another = (ours & other & ~later) | (pl.col("billed") & elsewhere)
    return other, another & ~own


@cache
def _same_member() -> pl.Expr:
    """The subscriber's or the patient's id is the member's, but for characters at its end."""
    theirs = [_near(pl.col(name)) for name in ("answer_patient_id", "answer_subscriber_id")]
    return (
        pl.when(pl.any_horizontal(*(one.fill_null(False) for one in theirs)))
        .then(True)
        .otherwise(pl.coalesce(theirs))
    )


def _near(theirs: pl.Expr) -> pl.Expr:
    ours = pl.col("sent_member")
    lengths = [one.str.len_chars().cast(pl.Int64) for one in (theirs, ours)]
    close = (lengths[0] - lengths[1]).abs() <= MEMBER_CUT
    long = pl.min_horizontal(*lengths) >= SHORTEST_MEMBER
    return (theirs == ours) | (close & long & begins(theirs, ours))


@cache
def _same_patient() -> pl.Expr:
    """Last and first name are the claim's, or the one stands in the place of the other."""
    last = begins(pl.col("answer_last"), pl.col("sent_last"))
    first = begins(pl.col("answer_first"), pl.col("sent_first"))
    turned = begins(pl.col("answer_last"), pl.col("sent_first")) & begins(
        pl.col("answer_first"), pl.col("sent_last")
    )
    return (last & first.fill_null(True)) | turned.fill_null(False)


@cache
def sound() -> pl.Expr:
    """No veto: `possible`, and not the answer of another payer than the claim's, nor to another of
    the family."""
    return possible() & ~truth("other_payer") & ~relative()


@cache
def possible() -> pl.Expr:
    """Neither another payee, nor days wholly outside, nor another patient."""
    return pl.col("payee").fill_null(True) & ~truth("disjoint") & ~other_person()


@cache
def other_person() -> pl.Expr:
    """The member id or the name is another, and nothing else of the person agrees, nor line
    control numbers that are this member's alone.

    Where id, last and first name are all another's, line control numbers that only repeat the
    claim number weigh no more than that: a claim that we do not hold may have the same.
    """
    other = (against("member") & ~truth("patient")) | (against("patient") & ~truth("member"))
    someone_else = against("member") & against("patient") & ~truth("given")
    return other & (~truth("line_control") | (someone_else & truth("repeating")))


@cache
def relative() -> pl.Expr:
    """The name is another, and the first name does not agree: people change their last names, and a
    family has one id. Line control numbers that are this member's tell."""
    return against("patient") & ~truth("given") & ~truth("line_control")


@cache
def agreeing() -> pl.Expr:
    """Charge and days agree, or it is a part of the claim inside its days, and of codes, member's id,
    name and line control numbers one disagrees at most: a payer corrects an id, a name changes; or
    the line control numbers are the claim's.

    Where only the charge or only the days agree, none of these may disagree: another claim is meant
    else, ours or not. What charges more than was sent answers something else too.
    """
    told = ("codes", "member", "patient", "line_control")
    apart = pl.sum_horizontal(against(one).cast(pl.Int8) for one in told)
    both = truth("dates") & (truth("charge") | truth("part"))
    one = truth("charge") | (truth("dates") & ~truth("over"))
    sure = (apart <= 1) | truth("line_control")
    return (both & sure) | (one & (apart == 0))


@cache
def of_another_person() -> pl.Expr:
    """Nothing but the person vetoes it."""
    return ~possible() & pl.col("payee").fill_null(True) & ~truth("disjoint")
