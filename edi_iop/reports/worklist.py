"""What to work first: one row a claim and remedy, ranked by what is to be had, the chance and the time left."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

from edi_iop.money import to_dollars
from edi_iop.reconciler.chances import TOLD
from edi_iop.reconciler.priority import Ranks
from edi_iop.reconciler.take_backs import open_take_backs
from edi_iop.reports.question import Question
from edi_iop.reports.shapes import deadline, reason_codes
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart, dollars
from edi_iop.reports.written import with_written
from edi_iop.texts import composed

_TASK = ("claim", "payer", "disposition", "remedy")
_DONE = ("nothing",)
"""Dispositions that ask for no work."""
_AT_ONCE = 250_000
_LINE = ("file_id", "remit_claim_offset", "remit_line_offset")
_OF_VERDICT = (
    "line", "service_date", "charge_cents", "group", "carc", "reasons", "rarcs", "rule", "cause",
    "category", "recoverable_cents", "deadline", "deadline_source",
)  # fmt: skip
_OF_CLAIM = (
    "file_id",
    "claim_offset",
    "claim",
    "charge_cents",
    "payer_id",
    "frequency",
    "payer_claim_number",
)
"""What a task is made of, and a take-back."""
_FEW = (
    "payer", "disposition", "remedy", "rule", "cause", "category", "reason", "deadline_source", "chance_basis",
)  # fmt: skip
"""Texts that many lines have in common: a number each is held, millions of which have room."""


def worklist(question: Question) -> Sheet:
    """Denied and reduced lines as tasks, and money taken back.

    A task is the lines of a claim that one letter or one claim settles. The lines are read so many
    at a time, and of each task the next step alone.
    """
    store = question.store
    taken = open_take_backs(
        store.load("accounts"),
        store.load("postings"),
        store.load("provider_postings"),
        store.load("claims", _OF_CLAIM),
    )
    ranks = Ranks(store.load("refusals", TOLD), question.as_of)
    parts = [
        _open(ranks.ranked(rows)).with_columns(pl.col(_FEW).cast(pl.Categorical))
        for rows in store.parts("verdicts", (*_TASK, *_OF_VERDICT), _AT_ONCE)
    ]
    rows = _tasks(pl.concat(parts), "row")
    plain = [cs.by_dtype(pl.Categorical).cast(pl.String),
             pl.col("rules", "causes").cast(pl.List(pl.String))]  # fmt: skip
    first = store.at("verdicts", rows["row"], (*_LINE, "next_step"))
    steps = with_written(first, store.load("decisions"))["next_step"]
    told = rows.with_columns(*plain).drop("row").with_columns(steps)
    return _sheet(told, ranks.ranked(_to_ask_for(taken)))


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
    return _sheet(_tasks(_open(verdicts), "next_step"), taken_back)


def _sheet(rows: pl.DataFrame, taken_back: pl.DataFrame | None) -> Sheet:
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


def _open(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The ranked verdicts that ask for work, with their reason."""
    asks = ~pl.col("disposition").is_in(_DONE).fill_null(False)
    told = verdicts.filter(asks).with_columns(reason=reason_codes())
    return told.drop("group", "carc", "reasons", "rarcs")


def _tasks(open_ones: pl.DataFrame, step: str) -> pl.DataFrame:
    """One row a claim and remedy; amounts are sums, the first deadline counts. step: what is told of
    the first line alone."""
    worth = pl.col("recoverable_cents")
    return (
        open_ones.sort(-pl.col("priority"), "claim", "line", nulls_last=True)
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
            **{step: pl.col(step).first()},
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
