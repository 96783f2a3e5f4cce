"""The shapes of CONTRACT.md, 'Answers other programs read'."""

from __future__ import annotations

import json
from datetime import date

import polars as pl

from edi_iop.reports import faults, shapes
from edi_iop.reports.formats import to_ndjson
from edi_iop.reports.screen import to_screen
from edi_iop.tables import FINDINGS, VERDICTS, VIOLATIONS

FINDING_KEYS = [
    "code",
    "severity",
    "snip",
    "message",
    "file",
    "interchange",
    "group",
    "transaction",
    "segment_position",
    "byte_offset",
    "loop",
    "segment",
    "element",
    "component",
    "repetition",
    "value",
    "ack",
    "trigger_segment",
    "trigger_position",
    "trigger_loop",
    "trigger_element",
    "trigger_component",
]
VIOLATION_KEYS = [
    "rule",
    "theme",
    "severity",
    "client",
    "payer",
    "service_dates",
    "claim",
    "lines",
    "says",
    "evidence",
    "policy",
    "cites",
    "next_step",
]
DENIAL_KEYS = [
    "claim",
    "line",
    "service_date",
    "revenue",
    "procedure",
    "units",
    "charge_cents",
    "paid_cents",
    "expected_cents",
    "payer",
    "payment",
    "group",
    "carc",
    "rarcs",
    "match",
    "match_grade",
    "verdict",
    "rule",
    "score",
    "other_rules",
    "says",
    "evidence",
    "remedy",
    "next_step",
    "deadline",
    "deadline_source",
    "file",
    "byte_offset",
    "kind",
    "reasons",
    "scenario",
    "category",
    "cause",
    "disposition",
    "received_cents",
    "expected_source",
    "recoverable_cents",
    "chance",
    "chance_n",
    "chance_basis",
    "priority",
    "paired_claim",
    "paired_line",
    "paired_paid_cents",
    "paired_payment",
]


