"""Measures by hand: three claims of 100.00 sent 60, 40 and 10 days ago."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from edi_iop.reconciler.metrics import ages, history, metrics

TODAY = date(2026, 4, 1)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def known() -> pl.DataFrame:
    """A denied 20 days ago and paid 5 days ago; B paid 15 days ago; C not answered."""
    claims = pl.DataFrame(
        {
            "file_id": [1, 1, 1],
            "claim_offset": [1, 2, 3],
            "claim": ["A", "B", "C"],
            "charge_cents": [10000] * 3,
            "sent_on": [ago(60), ago(40), ago(10)],
            "frequency": ["1"] * 3,
            "payer_claim_number": pl.Series([None] * 3, dtype=pl.String),
            "payer_responsibility": ["P"] * 3,
            "void": [False] * 3,
            "taken_back": [False] * 3,
        }
    )
    answered = pl.DataFrame(
        {
            "file_id": [1, 1, 1],
            "claim_offset": [1, 1, 2],
            "payment_date": [ago(20), ago(5), ago(15)],
            "reversal": [False] * 3,
            "denied": [True, False, False],
            "paid_cents": [0, 9000, 9000],
            "payer_claim_number": ["P1", "P1", "P2"],
        }
    )
    still = pl.DataFrame(schema={"claim": pl.String, "open_cents": pl.Int64})
    return history(claims, answered, still)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("1 initial denial rate, claims", 100.0),  # 1 of a mean of 3 / 3 a month
        ("2 primary denial rate", 50.0),  # A of A and B
        ("3 denial write-offs of net revenue", None),
        ("4 days from denial to appeal", None),
        ("5 days from denial to resolution", 15.0),
        ("6 initial denials overturned, claims", 100.0),
        ("clean-claim rate", 50.0),
        ("days in A/R", 30.0),  # C's 100.00 by 300.00 / 90 a day
        ("A/R over 90 days", 0.0),
    ],
)
def test_each_measure(metric: str, value: float | None) -> None:
    row = metrics(known(), TODAY).row(by_predicate=pl.col("metric") == metric, named=True)
    assert row["value"] == (None if value is None else pytest.approx(value))
    assert row["definition"]
    assert (row["missing"] is None) == (value is not None)


def test_open_charges_by_age() -> None:
    assert ages(known(), TODAY)["value"].to_list() == [10000, 0, 0, 0, 0]


# ---------------------------------------------------------------- one condition at a time


def of(*claims: dict[str, Any], answers: tuple[dict[str, Any], ...] = ()) -> pl.DataFrame:
    """Claims of 100.00 sent 10 days ago, numbered from 1, and what was answered to them."""
    sent = [
        {"file_id": 1, "claim_offset": at, "claim": f"C{at}", "charge_cents": 10000, "sent_on": ago(10),
         "frequency": "1", "payer_claim_number": None, "payer_responsibility": "P", "void": False,
         "taken_back": False} | one
        for at, one in enumerate(claims, 1)
    ]  # fmt: skip
    told = [
        {"file_id": 1, "claim_offset": 1, "payment_date": ago(5), "reversal": False, "denied": False,
         "paid_cents": 9000, "payer_claim_number": "P1"} | one
        for one in answers
    ]  # fmt: skip
    names = {"file_id": pl.Int64, "claim_offset": pl.Int64, "payment_date": pl.Date,
             "reversal": pl.Boolean, "denied": pl.Boolean, "paid_cents": pl.Int64,
             "payer_claim_number": pl.String}  # fmt: skip
    still = pl.DataFrame(schema={"claim": pl.String, "open_cents": pl.Int64})
    numbers = {"payer_claim_number": pl.String}
    return history(
        pl.DataFrame(sent, schema_overrides=numbers), pl.DataFrame(told, schema=names), still
    )


def parts(known: pl.DataFrame, metric: str) -> tuple[float | None, float | None]:
    row = metrics(known, TODAY).row(by_predicate=pl.col("metric") == metric, named=True)
    return row["numerator"], row["denominator"]


DENIED = {"denied": True, "paid_cents": 0}


def test_a_reversal_is_no_first_answer_and_the_earliest_is_the_first() -> None:
    back = {"reversal": True, "denied": False, "payment_date": ago(8)}
    known = of({}, answers=({"payment_date": ago(4)}, DENIED | {"payment_date": ago(6)}, back))
    assert known.select("first_on", "first_denied", "first_paid_cents").row(0) == (ago(6), True, 0)


def test_a_denial_is_turned_by_a_later_payment_alone() -> None:
    """Not by what was paid beside a denied line at first, nor by being denied again."""
    partly = {"denied": True, "paid_cents": 4000}
    assert of({}, answers=(partly,))["overturned_on"].item() is None
    again = DENIED | {"payment_date": ago(3)}
    assert of({}, answers=(partly, again))["overturned_on"].item() is None
    paid = {"payment_date": ago(2)}
    assert of({}, answers=(partly, again, paid))["overturned_on"].item() == ago(2)


def test_a_denied_claim_is_appealed_by_the_first_replacement_that_names_it() -> None:
    """Denied 5 days ago; replaced 3 days ago, and once more today; a new claim replaces nothing."""
    names = {"payer_claim_number": "P1"}
    known = of(
        {},
        names | {"frequency": "7", "sent_on": ago(3)},
        names | {"frequency": "7", "sent_on": ago(0)},
        names | {"frequency": "1", "sent_on": ago(4)},
        answers=(DENIED,),
    )
    assert parts(known, "4 days from denial to appeal") == (2, 1)
    # one that left before the denial was no answer to it
    early = of({}, names | {"frequency": "7", "sent_on": ago(6)}, answers=(DENIED,))
    assert parts(early, "4 days from denial to appeal") == (0, 0)


def test_what_is_answered_void_or_denied_still_decides_what_is_open() -> None:
    known = of({}, {"void": True}, {}, answers=({},))
    assert known["open_cents"].to_list() == [0, 0, 10000]
    gone = of({"taken_back": True}, {"taken_back": True, "void": True}, answers=({},))
    assert gone["open_cents"].to_list() == [10000, 0]
    claims = pl.DataFrame([{"file_id": 1, "claim_offset": 1, "claim": "C1", "charge_cents": 10000,
        "sent_on": ago(10), "frequency": "1", "payer_claim_number": "", "payer_responsibility": "P",
        "void": False, "taken_back": False}])  # fmt: skip
    denied_lines = pl.DataFrame({"claim": ["C1"], "open_cents": [7000]})
    answered = pl.DataFrame([{"file_id": 1, "claim_offset": 1, "payment_date": ago(5), "reversal": False,
                              "payer_claim_number": "P1", **DENIED}])  # fmt: skip
    assert history(claims, answered, denied_lines)["open_cents"].item() == 7000


@pytest.mark.parametrize(("days", "counts"), [(0, True), (89, True), (90, False), (-1, False)])
def test_claims_of_the_last_90_days_are_those_of_three_months(days: int, counts: bool) -> None:
    known = of({"sent_on": ago(days)})
    assert parts(known, "1 initial denial rate, claims") == (0, 1 / 3 if counts else 0)
    assert parts(known, "1 initial denial rate, dollars") == (0, 10000 / 3 if counts else 0)


@pytest.mark.parametrize(("days", "fresh"), [(0, True), (29, True), (30, False), (-1, False)])
def test_denials_of_the_last_30_days_are_fresh(days: int, fresh: bool) -> None:
    known = of({"sent_on": ago(40)}, answers=(DENIED | {"payment_date": ago(days)},))
    for metric, count in (
        ("1 initial denial rate, claims", 1),
        ("1 initial denial rate, dollars", 10000),
        ("2 primary denial rate", 1),
    ):
        assert parts(known, metric)[0] == (count if fresh else 0), metric


def test_nothing_paid_of_primary_claims_alone() -> None:
    """A claim denied in part is paid; a second payer's answer is none of the first's."""
    second = {"payer_responsibility": "S"}
    known = of(
        {}, second, {},
        answers=(DENIED, DENIED | {"claim_offset": 2}, {"claim_offset": 3, "denied": True}),
    )  # fmt: skip
    assert parts(known, "2 primary denial rate") == (1, 2)


def test_what_comes_after_the_day_is_not_known_on_it() -> None:
    """Denied 5 days ago and paid tomorrow; and one first answered tomorrow."""
    tomorrow = {"payment_date": ago(-1)}
    known = of({}, answers=(DENIED, tomorrow))
    assert parts(known, "6 initial denials overturned, claims") == (0, 1)
    assert parts(known, "5 days from denial to resolution") == (0, 0)
    late = of({}, answers=(DENIED | tomorrow,))
    assert parts(late, "6 initial denials overturned, claims") == (0, 0)
    assert parts(late, "clean-claim rate") == (0, 0)
    future = of({"sent_on": ago(-1)})
    assert parts(future, "days in A/R")[0] == 0


def test_clean_is_what_was_denied_nothing_and_replaced_none() -> None:
    known = of(
        {}, {"frequency": "7"}, {}, {},
        answers=({}, {"claim_offset": 2}, DENIED | {"claim_offset": 3}),
    )  # fmt: skip
    assert parts(known, "clean-claim rate") == (1, 3)


def test_receivables_and_those_of_more_than_90_days() -> None:
    """Of three unanswered claims one was sent 91 days ago, one 90; an answered one is no receivable."""
    known = of({"sent_on": ago(91)}, {"sent_on": ago(90)}, {}, {}, answers=({"claim_offset": 4},))
    assert parts(known, "A/R over 90 days") == (10000, 30000)
    assert parts(known, "days in A/R") == (30000, pytest.approx(20000 / 90))


def test_the_last_day_of_an_age_is_in_it() -> None:
    days = (0, 30, 31, 60, 61, 90, 91, 120, 121)
    known = of(*({"sent_on": ago(one)} for one in days))
    assert ages(known, TODAY)["label"].to_list() == [
        "0 to 30 days", "31 to 60 days", "61 to 90 days", "91 to 120 days", "over 120 days",
    ]  # fmt: skip
    assert ages(known, TODAY)["value"].to_list() == [20000, 20000, 20000, 20000, 10000]
