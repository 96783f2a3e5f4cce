"""Partners' own layouts: how a map is loaded, how a file is matched to it, how values are read by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_iop.errors import BadMap, FeedRejected, MissingPath
from edi_iop.parsers import feed_layout, feeds
from edi_iop.parsers.feed_layout import Layout
from tests.conftest import FIXTURES
from tests.parsers.reading import read_all, sniffed

HERE = FIXTURES / "feeds" / "layouts"

HEAD = 'says = "x"\nform = "csv"\n'
BODY = """
[encounters]
source_record_id = "Id"
client_id = "Client"
level_of_care = { value = "IOP" }
program_track = { value = "SUD" }
service_date = { from = "Day", format = "%d.%m.%Y" }
minutes = { from = "Hours", decimal = ",", factor = 60 }
service_type = { value = "group" }
attendance = { value = "attended" }
note_status = { value = "signed" }
diagnoses = "Dx"
"""
ROWS = "Id;Client;Day;Hours;Dx\n1;C1;05.01.2026;3,5;F10.20\n"


def layout(text: str = HEAD + BODY) -> Layout:
    return feed_layout.decode(text, "own.toml", "own")


def of(extra: str) -> Layout:
    """The layout with more columns, or other ones."""
    names = {line.split(" = ")[0] for line in extra.splitlines()}
    kept = [line for line in BODY.splitlines() if line.split(" = ")[0] not in names]
    return layout(HEAD + "\n".join([*kept, extra]))


def test_columns_dates_numbers_and_constants() -> None:
    """A European export: day first, comma as decimal point, hours that are minutes by 60."""
    tables, says = read_all(ROWS.encode(), layout())
    row = tables["encounters"].row(0, named=True)
    assert str(row["service_date"]) == "2026-01-05"
    assert (row["minutes"], row["level_of_care"], row["diagnoses"]) == (210, "IOP", "F1020")
    assert says == []


def test_an_american_date_does_not_pass_for_a_european_one() -> None:
    tables, says = read_all(ROWS.replace("05.01.2026", "1/5/2026").encode(), layout())
    assert tables["encounters"].is_empty()
    assert says == [
        "FEED_VALUE_INVALID: line 2, service_date (Day): not a date (%d.%m.%Y)"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + BODY + 'colour = "Dx"', "own.toml: encounters.colour: no column of the encounters"),
        (HEAD + BODY.replace('diagnoses = "Dx"', ""), "own.toml: encounters.diagnoses: required"),
        (HEAD + "speed = 3\n" + BODY, "own.toml: speed: unknown key"),
        (
            HEAD + BODY.replace('decimal = ","', "decimel = 1"),
            "encounters.minutes.decimel: unknown key",
        ),
        (HEAD + BODY.replace('decimal = ","', 'decimal = ";"'), "encounters.minutes.decimal: "),
        (
            HEAD + BODY.replace("factor = 60", 'factor = "60"'),
            "encounters.minutes.factor: must be a whole number",
        ),
        (HEAD + BODY.replace("%d.%m.%Y", "DMY"), "encounters.service_date.format: 'DMY'"),
        (HEAD + BODY.replace('"Dx"', "{ }"), "encounters.diagnoses: needs either from or value"),
        (HEAD + BODY.replace('"Dx"', '{ from = "Dx", pattern = "(" }'), r"diagnoses.pattern"),
        (HEAD + BODY.replace('"Dx"', '{ from = "Dx", pattern = "F" }'), "has no group"),
        (HEAD + BODY.replace("minutes =", "units ="), "start_time and end_time, or minutes"),
        (HEAD, "fills no feed"),
        (HEAD.replace("csv", "pdf") + BODY, "own.toml: .*form"),
        (HEAD.replace("csv", "xml") + BODY, "root and row"),
        (HEAD + 'timezone = "Moon/Sea"\n' + BODY, "timezone: no such zone Moon/Sea"),
        (HEAD + 'extends = "../x"\n' + BODY, "extends: there is no layout"),
        ("says = ", "own.toml: "),
        (HEAD + "encounters = 3", "encounters: not a table of columns"),
    ],
)
def test_a_wrong_layout_is_refused_with_file_key_and_reason(text: str, says: str) -> None:
    with pytest.raises(BadMap, match=says):
        layout(text)


def test_a_layout_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingPath, match="edi-iop feed guess"):
        feed_layout.load([tmp_path / "no.toml"])


def test_shipped_layouts_load_and_say_that_they_are_synthetic() -> None:
    shipped = {one.name: one for one in feed_layout.shipped()}
    for name in ("kipu_like", "practice_export"):
        assert "synthetic" in shipped[name].head.says


@pytest.mark.parametrize("name", ["kipu_like", "practice_export"])
def test_shipped_layouts_find_their_files_by_header(name: str) -> None:
    found = feeds.sniff((HERE / f"{name}.csv").read_bytes())
    assert found is not None
    assert found.layout is not None
    assert (found.kind, found.form, found.layout.name) == ("encounters", "csv", name)


def test_the_users_own_layout_comes_before_a_shipped_one() -> None:
    data = (HERE / "kipu_like.csv").read_bytes()
    own = feed_layout.decode('extends = "kipu_like"\nsays = "ours"\n', "own.toml", "own")
    found = feeds.sniff(data, [own])
    assert found is not None
    assert found.layout is own
    assert feed_layout.shipped()[1] is not own


def test_what_a_layout_extends_is_merged_to_the_last_code() -> None:
    own = '[encounters.attendance.codes]\n"Zoom" = "attended"\n'
    merged = feed_layout.decode(f'extends = "kipu_like"\n{own}', "own.toml", "own")
    (source,) = merged.feeds["encounters"]["attendance"]
    assert source.codes is not None
    assert source.codes["Zoom"] == "attended"
    assert source.codes["Present"] == "attended"


def test_a_header_that_lacks_one_of_the_columns_is_another_file() -> None:
    assert sniffed(b"Id;Client;Day;Hours\n1;2;3;4\n", [layout()]) is None


def test_columns_nobody_reads_are_told_and_those_ignored_are_not() -> None:
    rows = ROWS.replace("Dx", "Dx;Room;Mood").replace("F10.20", "F10.20;4;good")
    own = layout(HEAD + 'ignore = ["mood"]\nheader = ["Id", "Dx"]' + BODY)
    _, says = read_all(rows.encode(), own)
    assert says == ["FEED_COLUMN_UNKNOWN: line 1, column 6 (Room): layout own does not read it"]


def test_a_column_for_a_required_value_must_be_in_the_file() -> None:
    own = layout(HEAD + 'header = ["Id"]' + BODY)
    with pytest.raises(FeedRejected, match="column Dx for diagnoses missing"):
        feeds.read_feed(1, ROWS.replace("Dx", "Diag").encode(), [own])


def test_a_read_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(FeedRejected, match="column client stands in the header twice"):
        feeds.read_feed(1, b"Id;Client;Day;Hours;Dx;client\n1;2;3;4;5;6\n", [layout()])


@pytest.mark.parametrize(
    ("column", "dx", "value"),
    [
        ('diagnoses = { from = "Dx", default = "F10.20" }', "", "F1020"),
        ('diagnoses = { from = "Dx", codes = { "alcohol" = "F10.20" } }', "Alcohol", "F1020"),
        (
            'diagnoses = { from = "Dx", prefixes = { "al" = "F10.20", "a" = "F19.20" } }',
            "Alc",
            "F1020",
        ),
        (
            'diagnoses = { from = "Dx", codes = { "x" = "F10.20" }, otherwise = "F33.1" }',
            "y",
            "F331",
        ),
        ('diagnoses = { from = "Dx", pattern = "^([A-Z][0-9.]+)" }', "F10.20 - Alcohol", "F1020"),
        (
            'diagnoses = [{ from = "Dx", codes = { "x" = "F10.20" } }, { value = "F33.1" }]',
            "z",
            "F331",
        ),
        ('diagnoses = { from = ["Dx", "Id"], join = " F33." }', "F10.20", "F1020 F331"),
    ],
)
def test_how_a_value_is_brought_to_the_canonical_form(column: str, dx: str, value: str) -> None:
    tables, _ = read_all(ROWS.replace("F10.20", dx).encode(), of(column))
    assert tables["encounters"]["diagnoses"].to_list() == [value]


def test_a_value_without_a_translation_stays_and_is_told() -> None:
    own = of('attendance = { from = "Id", codes = { "yes" = "attended" } }')
    tables, says = read_all(ROWS.encode(), own)
    assert tables["encounters"].is_empty()
    assert says == [
        "FEED_VALUE_INVALID: line 2, attendance (Id): not one of the codes of this column"
    ]


def test_lost_leading_zeros_come_back_by_width() -> None:
    own = of('client_id = { from = "Client", width = 6 }')
    tables, _ = read_all(ROWS.replace("C1", "412.0").encode(), own)
    assert tables["encounters"]["client_id"].to_list() == ["000412"]


def test_rows_that_are_no_events_are_counted() -> None:
    own = layout(HEAD + 'skip = { Client = ["c1"] }' + BODY)
    tables, says = read_all(ROWS.encode(), own)
    assert tables["encounters"].is_empty()
    assert says == ["FEED_ROWS_SKIPPED: 1 row is no event by Client (layout own)"]


XML = """<Export xmlns="urn:x"><Batch no="7"><Visit id="1"><Who>C1</Who><Day>05.01.2026</Day>
<Hours>3,5</Hours><Codes><Code>F10.20</Code><Code>F33.1</Code></Codes></Visit></Batch></Export>"""


def test_a_partners_own_xml() -> None:
    """Paths below the row, attributes, elements around it, an element that comes several times."""
    own = of(
        'source_record_id = { from = ["../@no", "@id"], join = "-" }\n'
        'client_id = "Who"\ndiagnoses = "Codes/Code"'
    )
    head = own.head.__class__(says="x", form="xml", root="Export", row="Visit")
    tables, says = read_all(XML.encode(), Layout("own", head, own.feeds))
    row = tables["encounters"].row(0, named=True)
    assert (row["source_record_id"], row["client_id"]) == ("7-1", "C1")
    assert (row["diagnoses"], row["minutes"], says) == ("F1020 F331", 210, [])


def test_a_partners_xml_may_declare_no_document_type() -> None:
    head = layout().head.__class__(says="x", form="xml", root="Export", row="Visit")
    bomb = "<!DOCTYPE Export [<!ENTITY a 'x'>]>" + XML
    with pytest.raises(FeedRejected, match="declares a document type"):
        feeds.read_feed(1, bomb.encode(), [Layout("own", head, layout().feeds)])
