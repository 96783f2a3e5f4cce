"""What to do about a denial and by when, one judged row at a time: the remit is of 10 March 2026,
the service of 2 February, on a statement that ends on the 27th.

Meridian: an appeal within 65 days, a corrected claim within 90, a first claim within 90 of the
statement's end. Summit: 120, 120, and 365 from the day itself. SERVE: as Meridian, a correction from the service.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from denial_cases import FEB2, only
from msgspec.structs import replace
from remit_rows import PAYDAY

from edi_iop.reconciler.remedies import remedied
from edi_iop.rules.policy import load

MERIDIAN = load("meridian", PAYDAY)
BY_SERVICE = replace(MERIDIAN, timely=replace(MERIDIAN.timely, corrected_from="service"))
POLICIES = {
    "MERID": MERIDIAN, "SERVE": BY_SERVICE, "SUMIT": load("summit", PAYDAY), "OASAS": load("newyork", PAYDAY)
}  # fmt: skip
TEXT = pl.List(pl.String)
SCHEMA = {
    "denial": pl.UInt32, "verdict": pl.String, "rule": pl.String, "rule_remedy": pl.String, "rule_step": pl.String,
    "refuted_remedy": pl.String, "reasons": TEXT, "carc": pl.String, "rarcs": TEXT, "category": pl.String,
    "payer": pl.String, "payer_claim_number": pl.String, "payment_date": pl.Date,
    "service_date": pl.Date, "statement_to": pl.Date, "lines_left": pl.UInt32,
    "surplus": pl.String, "closing": pl.String, "to_keep": pl.Boolean, "payable": pl.Boolean,
    "one_claim": pl.Boolean, "beside_stands": pl.String, "first": pl.String,
}  # fmt: skip
CONFIRMED = {
    "denial": 0, "verdict": "confirmed", "rule_remedy": "corrected_7", "rule_step": "Mend it.",
    "reasons": ["CO-11"], "carc": "11", "rarcs": [], "payer": "MERID", "payer_claim_number": "P77",
    "payment_date": PAYDAY, "service_date": FEB2, "statement_to": date(2026, 2, 27),
    "lines_left": 0, "payable": False,
}  # fmt: skip
REFUTED = CONFIRMED | {"verdict": "refuted", "refuted_remedy": "reconsideration"}
UNKNOWN = CONFIRMED | {"verdict": "unknown", "rule_remedy": None, "rule_step": None}
VOID = CONFIRMED | {"rule_remedy": "void_8"}


def told(row: dict[str, Any], as_of: date = PAYDAY, **values: Any) -> dict[str, Any]:
    return only(remedied(pl.DataFrame([row | values], schema=SCHEMA), POLICIES, as_of))


def remedy(row: dict[str, Any], **values: Any) -> str | None:
    found = told(row, **values)["remedy"]
    return None if found is None else str(found)


# ---------------------------------------------------------------- which


def test_confirmed_takes_the_rules_remedy_refuted_the_appeal_unknown_the_reasons():
    assert remedy(CONFIRMED, rule_remedy="send_records") == "send_records"
    assert remedy(REFUTED) == "reconsideration"
    assert remedy(UNKNOWN, carc="197") == "reconsideration"
    undecided = told(UNKNOWN, carc="242")
    assert (undecided["remedy"], undecided["disposition"]) == (None, "decide")


def test_a_claim_of_the_surplus_day_alone_is_voided_and_one_with_other_days_is_replaced():
    assert remedy(VOID) == "void_8"
    assert remedy(VOID, lines_left=1) == "corrected_7"


def test_a_claim_of_nothing_but_a_second_unit_of_the_date_is_voided_too():
    """DUP-02 on a claim of its own: replaced with the units payable it would hold nothing."""
    second = CONFIRMED | {"rule_remedy": "corrected_7", "surplus": "2 units of H0015; 1 payable"}
    assert remedy(second) == "void_8"
    assert remedy(second, lines_left=1) == "corrected_7"
    assert remedy(second, surplus=None) == "corrected_7"  # the line to keep, with two units
    assert "void its claim" in told(second)["next_step"]


def test_a_short_day_is_billed_by_its_services_where_the_payer_takes_them_and_else_written_off():
    """Domain page 3.2, DUR-01: rebill as component codes if the profile allows it (New York), else write off."""
    short = CONFIRMED | {"rule": "DUR-01", "rule_remedy": "write_off_CO"}
    assert remedy(short) == "write_off_CO"
    assert remedy(short, payer="OASAS") == "corrected_7"
    assert remedy(short, payer="OASAS", rule="TF-01") == "write_off_CO"


def test_beyond_a_benefits_limit_the_patient_owes_what_the_payer_leaves_to_them():
    """Domain page 3.2, DUR-05: PR if it is a benefit maximum, else an extension of the authorization."""
    spent = CONFIRMED | {"rule": "DUR-05", "rule_remedy": "retro_auth", "carc": "119"}
    row = told(spent, reasons=["PR-119"])
    assert (row["remedy"], row["disposition"]) == ("patient_responsibility", "bill patient")
    assert row["next_step"].startswith("Bill the patient")
    assert remedy(spent, reasons=["PR-119"], rarcs=["N211"]) == "patient_responsibility"
    assert remedy(spent, reasons=["CO-119"]) == "retro_auth"
    assert remedy(spent, reasons=["PR-119", "CO-45"]) == "retro_auth"
    assert remedy(spent, reasons=["PR-119"], rule="AUTH-04") == "retro_auth"


def test_a_surplus_day_that_is_not_confirmed_is_left_alone():
    assert remedy(REFUTED, surplus="two of one date") == "no_action_duplicate"
    assert remedy(REFUTED, surplus="two of one date", to_keep=True) == "reconsideration"


def test_of_two_denied_days_of_one_claim_the_one_to_keep_is_billed_by_its_replacement():
    kept = REFUTED | {"payable": True, "to_keep": True, "one_claim": True}
    assert remedy(kept, beside_stands="denied") == "corrected_7"
    assert remedy(kept, beside_stands="denied", one_claim=False) == "reconsideration"
    assert remedy(kept, beside_stands="taken back") == "reconsideration"


def test_of_a_claim_that_another_took_the_place_of_nothing_is_to_be_done():
    row = told(REFUTED, closing="Nothing to do: work the other.", rarcs=["N142"])
    assert (row["remedy"], row["disposition"], row["deadline"]) == (None, "nothing", None)
    assert row["deadline_source"] == "none needed"
    assert row["next_step"] == "Nothing to do: work the other."


@pytest.mark.parametrize(
    ("rarcs", "expected", "by"),
    [
        (["N211"], "reopening", "N211"),
        (["N211", "N704"], "corrected_7", "N704"),  # no appeal, but a corrected claim is taken
        (["N704", "N142"], "new_claim_1", "N142"),  # what was denied whole is not corrected
        (["M62"], "reconsideration", None),
    ],
)
def test_the_remark_that_stands_first_in_the_list_decides(
    rarcs: list[str], expected: str, by: str | None
):
    row = told(REFUTED, rarcs=rarcs)
    assert row["remedy"] == expected
    assert ("allows nothing else" in row["next_step"]) is (by is not None)
    assert by is None or row["next_step"].endswith(f"Remark {by} allows nothing else.")


@pytest.mark.parametrize("asked", ["clinical_appeal", "contract_dispute", "retro_auth"])
def test_where_only_the_duplicate_may_be_appealed_that_is_asked(asked: str):
    """N111: no appeal but on whether it is a duplicate (domain page 3.2)."""
    row = told(REFUTED | {"refuted_remedy": asked}, rarcs=["N111"])
    assert row["remedy"] == "reconsideration"
    assert row["next_step"].endswith("Remark N111 allows nothing else.")
    assert told(REFUTED, rarcs=["N111"])["remedy"] == "reconsideration"


# ---------------------------------------------------------------- whose money


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["PR-96"], "patient_responsibility"),
        (["PR-96", "PR-204"], "patient_responsibility"),
        (["CO-96"], "write_off_CO"),
        (["PR-96", "CO-29"], "write_off_CO"),
        (["OA-96"], "write_off_CO"),
        (["PI-96"], "write_off_CO"),
        ([], "write_off_CO"),
    ],
)
@pytest.mark.parametrize("asked", ["patient_responsibility", "write_off_CO"])
def test_the_patient_is_billed_on_pr_alone_and_what_is_pr_is_not_written_off(
    asked: str, reasons: list[str], expected: str
):
    row = told(CONFIRMED, rule_remedy=asked, reasons=reasons)
    assert row["remedy"] == expected
    assert (row["deadline"], row["deadline_source"]) == (None, "none needed")
    assert ("Mend it." in row["next_step"]) is (asked == expected)


# ---------------------------------------------------------------- what to do


def test_the_rules_own_step_is_told_where_its_remedy_stands():
    """With the payer's number where the claim is replaced or voided, as REF F8 asks for it."""
    assert told(CONFIRMED)["next_step"] == "Mend it. Payer's claim number: P77."
    assert told(VOID, lines_left=1)["next_step"] == "Mend it. Payer's claim number: P77."
    assert told(CONFIRMED, payer_claim_number=None)["next_step"] == "Mend it."
    assert told(CONFIRMED, rule_remedy="retro_auth")["next_step"] == "Mend it."
    assert told(REFUTED, refuted_remedy="corrected_7")["next_step"].startswith("Correct the claim")
    barred = told(CONFIRMED, rarcs=["MA130"])
    assert barred["next_step"].startswith("Correct the claim and send it as a new one")
    assert "P77" not in barred["next_step"]
    surplus = told(VOID, lines_left=1, rarcs=["MA130"])
    assert surplus["next_step"].startswith("Correct the claim and send it as a new one")


