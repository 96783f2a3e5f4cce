"""An answer of more rows than are held at once: its parts for programs, its beginning for a person."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import polars as pl
from msgspec.structs import replace

from edi_iop.reports.sheet import MOST_READ, Sheet

ROWS_AT_ONCE = 100_000


class Parted(ABC):
    """Rows told so many at a time; each sheet says what is to be said of all of them."""

    @abstractmethod
    def parts(self) -> Iterator[Sheet]:
        """All rows in their order; at least one sheet."""

    @abstractmethod
    def short(self) -> Sheet:
        """What a person reads: the first rows, and how many there are."""

    def read(self) -> Iterator[Sheet]:
        """The tables that a person reads, one after the other, of each the first rows."""
        yield self.short()

    def together(self) -> Sheet:
        """All rows in one sheet."""
        return _joined(list(self.parts()))

    def kept(self) -> Sheet:
        """All rows as a workbook holds them; NotWritten as soon as they are more than it can."""
        from edi_iop.reports.workbook import fits  # loads what only a workbook needs

        sheets: list[Sheet] = []
        for sheet in self.parts():
            sheets.append(sheet)
            fits(sum(one.rows.height for one in sheets), more=True)
        return _joined(sheets)


class Ordered(Parted):
    """Rows whose order is known before they are read."""

    @property
    @abstractmethod
    def height(self) -> int:
        """How many there are."""

    @abstractmethod
    def told(self, first: int, count: int) -> Sheet:
        """So many rows from one on."""

    def parts(self) -> Iterator[Sheet]:
        for first in range(0, max(self.height, 1), ROWS_AT_ONCE):
            yield self.told(first, ROWS_AT_ONCE)

    def short(self) -> Sheet:
        return self.told(0, MOST_READ)

    def together(self) -> Sheet:
        return self.told(0, self.height)

    def kept(self) -> Sheet:
        from edi_iop.reports.workbook import fits  # loads what only a workbook needs

        fits(self.height)
        return self.together()


def _joined(sheets: list[Sheet]) -> Sheet:
    return replace(sheets[0], rows=pl.concat(sheet.rows for sheet in sheets))
