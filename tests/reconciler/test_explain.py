"""Verdicts: the rule a denial comes from, borne out by our records, contradicted, or unknown."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from denial_cases import (
    AUTHORIZATION,
    CLIENT,
    FEB2,
    FEB3,
    POLICIES,
    Case,
    day,
    denial,
    only,
    together,
)
from remit_rows import (
    PAYDAY,
    adjustment,
    claim,
    claim_line,
    frame,
    payment,
    remit_claim,
    remit_line,
    remits,
)

from edi_iop.reconciler.explain import verdicts
from edi_iop.reconciler.match import match
from edi_iop.rules.policy import load
from edi_iop.rules.rates import NONE
from edi_iop.rules.records import History


def test_an_authorization_denial_that_our_records_bear_out():
    """Harbor says CO-197 M62; no authorization of the client covers the date."""
    late = AUTHORIZATION | {"from_date": date(2026, 3, 1), "auth_number": "A9"}
    case = Case(authorizations=[late], heads=[claim(100, "EAAA")])
    row = only(case.verdicts(denial("197", "M62")))
    assert row["verdict"] == "confirmed"
    assert row["rule"].startswith("AUTH-")
    assert (row["claim"], row["line"], row["service_date"]) == ("EAAA", 1, FEB2)
    assert (row["group"], row["carc"], row["rarcs"]) == ("CO", "197", ["M62"])
    assert (row["match"], row["match_grade"], row["byte_offset"]) == ("6R", "certain", 400)
    assert row["remedy"] == "retro_auth"
    assert row["expected_cents"] == 28500
    assert (row["charge_cents"], row["paid_cents"], row["payment"]) == (35000, 0, "T1")


def test_a_policy_that_asks_for_no_authorization_is_all_that_is_said():
    """Meridian asks for none: no authorization of ours covers the date, nor has to."""
    case = Case(
        heads=[claim(100, "EAAA", payer_id="MERID")],
        clients=[CLIENT | {"payer_id": "MERID"}],
        authorizations=[],
    )
    row = only(case.verdicts(denial("197", "M62", paid={"payer_id": "MERID"})))
    assert (row["verdict"], row["evidence"]) == ("refuted", ["policy:meridian 2026.1"])
    assert row["says"].endswith(", but policy meridian 2026.1 asks for no authorization.")


def test_an_authorization_denial_that_our_records_refute():
    """An approved authorization covers the date: appeal within 180 days of 10 March."""
    row = only(Case().verdicts(denial("197", "M62")))
    assert (row["verdict"], row["rule"]) == ("refuted", "AUTH-01")
    assert row["evidence"] == ["authorization:A1"]
    assert row["remedy"] == "reconsideration"
    assert row["deadline"] == date(2026, 9, 6)
    assert row["deadline_source"] == (
        "appeal clock of harbor 2026.1: 180 days from the remit of 2026-03-10"
    )
    assert "P77" in row["next_step"]
    assert "20 units covers 2026-01-01 to 2026-03-31" in row["says"]


def test_an_authorization_denial_without_our_authorizations_is_unknown():
    """No authorization was ever fed: that none covers the date shows nothing."""
    row = only(Case(authorizations=[]).verdicts(denial("197", "M62")))
    assert row["verdict"] == "unknown"
    assert "our records lack the payer's authorizations" in row["says"]
    assert row["evidence"] == []
    assert row["deadline"] == date(2026, 9, 6)


def test_an_unknown_client_is_named_as_missing():
    row = only(Case(clients=[]).verdicts(denial("197", "M62")))
    assert row["verdict"] == "unknown"
    assert "the client of the member id" in row["says"]
    assert row["next_step"].startswith("Complete the records")


def test_two_codes_on_one_date_confirmed_for_the_surplus_line():
    """The dual-diagnosis day on two claims; harbor pays one and denies the other CO-97 N20."""
    case = Case(
        heads=[claim(100, "EAAA", auth_number="A1"), claim(200, "EBBB", auth_number="A1")],
        lines=[
            claim_line(100, 150, procedure="S9480", revenue="0905", line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001"),
        ],
    )
    remit = denial("97", "N20", line={"procedure": "S9480", "revenue": "0905"})
    row = only(case.verdicts(remit))
    assert (row["verdict"], row["rule"]) == ("confirmed", "DUP-01")
    assert "claim:EBBB line 1" in row["evidence"]
    assert row["remedy"] in ("void_8", "corrected_7")
    assert (row["deadline"], row["expected_cents"]) == (date(2026, 9, 6), 31000)
    assert row["deadline_source"].startswith("corrected clock of harbor 2026.1: 180 days")
    assert row["score"] == 1.0


def test_the_payer_denied_the_line_to_keep_and_the_surplus_is_the_evidence():
    """Our violation stands on the other line and names the denied one: still a duplicate."""
    case = Case(
        heads=[claim(100, "EAAA", auth_number="A1"), claim(200, "EBBB", auth_number="A1")],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, procedure="S9480", revenue="0905", line_control="LBBB001"),
        ],
    )
    remit = denial("97", "N20")
    matches = match(remit, case.sent)
    records = case.records(remit, matches)
    violation = {
        "rule": "DUP-01",
        "severity": "block",
        "file_id": 1,
        "claim_offset": 200,
        "line_offset": 250,
        "claim": "EBBB",
        "line": 1,
        "says": "a second code of the date",
        "evidence": ["claim:EAAA line 1"],
    }
    found = verdicts(remit, matches, records, frame("violations", [violation]), POLICIES)
    row = only(found)
    assert (row["verdict"], row["rule"], row["evidence"]) == (
        "confirmed",
        "DUP-01",
        ["claim:EBBB line 1"],
    )


def test_a_dated_contract_rate_goes_before_the_policys() -> None:
    dated = pl.DataFrame(
        {
            "rate_payer": ["HARBR"],
            "procedure": ["H0015"],
            "rate_revenue": [None],
            "rate_from": [date(2026, 1, 1)],
            "rate_to": [date(2026, 12, 31)],
            "unit_charge_cents": [35000],
            "contract_cents": [29900],
        },
        schema=NONE.schema,
    )
    assert only(Case().verdicts(denial("197", "M62")))["expected_cents"] == 28500
    assert only(Case().verdicts(denial("197", "M62"), rates=dated))["expected_cents"] == 29900


def test_a_day_that_is_long_enough_refutes_the_payer():
    row = only(Case().verdicts(denial("150", "N180")))
    assert (row["verdict"], row["rule"]) == ("refuted", "DUR-01")
    assert row["evidence"] == ["encounter:R1"]
    assert "195 minutes" in row["says"]


def test_a_short_day_confirms_the_payer_and_ends_in_a_write_off():
    row = only(Case(days=[day(100)]).verdicts(denial("150", "N180")))
    assert (row["verdict"], row["rule"]) == ("confirmed", "DUR-01")
    assert (row["remedy"], row["deadline"], row["deadline_source"]) == (
        "write_off_CO",
        None,
        "none needed",
    )


def test_without_encounters_of_the_month_duration_is_unknown():
    row = only(Case(days=[]).verdicts(denial("150", "N180")))
    assert row["verdict"] == "unknown"
    assert "the client's encounters of that month" in row["says"]


def test_timely_filing_refuted_by_the_submission():
    row = only(Case().verdicts(denial("29")))
    assert (row["verdict"], row["rule"]) == ("refuted", "TF-01")
    assert row["evidence"] == ["claim:EAAA line 1", "file:1"]
    assert "sent on 2026-02-06, 4 days after the service" in row["says"]


def test_timely_filing_confirmed_when_we_sent_too_late():
    row = only(Case(sent_on=date(2026, 9, 1)).verdicts(denial("29")))
    assert (row["verdict"], row["rule"]) == ("confirmed", "TF-01")
    assert (row["remedy"], row["disposition"]) == ("write_off_CO", "write off")


def test_a_rule_of_the_same_family_is_confirmed_with_a_lower_score():
    """The payer says exhausted (198); our records show none was ever approved for the date."""
    late = AUTHORIZATION | {"from_date": date(2026, 3, 1), "status": "denied"}
    also = AUTHORIZATION | {"status": "denied", "auth_number": "A2"}
    row = only(Case(authorizations=[late, also]).verdicts(denial("198")))
    assert (row["verdict"], row["rule"]) == ("confirmed", "AUTH-08")
    assert row["score"] == 0.5
    assert "AUTH-04" in row["other_rules"]


def test_a_soft_violation_does_not_explain_another_rule():
    """A short week is only a warning: a day denied as too short, which was not, stays refuted."""
    weeks = [day(195, FEB2)]
    case = Case(days=weeks)
    remit = denial("150", "N180")
    matches = match(remit, case.sent)
    soft = {
        "rule": "DUR-02",
        "severity": "warn",
        "file_id": 1,
        "claim_offset": 100,
        "line_offset": 150,
        "claim": "EAAA",
        "line": 1,
        "says": "a short week",
        "evidence": ["encounter:R1"],
    }
    records = case.records(remit, matches)
    row = only(verdicts(remit, matches, records, frame("violations", [soft]), POLICIES))
    assert (row["verdict"], row["rule"]) == ("refuted", "DUR-01")


def test_codes_that_mean_no_rule_are_unknown_with_the_reasons_own_remedy():
    row = only(Case().verdicts(denial("141")))
    assert (row["verdict"], row["rule"], row["score"]) == ("unknown", None, None)
    assert "CO-141 (span has days with and without eligibility)" in row["says"]


def test_what_only_a_denial_shows_is_named_and_left_to_a_person():
    """Contract, necessity, benefit: the codes name the rule, our records decide nothing."""
    for carc, rarc, rule, remedy in (
        ("256", "N381", "CON-01", "contract_dispute"),
        ("50", "N115", "MN-01", "clinical_appeal"),
        ("252", "N706", "DOC-02", "send_records"),
    ):
        row = only(Case().verdicts(denial(carc, rarc)))
        assert (row["verdict"], row["rule"]) == ("unknown", rule), carc
        assert row["remedy"] == remedy, carc


def test_a_code_nobody_knows_stays_visible():
    row = only(Case().verdicts(denial("ZZ9")))
    assert (row["verdict"], row["carc"], row["remedy"]) == ("unknown", "ZZ9", None)
    assert (row["category"], row["cause"], row["disposition"]) == ("unmapped", "unknown", "decide")
    assert "a code our list does not hold" in row["says"]


def test_a_reason_that_needs_its_remark_names_no_rule_by_itself():
    """CARC 16 says only that something is wrong, N999 is no remark of ours; M44 means a condition code."""
    row = only(Case().verdicts(denial("16", "N999")))
    assert (row["verdict"], row["rule"]) == ("unknown", None)
    row = only(Case().verdicts(denial("16", "M44")))
    assert (row["verdict"], row["rule"]) == ("unknown", "REV-02")


def test_levels_of_care_elsewhere_cannot_be_refuted():
    case = Case(heads=[claim(100, "EAAA", payer_id="MERID")])
    row = only(case.verdicts(denial("60", "M80", group="OA")))
    assert (row["verdict"], row["rule"]) == ("unknown", "LOC-01")
    assert "other facilities" in row["says"]


def test_an_unmatched_denial_is_unknown_and_says_why():
    row = only(Case().verdicts(denial("197", line={"line_control": None}, head={"claim": "X9"})))
    assert (row["verdict"], row["claim"], row["line"], row["match"]) == (
        "unknown",
        "X9",
        None,
        None,
    )
    assert row["evidence"] == []
    assert "no claim was sent under number X9" in row["says"]
    assert row["next_step"].startswith("Find the claim this answers")
    assert row["payer"] == "HARBR"


@pytest.mark.parametrize(
    ("rarc", "remedy", "clock"),
    [
        ("MA130", "new_claim_1", "filing clock of harbor 2026.1: 180 days from the service of 2026-02-02"),
        ("N142", "new_claim_1", "filing clock of harbor 2026.1: 180 days from the service of 2026-02-02"),
        ("N211", "reopening", "appeal clock of harbor 2026.1: 180 days from the remit of 2026-03-10"),
        ("N704", "corrected_7", "corrected clock of harbor 2026.1: 180 days from the remit of 2026-03-10"),
    ],
)  # fmt: skip
def test_remarks_that_bar_an_appeal_change_the_remedy(rarc: str, remedy: str, clock: str):
    row = only(Case().verdicts(denial("197", "M62", rarc)))
    assert (row["verdict"], row["remedy"], row["deadline_source"]) == ("refuted", remedy, clock)
    assert rarc in row["next_step"]


def test_after_a_denied_original_no_replacement_is_sent():
    """Frequency 7 would bounce: N142 asks for a new claim, also where the payer is right."""
    row = only(Case(diagnoses="F331").verdicts(denial("11", "M76", "N142")))
    assert (row["verdict"], row["rule"], row["remedy"]) == ("confirmed", "DX-01", "new_claim_1")


def test_the_payers_claim_number_goes_with_a_replacement():
    row = only(Case(diagnoses="F331").verdicts(denial("11", "M76")))
    assert row["remedy"] == "corrected_7"
    assert "P77" in row["next_step"]


def test_a_policy_without_clock_gives_no_deadline():
    open_ended = load("base", PAYDAY)
    row = only(Case().verdicts(denial("197", "M62"), {"HARBR": open_ended}))
    assert row["deadline"] is None
    assert row["deadline_source"] == "unknown: set timely.appeal_days in the payer's policy"


def test_a_payer_without_policy_is_unknown():
    row = only(Case().verdicts(denial("197", "M62"), {}))
    assert (row["verdict"], row["deadline"]) == ("unknown", None)
    assert row["deadline_source"] == "unknown: no policy for payer HARBR"


def test_a_denial_that_was_paid_later_is_closed():
    first = denial("197", "M62")
    later = remits(
        payments=[payment(file_id=10, payment_date=date(2026, 4, 1))],
        remit_claims=[remit_claim(300, claim="EAAA", paid_cents=28500, file_id=10)],
        remit_lines=[remit_line(300, 400, line_control="LAAA001", paid_cents=28500, file_id=10)],
    )
    both = {name: pl.concat([first[name], later[name]]) for name in first}
    assert Case().verdicts(both).is_empty()


def test_reversals_and_contract_amounts_are_no_denials():
    taken_back = denial("197", "M62", head={"status": "22", "charge_cents": -35000})
    assert Case().verdicts(taken_back).is_empty()
    assert "denied" not in Case().verdicts(denial("45"))["kind"]


def test_a_claim_denied_without_lines_gets_one_verdict_at_its_own_segment():
    remit = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA", status="4")],
        adjustments=[adjustment(300, None, 350, carc="29")],
    )
    row = only(Case().verdicts(remit))
    assert (row["remit_line_offset"], row["byte_offset"], row["match"]) == (None, 300, "T1")
    assert (row["verdict"], row["rule"], row["procedure"]) == ("refuted", "TF-01", "H0015")


def test_all_reasons_and_remarks_count_and_the_largest_comes_first():
    remit = denial("197", "M62")
    more = remits(adjustments=[adjustment(300, 400, 470, carc="29", amount_cents=100)])
    remit["adjustments"] = pl.concat(
        [
            more["adjustments"],
            remit["adjustments"].with_columns(amount_cents=pl.lit(34900, pl.Int64)),
        ]
    )
    row = only(Case().verdicts(remit))
    assert (row["carc"], row["carcs"]) == ("197", ["197", "29"])
    assert "TF-01" in [row["rule"], *row["other_rules"]]


def test_a_denial_of_a_claim_replaced_since_is_closed():
    """The denied original gave way to a replacement: nothing is left to do here."""
    replacement = claim(200, "EBBB", frequency="7", payer_claim_number="P77", auth_number="A1")
    case = Case(
        heads=[claim(100, "EAAA", auth_number="A1"), replacement],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001"),
        ],
    )
    row = only(case.verdicts(denial("197", "M62")))
    assert (row["verdict"], row["remedy"], row["deadline_source"]) == (
        "unknown",
        None,
        "none needed",
    )
    assert "replaced or voided since" in row["says"]


def test_hours_are_worth_what_the_hour_pays():
    """Meridian pays 78.50 an hour: three hours are 235.50."""
    case = Case(
        clients=[CLIENT | {"payer_id": "MERID"}],
        heads=[claim(100, "EAAA", payer_id="MERID")],
        lines=[claim_line(100, 150, units=3.0, line_control="LAAA001")],
    )
    row = only(case.verdicts(denial("29")))
    assert (row["payer"], row["expected_cents"]) == ("MERID", 23550)


def test_no_authorization_asked_refutes_by_the_policy_itself():
    case = Case(
        clients=[CLIENT | {"payer_id": "MERID"}],
        heads=[claim(100, "EAAA", payer_id="MERID")],
        authorizations=[],
    )
    row = only(case.verdicts(denial("197", "M62")))
    assert (row["verdict"], row["evidence"]) == ("refuted", ["policy:meridian 2026.1"])


def test_no_names_or_member_ids_in_what_is_said():
    for remit in (denial("197", "M62"), denial("97", "N20"), denial("29"), denial("ZZ9")):
        row = only(Case().verdicts(remit))
        told = " ".join([row["says"], row["next_step"], *row["evidence"]])
        assert "M1 " not in told
        assert "1990" not in told


def again(file_id: int, carc: str, *rarcs: str, on: date) -> dict[str, pl.DataFrame]:
    """The payer's answer to claim EAAA in another file."""
    first = denial(carc, *rarcs, paid={"payment_date": on})
    return {
        name: rows.with_columns(file_id=pl.lit(file_id, pl.Int64)) for name, rows in first.items()
    }


