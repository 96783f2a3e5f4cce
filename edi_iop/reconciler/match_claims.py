"""Remit claims to claims (835 loop 2100 to 837 loop 2300): tiers T1 to T6, each more doubtful.

T1 the claim number, T2 the line control numbers, T3 the payer's own number, T4 the
claim number as mangled on the way, T5 member, days, charge and kind of bill, T6 the
patient's name, days and a line. The first tier with exactly one candidate and no veto
is the match; T6 only proposes, and so does any tier that leaves several.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import polars as pl

from edi_iop.reconciler import match_tiers as tiers
from edi_iop.reconciler.features import truth
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
    Controls,
    agreeing,
    compared,
    control_hits,
    possible,
    sound,
)
from edi_iop.reconciler.match_payers import contested, with_billed
from edi_iop.reconciler.match_sides import CLAIM, KEY, answered, sent
from edi_iop.reconciler.match_told import pooled, proposals, seen, why_not, with_runner_up

Further = Callable[[pl.DataFrame], Tables]
"""Claims and their lines where a last name (`name`, features.letters) and a line are as asked
(match_candidates.LINE)."""
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
    found = _earliest(
        several, first, second, tiers.chosen(tiers.copies(tiers.numbered(named)), "T1")
    )
    clash = pl.concat([clash, controls.of_others(found)]).unique()
    unclear = pl.concat([clash, contested(named)])
    found = found.join(unclear, on=KEY, how="anti")
    sure = answers.join(unclear, on=KEY, how="anti", maintain_order="left")
    firm = [one.select(*KEY, *CLAIM) for one in (_open(found, links), links)]
    known = payer_numbers(answers, pl.concat(firm), claims)
    found = _routed(found, answers, claimed, known, allowed)
    third = allowed(by_payer_number(_open(sure, found), claimed, known))
    found = _with_tier(found, tiers.by_payer_number(third), controls)
    fourth = allowed(by_folded_number(_open(sure, found), claimed))
    apart = tiers.with_made_up(_open(fourth, contested(fourth)), found, answers)
    found = _with_tier(found, _undoubted(tiers.mangled(apart), sure, claimed, allowed), controls)
    known_number = pl.concat([named.select(KEY), fourth.select(KEY)]).unique()
    left = _open(sure, found).join(
        known_number.with_columns(known_number=True), on=KEY, how="left", maintain_order="left"
    )
    fifth = allowed(by_member(left, claimed))
    asked = pl.col("sent_payer").is_in(list(asking)).fill_null(False)
    contradicted = pl.concat([tiers.contradicted(named), tiers.contradicted(fourth)])
    taken = tiers.of_its_days(_open(fifth.filter(~asked), contradicted), remits, claims)
    found = _with_tier(found, tiers.of_the_member(taken, found, answers), controls)
    left = _open(answers, found)
    sixth = allowed(_sixth(left, claimed, remits, claims, further))
    chosen = pl.concat([_by_hand(links), _open(found, links)])
    pool = pooled(chosen, T1=named, T2=controlled, T3=third, T4=fourth, T5=fifth, T6=sixth)
    matched = with_runner_up(chosen, pool)
    return _told(answers, matched, named, clash, barred), proposals(pool, matched)


def _told(
    answers: pl.DataFrame,
    matched: pl.DataFrame,
    named: pl.DataFrame,
    clash: pl.DataFrame,
    barred: pl.DataFrame,
) -> pl.DataFrame:
    """All answers, with their matches or with why they have none."""
    rows = (
        answers.join(matched, on=KEY, how="left")
        .join(seen(named), on=KEY, how="left")
        .join(clash.with_columns(clash=pl.lit(True)), on=KEY, how="left")
        .join(barred.select(KEY).unique().with_columns(undone=True), on=KEY, how="left")
    )
    return rows.with_columns(says=pl.when(pl.col("tier").is_null()).then(why_not()))


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
    first = tiers.chosen(tiers.single(tiers.numbered(named)), "T1")
    by_lines = tiers.controlled(controlled)
    second = tiers.chosen(tiers.single(tiers.narrowed(by_lines)), "T2")
    clash = pl.concat([_clashes(first, second), tiers.of_two_claims(by_lines, named)]).unique()
    second = second.join(tiers.of_nothing_sent(by_lines), on=(*KEY, *CLAIM), how="anti")
    several = tiers.chosen(merged(allowed(merge_pairs(answers, claimed, hits))), "T2")
    return first, second, several, clash


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
    moved = tiers.chosen(tiers.single(pairs.with_columns(exact=pl.lit(False))), "T1")
    return pl.concat([moved, found.join(moved, on=KEY, how="anti")])


def _clashes(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Answers whose number names one claim and whose line control numbers another."""
    by_lines = pl.col("agreed").list.contains("line control")
    return first.filter(~by_lines).join(second, on=KEY, how="semi").select(KEY)


def _earliest(*in_turn: pl.DataFrame) -> pl.DataFrame:
    """The first tier's match of every answer; a merge has several rows."""
    found = in_turn[0]
    for tier in in_turn[1:]:
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
