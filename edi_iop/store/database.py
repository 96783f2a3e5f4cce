"""One workspace's database file: opened, migrated, written in transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import msgspec

from edi_iop.errors import Busy, NotWritten, StoreVersion
from edi_iop.store import schema
from edi_iop.store.connection import Connection, Refused


class Status(msgspec.Struct, frozen=True):
    """The schema a database has, the one this program needs, and the rows of each table."""

    version: int
    newest: int
    pending: tuple[str, ...]
    rows: dict[str, int]


class Database:
    """A connection to it; made by `create` or `open`."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self._read_only = path, read_only
        self._open = self._connected()

    @classmethod
    def create(cls, path: Path) -> Self:
        """The database at path, made if it is absent and brought to the present schema."""
        with _as_database(path):
            schema.migrate(path)
        return cls(path)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """The database at path; StoreVersion where it is absent, older or newer than this program."""
        store = cls.attach(path, read_only=read_only)
        try:
            store._check_present()
        except StoreVersion:
            store.close()
            raise
        return store

    @classmethod
    def attach(cls, path: Path, *, read_only: bool = False) -> Self:
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

    def __enter__(self) -> Self:
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

    # -- statements

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is kept together or not at all; joins a transaction that is open."""
        return self._together("BEGIN IMMEDIATE")

    def unchanged(self) -> AbstractContextManager[None]:
        """Everything read inside is as it was at one moment, whatever others write meanwhile."""
        return self._together("BEGIN")

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

    def _run(self, name: str, /, **values: Any) -> None:
        self._open.run(query(name), values)

    def _run_rows(self, name: str, /, **values: Any) -> list[tuple[Any, ...]]:
        return self._open.rows(query(name), values)


@contextmanager
def _as_database(path: Path) -> Iterator[None]:
    """Whatever stands at the path is to be opened as a database; StoreVersion where it is none."""
    try:
        yield
    except (Refused, schema.Error) as problem:
        raise StoreVersion(
            f"{path}: cannot be opened as a database ({problem}); restore it from a backup"
        ) from problem


@cache
def query(name: str) -> str:
    """The text of queries/NAME.sql."""
    return (Path(__file__).parent / "queries" / f"{name}.sql").read_text(encoding="utf-8")
