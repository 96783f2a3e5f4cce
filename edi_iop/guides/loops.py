"""Loops as columns: for each segment its guide node, for each loop a running instance number.

One Loops object holds all transactions of a batch that follow one guide. The
instance of a loop at a segment is the count of that loop's beginnings up to
it, so hierarchy, extraction and checks are array operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides import loader
from edi_iop.guides.automaton import Automaton, automaton
from edi_iop.guides.loader import Guide, Node
from edi_iop.x12 import separators as sep
from edi_iop.x12.envelopes import Enveloped, Open
from edi_iop.x12.segments import Segments

Integers = npt.NDArray[np.int64]


@dataclass
class Loops:
    """The transactions of one guide in a batch, walked.

    rows: the batch's row number of each segment, in order. node: index of its
    guide node, -1 where unmatched. pair: number of its (node, text) pair.
    pairs: one row a distinct (node, text): node, text, raw, elements; sorted by node.
    """

    guide: Guide
    rows: Integers
    node: Integers
    taken: Integers
    """Transition number of each segment."""
    pair: Integers
    pairs: pl.DataFrame
    automaton: Automaton
    transactions: pl.DataFrame
    """One row an ST, in order (envelopes.Enveloped.transactions)."""
    repeated: int = 0
    """So many places at the start stood in an earlier frame."""
    already: Mapping[int, int] = field(default_factory=dict)
    """What the loops open at the start held in earlier frames and is not repeated: how many, by node."""
    numbers: Mapping[str, pl.Series] = field(default_factory=dict)
    """Element 1 of the transaction's HL and LX segments in earlier frames, as far as it is needed."""
    opened: frozenset[Node] = frozenset()
    """The loops that go on from the frame before."""
    open: frozenset[Node] = frozenset()
    """The loops that go on in the next frame."""
    _instances: dict[int, Integers] = field(default_factory=dict)
    _starts: dict[int, Integers] = field(default_factory=dict)

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

    @cached_property
    def spans(self) -> dict[int, tuple[int, int]]:
        """Where each occurring node's distinct segments begin in `pairs`, and how many they are."""
        numbers, starts, counts = np.unique(
            self.pairs["node"].to_numpy(), return_index=True, return_counts=True
        )
        found = zip(numbers.tolist(), starts.tolist(), counts.tolist(), strict=True)
        return {number: (start, count) for number, start, count in found if number >= 0}

    def starts(self, loop: Node) -> Integers:
        """Places where a loop begins."""
        known = self._starts.get(loop.index)
        if known is None:
            of_transition = [loop in one.begins for one in self.automaton.transitions]
            known = np.flatnonzero(np.array(of_transition, dtype=bool)[self.taken])
            self._starts[loop.index] = known
        return known

    def instance(self, loop: Node) -> Integers:
        """Running number of a loop at each segment: 1 from its first beginning on, 0 before."""
        known = self._instances.get(loop.index)
        if known is None:
            lengths = np.diff(np.concatenate([[0], self.starts(loop), [len(self.rows)]]))
            known = np.repeat(np.arange(len(lengths)), lengths)
            self._instances[loop.index] = known
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
        inside = self.node[self.last_start(loop) :]
        below = [node.index for node in self.guide.nodes if loop in node.above()]
        return bool(((inside > child.index) & (inside <= max(below, default=-1))).any())

    def standing(self, places: Integers) -> tuple[Integers, Integers]:
        """For places, their rows in the frame and the numbers of their transactions.

        What is missing at the end of a chunk was due before the first segment of the next: the
        place behind the last.
        """
        rows = np.append(self.rows, self.rows[-1] + 1)[places]
        inside = np.minimum(places, len(self.rows) - 1)
        return rows, self.instance(self.guide.root)[inside] - 1

    def elements(self, places: Integers) -> pl.Series:
        """The element lists of segments (the id first)."""
        return self.pairs["elements"].gather(self.pair[places])

    def raw(self, places: Integers) -> pl.Series:
        """The segments' canonical texts."""
        return self.pairs["raw"].gather(self.pair[places])


@dataclass(frozen=True)
class Left:
    """A transaction that a frame leaves unfinished: what the next frame must know of it."""

    rows: Integers
    """The frame's rows to be repeated: the segments of the open loops themselves."""
    taken: list[int]
    """Their transitions."""
    last: int
    """The last transition of all."""
    already: Mapping[int, int]
    numbers: Mapping[str, pl.Series]
    open: frozenset[Node]

    def below(self, envelope: Open) -> Integers:
        """The rows to be repeated, those of the open ISA and GS first."""
        return np.concatenate([envelope.rows[:-1], self.rows])


