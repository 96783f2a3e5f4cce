"""One fault, one finding: what only follows from another fault of the same guide is not told.

A wrong qualifier makes a segment unexpected and a required one missing; a loop's first segment
behind its second makes it begin twice. What follows from one fault is found by the places and
transitions of the others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from edi_iop.guides.loader import Node
from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.predicates import (
    ASKED_FOR,
    BEGUN_WRONG,
    DUPLICATE,
    LACKING,
    LOOP_SURPLUS,
    NEAR,
    SITUATED,
    STRAY,
    of_pairs,
)
from edi_iop.guides.repairs import Transition
from edi_iop.guides.structure import first_of
from edi_iop.guides.twice import begun_twice, behind_moved, of_wrong_segments, sent_twice
from edi_iop.texts import composed


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
    instance, again = loops.instance(node.loop), _stood_already(loops, node, stray)
    if not len(again):
        return faults
    begun = np.full(int(instance[-1]) + 1, len(instance))
    np.minimum.at(begun, instance[again], again)
    places = np.minimum(faults["place"].to_numpy(), len(instance) - 1)
    surplus = (pl.col("code") == "SEGMENT_REPEATS") & (pl.col("loop") == node.loop.id)
    first = first_of(node.loop)
    says = f"loop {node.loop.id} begins with {node.id}; its first segment {first} is missing"
    told = (pl.col("code") == "SEGMENT_ORDER") & pl.lit(pl.Series(np.isin(places, again)))
    return faults.with_columns(
        code=pl.when(told).then(pl.lit("LOOP_START_MISSING")).otherwise("code"),
        message=pl.when(told).then(pl.lit(says)).otherwise("message"),
        segment=pl.when(told).then(pl.lit(first)).otherwise("segment"),
    ).filter(~(surplus & pl.lit(pl.Series(places >= begun[instance[places]]))))


def _stood_already(loops: Loops, node: Node, stray: Integers) -> Integers:
    """Of a node's segments out of order, those whose loop had held one before them."""
    instance, there = loops.instance(node.loop), loops.segments_of(node)
    earlier = there[np.maximum(np.searchsorted(there, stray) - 1, 0)]
    again: Integers = stray[(earlier < stray) & (instance[earlier] == instance[stray])]
    return again


