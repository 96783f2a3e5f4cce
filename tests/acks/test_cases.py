"""One fault, its answer: fixtures/acks/cases.toml, written by hand; and what pyx12 answers to the same."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Any

import pytest

from edi_iop import parsers
from edi_iop.acks import Stamp, answers
from tests.conftest import FIXTURES
from tests.differential.judges import Opinion, pyx12_of

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
        assert pyx12_of(content) == Opinion(True, ()), content
