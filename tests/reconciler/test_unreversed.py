"""A claim answered again without a reversal (835 CLP02 22): what a careful reader writes down, by hand.

A denial that is paid is to be reversed first (X12 RFI 1741), as any answer is (RFI 791), or
its payment taken back by a provider adjustment (PLB WO, RFI 227). Payers leave either out.
Each case is read in every order of its files, and with each file sent twice.
"""

from __future__ import annotations

from typing import Any

import pytest
from ledger_cases import MARCH, account, answer, file, fold, seen, told

Payment = tuple[str, int, tuple[Any, ...], tuple[Any, ...]]
"""Check number, day of March, answers, provider adjustments (reason, reference, cents)."""
NAMED = "EAAA 20260202 ICN0001"
DENIED, AGAIN = answer(0, status="4", reason="197"), answer(0, status="4", reason="16")
OTHER = answer(30000, claim="EBBB", payer_claim_number="ICN0002")
UNREVERSED = "pays what an earlier answer did not, without a reversal of that answer"
IN_PLACE = "takes the place of an earlier answer, without a reversal"
RECOVERED = "takes the place of what a provider adjustment took back"


def refused(paid: str) -> str:
    return f"pays nothing for lines that {paid} was paid for, without a reversal"


def second(paid: str) -> str:
    return f"pays lines that {paid} was paid for, without a reversal"


