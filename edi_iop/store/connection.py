"""SQLite by columns: frames go in and come out as Arrow (ADBC), never as rows of Python's.

A row that passes through Python costs two to three times what SQLite needs to keep or find it.

Two copies of SQLite in one process would not see each other's locks, and the one that closes a
file drops those of the other: Python's own is for the schema alone (store.schema), before a
connection is opened and after it is closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import adbc_driver_sqlite
import polars as pl
from adbc_driver_manager import AdbcConnection, AdbcStatement, Error
from adbc_driver_sqlite import StatementOptions

from edi_iop.store.layout import BY_KEY, key_of
from edi_iop.store.values import row_of_types, to_frame, to_value
from edi_iop.tables import Table

PATIENCE_SECONDS = 30
"""How long a writer waits for another's transaction to end."""
_CACHE_KIB, _READERS_CACHE_KIB = 1_048_576, 65_536
"""Memory for pages of the database: of one that writes, of one that only reads."""
_ROWS = str(65_536)
"""Rows a batch of an answer has."""
ROW = "row"
"""The column with the number under which SQLite keeps a row."""
_CONTRADICTION = re.compile(r"[A-Z ]+ constraint failed|datatype mismatch|cannot store \w+ value")
"""What SQLite says where rows break a table's key, its tie to files or its types."""
_DRIVERS_WORDS = re.compile(r"^[A-Z_]+: |^\[SQLite\] |^[Ff]ailed to [\w ]+: ")
"""What the driver says before it."""

Values = Mapping[str, Any] | tuple[Any, ...]
"""A statement's values by name (`:name`) or by place (`?`)."""


class Refused(Exception):
    """The database did not do what it was told; the text is SQLite's."""


class Contradiction(Refused):
    """Rows that a table cannot hold beside those it has."""


class Connection:
    """One connection to a database; used by one thread at a time, though not always the same."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        mode = "ro" if read_only else "rw"
        with _refusals():
            self._database = adbc_driver_sqlite.connect(f"{path.resolve().as_uri()}?mode={mode}")
            self._connection = AdbcConnection(self._database)
        self.in_transaction = False
        self.wanted: pl.DataFrame | None = None
        """The keys that temp.wanted holds (store.keyed)."""
        # Several may read at once, and little of it twice.
        cache_kib = _READERS_CACHE_KIB if read_only else _CACHE_KIB
        for pragma in (
            f"busy_timeout = {1000 * PATIENCE_SECONDS}",
            "foreign_keys = ON",
            # A file leaves work/ only once its rows are safe, so every commit reaches the disk.
            "synchronous = FULL",
            "temp_store = MEMORY",
            f"cache_size = -{cache_kib}",
        ):
            self.run(f"PRAGMA {pragma}")

    def close(self) -> None:
        self._connection.close()
        self._database.close()

    # -- transactions

    def begin(self, begin: str) -> None:
        self.run(begin)
        self.in_transaction = True

    def commit(self) -> None:
        self.run("COMMIT")
        self.in_transaction = False

    def rollback(self) -> None:
        self.in_transaction, self.wanted = False, None
        with suppress(Refused):  # a full disk has undone it already
            self.run("ROLLBACK")

    # -- statements

    def run(self, sql: str, values: Values = ()) -> None:
        """A statement without an answer."""
        with self._statement(sql, values) as statement:
            statement.execute_update()

    def insert(self, sql: str, rows: pl.DataFrame) -> None:
        """The statement once for each row; Contradiction where a table cannot hold one."""
        with self._statement(sql, ()) as statement:
            statement.bind_stream(rows)
            statement.execute_update()

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """A short answer, no column of which begins without a value."""
        with self._statement(sql, values) as statement:
            return _answer(statement).rows()

    def frame(
        self,
        table: Table,
        source: str,
        values: Values = (),
        *,
        as_stored: bool = False,
        numbered: bool = False,
    ) -> pl.DataFrame:
        """The table's columns FROM a source, which calls it `t`; typed, in the order found.

        as_stored: in the order in which they came into the table, which the source is; of
        layout.BY_KEY in that of their key. numbered: with ROW, by which the table knows each.
        """
        names = ", ".join(f't."{name}"' for name in table.schema)
        # ADBC takes a column's type from what it meets first, which may be no value at all: a row
        # with every type is before the others.
        types = ", ".join(f'{one} AS "{name}"' for name, one in row_of_types(table).items())
        by_key = as_stored and table.name in BY_KEY
        place = "t.rowid" if numbered or (as_stored and not by_key) else "1"
        order = " ORDER BY 1" if as_stored and not by_key else ""
        head, each = f"SELECT 0 AS '#', {types}", f"SELECT {place}, {names} FROM {source}"
        if by_key:
            # a LIMIT: without one the order of what is asked inside counts for nothing
            each = f"SELECT * FROM ({each} ORDER BY {_key(table)} LIMIT -1)"
        sql = f"{head} UNION ALL {each}{order}"
        with self._statement(sql, values) as statement:
            statement.set_options(**{StatementOptions.BATCH_ROWS.value: _ROWS})
            found = _answer(statement)
        places = found.drop_in_place("#")
        if places[0] != 0:
            raise AssertionError(f"{table.name}: rows stand before the one with their types")
        rows = to_frame(table, found[1:])
        return rows.with_columns(places[1:].alias(ROW)) if numbered else rows

    @contextmanager
    def _statement(self, sql: str, values: Values) -> Iterator[AdbcStatement]:
        with _refusals(), closing(AdbcStatement(self._connection)) as statement:
            statement.set_sql_query(sql)
            if values:
                statement.bind_stream(_one_row(sql, values))
            yield statement


@contextmanager
def _refusals() -> Iterator[None]:
    """What the driver raises, as Refused; Polars raises it where an answer breaks off."""
    try:
        yield
    except (Error, pl.exceptions.ComputeError) as problem:
        said = str(problem).partition("\n")[0]
        while said != (bare := _DRIVERS_WORDS.sub("", said)):
            said = bare
        kind = Contradiction if _CONTRADICTION.match(said) else Refused
        raise kind(said) from problem


def _answer(statement: AdbcStatement) -> pl.DataFrame:
    stream, _ = statement.execute_query()
    return pl.DataFrame(stream)


def _key(table: Table) -> str:
    return ", ".join(f't."{name}"' for name in key_of(table))


def _one_row(sql: str, values: Values) -> pl.DataFrame:
    """The values in the order of their places, by which alone ADBC knows them."""
    given = [values[name] for name in _named(sql)] if isinstance(values, Mapping) else values
    held = [to_value(value) for value in given]
    # a column of nothing has a type too
    types = [pl.String() if one is None else None for one in held]
    pairs = zip(held, types, strict=True)
    return pl.DataFrame([pl.Series(str(at), [one], of) for at, (one, of) in enumerate(pairs)])


@cache
def _named(sql: str) -> tuple[str, ...]:
    """The names of a statement's values as they first occur."""
    return tuple(dict.fromkeys(re.findall(r":(\w+)", re.sub(r"--.*", "", sql))))
