"""Measures by hand: three claims of 100.00 sent 60, 40 and 10 days ago."""

from __future__ import annotations

from datetime import date, timedelta

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