@dataclass(frozen=True)
class Walked:
    """The transactions of a frame: with a guide, by guide, and without."""

    loops: list[Loops]
    unguided: pl.DataFrame
    """Rows of `Enveloped.transactions`."""
    left: Left | None = None


def walk(segments: Segments, enveloped: Enveloped, before: Left | None = None) -> Walked:
    """All transactions we have a guide for, walked guide by guide, and the rest.

    before: what the frame before this one left unfinished.
    """
    named = enveloped.transactions.with_columns(name=_resolved(enveloped.transactions))
    unfinished = _unfinished(enveloped)
    walked = [
        _walk_guide(segments, str(name), part, before, unfinished)
        for (name,), part in named.filter(pl.col("name").is_not_null()).group_by(
            "name", maintain_order=True
        )
    ]
    left = next((_left(loops) for loops in walked if loops.open), None)
    return Walked(walked, named.filter(pl.col("name").is_null()), left)


def _unfinished(enveloped: Enveloped) -> int | None:
    """Row of the ST that goes on in the next frame."""
    left = enveloped.left_open
    return None if left is None else left.transaction


def _resolved(transactions: pl.DataFrame) -> pl.Series:
    """Name of the guide that reads each transaction."""
    kinds = transactions.select("guide", "st01").unique()
    names = {
        (version, transaction): loader.resolve(version, transaction)
        for version, transaction in kinds.iter_rows()
    }
    answers = [names[kind] for kind in transactions.select("guide", "st01").iter_rows()]
    return pl.Series("name", answers, dtype=pl.String)


def _walk_guide(
    segments: Segments,
    name: str,
    transactions: pl.DataFrame,
    before: Left | None,
    unfinished: int | None,
) -> Loops:
    machine = automaton(name)
    keys = _keys(segments, machine)
    texts = segments.rows["text"].to_numpy()
    spans = transactions.select("row", "last").iter_rows()
    taken: list[int] = []
    rows: list[npt.NDArray[Any]] = []
    goes_on = before is not None and transactions["row"][0] < segments.repeated
    for first, last in spans:
        after, begin = None, first
        if before is not None and first < segments.repeated:
            taken, after, begin = list(before.taken), before.last, segments.repeated
        taken += machine.walk(keys[texts[begin : last + 1]].tolist(), after)
        rows.append(np.arange(first, last + 1))
    numbers = np.array(taken, dtype=np.int64)
    place = np.concatenate(rows)
    nodes = np.array(
        [-1 if one.node is None else one.node.index for one in machine.transitions], dtype=np.int64
    )
    node = nodes[numbers]
    pairs, pair = _pairs(segments, node, texts[place])
    return Loops(
        machine.guide,
        place,
        node,
        numbers,
        pair,
        pairs,
        machine,
        transactions,
        repeated=len(before.taken) if before is not None and goes_on else 0,
        already=before.already if before is not None and goes_on else {},
        numbers=before.numbers if before is not None and goes_on else {},
        opened=before.open if before is not None and goes_on else frozenset(),
        open=_open(machine, segments, transactions, taken, unfinished),
    )


_ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA")


def _open(
    machine: Automaton,
    segments: Segments,
    transactions: pl.DataFrame,
    taken: list[int],
    unfinished: int | None,
) -> frozenset[Node]:
    """The loops that go on in the next frame, where these transactions' last one does."""
    if unfinished is None or transactions["row"][-1] != unfinished or segments.following is None:
        return frozenset()
    root = frozenset({machine.guide.root})
    if segments.following[0] in _ENVELOPE:
        return root
    return root | machine.open_before(taken[-1], segments.following)


def _left(loops: Loops) -> Left:
    """What the next frame must know of the last transaction."""
    nodes = loops.guide.nodes
    begin = {loop.index: loops.last_start(loop) for loop in loops.open}
    own = [begin.get(_repeating(node).index, len(loops.node)) for node in nodes]
    # An unmatched segment has the last entry: nobody looks at it again.
    since = np.array([*own, len(loops.node)], dtype=np.int64)
    kept = np.flatnonzero(np.arange(len(loops.node)) >= since[loops.node])
    return Left(
        rows=loops.rows[kept],
        taken=loops.taken[kept].tolist(),
        last=int(loops.taken[-1]),
        already=_already(loops, kept),
        numbers={name: _numbers(loops, name) for name in ("HL", "LX")},
        open=loops.open,
    )


