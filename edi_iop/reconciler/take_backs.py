"""Money that came and went again: reversed or recovered, with no later answer that explains it.

A reversal (835 CLP02 22) with nothing after it, and a provider adjustment (PLB WO and
its like) beyond what a later answer to the claim pays instead, leave money open that
somebody must ask for again. They are no denials: no line of theirs says why.
"""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.accounts import SENT
from edi_iop.reconciler.provider_ledger import TAKES_BACK
from edi_iop.texts import composed

_ACCOUNT = ("payer", "account", *SENT)
RECOVERED = ("taken back", "taken back in part")
"""States of tables.ACCOUNTS; a reversed one is the other kind."""
_IN_PLACE = ("7", "8")
"""CLM05-3 of a claim that replaces or voids the one whose payer's number it names (REF F8)."""


def recovered(accounts: pl.DataFrame) -> pl.DataFrame:
    """SENT and taken_back_cents: what adjustments took of claims beyond what answers explain.

    accounts: tables.ACCOUNTS.
    """
    taken = accounts.filter(
        pl.col("state").is_in(RECOVERED), pl.col("claim_offset").is_not_null()
    ).group_by(SENT)
    return taken.agg(taken_back_cents=-pl.col("credit_cents").sum())


def open_take_backs(
    accounts: pl.DataFrame, postings: pl.DataFrame, beside: pl.DataFrame, claims: pl.DataFrame
) -> pl.DataFrame:
    """claim, payer (of the claim as sent), charge_cents, taken_back_cents and how, a row an account.

    accounts, postings, beside: tables.ACCOUNTS, POSTINGS and PROVIDER_POSTINGS. claims:
    tables.CLAIMS; of one that another of ours replaces or voids nothing is open.
    """
    posted = pl.col("standing") == "posted"
    reversals = postings.filter(posted, pl.col("event") == "reversal").select(
        *_ACCOUNT,
        "effective_on",
        cents=-pl.col("paid_cents"),
        how=composed("reversed by payment {}", pl.col("trace_number").fill_null("?")),
    )
    adjusted = beside.filter(
        posted, pl.col("role").is_in(TAKES_BACK), pl.col("amount_cents") > 0
    ).select(
        *_ACCOUNT,
        "effective_on",
        cents=pl.lit(0, pl.Int64),
        how=composed(
            "PLB {} {} of payment {}",
            "reason",
            pl.col("reference").fill_null("without reference"),
            pl.col("trace_number").fill_null("?"),
        ),
    )
    taken = (
        pl.concat([reversals, adjusted])
        .sort("effective_on", "how", nulls_last=True)
        .group_by(_ACCOUNT)
        .agg(reversed_cents=pl.col("cents").sum(), how=pl.col("how").str.join(", "))
    )
    reversed_ = pl.col("state") == "reversed"
    rows = (
        accounts.filter(reversed_ | pl.col("state").is_in(RECOVERED))
        .drop("charge_cents")
        .join(_as_sent(claims), on=SENT)
        .join(taken, on=_ACCOUNT)
        .with_columns(
            taken_back_cents=pl.when(reversed_)
            .then("reversed_cents")
            .otherwise(-pl.col("credit_cents"))
        )
        .filter(pl.col("taken_back_cents") > 0)
        .select("claim", "sent_to", "charge_cents", "taken_back_cents", "how", "payer_claim_number")
        .rename({"sent_to": "payer"})
    )
    replaced = rows.join(_in_place(claims), on="payer_claim_number").filter(
        pl.col("claim") != pl.col("later")
    )
    return rows.join(replaced, on="claim", how="anti", maintain_order="left")


def _as_sent(claims: pl.DataFrame) -> pl.DataFrame:
    return claims.select(
        "claim", "charge_cents", claim_file_id="file_id", claim_offset="claim_offset",
        sent_to="payer_id",
    )  # fmt: skip


def _in_place(claims: pl.DataFrame) -> pl.DataFrame:
    """payer_claim_number and later: claims of ours that took the place of the payer's one so numbered.

    Some payers answer a replacement under the number of what it replaces.
    """
    later = claims.filter(pl.col("frequency").is_in(_IN_PLACE))
    return later.select("payer_claim_number", later="claim").drop_nulls()
