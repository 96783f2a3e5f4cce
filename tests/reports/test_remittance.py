"""A remittance as a page: nothing of it lost, nothing counted twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from edi_iop.errors import NotKnown
from edi_iop.reports import render
from edi_iop.reports.question import Question
from edi_iop.reports.remittance import Remits
from edi_iop.reports.sheet import Sheet
from edi_iop.store import Store
from edi_iop.tables import TABLES

DAY = date(2026, 3, 1)
AT = {"file_id": 1, "remit_claim_offset": 20}


@pytest.fixture
def asked(tmp_path: Path) -> Question:
    """One payment: a line paid 90.00 after 10.00 of the patient's, 5.00 taken at the claim, 2.00 kept back."""
    store = Store.create(tmp_path / "iop.db")
    store.add_file(file_id=1, sha256="1", direction="in", kind="835", status="applied", size=1,
                   name="x", run="r", received_on=DAY, transactions=1, archived=True)  # fmt: skip
    rows = {
        "payments": [{"file_id": 1, "payment_offset": 10, "trace_number": "T1", "payment_date": DAY,
                      "amount_cents": 8300, "payer_name": "Harbor", "method": "ACH"}],
        "remit_claims": [{**AT, "payment_offset": 10, "claim": "C1", "status": "1", "charge_cents": 10500,
                          "paid_cents": 8500, "patient_last_name": "Reed"}],
        "remit_lines": [{**AT, "remit_line_offset": 30, "position": 1, "procedure": "H0015",
                         "charge_cents": 10500, "paid_cents": 9000}],
        "adjustments": [
            {**AT, "remit_line_offset": 30, "byte_offset": 40, "position": 1, "group": "PR", "carc": "3",
             "amount_cents": 1000},
            {**AT, "remit_line_offset": None, "byte_offset": 25, "position": 1, "group": "CO", "carc": "45",
             "amount_cents": 500},
        ],
        "provider_adjustments": [{"file_id": 1, "payment_offset": 10, "byte_offset": 90, "position": 1,
                                  "reason": "WO", "amount_cents": 200}],
    }  # fmt: skip
    store.save({name: TABLES[name].conform(pl.DataFrame(of)) for name, of in rows.items()})
    return Question(store, DAY, lambda _payer, _day: None)


def remit(asked: Question) -> Sheet:
    return Remits(asked).together()


def test_each_line_and_what_is_said_of_the_claim_stand_there_once(asked: Question) -> None:
    rows = remit(asked).rows
    assert rows["paid_cents"].to_list() == [-500, 9000], "85.00 paid for the claim"
    assert rows["patient_cents"].sum() == 1000
    assert rows["adjusted_cents"].sum() == 500
    assert rows["reasons"].to_list() == [["CO-45"], ["PR-3"]]


def test_a_claim_paid_otherwise_than_its_lines_is_a_row_though_it_says_no_more(
    asked: Question,
) -> None:
    """A claim of 50.00 paid 38.00, and its only line of 45.00 paid 40.00: the rows add up to the claim."""
    at = {"file_id": 1, "remit_claim_offset": 60}
    head = {"payment_offset": 10, "claim": "C2", "charge_cents": 5000, "paid_cents": 3800}
    line = {"remit_line_offset": 70, "position": 1, "charge_cents": 4500, "paid_cents": 4000}
    for name, row in (("remit_claims", at | head), ("remit_lines", at | line)):
        asked.store.save({name: TABLES[name].conform(pl.DataFrame([row]))})
    sheet = remit(asked)
    told = sheet.rows.filter(pl.col("claim") == "C2")
    amounts = ("line", "charge_cents", "paid_cents")
    assert told.select(amounts).rows() == [(None, 500, -200), (1, 4500, 4000)]
    (own,) = (text for text in render(sheet, "table").splitlines() if "-$2.00" in text)
    assert "claim" in own


def test_a_claim_without_lines_is_of_the_day_it_begins(asked: Question) -> None:
    day = date(2026, 1, 5)
    claim = {"file_id": 1, "payment_offset": 10, "remit_claim_offset": 60, "claim": "C2", "status": "4",
             "charge_cents": 5000, "paid_cents": 0, "statement_from": day}  # fmt: skip
    asked.store.save({"remit_claims": TABLES["remit_claims"].conform(pl.DataFrame([claim]))})
    rows = remit(asked).rows
    assert rows.filter(pl.col("claim") == "C2")["service_date"].to_list() == [day]
    assert rows.filter(pl.col("claim") == "C1")["service_date"].to_list() == [None, None]


def test_the_equation_is_the_claims_less_what_was_kept_back(asked: Question) -> None:
    page, beside = remit(asked).pages
    assert page.closing == (
        "1 claim, $105.00 charged, $5.00 adjusted, $10.00 the patient's; "
        "claims $85.00 - provider adjustments $2.00 = $83.00; paid $83.00"
    )
    assert beside.rows["amount_cents"].to_list() == [200]


def test_people_are_masked(asked: Question) -> None:
    sheet = remit(asked)
    for form in ("table", "csv", "html"):
        assert "Reed" not in render(sheet.masked(), form)
        assert "Reed" in render(sheet, form)


def test_an_unknown_payment_is_said(asked: Question) -> None:
    with pytest.raises(NotKnown, match="payment T9"):
        remit(Question(asked.store, DAY, asked.policy_on, "T9"))


def test_of_several_payments_a_workbook_has_all_lines_in_one_table(asked: Question) -> None:
    """A second payment of 40.00 without lines of its own: three tables, no page a payment."""
    further = {
        "payments": {"file_id": 1, "payment_offset": 110, "trace_number": "T2", "payment_date": DAY,
                     "amount_cents": 4000},
        "remit_claims": {"file_id": 1, "payment_offset": 110, "remit_claim_offset": 120, "claim": "C2",
                         "charge_cents": 5000, "paid_cents": 4000},
    }  # fmt: skip
    for name, row in further.items():
        asked.store.save({name: TABLES[name].conform(pl.DataFrame([row]))})
    sums, lines, beside = remit(asked).tables
    assert sums.rows.select(
        "payment", "claims_cents", "provider_adjustment_cents", "amount_cents"
    ).rows() == [("T1", 8500, 200, 8300), ("T2", 4000, 0, 4000)]
    assert lines.rows["paid_cents"].sum() == 12500
    assert beside.rows["payment"].to_list() == ["T1"]


def test_a_payment_of_provider_adjustments_alone_tells_its_sum(asked: Question) -> None:
    row = {
        "file_id": 1,
        "payment_offset": 110,
        "trace_number": "T2",
        "payment_date": DAY,
        "amount_cents": 4000,
    }
    asked.store.save({"payments": TABLES["payments"].conform(pl.DataFrame([row]))})
    told = render(remit(Question(asked.store, DAY, asked.policy_on, "T2")), "table")
    assert (
        "no claims in this payment: claims $0.00 - provider adjustments $0.00 = $0.00; paid $40.00"
        in told
    )
