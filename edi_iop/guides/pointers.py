"""Diagnosis pointers of professional lines (SNIP level 4): each names a diagnosis of its claim.

005010X222A1 loop 2400, SV107: the number of an element of the claim's HI ABK.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from edi_iop.guides.conditions import Condition, Place, Sight, condition, places
from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.structure import NO_FAULTS, conformed
from edi_iop.texts import composed
from edi_iop.x12 import separators as sep

_ELEMENT = 7
_MOST = 12
"""Diagnoses a claim may have: a pointer above is no code of the guide."""


def pointer_faults(loops: Loops) -> pl.DataFrame:
    """Pointers above the number of their claim's diagnoses: structure.FAULTS."""
    found = [NO_FAULTS]
    if loops.guide.form == "837P":
        for place in places(loops.guide, "2400.SV1"):
            found.append(_beyond(loops, place))
    return pl.concat(found)


def _beyond(loops: Loops, place: Place) -> pl.DataFrame:
    asked = condition(loops.guide, place, "2300.HI[ABK,BK]")
    sight = Sight(loops, [(node, asked.test) for node in asked.nodes])
    lines = sight.subjects(place)
    if not len(lines):
        return NO_FAULTS
    lines = lines[sight.judged(asked, lines)]
    held = pl.Series(_diagnoses(sight, asked, lines))
    pointers = (
        pl.DataFrame({"place": lines, "held": held, "elements": loops.elements(lines)})
        .with_columns(
            value=pl.col("elements").list.get(_ELEMENT, null_on_oob=True).str.split(sep.COMPONENT)
        )
        .with_columns(component=pl.int_ranges(1, pl.col("value").list.len() + 1))
        .explode("value", "component")
    )
    # A claim without any diagnosis, and a pointer that is no number, are told elsewhere.
    number = pl.col("value").cast(pl.Int64, strict=False)
    beyond = pointers.filter((number > pl.col("held")) & (number <= _MOST) & (pl.col("held") > 0))
    says = composed("the line points to diagnosis {}, the claim has {}", "value", "held")
    told = beyond.with_columns(
        message=says,
        code=pl.lit("SITUATION_DOUBTFUL"),
        loop=pl.lit(place.loop.id),
        segment=pl.lit("SV1"),
        element=pl.lit(_ELEMENT),
    )
    return conformed(told)


def _diagnoses(sight: Sight, asked: Condition, lines: Integers) -> Integers:
    """How many diagnoses the claim of each line has."""
    counts: Integers = np.zeros(len(lines), dtype=np.int64)
    for target in asked.targets:
        instance = sight.loops.instance(target.shared)
        at = sight.fitting(target.node, asked.test)
        given = sight.loops.elements(at).list.slice(1).list.eval(pl.element() != "").list.sum()
        held = np.zeros(int(instance[-1]) + 1, dtype=np.int64)
        np.add.at(held, instance[at], given.to_numpy())
        counts += held[instance[lines]]
    return counts
