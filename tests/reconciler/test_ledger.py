"""The ledger: every cent of every payment in one place, whatever order files came in."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from ledger_cases import (
    FEB2,
    MARCH,
    account,
    answer,
    decided,
    file,
    fold,
    seen,
    sent,
    told,
    two_days,
)

from edi_iop.reconciler.balance import balance
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.rules import policy

# -- one claim's life


def test_a_claim_paid_once():
    row = account(fold(file(1, "T1", 1, answer(28000, patient=2000))))
    assert (row["state"], row["answered_cents"], row["posted_cents"]) == ("paid", 28000, 28000)
    assert (row["charge_cents"], row["contract_cents"], row["patient_cents"]) == (35000, 5000, 2000)
    assert (row["credit_cents"], row["held_cents"]) == (0, 0)


def test_a_reversal_with_its_correction_leaves_the_correction():
    """Paid 280.00, taken back, paid 300.00: 300.00 stands, 300.00 has come."""
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(-28000, -35000, "22"), answer(30000)),
    )
    assert told(made) == [
        ("payment", "posted", 28000),
        ("reversal", "posted", -28000),
        ("correction", "posted", 30000),
    ]
    assert made.postings["current"].to_list() == [False, False, True]
    assert made.postings["pair_file"].to_list() == [2, 1, None]
    row = account(made)
    assert (row["state"], row["answered_cents"], row["posted_cents"]) == ("paid", 30000, 30000)


def test_a_correction_to_the_same_amounts_is_not_what_is_reversed():
    """The reversal speaks of the payment before, not of the correction beside it."""
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(-28000, -35000, "22"), answer(28000)),
    )
    assert made.postings["current"].to_list() == [False, False, True]
    assert account(made)["posted_cents"] == 28000


def test_a_reversal_alone_leaves_the_claim_open():
    made = fold(file(1, "T1", 1, answer(28000)), file(2, "T2", 8, answer(-28000, -35000, "22")))
    row = account(made)
    assert (row["state"], row["answered_cents"], row["posted_cents"]) == ("reversed", 0, 0)


def test_a_reversal_of_nothing_known_is_parked():
    made = fold(file(2, "T2", 8, answer(-28000, -35000, "22"), answer(30000)))
    assert told(made) == [("reversal", "held", -28000), ("correction", "posted", 30000)]
    assert made.postings["says"][0] == ("parked: no payment of 280.00 is known that it takes back")
    assert made.payments["held_cents"].to_list() == [-28000]
    assert account(made)["answered_cents"] == 30000


def test_a_reversal_of_other_amounts_is_parked():
    made = fold(file(1, "T1", 1, answer(28000)), file(2, "T2", 8, answer(-27000, -35000, "22")))
    assert told(made) == [("payment", "posted", 28000), ("reversal", "held", -27000)]


def test_a_reversal_of_one_line_of_two_waits_and_says_what_was_paid():
    """A reversal repeats the whole answer with its sign turned (RFI 1429): a part of one is not taken
    for it; 280.00 of two days were paid, 140.00 of one go back and are held."""
    paid = answer(28000, 70000, days=(FEB2, date(2026, 2, 4)))
    back = answer(-14000, -35000, "22", days=(date(2026, 2, 4),))
    made = fold(file(1, "T1", 1, paid), file(2, "T2", 8, back), sent=two_days())
    assert told(made) == [("payment", "posted", 28000), ("reversal", "held", -14000)]
    assert made.postings["says"][1] == (
        "parked: no payment of 140.00 is known that it takes back; 280.00 was paid before it"
    )
    assert (account(made)["posted_cents"], account(made)["held_cents"]) == (28000, -14000)


@pytest.mark.parametrize(
    ("reason", "state"), [("45", "left to the patient"), ("197", "nothing paid")]
)
def test_what_is_left_to_the_patient_is_no_denial_whatever_the_contract_takes_off(
    reason: str, state: str
):
    """350.00 charged, 285.00 of it the deductible, 65.00 above the contract, or refused."""
    row = account(fold(file(1, "T1", 1, answer(0, patient=28500, reason=reason))))
    assert (row["state"], row["patient_cents"], row["contract_cents"]) == (state, 28500, 6500)


def test_a_reversal_dated_before_its_payment_is_parked():
    made = fold(file(1, "T1", 8, answer(28000)), file(2, "T2", 1, answer(-28000, -35000, "22")))
    assert told(made) == [("reversal", "held", -28000), ("correction", "posted", 28000)]


def test_a_second_payment_of_the_same_lines_without_reversal_waits():
    """It would count the day twice: 300.00 of the second check are held until someone looks."""
    files = (file(1, "T1", 1, answer(28000)), file(2, "T2", 8, answer(30000)))
    made = fold(*files)
    assert told(made) == [("payment", "posted", 28000), ("correction", "held", 30000)]
    assert made.postings["says"][1] == "pays lines that 280.00 was paid for, without a reversal"
    assert made.payments["held_cents"].to_list() == [0, 30000]
    released = fold(*files, decisions=decided("release", 2, 300))
    assert told(released)[1] == ("correction", "posted", 30000)
    row = account(released)
    assert (row["answered_cents"], row["posted_cents"], row["credit_cents"]) == (
        30000, 58000, 28000,
    )  # fmt: skip


def test_a_release_that_is_undone_waits_again():
    files = (file(1, "T1", 1, answer(28000)), file(2, "T2", 8, answer(30000)))
    undone = decided("undo", 2, 300).with_columns(decision=pl.lit(2, pl.Int64))
    made = fold(*files, decisions=pl.concat([decided("release", 2, 300), undone]))
    assert told(made)[1] == ("correction", "held", 30000)


def test_a_payment_and_its_reversal_of_one_date_are_a_pair_whatever_their_numbers():
    """T9 pays on March 8, T2 takes it back on the same day: nothing stands, nothing is parked."""
    made = fold(file(1, "T9", 8, answer(28000)), file(2, "T2", 8, answer(-28000, -35000, "22")))
    assert made.postings["standing"].to_list() == ["posted", "posted"]
    assert (account(made)["state"], account(made)["posted_cents"]) == ("reversed", 0)


def test_a_policy_lets_a_second_payment_take_the_first_ones_place():
    """The payer corrects without reversals: 300.00 count at once, and 280.00 are a credit."""
    files = (file(1, "T1", 1, answer(28000)), file(2, "T2", 8, answer(30000)))
    harbor = policy.load("harbor", FEB2)
    assert harbor.remits.unreversed == "confirm"
    waiting = fold(*files, policies={"HARBR": harbor})
    assert told(waiting)[1] == ("correction", "held", 30000)
    replaced = harbor.under({"remits": {"unreversed": "replace"}})
    made = fold(*files, policies={"HARBR": replaced})
    assert told(made) == [("payment", "posted", 28000), ("correction", "posted", 30000)]
    row = account(made)
    assert (row["answered_cents"], row["posted_cents"], row["credit_cents"]) == (
        30000, 58000, 28000,
    )  # fmt: skip
    other = fold(*files, policies={"OTHER": replaced})
    assert told(other)[1] == ("correction", "held", 30000)


def test_interest_of_a_claim_stands_beside_its_money():
    """AMT*I 1.25 is paid in PLB L6 (a negative amount adds): 281.25 by check, 280.00 on the claim."""
    made = fold(
        file(1, "T1", 1, answer(28000, interest_cents=125), plb=[("L6", "", -125)]),
    )
    assert made.payments["amount_cents"].to_list() == [28125]
    row = account(made)
    assert (row["posted_cents"], row["interest_cents"], row["answered_cents"]) == (
        28000,
        125,
        28000,
    )
    assert made.postings["says"].to_list() == ["with interest of 1.25 beside it"]


def test_a_reversal_takes_its_interest_back_too():
    """281.25 came with interest; 280.00 and the 1.25 (L6 1.25, AMT*I -1.25) leave 300.00 - 281.25."""
    other = answer(30000, claim="EBBB", payer_claim_number="ICN0002")
    back = answer(-28000, -35000, "22", interest_cents=-125)
    files = (
        file(1, "T1", 1, answer(28000, interest_cents=125), plb=[("L6", "", -125)]),
        file(2, "T2", 8, back, other, plb=[("L6", "", 125)]),
    )
    made = fold(*files)
    assert made.payments["amount_cents"].to_list() == [28125, 1875]
    row = made.accounts.filter(account="EAAA").row(0, named=True)
    assert (row["state"], row["posted_cents"], row["interest_cents"]) == ("reversed", 0, 0)
    assert balance(files[1]).is_empty()


def test_interest_that_only_the_claim_names_is_no_money():
    """AMT*I 1.25 and no PLB L6: the check is 280.00; the payment counts, the difference is told."""
    one = file(1, "T1", 1, answer(28000, interest_cents=125))
    made = fold(one)
    assert made.payments.select("standing", "amount_cents", "posted_cents", "held_cents").row(0) == (
        "posted", 28000, 28000, 0,
    )  # fmt: skip
    row = account(made)
    assert (row["posted_cents"], row["answered_cents"], row["credit_cents"]) == (28000, 28000, 0)
    assert balance(one)["code"].to_list() == ["INTEREST_UNBALANCED"]


def test_a_second_payment_counts_where_the_payer_took_the_first_back():
    """PLB WO with the claim's number: the 835 way to correct without a reversal."""
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(30000), plb=[("WO", "EAAA 20260202 ICN0001", 28000)]),
    )
    assert told(made)[1] == ("correction", "posted", 30000)
    row = account(made)
    assert (row["posted_cents"], row["recovered_cents"], row["credit_cents"]) == (58000, 28000, 0)


