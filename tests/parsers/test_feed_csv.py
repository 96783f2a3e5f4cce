"""Canonical feeds as CSV: what spreadsheets do to them, and rows that cannot be read."""

from __future__ import annotations

import json
from datetime import date, time
from pathlib import Path

import polars as pl
import pytest

from edi_iop.errors import FeedRejected
from edi_iop.parsers import feed_csv, feeds
from edi_iop.parsers.feed_spec import feed
from edi_iop.parsers.feeds import KINDS
from edi_iop.tables import FINDINGS, TABLES
from tests.parsers.reading import read_feed
from tests.parsers.reading import sniffed as sniff

FIXTURES = Path(__file__).parents[2] / "fixtures" / "feeds"

HEADER = (
    "source_record_id,client_id,level_of_care,program_track,service_date,minutes,"
    "service_type,attendance,note_status,diagnoses"
)
GOOD = "E-1,C-1,IOP,SUD,2026-01-05,180,group,attended,signed,F10.20"


def csv(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *rows, "")).encode()


def plain(table: pl.DataFrame) -> list[dict[str, object]]:
    """The rows without file and line, absent values left out, dates and times as text."""
    rows = table.drop("file_id", "row").to_dicts()
    return [
        {
            name: str(value) if isinstance(value, date | time) else value
            for name, value in row.items()
            if value is not None
        }
        for row in rows
    ]


