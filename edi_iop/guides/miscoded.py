"""Parties and traces under another's qualifier, known by what stands before and behind them.

`NM1*87` where the receiver is due, with the first level behind it (005010X223A2 loop 1000B), is a receiver
under a wrong code, not an address to pay to without all that stands before one. Where the guide has to
repair, or goes past a loop it requires, and that loop begins with such a segment and goes on as well or
better with what stands behind, the segment is walked as the one that is due; its code is told by its element.
"""

from __future__ import annotations

import numpy as np

from edi_iop.guides.automaton import Automaton, Integers, Key
from edi_iop.guides.forward import forward
from edi_iop.guides.model import Node

_CODED = ("NM1", "N1", "TRN")
"""Segments that begin a loop and say by a code which one."""
_BEHIND = 6
"""So many segments behind are looked at."""
_END = -1


def put_right(machine: Automaton, keys: Integers, taken: Integers, begun: int) -> Integers | None:
    """The keys of a walk with those of miscoded segments put right; None where there are none.

    taken: the transitions of the walk, behind those of `begun` segments repeated from an earlier frame.
    """
    met = np.flatnonzero(np.bincount(taken)).tolist()
    due = {number: node for number in met if (node := _due(machine, number)) is not None}
    at = np.flatnonzero(np.isin(taken, list(due))) - begun if due else np.array([], dtype=np.int64)
    at = at[at >= 0]
    if not len(at):
        return None
    padded = np.append(keys, np.full(_BEHIND, _END))
    around = np.stack([taken[at + begun], *(padded[at + step] for step in range(1, _BEHIND + 1))])
    distinct, which = np.unique(around, axis=1, return_inverse=True)
    own = np.array([_key(machine, due[one[0]], *one) for one in distinct.T.tolist()])
    wrong = own[which.ravel()] != _END
    if not wrong.any():
        return None
    right = keys.copy()
    right[at[wrong]] = own[which.ravel()][wrong]
    return right


def _due(machine: Automaton, number: int) -> Node | None:
    """What the guide requires where a transition repairs, or goes past it: a segment of the same id."""
    transition = machine.transitions[number]
    own = transition.node
    if own is None or own.id not in _CODED or not own.starts_loop:
        return None
    ((place, _),) = machine.taught(np.array([number]))
    present = machine.guide.nodes[place]
    for node, begins in forward(present):
        required = begins[-1] if begins else node
        # Of loops that come in any order one before the present place may have been there.
        if node.index <= present.index or _is_again(present, required):
            continue
        if node is own:
            return None
        if required.usage == "R":
            return node if node.id == own.id and node.starts_loop else None
    return None


def _is_again(present: Node, part: Node) -> bool:
    """Whether a loop that may not come again is open."""
    return part in present.above() and part.most == 1


def _key(machine: Automaton, due: Node, number: int, *behind: int) -> int:
    """The number of the key of what is due, where it goes on with what stands behind; else none."""
    transition = machine.transitions[number]
    assert transition.node is not None
    following = [machine.keys[one] for one in behind if one != _END]
    goes_on, own = (_followed(machine, one, following) for one in (due, transition.node))
    ((place, _),) = machine.taught(np.array([number]))
    present = machine.guide.nodes[place]
    repaired = transition.fault is not None or any(
        _is_again(present, one) for one in transition.begins
    )
    if not goes_on or not (goes_on > own or (repaired and goes_on == own)):
        return _END
    places = machine.discriminators.get(due.id, ())
    return machine.key_number((due.id, *(min(due.codes(place), default="") for place in places)))


def _followed(machine: Automaton, node: Node, behind: list[Key]) -> int:
    """How many segments the guide has behind a node, one after another, until it has one not."""
    count, place = 0, node
    for key in behind:
        following = [one for one, _ in forward(place) if machine.fits(one, key)]
        if not following or following[0] is node:
            break
        count, place = count + 1, following[0]
    return count
