"""Measures as a person reads them: counts as counts, amounts in dollars, shares in percent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from edi_iop.reports.measures import measured
from edi_iop.reports.question import Question
from edi_iop.store import Store
from edi_iop.tables import TABLES


def test_parts_are_counts_or_dollars(tmp_path: Path) -> None:
    """One claim of 350.00 sent on Mar 1 and unanswered on Mar 12; its mean charge a day is 3.89."""
    store = Store.create(tmp_path / "iop.db")
    store.add_file(file_id=1, sha256="1", direction="out", kind="837I", status="sent", size=1, name="x",
                   run="r", received_on=date(2026, 3, 1), transactions=1, archived=True)  # fmt: skip
    key = {"file_id": 1, "transaction_offset": 10}
    rows = {
        "submissions": key | {"created_on": date(2026, 3, 1)},
        "claims": key | {"claim_offset": 20, "claim": "C1", "charge_cents": 35000},
    }
    store.save({name: TABLES[name].conform(pl.DataFrame([row])) for name, row in rows.items()})
    sheet = measured(Question(store, date(2026, 3, 12), lambda _payer, _day: None))
    assert sheet.people is not None
    told = {row["metric"]: (row["shown"], row["parts"]) for row in sheet.people.to_dicts()}
    assert told["1 initial denial rate, claims"] == ("0.0 %", "0 / 0.3")
    assert told["1 initial denial rate, dollars"] == ("0.0 %", "$0.00 / $116.67")
    assert told["days in A/R"] == ("90.0 days", "$350.00 / $3.89")
    assert told["3 denial write-offs of net revenue"][0] == "unknown"
    (table,) = sheet.tables
    (days,) = table.rows.filter(pl.col("metric") == "days in A/R").to_dicts()
    assert days["numerator"] == 350, "in a workbook: dollars"


def test_of_a_claim_that_was_replaced_or_voided_nothing_is_open(tmp_path: Path) -> None:
    """C1 of 350.00 gave way to C2 of 300.00 (frequency 7), C3 of 200.00 was voided by C4 (8); none is
    answered: 300.00 is owed, of 350.00 + 300.00 + 200.00 + 200.00 billed."""
    store = Store.create(tmp_path / "iop.db")
    store.add_file(file_id=1, sha256="1", direction="out", kind="837I", status="sent", size=1, name="x",
                   run="r", received_on=date(2026, 3, 1), transactions=1, archived=True)  # fmt: skip
    key = {"file_id": 1, "transaction_offset": 10}
    claims = [
        key | {"claim_offset": at, "claim": f"C{at}", "charge_cents": cents, "frequency": frequency}
        for at, cents, frequency in ((1, 35000, "1"), (2, 30000, "7"), (3, 20000, "1"), (4, 20000, "8"))
    ]  # fmt: skip
    lines = [
        {"file_id": 1, "claim_offset": at, "line_offset": 10 * at, "standing": standing}
        for at, standing in ((1, "void"), (2, "sent"), (3, "void"), (4, "void"))
    ]
    for name, rows in (
        ("submissions", [key | {"created_on": date(2026, 3, 1)}]),
        ("claims", claims),
        ("line_standings", lines),
    ):
        store.save({name: TABLES[name].conform(pl.DataFrame(rows))})
    sheet = measured(Question(store, date(2026, 3, 12), lambda _payer, _day: None))
    assert sheet.people is not None
    told = {row["metric"]: row["parts"] for row in sheet.people.to_dicts()}
    assert told["days in A/R"] == "$300.00 / $11.67"
