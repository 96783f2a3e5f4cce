"""What a canonical feed is made of: maps/feeds/*.toml, decoded strictly (CONTRACT, Inbound)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Literal

import msgspec

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.settings import Strict
from edi_iop.tables import FEEDS, TABLES, Table

KINDS = FEEDS
"""The feeds we take in; each is also the name of its table and of its XML root."""

NAMESPACE = "urn:edi-iop:feed:1"
"""The XML namespace of every feed."""

ValueKind = Literal[
    "text",
    "upper",
    "code",
    "date",
    "time",
    "integer",
    "number",
    "cents",
    "amount",
    "digits",
    "npi",
    "procedure",
    "state",
    "zip",
    "diagnoses",
    "modifiers",
]


class FeedColumn(Strict, frozen=True):
    """One column of a feed: its name there, how its text is read, and what it must hold."""

    name: str
    kind: ValueKind = "text"
    required: bool = False
    codes: tuple[str, ...] = ()
    """The allowed values of a code, spelt as the table holds them."""
    width: int = 0
    """Leading zeros that a spreadsheet took are put back up to this width."""
    shortest: int = 0
    longest: int = 0
    """Fewest and most characters of the 837I element it becomes (005010X223A2); 0: it becomes none."""
    column: str | None = None
    """Its name in the table, where that differs."""
    default: str | None = None
    """What an empty value means."""
    not_before: str | None = None
    """The date column this date may not precede."""
    moment: bool = False
    """Of a date: a time of day may stand beside it."""
    birth: bool = False
    """Of a date: two digits of a year do not tell its century."""
    most: int | None = None
    """The greatest number there can be."""
    also: tuple[str, ...] = ()
    """What others call it, the likeliest first."""
    blank: bool = False
    """A required column's value may be empty in any row."""
    kept: bool = True
    """False: it says something of another column, and is no column of the table."""
    value_when: dict[str, tuple[str, ...]] | None = None
    """A required value may be empty in rows that do not have these codes."""
    needed_when: dict[str, tuple[str, ...]] | None = None
    """The value, of a column that need not be there, that rows with these codes must have."""

    @property
    def target(self) -> str:
        return self.column or self.name


class Times(Strict, frozen=True):
    """One of several groups of columns must be filled in rows that have certain codes."""

    when: dict[str, tuple[str, ...]]
    any_of: tuple[tuple[str, ...], ...]


class Narrow(Strict, frozen=True):
    """Rows with certain codes say these columns and nothing else, whatever stands in them."""

    when: dict[str, tuple[str, ...]]
    columns: tuple[str, ...]


class Signs(Strict, frozen=True):
    """How rows say that an amount went out, where its own sign does not: columns by their names."""

    amount: str
    out: str
    """Amounts that went out, in a column of their own."""
    direction: str
    """Whether the amount is a credit or a debit."""
    debits: str
    """Form of the direction of what went out (a regular expression)."""


class Totals(Strict, frozen=True):
    """How a list closes with the sum of its rows: columns by their names."""

    day: str
    """Every row has one, the sum has none."""
    amount: str
    number: str
    """Digits here make it a row."""
    words: str
    """Form of what stands beside a sum (a regular expression, of lower case)."""


class Feed(Strict, frozen=True):
    """A feed's columns; row names its XML row element."""

    kind: str
    row: str
    columns: tuple[FeedColumn, ...]
    times: Times | None = None
    narrow: Narrow | None = None
    signs: Signs | None = None
    totals: Totals | None = None
    enough: float = 0.5
    """Share of its required columns by which a header is taken for this feed."""

    def own_names(self, header: list[str]) -> list[str]:
        """The header with the columns that others call differently under their own names."""
        named = list(header)
        plain = [re.sub(r"[^a-z0-9]+", " ", name).strip() for name in header]
        for column in self.columns:
            if column.name not in named:
                called = next((name for name in column.also if name in plain), None)
                if called is not None:
                    place = plain.index(called)
                    named[place], plain[place] = column.name, ""  # one column is one thing
        return named

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    @property
    def table(self) -> Table:
        return TABLES[self.kind]


@cache
def feed(kind: str) -> Feed:
    """The feed of that kind; BadMap where its file does not decode or names no table column."""
    path = resources.maps() / "feeds" / f"{kind}.toml"
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Feed)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise BadMap(f"maps/feeds/{kind}.toml: {problem}; correct the feed map") from problem
    strangers = {column.target for column in found.columns if column.kept} - set(found.table.schema)
    if strangers:
        raise BadMap(f"maps/feeds/{kind}.toml: table {kind} has no column {min(strangers)}")
    return found