def _said_once(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """The faults of a guide's transactions without those that follow from another one."""
    numbered = faults.with_row_index("fault")
    for step, due in _STEPS:
        if numbered.select(due.any()).item():
            numbered = step(loops, numbered)
    return numbered.drop("fault")


_Step = Callable[[Loops, pl.DataFrame], pl.DataFrame]


def _without(follow: _Step) -> _Step:
    """The step that leaves out the faults that follow from others."""

    def step(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
        return faults.join(follow(loops, faults), on="fault", how="anti", maintain_order="left")

    return step


def _beside_strays(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What is missing only because it stands, said to be out of place, right beside.

    A wrong qualifier makes a segment unexpected and a required one missing; two
    segments in the wrong order make one of them late. Both are one fault.
    """
    # Each segment out of place explains one missing, the nearest.
    places = np.minimum(faults["place"].to_numpy(), len(loops.rows) - 1)
    transaction = pl.Series(loops.instance(loops.guide.root)[places])
    told = faults.select("fault", "segment", "place", "code", "absent", st=transaction)
    strays = told.filter(STRAY).select("st", "segment", "place", stray="fault", at="place")
    lacking = told.filter(LACKING | BEGUN_WRONG)
    return (
        lacking.sort("place")
        .join_asof(strays.sort("place"), on="place", by=["st", "segment"], strategy="nearest",
                   tolerance=NEAR, check_sortedness=False)
        .drop_nulls("stray")
        .with_columns(distance=(pl.col("place") - pl.col("at")).abs())
        .sort("distance", maintain_order=True)
        .unique("stray", keep="first", maintain_order=True)
        .select("fault")
    )  # fmt: skip


def _of_exchanged(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What is out of place where a segment is missing that stands behind the first of the next loop.

    Beside one that is only doubtful to be missing an error stays one.
    """
    lacking = faults.filter(LACKING & (pl.col("place") + 1 < len(loops.node)))
    places = lacking["place"].to_numpy()
    begins = np.array([*(one.starts_loop for one in loops.guide.nodes), False])[loops.node[places]]
    behind = loops.elements(places + 1).list.first()
    exchanged = lacking.filter(pl.Series(begins) & (pl.col("segment") == behind))
    beside = exchanged.select(pl.col("place") + 1, doubt=_DOUBTFUL)
    beside = pl.concat([beside, beside.with_columns(pl.col("place") + 1)]).unique()
    misplaced = faults.filter(LACKING | _FOLLOWS_STRAYS).join(beside, on="place")
    return misplaced.filter(_DOUBTFUL | ~pl.col("doubt")).select("fault").unique()


def _bare_loops(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What a loop of nothing but its first segment lacks is one fault, the first of it, which names the others.

    It is none where the loop begins again behind it, one too many.
    """
    follows = _of_bare_loops(loops, faults)
    what = pl.when(pl.col("code") == "LOOP_MISSING").then(composed("loop {}", "loop"))
    others = (
        faults.join(follows, on="fault", how="semi", maintain_order="left")
        .group_by("place", maintain_order=True)
        .agg(others=what.otherwise("segment").str.join(", "))
    )
    told = faults.join(follows, on="fault", how="anti", maintain_order="left")
    first = told.filter(LACKING).unique("place", keep="first", maintain_order=True)
    named = first.join(others, on="place").select(
        "fault", message=composed("{}, as are {}", "message", "others")
    )
    return told.update(named, on="fault", maintain_order="left")


def _of_bare_loops(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What such loops lack, besides the first of it; all of it, where the loop is one too many."""
    places = faults.filter(LACKING & (pl.col("place") > 0))["place"].unique().to_numpy()
    inside = places[places < len(loops.taken)]
    pairs = inside[of_pairs(loops, inside - 1, inside, _is_bare)]
    bare = pl.DataFrame({"place": np.append(pairs, _bare_at_end(loops))})
    surplus = faults.filter(LOOP_SURPLUS).select("place")
    lacking = faults.filter(LACKING).join(bare, on="place", how="semi", maintain_order="left")
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


_DOUBTFUL = pl.col("code") == "SITUATION_DOUBTFUL"
_FOLLOWS_STRAYS = STRAY | (pl.col("code") == "SEGMENT_REPEATS")
_QUALIFIER_WRONG = (pl.col("code") == "CODE_INVALID") & (pl.col("element") == 1)


def _of_runs(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What is out of its place in one run of segments: they lost what they belong to, and that is one fault.

    The loop that the run lacks or begins without its first segment is its name, where one is
    told, and it is told where the run begins; else the first of the run, as where it has the id
    of that first segment and another qualifier.
    """
    runs = _run_of(loops, faults)
    told = faults.with_columns(run=pl.Series(runs[faults["place"].to_numpy()]))
    named = _named(loops, told, runs)
    moved = faults.update(_from_first(loops, told, named), on="fault", maintain_order="left")
    return moved.join(_in_runs(loops, told, named), on="fault", how="anti", maintain_order="left")


def _in_runs(loops: Loops, told: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """What follows from the name of a run (named), or from the first of it."""
    displaced = told.filter(_FOLLOWS_STRAYS | _QUALIFIER_WRONG)
    of_named = displaced.join(named, on="run", how="semi")
    first = told.filter(STRAY).group_by("run").agg(first=pl.col("place").min())
    # What they must hold and say is that of the loop they were put into, not of their own.
    misread = told.filter(_FOLLOWS_STRAYS | _QUALIFIER_WRONG | _ELEMENT_WRONG | SITUATED)
    after = misread.join(first, on="run").filter(pl.col("place") > pl.col("first"))
    heads = _heads(loops, told).filter(STRAY).select("run", segment="head")
    miscalled = told.filter(BEGUN_WRONG).join(heads, on=["run", "segment"], how="semi")
    return pl.concat([one.select("fault") for one in (of_named, after, miscalled)]).unique()


def _from_first(loops: Loops, told: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Loops begun without their first segment, with the place where the run of what they were to hold begins."""
    first = told.filter(STRAY).group_by("run").agg(at=pl.col("place").min())
    begun = told.filter(BEGUN_WRONG).unique("run", keep="none")
    lost = begun.join(named, on="run", how="semi").join(first, on="run")
    moved = lost.filter(pl.col("at") < pl.col("place"))
    head = loops.elements(moved["at"].to_numpy()).list.first()
    says = composed(
        "loop {} begins with {}; its first segment {} is missing", "loop", pl.lit(head), "segment"
    )
    return moved.select("fault", place="at", message=says)


def _run_of(loops: Loops, faults: pl.DataFrame) -> Integers:
    """For each place (and that behind the last) the number of the run of displaced segments it stands in.

    A place that is in none has a number of its own.
    """
    inside = np.append(loops.node < 0, False)
    inside[faults.filter(_FOLLOWS_STRAYS | BEGUN_WRONG | _QUALIFIER_WRONG)["place"].to_numpy()] = (
        True
    )
    inside[np.append(loops.starts(loops.guide.root), len(loops.node))] = False
    begins = ~inside
    begins[1:] |= ~inside[:-1]
    runs: Integers = np.cumsum(begins)
    return runs


def _named(loops: Loops, told: pl.DataFrame, runs: Integers) -> pl.DataFrame:
    """The runs that a loop begun without its first segment was to hold, having such a one as the run's first.

    So is a loop missing that was due behind segments put back into another one.
    """
    guide = [one for one in loops.guide.nodes if one.kind == "loop"]
    held = pl.DataFrame(
        [(loop.id, child.id) for loop in guide for child in loop.children],
        schema={"loop": pl.String(), "head": pl.String()},
        orient="row",
    ).unique()
    missing = told.filter((pl.col("code") == "LOOP_MISSING") & (pl.col("place") > 0))
    before = missing.with_columns(run=pl.Series(runs[missing["place"].to_numpy() - 1]))
    heads = _heads(loops, told)
    back = heads.filter(pl.col("code") == "SEGMENT_ORDER")
    begun = told.filter(BEGUN_WRONG).select("run", "loop", "segment").join(heads, on="run")
    lost = [
        begun.filter(pl.col("head") != pl.col("segment")).drop("segment"),
        before.select("run", "loop").join(back, on="run"),
    ]
    return pl.concat(lost).join(held, on=["loop", "head"], how="semi").select("run")


def _heads(loops: Loops, told: pl.DataFrame) -> pl.DataFrame:
    """The first displaced segment of each run: run, its fault's code, its id (head)."""
    displaced = told.filter(STRAY | BEGUN_WRONG).sort("place", maintain_order=True)
    heads = displaced.unique("run", keep="first", maintain_order=True)
    head = loops.elements(heads["place"].to_numpy()).list.first().alias("head")
    return heads.select("run", "code", head)


def _beside_begun(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What is missing, or counts on wrong, only because a loop was begun without its first segment."""
    begun = faults.filter(BEGUN_WRONG).select("loop", "segment", "place", begun="place")
    lacking = faults.filter(LACKING).sort("place").join_asof(
        begun.sort("place"), on="place", by=["loop", "segment"], strategy="nearest",
        tolerance=NEAR, check_sortedness=False,
    ).drop_nulls("begun")  # fmt: skip
    after = _after_begun(loops, faults, begun.filter(segment="LX"))
    # Right behind one of its own kind it left the loop before it no room for anything else.
    places = begun["place"].to_numpy()
    close = begun.filter(pl.Series(loops.node[places] == loops.node[places - 1]))
    cut = faults.filter(LACKING).join(close, on=["loop", "place"], how="semi")
    situated = _in_begun(loops, faults.filter(pl.col("code").str.starts_with("SITUATION_")), begun)
    return pl.concat([one.select("fault") for one in (lacking, after, cut, situated)]).unique()


_BEFORE = -1
"""Before the first place."""


def _in_begun(loops: Loops, situated: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """Of a line or claim without its first segment a rule cannot say what is not there, or not so."""
    found = [situated.join(begun, on="place", how="semi")]
    for name in begun["loop"].unique():
        starts = np.sort(np.concatenate([loops.starts(one) for one in loops.guide.loops(name)]))
        own = situated.filter(pl.col("loop") == name)
        last = np.searchsorted(starts, own["place"].to_numpy(), side="right")
        start = np.concatenate([[_BEFORE], starts])[last]
        found.append(own.filter(pl.Series(start).is_in(begun["place"].implode())))
    return pl.concat(found)


def _after_begun(loops: Loops, faults: pl.DataFrame, begun: pl.DataFrame) -> pl.DataFrame:
    """Lines numbered wrong right after a line of the same claim that has no LX."""
    counted = faults.filter(pl.col("code") == "LX_NUMBER_WRONG")
    lines = [one for one in loops.guide.nodes if one.kind == "loop" and first_of(one) == "LX"]
    if counted.is_empty() or not lines:
        return counted
    starts = np.sort(np.concatenate([loops.starts(line) for line in lines]))
    # A claim may stand at several places of the guide; whichever begins, the sum goes up by one.
    claims = {line.parent.index: line.parent for line in lines if line.parent is not None}
    claim = np.sum([loops.instance(one) for one in claims.values()], axis=0)
    places = counted["place"].to_numpy()
    before = starts[np.maximum(np.searchsorted(starts, places) - 1, 0)]
    same = pl.Series(claim[before] == claim[places])
    return counted.with_columns(before=pl.Series(before.astype(np.int64))).filter(same).join(
        begun, left_on="before", right_on="place", how="semi"
    )  # fmt: skip


def _in_lost_loops(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What follows where a segment was put back into a loop that held such a one: those of a lost loop.

    That others occur too often in the loop, or contradict each other, is the same fault.
    """
    found = [faults.head(0).select("fault")]
    inside = faults.filter(pl.col("place") < len(loops.node))
    stray = inside.filter(pl.col("code") == "SEGMENT_ORDER")["place"].to_numpy()
    for number in np.unique(loops.node[stray]).tolist():
        node = loops.guide.nodes[number]
        if node.loop.parent is None:
            continue
        again = _stood_already(loops, node, stray[loops.node[stray] == number])
        instance = loops.instance(node.loop)
        first = dict(zip(instance[again][::-1].tolist(), again[::-1].tolist(), strict=True))
        within = [one.id for one in node.loop.children if one.kind == "loop"]
        below = LOOP_SURPLUS & pl.col("loop").is_in(within)
        own = inside.filter((pl.col("loop") == node.loop.id) | below)
        own = own.with_columns(of=pl.Series(instance[own["place"].to_numpy()]))
        since = pl.col("of").replace_strict(first, default=None, return_dtype=pl.Int64)
        later = (_FOLLOWS_STRAYS | DUPLICATE | LOOP_SURPLUS) & (pl.col("place") > since)
        contradicts = pl.col("code").str.starts_with("SITUATION_") & since.is_not_null()
        found.append(own.filter(later | contradicts).select("fault"))
    return pl.concat(found).unique()


_ELEMENT_WRONG = (
    pl.col("code").str.contains("^(?:ELEMENT|SYNTAX)_")
    | pl.col("code").is_in(["CODE_INVALID", "NUMBER_INVALID", "DATE_INVALID", "FORM_INVALID"])
) & pl.col("element").is_not_null()


def _of_wrong_elements(_: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What a situation or a count asks of an element that is wrong, or missing, by itself.

    Or of one in a segment that is one too many, or because of what such an element says.
    """
    spot = faults.with_columns(pl.col("component", "trigger_component").fill_null(0))
    situated, surplus = spot.filter(SITUATED), spot.filter(pl.col("code") == "SEGMENT_REPEATS")
    wrong = spot.filter(_ELEMENT_WRONG).select(_SPOT)
    of_wrong = wrong.select(
        pl.col("place").alias("trigger"),
        *(pl.col(one).alias(f"trigger_{one}") for one in _SPOT[1:]),
    )
    found = [
        situated.join(wrong, on=_SPOT, how="semi"),
        situated.join(of_wrong, on=of_wrong.columns, how="semi"),
        situated.join(surplus, on="place", how="semi"),
    ]
    return pl.concat(found).select("fault").unique()


_SPOT = ["place", "element", "component"]


def _missed_already(_: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """What a situation asks for and the guide misses already."""
    missed = faults.filter((pl.col("code") == "SEGMENT_MISSING") | BEGUN_WRONG)
    return (
        faults.filter(ASKED_FOR)
        .join(missed, on=["place", "loop", "segment"], how="semi")
        .select("fault")
    )


_STEPS: tuple[tuple[_Step, pl.Expr], ...] = (
    (_without(_missed_already), ASKED_FOR),
    (sent_twice, LACKING),
    (_without(_beside_strays), LACKING | BEGUN_WRONG),
    (_without(begun_twice), LACKING | BEGUN_WRONG),
    (_bare_loops, LACKING | BEGUN_WRONG),
    (_without(_beside_begun), BEGUN_WRONG),
    (_of_runs, STRAY),
    (_without(_in_lost_loops), STRAY),
    (_without(behind_moved), STRAY),
    (_without(_of_exchanged), LACKING),
    (_without(_of_wrong_elements), SITUATED),
    (_without(of_wrong_segments), DUPLICATE),
)
"""What is done about faults that follow from others, in turn, and those without which nothing does."""
