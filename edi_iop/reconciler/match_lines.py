"""Remit lines to claim lines (835 loop 2110 to 837 loop 2400): by a ladder, never arbitrarily.

Inside a matched claim, and never of another day (a line control number and a date that
contradict each other leave the line open): the line control number (REF 6R) as sent,
then as mangled; the line's number (LX) where the payer returned that; unbundled
lines; codes and charge; parts and bundles whose charges make up what was sent; charge;
the day alone. On each rung an answer with one possible line takes it, which may
leave another with one: where one assignment alone is possible this finds it (a
bipartite graph with a single perfect matching has an end of degree one at each step),
and where several are, the lines stay ambiguous.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from edi_iop.reconciler.features import plain, truth, with_agreement
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.match_alike import alike
from edi_iop.reconciler.match_hand import CLAIM_LINE, HAND, REMIT_LINE, ByHand
from edi_iop.reconciler.match_pairs import BARE
from edi_iop.reconciler.match_sides import CLAIM, SPLIT_REMARK
from edi_iop.reconciler.match_sides import KEY as REMIT
from edi_iop.tables.numbers import joined
from edi_iop.tables.order import keys_of
from edi_iop.texts import composed

_FEATURES = ("line_control", "dates", "procedure", "revenue", "charge", "units")
_NAMED = 12
"""Lines named of those that agree alike."""
_MOST_LINES = 31
"""Days of a month: no chain of forced choices is longer than the lines of one claim."""


def match_lines(
    remits: Tables, claims: Tables, answered: pl.DataFrame, words: ByHand
) -> pl.DataFrame:
    """Every remit line with the line, or lines, it answers, or with why it has none.

    answered: remit claims with the claim they were matched to (match_claims); several
    rows where one answers several. words: what people tied goes first, and is not looked at again.
    """
    every, sent = _answers(remits, answered), _sent(claims)
    answers = _free(every, words)
    key = keys_of((answers,), ("file_id", "remit_line_offset"))
    numbered = _beside(answers, sent, "near_control")
    ladder = _Ladder(numbered.filter(~_other_day()), key)
    ladder.take(_linked(every, sent, words.lines), HAND, "certain")
    # a split line comes back several times under one 6R: all parts belong to the line
    ladder.take(_alone(ladder.open(truth("line_control")), key), "6R", "certain")
    ladder.take(_alone(ladder.open(truth("near_control")), key), "6R", "strong")
    # a number that names one day beside the date of another: nothing tells which of them is wrong
    contrary = ladder.unanswered(numbered.filter(_other_day())).select(REMIT_LINE).unique()
    dated = ladder.unanswered(answers).join(contrary, on=REMIT_LINE, how="anti")
    moved = _moved(answers, sent, answered)
    dated = dated.join(moved, on=REMIT, how="anti")
    ladder.begin(_by_day(dated, sent))
    # several answers to one line before any single one of them takes it
    ladder.take(_parts(ladder.open(_same_code())), "split", "strong")
    ladder.take(_unbundled(ladder.open(truth("procedure"))), "unbundle", "strong")
    of_its_day = truth("dates") & ~pl.col("spans")
    by_number = ladder.open(
        truth("line_number") & (of_its_day | _numbered_for_us()) & (truth("charge") | _same_code())
    )
    ours = by_number.join(_numbered_otherwise(answers, sent), on=REMIT, how="anti")
    ladder.take(_one_to_one(ours), "LX", "strong")
    ladder.force(_same_code() & truth("charge"), "day", "certain")
    ladder.take(_parts(ladder.open(_same_code())), "split", "strong")
    ladder.take(_bundled(ladder.open(_same_code())), "bundle", "strong")
    ladder.force(truth("dates") & truth("charge"), "day", "strong")
    ladder.take(_one_to_one(ladder.open(truth("dates"))), "day", "strong")
    rest = ladder.unanswered(every).join(_undone(words), on=REMIT_LINE, how="left")
    rest = rest.join(contrary.with_columns(contrary=True), on=REMIT_LINE, how="left")
    rest = rest.join(moved.with_columns(moved=True), on=REMIT, how="left")
    left = ladder.open(pl.lit(True))
    loose = _loose(rest, left).join(alike(left, rest, remits), on=REMIT_LINE, how="left")
    told = pl.concat([ladder.found(), loose], how="diagonal")
    if words.lines.is_empty():
        return told
    return told.join(words.lines, on=(*REMIT_LINE, *CLAIM_LINE), how="left")


def _loose(answers: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Remit lines that no claim line was found for: under their claim, where they have one alone,
    and with why. undone: a person took them off; contrary: their number names a line of another day;
    moved: of `_moved`."""
    alone = answers.filter(pl.len().over(REMIT_LINE) == 1).select(*REMIT_LINE, *CLAIM)
    left = candidates.group_by(REMIT_LINE).agg(
        candidates=pl.len(), numbers=pl.col("number_sent").sort().head(_NAMED)
    )
    return (
        answers.select(*REMIT_LINE, "claim_says", "undone", "contrary", "moved")
        .unique(REMIT_LINE, maintain_order=True)
        .join(alone, on=REMIT_LINE, how="left", maintain_order="left")
        .join(left, on=REMIT_LINE, how="left", maintain_order="left")
        .select(*REMIT_LINE, *CLAIM, says=_why_not())
    )


