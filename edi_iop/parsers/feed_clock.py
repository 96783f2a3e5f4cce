"""Clocks of a feed: dates and times with and without a zone, and how long a session really took.

ISO 8601 (FHIR dateTime) and HL7 v2 (TS, as YYYYMMDDHHMM+ZZZZ).
"""

from __future__ import annotations

import msgspec
import polars as pl

from edi_iop.parsers.feed_layout import ISO
from edi_iop.parsers.feed_sheet import unread
from edi_iop.parsers.feed_zones import utc

SESSION = ("start_time", "end_time")

_ISO = r"^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?$"
_HL7 = r"^(\d{4})(\d{2})(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.\d+)?)?)?)?([+-]\d{4})?$"
_OFFSET = r"^([+-])(\d{2}):?(\d{2})$"
_WALL = "%Y-%m-%dT%H:%M:%S"
_SHORT = len("09:00")
_DAY = 24 * 60


class Clock(msgspec.Struct, frozen=True):
    """A date and time as written: the clock it was read from, and how far that is from UTC."""

    at: pl.Expr
    """Datetime as the clock shows it; midnight where only the day is given."""
    timed: pl.Expr
    offset: pl.Expr
    """Minutes ahead of UTC; null where no zone is given, or no time."""

    @classmethod
    def of(cls, form: str, value: pl.Expr) -> Clock:
        if form == ISO:
            day, clock, zone = (value.str.extract(_ISO, at) for at in (1, 2, 3))
        else:
            parts = [value.str.extract(_HL7, at) for at in range(1, 8)]
            day = pl.concat_str(parts[:3], separator="-")
            clock = pl.concat_str(parts[3], parts[4].fill_null("00"), separator=":")
            clock = pl.concat_str(clock, parts[5].fill_null("00"), separator=":")
            zone = parts[6]
        whole = pl.when(clock.str.len_chars() == _SHORT).then(clock + ":00").otherwise(clock)
        at = pl.concat_str(day, whole.fill_null("00:00:00"), separator="T")
        ahead = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1) * (
            zone.str.extract(_OFFSET, 2).cast(pl.Int64) * 60
            + zone.str.extract(_OFFSET, 3).cast(pl.Int64)
        )
        offset = pl.when(clock.is_not_null()).then(pl.when(zone == "Z").then(0).otherwise(ahead))
        return cls(at.str.to_datetime(_WALL, strict=False), clock.is_not_null(), offset)

    @property
    def is_utc(self) -> pl.Expr:
        return (self.offset == 0).fill_null(False)

    @property
    def moment(self) -> pl.Expr:
        """UTC; of times without a zone, the clock they are all read from."""
        known = self.at - pl.duration(minutes=self.offset.fill_null(0))
        return pl.when(self.timed).then(known)

    def local(self, timezone: str) -> pl.Expr:
        """As the clock in the timezone shows it; without one, as written."""
        if not timezone:
            return self.at
        there = (
            self.moment.dt.replace_time_zone("UTC")
            .dt.convert_time_zone(timezone)
            .dt.replace_time_zone(None)
        )
        return pl.when(self.offset.is_not_null()).then(there).otherwise(self.at)


def measured(text: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Sessions whose clocks do not tell their length, by what they really took.

    Where the clocks were changed meanwhile (DST), minutes take the place of the times. A session
    that ends more than a day after it began has an end that cannot be right.
    """
    told = {f"_{name}" for name in SESSION} <= set(text.columns)
    if not {*SESSION, "service_date"} <= set(text.columns) or not (told or timezone):
        return text
    start, end = (
        (pl.col("service_date") + "T" + pl.col(name)).str.to_datetime(_WALL, strict=False)
        for name in SESSION
    )
    began, ended = (_at(text, f"_{name}") for name in SESSION)
    if timezone:
        began, ended = (
            pl.coalesce(known, utc(clock, timezone))
            for known, clock in ((began, start), (ended, end))
        )
    took = (ended - began).dt.total_minutes()
    differs = ((end - start).dt.total_minutes() - took) % _DAY != 0
    changed = (took.is_between(1, _DAY) & differs).fill_null(False)
    minutes = pl.col("minutes") if "minutes" in text.columns else pl.lit(None, pl.String)
    return text.with_columns(
        start_time=pl.when(~changed).then("start_time"),
        end_time=pl.when(took > _DAY)
        .then(unread(pl.col("end_time")))
        .when(~changed)
        .then("end_time"),
        minutes=pl.when(changed).then(took.cast(pl.String)).otherwise(minutes),
    ).drop(f"_{name}" for name in SESSION if f"_{name}" in text.columns)


def _at(text: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in text.columns else pl.lit(None, pl.Datetime("us"))
