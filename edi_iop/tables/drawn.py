"""Tables that are not made yet: of each column its values, and which of them each row has.

So long ones go from one process to another: values are few, rows are many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import polars as pl


class Drawn(msgspec.Struct, frozen=True):
    """A column that is not made yet.

    values: a row of values that columns share, of which its own begin at a place; numbers: which of
    its own each row has. Without numbers the values are the rows.
    """

    values: pl.Series
    numbers: pl.Series | None = None
    begin: int = 0

    def made(self) -> pl.Series:
        if self.numbers is None:
            return self.values
        return self.values.slice(self.begin)[self.numbers]


Part = pl.DataFrame | Mapping[str, Drawn]
"""Rows of a table, or its columns by their names, in order."""


class Drafts(Mapping[str, pl.DataFrame]):
    """Tables by their names, each made of its parts when it is first asked for."""

    def __init__(self, parts: Mapping[str, Sequence[Part]]) -> None:
        self._parts = parts
        self._made: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._made:
            self._made[name] = pl.concat([_made(part) for part in self._parts[name]])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __reduce__(self) -> tuple[type[Drafts], tuple[Mapping[str, Sequence[Part]]]]:
        """On their way to another process: the short ones made, which is less to pass."""
        passed = {
            name: parts if any(_rows(part) > _MANY for part in parts) else [self[name]]
            for name, parts in self._parts.items()
        }
        return Drafts, (passed,)


_MANY = 5000
"""Rows from which on a table is passed unmade."""


def _rows(part: Part) -> int:
    if isinstance(part, pl.DataFrame):
        return part.height
    column = next(iter(part.values()))
    return len(column.values if column.numbers is None else column.numbers)


def _made(part: Part) -> pl.DataFrame:
    if isinstance(part, pl.DataFrame):
        return part
    return pl.DataFrame([column.made().alias(name) for name, column in part.items()])
