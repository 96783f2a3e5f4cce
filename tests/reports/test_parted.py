"""Reports of a row a line: read so many claims at a time, told as if all had been read at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from edi_iop.errors import NotWritten
from edi_iop.reports import (
    contracts,
    denied,
    measures,
    parted,
    remittance,
    render,
    render_parts,
    workbook,
    worklist,
)
from edi_iop.reports.question import Question
from edi_iop.rules.policy import load
from edi_iop.store import Store
from edi_iop.store.connection import Connection
from edi_iop.tables import TABLES

SENT, DAY, PAID, AGAIN, ASKED = (date(2026, 2, day) for day in (1, 3, 10, 20, 25))
HARBOR = load("harbor", DAY)
"""285.00 a day of H0015, 310.00 of S9480; one of them for a date."""
Rows = dict[str, list[dict[str, Any]]]
LINE_TABLES = frozenset(
    {"claim_lines", "line_standings", "matches", "remit_lines", "adjustments", "remarks"}
)


def claim(
    number: int, paid: int, *, member: str | None = None, code: tuple[str, str] = ("H0015", "0906")
) -> Rows:
    """Claim Cn of 400.00 with one line for DAY; payment Tn answers it with so many cents, denied
    where that is nothing."""
    ours = {"file_id": 1, "claim_offset": 100 * number}
    theirs = {"file_id": 2, "remit_claim_offset": 1000 * number}
    payment = {"file_id": 2, "payment_offset": 1000 * number - 1}
    tie = {"claim_file_id": 1, "claim_offset": 100 * number}
    line = {"remit_line_offset": 1000 * number + 1}
    reason = {"group": "CO", "carc": "45" if paid else "197", "amount_cents": 40000 - paid}
    return {
        "claims": [ours | {"transaction_offset": 1, "claim": f"C{number}", "payer_id": "HARBR",
                           "member_id": member or f"M{number}", "payer_responsibility": "P",
                           "charge_cents": 40000, "frequency": "1"}],
        "claim_lines": [ours | {"line_offset": 100 * number + 1, "line": 1, "service_date": DAY, "units": 1.0,
                                "procedure": code[0], "revenue": code[1], "charge_cents": 40000}],
        "line_standings": [ours | {"line_offset": 100 * number + 1, "standing": "paid" if paid else "denied"}],
        "payments": [payment | {"payment_date": PAID, "trace_number": f"T{number}", "amount_cents": paid}],
        "payment_standings": [payment | {"standing": "posted"}],
        "remit_claims": [theirs | payment | {"claim": f"C{number}", "status": "1", "charge_cents": 40000,
                                             "paid_cents": paid}],
        "remit_lines": [theirs | line | {"position": 1, "service_date": DAY, "charge_cents": 40000,
                                         "paid_cents": paid}],
        "adjustments": [theirs | line | reason | {"byte_offset": 1000 * number + 2, "position": 1}],
        "matches": [theirs | tie, theirs | line | tie | {"line_offset": 100 * number + 1}],
        "verdicts": [] if paid else [
            theirs | line | {"byte_offset": 1000 * number + 2, "claim": f"C{number}", "line": 1, "payer": "HARBR",
                             "service_date": DAY, "charge_cents": 40000, "verdict": "unknown", "carc": "197",
                             "group": "CO", "reasons": ["CO-197"], "rarcs": [], "kind": "denied", "says": "refused",
                             "disposition": "appeal", "recoverable_cents": 1000 * number}],
    }  # fmt: skip


def asked(folder: Path, *claims: Rows, further: Rows | None = None) -> Question:
    """A question to a store of these claims and their answers."""
    store = Store.create(folder / "iop.db")
    for file_id, kind in ((1, "837I"), (2, "835"), (3, "835")):
        store.add_file(file_id=file_id, sha256=kind + str(file_id), kind=kind, status="applied")
    sent = {"file_id": 1, "transaction_offset": 1, "created_on": SENT}
    for rows in ({"submissions": [sent]}, *claims, further or {}):
        store.save(
            {name: TABLES[name].conform(pl.DataFrame(of)) for name, of in rows.items() if of}
        )
    return Question(store, ASKED, lambda _payer, _day: HARBOR)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """One claim at a time, two rows at a time."""
    for room in (contracts, measures, remittance):
        monkeypatch.setattr(room, "CLAIMS_AT_ONCE", 1)
    for room in (denied, worklist):
        monkeypatch.setattr(room, "_AT_ONCE", 2)
    monkeypatch.setattr(measures, "_VERDICTS_AT_ONCE", 2)
    monkeypatch.setattr(parted, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(parted, "MOST_READ", 2)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, tuple[str, ...]]]:
    """Every frame that a store hands out: its table, rows and columns."""
    frames: list[tuple[str, int, tuple[str, ...]]] = []
    found = Connection.frame

    def noted(self: Connection, *of: Any, **how: Any) -> pl.DataFrame:
        rows = found(self, *of, **how)
        frames.append((of[0].name, rows.height, tuple(rows.columns)))
        return rows

    monkeypatch.setattr(Connection, "frame", noted)
    return frames


@pytest.mark.usefixtures("little")
def test_what_a_member_is_paid_for_a_date_is_seen_however_far_apart_the_claims_stand(
    tmp_path: Path,
) -> None:
    """M has both codes on two claims, the first and the last; each one pays in full, and one is owed."""
    alone = [claim(number, 28500 - number) for number in range(2, 8)]
    both = (claim(1, 28500, member="M"), claim(9, 31000, member="M", code=("S9480", "0905")))
    sheet = contracts.compared(
        asked(tmp_path, both[0], *alone, claim(8, 28500), both[1])
    ).together()
    told = sheet.rows.select("state", "claim", "short_cents").rows()
    assert told == [
        *(("underpaid", f"C{number}", number) for number in range(2, 8)),
        ("paid twice", "C1", 0),
        ("paid twice", "C9", 0),
    ]
    assert sheet.closing == (
        "9 answered lines: 6 underpaid, 2 paid twice, 1 paid in full; $0.27 short"
    )
    assert dict(sheet.charts[0].rows.iter_rows()) == {"HARBR": 27}


@pytest.mark.usefixtures("little")
def test_an_answer_to_a_claim_counts_wherever_it_stands(tmp_path: Path) -> None:
    """C1 is denied on the 10th and paid 285.00 on the 20th, in the last payment of another file."""
    again = claim(1, 28500)
    later: Rows = {
        name: [row | ({"file_id": 3} if "claim_offset" not in row or name == "matches" else {})
               for row in again[name]]
        for name in ("payments", "payment_standings", "remit_claims", "remit_lines", "adjustments", "matches")
    }  # fmt: skip
    later["payments"][0]["payment_date"] = AGAIN
    question = asked(tmp_path, *(claim(number, 0) for number in (1, 2, 3)), further=later)
    rows = {row["metric"]: row for row in measures.measured(question).rows.to_dicts()}
    turned = rows["6 initial denials overturned, claims"]
    assert (turned["numerator"], turned["denominator"]) == (1, 3)
    assert rows["5 days from denial to resolution"]["value"] == 10
    assert rows["days in A/R"]["numerator"] == 120000, "what is open goes by the verdicts: C1 to C3"
    underpaid = contracts.compared(question).together()
    assert underpaid.closing == "1 answered line: 1 paid in full; $0.00 short"


@pytest.mark.usefixtures("little")
def test_the_denial_to_work_first_is_first_of_all_parts(tmp_path: Path) -> None:
    """10.00 a claim's number are to be had of each; of equal ones the first stored goes first."""
    question = asked(tmp_path, *(claim(number, 0) for number in range(1, 6)))
    answer = denied.Denials(question)
    parts = list(answer.parts())
    assert [part.rows["claim"].to_list() for part in parts] == [["C5", "C4"], ["C3", "C2"], ["C1"]]
    whole = answer.together()
    assert whole.closing == "5 denied lines: 5 unknown; $2,000.00 charged"
    assert "".join(render_parts(iter(parts), "csv")) == render(whole, "csv")
    (short,) = answer.read()
    assert short.rows["claim"].to_list() == ["C5", "C4"]
    assert (short.total, short.closing, short.legend) == (5, whole.closing, whole.legend)


