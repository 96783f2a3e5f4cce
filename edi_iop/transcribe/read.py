"""Loops -> tables: every column of every canonical table, as array lookups.

A row of a table is a loop instance, a segment, or a repeat inside a segment.
A column whose element stands in another loop is found through the instance
number of the loop both share: no segment is looked at twice, none one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from edi_iop.guides.loader import Node
from edi_iop.guides.loops import Integers, Loops
from edi_iop.tables.schema import Column
from edi_iop.transcribe import values
from edi_iop.transcribe.maps import Each, Map, Source, TableMap
from edi_iop.x12.segments import Segments


@dataclass(frozen=True)
class _Rows:
    """The rows of one table that lie in one loop node."""

    loop: Node
    node: Node | None
    """The segment node, where a row is a segment or a repeat inside one."""
    places: Integers
    repeats: pl.DataFrame | None = None
    """position and +n columns, for repeats; one row a row."""


def read(loops: Loops, table_map: Map, segments: Segments) -> dict[str, pl.DataFrame]:
    """The canonical tables of a guide's transactions. `file_id` is the file's place in the batch."""
    reader = _Reader(loops, segments)
    return {name: reader.table(one) for name, one in table_map.tables.items()}


class _Reader:
    def __init__(self, loops: Loops, segments: Segments) -> None:
        self.loops = loops
        self.files = segments.rows["file"].to_numpy()
        self.offsets = segments.rows["byte_offset"].to_numpy()

    def table(self, one: TableMap) -> pl.DataFrame:
        """One table, its rows in the order of the file."""
        parts = [self._part(one, rows) for rows in self._rows(one) if len(rows.places)]
        if not parts:
            return one.table.empty()
        frame = pl.concat(parts)
        return one.table.conform(frame.sort("_place", maintain_order=True))

    def _part(self, one: TableMap, rows: _Rows) -> pl.DataFrame:
        columns = {column.name: column for column in one.table.columns}
        values = [pl.Series("_place", rows.places), self._file(rows)]
        for name, sources in one.columns.items():
            found = [self._column(rows, source, columns[name]) for source in sources]
            first = found[0]
            for other in found[1:]:
                first = first.zip_with(first.is_not_null(), other)
            values.append(first.cast(columns[name].dtype).alias(name))
        return pl.DataFrame(values)

    def _file(self, rows: _Rows) -> pl.Series:
        batch_rows = self.loops.rows[rows.places]
        return pl.Series("file_id", self.files[batch_rows].astype(np.int64))

    def _rows(self, one: TableMap) -> list[_Rows]:
        if one.of_loops:
            return [
                _Rows(loop, None, self.loops.starts(loop)) for loop in self._loops(one.rows[0].loop)
            ]
        found = [part for source in one.rows for part in self._segment_rows(source, one.each)]
        return found + [
            part for source, each in one.also for part in self._segment_rows(source, each)
        ]

    def _loops(self, name: str | None) -> list[Node]:
        return self.loops.guide.loops("ST_LOOP" if name == "ST" else str(name))

    def _segment_rows(self, source: Source, each: Each | None) -> list[_Rows]:
        found = []
        for loop in self._loops(source.loop):
            for node in self._nodes(source, loop):
                places = self._qualified(node, source)
                if not len(places):
                    continue
                if each is None:
                    found.append(_Rows(loop, node, places))
                else:
                    repeated = self._repeats(node, places, each)
                    found.append(_Rows(loop, node, repeated["place"].to_numpy(), repeated))
        return found

    def _nodes(self, source: Source, loop: Node) -> list[Node]:
        """The loop's segments of that id that can carry the qualifier."""
        return [
            node
            for node in self.loops.guide.segments(str(source.segment))
            if node.loop is loop
            and (
                not source.qualifiers
                or not node.codes(1)
                or node.codes(1).intersection(source.qualifiers)
            )
        ]

    def _qualified(self, node: Node, source: Source) -> Integers:
        """The node's segments that carry one of the path's qualifiers."""
        places = self.loops.segments_of(node)
        if not source.qualifiers or not len(places):
            return places
        carried = self._of_pairs(node).select(
            pl.col("elements")
            .list.get(1, null_on_oob=True)
            .str.extract(values.FIRST_COMPONENT, 0)
            .is_in(source.qualifiers)
            .fill_null(False)
        )
        kept: Integers = places[carried.to_series().to_numpy()[self._pair_of(node, places)]]
        return kept

    def _of_pairs(self, node: Node) -> pl.DataFrame:
        """The distinct segments of a node."""
        start, stop = self._span(node)
        return self.loops.pairs.slice(start, stop - start)

    def _span(self, node: Node) -> tuple[int, int]:
        nodes = self.loops.pairs["node"].to_numpy()
        start, stop = np.searchsorted(nodes, [node.index, node.index + 1])
        return int(start), int(stop)

    def _pair_of(self, node: Node, places: Integers) -> Integers:
        """For segments of a node, their numbers among its distinct segments."""
        return self.loops.pair[places] - self._span(node)[0]

    def _repeats(self, node: Node, places: Integers, each: Each) -> pl.DataFrame:
        """One row a filled repeat: place, position, and its elements from the first on."""
        starts = pl.int_ranges(each.first, pl.col("elements").list.len(), each.step)
        distinct = (
            self._of_pairs(node)
            .with_row_index("pair")
            .with_columns(at=starts.list.head(each.most))
            .filter(pl.col("at").list.len() > 0)
            .explode("at")
            .with_columns(repeat=pl.col("elements").list.slice(pl.col("at"), each.step))
            .filter(pl.col("repeat").list.first() != "")
            .select("pair", "repeat", position=(pl.col("at") - each.first) // each.step + 1)
        )
        placed = pl.DataFrame(
            {"place": places, "pair": self._pair_of(node, places).astype(np.uint32)}
        )
        return placed.join(distinct, on="pair", maintain_order="left_right")

    def _column(self, rows: _Rows, source: Source, column: Column) -> pl.Series:
        kind = source.kind
        if kind == "constant":
            return pl.repeat(source.value, len(rows.places), dtype=pl.String, eager=True)
        if kind == "envelope":
            return self._envelope(rows, source)
        if kind == "offset":
            return self._offset(rows, source.loop)
        if kind == "number":
            return self._number(rows, source.loop)
        if kind == "repeat":
            repeats = rows.repeats if rows.repeats is not None else pl.DataFrame()
            return repeats.select(
                values.typed(
                    pl.col("repeat").list.get(source.element, null_on_oob=True), source, column
                )
            ).to_series()
        if kind == "own":
            return self._own(rows, source, column)
        return self._element(rows, source, column)

    def _envelope(self, rows: _Rows, source: Source) -> pl.Series:
        """An element of the transaction's ISA, GS or ST."""
        name = f"{source.segment}{source.element:02d}".lower()
        number = self.loops.instance(self.loops.guide.root)[rows.places] - 1
        return self.loops.transactions[name].gather(number)

    def _begin_of(self, rows: _Rows, loop: Node) -> Integers:
        """Place where the loop instance around each row began."""
        starts = self.loops.starts(loop)
        return starts[self.loops.instance(loop)[rows.places] - 1]

    def _around(self, rows: _Rows, name: str) -> Node | None:
        """The loop of that id around the rows' loop (or itself)."""
        wanted = "ST_LOOP" if name == "ST" else name
        return next((one for one in (rows.loop, *rows.loop.above()) if one.id == wanted), None)

    def _offset(self, rows: _Rows, name: str | None) -> pl.Series:
        if name is None:
            places = rows.places
        else:
            loop = self._around(rows, name)
            if loop is None:
                return pl.repeat(None, len(rows.places), dtype=pl.Int64, eager=True)
            places = self._begin_of(rows, loop)
        return pl.Series(self.offsets[self.loops.rows[places]])

    def _number(self, rows: _Rows, name: str | None) -> pl.Series:
        """The repeat's number in its segment, or the loop's number in the loop around it."""
        if rows.repeats is not None:
            return rows.repeats["position"]
        loop = self._around(rows, str(name))
        if loop is None or loop.parent is None:
            return pl.repeat(None, len(rows.places), dtype=pl.Int64, eager=True)
        own = self.loops.instance(loop)
        before = own[self._begin_of(rows, loop.parent.loop)]
        # Instances that began before the parent did are not counted; its own first segment is none.
        return pl.Series(own[rows.places] - before)

    def _own(self, rows: _Rows, source: Source, column: Column) -> pl.Series:
        if rows.node is None:
            return pl.repeat(None, len(rows.places), dtype=column.dtype, eager=True)
        return self._typed(rows.node, source, column).gather(self._pair_of(rows.node, rows.places))

    def _typed(self, node: Node, source: Source, column: Column) -> pl.Series:
        """An element of a node's distinct segments, in the column's type."""
        text = pl.col("elements").list.get(source.element, null_on_oob=True)
        return self._of_pairs(node).select(values.typed(text, source, column)).to_series()

    def _element(self, rows: _Rows, source: Source, column: Column) -> pl.Series:
        """An element of another segment, through the loop it shares with the row."""
        answer = pl.repeat(None, len(rows.places), dtype=column.dtype, eager=True)
        for loop in self._loops(source.loop):
            shared = shared_loop(rows.loop, loop)
            if shared is None:
                continue
            for node in self._nodes(source, loop):
                if not len(self.loops.segments_of(node)):
                    continue  # Most of a guide's segments are in no one file.
                found = self._lookup(rows, node, source, column, shared)
                answer = answer.zip_with(answer.is_not_null(), found)
        return answer

    def _lookup(
        self, rows: _Rows, node: Node, source: Source, column: Column, shared: Node
    ) -> pl.Series:
        places = self._qualified(node, source)
        instance = self.loops.instance(shared)
        first = np.full(int(instance[-1]) + 1 if len(instance) else 1, -1, dtype=np.int64)
        # Assigned backwards, so that the first segment of an instance stays.
        first[instance[places][::-1]] = np.arange(len(places))[::-1]
        chosen = first[instance[rows.places]]
        pairs = (
            np.where(chosen >= 0, self._pair_of(node, places[chosen]), -1)
            if len(places)
            else chosen
        )
        typed = self._typed(node, source, column)
        return typed.gather(pl.Series(pairs).replace(-1, None).cast(pl.UInt32))


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
