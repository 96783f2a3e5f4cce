"""What the encounters behind a day say of it: by telehealth or not, and at which facility."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.days import ATTENDED, measured
from edi_iop.settings import Settings

DAY = ["client_id", "service_date"]
_LEVEL = "IOP"
_TIMELESS = ("drug_test", "supplies", "ancillary")
"""Services that are given, not attended for a time."""


_TIMED = (*DAY, "level_of_care", "attendance", "service_type", "start_time", "end_time", "minutes")
"""What the length of a day's sessions is made of: of a million encounters no more is copied."""


def attended(encounters: pl.DataFrame) -> pl.DataFrame:
    """Attended encounters of the program, out of the newest versions."""
    return encounters.filter(
        pl.col("level_of_care") == _LEVEL, pl.col("attendance").is_in(ATTENDED)
    )


def of_no_minutes(encounters: pl.DataFrame) -> pl.DataFrame:
    """DAY of attended days of the program that had a session, and no minute of any."""
    sessions = ~pl.col("service_type").is_in(_TIMELESS)
    return (
        measured(attended(encounters.select(_TIMED)))
        .group_by(DAY)
        .agg(minutes=pl.col("length").sum(), sessions=sessions.any())
        .filter("sessions", pl.col("minutes") <= 0)
        .select(DAY)
    )


def placed(days: pl.DataFrame, encounters: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The days with `telehealth` (all of the day's sessions were) and the NPI they are billed under.

    billing_npi: of the first session that names a facility; the main one where none
    does, null where the one named is not in the settings.
    """
    telling = attended(encounters).filter(
        (pl.col("telehealth") == "Y") | pl.col("facility_npi").is_not_null()
    )
    if telling.is_empty():
        return days.with_columns(telehealth=False, billing_npi=pl.lit(settings.facility.npi))
    said = (
        attended(encounters)
        .group_by(DAY)
        .agg(
            telehealth=(pl.col("telehealth") == "Y").fill_null(False).all(),
            facility_npi=pl.col("facility_npi").sort_by("source_record_id").drop_nulls().first(),
        )
    )
    known = [facility.npi for facility in settings.billing]
    named = pl.col("facility_npi").fill_null(settings.facility.npi)
    return (
        days.join(said, on=DAY, how="left", maintain_order="left")
        .with_columns(
            pl.col("telehealth").fill_null(False),
            billing_npi=pl.when(named.is_in(known)).then(named),
        )
        .drop("facility_npi")
    )
