"""The running numbers of a transaction: HL levels of 837 and 277CA, 837 lines, 835 headers.

Each HL and LX is compared with the one before it in its transaction or claim.
Where a large file is read in pieces, the first of a piece has none before it and is
not judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides.conditions import Flags
from edi_iop.guides.loops import NOWHERE, Integers, Loops
from edi_iop.guides.model import Node
from edi_iop.guides.structure import NO_FAULTS, conformed

_NUMBER = r"^([0-9]{1,12})$"
_NONE = -1
"""What is no number."""
DUE = "due"
"""By what Loops.numbers has the numbers that repeated levels should have."""
_LEVELLED = ("837", "277")
"""Transactions of levels, each below the one before it."""


class _Run(msgspec.Struct, frozen=True, dict=True):
    """Numbered segments in order: their places, and the loop instance they are numbered in."""

    loops: Loops
    loop: Node
    places: Integers
    cut: Integers = msgspec.field(default_factory=lambda: np.array([], dtype=np.int64))
    """Instances of the loop of which only the beginning is judged."""

    @cached_property
    def group(self) -> Integers:
        return self.loops.instance(self.loop)[self.places].astype(np.int64)

    @cached_property
    def _distinct(self) -> tuple[pl.DataFrame, pl.Series]:
        return self.loops.distinct(self.places)

    def text(self, element: int) -> pl.Series:
        told, at = self._distinct
        return told["elements"].list.get(element, null_on_oob=True).fill_null("")[at]

    def number(self, element: int) -> Integers:
        told, at = self._distinct
        texts = told["elements"].list.get(element, null_on_oob=True)
        numbers = texts.str.extract(_NUMBER, 1).cast(pl.Int64).fill_null(_NONE)
        read: Integers = numbers[at].to_numpy()
        return read

    def depth(self) -> Integers:
        """How many levels stand above that of each HL (HL03, or what the level must be)."""
        levels = [node.loop for node in self.loops.guide.segments("HL")]
        above = [sum(one in levels for one in node.loop.above()) for node in self.loops.guide.nodes]
        deep: Integers = np.array(above, dtype=np.int64)[self.loops.node[self.places]]
        return deep

    @property
    def first(self) -> Flags:
        """Which of them begin their group."""
        begins: Flags = np.diff(self.group, prepend=-1) != 0
        return begins

    def due(self, number: Integers) -> Integers:
        """One more than the one before; 1 for the first, none after what is no number."""
        before = np.concatenate([[0], number[:-1]])
        after = np.where(before == _NONE, _NONE, before + 1)
        due: Integers = np.where(self.first, 1, after)
        if self.loop in self.loops.opened:
            new = np.searchsorted(self.places, self.loops.repeated)
            goes_on = self.group[new : new + 1] == 1
            due[new : new + 1] = np.where(goes_on, self.continued(), due[new : new + 1])
        return due

    def counted(self, number: Integers) -> Flags:
        """Which numbers are their place in the group: right after a wrong one before them."""
        starts = np.maximum.accumulate(np.where(self.first, np.arange(len(self.group)), 0))
        counted: Flags = number == np.arange(len(self.group)) - starts + 1
        counted &= ~self.first
        if self.loop in self.loops.opened:  # Earlier frames hold the first ones.
            new = int(np.searchsorted(self.places, self.loops.repeated))
            place = np.arange(len(self.group)) - new + 1 + self._levels_before
            known = (self._levels_before > 0) & (place > self._levels_before)
            counted = np.where(self.group != 1, counted, known & (number == place))
        return counted

    @property
    def _levels_before(self) -> int:
        """HL segments of the transaction in earlier frames; 0 for what is numbered in another loop."""
        told = self.loops.numbers.get("levels", pl.Series(["0"]))
        return int(told[0]) if self.loop is self.loops.guide.root else 0

    def continued(self) -> int:
        """The number after the last of an earlier frame, where it was one; 1 where none held any."""
        if self.earlier.is_empty():
            return 1
        last = self.earlier.tail(1).drop_nulls()
        return int(last[0]) + 1 if len(last) else _NONE

    @property
    def earlier(self) -> pl.Series:
        """The numbers of earlier frames (Loops.numbers)."""
        name = self.loops.guide.nodes[self.loops.node[self.places[0]]].id
        told = self.loops.numbers.get(name, pl.Series([], dtype=pl.String))
        return told.str.extract(_NUMBER, 1).cast(pl.Int64)

    @property
    def ended(self) -> Flags:
        """Which of them are not the last of a group that goes on, here or in the next piece."""
        last_of_group = np.append(self.first[1:], True)
        ended: Flags = ~(last_of_group & np.isin(self.group, self.cut))
        last = self.loops.guide.nodes[self.loops.node[self.places[-1]]].loop
        ended[-1] &= last not in self.loops.open
        return ended


def numbering_faults(loops: Loops) -> pl.DataFrame:
    """Faults in the numbers of HL and LX segments: structure.FAULTS."""
    found: list[pl.DataFrame] = [NO_FAULTS]
    if loops.guide.transaction in _LEVELLED:
        levels = _levels(loops)
        if len(levels.places):
            found += [*_level_numbers(levels), *_level_parents(levels), *_level_children(levels)]
    if loops.guide.transaction == "837":
        for claim in loops.guide.loops("2300"):
            found += _lines(loops, claim)
    elif loops.guide.transaction == "835":
        found += _headers(loops)
    return pl.concat(found)


def _levels(loops: Loops) -> _Run:
    """The HL segments of a transaction (loops 2000A, 2000B, ...)."""
    places = loops.of_id("HL")
    transaction = loops.instance(loops.guide.root)
    broken = np.full(int(transaction[-1]) + 1, len(transaction))
    lost = lost_levels(loops)
    np.minimum.at(broken, transaction[lost], lost)
    if loops.numbers.get("HL", pl.Series(dtype=pl.String)).has_nulls():
        broken[1] = 0  # in an earlier frame
    before = places[places < broken[transaction[places]]]
    return _Run(loops, loops.guide.root, before, np.flatnonzero(broken < len(transaction)))


def lost_levels(loops: Loops) -> Integers:
    """Where an HL is missing, or is none that the guide has: the numbers behind it cannot be judged."""
    nodes = loops.guide.segments("HL")
    begun = np.concatenate([NOWHERE, *(loops.starts(node.loop) for node in nodes)])
    missing = begun[~np.isin(loops.node[begun], [node.index for node in nodes])]
    unknown = np.flatnonzero(loops.node < 0)
    if len(unknown):
        unknown = unknown[(loops.elements(unknown).list.first() == "HL").to_numpy()]
    return np.concatenate([missing, unknown])


def _level_numbers(levels: _Run) -> Iterator[pl.DataFrame]:
    """HL01 counts from 1 by one within its transaction (005010X223A2 front matter, HL01)."""
    number = levels.number(1)
    due = levels.due(number)
    wrong = (due != _NONE) & (number != due) & ~levels.counted(number)
    yield from _faults(levels, wrong, "HL_NUMBER_WRONG", "HL01 is not {}, the next number", 1, due)


def _level_parents(levels: _Run) -> Iterator[pl.DataFrame]:
    """HL02 names the level that the guide puts above: the last such HL before (HL02)."""
    number, parent, depth = levels.number(1), levels.number(2), levels.depth()
    counted = _counted(levels, number)
    given = (levels.text(2) != "").to_numpy()  # An empty one is missing, as its element says.
    for own in range(1, int(depth.max(initial=0)) + 1):
        at = np.maximum.accumulate(np.where(depth == own - 1, np.arange(len(depth)), 0))
        due = number[at]
        known = (depth[at] == own - 1) & (levels.group[at] == levels.group) & (due != _NONE)
        # Of a level under a wrong number, those below it may name the right one.
        wrong = (depth == own) & known & given & (parent != due) & (parent != counted[at])
        says = "HL02 is not {}, the level above"
        yield from _faults(levels, wrong, "HL_PARENT_WRONG", says, 2, due)


def _counted(levels: _Run, number: Integers) -> Integers:
    """What HL01 should be of each level; of those repeated from an earlier frame as it was there."""
    counted = levels.due(number)
    before = _due_before(levels.loops)
    counted[: len(before)] = before[: len(counted)]
    return counted


def _due_before(loops: Loops) -> Integers:
    """What HL01 should be of the levels repeated from an earlier frame."""
    due: Integers = loops.numbers.get(DUE, pl.Series(dtype=pl.Int64)).to_numpy()
    return due


def due_of(loops: Loops, kept: Integers) -> pl.Series:
    """What HL01 should be of the levels among some places (_counted), worked out for these few alone."""
    places = loops.of_id("HL")
    repeated, new = np.split(places, [np.searchsorted(places, loops.repeated)])
    again = _due_before(loops)[np.isin(repeated, kept)]
    at = np.flatnonzero(np.isin(new, kept))
    if not len(at):
        return pl.Series(again, dtype=pl.Int64)
    before = new[at - 1]
    first = (at == 0) | (before < loops.last_start(loops.guide.root))
    begin = _Run(loops, loops.guide.root, new).continued() if loops.same(loops.guide.root) else 1
    number = _Run(loops, loops.guide.root, before).number(1)
    due = np.where(first, begin, np.where(number == _NONE, _NONE, number + 1))
    return pl.Series(np.concatenate([again, due]), dtype=pl.Int64)


def _level_children(levels: _Run) -> Iterator[pl.DataFrame]:
    """HL04 says whether the next HL stands below this one (HL04); of the first level it always does."""
    depth, child = levels.depth(), levels.number(4)
    deeper = ~levels.first[1:] & (depth[1:] == depth[:-1] + 1)
    due = np.append(deeper, False).astype(np.int64)
    wrong = (depth > 0) & (child != _NONE) & (child != due) & levels.ended
    says = "HL04 is not {}, as the next HL shows"
    yield from _faults(levels, wrong, "HL_CHILD_WRONG", says, 4, due)


def _lines(loops: Loops, claim: Node) -> Iterator[pl.DataFrame]:
    """LX01 counts from 1 by one within its claim (005010X223A2 loop 2400, LX01)."""
    nodes = [node for node in loops.guide.segments("LX") if claim in node.above()]
    places = np.concatenate([loops.segments_of(node) for node in nodes])
    if len(places):
        lines = _Run(loops, claim, places)
        number = lines.number(1)
        due = lines.due(number)
        wrong = (number != _NONE) & (due != _NONE) & (number != due)
        wrong &= ~lines.counted(number)
        says = "LX01 is not {}, the next number"
        yield from _faults(lines, wrong, "LX_NUMBER_WRONG", says, 1, due)


def _headers(loops: Loops) -> Iterator[pl.DataFrame]:
    """LX01 tells the headers of one 835 apart (005010X221A1 loop 2000, LX01)."""
    (node,) = loops.guide.segments("LX")
    places = loops.segments_of(node)
    places = places[places >= loops.repeated]
    if len(places):
        headers = _Run(loops, loops.guide.root, places)
        number = headers.number(1)
        before = pl.DataFrame({"group": 1, "number": headers.earlier}, schema=_HEADERS)
        told = pl.concat([before, pl.DataFrame({"group": headers.group, "number": number})])
        first = told.select(pl.struct(pl.all()).is_first_distinct()).to_series()
        again = ~first.tail(len(places)).to_numpy()
        wrong = (number != _NONE) & again
        yield from _faults(headers, wrong, "LX_NUMBER_REPEATED", "LX01 is {} again", 1, number)


_HEADERS = {"group": pl.Int64, "number": pl.Int64}
"""Transaction and LX01; the first transaction of a frame is the one that goes on."""


def _faults(
    run: _Run, wrong: npt.NDArray[np.bool_], code: str, says: str, element: int, due: Integers
) -> Iterator[pl.DataFrame]:
    """The faults at the segments that are wrong, if any."""
    if not wrong.any():
        return
    places = run.places[wrong]
    nodes = [run.loops.guide.nodes[number] for number in run.loops.node[places].tolist()]
    told = pl.DataFrame(
        {
            "code": code,
            "place": places,
            "message": [says.format(number) for number in due[wrong].tolist()],
            "loop": [node.loop.id for node in nodes],
            "segment": [node.id for node in nodes],
            "element": element,
            "value": run.text(element).filter(pl.Series(wrong)),
        }
    )
    yield conformed(told)
