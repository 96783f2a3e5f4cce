"""The database's schema: the canonical tables as SQLite tables, and the store's own housekeeping.

Migrations are sqlite-utils' own: each runs in one transaction together with the
record that it ran. A canonical table that gains a column needs no migration of
its own, since `complete` adds what is absent; any other change does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

import polars as pl
from sqlite_utils import Database, Migrations
from sqlite_utils.db import Table as SqliteTable

from edi_iop import tables
from edi_iop.store.connection import PATIENCE_SECONDS
from edi_iop.store.layout import BY_KEY, DERIVED, INDICES, key_of
from edi_iop.tables import KEPT, Table

Error = sqlite3.DatabaseError
"""What the database said while its schema was brought up to date."""

_BY_KEY = " WITHOUT ROWID"
_PAGE_BYTES = 16_384
"""Rows come in by the thousand: with four times the usual page an eighth less work."""

migrations = Migrations("edi_iop")
_KNOWN = ("0001_tables", "0002_housekeeping", "0003_settlement", "0004_deadlines", "0005_standings",
          "0006_keys", "0007_later_payers", "0008_open_lines", "0009_by_key")  # fmt: skip


def migrate(path: Path) -> list[str]:
    """Brings the database at path, made if it is absent, to the present schema; what was done."""
    with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS, isolation_level=None)) as plain:
        db = Database(plain, execute_plugins=False)
        db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a database that is made now
        done = [migration.name for migration in migrations.pending(db)]
        db.enable_wal()
        migrations.apply(db)
        with db.atomic():
            added = complete(db)
    return [*done, *(f"added {one}" for one in added)]


def newer_than_known(applied: Sequence[str]) -> list[str]:
    """Migrations the database has had and this program does not know."""
    return [name for name in applied if name not in _KNOWN]


def pending(applied: Sequence[str]) -> tuple[str, ...]:
    """Migrations the database has not had."""
    return tuple(name for name in _KNOWN if name not in applied)


def missing(there: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Canonical columns that a database with these lacks, by table; empty where it is complete."""
    lacking = {
        name: [column for column in table.schema if column not in there.get(name, ())]
        for name, table in KEPT.items()
    }
    return {name: columns for name, columns in lacking.items() if columns}


def complete(db: Database) -> list[str]:
    """Adds the canonical tables and columns the database lacks, empty; in words, what was added."""
    present = {name: db[name].columns_dict for name in db.table_names()}
    lacking = missing(present)
    for name, columns in lacking.items():
        if name not in present:
            _create(db, KEPT[name])
            continue
        for column in columns:
            _table(db, name).add_column(column, sqlite_type(KEPT[name].schema[column]))
    return [
        f"{name}: {', '.join(columns)}" if name in present else f"{name}: the table"
        for name, columns in lacking.items()
    ]


def sqlite_type(dtype: pl.DataType) -> type:
    """Dates, times and lists are text, flags integers."""
    if dtype in (pl.Int64(), pl.Boolean()):
        return int
    return float if dtype == pl.Float64() else str


@migrations(name=_KNOWN[0])
def _tables(db: Database) -> None:
    _create(db, tables.FILES)
    for table in KEPT.values():
        if table is not tables.FILES:
            _create(db, table)


@migrations(name=_KNOWN[1])
def _housekeeping(db: Database) -> None:
    """Control numbers and serials, runs with their receipts, and who holds the workspace."""
    strict = db.supports_strict
    _table(db, "counters").create({"name": str, "value": int}, pk="name", strict=strict)
    run = {"run": str, "as_of": str, "status": str, "started_at": str}
    _table(db, "runs").create(
        {**run, "finished_at": str, "receipt": str}, pk="run", not_null=run, strict=strict
    )
    lock = {"name": str, "run": str, "pid": int, "host": str, "beat": float}
    _table(db, "locks").create(lock, pk="name", not_null=lock, strict=strict)


@migrations(name=_KNOWN[2])
def _settlement(db: Database) -> None:
    """Up to where remits are settled, and the indices by which a night finds what it concerns."""
    held = {"name": str, "value": str}
    _table(db, "settlement").create(held, pk="name", not_null={"value"}, strict=db.supports_strict)
    _index(db)


@migrations(name=_KNOWN[3])
def _deadlines(db: Database) -> None:
    """The index by which a night finds what the days gone by concern."""
    _index(db)


