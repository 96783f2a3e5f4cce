"""Deposits against payments: each state by hand (835 TRN02, BPR02, BPR16)."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from edi_iop.reconciler.bank import bank, entries
from edi_iop.tables import DEPOSITS, PAYMENTS, REMIT_CLAIMS, Table

TUESDAY = date(2026, 3, 10)


def payment(trace: str, cents: int, **more: Any) -> dict[str, Any]:
    given = {"payer_name": "Harbor Health Plan", "method": "ACH", "credit_debit": "C",
             "payment_date": TUESDAY, "payer_trace_id": "1970025548"}  # fmt: skip
    return {"trace_number": trace, "amount_cents": cents, **given, **more}


def entry(cents: int, words: str = "", day: date = TUESDAY, **more: Any) -> dict[str, Any]:
    return {"deposit_date": day, "amount_cents": cents, "description": words, **more}


def told(
    payments: list[dict[str, Any]], booked: list[dict[str, Any]], claims: int = 1
) -> pl.DataFrame:
    paid = [{"file_id": 1, "payment_offset": at, **one} for at, one in enumerate(payments)]
    inside = [
        {"file_id": 1, "payment_offset": at, "remit_claim_offset": 10 * at + number}
        for at in range(len(payments))
        for number in range(claims)
    ]
    listed = [{"file_id": 9, "row": row, **one} for row, one in enumerate(booked, 2)]
    return bank(frame(PAYMENTS, paid), frame(REMIT_CLAIMS, inside), frame(DEPOSITS, listed))


def frame(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    if not rows:
        return table.empty()
    return table.conform(pl.DataFrame(rows, infer_schema_length=None))


def states(*given: Any, **more: Any) -> list[str]:
    return told(*given, **more)["state"].to_list()


@pytest.mark.parametrize(
    "words", ["TRN*1*0012345678*1970025548~", "HCCLAIMPMT 12345678 HARBOR", "12-345-678"]
)
def test_the_trace_number_in_the_bank_s_words_ties(words: str) -> None:
    row = told([payment("0012345678", 5000)], [entry(5000, words)]).row(0, named=True)
    assert (row["state"], row["how"], row["difference_cents"]) == ("matched", "trace", 0)


def test_a_trace_number_with_another_amount_differs() -> None:
    row = told([payment("12345678", 5000)], [entry(4990, "12345678")]).row(0, named=True)
    assert (row["state"], row["difference_cents"]) == ("amount differs", -10)


def test_several_payments_of_one_deposit_are_compared_by_their_sum() -> None:
    both = [payment("111111", 5000), payment("222222", 2500)]
    assert states(both, [entry(7500, "lockbox 111111 222222")]) == ["matched", "matched"]
    assert states(both, [entry(7400, "lockbox 111111 222222")]) == ["amount differs"] * 2


def test_a_number_two_payers_use_ties_by_the_amount_or_not_at_all() -> None:
    """Two payments share a trace number: amounts decide; where they do not, nobody guesses."""
    two = [payment("777777", 5000), payment("777777", 6000, payer_name="Meridian")]
    tied = told(two, [entry(6000, "777777")])
    assert dict(tied.select("payer", "state").iter_rows()) == {
        "Harbor Health Plan": "remit without deposit",
        "Meridian": "matched",
    }
    untied = ["remit without deposit"] * 2 + ["deposit without remit"]
    assert sorted(states(two, [entry(100, "777777")])) == sorted(untied)


def test_a_payment_that_two_entries_name_is_neither_s() -> None:
    """Whether the 20.00 and the 31.00 are it with a fee, or half of it, the bank does not say."""
    twice = [entry(2000, "12345678"), entry(3100, "12345678")]
    assert sorted(states([payment("12345678", 5000)], twice)) == [
        "deposit without remit",
        "deposit without remit",
        "remit without deposit",
    ]


def test_numbers_of_four_characters_tie_and_shorter_ones_stand_there_by_chance() -> None:
    assert states([payment("1234", 5000)], [entry(4000, "CK 1234")]) == ["amount differs"]
    assert "remit without deposit" in states([payment("123", 5000)], [entry(4000, "SUITE 123")])


def test_what_the_provider_paid_back_is_no_deposit() -> None:
    back = payment("12345678", 5000, credit_debit="D")
    assert sorted(states([back], [entry(5000, "12345678")])) == [
        "deposit without remit",
        "paid back to the payer",
    ]


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (date(2026, 3, 13), "matched"),  # Friday: three business days
        (date(2026, 3, 16), "remit without deposit"),  # Monday: four
        (date(2026, 3, 5), "matched"),  # Thursday before
        (date(2026, 3, 4), "remit without deposit"),
    ],
)
def test_amount_payer_and_date_within_three_business_days(day: date, state: str) -> None:
    found = states([payment("X", 5000)], [entry(5000, "HARBOR HEALTH PL", day)])
    assert state in found


def test_the_fallback_needs_the_payer_s_name_or_number() -> None:
    assert states([payment("X", 5000)], [entry(5000, "COUNTER DEPOSIT")]) != ["matched"]
    assert states([payment("X", 5000)], [entry(5000, "ACH 1970025548")]) == ["matched"]
    sun = payment("X", 5000, payer_name="Sun Health", payer_trace_id=None)
    assert states([sun], [entry(5000, "SUN HEALTH 35")]) == ["matched"]
    assert "matched" not in states([sun], [entry(5000, "SUNDAY COUNTER")])


def test_the_fallback_never_chooses_between_two() -> None:
    twice = [entry(5000, "HARBOR"), entry(5000, "HARBOR", account="2")]
    assert "matched" not in states([payment("X", 5000)], twice)
    assert "matched" not in states([payment("X", 5000), payment("Y", 5000)], twice[:1])


def test_payments_without_money_wait_for_no_deposit() -> None:
    assert states([payment("X", 0)], []) == ["nothing due"]
    assert states([payment("X", 0)], [], claims=0) == ["PLB only"]
    assert states([payment("X", 100, credit_debit="D")], []) == ["paid back to the payer"]


def test_a_payment_below_nothing_waits_for_no_deposit_and_is_no_card() -> None:
    """BPR02 below zero, as some payers write what the provider owes: no money comes."""
    owed = [payment("1", -5000, method="NON"), payment("2", -5000)]
    assert states(owed, []) == ["nothing due", "nothing due"]


def test_a_card_payment_is_no_missing_deposit_and_its_fee_is_shown() -> None:
    by_card = [payment("X", 10000, method="NON")]
    assert states(by_card, []) == ["card"]
    row = told(by_card, [entry(9700, "MERCHANT BANKCARD")]).row(0, named=True)
    assert (row["state"], row["difference_cents"]) == ("card", -300)
    assert "deposit without remit" in states(by_card, [entry(9400, "MERCHANT BANKCARD")])


@pytest.mark.parametrize(
    ("booked", "tied"),
    [
        ([entry(9500, "BANKCARD")], True),  # five percent
        ([entry(9499, "BANKCARD")], False),
        ([entry(10000, "BANKCARD")], True),
        ([entry(10001, "BANKCARD")], False),  # more than was paid
        ([entry(9700, "COUNTER")], False),
        ([entry(9700, "BANKCARD", date(2026, 3, 13))], True),  # three business days
        ([entry(9700, "BANKCARD", date(2026, 3, 16))], False),
        ([entry(9700, "BANKCARD"), entry(9710, "BANKCARD")], False),  # one of two
    ],
)
def test_a_card_s_entry_is_the_payment_less_a_fee_and_alone(
    booked: list[dict[str, Any]], tied: bool
) -> None:
    by_card = payment("X", 10000, method="NON")
    loose = states([by_card], booked).count("deposit without remit")
    assert loose == (0 if tied else len(booked))
    assert "deposit without remit" in states(
        [payment("X", 10000, method="ACH")], [entry(9700, "BANKCARD")]
    )


def test_what_went_out_of_the_account_is_no_deposit() -> None:
    assert states([], [entry(-5000, "RENT"), entry(700, "COUNTER")]) == ["deposit without remit"]


def test_a_deposit_that_the_bank_took_out_again_is_no_payment_received() -> None:
    """A returned ACH entry carries the trace number of the one that came in."""
    paid = [payment("111111", 5000), payment("222222", 2500)]
    booked = [
        entry(5000, "HCCLAIMPMT 111111"),
        entry(2500, "222222"),
        entry(-5000, "RETURN 111111"),
    ]
    rows = told(paid, booked)
    assert rows.select("state", "payment", "taken_out_cents", "difference_cents").rows() == [
        ("deposit taken back", "111111", -5000, -5000),
        ("matched", "222222", None, 0),
    ]
    # what names no payment, or several, is of none
    assert states(paid, [*booked[:2], entry(-5000, "RENT 111111 222222")]) == ["matched"] * 2


def test_every_payment_and_every_deposit_stands_there_once() -> None:
    paid = [payment("111111", 5000), payment("222222", 2500), payment("333333", 0)]
    booked = [entry(7500, "111111 222222"), entry(1, "x"), entry(2, "y")]
    rows = told(paid, booked)
    assert rows["payment"].drop_nulls().sort().to_list() == ["111111", "222222", "333333"]
    assert rows["deposit_row"].drop_nulls().unique().sort().to_list() == [2, 3, 4]


def test_lists_that_overlap_count_an_entry_once() -> None:
    """Two like entries of one list are two; the same two in the next list are the same two."""
    rows = [
        {"file_id": n, "row": r, **entry(5000, "A")} for n, r in ((1, 2), (1, 3), (2, 2), (2, 3))
    ]
    rows.append({"file_id": 2, "row": 4, **entry(1, "B")})
    kept = entries(DEPOSITS.conform(pl.DataFrame(rows, infer_schema_length=None)))
    assert kept.select("file_id", "row").rows() == [(1, 2), (1, 3), (2, 4)]


def test_payments_without_a_deposit_share_none() -> None:
    rows = told([payment("12345678", 5000), payment("22345678", 6000)], [])
    assert rows["sharing"].to_list() == [None, None]
