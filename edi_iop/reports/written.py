"""What was written for denied lines (remedy), to be checked and sent: nothing is known of the sending."""

from __future__ import annotations

import polars as pl

from edi_iop.texts import composed

_LINE = ("file_id", "remit_claim_offset", "remit_line_offset")
_CLAIMS = {"corrected_7": "corrected claim", "void_8": "void", "new_claim_1": "new claim"}


def written(decisions: pl.DataFrame) -> pl.DataFrame:
    """Decisions by which something was written, with paper: what it is."""
    made = decisions.filter(pl.col("verb") == "write")
    letter = composed("letter ({})", "remedy")
    claim = pl.col("remedy").replace_strict(_CLAIMS, default=None, return_dtype=pl.String)
    return made.with_columns(paper=pl.coalesce(claim, letter))


def with_written(denials: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """The denials (tables.VERDICTS), next_step saying what was written last, and what is waited for."""
    last = written(decisions).sort("decision").unique(_LINE, keep="last")
    told = denials.join(
        last.select(*_LINE, "paper", "dated"),
        on=_LINE,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    waits = composed(
        "{} written on {}: check and send it, then wait for the payer's answer", "paper", "dated"
    )
    return told.with_columns(next_step=pl.coalesce(waits, "next_step")).drop("paper", "dated")
