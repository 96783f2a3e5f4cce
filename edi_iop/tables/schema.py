"""What a canonical table is: named, typed columns with their meaning and source.

Where a row came from is its key. `file_id` numbers the file, `*_offset` columns
hold the byte offset of a segment in it: a remit line is (file_id,
remit_line_offset), and names its claim by (file_id, remit_claim_offset). Any
number on a screen so opens its source segment, and nothing needs a counter.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec
import polars as pl
from msgspec.structs import replace


class Column(msgspec.Struct, frozen=True):
    """One column: its type, what it means, its unit, and the element it comes from."""

    name: str
    dtype: pl.DataType
    meaning: str
    source: str = ""
    unit: str = ""
    phi: bool = False
    """Names, member ids, birth dates and addresses: shown only where asked for."""


class Table(msgspec.Struct, frozen=True, dict=True):
    """A canonical table; key names the columns that tell its rows apart."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    beside: tuple[Column, ...] = ()
    """Columns that whoever checks the rows of a file reads too; they are not kept."""

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        return {column.name: column.dtype for column in self.columns}

    @cached_property
    def of_segments(self) -> bool:
        """Whether its rows are read from segments of X12 files."""
        return any(column.unit == "bytes" for column in self.columns)

    @cached_property
    def checked(self) -> Table:
        """The table with the columns beside its own."""
        return replace(self, columns=(*self.columns, *self.beside)) if self.beside else self

    @cached_property
    def placed(self) -> Table:
        """The table with the place of each row, where it is read from segments."""
        return replace(self, columns=(*self.columns, *PLACE)) if self.of_segments else self

    @cached_property
    def whole(self) -> Table:
        """The table with all that can be read of its rows."""
        rest = (one for one in self.beside if one not in PLACE)
        return replace(self, columns=(*self.placed.columns, *rest))

    @cached_property
    def phi(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns if column.phi)

    @cached_property
    def _nothing(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)

    @cached_property
    def _narrowed(self) -> dict[tuple[str, ...], Table]:
        return {}

    def empty(self) -> pl.DataFrame:
        """No rows. Asked for once a file and table, so it is made only once."""
        return self._nothing.clone()

    def only(self, columns: Sequence[str]) -> Table:
        """The table narrowed to these columns."""
        names = tuple(columns)
        if names not in self._narrowed:
            held = {column.name: column for column in self.columns}
            self._narrowed[names] = replace(self, columns=tuple(held[name] for name in names))
        return self._narrowed[names]

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly this table's columns, in order: absent ones null, others gone."""
        if frame.is_empty():
            return self.empty()
        if dict(frame.schema) == self.schema and frame.columns == list(self.schema):
            return frame
        present = set(frame.columns)
        columns = self._columns
        return frame.select(columns[name][name in present] for name in self.schema)

    @cached_property
    def _columns(self) -> dict[str, tuple[pl.Expr, pl.Expr]]:
        """Each column where a frame lacks it, and where it has it."""
        return {
            name: (pl.lit(None).cast(dtype).alias(name), pl.col(name).cast(dtype))
            for name, dtype in self.schema.items()
        }


def text(name: str, meaning: str, source: str = "", phi: bool = False) -> Column:
    return Column(name, pl.String(), meaning, source, phi=phi)


def integer(name: str, meaning: str, source: str = "", unit: str = "") -> Column:
    return Column(name, pl.Int64(), meaning, source, unit)


def number(name: str, meaning: str, source: str = "", unit: str = "") -> Column:
    return Column(name, pl.Float64(), meaning, source, unit)


def cents(name: str, meaning: str, source: str = "") -> Column:
    return Column(name, pl.Int64(), meaning, source, "cents")


def day(name: str, meaning: str, source: str = "", phi: bool = False) -> Column:
    return Column(name, pl.Date(), meaning, source, phi=phi)


def flag(name: str, meaning: str, source: str = "") -> Column:
    return Column(name, pl.Boolean(), meaning, source)


def texts(name: str, meaning: str, source: str = "") -> Column:
    return Column(name, pl.List(pl.String()), meaning, source)


FILE = integer("file_id", "the file the row came from")
"""Every table that is read from a file begins with this column."""


def offset(name: str, of: str) -> Column:
    return integer(name, f"byte offset of {of} in the file", unit="bytes")


PLACE = (
    text("place_interchange", "interchange control number", "ISA13"),
    text("place_group", "group control number", "GS06"),
    text("place_transaction", "transaction set control number", "ST02"),
    integer("place_position", "segment in its transaction set, ST is 1"),
    offset("place_offset", "the row's segment, the first one of a loop"),
    text("place_loop", "loop of the guide"),
    text("place_segment", "segment identifier"),
    integer("place_element", "first element, where a row is a part of a segment; else null"),
)
"""Where the rows of a table stand in their X12 file: what `parse` adds to their columns.

No row is a component or a repetition of an element. A store keeps file and offset, which lead
to the same place.
"""
PLACE_POSITION = PLACE[3]
