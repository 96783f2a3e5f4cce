"""The gates of matching and money, as scripts/accuracy measures them, on a smaller clinic.

The seed is fixed here; the script takes a new one each time, and a hundred thousand answers.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from scripts.accuracy_remits import Total, measured, printed, table


@pytest.fixture(scope="module")
def total() -> Total:
    return measured(5, answers=1, clients=120, weeks=14)


def test_every_gate_holds(total: Total) -> None:
    assert list(total.failures()) == [], "\n".join(printed(total))


def test_every_corruption_is_in_the_table(total: Total) -> None:
    rows = table(total.claims)
    assert rows.height >= 40
    assert (
        rows["answers"] == rows.select("right", "wrong", "proposed", "open").sum_horizontal()
    ).all()


def test_one_wrong_match_is_a_failure(total: Total) -> None:
    first = pl.int_range(pl.len()) == 0
    spoilt = total.claims.with_columns(
        outcome=pl.when(first).then(pl.lit("wrong")).otherwise("outcome")
    )
    assert list(replace(total, claims=spoilt).failures()) == ["1 answers and 0 lines matched wrong"]


def test_what_is_left_open_is_a_failure(total: Total) -> None:
    lost = total.claims.with_columns(
        outcome=pl.when(pl.col("outcome") == "right").then(pl.lit("open")).otherwise("outcome")
    )
    said = list(replace(total, claims=lost).failures())
    assert any("leave enough" in text for text in said)


def test_money_that_does_not_add_up_is_a_failure(total: Total) -> None:
    assert list(replace(total, faults=("paid 5 cents, known 4",)).failures()) == [
        "paid 5 cents, known 4"
    ]


def test_what_is_taken_back_of_another_account_is_a_failure(total: Total) -> None:
    assert list(replace(total, taken_wrong=1).failures()) == [
        "of 1 accounts more is taken back than was"
    ]
