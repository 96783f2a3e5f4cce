"""Which claim each answer of an 835 was tied to, how surely and by what, or may belong to; and what people decided of it."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.answers import ALIKE
from edi_iop.reports import shapes
from edi_iop.reports.decided import named, numbered
from edi_iop.reports.on_day import Loading
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart, counting
from edi_iop.store import Store
from edi_iop.texts import composed

_REMIT_CLAIM = ("file_id", "remit_claim_offset")
_REMIT_LINE = (*_REMIT_CLAIM, "remit_line_offset")
_PAYMENT = ("file_id", "payment_offset")
_SENT = ("claim_file_id", "claim_offset")
_TIERS = ("T1", "T2", "T3", "T4", "T5", "hand")
_VERBS = {"unlink": "undo match"}


def matches(store: Loading) -> Sheet:
    """Every remit claim that is tied to a claim: tier, grade, what agrees and does not, the runner-up."""
    whole = store.load("matches", remit_line_offset=None).drop_nulls("claim_offset")
    lines = store.load("matches", (*_REMIT_LINE, "tier", "alike_offset"))
    told = (*_REMIT_CLAIM, "payment_offset", "status", "charge_cents", "paid_cents", "claim")
    answers = store.load("remit_claims", told).rename({"claim": "returned"})
    rows = (
        whole.join(_numbers(store), on=_SENT, how="left")
        .join(answers, on=_REMIT_CLAIM, how="left")
        .join(_payments(store), on=_PAYMENT, how="left")
        .join(_lines(lines), on=_REMIT_CLAIM, how="left")
        .select(
            "claim", "returned", "payment", "status", "charge_cents", "paid_cents", "tier",
            "grade", "score", "agreed", "disagreed", "runner_up", "margin", "lines", "actor",
            reference=composed("{}:{}", *_REMIT_CLAIM),
        )
        .sort("claim", "payment", "reference", nulls_last=True)
    )  # fmt: skip
    return Sheet(
        "",
        rows,
        (
            Field("CLAIM", "claim"),
            Field("RETURNED AS", "returned"),
            Field("PAYMENT", "payment"),
            Field("PAID", "paid_cents", "money"),
            Field("TIER", "tier"),
            Field("GRADE", "grade"),
            Field("LINES", "lines"),
            Field("RUNNER-UP", "runner_up"),
            Field("REFERENCE", "reference"),
        ),
        (Field("", "agree"), Field("", "against"), Field("", "by")),
        people=rows.with_columns(
            agree=shapes.told("agree: {}", "agreed"),
            against=shapes.told("not: {}", "disagreed"),
            by=composed("matched by {}", "actor"),
        ),
        none="no remit claim is matched",
        closing=shapes.counted(rows, "tier", _TIERS, "tied answer"),
        hints=("Take one apart with: edi-iop match undo",) if rows.height else (),
        charts=(chart(rows, "tier", "Matches, by tier"),),
    )


def unmatched(store: Loading) -> Sheet:
    """Remit claims tied to no claim of ours, and open lines of those that are tied: why, and what
    each may answer."""
    rows = pl.concat([_unmatched_rows(store), _open_lines(store)], how="diagonal")
    fields = (
        Field("CLAIM", "claim"),
        Field("LINE", "line", "number"),
        Field("PAYMENT", "payment"),
        Field("CHARGE", "charge_cents", "money"),
        Field("PAID", "paid_cents", "money"),
        Field("MAY BE", "proposed"),
        Field("SCORE", "score"),
        Field("RUNNER-UP", "runner_up"),
        Field("REFERENCE", "reference"),
    )
    agreed = shapes.told("agree: {}", "agreed")
    against = shapes.told("not: {}", "disagreed")
    return Sheet(
        "",
        rows,
        fields,
        (Field("", "says"), Field("", "agree"), Field("", "against")),
        people=rows.with_columns(agree=agreed, against=against),
        none="every remit claim is matched, and every line of them",
        closing=_left_open(rows),
        hints=(
            "Accept with: edi-iop match accept; choose with: edi-iop match link, a line with --line",
        )
        if rows.height
        else (),
    )


def _unmatched_rows(store: Loading) -> pl.DataFrame:
    """One row an unmatched remit claim, with the two best proposals."""
    whole = store.load("matches", claim_file_id=None, remit_line_offset=None)
    answers = store.among("remit_claims", whole.select(_REMIT_CLAIM))
    best = store.load("proposals")
    first = best.filter(pl.col("rank") == 1).select(
        *_REMIT_CLAIM, "tier", "score", "agreed", "disagreed", proposed="claim"
    )
    second = best.filter(pl.col("rank") == 2).select(
        *_REMIT_CLAIM, runner_up="claim", behind="score"
    )
    return (
        whole.select(*_REMIT_CLAIM, "says")
        .join(answers, on=_REMIT_CLAIM)
        .join(_payments(store), on=_PAYMENT)
        .join(first, on=_REMIT_CLAIM, how="left")
        .join(second, on=_REMIT_CLAIM, how="left")
        .select(
            "claim",
            "payment",
            "payer_claim_number",
            "statement_from",
            "statement_to",
            "charge_cents",
            "paid_cents",
            "says",
            "proposed",
            "tier",
            "score",
            "agreed",
            "disagreed",
            "runner_up",
            margin=(pl.col("score") - pl.col("behind")).round(4),
            reference=composed("{}:{}", *_REMIT_CLAIM),
        )
        .sort("payment", "reference", nulls_last=True)
    )


def _left_open(rows: pl.DataFrame) -> str:
    lines = rows["line"].count()
    counts = ((rows.height - lines, "remit claim"), (lines, "line"))
    told = [counting(count, noun) for count, noun in counts if count]
    return f"{' and '.join(told)} unmatched" if told else ""


def _open_lines(store: Loading) -> pl.DataFrame:
    """One row a remit line that no line of its claim was found for, and of which it matters: `line`
    counts the answer's lines."""
    found = store.open_lines().filter(pl.col("alike_offset").is_null())
    matched = store.among("matches", found.select(_REMIT_CLAIM), (*_REMIT_LINE, "claim_file_id"))
    tied = matched.filter(pl.col("remit_line_offset").is_null()).drop_nulls("claim_file_id")
    left = found.join(tied, on=_REMIT_CLAIM, how="semi")
    columns = (*_REMIT_CLAIM, "payment_offset", "claim", "payer_claim_number")
    heads = store.among("remit_claims", left.select(_REMIT_CLAIM), columns)
    places = left.select(file_id="claim_file_id", claim_offset="claim_offset")
    sent = store.among("claims", places, ("file_id", "claim_offset", "claim"))
    return (
        left.select(*_REMIT_LINE, *_SENT, "says")
        .join(store.among("remit_lines", left.select(_REMIT_LINE)), on=_REMIT_LINE)
        .join(heads, on=_REMIT_CLAIM)
        .join(_payments(store), on=_PAYMENT)
        .join(sent.rename({"file_id": "claim_file_id", "claim": "proposed"}), on=_SENT, how="left")
        .sort("payment", *_REMIT_LINE, nulls_last=True)
        .select(
            "claim",
            "payment",
            "payer_claim_number",
            "charge_cents",
            "paid_cents",
            "says",
            "proposed",
            line="position",
            statement_from="service_date",
            statement_to=pl.coalesce("service_date_to", "service_date"),
            reference=composed("{}:{}", *_REMIT_CLAIM),
        )
    )


