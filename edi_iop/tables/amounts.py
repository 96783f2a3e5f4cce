"""Columns of cents: rounded, and as dollars and cents in sentences."""

from __future__ import annotations

import polars as pl

from edi_iop.texts import composed

_EXACT = 6
"""Decimals of a product of cents and units that are meant; what binary fractions add is behind them."""


def whole_cents(amount: pl.Expr) -> pl.Expr:
    """An amount with fractions of a cent (a rate times units) as cents: half a cent counts as a whole one.

    The one way in which money is rounded; below zero as above it (-0.5 is -1).
    """
    exact = amount.cast(pl.Float64).round(_EXACT)
    return exact.round(mode="half_away_from_zero").cast(pl.Int64)


def dollars(cents: pl.Expr) -> pl.Expr:
    """Cents as dollars and cents for a message: 1234.50, -0.05."""
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = (cents.abs() % 100).cast(pl.String).str.zfill(2)
    return composed("{}{}.{}", sign, cents.abs() // 100, fraction)
