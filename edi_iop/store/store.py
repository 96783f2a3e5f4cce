"""One workspace's tables: loaded in bulk, asked by table, by keys, by what is new.

All SQL of the program is in this room. Every write belongs to a transaction;
values reach SQL as parameters only, and names of tables and columns come from
the definitions in edi_iop.tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import polars as pl

from edi_iop.errors import Unreadable
from edi_iop.store import keyed
from edi_iop.store.connection import Contradiction
from edi_iop.store.database import query
from edi_iop.store.layout import DERIVED, SAME
from edi_iop.store.runs import Runs
from edi_iop.store.values import to_held, to_value
from edi_iop.tables import FEEDS, FILES, KEPT, SENT, TABLES, Table

_INTERCHANGE_KEY = (
    "sender_qualifier", "sender_id", "receiver_qualifier", "receiver_id", "interchange_control",
)  # fmt: skip

Prepared = dict[str, pl.DataFrame]
"""The rows of one file by table, in the store's own form."""
Place = tuple[int, int]
"""Where a claim stands, as sent or answered: its file, and its byte offset in it."""
_ANSWER = ("file_id", "remit_claim_offset")
_NOWHERE: Place = (0, 0)
"""Files are numbered from 1."""


class Store(Runs):
    """The tables of a workspace's database."""

    # -- writing

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
            for name, table in KEPT.items():
                if table is not FILES and name not in DERIVED and "file_id" in table.schema:
                    self._open.run(f'DELETE FROM "{name}" WHERE file_id = ?', (file_id,))

    def replace(self, name: str, frame: pl.DataFrame, **where: Any) -> None:
        """Puts the frame in the place of a derived table, or of the rows that `where` names."""
        table = TABLES[name]
        if not where and name not in DERIVED:
            raise ValueError(f"{name} is not derived: its rows are history")
        condition, values = _condition(table, where)
        with self.transaction():
            self._open.run(f'DELETE FROM "{name}" AS t{condition}', values)
            self._insert(table, frame)

    def replace_among(self, name: str, keys: pl.DataFrame, frame: pl.DataFrame) -> None:
        """Puts the frame in the place of a derived table's rows of these keys (`among`)."""
        if name not in DERIVED:
            raise ValueError(f"{name} is not derived: its rows are history")
        with self.transaction():
            keyed.delete(self._open, TABLES[name], keys)
            self._insert(TABLES[name], frame)

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

    def load(self, name: str, columns: Sequence[str] = (), /, **where: Any) -> pl.DataFrame:
        """A canonical table, typed; of a feed the rows that are current.

        columns: only these of them. where: column = value.
        """
        if name in FEEDS:
            rows = self._select(TABLES[name], f"({query(name)})", where).sort("file_id", "row")
            return rows.select(columns) if columns else rows
        table = TABLES[name]
        return self._select(table, f'"{name}"', where, columns, as_stored=True)

    def open_lines(self) -> pl.DataFrame:
        """tables.MATCHES of lines of answers that are no line of ours; an index has them apart."""
        source = '"matches" AS t WHERE t.remit_line_offset IS NOT NULL AND t.line_offset IS NULL'
        return self._open.frame(TABLES["matches"], source, as_stored=True)

    def history(self, name: str, **where: Any) -> pl.DataFrame:
        """The rows as they were delivered: of a feed the superseded and cancelled ones too."""
        return self._select(TABLES[name], f'"{name}"', where, as_stored=True)

    def among(self, name: str, keys: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame:
        """A table's rows whose columns are those of one of the keys; a null is no key.

        columns: only these of them.
        """
        with self.unchanged():
            return keyed.rows(self._open, TABLES[name], keys, columns)

    def sent(self, claims: pl.DataFrame | None = None) -> dict[str, pl.DataFrame]:
        """tables.SENT and LINE_STANDINGS of these claims (file_id, claim_offset), or of every claim."""
        names = (*SENT, "line_standings")
        return {
            name: self.load(name) if claims is None else self.of_claims(name, claims)
            for name in names
        }

    def of_claims(self, name: str, claims: pl.DataFrame) -> pl.DataFrame:
        """A table's rows of these claims; of their files, where it tells of files alone."""
        own = [key for key in ("file_id", "claim_offset") if key in TABLES[name].schema]
        return self.among(name, claims.select(own))

    def answers_to(self, file_id: int, claim_offset: int) -> pl.DataFrame:
        """file_id and remit_claim_offset of the answers matched to a claim as sent."""
        place = {"claim_file_id": file_id, "claim_offset": claim_offset}
        return self.load("matches", _ANSWER, **place, remit_line_offset=None).unique()

    def verdicts_under(self, claim: str) -> pl.DataFrame:
        """tables.VERDICTS under a claim number: as sent, of what is unmatched as returned.

        An index of their own by it would be a sixth of the work of keeping them.
        """
        sent = self.load("claims", ("file_id", "claim_offset"), claim=claim)
        tied = [self.answers_to(*place) for place in sent.iter_rows()]
        answers = pl.concat([self.load("remit_claims", _ANSWER, claim=claim), *tied]).unique()
        return self.among("verdicts", answers).filter(pl.col("claim") == claim)

    def first_among(
        self, name: str, keys: pl.DataFrame, columns: Sequence[str], most: int
    ) -> pl.DataFrame:
        """These columns of a table's first rows of each key, so many of one at most."""
        with self.unchanged():
            return keyed.first_rows(self._open, TABLES[name], keys, columns, most)

    def beyond(self, name: str, texts: pl.DataFrame, rows: str) -> pl.DataFrame:
        """Those of the texts that stand in more rows of a table than the column `rows` says."""
        with self.unchanged():
            return keyed.beyond(self._open, TABLES[name], texts, rows)

    def repeated(self, name: str, column: str, most: int) -> pl.DataFrame | None:
        """The texts that stand in several rows of a table's column; None where they are more."""
        return keyed.repeated(self._open, TABLES[name], column, most)

    def beginning(
        self, name: str, column: str, texts: pl.DataFrame, columns: Sequence[str]
    ) -> pl.DataFrame:
        """A table's rows where the column begins with a text and goes on (keyed.beginning)."""
        with self.unchanged():
            return keyed.beginning(self._open, TABLES[name], column, texts, columns)

    def irregular(
        self, name: str, column: str, letters: str, columns: Sequence[str], after: int
    ) -> pl.DataFrame:
        """columns and the column, of files after this number, where it does not consist of
        these letters (as in `0-9A-Z`) alone, or begins with a zero."""
        return keyed.irregular(self._open, TABLES[name], column, letters, columns, after)

    def size(self, name: str) -> int:
        """About how many rows a table has: never less."""
        ((last,),) = self._open.rows(f'SELECT COALESCE(MAX(rowid), 0) FROM "{TABLES[name].name}"')
        return int(last)

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

    def stretches(self, name: str, most: int) -> Iterator[tuple[Place, Place]]:
        """First and last place of so many claims at a time, as sent or answered; at least one pair."""
        places = self.places(name)
        in_order = places.sort(places.columns)
        for begin in range(0, in_order.height, most):
            part = in_order[begin : begin + most]
            yield _place(part, 0), _place(part, -1)
        if in_order.is_empty():
            yield _NOWHERE, _NOWHERE

    def stretch(
        self,
        name: str,
        places: tuple[Place, Place],
        columns: Sequence[str] = (),
        key: tuple[str, str] | None = None,
        /,
        **where: Any,
    ) -> pl.DataFrame:
        """A table's rows from one place to another, both included, in no certain order.

        key: the columns that a place is of; by default the first two of the table's key.
        where: column = value.
        """
        table = TABLES[name]
        own = key or (table.key[0], table.key[1])
        terms, values = _terms(table, where)
        more = f" AND {terms}" if terms else ""
        return keyed.stretch(self._open, table, own, *places, columns, more, values)

    def parts(self, name: str, columns: Sequence[str], most: int) -> Iterator[pl.DataFrame]:
        """These columns of a table as stored, so many rows at a time at most, at least one frame.

        With `row`: the number that a row has while what is read is of one moment (`unchanged`).
        """
        return keyed.parts(self._open, TABLES[name], columns, most)

    def at(self, name: str, rows: pl.Series, columns: Sequence[str] = ()) -> pl.DataFrame:
        """A table's rows of these numbers (`parts`), in the order of the numbers."""
        with self.unchanged():
            return keyed.at(self._open, TABLES[name], rows, columns)

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
        self,
        table: Table,
        source: str,
        where: Mapping[str, Any],
        columns: Sequence[str] = (),
        *,
        as_stored: bool = False,
    ) -> pl.DataFrame:
        condition, values = _condition(table, where)
        shape = table.only(columns) if columns else table
        return self._open.frame(shape, f"{source} AS t{condition}", values, as_stored=as_stored)


def _condition(table: Table, where: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """WHERE column = value of every filter."""
    terms, values = _terms(table, where)
    return (f" WHERE {terms}" if terms else ""), values


def _terms(table: Table, where: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Column = value of every filter; null equals null."""
    for name in where:
        if name not in table.schema:
            raise ValueError(f"{table.name} has no column {name}")
    # that there is no value is said in the statement: by it an index of such rows alone is found
    terms = " AND ".join(
        f't."{name}" IS {"NULL" if value is None else "?"}' for name, value in where.items()
    )
    return terms, tuple(to_value(value) for value in where.values() if value is not None)


def _place(places: pl.DataFrame, at: int) -> Place:
    file_id, offset = places.row(at)
    return int(file_id), int(offset)


@cache
def _insertion(name: str, columns: tuple[str, ...]) -> str:
    """The statement that appends a row of these columns to a canonical table."""
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    twice = " ON CONFLICT DO NOTHING" if name in SAME else ""
    return f'INSERT INTO "{name}" ({names}) VALUES ({marks}){twice}'