def test_a_claim_delivered_twice_and_denied_the_second_time_is_no_open_denial():
    """Paid, then OA-18 for the copy: the first answer stands, there is nothing to appeal."""
    paid = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA", paid_cents=28500)],
        remit_lines=[remit_line(300, 400, line_control="LAAA001", paid_cents=28500)],
    )
    assert Case().verdicts(together(paid, again(10, "18", "N522", on=date(2026, 4, 1)))).is_empty()


def test_a_copy_denied_as_a_duplicate_leaves_the_first_denial_to_work():
    both = together(denial("197", "M62"), again(10, "18", on=date(2026, 4, 1)))
    row = only(Case().verdicts(both))
    assert (row["file_id"], row["rule"], row["verdict"]) == (9, "AUTH-01", "refuted")


FEB6 = date(2026, 2, 6)
OLD, YOUNG = date(2026, 2, 2), date(2026, 2, 3)
"""The service is of February 2, sent on February 6."""


@pytest.mark.parametrize(
    ("reason", "history", "lacks"),
    [
        (("18",), History(OLD, FEB6), None),
        (("18",), History(YOUNG, FEB6), "claims sent before 2026-02-03"),
        (("18",), History(OLD, date(2026, 2, 7)), "the payer's answers before 2026-02-07"),
        (("B13",), History(YOUNG, PAYDAY),
         "claims sent before 2026-02-03 and the payer's answers before 2026-03-10"),
        (("B13",), None, "claims sent before 2026-02-06 and the payer's answers before 2026-03-10"),
        (("151", "N362"), History(OLD, PAYDAY), None),
        (("151", "N362"), History(YOUNG, PAYDAY), "claims sent before 2026-02-03"),
    ],
)  # fmt: skip
def test_a_duplicate_is_refuted_only_where_our_records_reach_back_to_it(
    reason: tuple[str, ...], history: History | None, lacks: str | None
):
    """Another claim of the day was sent on that day at the earliest, and an answer to this one
    came when it was sent at the earliest; what lies before all our records may be meant."""
    row = only(Case(history=history).verdicts(denial(*reason)))
    if lacks is None:
        assert (row["verdict"], row["cause"]) == ("refuted", "payer")
        return
    assert (row["verdict"], row["cause"]) == ("unknown", "unknown")
    assert row["says"].endswith(f"our records lack {lacks}, of which one may be meant.")
    assert row["next_step"].startswith("Complete the records")


