"""What other payers decided, under the numbers of the claims it goes on (loops 2320, 2330, 2430)."""

from __future__ import annotations

import polars as pl

from edi_iop.mapper.given import Given
from edi_iop.tables import OTHER_PAYER_ADJUSTMENTS, OTHER_PAYER_LINES, OTHER_PAYERS

Tables = dict[str, pl.DataFrame]
_TABLES = (OTHER_PAYERS, OTHER_PAYER_LINES, OTHER_PAYER_ADJUSTMENTS)


def numbered(given: Given, lines: pl.DataFrame) -> Tables:
    """other_payers, other_payer_lines and other_payer_adjustments of numbered lines.

    Offsets are running numbers: of the decision, of its adjustments.
    """
    if all(getattr(given, table.name).is_empty() for table in _TABLES):
        return {table.name: table.empty() for table in _TABLES}
    claims = lines.select("given", "file_id", "claim_offset").drop_nulls().unique()
    places = lines.select("given_line", "line_offset", "file_id", "claim_offset").drop_nulls()
    payers = (
        given.other_payers.drop("file_id", "claim_offset")
        .join(claims, on="given", maintain_order="left")
        .with_columns(other_payer_offset=pl.int_range(1, pl.len() + 1))
    )
    decided = (
        given.other_payer_lines.drop("file_id", "claim_offset", "line_offset")
        .join(places, on="given_line", maintain_order="left")
        .with_columns(decision_offset=pl.int_range(1, pl.len() + 1))
    )
    taken = given.other_payer_adjustments.drop(
        "file_id",
        "claim_offset",
        "line_offset",
        "other_payer_offset",
        "decision_offset",
    )
    of_claim = taken.filter(pl.col("given_line").is_null()).join(
        payers.select("given_payer", "file_id", "claim_offset", "other_payer_offset"),
        on="given_payer",
        maintain_order="left",
    )
    of_line = taken.filter(pl.col("given_line").is_not_null()).join(
        decided.select(
            "given_line",
            "given_payer",
            "file_id",
            "claim_offset",
            "line_offset",
            "decision_offset",
        ),
        on=["given_line", "given_payer"],
        maintain_order="left",
    )
    both = pl.concat([of_claim, of_line], how="diagonal")
    segment = pl.struct("other_payer_offset", "decision_offset", "group")
    placed = both.with_columns(byte_offset=segment.rank("dense").cast(pl.Int64)).with_columns(
        position=pl.int_range(1, pl.len() + 1).over("byte_offset")
    )
    return {
        "other_payers": OTHER_PAYERS.conform(payers),
        "other_payer_lines": OTHER_PAYER_LINES.conform(decided),
        "other_payer_adjustments": OTHER_PAYER_ADJUSTMENTS.conform(placed),
    }
