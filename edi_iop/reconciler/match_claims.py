"""Remit claims to claims (835 loop 2100 to 837 loop 2300): tiers T1 to T6, each more doubtful.

T1 the claim number, T2 the line control numbers, T3 the payer's own number, T4 the
claim number as mangled on the way, T5 member, days, charge and kind of bill, T6 the
patient's name, days and a line. The first tier with exactly one candidate and no veto
is the match; T6 only proposes, and so does any tier that leaves several.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import reduce

import polars as pl

from edi_iop.reconciler.features import against, truth, with_agreement
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.match_candidates import (
    LINE,
    by_control,
    by_folded_number,
    by_member,
    by_name,
    by_number,
    by_payer_number,
    charged,
    merged,
    payer_numbers,
    replacements,
)
from edi_iop.reconciler.match_pairs import (
    FEATURES,
    Controls,
    agreeing,
    compared,
    control_hits,
    of_another_person,
    possible,
    resembling,
    sound,
)
from edi_iop.reconciler.match_payers import contested, with_billed
from edi_iop.reconciler.match_sides import CLAIM, KEY, answered, sent
from edi_iop.reconciler.match_told import pooled, proposals, score, seen, why_not, with_runner_up
from edi_iop.tables.nothing import once_of_nothing

Further = Callable[[pl.DataFrame], Tables]
"""Claims and their lines where a last name (`name`, features.letters) and a line are as asked
(match_candidates.LINE)."""
_TIE_BREAKS = ("line_control", "member", "patient", "frequency", "payer", "priority")
"""Features that may choose between claims whose number, charge and dates all agree."""
_DOUBTS = ("member", "codes", "patient", "charge")
"""Features whose disagreement another claim of the member may explain."""


def match_claims(
    remits: Tables,
    claims: Tables,
    links: pl.DataFrame,
    barred: pl.DataFrame,
    asking: Collection[str] = (),
    further: Further | None = None,
    payers: Collection[str] = (),
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every remit claim with the claim it answers, or with why it has none; and proposals.

    links: KEY, CLAIM, actor of matches made by hand. barred: KEY, CLAIM of those undone.
    asking: payers whose T5 is only proposed. further: claims beyond these, of which none can be
    a match but by name. payers: those we know to be different ones; an answer of one to a claim
    sent to another is only proposed.
    """
    answers, claimed = answered(remits), sent(claims)
    controls = control_hits(remits, claims)
    allowed = _Allowed(controls, barred, payers)
    answers = with_billed(answers, claimed, allowed)
    named = allowed(by_number(answers, claimed))
    controlled = allowed(by_control(answers, claimed, controls.hits))
    first, second, several, clash = _by_identity(
        answers, claimed, controls.hits, named, controlled, allowed
    )
    first = _undoubted(first, answers, claimed, allowed)
    found = _earliest(several, first, second, _chosen(_copies(_numbered(named)), "T1"))
    clash = pl.concat([clash, controls.of_others(found)]).unique()
    unclear = pl.concat([clash, contested(named)])
    found = found.join(unclear, on=KEY, how="anti")
    sure = answers.join(unclear, on=KEY, how="anti", maintain_order="left")
    firm = [one.select(*KEY, *CLAIM) for one in (_open(found, links), links)]
    known = payer_numbers(answers, pl.concat(firm), claims)
    found = _routed(found, answers, claimed, known, allowed)
    third = allowed(by_payer_number(_open(sure, found), claimed, known))
    found = _with_tier(found, _third(third), controls)
    fourth = allowed(by_folded_number(_open(sure, found), claimed))
    apart = _made_up(_open(fourth, contested(fourth)), found, answers)
    found = _with_tier(found, _undoubted(_fourth(apart), sure, claimed, allowed), controls)
    known_number = pl.concat([named.select(KEY), fourth.select(KEY)]).unique()
    left = _open(sure, found).join(
        known_number.with_columns(known_number=True), on=KEY, how="left", maintain_order="left"
    )
    fifth = allowed(by_member(left, claimed))
    asked = pl.col("sent_payer").is_in(list(asking)).fill_null(False)
    contradicted = pl.concat([_contradicted(named), _contradicted(fourth)])
    taken = _open(fifth.filter(~asked), contradicted)
    found = _with_tier(found, _fifth(taken, found, answers), controls)
    left = _open(answers, found)
    sixth = allowed(_sixth(left, claimed, remits, claims, further))
    chosen = pl.concat([_by_hand(links), _open(found, links)])
    pool = pooled(chosen, T1=named, T2=controlled, T3=third, T4=fourth, T5=fifth, T6=sixth)
    matched = with_runner_up(chosen, pool)
    rows = (
        answers.join(matched, on=KEY, how="left")
        .join(seen(named), on=KEY, how="left")
        .join(clash.with_columns(clash=pl.lit(True)), on=KEY, how="left")
        .join(barred.select(KEY).unique().with_columns(undone=True), on=KEY, how="left")
    )
    told = rows.with_columns(says=pl.when(pl.col("tier").is_null()).then(why_not()))
    return told, proposals(pool, matched)


