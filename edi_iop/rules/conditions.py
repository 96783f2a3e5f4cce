"""What makes a service payable beside the per diem: the conditions of a payer's `separate_if`.

Each takes lines of a case and returns the rows of those that meet it. What our
records cannot tell is not met.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from edi_iop.rules.case import Case, active
from edi_iop.rules.covering import LEVEL
from edi_iop.rules.days import ATTENDED, medication_assisted
from edi_iop.rules.families import begins
from edi_iop.rules.parameters import Condition

_DAY = ["client_id", "service_date"]


def met(case: Case, lines: pl.DataFrame, conditions: Sequence[Condition]) -> pl.Series:
    """Rows of the lines that meet at least one of the conditions."""
    rows = [CONDITIONS[name](case, lines) for name in conditions]
    return pl.concat([pl.Series("row", dtype=pl.UInt32), *rows]).unique()


def distinct_provider_type(case: Case, lines: pl.DataFrame) -> pl.Series:
    """Rendered by a practitioner whose taxonomy the policy names as distinct."""
    distinct = begins(pl.col("taxonomy"), case.policy.professional.distinct_taxonomies)
    roster = case.providers.filter(distinct).select("from_date", "to_date", rendering_npi="npi")
    rendered = lines.join(roster, on="rendering_npi")
    return _rows(rendered.filter(active("service_date", "from_date", "to_date")))


def outside_program_hours(case: Case, lines: pl.DataFrame) -> pl.Series:
    """Given at a time of the day at which the program's own sessions do not run.

    The line's encounter is the one that names its procedure; without times, on
    either side, nothing is known.
    """
    timed = pl.col("start_time").is_not_null() & pl.col("end_time").is_not_null()
    attended = case.encounters.filter(pl.col("attendance").is_in(ATTENDED), timed)
    service = attended.select(*_DAY, "procedure", begins="start_time", ends="end_time")
    diems = [pair.procedure for pair in case.policy.iop.pairs]
    of_program = pl.col("procedure").is_in(diems).fill_null(True)
    program = attended.filter(pl.col("level_of_care") == LEVEL, of_program).select(
        *_DAY, "start_time", "end_time"
    )
    overlaps = (pl.col("begins") < pl.col("end_time")) & (pl.col("start_time") < pl.col("ends"))
    beside = (
        lines.select("row", *_DAY, "procedure")
        .join(service, on=[*_DAY, "procedure"])
        .join(program, on=_DAY)
        .group_by("row")
        .agg(inside=overlaps.any())
    )
    return _rows(beside.filter(~pl.col("inside")))


def separate_auth(case: Case, lines: pl.DataFrame) -> pl.Series:
    """Authorized by itself: for this procedure, or in the practitioner's own name."""
    if lines.is_empty():
        return _rows(lines)
    return _rows(lines.join(case.own_offers, on="row", how="semi"))


def mat_otp(case: Case, lines: pl.DataFrame) -> pl.Series:
    """Medication-assisted treatment or an opioid treatment program's service."""
    return _rows(lines.filter(medication_assisted(case.policy)))


def day_below_minimum(case: Case, lines: pl.DataFrame) -> pl.Series:
    """On a day too short to be billed as one."""
    return _rows(lines.filter(pl.col("unsigned_minutes") < case.policy.duration.min_day_minutes))


CONDITIONS: dict[Condition, Callable[[Case, pl.DataFrame], pl.Series]] = {
    "distinct_provider_type": distinct_provider_type,
    "outside_program_hours": outside_program_hours,
    "separate_auth": separate_auth,
    "mat_otp": mat_otp,
    "day_below_minimum": day_below_minimum,
}


def _rows(lines: pl.DataFrame) -> pl.Series:
    return lines.get_column("row").cast(pl.UInt32)
