"""The chance that a denial is paid in the end, out of what became of earlier ones.

A Beta-binomial estimate shrunken twice: all denials toward a prior, those of one
reason toward all, those of one payer and reason toward that reason. With little
history it stays near what is known more widely; it says how many denials it rests on.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from edi_iop.reconciler.answers import CLAIM, SENT_LINE
from edi_iop.reconciler.denials import SERVICE, person
from edi_iop.reconciler.lists import listed
from edi_iop.tables import REFUSALS
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.tables.numbers import joined
from edi_iop.texts import composed

_WHAT = ("payer_id", "person", "service_date", "procedure")
_SCHEMA = {"payer": pl.String, "carc": pl.String, "won": pl.Int64, "settled": pl.Int64}
TOLD = ("payer", "carc", "payment_date", "won", "again")
"""What of tables.REFUSALS a history is counted by."""
RANKS = ("chance", "chance_n", "chance_basis")


def ranking(name: str) -> float:
    """A number of maps/reconciler/ranking.csv."""
    rows = listed("ranking")
    return float(rows.filter(pl.col("name") == name)["value"][0])


@once_of_nothing
def refusals(
    told: pl.DataFrame, about: pl.DataFrame, last: pl.DataFrame, lines: pl.DataFrame
) -> pl.DataFrame:
    """tables.REFUSALS: what became of every denial there was, by answered claim and reason.

    told: every denial there was, open or not (denial, CLAIM, payment_date, payer, carc). about:
    denial and its lines sent. Won: the service was paid by a later answer, to this
    claim or to one in its place. Again: denied once more.
    """
    services = about.select(
        "denial", *SENT_LINE, "payer_id", "service_date", "procedure", person=person()
    )
    dated = services.join(told.select("denial", "payment_date", "carc"), on="denial")
    paid = _paid(services, last, lines)
    later = pl.col("paid_on") > pl.col("payment_date")
    won = dated.join(paid, on=_WHAT).filter(later).select("denial").unique()
    # of a line without a member nobody knows whose it is: no other one is the same service
    again = dated.filter(
        pl.col("person").is_not_null(),
        (pl.col("payment_date").max().over(_WHAT) > pl.col("payment_date")).fill_null(False),
    )
    known = told.with_columns(won=_among(won), again=_among(again))
    return REFUSALS.conform(
        known.group_by(*CLAIM, "payer", "carc").agg(
            pl.col("payment_date").min(), pl.col("won", "again").any()
        )
    )


def history(known: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """payer, carc, won, settled: denials that were decided by a date, counted by answered claim.

    known: TOLD of tables.REFUSALS. Lost: denied again, or unpaid after settled_days.
    """
    old = pl.col("payment_date") <= pl.lit(as_of - timedelta(days=ranking("settled_days")))
    settled = pl.col("won") | pl.col("again") | old.fill_null(False)
    return (
        known.group_by("payer", "carc")
        .agg(pl.col("won").sum(), settled=settled.sum())
        .select(pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items())
        .filter(pl.col("settled") > 0)
    )


def _among(denials: pl.DataFrame) -> pl.Expr:
    return pl.col("denial").is_in(denials["denial"].unique().implode())


def _paid(services: pl.DataFrame, last: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """_WHAT and paid_on: when the denied services were paid last, on whatever claim."""
    own = (
        lines.select(SERVICE)
        .with_columns(person=person())
        .join(services.select(_WHAT).unique(), on=_WHAT, how="semi")
        .select(*_WHAT, "line_offset", claim_file_id="file_id")
    )
    answers = last.filter(~pl.col("reversal"), pl.col("paid_cents") > 0)
    paid = joined(own, answers.select(*SENT_LINE, "payment_date"), SENT_LINE)
    return paid.group_by(_WHAT).agg(paid_on=pl.col("payment_date").max())


def with_chance(denied: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The denials with chance (0 to 1), chance_n and chance_basis, by payer and carc.

    known: of history. chance_n counts the decided denials of this payer and reason.
    """
    won, settled = int(known["won"].sum()), int(known["settled"].sum())
    prior = ranking("prior_won"), ranking("prior_lost")
    anywhere = (prior[0] + won) / (sum(prior) + settled)
    reasons = known.group_by("carc").agg(
        reason_won=pl.col("won").sum(), reason_n=pl.col("settled").sum()
    )
    own = known.rename({"won": "payer_won", "settled": "payer_n"})
    counts = pl.col("payer_won", "payer_n", "reason_won", "reason_n").fill_null(0)
    counted = (
        denied.drop(RANKS, strict=False)
        .join(reasons, on="carc", how="left", nulls_equal=True)
        .join(own, on=("payer", "carc"), how="left", nulls_equal=True)
        .with_columns(counts)
    )
    of_reason = _shrunken("reason", pl.lit(anywhere), ranking("reason_weight"))
    of_payer = _shrunken("payer", of_reason, ranking("payer_weight"))
    basis = composed(
        "paid later: {} of {} of this payer and reason, {} of {} of this reason, {} of {} in all",
        "payer_won", "payer_n", "reason_won", "reason_n", pl.lit(won), pl.lit(settled),
    )  # fmt: skip
    nothing = pl.lit("no denial was decided yet")
    return counted.with_columns(
        chance=of_payer.round(2),
        chance_n=pl.col("payer_n"),
        chance_basis=basis if settled else nothing,
    )


def _shrunken(level: str, wider: pl.Expr, weight: float) -> pl.Expr:
    """The mean of the Beta posterior whose prior is the wider estimate, worth `weight` denials."""
    return (weight * wider + pl.col(f"{level}_won")) / (weight + pl.col(f"{level}_n"))
