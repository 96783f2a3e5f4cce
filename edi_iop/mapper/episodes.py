"""Episodes of care as claims tell them: the first day billed, and the last one after which nobody comes back."""

from __future__ import annotations

from datetime import date

import polars as pl

_DAY = ["client_id", "service_date"]
EPISODE = [
    pl.col("client_id"),
    pl.coalesce("episode_id", pl.col("admit_date").cast(pl.String), pl.lit("")),
]


def bounded(
    days: pl.DataFrame, behind: pl.DataFrame, stopped: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """The IOP days (tables.DAYS) with the first day of their episode (`episode_start`), the first that is billed
    (`begins`, of each payer's) and the last (`ends`).

    behind: lines that are not billed now; the first claim is the first one sent. stopped: those of
    them that a rule blocks, so that no later claim can be expected; others may yet be billed, and
    the last claim waits for them. An episode ends where a discharge is told that has come by
    as_of, and the day is the last that was attended: nobody leaves on the last day of a program
    alone. `ends` is null of one that goes on.
    """
    attended = pl.max_horizontal("minutes", "unsigned_minutes").fill_null(0) > 0
    iop = days.filter(pl.col("level_of_care") == "IOP").with_columns(
        _begins=attended & ~_among(behind), _counts=attended & ~_among(stopped)
    )
    served = pl.col("service_date")
    discharged = pl.col("discharge_date").sort_by("service_date").drop_nulls().last()
    left = pl.col("discharge_status").sort_by("service_date").drop_nulls().last()
    told = iop.with_columns(
        episode_start=served.min().over(EPISODE),
        begins=served.filter("_begins").min().over(*EPISODE, "payer_id"),
        _last=served.filter("_counts").max().over(EPISODE),
        _left=discharged.over(EPISODE),
        discharge_status=pl.coalesce("discharge_status", left.over(EPISODE)),
    )
    gone = (pl.col("_left") >= pl.col("_last")) & (pl.col("_left") <= as_of)
    return told.with_columns(
        ends=pl.when(gone).then("_last").otherwise("discharge_date"),
    ).drop("_begins", "_counts", "_last", "_left")


def _among(lines: pl.DataFrame) -> pl.Expr:
    """Whether a day is one of these lines'."""
    keys = lines.select(pl.struct(_DAY)).unique().to_series()
    return pl.struct(_DAY).is_in(keys.implode())
