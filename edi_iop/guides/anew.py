"""Loops that begin anew without their first segment, known by a second one of what may stand but once.

From the last segment alone the automaton cannot tell a late SV2 from the next line's: both stand
behind the place of the SV2. Where the loop has held one, the segment is the next line's (005010X223A2
loop 2400, LX missing), and the walk is taken again with a key that says so; else the line were lost.
So is one right behind the first, even of the same words; but not where the loop before it would be left
without the loops it must hold (SBR and PAT): that segment is sent twice.

A segment that belongs earlier, or begins another claim, line or level, is put aside where what stands behind
it goes on from what stands before it: an HL amid the lines of a claim does not end the claim.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edi_iop.guides import miscoded
from edi_iop.guides.automaton import ANEW, ASIDE, Automaton, Integers
from edi_iop.guides.loader import Node
from edi_iop.guides.repairs import Transition, holds_loops, is_second

Flags = npt.NDArray[np.bool_]

_NOTHING = -1
_BEHIND = 6
"""So many segments behind are looked at."""
_NOWHERE: Integers = np.array([], dtype=np.int64)
_TURNS = 4
"""A walk taken again may show further ones; so often it is, and what is left is only told."""


def walk(
    machine: Automaton,
    keys: Integers,
    starts: Integers,
    after: Sequence[int | None],
    begun: Integers,
    following: int | None = None,
) -> Integers:
    """Automaton.walk, behind the transitions `begun`, with loops begun anew where one is seen twice.

    following: the key behind the last of them, where a frame ends inside of a transaction.
    """
    for _ in range(_TURNS):
        taken = np.concatenate([begun, machine.walk(keys, starts, after)])
        right = miscoded.put_right(machine, keys, taken, len(begun))
        if right is not None:
            keys = right
            continue
        again = _again(machine, taken) - len(begun)
        again, aside = again[again >= 0], _aside(machine, keys, following, taken[len(begun) :])
        if not len(again) and not len(aside):
            break
        keys = _marked(machine, _marked(machine, keys, again, ANEW), aside, ASIDE)
    return taken


def _marked(machine: Automaton, keys: Integers, at: Integers, mark: str) -> Integers:
    """The keys with those at some places marked."""
    numbers, which = np.unique(keys[at], return_inverse=True)
    marked = [machine.marked(key, mark) for key in numbers.tolist()]
    keys = keys.copy()
    keys[at] = np.array(marked, dtype=np.int64)[which]
    return keys


def _aside(machine: Automaton, keys: Integers, following: int | None, taken: Integers) -> Integers:
    """The segments out of order, or that begin a claim, line or level, amid what goes on without them."""
    kinds = machine.transitions
    faulty = [number for number, one in enumerate(kinds) if one.fault is not None]
    if not faulty:
        return _NOWHERE
    movable = np.array([_may_stand_aside(one) for one in kinds])
    before = np.append(np.flatnonzero(np.isin(taken, faulty)), len(taken)) - 1
    at = before[before >= 0]
    at = at[movable[taken[at]]]
    padded = np.append(keys, [_NOTHING if following is None else following] + [_NOTHING] * _BEHIND)
    behind = (padded[at + step] for step in range(1, _BEHIND + 1))
    around = np.stack([taken[np.maximum(at - 1, 0)], taken[at], *behind])
    distinct, which = np.unique(around, axis=1, return_inverse=True)
    stray = np.array([_is_stray(machine, *one) for one in distinct.T.tolist()], dtype=bool)
    aside: Integers = at[stray[which.ravel()]]
    return aside


def _is_stray(machine: Automaton, before: int, number: int, *behind: int) -> bool:
    """Whether more goes on without a segment; the first of a loop behind its second is told of the loop."""
    own = machine.transitions[number].node
    late = own is not None and own.loop in machine.transitions[before].missing
    return not late and machine.interrupts(number, [key for key in behind if key != _NOTHING])


def _may_stand_aside(transition: Transition) -> bool:
    node = transition.node
    if node is None or transition.aside or node.loop.parent is None:
        return False
    begins = transition.fault is None and node.starts_loop and holds_loops(node.loop)
    return begins or transition.fault == "SEGMENT_ORDER"


def _again(machine: Automaton, taken: Integers) -> Integers:
    """The segments that stand in a loop which holds such a one already, and begin the next."""
    kinds = machine.transitions
    met = np.flatnonzero(np.bincount(taken)).tolist()
    second = [number for number in met if (node := kinds[number].node) and is_second(node)]
    back = [number for number in second if kinds[number].fault == "SEGMENT_ORDER"]
    stays = [number for number in second if _is_repeat(machine, number)]
    if not back and not stays:
        return _NOWHERE
    stray = np.flatnonzero(np.isin(taken, back))
    nodes = {kinds[number].node for number in back}
    held = [stray[_held(machine, taken, node, stray)] for node in nodes if node is not None]
    return np.unique(np.concatenate([np.flatnonzero(np.isin(taken, stays)), *held]))


def _is_repeat(machine: Automaton, number: int) -> bool:
    """Whether a segment stands right behind another of its node, in a loop that need hold no loops."""
    ((place, _),) = machine.taught(np.array([number]))
    node, begins = machine.transitions[number].node, machine.transitions[number].begins
    if node is None or node is not machine.guide.nodes[place] or begins:
        return False
    return not any(one.kind == "loop" and one.usage == "R" for one in node.loop.children)


def _held(machine: Automaton, taken: Integers, node: Node, stray: Integers) -> Flags:
    """Of some segments, which are this node's and stand in a loop that has held one before them."""
    kinds = machine.transitions
    own = np.array([one.node is node for one in kinds])
    begins = np.array([node.loop in one.begins for one in kinds])
    there, starts = np.flatnonzero(own[taken]), np.flatnonzero(begins[taken])
    earlier = np.append(-1, there)[np.searchsorted(there, stray)]
    start = np.append(-1, starts)[np.searchsorted(starts, stray)]
    held: Flags = own[taken[stray]] & (earlier >= start) & (earlier >= 0)
    return held
