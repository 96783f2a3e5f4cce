"""The rows of tables in the loops of a guide, and the segments that hold their values.

A row is a loop instance, a segment, or a repeat inside a segment. Of segments and repeats the
distinct ones are looked at; a row is the number of one of them, from 1 on, 0 for none.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides.loader import Node
from edi_iop.guides.loops import Integers, Loops, ranges
from edi_iop.transcribe.maps import Each, Source, TableMap
from edi_iop.transcribe.values import Form
from edi_iop.x12 import separators as sep
from edi_iop.x12.words import Words, numbers_of

Numbers = npt.NDArray[np.unsignedinteger[Any]]
"""Of values in a row of them, whose first is none."""


class Values(msgspec.Struct, frozen=True, eq=False):
    """Where the values of a column stand: in a row of them, from `begin` on so many. Each is itself alone."""

    row: Form | str
    begin: int = 0
    count: int | None = None


class Held(msgspec.Struct):
    """Segments, or repeats inside segments, each once: what holds the elements of rows."""

    begin: Integers
    """Of each, the word of its first element."""
    size: Integers
    """Of each, how many elements there are."""
    values: dict[tuple[Form, int], Values] = msgspec.field(default_factory=dict)
    """Of its elements in a form."""

    def words(self, element: int) -> Numbers:
        """The word of an element of each, behind one 0."""
        own = np.zeros(len(self.begin) + 1, dtype=np.uint32)
        own[1:] = numbers_of(self.begin, self.size, element)
        return own


class Rows(msgspec.Struct):
    """The rows of one table that lie in one loop node."""

    loop: Node
    places: Integers
    own: tuple[Held, Numbers] | None = None
    """The distinct segments, and which of them each row is or is in, where it is no loop."""
    repeats: tuple[Held, Numbers] | None = None
    """The distinct repeats, and which of them each row is, where it is one."""
    position: Integers | None = None
    """Of repeats, each one's number in its segment."""
    begin: Integers | None = None
    """Of repeats, the first of each one's elements."""
    transaction: Numbers | None = None
    """The transaction around each row."""
    instances: dict[int, Integers] = msgspec.field(default_factory=dict)
    """Of a loop, the instance around each row."""
    looked_up: dict[tuple[int, tuple[str, ...]], Numbers] = msgspec.field(default_factory=dict)
    """Of a segment elsewhere, which of its distinct ones belongs to each row."""


