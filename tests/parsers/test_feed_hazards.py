"""What EHR exports do to encounters, hazard by hazard, from the bytes to the patient days."""

from __future__ import annotations

from datetime import date, time

import polars as pl
import pytest

from edi_iop.parsers import feed_dates, feed_layout, feeds
from edi_iop.parsers.feed_layout import Layout
from edi_iop.rules import days as patient_days
from edi_iop.tables import CLIENTS, ENCOUNTERS
from tests.parsers.reading import read_all

HEADER = (
    "source_record_id,record_action,record_version,client_id,level_of_care,program_track,service_date,"
    "start_time,end_time,minutes,service_type,attendance,note_status,rendering_npi,diagnoses,revenue"
)
ROW = {
    "source_record_id": "E-1", "record_action": "add", "record_version": "1", "client_id": "C-1",
    "level_of_care": "IOP", "program_track": "SUD", "service_date": "2026-01-05", "start_time": "09:00",
    "end_time": "12:00", "minutes": "", "service_type": "group", "attendance": "attended",
    "note_status": "signed", "rendering_npi": "1234567893", "diagnoses": "F10.20 F33.1", "revenue": "0906",
}  # fmt: skip


def csv(*changes: dict[str, str]) -> bytes:
    """A feed of one row a change to ROW."""
    rows = ('"' + '","'.join((ROW | change).values()) + '"' for change in changes)
    return "\n".join((HEADER, *rows, "")).encode()


def practice(served: str = "01/05/2026", begins: str = "0900", born: str = "04/09/1988") -> bytes:
    """One row of the flat practice-management export that maps/feeds/layouts/practice_export.toml reads."""
    header = "ACCT,CHGID,SVCDT,PATLAST,PATFIRST,DOB,INSCODE,INSID,SEX,ADDR1,CITY,ST,ZIP,EFFDT,LOC,PROG,SVC,DX1,BEG,END"
    row = f"412,1,{served},Sample,Ada,{born},HARBR,X1,F,Q St,Port,MA,2134,01/01/2025,IOP,CD,GRP,F10.20,{begins},1200"
    return f"{header}\n{row}\n".encode()


def days(*files: bytes) -> pl.DataFrame:
    """The patient days that these files, in their order, come to."""
    read = [feeds.read_feed(number, data) for number, data in enumerate(files, start=1)]
    rows = pl.concat([ENCOUNTERS.empty(), *(one.tables["encounters"] for one in read)])
    return patient_days.days(rows, CLIENTS.empty(), {})


def told(*changes: dict[str, str]) -> list[str]:
    return read_all(csv(*changes))[1]


def test_one_group_note_for_ten_clients() -> None:
    """Ten rows of one record: each client keeps the day, none takes the place of another."""
    rows = [{"client_id": f"C-{number}"} for number in range(10)]
    assert days(csv(*rows))["minutes"].to_list() == [180] * 10
    assert told(*rows) == [
        "FEED_RECORD_SHARED: line 2, source_record_id: one record for 10 clients; "
        "taken as a record of each"
    ]


def test_a_record_that_moves_to_the_right_client_is_no_group_note() -> None:
    """Version 2 names another client: the first loses the day."""
    found = days(csv({}, {"client_id": "C-2", "record_version": "2", "record_action": "change"}))
    assert found["client_id"].to_list() == ["C-2"]


def test_overlapping_minutes_count_once() -> None:
    """9 to 12 and 11 to 13 are four hours, not five."""
    found = days(csv({}, {"source_record_id": "E-2", "start_time": "11:00", "end_time": "13:00"}))
    assert found["minutes"].to_list() == [240]


def test_a_session_past_midnight_counts_up_to_midnight_and_is_told() -> None:
    late = {"start_time": "22:00", "end_time": "01:00"}
    assert days(csv(late))["minutes"].to_list() == [120]
    assert told(late) == [
        "FEED_PAST_MIDNIGHT: line 2, end_time: ends before it begins; taken to run past midnight, "
        "and counted up to midnight"
    ]


@pytest.mark.parametrize("end", ["24:00", "00:00"])
def test_a_session_that_ends_at_midnight(end: str) -> None:
    assert days(csv({"start_time": "21:00", "end_time": end}))["minutes"].to_list() == [180]


ZONED = """
says = "x"
form = "csv"
header = ["Id"]
timezone = "America/New_York"
[encounters]
source_record_id = "Id"
client_id = { value = "C-1" }
level_of_care = { value = "IOP" }
program_track = { value = "SUD" }
service_date = { from = "Start", format = "%Y-%m-%d %H:%M" }
start_time = { from = "Start", format = "%Y-%m-%d %H:%M" }
end_time = { from = "End", format = "%Y-%m-%d %H:%M" }
service_type = { value = "group" }
attendance = { value = "attended" }
note_status = { value = "signed" }
diagnoses = { value = "F10.20" }
"""


