"""Element checks: usage, types, lengths, codes and syntax notes (SNIP level 2).

What a segment's elements break follows from its node and its text alone, so
each distinct (node, text) pair is checked once. Those that fit their node's
pattern are clean; the rest are taken apart (guides.elements).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from edi_iop.guides import patterns
from edi_iop.guides.elements import CHECKS, missing, taken_apart
from edi_iop.guides.loops import NOWHERE, Loops
from edi_iop.guides.structure import FAULTS, NO_FAULTS
from edi_iop.guides.syntax import syntax_notes

_PLACE = ["pair", "element", "component", "repetition"]
_NOTHING = pl.DataFrame(schema={"pair": pl.UInt32(), "element": pl.Int32()})


def element_faults(loops: Loops) -> pl.DataFrame:
    """All element faults, one row a segment and fault: structure.FAULTS."""
    found = [_NOTHING]
    cleared = _CLEARED.setdefault(loops.guide.name, set())
    misfits = _suspects(loops)
    suspects = _uncleared(misfits, cleared)
    if not suspects.is_empty():
        values = taken_apart(suspects, loops.guide.name)
        broken = [check(values, loops.guide.name) for check in CHECKS]
        # A value that breaks several rules is one fault: the first said is the plainest.
        found.append(pl.concat(broken).unique(_PLACE, keep="first", maintain_order=True))
        found.append(missing(suspects, loops.guide.name, values))
        if len(suspects) <= _FEW and len(cleared) < _FEW:
            faulty = pl.concat([part.select("pair") for part in found])
            clean = suspects.join(faulty, on="pair", how="anti")
            cleared.update(clean.select("node", "raw").iter_rows())
    told = found[-1].select("pair", "element")
    # A note that asks for a required element says nothing new.
    noted = syntax_notes(loops, misfits["pair"].to_numpy())
    # Nor do two notes of one element.
    said = noted.unique(["pair", "element", "code"], keep="first", maintain_order=True)
    found.append(said.join(told, on=["pair", "element"], how="anti"))
    faults = _within(pl.concat(found, how="diagonal_relaxed"))
    if faults.is_empty():
        return NO_FAULTS
    return _at_home(loops, _placed(loops, faults))


def _within(faults: pl.DataFrame) -> pl.DataFrame:
    """Without what is wrong inside surplus repetitions: they are too many already."""
    if "repetition" not in faults.columns:
        return faults
    surplus = faults.filter(
        (pl.col("code") == "REPETITION_EXCESS") & (pl.col("repetition") > 0)
    ).select("pair", "element", most="repetition")
    counted = faults.join(surplus, on=["pair", "element"], how="left", maintain_order="left")
    beyond = (pl.col("code") != "REPETITION_EXCESS") & (pl.col("repetition") >= pl.col("most"))
    return counted.filter(~beyond.fill_null(False)).drop("most")


def _at_home(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """Without codes a segment may not carry where it was put back: it was out of its place."""
    moved = np.array([one.fault == "SEGMENT_ORDER" for one in loops.automaton.transitions])
    guessed = pl.Series(moved[loops.taken[faults["place"].to_numpy()]])
    return faults.filter(~(guessed & (faults["code"] == "CODE_INVALID")))


def _suspects(loops: Loops) -> pl.DataFrame:
    """The pairs that do not fit their node's pattern: all that can break an element rule."""
    guide = loops.guide.name
    raw = loops.pairs["raw"]
    fitting = _FITTING.setdefault(guide, {})
    few = _few(loops)
    spans = {
        number: span
        for number, span in loops.spans.items()
        if number not in few or not fitting.get(number, _NONE).issuperset(few[number])
    }
    misfits = pl.select(
        (~pl.lit(raw.slice(start, count)).str.contains(patterns.of_node(guide, number)))
        .arg_true()
        .implode()
        .alias(str(number))
        for number, (start, count) in spans.items()
    )
    rows = [
        misfits[str(number)].item().to_numpy().astype(np.int64) + start
        for number, (start, _) in spans.items()
    ]
    for number, found in zip(spans, rows, strict=True):
        known = fitting.setdefault(number, set())
        if number in few and not len(found) and len(known) < _REMEMBERED:
            known.update(few[number])
    places = np.concatenate([NOWHERE, *rows])
    return loops.told(places).with_columns(pair=pl.Series(places, dtype=pl.UInt32))


_DIFFERENT, _REMEMBERED = 250, 2500
_NONE: frozenset[str] = frozenset()
_FITTING: dict[str, dict[int, set[str]]] = {}
"""Of each guide and node, segments that fit the node's pattern, where a chunk has but a few different
ones: most come again with every chunk, and to make a pattern ready takes longer than to match them."""


def _few(loops: Loops) -> dict[int, list[str]]:
    """The segments of nodes that have but a few different ones."""
    few = [(number, *span) for number, span in loops.spans.items() if span[1] <= _DIFFERENT]
    rows = [NOWHERE, *(np.arange(start, start + count) for _, start, count in few)]
    texts = loops.pairs["raw"][pl.Series(np.concatenate(rows).astype(np.uint32))].to_list()
    ends = np.cumsum([count for *_, count in few]).tolist()
    return {
        number: texts[end - count : end] for (number, _, count), end in zip(few, ends, strict=True)
    }


_FEW = 100
_CLEARED: dict[str, set[tuple[int, str]]] = {}
"""Of each guide, segments that fit no pattern and were found clean all the same."""


def _uncleared(suspects: pl.DataFrame, cleared: set[tuple[int, str]]) -> pl.DataFrame:
    """A few suspects without those seen before: headers come again with every chunk."""
    if len(suspects) > _FEW or not cleared:
        return suspects
    known = [one in cleared for one in suspects.select("node", "raw").iter_rows()]
    return suspects.filter(~pl.Series(known, dtype=pl.Boolean))


def _placed(loops: Loops, faults: pl.DataFrame) -> pl.DataFrame:
    """Each pair's faults at every segment of the pair."""
    nodes = loops.guide.nodes
    named = pl.DataFrame(
        {
            "node": [node.index for node in nodes],
            "loop": [node.loop.id for node in nodes],
            "segment": [node.id for node in nodes],
        },
        schema_overrides={"node": pl.Int64},
    )
    places = pl.DataFrame({"pair": loops.pair}).with_row_index("place")
    return (
        faults.join(loops.pairs.select("node").with_row_index("pair"), on="pair", how="left")
        .join(named, on="node", how="left")
        .join(places.with_columns(pl.col("pair").cast(pl.UInt32)), on="pair")
        .select(
            (
                pl.col(name)
                if name in ("loop", "segment", "place") or name in faults.columns
                else pl.lit(None)
            )
            .cast(dtype)
            .alias(name)
            for name, dtype in FAULTS.items()
        )
    )
