"""A denied day billed again: EAAA, sent on 6 February, denied on 10 March; EBBB, of the same day and code.

A per diem of harbor's is worth 285.00 (H0015) or 310.00 (S9480), its policy's rates.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from denial_cases import FEB2, Case, denial, together
from remit_rows import (
    adjustment,
    claim,
    claim_line,
    frame,
    payment,
    remit_claim,
    remit_line,
    remits,
)

LATER = date(2026, 3, 12)


def case(sent_on: date = LATER, head: dict[str, Any] | None = None, **line: Any) -> Case:
    """EAAA in file 1, EBBB in file 2; head and line: what is different of EBBB."""
    found = Case(
        heads=[
            claim(100, "EAAA", auth_number="A1"),
            claim(200, "EBBB", file_id=2, auth_number="A1", **(head or {})),
        ],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, file_id=2, line_control="LBBB001", **line),
        ],
    )
    found.sent_on = {1: date(2026, 2, 6), 2: sent_on}
    return found


def answer(
    carc: str, cents: int = 35000, group: str = "CO", **line: Any
) -> dict[str, pl.DataFrame]:
    """EBBB answered on 20 March, less this adjustment."""
    paid = {"paid_cents": 35000 - cents}
    return remits(
        payments=[payment(file_id=10, trace_number="T2", payment_date=date(2026, 3, 20))],
        remit_claims=[remit_claim(500, file_id=10, claim="EBBB", payer_claim_number="P88", **paid)],
        remit_lines=[
            remit_line(500, 600, file_id=10, line_control="LBBB001", **({**paid, **line}))
        ],
        adjustments=[
            adjustment(500, 600, 650, file_id=10, group=group, carc=carc, amount_cents=cents)
        ],
    )


def first(found: pl.DataFrame) -> dict[str, Any]:
    return found.filter(pl.col("claim") == "EAAA").row(0, named=True)


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (None, "billed again on claim EBBB line 1, not answered yet."),
        (
            answer("45", 6500),
            "billed again on claim EBBB line 1, paid 285.00 by payment T2 of 2026-03-20.",
        ),
        (
            answer("197"),
            "billed again on claim EBBB line 1, denied by payment T2 of 2026-03-20. Work that one.",
        ),
    ],
)
def test_what_was_billed_again_after_its_denial_is_worked_there(
    second: dict[str, pl.DataFrame] | None, told: str
):
    """MA130 asks for a new claim (domain page 3.1); once it is sent nothing is left of the first."""
    answers = denial("16", "MA130")
    whole = answers if second is None else together(answers, second)
    row = first(case().verdicts(whole))
    assert row["next_step"] == f"Nothing to do: {told}"
    assert (row["remedy"], row["disposition"], row["deadline"]) == (None, "nothing", None)
    assert row["recoverable_cents"] == 0


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ({"frequency": "5"}, {}),  # charges that came late
        ({"payer_responsibility": "S"}, {}),
        ({}, {"service_date": date(2026, 2, 3)}),
        ({}, {"procedure": "S9480", "revenue": "0905"}),
        ({"member_id": "M2"}, {}),
    ],
)
def test_another_claim_that_takes_nothing_up_leaves_the_denial_open(
    head: dict[str, Any], line: dict[str, Any]
):
    row = first(case(LATER, head, **line).verdicts(denial("16", "MA130")))
    assert (row["remedy"], row["recoverable_cents"]) == ("new_claim_1", 28500)


BEFORE = date(2026, 3, 9)
"""The payer had both claims when it denied the first."""


def test_beside_a_claim_of_the_day_that_waits_no_third_one_is_sent():
    """MA130 asks for a new claim (domain page 3.1); the day stands on one that the payer has."""
    row = first(case(BEFORE).verdicts(denial("16", "MA130")))
    assert (row["remedy"], row["recoverable_cents"]) == ("no_action_duplicate", 0)


@pytest.mark.parametrize(
    ("code", "rule", "paid"), [({"procedure": "S9480", "revenue": "0905"}, "DUP-01", 31000),
                               ({}, "DUP-02", 28500)],
)  # fmt: skip
@pytest.mark.parametrize(("carc", "rarc"), [("97", "M80"), ("18", None), ("222", "N640")])
def test_of_two_days_the_payer_may_take_the_second_first(
    code: dict[str, str], rule: str, paid: int, carc: str, rarc: str | None
):
    """EAAA was sent first, EBBB of another claim was paid: DUP-01 and DUP-02 by their reasons (domain
    page 3.2) and the other day that was paid, whichever was sent first."""
    remarks = () if rarc is None else (rarc,)
    second = answer("45", 35000 - paid, **code)
    row = first(case(BEFORE, **code).verdicts(together(denial(carc, *remarks), second)))
    assert (row["verdict"], row["rule"]) == ("confirmed", rule)
    assert (row["paired_claim"], row["paired_paid_cents"]) == ("EBBB", paid)
    assert row["recoverable_cents"] == 0


def test_of_two_answers_the_one_that_points_back_is_the_duplicate():
    """OA-18 to what was sent again (3.2, DUP-03): if the original was denied, work that."""
    answers = together(denial("197", "M62"), answer("18", group="OA"))
    found = case().verdicts(answers)
    row = found.filter(pl.col("claim") == "EBBB").row(0, named=True)
    assert (row["verdict"], row["rule"]) == ("confirmed", "DUP-03")
    assert (row["remedy"], row["recoverable_cents"]) == ("no_action_duplicate", 0)
    assert "was sent before on another claim, which was denied" in row["says"]
    assert "claim:EAAA line 1" in row["evidence"]
    assert (first(found)["remedy"], first(found)["recoverable_cents"]) == ("reconsideration", 28500)


def test_beside_a_surplus_day_that_was_paid_only_the_difference_is_to_be_had():
    """S9480 (310.00) denied, H0015 of the date sent later and paid 285.00: 25.00 at most."""
    both = case()
    both.sent["claim_lines"] = both.sent["claim_lines"].with_columns(
        procedure=pl.when(pl.col("file_id") == 1).then(pl.lit("S9480")).otherwise("procedure"),
        revenue=pl.when(pl.col("file_id") == 1).then(pl.lit("0905")).otherwise("revenue"),
    )
    day = {"procedure": "S9480", "revenue": "0905", "service_date": FEB2}
    row = first(both.verdicts(together(denial("97", "N20", line=day), answer("45", 6500))))
    assert (row["verdict"], row["rule"]) == ("confirmed", "DUP-01")
    assert (row["expected_cents"], row["recoverable_cents"]) == (31000, 2500)


def test_of_two_denied_codes_one_billed_again_the_other_was_surplus_all_the_same():
    """H0015 and S9480 of one date denied CO-97 N20 (3.2, DUP-01), H0015 sent anew and paid: nothing is left
    to be had of S9480, though its rate (310.00) is above the 285.00 paid."""
    both = case()
    second = claim_line(100, 160, line=2, line_control="LAAA002", procedure="S9480", revenue="0905")
    both.sent["claim_lines"] = pl.concat([both.sent["claim_lines"], frame("claim_lines", [second])])
    service = {"line_control": "LAAA002", "procedure": "S9480", "revenue": "0905"}
    refused = remits(
        remit_lines=[remit_line(300, 410, **service)],
        adjustments=[adjustment(300, 410, 460, carc="97")],
        remarks=[{"file_id": 9, "remit_claim_offset": 300, "remit_line_offset": 410,
                  "byte_offset": 490, "position": 2, "remark": "N20"}],
    )  # fmt: skip
    found = both.verdicts(together(denial("97", "N20"), refused, answer("45", 6500))).sort("line")
    assert found["verdict"].to_list() == ["confirmed", "confirmed"]
    assert found["rule"].to_list() == ["DUP-01", "DUP-01"]
    assert found["recoverable_cents"].to_list() == [0, 0]
    assert "claim:EAAA line 1" in found["evidence"][1]
    assert found["next_step"][0].startswith("Nothing to do: billed again on claim EBBB line 1")
