"""The ledger: a pure fold over remits, as of any date, whatever order they arrived in.

Remits are events that never change. What became of each payment, what each remit
claim did to its account, what adjustments of the provider took back and where each
claim stands now are computed from all of them. To the cent and payment by payment:

    amount = posted - provider adjustments + held
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import msgspec
import polars as pl

from edi_iop.reconciler import accounts, events, provider_ledger
from edi_iop.reconciler.accounts import AMOUNTS, EVENT, SENT
from edi_iop.reconciler.contents import CLAIM, PAYMENT
from edi_iop.reconciler.events import ACCOUNT
from edi_iop.reconciler.given import Tables, remit_tables
from edi_iop.tables import ACCOUNTS, PAYMENT_STANDINGS, POSTINGS, PROVIDER_POSTINGS


class Ledger(msgspec.Struct, frozen=True):
    """The four tables of tables.ledger that are folded from remits."""

    payments: pl.DataFrame
    postings: pl.DataFrame
    provider_postings: pl.DataFrame
    accounts: pl.DataFrame


def on_date(remits: Tables, as_of: date | None) -> dict[str, pl.DataFrame]:
    """The remits of payments up to a date; those without a date count from the first."""
    whole = remit_tables(remits)
    if as_of is None:
        return whole
    return without(whole, later(whole["payments"], as_of))


def later(payments: pl.DataFrame, day: date) -> pl.DataFrame:
    """PAYMENT of those of a later date than this day."""
    return payments.filter(pl.col("payment_date") > day).select(PAYMENT)


def without(remits: Tables, payments: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The remits without these payments (PAYMENT) and all that stands in them."""
    if payments.is_empty():
        return dict(remits)  # as on most days: no copy is made
    claims = remits["remit_claims"].join(payments, on=PAYMENT, how="semi").select(CLAIM)
    return {
        name: rows.join(
            payments if "payment_offset" in rows.columns else claims,
            on=PAYMENT if "payment_offset" in rows.columns else CLAIM,
            how="anti",
            maintain_order="left",
        )
        for name, rows in remits.items()
    }


def fold(
    remits: Tables,
    paid: pl.DataFrame,
    matches: pl.DataFrame,
    claims: pl.DataFrame,
    decisions: pl.DataFrame,
    replacing: Collection[str] = (),
) -> Ledger:
    """The ledger of these remits.

    paid: duplicates.payment_standings of them. matches: tables.MATCHES of those that
    are no duplicates. claims: tables.CLAIMS as sent. decisions: tables.DECISIONS. replacing:
    payers (ids) whose second payment takes the first one's place without a reversal.
    """
    allotted = accounts.shares(remits, matches, claims)
    told = events.told(remits, paid, allotted)
    answered_again = told.filter(~pl.col("alone")).select(EVENT)
    said = accounts.said_lines(remits, matches, allotted.join(answered_again, on=EVENT, how="semi"))
    beside = provider_ledger.provider_postings(remits, paid, told, claims)
    recovered = provider_ledger.taken_back(beside)
    judged = events.judged(told, said, recovered, _released(decisions), replacing)
    return Ledger(
        payments=PAYMENT_STANDINGS.conform(payment_sums(paid, judged)),
        postings=POSTINGS.conform(judged),
        provider_postings=PROVIDER_POSTINGS.conform(beside),
        accounts=ACCOUNTS.conform(_accounts(judged, said, recovered)),
    )


def counted(remits: Tables, ledger: Ledger) -> dict[str, pl.DataFrame]:
    """The remits whose money is posted: what answers to lines are read from."""
    held = ledger.postings.filter(pl.col("standing") == "held").select(CLAIM)
    kept = ledger.payments.filter(pl.col("standing") != "posted").select(PAYMENT)
    rest = without(remit_tables(remits), kept)
    if held.is_empty():
        return rest
    return {
        name: rows.join(held, on=CLAIM, how="anti", maintain_order="left")
        if "remit_claim_offset" in rows.columns
        else rows
        for name, rows in rest.items()
    }


