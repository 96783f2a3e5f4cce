"""One claim from first to last: sent, acknowledged, paid, banked, denied, taken back, sent again."""

from __future__ import annotations

import polars as pl

from edi_iop import codes
from edi_iop.errors import NotKnown
from edi_iop.reconciler.acknowledged import (
    DECISIONS,
    SUBMISSION,
    acknowledged,
    answered_on,
)
from edi_iop.reconciler.bank import bank
from edi_iop.reconciler.provider_ledger import TAKES_BACK
from edi_iop.reports.acks import submitted
from edi_iop.reports.banking import once
from edi_iop.reports.decided import DID, decided
from edi_iop.reports.of_claim import OfClaim, later, of_claim, of_envelopes, submissions
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import counting, dollars
from edi_iop.reports.written import written
from edi_iop.store import Store
from edi_iop.tables import ACKNOWLEDGEMENT_ERRORS
from edi_iop.texts import composed

_ORDER = (
    "sent",
    "acknowledged",
    "rejected",
    "reversed",
    "answered",
    "denied",
    "paid",
    "paid short",
    "interest",
    "taken back",
    "given back",
    "banked",
    "decided",
    "written",
    "due",
)
_RANK = dict(zip(_ORDER, range(len(_ORDER)), strict=True))
# decisions of one day stand in the order they were made
_RANK |= dict.fromkeys(DID.values(), _RANK["decided"])
_REMIT_CLAIM = ("file_id", "remit_claim_offset")
_PAYMENT = ("file_id", "payment_offset")
_TRACE = ("file_id", "trace_number")
_FREQUENCY = {"7": "replacement", "8": "void"}
_EVENT = pl.Schema(
    {"on": pl.Date(), "event": pl.String(), "says": pl.String(), "amount_cents": pl.Int64(),
     "line": pl.Int64(), "file": pl.String(), "byte_offset": pl.Int64()}
)  # fmt: skip


def claim(question: Question) -> Sheet:
    """What happened to a claim and to those that replace or void it, in order.

    NotKnown where no such claim was sent or answered.
    """
    store, number = question.store, question.about or ""
    about = of_claim(store, number)
    parts = [_sent(store, about), _enveloped(store, about), _acknowledged(store, number),
             _answered(store, about), _beside(store, about), _banked(question, about),
             _denied(store, number), _decided(store, about), _written(store, about)]  # fmt: skip
    rows = pl.concat(parts).sort(
        "on",
        pl.col("event").replace_strict(_RANK, default=len(_RANK)),
        "line",
        nulls_last=True,
        maintain_order=True,
    )
    if rows.is_empty():
        raise NotKnown(
            f"claim {number}: nothing sent or answered has this number; see: report claims"
        )
    fields = (
        Field("DATE", "on"),
        Field("EVENT", "event", "flag"),
        Field("AMOUNT", "amount_cents", "money"),
        Field("", "says", widest=1000),
    )
    return Sheet(
        f"claim {number}",
        rows,
        fields,
        closing=_closing(rows),
        hints=_loose(about),
        summed=(),
    )


def _loose(about: OfClaim) -> tuple[str, ...]:
    """That answers were returned under the claim's number and are tied to no claim, where there are."""
    if not about.left_out:
        return ()
    count = counting(about.left_out, "answer")
    return (f"{count} under this number, tied to no claim, left out; see: report unmatched",)


def _events(rows: pl.DataFrame) -> pl.DataFrame:
    absent = [
        pl.lit(None, kind).alias(name) for name, kind in _EVENT.items() if name not in rows.columns
    ]
    return rows.with_columns(*absent).select(*_EVENT).cast(_EVENT)


def _sent(store: Store, about: OfClaim) -> pl.DataFrame:
    """The claim as sent, and the later ones that name the payer's number of it (REF F8)."""
    claims = pl.concat([about.sent, later(store, about)])
    made = submissions(store, claims).select(*SUBMISSION, "created_on", "interchange_control")
    rows = claims.join(made, on=SUBMISSION, how="left", maintain_order="left")
    kind = pl.col("frequency").replace_strict(_FREQUENCY, default="claim", return_dtype=pl.String)
    return _events(
        rows.select(
            on="created_on",
            event=pl.lit("sent"),
            says=composed(
                "{} {} to {}, interchange {}",
                kind,
                "claim",
                pl.col("payer_id").fill_null("?"),
                pl.col("interchange_control").fill_null("?"),
            ),
            amount_cents="charge_cents",
            file=pl.col("file_id").cast(pl.String),
            byte_offset="claim_offset",
        )
    )


