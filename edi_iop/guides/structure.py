"""Structure checks: segments and loops missing, too many, out of place (SNIP level 2).

A required part that is missing is a count of zero in an instance of its parent
loop, placed at the segment before which it was due; too many is a running
count above the limit, placed at the first one too many.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides.forward import discriminators
from edi_iop.guides.loader import Node, load
from edi_iop.guides.loops import Integers, Loops, children
from edi_iop.guides.repairs import Transition
from edi_iop.texts import composed
from edi_iop.x12 import separators as sep

_STRUCTURE = {
    "code": pl.String(),
    "place": pl.Int64(),
    "message": pl.String(),
    "loop": pl.String(),
    "segment": pl.String(),
}
FAULTS = {
    **_STRUCTURE,
    "element": pl.Int64(),
    "component": pl.Int64(),
    "repetition": pl.Int64(),
    "value": pl.String(),
    "trigger": pl.Int64(),
    "trigger_element": pl.Int64(),
    "trigger_component": pl.Int64(),
    "absent": pl.Boolean(),
}
"""Faults as the columns of a frame, `place` in Loops.rows; those of structure name no element.

`trigger` is the place in Loops.rows of what brought a situational rule to bear, null for other faults.
`absent` says of such a rule that what it asks for is a segment, and is not there.
"""


NO_FAULTS = pl.DataFrame(schema=FAULTS)
_NO_FAULTS = pl.DataFrame(schema=_STRUCTURE)


def conformed(told: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the columns of FAULTS: absent ones null, others gone."""
    return told.select(
        (pl.col(name) if name in told.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in FAULTS.items()
    )


def structure(loops: Loops) -> pl.DataFrame:
    """All structure faults of a guide's transactions."""
    found = [_unexpected(loops), _transitions(loops), *_counts(loops)]
    return pl.concat([_NO_FAULTS, *found])


def _faults(places: Integers, code: str, message: str, loop: str, segment: str) -> pl.DataFrame:
    """The same fault at several places."""
    return pl.select(
        pl.lit(code).alias("code"),
        pl.lit(pl.Series("place", places, dtype=pl.Int64)),
        pl.lit(message).alias("message"),
        pl.lit(loop).alias("loop"),
        pl.lit(segment).alias("segment"),
    )


def _unexpected(loops: Loops) -> pl.DataFrame:
    """One fault a run of unmatched segments; an ST always matches, so none leaves its transaction.

    Empty segments among them are told by themselves (SEGMENT_EMPTY).
    """
    matched = loops.node >= 0
    places = np.flatnonzero(~matched)
    if not len(places):
        return _NO_FAULTS
    filled = (loops.raw(places).str.strip_chars() != "").to_numpy()
    places, run = places[filled], np.cumsum(matched)[places[filled]]
    first, others = _runs(places, run)
    before = np.maximum.accumulate(np.where(matched, np.arange(len(matched)), 0))[first]
    around = [loops.guide.nodes[number].loop.id for number in loops.node[before].tolist()]
    more = (
        pl.when(pl.col("others") > 1)
        .then(composed(", nor are the {} after it", "others"))
        .when(pl.col("others") == 1)
        .then(pl.lit(", nor is the one after it"))
    )  # The identifier is shown only where it is one: it may be anybody's data.
    named = pl.when(pl.col("segment").str.contains(sep.SEGMENT_ID)).then("segment")
    elements = loops.elements(first)
    coded = pl.col("segment").is_in(list(_coded(loops.guide.name)))
    told = pl.when(coded & pl.col("by").str.contains("^[0-9A-Z]{1,3}$"))
    return (
        pl.DataFrame(
            {
                "place": first,
                "others": others,
                "loop": pl.Series(around, dtype=pl.String),
                "segment": elements.list.first(),
                "by": elements.list.get(1, null_on_oob=True),
            }
        )
        .with_columns(segment=named.otherwise(pl.lit("?")), code=pl.lit("SEGMENT_UNEXPECTED"))
        .with_columns(what=told.then(composed("{} {}", "segment", "by")).otherwise("segment"))
        .with_columns(
            message=composed("{} is not defined here{}", "what", more.otherwise(pl.lit("")))
        )
        .select(pl.col(name).cast(dtype) for name, dtype in _STRUCTURE.items())
    )


@cache
def _coded(guide_name: str) -> frozenset[str]:
    """Segments that a guide tells apart by a code in their first element, as REF, DTP and NM1."""
    return frozenset(
        name for name, by in discriminators(load(guide_name)).items() if by[:1] == (1,)
    )


def _runs(places: Integers, run: Integers) -> tuple[Integers, Integers]:
    """The first place of each run, and how many others are in it."""
    _, begin, count = np.unique(run, return_index=True, return_counts=True)
    return places[begin], count - 1


def _transitions(loops: Loops) -> pl.DataFrame:
    """The faults kept with the transitions that were taken."""
    kinds = loops.automaton.transitions
    told = pl.DataFrame(
        [
            (number, *fault)
            for number, one in enumerate(kinds)
            if one.fault is not None and one.node is not None
            for fault in _told(one, one.node)
        ],
        schema={"number": pl.Int64(), **{n: t for n, t in _STRUCTURE.items() if n != "place"}},
        orient="row",
    )
    faulty = np.zeros(len(kinds), dtype=bool)
    faulty[told["number"].to_numpy()] = True
    places = np.flatnonzero(faulty[loops.taken])
    if not len(places):
        return _NO_FAULTS
    taken = pl.DataFrame({"place": places, "number": loops.taken[places]})
    return taken.join(told, on="number", maintain_order="left_right").select(list(_STRUCTURE))


def _told(transition: Transition, node: Node) -> Iterator[tuple[str, str, str, str]]:
    """Code, message, loop and segment of each fault of a transition."""
    if transition.fault == "LOOP_START_MISSING":
        for loop in transition.missing:
            first = first_of(loop)
            says = f"loop {loop.id} begins with {node.id}; its first segment {first} is missing"
            yield "LOOP_START_MISSING", says, loop.id, first
    elif transition.fault == "SEGMENT_ORDER":
        says = f"{node.id} belongs earlier in loop {node.loop.id}"
        yield "SEGMENT_ORDER", says, node.loop.id, node.id
    else:
        says = f"{node.id} is not used in loop {node.loop.id}"
        yield "SEGMENT_NOT_USED", says, node.loop.id, node.id


def first_of(loop: Node) -> str:
    return loop.first.id if loop.first else ""


def _counts(loops: Loops) -> Iterator[pl.DataFrame]:
    """Missing and surplus children of every loop that occurs."""
    for loop in loops.guide.nodes:
        if loop.kind == "loop" and not loop.wrapper and len(loops.starts(loop)):
            for child in children(loop):
                found = loops.occurrences(child)
                if child.usage == "R":
                    yield from _missing(loops, loop, child, found)
                if child.most is not None and len(found):
                    yield from _surplus(loops, loop, child, found, child.most)


def _missing(loops: Loops, loop: Node, child: Node, found: Integers) -> Iterator[pl.DataFrame]:
    """Instances of a loop without a required child, each where the child was due."""
    instance = loops.instance(loop)
    there = np.zeros(int(instance[-1]) + 1, dtype=bool)
    there[instance[found].astype(np.intp)] = True
    if loops.repeated and loops.already.get(child.index, 0):
        there[1] = True
    lacking = np.flatnonzero(~there[1:])
    if not len(lacking):
        return
    lacking = lacking[~_is_aside(loops, loops.starts(loop)[lacking])]
    if loop in loops.open and not loops.passed(loop, child):
        lacking = lacking[lacking < instance[-1] - 1]  # It may come yet, in the next frame.
    if loop not in loops.opened:
        lacking = lacking[loops.starts(loop)[lacking] >= loops.repeated]
    if not len(lacking):
        return
    places = due(loops, loop, child, lacking)
    if child.kind == "segment":
        says = f"{_named(child)} is missing in loop {loop.id}"
        yield _faults(places, "SEGMENT_MISSING", says, loop.id, child.id)
    else:
        says = f"loop {_named(child)} is missing in loop {loop.id}"
        yield _faults(places, "LOOP_MISSING", says, child.id, first_of(child))


def _named(node: Node) -> str:
    """A segment or loop with the guide's name of it: of some ids a loop has several."""
    return f"{node.id} ({node.name})" if node.name else node.id


def _is_aside(loops: Loops, starts: Integers) -> npt.NDArray[np.bool_]:
    """Whether a loop was put back to its place, and what stands behind it is told as unexpected."""
    kinds = loops.automaton.transitions
    back = np.array([one.fault == "SEGMENT_ORDER" for one in kinds], dtype=bool)
    aside: npt.NDArray[np.bool_] = back[loops.taken[starts]]
    return aside & (np.append(loops.node, 0)[starts + 1] < 0)


def due(loops: Loops, loop: Node, child: Node, lacking: Integers) -> Integers:
    """Before which segments a child missing in these instances was due: the next past its position."""
    if not len(lacking):
        return lacking
    starts = loops.starts(loop)
    end = len(loops.rows)
    past = [loop not in node.above() or node.index > child.index for node in loops.guide.nodes]
    beyond = np.flatnonzero(np.array([*past, False])[loops.node])
    place = np.minimum(_next(beyond, starts[lacking], end), _next(starts, starts[lacking], end))
    ends = _next(loops.starts(loops.guide.root), starts[lacking], end)
    # Cut off: the last segment of its own transaction, unless that goes on in the next frame.
    cut_off = (ends <= place) & ((ends < end) | (not loops.open))
    due: Integers = np.where(cut_off, ends - 1, place)
    return due


def _next(places: Integers, after: Integers, end: int) -> Integers:
    """The first of the sorted places after each of `after`, or the end."""
    found: Integers = np.append(places, end)[np.searchsorted(places, after, side="right")]
    return found


def _surplus(
    loops: Loops, loop: Node, child: Node, found: Integers, most: int
) -> Iterator[pl.DataFrame]:
    """The first occurrence of a child above its limit, in each instance of the loop."""
    earlier = loops.already.get(child.index, 0) if loops.repeated else 0
    if len(found) + earlier <= most:
        return
    instance = loops.instance(loop)[found]
    if not earlier and not (instance[most:] == instance[:-most]).any():
        return  # Nearly always: no instance comes again so many places later.
    begin = np.flatnonzero(np.diff(instance, prepend=-1))
    room = np.full(len(begin), most)
    if instance[0] == 1:
        room[0] -= earlier
    length = np.diff(begin, append=len(found))
    over = (length > room) & (room >= 0)
    places = found[(begin + room)[over]]
    # What is out of its place was said to be so already.
    places = places[~_out_of_place(loops)[loops.taken[places]]]
    if not len(places):
        return
    if child.kind == "segment":
        says = f"{child.id} occurs more than {most} times in loop {loop.id}"
        yield _faults(places, "SEGMENT_REPEATS", says, child.loop.id, child.id)
    else:
        says = f"loop {child.id} occurs more than {most} times in loop {loop.id}"
        yield _faults(places, "LOOP_REPEATS", says, child.id, first_of(child))


def _out_of_place(loops: Loops) -> npt.NDArray[np.bool_]:
    """Of each transition, whether it carries a fault."""
    return np.array([one.fault is not None for one in loops.automaton.transitions], dtype=bool)
