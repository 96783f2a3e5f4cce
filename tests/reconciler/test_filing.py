"""Proof of timely filing: first sent, first taken in, by our own 999 and 277CA."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from denial_cases import CLIENT, FEB3, Case, denial
from remit_rows import PAYDAY, claim, claim_line, frame

from edi_iop.reconciler.denials import lines_of
from edi_iop.reconciler.filing import Proof, proof
from edi_iop.reconciler.match import match
from edi_iop.rules.policy import Policy, load

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
    policy: Policy | None = HARBOR,
) -> Proof:
    case = case or Case(heads=[claim(100, "EAAA", transaction_offset=50)])
    remit = denial("29")
    matches = match(remit, case.sent)
    lines = case.records(remit, matches).lines
    denied = matches.filter(pl.col("remit_line_offset").is_not_null()).with_row_index("denial")
    came = {20: date(2026, 2, 7), 21: date(2026, 2, 8), 22: date(2026, 2, 9)}
    files = pl.DataFrame({"file_id": list(came), "received_on": list(came.values())})
    tables = {
        "claims": case.sent["claims"],
        "submissions": frame("submissions", submissions or [SUBMISSION]),
        "acknowledgements": frame("acknowledgements", acks),
        "acknowledgement_errors": frame("acknowledgement_errors", []),
    }
    found = proof(lines_of(denied, lines), lines, tables, files, policy)
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


def beside(number: str) -> Case:
    """The claim EAAA, and one of the same day under another number in file 2."""
    return Case(
        heads=[
            claim(100, "EAAA", transaction_offset=50),
            claim(200, number, transaction_offset=60, file_id=2),
        ],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control=f"L{number[1:]}001", file_id=2),
        ],
    )


def test_the_first_claim_counts_though_a_later_one_was_denied():
    """The day first went out on claim EZZZ of file 2, in January's end; EAAA is its copy."""
    case = beside("EZZZ")
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


def test_what_the_payer_turned_away_was_not_filed_though_the_999_took_it_in():
    """In time and accepted by 999 and clearinghouse, turned away by the payer (A7) on the 8th; sent
    anew as EBBB on 1 September and taken in on the 2nd, 212 days after the 2nd of February."""
    turned = TAKEN[1] | {"category": "A7", "action": "U", "payer_claim_number": None}
    house = TAKEN[1] | {"file_id": 22, "answered_as": "AY", "answered_on": date(2026, 2, 7)}
    found = proved([TAKEN[0], turned, house])
    assert (found.acknowledged, "On 2026" in found.statement) == (False, False)
    assert found.events[-1].what == "claim rejected by the payer (277CA)"
    case = beside("EBBB")
    again = SUBMISSION | {
        "file_id": 2,
        "transaction_offset": 60,
        "interchange_control": "000000013",
        "group_control": "13",
        "reference": "B2",
        "created_on": date(2026, 9, 1),
    }
    taken = TAKEN[1] | {"file_id": 22, "claim": "EBBB", "batch": "B2",
                        "answered_on": date(2026, 9, 2)}  # fmt: skip
    found = proved([TAKEN[0], turned, taken], [SUBMISSION, again], case)
    assert (found.in_time, found.acknowledged) == (False, True)
    assert found.statement.startswith(
        "The first claim was sent on 2026-02-06. On 2026-09-02: claim accepted by the payer (277CA)"
    )
    assert "That is 212 days after the date of service, 2026-02-02." in found.statement


def test_what_the_clearinghouse_turned_away_and_the_payer_took_was_filed():
    """Of clearinghouse and payer the payer's word goes further, whichever came last."""
    house = TAKEN[1] | {"file_id": 22, "answered_as": "AY", "category": "A3", "action": "U"}
    found = proved([TAKEN[0], TAKEN[1], house])
    assert (found.in_time, found.acknowledged) == (True, True)