def _enveloped(store: Store, about: OfClaim) -> pl.DataFrame:
    """What TA1 and 999 said of the interchange and transaction set that the claim went in."""
    made = submitted(store, submissions(store, about.sent))
    answers = of_envelopes(store, made)
    if answers.is_empty():
        return _EVENT.to_frame()
    told = acknowledged(made, about.sent, answers, ACKNOWLEDGEMENT_ERRORS.empty()).submissions
    files = answers.select("file_id")
    dated = store.among("acknowledgements", files, ("file_id", "answered_on"))
    came = answered_on(dated, store.among("files", files))
    parts = [
        told.select(
            answer_file=f"{word}_file",
            decision=word,
            says=composed(
                "{}: {}{}",
                pl.lit(kind),
                pl.col(word).replace_strict(DECISIONS, default="?", return_dtype=pl.String),
                composed(" ({})", f"{word}_code").fill_null(""),
            ),
        )
        for word, kind in (("ta1", "TA1"), ("functional", "999"))
    ]
    rows = pl.concat(parts).drop_nulls("answer_file").join(came, on="answer_file", how="left")
    return _events(
        rows.with_columns(
            event=pl.when(pl.col("decision") == "R")
            .then(pl.lit("rejected"))
            .otherwise(pl.lit("acknowledged")),
            file=pl.col("answer_file").cast(pl.String),
        )
    )


def _acknowledged(store: Store, number: str) -> pl.DataFrame:
    """277CA statuses of the claim (STC), by clearinghouse or payer."""
    told = store.load("acknowledgements", claim=number).filter(pl.col("level") == "claim")
    return _events(
        told.select(
            on=pl.coalesce("effective_date", "answered_on"),
            event=pl.when(pl.col("decision") == "R")
            .then(pl.lit("rejected"))
            .otherwise(pl.lit("acknowledged")),
            says=composed(
                "277CA of {}: {} {}{}",
                pl.col("answered_by").fill_null("?"),
                pl.col("category").fill_null(""),
                pl.col("status").fill_null(""),
                composed(", payer's number {}", "payer_claim_number").fill_null(""),
            ),
            amount_cents="charge_cents",
            file=pl.col("file_id").cast(pl.String),
            byte_offset="byte_offset",
        )
    )


def _banked(question: Question, about: OfClaim) -> pl.DataFrame:
    """Deposits in which the bank booked the payments that answer the claim."""
    store, answers = question.store, about.answers
    deposits = pl.concat([store.load("deposits"), question.deposits])
    if deposits.is_empty() or answers.is_empty():
        return _EVENT.to_frame()
    # which deposit is which payment, all payments decide; that there are claims, these alone need
    told = bank(once(store), answers, deposits)
    own = store.among("payments", answers.select(_PAYMENT), _TRACE)
    booked = told.filter(pl.col("deposit_date").is_not_null()).join(
        own, left_on=["file_id", "payment"], right_on=_TRACE, how="semi"
    )
    return _events(
        booked.select(
            on="deposit_date",
            event=pl.lit("banked"),
            says=composed(
                "payment {} of {} booked by the bank: {}",
                "payment",
                dollars(pl.col("amount_cents")),
                "state",
            ),
            file=pl.col("deposit_file").cast(pl.String),
        )
    )


def _answered(store: Store, about: OfClaim) -> pl.DataFrame:
    """What each remit claim said and paid."""
    answers = about.answers
    columns = (*_PAYMENT, "payment_date", "trace_number")
    heads = store.among("payments", answers.select(_PAYMENT), columns)
    postings = store.among("postings", answers.select(_REMIT_CLAIM), (*_REMIT_CLAIM, "standing"))
    rows = answers.join(heads, on=_PAYMENT, how="left", maintain_order="left").join(
        postings.unique(maintain_order=True), on=_REMIT_CLAIM, how="left", maintain_order="left"
    )
    seen = rows["status"].drop_nulls().unique().to_list()
    labels = {code: codes.label("claim_status", code) or f"status {code}" for code in seen}
    event = (
        pl.when(pl.col("status") == "22")
        .then(pl.lit("reversed"))
        .when(pl.col("paid_cents") > 0)
        .then(pl.lit("paid"))
        .when(pl.col("status") == "4")
        .then(pl.lit("denied"))
        .otherwise(pl.lit("answered"))
    )
    return _events(
        rows.select(
            on="payment_date",
            event=event,
            says=composed(
                "{}; payment {}, payer's number {}{}",
                pl.col("status").replace_strict(
                    labels, default="no status", return_dtype=pl.String
                ),
                pl.col("trace_number").fill_null("?"),
                pl.col("payer_claim_number").fill_null("?"),
                pl.concat_str(
                    _uncounted(),
                    pl.when(pl.col("interest_cents").fill_null(0) != 0)
                    .then(
                        composed(
                            "; with interest of {} beside it", dollars(pl.col("interest_cents"))
                        )
                    )
                    .otherwise(pl.lit("")),
                ),
            ),
            amount_cents="paid_cents",
            file=pl.col("file_id").cast(pl.String),
            byte_offset="remit_claim_offset",
        )
    )


