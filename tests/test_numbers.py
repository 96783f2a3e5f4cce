"""Several whole numbers as one: the same rows as by the columns themselves."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from edi_iop.tables import numbers
from edi_iop.tables.numbers import joined, ordered

ANY = st.none() | st.integers(-3, 3) | st.sampled_from([2**62, -(2**62), 2**40])
NEAR = st.none() | st.integers(-3, 3)
KEY = ["file_id", "claim_offset"]


@pytest.fixture(autouse=True)
def _of_few_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_FEW", 0)


def _frame(pairs: list[tuple[int | None, int | None]], told: str) -> pl.DataFrame:
    frame = pl.DataFrame(pairs, schema=dict.fromkeys(KEY, pl.Int64), orient="row")
    return frame.with_row_index(told)


@pytest.mark.parametrize("nulls_equal", [False, True])
@pytest.mark.parametrize("how", ["inner", "left", "semi", "anti"])
@given(
    left=st.lists(st.tuples(NEAR, ANY), max_size=12),
    right=st.lists(st.tuples(ANY, NEAR), max_size=12),
)
def test_a_join_finds_what_polars_finds(
    how: numbers.Kind, nulls_equal: bool, left: list, right: list
) -> None:
    rows, others = _frame(left, "row"), _frame(right, "other")
    made = joined(rows, others, KEY, how, nulls_equal=nulls_equal)
    expected = rows.join(others, on=KEY, how=how, nulls_equal=nulls_equal)
    assert_frame_equal(made, expected, check_row_order=False)


@pytest.mark.parametrize("nulls_last", [False, True])
@given(pairs=st.lists(st.tuples(NEAR, ANY), max_size=12))
def test_rows_in_order_as_polars_has_them(nulls_last: bool, pairs: list) -> None:
    rows = _frame(pairs, "row").with_columns(
        day=date(2026, 1, 1) + pl.col("file_id") * timedelta(days=1), flag=pl.col("claim_offset") > 0
    )  # fmt: skip
    by = ("flag", "day", ~pl.col("flag"), "claim_offset")
    expected = rows.sort(*by, nulls_last=nulls_last, maintain_order=True)
    assert_frame_equal(ordered(rows, *by, nulls_last=nulls_last), expected)


def test_columns_too_far_apart_for_one_number_count_where_those_before_them_are_equal() -> None:
    far = [(1, 2**62), (0, 5), (1, -(2**62)), (2, 2**62)]
    rows = _frame(far, "row")
    assert numbers._one_number((rows,), KEY, "first")[1] == 1
    assert ordered(rows, *KEY)["row"].to_list() == [1, 2, 0, 3]
    assert ordered(rows[1:], *KEY)["row"].to_list() == [1, 2, 3]


def test_one_number_is_joined_by_where_the_columns_are_near() -> None:
    """By the columns themselves the key would not be asked for at all."""
    rows = _frame([(1, 10), (1, 20), (None, 10), (2, 10)], "row")
    assert numbers._one_number((rows, rows), KEY, "apart")[1] == len(KEY)
    assert joined(rows, rows.rename({"row": "other"}), KEY)["other"].to_list() == [0, 1, 3]
