"""The walk of a batch's transactions through their guides, and what a frame leaves to the next.

A transaction cut between two frames goes on in the second: the segments of its open loops are
repeated there, and what they held is counted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec
import numpy as np
import polars as pl

from edi_iop.guides import anew, levels, loader, numbering
from edi_iop.guides.automaton import Automaton, Taught, automaton
from edi_iop.guides.choice import chosen
from edi_iop.guides.keys import keys_of
from edi_iop.guides.loader import Node
from edi_iop.guides.loops import NOWHERE, Integers, Loops, children, ranges
from edi_iop.x12.envelopes import Enveloped
from edi_iop.x12.segments import Segments


class Left(msgspec.Struct, frozen=True):
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
    guide: str


class Walked(msgspec.Struct, frozen=True):
    """The transactions of a frame: with a guide, by guide, and without."""

    loops: list[Loops]
    unguided: pl.DataFrame
    """Rows of `Enveloped.transactions`."""
    left: Left | None = None


def walk(segments: Segments, enveloped: Enveloped, before: Left | None = None) -> Walked:
    """All transactions we have a guide for, walked guide by guide, and the rest.

    before: what the frame before this one left unfinished.
    """
    going_on = None if before is None else before.guide
    named = enveloped.transactions.with_columns(
        name=chosen(segments, enveloped.transactions, going_on)
    )
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


def _walk_guide(
    segments: Segments,
    name: str,
    transactions: pl.DataFrame,
    before: Left | None,
    unfinished: int | None,
) -> Loops:
    machine = automaton(name)
    keys = keys_of(segments, machine)
    first, last = (transactions[name].to_numpy() for name in ("row", "last"))
    if int(first[0]) >= segments.repeated:
        before = None
    place = ranges(first, last)
    texts = segments.text[place]
    begun = machine.known(before.taken if before is not None else ())
    starts = np.maximum(np.cumsum(last - first + 1) - (last - first + 1) - len(begun), 0)
    after: list[int | None] = [None] * len(first)
    if before is not None:
        after[:1] = machine.known(before.last).tolist()
    open_ = unfinished is not None and transactions["row"][-1] == unfinished
    following = machine.key_of(segments.following) if open_ and segments.following else None
    new = levels.put_right(machine, keys[texts[len(begun) :]], following)
    taken = anew.walk(machine, new, starts, after, begun, following)
    nodes = np.array(
        [-1 if one.node is None else one.node.index for one in machine.transitions], dtype=np.int64
    )
    node = nodes[taken]
    pairs, pair = _pairs(segments, node, texts)
    return Loops(
        machine.guide,
        place,
        node,
        taken,
        pair,
        pairs,
        segments.texts["elements"],
        segments.words,
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
    kept = _of_open(loops)
    return Left(
        rows=loops.rows[kept],
        taken=loops.automaton.taught(loops.taken[kept]),
        last=loops.automaton.taught(loops.taken[-1:]),
        already=_already(loops, kept),
        numbers={
            "levels": _levels_so_far(loops),
            numbering.DUE: numbering.due_of(loops, kept),
            **{name: _numbers(loops, name) for name in ("HL", "LX")},
        },
        open=frozenset(loop.index for loop in loops.open),
        guide=loops.guide.name,
    )


def _of_open(loops: Loops) -> Integers:
    """The places of the segments of open loops themselves, in their last instances."""
    begin = {loop.index: loops.last_start(loop) for loop in loops.open}
    around = zip(loops.guide.nodes, _around(loops.guide.name), strict=True)
    since = [(loops.segments_of(node), begin[loop]) for node, loop in around if loop in begin]
    kept = [places[np.searchsorted(places, start) :] for places, start in since if len(places)]
    return np.sort(np.concatenate([NOWHERE, *kept]))


def _numbers(loops: Loops, segment_id: str) -> pl.Series:
    """Element 1 of the last transaction's segments of that id, in this frame and before.

    The last one, which the next counts on from; of an 835 each once, which none may repeat.
    Null, and no other behind it, where an HL is missing or unknown: none can be counted on from.
    """
    begin = max(loops.repeated, int(loops.starts(loops.guide.root)[-1]))
    of_remit = loops.guide.transaction == "835"
    asked = slice(None) if of_remit else slice(-1, None)
    found = [loops.segments_of(node)[asked] for node in loops.guide.segments(segment_id)]
    places = np.sort(np.concatenate([NOWHERE, *found]))
    places = places[places >= begin][asked]
    texts = loops.pairs["text"].to_numpy()[loops.pair[places]]
    own = loops.words.of(texts, 1).fill_null("")
    earlier = loops.numbers if loops.same(loops.guide.root) else {}
    every = pl.concat([earlier[segment_id], own]) if segment_id in earlier else own
    if segment_id == "HL" and (every.has_nulls() or (numbering.lost_levels(loops) >= begin).any()):
        return pl.Series([None], dtype=pl.String)
    return every.unique(maintain_order=True) if of_remit else every.tail(1)


def _levels_so_far(loops: Loops) -> pl.Series:
    """How many HL segments the last transaction holds, in this frame and before: one number."""
    begin = max(loops.repeated, int(loops.starts(loops.guide.root)[-1]))
    here = int((loops.of_id("HL") >= begin).sum())
    earlier = loops.numbers.get("levels") if loops.same(loops.guide.root) else None
    return pl.Series([str(here + (0 if earlier is None else int(earlier[0])))])


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
    unseen = np.ones(len(loops.node), dtype=bool)
    unseen[kept] = False
    for loop in loops.open:
        begin = loops.last_start(loop)
        for child in children(loop):
            found = loops.occurrences(child)
            here = found[np.searchsorted(found, begin) :]
            count = int(np.count_nonzero(unseen[here])) + loops.before(loop, child)
            if not count and not len(here) and loops.passed(loop, child):
                count = 1  # missing, and said so in this frame
            if count:
                answer[child.index] = count
    return answer


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
    raw = segments.raw[text.cast(pl.UInt32)].alias("raw")
    return pl.DataFrame([pl.Series("node", nodes[order]), text, raw]), pair