class TableRows:
    """The rows of all tables of one guide's transactions."""

    def __init__(self, loops: Loops, words: Words) -> None:
        self.loops, self.words = loops, words
        self._text = loops.pairs["text"].to_numpy()
        self._qualifying: dict[tuple[int, tuple[str, ...]], Integers] = {}
        self._first: dict[tuple[int, tuple[str, ...], int], Numbers] = {}
        self._segments_held: dict[int, Held] = {}

    def of_table(self, one: TableMap) -> list[Rows]:
        """The parts of a table, each in one node of the guide; some may be empty."""
        if one.of_loops:
            return [
                Rows(loop, self._new(self.loops.starts(loop)))
                for loop in self.loops.guide.loops(str(one.rows[0].loop))
            ]
        every = [*((source, one.each) for source in one.rows), *one.also]
        return [part for source, each in every for part in self._segment_rows(source, each)]

    def _segment_rows(self, source: Source, each: Each | None) -> list[Rows]:
        found = []
        for loop in self.loops.guide.loops(str(source.loop)):
            for node in self.loops.guide.carrying(str(source.segment), loop, source.qualifiers):
                places = self._new(self._qualified(node, source.qualifiers))
                if not len(places):
                    continue
                own = Rows(loop, places, (self.held(node), self._number(node, places)))
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
        # A turn a distinct segment, and not an expression: most often they are but a few.
        codes = self.words.texts[pl.Series(self.held(node).words(1))].to_list()
        carried = np.array([_qualifier(code) in qualifiers for code in codes], dtype=bool)
        if carried[1:].all():
            return places
        kept: Integers = places[carried[self._number(node, places)]]
        return kept

    def held(self, node: Node) -> Held:
        """The distinct segments of a node."""
        known = self._segments_held.get(node.index)
        if known is None:
            start, count = self.loops.spans[node.index]
            text = self._text[start : start + count]
            known = Held(self.words.begin[text], self.words.size[text])
            self._segments_held[node.index] = known
        return known

    def _number(self, node: Node, places: Integers) -> Numbers:
        """For segments of a node, which of its distinct ones they are, from 1 on."""
        number = self.loops.pair[places] - (self.loops.spans[node.index][0] - 1)
        return number.astype(np.uint32)

    def _repeats(self, rows: Rows, each: Each) -> Rows:
        """One row a filled repeat of the segments."""
        assert rows.own is not None
        held, number = rows.own
        counts = np.clip(-(-(held.size - each.first) // each.step), 0, each.most)
        of = np.repeat(np.arange(len(counts)), counts)
        position = ranges(np.zeros_like(counts), counts - 1)
        at = each.first + position * each.step
        repeats = Held(held.begin[of] + at, np.minimum(each.step, held.size[of] - at))
        kept = _filled(repeats, each.step, self.words)
        counts = np.bincount(of[kept], minlength=len(counts))
        own = number.astype(np.intp) - 1
        first = (np.cumsum(counts) - counts)[own]
        which = ranges(first, first + counts[own] - 1)
        return Rows(
            rows.loop,
            np.repeat(rows.places, counts[own]),
            (held, np.repeat(number, counts[own])),
            (Held(repeats.begin[kept], repeats.size[kept]), (which + 1).astype(np.uint32)),
            position[kept][which] + 1,
            at[kept][which],
        )

    def instance(self, rows: Rows, loop: Node) -> Integers:
        """The loop's instance around each row."""
        if loop.index not in rows.instances:
            rows.instances[loop.index] = self.loops.instance(loop)[rows.places].astype(np.intp)
        return rows.instances[loop.index]

    def transaction(self, rows: Rows) -> Numbers:
        """The transaction around each row."""
        if rows.transaction is None:
            root = self.instance(rows, self.loops.guide.root)
            rows.transaction = root.astype(np.uint32)
        return rows.transaction

    def begin_of(self, rows: Rows, loop: Node) -> Integers:
        """Place where the loop instance around each row began."""
        return self.loops.starts(loop)[self.instance(rows, loop) - 1]

    def positions(self, numbers: pl.Series) -> pl.Series:
        """Of each of the frame's rows its place in the transaction begun last; the ST is at 1.

        numbers: of each row, its number in the interchange.
        """
        begun, own = self.loops.transactions["row"].to_numpy(), numbers.to_numpy()
        sizes = np.diff(np.concatenate([[0], begun, [len(own)]]))
        return pl.Series(own - np.repeat(np.append(0, own[begun]), sizes) + 1)

    def first_place(
        self, rows: Rows, node: Node, qualifiers: tuple[str, ...], shared: Node
    ) -> Integers | None:
        """For each row, from 1 on, the place of the first such segment in the loop they share, or 0."""
        if node.index not in self.loops.spans:
            return None
        places = self._qualified(node, qualifiers)
        found: Integers = self._at_first(shared, places, places + 1)[self.instance(rows, shared)]
        return found

    def counted(self, rows: Rows, loop: Node | None) -> Integers:
        """The repeat's number in its segment, or the loop's number in the loop around it."""
        if loop is None or loop.parent is None:
            assert rows.position is not None
            return rows.position
        own = self.loops.instance(loop)
        # Instances that began before the parent did are not counted; its own first segment is none.
        return self.instance(rows, loop) - own[self.begin_of(rows, loop.parent.loop)]

    def elsewhere(
        self, rows: Rows, node: Node, qualifiers: tuple[str, ...], shared: Node
    ) -> Numbers | None:
        """For each row, the first such segment in the loop they share; None where there is none at all."""
        if node.index not in self.loops.spans:  # Most of a guide's segments are in no one file.
            return None
        if not len(self._qualified(node, qualifiers)):
            return None
        key = node.index, qualifiers
        if key not in rows.looked_up:
            first = self._first_of(node, qualifiers, shared)
            rows.looked_up[key] = first[self.instance(rows, shared)]
        return rows.looked_up[key]

    def _first_of(self, node: Node, qualifiers: tuple[str, ...], shared: Node) -> Numbers:
        """Of each instance of a loop, the first such segment in it (from 1 on), or 0."""
        key = node.index, qualifiers, shared.index
        if key not in self._first:
            places = self._qualified(node, qualifiers)
            self._first[key] = self._at_first(shared, places, self._number(node, places))
        return self._first[key]

    def _at_first(
        self, shared: Node, places: Integers, values: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        """Of each instance of a loop, the value of the first of these places in it, or 0."""
        instance = self.loops.instance(shared)
        first = np.zeros(int(instance[-1]) + 1, dtype=values.dtype)
        # Assigned backwards, so that the first segment of an instance stays.
        first[instance[places].astype(np.intp)[::-1]] = values[::-1]
        return first


def _filled(repeats: Held, step: int, words: Words) -> npt.NDArray[np.bool_]:
    """Which repeats hold anything; a triplet without its reason still holds an amount."""
    filled = np.zeros(len(repeats.begin), dtype=bool)
    for element in range(step):
        filled |= words.filled[numbers_of(repeats.begin, repeats.size, element)]
    return filled


def _qualifier(code: str | None) -> str | None:
    """An element, or the first component of it."""
    return code and code.split(sep.REPETITION, 1)[0].split(sep.COMPONENT, 1)[0]
