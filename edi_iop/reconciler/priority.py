"""In which order to work denials: what there is to recover, times the chance, times how soon it lapses."""

from __future__ import annotations

from datetime import date

import polars as pl

from edi_iop.reconciler.beside import surplus
from edi_iop.reconciler.chances import history, ranking, with_chance
from edi_iop.reconciler.remedies import SHORT_DAY
from edi_iop.reconciler.shortfall import agreed

_NOTHING_FROM_THE_PAYER = ("write off", "nothing", "bill patient")


class Ranks:
    """How verdicts are ranked, all at once or so many at a time: by all that became of denials until a date.

    refusals: tables.REFUSALS (chances.TOLD).
    """

    def __init__(self, refusals: pl.DataFrame, as_of: date) -> None:
        self._known, self._as_of = history(refusals, as_of), as_of

    def ranked(self, verdicts: pl.DataFrame) -> pl.DataFrame:
        """The verdicts (tables.VERDICTS) with their chance and priority."""
        return prioritized(with_chance(verdicts, self._known), self._as_of)


def prioritized(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The verdicts with priority: recoverable cents times the chance times the urgency (0 to 1).

    rows: recoverable_cents, chance, deadline, deadline_source. Null where the worth is not known.
    """
    urged = pl.col("recoverable_cents") * pl.col("chance") * _urgency(as_of)
    return rows.with_columns(priority=urged.round().cast(pl.Int64))


def recoverable() -> pl.Expr:
    """The contract's amount less what was received or is due to nobody; nothing for a day that is paid.

    Of kind, expected_cents, received_cents, agreed_cents, disposition, verdict, rule, surplus,
    to_keep, rule_remedy, beside_stands and beside_cents; null where the contract rate is not known.

    Of two days of a date one is payable: a surplus line recovers nothing, and where the
    payer paid the surplus one, the other recovers what it is worth more; where it paid none,
    all of it is to be had for the one to keep. What another payer will owe no rate of this
    one tells.
    """
    gap = pl.col("expected_cents") - pl.col("received_cents") - agreed()
    right = (pl.col("verdict") == "confirmed").fill_null(False)
    doubled = right & pl.col("rule").str.starts_with("DUP")
    beside = pl.when(doubled).then("beside_cents").fill_null(0)
    unpaid = doubled & pl.col("beside_stands").is_in(["denied", "taken back"]).fill_null(False)
    taken_back = right & ~doubled & pl.col("rule_remedy").eq_missing("void_8")
    # what the services of a short day are paid no rate of the day tells
    by_service = right & (pl.col("rule") == SHORT_DAY)
    idle = pl.col("disposition").is_in(_NOTHING_FROM_THE_PAYER)
    nothing = idle | surplus() | unpaid | taken_back
    return (
        pl.when(nothing)
        .then(0)
        .when((pl.col("disposition") == "bill next payer") | by_service)
        .then(None)
        .otherwise((gap - beside).clip(lower_bound=0))
    )


def _urgency(as_of: date) -> pl.Expr:
    """1 where the window closes within urgent_days, falling to far_weight at far_days."""
    left = (pl.col("deadline") - pl.lit(as_of)).dt.total_days()
    soon, far, floor = ranking("urgent_days"), ranking("far_days"), ranking("far_weight")
    share = ((left - soon) / (far - soon)).clip(0, 1)
    unset = pl.col("deadline_source").str.starts_with("unknown")
    return (
        pl.when(left < 0)
        .then(ranking("lapsed_weight"))
        .when(left.is_not_null())
        .then(1 - share * (1 - floor))
        .when(unset)
        .then(ranking("unknown_weight"))
        .otherwise(floor)
    )
