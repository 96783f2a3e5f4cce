"""A claim from first to last: what answered its interchange, and when the bank had its money."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from edi_iop.reports.question import Question
from edi_iop.reports.timeline import claim
from edi_iop.store import Store
from edi_iop.store.connection import Connection
from edi_iop.tables import TABLES

SENT, ANSWERED, PAID, BOOKED = (date(2026, 3, day) for day in (2, 3, 10, 12))


def question(folder: Path, further: dict[str, list[dict[str, object]]] | None = None) -> Question:
    """Claim C1 in interchange 7: TA1 and 999 accept it, a payment of 90.00 answers it, the bank has it.

    further: rows of tables beside those.
    """
    store = Store.create(folder / "iop.db")
    kinds = ("837I", "TA1", "999", "835", "deposits")
    for file_id, kind in enumerate(kinds, 1):
        store.add_file(file_id=file_id, sha256=str(file_id), direction="out" if kind == "837I" else "in",
                       kind=kind, status="applied", size=1, name="x", run="r", received_on=ANSWERED,
                       transactions=1, archived=True)  # fmt: skip
    ours = {"sender_id": "CLINIC", "receiver_id": "HARBR", "interchange_control": "000000007"}
    theirs = {"sender_id": "HARBR", "receiver_id": "CLINIC", "interchange_control": "000000007"}
    rows = {
        "submissions": [{**ours, "file_id": 1, "transaction_offset": 10, "group_control": "7",
                         "transaction_control": "0001", "created_on": SENT}],
        "claims": [{"file_id": 1, "transaction_offset": 10, "claim_offset": 20, "claim": "C1",
                    "charge_cents": 9000, "payer_id": "HARBR"}],
        "acknowledgements": [
            {**theirs, "file_id": 2, "byte_offset": 1, "kind": "TA1", "level": "interchange", "decision": "A",
             "code": "000", "answered_on": ANSWERED},
            {**theirs, "file_id": 3, "byte_offset": 1, "kind": "999", "level": "group", "decision": "A",
             "group_control": "7", "functional_id": "HC"},
        ],
        "payments": [{"file_id": 4, "payment_offset": 10, "trace_number": "7700123", "payment_date": PAID,
                      "amount_cents": 9000, "payer_name": "Harbor", "method": "ACH"}],
        "remit_claims": [{"file_id": 4, "payment_offset": 10, "remit_claim_offset": 20, "claim": "C1",
                          "status": "1", "charge_cents": 9000, "paid_cents": 9000}],
        "deposits": [{"file_id": 5, "row": 2, "deposit_date": BOOKED, "amount_cents": 9000,
                      "reference": "7700123", "description": "EFT"}],
    }  # fmt: skip
    rows |= further or {}
    store.save({name: TABLES[name].conform(pl.DataFrame(of)) for name, of in rows.items()})
    return Question(store, BOOKED, lambda _payer, _day: None, "C1")


def test_envelopes_answers_and_the_bank_are_on_it(tmp_path: Path) -> None:
    rows = claim(question(tmp_path)).rows
    assert rows.select("on", "event").rows() == [
        (SENT, "sent"),
        (ANSWERED, "acknowledged"),
        (ANSWERED, "acknowledged"),
        (PAID, "paid"),
        (BOOKED, "banked"),
    ]
    assert rows["says"].to_list()[1:3] == ["TA1: accepted (000)", "999: accepted"]
    assert rows["file"].to_list() == ["1", "2", "3", "4", "5"]


MATCH = {"file_id": 4, "remit_claim_offset": 20, "claim_file_id": 1, "claim_offset": 20}


def test_an_answer_returned_under_its_number_but_tied_to_no_claim_is_not_on_it(
    tmp_path: Path,
) -> None:
    """The payer swapped the numbers of two patients: the match was vetoed."""
    loose = MATCH | {"claim_file_id": None, "claim_offset": None}
    told = claim(question(tmp_path, {"matches": [loose]}))
    assert "paid" not in told.rows["event"].to_list()
    assert "banked" not in told.rows["event"].to_list()
    assert told.hints == (
        "1 answer under this number, tied to no claim, left out; see: report unmatched",
    )


def test_a_matched_answer_is_on_it_whatever_number_it_was_returned_under(tmp_path: Path) -> None:
    other = {"file_id": 4, "payment_offset": 10, "remit_claim_offset": 20, "claim": "LOST",
             "status": "1", "charge_cents": 9000, "paid_cents": 9000}  # fmt: skip
    rows = claim(question(tmp_path, {"remit_claims": [other], "matches": [MATCH]})).rows
    assert rows["event"].to_list()[-2:] == ["paid", "banked"]


def test_take_backs_and_interest_are_on_it(tmp_path: Path) -> None:
    """PLB of later payments: WO 60.00 lowers one, L6 -1.25 raises the other."""
    plb = {"file_id": 4, "payment_offset": 10, "byte_offset": 90, "claim_file_id": 1,
           "claim_offset": 20, "account": "C1", "trace_number": "7700200", "reference": "ICN1 C1",
           "standing": "posted"}  # fmt: skip
    taken = plb | {"position": 1, "reason": "WO", "role": "recovery", "amount_cents": 6000,
                   "effective_on": date(2026, 3, 20)}  # fmt: skip
    interest = plb | {"position": 2, "reason": "L6", "role": "interest", "amount_cents": -125,
                      "effective_on": date(2026, 3, 21)}  # fmt: skip
    foreign = taken | {"position": 3, "claim_file_id": None, "claim_offset": None}
    made = claim(question(tmp_path, {"provider_postings": [taken, interest, foreign]}))
    told = made.rows.select("on", "event", "amount_cents").rows()
    assert told[-2:] == [
        (date(2026, 3, 20), "taken back", -6000),
        (date(2026, 3, 21), "interest", 125),
    ]
    assert made.rows["says"][-2] == "provider adjustment WO ICN1 C1; payment 7700200"
    assert made.closing == "7 events; last: interest 2026-03-21"


def decision(number: int, verb: str, **about: object) -> dict[str, object]:
    return {"decision": number, "decided_at": f"2026-03-{14 + number}T08:00:00Z", "actor": "kim", "verb": verb,
            "file_id": 4, "payment_offset": 10, "claim_file_id": None, "claim_offset": None,
            "remit_claim_offset": None, "note": None} | about  # fmt: skip


def test_what_people_decided_of_its_answers_is_on_it(tmp_path: Path) -> None:
    """Tied by hand, undone, tied again, its payment rejected; what concerns C2 alone is not on it."""
    lost = {"file_id": 4, "payment_offset": 10, "remit_claim_offset": 20, "claim": "LOST",
            "status": "1", "charge_cents": 9000, "paid_cents": 9000}  # fmt: skip
    other = lost | {"payment_offset": 50, "remit_claim_offset": 60, "claim": "C2"}
    made = {"remit_claim_offset": 20, "claim_file_id": 1, "claim_offset": 20}
    decisions = [
        decision(1, "link", note="same day", **made),
        decision(2, "unlink", **made),
        decision(3, "link", decided_at="2026-03-16T09:00:00Z", **made),
        decision(4, "reject"),
        decision(5, "release", payment_offset=50, remit_claim_offset=60),
    ]
    rows = {"remit_claims": [lost, other], "matches": [MATCH], "decisions": decisions}
    told = claim(question(tmp_path, rows)).rows.filter(pl.col("says").str.contains("kim"))
    assert told.select("on", "event").rows() == [
        (date(2026, 3, 15), "matched by hand"),
        (date(2026, 3, 16), "match undone"),
        (date(2026, 3, 16), "matched by hand"),
        (date(2026, 3, 18), "payment rejected"),
    ]
    assert told["says"][0] == (
        "answer returned as LOST, payment 7700123, claim C1 by kim: same day"
    )


def test_an_answer_under_its_number_that_a_person_gave_to_another_claim_is_told(
    tmp_path: Path,
) -> None:
    c1 = {"file_id": 1, "transaction_offset": 10, "claim_offset": 20, "claim": "C1"}
    to_other = {"remit_claim_offset": 20, "claim_file_id": 1, "claim_offset": 30}
    rows = {
        "claims": [c1, c1 | {"claim_offset": 30, "claim": "C2"}],
        "matches": [MATCH | {"claim_offset": 30}],
        "decisions": [decision(1, "link", **to_other)],
    }
    told = claim(question(tmp_path, rows)).rows
    assert told["event"].to_list() == ["sent", "acknowledged", "acknowledged", "matched by hand"]
    assert "claim C2 by kim" in told["says"][-1]


def rows_of(claims: int) -> dict[str, list[dict[str, object]]]:
    """So many claims in interchanges of their own, each taken in by a TA1, a 999 and a 277CA, and
    denied; no bank list. The TA1 and the 999 of the first are files of their own."""
    numbers = range(1, claims + 1)
    sent = [
        {"file_id": 1, "transaction_offset": n, "claim_offset": n, "claim": f"C{n}"}
        for n in numbers
    ]
    ack = {"sender_id": "HARBR", "receiver_id": "CLINIC", "decision": "A", "answered_on": ANSWERED}
    told: list[dict[str, object]] = [
        ack
        | {"file_id": file_id if n == 1 else 5, "byte_offset": 1000 * file_id + n, "kind": kind}
        | about
        for n in numbers
        for file_id, kind, about in (
            (2, "TA1", {"level": "interchange", "interchange_control": f"{n:09}"}),
            (3, "999", {"level": "group", "group_control": f"{n}", "functional_id": "HC"}),
            (5, "277CA", {"level": "claim", "claim": f"C{n}"}),
        )
    ]
    paid = [
        {"file_id": 4, "payment_offset": n, "remit_claim_offset": n, "claim": f"C{n}"}
        for n in numbers
    ]
    lines: list[dict[str, object]] = [
        {
            "file_id": 4,
            "remit_claim_offset": n,
            "remit_line_offset": line,
            "claim_file_id": 1,
            "claim_offset": n,
        }
        for n in numbers
        for line in (None, 1)
    ]
    return {
        "submissions": [{"file_id": 1, "transaction_offset": n, "sender_id": "CLINIC", "receiver_id": "HARBR",
                         "interchange_control": f"{n:09}", "group_control": f"{n}", "created_on": SENT} for n in numbers],
        "claims": [one | {"payer_claim_number": f"LATER{one['claim']}"} for one in sent],
        "acknowledgements": told,
        "payments": [{"file_id": 4, "payment_offset": n, "trace_number": f"7700{n}", "payment_date": PAID} for n in numbers],
        "remit_claims": [one | {"payer_claim_number": f"ICN{one['claim']}"} for one in paid],
        "matches": lines,
        "postings": [one | {"claim_file_id": 1, "claim_offset": one["payment_offset"]} for one in paid],
        "verdicts": [{"claim": f"C{n}", "file_id": 4, "remit_claim_offset": n, "payment": f"7700{n}", "line": 1}
                     for n in numbers],
        "deposits": [],
    }  # fmt: skip


def test_as_much_is_loaded_of_a_store_of_many_claims_as_of_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An analyst asks for one claim dozens of times a day: no table is loaded whole."""
    loaded: list[int] = []
    found = Connection.frame

    def counted(*asked: Any, **how: Any) -> pl.DataFrame:
        rows = found(*asked, **how)
        loaded.append(rows.height)
        return rows

    def of_store(claims: int) -> int:
        (tmp_path / str(claims)).mkdir()
        asked = question(tmp_path / str(claims), rows_of(claims))
        loaded.clear()
        assert claim(asked).rows["event"].to_list() == [
            "sent",
            "acknowledged",
            "acknowledged",
            "acknowledged",
            "answered",
            "denied",
        ]
        return sum(loaded)

    monkeypatch.setattr(Connection, "frame", counted)
    assert of_store(40) == of_store(4)
