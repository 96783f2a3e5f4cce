"""One fault, its answer: fixtures/acks/cases.toml, written by hand; and what pyx12 answers to the same."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.acks import Stamp, answers
from tests.conftest import FIXTURES
from tests.differential.judges import Opinion, pyx12

CASES: dict[str, dict[str, Any]] = tomllib.loads((FIXTURES / "acks" / "cases.toml").read_text())
AT = datetime(2026, 3, 2, 7, 0)
_TOLD = ("IK3", "CTX", "IK4", "IK5", "AK9")


def faulty(case: dict[str, Any]) -> bytes:
    """The base with its fault."""
    text = (FIXTURES / "x12" / case["base"]).read_text()
    if "cut" in case:
        start, end = (text.index(mark) for mark in case["cut"])
        text = text[:start] + text[end:]
    if "twice" in case:
        start, end = (text.index(mark) for mark in case["twice"])
        text = text[:end] + text[start:]
    for before, after in case["change"]:
        assert before in text
        text = text.replace(before, after, 1)
    return text.encode()


def answer(data: bytes) -> bytes:
    made = answers(parsers.parse([(1, data)]), Stamp(AT, 1))
    return b"".join(one.content for one in made[1])


def lines(content: bytes) -> list[str]:
    return content.decode("ascii").replace("\n", "").split("~")


def test_interchanges_of_one_number_in_a_file() -> None:
    """The second is rejected as sent before (025), and has no 999."""
    base = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
    said = [line for line in lines(answer(base + base)) if line[:3] in ("TA1", "AK9")]
    assert said == [
        "TA1*000000201*260302*0700*A*000", "AK9*A*1*1*1",
        "TA1*000000201*260302*0700*R*025",
    ]  # fmt: skip


def test_interchanges_and_groups_each_with_separators_of_their_own() -> None:
    """A claim and a remit group in one interchange, a remit with other separators behind it."""
    claim = (FIXTURES / "x12" / "claim_iop.837").read_text()
    remit = (FIXTURES / "x12" / "remit_iop.835").read_text()
    group = remit[remit.index("GS*") : remit.index("IEA*")]
    both = claim.replace("IEA*1*", f"{group}IEA*2*").replace("HC:H0015*350", "HX:H0015*350", 1)
    other = remit.replace("BPR*I*560*", "BPR*I*FIVE*").translate(str.maketrans("*:^~", '|>!"'))
    said = [line for line in lines(answer((both + other).encode())) if line[:3] in _TOLD]
    assert [line for line in said if line[:3] != "CTX"] == [
        "IK3*SV2*29**8", "IK4*2:1*235*7", "IK5*R*5", "AK9*R*1*1*0",
        "IK5*A", "AK9*A*1*1*1",
        "IK3*BPR*2**8", "IK4*2*782*6", "IK5*R*5", "AK9*R*1*1*0",
    ]  # fmt: skip


def test_separators_that_clash_leave_nothing_to_answer() -> None:
    """Which character parts what cannot be told: neither can whom to answer."""
    base = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
    read = parsers.parse([(1, base.replace(b"*0*T*:~", b"*0*T**~", 1))])
    assert "SEPARATORS_CLASH" in read[1].findings["code"].to_list()
    assert answers(read, Stamp(AT, 1)) == {}


def test_what_cannot_be_told_in_its_element_is_told_as_the_most_that_can() -> None:
    """Positions and numbers past what IK302, IK401 and AK9 hold: still a valid answer."""
    data = faulty(CASES["component"])
    read = parsers.parse([(1, data)])[1]
    huge = read.findings.with_columns(
        segment_position=pl.lit(12_345_678, pl.Int64),
        element=pl.lit(120, pl.Int64),
        component=pl.lit(150, pl.Int64),
        repetition=pl.lit(123_456, pl.Int64),
    )
    ((made,),) = answers({1: replace(read, findings=huge)}, Stamp(AT, 1)).values()
    assert "IK3*SV2*999999**8" in lines(made.content)
    assert any(line.startswith("IK4*99:99:9999*") for line in lines(made.content))
    assert parsers.parse([(1, made.content)])[1].findings.is_empty()
    assert pyx12(made.content) == Opinion(True, ())


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_the_one_written_by_hand(name: str) -> None:
    case = CASES[name]
    said = lines(answer(faulty(case)))
    (ta1,) = [line for line in said if line.startswith("TA1")]
    assert ta1.split("*", 4)[4] == case.get("ta1", "A*000")
    assert [line for line in said if line[:3] in _TOLD] == case.get("answer", [])


def test_every_answer_is_valid_to_both() -> None:
    files = {number: faulty(case) for number, case in enumerate(CASES.values(), start=1)}
    made = answers(parsers.parse(list(files.items())), Stamp(AT, 1))
    contents = {number: one.content for number, parts in made.items() for one in parts}
    assert len(contents) == len(CASES) >= 50
    read = parsers.parse(list(contents.items()))
    for number, content in contents.items():
        assert read[number].findings.is_empty(), content
        assert pyx12(content) == Opinion(True, ()), content
