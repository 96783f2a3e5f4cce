"""Reports: questions to frames, frames to a terminal, CSV, JSON or NDJSON. Nothing here judges."""

from __future__ import annotations

from typing import TextIO

from edi_iop.reports.formats import render_parts, to_csv, to_json, to_ndjson, to_parquet
from edi_iop.reports.sheet import Field, Sheet

__all__ = ["Field", "Sheet", "render", "render_parts", "to_parquet"]


def render(sheet: Sheet, form: str, stream: TextIO | None = None) -> str:
    """The sheet as text: table, csv, json or ndjson. stream: where a table will be shown."""
    match form:
        case "csv":
            return to_csv(sheet)
        case "json":
            return to_json(sheet)
        case "ndjson":
            return to_ndjson(sheet)
    if sheet.rows.is_empty() and not sheet.title:
        return f"{sheet.none}\n"
    from edi_iop.reports.screen import to_screen  # loads rich, which only a table needs

    return to_screen(sheet, stream)
