"""Several whole numbers as one, by which Polars joins and sorts in a third of the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

Kind = Literal["inner", "left", "semi", "anti"]
Order = Literal["none", "left"]
Nulls = Literal["apart", "first", "last"]

_KEY = "_key"
_FEW = 20_000
"""Rows: of fewer, making one number costs what it saves."""
_TOO_WIDE = 2**63


def joined(
    rows: pl.DataFrame,
    others: pl.DataFrame,
    on: Sequence[str],
    how: Kind = "inner",
    *,
    nulls_equal: bool = False,
    maintain_order: Order = "none",
) -> pl.DataFrame:
    """rows.join(others) by columns of whole numbers, as those of a claim's or a line's place."""
    key, fitting = pl.lit(None), 0
    if rows.height + others.height >= _FEW:
        key, fitting = _one_number((rows, others), on, "first" if nulls_equal else "apart")
    if fitting < len(on):
        return rows.join(
            others, on=on, how=how, nulls_equal=nulls_equal, maintain_order=maintain_order
        )
    beside = [] if how in ("semi", "anti") else [pl.all().exclude(on)]
    return (
        rows.with_columns(key)
        .join(others.select(key, *beside), on=_KEY, how=how, maintain_order=maintain_order)
        .drop(_KEY)
    )


def ordered(rows: pl.DataFrame, *by: str | pl.Expr, nulls_last: bool = False) -> pl.DataFrame:
    """rows.sort by whole numbers, dates and flags; rows that are equal in them stay as they are."""
    if rows.height < max(_FEW, 1):
        return rows.sort(*by, nulls_last=nulls_last, maintain_order=True)
    columns = (pl.col(one) if isinstance(one, str) else one for one in by)
    places = rows.select(one.cast(pl.Int64).alias(str(at)) for at, one in enumerate(columns))
    key, fitting = _one_number((places,), places.columns, "last" if nulls_last else "first")
    numbers = places.select(key).to_series()
    if fitting == len(by) and numbers.is_sorted():
        return rows
    order = numbers.to_frame().select(pl.arg_sort_by(_KEY, maintain_order=True)).to_series()
    # where the first columns tell all rows apart, the others do not matter
    if fitting < len(by) and not (numbers.gather(order).diff().drop_nulls() > 0).all():
        return rows.sort(*by, nulls_last=nulls_last, maintain_order=True)
    return rows[order]


def _one_number(
    frames: Sequence[pl.DataFrame], names: Sequence[str], nulls: Nulls
) -> tuple[pl.Expr, int]:
    """The first columns as places of one number, the first one the highest, and how many they are:
    all, or those that 64 bits have room for.

    nulls: the number is null where one of them is (apart), or they stand before or behind all others.
    """
    ends = pl.concat([one.select(pl.col(names).cast(pl.Int64)).select(
        *(pl.col(name).min().alias(f"least {name}") for name in names),
        *(pl.col(name).max().alias(f"most {name}") for name in names),
    ) for one in frames]).select(pl.col("^least .*$").min(), pl.col("^most .*$").max()).row(0)  # fmt: skip
    # a column, not a literal: of no rows it makes none
    key, span = pl.col(names[0]).cast(pl.Int64).fill_null(0) * 0, 1
    for at, (name, least, most) in enumerate(zip(names, ends, ends[len(names) :], strict=False)):
        if least is None and nulls != "apart":
            continue
        least, most = least or 0, most or 0
        place, size = pl.col(name).cast(pl.Int64) - least, most - least + 1
        if nulls == "first":
            place, size = (place + 1).fill_null(0), size + 1
        elif nulls == "last":
            place, size = place.fill_null(size), size + 1
        span *= size
        if span >= _TOO_WIDE:
            return key.alias(_KEY), at
        key = key * size + place
    return key.alias(_KEY), len(names)
