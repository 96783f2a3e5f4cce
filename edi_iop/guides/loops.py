"""Loops as columns: for each segment its guide node, for each loop a running instance number.

One Loops object holds all transactions of a batch that follow one guide. The
instance of a loop at a segment is the count of that loop's beginnings up to
it, so hierarchy, extraction and checks are array operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides import anew, loader
from edi_iop.guides.automaton import Automaton, Taught, automaton
from edi_iop.guides.loader import Guide, Node
from edi_iop.x12 import separators as sep
from edi_iop.x12.envelopes import Enveloped
from edi_iop.x12.segments import Segments, numbered

Integers = npt.NDArray[np.signedinteger[Any]]
_NOWHERE: Integers = np.array([], dtype=np.int64)


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
    """Element 1 of the transaction's HL and LX segments in earlier frames, as far as it is needed;
    how many HL segments (levels) they held."""
    opened: frozenset[Node] = frozenset()
    """The loops that go on from the frame before."""
    open: frozenset[Node] = frozenset()
    """The loops that go on in the next frame."""
    _instances: dict[int, Integers] = field(default_factory=dict)

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

    @cached_property
    def _begun(self) -> dict[int, Integers]:
        """Of each loop that occurs, the places where it begins."""
        places = np.flatnonzero(self._begins[self.taken])
        numbers = self.taken[places]
        order = np.argsort(numbers, kind="stable")
        kinds, first = np.unique(numbers[order], return_index=True)
        parts: dict[int, list[Integers]] = {}
        for kind, part in zip(kinds.tolist(), np.split(places[order], first[1:]), strict=False):
            for loop in self.automaton.transitions[kind].begins:
                parts.setdefault(loop.index, []).append(part)
        return {loop: np.sort(np.concatenate(found)) for loop, found in parts.items()}

    @property
    def _begins(self) -> npt.NDArray[np.bool_]:
        """Of each transition, whether a loop begins with it."""
        return np.array([bool(one.begins) for one in self.automaton.transitions], dtype=bool)

    def starts(self, loop: Node) -> Integers:
        """Places where a loop begins."""
        return self._begun.get(loop.index, _NOWHERE)

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

    def distinct(self, places: Integers) -> tuple[pl.DataFrame, pl.Series]:
        """The distinct segments (rows of `pairs`) at some places, and which of them each is."""
        pair = self.pair[places]
        there = np.zeros(len(self.pairs), dtype=bool)
        there[pair] = True
        distinct = np.flatnonzero(there)
        number = np.empty(len(self.pairs), dtype=np.uint32)
        number[distinct] = np.arange(len(distinct), dtype=np.uint32)
        return self.pairs[distinct], pl.Series(number[pair])

    def elements(self, places: Integers) -> pl.Series:
        """The element lists of segments (the id first)."""
        return self.pairs["elements"].gather(self.pair[places])

    def raw(self, places: Integers) -> pl.Series:
        """The segments' canonical texts."""
        return self.pairs["raw"].gather(self.pair[places])


@dataclass(frozen=True)
class Left:
    """A transaction that a frame leaves unfinished: what the next frame must know of it.

    Nothing in it is one process's own, so that another may read on.
    """

    rows: Integers
    """The frame's rows to be repeated: the segments of the open loops themselves."""
    taken: tuple[Taught, ...]
    """Their transitions."""
    last: tuple[Taught, ...]
    """The last transition of all."""
    already: Mapping[int, int]
    numbers: Mapping[str, pl.Series]
    open: frozenset[int]
    """The loops that go on, by the indexes of their nodes."""


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
    first, last = (transactions[name].to_numpy() for name in ("row", "last"))
    if int(first[0]) >= segments.repeated:
        before = None
    place = ranges(first, last)
    begun = machine.known(before.taken if before is not None else ())
    own = place[len(begun) :]
    starts = np.maximum(np.cumsum(last - first + 1) - (last - first + 1) - len(begun), 0)
    after: list[int | None] = [None] * len(first)
    if before is not None:
        after[:1] = machine.known(before.last).tolist()
    taken = anew.walk(machine, keys[texts[own]], starts, after, begun)
    nodes = np.array(
        [-1 if one.node is None else one.node.index for one in machine.transitions], dtype=np.int64
    )
    node = nodes[taken]
    pairs, pair = _pairs(segments, node, texts[place])
    return Loops(
        machine.guide,
        place,
        node,
        taken,
        pair,
        pairs,
        machine,
        transactions,
        repeated=len(begun),
        already=before.already if before is not None else {},
        numbers=before.numbers if before is not None else {},
        opened=frozenset(machine.guide.nodes[one] for one in before.open)
        if before
        else frozenset(),
        open=_open(machine, segments, transactions, int(taken[-1]), unfinished),
    )


