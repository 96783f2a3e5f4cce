"""Nothing paid is no denial by itself; what is paid below the contract is reduced (835 CAS, CLP02)."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from denial_cases import FEB3, POLICIES, Case, denial, only, together
from remit_rows import (
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
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.rules.engine import check


def answer(
    *reasons: tuple[str, str, int],
    paid_cents: int = 0,
    status: str = "1",
    at_claim: bool = False,
    **head: Any,
) -> dict[str, pl.DataFrame]:
    """Claim EAAA of 350.00 answered with these adjustments (group, reason, cents)."""
    line = None if at_claim else 400
    return remits(
        payments=[payment(amount_cents=paid_cents)],
        remit_claims=[remit_claim(300, claim="EAAA", status=status, paid_cents=paid_cents, **head)],
        remit_lines=[]
        if at_claim
        else [remit_line(300, 400, line_control="LAAA001", paid_cents=paid_cents)],
        adjustments=[
            adjustment(300, line, 450 + place, group=group, carc=carc, amount_cents=cents)
            for place, (group, carc, cents) in enumerate(reasons)
        ],
    )


@pytest.mark.parametrize("at_claim", [False, True])
@pytest.mark.parametrize(
    "reasons",
    [
        [("PR", "1", 28500), ("CO", "45", 6500)],
        [("PR", "2", 28500), ("CO", "45", 6500)],
        [("PR", "3", 28500), ("CO", "45", 6500)],
        [("OA", "23", 28500), ("CO", "45", 6500)],
        [("OA", "23", 35000)],
        [("CO", "45", 6500), ("OA", "100", 28500)],
        [("CO", "45", 6500), ("PR", "142", 28500)],
        [("OA", "133", 35000)],
    ],
)
def test_nothing_paid_is_no_denial(reasons, at_claim):
    """Deductible, coinsurance, copay, an earlier payer, the patient paid, Medicaid's share, pending."""
    found = Case().verdicts(answer(*reasons, at_claim=at_claim))
    assert "denied" not in found["kind"]
    assert "denied in part" not in found["kind"]


def test_what_others_pay_counts_as_received():
    """The deductible is all of the contract's 285.00: nothing is short."""
    assert Case().verdicts(answer(("PR", "1", 28500), ("CO", "45", 6500))).is_empty()


def test_a_contract_amount_that_takes_all_is_below_the_contract_and_no_denial():
    row = only(Case().verdicts(answer(("CO", "45", 35000))))
    assert (row["kind"], row["rule"], row["cause"]) == ("reduced", "CON-01", "payer")
    assert (row["expected_cents"], row["received_cents"]) == (28500, 0)
    assert (row["category"], row["disposition"]) == ("contract", "dispute")


@pytest.mark.parametrize("status", ["2", "3", "19", "20", "21"])
def test_secondary_and_forwarded_answers_without_refusal_are_no_denial(status):
    found = Case().verdicts(answer(("OA", "23", 35000), status=status))
    assert "denied" not in found["kind"]


@pytest.mark.parametrize("line", [400, None])
def test_an_earlier_payers_part_whose_answer_is_asked_for_is_refused(line):
    """CARC 23 with N479, the other payer's answer is missing (domain page 3.2, COB-01): nobody has paid."""
    remark = {"file_id": 9, "remit_claim_offset": 300, "remit_line_offset": line,
              "byte_offset": 490, "position": 1}  # fmt: skip
    left = answer(("CO", "23", 28500), ("CO", "45", 6500))

    def told(code: str) -> pl.DataFrame:
        return Case().verdicts(left | {"remarks": frame("remarks", [remark | {"remark": code}])})

    row = only(told("N479"))
    assert (row["kind"], row["carc"], row["rule"]) == ("denied", "23", "COB-01")
    assert (row["remedy"], row["received_cents"]) == ("bill_other_payer", 0)
    assert (row["category"], row["scenario"]) == ("coordination", 1)
    assert "denied" not in told("N381")["kind"]


@pytest.mark.parametrize("status", ["23", "25"])
def test_neither_a_predetermination_nor_anothers_claim_is_a_denial(status):
    """CLP02 25 promises, 23 is not our claim: neither is posted, neither is explained."""
    case = Case()
    made = reconcile(answer(("CO", "197", 35000), status=status), case.sent)
    records = case.records(made.remits, made.matches)
    found = verdicts(made.remits, made.matches, records, check(records, POLICIES), POLICIES)
    assert found.is_empty()


