"""The facility's dated rates at lines of service: the charge of a unit, and what the contract owes for it."""

from __future__ import annotations

from datetime import date

import polars as pl

from edi_iop.money import to_cents
from edi_iop.settings import Settings

_TABLE = {
    "rate_payer": pl.String(),
    "procedure": pl.String(),
    "rate_revenue": pl.String(),
    "rate_from": pl.Date(),
    "rate_to": pl.Date(),
    "unit_charge_cents": pl.Int64(),
    "contract_cents": pl.Int64(),
}
NONE = pl.DataFrame(schema=_TABLE)
"""No rate by date."""
FOUND = ("rate_from", "unit_charge_cents", "contract_cents")
"""What `rated` adds: since when the rate holds, and the cents of a unit."""


def rates(settings: Settings) -> pl.DataFrame:
    """The settings' rates, a few rows; rate_payer and rate_revenue are null for any."""
    rows = [
        (
            rate.payer,
            rate.procedure,
            rate.revenue,
            rate.from_,
            rate.to or date.max,
            to_cents(rate.charge),
            None if rate.contract is None else to_cents(rate.contract),
        )
        for rate in settings.rates
    ]
    return pl.DataFrame(rows, schema=_TABLE, orient="row")


def rated(lines: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The lines (payer_id, procedure, revenue, service_date) with FOUND of the rate in force.

    Of several the payer's own goes before one for all, then the one for the
    revenue code; null where none is in force.
    """
    if known.is_empty():
        return lines.with_columns(pl.lit(None, _TABLE[name]).alias(name) for name in FOUND)
    numbered = lines.with_row_index("_row")
    asked = numbered.select("_row", "payer_id", "procedure", "revenue", "service_date")
    fits = (
        (pl.col("rate_payer").is_null() | (pl.col("rate_payer") == pl.col("payer_id")))
        & (pl.col("rate_revenue").is_null() | (pl.col("rate_revenue") == pl.col("revenue")))
        & pl.col("service_date").is_between("rate_from", "rate_to")
    )
    found = (
        asked.join(known, on="procedure")
        .filter(fits.fill_null(False))
        .sort("_row", pl.col("rate_payer").is_null(), pl.col("rate_revenue").is_null())
        .unique("_row", keep="first", maintain_order=True)
    )
    return numbered.join(
        found.select("_row", *FOUND), on="_row", how="left", maintain_order="left"
    ).drop("_row")
