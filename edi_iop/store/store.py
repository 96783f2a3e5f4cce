"""One workspace's database: opened, migrated, loaded in bulk, asked by table.

All SQL of the program is in this room. Every write belongs to a transaction;
values reach SQL as parameters only, and names of tables and columns come from
the definitions in edi_iop.tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from sqlite_utils import Database

from edi_iop.errors import Busy, NotWritten, StoreVersion, Unreadable
from edi_iop.store import keyed, schema
from edi_iop.store.values import to_frame, to_held, to_value
from edi_iop.tables import FEEDS, FILES, TABLES, Table

_PATIENCE_SECONDS = 30.0
"""How long a writer waits for another's transaction to end."""

_CACHE_KIB, _READERS_CACHE_KIB = 262_144, 65_536
"""Memory for pages of the database: of one that writes, of one that only reads."""
_ROWS = 50_000
"""Rows taken from a query at once."""

_INTERCHANGE_KEY = (
    "sender_qualifier", "sender_id", "receiver_qualifier", "receiver_id", "interchange_control",
)  # fmt: skip

Prepared = dict[str, pl.DataFrame]
"""The rows of one file by table, in the store's own form."""


@dataclass(frozen=True)
class Status:
    """The schema a database has, the one this program needs, and the rows of each table."""

    version: int
    newest: int
    pending: tuple[str, ...]
    rows: dict[str, int]


@dataclass(frozen=True)
class Lock:
    """The run that holds the workspace: its process, and when it last showed life (epoch)."""

    run: str
    pid: int
    host: str
    beat: float


