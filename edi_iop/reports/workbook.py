"""A sheet as an Excel workbook (Office Open XML): one an analyst filters, sums and keeps.

A first worksheet says what it is, with its sums and their bars; then a worksheet a
table, its heading frozen and filtered, money and dates as such, a total that follows
the filter; last the meaning of the codes. Text of a file is always written as text:
no formula, no link comes out of data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import polars as pl
import xlsxwriter
from msgspec.structs import replace
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from edi_iop.errors import NotWritten
from edi_iop.reports.cells import COLOURS, heading, kind_of, plain
from edi_iop.reports.sheet import MASK, Chart, Field, Sheet

MOST_ROWS = 1_048_576 - 2
"""Rows of a worksheet, less heading and total."""
MOST_CHARACTERS = 32_767
"""Of a cell."""
MOST_CELLS = 2_000_000
"""Of a workbook that is put together in memory: each takes some 300 bytes."""
_ROWS_AT_ONCE = 2_000
MOST_STYLED = 5_000
"""Rows whose states are coloured; a workbook of many more stays light."""
WIDEST, NARROWEST = 60, 9
_FIRST_DAY = date(1900, 3, 1)
"""Before it not every program counts days alike: those are text."""
LINE, MOST_LINES = 15, 12
"""Height of a line in points, and how many of them a row shows."""
_NAME_BREAK = str.maketrans(dict.fromkeys(r"[]:*?/\'", " "))
_FILLS = {"red": ("#9C0006", "#FFC7CE"), "yellow": ("#7F6000", "#FFEB9C"), "green": ("#006100", "#C6EFCE")}  # fmt: skip


def to_xlsx(sheet: Sheet, target: BinaryIO) -> None:
    """The workbook's bytes; NotWritten where a table is longer than a worksheet can be."""
    pages = sheet.tables or sheet.read
    for page in pages:
        fits(page.rows.height)
    # A text that begins with = is a text, one that looks like an address is no link.
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with _held(pages) as held, xlsxwriter.Workbook(target, options | held) as book:
        styles = _Styles(book)
        used: set[str] = set()
        if sheet.title or sheet.closing or any(page.drawn for page in pages):
            _front(book.add_worksheet(_unused("Summary", used)), book, styles, pages)
        for number, page in enumerate(pages, start=1):
            named = page.name or (sheet.name if number == 1 else f"Table {number}")
            _table(book.add_worksheet(_unused(named or "Rows", used)), styles, page)
        meanings = list(dict.fromkeys(line for page in pages for line in page.legend))
        if meanings:
            _codes(book.add_worksheet(_unused("Codes", used)), styles, meanings)


@contextmanager
def _held(pages: Sequence[Sheet]) -> Iterator[dict[str, Any]]:
    """Where the library keeps the cells: in memory, or of many in files that nobody else reads."""
    if sum(page.rows.height * page.rows.width for page in pages) <= MOST_CELLS:
        yield {"in_memory": True}
        return
    with TemporaryDirectory() as folder:
        yield {"constant_memory": True, "tmpdir": folder, "use_zip64": True}


def fits(height: int, *, more: bool = False) -> None:
    """NotWritten where a table of so many rows, or of more, is longer than a worksheet can be."""
    if height > MOST_ROWS:
        has = f"more than {MOST_ROWS:,}" if more else f"{height:,}"
        raise NotWritten(
            f"a worksheet holds {MOST_ROWS:,} rows and this answer has {has}; "
            "write it with --format csv or parquet"
        )


class _Styles:
    """The formats of a workbook."""

    def __init__(self, book: Workbook) -> None:
        plain_text = {"valign": "top", "align": "left", "indent": 1}
        self.text = book.add_format(plain_text)
        self.wrapped = book.add_format({**plain_text, "text_wrap": True})
        self.date = book.add_format({**plain_text, "num_format": "yyyy-mm-dd"})
        self.money = book.add_format({"valign": "top", "num_format": "#,##0.00;[Red]-#,##0.00"})
        self.number = book.add_format({"valign": "top", "num_format": "General"})
        self.heading = book.add_format(
            {"bold": True, "bg_color": "#1F4E79", "font_color": "#FFFFFF", "valign": "vcenter", "text_wrap": True}
        )  # fmt: skip
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.bold = book.add_format({"bold": True})
        total = {"bold": True, "top": 1}
        self.total = book.add_format(total)
        self.total_money = book.add_format({**total, "num_format": "#,##0.00;[Red]-#,##0.00"})
        self.total_number = book.add_format({**total, "num_format": "#,##0.##"})
        self.states = {
            name: book.add_format({"font_color": ink, "bg_color": fill, **plain_text})
            for name, (ink, fill) in _FILLS.items()
        }


def _unused(name: str, used: set[str]) -> str:
    """A worksheet's name: 31 characters at most, none of those Excel refuses, none twice."""
    wanted = name.translate(_NAME_BREAK).strip()[:31] or "Rows"
    wanted = wanted[:1].upper() + wanted[1:]
    number, free = 2, wanted
    while free.lower() in used:
        free, number = f"{wanted[:27]} {number}", number + 1
    used.add(free.lower())
    return free