def test_the_last_day_of_the_limit_is_in_time():
    """180 days from 2 February end on 1 August."""
    for day, in_time in ((date(2026, 8, 1), True), (date(2026, 8, 2), False)):
        assert proved([], [SUBMISSION | {"created_on": day}]).in_time is in_time


def test_an_interchange_received_is_not_taken_in():
    """A TA1 says that the envelope came; the claims inside may still be turned away."""
    ta1 = {"file_id": 20, "byte_offset": 100, "sender_id": "THEM", "receiver_id": "US", "kind": "TA1",
           "level": "interchange", "decision": "A", "interchange_control": "000000012"}  # fmt: skip
    found = proved([ta1])
    assert [event.what for event in found.events][1:] == ["interchange accepted (TA1)"]
    assert not found.acknowledged


def test_where_the_policy_counts_from_the_end_of_the_statement():
    """Meridian: 90 days from the 27th of February, which end on 28 May."""
    case = Case(heads=[claim(100, "EAAA", transaction_offset=50, statement_to=date(2026, 2, 27))])
    last = SUBMISSION | {"created_on": date(2026, 5, 28)}
    found = proved([], [last], case, load("meridian", PAYDAY))
    assert found.in_time is True
    assert "That is 90 days after the end of the statement, 2026-02-27." in found.statement
    assert found.statement.endswith("The limit is 90 days (2026-05-28).")


def test_without_policy_the_limit_is_unknown_and_without_dates_the_sending_is():
    assert proved(TAKEN, policy=None).in_time is None
    assert proved(TAKEN, policy=None).acknowledged
    undated = proved([], [SUBMISSION | {"created_on": None}])
    assert (undated.in_time, undated.acknowledged) == (None, False)
    assert undated.statement == "When the claim was first sent our records do not tell."


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ({}, {"service_date": FEB3}),
        ({}, {"procedure": "S9480", "revenue": "0905"}),
        ({"payer_id": "MERID"}, {}),
        ({"member_id": "M2"}, {}),
    ],
)
def test_a_claim_of_another_day_service_payer_or_person_proves_nothing(
    head: dict[str, Any], line: dict[str, Any]
):
    case = Case(
        clients=[CLIENT, CLIENT | {"payer_id": "MERID", "row": 3}],
        heads=[
            claim(100, "EAAA", transaction_offset=50),
            claim(200, "EZZZ", transaction_offset=60, file_id=2, **head),
        ],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LZZZ001", file_id=2, **line),
        ],
    )
    other = SUBMISSION | {"file_id": 2, "transaction_offset": 60, "created_on": date(2026, 2, 3)}
    found = proved([], [SUBMISSION, other], case)
    assert [event.what for event in found.events] == ["claim EAAA sent (837)"]


@pytest.mark.parametrize("decision", ["A", "E", "P"])
def test_accepted_with_errors_or_in_part_is_taken_in(decision: str):
    """The claim itself is not among what was turned away."""
    assert proved([TAKEN[0] | {"decision": decision}]).acknowledged


def test_of_several_days_the_first_is_counted_from():
    """The clock of 2 February runs out first."""
    case = Case(
        heads=[
            claim(100, "EAAA", transaction_offset=50, statement_to=FEB3, charge_cents=70000)
        ],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(100, 160, line=2, line_control="LAAA002", service_date=FEB3),
        ],
    )  # fmt: skip
    whole = case.records(denial("29"), match(denial("29"), case.sent)).lines
    about = whole.rename({"file_id": "claim_file_id"}).with_row_index("denial")
    tables = {
        "claims": case.sent["claims"],
        "submissions": frame("submissions", [SUBMISSION]),
        "acknowledgements": frame("acknowledgements", []),
        "acknowledgement_errors": frame("acknowledgement_errors", []),
    }
    files = pl.DataFrame(schema={"file_id": pl.Int64, "received_on": pl.Date})
    found = proof(about, whole, tables, files, HARBOR)
    assert found is not None
    assert "That is 4 days after the date of service, 2026-02-02." in found.statement