def golden(kind: str) -> list[dict[str, object]]:
    lines = (FIXTURES / f"{kind}.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("kind", KINDS)
def test_golden(kind: str) -> None:
    """Each feed's CSV gives the rows beside it, and its table's exact schema."""
    found, table, findings = read_feed(7, (FIXTURES / f"{kind}.csv").read_bytes())
    assert found == kind
    assert plain(table) == golden(kind)
    assert dict(table.schema) == TABLES[kind].schema
    assert set(table["file_id"]) == {7}
    assert set(findings["code"]) <= {
        "FEED_FORM_ASSUMED"
    }  # slashed dates, as spreadsheets save them
    assert dict(findings.schema) == FINDINGS.schema


def test_row_is_the_line_where_the_record_begins() -> None:
    """A quoted address over two lines does not shift the lines that follow by less than two."""
    header = HEADER + ",auth_number"
    data = csv(GOOD + ',"A\nB"', "", GOOD.replace("E-1", "E-2") + ',"say ""hi"", x"', header=header)
    _, table, findings = read_feed(1, data)
    assert table["row"].to_list() == [2, 5]
    assert table["auth_number"].to_list() == ["A B", 'say "hi", x']
    assert findings.is_empty()


def test_byte_order_mark_crlf_and_reordered_columns() -> None:
    names, values = HEADER.split(","), GOOD.split(",")
    data = ",".join(reversed(names)).upper() + "\r\n" + ",".join(reversed(values)) + "\r\n"
    _, table, findings = read_feed(1, b"\xef\xbb\xbf" + data.encode())
    assert plain(table) == plain(read_feed(1, csv(GOOD))[1])
    assert table["source_record_id"].to_list() == ["E-1"]
    assert findings.is_empty()


def test_spreadsheet_of_another_country() -> None:
    """Semicolons between fields, and UTF-16 with its mark, are what some spreadsheets save."""
    semicolons = csv(GOOD).decode().replace(",", ";")
    expected = plain(read_feed(1, csv(GOOD))[1])
    assert plain(read_feed(1, semicolons.encode())[1]) == expected
    assert plain(read_feed(1, semicolons.replace(";", "\t").encode("utf-16"))[1]) == expected


@pytest.mark.parametrize("field", ['="007"', '"=""007"""', ' ="007"'])
def test_zeros_kept_from_a_spreadsheet(field: str) -> None:
    """An export writes ="007" so that no spreadsheet makes 7 of it: the text is meant."""
    for line in (GOOD, GOOD.replace("F10.20", '"F10.20"')):
        _, table, findings = read_feed(1, csv(line.replace("C-1", field)))
        assert (table["client_id"].to_list(), findings.height) == (["007"], 0)


def test_blank_rows_at_the_end_are_no_rows() -> None:
    _, table, findings = read_feed(1, csv(GOOD, ",,,,,,,,,", "", "   "))
    assert table.height == 1
    assert findings.is_empty()


def test_header_alone_is_an_empty_feed() -> None:
    kind, table, findings = read_feed(1, csv())
    assert (kind, table.height, findings.height) == ("encounters", 0, 0)


def test_unknown_column_is_a_warning_that_names_it() -> None:
    _, table, findings = read_feed(1, csv(GOOD + ",blue", header=HEADER + ",colour"))
    assert table.height == 1
    assert findings.select("code", "severity").rows() == [("FEED_COLUMN_UNKNOWN", "warning")]
    assert "colour" in findings["message"][0]


@pytest.mark.parametrize("missing", ["service_date", "diagnoses", "source_record_id"])
def test_missing_required_column_rejects_the_file(missing: str) -> None:
    place = HEADER.split(",").index(missing)

    def without(line: str) -> str:
        return ",".join(part for at, part in enumerate(line.split(",")) if at != place)

    with pytest.raises(FeedRejected, match=rf"encounters feed: .*{missing}"):
        read_feed(1, csv(without(GOOD), header=without(HEADER)))


def test_column_named_twice_rejects_the_file() -> None:
    with pytest.raises(FeedRejected, match="minutes stands in the header twice"):
        read_feed(1, csv(GOOD + ",60", header=HEADER + ",minutes"))


@pytest.mark.parametrize(
    ("old", "new", "code", "column", "value"),
    [
        ("2026-01-05", "2026-02-30", "FEED_VALUE_INVALID", "service_date", "2026-02-30"),
        ("2026-01-05", "13/1/2026", "FEED_VALUE_INVALID", "service_date", "13/1/2026"),
        ("180", "9999", "FEED_VALUE_INVALID", "minutes", "9999"),
        ("2026-01-05", "0206-01-05", "FEED_VALUE_INVALID", "service_date", "0206-01-05"),
        ("180", "three hours", "FEED_VALUE_INVALID", "minutes", "three hours"),
        ("180", "-180", "FEED_VALUE_INVALID", "minutes", "-180"),
        ("IOP", "SPA", "FEED_VALUE_INVALID", "level_of_care", "SPA"),
        ("F10.20", "F10.20 alcohol", "FEED_VALUE_INVALID", "diagnoses", "F10.20 alcohol"),
        ("C-1", "", "FEED_VALUE_MISSING", "client_id", None),
        ("C-1", "  ", "FEED_VALUE_MISSING", "client_id", None),
        ("F10.20", "", "FEED_VALUE_MISSING", "diagnoses", None),
        ("180", "", "FEED_TIMES_MISSING", "start_time", None),
    ],
)
def test_a_bad_row_is_left_out_and_named(
    old: str, new: str, code: str, column: str, value: str | None
) -> None:
    """The rows around it stay; the message holds line and column, the value only its own field."""
    bad = GOOD.replace("E-1", "E-2").replace(old, new)
    _, table, findings = read_feed(3, csv(GOOD, bad, GOOD.replace("E-1", "E-3")))
    assert table["source_record_id"].to_list() == ["E-1", "E-3"]
    assert findings.select("file_id", "code", "severity", "value").rows() == [
        (3, code, "error", value)
    ]
    message = findings["message"][0]
    assert message.startswith(f"line 3, {column}: ")
    assert not value or value not in message
    assert findings["segment_position"].to_list() == [None]


@pytest.mark.parametrize("attendance", ["no_show", "cancelled", "excused"])
def test_missed_events_need_no_times(attendance: str) -> None:
    row = GOOD.replace("attended", attendance).replace("180", "")
    _, table, findings = read_feed(1, csv(row))
    assert (table.height, findings.height) == (1, 0)


@pytest.mark.parametrize(("start", "end"), [("09:00", ""), ("", "12:00")])
def test_half_a_pair_of_times_is_none(start: str, end: str) -> None:
    row = GOOD.replace("180", "") + f",{start},{end}"
    _, table, findings = read_feed(1, csv(row, header=HEADER + ",start_time,end_time"))
    assert table.is_empty()
    assert findings["code"].to_list() == ["FEED_TIMES_MISSING"]


@pytest.mark.parametrize(
    ("row", "says"),
    [("E-2,C-1,IOP", "3 fields where the header has 10"), (GOOD + ",x", "11 fields")],
)
def test_row_of_another_width(row: str, says: str) -> None:
    _, table, findings = read_feed(1, csv(row, GOOD))
    assert table["source_record_id"].to_list() == ["E-1"]
    assert findings["code"].to_list() == ["FEED_ROW_WIDTH"]
    assert findings["message"][0].startswith("line 2: " + says)


def test_an_open_quote_costs_its_own_row_only() -> None:
    """Without care, a quote that never closes would swallow the rest of the file in silence."""
    _, table, findings = read_feed(1, csv(GOOD, '"E-2' + GOOD[3:], GOOD.replace("E-1", "E-3")))
    assert table["source_record_id"].to_list() == ["E-1", "E-3"]
    assert findings.select("code", "message").rows() == [
        ("FEED_QUOTES", "line 3: quotes do not close properly")
    ]


def test_a_state_that_is_none_is_told() -> None:
    rows = (FIXTURES / "clients.csv").read_text(encoding="utf-8-sig")
    whole = read_feed(1, rows.encode())[1]
    assert "MA" in whole["state"].to_list()
    _, table, findings = read_feed(1, rows.replace(",MA,", ",XQ,").encode())
    assert table.height == whole.height
    said = findings.filter(pl.col("code") == "STATE_UNKNOWN")["message"].to_list()
    assert said
    assert all("state: XQ is no state or province" in one for one in said)


def test_latin_bytes_are_read_and_said() -> None:
    """Windows-1252 (an accent saved by an old spreadsheet) is read, with a warning."""
    rows = (FIXTURES / "providers.csv").read_text(encoding="utf-8").replace("Dee", "Zoé")
    _, table, findings = read_feed(1, rows.encode("cp1252"))
    assert table["first_name"].to_list() == ["Zoé", None]
    assert ("FEED_ENCODING", "warning") in findings.select("code", "severity").rows()


def test_bytes_of_no_encoding_are_rejected() -> None:
    with pytest.raises(FeedRejected, match="no text in UTF-8 or Windows-1252"):
        read_feed(1, csv(GOOD) + b"\x81\xff")


def test_approved_authorization_needs_its_number() -> None:
    text = (FIXTURES / "authorizations.csv").read_text(encoding="utf-8").replace("HB-1", "")
    _, table, findings = read_feed(1, text.encode())
    assert table["status"].to_list() == ["pending"]
    wrong = findings.filter(pl.col("severity") == "error")
    assert wrong.select("code", "message").rows() == [
        ("FEED_VALUE_MISSING", "line 2, auth_number: required, and empty")
    ]


def test_span_that_ends_before_it_begins() -> None:
    text = (FIXTURES / "authorizations.csv").read_text(encoding="utf-8")
    _, table, findings = read_feed(1, text.replace("2026-03-31", "2025-03-31").encode())
    assert table["status"].to_list() == ["pending"]
    wrong = findings.filter(pl.col("severity") == "error")
    assert wrong.select("code", "message").rows() == [
        ("FEED_VALUE_INVALID", "line 2, to_date: before from_date")
    ]


@pytest.mark.parametrize(
    ("dollars", "cents"), [("350", 35000), ("$1,350.5", 135050), ("0.07", 7), ("12.345", None)]
)
def test_charges_are_exact_cents(dollars: str, cents: int | None) -> None:
    _, table, _ = read_feed(1, csv(f'{GOOD},"{dollars}"', header=HEADER + ",charge"))
    assert table["charge_cents"].to_list() == ([] if cents is None else [cents])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"ISA*00*          *00*          *ZZ*A",
        b"name,colour\nx,y\n",
        b'{"kind": "Bundle"}',
        b"\x00\x01\x02\xff\xfe",
        b"<html><body>encounters</body></html>",
    ],
)
def test_sniff_knows_what_is_no_feed(data: bytes) -> None:
    assert sniff(data) is None
    with pytest.raises(FeedRejected, match="not a feed"):
        read_feed(1, data)


