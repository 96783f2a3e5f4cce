"""Timezones of facilities (settings.toml): what sessions took when the clocks changed.

2026: in New York on 8 March at 2:00, in London on 29 March at 1:00, back on 25 October at 2:00;
Phoenix never changes.
"""

from __future__ import annotations

from datetime import date, time

import polars as pl
import pytest

from edi_iop import parsers, resources, settings
from edi_iop.errors import BadSettings
from edi_iop.parsers import feed_layout
from edi_iop.parsers.feed_zones import Clocks
from edi_iop.rules import days as patient_days
from edi_iop.tables import CLIENTS
from tests.parsers.test_feed_hazards import HEADER, ROW, ZONED

MAIN, BRANCH = "1234567893", "1992999981"
LONDON = "Europe/London"


def read(clocks: Clocks, *rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """The encounters of a canonical feed: date, start, end and facility of each."""
    lines = [
        ",".join((ROW | {"source_record_id": f"E{at}", "service_date": day, "start_time": start,
                         "end_time": end}).values()) + f",{npi}"
        for at, (day, start, end, npi) in enumerate(rows)
    ]  # fmt: skip
    data = "\n".join((HEADER + ",facility_npi", *lines, "")).encode()
    own = feed_layout.Layouts((), clocks)
    return parsers.parse([(1, data)], layouts=own)[1].tables["encounters"]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "minutes"),
    [
        (LONDON, "2026-03-29", "00:30", "03:30", 120),  # the clocks go from 1 to 2
        (LONDON, "2026-10-25", "00:30", "03:30", 240),  # the hour from 1 to 2 comes twice
        (LONDON, "2026-03-08", "01:00", "04:00", None),  # not in London
        ("America/New_York", "2026-03-08", "01:00", "04:00", 120),
        ("America/Phoenix", "2026-03-08", "01:00", "04:00", None),
        ("", "2026-03-29", "00:30", "03:30", None),  # as it is written
    ],
)
def test_a_session_over_a_change_counts_what_it_took(
    zone: str, day: str, start: str, end: str, minutes: int | None
) -> None:
    found = read(Clocks(zone, {MAIN: zone}), (day, start, end, MAIN))
    row = found.row(0, named=True)
    assert row["minutes"] == minutes
    assert (row["start_time"] is None) == (minutes is not None)
    counted = patient_days.days(found, CLIENTS.empty(), {})
    assert counted["minutes"].to_list() == [minutes or 180]


def test_each_facility_has_its_own_clock_and_the_others_the_main_ones() -> None:
    clocks = Clocks("America/New_York", {MAIN: "America/New_York", BRANCH: LONDON})
    sessions = [
        (day, "00:30", "03:30", npi)
        for day in ("2026-03-08", "2026-03-29")
        for npi in (MAIN, BRANCH, "")
    ]
    assert read(clocks, *sessions)["minutes"].to_list() == [120, None, 120, None, 120, None]


def test_a_session_past_midnight_still_counts_up_to_midnight() -> None:
    found = read(Clocks(LONDON, {MAIN: LONDON}), ("2026-03-28", "22:00", "03:00", MAIN))
    assert found["start_time"].to_list() == [time(22)]
    assert patient_days.days(found, CLIENTS.empty(), {})["minutes"].to_list() == [120]


def test_a_layout_without_a_timezone_reads_utc_in_the_facilitys() -> None:
    """20:00 UTC is 21:00 of a British summer's day; 23:30 is half past midnight of the next."""
    text = ZONED.replace('timezone = "America/New_York"\n', "").replace("%Y-%m-%d %H:%M", "iso")
    own = feed_layout.decode(text, "own.toml", "own")
    data = b"Id,Start,End\n1,2026-07-01T20:00:00Z,2026-07-01T22:00:00Z\n2,2026-07-01T23:30:00Z,2026-07-02T00:30:00Z\n"
    without = parsers.parse([(1, data)], layouts=[own])[1]
    assert without.tables["encounters"].is_empty()
    hung = feed_layout.Layouts([own], Clocks(LONDON, {MAIN: LONDON}))
    found = parsers.parse([(1, data)], layouts=hung)[1].tables["encounters"]
    assert found.select("service_date", "start_time").rows() == [
        (date(2026, 7, 1), time(21)),
        (date(2026, 7, 2), time(0, 30)),
    ]


def test_a_layouts_own_timezone_goes_before_the_facilitys() -> None:
    own = feed_layout.decode(ZONED, "own.toml", "own")
    data = b"Id,Start,End\n1,2026-03-08 01:00,2026-03-08 04:00\n"
    hung = feed_layout.Layouts([own], Clocks(LONDON, {MAIN: LONDON}))
    found = parsers.parse([(1, data)], layouts=hung)[1].tables["encounters"]
    assert found["minutes"].to_list() == [120]


def shipped(zone: str) -> settings.Settings:
    text = (resources.maps() / "settings.toml").read_text()
    return settings.decode(text.replace("[submitter]", f'timezone = "{zone}"\n[submitter]', 1))


def test_settings_name_the_zone() -> None:
    clocks = Clocks.of(shipped(LONDON))
    assert (clocks.main, clocks.common, clocks.by_npi) == (LONDON, LONDON, {MAIN: LONDON})
    with pytest.raises(BadSettings, match="no such zone Moon/Sea; write one as America/Chicago"):
        shipped("Moon/Sea")


def test_utc_is_read_in_the_zone_of_the_facility_that_a_row_names() -> None:
    """Where they hang in several zones and the layout names none; without its facility a row is refused."""
    clocks = Clocks("America/New_York", {MAIN: "America/New_York", BRANCH: LONDON})
    text = ZONED.replace('timezone = "America/New_York"\n', "").replace("%Y-%m-%d %H:%M", "iso")
    own = feed_layout.decode(text + 'facility_npi = "Place"\n', "own.toml", "own")
    evening = "2026-07-01T20:00:00Z,2026-07-01T22:00:00Z"
    rows = [f"{at},{evening},{npi}" for at, npi in enumerate((MAIN, BRANCH, ""))]
    rows.append(f"3,2026-03-29T00:30:00Z,2026-03-29T02:30:00Z,{BRANCH}")
    data = "\n".join(["Id,Start,End,Place", *rows, ""]).encode()
    found = parsers.parse([(1, data)], layouts=feed_layout.Layouts([own], clocks))[1]
    told = found.tables["encounters"].select("source_record_id", "start_time", "minutes")
    assert told.rows() == [("0", time(16), None), ("1", time(21), None), ("3", None, 120)]
    assert set(found.findings["code"]) == {"FEED_ZONE_MISSING"}
