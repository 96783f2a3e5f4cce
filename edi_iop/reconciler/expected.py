"""What the contract says a denied line is worth: by the dated rates, else the policy's rate of its pair."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import NONE, rated


def expected_cents(
    about: pl.DataFrame, policies: Mapping[str, Policy], rates: pl.DataFrame | None = None
) -> pl.DataFrame:
    """denial, expected_cents: rate times payable units; null where a line has no rate.

    about: denial and the lines sent that it is about. rates: of rules.rates. Per-diem units count up to
    what the policy pays for a date; units of time count in full.
    """
    worth = worth_cents(pl.coalesce("contract_cents", "rate_cents"))
    dated = rated(about, NONE if rates is None else rates)
    lines = dated.join(_rates(policies), on=("payer_id", "procedure", "revenue"), how="left")
    return lines.group_by("denial").agg(
        expected_cents=pl.when(worth.is_not_null().all()).then(worth.sum())
    )


def worth_cents(rate_cents: pl.Expr) -> pl.Expr:
    """What a line is worth at a rate: of unit_basis, units and the units_per_day its payer pays for a date."""
    per_day = pl.min_horizontal("units", "units_per_day")
    payable = pl.when(pl.col("unit_basis") == "per_diem").then(per_day).otherwise("units")
    return (rate_cents * payable).round().cast(pl.Int64)


def _rates(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The policies' pairs with their rates, a few rows a payer."""
    return pl.DataFrame(
        [
            (
                payer,
                pair.procedure,
                pair.revenue,
                pair.rate_cents,
                pair.unit_basis,
                policy.iop.units_per_day,
            )
            for payer, policy in policies.items()
            for pair in policy.iop.pairs
        ],
        schema={
            "payer_id": pl.String,
            "procedure": pl.String,
            "revenue": pl.String,
            "rate_cents": pl.Int64,
            "unit_basis": pl.String,
            "units_per_day": pl.Int64,
        },
        orient="row",
    )
