"""Minutes of a day and of a week: two tests that must not be merged."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found, references
from edi_iop.rules.covering import LEVEL
from edi_iop.rules.policy import Duration

_WEEK = ["client_id", "week"]


def short_day(case: Case) -> pl.DataFrame:
    """A day attended for less than the payer's minimum, signed or not (DUR-01).

    Only where our records cover the client at the time; a client without any
    record of the month is not judged.
    """
    short = case.iop.filter(pl.col("unsigned_minutes") < pl.col("min_day_minutes"))
    says = pl.format(
        "{}: {} minutes attended, {} needed",
        "date",
        pl.min_horizontal("minutes", "unsigned_minutes"),
        "min_day_minutes",
    )
    of_date = case.encounters.group_by("client_id", "service_date").agg(
        of_date=pl.col("source_record_id").sort()
    )
    beside = short.join(of_date, on=["client_id", "service_date"], how="left")
    return found(beside, says, references("encounter", pl.col("of_date").fill_null([])))


def unsigned_day(case: Case) -> pl.DataFrame:
    """A day that is long enough, or has the units billed, only once its notes are signed (DOC-01)."""
    needed = pl.max_horizontal(
        "min_day_minutes", (pl.col("units") * pl.col("minutes_per_unit")).cast(pl.Int64)
    )
    held = case.iop.with_columns(needed=needed).filter(
        pl.col("minutes") < pl.col("needed"), pl.col("needed") <= pl.col("unsigned_minutes")
    )
    says = pl.format(
        "{}: {} of {} attended minutes are signed, {} needed",
        "date",
        "minutes",
        "unsigned_minutes",
        "needed",
    )
    return found(held, says, references("encounter", pl.col("attended")))


def short_week(case: Case) -> pl.DataFrame:
    """A week of the program below its weekly hours, transition weeks aside (DUR-02).

    Every line of the week is named: the fault is the week's. A day that is
    itself too short (DUR-01) counts as a full one here.
    """
    rule = case.policy.duration
    weeks = _weeks(case).filter(pl.col("week_minutes") < pl.col("needed"))
    lines = case.iop.with_columns(week=_week(rule)).join(weeks, on=_WEEK)
    says = pl.format("week of {}: {} minutes, {} needed", "week", "week_minutes", "needed")
    return found(lines, says, references("encounter", pl.col("week_encounters")))


def _weeks(case: Case) -> pl.DataFrame:
    """Finished weeks of each client in mid-episode: minutes attended and minutes needed."""
    rule = case.policy.duration
    days = _program_days(case).with_columns(week=_week(rule))
    born = days.group_by("client_id").agg(pl.col("birth_date").drop_nulls().first())
    recorded = case.encounters.group_by("client_id").agg(
        first_record=pl.col("service_date").min(), last_record=pl.col("service_date").max()
    )
    return (
        days.group_by(_WEEK)
        .agg(
            week_minutes=pl.col("counted").sum(),
            week_encounters=pl.col("encounters").explode(empty_as_null=True).drop_nulls().sort(),
            admitted=pl.col("admitted").min(),
            discharged=pl.col("discharged").max(),
        )
        .join(born, on="client_id")
        .join(recorded, on="client_id")
        .with_columns(needed=_needed(rule))
        .filter(_in_mid_episode(rule), _within_records(case))
    )


def _program_days(case: Case) -> pl.DataFrame:
    """Attended IOP days with their counted minutes, and the span of their episode."""
    episode = ["client_id", "episode_id"]
    days = case.days.filter(pl.col("level_of_care") == LEVEL).with_columns(
        counted="unsigned_minutes",
        admitted=pl.coalesce(pl.col("admit_date").min(), pl.col("service_date").min()).over(
            episode
        ),
        discharged=pl.col("discharge_date").max().over(episode),
    )
    short = case.iop.filter(pl.col("row").is_in(case.rows_of("DUR-01").implode()))
    full = short.unique(["client_id", "service_date"]).select(
        "client_id", "service_date", counted="min_day_minutes", encounters="attended"
    )
    rest = days.join(full, on=["client_id", "service_date"], how="anti")
    return pl.concat([rest, full], how="diagonal_relaxed")


def _week(rule: Duration) -> pl.Expr:
    """First day of the payer's week."""
    weekday = pl.col("service_date").dt.weekday()  # Monday is 1
    into_week = weekday % 7 if rule.week_start == "sunday" else weekday - 1
    return pl.col("service_date") - pl.duration(days=into_week)


def _needed(rule: Duration) -> pl.Expr:
    """Minutes a week asks for; by the lower bar where the age is not known."""
    adult_on = pl.col("birth_date").dt.offset_by(f"{rule.adult_age}y")
    return (
        pl.when(adult_on <= pl.col("week"))
        .then(rule.min_week_minutes_adult)
        .otherwise(rule.min_week_minutes_adolescent)
    )


def _in_mid_episode(rule: Duration) -> pl.Expr:
    """Neither a partial week at an end of the episode, nor one of the transition weeks there."""
    transition = pl.duration(weeks=rule.transition_weeks)
    begun = pl.col("week") >= pl.col("admitted")
    arriving = pl.col("week") - transition <= pl.col("admitted") - pl.duration(weeks=1)
    ended = pl.col("week") + pl.duration(days=6) > pl.col("discharged")
    leaving = pl.col("week") + transition > pl.col("discharged")
    return begun & ~arriving & ~(ended | leaving).fill_null(False)


def _within_records(case: Case) -> pl.Expr:
    """Finished weeks that the client's own records cover from the first day to the last.

    The week of the last record may be the last of an episode not yet closed.
    """
    last_day = pl.col("week") + pl.duration(days=6)
    covered = (pl.col("first_record") <= pl.col("week")) & (last_day <= pl.col("last_record"))
    return covered & (last_day < case.as_of)