def ranges(first: Integers, last: Integers) -> Integers:
    """The numbers from each first to its last, in one row."""
    lengths = last - first + 1
    begin = np.cumsum(lengths) - lengths
    numbers: Integers = np.arange(int(lengths.sum())) + np.repeat(first - begin, lengths)
    return numbers


_ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA")


def _open(
    machine: Automaton,
    segments: Segments,
    transactions: pl.DataFrame,
    taken: int,
    unfinished: int | None,
) -> frozenset[Node]:
    """The loops that go on in the next frame, where these transactions' last one does."""
    if unfinished is None or transactions["row"][-1] != unfinished or segments.following is None:
        return frozenset()
    root = frozenset({machine.guide.root})
    if segments.following[0] in _ENVELOPE:
        return root
    return root | machine.open_before(taken, segments.following)


def _left(loops: Loops) -> Left:
    """What the next frame must know of the last transaction."""
    begin = {loop.index: loops.last_start(loop) for loop in loops.open}
    own = [begin.get(around, len(loops.node)) for around in _around(loops.guide.name)]
    # An unmatched segment has the last entry: nobody looks at it again.
    since = np.array([*own, len(loops.node)], dtype=np.int64)
    kept = np.flatnonzero(np.arange(len(loops.node)) >= since[loops.node])
    return Left(
        rows=loops.rows[kept],
        taken=loops.automaton.taught(loops.taken[kept]),
        last=loops.automaton.taught(loops.taken[-1:]),
        already=_already(loops, kept),
        numbers={
            "levels": _levels_so_far(loops),
            **{name: _numbers(loops, name) for name in ("HL", "LX")},
        },
        open=frozenset(loop.index for loop in loops.open),
    )


def _numbers(loops: Loops, segment_id: str) -> pl.Series:
    """Element 1 of the last transaction's segments of that id, in this frame and before.

    The last one, which the next counts on from; of an 835 each once, which none may repeat.
    Null, and no other behind it, where a level was begun without its HL: none can be counted on from.
    """
    begin = max(loops.repeated, int(loops.starts(loops.guide.root)[-1]))
    found = [loops.segments_of(node) for node in loops.guide.segments(segment_id)]
    places = np.sort(np.concatenate([*found, np.array([], dtype=np.int64)]))
    places = places[places >= begin]
    distinct, at = loops.distinct(places if loops.guide.transaction == "835" else places[-1:])
    own = distinct["elements"].list.get(1, null_on_oob=True).fill_null("")[at]
    earlier = loops.numbers if loops.same(loops.guide.root) else {}
    every = pl.concat([earlier[segment_id], own]) if segment_id in earlier else own
    if segment_id == "HL" and (every.has_nulls() or _lacks_level(loops, begin)):
        return pl.Series([None], dtype=pl.String)
    return every.unique(maintain_order=True) if loops.guide.transaction == "835" else every.tail(1)


def _levels_so_far(loops: Loops) -> pl.Series:
    """How many HL segments the last transaction holds, in this frame and before: one number."""
    begin = max(loops.repeated, int(loops.starts(loops.guide.root)[-1]))
    found = [loops.segments_of(node) for node in loops.guide.segments("HL")]
    here = sum(int((places >= begin).sum()) for places in found)
    earlier = loops.numbers.get("levels") if loops.same(loops.guide.root) else None
    return pl.Series([str(here + (0 if earlier is None else int(earlier[0])))])


def _lacks_level(loops: Loops, begin: int) -> bool:
    """Whether a loop of an HL was begun without it since a place."""
    levels = [node.loop for node in loops.guide.segments("HL")]
    begun = np.concatenate([_NOWHERE, *(loops.starts(level) for level in levels)])
    since = begun[begun >= begin]
    return bool((~loops.elements(since).list.first().eq("HL")).any())


