"""The workbook as another program (openpyxl) reads it."""

from __future__ import annotations

import io
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from edi_iop.errors import NotWritten
from edi_iop.reports import to_xlsx, workbook
from edi_iop.reports.sheet import Chart, Field, Sheet

ROWS = pl.DataFrame(
    {
        "claim": ["A1", "A2"],
        "service_date": [date(2026, 1, 5), None],
        "paid_cents": [28550, -5],
        "rate_cents": [28500, 28500],
        "rarcs": [["N20", "M80"], []],
        "patient": ["Reed", "Moss"],
        "verdict": ["refuted", "confirmed"],
    }
)


@pytest.fixture(autouse=True, params=["in memory", "in files"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the cells are until the workbook is whole: of a large one in files."""
    if request.param == "in files":
        monkeypatch.setattr(workbook, "MOST_CELLS", 0)


def read(sheet: Sheet) -> Any:
    """The workbook of a sheet, as openpyxl sees it, formulas as written."""
    target = io.BytesIO()
    to_xlsx(sheet, target)
    return openpyxl.load_workbook(target)


def test_money_is_dollars_and_dates_are_dates() -> None:
    place = read(Sheet("", ROWS, name="denials"))["Denials"]
    assert [cell.value for cell in place[2]][:5] == [
        "A1",
        datetime(2026, 1, 5),
        285.5,
        285,
        "N20, M80",
    ]
    assert place["C3"].value == -0.05
    assert "#,##0.00" in place["C2"].number_format
    assert place["B2"].number_format == "yyyy-mm-dd"


def test_the_heading_is_frozen_and_filtered_and_the_total_follows_the_filter() -> None:
    place = read(Sheet("", ROWS, name="denials", summed=("paid_cents",)))["Denials"]
    assert place.freeze_panes == "B2"
    assert place.auto_filter.ref == "A1:G3"
    assert place["C4"].value == "=SUBTOTAL(109,C2:C3)"
    assert place["D4"].value is None
    assert place["A4"].value == "Total"


def test_a_total_is_there_before_anything_is_recalculated() -> None:
    target = io.BytesIO()
    to_xlsx(Sheet("", ROWS, name="x", summed=("paid_cents",)), target)
    assert openpyxl.load_workbook(target, data_only=True)["X"]["C4"].value == 285.45


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "http://a.b/c", "{=1}", "<r>1</r>", "<r></r>"])  # fmt: skip
def test_text_of_a_file_is_never_a_formula_or_a_link(text: str) -> None:
    frame = pl.DataFrame({"says": [text], "evidence": [[text]]})
    chart = Chart(text, pl.DataFrame({"label": [text], "value": [1]}))
    book = read(Sheet(text, frame, closing=text, legend=(text,), charts=(chart,)))
    cells = [cell for place in book for row in place.rows for cell in row if cell.value == text]
    assert len(cells) >= 5
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


def test_a_chart_without_bars_is_left_out() -> None:
    empty = Chart("Entries", pl.DataFrame({"label": [], "value": []}))
    assert read(Sheet("", ROWS, name="x", charts=(empty,))).sheetnames == ["X"]


def test_the_columns_a_person_reads_come_first_and_print() -> None:
    fields = (Field("VERDICT", "verdict", "flag"), Field("PAID", "paid_cents", "money"))
    place = read(Sheet("", ROWS, fields, name="x"))["X"]
    assert [cell.value for cell in place[1]][:3] == ["Verdict", "Paid", "Claim"]
    assert place.print_area == "'X'!$A$1:$B$4"
    assert place.print_title_rows == "$1:$1"


def test_masked_people_have_no_column() -> None:
    sheet = Sheet("", ROWS, name="x", phi=frozenset({"patient"}))
    assert "Patient" in [cell.value for cell in read(sheet)["X"][1]]
    assert "Patient" not in [cell.value for cell in read(sheet.masked())["X"][1]]


def test_every_page_has_a_worksheet_and_no_name_stands_twice() -> None:
    page = Sheet("", ROWS, name="a/very: long [name] of more than 31 characters")
    book = read(Sheet("Remit", ROWS, pages=(page, page), legend=()))
    first, second = "A very  long  name  of more tha", "A very  long  name  of more 2"
    assert book.sheetnames == ["Summary", first, second]


def test_codes_have_their_meaning_on_a_worksheet_of_their_own() -> None:
    book = read(Sheet("", ROWS, name="x", legend=("97   included in another service",)))
    assert [cell.value for cell in book["Codes"][2]] == ["97", "included in another service"]


def test_no_rows_say_so() -> None:
    book = read(Sheet("", ROWS.clear(), name="x", none="no denied lines"))
    assert book["X"]["A2"].value == "no denied lines"


def test_a_table_longer_than_a_worksheet_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 1)
    with pytest.raises(NotWritten, match="--format csv"):
        read(Sheet("", ROWS))


def test_there_is_no_total_where_no_sum_means_something() -> None:
    place = read(Sheet("", ROWS, name="metrics", summed=()))["Metrics"]
    assert (place.max_row, place["A4"].value) == (3, None)


def test_amounts_whose_name_does_not_say_cents_are_dollars_too() -> None:
    place = read(Sheet("", pl.DataFrame({"priority": [10727]}), name="denials", summed=()))[
        "Denials"
    ]
    assert place["A2"].value == 107.27


def test_a_hint_is_a_sentence_on_the_front_and_no_code() -> None:
    book = read(Sheet("", ROWS, name="x", closing="2 lines", hints=("Accept with: match accept",)))
    assert book.sheetnames == ["Summary", "X"]
    assert [row[0].value for row in book["Summary"].rows][:3] == [
        "X",
        "2 lines",
        "Accept with: match accept",
    ]


def test_many_pages_are_a_few_tables() -> None:
    page = Sheet("A page", ROWS, name="p")
    tables = (Sheet("All", ROWS, name="all", phi=frozenset({"patient"})),)
    book = read(Sheet("", ROWS, pages=(page, page), tables=tables).masked())
    assert book.sheetnames == ["All"]
    assert "Reed" not in [cell.value for row in book["All"].rows for cell in row]


AWKWARD = ["=1+1", "+1", "-2", "@x", "http://x.y", 'a & b <c> "q"', " lead", "trail ", "\u00e9\u6f22", "Infinity"]  # fmt: skip


def test_texts_come_back_as_they_are() -> None:
    rows = pl.DataFrame({"claim": AWKWARD})
    place = read(Sheet("", rows, name="claims"))["Claims"]
    assert [cell.value for cell in place["A"][1:]] == AWKWARD
    assert {cell.data_type for cell in place["A"][1:]} == {"s"}


def test_days_that_programs_count_differently_are_text() -> None:
    rows = pl.DataFrame({"birth_date": [date(1899, 12, 31), date(1900, 2, 28), date(1900, 3, 1)]})
    place = read(Sheet("", rows, name="claims"))["Claims"]
    told = [cell.value for cell in place["A"][1:]]
    assert told == ["1899-12-31", "1900-02-28", datetime(1900, 3, 1)]


def test_a_row_is_as_high_as_its_longest_text() -> None:
    """A text of 120 signs takes three lines of 56 in a column that is wide; short ones take one."""
    rows = pl.DataFrame(
        {"says": ["x" * 120, "short", None], "seen": [["y" * 60], ["y"], [None, "y"]]}
    )
    place = read(Sheet("", rows, name="x"))["X"]
    heights = [place.row_dimensions[row].height for row in (1, 2, 3, 4)]
    assert heights == [30, 45, None, None]
    assert place.column_dimensions["A"].width == pytest.approx(workbook.WIDEST, abs=1)


def test_a_large_workbook_is_not_held_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its cells wait in a folder of its own, of which nothing is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held: list[dict[str, Any]] = []
    made = workbook.xlsxwriter.Workbook

    def noted(target: Any, options: dict[str, Any]) -> Any:
        held.append(options)
        return made(target, options)

    monkeypatch.setattr(workbook.xlsxwriter, "Workbook", noted)
    for most, option in ((13, "constant_memory"), (14, "in_memory")):
        monkeypatch.setattr(workbook, "MOST_CELLS", most)
        read(Sheet("", ROWS, name="x"))
        assert held.pop().get(option), "2 rows of 7 columns"
    assert list(tmp_path.iterdir()) == []
