"""Loops -> tables: every column of every canonical table, as array lookups.

A row of a table is a loop instance, a segment, or a repeat inside a segment.
A column whose element stands in another loop is found through the instance
number of the loop both share: no segment is looked at twice, none one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import polars as pl

from edi_iop.guides.loader import Guide, Node
from edi_iop.guides.loader import load as load_guide
from edi_iop.guides.loops import Integers, Loops, ranges
from edi_iop.tables.schema import Column
from edi_iop.transcribe import maps, values
from edi_iop.transcribe.maps import Each, Map, Source, TableMap
from edi_iop.x12 import separators as sep
from edi_iop.x12.segments import Segments


@dataclass(frozen=True)
class _Repeats:
    """Repeats inside segments: the distinct ones, and which of them each row is."""

    distinct: pl.DataFrame
    """repeat (its elements), position (its number in the segment)."""
    number: pl.Series


@dataclass(frozen=True)
class _Rows:
    """The rows of one table that lie in one loop node."""

    loop: Node
    node: Node | None
    """The segment node, where a row is a segment or a repeat inside one."""
    places: Integers
    repeats: _Repeats | None = None


_NONE = -1
_FEW = 4
_OWN = ("own",)
"""In the place of qualifiers: the rows' own segments."""
_Lookups = dict[tuple[int, tuple[str, ...]], pl.Series]
"""Of each node and its qualifiers, the pairs that a table's rows look up."""
_Form = tuple[int, int | None, int | None, str | None, str, pl.DataType]
"""What a column takes of a segment: element, components, form, and the unit and type it wants."""


def read(
    loops: Loops, table_map: Map, segments: Segments, wanted: frozenset[str] | None = None
) -> dict[str, pl.DataFrame]:
    """The canonical tables of a guide's transactions, or those of them that are wanted."""
    tables = table_map.only(wanted)
    reader = _Reader(loops, table_map.name, tuple(tables), segments)
    return {name: reader.table(one) for name, one in tables.items()}


def _form(source: Source, column: Column) -> _Form:
    return source.element, source.component, source.last, source.form, column.unit, column.dtype


@cache
def _asked(
    map_name: str, tables: tuple[str, ...], guide_name: str
) -> dict[int, dict[_Form, tuple[Source, Column]]]:
    """All that the columns of these tables of a map take of each of a guide's segments."""
    guide = load_guide(guide_name)
    asked: dict[int, dict[_Form, tuple[Source, Column]]] = {}
    for one in (maps.load(map_name).tables[name] for name in tables):
        for column in one.table.columns:
            for source in one.columns.get(column.name, ()):
                paths = one.rows if source.kind == "own" else (source,)
                for node in (node for path in paths for node in _nodes(guide, path)):
                    asked.setdefault(node.index, {})[_form(source, column)] = source, column
    return asked


@cache
def _steps(map_name: str, tables: tuple[str, ...], guide_name: str, number: int) -> values.Steps:
    """How those values of one segment are read, made once for all chunks."""
    asked = _asked(map_name, tables, guide_name)[number].values()
    return values.steps(
        {
            str(place): (_element(source), source, column)
            for place, (source, column) in enumerate(asked)
        }
    )


@cache
def _repeat_steps(source: Source, column: Column) -> values.Steps:
    """How a value of a repeat is read."""
    return values.steps({"repeat": (_element(source, "repeat"), source, column)})


@lru_cache(256)
def _typed(
    map_name: str, tables: tuple[str, ...], guide_name: str, number: int, raw: tuple[str, ...]
) -> pl.DataFrame:
    """Those values of a few segments: headers come again with every chunk."""
    elements = pl.Series("elements", raw, dtype=pl.String).str.split(sep.ELEMENT)
    return values.typed(elements.to_frame(), _steps(map_name, tables, guide_name, number))


def _element(source: Source, elements: str = "elements") -> pl.Expr:
    return pl.col(elements).list.get(source.element, null_on_oob=True)


