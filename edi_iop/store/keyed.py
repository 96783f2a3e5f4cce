"""Rows by many keys at once: the keys stand in a temporary table, and an index finds each.

For what a night asks of a large store: the rows of a few thousand claims among millions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import polars as pl

from edi_iop.store.connection import Connection
from edi_iop.store.layout import BY_KEY, key_of
from edi_iop.store.values import to_held
from edi_iop.tables import Table
from edi_iop.tables.numbers import ordered

_END = "\U0010ffff"
"""Sorts behind every text that begins alike."""


def rows(
    connection: Connection, table: Table, keys: pl.DataFrame, columns: Sequence[str] = ()
) -> pl.DataFrame:
    """The rows whose columns are those of one of the keys, in the keys' order."""
    if keys.is_empty():
        return _shape(table, columns).empty()
    ties = _wanted(connection, table, keys)
    return _selected(connection, table, columns, f"temp.wanted AS w CROSS JOIN {ties}")


def first_rows(
    connection: Connection,
    table: Table,
    keys: pl.DataFrame,
    columns: Sequence[str],
    most: int,
) -> pl.DataFrame:
    """So many rows of each key at most, those that were stored first; keys: one column.

    Of layout.BY_KEY those whose own key is first, which begins with their file.
    """
    if keys.is_empty():
        return _shape(table, columns).empty()
    _wanted(connection, table, keys)
    (name,) = keys.columns
    each, first = (_row(table, of) for of in ("t", "s"))
    source = (
        f'temp.wanted AS w CROSS JOIN "{table.name}" AS t ON ({each}) IN (SELECT {first} '
        f'FROM "{table.name}" AS s WHERE s."{name}" = w.k0 ORDER BY {first} LIMIT ?)'
    )
    return _selected(connection, table, columns, source, (most,))


def beyond(connection: Connection, table: Table, texts: pl.DataFrame, rows: str) -> pl.DataFrame:
    """The texts that stand in more rows than they say.

    texts: one column of the table's, and the number of rows, named `rows`. Only the column's
    index is looked at, and of no text further than needed.
    """
    (name,) = (column for column in texts.columns if column != rows)
    shape, found = table.only((name,)), []
    # most numbers stand in one row: there are few different counts
    for (count,), alike in texts.partition_by(rows, as_dict=True).items():
        _wanted(connection, table, alike.select(name))
        source = (
            f'(SELECT w.k0 AS "{name}" FROM temp.wanted AS w WHERE (SELECT COUNT(*) FROM '
            f'(SELECT 1 FROM "{table.name}" AS t WHERE t."{name}" = w.k0 LIMIT ?)) > ?) AS t'
        )
        found.append(connection.frame(shape, source, (count + 1, count)))
    return pl.concat([shape.empty(), *found])


def repeated(connection: Connection, table: Table, column: str, most: int) -> pl.DataFrame | None:
    """The texts that stand in several rows; None where they are more. Goes through the index."""
    source = (
        f'(SELECT "{column}" FROM "{table.name}" WHERE "{column}" IS NOT NULL '
        f'GROUP BY "{column}" HAVING COUNT(*) > 1 LIMIT ?) AS t'
    )
    found = connection.frame(table.only((column,)), source, (most + 1,))
    return None if found.height > most else found


def beginning(
    connection: Connection,
    table: Table,
    column: str,
    texts: pl.DataFrame,
    columns: Sequence[str],
) -> pl.DataFrame:
    """The rows where the column begins with a text and goes on, by so many characters at most.

    texts: columns that are to be equal, then the column itself, and `most`.
    """
    if texts.is_empty():
        return _shape(table, columns).empty()
    equal = [name for name in texts.columns if name not in (column, "most")]
    keys = texts.select(*equal, column, "most")
    _wanted(connection, table, keys, extra=("most",))
    at = len(equal)
    ties = "".join(f't."{name}" = w.k{place} AND ' for place, name in enumerate(equal))
    source = (
        f'temp.wanted AS w CROSS JOIN "{table.name}" AS t ON {ties}'
        f't."{column}" > w.k{at} AND t."{column}" < w.k{at} || ? '
        f'AND LENGTH(t."{column}") <= LENGTH(w.k{at}) + w.k{at + 1}'
    )
    return _selected(connection, table, columns, source, (_END,))


def delete(connection: Connection, table: Table, keys: pl.DataFrame) -> None:
    """Takes the rows of these keys out."""
    if keys.is_empty():
        return
    ties = _wanted(connection, table, keys)
    chosen = f"SELECT {_row(table, 't')} FROM temp.wanted AS w CROSS JOIN {ties}"
    connection.run(f'DELETE FROM "{table.name}" AS d WHERE ({_row(table, "d")}) IN ({chosen})')


def irregular(
    connection: Connection,
    table: Table,
    column: str,
    letters: str,
    columns: Sequence[str],
    after: int,
) -> pl.DataFrame:
    """Rows of files after this number where the column is not of these characters alone."""
    source = f'"{table.name}" AS t WHERE t.file_id > ? AND '
    source += f'(t."{column}" GLOB ? OR t."{column}" GLOB ?)'
    return _selected(
        connection, table, (*columns, column), source, (after, f"*[^{letters}]*", "0*")
    )


