"""Money taken back makes work: what is open after reversals and recoveries, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from edi_iop.reconciler.take_backs import open_take_backs, recovered
from edi_iop.tables import ACCOUNTS, CLAIMS, POSTINGS, PROVIDER_POSTINGS, Table

KEY = {"payer": "1999999999", "account": "EAAA", "claim_file_id": 1, "claim_offset": 100}
ACCOUNT = KEY | {"state": "taken back", "credit_cents": -28000, "payer_claim_number": "ICN1"}
SENT = {"file_id": 1, "claim_offset": 100, "claim": "EAAA", "payer_id": "HARBR",
        "charge_cents": 35000, "frequency": "1"}  # fmt: skip
WO = KEY | {"file_id": 3, "byte_offset": 9, "position": 1, "reason": "WO", "role": "recovery",
            "reference": "ICN1", "amount_cents": 28000, "trace_number": "T3", "standing": "posted",
            "effective_on": date(2026, 3, 9)}  # fmt: skip
REVERSAL = KEY | {"file_id": 2, "remit_claim_offset": 9, "event": "reversal", "paid_cents": -28000,
                  "trace_number": "T2", "standing": "posted",
                  "effective_on": date(2026, 3, 8)}  # fmt: skip


def rows(table: Table, *given: dict[str, Any]) -> pl.DataFrame:
    return table.conform(pl.DataFrame(list(given))) if given else table.empty()


def opened(account: dict[str, Any], *later: dict[str, Any]) -> list[tuple[Any, ...]]:
    reversed_ = account["state"] == "reversed"
    found = open_take_backs(
        rows(ACCOUNTS, account),
        rows(POSTINGS, *([REVERSAL] if reversed_ else [])),
        rows(PROVIDER_POSTINGS, *([] if reversed_ else [WO])),
        rows(CLAIMS, SENT, *later),
    )
    return found.select("claim", "payer", "taken_back_cents", "how").rows()


def test_a_recovery_is_open_with_what_tells_of_it() -> None:
    assert opened(ACCOUNT) == [("EAAA", "HARBR", 28000, "PLB WO ICN1 of payment T3")]


def test_a_reversal_without_a_new_answer_is_open() -> None:
    account = ACCOUNT | {"state": "reversed", "credit_cents": 0}
    assert opened(account) == [("EAAA", "HARBR", 28000, "reversed by payment T2")]


def test_what_gives_back_and_what_is_held_took_nothing() -> None:
    """WO -20.00 returns money; a reversal that waits has taken none, nor has a WO of a held check."""
    held = {"standing": "held", "trace_number": "T9"}
    gives = WO | {"byte_offset": 10, "amount_cents": -2000, "trace_number": "T4"}
    found = open_take_backs(
        rows(ACCOUNTS, ACCOUNT),
        POSTINGS.empty(),
        rows(PROVIDER_POSTINGS, WO, gives, WO | {"byte_offset": 11} | held),
        rows(CLAIMS, SENT),
    )
    assert found["how"].to_list() == ["PLB WO ICN1 of payment T3"]
    reversed_ = rows(ACCOUNTS, ACCOUNT | {"state": "reversed", "credit_cents": 0})
    found = open_take_backs(
        reversed_,
        rows(POSTINGS, REVERSAL, REVERSAL | {"remit_claim_offset": 10} | held),
        PROVIDER_POSTINGS.empty(),
        rows(CLAIMS, SENT),
    )
    assert found.select("taken_back_cents", "how").rows() == [(28000, "reversed by payment T2")]


def test_nothing_is_open_of_what_is_paid_or_of_a_number_that_is_unmatched() -> None:
    assert opened(ACCOUNT | {"state": "paid"}) == []
    assert opened(ACCOUNT | {"claim_file_id": None, "claim_offset": None}) == []


@pytest.mark.parametrize("frequency", ["7", "8"])
def test_nothing_is_open_of_a_claim_that_another_of_ours_replaces_or_voids(frequency: str) -> None:
    later = SENT | {"claim_offset": 200, "claim": "EBBB", "frequency": frequency,
                    "payer_claim_number": "ICN1"}  # fmt: skip
    assert opened(ACCOUNT, later) == []


def test_a_replacement_answered_under_the_old_number_is_open_itself() -> None:
    again = SENT | {"frequency": "7", "payer_claim_number": "ICN1"}
    found = open_take_backs(
        rows(ACCOUNTS, ACCOUNT), POSTINGS.empty(), rows(PROVIDER_POSTINGS, WO), rows(CLAIMS, again)
    )
    assert found["claim"].to_list() == ["EAAA"]


def test_recovered_sums_a_claim_s_accounts() -> None:
    other = ACCOUNT | {"payer": "1888888888", "credit_cents": -100, "state": "taken back in part"}
    aside = [
        ACCOUNT | {"account": "X", "state": "paid"},
        ACCOUNT | {"account": "Y", "state": "reversed", "credit_cents": -5},
        ACCOUNT | {"claim_file_id": None, "claim_offset": None},
    ]
    told = recovered(rows(ACCOUNTS, ACCOUNT, other, *aside))
    assert told["taken_back_cents"].to_list() == [28100]


def test_a_claim_reversed_in_two_parts_was_taken_back_in_both() -> None:
    """280.00 paid in two payments, of which T2 reverses 200.00 and T5, a day later, 80.00."""
    parts = [
        REVERSAL | {"paid_cents": -8000, "trace_number": "T5", "effective_on": date(2026, 3, 9)},
        REVERSAL | {"remit_claim_offset": 10, "paid_cents": -20000},
        REVERSAL | {"remit_claim_offset": 11, "event": "payment", "paid_cents": 28000},
    ]
    reversed_ = ACCOUNT | {"state": "reversed", "credit_cents": 0}
    found = open_take_backs(
        rows(ACCOUNTS, reversed_),
        rows(POSTINGS, *parts),
        PROVIDER_POSTINGS.empty(),
        rows(CLAIMS, SENT),
    )
    assert found.select("taken_back_cents", "how").rows() == [
        (28000, "reversed by payment T2, reversed by payment T5")
    ]


def test_a_reversal_of_nothing_paid_leaves_nothing_open() -> None:
    """A denial that was reversed: no money came, none is to be asked for again."""
    found = open_take_backs(
        rows(ACCOUNTS, ACCOUNT | {"state": "reversed", "credit_cents": 0}),
        rows(POSTINGS, REVERSAL | {"paid_cents": 0}),
        PROVIDER_POSTINGS.empty(),
        rows(CLAIMS, SENT),
    )
    assert found.is_empty()


def test_interest_and_another_payer_s_recovery_are_no_part_of_it() -> None:
    """The account's own recovery tells of it, in the order they came."""
    later = WO | {"byte_offset": 12, "trace_number": "T1", "effective_on": date(2026, 3, 10)}
    interest = WO | {"byte_offset": 13, "reason": "L6", "role": "interest"}
    theirs = WO | {"byte_offset": 14, "payer": "1888888888", "trace_number": "T7"}
    found = open_take_backs(
        rows(ACCOUNTS, ACCOUNT), POSTINGS.empty(),
        rows(PROVIDER_POSTINGS, later, interest, theirs, WO), rows(CLAIMS, SENT),
    )  # fmt: skip
    assert found["how"].to_list() == ["PLB WO ICN1 of payment T3, PLB WO ICN1 of payment T1"]
