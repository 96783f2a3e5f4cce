"""Sheets for other programs: CSV without formulas, JSON, NDJSON (one object a line), Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

import polars as pl
from polars.io.plugins import register_io_source

from edi_iop.reports.sheet import Sheet

LIST_SEPARATOR = "; "
_ROW_GROUP = 100_000
_FORMULA = r"^[=+\-@\t\r]"
_PLAIN_NUMBER = r"^[+-]?[0-9]+(\.[0-9]+)?$"


def render_parts(sheets: Iterator[Sheet], form: str) -> Iterator[str]:
    """Sheets of the same columns as one text, a piece each: csv, json or ndjson."""
    match form:
        case "csv":
            yield from (to_csv(sheet, header=not number) for number, sheet in enumerate(sheets))
        case "json":
            yield from _in_brackets(to_ndjson(sheet) for sheet in sheets)
        case _:
            yield from map(to_ndjson, sheets)


def _in_brackets(objects: Iterable[str]) -> Iterator[str]:
    """Lines of one object each as one array."""
    between = "[\n"
    for lines in filter(None, objects):
        yield between + lines.rstrip("\n").replace("\n", ",\n")
        between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"


def to_csv(sheet: Sheet, header: bool = True) -> str:
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
    return safe.write_csv(time_format="%H:%M", include_header=header)


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


def to_parquet(sheets: Iterator[Sheet], target: BinaryIO) -> None:
    """The rows of sheets of the same columns, with their types: dates, times, lists, cents."""
    first = next(sheets)
    problems: list[BaseException] = []

    def rows(*_asked: object) -> Iterator[pl.DataFrame]:
        try:
            yield from (sheet.rows for sheet in chain([first], sheets))
        except BaseException as problem:  # Polars would tell it in its own words
            problems.append(problem)
            raise

    source = register_io_source(rows, schema=first.rows.schema)
    try:
        source.sink_parquet(target, row_group_size=_ROW_GROUP)
    except Exception:
        if problems:
            raise problems[0] from None
        raise


def _neutral(name: str) -> pl.Expr:
    """The column with formulas made text; numbers stay numbers."""
    value = pl.col(name)
    formula = value.str.contains(_FORMULA) & ~value.str.contains(_PLAIN_NUMBER)
    return pl.when(formula).then(pl.concat_str(pl.lit("'"), value)).otherwise(value).alias(name)


def _minutes_only(frame: pl.DataFrame) -> pl.DataFrame:
    """Times of day as HH:MM."""
    times = [name for name, dtype in frame.schema.items() if dtype == pl.Time()]
    return frame.with_columns(pl.col(name).dt.to_string("%H:%M") for name in times)