def test_a_denial_that_is_paid_later_takes_its_place():
    """It is to be reversed too (RFI 1741), which the posting tells; nothing counts twice."""
    made = fold(
        file(1, "T1", 1, answer(0, status="4", reason="197"), handling="H"),
        file(2, "T2", 8, answer(28000)),
    )
    assert told(made) == [("denial", "posted", 0), ("correction", "posted", 28000)]
    assert made.postings["says"][1] == (
        "pays what an earlier answer did not, without a reversal of that answer"
    )
    assert account(made)["answered_cents"] == 28000


def test_a_payment_that_is_denied_later_waits_for_a_person_too():
    """A correction to nothing is a correction: without a reversal the payment stands until then."""
    files = (
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(0, status="4", reason="197")),
    )
    made = fold(*files)
    assert told(made) == [("payment", "posted", 28000), ("correction", "held", 0)]
    assert made.postings["says"][1] == (
        "pays nothing for lines that 280.00 was paid for, without a reversal"
    )
    assert (account(made)["state"], account(made)["answered_cents"]) == ("paid", 28000)
    row = account(fold(*files, decisions=decided("release", 2, 300)))
    assert (row["state"], row["posted_cents"], row["credit_cents"]) == (
        "nothing paid",
        28000,
        28000,
    )