@pytest.mark.parametrize("kind", KINDS)
def test_sniff(kind: str) -> None:
    assert sniff((FIXTURES / f"{kind}.csv").read_bytes()) == (kind, "csv")
    assert sniff((FIXTURES / f"{kind}.xml").read_bytes()) == (kind, "xml")


@pytest.mark.parametrize("kind", KINDS)
def test_feed_maps_fill_their_tables(kind: str) -> None:
    """Every table column but file_id and row comes from exactly one feed column that is kept; codes fit."""
    columns = feed(kind).columns
    assert sorted(column.target for column in columns if column.kept) == sorted(
        set(TABLES[kind].schema) - {"file_id", "row"}
    )
    for column in columns:
        assert bool(column.codes) == (column.kind == "code"), column.name
        assert column.not_before is None or column.not_before in feed(kind).names


TITLED = b"""Example Recovery Center
"Billing export, 01/05/2026 - 01/31/2026"

"""


def test_titles_above_the_header_are_let_go_and_told() -> None:
    """As report programs write them; lines keep their numbers."""
    data = (FIXTURES / "encounters.csv").read_bytes()
    plain, titled = feeds.read_feed(1, data), feeds.read_feed(1, TITLED + data)
    assert titled.kind == plain.kind
    kept = plain.tables["encounters"].with_columns(pl.col("row") + 3)
    assert titled.tables["encounters"].equals(kept)
    first = titled.faults.row(0, named=True)
    assert (first["code"], first["says"]) == (
        "FEED_TITLE_SKIPPED",
        "lines 1 to 2 are titles above the header; not read",
    )


def test_titles_padded_by_a_spreadsheet_are_titles() -> None:
    data = (FIXTURES / "encounters.csv").read_bytes()
    width = data.split(b"\n")[0].count(b",")
    titled = feeds.read_feed(1, b"Example Recovery Center" + b"," * width + b"\n" + data)
    assert (
        titled.tables["encounters"].height == feeds.read_feed(1, data).tables["encounters"].height
    )


def test_a_header_narrower_than_its_rows_is_no_title() -> None:
    data = b"\n".join([b"source_record_id,client_id,service_date"] + [b"E1,C1,2026-01-05,,"] * 5)
    assert feed_csv.header(data) == ["source_record_id", "client_id", "service_date"]
