"""Reports on answers: what became of what we sent, what we answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from edi_iop.reports import acks
from edi_iop.reports.formats import to_csv, to_ndjson
from edi_iop.reports.screen import to_screen
from edi_iop.store import Store
from edi_iop.tables import TABLES

SENT = {"direction": "out", "kind": "837I", "status": "sent"}
CAME = {"direction": "in", "status": "applied"}
OURS = {"sender_id": "CLEARHSE", "receiver_id": "EXAMPLEIOP"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "iop.db") as made:
        yield made


def save(store: Store, name: str, *rows: dict[str, Any]) -> None:
    store.save({name: TABLES[name].conform(pl.DataFrame(rows, infer_schema_length=None))})


def sent(store: Store, file_id: int, number: int, **more: Any) -> None:
    """A submission of two claims, C1 and C2, prefixed with its file's number after the first."""
    store.add_file(file_id=file_id, sha256=str(file_id), **{**SENT, **more.pop("file", {})})
    save(store, "submissions", {
        "file_id": file_id, "transaction_offset": 200, "sender_id": "EXAMPLEIOP",
        "receiver_id": "CLEARHSE", "interchange_control": f"{number:09d}",
        "group_control": str(number), "transaction_control": "0001", "usage": "T",
        "created_on": date(2026, 3, number), **more,
    })  # fmt: skip
    for offset in (1, 2):
        save(store, "claims", {"file_id": file_id, "transaction_offset": 200,
                               "claim_offset": 300 + offset, "claim": f"F{file_id}C{offset}"})  # fmt: skip


def answered(store: Store, file_id: int, kind: str, *rows: dict[str, Any]) -> None:
    store.add_file(file_id=file_id, sha256=str(file_id), kind=kind, **CAME)
    for place, row in enumerate(rows):
        save(store, "acknowledgements",
             {"file_id": file_id, "byte_offset": 100 + place, "kind": kind, **OURS, **row})  # fmt: skip


def a_night(store: Store) -> None:
    """Three submissions: one rejected by its 999, one of which a claim was turned away, one waiting."""
    sent(store, 1, 3)
    sent(store, 2, 4)
    sent(store, 3, 5)
    group = {"functional_id": "HC", "group_control": "3", "answer_transaction": "0001"}
    answered(
        store, 10, "999",
        {**group, "level": "group", "decision": "R"},
        {**group, "level": "transaction", "transaction_control": "0001", "decision": "R", "code": "5"},
    )  # fmt: skip
    place = {"file_id": 10, "group_control": "3", "transaction_control": "0001", "position": 1}
    save(
        store,
        "acknowledgement_errors",
        {**place, "byte_offset": 110, "level": "segment", "code": "8", "segment": "CLM", "segment_position": 23},
        {**place, "byte_offset": 120, "level": "element", "code": "7", "segment": "CLM", "segment_position": 23,
         "element": 5, "component": 3, "claim": "F1C1", "value": "SECRET"},
        {**place, "byte_offset": 130, "level": "segment", "code": "3", "segment": "CL1", "segment_position": 26},
        {**place, "byte_offset": 140, "level": "transaction", "code": "5"},
    )  # fmt: skip
    answered(store, 11, "TA1", {"level": "interchange", "decision": "A", "code": "000",
                                "interchange_control": "000000004"})  # fmt: skip
    answered(
        store, 12, "277CA",
        {"level": "claim", "claim": "F2C1", "action": "WQ", "category": "A2", "status": "20", "answered_as": "AY"},
        {"level": "claim", "claim": "F2C2", "action": "U", "category": "A7", "status": "562", "answered_as": "AY"},
    )  # fmt: skip


def test_what_needs_a_person_comes_first(store: Store) -> None:
    a_night(store)
    rows = acks.acks(store).rows
    assert rows.select("interchange", "standing", "answers").rows() == [
        ("000000003", "rejected", 1),
        ("000000004", "accepted in part", 2),
        ("000000005", "nothing yet", 0),
    ]
    assert tuple(rows.columns) == acks.KEYS


