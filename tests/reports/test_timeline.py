"""A claim from first to last: what answered its interchange, and when the bank had its money."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from edi_iop.reports.question import Question
from edi_iop.reports.timeline import claim
from edi_iop.store import Store
from edi_iop.tables import TABLES

SENT, ANSWERED, PAID, BOOKED = (date(2026, 3, day) for day in (2, 3, 10, 12))


def question(folder: Path) -> Question:
    """Claim C1 in interchange 7: TA1 and 999 accept it, a payment of 90.00 answers it, the bank has it."""
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
