"""The worklist: one row a claim and remedy, in the order of what there is to lose."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from edi_iop.reports.formats import to_csv, to_ndjson
from edi_iop.reports.screen import to_screen
from edi_iop.reports.sheet import Sheet
from edi_iop.reports.worklist import tasks
from edi_iop.tables import VERDICTS

LINE = {
    "file_id": 2,
    "remit_claim_offset": 10,
    "claim": "EAAA",
    "payer": "HARBR",
    "charge_cents": 35000,
    "kind": "denied",
    "group": "CO",
    "carc": "197",
    "reasons": ["CO-197"],
    "rarcs": ["M62"],
    "category": "authorization",
    "cause": "payer",
    "rule": "AUTH-01",
    "disposition": "appeal",
    "remedy": "reconsideration",
    "next_step": "Ask the payer to reconsider claim P77.",
    "recoverable_cents": 28500,
    "chance": 0.4,
    "chance_n": 3,
    "chance_basis": "paid later: 1 of 3",
    "priority": 9000,
    "deadline": date(2026, 9, 6),
    "deadline_source": "appeal clock of harbor 2026.1",
}


def sheet(*lines: dict[str, Any]) -> Sheet:
    rows = [LINE | {"line": number} | line for number, line in enumerate(lines, 1)]
    return tasks(VERDICTS.conform(pl.DataFrame(rows, infer_schema_length=None)))


def test_lines_of_one_claim_and_remedy_are_one_task() -> None:
    rows = sheet({}, {"deadline": date(2026, 8, 1)}, {"remedy": "corrected_7"}).rows
    assert rows.height == 2
    first = rows.row(0, named=True)
    assert (first["remedy"], first["lines"]) == ("reconsideration", [1, 2])
    assert (first["recoverable_cents"], first["priority"]) == (57000, 18000)
    assert first["deadline"] == date(2026, 8, 1), "the first of the lines' deadlines"


def test_the_largest_priority_stands_first_and_unknown_worth_last() -> None:
    unknown = {"claim": "ENUL", "recoverable_cents": None, "priority": None}
    told = sheet(unknown, {"claim": "ELOW", "priority": 10}, {"claim": "EHIGH"})
    assert told.rows["claim"].to_list() == ["EHIGH", "ELOW", "ENUL"]
    assert told.closing == "3 to do; $570.00 to recover; 1 lines of unknown worth"


def test_what_asks_for_nothing_is_no_work() -> None:
    told = sheet({"disposition": "nothing"})
    assert told.rows.is_empty()
    assert "nothing to work" in to_screen(told)


def test_a_person_reads_chance_with_its_n_and_a_deadline_nobody_set() -> None:
    unset = {"deadline": None, "deadline_source": "unknown: set timely.appeal_days"}
    text = to_screen(sheet(unset, {"claim": "EDUE"}))
    assert "40 % (n 3)" in text
    assert "unknown: set it" in text
    assert "2026-09-06" in text
    assert "next: Ask the payer to reconsider claim P77." in text


def test_programs_read_it_too() -> None:
    assert '"chance_n":3' in to_ndjson(sheet({}))
    assert to_csv(sheet({})).startswith("priority,claim,payer,disposition,remedy")


def test_money_taken_back_is_a_task_of_the_claim() -> None:
    taken = pl.DataFrame({
        "claim": ["EBACK"], "payer": ["HARBR"], "charge_cents": [35000], "carc": [None],
        "recoverable_cents": [28000], "reason": ["PLB WO ICN1 of payment T3"],
        "category": ["taken back"], "disposition": ["find why taken back"],
        "remedy": ["appeal_or_rebill"], "next_step": ["Find why $280.00 was taken back."],
        "deadline": [None], "deadline_source": ["unknown: set it"], "chance": [0.5],
        "chance_n": [0], "chance_basis": ["no denial was decided yet"], "priority": [14000],
    })  # fmt: skip
    denied = VERDICTS.conform(pl.DataFrame([LINE], infer_schema_length=None))
    told = tasks(denied, taken)
    assert told.rows["claim"].to_list() == ["EBACK", "EAAA"], "the larger priority first"
    screen = to_screen(told)
    assert "PLB WO ICN1 of payment T3, taken back; cause: unknown" in screen
    assert told.closing == "2 to do; $565.00 to recover"
