"""Loops as columns: for each segment its guide node, for each loop a running instance number.

One Loops object holds all transactions of a batch that follow one guide. The
instance of a loop at a segment is the count of that loop's beginnings up to
it, so hierarchy, extraction and checks are array operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides.automaton import Automaton
from edi_iop.guides.loader import Guide, Node
from edi_iop.x12.words import Words

Integers = npt.NDArray[np.signedinteger[Any]]
NOWHERE: Integers = np.array([], dtype=np.int64)
_SMALL = 2**15


class Loops(msgspec.Struct, dict=True):
    """The transactions of one guide in a batch, walked.

    rows: the batch's row number of each segment, in order. node: index of its
    guide node, -1 where unmatched. pair: number of its (node, text) pair.
    pairs: one row a distinct (node, text): node, text, raw; sorted by node.
    """

    guide: Guide
    rows: Integers
    node: Integers
    taken: Integers
    """Transition number of each segment."""
    pair: Integers
    pairs: pl.DataFrame
    lists: pl.Series
    """The elements of each of the batch's texts (the id first)."""
    words: Words
    """The same, one behind another."""
    automaton: Automaton
    transactions: pl.DataFrame
    """One row an ST, in order (envelopes.Enveloped.transactions)."""
    repeated: int = 0
    """So many places at the start stood in an earlier frame."""
    already: Mapping[int, int] = msgspec.field(default_factory=dict)
    """What the loops open at the start held in earlier frames and is not repeated: how many, by node."""
    numbers: Mapping[str, pl.Series] = msgspec.field(default_factory=dict)
    """Element 1 of the transaction's HL and LX segments in earlier frames, as far as it is needed;
    how many HL segments (levels) they held."""
    opened: frozenset[Node] = frozenset()
    """The loops that go on from the frame before."""
    open: frozenset[Node] = frozenset()
    """The loops that go on in the next frame."""
    _instances: dict[int, Integers] = msgspec.field(default_factory=dict)

    @cached_property
    def _by_node(self) -> tuple[Integers, Integers]:
        """The segments ordered by node, and where each node's begin in that order."""
        shifted = self.node + 1
        order = np.argsort(shifted.astype(np.int16), kind="stable")
        counts = np.bincount(shifted, minlength=len(self.guide.nodes) + 1)
        return order, np.concatenate([[0], np.cumsum(counts)])

    def segments_of(self, node: Node) -> Integers:
        """Places (in `rows`) of a node's segments, in order."""
        order, begin = self._by_node
        return order[begin[node.index + 1] : begin[node.index + 2]]

    def of_id(self, segment_id: str) -> Integers:
        """Places of all segments of an id that the guide has, in order."""
        found = [self.segments_of(node) for node in self.guide.segments(segment_id)]
        return np.sort(np.concatenate([NOWHERE, *found]))

    @cached_property
    def spans(self) -> dict[int, tuple[int, int]]:
        """Where each occurring node's distinct segments begin in `pairs`, and how many they are."""
        node = self.pairs["node"].to_numpy()
        starts = np.flatnonzero(np.diff(node, prepend=-2))
        counts = np.diff(starts, append=len(node))
        found = zip(node[starts].tolist(), starts.tolist(), counts.tolist(), strict=True)
        return {number: (start, count) for number, start, count in found if number >= 0}

    @cached_property
    def _begun(self) -> dict[int, Integers]:
        """Of each loop that occurs, the places where it begins."""
        begins = self._begins
        places = np.flatnonzero(begins[self.taken])
        numbers = self.taken[places]
        # A sort of small numbers takes a fraction of the time.
        small = numbers.astype(np.int16) if len(begins) < _SMALL else numbers
        order = np.argsort(small, kind="stable")
        numbers = numbers[order]
        first = np.flatnonzero(np.diff(numbers, prepend=-1))
        parts: dict[int, list[Integers]] = {}
        for kind, part in zip(
            numbers[first].tolist(), np.split(places[order], first[1:]), strict=False
        ):
            for loop in self.automaton.transitions[kind].begins:
                parts.setdefault(loop.index, []).append(part)
        return {
            loop: np.sort(np.concatenate(found)) if len(found) > 1 else found[0]
            for loop, found in parts.items()
        }

    @property
    def _begins(self) -> npt.NDArray[np.bool_]:
        """Of each transition, whether a loop begins with it."""
        return np.array([bool(one.begins) for one in self.automaton.transitions], dtype=bool)

    def starts(self, loop: Node) -> Integers:
        """Places where a loop begins."""
        return self._begun.get(loop.index, NOWHERE)

    def instance(self, loop: Node) -> Integers:
        """Running number of a loop at each segment: 1 from its first beginning on, 0 before."""
        known = self._instances.get(loop.index)
        if known is None:
            lengths = np.diff(self.starts(loop), prepend=0, append=len(self.rows))
            numbers = np.arange(len(lengths), dtype=np.int32)
            known = self._instances[loop.index] = np.repeat(numbers, lengths)
        return known

    def occurrences(self, child: Node) -> Integers:
        """Places of a segment, or where a loop begins."""
        return self.segments_of(child) if child.kind == "segment" else self.starts(child)

    def before(self, loop: Node, child: Node) -> int:
        """How many children the loop open at the start held in earlier frames, if it is still open."""
        return self.already.get(child.index, 0) if self.same(loop) else 0

    def same(self, loop: Node) -> bool:
        """Whether the loop has not begun anew since the start of the frame."""
        return not (self.starts(loop) >= self.repeated).any()

    def last_start(self, loop: Node) -> int:
        """Where the loop began last; the start of the frame for one that began without its first
        segment in an earlier one, of which nothing is repeated."""
        starts = self.starts(loop)
        return int(starts[-1]) if len(starts) else 0

    def passed(self, loop: Node, child: Node) -> bool:
        """Whether something of the last instance of a loop stands behind the child's place."""
        order, begin = self._by_node
        behind = order[begin[child.index + 2] : begin[_last_inside(loop).index + 2]]
        return bool(behind.max(initial=-1) >= self.last_start(loop))

    def standing(self, places: Integers) -> tuple[Integers, Integers]:
        """For places, their rows in the frame and the numbers of their transactions.

        What is missing at the end of a chunk was due before the first segment of the next: the
        place behind the last.
        """
        rows = np.append(self.rows, self.rows[-1] + 1)[places]
        inside = np.minimum(places, len(self.rows) - 1)
        return rows, self.instance(self.guide.root)[inside] - 1

    def names(self, rows: Integers) -> pl.Series:
        """The loops that segments of the frame stand in, by their rows; null where none is of this guide."""
        places = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        node = np.where(self.rows[places] == rows, self.node[places], -1)
        names = pl.Series([one.loop.id for one in self.guide.nodes] + [None], dtype=pl.String)
        return names.gather(node % len(names))

    def distinct(self, places: Integers) -> tuple[pl.DataFrame, pl.Series]:
        """The distinct segments (rows of `pairs`) at some places, and which of them each is."""
        pair = self.pair[places]
        there = np.zeros(len(self.pairs), dtype=bool)
        there[pair] = True
        distinct = np.flatnonzero(there)
        number = np.empty(len(self.pairs), dtype=np.uint32)
        number[distinct] = np.arange(len(distinct), dtype=np.uint32)
        return self.told(distinct), pl.Series(number[pair])

    def told(self, pairs: Integers) -> pl.DataFrame:
        """Rows of `pairs`, with their elements."""
        return self.pairs[pairs].with_columns(elements=self.elements_of(pairs))

    def elements_of(self, pairs: Integers) -> pl.Series:
        """The element lists of rows of `pairs`."""
        texts = self.pairs["text"].to_numpy()[pairs]
        return self.lists[pl.Series(texts.astype(np.uint32))]

    def elements(self, places: Integers) -> pl.Series:
        """The element lists of segments (the id first)."""
        return self.elements_of(self.pair[places])

    def sizes(self) -> Integers:
        """Of each pair, how many elements its segment has, the id counted too."""
        sizes: Integers = self.words.size[self.pairs["text"].to_numpy()]
        return sizes

    def raw(self, places: Integers) -> pl.Series:
        """The segments' canonical texts."""
        return self.pairs["raw"][pl.Series(self.pair[places].astype(np.uint32))]


def ranges(first: Integers, last: Integers) -> Integers:
    """The numbers from each first to its last, in one row."""
    if len(first) == 1:  # as a large file most often has
        return np.arange(first[0], last[0] + 1)
    lengths = last - first + 1
    begin = np.cumsum(lengths) - lengths
    numbers: Integers = np.arange(int(lengths.sum())) + np.repeat(first - begin, lengths)
    return numbers


def _last_inside(loop: Node) -> Node:
    """The last node of a guide's part: they are numbered from the outside in, in order."""
    return _last_inside(loop.children[-1]) if loop.children else loop


def children(loop: Node) -> Iterator[Node]:
    """The segments and loops of a loop, those of its wrappers included; not what starts it."""
    for child in loop.children:
        if child.wrapper:
            yield from children(child)
        elif not child.starts_loop and child.id not in ("ST", "SE"):
            yield child