WO: Payment = ("T2", 8, (OTHER,), (("WO", NAMED, 28000),))
CASES: dict[str, tuple[list[Payment], list[tuple[Any, ...]], tuple[Any, ...]]] = {
    # of EAAA: event, standing, paid cents, says; state, answered, posted, recovered, credit, held
    "denied, then paid": (
        [("T1", 1, (DENIED,), ()), ("T2", 8, (answer(28000),), ())],
        [("denial", "posted", 0, None), ("correction", "posted", 28000, UNREVERSED)],
        ("paid", 28000, 28000, 0, 0, 0),
    ),
    "denied, then paid, and taken back by the next check": (
        [
            ("T1", 1, (DENIED,), ()),
            ("T2", 8, (answer(28000),), ()),
            ("T3", 15, (OTHER,), (("WO", NAMED, 28000),)),
        ],
        [("denial", "posted", 0, None), ("correction", "posted", 28000, UNREVERSED)],
        ("taken back", 28000, 28000, 28000, -28000, 0),
    ),
    "denied, then paid in a check that takes back another claim's money": (
        [("T1", 1, (DENIED, OTHER), ()), ("T2", 8, (answer(28000),), (("WO", "ICN0002", 10000),))],
        [("denial", "posted", 0, None), ("correction", "posted", 28000, UNREVERSED)],
        ("paid", 28000, 28000, 0, 0, 0),
    ),
    "denied, the denial reversed, then paid: as RFI 1741 asks": (
        [
            ("T1", 1, (DENIED,), ()),
            ("T2", 8, (answer(0, -35000, "22", reason="197"), answer(28000)), ()),
        ],
        [
            ("denial", "posted", 0, "taken back by T2"),
            ("reversal", "posted", 0, "takes back what T1 paid"),
            ("correction", "posted", 28000, None),
        ],
        ("paid", 28000, 28000, 0, 0, 0),
    ),
    "paid, then denied": (
        [("T1", 1, (answer(28000),), ()), ("T2", 8, (DENIED,), ())],
        [("payment", "posted", 28000, None), ("correction", "held", 0, refused("280.00"))],
        ("paid", 28000, 28000, 0, 0, 0),
    ),
    "paid, then denied in the check that takes the payment back": (
        [("T1", 1, (answer(28000),), ()), ("T2", 8, (DENIED, OTHER), (("WO", NAMED, 28000),))],
        [("payment", "posted", 28000, None), ("correction", "posted", 0, RECOVERED)],
        ("nothing paid", 0, 28000, 28000, 0, 0),
    ),
    "paid, then denied, and taken back by a later check": (
        [
            ("T1", 1, (answer(28000),), ()),
            ("T2", 8, (DENIED,), ()),
            ("T3", 15, (OTHER,), (("WO", NAMED, 28000),)),
        ],
        [("payment", "posted", 28000, None), ("correction", "posted", 0, RECOVERED)],
        ("nothing paid", 0, 28000, 28000, 0, 0),
    ),
    "paid, then denied, and taken back in part": (
        [("T1", 1, (answer(28000),), ()), ("T2", 8, (DENIED, OTHER), (("WO", NAMED, 10000),))],
        [("payment", "posted", 28000, None), ("correction", "held", 0, refused("280.00"))],
        ("taken back in part", 28000, 28000, 10000, -10000, 0),
    ),
    "paid, then paid otherwise": (
        [("T1", 1, (answer(28000),), ()), ("T2", 8, (answer(30000),), ())],
        [("payment", "posted", 28000, None), ("correction", "held", 30000, second("280.00"))],
        ("paid", 28000, 28000, 0, 0, 30000),
    ),
    "paid, then paid otherwise in the check that takes the first back": (
        [("T1", 1, (answer(28000),), ()), ("T2", 8, (answer(30000),), (("WO", NAMED, 28000),))],
        [("payment", "posted", 28000, None), ("correction", "posted", 30000, RECOVERED)],
        ("paid", 30000, 58000, 28000, 0, 0),
    ),
    "paid, then less, the difference taken back: 520.00 came for one day": (
        [("T1", 1, (answer(28000),), ()), ("T2", 8, (answer(26000),), (("WO", NAMED, 2000),))],
        [("payment", "posted", 28000, None), ("correction", "held", 26000, second("280.00"))],
        ("taken back in part", 28000, 28000, 2000, -2000, 26000),
    ),
    "paid, taken back for another amount, and that taken back for a denial": (
        [
            ("T1", 1, (answer(28000),), ()),
            ("T2", 8, (answer(30000),), (("WO", NAMED, 28000),)),
            ("T3", 15, (DENIED, OTHER), (("WO", NAMED, 30000),)),
        ],
        [
            ("payment", "posted", 28000, None),
            ("correction", "posted", 30000, RECOVERED),
            ("correction", "posted", 0, RECOVERED),
        ],
        ("nothing paid", 0, 58000, 58000, 0, 0),
    ),
    "paid, taken back for another amount, and a part of that taken back": (
        [
            ("T1", 1, (answer(28000),), ()),
            ("T2", 8, (answer(30000),), (("WO", NAMED, 28000),)),
            ("T3", 15, (OTHER,), (("WO", NAMED, 5000),)),
        ],
        [("payment", "posted", 28000, None), ("correction", "posted", 30000, RECOVERED)],
        ("taken back in part", 30000, 58000, 33000, -5000, 0),
    ),
    "paid twice, and one of both taken back: nobody knows which": (
        [
            ("T1", 1, (answer(28000),), ()),
            ("T2", 8, (answer(29000),), ()),
            ("T3", 15, (OTHER,), (("WO", NAMED, 29000),)),
        ],
        [("payment", "posted", 28000, None), ("correction", "held", 29000, second("280.00"))],
        ("taken back", 28000, 28000, 29000, -29000, 29000),
    ),
    "denied, then denied for another reason": (
        [("T1", 1, (DENIED,), ()), ("T2", 8, (AGAIN,), ())],
        [("denial", "posted", 0, None), ("correction", "posted", 0, IN_PLACE)],
        ("nothing paid", 0, 0, 0, 0, 0),
    ),
    "denied, then denied in the same words": (
        [("T1", 1, (DENIED,), ()), ("T2", 8, (DENIED,), ())],
        [("denial", "posted", 0, None), ("repeat", "posted", 0, IN_PLACE)],
        ("nothing paid", 0, 0, 0, 0, 0),
    ),
    "denied twice, and money taken back that these records do not hold": (
        [("T1", 1, (DENIED,), ()), ("T2", 8, (AGAIN, OTHER), (("WO", NAMED, 28000),))],
        [("denial", "posted", 0, None), ("correction", "posted", 0, IN_PLACE)],
        ("nothing paid", 0, 0, 28000, -28000, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", CASES)
def test_as_a_careful_reader_writes_it_down(how: str) -> None:
    payments, events, standing = CASES[how]
    made = fold(
        *(
            file(number, trace, day, *answers, plb=plb)
            for number, (trace, day, answers, plb) in enumerate(payments, start=1)
        )
    )
    own = made.postings.filter(account="EAAA")
    assert own.select("event", "standing", "paid_cents", "says").rows() == events
    names = ("state", "answered_cents", "posted_cents", "recovered_cents", "credit_cents",
             "held_cents")  # fmt: skip
    assert made.accounts.filter(account="EAAA").select(names).rows() == [standing]


@pytest.mark.parametrize("how", CASES)
def test_whatever_order_the_files_came_in_and_however_often(how: str) -> None:
    payments = CASES[how][0]
    once = seen(payments)
    turned = [*payments[1:], payments[0]]
    for order in (payments, payments[::-1], turned)[: len(payments)]:
        assert seen([*order, *order[::-1]]) == once


def test_until_the_money_is_taken_back_the_second_answer_waits() -> None:
    """The ledger of a day knows only the checks up to it: 280.00 paid on March 1, 300.00 on the 8th,
    280.00 taken back on the 15th."""
    files = (
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(30000)),
        file(3, "T3", 15, OTHER, plb=[("WO", NAMED, 28000)]),
    )
    standing = [fold(*files, as_of=MARCH[day - 1]).postings.filter(account="EAAA")["standing"][-1]
                for day in (8, 14, 15)]  # fmt: skip
    assert standing == ["held", "held", "posted"]


def test_a_balance_carried_forward_takes_a_payment_back_over_two_checks() -> None:
    """280.00 paid; a denial with WO 280.00 in a check of nothing (FB -280.00, to be taken of the next
    one), which pays 300.00 of another claim: 20.00. The denial stands, nothing is open."""
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, DENIED, plb=[("WO", NAMED, 28000), ("FB", "T2", -28000)]),
        file(3, "T3", 15, OTHER, plb=[("FB", "T2", 28000)]),
    )
    assert made.payments["amount_cents"].to_list() == [28000, 0, 2000]
    carried = made.provider_postings.filter(role="forward")
    assert carried["balance_cents"].to_list() == [-28000, 0]
    row = made.accounts.filter(account="EAAA").row(0, named=True)
    assert (row["state"], row["recovered_cents"], row["credit_cents"]) == ("nothing paid", 28000, 0)


def test_a_refund_that_the_payer_confirms_takes_back_as_a_recovery_does() -> None:
    """We sent 280.00 back: PLB 72 of 280.00 and CS -280.00 (no money moves) stand beside the new answer."""
    made = fold(
        file(1, "T1", 1, answer(28000)),
        file(2, "T2", 8, answer(30000), plb=[("72", NAMED, 28000), ("CS", "CHECK 77", -28000)]),
    )
    assert told(made)[1] == ("correction", "posted", 30000)
    row = account(made)
    assert (row["answered_cents"], row["recovered_cents"], row["credit_cents"]) == (30000, 28000, 0)
