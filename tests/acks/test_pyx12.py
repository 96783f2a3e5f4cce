"""What pyx12 answers to the same 837, and what its authors expected: equal, or the difference is listed."""

from __future__ import annotations

import io
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import pyx12.params
import pyx12.x12n_document

from edi_iop import parsers
from tests.acks.test_answers import text
from tests.acks.test_cases import CASES, answer, faulty, lines
from tests.conftest import ROOT
from tests.referee import maps_kept

_LISTED: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (ROOT / "tests" / "acks" / "differences.toml").read_text()
)
CODES = {(one["level"], one["ours"], one["pyx12"]) for one in _LISTED["code"]}
WHOLE = {name: one["pyx12"] for one in _LISTED["case"] for name in one["names"]}
SAMPLES = {one["file"]: one for one in _LISTED["sample"]}
NAMES = [name for name, case in CASES.items() if case["base"].endswith("837") and "answer" in case]
_IK4_VALUE = 4


def said(content: bytes) -> list[str]:
    """IK3, IK4, IK5 and AK9 in order, without the bad values that pyx12 repeats."""
    kept = [line.split("*") for line in lines(content) if line[:3] in ("IK3", "IK4", "IK5", "AK9")]
    return ["*".join(one[:_IK4_VALUE] if one[0] == "IK4" else one) for one in kept]


def theirs(data: bytes) -> list[str]:
    """What pyx12's own 999 says; nothing where it ends with an exception."""
    written = io.StringIO()
    source = io.StringIO(data.decode("ascii"))
    try:
        with maps_kept():
            pyx12.x12n_document.x12n_document(pyx12.params.params(), source, written, None)
    except (pyx12.errors.EngineError, IndexError):
        return []
    return said(written.getvalue().encode())


def agrees(ours: str, other: str) -> bool:
    """The same line, or the same place with two codes that are listed."""
    mine, yours = ours.split("*"), other.split("*")
    return mine == yours or (mine[:-1] == yours[:-1] and (mine[0], mine[-1], yours[-1]) in CODES)


@pytest.mark.parametrize("name", NAMES)
def test_pyx12_answers_the_same_or_the_difference_is_listed(name: str) -> None:
    data = faulty(CASES[name])
    ours, other = said(answer(data)), theirs(data)
    if name in WHOLE:
        assert other == WHOLE[name] != ours
    else:
        assert len(ours) == len(other)
        assert [pair for pair in zip(ours, other, strict=True) if not agrees(*pair)] == []


def test_every_listed_difference_has_its_reason_and_its_case() -> None:
    assert all(len(one["reason"]) > 15 or one["file"] for kind in _LISTED.values() for one in kind)
    assert set(WHOLE) <= set(NAMES)


@pytest.fixture(scope="module")
def pairs(samples: Path) -> dict[str, tuple[bytes, bytes]]:
    """Each sample with an expected answer beside it."""
    expected = sorted((samples / "999").glob("pyx12__td_*.res*.x12"))
    named = {path.name.split(".")[0]: path for path in expected}
    found = {
        name.removeprefix("pyx12__"): (source.read_bytes(), path.read_bytes())
        for name, path in named.items()
        for source in samples.glob(f"*/{name}.x12")
    }
    assert len(found) >= 17
    return found


def as_999(content: bytes) -> list[str]:
    """A 997 or 999 in the words of a 999, group by group; a TA1's decision and note."""
    told = []
    for line in re.split(r"~\s*", content.decode("ascii")):
        name = {"AK3": "IK3", "AK4": "IK4", "AK5": "IK5"}.get(line[:3], line[:3])
        parts = [name, *line.split("*")[1:]]
        if name == "TA1":
            parts = ["TA1", *parts[-2:]]
        told.append("*".join(parts[:_IK4_VALUE] if name == "IK4" else parts))
    return [line for line in told if line[:3] in ("TA1", "AK1", "AK2", "IK3", "IK4", "IK5", "AK9")]


def comparable(told: list[str], unread: set[tuple[str, str]], rejected: bool) -> list[str]:
    """What both can say: TA1s, and of claims and remits with a guide here the rest."""
    kept, group, ours, transaction = [], "", False, ""
    for line in told:  # a few lines a sample
        parts = line.split("*")
        if parts[0] == "TA1":
            kept.append(line)
        elif parts[0] == "AK1":
            group, ours = parts[2], parts[1] in ("HC", "HP") and not rejected
        elif parts[0] == "AK2":
            transaction = parts[2]
        elif ours and (group, transaction) not in unread:
            kept.append(line)
    return kept


def unread(told: list[str]) -> set[tuple[str, str]]:
    """The transaction sets (group, number) that were rejected for want of a guide (I6)."""
    found, group, transaction = set(), "", ""
    for line in told:
        parts = line.split("*")
        group = parts[2] if parts[0] == "AK1" else group
        transaction = parts[2] if parts[0] == "AK2" else transaction
        if parts[0] == "IK5" and "I6" in parts:
            found.add((group, transaction))
    return found


def test_the_expected_answers_of_the_samples(pairs: dict[str, tuple[bytes, bytes]]) -> None:
    """Those to claims and remits: the same codes at the same places, or listed."""
    seen = set()
    for name, (data, expected) in pairs.items():
        ours = as_999(text(data).encode())
        if not ours:
            assert parsers.parse([(1, data)])[1].kind not in ("835", "837I", "837P"), name
            continue
        told = as_999(expected)
        rejected = any(line.startswith("TA1*R") for line in ours)
        missing = unread(ours)
        mine = Counter(comparable(ours, missing, rejected))
        other = Counter(comparable(told, missing, rejected))
        mine = Counter({line: n for line, n in mine.items() if not line.startswith("TA1*A")})
        other = Counter({line: n for line, n in other.items() if not line.startswith("TA1*A")})
        listed = SAMPLES.get(name, {})
        assert sorted((other - mine).elements()) == sorted(listed.get("theirs", [])), name
        assert sorted((mine - other).elements()) == sorted(listed.get("ours", [])), name
        seen.add(name)
    assert set(SAMPLES) <= seen


def test_envelope_faults_of_unread_claims_are_those_expected(
    pairs: dict[str, tuple[bytes, bytes]],
) -> None:
    """4010 claims are read to segments: counts and empty elements are told where 997s tell them."""
    agreed = {
        "td_blank1": ["IK3*SV2*57**8", "IK3*SVD*59**8"],
        "td_trailing_terms": ["IK3*CLM*22**8"],
    }
    for name, places in agreed.items():
        data, expected = pairs[name]
        assert [line for line in as_999(text(data).encode()) if line.startswith("IK3")] == places
        assert [line for line in as_999(expected) if line.startswith("IK3")] == places
    data, expected = pairs["td_elements"]
    assert "IK5*R*4*I6" in as_999(text(data).encode())
    assert "IK5*R*4*5" in as_999(expected)
