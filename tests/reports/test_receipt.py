"""The receipt of a run in words."""

from __future__ import annotations

import json
from typing import Any

from edi_iop.reports.formats import to_json
from edi_iop.reports.receipt import sheet

RECEIPT: dict[str, Any] = {
    "run": "20260302-0001",
    "as_of": "2026-03-02",
    "files": {
        "in": 4,
        "applied": 2,
        "held": 1,
        "duplicate": 1,
        "quarantined": 1,
        "by_kind": {"835": {"in": 3}, "unknown": {"in": 1}},
    },
    "not_applied": [
        {"file_id": 3, "kind": "835", "status": "held", "reason": "PAYMENT_UNBALANCED: by $1.00"},
        {"file_id": 4, "kind": "unknown", "status": "quarantined", "reason": "NOT_X12: no ISA"},
    ],
    "money": {
        "in_cents": 150000,
        "accepted_cents": 100000,
        "held_cents": 50000,
        "payments": [{}, {}],
    },
    "answered": {
        "interchanges": 3,
        "by_kind": {"999": 2, "TA1": 1},
        "by_decision": {"accepted": 1, "with_errors": 1, "in_part": 0, "rejected": 1},
    },
    "acks": {
        "answers": 5,
        "by_kind": {"277CA": 4, "999": 1},
        "rejected": 1,
        "rejected_by_kind": {"277CA": 1},
    },
    "built": {"files": 1, "held_files": 0, "claims": 2, "lines": 31, "charge_cents": 1085000},
    "corrections": {"held": 1, "by_action": {"replacement": 2}},
    "blocked": {"lines": 3, "by_rule": {"AUTH-01": 2, "DX-02": 1}},
    "sent_broken": {"lines": 1, "by_rule": {"DUP-01": 1}},
    "remits": {"claims": 10, "matched": 9, "unmatched": 1, "lines": 44},
    "denials": {"lines": 1, "by_verdict": {"refuted": 1}, "by_rule": {"AUTH-01": 1}},
    "findings": {"error": 1, "warning": 0, "info": 1},
    "seconds": {"intake": 0.5},
    "clean": False,
}


def test_every_stage_is_said() -> None:
    said = dict(sheet(RECEIPT).rows.iter_rows())
    assert said == {
        "files in": "4: 2 applied (1 of them held), 1 duplicate, 1 quarantined; 835 3, unknown 1",
        "  file 3": "held: PAYMENT_UNBALANCED: by $1.00",
        "  file 4": "quarantined: NOT_X12: no ISA",
        "money in": "$1,500.00 in 2 payments: $1,000.00 accepted, $500.00 held",
        "answered": "3 interchanges: accepted 1, with errors 1, rejected 1; 999 2, TA1 1",
        "acks": "5 answers: 277CA 4, 999 1; rejected 277CA 1",
        "built": "1 837I file: 2 claims, 31 lines, $10,850.00",
        "corrected": "replacement 2, 1 held",
        "blocked": "3 lines: AUTH-01 2, DX-02 1",
        "at odds": "1 sent line: DUP-01 1",
        "remits": "10 claims with 44 lines: 9 matched, 1 not",
        "denials": "1 line: refuted 1",
        "  rules": "AUTH-01 1",
        "findings": "error 1, info 1",
        "seconds": "intake 0.5",
    }


def test_json_is_the_receipt_itself() -> None:
    assert json.loads(to_json(sheet(RECEIPT))) == RECEIPT
