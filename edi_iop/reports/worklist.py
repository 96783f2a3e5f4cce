"""What to work first: one row a claim and remedy, ranked by what is to be had, the chance and the time left."""

from __future__ import annotations

import polars as pl

from edi_iop.money import to_dollars
from edi_iop.reconciler.take_backs import open_take_backs
from edi_iop.reports.question import Question, open_denials, ranked_now
from edi_iop.reports.shapes import deadline, reason_codes
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart, dollars
from edi_iop.texts import composed

_TASK = ("claim", "payer", "disposition", "remedy")
_DONE = ("nothing",)
"""Dispositions that ask for no work."""


def worklist(question: Question) -> Sheet:
    """Denied and reduced lines as tasks, and money taken back.

    A task is the lines of a claim that one letter or one claim settles.
    """
    store = question.store
    taken = open_take_backs(
        *(store.load(name) for name in ("accounts", "postings", "provider_postings", "claims"))
    )
    return tasks(open_denials(question), ranked_now(question, _to_ask_for(taken)))


def _to_ask_for(taken: pl.DataFrame) -> pl.DataFrame:
    """Money taken back as rows to rank: nobody has said why, nor by when it can be disputed."""
    return taken.select(
        "claim",
        "payer",
        "charge_cents",
        recoverable_cents="taken_back_cents",
        carc=pl.lit(None, pl.String),
        reason="how",
        category=pl.lit("taken back"),
        disposition=pl.lit("find why taken back"),
        remedy=pl.lit("appeal_or_rebill"),
        next_step=composed(
            "Find why {} was taken back; appeal it, or rebill the claim.",
            dollars(pl.col("taken_back_cents")),
        ),
        deadline=pl.lit(None, pl.Date),
        deadline_source=pl.lit("unknown: nothing says by when a take-back can be disputed"),
    )


def tasks(verdicts: pl.DataFrame, taken_back: pl.DataFrame | None = None) -> Sheet:
    """The tasks that ranked verdicts (tables.VERDICTS) and ranked take-backs make."""
    rows = _tasks(verdicts)
    if taken_back is not None and taken_back.height:
        rows = pl.concat([rows, _alike(taken_back, rows)])
    rows = rows.sort(
        -pl.col("priority"), "deadline", -pl.col("charge_cents"), "claim",
        nulls_last=True, maintain_order=True,
    )  # fmt: skip
    people = rows.with_columns(
        odds=composed("{} % (n {})", (pl.col("chance") * 100).round().cast(pl.Int64), "chance_n"),
        count=pl.col("lines").list.len().replace(0, None),
        by=deadline(),
        why=_why(),
    )
    return Sheet(
        "",
        rows,
        (
            Field("PRIORITY", "priority", "money"),
            Field("CLAIM", "claim"),
            Field("PAYER", "payer"),
            Field("LINES", "count", "number"),
            Field("RECOVER", "recoverable_cents", "money"),
            Field("CHANCE", "odds", "number"),
            Field("BY", "by"),
            Field("DO", "disposition"),
        ),
        (Field("", "why"), Field("next", "next_step")),
        people=people,
        none="nothing to work",
        summed=("recoverable_cents", "charge_cents"),
        closing=_closing(rows),
        charts=(
            chart(rows, "disposition", "To recover, by what to do", "recoverable_cents"),
            chart(rows, "category", "To recover, by category", "recoverable_cents"),
            chart(rows, "payer", "To recover, by payer", "recoverable_cents"),
        ),
    )


def _tasks(verdicts: pl.DataFrame) -> pl.DataFrame:
    """One row a claim and remedy; amounts are sums, the first deadline counts."""
    open_ones = verdicts.filter(~pl.col("disposition").is_in(_DONE).fill_null(False))
    worth = pl.col("recoverable_cents")
    return (
        open_ones.with_columns(reason=reason_codes())
        .sort(-pl.col("priority"), "claim", "line", nulls_last=True)
        .group_by(_TASK, maintain_order=True)
        .agg(
            priority=pl.when(worth.is_not_null().any()).then(pl.col("priority").sum()),
            recoverable_cents=pl.when(worth.is_not_null().any()).then(worth.sum()),
            unpriced=worth.is_null().sum().cast(pl.Int64),
            charge_cents=pl.col("charge_cents").sum(),
            lines=pl.col("line").drop_nulls().unique().sort(),
            dates=pl.col("service_date").drop_nulls().unique().sort(),
            deadline=pl.col("deadline").min(),
            deadline_source=pl.col("deadline_source").sort_by("deadline", nulls_last=True).first(),
            rules=pl.col("rule").drop_nulls().unique(maintain_order=True),
            causes=pl.col("cause").unique(maintain_order=True),
            category=pl.col("category").first(),
            reason=pl.col("reason").first(),
            chance=pl.col("chance").max(),
            chance_n=pl.col("chance_n").max(),
            chance_basis=pl.col("chance_basis").first(),
            next_step=pl.col("next_step").first(),
        )
        .select("priority", *_TASK, pl.exclude("priority", *_TASK))
    )


def _alike(taken_back: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Take-backs as tasks: of a claim, not of some of its lines."""
    whole = taken_back.with_columns(causes=pl.lit(["unknown"]), unpriced=pl.lit(0, pl.Int64))
    absent = [
        pl.lit([] if dtype.base_type() is pl.List else None, dtype).alias(name)
        for name, dtype in rows.schema.items()
        if name not in whole.columns
    ]
    return whole.with_columns(absent).select(pl.col(n).cast(t) for n, t in rows.schema.items())


def _why() -> pl.Expr:
    """`CO-197 M62, authorization; cause: payer (AUTH-01); paid later: ...`."""
    rules = pl.col("rules").list.join(", ")
    return composed(
        "{}, {}; cause: {}{}; {}",
        "reason",
        "category",
        pl.col("causes").list.join(", "),
        pl.when(rules == "").then(pl.lit("")).otherwise(composed(" ({})", rules)),
        "chance_basis",
    )


def _closing(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return ""
    worth = to_dollars(int(rows["recoverable_cents"].sum()))
    unpriced = int(rows["unpriced"].sum())
    beside = f"; {unpriced:,} lines of unknown worth" if unpriced else ""
    return f"{rows.height:,} to do; {worth} to recover{beside}"