@pytest.mark.usefixtures("little")
def test_of_many_denials_only_those_that_are_told_are_read_whole(
    tmp_path: Path, loaded: list[tuple[str, int, tuple[str, ...]]]
) -> None:
    answer = denied.Denials(asked(tmp_path, *(claim(number, 0) for number in range(1, 6))))
    list(answer.read())
    of_verdicts = [(rows, columns) for name, rows, columns in loaded if name == "verdicts"]
    assert max(rows for rows, _ in of_verdicts) == 2
    assert sum(rows for rows, columns in of_verdicts if "says" in columns) == 2


@pytest.mark.usefixtures("little")
def test_lines_of_a_claim_that_stand_far_apart_are_one_task(
    tmp_path: Path, loaded: list[tuple[str, int, tuple[str, ...]]]
) -> None:
    """C1 has 10.00 to recover of its first line, stored first, and 70.00 of its second one, last."""
    others = [claim(number, 0) for number in range(2, 5)]
    (line,) = claim(1, 0)["verdicts"]
    last = line | {
        "line": 2,
        "remit_line_offset": 1003,
        "byte_offset": 1004,
        "recoverable_cents": 7000,
    }
    question = asked(tmp_path, claim(1, 0), *others, further={"verdicts": [last]})
    answer = worklist.worklist(question)
    assert answer.rows.select("claim", "lines", "recoverable_cents").rows() == [
        ("C1", [1, 2], 8000),
        ("C4", [1], 4000),
        ("C3", [1], 3000),
        ("C2", [1], 2000),
    ]
    assert answer.closing == "4 to do; $170.00 to recover"
    of_verdicts = [(rows, columns) for name, rows, columns in loaded if name == "verdicts"]
    assert max(rows for rows, columns in of_verdicts if "next_step" not in columns) == 2
    assert not [columns for _, columns in of_verdicts if {"says", "evidence"} & set(columns)]


