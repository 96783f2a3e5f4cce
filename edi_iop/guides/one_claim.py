"""One claim of a guide's transactions: its segments, and the headers of the loops around it.

835 loop 2100 by CLP01, 837 loop 2300 by CLM01, 277CA loop 2200D by TRN02.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edi_iop.guides.loader import Guide, Node
from edi_iop.guides.loops import Loops

Flags = npt.NDArray[np.bool_]

_CLAIM = {"835": ("2100", 1), "837I": ("2300", 1), "837P": ("2300", 1), "277CA": ("2200D", 2)}
"""Form of a guide: the loop of a claim, and where its first segment carries the claim's number."""


def of_claim(loops: Loops, claim: str) -> Flags:
    """Which segments belong to claims of that number, in any case, or head the loops around them."""
    flags = np.zeros(len(loops.rows), dtype=bool)
    for loop, place in _begins(loops, claim):  # a claim is sent once, answered a few times
        flags |= _around(loops, loop, place)
    return flags


def ahead(loops: Loops) -> npt.NDArray[np.int64]:
    """Of each segment that heads a loop around a claim the next frame begins with: that loop's index.

    -1 for all others.
    """
    heads = np.full(len(loops.rows), -1, dtype=np.int64)
    node = _filled(loops.node)
    for loop in _claims(loops.guide):
        _, owner = _standing(loops.guide, loop)
        for above in loop.above():
            if above in loops.open and not above.wrapper:
                instance = loops.instance(above)
                heads[(owner[node] == above.index) & (instance == instance[-1])] = above.index
    return heads


def through(loops: Loops) -> set[int]:
    """Indexes of the loops that were open before the frame and are the same ones after it."""
    return {one.index for one in loops.opened & loops.open if loops.same(one)}


def _claims(guide: Guide) -> list[Node]:
    """The loops of a claim; none in transactions that hold none."""
    return guide.loops(_CLAIM[guide.form][0]) if guide.form in _CLAIM else []


def _begins(loops: Loops, claim: str) -> Iterator[tuple[Node, int]]:
    """Each place where a claim of that number begins, with its loop."""
    for loop in _claims(loops.guide):
        element = _CLAIM[loops.guide.form][1]
        if loop.first is not None and loop.first.index in loops.spans:
            places = loops.segments_of(loop.first)
            numbers = loops.elements(places)
            number = numbers.list.get(element, null_on_oob=True).str.to_uppercase()
            same = number == claim.upper()
            yield from ((loop, int(place)) for place in places[same.fill_null(False).to_numpy()])


def _around(loops: Loops, loop: Node, place: int) -> Flags:
    """The claim that begins at this place, and before it the headers of the loops around it."""
    at = np.arange(len(loops.node))
    node = _filled(loops.node)
    inside, owner = _standing(loops.guide, loop)
    instance = loops.instance(loop)
    kept: Flags = (instance == instance[place]) & (at >= place) & inside[node]
    for above in loop.above():
        if not above.wrapper:
            same = loops.instance(above) == loops.instance(above)[place]
            kept |= (owner[node] == above.index) & same & (at < place)
    return kept


def _standing(guide: Guide, loop: Node) -> tuple[Flags, npt.NDArray[np.int64]]:
    """Of each node of the guide, whether it is in the loop, and which loop around that it heads."""
    around = {above.index for above in loop.above() if not above.wrapper}
    siblings = {
        above.index for one in guide.loops(loop.id) for above in (one, *one.above())
    } - around  # other claims, and levels that hold other claims
    inside = np.zeros(len(guide.nodes), dtype=bool)
    owner = np.full(len(guide.nodes), -1, dtype=np.int64)
    for node in guide.nodes:
        chain = [
            one.index for one in (node, *node.above()) if one.kind == "loop" and not one.wrapper
        ]
        inside[node.index] = loop.index in chain
        if not siblings.intersection(chain):
            owner[node.index] = next((one for one in chain if one in around), -1)
    return inside, owner


def _filled(node: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Unmatched segments belong where the last matched one does; an ST always matches."""
    last = np.maximum.accumulate(np.where(node >= 0, np.arange(len(node)), 0))
    return node[last]