@cache
def _around(guide_name: str) -> tuple[int, ...]:
    """Of each node, the index of the nearest loop around it that may occur more than once."""
    return tuple(_repeating(node).index for node in loader.load(guide_name).nodes)


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
            if not count and not len(here) and loops.passed(loop, child):
                count = 1  # missing, and said so in this frame
            if count:
                answer[child.index] = count
    return answer


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


def _pairs(segments: Segments, node: Integers, texts: Integers) -> tuple[pl.DataFrame, Integers]:
    """The distinct (node, text) pairs, sorted by node, and each segment's pair."""
    # Nearly every text stands at one node only: its first; the few others are added behind.
    first = np.full(len(segments.texts), -2, dtype=np.int64)
    first[texts[::-1]] = node[::-1]
    elsewhere = np.flatnonzero(first[texts] != node)
    count = len(segments.texts)
    both, their = np.unique(node[elsewhere] * count + texts[elsewhere], return_inverse=True)
    used = np.flatnonzero(first > -2)
    nodes = np.concatenate([first[used], both // count])
    order = np.argsort(nodes.astype(np.int16), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    number = np.full(len(segments.texts), -1, dtype=np.int64)
    number[used] = rank[: len(used)]
    pair = number[texts]
    pair[elsewhere] = rank[len(used) + their]
    text = pl.Series("text", np.concatenate([used, both % count])[order])
    columns = [segments.texts[name].gather(text) for name in ("raw", "elements")]
    return pl.DataFrame([pl.Series("node", nodes[order]), text, *columns]), pair


def _keys(segments: Segments, machine: Automaton) -> Integers:
    """The automaton's key number of each distinct text."""
    ids, names = segments.ids
    told = [machine.discriminators.get(name, ()) for name in names]
    plain = [
        _UNKEYED if places else machine.key_number((name,))
        for name, places in zip(names, told, strict=True)
    ]
    keys = np.array(plain, dtype=np.int64)[ids]
    firsts = {
        place: _firsts(segments, place, np.array([place in places for places in told])[ids])
        for place in sorted({place for places in told for place in places})
    }
    # One turn a segment id whose segments a guide tells apart by their elements.
    for number, (name, places) in enumerate(zip(names, told, strict=True)):
        if places:
            at = np.flatnonzero(ids == number)
            keys[at] = _told_apart(name, [firsts[place] for place in places], at, machine)
    return keys


_UNKEYED = -1
_Firsts = tuple[Integers, list[str | None]]
"""Of each text the number of an element's first component, and the component behind each number."""


def _firsts(segments: Segments, place: int, asked: npt.NDArray[np.bool_]) -> _Firsts:
    """The first components of an element, of those texts that are asked for it."""
    at = np.flatnonzero(asked)
    values = segments.texts["elements"].list.get(place, null_on_oob=True)[at].fill_null("")
    own, distinct = numbered(values)
    numbers = np.zeros(len(asked), dtype=np.int64)
    numbers[at] = own
    return numbers, distinct.str.extract(sep.FIRST_COMPONENT, 0).to_list()


def _told_apart(name: str, firsts: Sequence[_Firsts], at: Integers, machine: Automaton) -> Integers:
    """The key numbers of segments of one id, by the elements that tell them apart."""
    whole, known = np.zeros(len(at), dtype=np.int64), [(name,)]
    for numbers, components in firsts:
        whole = whole * len(components) + numbers[at]
        there, whole = _dense(whole, len(known) * len(components))
        known = [
            (*known[both // len(components)], components[both % len(components)] or "")
            for both in there.tolist()
        ]
    keys: Integers = np.array([machine.key_number(key) for key in known], dtype=np.int64)[whole]
    return keys


_ROOM = 2**20


def _dense(numbers: Integers, count: int) -> tuple[Integers, Integers]:
    """The numbers below `count` that occur, and which of them each is."""
    if count > _ROOM:
        return np.unique(numbers, return_inverse=True)
    there = np.zeros(count, dtype=bool)
    there[numbers] = True
    place = np.cumsum(there) - 1
    return np.flatnonzero(there), place[numbers]
