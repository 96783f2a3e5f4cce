"""Levels of care that exclude an intensive outpatient day on the same date."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found, references
from edi_iop.rules.codes import listed
from edi_iop.texts import composed

_STAY = ["person", "level", "stay"]
_APART = pl.duration(days=7)
"""Days of one level without a word of admission are of one stay, unless more than a week lies between."""


def other_level(case: Case) -> pl.DataFrame:
    """An intensive outpatient line on a date at another level of care (LOC-01).

    The higher level is kept. Only a warning, where the policy allows transitions
    and the date is the first or last day of a longer stay there.
    """
    stays = _stays(pl.concat([_attended(case), _billed(case)]))
    first, last = pl.col("begins").min().over(_STAY), pl.col("ends").max().over(_STAY)
    turning = (first < last) & pl.col("service_date").is_in(pl.concat_list(first, last))
    dates = (
        stays.with_columns(turning=turning)
        .group_by("person", "service_date", maintain_order=True)
        .agg(
            pl.col("level").unique(maintain_order=True).str.join(", "),
            pl.col("turning").all(),
            refs=pl.col("refs").explode(empty_as_null=True),
        )
    )
    both = case.iop.join(dates, on=["person", "service_date"])
    warn = pl.col("turning") & case.policy.conflicts.transition_ok
    says = composed("{}: the same date was spent in {}", "date", "level")
    return found(both, says, pl.col("refs"), severity=pl.when(warn).then(pl.lit("warn")))


def _stays(dates: pl.DataFrame) -> pl.DataFrame:
    """The dates with the number of the stay they are of, among those of a person and level."""
    level = ["person", "level"]
    ordered = dates.sort(*level, "begins", "ends", maintain_order=True)
    until = pl.col("ends").cum_max().shift(1).over(level)
    apart = pl.when("admitted").then(pl.duration(days=0)).otherwise(_APART)
    anew = (pl.col("begins") > until + apart).fill_null(True)
    return ordered.with_columns(stay=anew.cum_sum().over(level))


def _attended(case: Case) -> pl.DataFrame:
    """Days attended at a level that conflicts; a stay runs from admission to discharge where known."""
    levels = list(case.policy.conflicts.levels)
    return case.days.filter(pl.col("level_of_care").is_in(levels)).select(
        "person",
        "service_date",
        level="level_of_care",
        admitted=pl.col("admit_date").is_not_null(),
        begins=pl.coalesce("admit_date", "service_date"),
        ends=pl.coalesce("discharge_date", "service_date"),
        refs=references("encounter", pl.col("encounters")),
    )


def _billed(case: Case) -> pl.DataFrame:
    """Claim lines of a level that conflicts, unless denied."""
    levels = (
        pl.when(listed("procedure", codes.procedures) | listed("revenue", codes.revenues)).then(
            pl.lit(name)
        )
        for name, codes in case.policy.conflicts.levels.items()
    )
    lines = case.lines.filter(~pl.col("iop"), pl.col("standing") != "denied")
    return (
        lines.with_columns(level=pl.coalesce(*levels, pl.lit(None, pl.String())))
        .filter(pl.col("level").is_not_null())
        .select(
            "person",
            "service_date",
            "level",
            admitted=pl.lit(False),
            begins="service_date",
            ends="service_date",
            refs=pl.concat_list("ref"),
        )
    )