def newer(connection: Connection, table: Table, after: int, columns: Sequence[str]) -> pl.DataFrame:
    """These columns of the rows of files after this number."""
    source = f'"{table.name}" AS t WHERE t.file_id > ?'
    return _selected(connection, table, columns, source, (after,))


def between(
    connection: Connection,
    table: Table,
    column: str,
    first: date,
    after: date,
    columns: Sequence[str],
) -> pl.DataFrame:
    """These columns of the rows whose date lies from a first day to before another."""
    source = f'"{table.name}" AS t WHERE t."{column}" >= ? AND t."{column}" < ?'
    values = (first.isoformat(), after.isoformat())
    return _selected(connection, table, columns, source, values)


def stretch(
    connection: Connection,
    table: Table,
    key: tuple[str, str],
    first: tuple[int, int],
    last: tuple[int, int],
    columns: Sequence[str],
    terms: str,
    values: tuple[Any, ...],
) -> pl.DataFrame:
    """The rows from one key to another, both included; an index begins with the key's columns.

    terms: what else they are to meet, with its values.
    """
    name, place = key
    pair = f'(t."{name}", t."{place}")'
    source = f'"{table.name}" AS t WHERE {pair} >= (?, ?) AND {pair} <= (?, ?){terms}'
    return _selected(connection, table, columns, source, (*first, *last, *values))


def parts(
    connection: Connection, table: Table, columns: Sequence[str], most: int
) -> Iterator[pl.DataFrame]:
    """All rows as stored, so many at a time at most, numbered; at least one part."""
    shape = _shape(table, columns)
    ends = f'SELECT COALESCE(MIN(rowid), 1), COALESCE(MAX(rowid), 0) FROM "{table.name}"'
    ((first, last),) = connection.rows(ends)
    source = f'"{table.name}" AS t WHERE t.rowid BETWEEN ? AND ?'
    for begin in range(first, max(last, first) + 1, most):
        values = (begin, begin + most - 1)
        yield connection.frame(shape, source, values, as_stored=True, numbered=True)


def at(
    connection: Connection, table: Table, rows: pl.Series, columns: Sequence[str]
) -> pl.DataFrame:
    """The rows of these numbers, in the order of the numbers."""
    if rows.is_empty():
        return _shape(table, columns).empty()
    _hold(connection, rows.alias("k0").to_frame())
    source = f'temp.wanted AS w CROSS JOIN "{table.name}" AS t ON t.rowid = w.k0'
    return _selected(connection, table, columns, source)


def _row(table: Table, of: str) -> str:
    """By what a row of the table is known, as `of`: its key, or the number it has."""
    key = key_of(table) if table.name in BY_KEY else ("rowid",)
    return ", ".join(f'{of}."{name}"' for name in key)


def _selected(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    source: str,
    values: tuple[Any, ...] = (),
) -> pl.DataFrame:
    return connection.frame(_shape(table, columns), source, values)


def _shape(table: Table, columns: Sequence[str]) -> Table:
    """The table of these columns, or of all."""
    return table.only(columns) if columns else table


def _wanted(
    connection: Connection, table: Table, keys: pl.DataFrame, extra: Sequence[str] = ()
) -> str:
    """temp.wanted with the keys, each once and in order; the table tied to it as t.

    extra: columns of the keys that are none of the table's.
    """
    own = [name for name in keys.columns if name not in extra]
    unknown = [name for name in own if name not in table.schema]
    if unknown:
        raise ValueError(f"{table.name} has no column {unknown[0]}")
    held = to_held(table.only(own), keys)
    if extra:
        held = pl.concat([held, keys.select(extra)], how="horizontal")
    held = held.rename({name: f"k{place}" for place, name in enumerate(held.columns)})
    known = held.drop_nulls()
    whole = all(dtype.is_integer() for dtype in known.dtypes)
    in_order = ordered(known, *known.columns) if whole else known.sort(known.columns)
    # of the sorted keys the equal ones stand together
    _hold(connection, in_order.filter(pl.any_horizontal(pl.all().ne_missing(pl.all().shift()))))
    ties = (f't."{key}" = w.k{place}' for place, key in enumerate(own))
    return f'"{table.name}" AS t ON {" AND ".join(ties)}'


def _hold(connection: Connection, keys: pl.DataFrame) -> None:
    """Puts the keys into temp.wanted; one table after another is asked by the same ones."""
    if connection.wanted is not None and connection.wanted.equals(keys):
        return
    connection.wanted = None
    connection.run("DROP TABLE IF EXISTS temp.wanted")
    connection.run(f"CREATE TEMP TABLE wanted ({', '.join(keys.columns)})")
    marks = ", ".join("?" * keys.width)
    connection.insert(f"INSERT INTO temp.wanted VALUES ({marks})", keys)
    connection.wanted = keys
