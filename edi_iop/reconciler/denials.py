"""Denied lines, each with all that the payer said of it and what was sent (835 loops 2100, 2110)."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.answers import CLAIM, LINE, SENT_LINE, answers, latest, refusals
from edi_iop.reconciler.given import Tables

_SENT_CLAIM = ("claim_file_id", "claim_offset")


def denials(remits: Tables, matches: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Denials still open, numbered by `denial`, with the payer's codes and the line as sent.

    A denial that a later answer replaced, or a reversal took back, is closed and
    left out. lines: tables.SERVICE_LINES.
    """
    answered = answers(remits)
    ties = matches.select(*LINE, *_SENT_CLAIM, "line_offset", "tier", "grade", unmatched="says")
    denied = (
        answered.filter(pl.col("denied") | pl.col("partly"))
        .join(ties, on=LINE, how="left", nulls_equal=True)
        .sort(*LINE, nulls_last=False)
        .with_row_index("denial")
    )
    last = latest(answered, matches, lines)
    opened = _open(denied, last, lines)
    told = opened.join(_codes(opened, remits), on="denial", how="left").join(
        _remarks(opened, remits), on="denial", how="left"
    )
    described = _described(told, remits)
    return _as_sent(described, lines).with_columns(
        pl.col("carcs", "rarcs").fill_null(pl.lit([], pl.List(pl.String)))
    )


def lines_of(denied: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines sent that each denial is about: one, or all of its claim where it has no line."""
    sent = lines.rename({"file_id": "claim_file_id", "payer_claim_number": "known_number"})
    one = denied.filter(pl.col("remit_line_offset").is_not_null())
    whole = denied.filter(pl.col("remit_line_offset").is_null())
    return pl.concat(
        [
            one.select("denial", *SENT_LINE).join(sent, on=SENT_LINE),
            whole.select("denial", *_SENT_CLAIM)
            .join(sent, on=_SENT_CLAIM)
            .select("denial", *SENT_LINE, pl.exclude("denial", *SENT_LINE)),
        ],
        how="diagonal",
    )


def _open(denied: pl.DataFrame, last: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Denials that are the last answer to at least one line, or that match no line."""
    about = lines_of(denied, lines).select("denial", *SENT_LINE)
    standing = (
        denied.select("denial", *CLAIM)
        .join(about, on="denial")
        .join(last.select(*SENT_LINE, *CLAIM), on=(*SENT_LINE, *CLAIM))
    )
    closed = about.join(standing, on="denial", how="anti")
    return denied.join(closed, on="denial", how="anti")


def _codes(denied: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The refusing adjustments of each denial: its own, else its claim's; the largest by itself."""
    refused = refusals(remits["adjustments"])
    keys = denied.select("denial", *LINE, "partly")
    own = keys.join(refused, on=LINE, nulls_equal=True).filter(~pl.col("partly") | pl.col("firm"))
    at_claim = refused.filter(pl.col("remit_line_offset").is_null()).drop("remit_line_offset")
    inherited = keys.join(own, on="denial", how="anti").join(at_claim, on=CLAIM)
    both = pl.concat([own, inherited.select(own.columns)])
    largest_first = both.sort(
        "denial", "amount_cents", "byte_offset", "position", descending=[False, True, False, False]
    )
    return largest_first.group_by("denial").agg(
        pl.col("group", "carc").first(),
        carcs=pl.col("carc").unique(maintain_order=True),
    )


def _remarks(denied: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The remark codes of each denial: its line's and its claim's together."""
    keys = denied.select("denial", *LINE)
    remarks = remits["remarks"].rename({"remit_line_offset": "remark_line"})
    told = keys.join(remarks, on=CLAIM).filter(
        pl.col("remark_line").is_null()
        | pl.col("remark_line").eq_missing(pl.col("remit_line_offset"))
    )
    ordered = told.sort("denial", "byte_offset", "position")
    return ordered.group_by("denial").agg(rarcs=pl.col("remark").unique(maintain_order=True))


def _described(denied: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The denials with what the remit says of claim, line and payment."""
    heads = remits["remit_claims"].select(
        *CLAIM,
        "payer_claim_number",
        answered_claim="claim",
        claim_charge="charge_cents",
        claim_day="statement_from",
    )
    lines = remits["remit_lines"].select(
        *LINE,
        "service_date",
        "charge_cents",
        revenue=pl.coalesce(
            "revenue", pl.when(pl.col("qualifier") == "NU").then(pl.col("procedure"))
        ),
        procedure=pl.when(pl.col("qualifier").ne_missing("NU")).then(
            pl.coalesce("original_procedure", "procedure")
        ),
        units=pl.coalesce("original_units", "units"),
    )
    payments = remits["payments"].select(
        "file_id",
        "payment_offset",
        payment="trace_number",
        paying=pl.coalesce("payer_id", "payer_code"),
    )
    return (
        denied.join(heads, on=CLAIM, how="left")
        .join(lines, on=LINE, how="left", nulls_equal=True)
        .join(payments, on=("file_id", "payment_offset"), how="left")
        .with_columns(
            service_date=pl.coalesce("service_date", "claim_day"),
            charge_cents=pl.coalesce("charge_cents", "claim_charge"),
            byte_offset=pl.coalesce("remit_line_offset", "remit_claim_offset"),
        )
    )


def _as_sent(denied: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The denials with claim and line as we sent them, where they are matched."""
    whole = lines.with_columns(claim_lines=pl.len().over("file_id", "claim_offset"))
    claims = whole.unique(["file_id", "claim_offset"], keep="first", maintain_order=True)
    of_claim = claims.select(
        "claim_offset",
        claim_file_id="file_id",
        sent_claim="claim",
        sent_payer="payer_id",
        sent_standing="standing",
        statement_to="statement_to",
        claim_lines="claim_lines",
    )
    about = lines_of(denied, lines).filter(pl.len().over("denial") == 1)
    facts = ("service_date", "revenue", "procedure", "units", "charge_cents")
    of_line = about.select(
        "denial", "line", *(pl.col(name).alias(f"sent_{name}") for name in facts)
    )
    return (
        denied.join(of_claim, on=_SENT_CLAIM, how="left")
        .join(of_line, on="denial", how="left")
        .with_columns(pl.coalesce(f"sent_{name}", name).alias(name) for name in facts)
        .with_columns(
            claim=pl.coalesce("sent_claim", "answered_claim"),
            payer=pl.coalesce("sent_payer", "paying"),
        )
        .sort("denial")
    )
