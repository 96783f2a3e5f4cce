"""Proof of timely filing: first sent, first taken in, by our own 999 and 277CA."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from denial_cases import Case, denial
from remit_rows import PAYDAY, claim, claim_line, frame

from edi_iop.reconciler.denials import lines_of
from edi_iop.reconciler.filing import Proof, proof
from edi_iop.reconciler.match import match
from edi_iop.rules.policy import load

HARBOR = load("harbor", PAYDAY)
SUBMISSION = {
    "file_id": 1,
    "transaction_offset": 50,
    "sender_id": "US",
    "receiver_id": "THEM",
    "interchange_control": "000000012",
    "group_control": "12",
    "transaction_control": "0001",
    "reference": "B1",
    "created_on": date(2026, 2, 6),
}
ANSWER = {"file_id": 20, "sender_id": "THEM", "receiver_id": "US"}
TAKEN = [
    ANSWER
    | {
        "byte_offset": 200,
        "kind": "999",
        "level": "group",
        "decision": "A",
        "functional_id": "HC",
        "group_control": "12",
        "answer_interchange": "1",
        "answer_group": "1",
        "answer_transaction": "1",
    },
    {
        "file_id": 21,
        "byte_offset": 300,
        "sender_id": "THEM",
        "receiver_id": "US",
        "kind": "277CA",
        "level": "claim",
        "claim": "EAAA",
        "answered_as": "PR",
        "category": "A2",
        "status": "20",
        "action": "WQ",
        "answered_on": date(2026, 2, 8),
        "payer_claim_number": "P77",
        "batch": "B1",
        "answer_interchange": "2",
        "answer_group": "2",
        "answer_transaction": "2",
    },
]


def proved(
    acks: list[dict[str, Any]],
    submissions: list[dict[str, Any]] | None = None,
    case: Case | None = None,
) -> Proof:
    case = case or Case(heads=[claim(100, "EAAA", transaction_offset=50)])
    remit = denial("29")
    matches = match(remit, case.sent)
    lines = case.records(remit, matches).lines
    denied = matches.filter(pl.col("remit_line_offset").is_not_null()).with_row_index("denial")
    files = pl.DataFrame({"file_id": [20, 21], "received_on": [date(2026, 2, 7), date(2026, 2, 8)]})
    tables = {
        "claims": case.sent["claims"],
        "submissions": frame("submissions", submissions or [SUBMISSION]),
        "acknowledgements": frame("acknowledgements", acks),
        "acknowledgement_errors": frame("acknowledgement_errors", []),
    }
    found = proof(lines_of(denied, lines), lines, tables, files, HARBOR)
    assert found is not None
    return found


def test_999_and_277ca_prove_the_day_it_was_taken_in():
    """Served 2 February, sent 6 February, taken in 7 February: 5 days of 180, which end 1 August."""
    found = proved(TAKEN)
    assert [(event.on, event.what) for event in found.events] == [
        (date(2026, 2, 6), "claim EAAA sent (837)"),
        (date(2026, 2, 7), "transaction set accepted (999)"),
        (date(2026, 2, 8), "claim accepted by the payer (277CA)"),
    ]
    assert found.events[0].reference == "interchange 000000012, group 12, transaction 0001"
    assert "payer's number P77" in found.events[2].reference
    assert (found.in_time, found.acknowledged) == (True, True)
    assert "The first claim was sent on 2026-02-06." in found.statement
    assert "That is 5 days after the date of service, 2026-02-02." in found.statement
    assert found.statement.endswith("The limit is 180 days (2026-08-01).")


def test_without_an_answer_it_proves_the_sending_alone():
    found = proved([])
    assert (found.in_time, found.acknowledged) == (True, False)
    assert [event.what for event in found.events] == ["claim EAAA sent (837)"]


def test_what_was_rejected_was_not_taken_in():
    found = proved([TAKEN[0] | {"decision": "R"}])
    assert not found.acknowledged
    assert found.events[1].what == "transaction set rejected (999)"


def test_a_claim_sent_too_late_is_said_to_be_late():
    late = SUBMISSION | {"created_on": date(2026, 9, 1)}
    assert proved([], [late]).in_time is False


def test_the_first_claim_counts_though_a_later_one_was_denied():
    """The day first went out on claim EZZZ of file 2, in January's end; EAAA is its copy."""
    case = Case(
        heads=[
            claim(100, "EAAA", transaction_offset=50),
            claim(200, "EZZZ", transaction_offset=60, file_id=2),
        ],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LZZZ001", file_id=2),
        ],
    )
    first = SUBMISSION | {
        "file_id": 2,
        "transaction_offset": 60,
        "interchange_control": "000000011",
        "group_control": "11",
        "created_on": date(2026, 2, 3),
    }
    late = SUBMISSION | {"created_on": date(2026, 9, 1)}
    found = proved([], [late, first], case)
    assert found.in_time is True
    assert [event.what for event in found.events] == [
        "claim EZZZ sent (837)",
        "claim EAAA sent (837)",
    ]