def test_a_duplicate_that_stands_in_our_records_is_confirmed_however_far_they_reach():
    case = Case(
        heads=[claim(100, "EAAA", auth_number="A1"), claim(200, "EBBB", auth_number="A1")],
        lines=[claim_line(100, 150, line_control="LAAA001"),
               claim_line(200, 250, line_control="LBBB001")],
        history=History(FEB6, PAYDAY),
    )  # fmt: skip
    remit = denial("18", head={"claim": "EBBB"}, line={"line_control": "LBBB001"})
    assert only(case.verdicts(remit))["verdict"] == "confirmed"


def test_an_authorization_for_another_service_does_not_refute():
    """S9480 is authorized; H0015 was billed with a mental health principal: the payer may be right."""
    other = AUTHORIZATION | {"program_track": "MH", "procedure": "S9480", "revenue": "0905"}
    row = only(Case(authorizations=[other], diagnoses="F331").verdicts(denial("284", "N54")))
    assert row["verdict"] == "unknown"
    assert row["remedy"] == "corrected_7"


def test_a_surplus_line_is_never_appealed():
    """No other rule was asked about a line that should not be there: its short day refutes nothing."""
    case = Case(
        heads=[claim(100, "EAAA", auth_number="A1"), claim(200, "EBBB", auth_number="A1")],
        lines=[
            claim_line(100, 150, procedure="S9480", revenue="0905", line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001"),
        ],
    )
    remit = denial("150", "N180", line={"procedure": "S9480", "revenue": "0905"})
    row = only(case.verdicts(remit))
    assert (row["verdict"], row["rule"]) == ("unknown", "DUR-01")
    assert "one intensive outpatient day is payable" in row["says"]


def test_a_denial_sent_again_since_is_still_explained_by_its_own_rule():
    """Denied for its authorization, billed anew: the first line was no duplicate of the second."""
    late = AUTHORIZATION | {"from_date": date(2026, 3, 1), "auth_number": "A9"}
    case = Case(
        authorizations=[late],
        heads=[claim(100, "EAAA"), claim(200, "EBBB", file_id=2)],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001", file_id=2),
        ],
    )
    case.sent_on = {1: date(2026, 2, 6), 2: date(2026, 3, 12)}
    row = only(case.verdicts(denial("198", "N54")))
    assert (row["verdict"], row["rule"]) == ("confirmed", "AUTH-04")