class _Ladder:
    """Pairs of answers and lines; what a rung has taken no later one sees."""

    def __init__(self, pairs: pl.DataFrame, key: Sequence[str]) -> None:
        """key: what tells remit lines apart."""
        self._left, self._key = pairs, key
        self._found: list[pl.DataFrame] = []

    def unanswered(self, answers: pl.DataFrame) -> pl.DataFrame:
        """The answers that no rung has taken."""
        return joined(answers, self.found(), self._key, "anti")

    def begin(self, pairs: pl.DataFrame) -> None:
        """Other pairs for what is left; lines taken in the same remit claim stay taken."""
        self._left = joined(pairs, self.found(), (*REMIT, *CLAIM_LINE), "anti")

    def open(self, condition: pl.Expr) -> pl.DataFrame:
        return self._left.filter(condition)

    def take(self, pairs: pl.DataFrame, tier: str, grade: str) -> None:
        if pairs.is_empty() and self._found:
            return  # as most rungs find it
        self._found.append(_chosen(pairs, tier, grade))
        taken = joined(self._left, pairs, self._key, "anti")
        self._left = joined(taken, pairs, (*REMIT, *CLAIM_LINE), "anti")

    def force(self, condition: pl.Expr, tier: str, grade: str) -> None:
        """Takes what has one choice, again and again, since each choice may leave another one."""
        for _ in range(_MOST_LINES):
            forced = _forced(self.open(condition))
            if forced.is_empty():
                return
            self.take(forced, tier, grade)

    def found(self) -> pl.DataFrame:
        return pl.concat(self._found)


def _answers(remits: Tables, answered: pl.DataFrame) -> pl.DataFrame:
    """Remit lines under the claims they answer, codes as the provider sent them."""
    is_revenue = pl.col("qualifier").eq_missing("NU")
    divided = remits["remarks"].filter(pl.col("remark") == SPLIT_REMARK).select(REMIT).unique()
    heads = answered.select(*REMIT, *CLAIM, claim_says="says").join(
        divided.with_columns(divided=True), on=REMIT, how="left"
    )
    return joined(remits["remit_lines"], heads, REMIT).select(
        *REMIT_LINE,
        *CLAIM,
        "claim_says",
        "line_control",
        "service_date",
        "service_date_to",
        "divided",
        near_control=plain("line_control"),
        number=pl.when(pl.col("line_control").str.contains(BARE)).then(
            pl.col("line_control").cast(pl.Int64, strict=False)
        ),
        procedure=pl.when(~is_revenue).then(pl.coalesce("original_procedure", "procedure")),
        changed=pl.col("original_procedure").is_not_null(),
        revenue=_four(pl.coalesce("revenue", pl.when(is_revenue).then(pl.col("procedure")))),
        charge_cents=pl.col("charge_cents").abs(),
        units=pl.coalesce("original_units", "units").abs(),
    )


def _sent(claims: Tables) -> pl.DataFrame:
    return claims["claim_lines"].select(
        "claim_offset",
        "line_offset",
        "line_control",
        "service_date",
        "service_date_to",
        "procedure",
        "charge_cents",
        "units",
        claim_file_id="file_id",
        near_control=plain("line_control"),
        number="line",
        revenue=_four(pl.col("revenue")),
    )


