"""Kinds of faults of a guide's transactions, by which what follows from others is found (guides.consequences)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.repairs import Transition

NEAR = 2
"""How many segments away what is missing may stand out of its place."""
STRAY = pl.col("code").is_in(["SEGMENT_UNEXPECTED", "SEGMENT_ORDER"])
ASKED_FOR = pl.col("absent").fill_null(False) & pl.col("code").str.starts_with("SITUATION_")
"""What a situation asks for, be it an error or doubtful that it is not there."""
LACKING = pl.col("code").is_in(["SEGMENT_MISSING", "LOOP_MISSING"]) | ASKED_FOR
BEGUN_WRONG = pl.col("code") == "LOOP_START_MISSING"
DUPLICATE = pl.col("code") == "SEGMENT_DUPLICATE"
LOOP_SURPLUS = pl.col("code") == "LOOP_REPEATS"
SITUATED = pl.col("code").str.contains(
    "^(?:SITUATION_ELEMENT|SITUATION_VALUE|SITUATION_DOUBTFUL|HL|LX)"
)


def of_pairs(
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
