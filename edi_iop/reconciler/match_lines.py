"""Remit lines to claim lines (835 loop 2110 to 837 loop 2400): by 6R, then by the day."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from edi_iop.reconciler.features import agreement, truth
from edi_iop.reconciler.given import Tables

REMIT = ("file_id", "remit_claim_offset")
REMIT_LINE = (*REMIT, "remit_line_offset")
CLAIM = ("claim_file_id", "claim_offset")
CLAIM_LINE = (*CLAIM, "line_offset")
_FEATURES = ("line_control", "dates", "procedure", "revenue", "charge", "units")


def match_lines(remits: Tables, claims: Tables, answered: pl.DataFrame) -> pl.DataFrame:
    """Every remit line with the line it answers, or with why it has none.

    answered: remit claims with the claim they were matched to (match_claims).
    """
    answers, sent = _answers(remits, answered), _sent(claims)
    pairs = _compared(answers.join(sent, on=CLAIM, suffix="_sent"))
    # a split line comes back several times under one 6R: all parts belong to the line
    controlled = _alone(pairs.filter(truth("line_control") & ~_other_day()), REMIT_LINE)
    open_pairs = _open(pairs, controlled).filter(~_other_day())
    coded = _one_to_one(open_pairs.filter(_same_code() & truth("charge")))
    dated = _one_to_one(_open(open_pairs, coded).filter(truth("dates")))
    found = pl.concat(
        [
            _chosen(controlled, "6R", "certain"),
            _chosen(coded, "day", "certain"),
            _chosen(dated, "day", "strong"),
        ]
    )
    left = open_pairs.group_by(REMIT_LINE).agg(candidates=pl.len())
    return (
        answers.select(*REMIT_LINE, *CLAIM, "claim_says")
        .join(found, on=REMIT_LINE, how="left")
        .join(left, on=REMIT_LINE, how="left")
        .with_columns(says=pl.when(pl.col("tier").is_null()).then(_why_not()))
    )


def _answers(remits: Tables, answered: pl.DataFrame) -> pl.DataFrame:
    """Remit lines under the claim they answer, codes as the provider sent them."""
    is_revenue = pl.col("qualifier").eq_missing("NU")
    return (
        remits["remit_lines"]
        .join(answered.select(*REMIT, *CLAIM, claim_says="says"), on=REMIT)
        .select(
            *REMIT_LINE,
            *CLAIM,
            "claim_says",
            "line_control",
            "service_date",
            procedure=pl.when(~is_revenue).then(pl.coalesce("original_procedure", "procedure")),
            revenue=_four(pl.coalesce("revenue", pl.when(is_revenue).then(pl.col("procedure")))),
            charge_cents=pl.col("charge_cents").abs(),
            units=pl.coalesce("original_units", "units").abs(),
        )
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
        revenue=_four(pl.col("revenue")),
    )


def _four(revenue: pl.Expr) -> pl.Expr:
    """A revenue code in four digits: 906 is 0906."""
    return revenue.str.strip_chars().str.zfill(4)


def _compared(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with every feature true, false or unknown."""
    last = pl.coalesce("service_date_to", "service_date_sent")
    same = {
        feature: pl.col(column) == pl.col(f"{column}_sent")
        for feature, column in (
            ("line_control", "line_control"),
            ("procedure", "procedure"),
            ("revenue", "revenue"),
            ("charge", "charge_cents"),
            ("units", "units"),
        )
    }
    dates = (pl.col("service_date") >= pl.col("service_date_sent")) & (
        pl.col("service_date") <= last
    )
    return pairs.select(*REMIT_LINE, *CLAIM_LINE, dates=dates, **same)


def _other_day() -> pl.Expr:
    """The answer is of a day outside the line's: never its answer."""
    return ~pl.col("dates").fill_null(True)


def _same_code() -> pl.Expr:
    """Procedure and revenue code do not contradict each other, and one of them is known."""
    procedure, revenue = pl.col("procedure"), pl.col("revenue")
    known = procedure.is_not_null() | revenue.is_not_null()
    return procedure.fill_null(True) & revenue.fill_null(True) & known


def _alone(pairs: pl.DataFrame, side: Sequence[str]) -> pl.DataFrame:
    """Pairs whose one side stands in no other pair."""
    return pairs.filter(pl.len().over(side) == 1)


def _one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs that are the only choice from both sides, inside one remit claim."""
    only_answer = pl.len().over(REMIT_LINE) == 1
    only_line = pl.len().over(*REMIT, *CLAIM_LINE) == 1
    return pairs.filter(only_answer & only_line)


def _open(pairs: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Pairs of which neither side is taken in the same remit claim."""
    without_answers = pairs.join(taken, on=REMIT_LINE, how="anti")
    return without_answers.join(taken, on=(*REMIT, *CLAIM_LINE), how="anti")


def _chosen(pairs: pl.DataFrame, tier: str, grade: str) -> pl.DataFrame:
    return pairs.select(
        *REMIT_LINE,
        "line_offset",
        tier=pl.lit(tier),
        grade=pl.lit(grade),
        agreed=agreement(_FEATURES, True),
        disagreed=agreement(_FEATURES, False),
    )


def _why_not() -> pl.Expr:
    """Why a remit line has no claim line."""
    return (
        pl.when(pl.col("claim_offset").is_null())
        .then(pl.format("its claim is not matched: {}", "claim_says"))
        .when(pl.col("candidates") > 0)
        .then(pl.format("ambiguous: {} line(s) of the claim agree alike", pl.col("candidates")))
        .otherwise(pl.lit("no line of the claim has its day"))
    )
