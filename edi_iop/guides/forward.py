"""What a guide allows after each of its segments, and what tells those of one id apart."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from edi_iop.guides.loader import Guide, Node

Discriminator = tuple[int, ...]
"""The element positions that tell a guide's segments of one id apart."""


def forward(present: Node) -> Iterable[tuple[Node, tuple[Node, ...]]]:
    """Every segment the guide allows next, nearest first, with the loops it begins."""
    child, loop = present, present.parent
    while loop is not None:
        for node in loop.children:
            if node.position >= child.position:
                if node is child and node.wrapper and node.most == 1:
                    continue
                if node.kind == "loop":
                    yield from _entries(node)
                elif not node.starts_loop:
                    yield node, ()
        child, loop = loop, loop.parent


def _entries(loop: Node) -> Iterable[tuple[Node, tuple[Node, ...]]]:
    """The segments by which a loop can be entered; a wrapper by any of its own."""
    if not loop.wrapper:
        first = loop.first
        if first is not None:
            yield first, (loop,)
        return
    for node in loop.children:
        if node.kind == "segment":
            yield node, ()
        else:
            yield from _entries(node)


def discriminators(guide: Guide) -> dict[str, Discriminator]:
    """For each segment id, what tells its nodes apart.

    That is what keeps nodes apart that can follow the same place, and a qualifier
    in element 1 wherever two nodes differ in it.
    """
    rivals: dict[str, set[tuple[Node, Node]]] = {}
    for present in guide.nodes:
        if present.kind == "segment":
            following: dict[str, dict[int, Node]] = {}
            for node, _ in forward(present):
                following.setdefault(node.id, {})[node.index] = node
            for segment_id, alike in following.items():
                pairs = combinations((alike[index] for index in sorted(alike)), 2)
                rivals.setdefault(segment_id, set()).update(pairs)
    answer = {segment_id: _telling(pairs) for segment_id, pairs in rivals.items()}
    for segment_id, places in answer.items():
        nodes = guide.segments(segment_id)
        if not places and any(_disjoint(one, other, 1) for one in nodes for other in nodes):
            answer[segment_id] = (1,)
    return {segment_id: places for segment_id, places in answer.items() if places}


def _telling(pairs: set[tuple[Node, Node]]) -> Discriminator:
    """The element positions, most telling first, whose codes keep all rivals apart."""
    width = max(
        (spec.position for pair in pairs for node in pair for spec in node.elements), default=0
    )
    places: list[int] = []
    while pairs:
        apart = {
            place: {pair for pair in pairs if _disjoint(*pair, place)}
            for place in range(1, width + 1)
            if place not in places
        }
        best = max(apart, key=lambda place: (len(apart[place]), -place), default=0)
        if not best or not apart[best]:
            break
        places.append(best)
        pairs = pairs - apart[best]
    return tuple(places)


def _disjoint(one: Node, other: Node, place: int) -> bool:
    these, those = one.codes(place), other.codes(place)
    return bool(these) and bool(those) and not these & those