class _Allowed:
    """Pairs compared, without those that a person undid."""

    def __init__(self, controls: Controls, barred: pl.DataFrame, payers: Collection[str]) -> None:
        self._controls, self._barred, self._payers = controls, barred, payers

    def __call__(self, pairs: pl.DataFrame) -> pl.DataFrame:
        free = pairs.join(self._barred, on=(*KEY, *CLAIM), how="anti")
        return compared(free, self._controls, self._payers)


def _by_identity(
    answers: pl.DataFrame,
    claimed: pl.DataFrame,
    hits: pl.DataFrame,
    named: pl.DataFrame,
    controlled: pl.DataFrame,
    allowed: _Allowed,
) -> tuple[pl.DataFrame, ...]:
    """T1, T2, merges, and the answers whose numbers name one claim and whose lines another."""
    first = _chosen(_single(_numbered(named)), "T1")
    second = _chosen(_single(_narrowed(_controlled(controlled, named))), "T2")
    several = _chosen(merged(allowed(merge_pairs(answers, claimed, hits))), "T2")
    return first, second, several, _clashes(first, second)


def _undoubted(
    chosen: pl.DataFrame, answers: pl.DataFrame, claimed: pl.DataFrame, allowed: _Allowed
) -> pl.DataFrame:
    """The matches, but those that disagree where another claim of the member fits better.

    A payer may correct a member's id, change codes, answer a part; but where a claim of that
    member, at whatever payer, has the days, and the codes, the charge and the patient too, it
    may have exchanged the numbers of two, or cut the one to the other.
    """
    told = pl.col("disagreed")
    by_lines = pl.col("agreed").list.contains("line control")
    differ = told.list.set_intersection(_DOUBTS).list.len() > 0
    doubtful = chosen.filter(differ & ~by_lines).select(
        *KEY, *CLAIM, *(told.list.contains(one).alias(f"other_{one}") for one in _DOUBTS)
    )
    if doubtful.is_empty():
        return chosen
    beside = allowed(by_member(answers.join(doubtful, on=KEY, how="semi"), claimed))
    others = beside.join(doubtful, on=(*KEY, *CLAIM), how="anti").join(
        doubtful.drop(*CLAIM).unique(KEY), on=KEY
    )
    alike = truth("charge") & truth("codes")
    whole = pl.col("answer_charge") == pl.col("sent_charge")
    exact = whole & truth("exact_dates") & pl.col("codes").fill_null(True)
    better = (
        pl.col("other_member")
        | (pl.col("other_codes") & alike)
        | (pl.col("other_patient") & alike & truth("patient"))
        | (pl.col("other_charge") & exact & pl.col("patient").fill_null(True))
    )
    rivals = others.filter(possible() & truth("member") & truth("dates") & better)
    return chosen.join(rivals, on=KEY, how="anti", maintain_order="left")


