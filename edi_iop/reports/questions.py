"""Questions to a workspace's store: what was denied, blocked, claimed, paid, taken in, wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from edi_iop import codes
from edi_iop.money import to_dollars
from edi_iop.reports import acks, shapes
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart
from edi_iop.store import Store

IN_THE_WAY = ("block", "hold")
"""Severities that keep a line out of the 837I."""
PROPOSED = 0
"""The file number of lines that are in no file yet."""
_CLAIM = ("file_id", "claim_offset")
_PAYMENT = ("file_id", "payment_offset")
_REMIT_CLAIM = ("file_id", "remit_claim_offset")


def denials(store: Store) -> Sheet:
    """Every denied line, with the rule it comes from."""
    return shapes.denials(store.load("verdicts"))


def blocked(store: Store) -> Sheet:
    """Lines not yet billed that a rule keeps out of the 837I."""
    waiting = store.load("violations", file_id=PROPOSED)
    sheet = shapes.violations(waiting.filter(pl.col("severity").is_in(IN_THE_WAY)))
    kept = tuple(field for field in sheet.fields if field.column != "claim_lines")
    return replace(sheet, fields=kept, none="no line is blocked")


def corrections(store: Store) -> Sheet:
    """Claims sent that the records changed since: what was sent for them, or why that waits."""
    rows = store.load("corrections").with_columns(pl.col("file_id").cast(pl.String).alias("file"))
    fields = (
        Field("CLAIM", "claim"),
        Field("PAYER", "payer_id"),
        Field("ACTION", "action"),
        Field("LATE", "added", "number"),
        Field("GONE", "removed", "number"),
        Field("STATUS", "status", "flag"),
        Field("PAYER'S NUMBER", "payer_claim_number"),
    )
    return Sheet(
        "",
        rows.drop("file_id", "claim_offset"),
        fields,
        (Field("", "says"), Field("next", "next_step", once=True)),
        none="no claim was corrected",
        closing=shapes.counted(rows, "status", ("built", "held"), "correction"),
    )


def violations(store: Store) -> Sheet:
    """Every line that breaks a rule, sent or not, warnings too."""
    return shapes.violations(store.load("violations"))


def findings(store: Store) -> Sheet:
    """Trouble with the data of every file taken in."""
    return shapes.findings(store.load("findings"))


def files(store: Store) -> Sheet:
    """Every file taken in or sent, and what became of it."""
    rows = store.load("files").rename({"file_id": "file"}).drop("archived")
    fields = (
        Field("FILE", "file", "number"),
        Field("WAY", "direction"),
        Field("KIND", "kind"),
        Field("STATUS", "status", "flag"),
        Field("ST/ROWS", "transactions", "number"),
        Field("BYTES", "size", "number"),
        Field("RECEIVED", "received_on"),
        Field("NAME", "name", widest=40),
    )
    closing = shapes.counted(
        rows, "status", ("applied", "held", "duplicate", "quarantined", "sent"), "file"
    )
    return Sheet(
        "",
        rows,
        fields,
        (Field("", "reason"),),
        none="no files yet",
        closing=closing,
        phi=frozenset({"name"}),
    )


def claims(store: Store) -> Sheet:
    """Every claim sent, and what its payer answered."""
    sent = store.load("claims")
    lines = store.load("claim_lines").group_by(_CLAIM).agg(pl.len().cast(pl.Int64).alias("lines"))
    submissions = store.load("submissions").select(
        "file_id", "transaction_offset", pl.col("created_on").alias("sent_on")
    )
    denied = _denied_lines(store)
    rows = (
        sent.join(lines, on=_CLAIM, how="left")
        .join(submissions, on=["file_id", "transaction_offset"], how="left")
        .join(_answers(store), on=_CLAIM, how="left")
        .join(denied, on="claim", how="left")
        .select(
            "claim",
            "form",
            pl.col("payer_id").alias("payer"),
            "statement_from",
            "statement_to",
            "frequency",
            "lines",
            "charge_cents",
            pl.col("answers").fill_null(0),
            "status",
            "paid_cents",
            "patient_cents",
            pl.col("denied_lines").fill_null(0),
            "sent_on",
            pl.col("file_id").cast(pl.String).alias("file"),
        )
        .sort("sent_on", "statement_from", "claim", nulls_last=True)
    )
    people = rows.with_columns(
        pl.format("{} to {}", "statement_from", pl.col("statement_to").dt.strftime("%m-%d")).alias(
            "dates"
        ),
        pl.format("{} of {}", "denied_lines", "lines").alias("denied"),
        _answer_label(rows),
    )
    return Sheet(
        "",
        rows,
        (
            Field("CLAIM", "claim"),
            Field("PAYER", "payer"),
            Field("DATES", "dates"),
            Field("CHARGE", "charge_cents", "money"),
            Field("PAID", "paid_cents", "money"),
            Field("DENIED", "denied", "number"),
            Field("ANSWER", "answer"),
        ),
        people=people,
        none="no claims yet",
        closing=_claims_total(rows),
        charts=(
            chart(people, "answer", "Charged, by the payer's answer", "charge_cents"),
            chart(rows, "payer", "Charged, by payer", "charge_cents"),
            chart(rows, "payer", "Paid, by payer", "paid_cents"),
        ),
    )


def payments(store: Store) -> Sheet:
    """Every payment, what it holds, how much of it was matched, and whether it adds up."""
    rows = _payment_rows(store)
    unmatched = (pl.col("claims") - pl.col("matched")).alias("unmatched")
    dollars = {
        name: pl.col(name).map_elements(to_dollars, return_dtype=pl.String)
        for name in ("claims_paid_cents", "provider_adjustment_cents", "amount_cents")
    }
    equation = pl.format("claims {} - provider adjustments {} = paid {}", *dollars.values())
    return Sheet(
        "",
        rows,
        (
            Field("PAYMENT", "payment"),
            Field("DATE", "payment_date"),
            Field("PAYER", "payer_name", widest=26),
            Field("AMOUNT", "amount_cents", "money"),
            Field("CLAIMS", "claims", "number"),
            Field("UNMATCHED", "unmatched", "number"),
            Field("ADDS UP", "balanced"),
            Field("FILE IS", "standing", "flag"),
        ),
        (Field("", "equation"),),
        people=rows.with_columns(
            unmatched,
            pl.when("balanced")
            .then(equation)
            .otherwise(pl.concat_str(equation, pl.lit(": does not add up")))
            .alias("equation"),
        ),
        none="no payments yet",
        closing=_payments_total(rows),
        charts=(
            chart(rows, "payer_name", "Paid, by payer", "amount_cents"),
            chart(
                rows.filter(pl.col("provider_adjustment_cents") != 0),
                "payer_name",
                "Provider adjustments, by payer",
                "provider_adjustment_cents",
            ),
        ),
    )


def _payment_rows(store: Store) -> pl.DataFrame:
    """One row a payment, with what is inside and beside it."""
    remit_claims = store.load("remit_claims")
    inside = (
        remit_claims.join(_matched(store), on=_REMIT_CLAIM, how="left")
        .group_by(_PAYMENT)
        .agg(
            pl.len().cast(pl.Int64).alias("claims"),
            pl.col("matched").fill_null(False).sum().cast(pl.Int64).alias("matched"),
            pl.col("paid_cents").sum().alias("claims_paid_cents"),
        )
    )
    beside = (
        store.load("provider_adjustments")
        .group_by(_PAYMENT)
        .agg(pl.col("amount_cents").sum().alias("provider_adjustment_cents"))
    )
    files_now = store.load("files").select("file_id", pl.col("status").alias("standing"))
    return (
        store.load("payments")
        .join(inside, on=_PAYMENT, how="left")
        .join(beside, on=_PAYMENT, how="left")
        .join(files_now, on="file_id", how="left")
        .join(_out_of_balance(store), on=["file_id", "transaction_control"], how="left")
        .select(
            pl.col("trace_number").alias("payment"),
            "payment_date",
            pl.coalesce("payer_code", "payer_id", "payer_trace_id").alias("payer"),
            "payer_name",
            "payee_id",
            "method",
            "amount_cents",
            pl.col("claims").fill_null(0),
            pl.col("matched").fill_null(0),
            pl.col("claims_paid_cents").fill_null(0),
            pl.col("provider_adjustment_cents").fill_null(0),
            pl.col("unbalanced").is_null().alias("balanced"),
            "standing",
            pl.col("file_id").cast(pl.String).alias("file"),
        )
        .sort("payment_date", "payment", nulls_last=True)
    )


REPORTS: dict[str, Callable[[Store], Sheet]] = {
    "denials": denials,
    "blocked": blocked,
    "claims": claims,
    "corrections": corrections,
    "payments": payments,
    "files": files,
    "findings": findings,
    "violations": violations,
    "acks": acks.acks,
    "answers": acks.answers,
}
"""Every report by its name on the command line."""


def _answers(store: Store) -> pl.DataFrame:
    """What the remits tied to a claim say of it: how many, the latest status, the sums.

    Not those of files that are held: their money is not to be relied on.
    """
    held = store.load("files", status="held").select("file_id")
    dated = store.load("payments").select(*_PAYMENT, "payment_date")
    whole = store.load("matches").filter(
        pl.col("remit_line_offset").is_null() & pl.col("claim_offset").is_not_null()
    )
    tied = whole.select(*_REMIT_CLAIM, "claim_file_id", pl.col("claim_offset").alias("sent_offset"))
    return (
        store.load("remit_claims")
        .join(held, on="file_id", how="anti")
        .join(tied, on=_REMIT_CLAIM)
        .join(dated, on=_PAYMENT, how="left")
        .sort("payment_date", "file_id", "remit_claim_offset", nulls_last=True)
        .group_by("claim_file_id", "sent_offset", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("answers"),
            pl.col("status").last(),
            pl.col("paid_cents").sum(),
            pl.col("patient_cents").sum(),
        )
        .rename({"claim_file_id": "file_id", "sent_offset": "claim_offset"})
    )


def _denied_lines(store: Store) -> pl.DataFrame:
    verdicts = store.load("verdicts")
    return verdicts.group_by("claim").agg(pl.len().cast(pl.Int64).alias("denied_lines"))


def _matched(store: Store) -> pl.DataFrame:
    """Remit claims that are tied to a claim of ours."""
    return (
        store.load("matches")
        .filter(pl.col("remit_line_offset").is_null())
        .select(*_REMIT_CLAIM, pl.col("claim_offset").is_not_null().alias("matched"))
        .unique(subset=_REMIT_CLAIM)
    )


def _out_of_balance(store: Store) -> pl.DataFrame:
    """Transactions of remits with a balance finding."""
    return (
        store.load("findings")
        .filter(pl.col("code").str.ends_with("_UNBALANCED"))
        .select("file_id", pl.col("transaction").alias("transaction_control"))
        .unique()
        .with_columns(pl.lit(True).alias("unbalanced"))
    )


def _answer_label(rows: pl.DataFrame) -> pl.Expr:
    """The payer's status of the claim in our words; waiting where there is no answer."""
    seen = rows["status"].drop_nulls().unique().to_list()
    labels = {code: codes.label("claim_status", code) or f"status {code}" for code in seen}
    return (
        pl.col("status")
        .replace_strict(labels, default="waiting", return_dtype=pl.String)
        .alias("answer")
    )


def _claims_total(rows: pl.DataFrame) -> str:
    if not rows.height:
        return ""
    charged, paid = int(rows["charge_cents"].sum()), int(rows["paid_cents"].sum())
    answered = rows.filter(pl.col("answers") > 0).height
    return (
        f"{rows.height:,} claims, {to_dollars(charged)} charged; "
        f"{answered:,} answered, {to_dollars(paid)} paid"
    )


def _payments_total(rows: pl.DataFrame) -> str:
    """All payments as one sum: what was posted, less provider adjustments, and what is held."""
    if not rows.height:
        return ""
    held = pl.col("standing") == "held"
    counted = rows.filter(~held.fill_null(False))
    posted = int(counted["claims_paid_cents"].sum())
    less = int(counted["provider_adjustment_cents"].sum())
    kept = int(rows.filter(held)["amount_cents"].sum())
    paid = int(rows["amount_cents"].sum())
    noun = "payment" if rows.height == 1 else "payments"
    return (
        f"{rows.height:,} {noun}, {to_dollars(paid)} = posted {to_dollars(posted)} "
        f"- provider adjustments {to_dollars(less)} + held {to_dollars(kept)}"
        + ("" if posted - less + kept == paid else ": does not add up")
    )
