"""Loops that begin anew without their first segment, known by a second one of what may stand but once.

From the last segment alone the automaton cannot tell a late SV2 from the next line's: both stand
behind the place of the SV2. Where the loop has held one, the segment is the next line's (005010X223A2
loop 2400, LX missing), and the walk is taken again with a key that says so; else the line were lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edi_iop.guides.automaton import Automaton, Integers, is_second
from edi_iop.guides.loader import Node

_TURNS = 4
"""A walk taken again may show further ones; so often it is, and what is left is only told."""


def walk(
    machine: Automaton,
    keys: Integers,
    starts: Integers,
    after: Sequence[int | None],
    begun: Integers,
) -> Integers:
    """Automaton.walk, behind the transitions `begun`, with loops begun anew where one is seen twice."""
    for _ in range(_TURNS):
        taken = np.concatenate([begun, machine.walk(keys, starts, after)])
        again = _again(machine, taken) - len(begun)
        again = again[again >= 0]
        if not len(again):
            break
        keys = keys.copy()
        numbers, which = np.unique(keys[again], return_inverse=True)
        keys[again] = np.array([machine.anew(key) for key in numbers.tolist()])[which]
    return taken


def _again(machine: Automaton, taken: Integers) -> Integers:
    """The segments put back into a loop that holds such a one already."""
    kinds = machine.transitions
    nodes = {one.node for one in kinds if one.node is not None and is_second(one.node)}
    back = np.array([one.fault == "SEGMENT_ORDER" and one.node in nodes for one in kinds])
    if not back[taken].any():
        return np.array([], dtype=np.int64)
    found = [_of_node(machine, taken, node) for node in nodes]
    return np.sort(np.concatenate([np.array([], dtype=np.int64), *found]))


def _of_node(machine: Automaton, taken: Integers, node: Node) -> Integers:
    kinds = machine.transitions
    own = np.array([one.node is node for one in kinds])
    begins = np.array([node.loop in one.begins for one in kinds])
    there, starts = np.flatnonzero(own[taken]), np.flatnonzero(begins[taken])
    # Of two, one behind the other: whether the loop began in between, or with the second.
    begun = np.searchsorted(starts, there, side="right")
    again: Integers = there[1:][begun[1:] == begun[:-1]]
    return again