def test_a_policy_lets_a_denial_take_a_payment_s_place():
    harbor = policy.load("harbor", FEB2).under({"remits": {"unreversed": "replace"}})
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(0, status="4", reason="197")),
        policies={"HARBR": harbor},
    )
    assert told(made)[1] == ("correction", "posted", 0)


def test_a_line_denied_once_more_beside_a_paid_one_does_not_wait():
    """Feb 2 was paid and Feb 4 denied; the second answer refuses Feb 4 again, Feb 2 is untouched."""
    feb4 = date(2026, 2, 4)
    made = fold(
        file(1, "T1", 1, answer(28000, charge=35000), answer(0, reason="197", days=(feb4,))),
        file(2, "T2", 8, answer(0, status="4", reason="16", days=(feb4,))),
        sent=two_days(),
    )
    assert told(made)[2] == ("correction", "posted", 0)
    assert account(made)["answered_cents"] == 28000


def test_a_payment_recovered_whole_is_taken_back():
    """PLB WO of 280.00 in two checks, 180.00 and 100.00, and no other answer."""
    first = file(1, "T1", 1, answer(28000))
    second = file(2, "T2", 8, plb=[("WO", "EAAA 20260202 ICN0001", 18000), ("CS", "", -18000)])
    third = file(3, "T3", 9, plb=[("WO", "EAAA 20260202 ICN0001", 10000), ("CS", "", -10000)])
    part, whole = account(fold(first, second)), account(fold(first, second, third))
    assert (part["state"], part["credit_cents"]) == ("taken back in part", -18000)
    assert (whole["state"], whole["credit_cents"]) == ("taken back", -28000)
    assert (whole["answered_cents"], whole["recovered_cents"]) == (28000, 28000)


