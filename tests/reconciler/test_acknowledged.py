"""Answers tied to what was sent, and where each submission then stands."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.reconciler.acknowledged import Acknowledged, acknowledged, decided
from edi_iop.tables import ACKNOWLEDGEMENT_ERRORS, ACKNOWLEDGEMENTS, CLAIMS, SUBMISSIONS

SENT = date(2026, 3, 2)
OURS = {"sender_id": "CLEARHSE", "receiver_id": "EXAMPLEIOP", "answer_interchange": "000000900"}


def submission(file_id: int = 1, number: int = 3, offset: int = 200, **more: Any) -> dict[str, Any]:
    """A transaction set of ours; its numbers are those of its file."""
    return {
        "file_id": file_id,
        "transaction_offset": offset,
        "sender_id": "EXAMPLEIOP",
        "receiver_id": "CLEARHSE",
        "interchange_control": f"{number:09d}",
        "group_control": str(number),
        "transaction_control": "0001",
        "reference": f"B{number}",
        "created_on": SENT,
        **more,
    }


def claim(name: str, file_id: int = 1, offset: int = 500, of: int = 200) -> dict[str, Any]:
    return {"file_id": file_id, "transaction_offset": of, "claim_offset": offset, "claim": name}


def ta1(file_id: int, decision: str, control: str = "000000003", **more: Any) -> dict[str, Any]:
    return {
        "file_id": file_id, "byte_offset": 107, "kind": "TA1", "level": "interchange",
        "interchange_control": control, "decision": decision, "code": "000", **OURS, **more,
    }  # fmt: skip


def of_group(file_id: int, decision: str, control: str = "3", **more: Any) -> dict[str, Any]:
    return {
        "file_id": file_id, "byte_offset": 200, "kind": "999", "level": "group",
        "functional_id": "HC", "group_control": control, "decision": decision, **OURS, **more,
    }  # fmt: skip


def of_set(file_id: int, decision: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        **of_group(file_id, decision), "byte_offset": 220, "level": "transaction",
        "transaction_control": "0001", "code": code, **more,
    }  # fmt: skip


def status(file_id: int, name: str | None, action: str | None, **more: Any) -> dict[str, Any]:
    return {
        "file_id": file_id, "byte_offset": 300, "kind": "277CA", "level": "claim", "claim": name,
        "action": action, "category": "A2", "status": "20", "answered_as": "AY", "batch": "B3",
        "answered_on": date(2026, 3, 3), **OURS, **more,
    }  # fmt: skip


def told(
    *answers: dict[str, Any],
    sent: tuple[dict[str, Any], ...] = (submission(),),
    claims: tuple[dict[str, Any], ...] = (claim("C1"), claim("C2", offset=900)),
    errors: tuple[dict[str, Any], ...] = (),
) -> Acknowledged:
    tables = [
        table.conform(pl.DataFrame(rows, infer_schema_length=None) if rows else table.empty())
        for table, rows in (
            (SUBMISSIONS, sent), (CLAIMS, claims), (ACKNOWLEDGEMENTS, answers),
            (ACKNOWLEDGEMENT_ERRORS, errors),
        )
    ]  # fmt: skip
    return acknowledged(*tables)


def standing(*answers: dict[str, Any], **given: Any) -> str:
    (found,) = told(*answers, **given).submissions["standing"]
    return str(found)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((), "nothing yet"),
        ((ta1(5, "A"),), "received"),
        ((ta1(5, "R"),), "rejected"),
        ((ta1(5, "E"),), "accepted with errors"),
        ((of_group(5, "A"), of_set(5, "A")), "accepted"),
        ((of_group(5, "E"), of_set(5, "E", "5")), "accepted with errors"),
        ((of_group(5, "R"), of_set(5, "R", "5")), "rejected"),
        ((of_group(5, "R"), of_set(5, "A")), "rejected"),
        ((of_group(5, "P"), of_set(5, "A")), "accepted"),
        ((of_group(5, "P"),), "accepted in part"),
        ((ta1(5, "A"), of_group(6, "A"), status(7, "C1", "WQ"), status(7, "C2", "WQ", byte_offset=400)), "accepted"),
        ((of_group(6, "A"), status(7, "C1", "U"), status(7, "C2", "WQ", byte_offset=400)), "accepted in part"),
        ((of_group(6, "A"), status(7, "C1", "U"), status(7, "C2", "U", byte_offset=400)), "rejected"),
        ((status(7, "C1", "WQ"),), "accepted"),
        ((status(7, None, "U", level="receiver"),), "rejected"),
    ],
)  # fmt: skip
def test_where_a_submission_stands(answers: tuple[dict[str, Any], ...], expected: str) -> None:
    assert standing(*answers) == expected


def test_the_last_answer_counts_and_all_are_counted() -> None:
    """Rejected by mistake, then accepted: two 999s of the same group, both kept."""
    found = told(of_group(5, "R"), of_set(5, "R", "5"), of_group(8, "A"), of_set(8, "A"))
    assert found.submissions.select("standing", "functional", "answers").rows() == [
        ("accepted", "A", 2)
    ]


def test_the_payer_s_word_comes_after_the_clearinghouse_s_and_both_stay() -> None:
    found = told(status(5, "C1", "WQ"), status(9, "C1", "U", answered_as="PR", category="A7"))
    counts = found.submissions.drop("file_id", "transaction_offset").to_dicts()[0]
    assert (counts["clearinghouse_accepted"], counts["payer_rejected"]) == (1, 1)
    assert counts["standing"] == "accepted in part"
    words = found.claims.select("claim", "by", "decision", "statuses").rows()
    assert sorted(words) == [
        ("C1", "clearinghouse", "A", ["A2/20"]),
        ("C1", "payer", "R", ["A7/20"]),
    ]


def test_a_payer_takes_what_the_clearinghouse_had_refused_before() -> None:
    found = standing(status(5, "C1", "U"), status(9, "C1", "WQ", answered_as="PR"))
    assert found == "accepted"


def test_a_status_without_an_action_is_known_by_its_category() -> None:
    """005010X214: A3 and A6 to A8 turn a claim away, A0 to A2 and A5 do not."""
    rows = [status(1, "C1", None, category=category) for category in ("A1", "A5", "A3", "A8", "F1")]
    frame = ACKNOWLEDGEMENTS.conform(pl.DataFrame(rows, infer_schema_length=None))
    assert decided(frame)["decision"].to_list() == ["A", "A", "R", "R", None]


def test_a_line_turned_away_is_told_beside_its_claim() -> None:
    line = status(5, "C1", "U", level="line", line_control="L1", category="A7", byte_offset=350)
    found = told(status(5, "C1", "WQ"), line)
    assert found.claims.select("decision", "statuses").rows() == [
        ("A", ["A2/20", "line L1: A7/20"])
    ]


def test_leading_zeros_make_no_difference() -> None:
    assert standing(ta1(5, "A", control="3")) == "received"
    assert (
        standing(of_group(5, "A", control="0003"), of_set(5, "A", group_control="0003"))
        == "accepted"
    )


def test_a_number_two_senders_used_means_the_one_that_is_answered() -> None:
    other = submission(2, sender_id="OLDBILLING")
    found = told(of_group(5, "A"), of_set(5, "A"), sent=(submission(), other), claims=())
    assert found.submissions.select("file_id", "standing").rows() == [
        (1, "accepted"),
        (2, "nothing yet"),
    ]
    lost = told(of_group(5, "A", receiver_id="X"), sent=(submission(), other), claims=())
    assert lost.submissions["standing"].to_list() == ["nothing yet"] * 2
    assert lost.strangers.height == 1


def test_a_clearinghouse_may_answer_under_another_name() -> None:
    assert standing(of_group(5, "A", sender_id="CLHOUSE2")) == "accepted"


def test_a_999_of_remits_is_none_of_claims() -> None:
    found = told(of_group(5, "R", functional_id="HP"))
    assert found.submissions["standing"].to_list() == ["nothing yet"]


def test_each_transaction_set_of_a_group_has_its_own_answer() -> None:
    two = (submission(), submission(offset=900, transaction_control="0002"))
    answers = (of_group(5, "P"), of_set(5, "A"),
               of_set(5, "R", "5", transaction_control="0002", byte_offset=240))  # fmt: skip
    errors = tuple(
        {"file_id": 5, "byte_offset": 230 + place, "position": 1, "level": "segment", "code": "8",
         "group_control": "3", "transaction_control": number, "segment": "CLM"}
        for place, number in enumerate(["0001", "0002"])
    )  # fmt: skip
    found = told(*answers, sent=two, claims=(), errors=errors)
    assert found.submissions["standing"].to_list() == ["accepted", "rejected"]
    assert found.errors.select("transaction_offset", "byte_offset").rows() == [
        (200, 230),
        (900, 231),
    ]


def test_a_claim_sent_twice_is_answered_by_its_batch_or_as_sent_by_then() -> None:
    again = submission(2, 7, created_on=date(2026, 3, 20))
    both = {"sent": (submission(), again), "claims": (claim("C1"), claim("C1", 2))}
    of_first = told(status(5, "C1", "U", batch="B3"), **both).claims
    assert of_first["file_id"].to_list() == [1]
    by_then = told(status(5, "C1", "U", batch=None), **both).claims
    assert by_then["file_id"].to_list() == [1]
    later = told(status(5, "C1", "U", batch=None, answered_on=date(2026, 3, 25)), **both).claims
    assert later["file_id"].to_list() == [2]


def test_what_answers_nothing_is_kept_apart() -> None:
    found = told(
        ta1(5, "A", control="000000099"),
        of_group(6, "A", control="99"),
        status(7, "C1", "WQ"),
        status(7, "OTHER", "U", byte_offset=400),
    )
    assert found.strangers.select("kind", "claim").rows() == [
        ("TA1", None),
        ("999", None),
        ("277CA", "OTHER"),
    ]


def test_a_public_277ca_ties_to_the_claims_it_names(samples: Any) -> None:
    """A public 277CA and the claims it names, as if we had sent them."""
    data = (samples / "277CA" / "shape__sample_277CA-000001.x12").read_bytes()
    acks = parsers.parse([(9, data)])[9].tables["acknowledgements"]
    names = ("CLM-P-0001", "CLM-P-0002", "CLM-P-0003")
    claims = tuple(claim(name, offset=500 + at) for at, name in enumerate(names))
    found = told(*acks.to_dicts(), claims=claims)
    assert found.submissions.select("payer_accepted", "payer_rejected", "standing").rows() == [
        (2, 1, "accepted in part")
    ]
