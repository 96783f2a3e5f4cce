"""The forms of dates and times (X12.6 types DT and TM, data elements 1250 and 1251)."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def is_date(value: pl.Expr) -> pl.Expr:
    """Whether text is CCYYMMDD or YYMMDD of a day that exists."""
    eight = pl.when(value.str.len_chars() == 6).then(pl.lit("20") + value).otherwise(value)
    shaped = value.str.contains(r"^(?:[0-9]{8}|[0-9]{6})$")
    exists = eight.str.to_date("%Y%m%d", strict=False).is_not_null()
    return shaped & exists & ~eight.str.starts_with("0000")


def is_time(value: pl.Expr) -> pl.Expr:
    """Whether text is HHMM, HHMMSS or HHMMSSD(D)."""
    return value.str.contains(r"^(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9][0-9]{0,2})?$")


PERIODS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "D8": lambda value: value.str.contains(r"^[0-9]{8}$") & is_date(value),
    "D6": lambda value: value.str.contains(r"^[0-9]{6}$") & is_date(value),
    "RD8": lambda value: (
        value.str.contains(r"^[0-9]{8}-[0-9]{8}$")
        & is_date(value.str.slice(0, 8))
        & is_date(value.str.slice(9, 8))
    ),
    "DT": lambda value: (
        value.str.contains(r"^[0-9]{12}$")
        & is_date(value.str.slice(0, 8))
        & is_time(value.str.slice(8, 4))
    ),
    "TM": is_time,
}
"""Forms of a date time period (data element 1251) by the qualifier before it (1250)."""
