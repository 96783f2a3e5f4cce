"""Measures of denial and receivables, each beside its definition."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.metrics import ages, claim_answers, history, metrics
from edi_iop.reports.posted import posted_remits
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Chart, Field, Sheet


def measured(question: Question) -> Sheet:
    """The HFMA six, the clean-claim rate and the receivables, on a day."""
    store = question.store
    remits, matches = posted_remits(store)
    made = store.load("submissions").select("file_id", "transaction_offset", sent_on="created_on")
    claims = store.load("claims").join(made, on=["file_id", "transaction_offset"], how="left")
    denied = store.load("verdicts").filter(pl.col("kind").ne_missing("reduced"))
    still = denied.group_by("claim").agg(open_cents=pl.col("charge_cents").sum())
    known = history(claims, claim_answers(remits, matches), still)
    rows = metrics(known, question.as_of)
    return Sheet(
        f"metrics as of {question.as_of}",
        rows,
        (
            Field("METRIC", "metric"),
            Field("VALUE", "shown", "number"),
            Field("OF", "parts"),
        ),
        (Field("", "definition"), Field("missing", "missing")),
        people=rows.with_columns(
            shown=pl.format("{} {}", pl.col("value").round(1), "unit").fill_null("unknown"),
            parts=pl.format(
                "{} / {}", pl.col("numerator").round(1), pl.col("denominator").round(1)
            ),
        ),
        closing="amounts in the parts are cents; measures compare only with the same definition",
        charts=(Chart("Charges open, by days since sent", ages(known, question.as_of), "money"),),
        summed=(),
    )
