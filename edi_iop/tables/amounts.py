"""Amounts in sentences: columns of cents as dollars and cents."""

from __future__ import annotations

import polars as pl

from edi_iop.texts import composed


def dollars(cents: pl.Expr) -> pl.Expr:
    """Cents as dollars and cents for a message: 1234.50, -0.05."""
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = (cents.abs() % 100).cast(pl.String).str.zfill(2)
    return composed("{}{}.{}", sign, cents.abs() // 100, fraction)
