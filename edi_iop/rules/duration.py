"""Minutes of a day and of a week: two tests that must not be merged."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found, references
from edi_iop.rules.days import ATTENDED
from edi_iop.rules.weeks import WEEK, lines_by_week
from edi_iop.texts import composed


def short_day(case: Case) -> pl.DataFrame:
    """A day attended for less than the payer's minimum, signed or not (DUR-01).

    Only where our records cover the client at the time; a client without any
    record of the month is not judged.
    """
    short = case.iop.filter(pl.col("unsigned_minutes") < pl.col("min_day_minutes"))
    parts = case.policy.duration.short_day == "components"
    says = composed(
        "{}: {} minutes attended, {} needed{}",
        "date",
        pl.min_horizontal("minutes", "unsigned_minutes"),
        "min_day_minutes",
        pl.lit("; this payer takes the day's services one by one" if parts else ""),
    )
    of_date = case.encounters.group_by("client_id", "service_date").agg(
        of_date=pl.col("source_record_id").sort()
    )
    beside = short.join(of_date, on=["client_id", "service_date"], how="left")
    return found(beside, says, references("encounter", pl.col("of_date").fill_null([])))


def unsigned_day(case: Case) -> pl.DataFrame:
    """A day that is long enough, or has the units billed, only once its notes are signed (DOC-01).

    A service billed by itself asks for no length: of its day any note must be signed. Of what
    was sent beside the days only the services that the payer takes one by one are known to be such.
    """
    apart = [one.procedure for one in case.policy.billing.components.values()]
    by_itself = (pl.col("standing") == "proposed") | pl.col("procedure").is_in(apart)
    timed = (pl.col("units") * pl.col("minutes_per_unit")).cast(pl.Int64)
    whole = pl.col("iop") & ~pl.col("component")
    needed = pl.when(whole).then(pl.max_horizontal("min_day_minutes", timed)).otherwise(1)
    held = case.lines.with_columns(needed=needed).filter(
        pl.col("iop") | by_itself.fill_null(False),
        pl.col("minutes") < pl.col("needed"),
        pl.col("needed") <= pl.col("unsigned_minutes"),
    )
    says = composed(
        "{}: {} of {} attended minutes are signed, {} needed",
        "date",
        "minutes",
        "unsigned_minutes",
        "needed",
    )
    return found(held, says, references("encounter", pl.col("attended")))


def short_week(case: Case) -> pl.DataFrame:
    """A week of the program below its weekly hours, transition weeks aside (DUR-02).

    Every line of the week is named: the fault is the week's.
    """
    few = case.weeks.filter("mid_episode", "whole", pl.col("week_minutes") < pl.col("needed"))
    says = composed("week of {}: {} minutes, {} needed", "week", "week_minutes", "needed")
    return _of_week(case, few, says)


def few_days(case: Case) -> pl.DataFrame:
    """A week of the program on fewer days than it asks for (DUR-03)."""
    least = pl.lit(case.policy.duration.min_week_days, pl.Int64)
    few = case.weeks.filter("mid_episode", "whole", pl.col("week_days") < least)
    says = composed("week of {}: {} days, {} needed", "week", "week_days", least)
    return _of_week(case, few, says)


def long_week(case: Case) -> pl.DataFrame:
    """A week with more hours than an intensive outpatient program's (DUR-04)."""
    most = pl.lit(case.policy.duration.max_week_minutes, pl.Int64)
    long = case.weeks.filter(pl.col("week_minutes") > most)
    says = composed("week of {}: {} minutes, {} at most", "week", "week_minutes", most)
    return _of_week(case, long, says)


def large_group(case: Case) -> pl.DataFrame:
    """A day with a group session of more clients than the payer's most (DUR-08).

    A session is what one staff member led from one time on at one place; where a record
    names no leader or no start, nothing is known of its size. The clients are those of our
    own records, whoever pays for them: there may have been more.
    """
    most = case.policy.duration.max_group_clients
    session = ["service_date", "start_time", "rendering_npi", "facility_npi"]
    known = pl.all_horizontal(pl.col("start_time", "rendering_npi").is_not_null())
    groups = case.encounters.filter(
        pl.lit(most is not None),
        known,
        pl.col("service_type") == "group",
        pl.col("attendance").is_in(ATTENDED),
    )
    large = (
        groups.with_columns(clients=pl.col("client_id").n_unique().over(session))
        .filter(pl.col("clients") > pl.lit(most, pl.Int64))
        .group_by("client_id", "service_date")
        .agg(pl.col("clients").max(), sessions=pl.col("source_record_id").sort())
    )
    lines = case.iop.join(large, on=["client_id", "service_date"])
    says = composed(
        "{}: a group of {} clients, {} at most", "date", "clients", pl.lit(most, pl.Int64)
    )
    return found(lines, says, references("encounter", pl.col("sessions")))


def _of_week(case: Case, weeks: pl.DataFrame, says: pl.Expr) -> pl.DataFrame:
    """All IOP lines of these weeks."""
    lines = lines_by_week(case).join(weeks, on=WEEK)
    return found(lines, says, references("encounter", pl.col("week_encounters")))