def zoned() -> Layout:
    return feed_layout.decode(ZONED, "own.toml", "own")


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-03-08 01:00", "2026-03-08 04:00", 120),  # the clocks go from 2 to 3
        ("2026-11-01 00:30", "2026-11-01 03:30", 240),  # the hour from 1 to 2 comes twice
        ("2026-03-09 01:00", "2026-03-09 04:00", None),  # the day after
    ],
)
def test_minutes_when_the_clocks_change(start: str, end: str, minutes: int | None) -> None:
    """By the clock each is three hours; what was attended is what the layout's timezone says."""
    tables, _ = read_all(f"Id,Start,End\n1,{start},{end}\n".encode(), zoned())
    row = tables["encounters"].row(0, named=True)
    assert row["minutes"] == minutes
    assert (row["start_time"] is None) == (minutes is not None)
    found = patient_days.days(tables["encounters"], CLIENTS.empty(), {})
    assert found["minutes"].to_list() == [minutes or 180]


def test_unsigned_notes_count_for_nothing_yet() -> None:
    found = days(csv({}, {"source_record_id": "E-2", "start_time": "13:00", "end_time": "14:00",
                          "note_status": "draft"}))  # fmt: skip
    assert found.select("minutes", "unsigned_minutes").rows() == [(180, 240)]


def test_a_late_entry_adds_to_its_day() -> None:
    """A note written after the first file was taken in, for a day of that file."""
    first = csv({"end_time": "10:30"})
    late = csv({"source_record_id": "E-2", "start_time": "10:30", "end_time": "12:00"})
    assert days(first)["minutes"].to_list() == [90]
    found = days(first, late)
    assert found["minutes"].to_list() == [180]
    assert found["encounters"].to_list() == [["E-1", "E-2"]]


def test_a_changed_order_of_diagnoses_is_that_of_the_newest_version() -> None:
    change = {"record_action": "change", "record_version": "2", "diagnoses": "F33.1, F10.20"}
    assert days(csv({}), csv(change))["diagnoses"].to_list() == ["F331 F1020"]


@pytest.mark.parametrize("files", [1, 2])
@pytest.mark.parametrize("order", [1, -1])
def test_cancel_and_change_by_version_whatever_comes_first(files: int, order: int) -> None:
    """Versions decide, not the order of rows or files."""
    changed = {"record_action": "change", "record_version": "2", "end_time": "11:00"}
    cancelled = {"record_action": "cancel", "record_version": "3"}
    rows = [{}, changed][::order]
    found = days(csv(*rows)) if files == 1 else days(*(csv(row) for row in rows))
    assert found["minutes"].to_list() == [120]
    rows = [{}, changed, cancelled][::order]
    found = days(csv(*rows)) if files == 1 else days(*(csv(row) for row in rows))
    assert found.is_empty()


def test_a_cancel_needs_the_records_id_alone() -> None:
    """Some systems empty the row: a cancel that was refused would leave the claim standing."""
    bare = dict.fromkeys(ROW, "") | {
        "source_record_id": "E-1", "client_id": "C-1", "record_action": "cancel", "record_version": "2",
    }  # fmt: skip
    assert days(csv({}), csv(bare)).is_empty()


