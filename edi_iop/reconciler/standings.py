"""Where each line sent now stands with its payer: paid or denied; no standing where it is open."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.answers import CLAIM, said
from edi_iop.reconciler.given import Tables, remit_tables
from edi_iop.tables.numbers import joined, ordered


def standings(
    remits: Tables,
    matches: pl.DataFrame,
    claim_lines: pl.DataFrame,
    decided: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """What became of the answered lines, one row each (`standing`).

    claim_lines: the lines sent, as in rules.lines. decided: tables.OTHER_PAYER_LINES of the claims sent.
    """
    whole = remit_tables(remits)
    return standing(whole, said(whole, matches, claim_lines, decided).last)


def standing(remits: Tables, last: pl.DataFrame) -> pl.DataFrame:
    """What became of the lines with these last answers (answers.latest), one row each.

    Columns: file_id, line_offset, standing (paid, denied), payer_claim_number,
    answered_on, and allowed_cents: what the payer and those beside it (the patient,
    an earlier payer) pay together.

    The latest answer stands; a reversal (CLP02 = 22) with nothing after it leaves
    the line open: it has the payer's number and nothing else. Paid in part is paid; nothing
    paid and nothing refused is paid too (a deductible takes it all).
    """
    numbers = remits["remit_claims"].select(*CLAIM, "payer_claim_number")
    stands = ~pl.col("reversal")
    answered = pl.when("denied").then(pl.lit("denied")).otherwise(pl.lit("paid"))
    return (
        joined(last, numbers, CLAIM, "left")
        .select(
            "line_offset",
            "payer_claim_number",
            answered_on=pl.when(stands).then("payment_date"),
            allowed_cents=pl.when(stands).then(pl.col("paid_cents") + pl.col("beside_cents")),
            file_id="claim_file_id",
            standing=pl.when(stands).then(answered),
        )
        .select(
            "file_id",
            "line_offset",
            "standing",
            "payer_claim_number",
            "answered_on",
            "allowed_cents",
        )
        .pipe(ordered, "file_id", "line_offset")
    )


def numbered(
    answered: pl.DataFrame, acks: pl.DataFrame, claims: pl.DataFrame, claim_lines: pl.DataFrame
) -> pl.DataFrame:
    """The standings with the numbers that payers gave in a 277CA (005010X214 loop 2200D, REF 1K).

    A line that no remit has answered gets a row without standing. acks:
    tables.ACKNOWLEDGEMENTS; the last number a claim was given counts.
    """
    known = acks.filter(
        pl.col("kind") == "277CA",
        pl.col("claim").is_not_null(),
        pl.col("payer_claim_number").is_not_null(),
    )
    last = known.sort("file_id", "byte_offset").unique("claim", keep="last", maintain_order=True)
    # a number given for a CLM01 that two of the claims carry says of neither
    claims = claims.unique("claim", keep="none")
    given = claims.select("file_id", "claim_offset", "claim").join(
        last.select("claim", number="payer_claim_number"), on="claim"
    )
    lines = claim_lines.join(given, on=["file_id", "claim_offset"]).select(
        "file_id", "line_offset", "number"
    )
    return (
        answered.join(lines, on=["file_id", "line_offset"], how="full", coalesce=True)
        .select(
            "file_id",
            "line_offset",
            "standing",
            payer_claim_number=pl.coalesce("payer_claim_number", "number"),
            answered_on="answered_on",
            allowed_cents="allowed_cents",
        )
        .pipe(ordered, "file_id", "line_offset")
    )
