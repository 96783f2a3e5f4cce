"""Which other intensive outpatient day stands beside a denied one, and which of two is to be kept: line 10 of
claim EAAA (file 1), harbor's, of client C1 on 2 February, beside lines 20, 30, ... of other claims."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from denial_cases import FEB2, FEB3, POLICIES

from edi_iop.reconciler.beside import left_out, paired, to_keep, with_lines_left

LINE = {
    "file_id": 1, "claim_offset": 100, "line_offset": 10, "claim": "EAAA", "line": 1,
    "payer_responsibility": "P", "payer_id": "HARBR", "client_id": "C1", "member_id": "M1",
    "birth_date": None, "service_date": FEB2, "procedure": "S9480", "standing": "sent",
}  # fmt: skip
ANSWER = {
    "claim_file_id": 1, "line_offset": 20, "denied": False, "reversal": False, "paid_cents": 28500,
    "beside_cents": 0, "trace_number": "T8", "payment_date": date(2026, 3, 3),
}  # fmt: skip


def beside(
    *others: dict[str, Any], answers: tuple[dict[str, Any], ...] = (), **itself: Any
) -> dict[str, Any] | None:
    """The other day, H0015 on claims EBBB, ECCC, ...; answers: the last ones to lines 20, 30, ..."""
    rows = [LINE | itself]
    for at, other in enumerate(others, 2):
        own = {"claim_offset": 100 * at, "line_offset": 10 * at, "claim": f"E{'ABCD'[at - 1] * 3}"}
        rows.append(LINE | {"procedure": "H0015"} | own | other)
    lines = pl.DataFrame(rows, schema_overrides={"birth_date": pl.Date})
    about = lines.head(1).rename({"file_id": "claim_file_id"}).with_columns(denial=pl.lit(0))
    types = {"claim_file_id": pl.Int64, "line_offset": pl.Int64, "denied": pl.Boolean,
             "reversal": pl.Boolean, "paid_cents": pl.Int64, "beside_cents": pl.Int64,
             "trace_number": pl.String, "payment_date": pl.Date}  # fmt: skip
    last = pl.DataFrame([ANSWER | one for one in answers], schema=types)
    found = paired(about, lines, last, POLICIES)
    return found.row(0, named=True) if found.height else None


@pytest.mark.parametrize(
    "other",
    [
        {"standing": "void"},
        {"procedure": "90853"},  # no intensive outpatient day
        {"service_date": FEB3},
        {"client_id": "C2"},
        {"payer_id": "MERID"},
    ],
)
def test_another_day_is_one_of_the_same_client_payer_and_date_that_stands(other: dict[str, Any]):
    assert beside({}) is not None
    assert beside(other) is None


def test_a_day_is_not_beside_itself_and_no_other_service_is_beside_a_day():
    assert beside() is None
    assert beside({}, procedure="90853") is None


DENIED = {"denied": True, "paid_cents": 0}
TAKEN = {"reversal": True, "paid_cents": -28500}


@pytest.mark.parametrize(
    ("answer", "stands", "gives", "paid"),
    [
        (None, "open", None, None),
        ({}, "paid", 28500, 28500),
        ({"beside_cents": 3000}, "paid", 31500, 28500),  # with a copay of 30.00
        ({"beside_cents": None}, "paid", 28500, 28500),
        ({"paid_cents": 0, "beside_cents": 28500}, "allowed", 28500, 0),
        ({"paid_cents": 0}, "allowed", 0, 0),
        (DENIED, "denied", None, 0),
        (TAKEN, "taken back", None, None),
    ],
)
def test_what_became_of_it_and_what_was_given_for_it(
    answer: dict[str, Any] | None, stands: str, gives: int | None, paid: int | None
):
    row = beside({}, answers=() if answer is None else (answer,))
    assert row is not None
    assert (row["beside_stands"], row["beside_cents"], row["paired_paid_cents"]) == (
        stands,
        gives,
        paid,
    )


@pytest.mark.parametrize(
    ("answers", "named"),
    [
        (({"line_offset": 30},), "ECCC"),  # EBBB is not answered yet
        ((DENIED, {"line_offset": 30}), "ECCC"),
        ((DENIED,), "ECCC"),  # what is open is more telling than what was denied
        ((TAKEN, DENIED | {"line_offset": 30}), "EBBB"),
        (({}, {"line_offset": 30, "paid_cents": 31000}), "ECCC"),  # the one paid for most
        (({}, {"line_offset": 30}), "EBBB"),
    ],
)
def test_of_several_the_most_telling_is_named(answers: tuple[dict[str, Any], ...], named: str):
    row = beside({}, {}, answers=answers)
    assert row is not None
    assert row["paired_claim"] == named


def test_whether_it_is_on_the_denied_days_own_claim():
    same = beside({"claim_offset": 100, "claim": "EAAA", "line": 2})
    other_file = beside({"claim_offset": 100, "file_id": 2})
    for row, one in ((beside({}), False), (same, True), (other_file, False)):
        assert row is not None
        assert row["one_claim"] is one


def test_the_sentence_says_whose_the_allowed_amount_is_and_what_was_taken_back():
    allowed = {"paid_cents": 0, "beside_cents": 28500}
    first = beside({}, answers=(allowed,))
    second = beside({"payer_responsibility": "S"}, answers=(allowed,))
    assert first is not None
    assert (
        "was allowed 285.00, left to the patient, by payment T8 of 2026-03-03." in first["beside"]
    )
    assert second is not None
    assert "left to the patient or paid by an earlier payer" in second["beside"]
    for cents, was in ((-28500, "was paid, then taken back"), (0, "was answered, then taken back")):
        row = beside({}, answers=(TAKEN | {"paid_cents": cents},))
        assert row is not None
        assert was in row["beside"]


# ---------------------------------------------------------------- which of the two is kept


def kept(*violations: dict[str, Any], **tied: Any) -> bool:
    """Denied line 10 of EAAA, of which the other day was denied too, unless `tied` says otherwise."""
    about = pl.DataFrame([LINE]).rename({"file_id": "claim_file_id"}).with_columns(denial=pl.lit(0))
    row = {"denial": 0, "beside_stands": "denied", "first_of_day": True, "kind": "denied"} | tied
    types = {"rule": pl.String, "file_id": pl.Int64, "line_offset": pl.Int64,
             "evidence": pl.List(pl.String)}  # fmt: skip
    found = to_keep(pl.DataFrame([row]), about, pl.DataFrame(list(violations), schema=types))
    return bool(found.height)


NAMED = {"rule": "DUP-01", "file_id": 1, "line_offset": 20, "evidence": ["claim:EAAA line 1"]}
ITSELF = {"rule": "DUP-01", "file_id": 1, "line_offset": 10, "evidence": ["claim:EBBB line 1"]}


def test_of_two_denied_days_the_one_that_the_duplicate_rule_names_and_does_not_stop_is_kept():
    assert kept(NAMED)
    assert not kept(NAMED, ITSELF)  # a third day, surplus beside another
    assert not kept()
    assert not kept(NAMED | {"rule": "BUN-01"})
    assert not kept(NAMED, beside_stands="paid")
    assert not kept(NAMED, beside_stands="open")
    assert not kept(NAMED, kind="denied in part")


def test_where_the_others_payment_was_taken_back_the_first_denied_line_of_the_date_is_kept():
    assert kept(beside_stands="taken back")
    assert kept(ITSELF, beside_stands="taken back")
    assert not kept(beside_stands="taken back", first_of_day=False)
    assert not kept(beside_stands="taken back", kind="denied in part")


# ---------------------------------------------------------------- what a claim written again holds


def violation(rule: str, severity: str, line: int, beside: str = "claim:EBBB line 1"):
    return {"rule": rule, "severity": severity, "file_id": 1, "claim_offset": 100,
            "line_offset": 10 * line, "claim": "EAAA", "line": line, "evidence": [beside]}  # fmt: skip


def test_no_claim_holds_a_second_day_again_nor_one_billed_again_or_spent_elsewhere():
    out = [
        violation("DUP-01", "block", 1),
        violation("DUP-03", "info", 2),
        violation("LOC-01", "block", 3),
    ]
    stays = [
        violation("DUP-02", "block", 4, "claim:EAAA line 4"),  # the line to keep, with two units
        violation("LOC-01", "warn", 5),  # a day on which the other level of care ended
        violation("AUTH-01", "block", 6),
    ]
    assert left_out(pl.DataFrame([*out, *stays]))["line"].to_list() == [1, 2, 3]


def test_how_many_lines_a_replacement_would_hold():
    """Of three lines one is surplus by two rules; of a claim beside it nothing is known."""
    keys = {"claim_file_id": 1, "claim_lines": 3}
    denied = pl.DataFrame([keys | {"claim_offset": 100}, keys | {"claim_offset": 200}])
    twice = pl.DataFrame([violation("DUP-01", "block", 2), violation("LOC-01", "block", 2)])
    assert with_lines_left(denied, twice)["lines_left"].to_list() == [2, 3]
