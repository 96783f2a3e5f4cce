"""A sheet: the answer to one question, as rows for programs and as columns for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import polars as pl
from msgspec.structs import replace

Kind = Literal["text", "money", "number", "flag"]
"""How a person reads a column: money in dollars to the right, numbers to the right,
flags (severities, verdicts, states) in colour."""

MOST_READ = 5_000
"""Rows of a table on a page: what a browser shows without delay, and more than a person reads."""
MASK = "***"
"""Stands for a name, member id, birth date or address that was not asked for."""


class Field(msgspec.Struct, frozen=True):
    """One column as a person sees it."""

    heading: str
    column: str
    kind: Kind = "text"
    widest: int = 60
    """Longer values are cut in the middle; machine formats carry them whole."""
    once: bool = False
    """A note that is not said again while it stays the same."""


class Chart(msgspec.Struct, frozen=True):
    """A few sums to draw as bars, the largest first: a label and a value a row."""

    title: str
    rows: pl.DataFrame
    """Columns label (text) and value (cents where the kind is money)."""
    kind: Kind = "number"


class Sheet(msgspec.Struct, frozen=True):
    """Rows with their names, as CSV, JSON and NDJSON carry them, and how a terminal shows them."""

    title: str
    rows: pl.DataFrame
    fields: tuple[Field, ...] = ()
    """Columns on a terminal; all of `rows` where none are named."""
    notes: tuple[Field, ...] = ()
    """What stands beneath each row on a terminal, a line each, where it is not empty."""
    people: pl.DataFrame | None = None
    """The rows as a person sees them, where they differ from `rows`; same order and height."""
    none: str = "none"
    """What to say where there are no rows."""
    closing: str = ""
    """A line of totals beneath the table."""
    legend: tuple[str, ...] = ()
    """What the codes in it mean, a line each, at the end."""
    hints: tuple[str, ...] = ()
    """What else there is to say or to do, a sentence each, after it."""
    total: int | None = None
    """How many rows there are, where `rows` are but the first of them."""
    document: Mapping[str, Any] | None = None
    """What JSON carries in place of the rows: a receipt is one object, not a list."""
    phi: frozenset[str] = msgspec.field(default_factory=frozenset)
    """Columns of names, member ids, birth dates and addresses."""
    name: str = ""
    """What it is called: a worksheet, a page."""
    charts: tuple[Chart, ...] = ()
    """What a page or a workbook draws beside the table."""
    summed: tuple[str, ...] | None = None
    """Columns whose sum means something; None: every amount of money."""
    pages: tuple[Sheet, ...] = ()
    """What a person reads in place of `rows`, where that is more than one table."""

    tables: tuple[Sheet, ...] = ()
    """What a workbook holds in place of `pages`, where a worksheet a page would be too many."""

    @property
    def shown(self) -> pl.DataFrame:
        return self.rows if self.people is None else self.people

    def masked(self) -> Sheet:
        """The same sheet with personal data hidden; a column of nothing else is not shown."""
        people = None if self.people is None else _hide(self.people, self.phi)
        fields = tuple(field for field in self.fields if field.column not in self.phi)
        notes = tuple(note for note in self.notes if note.column not in self.phi)
        rows = _hide(self.rows, self.phi)
        pages, tables = (tuple(one.masked() for one in of) for of in (self.pages, self.tables))
        return replace(
            self, rows=rows, people=people, fields=fields, notes=notes, pages=pages, tables=tables
        )

    @property
    def drawn(self) -> tuple[Chart, ...]:
        """The charts that have a bar."""
        return tuple(chart for chart in self.charts if chart.rows.height)

    @property
    def read(self) -> tuple[Sheet, ...]:
        """The tables a person reads, one after the other."""
        return self.pages or (self,)


def _hide(frame: pl.DataFrame, phi: frozenset[str]) -> pl.DataFrame:
    """The frame with every value of the named columns replaced by a mark; nulls stay null."""
    columns = [name for name in frame.columns if name in phi]
    return frame.with_columns(
        pl.when(pl.col(name).is_not_null()).then(pl.lit(MASK)).alias(name) for name in columns
    )