def test_the_payers_own_word_for_a_denial_counts():
    """CLP02 = 4 without any reason: denied, and that no reason came stays visible."""
    row = only(Case().verdicts(answer(status="4")))
    assert (row["kind"], row["carc"], row["category"]) == ("denied", None, "unmapped")
    assert "no reason code" in row["says"]


def test_paid_before_is_no_denial_of_what_was_paid():
    """CO-18, OA-18 and CO-B13 of the same claim after its payment."""
    paid = answer(("CO", "45", 6500), paid_cents=28500)
    for group, carc in (("OA", "18"), ("CO", "18"), ("CO", "B13")):
        again = {
            name: rows.with_columns(file_id=pl.lit(10, pl.Int64))
            for name, rows in answer((group, carc, 35000)).items()
        }
        again["payments"] = again["payments"].with_columns(payment_date=pl.lit(date(2026, 4, 1)))
        assert Case().verdicts(together(paid, again)).is_empty(), carc


def test_a_reversal_is_no_denial():
    taken_back = denial("197", "M62", head={"status": "22", "charge_cents": -35000})
    assert Case().verdicts(taken_back).is_empty()


def test_paid_below_the_contract_is_reduced_with_the_rate_as_evidence():
    """Harbor allows 250.00 of the contract's 285.00 (CO-45 100.00): 35.00 to dispute."""
    row = only(Case().verdicts(answer(("CO", "45", 10000), paid_cents=25000)))
    assert (row["kind"], row["verdict"], row["cause"]) == ("reduced", "refuted", "payer")
    assert (row["expected_cents"], row["received_cents"]) == (28500, 25000)
    assert row["expected_source"] == "policy harbor 2026.1"
    assert row["evidence"] == [
        "claim:EAAA line 1",
        "contract:HARBR H0015 policy harbor 2026.1",
    ]
    assert row["says"].startswith(
        "CO-45 (charge above the agreed fee): 250.00 allowed of the 285.00"
    )
    assert (row["remedy"], row["disposition"]) == ("contract_dispute", "dispute")
    assert (row["claim"], row["line"], row["match"]) == ("EAAA", 1, "6R")


def test_what_is_refused_under_the_contract_of_a_paid_line_the_contract_decides():
    """256, not payable under the contract: of 285.00 agreed 250.00 are allowed, 35.00 are to dispute.
    Paid in full the payer is right: nothing is short. A day refused whole its rate does not decide."""
    row = only(Case().verdicts(answer(("CO", "45", 6500), ("CO", "256", 3500), paid_cents=25000)))
    assert (row["verdict"], row["rule"], row["cause"]) == ("refuted", "CON-01", "payer")
    assert (row["carc"], row["remedy"], row["recoverable_cents"]) == (
        "256",
        "contract_dispute",
        3500,
    )
    assert "250.00 allowed of the 285.00" in row["says"]
    assert Case().verdicts(answer(("CO", "256", 6500), paid_cents=28500)).is_empty()
    assert only(Case().verdicts(answer(("CO", "256", 35000))))["verdict"] == "unknown"


def test_beside_another_refusal_or_without_a_rate_the_contract_decides_nothing():
    two = answer(("CO", "151", 6500), ("CO", "256", 3500), paid_cents=25000)
    assert only(Case().verdicts(two))["kind"] == "denied in part"
    unpriced = Case(lines=[claim_line(100, 150, line_control="LAAA001", procedure="H0040")])
    row = only(unpriced.verdicts(answer(("CO", "256", 10000), paid_cents=25000)))
    assert (row["kind"], row["verdict"]) == ("denied in part", "unknown")


def test_what_law_takes_off_beside_a_refusal_under_the_contract_is_no_shortfall():
    """Two percent of 285.00 (253, 5.70) and 10.00 refused (256): only these are to be had."""
    cut = answer(("CO", "45", 6500), ("CO", "253", 570), ("CO", "256", 1000), paid_cents=26930)
    assert only(Case().verdicts(cut))["recoverable_cents"] == 1000


