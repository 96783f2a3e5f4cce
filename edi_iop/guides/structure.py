"""Structure checks: segments and loops missing, too many, out of place (SNIP level 2).

A required part that is missing is a count of zero in an instance of its parent
loop, placed at the segment before which it was due; too many is a running
count above the limit, placed at the first one too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides.automaton import Transition
from edi_iop.guides.loader import Node
from edi_iop.guides.loops import Integers, Loops, children
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
}
"""Faults as the columns of a frame, `place` in Loops.rows; those of structure name no element.

`trigger` is the place in Loops.rows of what brought a situational rule to bear, null for other faults.
"""


def conformed(told: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the columns of FAULTS: absent ones null, others gone."""
    return told.select(
        (pl.col(name) if name in told.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in FAULTS.items()
    )


def structure(loops: Loops) -> pl.DataFrame:
    """All structure faults of a guide's transactions."""
    found = [_unexpected(loops), _transitions(loops), *_counts(loops)]
    return pl.concat([pl.DataFrame(schema=_STRUCTURE), *found])


def told(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """The faults of a guide's transactions, of all checks, each said once and by its right name."""
    return faults if faults.is_empty() else _begun_again(loops, _said_once(loops, faults))


def _begun_again(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """A loop's required segment out of its order that stood there already: a new loop without its first.

    What then occurs too often in the loop belongs to the new one.
    """
    stray = faults.filter(pl.col("code") == "SEGMENT_ORDER")["place"].to_numpy()
    for number in np.unique(loops.node[stray]).tolist():
        node = loops.guide.nodes[number]
        if node.usage == "R" and node.most == 1 and node.loop.most != 1:
            faults = _renamed(loops, faults, node, stray[loops.node[stray] == number])
    return faults


def _renamed(loops: Loops, faults: pl.DataFrame, node: Node, stray: Integers) -> pl.DataFrame:
    """Those of a node's segments out of order that stood in their loop already, told as a loop's start."""
    instance, there = loops.instance(node.loop), loops.segments_of(node)
    earlier = there[np.maximum(np.searchsorted(there, stray) - 1, 0)]
    again = stray[(earlier < stray) & (instance[earlier] == instance[stray])]
    if not len(again):
        return faults
    begun = np.full(int(instance[-1]) + 1, len(instance))
    np.minimum.at(begun, instance[again], again)
    places = np.minimum(faults["place"].to_numpy(), len(instance) - 1)
    surplus = (pl.col("code") == "SEGMENT_REPEATS") & (pl.col("loop") == node.loop.id)
    first = _first_of(node.loop)
    says = f"loop {node.loop.id} begins with {node.id}; its first segment {first} is missing"
    told = (pl.col("code") == "SEGMENT_ORDER") & pl.lit(pl.Series(np.isin(places, again)))
    return faults.with_columns(
        code=pl.when(told).then(pl.lit("LOOP_START_MISSING")).otherwise("code"),
        message=pl.when(told).then(pl.lit(says)).otherwise("message"),
        segment=pl.when(told).then(pl.lit(first)).otherwise("segment"),
    ).filter(~(surplus & pl.lit(pl.Series(places >= begun[instance[places]]))))


_NEAR = 2
"""How many segments away what is missing may stand out of its place."""
_STRAY = pl.col("code").is_in(["SEGMENT_UNEXPECTED", "SEGMENT_ORDER"])
_LACKING = pl.col("code").is_in(["SEGMENT_MISSING", "LOOP_MISSING", "SITUATION_SEGMENT_MISSING"])
_BEGUN_WRONG = pl.col("code") == "LOOP_START_MISSING"
_LOOP_SURPLUS = pl.col("code") == "LOOP_REPEATS"


def _said_once(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """The faults of a guide's transactions without those that follow from another one."""
    numbered = faults.with_row_index("fault")
    for follow in (_beside_strays, _begun_twice, _of_bare_loops):
        if numbered.select(_LACKING.any() | _BEGUN_WRONG.any()).item():
            numbered = numbered.join(
                follow(loops, numbered), on="fault", how="anti", maintain_order="left"
            )
    return numbered.drop("fault")


def _beside_strays(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What is missing only because it stands, said to be out of place, right beside.

    A wrong qualifier makes a segment unexpected and a required one missing; two
    segments in the wrong order make one of them late. Both are one fault.
    """
    # Each segment out of place explains one missing, the nearest.
    places = np.minimum(faults["place"].to_numpy(), len(loops.rows) - 1)
    transaction = pl.Series(loops.instance(loops.guide.root)[places])
    told = faults.select("fault", "segment", "place", "code", st=transaction)
    strays = told.filter(_STRAY).select("st", "segment", "place", stray="fault", at="place")
    lacking = told.filter(_LACKING | _BEGUN_WRONG)
    return (
        lacking.sort("place")
        .join_asof(strays.sort("place"), on="place", by=["st", "segment"], strategy="nearest",
                   tolerance=_NEAR, check_sortedness=False)
        .drop_nulls("stray")
        .with_columns(distance=(pl.col("place") - pl.col("at")).abs())
        .sort("distance", maintain_order=True)
        .unique("stray", keep="first", maintain_order=True)
        .select("fault")
    )  # fmt: skip


def _begun_twice(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What follows where a loop's first segment stands behind the second.

    The loop is said to begin without it; that it begins again, one too many, and that
    both halves lack what the other holds, is the same fault.
    """
    begun = faults.filter(_BEGUN_WRONG)["place"].unique().to_numpy()
    found = []
    for behind in range(1, _NEAR + 1):
        near = begun[begun + behind < len(loops.taken)]
        again = near[_of_pairs(loops, near, near + behind, _begins_again)]
        ids = [loops.elements(again + step).list.first() for step in range(behind)]
        found.append(pl.DataFrame({"at": again + behind}).with_columns(
            held=pl.concat_list(pl.lit(one) for one in ids)))  # fmt: skip
    twice = pl.concat(found)
    here = faults.filter(_LACKING | _LOOP_SURPLUS).join(twice, left_on="place", right_on="at")
    halves = [
        faults.filter(_LACKING)
        .with_columns(at=pl.col("place") - behind)
        .join(twice, on="at")
        .filter(pl.col("segment").is_in(pl.col("held")))
        for behind in range(1, _NEAR + 1)
    ]
    return pl.concat([one.select("fault") for one in (here, *halves)])


def _begins_again(first: Transition, second: Transition) -> bool:
    node = second.node
    return node is not None and node.starts_loop and node.loop in first.missing


def _of_bare_loops(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What a loop of nothing but its first segment lacks, besides the first of it.

    All of it, where the loop begins again behind it, one too many.
    """
    places = faults.filter(_LACKING & (pl.col("place") > 0))["place"].unique().to_numpy()
    inside = places[places < len(loops.taken)]
    pairs = inside[_of_pairs(loops, inside - 1, inside, _is_bare)]
    bare = pl.DataFrame({"place": np.append(pairs, _bare_at_end(loops))})
    surplus = faults.filter(_LOOP_SURPLUS).select("place")
    lacking = faults.filter(_LACKING).join(bare, on="place", how="semi", maintain_order="left")
    first = lacking.unique("place", keep="first", maintain_order=True)
    told = first.join(surplus, on="place", how="anti")
    return lacking.join(told, on="fault", how="anti").select("fault")


def _bare_at_end(loops: Loops) -> Integers:
    """The place behind a chunk whose last segment is all of a loop that the next does not go on with."""
    node = loops.automaton.transitions[int(loops.taken[-1])].node
    begun = node is not None and node.starts_loop and node.loop.parent is not None
    closed = begun and node is not None and node.loop not in loops.open
    return np.array([len(loops.taken)] if closed else [], dtype=np.int64)


def _is_bare(first: Transition, second: Transition) -> bool:
    """Whether a loop, not the transaction's, begins and ends with one segment."""
    node, after = first.node, second.node
    if node is None or after is None or not node.starts_loop or node.loop.parent is None:
        return False
    return node.loop in second.begins or node.loop not in after.above()


def _of_pairs(
    loops: Loops,
    first: Integers,
    second: Integers,
    holds: Callable[[Transition, Transition], bool],
) -> npt.NDArray[np.bool_]:
    """For pairs of places, whether their transitions are so; each distinct pair is asked once."""
    kinds = loops.automaton.transitions
    pairs = np.stack([loops.taken[first], loops.taken[second]])
    distinct, which = np.unique(pairs, axis=1, return_inverse=True)
    answers = [holds(kinds[one], kinds[other]) for one, other in distinct.T.tolist()]
    held: npt.NDArray[np.bool_] = np.array(answers, dtype=bool)[which.ravel()]
    return held


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
    filled = (loops.raw(places).str.strip_chars() != "").to_numpy()
    places, run = places[filled], np.cumsum(matched)[places[filled]]
    first, others = _runs(places, run)
    before = np.maximum.accumulate(np.where(matched, np.arange(len(matched)), 0))[first]
    around = [loops.guide.nodes[number].loop.id for number in loops.node[before].tolist()]
    more = pl.when(pl.col("others") > 0).then(
        pl.format(", nor are the {} after it", "others")
    )  # The identifier is shown only where it is one: it may be anybody's data.
    named = pl.when(pl.col("segment").str.contains(sep.SEGMENT_ID)).then("segment")
    return (
        pl.DataFrame(
            {
                "place": first,
                "others": others,
                "loop": pl.Series(around, dtype=pl.String),
                "segment": loops.elements(first).list.first(),
            }
        )
        .with_columns(segment=named.otherwise(pl.lit("?")), code=pl.lit("SEGMENT_UNEXPECTED"))
        .with_columns(
            message=pl.format("{} is not defined here{}", "segment", more.otherwise(pl.lit("")))
        )
        .select(pl.col(name).cast(dtype) for name, dtype in _STRUCTURE.items())
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
    taken = pl.DataFrame({"place": places, "number": loops.taken[places]})
    return taken.join(told, on="number", maintain_order="left_right").select(list(_STRUCTURE))


def _told(transition: Transition, node: Node) -> Iterator[tuple[str, str, str, str]]:
    """Code, message, loop and segment of each fault of a transition."""
    if transition.fault == "LOOP_START_MISSING":
        for loop in transition.missing:
            first = _first_of(loop)
            says = f"loop {loop.id} begins with {node.id}; its first segment {first} is missing"
            yield "LOOP_START_MISSING", says, loop.id, first
    elif transition.fault == "SEGMENT_ORDER":
        says = f"{node.id} belongs earlier in loop {node.loop.id}"
        yield "SEGMENT_ORDER", says, node.loop.id, node.id
    else:
        says = f"{node.id} is not used in loop {node.loop.id}"
        yield "SEGMENT_NOT_USED", says, node.loop.id, node.id


def _first_of(loop: Node) -> str:
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
    there[instance[found]] = True
    if loops.repeated and loops.already.get(child.index, 0):
        there[1] = True
    lacking = np.flatnonzero(~there[1:])
    lacking = lacking[~_is_aside(loops, loops.starts(loop)[lacking])]
    if loop in loops.open and not loops.passed(loop, child):
        lacking = lacking[lacking < instance[-1] - 1]  # It may come yet, in the next frame.
    if loop not in loops.opened:
        lacking = lacking[loops.starts(loop)[lacking] >= loops.repeated]
    if not len(lacking):
        return
    places = due(loops, loop, child, lacking)
    if child.kind == "segment":
        says = f"{child.id} is missing in loop {loop.id}"
        yield _faults(places, "SEGMENT_MISSING", says, loop.id, child.id)
    else:
        says = f"loop {child.id} is missing in loop {loop.id}"
        yield _faults(places, "LOOP_MISSING", says, child.id, _first_of(child))


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
    begin = np.flatnonzero(np.diff(instance, prepend=-1))
    room = np.full(len(begin), most)
    if instance[0] == 1:
        room[0] -= earlier
    length = np.diff(begin, append=len(found))
    over = (length > room) & (room >= 0)
    if not over.any():
        return
    places = found[(begin + room)[over]]
    # What is out of its place was said to be so already.
    places = places[~_out_of_place(loops)[loops.taken[places]]]
    if child.kind == "segment":
        says = f"{child.id} occurs more than {most} times in loop {loop.id}"
        yield _faults(places, "SEGMENT_REPEATS", says, child.loop.id, child.id)
    else:
        says = f"loop {child.id} occurs more than {most} times in loop {loop.id}"
        yield _faults(places, "LOOP_REPEATS", says, child.id, _first_of(child))


def _out_of_place(loops: Loops) -> npt.NDArray[np.bool_]:
    """Of each transition, whether it carries a fault."""
    return np.array([one.fault is not None for one in loops.automaton.transitions], dtype=bool)
