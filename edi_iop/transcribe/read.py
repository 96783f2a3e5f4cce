"""Loops -> tables: every column of every canonical table, as array lookups.

A row of a table is a loop instance, a segment, or a repeat inside a segment.
A column is the values of the distinct segments that hold it, and for each row
the number of one of them, 0 for none. An element that stands in another loop
is found through the instance number of the loop both share: no segment is
looked at twice, none one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides.loader import Node
from edi_iop.guides.loops import Integers, Loops, ranges
from edi_iop.transcribe import values
from edi_iop.transcribe.maps import Each, Map, Source, TableMap
from edi_iop.transcribe.plan import Planned, Take, planned
from edi_iop.x12 import separators as sep
from edi_iop.x12.segments import Segments
from edi_iop.x12.words import Words

Numbers = npt.NDArray[np.unsignedinteger[Any]]
"""Of values in a row of them, whose first is none."""


@dataclass(frozen=True, eq=False)
class _Values:
    """Where the values of a column stand: in a row of them, from `begin` on so many. Each is itself alone."""

    row: values.Form | str
    begin: int = 0
    count: int | None = None


@dataclass
class _Held:
    """Segments, or repeats inside segments, each once: what holds the elements of rows."""

    begin: Integers
    """Of each, the word of its first element."""
    size: Integers
    """Of each, how many elements there are."""
    values: dict[tuple[values.Form, int], _Values] = field(default_factory=dict)
    """Of its elements in a form."""

    def words(self, element: int) -> Numbers:
        """The word of an element of each, behind one 0."""
        own = np.zeros(len(self.begin) + 1, dtype=np.uint32)
        own[1:] = np.where(self.size > element, self.begin + element, 0)
        return own


@dataclass
class _Rows:
    """The rows of one table that lie in one loop node."""

    loop: Node
    places: Integers
    own: tuple[_Held, Numbers] | None = None
    """The distinct segments, and which of them each row is or is in, where it is no loop."""
    repeats: tuple[_Held, Numbers] | None = None
    """The distinct repeats, and which of them each row is, where it is one."""
    position: Integers | None = None
    """Of repeats, each one's number in its segment."""
    transaction: Numbers | None = None
    """The transaction around each row."""
    instances: dict[int, Integers] = field(default_factory=dict)
    """Of a loop, the instance around each row."""
    looked_up: dict[tuple[int, tuple[str, ...]], Numbers] = field(default_factory=dict)
    """Of a segment elsewhere, which of its distinct ones belongs to each row."""


_Way = tuple[_Values, Numbers]
"""The values of a column, and which of them each row has."""


@dataclass
class _Draft:
    """A table whose columns are numbers yet: for each part of its rows, for each column, its ways."""

    table_map: TableMap
    parts: list[_Rows]
    plan: tuple[Planned, ...]
    ways: list[list[list[_Way]]]


_SAME = ()
"""In the place of where the values of each part begin: they are all the same."""
_FILES, _OFFSETS, _COUNTS = _Values("files"), _Values("offsets"), _Values("counts")


def read(
    loops: Loops, table_map: Map, segments: Segments, wanted: frozenset[str] | None = None
) -> dict[str, pl.DataFrame]:
    """The canonical tables of a guide's transactions, or those of them that are wanted."""
    reader = _Reader(loops, table_map.name, segments)
    drafts = {name: reader.draft(one) for name, one in table_map.only(wanted).items()}
    return {name: reader.table(draft) for name, draft in drafts.items()}