# ------------------------------------------------------------------ tables


def _table(place: Worksheet, styles: _Styles, sheet: Sheet) -> None:
    """All rows: first the columns a person reads, which also print, then all others."""
    fields = _fields(sheet)
    frame = pl.DataFrame(_series(sheet, field) for field in fields)
    _paged(place, sheet.title or sheet.name)
    widest = [_widest(frame.to_series(at), field) for at, field in enumerate(fields)]
    for at, (field, width) in enumerate(zip(fields, widest, strict=True)):
        place.write_string(0, at, field.heading, styles.heading)
        place.set_column(at, at, min(width + 3, WIDEST))
    if frame.is_empty():
        place.write_string(1, 0, sheet.none, styles.text)
    else:
        _rows(place, styles, frame, fields, [width > WIDEST for width in widest])
        _totals(place, styles, frame, fields, sheet.summed)
        place.autofilter(0, 0, frame.height, frame.width - 1)
    place.freeze_panes(1, 1)
    read = len(sheet.fields) + len(sheet.notes)
    place.print_area(0, 0, frame.height + 1, (read or frame.width) - 1)


def _fields(sheet: Sheet) -> list[Field]:
    """Columns of the worksheet; not those that hold nothing but the mask."""
    read = [*sheet.fields, *sheet.notes]
    known = {field.column for field in read}
    rest = [
        Field(heading(name), name, kind_of(name))
        for name in sheet.rows.columns
        if name not in known and not _is_masked(sheet, name)
    ]
    return [replace(field, heading=heading(field.column)) for field in read] + rest


def _is_masked(sheet: Sheet, name: str) -> bool:
    values = sheet.rows[name].drop_nulls()
    return name in sheet.phi and bool((values.cast(pl.String) == MASK).all())


def _series(sheet: Sheet, field: Field) -> pl.Series:
    """The values as programs get them, or as they were made for a person."""
    frame = sheet.rows if field.column in sheet.rows.columns else sheet.shown
    return frame[field.column]


def _widest(values: pl.Series, field: Field) -> int:
    """How many characters the widest cell of a column has, and no less than a narrow column."""
    if field.kind == "money":
        ends = (values.min(), values.max())
        texts = [f"{end / 100:,.2f}" for end in ends if isinstance(end, int)]
        longest = max(map(len, texts), default=0)
    elif isinstance(values.dtype, pl.String | pl.List):
        found = _lengths(values).max()
        longest = found if isinstance(found, int) else 0
    else:
        longest = max((len(_text(one, field)) for one in values.drop_nulls().unique()), default=0)
    return max(NARROWEST, len(field.heading), longest)


def _lengths(texts: pl.Series) -> pl.Series:
    """How many characters each text or list of a column takes."""
    whole = texts
    if isinstance(texts.dtype, pl.List):
        each = texts.cast(pl.List(pl.String)).list.eval(pl.element().fill_null(""))
        whole = each.list.join(", ")
    return whole.str.len_chars().cast(pl.Int64).clip(upper_bound=MOST_CHARACTERS)


def _rows(
    place: Worksheet,
    styles: _Styles,
    frame: pl.DataFrame,
    fields: Sequence[Field],
    wide: Sequence[bool],
) -> None:
    """The rows beneath the heading; wide: columns whose texts go over several lines.

    Cell by cell and row by row: that is all the library offers, and it forgets a row of a large
    workbook when the next one begins.
    """
    lines = [
        _lengths(frame.to_series(at)) // (WIDEST - 4) + 1 for at in range(len(wide)) if wide[at]
    ]
    high = pl.select(pl.max_horizontal(lines).fill_null(1)).to_series() if lines else None
    writers = [
        _writer(place, styles, field, styles.wrapped if several else styles.text)
        for field, several in zip(fields, wide, strict=True)
    ]
    for begin in range(0, frame.height, _ROWS_AT_ONCE):
        counts = None if high is None else high[begin : begin + _ROWS_AT_ONCE].to_list()
        for n, values in enumerate(frame[begin : begin + _ROWS_AT_ONCE].iter_rows()):
            row = begin + n + 1
            if counts and counts[n] > 1:
                # not every program works out the height of a row by itself
                place.set_row(row, LINE * min(counts[n], MOST_LINES))
            for at, value in enumerate(values):
                if value is not None:
                    writers[at](row, at, value)


def _writer(
    place: Worksheet, styles: _Styles, field: Field, style: Format
) -> Callable[[int, int, Any], object]:
    """Writes a value of a column: money in dollars, dates as dates, everything else as text."""

    def money(row: int, at: int, value: Any) -> None:
        place.write_number(row, at, value / 100, styles.money)

    def other(row: int, at: int, value: Any) -> None:
        if isinstance(value, date) and value >= _FIRST_DAY:
            place.write_datetime(row, at, value, styles.date)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            place.write_number(row, at, value, styles.number)
        else:
            text = _text(value, field)
            coloured = field.kind == "flag" and row <= MOST_STYLED and text in COLOURS
            _write(place, row, at, text, styles.states[COLOURS[text]] if coloured else style)

    return money if field.kind == "money" else other


