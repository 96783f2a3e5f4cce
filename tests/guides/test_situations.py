"""SNIP level 4: every situational rule, breaking and keeping it, as fixtures/situations tell."""

from __future__ import annotations

import tomllib
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.errors import BadMap
from edi_iop.findings import CATALOGUE
from edi_iop.guides import conditions, situations
from edi_iop.guides.loader import load
from edi_iop.parsers.batches import read_batches
from tests.conftest import FIXTURES
from tests.guides.test_faults import changed

CASES = [
    case
    for path in sorted((FIXTURES / "situations").glob("*.toml"))
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
]
NUMBERING = {
    code for code in CATALOGUE if code.startswith(("HL_", "LX_"))
}  # the rules that are not in the book


def edited(case: dict[str, Any]) -> bytes:
    """The case's file."""
    data = (FIXTURES / case["base"]).read_bytes()
    for before, after in case.get("change", []):
        data = changed(data, before, after)
    return data


@pytest.fixture(scope="module")
def parsed() -> dict[int, parsers.Parsed]:
    """Every case's file; all of them went through as one batch."""
    return parsers.parse([(number, edited(case)) for number, case in enumerate(CASES)])


def test_what_triggers_a_rule_is_a_segment_of_the_transaction(
    parsed: dict[int, parsers.Parsed],
) -> None:
    """ST is 1: the segment at that position is the one named, and holds the element."""
    seen = 0
    for number, one in parsed.items():
        text = edited(CASES[number]).decode("ascii").replace("\n", "")
        segments = text[text.index("ST*") :].split("~")
        told = one.findings.filter(pl.col("trigger_position").is_not_null())
        columns = ("trigger_position", "trigger_segment", "trigger_element")
        for position, segment, element in told.select(columns).iter_rows():
            elements = segments[position - 1].split("*")
            assert elements[0] == segment
            assert element is None or elements[element]
            seen += 1
    assert seen >= 30


@pytest.mark.parametrize(
    "number",
    range(len(CASES)),
    ids=lambda number: f"{CASES[number]['rule']}: {CASES[number]['name']}",
)
def test_case(number: int, parsed: dict[int, parsers.Parsed]) -> None:
    case = CASES[number]
    data = edited(case)
    found = parsed[number].findings.filter(pl.col("snip") == 4)
    expected = case.get("expect", [])
    columns = ("code", "loop", "segment", "element", "component")
    assert found.select(columns).rows() == [tuple(one.get(name) for name in columns) for one in expected]  # fmt: skip
    for offset, one in zip(found["byte_offset"], expected, strict=True):
        assert data[offset:].startswith(one["at"].encode()), data[offset : offset + 30]
    if case["rule"] in situations.book():
        assert all(f"({case['rule']})" in message for message in found["message"])


def test_every_rule_is_broken_and_kept_by_a_case() -> None:
    held = {(case["rule"], bool(case.get("expect"))) for case in CASES}
    rules = {*situations.book(), *NUMBERING}
    assert held == {(rule, broken) for rule in rules for broken in (True, False)}


def test_each_rule_has_one_consequence_and_finds_its_places() -> None:
    for name, rule in situations.book().items():
        compared = [rule.among, rule.unlike, rule.distinct or None]
        days = [rule.begins_by, rule.ends_by, rule.ends_after]
        asked = [rule.need, rule.forbid, *compared, *days]
        assert sum(one is not None for one in asked) == 1, name
        assert rule.says[0].islower(), name
        assert not rule.says.endswith("."), name
        for guide in (load(one) for one in ("005010X221A1", "005010X223A2", "005010X222A1")):
            if guide.form in rule.forms:
                plans = situations.planned(guide, {name: rule})
                assert plans, f"{name} has no place in {guide.name}"
                assert all(asked.nodes for plan in plans for asked in (*plan.when, *plan.then)), (
                    f"{name} asks for what {guide.name} does not have"
                )


def test_a_condition_that_is_none_is_named() -> None:
    guide = load("005010X223A2")
    (place,) = conditions.places(guide, "2000B/2300")
    for wrong in ("2300.CLM05 is 7", "CLM", "2300", "02 =", "2300.clm01"):
        with pytest.raises(BadMap, match="is not a condition"):
            conditions.condition(guide, place, wrong)


def test_unknown_words_in_a_rule_are_named(tmp_path: Path) -> None:
    file = tmp_path / "situations.toml"
    file.write_text('[rules.x]\nper = "2300"\nsays = "x"\ncites = "x"\nneeds = "2300.CLM"\n')
    with pytest.raises(BadMap, match=r"situations\.toml: .*unknown field `needs`"):
        situations.read(file)


def test_a_claim_of_one_patient_says_nothing_of_another() -> None:
    """Loop 2300 stands under subscribers and patients: the attending provider of one is not the other's."""
    data = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
    attending = "NM1*71*1*NGUYEN*KIM****XX*1245319599~\n"
    data = changed(data, attending + "PRV*AT*PXC*2084P0800X~\n", "")
    found = parsers.parse([(1, data)])[1].findings.filter(pl.col("snip") == 4)
    assert found["message"].to_list() == [
        "every institutional claim but one of transport alone names the attending provider (attending)"
    ]
    assert data[found["byte_offset"][0] :].startswith(b"LX*1~\nSV2*0906")


def test_in_pieces_nothing_is_invented() -> None:
    """A rule may miss what stands across the cut of two pieces; it finds no fault that is not there."""
    whole, cut = (_level_4(size) for size in (1 << 20, 500))
    assert len(whole) > 10
    assert set(cut) <= set(whole)
    assert len(cut) > 0.8 * len(whole)


def _level_4(size: int) -> list[tuple[Any, ...]]:
    """The findings of some broken cases, the files read in pieces of that size."""
    broken = [edited(case) for case in CASES if case.get("expect")][::4]
    files = [(number, BytesIO(data)) for number, data in enumerate(broken)]
    read = pl.concat(one.findings for one in read_batches(files, size=size))
    found = read.filter(pl.col("snip") == 4)
    rows = found.select("file_id", "code", "byte_offset", "element", "message").rows()
    assert len(set(rows)) == len(rows)
    return rows
