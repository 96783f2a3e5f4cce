"""Reports: questions to frames, frames to a terminal, CSV, JSON or NDJSON, Parquet, a workbook or a page. Nothing here judges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, TextIO

from edi_iop.reports.formats import render_parts, to_csv, to_json, to_ndjson, to_parquet
from edi_iop.reports.sheet import Field, Sheet

__all__ = ["Field", "Sheet", "render", "render_parts", "render_read", "to_parquet", "to_xlsx"]


def render(sheet: Sheet, form: str, stream: TextIO | None = None) -> str:
    """The sheet as text: table, csv, json, ndjson or html. stream: where a table will be shown."""
    match form:
        case "csv":
            return to_csv(sheet)
        case "json":
            return to_json(sheet)
        case "ndjson":
            return to_ndjson(sheet)
        case "html":
            from edi_iop.reports.page import to_html

            return to_html(sheet)
    if sheet.rows.is_empty() and not sheet.title and not sheet.pages:
        return f"{sheet.none}\n"
    from edi_iop.reports.screen import to_screen  # loads rich, which only a table needs

    return to_screen(sheet, stream)


def render_read(
    name: str, sheets: Iterator[Sheet], form: str, stream: TextIO | None = None
) -> Iterator[str]:
    """Several tables for a person as one text, a piece each: table or html. name: of the answer."""
    if form == "html":
        from edi_iop.reports.cells import heading
        from edi_iop.reports.page import page_of

        yield from page_of(heading(name), sheets)
        return
    for number, sheet in enumerate(sheets):
        yield ("\n" if number else "") + render(sheet, form, stream)


def to_xlsx(sheet: Sheet, target: BinaryIO) -> None:
    """The sheet as an Excel workbook."""
    from edi_iop.reports import workbook  # loads what only a workbook needs

    workbook.to_xlsx(sheet, target)