def test_two_tracks_exported_for_one_attended_day_are_one_day() -> None:
    """The dual-diagnosis duplicate: one day, co-occurring, its minutes once, both diagnoses."""
    other = {"source_record_id": "E-2", "program_track": "MH", "diagnoses": "F33.1"}
    for times in ({}, {"start_time": "", "end_time": "", "minutes": "180"}):
        found = days(csv(times, other | times))
        assert found.select("program_track", "minutes", "diagnoses").rows() == [
            ("CO", 180, "F1020 F331")
        ]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("revenue", "906", "0906"),
        ("revenue", "906.0", "0906"),
        ("rendering_npi", "1234567893.0", "1234567893"),
        ("service_date", "46027", date(2026, 1, 5)),
        ("service_date", "46027.0", date(2026, 1, 5)),
        ("service_date", "1/5/2026", date(2026, 1, 5)),
        ("service_date", "1/5/2026 0:00", date(2026, 1, 5)),
        ("service_date", "5-Jan-2026", date(2026, 1, 5)),
        ("service_date", "2026-01-05 00:00:00", date(2026, 1, 5)),
        ("service_date", "1/5/2026 12:00:00 AM", date(2026, 1, 5)),
        ("service_date", "1/5/26", date(2026, 1, 5)),
        ("service_date", "5-Jan-26", date(2026, 1, 5)),
        ("service_date", "2026/01/05", date(2026, 1, 5)),
        ("service_date", "20260105", date(2026, 1, 5)),
        ("start_time", "0.375", time(9)),
        ("start_time", "900", time(9)),
        ("start_time", "900.0", time(9)),
        ("start_time", "0900", time(9)),
        ("start_time", "9:00:00 AM", time(9)),
        ("start_time", "9:00 am", time(9)),
    ],
)
def test_what_spreadsheets_make_of_values_is_undone(
    column: str, value: str, expected: object
) -> None:
    """906 for 0906, day numbers and fractions for dates and times, .0 behind digits."""
    tables, _ = read_all(csv({column: value}))
    assert tables["encounters"][column].to_list() == [expected]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("rendering_npi", "1.23457E+09"),  # digits are gone
        ("start_time", "9"),  # nine o'clock, or nine minutes past midnight
        ("start_time", "860"),
        ("service_date", "5-Jan"),
        ("service_date", "2026-01-05 09:30"),  # a time where a day should be
        ("service_date", "########"),
    ],
)
def test_what_a_spreadsheet_has_destroyed_is_refused(column: str, value: str) -> None:
    tables, says = read_all(csv({column: value}, {"source_record_id": "E-2", "client_id": "C-2"}))
    assert tables["encounters"]["source_record_id"].to_list() == ["E-2"]
    assert says[0].startswith(f"FEED_VALUE_INVALID: line 2, {column}: not a")


def test_dates_as_day_numbers_are_told_once_a_column() -> None:
    rows = [
        {"service_date": "46027", "client_id": f"C-{n}", "source_record_id": f"E-{n}"}
        for n in (1, 2)
    ]
    assert told(*rows) == [
        "FEED_DATE_SERIAL: line 2, service_date: 2 dates as spreadsheet day numbers; "
        "read as days since 1899-12-30"
    ]


def test_what_is_read_as_is_usual_is_told_once_a_column() -> None:
    """Slashes may be of either order, two digits of any century, digits of hours or minutes."""
    rows = [
        {"service_date": "1/5/26", "start_time": "900", "client_id": f"C-{n}", "source_record_id": f"E-{n}"}
        for n in (1, 2)
    ]  # fmt: skip
    assert told(*rows) == [
        "FEED_FORM_ASSUMED: line 2, service_date: 2 dates with slashes; read month first",
        "FEED_FORM_ASSUMED: line 2, service_date: 2 dates with a year of two digits; read as 1969 to 2068",
        "FEED_FORM_ASSUMED: line 2, start_time: 2 times without a colon; read as hours and minutes",
    ]


def test_a_date_that_can_only_begin_with_its_month_shows_the_columns_order() -> None:
    rows = ({"service_date": day, "source_record_id": day} for day in ("1/5/2026", "1/25/2026"))
    assert told(*rows) == []


def test_a_column_all_canonical_is_read_as_where_another_form_stands_in_it() -> None:
    """The 30th of February is no day, nor is one of the year 1850 meant."""
    canonical = ["2026-01-05", "2026-02-30", "1850-01-01", "0000-00-00", "2100-12-31", None]
    text = pl.Series("day", canonical)
    assert feed_dates.all_canonical(text)
    assert not any(
        feed_dates.all_canonical(pl.Series([*canonical, other]))
        for other in ("1/5/2026", "46027", "2026-1-5", "2026-01-05T00:00", "05-Jan-2026")
    )
    for birth in (False, True):
        any_form = feed_dates.day(pl.col("day"), birth=birth).alias("any")
        (both,) = text.to_frame().select(
            pl.struct(feed_dates.canonical_day(pl.col("day")), any_form)
        )
        assert [row["day"] for row in both] == [row["any"] for row in both]
        assert [row["day"] for row in both] == [
            date(2026, 1, 5), None, None, None, date(2100, 12, 31), None
        ]  # fmt: skip


def test_a_column_of_european_dates_is_never_taken_for_an_american_one() -> None:
    """25/1/2026 has no such month, so 5/1/2026 beside it may be the fifth of January."""
    tables, says = read_all(
        csv(
            {"service_date": "5/1/2026"},
            {"service_date": "25/1/2026", "source_record_id": "E-2"},
            {"service_date": "2026-01-06", "source_record_id": "E-3"},
        )
    )
    assert tables["encounters"]["source_record_id"].to_list() == ["E-3"]
    assert [one.partition("day or month")[0] for one in says] == [
        f"FEED_VALUE_INVALID: line {line}, service_date: " for line in (2, 3)
    ]