def _numbers(store: Loading) -> pl.DataFrame:
    columns = ("file_id", "claim_offset", "claim")
    return store.load("claims", columns).rename({"file_id": "claim_file_id"})


def _payments(store: Loading) -> pl.DataFrame:
    columns = (*_PAYMENT, "trace_number")
    return store.load("payments", columns).rename({"trace_number": "payment"})


def _lines(every: pl.DataFrame) -> pl.DataFrame:
    """How the lines of each remit claim were tied: `6R 3, ambiguous 1`."""
    lines = every.filter(pl.col("remit_line_offset").is_not_null()).unique(
        [*_REMIT_CLAIM, "remit_line_offset"], maintain_order=True
    )
    alike = pl.when(pl.col("alike_offset").is_not_null()).then(pl.lit(ALIKE))
    kinds = lines.with_columns(kind=pl.coalesce("tier", alike, pl.lit("open")))
    counts = kinds.group_by(*_REMIT_CLAIM, "kind", maintain_order=True).agg(n=pl.len())
    told = counts.with_columns(composed("{} {}", "kind", "n").alias("told"))
    return told.group_by(_REMIT_CLAIM).agg(lines=pl.col("told").str.join(", "))


def decisions(store: Store) -> Sheet:
    """What people decided of matches and money held, or had written: in order, a row a decision,
    whatever lines it is about."""
    told = named(store, numbered(store, store.load("decisions")))
    rows = told.select(
        "decision",
        "decided_at",
        "actor",
        _did(),
        "payment",
        "returned",
        "claim",
        "lines",
        "tier",
        "note",
        reference=composed("{}:{}", "file_id", pl.coalesce("remit_claim_offset", "payment_offset")),
    )
    fields = (
        Field("NO", "decision", "number"),
        Field("AT", "decided_at"),
        Field("WHO", "actor"),
        Field("DID", "verb"),
        Field("PAYMENT", "payment"),
        Field("RETURNED AS", "returned"),
        Field("CLAIM", "claim"),
        Field("LINES", "lines"),
        Field("REFERENCE", "reference"),
        Field("NOTE", "note"),
    )
    return Sheet("", rows, fields, none="nobody has decided anything")


def _did() -> pl.Expr:
    """The verb as it was given: a link that has a tier accepted the program's proposal."""
    accepted = (pl.col("verb") == "link") & pl.col("tier").is_not_null()
    return (
        pl.when(accepted)
        .then(pl.lit("accept"))
        .otherwise(pl.col("verb").replace(_VERBS))
        .alias("verb")
    )
