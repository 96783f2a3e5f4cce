"""Corruptions of what two payers have alike: claim numbers, and ids of members."""

from __future__ import annotations

import polars as pl

from edi_iop.simulator.corruptions import corruption
from edi_iop.simulator.draft import Draft, at


@corruption(
    "twin-number",
    "the number is that of another payer's claim too, line control numbers are gone",
    pl.col("twin_number"),
)
def twin_number(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return draft.with_lines_lacking(hit, "line_control")


@corruption(
    "twin-member",
    "the member's id is that of another payer's member too, the claim number is lost",
    pl.col("twin_member"),
)
def twin_member(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    lost = pl.when(at(hit)).then(pl.lit("0")).otherwise("claim").alias("claim")
    return draft.of_claims(lost).with_lines_lacking(hit, "line_control")