@pytest.mark.usefixtures("little")
@pytest.mark.parametrize("ask", [contracts.compared, measures.measured, remittance.Remits])
def test_no_table_of_lines_is_read_whole(
    tmp_path: Path, loaded: list[tuple[str, int, tuple[str, ...]]], ask: Any
) -> None:
    """Of one claim at a time: its line and its match, or those of both."""
    answer = ask(asked(tmp_path, *(claim(number, 28000) for number in range(1, 7))))
    if isinstance(answer, parted.Parted):
        list(answer.parts())
    of_lines = {name: rows for name, rows, _ in loaded if name in LINE_TABLES and rows > 1}
    assert all(rows <= (2 if name == "matches" else 1) for name, rows in of_lines.items())
    assert {"remit_lines", "adjustments"} <= {name for name, rows, _ in loaded if rows}
    people = {"patient_last_name", "subscriber_last_name", "patient_address1"}
    named = {name for name, _, columns in loaded if people & set(columns)}
    assert named == ({"remit_claims"} if ask is remittance.Remits else set())


@pytest.mark.usefixtures("little")
def test_a_page_a_payment_has_its_own_claims(tmp_path: Path) -> None:
    question = asked(tmp_path, *(claim(number, 28000 + number) for number in (3, 1, 2)))
    answer = remittance.Remits(question)
    told = [part.rows.select("payment", "claim", "paid_cents").rows() for part in answer.parts()]
    assert told == [[(f"T{n}", f"C{n}", 28000 + n)] for n in (1, 2, 3)]
    assert [page.rows["claim"].to_list() for page in answer.read()] == [["C1"], ["C2"], ["C3"]]
    assert next(page.closing for page in answer.read()) == (
        "1 claim, $400.00 charged, $119.99 adjusted, $0.00 the patient's; "
        "claims $280.01 - provider adjustments $0.00 = $280.01; paid $280.01"
    )


@pytest.mark.usefixtures("little")
def test_more_rows_than_a_worksheet_holds_are_refused_before_they_are_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    loaded: list[tuple[str, int, tuple[str, ...]]],
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    question = asked(tmp_path, *(claim(number, 0) for number in range(1, 6)))
    with pytest.raises(NotWritten, match="holds 3 rows and this answer has 5;"):
        denied.Denials(question).kept()
    assert not [name for name, _, columns in loaded if name == "verdicts" and "says" in columns]
    with pytest.raises(NotWritten, match="holds 3 rows and this answer has more than 3;"):
        remittance.Remits(question).kept()


@pytest.mark.parametrize("ask", [denied.Denials, contracts.compared, remittance.Remits])
def test_of_nothing_there_is_one_part_that_says_so(tmp_path: Path, ask: Any) -> None:
    answer = ask(asked(tmp_path))
    (part,) = answer.parts()
    (read,) = answer.read()
    assert part.rows.is_empty()
    assert part.rows.schema == answer.together().rows.schema
    assert render(read, "table") == f"{part.none}\n"
