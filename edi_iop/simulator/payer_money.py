"""What the simulated payer allows and pays for a line: contract rates and the members' shares."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import polars as pl

from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy
from edi_iop.tables.amounts import whole_cents

COINSURANCE, COPAY = "2", "3"
"""Adjustment reasons of group PR."""
_COPAY_CENTS = 2500
_TENTH = 10
_WITH_COPAY, _WITH_COINSURANCE = 0.2, 0.1
"""How many of the members have each; the others have no share."""


def settled(lines: pl.DataFrame, policies: Mapping[str, Policy], seed: int) -> pl.DataFrame:
    """The lines with allowed, contractual, share and paid cents; a denied line (rule) is paid nothing.

    charge = contractual + share + paid, or all of it denied. A per diem is allowed
    at rate times units, up to its charge; what the contract has no rate for, at its charge.
    """
    denied = pl.col("rule").is_not_null()
    by_rate = whole_cents(pl.col("rate_cents") * pl.col("units"))
    allowed = pl.min_horizontal("charge_cents", pl.coalesce(by_rate, "charge_cents"))
    return (
        each(lines, policies, _rated)
        .join(_plans(lines, seed), on=["payer_id", "member_id"], how="left", nulls_equal=True)
        .with_columns(allowed_cents=pl.when(~denied).then(allowed))
        .with_columns(share_cents=_share())
        .with_columns(
            contractual_cents=pl.when(~denied)
            .then(pl.col("charge_cents") - pl.col("allowed_cents"))
            .otherwise(0),
            paid_cents=(pl.col("allowed_cents") - pl.col("share_cents")).fill_null(0),
        )
        .sort("file_id", "claim_offset", "line_offset")
    )


def _share() -> pl.Expr:
    """What the member pays of an allowed per diem."""
    allowed, plan = pl.col("allowed_cents"), pl.col("plan")
    share = (
        pl.when(plan == COPAY)
        .then(pl.min_horizontal(allowed, pl.lit(_COPAY_CENTS)))
        .when(plan == COINSURANCE)
        .then(allowed // _TENTH)
        .otherwise(0)
    )
    shared = allowed.is_not_null() & pl.col("rate_cents").is_not_null()
    return pl.when(shared).then(share).otherwise(0)


def _rated(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    return lines.join(_rates(policies), on=["payer_id", "procedure"], how="left")


def _rates(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Contract rates of one unit."""
    rows = [
        (payer, pair.procedure, pair.rate_cents)
        for payer, policy in policies.items()
        for pair in policy.iop.pairs
        if pair.rate_cents is not None
    ]
    schema = {"payer_id": pl.String, "procedure": pl.String, "rate_cents": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").unique(
        ["payer_id", "procedure"], keep="first", maintain_order=True
    )


def _plans(lines: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Each member's plan: COPAY, COINSURANCE or null, by the seed and the member alone."""
    members = lines.select("payer_id", "member_id").unique()
    # a loop over members: a member's draw must not depend on who else is in the file
    plans = [
        _plan(Random(f"{seed} {payer} {member}").random()) for payer, member in members.iter_rows()
    ]
    return members.with_columns(plan=pl.Series(plans, dtype=pl.String))


def _plan(draw: float) -> str | None:
    if draw < _WITH_COPAY:
        return COPAY
    return COINSURANCE if draw < _WITH_COPAY + _WITH_COINSURANCE else None