def rows_of(table_frame: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(table_frame)


def finding(**values: object) -> dict[str, object]:
    return {"file_id": 1, "code": "ELEMENT_SHORT", "severity": "error", "snip": 2, **values}


def violation(**values: object) -> dict[str, object]:
    usual = {
        "rule": "DUP-02",
        "theme": "duplication",
        "severity": "block",
        "file_id": 0,
        "client_id": "C1",
        "payer_id": "HARBR",
        "service_date": date(2026, 1, 5),
        "says": "two lines on one date",
        "evidence": ["encounter:E1"],
        "policy": "harbor 2026.1",
        "cites": "section 2.1",
    }
    return {**usual, **values}


def verdict(**values: object) -> dict[str, object]:
    usual = {
        "file_id": 7,
        "byte_offset": 4711,
        "claim": "KABC",
        "line": 2,
        "service_date": date(2026, 1, 12),
        "procedure": "H0015",
        "revenue": "0906",
        "charge_cents": 35000,
        "group": "CO",
        "carc": "97",
        "rarcs": ["N20"],
        "verdict": "confirmed",
        "rule": "DUP-01",
        "says": "two per diems on one date",
        "next_step": "void the surplus line",
        "deadline": date(2026, 8, 5),
    }
    return {**usual, **values}


def test_finding_keys_are_the_contract_s() -> None:
    sheet = faults.findings(FINDINGS.conform(rows_of([finding(value="X")])), {1: "a.835"})
    (line,) = to_ndjson(sheet).splitlines()
    record = json.loads(line)
    assert list(record) == FINDING_KEYS
    assert record["file"] == "a.835"
    assert record["loop"] is None


def test_a_finding_s_value_is_personal_data() -> None:
    sheet = faults.findings(FINDINGS.conform(rows_of([finding(value="DOE")])))
    assert "DOE" not in to_ndjson(sheet.masked())
    assert "DOE" in to_ndjson(sheet)


def test_errors_stand_before_warnings_and_in_file_order() -> None:
    found = [
        finding(severity="warning", byte_offset=1, message="a"),
        finding(byte_offset=9, message="b"),
        finding(byte_offset=3, message="c"),
    ]
    sheet = faults.findings(FINDINGS.conform(pl.DataFrame(found)))
    assert sheet.rows["message"].to_list() == ["c", "b", "a"]
    assert sheet.closing == "3 findings: 2 error, 1 warning"


def test_a_finding_s_place_is_told_as_far_as_it_is_known() -> None:
    whole = finding(
        transaction="0001", segment_position=12, loop="2400", segment="SV2", element=2,
        component=1, byte_offset=845,
    )  # fmt: skip
    sheet = faults.findings(FINDINGS.conform(pl.DataFrame([whole, finding(byte_offset=0)])))
    assert sheet.shown["place"].to_list() == [
        "byte 0",
        "ST 0001, segment 12, loop 2400, SV2-02-1, byte 845",
    ]


def test_violation_keys_are_the_contract_s() -> None:
    sheet = shapes.violations(VIOLATIONS.conform(rows_of([violation()])))
    record = json.loads(to_ndjson(sheet))
    assert list(record) == VIOLATION_KEYS
    assert record["service_dates"] == ["2026-01-05"]
    assert record["lines"] == []
    assert record["claim"] is None


def test_lines_of_a_claim_broken_alike_are_one_violation() -> None:
    """A short week is one violation with its days, not one a day."""
    week = [
        violation(claim="KABC", line=2, service_date=date(2026, 1, 6)),
        violation(claim="KABC", line=1),
        violation(claim="KXYZ", line=1),
    ]
    sheet = shapes.violations(VIOLATIONS.conform(pl.DataFrame(week)))
    assert sheet.rows.select("claim", "lines").rows() == [("KABC", [1, 2]), ("KXYZ", [1])]
    assert sheet.rows["service_dates"][0].to_list() == [date(2026, 1, 5), date(2026, 1, 6)]


def test_a_day_not_yet_billed_says_so_on_the_screen() -> None:
    text = to_screen(shapes.violations(VIOLATIONS.conform(rows_of([violation()]))))
    assert "not yet billed" in text
    assert "two lines on one date" in text


def test_denial_keys_are_the_contract_s() -> None:
    record = json.loads(to_ndjson(shapes.denials(VERDICTS.conform(rows_of([verdict()])))))
    assert list(record) == DENIAL_KEYS
    assert (record["file"], record["byte_offset"]) == ("7", 4711)
    assert (record["charge_cents"], record["deadline"]) == (35000, "2026-08-05")


def test_refuted_denials_come_first() -> None:
    verdicts = [verdict(), verdict(verdict="unknown", rule=None), verdict(verdict="refuted")]
    sheet = shapes.denials(VERDICTS.conform(pl.DataFrame(verdicts)))
    assert sheet.rows["verdict"].to_list() == ["refuted", "confirmed", "unknown"]
    assert sheet.closing == "3 denied lines: 1 refuted, 1 confirmed, 1 unknown; $1,050.00 charged"


def test_a_denial_on_the_screen_has_money_rule_and_what_to_do() -> None:
    text = to_screen(shapes.denials(VERDICTS.conform(rows_of([verdict()]))))
    assert "H0015/0906" in text
    assert "$350.00" in text
    assert "CO-97 N20" in text
    assert "next: void the surplus line" in text


def test_the_codes_of_the_list_are_explained_beneath_it() -> None:
    """The labels are ours (maps/codes); an unknown code is shown all the same."""
    two = [verdict(), verdict(carc="999", rarcs=[])]
    lines = to_screen(shapes.denials(VERDICTS.conform(pl.DataFrame(two)))).splitlines()
    assert "CO   the provider bears it under the contract" in lines
    assert "97   included in what was paid for another service" in lines
    assert "999  a code our list does not hold" in lines
    assert "N20  not payable beside another service of that date" in lines


def test_the_same_next_step_is_said_once() -> None:
    two = [verdict(), verdict(line=3), verdict(line=4, next_step="call the payer")]
    text = to_screen(shapes.denials(VERDICTS.conform(pl.DataFrame(two))))
    assert text.count("next: void the surplus line") == 1
    assert text.count("next: call the payer") == 1


def test_empty_frames_have_the_keys_all_the_same() -> None:
    assert faults.findings(FINDINGS.empty()).rows.columns == FINDING_KEYS
    assert shapes.violations(VIOLATIONS.empty()).rows.columns == VIOLATION_KEYS
    assert shapes.denials(VERDICTS.empty()).rows.columns == DENIAL_KEYS