def _linked(answers: pl.DataFrame, sent: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Answers beside the lines that a person tied them to, whatever their days."""
    tied = answers.join(lines.select(*REMIT_LINE, *CLAIM_LINE), on=(*REMIT_LINE, *CLAIM))
    return _compared(tied.join(sent, on=CLAIM_LINE, suffix="_sent"))


def _free(answers: pl.DataFrame, words: ByHand) -> pl.DataFrame:
    """The answers that no person took off their line."""
    if words.loose.is_empty():
        return answers
    return answers.join(words.loose, on=(*REMIT_LINE, *CLAIM), how="anti", maintain_order="left")


def _undone(words: ByHand) -> pl.DataFrame:
    """REMIT_LINE, undone: lines that a person took off the line they were matched to."""
    return words.loose.select(*REMIT_LINE).unique().with_columns(undone=True)


def _paired(answers: pl.DataFrame, sent: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Answers beside lines of their claim that have these in common, never of another day."""
    return _beside(answers, sent, *by).filter(~_other_day())


def _beside(answers: pl.DataFrame, sent: pl.DataFrame, *by: str) -> pl.DataFrame:
    held = sent.with_columns(pl.col(name).alias(f"{name}_sent") for name in by)
    return _compared(answers.join(held, on=(*CLAIM, *by), suffix="_sent"))


def _numbered_otherwise(answers: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """Remit claims whose line numbers are the payer's own: one names a line of another day."""
    return _beside(answers, sent, "number").filter(_other_day()).select(REMIT).unique()


def _moved(answers: pl.DataFrame, sent: pl.DataFrame, answered: pl.DataFrame) -> pl.DataFrame:
    """Remit claims whose days are all those of their claim, so many days before or after.

    One that falls on a day that was sent is of another one all the same.
    """
    apart = answered.filter(pl.col("disagreed").list.contains("dates")).select(*REMIT, *CLAIM)
    if apart.is_empty():  # as nearly always
        return apart.select(REMIT)
    days = pl.col("service_date").drop_nulls().unique().sort()
    steps = (days - days.min()).dt.total_days().cast(pl.String).str.join(" ")
    theirs = answers.join(apart, on=(*REMIT, *CLAIM), how="semi").group_by(*REMIT, *CLAIM)
    ours = sent.join(apart, on=CLAIM, how="semi").group_by(CLAIM)
    return theirs.agg(steps=steps).join(ours.agg(steps=steps), on=(*CLAIM, "steps")).select(REMIT)


def _by_day(answers: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """Answers beside the lines of their day; where a day is unknown or several, all that may be it."""
    one_day = pl.coalesce("service_date_to", "service_date").eq_missing(pl.col("service_date")) & (
        pl.col("service_date").is_not_null()
    )
    plain_answers, plain_lines = answers.filter(one_day), sent.filter(one_day)
    parts = [
        _paired(plain_answers, plain_lines, "service_date"),
        _paired(answers.filter(~one_day), sent),
        _paired(plain_answers, sent.filter(~one_day)),
    ]
    return pl.concat(parts)


def _four(revenue: pl.Expr) -> pl.Expr:
    """A revenue code in four digits: 906 is 0906."""
    return revenue.str.strip_chars().str.zfill(4)


def _compared(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with every feature true, false or unknown."""
    same = {
        feature: pl.col(column) == pl.col(f"{column}_sent")
        for feature, column in (
            ("line_control", "line_control"),
            ("near_control", "near_control"),
            ("line_number", "number"),
            ("procedure", "procedure"),
            ("revenue", "revenue"),
            ("charge", "charge_cents"),
            ("units", "units"),
        )
    }
    first, last = pl.col("service_date"), pl.coalesce("service_date_to", "service_date")
    sent_first = pl.col("service_date_sent")
    sent_last = pl.coalesce("service_date_to_sent", "service_date_sent")
    inside = (first >= sent_first) & (first <= sent_last)
    # an answer over several days may speak of several lines
    covers = (first <= sent_first) & (last >= sent_last)
    return pairs.select(
        *REMIT_LINE,
        *CLAIM_LINE,
        "charge_cents",
        "charge_cents_sent",
        "units_sent",
        "number_sent",
        "changed",
        "divided",
        own_units="units",
        unnumbered=pl.col("line_control_sent").is_null(),
        dates=inside,
        covers=covers,
        spans=(last > first).fill_null(False),
        **same,
    )


def _other_day() -> pl.Expr:
    """The answer is of a day outside the line's: never its answer."""
    return ~(pl.col("dates").fill_null(True) | pl.col("covers").fill_null(True))


def _same_code() -> pl.Expr:
    """Procedure and revenue code do not contradict each other, and one of them is known."""
    procedure, revenue = pl.col("procedure"), pl.col("revenue")
    known = procedure.is_not_null() | revenue.is_not_null()
    return procedure.fill_null(True) & revenue.fill_null(True) & known


def _numbered_for_us() -> pl.Expr:
    """Undated, and sent without 6R: of a claim that the payer divided (MA15) it is the LX (RFI 1684)."""
    return pl.col("dates").is_null() & pl.col("unnumbered") & truth("divided")


def _alone(pairs: pl.DataFrame, side: Sequence[str]) -> pl.DataFrame:
    """Pairs whose one side stands in no other pair."""
    return pairs.filter(pl.len().over(side) == 1)


def _one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs that are the only choice from both sides, inside one remit claim."""
    only_answer = pl.len().over(REMIT_LINE) == 1
    only_line = pl.len().over(*REMIT, *CLAIM_LINE) == 1
    return pairs.filter(only_answer & only_line)


def _forced(pairs: pl.DataFrame) -> pl.DataFrame:
    """Answers with one possible line, where no other answer has that line alone too."""
    single = _alone(pairs, REMIT_LINE)
    return _alone(single, (*REMIT, *CLAIM_LINE))


def _parts(pairs: pl.DataFrame) -> pl.DataFrame:
    """Several answers that make up one line: charges and units allocated (RFI 467, 2283)."""
    alone = _alone(pairs.filter(truth("dates")), REMIT_LINE)
    line = (*REMIT, *CLAIM_LINE)
    charges = pl.col("charge_cents").sum().over(line) == pl.col("charge_cents_sent")
    units = pl.col("own_units").sum().over(line) == pl.col("units_sent")
    several = pl.len().over(line) > 1
    all_less = (pl.col("charge_cents") < pl.col("charge_cents_sent")).all().over(line)
    return alone.filter(several & charges & units.fill_null(True) & all_less)


def _unbundled(pairs: pl.DataFrame) -> pl.DataFrame:
    """Several answers under other codes for one line: the first has its charge, the rest none."""
    alone = _alone(pairs.filter(truth("dates") & pl.col("changed")), REMIT_LINE)
    line = (*REMIT, *CLAIM_LINE)
    full = pl.col("charge_cents") == pl.col("charge_cents_sent")
    one_full = full.sum().over(line) == 1
    rest_none = (full | (pl.col("charge_cents") == 0)).all().over(line)
    return alone.filter(pl.len().over(line) > 1, one_full & rest_none)


def _bundled(pairs: pl.DataFrame) -> pl.DataFrame:
    """One answer over several days for all lines of its codes in them, their charges summed."""
    covering = pairs.filter(pl.col("spans") & truth("covers"))
    # a column of its own: inside another window it would count in that window's rows only
    spread = covering.with_columns(shared=pl.len().over(*REMIT, *CLAIM_LINE) > 1)
    charges = pl.col("charge_cents_sent").sum().over(REMIT_LINE) == pl.col("charge_cents")
    units = pl.col("units_sent").sum().over(REMIT_LINE) == pl.col("own_units")
    several = pl.len().over(REMIT_LINE) > 1
    alone = ~pl.col("shared").any().over(REMIT_LINE)
    return spread.filter(several & charges & units.fill_null(True) & alone)


def _chosen(pairs: pl.DataFrame, tier: str, grade: str) -> pl.DataFrame:
    return with_agreement(pairs, _FEATURES).select(
        *REMIT_LINE,
        *CLAIM_LINE,
        "agreed",
        "disagreed",
        tier=pl.lit(tier),
        grade=pl.lit(grade),
    )


def _why_not() -> pl.Expr:
    """Why a remit line has no claim line."""
    numbers = pl.col("numbers").cast(pl.List(pl.String)).list.join(", ")
    further = pl.col("candidates") > _NAMED
    more = pl.when(further).then(pl.lit(" and others")).otherwise(pl.lit(""))
    return (
        pl.when(pl.col("claim_offset").is_null() & pl.col("claim_says").is_not_null())
        .then(composed("its claim is not matched: {}", "claim_says"))
        .when("undone")
        .then(pl.lit("a person undid its match"))
        .when("contrary")
        .then(pl.lit("its line control number is that of a line of another day"))
        .when("moved")
        .then(pl.lit("the days answered are those of the claim, all moved alike"))
        .when(pl.col("candidates") > 0)
        .then(composed("ambiguous: lines of the claim that agree alike: {}{}", numbers, more))
        .otherwise(pl.lit("no line of the claim has its day"))
    )
