"""Threads of adjustments beside claims (835 PLB), by hand: a positive amount lowers the payment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from edi_iop.reconciler.provider_ledger import taken_back, threaded_again
from edi_iop.tables import PROVIDER_ADJUSTMENTS

FIRST = date(2026, 3, 2)
EAAA = {"account": "EAAA", "claim_file_id": 1, "claim_offset": 100}
RETURNED = {"account": "X9", "claim_file_id": None, "claim_offset": None}


def payments(*adjustments: dict[str, Any]) -> pl.DataFrame:
    """One payment a day from 2 March on, each with one adjustment.

    Of an adjustment: reason, reference, cents; of its payment: payer, standing, provider; whose: the
    claim its reference names.
    """
    plb, paid, known = [], [], []
    for at, one in enumerate(adjustments):
        key = {"file_id": 10 + at, "byte_offset": 500, "position": 1}
        plb.append(
            {**key, "payment_offset": 200, "provider_id": one.get("provider", "1234567893"),
             "reason": one.get("reason", "WO"), "reference": one.get("reference"),
             "amount_cents": one.get("cents")}
        )  # fmt: skip
        paid.append(
            {"file_id": 10 + at, "payment_offset": 200, "payer": one.get("payer", "HARBOR"),
             "trace_number": f"T{at}", "standing": one.get("standing", "posted"),
             "content": str(at), "payment_date": FIRST + timedelta(at)}
        )  # fmt: skip
        if "whose" in one:
            known.append(key | one["whose"])
    account = {"file_id": pl.Int64, "byte_offset": pl.Int64, "position": pl.Int64,
               "account": pl.String, "claim_file_id": pl.Int64, "claim_offset": pl.Int64}  # fmt: skip
    return threaded_again(
        {"provider_adjustments": PROVIDER_ADJUSTMENTS.conform(pl.DataFrame(plb))},
        pl.DataFrame(paid),
        pl.DataFrame(known, schema=account),
    )


def threads(*adjustments: dict[str, Any]) -> list[tuple[str, int]]:
    """thread and balance of each, in the order of the payments."""
    found = payments(*adjustments).sort("effective_on")
    return found.select("thread", "balance_cents").rows()


OF = "HARBOR of 1234567893: "


def test_a_balance_carried_forward_is_one_thread_of_payer_and_provider_until_it_is_nothing():
    """100.00 owed by the provider is carried out of the first payment (-) and taken by the second (+)."""
    out, into = {"reason": "FB", "cents": -10000}, {"reason": "FB", "cents": 10000}
    assert threads(out | EAAA_REF, into) == [
        (f"{OF}carried forward", -10000),
        (f"{OF}carried forward", 0),
    ]
    for other in ({"payer": "MERIDIAN"}, {"provider": "1999999984"}):
        assert [balance for _, balance in threads(out, into | other)] == [-10000, 10000], other


EAAA_REF = {"reference": "EAAA", "whose": EAAA}


def test_what_is_taken_back_of_a_claim_and_what_is_given_back_are_one_thread():
    """WO 285.00, a lowering of it by CS 85.00 later; 72 and WU as well take of a claim."""
    taken = {"cents": 28500} | EAAA_REF
    assert threads(taken, {"reason": "CS", "cents": -8500} | EAAA_REF) == [
        (f"{OF}claim EAAA", 28500),
        (f"{OF}claim EAAA", 20000),
    ]
    for reason in ("72", "WU", "RA"):
        assert threads({"reason": reason, "cents": 100} | EAAA_REF) == [(f"{OF}claim EAAA", 100)]


def test_other_adjustments_go_by_their_reference_or_by_their_payment():
    assert threads({"reason": "L6", "cents": -120} | EAAA_REF) == [(f"{OF}interest EAAA", -120)]
    assert (
        threads({"reason": "LE", "reference": "TAX-7", "cents": 100})[0][0] == f"{OF}withheld TAX7"
    )
    assert threads({"reason": "L6", "cents": -120})[0][0] == f"{OF}interest of payment T0"
    assert threads({"reason": "ZZ", "cents": 100})[0][0] == f"{OF}unknown of payment T0"
    assert threads({"reason": "BD", "cents": 100})[0][0] == f"{OF}other of payment T0"
    assert (
        threads({"cents": 100, "reference": "X9", "whose": RETURNED})[0][0] == f"{OF}unmatched X9"
    )


def test_what_is_held_stands_in_the_thread_and_moves_nothing_and_a_copy_is_not_there():
    held, copy = {"standing": "held"}, {"standing": "duplicate"}
    taken = {"cents": 100} | EAAA_REF
    assert threads(taken, taken | held, taken | copy, taken | {"standing": "rejected"}) == [
        (f"{OF}claim EAAA", 100),
        (f"{OF}claim EAAA", 100),
    ]
    assert threads({"cents": None} | EAAA_REF) == [(f"{OF}claim EAAA", 0)]


# ---------------------------------------------------------------- of an account


def recovered(*adjustments: dict[str, Any]) -> list[tuple[int, list[int]]]:
    """What was taken of EAAA, and what of it after each payment, less what later ones gave back."""
    known = payments(*(one | EAAA_REF for one in adjustments)).with_columns(account_key="account")
    return taken_back(known).select("recovered_cents", "taken_so_far").rows()


def test_what_counts_as_taken_back_is_posted_and_a_recovery():
    assert recovered({"cents": 28500}) == [(28500, [28500])]
    assert recovered({"cents": 28500}, {"cents": 100, "standing": "held"}) == [(28500, [28500])]
    assert recovered({"cents": 28500}, {"reason": "L6", "cents": -120}) == [(28500, [28500])]
    assert recovered({"reason": "L6", "cents": -120}) == []


def test_what_a_later_payment_gave_back_was_not_taken_in_the_end():
    """285.00 and 100.00 taken, 150.00 given back, of which 235.00 stood."""
    assert recovered({"cents": 10000}, {"cents": 18500}) == [(28500, [10000, 28500])]
    assert recovered({"cents": 28500}, {"cents": 10000}, {"cents": -15000}) == [(23500, [23500])]
    assert recovered({"cents": 10000}, {"cents": 20000}, {"cents": -5000}) == [
        (25000, [10000, 25000])
    ]
