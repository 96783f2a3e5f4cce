"""The automaton of a guide: which node a segment is, given the node before it.

The next place follows from the present place and the segment's key: its id
and, where a guide has several segments of that id, the coded elements that
tell them apart (REF01, HL03, HI01-1, ...). Transitions are worked out when
they first occur and kept.

Where the guide has no transition, the automaton repairs at least cost: a loop
whose first segment is missing is implied, a segment out of order is placed
where it belongs, and only what fits nowhere is left unmatched. The fault is
kept with the transition, so one fault gives one finding, and what follows is
matched again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from edi_iop.guides.forward import discriminators, forward
from edi_iop.guides.loader import Guide, Node, load
from edi_iop.guides.repairs import Transition, detours, is_second, led_to
from edi_iop.x12 import separators as sep

Integers = npt.NDArray[np.signedinteger[Any]]
Key = tuple[str, ...]
Taught = tuple[int, Key]
"""A transition by what taught it: the place it leads from (a node's index) and the key."""


_UNKNOWN = -1
"""A transition not taught yet."""
ANEW = "+"
"""Before the key of a segment that begins its loop anew."""
ASIDE = "-"
"""Before the key of a segment that what stands behind it does not go on from."""
_KEYS = 64
"""Room for so many keys at first."""
_LESSON = 2000
"""Segments gone through one by one where there are keys that were never met."""
_PATIENCE, _SEGMENTS_A_TURN = 64, 256
"""Turns in which guesses are put right, and one more for so many segments."""


class Automaton:
    """Lazy transitions over the nodes of one guide. Keys are tuples (id, value, ...)."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.discriminators = discriminators(guide)
        self.transitions: list[Transition] = []
        self._lessons: list[Taught] = []
        """What taught each of them."""
        self._by_id: dict[str, list[Node]] = {}
        for node in guide.nodes:
            if node.kind == "segment":
                self._by_id.setdefault(node.id, []).append(node)
        self._told = {
            segment_id: [
                frozenset[str]().union(*(node.codes(place) for node in nodes))
                for place in self.discriminators.get(segment_id, ())
            ]
            for segment_id, nodes in self._by_id.items()
        }
        self._keys: dict[Key, int] = {}
        self.keys: list[Key] = []
        """All keys met so far, by number."""
        self._taught = np.full((len(guide.nodes), _KEYS), _UNKNOWN, dtype=np.int64)
        """The transition from each place (a node's index) by each key."""
        self._places = np.array([_UNKNOWN], dtype=np.int64)
        """Where each transition leads; the last entry is that of the unknown one."""
        self._usual = np.full(_KEYS, _UNKNOWN, dtype=np.int64)
        """Where each key led to when it was last met."""

    def key_number(self, key: tuple[str, ...]) -> int:
        """A small number for a key, the same for the life of the automaton.

        Ids and values that the guide does not name lead to the same places: they share a
        number, so that what a faulty file teaches stays small.
        """
        told = self._told.get(key[0])
        if told is None:
            key = ("",)
        else:
            values = zip(key[1:], told, strict=True)
            key = (key[0], *(value if value in codes else "" for value, codes in values))
        return self._numbered(key)

    def key_of(self, elements: Sequence[str]) -> int:
        """The key's number of one segment by its elements, the id first."""
        places = self.discriminators.get(elements[0], ())
        values = (elements[place] if place < len(elements) else "" for place in places)
        firsts = (re.split(f"[{sep.COMPONENT}{sep.REPETITION}]", value)[0] for value in values)
        return self.key_number((elements[0], *firsts))

    def marked(self, key: int, mark: str) -> int:
        """The key of a segment that is known to begin its loop anew (ANEW), or to stand aside (ASIDE)."""
        told = self.keys[key]
        return key if told[0] in (ANEW, ASIDE) else self._numbered((mark, *told))

    def _numbered(self, key: tuple[str, ...]) -> int:
        number = self._keys.setdefault(key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(key)
            if number == len(self._usual):
                more = self._taught.shape
                self._taught = np.hstack([self._taught, np.full(more, _UNKNOWN, dtype=np.int64)])
                self._usual = np.concatenate([self._usual, np.full(more[1], _UNKNOWN)])
        return number

    def interrupts(self, number: int, behind: Sequence[int]) -> bool:
        """Whether more of what stands behind a transition goes on from the place before it than from it."""
        before, after = self._lessons[number][0], int(self._places[number])
        return self._followed(before, behind) > self._followed(after, behind)

    def _followed(self, place: int, behind: Sequence[int]) -> int:
        """How many segments the guide lets follow a place and one another; others are passed over."""
        present, count = self.guide.nodes[place], 0
        for key in behind:
            led = self._next(present, self.keys[key])
            if led.node is not None and led.fault is None:
                present, count = led.node, count + 1
        return count

    def walk(self, keys: Integers, starts: Integers, after: Sequence[int | None]) -> Integers:
        """Transition number of each segment of some transactions, one behind another.

        starts: where each begins. after: the transition before that, where the transaction began
        in an earlier frame; None where its ST is here.
        """
        root = self.guide.root.index
        begin = [root if one is None else int(self._places[one]) for one in after]
        usual = self._usual[keys]
        if (usual == _UNKNOWN).any():
            lesson = self._one_by_one(keys[:_LESSON], starts, begin)
            if len(lesson) == len(keys):
                return lesson
            usual = self._usual[keys]
        taken = self._guessed(keys, usual, starts, begin)
        if taken is None:
            return self._one_by_one(keys, starts, begin)
        self._usual[keys] = self._places[taken]
        return taken

    def _guessed(
        self, keys: Integers, usual: Integers, starts: Integers, begin: Sequence[int]
    ) -> Integers | None:
        """The walk without a loop over segments; None where that takes too many turns.

        Each place depends on the one before it, but a key nearly always leads to the same place:
        all places are guessed from the key before them, and those that the transition before
        them does not lead to are put right, again and again, until there are none. What is not
        taught yet is taught where all before it is right.

        usual: where each key usually leads.
        """
        place = np.concatenate([[0], usual[:-1]])
        place[starts] = begin
        follows = np.ones(len(keys) + 1, dtype=bool)
        follows[starts] = follows[-1] = False
        taken: Integers = self._taught.ravel()[place * self._taught.shape[1] + keys]
        doubtful = 1 + np.flatnonzero((self._places[taken[:-1]] != place[1:]) & follows[1:-1])
        for _ in range(_PATIENCE + len(keys) // _SEGMENTS_A_TURN):
            led = self._places[taken[doubtful - 1]]
            wrong = (led != place[doubtful]) & (led != _UNKNOWN)
            if wrong.any():
                moved = doubtful[wrong]
                place[moved] = led[wrong]
                taken[moved] = self._taught[place[moved], keys[moved]]
            elif len(unknown := np.flatnonzero(taken == _UNKNOWN)):
                first = int(unknown[0])
                number = self._learn(int(place[first]), int(keys[first]))
                same = (place[unknown] == place[first]) & (keys[unknown] == keys[first])
                moved = unknown[same]
                taken[moved] = number
            else:
                return taken
            doubtful = moved + 1
            doubtful = doubtful[follows[doubtful]]
        return None

    def _one_by_one(self, keys: Integers, starts: Integers, begin: Sequence[int]) -> Integers:
        """The walk as a loop, where there is nothing to guess from, or guesses go astray."""
        begins = dict(zip(starts.tolist(), begin, strict=True))
        taken = []
        place = self.guide.root.index
        for at, key in enumerate(keys.tolist()):
            place = begins.get(at, place)
            number = int(self._taught[place, key])
            if number == _UNKNOWN:
                number = self._learn(place, key)
            taken.append(number)
            place = int(self._places[number])
        walked = np.array(taken, dtype=np.int64)
        self._usual[keys] = self._places[walked]
        return walked

    def taught(self, taken: Integers) -> tuple[Taught, ...]:
        """Transitions as any automaton of this guide knows them: numbers are each one's own."""
        return tuple(self._lessons[number] for number in taken.tolist())

    def known(self, lessons: Iterable[Taught]) -> Integers:
        """The transition numbers of what another automaton of this guide was taught."""
        numbers = []
        for place, key in lessons:  # the open loops of a transaction, not its segments
            numbered = self._numbered(key)
            number = int(self._taught[place, numbered])
            numbers.append(self._learn(place, numbered) if number == _UNKNOWN else number)
        return np.array(numbers, dtype=np.int64)

    def open_before(self, after: int, elements: Sequence[str]) -> frozenset[Node]:
        """The loops still open when a segment follows a transition, those it begins anew left out."""
        present = self.guide.nodes[self._places[after]]
        transition = self._next(present, self.keys[self.key_of(elements)])
        here = set(led_to(present, transition).above()) - set(transition.begins)
        return frozenset(loop for loop in present.above() if loop in here and not loop.wrapper)

    def led(self, place: Node, key: int) -> Node:
        """The place after a segment that follows another place, by its key's number."""
        number = int(self._taught[place.index, key])
        if number == _UNKNOWN:
            number = self._learn(place.index, key)
        return self.guide.nodes[int(self._places[number])]

    def _learn(self, place: int, key: int) -> int:
        """Work out, number and keep the transition from a place by a key."""
        present = self.guide.nodes[place]
        transition = self._next(present, self.keys[key])
        number = len(self.transitions)
        self.transitions.append(transition)
        self._lessons.append((place, self.keys[key]))
        led = led_to(present, transition).index
        self._places = np.concatenate([self._places[:-1], [led, _UNKNOWN]])
        self._taught[place, key] = number
        return number

    def _next(self, present: Node, key: tuple[str, ...]) -> Transition:
        if key[0] == ASIDE:
            led = self._next(present, key[1:])
            in_order = led.fault != "SEGMENT_ORDER"
            return (
                Transition(None, (), "SEGMENT_UNEXPECTED") if in_order else replace(led, aside=True)
            )
        if key[0] == ANEW:
            return self._begun_anew(present, key[1:])
        fitting = [node for node in self._by_id.get(key[0], []) if self._fits(node, key)]
        if present.parent is None:
            first = [node for node in fitting if node.parent is present]
            return (
                Transition(first[0], (present,))
                if first
                else Transition(None, (), "SEGMENT_UNEXPECTED")
            )
        for node, begins in forward(present):
            if node in fitting:
                fault = "SEGMENT_NOT_USED" if node.usage == "N" else None
                return Transition(node, begins, fault)
        return self._repair(present, fitting)

    def _begun_anew(self, present: Node, key: Key) -> Transition:
        """What a segment leads to that is the second of a loop without its first."""
        fitting = [node for node in self._by_id[key[0]] if self._fits(node, key)]
        seconds = [node for node in fitting if is_second(node)]
        around = list(present.above())
        for node in seconds:
            if node.loop in around:
                return Transition(node, (node.loop,), "LOOP_START_MISSING", (node.loop,))
        return self._repair(present, seconds or fitting)

    def numbers(self, segment_id: str) -> list[int]:
        """The numbers of all keys of a segment id met so far."""
        return [number for number, key in enumerate(self.keys) if key[0] == segment_id]

    def fits(self, node: Node, key: Key) -> bool:
        """Whether a segment of that key can be that node."""
        return node.id == key[0] and self._fits(node, key)

    def _fits(self, node: Node, key: Key) -> bool:
        places = self.discriminators.get(node.id, ())
        return all(
            not (codes := node.codes(place)) or value in codes
            for place, value in zip(places, key[1:], strict=True)
        )

    def _repair(self, present: Node, fitting: list[Node]) -> Transition:
        """The nearest place where the segment fits, if one is near enough."""
        repairs = [repair for node in fitting for repair in detours(present, node, fitting)]
        if not repairs:
            return Transition(None, (), "SEGMENT_UNEXPECTED")
        return min(repairs, key=lambda repair: repair[0])[1]


@cache
def automaton(guide_name: str) -> Automaton:
    """The automaton of a guide; what one file taught it serves the next."""
    return Automaton(load(guide_name))