def test_an_answer_that_says_answered_before_alone_reverses_nothing():
    for reason in ("18", "B13"):
        row = account(fold(file(1, "T1", 1, answer(0, reason=reason))))
        assert (row["state"], row["posted_cents"]) == ("answered before", 0)


def test_a_denial_as_answered_before_changes_nothing():
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(0, status="4", reason="18")),
    )
    assert told(made)[1] == ("answered before", "posted", 0)
    assert account(made)["answered_cents"] == 28000


def test_the_same_answer_in_another_payment_waits():
    """A partial re-send: the claim's words are the same, the check is another."""
    made = fold(file(1, "T1", 1, answer(28000)), file(2, "T2", 8, answer(28000)))
    assert told(made)[1] == ("repeat", "held", 28000)
    assert account(made)["posted_cents"] == 28000


def test_paid_again_after_a_reversal_is_no_repeat():
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(-28000, -35000, "22")),
        file(3, "T3", 9, answer(28000)),
    )
    assert told(made)[2] == ("correction", "posted", 28000)
    assert account(made)["posted_cents"] == 28000


def test_parts_of_a_claim_in_two_payments_are_both_posted():
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(27000, days=(date(2026, 2, 4),))),
        sent=two_days(),
    )
    assert told(made) == [("payment", "posted", 28000), ("payment", "posted", 27000)]
    assert made.postings["current"].all()
    assert (account(made)["answered_cents"], account(made)["charge_cents"]) == (55000, 70000)


def test_primary_and_secondary_payers_stand_beside_each_other():
    made = fold(
        file(1, "T1", 1, answer(20000, crossover_payer="SUMMIT", status="19")),
        file(2, "T2", 8, answer(8000, status="2")),
    )
    assert told(made) == [("payment", "posted", 20000), ("payment", "posted", 8000)]
    assert made.postings["forwarded_to"].to_list() == ["SUMMIT", None]
    assert made.postings["says"][0] == "forwarded to SUMMIT"
    assert account(made)["answered_cents"] == 28000


