"""Syntax notes: elements of a segment that depend on one another (P R E C L).

A note is a letter and element numbers: P0304 (both or neither), R0203 (at least
one), E0405 (at most one), C0809 (the first needs the rest), L050607 (the first
needs one of the rest).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides import patterns
from edi_iop.guides.loader import load
from edi_iop.guides.loops import Integers, Loops

Bits = npt.NDArray[np.int64]

_SAYS = {
    "P": ("SYNTAX_PAIRED", "elements {} go together"),
    "R": ("SYNTAX_REQUIRED", "one of elements {} must be there"),
    "E": ("SYNTAX_EXCLUSIVE", "only one of elements {} may be there"),
    "C": ("SYNTAX_CONDITIONAL", "of elements {} the first needs the others"),
    "L": ("SYNTAX_LIST_CONDITIONAL", "of elements {} the first needs one of the others"),
}


def syntax_notes(loops: Loops, suspects: Integers) -> pl.DataFrame:
    """Pairs that break a syntax note of their segment: pair, code, message, element.

    suspects: the pairs that do not fit their node's pattern, in order. Those that do are only
    looked at where the pattern leaves a note open.
    """
    nodes, guide = loops.guide.nodes, loops.guide.name
    asked = []
    for number, (first, count) in loops.spans.items():
        if _left_open(guide, number):
            asked.append(np.arange(first, first + count))
        elif nodes[number].syntax:
            asked.append(suspects[slice(*np.searchsorted(suspects, [first, first + count]))])
    pairs = np.concatenate([np.array([], dtype=np.int64), *asked])
    given = _given_elements(loops.elements_of(pairs))
    found = [
        _fault(note, pairs[begin:end][broken], given[begin:end][broken])
        for number, (first, count) in loops.spans.items()
        for begin, end in [np.searchsorted(pairs, [first, first + count])]
        for note in (dict.fromkeys(nodes[number].syntax) if end > begin else ())
        if (broken := _broken(note, given[begin:end])).any()
    ]
    empty = pl.DataFrame(
        schema={"pair": pl.UInt32, "code": pl.String, "message": pl.String, "element": pl.Int32}
    )
    return pl.concat([empty, *found])


@cache
def _left_open(guide_name: str, number: int) -> bool:
    """Whether a segment may break a note of its node and still fit the node's pattern."""
    node = load(guide_name).nodes[number]
    always, perhaps = patterns.filled(node)
    return any(
        _broken(note, _combinations(always, [at for at in _places(note) if at in perhaps])).any()
        for note in node.syntax
    )


def _combinations(always: Iterable[int], perhaps: Iterable[int]) -> Bits:
    """Every way to fill the elements that may be empty, a bit an element."""
    ways = np.array([sum(1 << place for place in always)], dtype=np.int64)
    for place in perhaps:
        ways = np.concatenate([ways, ways | (1 << place)])
    return ways


_MOST = 62
"""Elements of a segment that are looked at, a bit each; no note names one behind them."""


def _given_elements(elements: pl.Series) -> Bits:
    """For each segment, a bit for each element that is there."""
    if elements.is_empty():
        return np.array([], dtype=np.int64)
    lengths = elements.list.len().to_numpy().astype(np.int64)
    begin = np.cumsum(lengths) - lengths
    there = (elements.explode(empty_as_null=False) != "").to_numpy().astype(np.int64)
    place = np.arange(len(there)) - np.repeat(begin, lengths)
    there[place > _MOST] = 0
    bits: Bits = np.add.reduceat(np.left_shift(there, np.minimum(place, _MOST)), begin)
    return bits


def _places(note: str) -> list[int]:
    return [int(note[at : at + 2]) for at in range(1, len(note), 2)]


def _broken(note: str, given: Bits) -> npt.NDArray[np.bool_]:
    """Whether segments with these elements break a note."""
    places = [1 << place for place in _places(note)]
    noted = given & sum(places)
    first = (noted & places[0]) != 0
    lacking = noted != sum(places)
    several = (noted & (noted - 1)) != 0
    broken: dict[str, npt.NDArray[np.bool_]] = {
        "P": (noted != 0) & lacking,
        "R": noted == 0,
        "E": several,
        "C": first & lacking,
        "L": first & ~several,
    }
    return broken[note[0]]


def _fault(note: str, pairs: Integers, given: Bits) -> pl.DataFrame:
    """These pairs, which break a note, placed at the first element that should be otherwise."""
    code, says = _SAYS[note[0]]
    places = _places(note)
    absent = [(given & (1 << place)) == 0 for place in places]
    return pl.DataFrame(
        {
            "pair": pairs,
            "code": code,
            "message": says.format(", ".join(f"{place:02d}" for place in places)),
            "element": np.select(absent, places, places[-1]),
        },
        schema_overrides={"pair": pl.UInt32, "element": pl.Int32},
    )
