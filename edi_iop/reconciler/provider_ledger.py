"""Adjustments that belong to no claim (835 PLB), threaded across payments by what they refer to.

A positive amount lowers the payment. Which claim a reference (PLB03-2) names is told by
references.named. A balance carried forward (FB) belongs to the provider's own thread
until it comes to nothing.
"""

from __future__ import annotations

import polars as pl

from edi_iop.codes import codes
from edi_iop.reconciler.accounts import SENT
from edi_iop.reconciler.contents import PAYMENT
from edi_iop.reconciler.features import characters
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.references import PLB, named
from edi_iop.texts import composed

TAKES_BACK = ("recovery", "refund", "adjustment")
FORWARD = "forward"
_ORDER = ("effective_on", "trace_number", "content")


def provider_postings(
    remits: Tables, paid: pl.DataFrame, events: pl.DataFrame, claims: pl.DataFrame
) -> pl.DataFrame:
    """tables.PROVIDER_POSTINGS with account_key, of payments that are posted or held.

    paid: duplicates.payment_standings. events: events.told. claims: tables.CLAIMS.
    """
    rows = _of_payments(remits, paid)
    return _threaded(rows.join(named(rows, events, claims), on=PLB, how="left"))


def threaded_again(remits: Tables, paid: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """All of them with their balances, where the claims they name are known already.

    known: tables.PROVIDER_POSTINGS of these adjustments; one that is not in it names none.
    """
    accounts = ("account", *SENT)
    about = known.select(*PLB, *accounts)
    return _threaded(_of_payments(remits, paid).join(about, on=PLB, how="left"))


def _of_payments(remits: Tables, paid: pl.DataFrame) -> pl.DataFrame:
    """Adjustments of payments that are posted or held, with what they do."""
    of_payment = paid.filter(pl.col("standing").is_in(["posted", "held"])).select(
        *PAYMENT, "payer", "trace_number", "standing", "content", effective_on="payment_date"
    )
    roles = {code: one.role for code, one in codes("plb").items() if one.role}
    known = list(codes("plb"))
    return (
        remits["provider_adjustments"]
        .join(of_payment, on=PAYMENT)
        .with_columns(
            amount_cents=pl.col("amount_cents").fill_null(0),
            role=pl.when(pl.col("reason").is_in(known))
            .then(pl.col("reason").replace_strict(roles, default="other", return_dtype=pl.String))
            .otherwise(pl.lit("unknown")),
        )
    )


def taken_back(postings: pl.DataFrame) -> pl.DataFrame:
    """payer, account_key, recovered_cents: what adjustments of posted payments took back; and
    taken_so_far: what they had after each payment, less what later ones gave back."""
    posted = pl.col("standing") == "posted"
    account = ("payer", "account_key")
    so_far = pl.col("amount_cents").cum_sum()
    return (
        postings.filter(posted, pl.col("account_key").is_not_null(), _takes_back())
        .sort(*account, *_ORDER, nulls_last=True)
        .group_by(*account, *PAYMENT, maintain_order=True)
        .agg(pl.col("amount_cents").sum())
        .group_by(account, maintain_order=True)
        .agg(
            recovered_cents=pl.col("amount_cents").sum(),
            taken_so_far=so_far.filter(so_far == so_far.cum_min(reverse=True)),
        )
    )


def _takes_back() -> pl.Expr:
    return pl.col("role").is_in(TAKES_BACK)


def _whose() -> pl.Expr:
    """A number as returned may be that of a claim sent which the answer is not tied to."""
    sent = pl.col("claim_offset").is_not_null()
    return pl.when(sent).then(pl.lit("claim")).otherwise(pl.lit("unmatched"))


def _threaded(rows: pl.DataFrame) -> pl.DataFrame:
    """thread and its running balance; an adjustment that refers to nothing is its own thread."""
    about = (
        pl.when(pl.col("role") == FORWARD)
        .then(pl.lit("carried forward"))
        .when(_takes_back() & pl.col("account").is_not_null())
        .then(composed("{} {}", _whose(), "account"))
        .when(pl.col("reference").is_not_null())
        .then(composed("{} {}", "role", characters("reference")))
        .otherwise(composed("{} of payment {}", "role", pl.col("trace_number").fill_null("?")))
    )
    provider = pl.col("provider_id").fill_null("?")
    thread = composed("{} of {}: {}", "payer", provider, about)
    running = pl.when(pl.col("standing") == "posted").then("amount_cents").otherwise(0)
    return (
        rows.with_columns(thread=thread.fill_null(about))
        .sort("thread", *_ORDER, *PLB, nulls_last=True)
        .with_columns(balance_cents=running.cum_sum().over("thread"))
    )
