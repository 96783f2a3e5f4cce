"""The table maps asked the other way: which columns an element is read into."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec

from edi_iop.tables import Column, Table
from edi_iop.transcribe.maps import Each, Source, TableMap, load

_REPEATS = 12
"""So many repeats of a segment's elements are named; guides have no more."""


class Place(msgspec.Struct, frozen=True):
    """An element, or the components of one, that a column holds."""

    table: Table
    column: Column
    loop: str | None
    """None for the envelope."""
    segment: str
    qualifiers: tuple[str, ...]
    element: int
    components: range
    """Empty where the element is read whole."""

    def holds(self, element: int, component: int | None) -> bool:
        """Whether that element, or that component of it, is in the column."""
        if element != self.element:
            return False
        return component is None or not self.components or component in self.components


@cache
def places(name: str) -> tuple[Place, ...]:
    """Every element that the map of that name (maps.NAMES) reads."""
    return tuple(place for one in load(name).tables.values() for place in _of_table(one))


def _of_table(one: TableMap) -> Iterator[Place]:
    columns = {column.name: column for column in one.table.columns}
    rows = [(row, one.each) for row in one.rows] + list(one.also)
    for name, sources in one.columns.items():
        for source in sources:
            for loop, segment, qualifiers, element in _elements(source, rows):
                yield Place(
                    one.table,
                    columns[name],
                    loop,
                    segment,
                    qualifiers,
                    element,
                    _components(source),
                )


def _elements(
    source: Source, rows: list[tuple[Source, Each | None]]
) -> Iterator[tuple[str | None, str, tuple[str, ...], int]]:
    """Loop, segment, qualifiers and element of a source; of one in the row's own segment, for each kind of row."""
    if source.kind in ("element", "envelope") and source.segment:
        yield source.loop, source.segment, source.qualifiers, source.element
    if source.kind not in ("own", "repeat"):
        return
    for row, each in rows:
        if row.segment is None:
            continue
        at = [source.element]
        if source.kind == "repeat" and each is not None:
            last = each.first + each.step * min(each.most, _REPEATS)
            at = [first + source.element for first in range(each.first, last, each.step)]
        for element in at:
            yield row.loop, row.segment, row.qualifiers, element


def _components(source: Source) -> range:
    if source.component is None:
        return range(0)
    return range(source.component, (source.last or source.component) + 1)
