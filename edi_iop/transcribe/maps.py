"""Table maps: maps/835.toml, 837I.toml, 837P.toml, 999.toml and 277CA.toml, decoded and checked.

A column's source is a path: LOOP.SEG[qualifier]element-component, such as
2110.REF[6R]02 or 2400.SV202-3..6. `@LOOP` is the byte offset of the loop's
first segment, `@LOOP.SEG` of a segment in it, `@` the row's own; with `%` it is
the segment's number in its transaction. `#` and `#LOOP` a running number, `=x` a
constant, ISA06 or GS08 an element of the envelope; a path ending in `:=x` is
the constant x where its element is there. In a table of repeated elements
(`each`), `01` is an element of the row's segment and `+1` counts from the repeat.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

import msgspec

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.tables import TABLES, Table

_PATH = re.compile(
    r"(?:(?P<loop>[0-9A-Z]+)\.)?(?P<segment>[A-Z][A-Z0-9]{1,2})"
    r"(?:\[(?P<qualifiers>[^\]]+)\])?(?:(?P<element>\d\d)(?:-(?P<component>\d)(?:\.\.(?P<last>\d))?)?)?"
    r"(?::(?P<form>from|to|through|date|hour|=[a-z]+))?"
)
NAMES = ("835", "837I", "837P", "999", "277CA")
"""Every transaction that has a map."""
_STANDING: dict[str, Literal["offset", "position"]] = {"@": "offset", "%": "position"}
_OWN = re.compile(r"(?P<repeat>\+)?(?P<element>\d+)(?:-(?P<component>\d))?")


class Source(msgspec.Struct, frozen=True):
    """Where one column comes from."""

    kind: Literal[
        "element", "own", "repeat", "offset", "position", "number", "constant", "envelope",
        "loop", "segment", "begin",
    ]  # fmt: skip
    """The last three: of the row itself, its loop, its segment, and the first of its elements."""
    loop: str | None = None
    segment: str | None = None
    qualifiers: tuple[str, ...] = ()
    element: int = 0
    component: int | None = None
    last: int | None = None
    """The last of several components joined by spaces."""
    form: str | None = None
    value: str | None = None


class Each(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Elements that repeat inside a segment: triplets, pairs, composites."""

    first: int
    step: int
    most: int = 99


class Constant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A constant written only where another element is."""

    value: str
    with_: str = msgspec.field(name="with")


class Also(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Further segments whose repeats are rows of the same table; read only unless written."""

    rows: str
    each: Each
    written: bool = False


class _TableMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: str | tuple[str, ...]
    columns: dict[str, str | tuple[str, ...]]
    parent: str | tuple[str, ...] | None = None
    each: Each | None = None
    constants: dict[str, str | Constant] = {}
    only_with: dict[str, str] = {}
    second_with: dict[str, str] = {}
    written: bool = True
    also: dict[str, Also] = {}


class TableMap(msgspec.Struct, frozen=True):
    """How one canonical table lies in the transaction."""

    table: Table
    rows: tuple[Source, ...]
    """One loop (a row a loop instance), or segments (a row a segment or repeat)."""
    columns: dict[str, tuple[Source, ...]]
    parents: tuple[str, ...]
    """The tables whose rows these rows lie below; none for the transaction's own."""
    each: Each | None
    constants: tuple[tuple[Source, str, Source | None], ...]
    """Source, value, and the source it is written with, if it depends on one."""
    only_with: dict[str, str]
    second_with: dict[str, str]
    """By a column of several places: the column beside which it is written at the second one."""
    written: bool
    also: tuple[tuple[Source, Each], ...]
    also_written: tuple[tuple[Source, Each], ...]
    """Those of `also` that are written too."""

    @property
    def of_loops(self) -> bool:
        return self.rows[0].segment is None


