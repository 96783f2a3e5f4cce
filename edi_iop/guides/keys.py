"""The automaton's keys of distinct segment texts: id, and the elements that tell a guide's nodes apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edi_iop.guides.automaton import Automaton
from edi_iop.guides.loops import Integers
from edi_iop.x12 import separators as sep
from edi_iop.x12.numbering import numbered
from edi_iop.x12.segments import Segments


def keys_of(segments: Segments, machine: Automaton) -> Integers:
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
    values = segments.words.of(at, place).fill_null("")
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