def test_second_and_third_payers_that_forward_stand_beside_the_first():
    """19, 20 and 21 are answers of the first, second and third payer, each sent on to the next one;
    what the second takes back (22) is its own."""
    files = [
        file(1, "T1", 1, answer(20000, status="19", crossover_payer="SUMMIT")),
        file(2, "T2", 8, answer(8000, status="20"), payer_trace_id="1888888888"),
        file(3, "T3", 9, answer(5000, status="21"), payer_trace_id="1777777777"),
        file(4, "T4", 15, answer(-8000, -35000, "22"), payer_trace_id="1888888888"),
    ]
    made = fold(*files[:3])
    assert made.accounts["answered_cents"].to_list() == [20000, 8000, 5000]
    taken = fold(*files)
    assert sorted(taken.accounts.select("state", "posted_cents").rows()) == [
        ("paid", 5000), ("paid", 20000), ("reversed", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(("status", "event"), [("25", "predetermination"), ("23", "not ours")])
def test_answers_that_move_no_money(status: str, event: str):
    made = fold(file(1, "T1", 1, answer(0, status=status)))
    assert told(made) == [(event, "posted", 0)]
    assert account(made)["state"] == "no money"
    wrong = fold(file(1, "T1", 1, answer(100, status=status)))
    assert told(wrong) == [(event, "held", 100)]


# -- adjustments of the provider


def test_interest_raises_the_payment_and_belongs_to_no_charge():
    made = fold(file(1, "T1", 1, answer(28000), plb=[("L6", "ICN0001", -123)]))
    assert made.payments.select("amount_cents", "posted_cents", "provider_adjustment_cents").row(
        0
    ) == (28123, 28000, -123)
    (row,) = made.provider_postings.to_dicts()
    assert (row["role"], row["account"]) == ("interest", "EAAA")
    assert account(made)["recovered_cents"] == 0


def test_a_balance_carried_forward_ends_at_nothing():
    """A reversal of 280.00 meets 100.00 of payments: 180.00 go to the next check."""
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(
            2, "T2", 8,
            answer(-28000, -35000, "22"),
            answer(10000, claim="EBBB", payer_claim_number="ICN0002"),
            plb=[("FB", "T2", -18000)],
        ),
        file(3, "T3", 9, answer(20000, claim="ECCC", payer_claim_number="ICN0003"),
             plb=[("FB", "T2", 18000)]),
    )  # fmt: skip
    assert made.payments["amount_cents"].to_list() == [28000, 0, 2000]
    assert made.provider_postings["balance_cents"].to_list() == [-18000, 0]
    assert made.provider_postings["thread"].n_unique() == 1


def test_an_overpayment_is_threaded_through_two_checks():
    """WO -20.00 gives the reversal's money back, WO 20.00 takes it with the next check."""
    made = fold(
        file(1, "T1", 1, answer(10000)),
        file(2, "T2", 8, answer(-10000, -35000, "22"), answer(8000), plb=[("WO", "ICN0001", -2000)]),
        file(3, "T3", 9, answer(5000, claim="EBBB", payer_claim_number="ICN0002"),
             plb=[("WO", "00ICN0001X2", 2000)]),
    )  # fmt: skip
    assert made.provider_postings["balance_cents"].to_list() == [-2000, 0]
    row = made.accounts.row(by_predicate=pl.col("account") == "EAAA", named=True)
    assert (row["posted_cents"], row["recovered_cents"], row["answered_cents"]) == (8000, 0, 8000)


def test_a_reference_that_holds_two_claims_names_neither():
    made = fold(
        file(1, "T1", 1, answer(10000), answer(5000, claim="EBBB", payer_claim_number="ICN0002")),
        file(2, "T2", 8, answer(9000, claim="ECCC", payer_claim_number="ICN0003"),
             plb=[("WO", "ICN0001 ICN0002", 2000)]),
    )  # fmt: skip
    assert made.provider_postings["account"].to_list() == [None]


def test_an_unknown_reason_stays_visible():
    made = fold(file(1, "T1", 1, answer(28000), plb=[("ZZ", None, 100)]))
    assert made.provider_postings.select("role", "amount_cents").row(0) == ("unknown", 100)


def test_a_payment_of_adjustments_alone():
    """BPR01 I with PLB and no claim: RFI 1870."""
    made = fold(file(1, "T1", 1, plb=[("CS", "SETTLEMENT", -5000)]))
    assert made.payments.select("standing", "amount_cents", "posted_cents").row(0) == (
        "posted", 5000, 0,
    )  # fmt: skip


# -- what does not add up


def test_what_does_not_balance_is_held_whole_and_said_so():
    made = fold(file(1, "T1", 1, answer(28000), amount_cents=27000))
    (row,) = made.payments.to_dicts()
    assert (row["standing"], row["reason"], row["held_cents"]) == ("held", "unbalanced", 27000)
    assert "280.00" in row["says"]
    assert account(made)["posted_cents"] == 0
    released = fold(
        file(1, "T1", 1, answer(28000), amount_cents=27000), decisions=decided("release", 1)
    )
    (row,) = released.payments.to_dicts()
    assert (row["standing"], row["posted_cents"], row["held_cents"]) == ("posted", 28000, -1000)


def test_a_line_that_does_not_balance_holds_its_payment_and_no_other():
    wrong = file(1, "T1", 1, answer(28000))
    wrong["adjustments"] = wrong["adjustments"].with_columns(amount_cents=pl.lit(1, pl.Int64))
    other = answer(1000, claim="EBBB", payer_claim_number="ICN0002")
    made = fold(wrong, file(2, "T2", 2, other))
    assert made.payments["standing"].to_list() == ["held", "posted"]


def test_an_amount_that_cannot_be_read_is_held():
    made = fold(file(1, "T1", 1, answer(0), amount_cents=None))
    assert made.payments["reason"].to_list() == ["unreadable"]


# -- duplicates


def test_the_same_payment_in_another_envelope_counts_once():
    again = file(2, "T1", 1, answer(28000), interchange_control="000000777", group_control="7")
    again["remit_claims"] = again["remit_claims"].with_columns(pl.col("claim").str.to_lowercase())
    made = fold(file(1, "T1", 1, answer(28000)), again)
    assert made.payments.select("standing", "reason", "same_file").rows() == [
        ("posted", None, 1), ("duplicate", "payment", 1),
    ]  # fmt: skip
    assert account(made)["posted_cents"] == 28000


def test_the_same_interchange_with_other_separators_is_a_duplicate_interchange():
    made = fold(file(1, "T1", 1, answer(28000)), file(2, "T1", 1, answer(28000)))
    assert made.payments["reason"].to_list() == [None, "interchange"]


def test_one_number_with_other_content_is_a_conflict_and_neither_is_posted():
    files = (file(1, "T1", 1, answer(28000)), file(2, "0T1", 1, answer(27000)))
    made = fold(*files)
    assert made.payments.select("standing", "reason").rows() == [("held", "conflict")] * 2
    assert "1:200, 2:200" in made.payments["says"][0]
    assert made.payments["held_cents"].to_list() == [28000, 27000]
    one = fold(*files, decisions=decided("reject", 1))
    assert one.payments["standing"].to_list() == ["rejected", "posted"]
    both = fold(*files, decisions=decided("release", 1))
    assert both.payments["standing"].to_list() == ["posted", "held"]


def test_a_conflict_is_told_of_what_does_not_balance_too():
    """Nobody can say which of the two counts: the one that comes out is no surer than the other."""
    made = fold(
        file(1, "T1", 1, answer(28000)), file(2, "T1", 2, answer(27000), amount_cents=26000)
    )
    assert made.payments.select("standing", "reason").rows() == [
        ("held", "conflict"), ("held", "unbalanced"),
    ]  # fmt: skip
    told_of = "number T1 of this payer was given to payments of other content: 1:200, 2:200"
    assert made.payments["says"][0] == told_of
    assert made.payments["says"][1].endswith(f"; {told_of}")
    assert "260.00" in made.payments["says"][1]


def test_what_cannot_be_read_contends_as_well():
    """Which of the two the bank paid, the one that can be read does not tell."""
    made = fold(file(1, "T1", 1, answer(28000)), file(2, "T1", 2, answer(27000), amount_cents=None))
    assert made.payments.select("standing", "reason").rows() == [
        ("held", "conflict"), ("held", "unreadable"),
    ]  # fmt: skip
    assert made.payments["says"][1].startswith("its amount cannot be read; number T1")


def test_payments_without_a_number_are_each_their_own():
    """Neither copies nor rivals of each other; the same answer once more waits by itself."""
    other = answer(1000, claim="EBBB", payer_claim_number="ICN0002")
    made = fold(file(1, None, 1, answer(28000)), file(2, None, 1, other))
    assert made.payments["standing"].to_list() == ["posted", "posted"]
    again = fold(file(1, None, 1, answer(28000)), file(2, None, 1, answer(28000)))
    assert again.payments["standing"].to_list() == ["posted", "posted"]
    assert told(again)[1] == ("repeat", "held", 28000)


@pytest.mark.parametrize("moves", ["claims", "adjustments"])
def test_notices_whose_money_comes_to_nothing_are_in_conflict_too(moves: str):
    """100.00 and -100.00 move as much as two checks would."""

    def one(number: int, cents: int) -> Any:
        if moves == "claims":
            back = answer(-cents, -35000, "22")
            return file(number, "T1", number, answer(cents), back)
        return file(number, "T1", number, plb=[("WO", "A", cents), ("CS", "", -cents)])

    made = fold(one(1, 10000), one(2, 20000))
    assert made.payments["reason"].to_list() == ["conflict", "conflict"]


def test_what_a_claim_pays_that_cannot_be_read_is_in_no_claim():
    """280.00 by check, of a claim whose CLP04 is no number: 280.00 are explained by nothing."""
    one = file(1, "T1", 1, answer(28000))
    one["remit_claims"] = one["remit_claims"].with_columns(paid_cents=pl.lit(None, pl.Int64))
    (row,) = reconcile(one, sent()).ledger.payments.to_dicts()
    assert (row["standing"], row["reason"], row["held_cents"]) == ("held", "unbalanced", 28000)
    assert row["says"] == "280.00 of it is in no claim and no adjustment"


def test_a_decision_on_a_copy_is_one_on_the_payment():
    def one(number: int) -> Any:
        return file(number, "T1", 1, answer(28000), amount_cents=27000)

    made = fold(one(1), one(2), decisions=decided("release", 2))
    assert made.payments["standing"].to_list() == ["posted", "duplicate"]


def test_one_number_of_two_payers_is_no_conflict():
    other = answer(1000, claim="EBBB", payer_claim_number="ICN0002")
    made = fold(file(1, "T1", 1, answer(28000)), file(2, "T1", 1, other, payer_trace_id="1888"))
    assert made.payments["standing"].to_list() == ["posted", "posted"]


def test_notices_without_money_may_share_a_number():
    made = fold(
        file(1, "0", 1, answer(0, status="4")),
        file(2, "0", 2, answer(0, status="4", claim="EBBB", payer_claim_number="ICN0002")),
    )
    assert made.payments["standing"].to_list() == ["posted", "posted"]


# -- as of a date


def test_as_of_a_date_later_payments_are_not_known():
    files = (file(1, "T1", 1, answer(28000)), file(2, "T2", 8, answer(-28000, -35000, "22")))
    assert account(fold(*files, as_of=MARCH[6]))["posted_cents"] == 28000
    assert account(fold(*files, as_of=MARCH[7]))["posted_cents"] == 0


# -- whatever order


LIFE = [
    ("T1", 1, (answer(28000),), ()),
    ("T2", 8, (answer(-28000, -35000, "22"), answer(30000)), (("WO", "ICN0001", -2000),)),
    ("T3", 9, (answer(25000),), ()),
    ("T4", 9, (answer(0, status="4", reason="18"),), ()),
    ("T5", 10, (answer(100, claim="EBBB", payer_claim_number="ICN0002"),), (("WO", "EAAA", 100),)),
    ("T5", 11, (answer(200, claim="EBBB", payer_claim_number="ICN0002"),), (("FB", None, -7),)),
    ("T6", 12, (answer(-25000, -35000, "22"),), (("FB", None, 7), ("L6", "X", -9))),
]  # fmt: skip
WHOLE = seen(LIFE)


@settings(max_examples=settings.default.max_examples // 10)
@given(st.permutations(LIFE), st.lists(st.sampled_from(LIFE), max_size=4), st.randoms())
def test_any_order_and_any_repetition_gives_the_same_ledger(
    order: list[Any], again: list[Any], chance: Any
):
    files = [*order, *again]
    chance.shuffle(files)
    assert seen(files) == WHOLE


ANSWERS = st.builds(
    answer,
    paid=st.sampled_from([0, 100, 28000, -28000]),
    charge=st.sampled_from([35000, -35000]),
    status=st.sampled_from(["1", "2", "4", "19", "22", "22", "23", "25"]),
    claim=st.sampled_from(["EAAA", "EAAA", "EBBB", "0"]),
    payer_claim_number=st.sampled_from(["ICN0001", "ICN0002"]),
    reason=st.sampled_from(["45", "18"]),
    days=st.sampled_from([(FEB2,), (date(2026, 2, 4),), (FEB2, date(2026, 2, 4))]),
)
PLB = st.tuples(
    st.sampled_from(["WO", "FB", "L6", "72"]),
    st.sampled_from([None, "ICN0001", "XEBBB1", "EAAA ICN0002"]),
    st.sampled_from([-2000, 100, 28000]),
)
FILES = st.lists(
    st.tuples(
        st.sampled_from(["T1", "T2", "0T2", "T3", "T4"]),
        st.integers(1, 4),
        st.lists(ANSWERS, max_size=3).map(tuple),
        st.lists(PLB, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=settings.default.max_examples // 10, phases=(Phase.explicit, Phase.generate))
@given(FILES, st.randoms())
def test_any_remits_in_any_order_add_up_to_the_same(files: list[Any], chance: Any):
    once = seen(files)
    shuffled = [*files, *chance.sample(files, len(files) // 2)]
    chance.shuffle(shuffled)
    assert seen(shuffled) == once


def test_the_life_of_that_claim_as_a_reader_would_write_it_down():
    """EAAA: 280.00 paid and taken back, 300.00 stand; 250.00 more came and were taken back.

    WO -20.00 and 1.00 come to 19.00 given back; of EBBB two contents under T5 wait, and
    with them the 1.00.
    """
    _, events, threads, (other, row) = WHOLE
    assert [event[3:] for event in events if event[0] == "EAAA"] == [
        ("payment", "posted", False, 28000),
        ("reversal", "posted", False, -28000),
        ("correction", "posted", True, 30000),
        ("payment", "posted", False, 25000),
        ("answered before", "posted", False, 0),
        ("reversal", "posted", False, -25000),
    ]
    assert sorted(thread[0] for thread in threads if thread[3] == "posted") == ["T2", "T6", "T6"]
    assert (other[0], row[0]) == ("EBBB", "EAAA")
