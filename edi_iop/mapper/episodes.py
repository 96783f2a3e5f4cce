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
    days: pl.DataFrame,
    behind: pl.DataFrame,
    stopped: pl.DataFrame,
    billed: pl.DataFrame,
    as_of: date,
) -> pl.DataFrame:
    """The IOP days (tables.DAYS) with the first day of their episode (`episode_start`), the first that is billed
    (`begins`, of each payer's) and the last (`ends`).

    behind: client_id and service_date of what is not billed now; the first claim is the first one sent. stopped: those of
    them that a rule blocks, so that no later claim can be expected; others may yet be billed, and
    the last claim waits for them. An episode ends where a discharge is told that has come by
    as_of, and the day is the last that was attended: nobody leaves on the last day of a program
    alone. `ends` is null of one that goes on.

    billed: client_id, service_date and billing_npi, as claimed or to be. Interim bills are a
    sequence of one billing provider with one payer (FL 4 and FL 17 agree in each): at another
    facility it begins anew, and by the discharge each facility's has ended with its own last day,
    at all but the last one with the patient gone elsewhere (the status of a discharge is not theirs).
    """
    attended = pl.max_horizontal("minutes", "unsigned_minutes").fill_null(0) > 0
    iop = days.filter(pl.col("level_of_care") == "IOP").with_columns(
        _begins=attended & ~_among(behind), _counts=attended & ~_among(stopped)
    )
    served = pl.col("service_date")
    own = [*EPISODE, pl.col("_npi")]
    discharged = pl.col("discharge_date").sort_by("service_date").drop_nulls().last()
    left = pl.col("discharge_status").sort_by("service_date").drop_nulls().last()
    told = _housed(iop, billed).with_columns(
        episode_start=served.min().over(EPISODE),
        begins=served.filter("_begins").min().over(*own, "payer_id"),
        _last=served.filter("_counts").max().over(EPISODE),
        _last_here=served.filter("_counts").max().over(own),
        _left=discharged.over(EPISODE),
        _left_as=left.over(EPISODE),
    )
    gone = (pl.col("_left") >= pl.col("_last")) & (pl.col("_left") <= as_of)
    leaves_here = (pl.col("_last_here") == pl.col("_last")).fill_null(True)
    return told.with_columns(
        ends=pl.when(gone).then("_last_here").otherwise("discharge_date"),
        discharge_status=pl.when(leaves_here).then(pl.coalesce("discharge_status", "_left_as")),
    ).drop("_begins", "_counts", "_last", "_last_here", "_left", "_left_as", "_npi")


def _housed(days: pl.DataFrame, billed: pl.DataFrame) -> pl.DataFrame:
    """The days with `_npi`, under which they are billed; one that is not billed here goes with the next that is."""
    if billed["billing_npi"].n_unique() < 2:
        return days.with_columns(_npi=pl.lit(None, pl.String))
    known = billed.select(*_DAY, _npi="billing_npi").unique(_DAY, keep="first", maintain_order=True)
    npi = pl.col("_npi")
    return (
        days.join(known, on=_DAY, how="left", maintain_order="left")
        .with_columns(npi.backward_fill().over(EPISODE, order_by="service_date"))
        .with_columns(npi.forward_fill().over(EPISODE, order_by="service_date"))
    )


def _among(lines: pl.DataFrame) -> pl.Expr:
    """Whether a day is one of these lines'."""
    keys = lines.select(pl.struct(_DAY)).unique().to_series()
    return pl.struct(_DAY).is_in(keys.implode())
