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
    alike: dict[str, set[tuple[int, ...]]] = {}
    for present in guide.nodes:
        if present.kind == "segment":
            following: dict[str, set[int]] = {}
            for node, _ in forward(present):
                following.setdefault(node.id, set()).add(node.index)
            for segment_id, indexes in following.items():
                alike.setdefault(segment_id, set()).add(tuple(sorted(indexes)))
    answer = {segment_id: _telling(_rivals(guide, groups)) for segment_id, groups in alike.items()}
    for segment_id, places in answer.items():
        nodes = guide.segments(segment_id)
        if not places and any(_disjoint(one, other, 1) for one in nodes for other in nodes):
            answer[segment_id] = (1,)
    return {segment_id: places for segment_id, places in answer.items() if places}


def _rivals(guide: Guide, groups: Iterable[tuple[int, ...]]) -> set[tuple[Node, Node]]:
    """The pairs of nodes that can follow the same place."""
    pairs = {pair for group in groups for pair in combinations(group, 2)}
    return {(guide.nodes[one], guide.nodes[other]) for one, other in pairs}


def _telling(pairs: set[tuple[Node, Node]]) -> Discriminator:
    """The element positions, most telling first, whose codes keep all rivals apart."""
    coded = {node: _coded(node) for node in {node for pair in pairs for node in pair}}
    apart = {
        place: {
            (one, other)
            for one, other in pairs
            if place in coded[one]
            and place in coded[other]
            and coded[one][place].isdisjoint(coded[other][place])
        }
        for place in {place for codes in coded.values() for place in codes}
    }
    places: list[int] = []
    while apart:
        best = max(apart, key=lambda place: (len(apart[place]), -place))
        told = apart.pop(best)
        if not told:
            break
        places.append(best)
        apart = {place: others - told for place, others in apart.items()}
    return tuple(places)


def _coded(node: Node) -> dict[int, frozenset[str]]:
    """The codes of each element that has any."""
    positions = {spec.position for spec in node.elements}
    return {place: codes for place in positions if (codes := node.codes(place))}


def _disjoint(one: Node, other: Node, place: int) -> bool:
    these, those = one.codes(place), other.codes(place)
    return bool(these) and bool(those) and not these & those
