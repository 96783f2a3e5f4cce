"""Where each line sent now stands with its payer: paid or denied; no row where it is open."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.answers import CLAIM, answers, latest
from edi_iop.reconciler.given import Tables, remit_tables


def standings(remits: Tables, matches: pl.DataFrame, claim_lines: pl.DataFrame) -> pl.DataFrame:
    """What became of the answered lines, one row each.

    Columns: file_id, line_offset, standing (paid, denied), payer_claim_number,
    answered_on, and allowed_cents: what the payer and those beside it (the patient,
    an earlier payer) pay together.

    The latest answer stands; a reversal (CLP02 = 22) with nothing after it leaves
    the line open. Paid in part is paid; nothing paid and nothing refused is paid too
    (a deductible takes it all). claim_lines: the lines sent, as in rules.lines.
    """
    remits = remit_tables(remits)
    numbers = remits["remit_claims"].select(*CLAIM, "payer_claim_number")
    standing = latest(answers(remits), matches, claim_lines).filter(~pl.col("reversal"))
    return (
        standing.join(numbers, on=CLAIM, how="left")
        .select(
            "line_offset",
            "payer_claim_number",
            answered_on="payment_date",
            allowed_cents=pl.col("paid_cents") + pl.col("beside_cents"),
            file_id="claim_file_id",
            standing=pl.when("denied").then(pl.lit("denied")).otherwise(pl.lit("paid")),
        )
        .select(
            "file_id",
            "line_offset",
            "standing",
            "payer_claim_number",
            "answered_on",
            "allowed_cents",
        )
        .sort("file_id", "line_offset")
    )
