"""A denied day that is one of two: tied to the other claim, and to what was paid for it."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from denial_cases import FEB2, FEB3, Case, day, denial, only, together
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


def both_denied(carc: str = "97", *rarcs: str) -> dict[str, pl.DataFrame]:
    """EAAA (S9480) denied CO-97 N20 by payment T1, EBBB (H0015) by payment T8 for a reason."""
    other = answered(0)
    other["adjustments"] = other["adjustments"].with_columns(carc=pl.lit(carc))
    remarks = [
        {"file_id": 8, "remit_claim_offset": 300, "remit_line_offset": 400, "byte_offset": 480 + at,
         "position": 2, "remark": rarc}
        for at, rarc in enumerate(rarcs)
    ]  # fmt: skip
    return together(refused(), other, remits(remarks=remarks))


def test_of_two_denied_days_the_one_to_keep_is_payable_and_the_other_is_to_be_voided():
    """H0015 fits the principal diagnosis F10.20; S9480 beside it is the surplus day.

    Worth by harbor: 285.00 for the one kept, once."""
    found = two_claims().verdicts(both_denied("97", "N20"))
    kept, surplus = of_claim(found, "EBBB"), of_claim(found, "EAAA")
    assert (kept["verdict"], kept["rule"], kept["cause"]) == ("refuted", "DUP-01", "payer")
    assert (kept["remedy"], kept["recoverable_cents"]) == ("reconsideration", 28500)
    assert kept["next_step"].startswith("First take back the surplus day, claim EAAA line 1. Ask")
    assert "this is the one to keep" in kept["says"]
    assert "claim EAAA line 1 (S9480), was denied too by payment T1" in kept["says"]
    assert (surplus["verdict"], surplus["remedy"]) == ("confirmed", "void_8")
    assert (surplus["paired_paid_cents"], surplus["paired_payment"]) == (0, "T8")
    assert (surplus["recoverable_cents"], surplus["cause"]) == (0, "ours")


def test_a_claim_of_nothing_but_surplus_days_is_voided():
    """The MH track of two dates on EAAA, the SUD track on EBBB and paid (2.1, second shape): a replacement
    of EAAA without its surplus lines would be empty."""
    case = Case(
        heads=[
            claim(100, "EAAA", auth_number="A1", charge_cents=70000),
            claim(200, "EBBB", auth_number="A1", charge_cents=70000),
        ],
        lines=[
            claim_line(
                head, head + 50 * line, line=line, line_control=f"{name}00{line}",
                service_date=on, procedure=code, revenue=revenue,
            )
            for head, name, code, revenue in ((100, "LAAA", "S9480", "0905"), (200, "LBBB", "H0015", "0906"))
            for line, on in ((1, FEB2), (2, FEB3))
        ],
        days=[day(), day(on=FEB3)],
    )  # fmt: skip
    service = {"procedure": "S9480", "revenue": "0905"}
    one = denial("97", "N20", line=service | {"charge_cents": 35000}, head={"charge_cents": 70000})
    other = remits(
        remit_lines=[
            remit_line(300, 410, line_control="LAAA002", service_date=FEB3, **service)
        ],
        adjustments=[adjustment(300, 410, 460, carc="97")],
        remarks=[{"file_id": 9, "remit_claim_offset": 300, "remit_line_offset": 410,
                  "byte_offset": 490, "position": 2, "remark": "N20"}],
    )  # fmt: skip
    found = case.verdicts(together(one, other)).sort("line")
    assert found["verdict"].to_list() == ["confirmed", "confirmed"]
    assert found["remedy"].to_list() == ["void_8", "void_8"]


def test_of_two_denied_days_on_one_claim_the_replacement_keeps_one():
    """Both lines of EAAA denied: the replacement (7) leaves line 2 (S9480) out, and brings line 1."""
    case = Case(
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(100, 160, line=2, line_control="LAAA002", procedure="S9480", revenue="0905"),
        ]
    )
    case.sent["claims"] = case.sent["claims"].with_columns(charge_cents=pl.lit(70000))
    remit = denial("97", "N20", head={"charge_cents": 70000})
    service = {"line_control": "LAAA002", "procedure": "S9480", "revenue": "0905"}
    second = remits(
        remit_lines=[remit_line(300, 410, position=2, **service)],
        adjustments=[adjustment(300, 410, 460, carc="97")],
        remarks=[{"file_id": 9, "remit_claim_offset": 300, "remit_line_offset": 410,
                  "byte_offset": 490, "position": 2, "remark": "N20"}],
    )  # fmt: skip
    found = case.verdicts(together(remit, second)).sort("line")
    assert found["remedy"].to_list() == ["corrected_7", "corrected_7"]
    assert found["verdict"].to_list() == ["refuted", "confirmed"]
    assert found["recoverable_cents"].to_list() == [28500, 0]
    assert found["next_step"][0].startswith("Leave out line 2, the surplus day.")


def test_a_day_kept_but_denied_for_its_authorization_is_judged_by_that():
    found = two_claims().verdicts(both_denied("197", "M62"))
    assert of_claim(found, "EBBB")["rule"] == "AUTH-01"
    assert of_claim(found, "EAAA")["remedy"] == "void_8"


def test_a_second_day_sent_before_the_first_was_answered_is_surplus_though_both_are_denied():
    """H0015 left on the 6th, S9480 on the 9th, both answered on the 3rd of March: one recovers."""
    case = Case(
        heads=[
            claim(100, "EAAA", file_id=2, auth_number="A1"), claim(200, "EBBB", auth_number="A1")
        ],
        lines=[
            claim_line(100, 150, file_id=2, procedure="S9480", revenue="0905", line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001"),
        ],
    )  # fmt: skip
    case.sent_on = {1: date(2026, 2, 6), 2: date(2026, 2, 9)}
    found = case.verdicts(both_denied("97", "N20"))
    assert of_claim(found, "EBBB")["recoverable_cents"] == 28500
    assert of_claim(found, "EAAA")["recoverable_cents"] == 0


def taken_back() -> dict[str, pl.DataFrame]:
    """Claim EBBB paid by T8, and reversed by T7 a week later."""
    back = remits(
        payments=[payment(file_id=7, trace_number="T7", payment_date=date(2026, 3, 10))],
        remit_claims=[
            remit_claim(300, file_id=7, claim="EBBB", status="22", paid_cents=-28500, charge_cents=-35000)
        ],
        remit_lines=[
            remit_line(300, 400, file_id=7, line_control="LBBB001", paid_cents=-28500,
                       charge_cents=-35000)
        ],
    )  # fmt: skip
    return together(answered(28500), back)


def test_where_the_other_day_was_taken_back_this_one_is_payable():
    """S9480 by harbor: 310.00."""
    row = of_claim(two_claims().verdicts(together(refused(), taken_back())), "EAAA")
    assert (row["verdict"], row["remedy"]) == ("refuted", "reconsideration")
    assert row["recoverable_cents"] == 31000
    assert (
        "claim EBBB line 1 (H0015), was paid, then taken back by payment T7 of 2026-03-10."
        in row["says"]
    )
    assert "payment:T7 took back what was paid for claim:EBBB line 1" in row["evidence"]
    assert row["paired_paid_cents"] is None


def test_a_day_left_to_the_patient_is_allowed_not_paid_nothing():
    """A deductible of 285.00 takes all of H0015."""
    other = answered(0)
    other["adjustments"] = other["adjustments"].with_columns(
        group=pl.lit("PR"), carc=pl.lit("1"), amount_cents=pl.lit(28500, pl.Int64)
    )
    row = of_claim(two_claims().verdicts(together(refused(), other)), "EAAA")
    assert "was allowed 285.00, left to the patient, by payment T8 of 2026-03-03." in row["says"]
    assert "payment:T8 allowed 285.00 for claim:EBBB line 1" in row["evidence"]
    assert (row["verdict"], row["recoverable_cents"]) == ("confirmed", 0)


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


def test_a_day_of_a_brother_under_the_same_member_id_is_none():
    """Another system's claims: no client of ours has the member id."""
    case = two_claims()
    case.clients = case.clients.clear()
    born = pl.when(pl.col("claim") == "EBBB").then(date(2011, 4, 2)).otherwise(date(2009, 1, 5))
    assert of_claim(case.verdicts(refused()), "EAAA")["paired_claim"] == "EBBB"
    case.sent["claims"] = case.sent["claims"].with_columns(patient_birth_date=born)
    assert of_claim(case.verdicts(refused()), "EAAA")["paired_claim"] is None


def test_a_claim_that_was_replaced_is_not_the_other_day_but_its_replacement_is():
    case = Case(
        heads=[
            claim(100, "EAAA", auth_number="A1"),
            claim(200, "EBBB", auth_number="A1"),
            claim(
                300, "ECCC", auth_number="A1", frequency="7", payer_claim_number="EBBB", file_id=2
            ),
        ],
        lines=[
            claim_line(100, 150, procedure="S9480", revenue="0905", line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001"),
            claim_line(300, 350, line_control="LCCC001", file_id=2),
        ],
    )
    case.sent_on = {1: date(2026, 2, 6), 2: date(2026, 2, 9)}
    assert of_claim(case.verdicts(refused()), "EAAA")["paired_claim"] == "ECCC"


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
