"""A denied day that is one of two: tied to the other claim, and to what was paid for it."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from denial_cases import Case, denial, only, together
from remit_rows import adjustment, claim, claim_line, payment, remit_claim, remit_line, remits


def two_claims(**other: Any) -> Case:
    """S9480 on claim EAAA and H0015 on claim EBBB, of the same date."""
    return Case(
        heads=[claim(100, "EAAA", auth_number="A1"), claim(200, "EBBB", auth_number="A1")],
        lines=[
            claim_line(100, 150, procedure="S9480", revenue="0905", line_control="LAAA001"),
            claim_line(200, 250, **({"line_control": "LBBB001"} | other)),
        ],
    )


def refused(*rarcs: str) -> dict[str, pl.DataFrame]:
    return denial("97", *(rarcs or ("N20",)), line={"procedure": "S9480", "revenue": "0905"})


def answered(paid_cents: int) -> dict[str, pl.DataFrame]:
    """Claim EBBB paid by payment T8, or denied by it."""
    refusal = [] if paid_cents else [adjustment(300, 400, 450, file_id=8, carc="197")]
    return remits(
        payments=[payment(file_id=8, trace_number="T8", payment_date=date(2026, 3, 3))],
        remit_claims=[remit_claim(300, file_id=8, claim="EBBB", paid_cents=paid_cents)],
        remit_lines=[
            remit_line(300, 400, file_id=8, line_control="LBBB001", paid_cents=paid_cents)
        ],
        adjustments=refusal,
    )


def of_claim(found: pl.DataFrame, number: str) -> dict[str, Any]:
    return only(found.filter(pl.col("claim") == number))


def test_the_other_day_and_its_payment_are_the_evidence():
    row = of_claim(two_claims().verdicts(together(refused(), answered(28500))), "EAAA")
    assert (row["verdict"], row["rule"], row["cause"]) == ("confirmed", "DUP-01", "ours")
    assert (row["category"], row["scenario"]) == ("bundling", 4)
    assert (row["paired_claim"], row["paired_line"]) == ("EBBB", 1)
    assert (row["paired_paid_cents"], row["paired_payment"]) == (28500, "T8")
    assert "claim:EBBB line 1" in row["evidence"]
    assert "payment:T8 paid 285.00 for claim:EBBB line 1" in row["evidence"]
    assert row["evidence"].count("claim:EBBB line 1") == 1
    assert "claim EBBB line 1 (H0015), was paid 285.00 by payment T8 of 2026-03-03." in row["says"]
    assert row["disposition"] == "correct and rebill"


def test_an_unanswered_other_day_says_so():
    row = of_claim(two_claims().verdicts(refused()), "EAAA")
    assert (row["paired_claim"], row["paired_paid_cents"], row["paired_payment"]) == (
        "EBBB",
        None,
        None,
    )
    assert "is not answered yet." in row["says"]
    assert row["evidence"].count("claim:EBBB line 1") == 1


def test_both_denied_are_told_as_such():
    row = of_claim(two_claims().verdicts(together(refused(), answered(0))), "EAAA")
    assert (row["paired_paid_cents"], row["paired_payment"]) == (0, "T8")
    assert "was denied too by payment T8" in row["says"]


def test_a_single_day_has_no_other():
    row = only(Case().verdicts(denial("97", "N20")))
    assert (row["paired_claim"], row["paired_paid_cents"]) == (None, None)
    assert "other day" not in row["says"]


def test_a_day_of_another_date_or_member_is_none():
    later = two_claims(service_date=date(2026, 2, 3)).verdicts(refused())
    assert of_claim(later, "EAAA")["paired_claim"] is None
    case = two_claims()
    case.sent["claims"] = case.sent["claims"].with_columns(
        member_id=pl.when(pl.col("claim") == "EBBB").then(pl.lit("M2")).otherwise("member_id")
    )
    assert of_claim(case.verdicts(refused()), "EAAA")["paired_claim"] is None


def test_a_denial_for_another_reason_names_the_other_day_in_its_fields_alone():
    """An authorization denial is not about the second day."""
    remit = denial("197", "M62", line={"procedure": "S9480", "revenue": "0905"})
    row = of_claim(two_claims().verdicts(together(remit, answered(28500))), "EAAA")
    assert row["paired_claim"] == "EBBB"
    assert "other day" not in row["says"]


def test_of_two_units_on_two_lines_of_one_claim_the_paid_one_is_named():
    """The same code twice on one claim, line 1 denied and line 2 paid."""
    case = Case(
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(100, 160, line=2, line_control="LAAA002"),
        ]
    )
    case.sent["claims"] = case.sent["claims"].with_columns(charge_cents=pl.lit(70000))
    remit = denial("151", "N362", head={"paid_cents": 28500, "charge_cents": 70000})
    second = remits(
        remit_lines=[remit_line(300, 410, line_control="LAAA002", paid_cents=28500, position=2)]
    )
    row = only(case.verdicts(together(remit, second)))
    assert (row["rule"], row["paired_claim"], row["paired_line"]) == ("DUP-02", "EAAA", 2)
    assert row["paired_paid_cents"] == 28500
