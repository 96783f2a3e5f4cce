"""When a day is ripe to be billed: at once, or once its week, its month or its episode is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy

_DAY = ["client_id", "service_date"]


def waiting(
    lines: pl.DataFrame, days: pl.DataFrame, policies: Mapping[str, Policy], as_of: date
) -> pl.DataFrame:
    """The lines whose period is not over on the day (policy billing.cycle).

    A discharge ends the period with the episode.
    """
    return each(lines, policies, lambda part, own: _waiting(part, days, own, as_of))


def _waiting(
    lines: pl.DataFrame, days: pl.DataFrame, policies: Mapping[str, Policy], as_of: date
) -> pl.DataFrame:
    cycles = {payer: policy.billing.cycle for payer, policy in policies.items()}
    if set(cycles.values()) <= {"open"}:
        return lines.clear()
    cycle = pl.col("payer_id").replace_strict(cycles, default="open", return_dtype=pl.String)
    week = {
        payer: "1w" if policy.duration.week_start == "monday" else "sunday"
        for payer, policy in policies.items()
    }
    sunday = pl.col("payer_id").replace_strict(week, default="1w", return_dtype=pl.String) != "1w"
    served = pl.col("service_date")
    monday_week = served.dt.truncate("1w").dt.offset_by("6d")
    sunday_week = served.dt.offset_by("1d").dt.truncate("1w").dt.offset_by("5d")
    ends = (
        pl.when(cycle == "month")
        .then(served.dt.month_end())
        .when(cycle == "week")
        .then(pl.when(sunday).then(sunday_week).otherwise(monday_week))
    )
    left = days.filter(pl.col("level_of_care") == "IOP").select(*_DAY, "discharge_date")
    marked = lines.join(left, on=_DAY, how="left", maintain_order="left")
    open_ = (ends >= as_of) & (pl.col("discharge_date") > as_of).fill_null(True)
    return marked.filter(open_.fill_null(False)).select(lines.columns)