def _beside(store: Store, about: OfClaim) -> pl.DataFrame:
    """Adjustments of the provider that name the claim (PLB): take-backs, interest and others."""
    rows = store.load("provider_postings", account=about.number)
    own = rows.filter(pl.col("claim_offset").is_not_null()) if about.sent.height else rows
    # a positive amount lowers the payment
    event = (
        pl.when(~pl.col("role").is_in(TAKES_BACK))
        .then("role")
        .when(pl.col("amount_cents") > 0)
        .then(pl.lit("taken back"))
        .otherwise(pl.lit("given back"))
    )
    return _events(
        own.select(
            on="effective_on",
            event=event,
            says=composed(
                "provider adjustment {} {}; payment {}{}",
                "reason",
                pl.col("reference").fill_null("without reference"),
                pl.col("trace_number").fill_null("?"),
                _uncounted(),
            ),
            amount_cents=-pl.col("amount_cents"),
            file=pl.col("file_id").cast(pl.String),
            byte_offset="byte_offset",
        )
    )


def _uncounted() -> pl.Expr:
    """Why the money of an answer or adjustment does not count, where it does not."""
    return (
        pl.when(pl.col("standing") == "held")
        .then(pl.lit("; held, its money is not counted"))
        .when(pl.col("standing").is_null())
        .then(pl.lit("; its payment counts elsewhere, or not at all"))
        .otherwise(pl.lit(""))
    )


def _denied(store: Store, number: str) -> pl.DataFrame:
    """Lines still denied, why, and by when something must be done."""
    verdicts = store.verdicts_under(number)
    paid = store.among(
        "payments",
        verdicts.select("file_id", trace_number="payment"),
        (*_PAYMENT, "payment_date", "trace_number"),
    ).sort(_PAYMENT)
    heads = paid.select("file_id", on="payment_date", payment="trace_number")
    dated = verdicts.join(heads, on=["file_id", "payment"], how="left", maintain_order="left_right")
    place = {"file": pl.col("file_id").cast(pl.String), "byte_offset": pl.col("byte_offset")}
    line = composed("line {}: ", "line").fill_null("")
    said = dated.select(
        "on",
        "line",
        event=pl.when(pl.col("kind").eq_missing("reduced"))
        .then(pl.lit("paid short"))
        .otherwise(pl.lit("denied")),
        says=pl.concat_str(line, pl.col("says").fill_null("")),
        amount_cents="charge_cents",
        **place,
    )
    due = dated.filter(pl.col("deadline").is_not_null()).select(
        "line",
        on="deadline",
        event=pl.lit("due"),
        says=pl.concat_str(line, pl.col("next_step").fill_null("")),
        **place,
    )
    return pl.concat([_events(said), _events(due)])


def _decided(store: Store, about: OfClaim) -> pl.DataFrame:
    """What people decided of its answers and their money."""
    rows = decided(store, about.number, about.answers)
    return _events(rows.with_columns(event="did", file=pl.col("file_id").cast(pl.String)))


def _written(store: Store, about: OfClaim) -> pl.DataFrame:
    """Letters and claims written for its denied lines: one event each, whatever lines it is about."""
    papers = written(store.load("decisions")).join(
        about.sent, left_on=["claim_file_id", "claim_offset"], right_on=["file_id", "claim_offset"],
        how="semi",
    ).unique(["note", "decided_at"], maintain_order=True)  # fmt: skip
    return _events(
        papers.select(
            on="dated",
            event=pl.lit("written"),
            says=composed("{} by {}, to be checked and sent: {}", "paper", "actor", "note"),
        )
    )


def _closing(rows: pl.DataFrame) -> str:
    last = rows.filter(pl.col("event") != "due").row(-1, named=True)
    return f"{rows.height} events; last: {last['event']} {last['on'] or 'on an unknown day'}"
