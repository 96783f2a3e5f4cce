"""One workspace's database: opened, migrated, loaded in bulk, asked by table.

All SQL of the program is in this room. Every write belongs to a transaction;
values reach SQL as parameters only, and names of tables and columns come from
the definitions in edi_iop.tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from edi_iop.errors import Busy, NotWritten, StoreVersion, Unreadable
from edi_iop.store import keyed, schema
from edi_iop.store.connection import Connection, Contradiction, Refused
from edi_iop.store.values import to_held, to_value
from edi_iop.tables import FEEDS, FILES, TABLES, Table

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

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self._read_only = path, read_only
        self._open = self._connected()

    # -- the file itself

    @classmethod
    def create(cls, path: Path) -> Store:
        """The database at path, made if it is absent and brought to the present schema."""
        with _as_database(path):
            schema.migrate(path)
        return cls(path)

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
        return cls(path, read_only=read_only)

    def _connected(self) -> Connection:
        with _as_database(self.path):
            connection = Connection(self.path, read_only=self._read_only)
            connection.rows("SELECT COUNT(*) FROM sqlite_master")
            return connection

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        """Closes; what the system refused (no permission, disk full, file damaged) in one line."""
        self.close()
        if isinstance(problem, Refused):
            raise NotWritten(
                f"{self.path}: {problem}; check its folder's permissions and the free space, "
                "or restore it from a backup"
            ) from problem

    def migrate(self) -> list[str]:
        """Brings the schema to this program's; the migrations that ran, and what was added besides."""
        self._check_not_newer()
        self.close()  # see store.connection: one SQLite at a time
        try:
            return schema.migrate(self.path)
        finally:
            self._open = self._connected()

    def status(self) -> Status:
        """What the database is, for `db status`."""
        applied, there = self._applied(), self._columns()
        pending = schema.pending(applied)
        rows = {
            name: int(self._open.rows(f'SELECT COUNT(*) FROM "{name}"')[0][0])
            for name in sorted(there)
            if not name.startswith("_")
        }
        return Status(len(applied), len(applied) + len(pending), pending, rows)

    def _check_present(self) -> None:
        self._check_not_newer()
        if schema.pending(self._applied()) or schema.missing(self._columns()):
            raise StoreVersion(
                f"{self.path}: the database is older than this program; "
                f"bring it up to date with: edi-iop db migrate {self.path.parent}"
            )

    def _check_not_newer(self) -> None:
        unknown = schema.newer_than_known(self._applied())
        if unknown:
            raise StoreVersion(
                f"{self.path}: written by a newer version of edi-iop "
                f"({unknown[-1]}); install that version or a later one"
            )

    def _applied(self) -> list[str]:
        """The migrations that the database has had."""
        if not self._run_rows("migrated"):
            return []
        return [str(name) for (name,) in self._run_rows("migrations")]

    def _columns(self) -> dict[str, set[str]]:
        """The columns of every table there is."""
        found: dict[str, set[str]] = {}
        for table, column in self._run_rows("columns"):
            found.setdefault(table, set()).add(column)
        return found

    # -- writing

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is kept together or not at all; joins a transaction that is open."""
        return self._together("BEGIN IMMEDIATE")

    @contextmanager
    def _together(self, begin: str) -> Iterator[None]:
        if self._open.in_transaction:
            yield
            return
        try:
            self._open.begin(begin)
        except Refused as problem:
            raise Busy(
                f"{self.path}: {problem}; try again when the other program is done"
            ) from problem
        try:
            yield
            self._open.commit()
        except BaseException:
            self._open.rollback()
            raise

    def next_numbers(self, name: str, count: int = 1) -> int:
        """The first of `count` numbers of a counter that nobody was given before; they begin at 1."""
        with self.transaction():
            self._run("count_up", name=name, count=count)
            ((last,),) = self._open.rows("SELECT value FROM counters WHERE name = ?", (name,))
            return int(last) - count + 1

    def add_file(self, **columns: Any) -> int:
        """Writes one row of `files`; its file_id is the next number where none is given."""
        with self.transaction():
            file_id = int(columns.get("file_id") or self.next_numbers("file"))
            row = {name: [value] for name, value in columns.items()} | {"file_id": [file_id]}
            self._insert(FILES, pl.DataFrame(row))
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
        self._open.run("PRAGMA defer_foreign_keys = ON")  # until the transaction ends
        for name, frame in tables.items():
            self._insert(TABLES[name], frame)

    def forget(self, file_id: int) -> None:
        """Takes back what was saved ahead of a file that is not to be kept."""
        with self.transaction():
            for name, table in TABLES.items():
                if table is not FILES and name not in schema.DERIVED and "file_id" in table.schema:
                    self._open.run(f'DELETE FROM "{name}" WHERE file_id = ?', (file_id,))

    def replace(self, name: str, frame: pl.DataFrame, **where: Any) -> None:
        """Puts the frame in the place of a derived table, or of the rows that `where` names."""
        table = TABLES[name]
        if not where and name not in schema.DERIVED:
            raise ValueError(f"{name} is not derived: its rows are history")
        condition, values = _condition(table, where)
        with self.transaction():
            self._open.run(f'DELETE FROM "{name}" AS t{condition}', values)
            self._insert(table, frame)

    def replace_among(self, name: str, keys: pl.DataFrame, frame: pl.DataFrame) -> None:
        """Puts the frame in the place of a derived table's rows of these keys (`among`)."""
        if name not in schema.DERIVED:
            raise ValueError(f"{name} is not derived: its rows are history")
        with self.transaction():
            keyed.delete(self._open, TABLES[name], keys)
            self._insert(TABLES[name], frame)

    def withdraw(self, name: str, after: int) -> None:
        """Takes a derived table's rows of files after this number out; they are its last ones."""
        if name not in schema.DERIVED:
            raise ValueError(f"{name} is not derived: its rows are history")
        with self.transaction():
            rows = f'SELECT file_id FROM "{name}" ORDER BY rowid DESC LIMIT 1'
            last = self._open.rows(rows)
            if last and last[0][0] > after:
                self._open.run(f'DELETE FROM "{name}" WHERE file_id > ?', (after,))

    def settled(self) -> dict[str, str]:
        """Up to where remits and claims are settled, as `settle` was told; empty where nothing is."""
        return dict(self._open.rows("SELECT name, value FROM settlement"))

    def settle(self, **values: str) -> None:
        """Remits and claims are settled up to here; without values, none of what is derived counts."""
        with self.transaction():
            self._open.run("DELETE FROM settlement")
            if values:
                rows = pl.DataFrame({"name": values.keys(), "value": values.values()})
                self._open.insert("INSERT INTO settlement VALUES (?, ?)", rows)

    def _insert(self, table: Table, frame: pl.DataFrame) -> None:
        if not frame.is_empty():
            self._append(table, to_held(table, frame))

    def _append(self, table: Table, held: pl.DataFrame) -> None:
        """Rows in the store's form; a column without a value is not said, which is a sixth of the time."""
        empty = held.null_count().row(0)
        said = tuple(
            name for name, nulls in zip(held.columns, empty, strict=True) if nulls < len(held)
        )
        try:
            self._open.insert(_insertion(table.name, said), held.select(said))
        except Contradiction as problem:
            raise Unreadable(
                f"{table.name}: {problem}; the rows contradict what is stored, none was kept"
            ) from problem

    # -- asking

    def load(self, name: str, **where: Any) -> pl.DataFrame:
        """A canonical table, typed; of a feed the rows that are current. where: column = value."""
        if name in FEEDS:
            return self._select(TABLES[name], f"({_query(name)})", where).sort("file_id", "row")
        return self.history(name, **where)

    def history(self, name: str, **where: Any) -> pl.DataFrame:
        """The rows as they were delivered: of a feed the superseded and cancelled ones too."""
        return self._select(TABLES[name], f'"{name}"', where, as_stored=True)

    def among(self, name: str, keys: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame:
        """A table's rows whose columns are those of one of the keys; a null is no key.

        columns: only these of them.
        """
        with self._together("BEGIN"):
            return keyed.rows(self._open, TABLES[name], keys, columns)

    def first_among(
        self, name: str, keys: pl.DataFrame, columns: Sequence[str], most: int
    ) -> pl.DataFrame:
        """These columns of a table's first rows of each key, so many of one at most."""
        with self._together("BEGIN"):
            return keyed.first_rows(self._open, TABLES[name], keys, columns, most)

    def beyond(self, name: str, texts: pl.DataFrame, rows: str) -> pl.DataFrame:
        """Those of the texts that stand in more rows of a table than the column `rows` says."""
        with self._together("BEGIN"):
            return keyed.beyond(self._open, TABLES[name], texts, rows)

    def beginning(
        self, name: str, column: str, texts: pl.DataFrame, columns: Sequence[str]
    ) -> pl.DataFrame:
        """A table's rows where the column begins with a text and goes on (keyed.beginning)."""
        with self._together("BEGIN"):
            return keyed.beginning(self._open, TABLES[name], column, texts, columns)

    def irregular(
        self, name: str, column: str, letters: str, columns: Sequence[str], after: int
    ) -> pl.DataFrame:
        """columns and the column, of files after this number, where it does not consist of
        these letters (as in `0-9A-Z`) alone, or begins with a zero."""
        return keyed.irregular(self._open, TABLES[name], column, letters, columns, after)

    def places(self, name: str) -> pl.DataFrame:
        """The first two columns of a table's key, of every row, in order."""
        table = TABLES[name].only(TABLES[name].key[:2])
        return self._select(table, f'"{name}"', {}, as_stored=True)

    def newer(self, name: str, after: int, columns: Sequence[str]) -> pl.DataFrame:
        """These columns of a table, of files after this number."""
        return keyed.newer(self._open, TABLES[name], after, columns)

    def between(
        self, name: str, column: str, first: date, after: date, columns: Sequence[str]
    ) -> pl.DataFrame:
        """These columns of a table, of a date from a first day to before another."""
        return keyed.between(self._open, TABLES[name], column, first, after, columns)

    def last_file(self, name: str) -> int:
        """The last file that a table has rows of; 0 where it has none."""
        ((last,),) = self._open.rows(f'SELECT MAX(file_id) FROM "{TABLES[name].name}"')
        return int(last or 0)

    def first_day(self, name: str, column: str) -> date | None:
        """The first date in a column of a table."""
        ((first,),) = self._open.rows(f'SELECT MIN("{column}") FROM "{TABLES[name].name}"')
        return None if first is None else date.fromisoformat(first)

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
        found = self._run_rows("seen", sha256=sha256, interchange=interchange)
        return self.file(int(found[0][0])) if found else None

    def replied(self, sha256: str, status: str) -> bool:
        """Whether this content was answered before, having met the same end (tables.FILES)."""
        return bool(self._run_rows("replied", sha256=sha256, status=status))

    def numbered_before(self, interchange: Mapping[str, Any]) -> int | None:
        """The file that holds this sender's interchange (tables.INTERCHANGES) of that number, or None."""
        values = {name: interchange[name] for name in _INTERCHANGE_KEY}
        found = self._run_rows("numbered_before", **values)
        return int(found[0][0]) if found else None

    def _select(
        self, table: Table, source: str, where: Mapping[str, Any], *, as_stored: bool = False
    ) -> pl.DataFrame:
        condition, values = _condition(table, where)
        return self._open.frame(table, f"{source} AS t{condition}", values, as_stored=as_stored)

    def breaking(self, *, proposed: bool) -> tuple[int, dict[str, int]]:
        """How many lines some rule stops, and how many each: of proposed ones, or of those sent."""
        ((lines,),) = self._run_rows("breaking_lines", proposed=proposed)
        return int(lines), dict(self._run_rows("breaking", proposed=proposed))

    def answered(self, run: str) -> tuple[int, int, int]:
        """Remit claims that a run took in, those matched to a claim, and their lines."""
        ((claims, matched, lines),) = self._run_rows("answered", run=run)
        return int(claims), int(matched), int(lines)

    def denied(self, run: str) -> list[tuple[str, str, int]]:
        """Denied lines that a run took in: verdict, rule (`none`), and how many."""
        return [
            (str(verdict), str(rule), int(lines))
            for verdict, rule, lines in self._run_rows("denied", run=run)
        ]

    # -- runs

    def lock(self) -> Lock | None:
        """Who holds the workspace."""
        found = self._open.rows("SELECT run, pid, host, beat FROM locks")
        return Lock(*found[0]) if found else None

    def hold(self, lock: Lock) -> None:
        """Makes the workspace belong to a run, or shows that it still lives."""
        with self.transaction():
            self._run("hold", run=lock.run, pid=lock.pid, host=lock.host, beat=lock.beat)

    def release(self) -> None:
        """Nobody holds the workspace."""
        with self.transaction():
            self._open.run("DELETE FROM locks")

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
        found = self._run_rows("unfinished_run")
        return str(found[0][0]) if found else None

    def receipts(self) -> dict[str, str]:
        """The receipt (JSON) of every finished run, oldest first."""
        rows = self._open.rows(
            "SELECT run, receipt FROM runs WHERE receipt IS NOT NULL ORDER BY rowid"
        )
        return {str(run): str(receipt) for run, receipt in rows}

    def _run(self, query: str, **values: Any) -> None:
        self._open.run(_query(query), values)

    def _run_rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._open.rows(_query(query), values)


@contextmanager
def _as_database(path: Path) -> Iterator[None]:
    """Whatever stands at the path is to be opened as a database; StoreVersion where it is none."""
    try:
        yield
    except (Refused, schema.Error) as problem:
        raise StoreVersion(
            f"{path}: cannot be opened as a database ({problem}); restore it from a backup"
        ) from problem


def _condition(table: Table, where: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Column = value of every filter; null equals null."""
    for name in where:
        if name not in table.schema:
            raise ValueError(f"{table.name} has no column {name}")
    terms = " AND ".join(f't."{name}" IS ?' for name in where)
    return (f" WHERE {terms}" if terms else ""), tuple(map(to_value, where.values()))


@cache
def _insertion(name: str, columns: tuple[str, ...]) -> str:
    """The statement that appends a row of these columns to a canonical table."""
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{name}" ({names}) VALUES ({", ".join("?" * len(columns))})'


@cache
def _query(name: str) -> str:
    """The text of queries/NAME.sql."""
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_text(encoding="utf-8")