def test_what_comes_first_is_said_before_the_step():
    row = told(UNKNOWN, carc="197", first="Complete the records, then decide.")
    assert row["next_step"] == (
        "Complete the records, then decide. "
        "Ask the payer to reconsider claim P77 and enclose the evidence listed."
    )


# ---------------------------------------------------------------- by when


@pytest.mark.parametrize(
    ("payer", "chosen", "deadline", "source"),
    [
        ("MERID", "reconsideration", date(2026, 5, 14), "appeal clock of meridian 2026.1: 65 days from the remit of 2026-03-10"),
        ("MERID", "corrected_7", date(2026, 6, 8), "corrected clock of meridian 2026.1: 90 days from the remit of 2026-03-10"),
        ("MERID", "void_8", date(2026, 6, 8), "corrected clock of meridian 2026.1: 90 days from the remit of 2026-03-10"),
        ("MERID", "new_claim_1", date(2026, 5, 28), "filing clock of meridian 2026.1: 90 days from the service of 2026-02-27"),
        ("SERVE", "corrected_7", date(2026, 5, 3), "corrected clock of meridian 2026.1: 90 days from the service of 2026-02-02"),
        ("SERVE", "void_8", date(2026, 5, 3), "corrected clock of meridian 2026.1: 90 days from the service of 2026-02-02"),
        ("SERVE", "reconsideration", date(2026, 5, 14), "appeal clock of meridian 2026.1: 65 days from the remit of 2026-03-10"),
        ("SUMIT", "corrected_7", date(2026, 7, 8), "corrected clock of summit 2026.1: 120 days from the remit of 2026-03-10"),
        ("SUMIT", "new_claim_1", date(2027, 2, 2), "filing clock of summit 2026.1: 365 days from the service of 2026-02-02"),
    ],
)  # fmt: skip
def test_each_remedy_has_its_clock(payer: str, chosen: str, deadline: date, source: str):
    row = told(CONFIRMED, payer=payer, rule_remedy=chosen)
    assert (row["deadline"], row["deadline_source"]) == (deadline, source)


