"""explain and rules on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edi_iop.findings import CATALOGUE
from edi_iop.guides import companion, situations
from edi_iop.rules.catalogue import catalogue


def senses(call: Any, code: str) -> list[dict[str, str]]:
    result = call("explain", code, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, str]] = json.loads(result.stdout)
    return found


def test_every_rule_and_every_finding_is_explained(call: Any) -> None:
    for code in (*catalogue(), *CATALOGUE):
        assert code in {sense["code"] for sense in senses(call, code)}


def test_the_names_that_end_a_finding_are_explained(call: Any) -> None:
    """Situations of the guides, and what companion guides ask, by place or by their own name."""
    asked = (
        name for one in companion.names() for name in companion.rules(companion.companion(one))
    )
    for name in (*situations.book(), *asked):
        (sense, *_) = senses(call, name)
        assert sense["code"] == name
        assert sense["says"]
        assert sense["source"]


def test_a_situation_says_what_it_asks_and_where(call: Any) -> None:
    (sense,) = senses(call, "Electronic-Payer-Bank")
    assert sense["kind"] == "situation of 835"
    assert sense["more"] == "error, SNIP 4; asked of each ST.BPR"


def test_a_code_with_several_senses_has_them_all(call: Any) -> None:
    """8 is a reason of a payer, a claim frequency, and in a 999 a fault of a segment or element."""
    assert [sense["kind"] for sense in senses(call, "8")] == [
        "claim adjustment reason",
        "claim frequency",
        "segment error",
        "element error",
    ]


@pytest.mark.parametrize("code", ["CO-97", "co97", "CO 97"])
def test_group_and_reason_together(code: str, call: Any) -> None:
    group, reason = senses(call, code)
    assert (group["code"], reason["code"]) == ("CO", "97")
    assert "DUP-01" in reason["more"]


def test_the_reason_of_a_pair_is_no_code_of_another_list(call: Any) -> None:
    assert [sense["kind"] for sense in senses(call, "CO-4")] == [
        "adjustment group",
        "claim adjustment reason",
    ]


@pytest.mark.parametrize(
    ("code", "column"),
    [("CLP02", "status"), ("CLM05-3", "frequency"), ("SV202-2", "procedure"), ("bpr02", "amount")],
)
def test_an_element_names_its_column(code: str, column: str, call: Any) -> None:
    assert any(column in sense["source"] for sense in senses(call, code))


def test_an_element_says_what_the_guide_asks(call: Any) -> None:
    asked = [s["says"] for s in senses(call, "CLP02") if s["source"].startswith("005010X221A1")]
    assert asked
    assert asked[0].startswith("loop 2100: required")


def test_a_loop_and_a_table(call: Any) -> None:
    assert {"837I loop", "837P loop"} <= {sense["kind"] for sense in senses(call, "2010aa")}
    assert "columns: file_id" in senses(call, "remit_lines")[0]["more"]


def test_an_unknown_code_suggests_what_is_near(call: Any) -> None:
    result = call("explain", "DUP-1")
    assert result.exit_code == 3
    assert "DUP-01" in result.stderr


def test_every_sense_has_a_source(call: Any) -> None:
    for code in ("DUP-01", "COUNT_WRONG", "97", "N20", "void_8", "H0015", "0906", "WO", "SVC"):
        assert all(sense["source"] for sense in senses(call, code))


def test_the_list_has_every_rule_and_what_payers_set_otherwise(call: Any) -> None:
    rules = json.loads(call("rules", "list", "--on", "2026-03-01", "--format", "json").stdout)
    by_id = {rule["rule"]: rule for rule in rules}
    assert set(by_id) == set(catalogue())
    assert by_id["BUN-02"]["otherwise"] == ["meridian does not have it"]
    assert by_id["DUP-01"]["otherwise"] == ["medicare does not have it"]
    assert by_id["DUP-03"]["otherwise"] == []


def test_before_a_policy_began_its_payer_has_no_answer(call: Any) -> None:
    now = call("rules", "show", "TF-01", "--on", "2026-03-01").stdout
    then = call("rules", "show", "TF-01", "--on", "2020-03-01").stdout
    assert "harbor 2026.1" in now
    assert "harbor" not in then


def test_a_rule_shows_how_each_payer_denies(call: Any) -> None:
    facts = {
        row["what"]: row["is"]
        for row in json.loads(call("rules", "show", "dup-01", "--format", "json").stdout)
    }
    assert facts["harbor 2026.1"] == "block; denies as CO-97 N20"
    assert facts["meridian 2026.1"] == "block; denies as CO-231 M80"


def test_an_unknown_rule(call: Any) -> None:
    result = call("rules", "show", "DUP-77")
    assert result.exit_code == 3
    assert "did you mean" in result.stderr


SITUATION = """
[[situation]]
name = "a component beside the day"
expect = "{expect}"
lines = [
  {{ claim = "A" }},
  {{ claim = "A", procedure = "H0004", revenue = "0914" }},
]
"""


@pytest.mark.parametrize(("expect", "code"), [("violation", 0), ("none", 1)])
def test_the_situations_are_judged(expect: str, code: int, call: Any, tmp_path: Path) -> None:
    (tmp_path / "BUN-01.toml").write_text(SITUATION.format(expect=expect))
    result = call("rules", "test", tmp_path)
    assert result.exit_code == code, result.output
    assert ("failed" if code else "passed") in result.stdout


def test_no_situation_is_no_success(call: Any, tmp_path: Path) -> None:
    result = call("rules", "test", tmp_path)
    assert result.exit_code == 3
    assert "no situation" in result.stderr


def test_an_element_of_one_loop_and_of_one_guide(call: Any) -> None:
    """CLM05-3 stands in both 837 guides; SVC01-2 only in loop 2110 of the 835, and in the 277CA."""
    both = {sense["kind"] for sense in senses(call, "CLM05-3") if "element" in sense["kind"]}
    assert both == {"837I element", "837P element"}
    one = senses(call, "837I CLM05-3")
    assert {sense["kind"] for sense in one} == {"837I column", "837I element"}
    assert "Claim Frequency Code, code, 1 character" in one[-1]["says"]
    inside = senses(call, "2110.SVC01-2")
    assert {sense["kind"].split()[0] for sense in inside} == {"835"}
    assert any("column procedure of our table remit_lines" in one["source"] for one in inside)
    assert call("explain", "2000.SVC01-2").exit_code == 3


def test_a_segment_has_its_places_elements_and_columns(call: Any) -> None:
    found = {sense["kind"]: sense for sense in senses(call, "CLP")}
    assert found["835 segment"]["says"].startswith("loop 2100: required, up to 1; ")
    assert "CLP02 Claim Status Code" in found["835 segment"]["more"]
    assert found["835 columns"]["source"] == "our table remit_claims"
    assert "charge_cents" in found["835 columns"]["says"]


def test_codes_of_an_element_carry_our_labels(call: Any) -> None:
    (asked,) = [s for s in senses(call, "835 CLP02") if s["kind"] == "835 element"]
    assert "4 denied" in asked["more"]
    assert "(data element 1029)" in asked["says"]


def test_the_envelope_and_a_repeat_of_a_segment_are_explained(call: Any) -> None:
    kinds = {sense["kind"] for sense in senses(call, "ISA13")}
    assert {"envelope element", "835 column", "837I column"} <= kinds
    third = [sense["source"] for sense in senses(call, "2110.CAS08")]
    assert "column carc of our table adjustments" in third
    older = senses(call, "004010X091A1 CLP02")
    assert any(sense["source"].startswith("004010X091A1") for sense in older)


def test_a_rule_shows_the_limits_each_payer_sets(call: Any) -> None:
    facts = {
        row["what"]: row["is"]
        for row in json.loads(
            call("rules", "show", "DUR-05", "--on", "2026-03-01", "--format", "json").stdout
        )
    }
    assert (
        "duration.caps.episode.most 6, duration.caps.episode.per episode" in facts["newyork 2019.1"]
    )
    assert "caps" not in facts["harbor 2026.1"]
