"""The payer's week, and what a client attended in each.

Weeks begin on Sunday or Monday, or are each client's own seven days from admission.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from edi_iop.rules.covering import LEVEL
from edi_iop.rules.parameters import Duration

if TYPE_CHECKING:  # a case keeps its weeks, so that the rules about them count once
    from edi_iop.rules.case import Case

WEEK = ["client_id", "week"]
_DAY = ["client_id", "service_date"]


def lines_by_week(case: Case) -> pl.DataFrame:
    """The case's IOP lines with `week`, the first day of the payer's week."""
    rule = case.policy.duration
    if rule.week_start != "rolling":
        return case.iop.with_columns(week=first_day(rule))
    own = program_days(case).select(*_DAY, "admitted").unique(_DAY)
    return case.iop.join(own, on=_DAY, how="left").with_columns(week=first_day(rule))


def weeks(case: Case) -> pl.DataFrame:
    """Each client's weeks: minutes, days, records, the minutes needed, and their place.

    mid_episode: neither a partial week at an end of the episode nor a transition
    week. whole: over, and covered by the client's own records from the first day to
    the last (the week of the last record may be the last of an episode not yet closed).
    """
    rule = case.policy.duration
    days = program_days(case).with_columns(week=first_day(rule))
    born = days.group_by("client_id").agg(pl.col("birth_date").drop_nulls().first())
    recorded = case.encounters.group_by("client_id").agg(
        first_record=pl.col("service_date").min(), last_record=pl.col("service_date").max()
    )
    return (
        days.group_by(WEEK)
        .agg(
            week_minutes=pl.col("counted").sum(),
            week_days=pl.col("service_date").n_unique(),
            week_encounters=pl.col("encounters").explode(empty_as_null=True).drop_nulls().sort(),
            admitted=pl.col("admitted").min(),
            discharged=pl.col("discharged").max(),
        )
        .join(born, on="client_id")
        .join(recorded, on="client_id")
        .with_columns(needed=_needed(rule), mid_episode=_in_mid_episode(rule), whole=_whole(case))
    )


def program_days(case: Case) -> pl.DataFrame:
    """Attended IOP days with their counted minutes, and the span of their episode.

    A day that is itself too short (DUR-01) counts as a full one here: one fault.
    """
    episode = ["client_id", "episode_id"]
    days = case.days.filter(pl.col("level_of_care") == LEVEL).with_columns(
        counted="unsigned_minutes",
        admitted=pl.coalesce(pl.col("admit_date").min(), pl.col("service_date").min()).over(
            episode
        ),
        discharged=pl.col("discharge_date").max().over(episode),
    )
    short = case.iop.filter(pl.col("row").is_in(case.rows_of("DUR-01").implode()))
    full = (
        short.unique(_DAY)
        .select(*_DAY, counted="min_day_minutes", encounters="attended")
        .join(days.select(*_DAY, "episode_id", "admitted", "discharged"), on=_DAY, how="left")
    )
    rest = days.join(full, on=_DAY, how="anti")
    return pl.concat([rest, full], how="diagonal_relaxed")


def first_day(rule: Duration) -> pl.Expr:
    """First day of the payer's week of column service_date; of a rolling one by column admitted."""
    if rule.week_start == "rolling":
        since = (pl.col("service_date") - pl.col("admitted")).dt.total_days()
        return pl.col("service_date") - pl.duration(days=since % 7)
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


def _whole(case: Case) -> pl.Expr:
    last_day = pl.col("week") + pl.duration(days=6)
    covered = (pl.col("first_record") <= pl.col("week")) & (last_day <= pl.col("last_record"))
    return covered & (last_day < case.as_of)