class Store:
    """A connection to the database of one workspace; made by `create` or `open`."""

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self.path = path

    # -- the file itself

    @classmethod
    def create(cls, path: Path) -> Store:
        """The database at path, made if it is absent and brought to the present schema."""
        store = cls(_connect(path, f"{path.resolve().as_uri()}?mode=rwc"), path)
        store.migrate()
        return store

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Store:
        """The database at path; StoreVersion where it is absent, older or newer than this program."""
        store = cls.attach(path, read_only=read_only)
        try:
            store._check_present()
        except StoreVersion:
            store.close()
            raise
        return store

    @classmethod
    def attach(cls, path: Path, *, read_only: bool = False) -> Store:
        """The database at path whatever its schema, to ask its status or to migrate it."""
        if not path.is_file():
            raise StoreVersion(
                f"{path}: no database here; make one with: edi-iop init {path.parent}"
            )
        mode = "ro" if read_only else "rw"
        store = cls(_connect(path, f"{path.resolve().as_uri()}?mode={mode}"), path)
        if read_only:  # several may read at once, and little of it twice
            store._db.conn.execute(f"PRAGMA cache_size = -{_READERS_CACHE_KIB}")
        return store

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        """Closes; what the system refused (no permission, disk full, file damaged) in one line."""
        self.close()
        if isinstance(problem, sqlite3.DatabaseError):
            raise NotWritten(
                f"{self.path}: {problem}; check its folder's permissions and the free space, "
                "or restore it from a backup"
            ) from problem

    def migrate(self) -> list[str]:
        """Brings the schema to this program's; the migrations that ran, and what was added besides."""
        self._check_not_newer()
        pending = [migration.name for migration in schema.migrations.pending(self._db)]
        self._db.enable_wal()
        schema.migrations.apply(self._db)
        with self.transaction():
            added = schema.complete(self._db)
        return [*pending, *(f"added {one}" for one in added)]

    def status(self) -> Status:
        """What the database is, for `db status`."""
        pending = tuple(migration.name for migration in schema.migrations.pending(self._db))
        version = len(schema.migrations.applied(self._db))
        rows = {name: self._db[name].count for name in sorted(self._db.table_names())}
        shown = {name: count for name, count in rows.items() if not name.startswith("_")}
        return Status(version, version + len(pending), pending, shown)

    def _check_present(self) -> None:
        self._check_not_newer()
        if schema.migrations.pending(self._db) or schema.missing(self._db):
            raise StoreVersion(
                f"{self.path}: the database is older than this program; "
                f"bring it up to date with: edi-iop db migrate {self.path.parent}"
            )

    def _check_not_newer(self) -> None:
        unknown = schema.newer_than_known(self._db)
        if unknown:
            raise StoreVersion(
                f"{self.path}: written by a newer version of edi-iop "
                f"({unknown[-1]}); install that version or a later one"
            )

    # -- writing

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is kept together or not at all; joins a transaction that is open."""
        return self._together("BEGIN IMMEDIATE")

    @contextmanager
    def _together(self, begin: str) -> Iterator[None]:
        connection = self._db.conn
        if connection.in_transaction:
            yield
            return
        try:
            connection.execute(begin)
        except sqlite3.OperationalError as problem:
            raise Busy(
                f"{self.path}: {problem}; try again when the other program is done"
            ) from problem
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            self._db.rollback()
            raise

    def next_numbers(self, name: str, count: int = 1) -> int:
        """The first of `count` numbers of a counter that nobody was given before; they begin at 1."""
        with self.transaction():
            self._run("count_up", name=name, count=count)
            row = self._db.conn.execute("SELECT value FROM counters WHERE name = ?", (name,))
            return int(row.fetchone()[0]) - count + 1

    def add_file(self, **columns: Any) -> int:
        """Writes one row of `files`; its file_id is the next number where none is given."""
        with self.transaction():
            file_id = int(columns.get("file_id") or self.next_numbers("file"))
            row = {**columns, "file_id": file_id}
            held = tuple(to_value(row.get(name)) for name in FILES.schema)
            self._execute(FILES, tuple(FILES.schema), [held])
            return file_id

    def mark_file(self, file_id: int, status: str, reason: str | None = None) -> None:
        """What became of a file since its row was written; a reason given before stays."""
        with self.transaction():
            self._run("mark_file", file_id=file_id, status=status, reason=reason)

    def save(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Appends the rows of canonical tables; their files' rows must be there.

        Unreadable where a table's own key occurs twice, or a row's file is not known.
        """
        with self.transaction():
            for name, frame in tables.items():
                self._insert(TABLES[name], frame)

    def prepare(self, tables: Mapping[str, pl.DataFrame]) -> dict[int, Prepared]:
        """Rows of many files brought into the store's form at once, by file_id.

        A night is thousands of small files: what is done for all of them together
        costs next to nothing for each.
        """
        files: dict[int, Prepared] = {}
        for name, frame in tables.items():
            held = to_held(TABLES[name], frame)
            for (file_id,), rows in held.partition_by("file_id", as_dict=True).items():
                files.setdefault(int(file_id), {})[name] = rows
        return files

    def save_prepared(self, prepared: Prepared) -> None:
        """Appends what `prepare` made of one file."""
        with self.transaction():
            for name, rows in prepared.items():
                self._append(TABLES[name], rows)

    def save_ahead(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Appends rows of a file whose own row comes later, in the transaction that is open."""
        self._db.conn.execute("PRAGMA defer_foreign_keys = ON")  # until the transaction ends
        for name, frame in tables.items():
            self._insert(TABLES[name], frame)

    def forget(self, file_id: int) -> None:
        """Takes back what was saved ahead of a file that is not to be kept."""
        with self.transaction():
            for name, table in TABLES.items():
                if table is not FILES and name not in schema.DERIVED and "file_id" in table.schema:
                    self._db.conn.execute(f'DELETE FROM "{name}" WHERE file_id = ?', (file_id,))

    def replace(self, name: str, frame: pl.DataFrame, **where: Any) -> None:
        """Puts the frame in the place of a derived table, or of the rows that `where` names."""
        table = TABLES[name]
        if not where and name not in schema.DERIVED:
            raise ValueError(f"{name} is not derived: its rows are history")
        condition, values = _condition(table, where)
        with self.transaction():
            self._db.conn.execute(f'DELETE FROM "{name}"{condition}', values)
            self._insert(table, frame)

    def replace_among(self, name: str, keys: pl.DataFrame, frame: pl.DataFrame) -> None:
        """Puts the frame in the place of a derived table's rows of these keys (`among`)."""
        if name not in schema.DERIVED:
            raise ValueError(f"{name} is not derived: its rows are history")
        with self.transaction():
            keyed.delete(self._db.conn, TABLES[name], keys)
            self._insert(TABLES[name], frame)

    def withdraw(self, name: str, after: int) -> None:
        """Takes a derived table's rows of files after this number out; they are its last ones."""
        if name not in schema.DERIVED:
            raise ValueError(f"{name} is not derived: its rows are history")
        with self.transaction():
            rows = f'SELECT file_id FROM "{name}" ORDER BY rowid DESC LIMIT 1'
            last = self._db.conn.execute(rows).fetchone()
            if last is not None and last[0] > after:
                self._db.conn.execute(f'DELETE FROM "{name}" WHERE file_id > ?', (after,))

    def settled(self) -> dict[str, str]:
        """Up to where remits and claims are settled, as `settle` was told; empty where nothing is."""
        return dict(self._db.conn.execute("SELECT name, value FROM settlement"))

    def settle(self, **values: str) -> None:
        """Remits and claims are settled up to here; without values, none of what is derived counts."""
        with self.transaction():
            self._db.conn.execute("DELETE FROM settlement")
            self._db.conn.executemany("INSERT INTO settlement VALUES (?, ?)", values.items())

    def _insert(self, table: Table, frame: pl.DataFrame) -> None:
        if not frame.is_empty():
            self._append(table, to_held(table, frame))

    def _append(self, table: Table, held: pl.DataFrame) -> None:
        """Rows in the store's form; a column without a value is not said, which is a sixth of the time."""
        empty = held.null_count().row(0)
        said = tuple(
            name for name, nulls in zip(held.columns, empty, strict=True) if nulls < len(held)
        )
        self._execute(table, said, held.select(said).iter_rows())

    def _execute(
        self, table: Table, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        try:
            self._db.conn.executemany(_insertion(table.name, columns), rows)
        except sqlite3.IntegrityError as problem:
            raise Unreadable(
                f"{table.name}: {problem}; the rows contradict what is stored, none was kept"
            ) from problem

    # -- asking

    def load(self, name: str, **where: Any) -> pl.DataFrame:
        """A canonical table, typed; of a feed the rows that are current. where: column = value."""
        if name in FEEDS:
            return self._select(TABLES[name], f"({_query(name)})", where)
        return self.history(name, **where)

    def history(self, name: str, **where: Any) -> pl.DataFrame:
        """The rows as they were delivered: of a feed the superseded and cancelled ones too."""
        return self._select(TABLES[name], f'"{name}"', where, " ORDER BY rowid")

    def among(self, name: str, keys: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame:
        """A table's rows whose columns are those of one of the keys; a null is no key.

        columns: only these of them.
        """
        with self._together("BEGIN"):
            return keyed.rows(self._db.conn, TABLES[name], keys, columns)

    def first_among(
        self, name: str, keys: pl.DataFrame, columns: Sequence[str], most: int
    ) -> pl.DataFrame:
        """These columns of a table's first rows of each key, so many of one at most."""
        with self._together("BEGIN"):
            return keyed.first_rows(self._db.conn, TABLES[name], keys, columns, most)

    def beyond(self, name: str, texts: pl.DataFrame, rows: str) -> pl.DataFrame:
        """Those of the texts that stand in more rows of a table than the column `rows` says."""
        with self._together("BEGIN"):
            return keyed.beyond(self._db.conn, TABLES[name], texts, rows)

    def beginning(
        self, name: str, column: str, texts: pl.DataFrame, columns: Sequence[str]
    ) -> pl.DataFrame:
        """A table's rows where the column begins with a text and goes on (keyed.beginning)."""
        with self._together("BEGIN"):
            return keyed.beginning(self._db.conn, TABLES[name], column, texts, columns)

    def irregular(
        self, name: str, column: str, letters: str, columns: Sequence[str], after: int
    ) -> pl.DataFrame:
        """columns and the column, of files after this number, where it does not consist of
        these letters (as in `0-9A-Z`) alone, or begins with a zero."""
        return keyed.irregular(self._db.conn, TABLES[name], column, letters, columns, after)

    def places(self, name: str) -> pl.DataFrame:
        """The first two columns of a table's key, of every row, in order."""
        table = TABLES[name].only(TABLES[name].key[:2])
        return self._select(table, f'"{name}"', {}, " ORDER BY rowid")

    def newer(self, name: str, after: int, columns: Sequence[str]) -> pl.DataFrame:
        """These columns of a table, of files after this number."""
        return keyed.newer(self._db.conn, TABLES[name], after, columns)

    def between(
        self, name: str, column: str, first: date, after: date, columns: Sequence[str]
    ) -> pl.DataFrame:
        """These columns of a table, of a date from a first day to before another."""
        return keyed.between(self._db.conn, TABLES[name], column, first, after, columns)

    def last_file(self, name: str) -> int:
        """The last file that a table has rows of; 0 where it has none."""
        row = self._db.conn.execute(f'SELECT MAX(file_id) FROM "{TABLES[name].name}"').fetchone()
        return int(row[0] or 0)

    def first_day(self, name: str, column: str) -> date | None:
        """The first date in a column of a table."""
        row = self._db.conn.execute(f'SELECT MIN("{column}") FROM "{TABLES[name].name}"').fetchone()
        return None if row[0] is None else date.fromisoformat(row[0])

    def last_number(self, name: str) -> int:
        """The last number that a counter gave."""
        return self.next_numbers(name, 0) - 1

    def file(self, file_id: int) -> dict[str, Any] | None:
        """One row of `files`, or None."""
        rows = self.load("files", file_id=file_id).to_dicts()
        return rows[0] if rows else None

    def seen(self, sha256: str, interchange: str | None = None) -> dict[str, Any] | None:
        """The file with this content that was taken in or sent before, or None.

        interchange: the digest of the one interchange in it, which may have come in another file.
        """
        row = self._run("seen", sha256=sha256, interchange=interchange).fetchone()
        return None if row is None else self.file(int(row[0]))

    def replied(self, sha256: str, status: str) -> bool:
        """Whether this content was answered before, having met the same end (tables.FILES)."""
        return self._run("replied", sha256=sha256, status=status).fetchone() is not None

    def numbered_before(self, interchange: Mapping[str, Any]) -> int | None:
        """The file that holds this sender's interchange (tables.INTERCHANGES) of that number, or None."""
        values = {name: interchange[name] for name in _INTERCHANGE_KEY}
        row = self._run("numbered_before", **values).fetchone()
        return None if row is None else int(row[0])

    def _select(
        self, table: Table, source: str, where: Mapping[str, Any], order: str = ""
    ) -> pl.DataFrame:
        names = ", ".join(f'"{name}"' for name in table.schema)
        condition, values = _condition(table, where)
        cursor = self._db.conn.execute(f"SELECT {names} FROM {source}{condition}{order}", values)
        # Rows as Python has them are many times their size as columns: never all at once.
        parts = [to_frame(table, rows) for rows in iter(lambda: cursor.fetchmany(_ROWS), [])]
        return pl.concat([table.empty(), *parts])

    def breaking(self, *, proposed: bool) -> tuple[int, dict[str, int]]:
        """How many lines some rule stops, and how many each: of proposed ones, or of those sent."""
        (lines,) = self._run("breaking_lines", proposed=proposed).fetchone()
        return int(lines), dict(self._run("breaking", proposed=proposed))

    # -- runs

    def lock(self) -> Lock | None:
        """Who holds the workspace."""
        row = self._db.conn.execute("SELECT run, pid, host, beat FROM locks").fetchone()
        return None if row is None else Lock(*row)

    def hold(self, lock: Lock) -> None:
        """Makes the workspace belong to a run, or shows that it still lives."""
        with self.transaction():
            self._run("hold", run=lock.run, pid=lock.pid, host=lock.host, beat=lock.beat)

    def release(self) -> None:
        """Nobody holds the workspace."""
        with self.transaction():
            self._db.conn.execute("DELETE FROM locks")

    def start_run(self, run: str, as_of: date, at: str) -> None:
        """A run begins, or is taken up again."""
        with self.transaction():
            self._run("start_run", run=run, as_of=as_of.isoformat(), at=at)

    def finish_run(self, run: str, at: str, receipt: str) -> None:
        """A run is done, with its receipt (JSON)."""
        with self.transaction():
            self._run("finish_run", run=run, at=at, receipt=receipt)

    def unfinished_run(self) -> str | None:
        """The run that died before its end, or None."""
        row = self._run("unfinished_run").fetchone()
        return None if row is None else str(row[0])

    def receipts(self) -> dict[str, str]:
        """The receipt (JSON) of every finished run, oldest first."""
        rows = self._db.conn.execute(
            "SELECT run, receipt FROM runs WHERE receipt IS NOT NULL ORDER BY rowid"
        )
        return {str(run): str(receipt) for run, receipt in rows}

    def _run(self, query: str, **values: Any) -> sqlite3.Cursor:
        return self._db.conn.execute(_query(query), values)


def _connect(path: Path, uri: str) -> Database:
    """A connection that leaves transactions to us, waits for writers and holds to foreign keys."""
    try:
        # One thread at a time asks, but not always the same: reconciling stands on one of Polars'.
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=_PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        # A file leaves work/ only once its rows are safe, so every commit reaches the disk.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("SELECT COUNT(*) FROM sqlite_master")
    except sqlite3.DatabaseError as problem:
        raise StoreVersion(
            f"{path}: cannot be opened as a database ({problem}); restore it from a backup"
        ) from problem
    return Database(connection, execute_plugins=False)


def _condition(table: Table, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Column = value of every filter; null equals null."""
    for name in where:
        if name not in table.schema:
            raise ValueError(f"{table.name} has no column {name}")
    terms = " AND ".join(f'"{name}" IS ?' for name in where)
    return (f" WHERE {terms}" if terms else ""), [to_value(value) for value in where.values()]


@cache
def _insertion(name: str, columns: tuple[str, ...]) -> str:
    """The statement that appends a row of these columns to a canonical table."""
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{name}" ({names}) VALUES ({", ".join("?" * len(columns))})'


@cache
def _query(name: str) -> str:
    """The text of queries/NAME.sql."""
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_text(encoding="utf-8")
