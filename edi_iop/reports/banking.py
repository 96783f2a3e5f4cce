"""Payments and the bank: which deposit is which payment."""

from __future__ import annotations

import polars as pl

from edi_iop.money import to_dollars
from edi_iop.reconciler.bank import RETURNED, STATES, bank
from edi_iop.reports import shapes
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart, dollars
from edi_iop.store import Store
from edi_iop.texts import composed

OPEN = ("deposit without remit", "remit without deposit", RETURNED, "amount differs")
_PAYMENT = ("file_id", "payment_offset")


def reconciled(question: Question) -> Sheet:
    """Every payment against the bank's entries, and every entry that no payment explains."""
    store = question.store
    deposits = pl.concat([store.load("deposits"), question.deposits])
    told = bank(once(store), store.load("remit_claims"), deposits)
    since = pl.coalesce("payment_date", "deposit_date")
    rows = (
        told.with_columns(
            days=pl.when(pl.col("state").is_in(OPEN)).then(
                (pl.lit(question.as_of) - since).dt.total_days().clip(0)
            ),
            file=pl.col("file_id").cast(pl.String),
            deposit_file=pl.col("deposit_file").cast(pl.String),
        )
        .drop("file_id")
        .sort(shapes.rank("state", STATES), since, "payment", nulls_last=True)
    )
    return Sheet(
        f"Bank as of {question.as_of}",
        rows,
        (
            Field("STATE", "state", "flag"),
            Field("PAYMENT", "payment"),
            Field("PAYER", "payer", widest=18),
            Field("PAID", "payment_date"),
            Field("AMOUNT", "amount_cents", "money"),
            Field("DEPOSIT", "deposit_cents", "money"),
        ),
        (Field("", "says"),),
        people=rows.with_columns(_says()),
        none="no payments and no deposits yet",
        closing=_closing(rows, deposits.is_empty()),
        summed=_summed(rows),
        charts=(
            chart(rows, "state", "Payments, by state", "amount_cents"),
            chart(rows.filter(pl.col("deposit_cents").is_not_null()), "state",
                  "Entries of the bank and payments, by state"),
        ),
    )  # fmt: skip


def _summed(rows: pl.DataFrame) -> tuple[str, ...]:
    """One deposit of several payments stands beside each of them: its column has no sum then."""
    alone = not (rows["sharing"].fill_null(1) > 1).any()
    return ("amount_cents", "deposit_cents", "difference_cents") if alone else ("amount_cents",)


def once(store: Store) -> pl.DataFrame:
    """Payments, each once: those that the ledger posts or holds, and those it has not seen yet."""
    apart = store.load("payment_standings").filter(
        pl.col("standing").is_in(["duplicate", "rejected"])
    )
    return store.load("payments").join(apart, on=_PAYMENT, how="anti", maintain_order="left")


def _says() -> pl.Expr:
    """By what a pair was found, and what is off."""
    off = dollars(pl.col("difference_cents"))
    shared = composed("one deposit of {} payments", "sharing")
    return pl.concat_str(
        composed("booked {}", "deposit_date"),
        composed("by {}", "how"),
        pl.when(pl.col("deposit_date").is_not_null() & (pl.col("sharing") > 1)).then(shared),
        composed("taken out again: {}", dollars(-pl.col("taken_out_cents"))),
        pl.when(pl.col("difference_cents") != 0).then(composed("deposit less payment: {}", off)),
        pl.when(pl.col("state") == "deposit without remit").then(
            composed("line {} of the bank's list", "deposit_row")
        ),
        composed(
            "open for {} {}",
            "days",
            pl.when(pl.col("days") == 1).then(pl.lit("day")).otherwise(pl.lit("days")),
        ),
        separator="; ",
        ignore_nulls=True,
    ).alias("says")


def unseen_cents(rows: pl.DataFrame) -> int:
    """What payments say more than the bank has of them. rows: reconciler.bank.

    One deposit of several payments lacks the same beside each of them: it counts once.
    """
    less = (-pl.col("difference_cents")).clip(lower_bound=0) / pl.col("sharing")
    unseen = (
        pl.when(pl.col("state") == "remit without deposit")
        .then("amount_cents")
        .when(pl.col("state").is_in([RETURNED, "amount differs"]))
        .then(less)
    )
    return int(rows.select(unseen.sum().round()).item())


def _closing(rows: pl.DataFrame, unlisted: bool) -> str:
    if rows.is_empty():
        return ""
    counts = shapes.counted(rows, "state", STATES, "row")
    told = f"{counts}; {to_dollars(unseen_cents(rows))} paid and not seen at the bank"
    return (
        f"{told}; no deposit list yet: put one into inbox/ or add --deposits FILE"
        if unlisted
        else told
    )
