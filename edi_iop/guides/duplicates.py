"""Segments that stand in one loop twice, word for word or under one qualifier (SNIP level 4).

A guide lets a segment repeat so that each says another thing: two references of one number, or two
amounts of one qualifier, are one too many. What may be meant is left alone: adjustments and money, of
which the sums tell; two tests of one result; a procedure done twice.
"""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import polars as pl

from edi_iop.guides.loader import Node, load
from edi_iop.guides.loops import NOWHERE, Integers, Loops
from edi_iop.guides.structure import NO_FAULTS, conformed
from edi_iop.x12.numbering import numbered

_MEANT = ("PLB", "CAS", "MEA")
"""Money that stands twice makes its sums wrong, and is told by them; two tests may have one result."""
_CODES_MEANT = frozenset({"BBQ", "BQ"})
"""A procedure may be done twice."""
_ONCE_A_QUALIFIER = ("DTM", "DTP", "AMT", "QTY")
"""Of two dates or amounts of one qualifier none can tell which holds."""
_BEGINNING = ("NM1", "IK3", "IK4")
"""Of segments that begin a loop these: claims, lines, levels and payers are told by their numbers and sums."""


class _Repeating(msgspec.Struct, frozen=True):
    """A segment that may come again in a loop; by its qualifier, or by all of its words."""

    node: Node
    around: Node
    by_qualifier: bool


def duplicate_faults(loops: Loops) -> pl.DataFrame:
    """Each segment that its loop holds already: structure.FAULTS."""
    found = [_faults(loops, one) for one in _repeating(loops.guide.name)]
    return pl.concat([NO_FAULTS, *found])


@cache
def _repeating(guide_name: str) -> tuple[_Repeating, ...]:
    """The segments of a guide that may repeat and never mean the same thing twice."""
    found = []
    for node in load(guide_name).nodes:
        if node.kind != "segment" or node.id in _MEANT or node.codes(1) & _CODES_MEANT:
            continue
        loop, most = node.loop, node.loop.most
        if node.id in _BEGINNING and node.starts_loop and loop.parent is not None and most != 1:
            # Where there are as many loops as qualifiers, it is one of each.
            one_of_each = most is not None and most <= len(node.codes(1))
            found.append(_Repeating(node, loop.parent.loop, one_of_each))
        elif not node.starts_loop and node.most != 1:
            found.append(_Repeating(node, loop, node.id in _ONCE_A_QUALIFIER))
    return tuple(found)


def _faults(loops: Loops, one: _Repeating) -> pl.DataFrame:
    """Those of a node's segments that came before in the same instance of the loop around them."""
    places = _again(loops, one)
    if not len(places):
        return NO_FAULTS
    name, loop = one.node.id, one.node.loop.id
    says = f"a {name} of this qualifier" if one.by_qualifier else f"this {name}, word for word,"
    return conformed(
        pl.DataFrame({"place": places}).with_columns(
            code=pl.lit("SEGMENT_DUPLICATE"),
            message=pl.lit(f"{says} stands in loop {one.around.id} already"),
            loop=pl.lit(loop),
            segment=pl.lit(name),
        )
    )


def _again(loops: Loops, one: _Repeating) -> Integers:
    places = loops.segments_of(one.node)
    instance = loops.instance(one.around)[places]
    close = instance[1:] == instance[:-1]
    if not close.any():
        return NOWHERE  # Nearly always: none has another one in its loop.
    company = np.append(close, False) | np.append(False, close)
    places, instance = places[company], instance[company].astype(np.int64)
    told = _qualifiers(loops, places) if one.by_qualifier else loops.pair[places]
    keys = instance * (int(told.max()) + 1) + told
    order = np.argsort(keys, kind="stable")
    same = np.append(False, np.diff(keys[order]) == 0)
    second = same & ~np.append(False, same[:-1])  # A third one is the same fault.
    again: Integers = np.sort(places[order[second]])
    return again


def _qualifiers(loops: Loops, places: Integers) -> Integers:
    """A number for what stands in element 1, the same for the same qualifier."""
    texts = loops.pairs["text"].to_numpy()[loops.pair[places]]
    number, _ = numbered(loops.words.of(texts, 1).fill_null(""))
    return number
