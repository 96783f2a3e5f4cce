"""Repairs: where a segment belongs that the guide does not lead to, and what each way to match it costs.

A loop whose first segment is missing is implied, a segment out of order is placed where it belongs; the
cheapest repair is taken, and none where leaving the segment unmatched costs less.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from edi_iop.guides.loader import Node


class Transition(msgspec.Struct, frozen=True):
    """Where a segment leads: its node, the loops that begin with it, and what was wrong."""

    node: Node | None
    begins: tuple[Node, ...] = ()
    fault: str | None = None
    missing: tuple[Node, ...] = ()
    """Loops begun without their first segment."""
    aside: bool = False
    """Whether it leads nowhere: what follows goes on from the place before."""


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


def detours(
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


def led_to(present: Node, transition: Transition) -> Node:
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