def _numbers(loops: Loops, segment_id: str) -> pl.Series:
    """Element 1 of the last transaction's segments of that id, in this frame and before.

    The last one, which the next counts on from; of an 835 each once, which none may repeat.
    """
    begin = max(loops.repeated, int(loops.starts(loops.guide.root)[-1]))
    found = [loops.segments_of(node) for node in loops.guide.segments(segment_id)]
    places = np.sort(np.concatenate([*found, np.array([], dtype=np.int64)]))
    own = loops.elements(places[places >= begin]).list.get(1, null_on_oob=True)
    earlier = loops.numbers if loops.same(loops.guide.root) else {}
    every = pl.concat([earlier[segment_id], own]) if segment_id in earlier else own
    return every.unique(maintain_order=True) if loops.guide.transaction == "835" else every.tail(1)


def _repeating(node: Node) -> Node:
    """The nearest loop around a segment (or a loop itself) that may occur more than once."""
    found = node.loop
    for loop in (found, *found.above()):
        if not loop.wrapper and (loop.most != 1 or loop.parent is None):
            return loop
    return found


def _already(loops: Loops, kept: Integers) -> dict[int, int]:
    """Of each child of an open loop, how many the next frame must count that it does not see."""
    answer = {}
    seen = np.zeros(len(loops.node), dtype=bool)
    seen[kept] = True
    for loop in loops.open:
        for child in children(loop):
            found = loops.occurrences(child)
            here = found[found >= loops.last_start(loop)]
            count = int((~seen[here]).sum()) + loops.before(loop, child)
            if not count and loops.passed(loop, child):
                count = 1  # missing, and said so in this frame
            if count:
                answer[child.index] = count
    return answer


def children(loop: Node) -> Iterator[Node]:
    """The segments and loops of a loop, those of its wrappers included; not what starts it."""
    for child in loop.children:
        if child.wrapper:
            yield from children(child)
        elif not child.starts_loop and child.id not in ("ST", "SE"):
            yield child


def _pairs(segments: Segments, node: Integers, texts: Integers) -> tuple[pl.DataFrame, Integers]:
    """The distinct (node, text) pairs, sorted by node, and each segment's pair."""
    # Nearly every text stands at one node only: its first; the few others are added behind.
    first = np.full(len(segments.texts), -2, dtype=np.int64)
    first[texts[::-1]] = node[::-1]
    elsewhere = np.flatnonzero(first[texts] != node)
    others, their = np.unique(
        np.stack([node[elsewhere], texts[elsewhere]]), axis=1, return_inverse=True
    )
    used = np.flatnonzero(first > -2)
    nodes = np.concatenate([first[used], others[0]])
    order = np.argsort(nodes, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    number = np.full(len(segments.texts), -1, dtype=np.int64)
    number[used] = rank[: len(used)]
    pair = number[texts]
    pair[elsewhere] = rank[len(used) + their.ravel()]
    text = pl.Series("text", np.concatenate([used, others[1]])[order])
    columns = [segments.texts[name].gather(text) for name in ("raw", "elements")]
    return pl.DataFrame([pl.Series("node", nodes[order]), text, *columns]), pair


def _keys(segments: Segments, machine: Automaton) -> npt.NDArray[np.int64]:
    """The automaton's key number of each distinct text."""
    width = max((len(places) for places in machine.discriminators.values()), default=0)
    values = []
    for rank in range(width):
        ids = {
            segment_id: places[rank]
            for segment_id, places in machine.discriminators.items()
            if rank < len(places)
        }
        at = pl.coalesce(
            pl.when(
                pl.col("id").is_in([one for one, place in ids.items() if place == position])
            ).then(pl.col("elements").list.get(position, null_on_oob=True).fill_null(""))
            for position in sorted(set(ids.values()))
        )
        values.append(at.str.extract(sep.FIRST_COMPONENT, 0).alias(f"value{rank}"))
    keyed = segments.texts.select("text", "id", *values)
    columns = ["id", *(f"value{rank}" for rank in range(width))]
    distinct = keyed.select(columns).unique()
    numbers = [
        machine.key_number(tuple(value for value in row if value is not None))
        for row in distinct.iter_rows()
    ]
    numbered = distinct.with_columns(number=pl.Series(numbers, dtype=pl.Int64))
    joined = keyed.join(numbered, on=columns, how="left", nulls_equal=True, maintain_order="left")
    return joined["number"].to_numpy()
