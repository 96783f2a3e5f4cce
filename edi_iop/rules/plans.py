"""Plans of care and weekly add-ons: what a physician certifies, what a week must hold."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.caps import over_in_any_week
from edi_iop.rules.case import Case, found, nothing, plain, references
from edi_iop.rules.days import ATTENDED
from edi_iop.texts import composed

_WEEK_DAYS = 7


def uncertified(case: Case) -> pl.DataFrame:
    """No plan of care in force that certifies the weekly hours (DUR-06)."""
    rule = case.policy.plan_of_care
    if not rule.required or "plans" not in case.kept:
        return nothing()
    plans = (
        case.encounters.filter(pl.col("plan_certified_on").is_not_null())
        .select("client_id", "plan_certified_on", "plan_hours")
        .unique()
        .sort("plan_certified_on", "plan_hours")
    )
    lines = (
        case.iop.filter(pl.col("client_id").is_not_null())
        .sort("service_date")
        .join_asof(
            plans,
            left_on="service_date",
            right_on="plan_certified_on",
            by="client_id",
            strategy="backward",
            check_sortedness=False,
        )
    )
    none = pl.col("plan_certified_on").is_null()
    few = (pl.col("plan_hours") < rule.min_week_hours).fill_null(rule.min_week_hours > 0)
    age = (pl.col("service_date") - pl.col("plan_certified_on")).dt.total_days()
    old = age > pl.lit(rule.recertify_days, pl.Int64)
    certified_on = pl.col("plan_certified_on").cast(pl.String)
    why = (
        pl.when(none)
        .then(pl.lit("no plan of care is certified for the date"))
        .when(few)
        .then(
            composed(
                "the plan certified on {} names {} hours a week, {} needed",
                certified_on,
                plain("plan_hours").fill_null("no"),
                pl.lit(f"{rule.min_week_hours:g}"),
            )
        )
        .otherwise(composed("the certification of {} has run out", certified_on))
    )
    broken = lines.filter(none | few | old.fill_null(False))
    return found(broken, composed("{}: {}", "date", why), pl.concat_list("ref"))


def weekly_add_on(case: Case) -> pl.DataFrame:
    """The weekly add-on twice in seven days, or without its services (DUR-07)."""
    lines = case.lines.filter(
        pl.col("procedure").is_in(case.policy.otp.procedures), pl.col("service_date").is_not_null()
    )
    if lines.is_empty():
        return nothing()
    again = over_in_any_week(
        lines.with_columns(counts=pl.col("standing") != "denied", amount=pl.lit(1.0)), 1
    )
    twice = composed("{}: the weekly add-on was billed before in seven days", "date")
    few = _short_of_services(case, lines.join(again, on="row", how="anti"))
    least = pl.lit(case.policy.otp.min_services)
    says = composed("{}: {} services in seven days, {} needed", "date", "services", least)
    return pl.concat(
        [
            found(again, twice, pl.concat_list("ref"), surplus=pl.lit(True)),
            found(few, says, references("encounter", pl.col("given"))),
        ]
    )


def _short_of_services(case: Case, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines around which no seven days in a row hold enough services, with those of the days around.

    Only where our records cover the client at the time.
    """
    given = case.encounters.filter(pl.col("attendance").is_in(ATTENDED)).select(
        "client_id", "source_record_id", given_on="service_date"
    )
    away = (pl.col("given_on") - pl.col("service_date")).dt.total_days()
    windows = [
        away.is_between(-first, _WEEK_DAYS - 1 - first).sum().alias(f"from_{first}")
        for first in range(_WEEK_DAYS)
    ]
    around = (
        lines.join(given, on="client_id")
        .filter(away.is_between(1 - _WEEK_DAYS, _WEEK_DAYS - 1))
        .group_by("row")
        .agg(*windows, given=pl.col("source_record_id").sort())
        .select("row", "given", services=pl.max_horizontal("^from_.$"))
    )
    return (
        lines.filter(pl.col("minutes").is_not_null())
        .join(around, on="row", how="left")
        .with_columns(pl.col("services").fill_null(0), pl.col("given").fill_null([]))
        .filter(pl.col("services") < case.policy.otp.min_services)
    )