def _released(decisions: pl.DataFrame) -> pl.DataFrame:
    """Remit claims that a person lets count."""
    of_claims = decisions.filter(
        pl.col("remit_claim_offset").is_not_null(), pl.col("verb").is_in(["release", "undo"])
    )
    last = of_claims.sort("decision").unique(CLAIM, keep="last")
    return last.filter(pl.col("verb") == "release").select(CLAIM)


def payment_sums(paid: pl.DataFrame, postings: pl.DataFrame) -> pl.DataFrame:
    """What of each payment is posted, set off and held; a duplicate has no effect.

    postings: tables.POSTINGS of all claims of these payments.
    """
    posted = pl.col("standing") == "posted"
    inside = postings.group_by(PAYMENT).agg(
        posted=pl.col("paid_cents").filter(posted).sum(),
        kept=pl.col("paid_cents").filter(~posted).sum(),
    )
    counts, waits = posted, pl.col("standing") == "held"
    rows = paid.join(inside, on=PAYMENT, how="left", maintain_order="left").with_columns(
        pl.col("posted", "kept").fill_null(0)
    )
    return rows.with_columns(
        posted_cents=pl.when(counts).then("posted").otherwise(0),
        provider_adjustment_cents=pl.when(counts).then("plb_cents").otherwise(0),
        held_cents=pl.when(counts)
        .then(pl.col("kept") + pl.col("rest_cents"))
        .when(waits)
        .then("amount_cents")
        .otherwise(0),
    ).sort(PAYMENT)


def _accounts(judged: pl.DataFrame, said: pl.DataFrame, recovered: pl.DataFrame) -> pl.DataFrame:
    """Each claim as its payers' answers leave it."""
    posted = pl.col("standing") == "posted"
    summed = (
        judged.sort(*ACCOUNT, "sequence")
        .group_by(*ACCOUNT, maintain_order=True)
        .agg(
            pl.col("account", *SENT).first(),
            pl.col("payer_claim_number").drop_nulls().last(),
            events=pl.len(),
            last_on=pl.col("effective_on").max(),
            posted_cents=pl.col("paid_cents").filter(posted).sum(),
            held_cents=pl.col("paid_cents").filter(~posted).sum(),
            interest_cents=pl.col("interest_cents").filter(posted).sum(),
            waiting=(~posted).any(),
            reversed=(posted & pl.col("reversal")).any(),
            repeated=(posted & pl.col("repeated")).any(),
            standing=pl.col("current").any(),
        )
    )
    now = events.standing_amounts(judged.filter(posted), said)
    return (
        summed.join(now, on=ACCOUNT, how="left", maintain_order="left")
        .join(recovered, on=ACCOUNT, how="left", maintain_order="left")
        .with_columns(pl.col(*AMOUNTS, "recovered_cents").fill_null(0))
        .with_columns(
            answered_cents="paid_cents",
            credit_cents=pl.col("posted_cents") - pl.col("recovered_cents") - pl.col("paid_cents"),
        )
        .with_columns(state=_state())
        .sort("last_on", "account", "payer", nulls_last=True)
    )


def _state() -> pl.Expr:
    """Where a claim stands with its payer.

    Taken back: provider adjustments took more than later answers explain; all that the
    payer says it pays, or part of it. Left to the patient: nothing paid, and nothing refused
    beside the patient's share and what the contract takes off.
    """
    unexplained = -pl.col("credit_cents")
    paid = pl.col("standing") & (pl.col("paid_cents") > 0)
    recovered = paid & (pl.col("recovered_cents") > 0) & (unexplained > 0)
    return (
        pl.when(recovered & (unexplained >= pl.col("paid_cents")))
        .then(pl.lit("taken back"))
        .when(recovered)
        .then(pl.lit("taken back in part"))
        .when(pl.col("standing") & (pl.col("paid_cents") != 0))
        .then(pl.lit("paid"))
        .when(pl.col("standing") & (pl.col("patient_cents") > 0) & (pl.col("refused_cents") == 0))
        .then(pl.lit("left to the patient"))
        .when("standing")
        .then(pl.lit("nothing paid"))
        .when("waiting")
        .then(pl.lit("held"))
        .when("reversed")
        .then(pl.lit("reversed"))
        .when("repeated")
        .then(pl.lit("answered before"))
        .otherwise(pl.lit("no money"))
    )
