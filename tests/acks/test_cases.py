"""One fault, its answer: fixtures/acks/cases.toml, written by hand; and what pyx12 answers to the same."""

from __future__ import annotations

import tomllib
from datetime import datetime
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from msgspec.structs import replace

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


CLAIM = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
ELEMENTS = CLAIM[: CLAIM.index(b"~")].split(b"*")


@pytest.mark.parametrize("lost", range(1, 12))
def test_an_isa_that_lacks_what_names_its_sender_is_not_answered(lost: int) -> None:
    """With an element lost before ISA11, whose is whose cannot be told; but for ISA11 itself it can."""
    isa = b"*".join(ELEMENTS[:lost] + ELEMENTS[lost + 1 :])
    read = parsers.parse([(1, isa + CLAIM[len(b"*".join(ELEMENTS)) :])])
    assert read[1].findings["code"].to_list() == ["ISA_SHORT"]
    told = answers(read, Stamp(AT, 1))
    assert [one.interchange for one in told.get(1, [])] == (["000000201"] if lost == 11 else [])


def test_an_isa_cut_off_is_answered_once_its_number_is_whole() -> None:
    """And never by what is only half a number; a file that ends so says ISA_SHORT and no more."""
    read = parsers.parse([(left, CLAIM[:left]) for left in range(4, 107)])
    said = answers(read, Stamp(AT, 1))
    number = CLAIM.index(b"000000201") + len(b"000000201")
    for left in range(4, 105):  # from there on the ISA is whole: the rest is missing (023)
        told = [line for one in said.get(left, []) for line in lines(one.content)]
        ta1 = [line for line in told if line.startswith("TA1")]
        assert ta1 == ([] if left < number else ["TA1*000000201*260302*0700*R*022"]), left
        assert read[left].findings["code"].to_list() == ["ISA_SHORT"], left


def test_a_damaged_interchange_of_a_ta1_is_not_answered() -> None:
    isa = CLAIM[: CLAIM.index(b"*0*T*:~")]
    read = parsers.parse([(1, isa + b"*TA1*000000001*260301*1200*A*000~IEA*0*000000201~")])
    assert read[1].findings["code"].to_list() == ["ISA_SHORT"]
    assert answers(read, Stamp(AT, 1)) == {}


def test_what_is_left_of_an_isa_holds_no_password() -> None:
    data = CLAIM.replace(b"*00*          *00*          *", b"*03*BADGE     *01*SECRET    *")
    found = parsers.parse([(1, data.replace(b"*0*T*:~", b"*~"))])[1].findings
    (value,) = found["value"]
    assert value.startswith("ISA*03**01**ZZ*SUNRIDGE       *ZZ*CLEARHOUSE     *260302*0700*")


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


@pytest.fixture(scope="module")
def answered() -> dict[str, list[str]]:
    """Each case's file as it is answered, all read together."""
    files = dict(enumerate(CASES, start=1))
    read = parsers.parse([(number, faulty(CASES[name])) for number, name in files.items()])
    made = answers(read, Stamp(AT, 1))
    return {
        name: [line for one in made[number] for line in lines(one.content)]
        for number, name in files.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_the_one_written_by_hand(name: str, answered: dict[str, list[str]]) -> None:
    case, said = CASES[name], answered[name]
    (ta1,) = [line for line in said if line.startswith("TA1")]
    assert ta1.split("*", 4)[4] == case.get("ta1", "A*000")
    assert [line for line in said if line[:3] in _TOLD] == case.get("answer", [])


@pytest.mark.parametrize("name", CASES)
def test_a_segment_with_element_errors_names_them(
    name: str, answered: dict[str, list[str]]
) -> None:
    """005010X231A1 loop 2100: IK304 is 8 where IK4 segments follow, and only there."""
    said = [line for line in answered[name] if not line.startswith("CTX")]
    of_elements = [
        (line.endswith("*8"), following.startswith("IK4"))
        for line, following in pairwise(said)
        if line.startswith("IK3")
    ]
    assert all(announced == named for announced, named in of_elements)


def test_every_answer_is_valid_to_both() -> None:
    files = {number: faulty(case) for number, case in enumerate(CASES.values(), start=1)}
    made = answers(parsers.parse(list(files.items())), Stamp(AT, 1))
    contents = {number: one.content for number, parts in made.items() for one in parts}
    assert len(contents) == len(CASES) >= 50
    read = parsers.parse(list(contents.items()))
    for number, content in contents.items():
        assert read[number].findings.is_empty(), content
        assert pyx12(content) == Opinion(True, ()), content
