"""Levels under another code (HL03), or under none, known by what stands beside them.

`HL*2*1*23` with SBR and NM1*IL behind it is a subscriber (005010X223A2 loop 2000B): walked as a
patient, it would lose all that follows. It is walked as the level that alone may hold what stands
there; that its code is another one is told by its element. A PAT between SBR and NM1*IL is no
patient's level without its HL, nor an SBR between PAT and NM1*QC a subscriber's, but one segment too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from edi_iop.guides.automaton import ANEW, Automaton, Integers, Key, automaton
from edi_iop.guides.forward import forward
from edi_iop.guides.model import Node

_LEVEL, _CODED = "HL", (3,)
"""The segment of a level, and what tells one from another."""
_NOTHING = -1
_STRAY: Key = ("",)
"""The key of a segment that is not what its id says."""
_NEAR = 100
"""How many segments before one the level or claim is looked for that it stands in."""


def put_right(machine: Automaton, keys: Integers, following: int | None) -> Integers:
    """The keys of segments in order, those of miscoded levels in the keys of what they are.

    following: the key behind the last of them, where a frame ends inside of a transaction.
    """
    if machine.discriminators.get(_LEVEL) != _CODED:
        return keys
    padded = np.append(keys, [_NOTHING if following is None else following, _NOTHING])
    of_levels = machine.numbers(_LEVEL)
    levels = np.flatnonzero(np.isin(keys, of_levels))
    seconds = np.flatnonzero(np.isin(keys, _told(machine)))
    seconds = seconds[seconds > 1]
    right = keys.copy()
    for at, steps, key_of in ((levels, (0, 1, 2), _right), (seconds, (-2, -1, 0, 1), _alone)):
        around = np.stack([padded[at + step] for step in steps], axis=1)
        distinct, which = _distinct(around, len(machine.keys) + 1)
        own = [
            key_of(machine.guide.name, *(machine.keys[one] for one in some if one != _NOTHING))
            for some in distinct.tolist()
        ]
        right[at] = np.array([_number(machine, key) for key in own], dtype=np.int64)[which]
    for at in seconds[right[seconds] == machine.key_number(_STRAY)].tolist():
        if not _interrupts(machine, right[:at], int(padded[at + 1])):
            right[at] = keys[at]
    return right


def _interrupts(machine: Automaton, before: Integers, behind: int) -> bool:
    """Whether the guide goes on with what stands behind a segment from where it stands.

    Its neighbors alone do not tell: an N4 is a subscriber's, whose birth date may follow, or that of
    a place of service, behind which another payer's SBR may stand. The way from the HL or CLM does.
    """
    near = before[-_NEAR:].tolist()
    began = max((at for at, key in enumerate(near) if _begins(machine, key)), default=None)
    if began is None:
        return True
    place = _all(machine, machine.keys[near[began]])[0]
    for key in near[began + 1 :]:
        place = machine.led(place, key)
    return _may_follow(machine, [place], machine.keys[behind])


def _begins(machine: Automaton, key: int) -> bool:
    """Whether a segment begins a level or a claim, by its key."""
    told = machine.keys[key]
    return told[0] in (_LEVEL, "CLM") and bool(_all(machine, told))


def _number(machine: Automaton, key: Key) -> int:
    if key[0] == ANEW:
        return machine.marked(machine.key_number(key[1:]), ANEW)
    return machine.key_number(key)


def _distinct(rows: Integers, room: int) -> tuple[Integers, Integers]:
    """The different rows of a few numbers from -1, each below room, and which of them each is."""
    told = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        told = told * room + column + 1
    _, first, which = np.unique(told, return_index=True, return_inverse=True)
    return rows[first], which


def _told(machine: Automaton) -> list[int]:
    """The numbers of keys of what has to stand right behind a level."""
    return [number for segment_id in _due(machine) for number in machine.numbers(segment_id)]


def _due(machine: Automaton) -> list[str]:
    """What has to stand right behind a level: SBR and PAT."""
    firsts = [node.loop.children[1] for node in machine.guide.segments(_LEVEL)]
    return [node.id for node in firsts if node.kind == "segment" and node.usage == "R"]


@cache
def _alone(guide_name: str, *around: Key) -> Key:
    """The key of a segment that tells a level, or another payer; none where it only interrupts one.

    Behind what no other payer may follow an SBR with its NM1*IL begins a level anew. What stands
    nowhere in the guide, a level miscoded among it, tells nothing of what is behind it. Around it are
    two segments before and one behind; the first of them tells where the other one stands.
    """
    machine = automaton(guide_name)
    earlier, before, own, *behind = around
    places = _places(machine, earlier, before)
    if not behind or not places or (before[0] == _LEVEL and _may_follow(machine, places, own)):
        return own
    if _may_follow(machine, _all(machine, own), behind[0], skipping=False):
        unlike = before[0] not in (_LEVEL, *_due(machine))
        level = earlier[0] == _LEVEL and _may_follow(machine, _all(machine, earlier), own)
        lost = unlike and not level and not _may_follow(machine, places, own)
        return (ANEW, *own) if lost else own
    return _STRAY if _may_follow(machine, places, behind[0]) else own


def _all(machine: Automaton, key: Key) -> list[Node]:
    """Where the guide has a segment."""
    return [one for one in machine.guide.segments(key[0]) if machine.fits(one, key)]


def _places(machine: Automaton, earlier: Key, key: Key) -> list[Node]:
    """Where it has one behind another; where that cannot be, all places of it."""
    behind = {node for place in _all(machine, earlier) for node, _ in forward(place)}
    every = _all(machine, key)
    return [one for one in every if one in behind] or every


def _may_follow(
    machine: Automaton, places: Sequence[Node], second: Key, *, skipping: bool = True
) -> bool:
    """Whether the guide lets a segment come next, be it by skipping what is required or not so."""
    for place in places:
        for node, begins in forward(place):
            if machine.fits(node, second):
                return True
            required = begins[-1] if begins else node
            if not skipping and node is not place and required.usage == "R":
                break
    return False


@cache
def _right(guide_name: str, level: Key, *behind: Key) -> Key:
    """The key of the one level that may hold what stands behind, where the own one may not."""
    machine = automaton(guide_name)
    levels = machine.guide.segments(_LEVEL)
    holding = [one for one in levels if _holds(machine, one, behind)]
    if not behind or len(holding) != 1 or machine.fits(holding[0], level):
        return level
    return (_LEVEL, *holding[0].codes(*_CODED))


def _holds(machine: Automaton, first: Node, behind: Sequence[Key]) -> bool:
    """Whether these segments may follow that one and one another, all in its loop."""
    places = [first]
    for key in behind:
        places = [
            node
            for place in places
            for node, _ in forward(place)
            if machine.fits(node, key) and first.loop in node.above()
        ][:1]
    return bool(places)