class Map(msgspec.Struct, frozen=True):
    """All table maps of one transaction."""

    name: str
    guides: tuple[str, ...]
    tables: dict[str, TableMap]

    def only(self, wanted: frozenset[str] | None) -> dict[str, TableMap]:
        """The tables of these names; all where none are named."""
        if wanted is None:
            return self.tables
        return {name: one for name, one in self.tables.items() if name in wanted}


@cache
def load(name: str) -> Map:
    """The map of that name (NAMES); BadMap where it does not decode."""
    path = resources.maps() / f"{name}.toml"
    try:
        raw = msgspec.toml.decode(path.read_bytes())
        guides = msgspec.convert(raw.pop("guides"), tuple[str, ...])
        decoded = msgspec.convert(raw, dict[str, _TableMap])
    except (OSError, KeyError, msgspec.MsgspecError) as problem:
        raise BadMap(f"{path.name}: {problem}; correct the table map") from problem
    return Map(name, guides, {table: _table(name, table, one) for table, one in decoded.items()})


@cache
def for_guide(guide: str) -> Map | None:
    """The map that reads a guide, or None where we have no tables for it."""
    for name in NAMES:
        if guide in load(name).guides:
            return load(name)
    return None


def _table(name: str, table: str, raw: _TableMap) -> TableMap:
    if table not in TABLES:
        raise BadMap(f"{name}.toml: {table} is not a canonical table")
    unknown = set(raw.columns) - set(TABLES[table].checked.schema)
    if unknown:
        raise BadMap(f"{name}.toml: {table} has no column {', '.join(sorted(unknown))}")
    rows = (raw.rows,) if isinstance(raw.rows, str) else raw.rows
    constants = tuple(
        (parse(path), one.value, parse(one.with_))
        if isinstance(one, Constant)
        else (parse(path), one, None)
        for path, one in raw.constants.items()
    )
    return TableMap(
        table=TABLES[table],
        rows=tuple(_rows(one) for one in rows),
        columns={
            column: tuple(parse(path) for path in ((paths,) if isinstance(paths, str) else paths))
            for column, paths in raw.columns.items()
        },
        parents=(raw.parent,) if isinstance(raw.parent, str) else raw.parent or (),
        each=raw.each,
        constants=constants,
        only_with=raw.only_with,
        second_with=raw.second_with,
        written=raw.written,
        also=tuple((_rows(one.rows), one.each) for one in raw.also.values()),
        also_written=tuple((_rows(one.rows), one.each) for one in raw.also.values() if one.written),
    )


def _rows(path: str) -> Source:
    return parse(path) if "." in path else Source("element", loop=_loop(path))


def _loop(name: str | None) -> str | None:
    """A loop's id in the guides, which call the transaction itself ST_LOOP."""
    return "ST_LOOP" if name == "ST" else name or None


def parse(path: str) -> Source:
    """A path as a Source; BadMap where it is none."""
    if path.startswith("="):
        return Source("constant", value=path[1:])
    if path[:1] in _STANDING:
        loop, _, segment = path[1:].partition(".")
        return Source(_STANDING[path[0]], loop=_loop(loop), segment=segment or None)
    if path.startswith("#"):
        return Source("number", loop=_loop(path[1:]))
    own = _OWN.fullmatch(path)
    if own:
        return Source(
            "repeat" if own["repeat"] else "own",
            element=int(own["element"]),
            component=int(own["component"]) if own["component"] else None,
        )
    found = _PATH.fullmatch(path)
    if found is None:
        raise BadMap(f"{path!r} is not a path of a table map")
    return Source(
        "element" if found["loop"] else "envelope",
        loop=_loop(found["loop"]),
        segment=found["segment"],
        qualifiers=tuple((found["qualifiers"] or "").split(",")) if found["qualifiers"] else (),
        element=int(found["element"] or 0),
        component=int(found["component"]) if found["component"] else None,
        last=int(found["last"]) if found["last"] else None,
        form=found["form"],
    )