def test_the_places_of_errors_are_told_in_words_and_no_value(store: Store) -> None:
    """What an IK3 or IK5 only announces is left out where the IK4 and IK3 say it."""
    a_night(store)
    sheet = acks.acks(store)
    assert sheet.rows["errors"].to_list()[0] == [
        "segment 23 CLM05-3: 7 invalid code, claim F1C1",
        "segment 26 CL1: 3 required segment missing",
    ]
    for said in (to_screen(sheet), to_ndjson(sheet), to_csv(sheet)):
        assert "CLM05-3" in said
        assert "SECRET" not in said


def test_claims_that_were_turned_away_are_named_with_their_status(store: Store) -> None:
    a_night(store)
    sheet = acks.acks(store)
    (turned,) = sheet.rows.filter(interchange="000000004")["rejected_claims"]
    assert turned.to_list() == ["F2C2 by clearinghouse: A7/562"]
    said = to_screen(sheet)
    assert "CH: 1 in, 1 out" in said
    assert "A7   turned away: something is invalid" in said
    assert "3 submissions: 1 rejected, 1 accepted in part, 1 nothing yet" in said


def test_an_answer_to_nothing_is_shown_last(store: Store) -> None:
    sent(store, 1, 3)
    answered(
        store, 10, "277CA", {"level": "claim", "claim": "ELSE", "action": "U", "answered_as": "PR"}
    )
    rows = acks.acks(store).rows
    assert rows.select("standing", "file", "payer_rejected", "errors").rows() == [
        ("nothing yet", "1", 0, []),
        (acks.STRANGER, "10", 1, ["claim ELSE was not sent"]),
    ]


@pytest.mark.parametrize(
    ("file", "more", "shown"),
    [
        ({}, {}, 1),
        ({"status": "held"}, {}, 0),
        ({"direction": "in", "status": "applied"}, {"transaction_type": "CH"}, 1),
        ({"direction": "in", "status": "applied"}, {"transaction_type": "RP"}, 0),
    ],
)
def test_only_claims_that_went_out_wait_for_an_answer(
    store: Store, file: dict[str, Any], more: dict[str, Any], shown: int
) -> None:
    """Those of another system too; neither what we held nor encounters reported (BHT06 RP)."""
    sent(store, 1, 3, file=file, **more)
    assert acks.acks(store).rows.height == shown


def test_nothing_sent_is_said(store: Store) -> None:
    assert "no claims sent yet" in to_screen(acks.acks(store))
    assert "nothing answered yet" in to_screen(acks.answers(store))


def test_many_errors_are_all_for_programs_and_some_for_people(store: Store) -> None:
    a_night(store)
    for number in range(40):
        save(store, "acknowledgement_errors", {
            "file_id": 10, "byte_offset": 200 + number, "position": 1, "level": "segment", "code": "3",
            "group_control": "3", "transaction_control": "0001", "segment": "HI",
            "segment_position": 100 + number,
        })  # fmt: skip
    sheet = acks.acks(store)
    assert len(sheet.rows["errors"][0]) == 42
    assert "and 30 more" in " ".join(to_screen(sheet).split())


def test_what_we_answered(store: Store) -> None:
    store.add_file(file_id=4, sha256="4", direction="in", kind="835", status="applied")
    store.add_file(file_id=5, sha256="5", direction="out", kind="999", status="sent",
                   received_on=date(2026, 3, 2))  # fmt: skip
    save(store, "replies", {
        "file_id": 5, "answered_file": 4, "interchange_control": "000000101", "receiver_id": "HARBR",
        "answer_interchange": "000000007", "ta1": None, "note": None, "groups": ["A", "R"], "decision": "R",
    })  # fmt: skip
    sheet = acks.answers(store)
    assert sheet.rows.select(
        "answered_file", "to", "kind", "decision", "groups", "status"
    ).rows() == [("4", "HARBR", "999", "R", ["A", "R"], "sent")]
    assert "1 answer: 1 rejected" in to_screen(sheet)
