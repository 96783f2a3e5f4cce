"""Where the clocks of a facility hang (settings.toml, timezone), and what sessions took when they were changed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from edi_iop.settings import Settings


class Clocks(msgspec.Struct, frozen=True):
    """Time zones (IANA) by the NPI of a facility; a session of no facility named here is the main one's."""

    main: str = ""
    by_npi: Mapping[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Clocks:
        """A facility without a zone of its own has the main one's."""
        main = settings.facility.timezone
        return cls(main, {one.npi: one.timezone or main for one in settings.billing})

    @property
    def zones(self) -> list[str]:
        return sorted({self.main, *self.by_npi.values()} - {""})

    @property
    def common(self) -> str:
        """The zone of every facility; none where they differ, or one has none."""
        every = {self.main, *self.by_npi.values()}
        return self.main if every == {self.main} else ""


UNHUNG = Clocks()
"""Nobody said where they hang: times are taken as they are written."""


def measured(encounters: pl.DataFrame, clocks: Clocks) -> pl.DataFrame:
    """The sessions (tables.ENCOUNTERS) over a change of the clocks (DST) by the minutes they really took.

    Minutes take the place of the times, which do not tell the length.
    """
    if not clocks.zones:
        return encounters
    start, end = (pl.col("service_date").dt.combine(pl.col(name)) for name in _TIMES)
    named = pl.col("facility_npi").fill_null("")
    zone = named.replace_strict(clocks.by_npi, default=clocks.main, return_dtype=pl.String)
    took = pl.coalesce(
        [
            # one turn a zone, of which there are few: a zone is no column to Polars
            pl.when(zone == name).then((utc(end, name) - utc(start, name)).dt.total_minutes())
            for name in clocks.zones
        ]
    )
    clock = (end - start).dt.total_minutes()
    changed = ((took > 0) & (clock > 0) & (took != clock)).fill_null(False)
    return encounters.with_columns(
        *(pl.when(~changed).then(name).alias(name) for name in _TIMES),
        minutes=pl.when(changed).then(took).otherwise("minutes"),
    )


_TIMES = ("start_time", "end_time")


def utc(clock: pl.Expr, zone: str) -> pl.Expr:
    """The moment of a local time, in UTC; null where the clocks skipped it."""
    local = clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