def _write(place: Worksheet, row: int, at: int, text: str, style: Format) -> None:
    """A text of data as it is.

    The library takes one within <r> and </r> for its own markup and writes it as such; in pieces
    it is a text.
    """
    if text.startswith("<r>") and text.endswith("</r>"):
        place.write_rich_string(row, at, text[:1], text[1:2], text[2:], style)
    else:
        place.write_string(row, at, text, style)


def _text(value: object, field: Field) -> str:
    text = plain(value, field)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _totals(
    place: Worksheet,
    styles: _Styles,
    frame: pl.DataFrame,
    fields: Sequence[Field],
    summed: Sequence[str] | None,
) -> None:
    """A last row whose sums follow the filter; none where no sum means something."""
    row = frame.height + 1
    amounts = [field.column for field in fields if field.kind == "money"]
    chosen = amounts if summed is None else summed
    if not set(chosen) & set(frame.columns):
        return
    for at, name in enumerate(frame.columns):
        first, last = xl_rowcol_to_cell(1, at), xl_rowcol_to_cell(row - 1, at)
        if name in chosen:
            money = name in amounts
            total = frame[name].sum() / (100 if money else 1)
            style = styles.total_money if money else styles.total_number
            place.write_formula(row, at, f"=SUBTOTAL(109,{first}:{last})", style, total)
        else:
            place.write_blank(row, at, None, styles.total)
    if frame.columns[0] not in chosen:
        place.write_string(row, 0, "Total", styles.total)


def _paged(place: Worksheet, title: str) -> None:
    """How it prints: across, all columns on a page, the heading on each."""
    place.set_landscape()
    place.fit_to_pages(1, 0)
    place.repeat_rows(0)
    place.set_row(0, 30)
    # & begins a command in a header
    place.set_header(f"&L{title.replace('&', '&&')[:200]}")
    place.set_footer("&L&D&RPage &P of &N")


def _codes(place: Worksheet, styles: _Styles, meanings: Sequence[str]) -> None:
    """The payers' codes that occur, in our own words."""
    place.write_row(0, 0, ["Code", "Meaning"], styles.heading)
    for row, line in enumerate(meanings, start=1):
        code, _, meaning = line.partition(" ")
        _write(place, row, 0, code, styles.text)
        _write(place, row, 1, meaning.strip(), styles.wrapped)
    place.set_column(0, 0, 12)
    place.set_column(1, 1, 100)
    place.freeze_panes(1, 0)
    _paged(place, "Codes")


# ------------------------------------------------------------------ the front


def _front(place: Worksheet, book: Workbook, styles: _Styles, pages: Sequence[Sheet]) -> None:
    """What the workbook is, in a few lines, and its sums with their bars."""
    row = 0
    for page in pages:
        for line in dict.fromkeys((page.title or heading(page.name), page.closing, *page.hints)):
            if line:
                _write(place, row, 0, line, styles.title if row == 0 else styles.bold)
                row += 1
    row += 1
    for chart in (chart for page in pages for chart in page.drawn):
        row += _drawn(place, book, styles, chart, row)
    place.set_column(0, 0, 48)
    place.set_column(1, 1, 16)
    place.set_landscape()
    place.fit_to_pages(1, 0)
    place.hide_gridlines(2)


def _drawn(place: Worksheet, book: Workbook, styles: _Styles, chart: Chart, row: int) -> int:
    """A small table of sums with its bars to the right; how many rows it takes."""
    money = chart.kind == "money"
    _write(place, row, 0, chart.title, styles.heading)
    place.write_string(row, 1, "Dollars" if money else "Number", styles.heading)
    for at, (label, value) in enumerate(chart.rows.select("label", "value").iter_rows(), row + 1):
        _write(place, at, 0, _text(label, Field("", "")) or "none", styles.text)
        style = styles.money if money else styles.number
        place.write_number(at, 1, value / 100 if money else value, style)
    count = chart.rows.height
    place.insert_chart(row, 3, _bars(book, place.get_name(), row, count))
    return max(count + 2, 3 + (count * 20 + 80) // 20)


def _bars(book: Workbook, name: str, row: int, count: int) -> Any:
    """The bars of a table of sums; its title is the cell above it, never a text of data."""
    bars = book.add_chart({"type": "bar"})
    bars.add_series(
        {
            "categories": [name, row + 1, 0, row + count, 0],
            "values": [name, row + 1, 1, row + count, 1],
            "fill": {"color": "#2E75B6"},
            "gap": 40,
        }
    )
    bars.set_title({"name": [name, row, 0], "name_font": {"size": 11}})
    bars.set_legend({"none": True})
    bars.set_y_axis({"reverse": True})
    bars.set_x_axis({"major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})
    bars.set_size({"width": 560, "height": count * 20 + 80})
    return bars
