"""Questions to a workspace's store: what was denied, blocked, claimed, paid, taken in, wrong."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from msgspec.structs import replace

from edi_iop import codes
from edi_iop.money import to_dollars
from edi_iop.reports import acks, corrected, faults, ledger, matching, shapes
from edi_iop.reports.on_day import Loading
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart
from edi_iop.rules.catalogue import STOPPING
from edi_iop.store import Store
from edi_iop.texts import composed

PROPOSED = 0
"""The file number of lines that are in no file yet."""
_CLAIM = ("file_id", "claim_offset")
_OF_CLAIM = (
    "claim", "form", "payer_id", "statement_from", "statement_to", "frequency", "charge_cents",
)  # fmt: skip
_OF_POSTING = (
    "claim_file_id", "claim_offset", "effective_on", "sequence", "status", "standing", "event",
    "current",
)  # fmt: skip
_OF_ACCOUNT = ("posted_cents", "recovered_cents", "patient_cents")


def blocked(store: Store) -> Sheet:
    """Lines not yet billed that a rule keeps out of the 837I."""
    waiting = store.load("violations", file_id=PROPOSED)
    sheet = shapes.violations(waiting.filter(pl.col("severity").is_in(STOPPING)))
    kept = tuple(field for field in sheet.fields if field.column != "claim_lines")
    return replace(sheet, fields=kept, none="no line is blocked")


def corrections(store: Store) -> Sheet:
    """Claims sent that the records changed since: what was sent for them on any night, or why that waits."""
    rows = corrected.corrections(store)
    fields = (
        Field("CLAIM", "claim"),
        Field("PAYER", "payer_id"),
        Field("ACTION", "action"),
        Field("LATE", "added", "number"),
        Field("GONE", "removed", "number"),
        Field("STATUS", "status", "flag"),
        Field("PAYER'S NUMBER", "payer_claim_number"),
        Field("SENT AS", "sent_as"),
        Field("ON", "sent_on"),
    )
    return Sheet(
        "",
        rows,
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
    return faults.findings(store.load("findings"))


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
    sent = store.load("claims", (*_CLAIM, "transaction_offset", *_OF_CLAIM))
    lines = (
        store.load("claim_lines", _CLAIM)
        .group_by(_CLAIM)
        .agg(pl.len().cast(pl.Int64).alias("lines"))
    )
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
            pl.col("answers", "held_answers").fill_null(0),
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
        composed("{} to {}", "statement_from", pl.col("statement_to").dt.strftime("%m-%d")).alias(
            "dates"
        ),
        composed("{} of {}", "denied_lines", "lines").alias("denied"),
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


MONEY: dict[str, Callable[[Loading], Sheet]] = {
    "payments": ledger.payments,
    "held": ledger.held,
    "unmatched": matching.unmatched,
    "ledger": ledger.ledger,
    "recoveries": ledger.recoveries,
    "matches": matching.matches,
}
"""Reports about what payments came to, on any day."""
REPORTS: dict[str, Callable[[Store], Sheet]] = {
    "blocked": blocked,
    "claims": claims,
    "corrections": corrections,
    **MONEY,
    "decisions": matching.decisions,
    "files": files,
    "findings": findings,
    "violations": violations,
    "acks": acks.acks,
    "answers": acks.answers,
}
"""Every report by its name on the command line."""


def _answers(store: Store) -> pl.DataFrame:
    """What the payers' answers leave of a claim: how many, the last status, the sums that stand.

    The status is that of the last answer that stands, whatever was reversed after it; where
    none stands, of the last one that is more than word of an answer before.
    """
    posted = pl.col("standing") == "posted"
    new = posted & (pl.col("event") != "answered before")
    status = pl.col("status")
    last = (
        store.load("postings", _OF_POSTING)
        .filter(pl.col("claim_offset").is_not_null())
        .sort("effective_on", "sequence", nulls_last=True)
        .group_by("claim_file_id", "claim_offset", maintain_order=True)
        .agg(
            answers=posted.sum().cast(pl.Int64),
            held_answers=(~posted).sum().cast(pl.Int64),
            status=pl.coalesce(
                status.filter(which).last() for which in (posted & pl.col("current"), new, posted)
            ),
        )
    )
    sums = (
        store.load("accounts", ("claim_file_id", "claim_offset", *_OF_ACCOUNT))
        .group_by("claim_file_id", "claim_offset")
        .agg(
            (pl.col("posted_cents") - pl.col("recovered_cents")).sum().alias("paid_cents"),
            pl.col("patient_cents").sum(),
        )
    )
    known = pl.when(pl.col("answers") > 0).then(pl.col("paid_cents", "patient_cents"))
    return (
        last.join(sums, on=["claim_file_id", "claim_offset"], how="left")
        .with_columns(known.name.keep())
        .rename({"claim_file_id": "file_id"})
    )


def _denied_lines(store: Store) -> pl.DataFrame:
    verdicts = store.load("verdicts", ("claim", "kind")).filter(
        pl.col("kind").ne_missing("reduced")
    )
    return verdicts.group_by("claim").agg(pl.len().cast(pl.Int64).alias("denied_lines"))


def _answer_label(rows: pl.DataFrame) -> pl.Expr:
    """The payer's status of the claim in our words; held, or waiting where there is no answer."""
    seen = rows["status"].drop_nulls().unique().to_list()
    labels = {code: codes.label("claim_status", code) or f"status {code}" for code in seen}
    said = pl.col("status").replace_strict(labels, default="answered", return_dtype=pl.String)
    return (
        pl.when(pl.col("answers") > 0)
        .then(said)
        .when(pl.col("held_answers") > 0)
        .then(pl.lit("held"))
        .otherwise(pl.lit("waiting"))
        .alias("answer")
    )


def _claims_total(rows: pl.DataFrame) -> str:
    if not rows.height:
        return ""
    charged, paid = int(rows["charge_cents"].sum()), int(rows["paid_cents"].sum())
    answered = rows.filter(pl.col("answers") > 0).height
    waits = rows.filter(pl.col("answers") == 0, pl.col("held_answers") > 0).height
    beside = f"; the answers to {waits:,} are held: report held" if waits else ""
    return (
        f"{rows.height:,} claims, {to_dollars(charged)} charged; "
        f"{answered:,} answered, {to_dollars(paid)} paid{beside}"
    )
