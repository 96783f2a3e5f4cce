"""What goes into SQLite as columns comes back as it was, whatever stands first or is missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from edi_iop.store.connection import Connection, Contradiction, Refused
from edi_iop.tables.schema import Table, flag, integer, number, text, texts

NOTES = Table(
    "notes",
    "",
    ("id",),
    (integer("id", ""), text("said", ""), texts("words", ""), number("units", ""), flag("on", "")),
)
ROWS = NOTES.conform(
    pl.DataFrame(
        {
            "id": range(1, 3001),
            # nothing for longer than the driver looks to tell a column's type
            "said": [None] * 2998 + ["", "a\0b ü '; DROP"],
            "words": [None] * 2999 + [["x", 'y"z']],
            "units": [None] * 2999 + [0.5],
            "on": [None] * 2999 + [True],
        },
        schema_overrides={"words": pl.List(pl.String)},
    )
)
INTO = "INSERT INTO notes VALUES (?, ?, ?, ?, ?)"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute(
            'CREATE TABLE notes (id INTEGER PRIMARY KEY, said TEXT, words TEXT, units REAL, "on" INTEGER) STRICT'
        )
    with closing(Connection(path, read_only=False)) as made:
        made.begin("BEGIN")  # row by row each would wait for the disk
        yield made


def held(rows: pl.DataFrame) -> pl.DataFrame:
    words = pl.when(pl.col("words").is_not_null()).then(pl.lit('["x","y\\"z"]'))
    return rows.with_columns(words.alias("words"), pl.col("on").cast(pl.Int64))


def test_rows_come_back_as_they_went_in(connection: Connection) -> None:
    connection.insert(INTO, held(ROWS))
    assert connection.frame(NOTES, "notes AS t", as_stored=True).equals(ROWS)
    assert connection.frame(NOTES, "notes AS t WHERE t.id > ?", (2998,)).equals(ROWS.tail(2))
    assert connection.frame(NOTES, "notes AS t WHERE t.id > 3000").equals(ROWS.clear())


def test_values_are_known_by_name_in_whatever_order_they_are_given(connection: Connection) -> None:
    sql = "-- :last is no value here\nSELECT :first || :last || :first, :none IS NULL"
    given = {"last": "b", "none": None, "first": "a"}
    assert connection.rows(sql, given) == [("aba", 1)]


def test_what_a_table_cannot_hold_is_told_from_what_fails(connection: Connection) -> None:
    connection.insert(INTO, held(ROWS))
    with pytest.raises(Contradiction, match=r"^UNIQUE constraint failed: notes\.id$"):
        connection.insert(INTO, held(ROWS.head(1)))
    with pytest.raises(Contradiction, match=r"^cannot store TEXT value in REAL column"):
        connection.insert("INSERT INTO notes (units) VALUES (?)", pl.DataFrame({"x": ["much"]}))
    with pytest.raises(Refused, match=r"^no such table: absent$") as raised:
        connection.run("DELETE FROM absent")
    assert not isinstance(raised.value, Contradiction)


def test_what_is_undone_leaves_nothing(connection: Connection) -> None:
    connection.insert(INTO, held(ROWS))
    connection.rollback()
    connection.rollback()  # of nothing, as after a full disk
    assert connection.rows("SELECT COUNT(*) FROM notes") == [(0,)]
