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

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from edi_iop.guides.forward import discriminators, forward
from edi_iop.guides.loader import Guide, Node, load
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


class Transition(msgspec.Struct, frozen=True):
    """Where a segment leads: its node, the loops that begin with it, and what was wrong."""

    node: Node | None
    begins: tuple[Node, ...] = ()
    fault: str | None = None
    missing: tuple[Node, ...] = ()
    """Loops begun without their first segment."""
    aside: bool = False
    """Whether it leads nowhere: what follows goes on from the place before."""


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
        return self._followed(self._lessons[number][0], behind) > self._followed(
            int(self._places[number]), behind
        )

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
        here = set(_after(present, transition).above()) - set(transition.begins)
        return frozenset(loop for loop in present.above() if loop in here and not loop.wrapper)

    def _learn(self, place: int, key: int) -> int:
        """Work out, number and keep the transition from a place by a key."""
        present = self.guide.nodes[place]
        transition = self._next(present, self.keys[key])
        number = len(self.transitions)
        self.transitions.append(transition)
        self._lessons.append((place, self.keys[key]))
        led = _after(present, transition).index
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
        repairs = [repair for node in fitting for repair in _detours(present, node, fitting)]
        if not repairs:
            return Transition(None, (), "SEGMENT_UNEXPECTED")
        return min(repairs, key=lambda repair: repair[0])[1]


@cache
def automaton(guide_name: str) -> Automaton:
    """The automaton of a guide; what one file taught it serves the next."""
    return Automaton(load(guide_name))


_UNMATCHED = 1.5
"""What leaving a segment unmatched costs; a repair must cost less."""
_BACK = 1.05
"""The segment belongs before the present place."""
_IMPLIED = 1.0
"""A loop began without its first segment; each further one adds less."""
_IMPLIED_MORE = 0.35
_INSIDE = 0.4
"""Else the implied loop is entered by a required segment that is not its first."""
_NEXT = 0.35
"""The implied loop is due next, and required or told by a segment that stands in no other."""
_SKIPPED = 0.4
"""The implied loop would lack required parts besides its first segment."""
_OPTIONAL = 0.1
"""Among equals, what the guide requires is likelier than what it merely allows."""

Cost = tuple[float, int, int]


def _detours(
    present: Node, node: Node, fitting: Sequence[Node]
) -> Iterable[tuple[Cost, Transition]]:
    """The ways to match a segment at a node the guide does not lead to, with their costs.

    One way for each open loop they share: loops below it are begun anew. A segment that the guide
    has in one loop alone tells that loop; so does one that follows the first of its loop, where the
    shared one has it nowhere else.
    """
    only = _stand_in_one(fitting)
    open_loops = [loop for loop in present.above() if not loop.wrapper]
    inner = [loop for loop in node.above() if not loop.wrapper]
    for climb, shared in enumerate(open_loops):
        if shared not in inner:
            continue
        begins = tuple(reversed(inner[: inner.index(shared)]))
        if any(loop in open_loops and loop.most == 1 for loop in begins):
            continue
        implied = begins[:-1] if node.starts_loop else begins
        if node.starts_loop and not begins:
            continue
        below = _stand_in_one([one for one in fitting if shared in one.above()])
        cost = _cost(present, node, shared, implied, only or (below and _follows_first(node)))
        if cost < _UNMATCHED:
            fault = "LOOP_START_MISSING" if implied else "SEGMENT_ORDER"
            yield (cost, climb, node.index), Transition(node, begins, fault, implied)


def _stand_in_one(nodes: Sequence[Node]) -> bool:
    """Whether segments that fit stand in one loop of the guide, or in what that loop holds."""
    outermost = {node.loop.id for node in nodes}
    for node in nodes:
        if outermost & {loop.id for loop in node.loop.above()} - {node.loop.id}:
            outermost.discard(node.loop.id)
    return len(outermost) == 1


def _cost(present: Node, node: Node, shared: Node, implied: tuple[Node, ...], only: bool) -> float:
    cost = _BACK if _precedes(node, present, shared) else 0.0
    if implied:
        cost += _IMPLIED + _IMPLIED_MORE * (len(implied) - 1)
        if not node.starts_loop:
            told = implied[-1].usage == "R" or (only and node.loop is implied[-1])
            due = told and not _misses(present, node, shared)
            cost += _NEXT if due else _INSIDE if node.usage == "R" else _UNMATCHED
        if any(_skipped(loop, _branch(node, loop)) for loop in implied):
            cost += _SKIPPED
    # The second segment of each such loop, and of no other, tells it as well as the first.
    second = implied and node.loop is implied[-1] and _follows_first(node)
    if any(one.usage != "R" for one in (node, *implied)) and not (only and second):
        cost += _OPTIONAL
    return cost


def _follows_first(node: Node) -> bool:
    """Whether a segment is required right behind the first of its loop."""
    return node.usage == "R" and node.loop.children[1:2] == [node]


def is_second(node: Node) -> bool:
    """Whether a segment must follow the first of a loop that repeats, once in each: it tells the loop as well."""
    repeats = node.loop.most != 1 and node.loop.parent is not None
    return repeats and _follows_first(node) and node.most == 1


def _misses(present: Node, node: Node, shared: Node) -> bool:
    """Whether a node stands before the present place, or something required between the two."""
    here, there = _branch(present, shared), _branch(node, shared)
    between = (child.usage == "R" and here < child.index < there for child in shared.children)
    return there < here or any(between)


def _skipped(loop: Node, number: int) -> bool:
    """Whether a loop entered at its child of that number has required ones before it."""
    before = (child for child in loop.children if child.index < number)
    return any(child.usage == "R" and not child.starts_loop for child in before)


def _after(present: Node, transition: Transition) -> Node:
    """The place after a transition: a segment put back into an outer loop leads nowhere."""
    node = transition.node
    if node is None or transition.aside:
        return present
    if transition.fault != "SEGMENT_ORDER":
        return node
    outer = _is_aside(present, node) if transition.begins else node.parent is not present.parent
    return present if outer else node


def _is_aside(present: Node, node: Node) -> bool:
    """Whether a loop without inner ones is put back behind a claim or line begun since.

    That goes on behind it: else all of its segments were lost.
    """
    open_loops = [loop for loop in present.above() if not loop.wrapper]
    shared = next(
        loop for loop in node.loop.above() if loop in open_loops and loop is not node.loop
    )
    since = open_loops[: open_loops.index(shared)]
    return not holds_loops(node.loop) and bool(since) and holds_loops(since[-1])


def holds_loops(loop: Node) -> bool:
    return any(child.kind == "loop" for child in loop.children)


def _precedes(node: Node, present: Node, shared: Node) -> bool:
    """Whether the guide puts the node before the present place, below the shared loop."""
    return _branch(node, shared) < _branch(present, shared)


def _branch(node: Node, loop: Node) -> int:
    """Index of the loop's child that leads to the node."""
    while node.parent is not None and node.parent is not loop:
        if node.parent.wrapper and node.parent.loop is loop:
            break
        node = node.parent
    return node.index