def test_what_is_undecided_is_due_when_an_appeal_is():
    assert told(UNKNOWN, carc="242")["deadline"] == date(2026, 5, 14)


@pytest.mark.parametrize("carc", ["109", "24", "B11"])
def test_a_claim_for_another_payer_is_due_by_that_payers_limit(carc: str):
    """The right payer is not known yet, and this one's 90 days are not its."""
    row = told(UNKNOWN, carc=carc, category="payer")
    assert (row["remedy"], row["deadline"]) == ("new_claim_1", None)
    assert row["deadline_source"] == "unknown: the other payer's filing limit counts"
    own = told(UNKNOWN, carc="31", category="eligibility")
    assert (own["remedy"], own["deadline"]) == ("new_claim_1", date(2026, 5, 28))
    records = told(CONFIRMED, rule_remedy="send_records", category="payer")
    assert records["deadline"] == date(2026, 5, 14)


def test_a_statement_without_an_end_counts_from_the_day():
    """2 February and 90 days are 3 May."""
    row = told(CONFIRMED, rule_remedy="new_claim_1", statement_to=None)
    assert row["deadline"] == date(2026, 5, 3)


def test_the_last_day_is_in_time_and_the_next_is_not():
    """An appeal is due on 14 May."""
    assert told(REFUTED, as_of=date(2026, 5, 14))["next_step"].startswith("Ask the payer")
    late = told(REFUTED, as_of=date(2026, 5, 15))
    assert late["next_step"].startswith("The time for it ended on 2026-05-14 (appeal clock of")
    assert late["remedy"] == "reconsideration"
    assert told(REFUTED, as_of=date.max, payer="OTHER")["next_step"].startswith("Ask the payer")
