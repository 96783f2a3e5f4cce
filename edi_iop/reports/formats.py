"""Sheets for other programs: CSV without formulas, JSON, NDJSON (one object a line), Parquet."""

from __future__ import annotations

import io
import json

import polars as pl

from edi_iop.reports.sheet import Sheet

LIST_SEPARATOR = "; "
_FORMULA = r"^[=+\-@\t\r]"
_PLAIN_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?$"


def to_csv(sheet: Sheet) -> str:
    """One header row and one row a record; lists in one field, parted by semicolons.

    A text that a spreadsheet would run as a formula gets a quote in front.
    """
    frame = sheet.rows
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    flat = frame.with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join(LIST_SEPARATOR) for name in lists
    )
    texts = [name for name, dtype in flat.schema.items() if dtype == pl.String]
    safe = flat.with_columns(_neutral(name) for name in texts)
    return safe.write_csv(time_format="%H:%M")


def to_ndjson(sheet: Sheet) -> str:
    """One object a line; absent values are null, dates ISO 8601, money integer cents."""
    if sheet.document is not None:
        return json.dumps(sheet.document, default=str) + "\n"
    return _minutes_only(sheet.rows).write_ndjson() if sheet.rows.height else ""


def to_json(sheet: Sheet) -> str:
    """One array of the same objects."""
    if sheet.document is not None:
        return json.dumps(sheet.document, indent=2, default=str) + "\n"
    objects = to_ndjson(sheet).splitlines()
    return "[\n" + ",\n".join(objects) + "\n]\n" if objects else "[]\n"


def to_parquet(sheet: Sheet) -> bytes:
    """The rows with their types: dates, times, lists, money in integer cents."""
    content = io.BytesIO()
    sheet.rows.write_parquet(content)
    return content.getvalue()


def _neutral(name: str) -> pl.Expr:
    """The column with formulas made text; numbers stay numbers."""
    value = pl.col(name)
    formula = value.str.contains(_FORMULA) & ~value.str.contains(_PLAIN_NUMBER)
    return pl.when(formula).then(pl.concat_str(pl.lit("'"), value)).otherwise(value).alias(name)


def _minutes_only(frame: pl.DataFrame) -> pl.DataFrame:
    """Times of day as HH:MM."""
    times = [name for name, dtype in frame.schema.items() if dtype == pl.Time()]
    return frame.with_columns(pl.col(name).dt.to_string("%H:%M") for name in times)