@pytest.mark.parametrize("rarc", ["MA130", "N142"])
def test_what_was_never_taken_in_is_neither_voided_nor_replaced(rarc: str):
    case = Case(
        heads=[claim(100, "EAAA", auth_number="A1"), claim(200, "EBBB", auth_number="A1")],
        lines=[
            claim_line(100, 150, procedure="S9480", revenue="0905", line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001"),
        ],
    )
    remit = denial("97", "N20", rarc, line={"procedure": "S9480", "revenue": "0905"})
    row = only(case.verdicts(remit))
    assert (row["verdict"], row["rule"]) == ("confirmed", "DUP-01")
    assert row["remedy"] == "no_action_duplicate"
    assert "frequency" not in row["next_step"]


@pytest.mark.parametrize(("rarc", "remedy"), [("N211", "reopening"), ("N704", "corrected_7")])
def test_where_no_appeal_is_taken_a_retroactive_authorization_does_not_end_in_one(
    rarc: str, remedy: str
):
    late = AUTHORIZATION | {"from_date": date(2026, 3, 1)}
    row = only(Case(authorizations=[late]).verdicts(denial("197", "M62", rarc)))
    assert (row["verdict"], row["remedy"]) == ("confirmed", remedy)
    assert "appeal" not in row["next_step"]


def test_another_payers_deadline_is_not_this_ones():
    """Coverage ended: what counts is the filing limit of a payer we do not know yet."""
    ended = CLIENT | {"coverage_to": date(2026, 1, 1)}
    row = only(Case(clients=[ended]).verdicts(denial("27", "N30")))
    assert (row["rule"], row["remedy"], row["deadline"]) == ("ELG-01", "bill_other_payer", None)
    assert row["deadline_source"] == "unknown: the other payer's filing limit counts"


def undated(**second: Any) -> dict[str, Any]:
    """EAAA of two days, the answer denying one line of which neither day nor number is told."""
    case = Case(
        heads=[claim(100, "EAAA", auth_number="A1", statement_to=FEB3, charge_cents=70000)],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(100, 160, **({"line": 2, "line_control": "LAAA002", "service_date": FEB3} | second)),
        ],
    )  # fmt: skip
    remit = denial(
        "197",
        "M62",
        line={"service_date": None, "line_control": None},
        head={"charge_cents": 70000, "statement_from": FEB2, "statement_to": FEB3},
    )
    return only(case.verdicts(remit))


def test_a_line_of_no_day_is_told_without_one_but_with_its_worth():
    """Which of two days of 285.00 was denied the payer does not say; each is worth the same."""
    row = undated()
    assert (row["service_date"], row["verdict"]) == (None, "unknown")
    assert (row["expected_cents"], row["recoverable_cents"]) == (28500, 28500)
    assert row["expected_source"] == "policy harbor 2026.1"


def test_a_line_without_a_day_that_fits_one_line_alone_is_of_that_lines_day():
    """Of the two days one was sent under another code: the answer's code is the first one's."""
    row = undated(procedure="S9480", revenue="0905")
    assert (row["service_date"], row["expected_cents"]) == (FEB2, 28500)
