"""Functions of frames that are asked only once what they make of no rows."""

from __future__ import annotations

import polars as pl
import pytest

from edi_iop.tables.nothing import once_of_nothing

ROWS = pl.DataFrame({"paid_cents": [100, 250]})
asked: list[int] = []


@once_of_nothing
def doubled(rows: pl.DataFrame, by: int = 2) -> pl.DataFrame:
    asked.append(rows.height)
    return rows.with_columns(doubled=pl.col("paid_cents") * by)


def test_of_no_rows_the_columns_are_worked_out_once_for_each_kind_of_rows() -> None:
    asked.clear()
    none = ROWS.clear()
    wide = none.with_columns(claim=pl.lit(None, pl.String))
    for given in (none, none, wide, wide):
        made = doubled(given)
        assert made.is_empty()
        assert made.schema == given.schema | {"doubled": pl.Int64()}
    assert asked == [0, 0]


def test_rows_are_worked_on_each_time() -> None:
    asked.clear()
    assert [doubled(ROWS, by)["doubled"].to_list() for by in (2, 3)] == [[200, 500], [300, 750]]
    assert asked == [2, 2]


def test_a_function_that_makes_rows_of_nothing_is_no_such_function() -> None:
    @once_of_nothing
    def total(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(pl.col("paid_cents").sum())

    with pytest.raises(AssertionError, match="rows out of nothing"):
        total(ROWS.clear())
