"""Loops -> tables: every column of every canonical table, as array lookups.

A row of a table is a loop instance, a segment, or a repeat inside a segment.
A column is the values of the distinct segments that hold it, and for each row
the number of one of them, 0 for none. An element that stands in another loop
is found through the instance number of the loop both share: no segment is
looked at twice, none one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import zip_longest

import msgspec
import numpy as np
import polars as pl

from edi_iop.guides.loops import Integers, Loops
from edi_iop.tables.drawn import Drawn, Part
from edi_iop.transcribe import values
from edi_iop.transcribe.maps import Map, Source, TableMap
from edi_iop.transcribe.plan import Planned, Take, planned, read_as
from edi_iop.transcribe.rows import Held, Numbers, Rows, TableRows, Values
from edi_iop.x12.segments import Segments

_Way = tuple[Values, Numbers]
"""The values of a column, and which of them each row has."""


class _Draft(msgspec.Struct):
    """A table whose columns are numbers yet: for each part of its rows, for each column, its ways."""

    table_map: TableMap
    parts: list[Rows]
    plan: tuple[Planned, ...]
    ways: list[list[list[_Way]]]


_SAME = ()
"""In the place of where the values of each part begin: they are all the same."""
_FILES, _OFFSETS, _COUNTS = Values("files"), Values("offsets"), Values("counts")
_POSITIONS, _LOOPS, _SEGMENTS = Values("positions"), Values("loops"), Values("segments")


def read(
    loops: Loops,
    table_map: Map,
    segments: Segments,
    wanted: frozenset[str] | None = None,
    placed: bool = False,
) -> dict[str, Part]:
    """The canonical tables of a guide's transactions, or those of them that are wanted.

    placed: with the place of each row (tables.schema.PLACE).
    """
    reader = _Reader(loops, table_map.name, segments, placed)
    drafts = {name: reader.draft(one) for name, one in table_map.only(wanted).items()}
    return {name: reader.table(draft) for name, draft in drafts.items()}


class _Reader:
    """First the numbers of all values, then the values: those of one form are read at once."""

    def __init__(self, loops: Loops, map_name: str, segments: Segments, placed: bool) -> None:
        self.guide = loops.guide
        self.placed = placed
        self.map_name = map_name
        self.words = segments.words
        self.rows = TableRows(loops, segments.words)
        self._row = (loops.rows + 1).astype(np.uint32)
        self._asked: dict[values.Form, list[Numbers]] = {}
        self._begin: dict[values.Form, int] = {}
        self._counts = 0
        """The highest count there is a number for."""
        self._columns = {
            "files": segments.rows["file"],
            "offsets": segments.rows["byte_offset"],
            **{one.name: one for one in loops.transactions.get_columns()},
        }
        self._numbers = segments.rows["number"]
        self._made: dict[values.Form | str, pl.Series] = {}

    def draft(self, one: TableMap) -> _Draft:
        """The numbers of a table's columns, part by part."""
        parts = [rows for rows in self.rows.of_table(one) if len(rows.places)]
        plan: tuple[Planned, ...] = ()
        ways = []
        for rows in parts:
            plan = planned(
                self.map_name,
                one.table.name,
                self.guide.name,
                rows.loop.index,
                rows.own is not None,
                rows.repeats is not None,
                self.placed,
            )
            ways.append([list(self._ways(rows, column)) for column in plan])
        return _Draft(one, parts, plan, ways)

    def table(self, draft: _Draft) -> Part:
        """One table, its rows in the order of the file."""
        if not draft.parts:
            return read_as(draft.table_map.table, self.placed).empty()
        joined = _Joined([rows.places for rows in draft.parts])
        table = {}
        for column, *ways in zip(draft.plan, *draft.ways, strict=True):
            found = [self._column(way, joined) for way in zip_longest(*ways)]
            table[column.column.name] = _first_given(found, column, joined)
        return table

    def _column(self, ways: Sequence[_Way | None], joined: _Joined) -> Drawn:
        """One way of each part to a column's values."""
        first = ways[0]
        if first is not None and all(way is not None and way[0] is first[0] for way in ways):
            numbers = joined.numbers([way[1] for way in ways if way], _SAME)
            drawn = Drawn(self._row_of(first[0]), numbers, first[0].begin)
            return drawn if first[0].count is not None else Drawn(drawn.made())
        parts, begins, begin = [], [], 0
        for way in ways:
            begins.append(begin)
            if way is not None:
                parts.append(self._values(way[0]))
                begin += len(parts[-1])
        every = pl.concat(parts, rechunk=True) if len(parts) > 1 else parts[0]
        drawn = Drawn(every, joined.numbers([way and way[1] for way in ways], begins))
        return drawn if len(every) < joined.count else Drawn(drawn.made())

    def _values(self, where: Values) -> pl.Series:
        """Values, the first of them none."""
        row = self._row_of(where)
        return row if where.count is None else row.slice(where.begin, where.count)

    def _row_of(self, where: Values) -> pl.Series:
        """The row that values stand in."""
        known = self._made.get(where.row)
        if known is None:
            if isinstance(where.row, values.Form):
                asked = np.concatenate(self._asked[where.row])
                known = values.typed(self.words.texts[pl.Series(asked)], where.row)
            else:
                known = _behind_nothing(self._column_of(where.row))
            self._made[where.row] = known
        return known

    def _column_of(self, name: str) -> pl.Series:
        """What is known of each segment, transaction or node, by its name; and numbers themselves."""
        if name in self._columns:
            return self._columns[name]
        nodes = self.guide.nodes
        if name == _LOOPS.row:
            return pl.Series([node.loop.id for node in nodes], dtype=pl.String)
        if name == _SEGMENTS.row:
            return pl.Series([node.id for node in nodes], dtype=pl.String)
        if name == _POSITIONS.row:
            return self.rows.positions(self._numbers)
        return pl.int_range(self._counts + 1, eager=True)

    def _ways(self, rows: Rows, planned: Planned) -> Iterator[_Way]:
        """The values of a column, as far as there are any in the files."""
        for take in planned.takes:
            way = self._way(rows, take)
            if way is not None:
                yield way
        if planned.column.name == "file_id" and not planned.takes:
            yield _FILES, self._row[rows.places]

    def _way(self, rows: Rows, take: Take) -> _Way | None:
        source = take.source
        if source.kind == "envelope":
            return _of_envelope(source), self.rows.transaction(rows)
        if source.kind in ("offset", "position"):
            at = self._standing(rows, take)
            return None if at is None else (_OFFSETS if source.kind == "offset" else _POSITIONS, at)
        if source.kind in ("loop", "segment"):
            node = (self.rows.loops.node[rows.places] + 1).astype(np.uint32)
            return _LOOPS if source.kind == "loop" else _SEGMENTS, node
        if source.kind in ("number", "begin"):
            counts = rows.begin if source.kind == "begin" else self.rows.counted(rows, take.shared)
            assert counts is not None
            self._counts = max(self._counts, int(counts.max()))
            return _COUNTS, (counts + 1).astype(np.uint32)
        if take.node is None or take.shared is None:
            own = rows.repeats if source.kind == "repeat" else rows.own
            assert own is not None
            return self._element(own[0], take), own[1]
        number = self.rows.elsewhere(rows, take.node, source.qualifiers, take.shared)
        return None if number is None else (self._element(self.rows.held(take.node), take), number)

    def _standing(self, rows: Rows, take: Take) -> Numbers | None:
        """The segment whose offset or position is asked for: the row's, a loop's first, or one in it."""
        if take.node is not None and take.shared is not None:
            found = self.rows.first_place(rows, take.node, take.source.qualifiers, take.shared)
            return None if found is None else np.where(found > 0, self._row[found - 1], 0)
        at = rows.places if take.shared is None else self.rows.begin_of(rows, take.shared)
        return self._row[at]

    def _element(self, held: Held, take: Take) -> Values:
        """Where the values of an element are, once all that are asked for in its form are read."""
        key = take.form, take.source.element
        known = held.values.get(key)
        if known is None:
            words = held.words(take.source.element)
            begin = self._begin.get(take.form, 0)
            self._begin[take.form] = begin + len(words)
            self._asked.setdefault(take.form, []).append(words)
            known = held.values[key] = Values(take.form, begin, len(words))
        return known


@cache
def _of_envelope(source: Source) -> Values:
    """An element of the transactions' ISA, GS and ST."""
    return Values(f"{source.segment}{source.element:02d}".lower())


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


def _behind_nothing(column: pl.Series) -> pl.Series:
    return pl.concat([pl.Series([None], dtype=column.dtype), column], rechunk=True)


def _first_given(found: Sequence[Drawn], what: Planned, joined: _Joined) -> Drawn:
    """The first value that is there, in each row."""
    dtype, constant = what.column.dtype, what.constant
    if not found:
        return Drawn(joined.repeated(what))
    if len(found) == 1 and constant is None:
        one = found[0]
        return one if one.values.dtype == dtype else Drawn(one.made().cast(dtype))
    candidates = [pl.lit(one.made()) for one in found]
    if constant is not None:
        candidates.append(pl.lit(constant))
    return Drawn(pl.select(pl.coalesce(candidates).cast(dtype)).to_series())
