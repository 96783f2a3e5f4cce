"""Structure checks: segments and loops missing, too many, out of place (SNIP level 2).

A required part that is missing is a count of zero in an instance of its parent
loop, placed at the segment before which it was due; too many is a running
count above the limit, placed at the first one too many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from edi_iop.guides.loader import Node
from edi_iop.guides.loops import Integers, Loops
from edi_iop.x12 import separators as sep


@dataclass(frozen=True)
class Fault:
    """A finding of the guide at a place of Loops.rows."""

    code: str
    place: int
    message: str
    loop: str
    segment: str


_STRUCTURE = {
    "code": pl.String(),
    "place": pl.Int64(),
    "message": pl.String(),
    "loop": pl.String(),
    "segment": pl.String(),
}
FAULTS = {
    **_STRUCTURE,
    "element": pl.Int64(),
    "component": pl.Int64(),
    "repetition": pl.Int64(),
    "value": pl.String(),
}
"""Faults as the columns of a frame; those of structure name no element."""


def structure(loops: Loops) -> pl.DataFrame:
    """All structure faults of a guide's transactions."""
    faults = [*_transitions(loops), *_counts(loops)]
    return pl.DataFrame(faults, schema=_STRUCTURE, orient="row")


def _transitions(loops: Loops) -> Iterator[Fault]:
    """The faults kept with the transitions; a run of unmatched segments is one fault."""
    yield from _unexpected(loops)
    kinds = loops.automaton.transitions
    faulty = np.array([one.fault is not None for one in kinds], dtype=bool)[loops.taken]
    places = np.flatnonzero(faulty & (loops.node >= 0))
    # Per-fault Python from here on: only what was found wrong comes through.
    for place, segment in zip(places.tolist(), _segment_ids(loops, places), strict=True):
        transition = kinds[loops.taken[place]]
        if transition.fault == "LOOP_START_MISSING":
            for loop in transition.missing:
                first = loop.first.id if loop.first else ""
                says = f"loop {loop.id} begins with {segment}; its first segment {first} is missing"
                yield Fault("LOOP_START_MISSING", place, says, loop.id, first)
        elif transition.node is not None:
            says = {
                "SEGMENT_ORDER": f"{segment} belongs earlier in loop {transition.node.loop.id}",
                "SEGMENT_NOT_USED": f"{segment} is not used in loop {transition.node.loop.id}",
            }[transition.fault or ""]
            yield Fault(transition.fault or "", place, says, transition.node.loop.id, segment)


def _segment_ids(loops: Loops, places: Integers) -> list[str]:
    """Segment identifiers as messages may show them."""
    own = [str(one) for one in loops.elements(places).list.first()]
    return [one if re.search(sep.SEGMENT_ID, one) else "?" for one in own]


def _unexpected(loops: Loops) -> Iterator[Fault]:
    """One fault a run of unmatched segments; an ST always matches, so none leaves its transaction."""
    edges = np.diff((loops.node < 0).astype(np.int8), prepend=0, append=0)
    first, after = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    runs = zip(first.tolist(), (after - first - 1).tolist(), strict=True)
    for (place, others), segment in zip(runs, _segment_ids(loops, first), strict=True):
        loop = loops.guide.nodes[loops.node[place - 1]].loop.id
        more = f", nor are the {others} after it" if others else ""
        says = f"{segment} is not defined here{more}"
        yield Fault("SEGMENT_UNEXPECTED", place, says, loop, segment)


def _counts(loops: Loops) -> Iterator[Fault]:
    """Missing and surplus children of every loop that occurs."""
    for loop in loops.guide.nodes:
        if loop.kind == "loop" and not loop.wrapper and len(loops.starts(loop)):
            for child in _children(loop):
                yield from _missing(loops, loop, child)
                yield from _surplus(loops, loop, child)


def _children(loop: Node) -> Iterator[Node]:
    """The segments and loops of a loop, those of its wrappers included; not what starts it."""
    for child in loop.children:
        if child.wrapper:
            yield from _children(child)
        elif not child.starts_loop and child.id not in ("ST", "SE"):
            yield child


def _occurrences(loops: Loops, child: Node) -> Integers:
    if child.kind == "segment":
        return loops.segments_of(child)
    return loops.starts(child)


def _missing(loops: Loops, loop: Node, child: Node) -> Iterator[Fault]:
    if child.usage != "R":
        return
    instance = loops.instance(loop)
    total = int(instance[-1])
    counts = np.bincount(instance[_occurrences(loops, child)], minlength=total + 1)
    lacking = np.flatnonzero(counts[1:] == 0) + 1
    starts = loops.starts(loop)
    for number in lacking.tolist():
        place = _due(loops, loop, child, int(starts[number - 1]))
        if child.kind == "segment":
            yield Fault(
                "SEGMENT_MISSING",
                place,
                f"{child.id} is missing in loop {loop.id}",
                loop.id,
                child.id,
            )
        else:
            first = child.first.id if child.first else ""
            yield Fault(
                "LOOP_MISSING",
                place,
                f"loop {child.id} is missing in loop {loop.id}",
                child.id,
                first,
            )


def _due(loops: Loops, loop: Node, child: Node, start: int) -> int:
    """The place before which a missing child was due: the next segment past its position."""
    nodes = loops.guide.nodes
    instance = loops.instance(loop)
    transaction = loops.instance(loops.guide.root)
    for place in range(start + 1, len(loops.node)):
        if transaction[place] != transaction[start]:
            return place - 1  # cut off: the last segment of its own transaction
        if instance[place] != instance[start]:
            return place
        node = nodes[loops.node[place]] if loops.node[place] >= 0 else None
        if node is not None and (loop not in node.above() or node.index > child.index):
            return place
    return len(loops.node) - 1


def _surplus(loops: Loops, loop: Node, child: Node) -> Iterator[Fault]:
    if child.most is None:
        return
    found = _occurrences(loops, child)
    instance = loops.instance(loop)[found]
    if not len(found) or np.bincount(instance).max() <= child.most:
        return
    # The running number of each occurrence within its parent instance.
    first = np.searchsorted(instance, instance, side="left")
    running = np.arange(len(found)) - first + 1
    faults = loops.automaton.transitions
    for place in found[running == child.most + 1].tolist():
        if faults[loops.taken[place]].fault is not None:
            continue  # Said already: the segment is out of its place.
        code = "SEGMENT_REPEATS" if child.kind == "segment" else "LOOP_REPEATS"
        segment = child.id if child.kind == "segment" else (child.first.id if child.first else "")
        what = child.id if child.kind == "segment" else f"loop {child.id}"
        says = f"{what} occurs more than {child.most} times in loop {loop.id}"
        yield Fault(
            code, place, says, child.loop.id if child.kind == "segment" else child.id, segment
        )