@migrations(name=_KNOWN[4])
def _standings(db: Database) -> None:
    """How lines stand is kept without what their claims tell; the next night settles all anew.

    And the lines that a rule stops are found apart from the many that only differ from a contract.
    """
    db.execute("DROP TABLE IF EXISTS service_lines")
    db.execute("DELETE FROM settlement")
    db.execute(
        "CREATE INDEX idx_violations_breaking ON violations "
        "(rule, file_id, claim_offset, line_offset) WHERE severity IN ('block', 'hold')"
    )


@migrations(name=_KNOWN[5])
def _keys(db: Database) -> None:
    """What stands in a claim or payment has the key of that before its own: one index finds either.

    And ties tell of more than they did; the next night settles all anew.
    """
    db.execute("DELETE FROM settlement")
    for name in set(db.table_names()) & set(KEPT):
        table, key = _table(db, name), key_of(KEPT[name])
        if key and name not in DERIVED and set(table.pks) != set(key):
            table.transform(pk=list(key))
    _index(db)


@migrations(name=_KNOWN[6])
def _later_payers(db: Database) -> None:
    """Claims and answers of later payers are ties of two kinds; the next night settles all anew."""
    db.execute("DELETE FROM settlement")


@migrations(name=_KNOWN[7])
def _open_lines(db: Database) -> None:
    """Lines of answers that are no line of ours are found apart from the many that are one.

    And claims by the payer's number that they name.
    """
    _index(db)
    db.execute(
        "CREATE INDEX idx_matches_open ON matches (file_id, remit_claim_offset) "
        "WHERE remit_line_offset IS NOT NULL AND line_offset IS NULL"
    )


@migrations(name=_KNOWN[8])
def _by_key(db: Database) -> None:
    """The many rows of claims stand in the order of their key; and what nothing asks by is no index.

    Of matches one row of each answer and claim is found by the claim: those of its lines by the
    answer. And ties tell how long their values are (reconciler.ties.lengths).
    """
    for name in sorted(BY_KEY & set(db.table_names())):
        made = db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
        if not made.endswith(_BY_KEY):
            _put_by_key(db, KEPT[name])
    _index(db)
    db.execute(
        "CREATE INDEX idx_matches_whole ON matches (claim_file_id, claim_offset) "
        "WHERE remit_line_offset IS NULL"
    )
    if "ties" in db.table_names():
        db.execute(
            "INSERT INTO ties (kind, value, side, file_id, place) "
            "SELECT DISTINCT 'length', kind, side, 0, LENGTH(value) FROM ties"
        )


def _put_by_key(db: Database, table: Table) -> None:
    """The table made anew, with the columns and rows it has."""
    held, old = _table(db, table.name).columns_dict, f"old_{table.name}"
    db.execute(f'ALTER TABLE "{table.name}" RENAME TO "{old}"')
    for index in _table(db, old).indexes:
        if index.origin == "c":
            _table(db, old).drop_index(index.name)
    _create(db, table, held)
    names, order = (", ".join(f'"{name}"' for name in some) for some in (held, key_of(table)))
    # of what is derived nothing has seen to it that no row is there twice
    insert = "INSERT OR IGNORE" if table.name in DERIVED else "INSERT"
    rows = f'SELECT {names} FROM "{old}" ORDER BY {order}'
    db.execute(f'{insert} INTO "{table.name}" ({names}) {rows}')
    _table(db, old).drop()


def _index(db: Database) -> None:
    """Every table's indices as they are to be."""
    for name in set(db.table_names()) & set(KEPT):
        table, wanted = _table(db, name), INDICES.get(name, ())
        made = {
            tuple(one.columns): one.name
            for one in table.indexes
            if one.origin == "c" and not one.partial
        }
        for columns in made.keys() - set(wanted):
            table.drop_index(made[columns])
        for columns in wanted:
            if columns not in made and set(columns) <= set(table.columns_dict):
                table.create_index(columns)


def _create(db: Database, table: Table, columns: dict[str, type] | None = None) -> None:
    """One canonical table with its key, its indices and the tie to its file; with these columns."""
    key = key_of(table)
    of_file = "file_id" in table.schema and table is not tables.FILES and table.name not in DERIVED
    sql = db.create_table_sql(
        table.name,
        columns or {name: sqlite_type(dtype) for name, dtype in table.schema.items()},
        pk=key[0] if len(key) == 1 else key or None,
        foreign_keys=[("file_id", "files", "file_id")] if of_file else None,
        strict=db.supports_strict,
    )
    if table.name in BY_KEY:
        sql = sql.rstrip().rstrip(";") + ("," if db.supports_strict else "") + _BY_KEY
    db.execute(sql)
    for names in INDICES.get(table.name, ()):
        _table(db, table.name).create_index(names)


def _table(db: Database, name: str) -> SqliteTable:
    return cast(SqliteTable, db[name])
