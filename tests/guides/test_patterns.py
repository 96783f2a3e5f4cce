"""A pattern may fail on a clean segment, never fit a faulty one."""

from __future__ import annotations

import random
import re

import numpy as np
import polars as pl
import pytest

from edi_iop.guides import checks, loader, patterns
from edi_iop.guides.loops import Loops
from edi_iop.guides.walking import walk
from edi_iop.x12 import segments
from edi_iop.x12.envelopes import enveloped
from tests.conftest import FIXTURES, SAMPLES

VALUES = [
    "", " ", "A", "ab ", "Z" * 90, "0", "-1", "1.5", ".5", "1.", "12345678901234567890", "x1", "20260230",
    "20260229", "20240229", "20261301", "202601051260", "20260105-20260107", "20260107-", "D8", "RD8",
    "HC", "HC:H0015", "HC:", ":", "HC:H0015:::::::9", "A^B", "ABK:F1020^ABF:F331", "N\u00d1", "\x07",
]  # fmt: skip
"""What elements are replaced by: right in some places, wrong in most."""


def mutations(data: bytes, seed: int, count: int) -> list[bytes]:
    """Copies of a file, each with a few elements replaced."""
    chance = random.Random(seed)
    body = data.decode().split("~\n")
    made = []
    for _ in range(count):
        copy = [segment.split("*") for segment in body]
        for _ in range(12):
            segment = copy[chance.randrange(2, len(copy) - 3)]
            place = chance.randrange(1, len(segment) + 1)
            value = chance.choice(VALUES)
            # A fifth of the segments end there: what is missing behind is missing too.
            segment[place : None if chance.random() < 0.2 else place + 1] = [value]
        made.append("~\n".join("*".join(segment) for segment in copy).encode("latin-1", "replace"))
    return made


def walked(files: list[bytes]) -> list[Loops]:
    split = segments.read(files)
    return walk(split, enveloped(split)).loops


@pytest.mark.parametrize("name", ["remit_iop.835", "claim_iop.837"])
def test_patterns_hide_no_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every segment taken apart gives the same faults as only those without a fit."""
    data = (FIXTURES / "x12" / name).read_bytes()
    for loops in walked(mutations(data, seed=11, count=150)):
        screened = checks.element_faults(loops)
        every = loops.told(np.arange(len(loops.pairs))).with_row_index("pair")
        everything = every.filter(pl.col("node") >= 0)
        with monkeypatch.context() as patched:
            patched.setattr(checks, "_suspects", lambda _, pairs=everything: pairs)
            whole = checks.element_faults(loops)
        assert len(whole) > 500
        order = whole.columns
        assert screened.sort(order).equals(whole.sort(order))


@pytest.mark.parametrize("name", sorted(loader.index().guides))
def test_every_segment_has_a_pattern_that_compiles(name: str) -> None:
    for node in loader.load(name).nodes:
        if node.kind == "segment":
            pattern = patterns.of_node(name, node.index)
            re.compile(pattern)
            assert pl.Series(["ZZZ"]).str.contains(pattern).to_list() == [False]


def test_most_clean_segments_fit() -> None:
    """Otherwise reading would be as slow as without patterns."""
    files = [(FIXTURES / "x12" / name).read_bytes() for name in ("remit_iop.835", "claim_iop.837")]
    files += [path.read_bytes() for path in SAMPLES.glob("835/x12-types*")]
    for loops in walked(files):
        assert len(checks._suspects(loops)) < 0.1 * len(loops.pairs)
