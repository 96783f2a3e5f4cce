"""What the columns of a table map take from a guide's loops, worked out once for all chunks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec

from edi_iop.guides.loader import Guide, Node
from edi_iop.guides.loader import load as load_guide
from edi_iop.tables.schema import Column, Table
from edi_iop.transcribe import maps
from edi_iop.transcribe.maps import Source
from edi_iop.transcribe.values import Form, form_of


class Take(msgspec.Struct, frozen=True):
    """One way to the value of a column."""

    source: Source
    form: Form
    node: Node | None = None
    """The segment it is in, where that is not the row's own."""
    shared: Node | None = None
    """The loop that this segment shares with the row; of an offset or a number, the loop asked for."""


class Planned(msgspec.Struct, frozen=True):
    """A column, the ways to its value in their order, and the constant where none leads to one."""

    column: Column
    takes: tuple[Take, ...]
    constant: str | None


@cache
def planned(
    map_name: str, table: str, guide_name: str, loop: int, own: bool, repeated: bool, placed: bool
) -> tuple[Planned, ...]:
    """The columns of a table's rows that lie in a loop (its node's index).

    own: whether a row is a segment; repeated: whether it is a repeat inside one; placed: whether
    its whole place is asked for.
    """
    guide = load_guide(guide_name)
    one = maps.load(map_name).tables[table]
    found = []
    for column in read_as(one.table, placed).columns:
        sources = one.columns.get(column.name, _PLACES.get(column.name, ()))
        takes = tuple(
            take
            for source in sources
            for take in _takes(guide, guide.nodes[loop], source, column, own, repeated)
        )
        constants = [source.value for source in sources if source.kind == "constant"]
        found.append(Planned(column, takes, constants[0] if constants else None))
    return tuple(found)


def read_as(table: Table, placed: bool) -> Table:
    """The table with the columns beside its own, and where asked for with its rows' places."""
    return table.whole if placed else table.checked


_PLACES = {
    "place_interchange": (maps.parse("ISA13"),),
    "place_group": (maps.parse("GS06"),),
    "place_transaction": (maps.parse("ST02"),),
    "place_position": (maps.parse("%"),),
    "place_offset": (maps.parse("@"),),
    "place_loop": (Source("loop"),),
    "place_segment": (Source("segment"),),
    "place_element": (Source("begin"),),
}
"""Where each part of a row's place (tables.schema.PLACE) comes from, whatever its table."""


def _takes(
    guide: Guide, row_loop: Node, source: Source, column: Column, own: bool, repeated: bool
) -> Iterator[Take]:
    form = form_of(source, column)
    kind = source.kind
    if kind == "constant":
        return
    standing = kind in ("offset", "position") and source.segment is None
    if (standing and source.loop is not None) or (kind == "number" and not repeated):
        around = _around(row_loop, str(source.loop))
        if around is not None and (standing or around.parent is not None):
            yield Take(source, form, shared=around)
    elif (
        standing
        or kind in ("envelope", "number", "loop", "segment")
        or (kind in ("repeat", "begin") and repeated)
        or (kind == "own" and own)
    ):
        yield Take(source, form)
    else:
        for loop in guide.loops(str(source.loop)):
            shared = shared_loop(row_loop, loop)
            if shared is not None:
                for node in guide.carrying(str(source.segment), loop, source.qualifiers):
                    yield Take(source, form, node, shared)


def _around(row_loop: Node, name: str) -> Node | None:
    """The loop of that id around the rows' loop (or itself)."""
    return next((one for one in (row_loop, *row_loop.above()) if one.id == name), None)


def shared_loop(row_loop: Node, loop: Node) -> Node | None:
    """The nearest loop around both, where the way down to `loop` cannot repeat."""
    around = [row_loop, *row_loop.above()]
    below: list[Node] = []
    for one in (loop, *loop.above()):
        if one in around:
            repeating = [step for step in below if step.most != 1 and not step.wrapper]
            return None if repeating else one
        below.append(one)
    return None
