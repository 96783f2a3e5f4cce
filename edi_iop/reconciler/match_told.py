"""What is said of a match: how well its pair agrees, what came second, what an answer without one may be."""

from __future__ import annotations

from functools import cache

import polars as pl

from edi_iop.reconciler.features import truth, with_agreement
from edi_iop.reconciler.match_pairs import (
    FEATURES,
    agreeing,
    of_another_person,
    possible,
    relative,
    sound,
)
from edi_iop.reconciler.match_sides import CLAIM, KEY
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.texts import composed

_WEIGHTS = {
    "number": 6,
    "line_control": 6,
    "payer_claim_number": 4,
    "member": 4,
    "patient": 3,
    "charge": 3,
    "dates": 3,
    "payee": 1,
    "payer": 1,
    "bill_type": 1,
}
"""Only to rank candidates: no match rests on them."""
_PROPOSED = 3
_SCORED = 4
"""Decimals of a score."""


@cache
def score() -> pl.Expr:
    """Weights of what agrees less half of what does not, as a part of all weights."""
    total = sum(_WEIGHTS.values())
    points = pl.sum_horizontal(
        pl.when(pl.col(name))
        .then(pl.lit(float(weight)))
        .when(~pl.col(name))
        .then(pl.lit(-weight / 2))
        .otherwise(0.0)
        for name, weight in _WEIGHTS.items()
    )
    return (pl.max_horizontal(points, pl.lit(0.0)) / total).round(_SCORED)


def pooled(chosen: pl.DataFrame, **tiers: pl.DataFrame) -> pl.DataFrame:
    """Every pair that some tier looked at and that was not chosen, under the first tier that did."""
    parts = [
        _looked_at(pairs.join(chosen, on=(*KEY, *CLAIM), how="anti"), tier)
        for tier, pairs in tiers.items()
    ]
    return pl.concat(parts).unique([*KEY, *CLAIM], keep="first", maintain_order=True)


@once_of_nothing
def _looked_at(pairs: pl.DataFrame, tier: str) -> pl.DataFrame:
    """The pairs that a tier looked at, with how well they agree."""
    return with_agreement(pairs, FEATURES).select(
        *KEY,
        *CLAIM,
        "sent_number",
        "agreed",
        "disagreed",
        tier=pl.lit(tier),
        score=score(),
        able=possible() | (of_another_person() & (truth("number") | truth("line_control"))),
    )


def with_runner_up(matched: pl.DataFrame, pool: pl.DataFrame) -> pl.DataFrame:
    """Beside each match the best other candidate that was looked at, and by how much it is behind.

    Of several that are behind alike the one of the earliest tier, then of the earliest claim.
    """
    order = [*KEY, "score", "tier", *CLAIM]
    best = (
        pool.sort(order, descending=[False, False, True, False, False, False])
        .group_by(KEY, maintain_order=True)
        .agg(runner_up=pl.col("sent_number").first(), behind=pl.col("score").first())
    )
    return matched.join(best, on=KEY, how="left").with_columns(
        margin=(pl.col("score") - pl.col("behind")).round(_SCORED)
    )


def proposals(pool: pl.DataFrame, matched: pl.DataFrame) -> pl.DataFrame:
    """The best candidates of each answer without a match; one of another payee or other days is
    none, one of another patient only where its number came back, or its line control numbers."""
    free = pool.filter("able").join(matched, on=KEY, how="anti")
    order = [*KEY, "score", *CLAIM]
    ranked = free.sort(order, descending=[False, False, True, False, False]).with_columns(
        rank=pl.int_range(1, pl.len() + 1).over(KEY), claim="sent_number"
    )
    return ranked.filter(pl.col("rank") <= _PROPOSED)


@once_of_nothing
def seen(named: pl.DataFrame) -> pl.DataFrame:
    """What stood in the way, over all claims of the number."""
    return named.group_by(KEY).agg(
        sent_under=pl.len(),
        sound=sound().sum(),
        agreeing=(sound() & agreeing()).sum(),
        partly=(sound() & (truth("charge") | truth("dates"))).sum(),
        over=(sound() & truth("dates") & truth("over") & ~truth("charge")).any(),
        other_payee=(~pl.col("payee").fill_null(True)).any(),
        other_person=(of_another_person() | relative()).any(),
        other_payer=(possible() & truth("other_payer")).any(),
    )


@cache
def why_not() -> pl.Expr:
    """Why an answer has no claim."""
    number = pl.col("number")
    return (
        pl.when("clash")
        .then(pl.lit("its claim number names one claim, its line control numbers another"))
        .when(number.is_null())
        .then(pl.lit("the payer returned no claim number"))
        .when(pl.col("sent_under").is_null() & pl.col("undone").fill_null(False))
        .then(pl.lit("a person undid its match, and no other claim was sent under its number"))
        .when(pl.col("sent_under").is_null())
        .then(composed("no claim was sent under number {}", number.fill_null("")))
        .when((pl.col("sound") == 0) & pl.col("other_payee"))
        .then(pl.lit("the payment is to another payee than the claim's billing provider"))
        .when((pl.col("sound") == 0) & pl.col("other_payer"))
        .then(
            pl.lit("the claim of that number was sent to another payer than the one that answers")
        )
        .when((pl.col("sound") == 0) & pl.col("other_person"))
        .then(pl.lit("the claim of that number is another patient's"))
        .when(pl.col("sound") == 0)
        .then(pl.lit("its dates of service lie outside the claim of that number"))
        .when(pl.col("partly") == 0)
        .then(pl.lit("neither charge nor dates agree with the claim of that number"))
        .when((pl.col("partly") == 1) & pl.col("over"))
        .then(
            pl.lit("it charges more than the claim of that number: it answers something else too")
        )
        .when(pl.col("agreeing") == 0)
        .then(pl.lit("too much of it disagrees with the claim of that number"))
        .when(pl.col("agreeing") == 1)
        .then(pl.lit("another claim of that member fits as well as the one of that number"))
        .otherwise(composed("{} claims sent under that number agree alike", pl.col("agreeing")))
    )