def test_what_an_earlier_payer_wrote_off_is_no_part_of_what_was_allowed():
    """The first payer paid 200.00 and wrote 65.00 off, the second says 265.00 of both (23). Of its 285.00
    by contract 85.00 are due; it pays 50.00. Told where the claim says what the first one paid (SVD02)."""
    short = answer(("OA", "23", 26500), ("CO", "45", 3500), paid_cents=5000)
    assert Case().verdicts(short).is_empty()
    row = only(second_payers().verdicts(short))
    assert (row["kind"], row["rule"], row["remedy"]) == ("reduced", "CON-01", "contract_dispute")
    assert (row["received_cents"], row["recoverable_cents"]) == (25000, 3500)
    paid = answer(("OA", "23", 26500), paid_cents=8500)
    assert second_payers().verdicts(paid).is_empty()


def test_of_a_denied_second_claim_what_the_first_payer_paid_is_not_to_be_had_again():
    row = only(second_payers().verdicts(answer(("CO", "197", 35000))))
    assert (row["received_cents"], row["recoverable_cents"]) == (20000, 8500)


def test_of_a_second_claim_denied_as_a_whole_it_is_not_either():
    """Two days of 285.00, for which the first payer paid 200.00 and 150.00; the answer names no line."""
    case = second_payers(
        claim_line(100, 150, line_control="LAAA001"),
        claim_line(100, 170, line_control="LAAA002", line=2, service_date=FEB3),
    )
    row = only(case.verdicts(answer(("CO", "197", 35000), at_claim=True, charge_cents=70000)))
    assert (row["expected_cents"], row["received_cents"]) == (57000, 35000)
    assert row["recoverable_cents"] == 22000


def second_payers(*lines: dict[str, Any]) -> Case:
    """EAAA as the second payer got it: the first one paid 200.00 for its line, 150.00 for a second."""
    heads = [claim(100, "EAAA", auth_number="A1", charge_cents=35000 * (len(lines) or 1))]
    case = Case(lines=list(lines) or None, heads=heads)
    told = [(150, 20000), (170, 15000)][: len(lines) or 1]
    case.decided = frame(
        "other_payer_lines",
        [{"file_id": 1, "claim_offset": 100, "line_offset": line, "decision_offset": line + 10,
          "paid_cents": cents} for line, cents in told],
    )  # fmt: skip
    return case


def test_what_law_takes_off_is_no_shortfall():
    """Two percent of a federal cut (253): 279.30 paid, 5.70 taken off by law."""
    cut = answer(("CO", "45", 6500), ("CO", "253", 570), paid_cents=27930)
    assert Case().verdicts(cut).is_empty()
    more = answer(("CO", "45", 7500), ("CO", "253", 570), paid_cents=26930)
    row = only(Case().verdicts(more))
    assert (row["kind"], row["received_cents"], row["recoverable_cents"]) == (
        "reduced",
        26930,
        1000,
    )
    assert "275.00 allowed of the 285.00" in row["says"]


def test_paid_as_the_contract_says_or_above_is_nothing_to_explain():
    assert Case().verdicts(answer(("CO", "45", 6500), paid_cents=28500)).is_empty()
    assert Case().verdicts(answer(paid_cents=35000)).is_empty()


def test_paid_in_part_with_a_refusal_is_a_denial_in_part():
    row = only(Case().verdicts(answer(("CO", "45", 6500), ("CO", "151", 10000), paid_cents=18500)))
    assert (row["kind"], row["carc"], row["received_cents"]) == ("denied in part", "151", 18500)
    assert row["reasons"] == ["CO-151"]


def test_every_reason_is_told_with_its_group():
    row = only(Case().verdicts(answer(("CO", "197", 25000), ("PR", "96", 10000))))
    assert row["reasons"] == ["CO-197", "PR-96"]
    assert (row["group"], row["carc"]) == ("CO", "197")


def test_the_patient_is_billed_only_where_every_reason_is_the_patients():
    """Excluded by the plan: PR alone leaves it to the patient, PR beside CO does not."""
    alone = only(Case().verdicts(answer(("PR", "96", 35000))))
    mixed = only(Case().verdicts(answer(("PR", "96", 25000), ("CO", "45", 10000))))
    assert "patient" not in (alone["remedy"] or ""), (
        "that the plan excludes it our records cannot show"
    )
    assert mixed["reasons"] == ["PR-96"]
