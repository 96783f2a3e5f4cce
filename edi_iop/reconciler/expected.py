"""What the contract says a line is worth: by the dated rates, else the policy's rate of its pair."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import NONE, rated
from edi_iop.tables.amounts import whole_cents
from edi_iop.texts import composed

RATED_BY = ("payer_id", "procedure", "revenue", "service_date", "units")


def expected_cents(
    about: pl.DataFrame, policies: Mapping[str, Policy], rates: pl.DataFrame | None = None
) -> pl.DataFrame:
    """denial, expected_cents, expected_source: the lines' worth; null where one of them has no rate.

    about: denial and the lines sent that it is about. rates: of rules.rates.
    """
    worth = pl.col("worth_cents")
    lines = about.select("denial", *RATED_BY).join(
        worth_of(about, policies, rates), on=RATED_BY, nulls_equal=True, maintain_order="left"
    )
    alone = pl.len().over("denial") == 1  # as most are
    several = lines.filter(~alone).group_by("denial", maintain_order=True)
    sums = several.agg(
        expected_cents=pl.when(worth.is_not_null().all()).then(worth.sum()),
        expected_source=pl.when(worth.is_not_null().all()).then(
            pl.col("worth_source").unique(maintain_order=True).str.join(", ")
        ),
    )
    known = pl.when(worth.is_not_null())
    one = lines.filter(alone).select(
        "denial",
        expected_cents=worth,
        expected_source=known.then(pl.col("worth_source").fill_null("")),
    )
    return pl.concat([one, sums])


def of_any_line(
    denied: pl.DataFrame,
    lines: pl.DataFrame,
    policies: Mapping[str, Policy],
    rates: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The denials with the worth of an answer to one of several lines of a claim, which one is not known.

    Only where all lines of its charge have the same worth. denied: expected_cents,
    expected_source, charge_cents, line_offset and the claim's key (accounts.SENT).
    """
    loose = denied.filter(
        pl.col("expected_cents").is_null(),
        pl.col("remit_line_offset").is_not_null(),
        pl.col("line_offset").is_null(),
    )
    of_claim = lines.rename({"file_id": "claim_file_id"}).select(
        "claim_file_id", "claim_offset", "charge_cents", *RATED_BY
    )
    asked = loose.select("denial", "claim_file_id", "claim_offset", "charge_cents").join(
        of_claim, on=("claim_file_id", "claim_offset", "charge_cents")
    )
    priced = asked.join(worth_of(asked, policies, rates), on=RATED_BY, nulls_equal=True)
    one = priced.group_by("denial").agg(
        pl.col("worth_cents", "worth_source").first(), worths=pl.col("worth_cents").n_unique()
    )
    same = one.filter(pl.col("worths") == 1).select("denial", "worth_cents", "worth_source")
    return (
        denied.join(same, on="denial", how="left", maintain_order="left")
        .with_columns(
            expected_cents=pl.coalesce("expected_cents", "worth_cents"),
            expected_source=pl.coalesce("expected_source", "worth_source"),
        )
        .drop("worth_cents", "worth_source")
    )


def worth_of(
    lines: pl.DataFrame, policies: Mapping[str, Policy], rates: pl.DataFrame | None = None
) -> pl.DataFrame:
    """worth_cents and worth_source by RATED_BY: rate times payable units; null without a rate.

    Per-diem units count up to what the policy pays for a date; units of time count in
    full. A line under a revenue code that is no pair of the policy is worth what its
    procedure is, where the policy has one price for it. Of millions of lines few differ
    in what a rate goes by.
    """
    asked = lines.select(RATED_BY).unique(maintain_order=True)
    dated = rated(asked, NONE if rates is None else rates)
    priced = each(dated, policies, _by_policy)
    by_settings = composed("rate since {}", pl.col("rate_from").cast(pl.String))
    by_policy = composed("policy {}", "policy")
    source = pl.when(pl.col("contract_cents").is_not_null()).then(by_settings).otherwise(by_policy)
    worth = worth_cents(pl.coalesce("contract_cents", "rate_cents"))
    return priced.select(*RATED_BY, worth_cents=worth, worth_source=source)


def _by_policy(asked: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with the policy's rate of their pair, else the only one of their procedure."""
    pairs = _rates(policies)
    facts = [name for name in pairs.columns if name not in ("payer_id", "procedure", "revenue")]
    alone = pairs.drop("revenue").filter(pl.len().over("payer_id", "procedure") == 1)
    both = asked.join(pairs, on=("payer_id", "procedure", "revenue"), how="left").join(
        alone, on=("payer_id", "procedure"), how="left", suffix="_alone"
    )
    paired = pl.col("policy").is_not_null()
    return both.with_columns(
        pl.when(paired).then(name).otherwise(f"{name}_alone").alias(name) for name in facts
    )


def worth_cents(rate_cents: pl.Expr) -> pl.Expr:
    """What a line is worth at a rate: of unit_basis, units and the units_per_day its payer pays for a date."""
    per_day = pl.min_horizontal("units", "units_per_day")
    payable = pl.when(pl.col("unit_basis") == "per_diem").then(per_day).otherwise("units")
    return whole_cents(rate_cents * payable)


def _rates(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The policies' pairs with their rates, a few rows a payer."""
    rows = [row for payer, policy in policies.items() for row in pair_rates(payer, policy)]
    return pl.DataFrame(rows, schema=PAIR_RATES, orient="row")


PAIR_RATES: dict[str, pl.DataType] = {
    "payer_id": pl.String(),
    "procedure": pl.String(),
    "revenue": pl.String(),
    "rate_cents": pl.Int64(),
    "unit_basis": pl.String(),
    "units_per_day": pl.Int64(),
    "policy": pl.String(),
}


def pair_rates(payer: str, policy: Policy) -> list[tuple[object, ...]]:
    """PAIR_RATES of each pair of a policy: what worth_cents goes by."""
    units, label = policy.iop.units_per_day, policy.label
    return [
        (payer, pair.procedure, pair.revenue, pair.rate_cents, pair.unit_basis, units, label)
        for pair in policy.iop.pairs
    ]