def merge_pairs(answers: pl.DataFrame, claimed: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """Answers beside all claims that hold their line control numbers, where several claims do."""
    several = hits.filter(pl.len().over(KEY) > 1).select(*KEY, *CLAIM)
    return answers.join(several, on=KEY).join(claimed, on=CLAIM)


@once_of_nothing
def _controlled(controlled: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Claims that the line control numbers name, unless what they say is another claim's.

    Either charge and codes are: of what was sent nothing is answered then. Or the days are,
    where the claim number is another claim's of ours.
    """
    elsewhere = named.select(KEY).unique().with_columns(elsewhere=True)
    told = controlled.join(elsewhere, on=KEY, how="left", maintain_order="left")
    another = against("number") & truth("elsewhere") & against("dates")
    return told.filter(
        truth("line_control") & ~truth("over") & sound(),
        ~another & ~(against("charge") & against("codes")),
    ).drop("elsewhere")


@once_of_nothing
def _numbered(named: pl.DataFrame) -> pl.DataFrame:
    """Claims of the number that agree in charge and days, or enough."""
    return _narrowed(named.filter(sound() & agreeing()))


def _preferring(pairs: pl.DataFrame, feature: str) -> pl.DataFrame:
    """Of each answer's candidates only those where the feature agrees, if there are any."""
    return pairs.filter(truth(feature) | ~truth(feature).any().over(KEY))


@once_of_nothing
def _narrowed(able: pl.DataFrame) -> pl.DataFrame:
    """Candidates left after charge with dates, then the tie breaks; exact: one at the first step.

    Several that agree in charge only, or in dates only, are all dropped.
    """
    both = able.with_columns(both=truth("charge") & truth("dates"))
    first = _preferring(both, "both").with_columns(exact=pl.len().over(KEY) == 1)
    several = first.filter(~pl.col("exact") & pl.col("both"))  # mostly none
    return pl.concat([first.filter("exact"), reduce(_preferring, _TIE_BREAKS, several)])


@once_of_nothing
def _single(candidates: pl.DataFrame) -> pl.DataFrame:
    """The candidates of answers that have exactly one."""
    return candidates.filter(pl.len().over(KEY) == 1)


@once_of_nothing
def _copies(candidates: pl.DataFrame) -> pl.DataFrame:
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
def _third(pairs: pl.DataFrame) -> pl.DataFrame:
    """The payer's number: certain where it is whole, strong where something was put behind it."""
    able = pairs.with_columns(payer_claim_number=pl.lit(True)).filter(
        sound() & (truth("charge") | truth("part") | (truth("dates") & truth("member"))),
        ~against("line_control"),
    )
    whole = _preferring(able, "whole").with_columns(exact=pl.col("whole"))
    return _chosen(_single(whole), "T3")


@once_of_nothing
def _made_up(pairs: pl.DataFrame, found: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
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
def _fourth(pairs: pl.DataFrame) -> pl.DataFrame:
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
    return _chosen(_single(able.with_columns(exact=pl.col("checked"))), "T4")


@once_of_nothing
def _fifth(pairs: pl.DataFrame, found: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Member, days, charge and kind of bill, of one claim that no other answer has taken.

    A number that is nothing like the claim's, nor any other claim's of ours, is one of a claim
    that we do not hold, and so are line control numbers that are none of the claim's; but what
    a number is more like says nothing between two claims.
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
    single = _single(able.with_columns(exact=pl.lit(False)))
    ours = pl.col("known_number").fill_null(False) | pl.col("folded").is_null() | resembling()
    if not single.is_empty():  # character by character: dear even of no rows
        single = single.filter(ours.fill_null(True))
    taken = found.join(
        answers.select(*KEY, taken_by="answer_icn", taken_as="answer_priority"), on=KEY
    ).select(*CLAIM, "taken_by", "taken_as")
    # a first and a second payer answer one claim, each under its own number
    apart = (pl.col("taken_as") != pl.col("answer_priority")).fill_null(False)
    others = (
        single.join(taken, on=CLAIM)
        .filter(~pl.col("taken_by").eq_missing(pl.col("answer_icn")), ~apart)
        .select(*KEY, *CLAIM)
    )
    return _chosen(single.join(others, on=(*KEY, *CLAIM), how="anti"), "T5")


def _sixth(
    left: pl.DataFrame,
    claimed: pl.DataFrame,
    remits: Tables,
    claims: Tables,
    further: Further | None,
) -> pl.DataFrame:
    """by_name, among these claims and those beyond them."""
    near = by_name(left, claimed, remits, claims)
    asked = left.select(*KEY, name="answer_last").join(charged(remits), on=KEY)
    wanted = asked.select("name", *LINE).drop_nulls().unique()
    if further is None or wanted.is_empty():
        return near
    beyond = further(wanted)
    far = by_name(left, sent(beyond), remits, beyond)
    return pl.concat([near, far.join(claimed, on=CLAIM, how="anti")])


@once_of_nothing
def _contradicted(named: pl.DataFrame) -> pl.DataFrame:
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


def _routed(
    found: pl.DataFrame,
    answers: pl.DataFrame,
    claimed: pl.DataFrame,
    known: pl.DataFrame,
    allowed: _Allowed,
) -> pl.DataFrame:
    """An answer of frequency 7 or 8 under the number of the claim that was replaced goes to
    its replacement, or void, where exactly one was sent."""
    anew = replacements(found, answers, claimed, known)
    if anew.is_empty():
        return found
    pairs = allowed(anew).filter(sound() & agreeing())
    moved = _chosen(_single(pairs.with_columns(exact=pl.lit(False))), "T1")
    return pl.concat([moved, found.join(moved, on=KEY, how="anti")])


@once_of_nothing
def _chosen(pairs: pl.DataFrame, tier: str) -> pl.DataFrame:
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


def _clashes(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Answers whose number names one claim and whose line control numbers another."""
    by_lines = pl.col("agreed").list.contains("line control")
    return first.filter(~by_lines).join(second, on=KEY, how="semi").select(KEY)


def _earliest(*tiers: pl.DataFrame) -> pl.DataFrame:
    """The first tier's match of every answer; a merge has several rows."""
    found = tiers[0]
    for tier in tiers[1:]:
        found = pl.concat([found, tier.join(found, on=KEY, how="anti")])
    return found


def _with_tier(found: pl.DataFrame, later: pl.DataFrame, controls: Controls) -> pl.DataFrame:
    """The matches with those of a later tier that no line control number speaks against."""
    return pl.concat([found, _open(later, controls.of_others(later))])


def _open(answers: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return answers.join(found, on=KEY, how="anti", maintain_order="left")


def _by_hand(links: pl.DataFrame) -> pl.DataFrame:
    """Matches a person made."""
    nothing = pl.lit([], pl.List(pl.String))
    return links.select(
        *KEY,
        *CLAIM,
        tier=pl.lit("hand"),
        grade=pl.lit("certain"),
        score=pl.lit(None, pl.Float64),
        actor="actor",
        agreed=nothing,
        disagreed=nothing,
    )