@pytest.mark.parametrize(
    ("served", "begins"),
    [
        ("1/5/26", "900"),
        ("01/05/2026 12:00:00 AM", "0900"),
        ("5-Jan-26", "9:00"),
        ("20260105", "900"),
        ("2026/01/05", "0900"),
        ("2026-01-05", "0.375"),
    ],
)
def test_a_layouts_dates_survive_a_spreadsheet(served: str, begins: str) -> None:
    """The layout's own format (month first) says which order slashes have."""
    tables, _ = read_all(practice(served=served, begins=begins))
    row = tables["encounters"].row(0, named=True)
    assert (row["service_date"], row["start_time"]) == (date(2026, 1, 5), time(9))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"served": "25/1/2026"}, "service_date (SVCDT): not a date (%m/%d/%Y)"),
        ({"begins": "9"}, "start_time (BEG): not a time of day (%H%M or %H:%M)"),
        ({"born": "4/9/26"}, "birth_date (DOB): of which century? (a year of four digits)"),
    ],
)
def test_what_a_layouts_format_cannot_be_is_told_with_it(
    values: dict[str, str], reason: str
) -> None:
    _, says = read_all(practice(**values))
    assert f"FEED_VALUE_INVALID: line 2, {reason}" in says


def test_no_session_is_longer_than_a_day() -> None:
    most = {"start_time": "", "end_time": "", "minutes": "1440"}
    tables, says = read_all(csv(most, most | {"source_record_id": "E-2", "minutes": "1441"}))
    assert tables["encounters"]["minutes"].to_list() == [1440]
    assert says == ["FEED_VALUE_INVALID: line 3, minutes: more than 1,440, the most there can be"]


def test_lost_zeros_of_zip_codes_come_back() -> None:
    tables, _ = read_all(practice())
    assert tables["clients"]["zip"].to_list() == ["02134"]
    assert (
        tables["clients"]["client_id"].to_list()
        == tables["encounters"]["client_id"].to_list()
        == ["000412"]
    )


def test_duplicates_within_a_file_count_once() -> None:
    """The same record, the same record with other content, the same session under another record."""
    assert days(csv({}, {}))["minutes"].to_list() == [180]
    assert told({}, {}) == [
        "FEED_RECORD_REPEATED: line 3, source_record_id: the same record as line 2; it counts once"
    ]
    assert days(csv({}, {"end_time": "11:00"}))["minutes"].to_list() == [120]
    assert told({}, {"end_time": "11:00"})[0].endswith(
        "the record of line 2 with other content; the later row counts"
    )
    assert days(csv({}, {"source_record_id": "E-9"}))["minutes"].to_list() == [180]
    assert told({}, {"source_record_id": "E-9"}) == [
        "FEED_SESSION_REPEATED: line 3, source_record_id: the same session as line 2 under another record"
    ]


def test_duplicates_across_files_count_once() -> None:
    """The same record sent again, with another one beside it so that the file is another."""
    again = csv({}, {"source_record_id": "E-2", "client_id": "C-2"})
    found = days(csv({}), again)
    assert found.select("client_id", "minutes").rows() == [("C-1", 180), ("C-2", 180)]


def test_the_date_a_note_was_begun_is_not_the_date_of_service() -> None:
    """Kipu-like reports hold both; the layout takes the service's."""
    own = next(one for one in feed_layout.shipped() if one.name == "kipu_like")
    assert own.feeds["encounters"]["service_date"][0].columns == "Date of Service"
    assert "Date Started" in own.head.ignore


def test_a_row_that_cannot_be_used_is_listed_and_the_others_go_on() -> None:
    rows = [
        {},
        {"source_record_id": "E-2", "client_id": "C-2", "diagnoses": "alcohol"},
        {"source_record_id": "E-3", "client_id": "C-3", "level_of_care": "SPA", "end_time": "noon"},
        {"source_record_id": "E-4", "client_id": "C-4"},
    ]
    tables, says = read_all(csv(*rows))
    assert tables["encounters"]["row"].to_list() == [2, 5]
    assert says == [
        "FEED_VALUE_INVALID: line 3, diagnoses: not a list of ICD-10-CM codes",
        "FEED_VALUE_INVALID: line 4, level_of_care: not one of the codes of this column",
        "FEED_VALUE_INVALID: line 4, end_time: not a time of day (HH:MM)",
    ]
