"""Sheets on a terminal: one line a row, what it means beneath it, colour where it helps.

Only a terminal gets colour, and only so many rows as a person reads; the
formats for programs carry everything.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from edi_iop.reports.cells import COLOURS, cell, fields_of, plain
from edi_iop.reports.sheet import Field, Sheet

WIDTH = 100
"""Columns where the output is not a terminal."""
MOST_ROWS = 500
NARROWEST = 16
"""A last column that would get less makes the table a list of records."""
MOST_BENEATH = 6
"""So many last columns may go beneath their row before the table becomes a list of records."""
GAP = 2
INDENT = 4


def to_screen(sheet: Sheet, stream: TextIO | None = None) -> str:
    """The sheet as text; with colour and the terminal's width if the stream is one."""
    console = console_for(stream)
    with console.capture() as capture:
        for number, page in enumerate(sheet.read):
            if number:
                console.print()
            _print(page, console)
    return capture.get()


def console_for(stream: TextIO | None) -> Console:
    """As wide as the terminal and in colour, or plain where the stream is none."""
    terminal = stream is not None and stream.isatty()
    target = stream if terminal else io.StringIO()
    width = None if terminal else WIDTH
    return Console(file=target, width=width, highlight=False, markup=False, emoji=False)


def _print(sheet: Sheet, console: Console) -> None:
    if sheet.title:
        console.print(Text(sheet.title, style="bold"))
    if not sheet.rows.height:
        console.print(Text(sheet.none))
        return
    fields = fields_of(sheet)
    records = sheet.shown.head(MOST_ROWS).to_dicts()
    for beneath in range(min(MOST_BENEATH, len(fields) - 1) + 1):
        kept, moved = fields[: len(fields) - beneath], fields[len(fields) - beneath :]
        columns = _fitted(kept, records, console.width)
        if columns is not None:
            _print_table(columns, moved, sheet.notes, records, console)
            break
    else:
        _print_records(fields + sheet.notes, records, console)
    total = sheet.total or sheet.rows.height
    if total > MOST_ROWS:
        console.print(f"the first {MOST_ROWS} of {total:,} rows; all of them: --format csv -o FILE")
    if sheet.closing:
        console.print(Text(sheet.closing, style="bold"))
    for line in (*sheet.legend, *sheet.hints):
        console.print(Text(line, style="dim"))


def _fitted(
    fields: Sequence[Field], records: Sequence[dict[str, Any]], width: int
) -> list[tuple[Field, int]] | None:
    """Each column with its width, the last one narrowed to what is left; None where none fits."""
    columns = [
        (
            field,
            max(
                len(field.heading),
                *(len(cell(record.get(field.column), field)) for record in records),
            ),
        )
        for field in fields
    ]
    before = sum(column_width + GAP for _, column_width in columns[:-1])
    last, last_width = columns[-1]
    if before + last_width <= width:
        return columns
    if last.kind == "text" and width - before >= NARROWEST:
        return [*columns[:-1], (last, width - before)]
    return None


def _print_table(
    columns: Sequence[tuple[Field, int]],
    moved: Sequence[Field],
    notes: Sequence[Field],
    records: Iterable[dict[str, Any]],
    console: Console,
) -> None:
    """A line a record; beneath it the columns that found no room, then its notes."""
    headings = [Text(field.heading, style="dim") for field, _ in columns]
    _print_line(columns, headings, console)
    said: dict[str, object] = {}
    for record in records:  # a screenful at most, and each row is printed by itself
        cells = [_shown(record.get(field.column), field) for field, _ in columns]
        _print_line(columns, cells, console)
        _print_note(Field("", ""), _said(moved, record), console)
        for note in notes:
            value = record.get(note.column)
            if not (note.once and said.get(note.column) == value):
                _print_note(note, value, console)
            said[note.column] = value


def _said(fields: Sequence[Field], record: dict[str, Any]) -> str:
    """`rule BUN-02, deadline 2026-09-16`: columns as words."""
    said = ((field.heading.lower(), cell(record.get(field.column), field)) for field in fields)
    return ", ".join(f"{heading} {text}" for heading, text in said if text)


def _shown(value: object, field: Field) -> Text:
    text = cell(value, field)
    return Text(text, style=COLOURS.get(text, "") if field.kind == "flag" else "")


def _print_line(
    columns: Sequence[tuple[Field, int]], cells: Sequence[Text], console: Console
) -> None:
    """Cells side by side; the last one goes on beneath itself where it is longer than its column."""
    line = Text()
    for (field, width), text in zip(columns[:-1], cells, strict=False):
        gap = " " * (width - len(text))
        right = field.kind in ("money", "number")
        line += Text(gap) + text if right else text + Text(gap)
        line.append(" " * GAP)
    margin = len(line)
    field, width = columns[-1]
    for number, part in enumerate(cells[-1].wrap(console, width) or [Text()]):
        part.rstrip()
        if field.kind in ("money", "number"):
            part = Text(" " * (width - len(part))) + part
        whole = (Text(" " * margin) if number else line) + part
        whole.rstrip()
        console.print(whole, soft_wrap=True)


def _print_note(note: Field, value: object, console: Console) -> None:
    """`heading: value`, wrapped under itself."""
    text = plain(value, note)
    if not text:
        return
    label = f"{note.heading}: " if note.heading else ""
    for line in Text(f"{label}{text}").wrap(console, console.width - INDENT - 1):
        line.rstrip()
        console.print(Text(" " * INDENT) + line, soft_wrap=True)


def _print_records(
    fields: Sequence[Field], records: Sequence[dict[str, Any]], console: Console
) -> None:
    """Too wide for the terminal: each record by itself, its filled columns one a line."""
    wide = max(len(field.heading) for field in fields)
    for number, record in enumerate(records, start=1):
        console.print(Text(f"-- {number} --", style="dim"))
        for field in fields:
            value = plain(record.get(field.column), field)
            if value:
                console.print(Text(f"{field.heading.ljust(wide)}  {value}"), soft_wrap=True)