class _Reader:
    """First the numbers of all values, then the values: those of one form are read at once."""

    def __init__(self, loops: Loops, map_name: str, segments: Segments) -> None:
        self.loops = loops
        self.map_name = map_name
        self.words = segments.words
        self._row = (loops.rows + 1).astype(np.uint32)
        self._text = loops.pairs["text"].to_numpy()
        self._qualifying: dict[tuple[int, tuple[str, ...]], Integers] = {}
        self._first: dict[tuple[int, tuple[str, ...], int], Numbers] = {}
        self._segments_held: dict[int, _Held] = {}
        self._asked: dict[values.Form, list[Numbers]] = {}
        self._begin: dict[values.Form, int] = {}
        self._counts = 0
        """The highest count there is a number for."""
        self._columns = {
            "files": segments.rows["file"],
            "offsets": segments.rows["byte_offset"],
            **{one.name: one for one in loops.transactions.get_columns()},
        }
        self._made: dict[values.Form | str, pl.Series] = {}

    def draft(self, one: TableMap) -> _Draft:
        """The numbers of a table's columns, part by part."""
        parts = [rows for rows in self._rows(one) if len(rows.places)]
        plan: tuple[Planned, ...] = ()
        ways = []
        for rows in parts:
            plan = planned(
                self.map_name,
                one.table.name,
                self.loops.guide.name,
                rows.loop.index,
                rows.own is not None,
                rows.repeats is not None,
            )
            ways.append([list(self._ways(rows, column)) for column in plan])
        return _Draft(one, parts, plan, ways)

    def table(self, draft: _Draft) -> pl.DataFrame:
        """One table, its rows in the order of the file."""
        if not draft.parts:
            return draft.table_map.table.empty()
        joined = _Joined([rows.places for rows in draft.parts])
        made = []
        for column, *ways in zip(draft.plan, *draft.ways, strict=True):
            found = [self._column(way, joined) for way in zip_longest(*ways)]
            one = _first_given(found, column) if found else joined.repeated(column)
            made.append(one.alias(column.column.name))
        return pl.DataFrame(made)

    def _column(self, ways: Sequence[_Way | None], joined: _Joined) -> pl.Series:
        """One way of each part to a column's values."""
        first = ways[0]
        if first is not None and all(way is not None and way[0] is first[0] for way in ways):
            return self._values(first[0])[joined.numbers([way[1] for way in ways if way], _SAME)]
        parts, begins, begin = [], [], 0
        for way in ways:
            begins.append(begin)
            if way is not None:
                parts.append(self._values(way[0]))
                begin += len(parts[-1])
        every = pl.concat(parts, rechunk=True) if len(parts) > 1 else parts[0]
        return every[joined.numbers([way and way[1] for way in ways], begins)]

    def _values(self, where: _Values) -> pl.Series:
        """Values, the first of them none."""
        known = self._made.get(where.row)
        if known is None:
            if isinstance(where.row, values.Form):
                asked = np.concatenate(self._asked[where.row])
                known = values.typed(self.words.texts[pl.Series(asked)], where.row)
            else:
                column = self._columns.get(where.row)
                counted = pl.int_range(self._counts + 1, eager=True)
                known = _behind_nothing(counted if column is None else column)
            self._made[where.row] = known
        return known if where.count is None else known.slice(where.begin, where.count)

    def _rows(self, one: TableMap) -> list[_Rows]:
        if one.of_loops:
            return [
                _Rows(loop, self._new(self.loops.starts(loop)))
                for loop in self._loops(one.rows[0].loop)
            ]
        every = [*((source, one.each) for source in one.rows), *one.also]
        return [part for source, each in every for part in self._segment_rows(source, each)]

    def _loops(self, name: str | None) -> list[Node]:
        return self.loops.guide.loops(str(name))

    def _segment_rows(self, source: Source, each: Each | None) -> list[_Rows]:
        found = []
        for loop in self._loops(source.loop):
            for node in self.loops.guide.carrying(str(source.segment), loop, source.qualifiers):
                places = self._new(self._qualified(node, source.qualifiers))
                if not len(places):
                    continue
                own = _Rows(loop, places, (self._held(node), self._number(node, places)))
                found.append(own if each is None else self._repeats(own, each))
        return found

    def _new(self, places: Integers) -> Integers:
        """Those of this frame: what is repeated of an earlier one had its rows there."""
        return places[places >= self.loops.repeated] if self.loops.repeated else places

    def _qualified(self, node: Node, qualifiers: tuple[str, ...]) -> Integers:
        """The node's segments that carry one of the qualifiers."""
        key = node.index, qualifiers
        if key not in self._qualifying:
            self._qualifying[key] = self._carrying(node, qualifiers)
        return self._qualifying[key]

    def _carrying(self, node: Node, qualifiers: tuple[str, ...]) -> Integers:
        places = self.loops.segments_of(node)
        told_apart = self.loops.automaton.discriminators.get(node.id, ())
        if (
            not qualifiers
            or not len(places)
            or (1 in told_apart and node.codes(1) and node.codes(1) <= {*qualifiers})
        ):
            return places  # The automaton has looked at the qualifier already.
        codes = self.words.texts[pl.Series(self._held(node).words(1))].to_frame("code")
        carried = codes.select(_carries(qualifiers)).to_series().to_numpy()
        kept: Integers = places[carried[self._number(node, places)]]
        return kept

    def _held(self, node: Node) -> _Held:
        """The distinct segments of a node."""
        known = self._segments_held.get(node.index)
        if known is None:
            start, count = self.loops.spans[node.index]
            text = self._text[start : start + count]
            known = _Held(self.words.begin[text], self.words.size[text])
            self._segments_held[node.index] = known
        return known

    def _number(self, node: Node, places: Integers) -> Numbers:
        """For segments of a node, which of its distinct ones they are, from 1 on."""
        number = self.loops.pair[places] - (self.loops.spans[node.index][0] - 1)
        return number.astype(np.uint32)

    def _repeats(self, rows: _Rows, each: Each) -> _Rows:
        """One row a filled repeat of the segments."""
        assert rows.own is not None
        held, number = rows.own
        counts = np.clip(-(-(held.size - each.first) // each.step), 0, each.most)
        of = np.repeat(np.arange(len(counts)), counts)
        position = ranges(np.zeros_like(counts), counts - 1)
        at = each.first + position * each.step
        repeats = _Held(held.begin[of] + at, np.minimum(each.step, held.size[of] - at))
        kept = _filled(repeats, each.step, self.words)
        counts = np.bincount(of[kept], minlength=len(counts))
        own = number.astype(np.intp) - 1
        first = (np.cumsum(counts) - counts)[own]
        which = ranges(first, first + counts[own] - 1)
        return _Rows(
            rows.loop,
            np.repeat(rows.places, counts[own]),
            (held, np.repeat(number, counts[own])),
            (_Held(repeats.begin[kept], repeats.size[kept]), (which + 1).astype(np.uint32)),
            position[kept][which] + 1,
        )

    def _ways(self, rows: _Rows, planned: Planned) -> Iterator[_Way]:
        """The values of a column, as far as there are any in the files."""
        for take in planned.takes:
            way = self._way(rows, take)
            if way is not None:
                yield way
        if planned.column.name == "file_id" and not planned.takes:
            yield _FILES, self._row[rows.places]

    def _way(self, rows: _Rows, take: Take) -> _Way | None:
        source = take.source
        if source.kind == "envelope":
            number = self._instance(rows, self.loops.guide.root)
            return _Values(f"{source.segment}{source.element:02d}".lower()), number.astype(
                np.uint32
            )
        if source.kind == "offset":
            at = rows.places if take.shared is None else self._begin_of(rows, take.shared)
            return _OFFSETS, self._row[at]
        if source.kind == "number":
            counts = self._counted(rows, take.shared)
            self._counts = max(self._counts, int(counts.max()))
            return _COUNTS, (counts + 1).astype(np.uint32)
        if take.node is None or take.shared is None:
            of_rows = rows.repeats if source.kind == "repeat" else rows.own
            assert of_rows is not None
            return self._element(of_rows[0], take), of_rows[1]
        if (
            take.node.index not in self.loops.spans
        ):  # Most of a guide's segments are in no one file.
            return None
        if not len(self._qualified(take.node, source.qualifiers)):
            return None
        key = take.node.index, source.qualifiers
        if key not in rows.looked_up:
            first = self._first_of(take.node, source.qualifiers, take.shared)
            rows.looked_up[key] = first[self._instance(rows, take.shared)]
        return self._element(self._held(take.node), take), rows.looked_up[key]

    def _element(self, held: _Held, take: Take) -> _Values:
        """Where the values of an element are, once all that are asked for in its form are read."""
        key = take.form, take.source.element
        known = held.values.get(key)
        if known is None:
            words = held.words(take.source.element)
            begin = self._begin.get(take.form, 0)
            self._begin[take.form] = begin + len(words)
            self._asked.setdefault(take.form, []).append(words)
            known = held.values[key] = _Values(take.form, begin, len(words))
        return known

    def _instance(self, rows: _Rows, loop: Node) -> Integers:
        """The loop's instance around each row."""
        if loop.index not in rows.instances:
            rows.instances[loop.index] = self.loops.instance(loop)[rows.places].astype(np.intp)
        return rows.instances[loop.index]

    def _transaction(self, rows: _Rows) -> Numbers:
        """The transaction around each row."""
        if rows.transaction is None:
            root = self._instance(rows, self.loops.guide.root)
            rows.transaction = root.astype(np.uint32)
        return rows.transaction

    def _begin_of(self, rows: _Rows, loop: Node) -> Integers:
        """Place where the loop instance around each row began."""
        return self.loops.starts(loop)[self._instance(rows, loop) - 1]

    def _counted(self, rows: _Rows, loop: Node | None) -> Integers:
        """The repeat's number in its segment, or the loop's number in the loop around it."""
        if loop is None or loop.parent is None:
            assert rows.position is not None
            return rows.position
        own = self.loops.instance(loop)
        # Instances that began before the parent did are not counted; its own first segment is none.
        return self._instance(rows, loop) - own[self._begin_of(rows, loop.parent.loop)]

    def _first_of(self, node: Node, qualifiers: tuple[str, ...], shared: Node) -> Numbers:
        """Of each instance of a loop, the first such segment in it (from 1 on), or 0."""
        key = node.index, qualifiers, shared.index
        if key not in self._first:
            places = self._qualified(node, qualifiers)
            instance = self.loops.instance(shared)
            first = np.zeros(int(instance[-1]) + 1, dtype=np.uint32)
            # Assigned backwards, so that the first segment of an instance stays.
            first[instance[places].astype(np.intp)[::-1]] = self._number(node, places)[::-1]
            self._first[key] = first
        return self._first[key]


@cache
def _of_envelope(source: Source) -> _Values:
    """An element of the transactions' ISA, GS and ST."""
    return _Values(f"{source.segment}{source.element:02d}".lower())


class _Joined:
    """The rows of all parts of a table, in the order of the file."""

    def __init__(self, places: Sequence[Integers]) -> None:
        self._sizes = [len(one) for one in places]
        self.count = sum(self._sizes)
        self._order = np.argsort(np.concatenate(places), kind="stable") if len(places) > 1 else None
        self._known: dict[tuple[int, ...], pl.Series] = {}
        self._repeated: dict[tuple[str | None, pl.DataType], pl.Series] = {}

    def repeated(self, what: Planned) -> pl.Series:
        """A column's constant, or null, in every row."""
        key = what.constant, what.column.dtype
        if key not in self._repeated:
            alike = pl.Series([what.constant], dtype=what.column.dtype)
            self._repeated[key] = alike.new_from_index(0, self.count)
        return self._repeated[key]

    def numbers(self, parts: Sequence[Numbers | None], begins: Sequence[int]) -> pl.Series:
        """The numbers of all parts, each counted on from where its values begin."""
        key = (*map(id, parts), *begins)
        known = self._known.get(key)
        if known is None:  # Columns of one segment have the same ones.
            every = [
                np.zeros(size, dtype=np.uint32) if one is None else one
                for one, size in zip(parts, self._sizes, strict=True)
            ]
            for place, begin in enumerate(begins):
                if begin and parts[place] is not None:
                    every[place] = every[place] + np.uint32(begin)
            whole = every[0] if self._order is None else np.concatenate(every)[self._order]
            known = self._known[key] = pl.Series(whole)
        return known


def _filled(repeats: _Held, step: int, words: Words) -> npt.NDArray[np.bool_]:
    """Which repeats hold anything; a triplet without its reason still holds an amount."""
    filled = np.zeros(len(repeats.begin), dtype=bool)
    for element in range(step):
        texts = words.texts[pl.Series(repeats.words(element)[1:])]
        filled |= (texts != "").fill_null(False).to_numpy()
    return filled


@cache
def _carries(qualifiers: tuple[str, ...]) -> pl.Expr:
    """Whether an element, or the first component of it, is one of these."""
    code = pl.col("code")
    begins = [
        code.str.starts_with(one + mark)
        for one in qualifiers
        for mark in (sep.COMPONENT, sep.REPETITION)
    ]
    return pl.any_horizontal(code.is_in(qualifiers), *begins).fill_null(False)


def _behind_nothing(column: pl.Series) -> pl.Series:
    return pl.concat([column.clear(1), column], rechunk=True)


def _first_given(found: Sequence[pl.Series], what: Planned) -> pl.Series:
    """The first value that is there, in each row."""
    dtype, constant = what.column.dtype, what.constant
    if len(found) == 1 and constant is None:
        return found[0] if found[0].dtype == dtype else found[0].cast(dtype)
    candidates = [pl.lit(one) for one in found]
    if constant is not None:
        candidates.append(pl.lit(constant))
    return pl.select(pl.coalesce(candidates).cast(dtype)).to_series()
