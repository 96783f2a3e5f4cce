"""Public 835 and 837I files, read against a plain count over their raw text and against pyx12."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.guides.walking import walk
from edi_iop.x12 import segments
from edi_iop.x12.envelopes import enveloped
from tests.conftest import ROOT, SAMPLES
from tests.referee import verdict

FILES = sorted((*SAMPLES.glob("835/*"), *SAMPLES.glob("837I/*")))
DISAGREEMENTS = tomllib.loads((ROOT / "tests" / "parsers" / "disagreements.toml").read_text())


@pytest.fixture(scope="module")
def parsed(samples: Path) -> dict[str, parsers.Parsed]:
    """Every file, by name; all of them went through as one batch."""
    assert len(FILES) >= 66, f"files are missing in {samples}"
    answer = parsers.parse([(number, path.read_bytes()) for number, path in enumerate(FILES)])
    return {path.name: answer[number] for number, path in enumerate(FILES)}


def raw_segments(data: bytes) -> Iterator[list[str]]:
    """The plain way: split at the terminator, then at the element separator."""
    text = data.decode("latin-1").lstrip()
    if text.startswith("ISA"):
        element = text[3]
        terminator = text[[at for at, one in enumerate(text) if one == element][15] + 2]
    else:
        element, terminator = "*", "~"
    for raw in text.split(terminator):
        if raw.strip():
            yield raw.strip("\r\n ").split(element)


def amounts(found: list[list[str]], place: int) -> int:
    """The sum of an element in cents, what is no amount left out."""
    total = Decimal(0)
    for elements in found:
        try:
            total += Decimal(elements[place])
        except (InvalidOperation, IndexError):
            continue
    return int(total * 100)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent.name == "835"], ids=lambda path: path.name
)
def test_835_counts_and_sums_equal_the_raw_text(
    path: Path, parsed: dict[str, parsers.Parsed]
) -> None:
    tables = parsed[path.name].tables
    by_id: dict[str, list[list[str]]] = {}
    for elements in raw_segments(path.read_bytes()):
        by_id.setdefault(elements[0], []).append(elements)
    clp, svc = by_id.get("CLP", []), by_id.get("SVC", [])
    assert len(tables["remit_claims"]) == len(clp)
    assert len(tables["remit_lines"]) == len(svc)
    assert tables["remit_claims"]["charge_cents"].sum() == amounts(clp, 3)
    assert tables["remit_claims"]["paid_cents"].sum() == amounts(clp, 4)
    assert tables["remit_lines"]["charge_cents"].sum() == amounts(svc, 2)
    assert tables["remit_lines"]["paid_cents"].sum() == amounts(svc, 3)
    cas, plb = by_id.get("CAS", []), by_id.get("PLB", [])
    triplets = [one[at : at + 3] for one in cas for at in range(2, len(one), 3) if one[at]]
    pairs = [one[at : at + 2] for one in plb for at in range(3, len(one), 2) if one[at]]
    assert len(tables["adjustments"]) == len(triplets)
    assert tables["adjustments"]["amount_cents"].sum() == amounts(triplets, 1)
    assert len(tables["provider_adjustments"]) == len(pairs)
    assert tables["provider_adjustments"]["amount_cents"].sum() == amounts(pairs, 1)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_segment_is_in_a_loop_or_in_a_finding(
    path: Path, parsed: dict[str, parsers.Parsed]
) -> None:
    data = path.read_bytes()
    split = segments.read([data])
    assert len(split.rows) == sum(1 for _ in raw_segments(data))
    envelopes = enveloped(split)
    found = walk(split, envelopes)
    walked, unguided = found.loops, found.unguided
    codes = parsed[path.name].findings["code"].to_list()
    in_loops = sum(int((loops.node >= 0).sum()) for loops in walked)
    unmatched = sum(int((loops.node < 0).sum()) for loops in walked)
    ids = split.texts["id"].gather(split.rows["text"])
    envelope = int(ids.is_in(["ISA", "GS", "GE", "IEA", "TA1"]).sum())
    guideless = int((unguided["last"] - unguided["row"] + 1).sum())
    placed = envelopes.placed(np.arange(len(split.rows)))
    outside = placed["st"].null_count() - envelope
    assert in_loops + unmatched + envelope + guideless + outside == len(split.rows)
    assert (unmatched > 0) == ("SEGMENT_UNEXPECTED" in codes)
    assert codes.count("GUIDE_UNKNOWN") == len(unguided)
    assert (outside > 0) == any(
        code in ("NO_ENVELOPE", "SEGMENT_EMPTY") for code in codes if outside
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_pyx12_agrees_or_the_difference_is_listed(
    path: Path, parsed: dict[str, parsers.Parsed]
) -> None:
    findings = parsed[path.name].findings.filter(pl.col("code") != "CLAIM_TOTAL_WRONG")
    ours = not (findings["severity"] == "error").any()
    theirs, _ = verdict(path.read_bytes())
    listed = DISAGREEMENTS.get(path.name)
    if listed is None:
        assert ours is theirs
    else:
        assert (ours, "cannot tell" if theirs is None else theirs) == (
            listed["ours"],
            listed["pyx12"],
        )
        assert len(listed["reason"]) > 20


def test_every_listed_difference_is_a_file(samples: Path) -> None:
    names = {path.name for path in samples.glob("*/*")}
    assert set(DISAGREEMENTS) <= names