def _nodes(guide: Guide, source: Source) -> Iterator[Node]:
    """The segments that a path can mean."""
    for loop in guide.loops(str(source.loop)) if source.segment else ():
        yield from guide.carrying(str(source.segment), loop, source.qualifiers)


@cache
def _beside(guide_name: str, number: int, source: Source) -> tuple[tuple[Node, Node], ...]:
    """The segments that a path means for rows of a loop, each with the loop both share."""
    guide = load_guide(guide_name)
    row_loop = guide.nodes[number]
    return tuple(
        (node, shared)
        for loop in guide.loops(str(source.loop))
        if (shared := shared_loop(row_loop, loop)) is not None
        for node in guide.carrying(str(source.segment), loop, source.qualifiers)
    )


class _Reader:
    """Columns are values of each node's distinct segments, put where their rows are."""

    def __init__(
        self, loops: Loops, map_name: str, tables: tuple[str, ...], segments: Segments
    ) -> None:
        self.loops = loops
        self.asked = map_name, tables, loops.guide.name
        self.files = segments.rows["file"].to_numpy()
        self.offsets = segments.rows["byte_offset"].to_numpy()
        self._known: dict[tuple[int, tuple[str, ...]], Integers] = {}
        self._values: dict[int, dict[_Form, pl.Series]] = {}

    def table(self, one: TableMap) -> pl.DataFrame:
        """One table, its rows in the order of the file."""
        parts = [self._part(one, rows) for rows in self._rows(one) if len(rows.places)]
        if not parts:
            return one.table.empty()
        if len(parts) == 1:
            return parts[0][1]
        places = np.concatenate([places for places, _ in parts])
        order = np.argsort(places, kind="stable")
        return pl.concat([made for _, made in parts], rechunk=True)[order]

    def _part(self, one: TableMap, rows: _Rows) -> tuple[Integers, pl.DataFrame]:
        """The rows' places, and their columns."""
        made: dict[str, pl.Series] = {}
        at = _Lookups()
        for column in one.table.columns:
            sources = one.columns.get(column.name, ())
            found = [
                value for source in sources for value in self._column(rows, source, column, at)
            ]
            constants = [source.value for source in sources if source.kind == "constant"]
            if found:
                made[column.name] = _first_given(found, constants, column)
            elif column.name == "file_id":
                made[column.name] = self._file(rows)
            else:
                alike = pl.Series([constants[0] if constants else None], dtype=column.dtype)
                made[column.name] = alike.new_from_index(0, len(rows.places))
        return rows.places, pl.DataFrame([one.alias(name) for name, one in made.items()])

    def _file(self, rows: _Rows) -> pl.Series:
        batch_rows = self.loops.rows[rows.places]
        return pl.Series("file_id", self.files[batch_rows])

    def _rows(self, one: TableMap) -> list[_Rows]:
        if one.of_loops:
            return [
                _Rows(loop, None, self._new(self.loops.starts(loop)))
                for loop in self._loops(one.rows[0].loop)
            ]
        found = [part for source in one.rows for part in self._segment_rows(source, one.each)]
        return found + [
            part for source, each in one.also for part in self._segment_rows(source, each)
        ]

    def _loops(self, name: str | None) -> list[Node]:
        return self.loops.guide.loops(str(name))

    def _segment_rows(self, source: Source, each: Each | None) -> list[_Rows]:
        found = []
        for loop in self._loops(source.loop):
            for node in self._nodes(source, loop):
                places = self._new(self._qualified(node, source))
                if not len(places):
                    continue
                if each is None:
                    found.append(_Rows(loop, node, places))
                else:
                    found.append(self._repeats(loop, node, places, each))
        return found

    def _new(self, places: Integers) -> Integers:
        """Those of this frame: what is repeated of an earlier one had its rows there."""
        return places[places >= self.loops.repeated] if self.loops.repeated else places

    def _nodes(self, source: Source, loop: Node) -> list[Node]:
        """The loop's segments of that id that can carry the qualifier."""
        return self.loops.guide.carrying(str(source.segment), loop, source.qualifiers)

    def _qualified(self, node: Node, source: Source) -> Integers:
        """The node's segments that carry one of the path's qualifiers."""
        key = node.index, source.qualifiers
        if key not in self._known:
            self._known[key] = self._carrying(node, frozenset(source.qualifiers))
        return self._known[key]

    def _carrying(self, node: Node, qualifiers: frozenset[str]) -> Integers:
        places = self.loops.segments_of(node)
        told_apart = self.loops.automaton.discriminators.get(node.id, ())
        if (
            not qualifiers
            or not len(places)
            or (1 in told_apart and node.codes(1) and node.codes(1) <= qualifiers)
        ):
            return places  # The automaton has looked at the qualifier already.
        carried = self._of_pairs(node).select(
            pl.col("elements")
            .list.get(1, null_on_oob=True)
            .str.extract(sep.FIRST_COMPONENT, 0)
            .is_in(qualifiers)
            .fill_null(False)
        )
        kept: Integers = places[carried.to_series().to_numpy()[self._pair_of(node, places)]]
        return kept

    def _of_pairs(self, node: Node) -> pl.DataFrame:
        """The distinct segments of a node."""
        return self.loops.pairs.slice(*self.loops.spans[node.index])

    def _pair_of(self, node: Node, places: Integers) -> Integers:
        """For segments of a node, their numbers among its distinct segments."""
        return self.loops.pair[places] - self.loops.spans[node.index][0]

    def _repeats(self, loop: Node, node: Node, places: Integers, each: Each) -> _Rows:
        """One row a filled repeat of the node's segments."""
        pairs = self._of_pairs(node)
        starts = pl.int_ranges(each.first, pl.col("elements").list.len(), each.step)
        distinct = (
            pairs.with_row_index("pair")
            .with_columns(at=starts.list.head(each.most))
            .filter(pl.col("at").list.len() > 0)
            .explode("at")
            .with_columns(repeat=pl.col("elements").list.slice(pl.col("at"), each.step))
            # A triplet without its reason still holds an amount.
            .filter(pl.col("repeat").list.join("") != "")
            .select("pair", "repeat", position=(pl.col("at") - each.first) // each.step + 1)
        )
        counts = np.bincount(distinct["pair"].to_numpy(), minlength=len(pairs))
        own = self._pair_of(node, places)
        first = (np.cumsum(counts) - counts)[own]
        number = ranges(first, first + counts[own] - 1)
        rows = np.repeat(places, counts[own])
        return _Rows(loop, node, rows, _Repeats(distinct, _places(number)))

    def _column(self, rows: _Rows, source: Source, column: Column, at: _Lookups) -> list[pl.Series]:
        """The source's values at the rows; several where its loop stands at several places."""
        kind = source.kind
        if kind == "constant":
            return []
        if kind == "envelope":
            return [self._envelope(rows, source)]
        if kind == "offset":
            return list(self._offset(rows, source.loop))
        if kind == "number":
            return list(self._number(rows, source.loop))
        if kind == "repeat" and rows.repeats is not None:
            typed = values.typed(rows.repeats.distinct, _repeat_steps(source, column))
            return [typed.to_series()[rows.repeats.number]]
        if kind == "own" and rows.node is not None:
            key = rows.node.index, _OWN
            if key not in at:
                at[key] = _places(self._pair_of(rows.node, rows.places))
            return [self._value(rows.node, source, column)[at[key]]]
        return self._elsewhere(rows, source, column, at)

    def _envelope(self, rows: _Rows, source: Source) -> pl.Series:
        """An element of the transaction's ISA, GS or ST."""
        name = f"{source.segment}{source.element:02d}".lower()
        number = self.loops.instance(self.loops.guide.root)[rows.places] - 1
        return self.loops.transactions[name][_places(number)]

    def _begin_of(self, rows: _Rows, loop: Node) -> Integers:
        """Place where the loop instance around each row began."""
        starts = self.loops.starts(loop)
        return starts[self.loops.instance(loop)[rows.places] - 1]

    def _around(self, rows: _Rows, name: str) -> Node | None:
        """The loop of that id around the rows' loop (or itself)."""
        return next((one for one in (rows.loop, *rows.loop.above()) if one.id == name), None)

    def _offset(self, rows: _Rows, name: str | None) -> Iterator[pl.Series]:
        if name is None:
            yield pl.Series(self.offsets[self.loops.rows[rows.places]])
        elif (loop := self._around(rows, name)) is not None:
            yield pl.Series(self.offsets[self.loops.rows[self._begin_of(rows, loop)]])

    def _number(self, rows: _Rows, name: str | None) -> Iterator[pl.Series]:
        """The repeat's number in its segment, or the loop's number in the loop around it."""
        if rows.repeats is not None:
            yield rows.repeats.distinct["position"][rows.repeats.number]
            return
        loop = self._around(rows, str(name))
        if loop is not None and loop.parent is not None:
            own = self.loops.instance(loop)
            before = own[self._begin_of(rows, loop.parent.loop)]
            # Instances that began before the parent did are not counted; its own first segment is none.
            yield pl.Series(own[rows.places] - before)

    def _value(self, node: Node, source: Source, column: Column) -> pl.Series:
        """An element of a node's distinct segments, in the column's type."""
        known = self._values.get(node.index)
        if known is None:
            forms = _asked(*self.asked)[node.index]
            pairs = self._of_pairs(node)
            typed = (
                _typed(*self.asked, node.index, tuple(pairs["raw"].to_list()))
                if len(pairs) <= _FEW
                else values.typed(pairs, _steps(*self.asked, node.index))
            )
            known = self._values[node.index] = dict(zip(forms, typed.get_columns(), strict=True))
        return known[_form(source, column)]

    def _elsewhere(
        self, rows: _Rows, source: Source, column: Column, at: _Lookups
    ) -> list[pl.Series]:
        """An element of another segment, through the loop it shares with the row."""
        found = []
        for node, shared in _beside(self.loops.guide.name, rows.loop.index, source):
            if len(self._qualified(node, source)):  # Most of a guide's segments are in no one file.
                key = node.index, source.qualifiers
                if key not in at:
                    at[key] = self._lookup(rows, node, source, shared)
                found.append(self._value(node, source, column)[at[key]])
        return found

    def _lookup(self, rows: _Rows, node: Node, source: Source, shared: Node) -> pl.Series:
        """For each row, the pair of the first such segment in the loop they share, or null."""
        places = self._qualified(node, source)
        instance = self.loops.instance(shared)
        first = np.full(int(instance[-1]) + 1, _NONE, dtype=np.int64)
        # Assigned backwards, so that the first segment of an instance stays.
        first[instance[places][::-1]] = self._pair_of(node, places)[::-1]
        return _places(first[instance[rows.places]])


def _places(numbers: Integers) -> pl.Series:
    """Numbers to look values up by, null where there is none."""
    places = pl.Series(numbers.astype(np.uint32))
    absent = numbers == _NONE
    return places.set(pl.Series(absent), None) if absent.any() else places


def _first_given(
    found: Sequence[pl.Series], constants: Sequence[str | None], column: Column
) -> pl.Series:
    """The first value that is there, in each row."""
    if len(found) == 1 and not constants:
        return found[0] if found[0].dtype == column.dtype else found[0].cast(column.dtype)
    candidates = [*(pl.lit(one) for one in found), *(pl.lit(one) for one in constants)]
    return pl.select(pl.coalesce(candidates).cast(column.dtype)).to_series()


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
