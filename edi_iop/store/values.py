"""Typed columns to what SQLite holds, and back: dates and times as ISO text, lists as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars as pl

from edi_iop.tables import Table

_LIST = pl.List(pl.String)
_UNLIKE = (pl.Date, pl.Time, pl.List, pl.Boolean)
"""Types that SQLite holds as others."""
_LITERALS: dict[type[pl.DataType], str] = {pl.Int64: "0", pl.Boolean: "0", pl.Float64: "0.0"}


def to_held(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in the table's column order, its values as SQLite holds them."""
    return _changed(table, table.conform(frame), _out)


def to_frame(table: Table, held: pl.DataFrame) -> pl.DataFrame:
    """The table out of its columns as SQLite holds them, every column of its type."""
    if held.is_empty():
        return table.empty()
    return _changed(table, held, _back)


def row_of_types(table: Table) -> dict[str, str]:
    """A literal of each column's type as SQLite holds it."""
    return {name: _LITERALS.get(type(dtype), "''") for name, dtype in table.schema.items()}


def to_value(value: Any) -> Any:
    """One value of a filter as SQLite holds it."""
    if isinstance(value, list | tuple):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _changed(
    table: Table, frame: pl.DataFrame, form: Callable[[str, pl.DataType], pl.Expr]
) -> pl.DataFrame:
    """The frame with the columns in another form that have one: most have none."""
    unlike = [
        form(name, dtype) for name, dtype in table.schema.items() if isinstance(dtype, _UNLIKE)
    ]
    return frame.with_columns(unlike) if unlike else frame


def _out(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Date):
        return column.dt.to_string("%Y-%m-%d")
    if isinstance(dtype, pl.Time):
        return column.dt.to_string("%H:%M:%S")
    if isinstance(dtype, pl.List):
        # There is no JSON of a list alone: it is taken out of the JSON of a struct holding it.
        named = pl.struct(column.alias("l")).struct.json_encode()
        array = named.str.strip_prefix('{"l":').str.strip_suffix("}")
        return pl.when(column.is_not_null()).then(array).alias(name)
    return column.cast(pl.Int64) if isinstance(dtype, pl.Boolean) else column


def _back(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Date):
        return column.str.to_date("%Y-%m-%d")
    if isinstance(dtype, pl.Time):
        return column.str.to_time("%H:%M:%S")
    if isinstance(dtype, pl.List):
        return column.str.json_decode(_LIST)
    return column.cast(pl.Boolean) if isinstance(dtype, pl.Boolean) else column
