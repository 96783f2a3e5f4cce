"""What people decided of one claim's answers: matches made and undone by hand, money let count."""

from __future__ import annotations

import polars as pl

from edi_iop.store import Store
from edi_iop.texts import composed

DID = {
    "link": "matched by hand",
    "unlink": "match undone",
    "release": "released",
    "reject": "payment rejected",
    "undo": "release undone",
}
"""Decisions (tables.DECISIONS verb) as events of a claim."""
_REMIT_CLAIM = ("file_id", "remit_claim_offset")
_REMIT_LINE = (*_REMIT_CLAIM, "remit_line_offset")
_PAYMENT = ("file_id", "payment_offset")
_SENT = ("claim_file_id", "claim_offset")


def decided(store: Store, number: str, answers: pl.DataFrame) -> pl.DataFrame:
    """Decisions about a claim, in order: on (the day), did (DID), says, file_id, byte_offset.

    answers: the remit claims that are now the claim's (_PAYMENT, _REMIT_CLAIM). A match is the
    claim's also where the answer came under its number and was tied to another one by hand.
    """
    verbs = pl.col("verb").is_in(list(DID))
    told = named(store, numbered(store, store.load("decisions").filter(verbs)))
    whole, matching = pl.col("remit_claim_offset").is_null(), pl.col("claim").is_not_null()
    its = (pl.col("claim") == number) | (pl.col("returned") == number)
    about = [
        told.filter(matching, its),
        told.filter(~matching, ~whole).join(answers, on=_REMIT_CLAIM, how="semi"),
        told.filter(whole).join(answers, on=_PAYMENT, how="semi"),
    ]
    return (
        pl.concat(about)
        .sort("decision")
        .select(
            on=pl.col("decided_at").str.head(10).str.to_date(strict=False),
            did=pl.col("verb").replace_strict(DID, return_dtype=pl.String),
            says=_says(),
            file_id="file_id",
            byte_offset=pl.coalesce("remit_claim_offset", "payment_offset"),
        )
    )


def named(store: Store, told: pl.DataFrame) -> pl.DataFrame:
    """Decisions with the numbers of what they are about: claim (as sent), returned, payment."""
    sent = store.among(
        "claims",
        told.select(file_id="claim_file_id", claim_offset="claim_offset"),
        ("file_id", "claim_offset", "claim"),
    ).rename({"file_id": "claim_file_id"})
    answers = store.among(
        "remit_claims", told.select(_REMIT_CLAIM), (*_REMIT_CLAIM, "payment_offset", "claim")
    ).rename({"payment_offset": "of_payment", "claim": "returned"})
    whose = (
        told.join(sent, on=_SENT, how="left", maintain_order="left")
        .join(answers, on=_REMIT_CLAIM, how="left", maintain_order="left")
        .with_columns(pl.coalesce("payment_offset", "of_payment"))
        .drop("of_payment")
    )
    paid = store.among("payments", whose.select(_PAYMENT), (*_PAYMENT, "trace_number"))
    payments = paid.rename({"trace_number": "payment"})
    return whose.join(payments, on=_PAYMENT, how="left", maintain_order="left")


def numbered(store: Store, decisions: pl.DataFrame) -> pl.DataFrame:
    """The decisions, one row each in order, with the lines each is about: those of a match made or
    undone (2=1: the answer's second is to the claim's first), or the claim's lines of a letter."""
    returned = store.among(
        "remit_lines", decisions.select(_REMIT_LINE).unique(), (*_REMIT_LINE, "position")
    )
    keys = decisions.select(file_id="claim_file_id", claim_offset="claim_offset").unique()
    sent = store.among("claim_lines", keys, ("file_id", "line_offset", "line"))
    own = sent.rename({"file_id": "claim_file_id"})
    pair = composed("{}={}", "position", "line")
    told = (
        decisions.join(_tied(store, decisions), on="decision", how="left")
        .with_columns(pl.coalesce("line_offset", "tied_offset"))
        .join(returned, on=_REMIT_LINE, how="left")
        .join(own, on=("claim_file_id", "line_offset"), how="left")
        .with_columns(
            lines=pl.when(pl.col("verb") == "write")
            .then(pl.col("line").cast(pl.String))
            .otherwise(pair)
        )
        .sort("decision", "line")
    )
    one = [
        name
        for name in decisions.columns
        if name not in ("decision", "remit_line_offset", "line_offset", "tier")
    ]
    # all that one command decided is one decision, and stands together: two may come in one second
    turns = told.with_columns(turn=pl.struct(one).rle_id())
    return (
        turns.group_by(*one, "turn", maintain_order=True)
        .agg(
            pl.col("decision", "tier").first(),
            lines=pl.col("lines")
            .drop_nulls()
            .unique(maintain_order=True)
            .str.join(", ")
            .replace("", None),
        )
        .drop("turn")
    )


def _tied(store: Store, decisions: pl.DataFrame) -> pl.DataFrame:
    """decision, tied_offset: the claim's lines that what was written is about."""
    about = decisions.filter(pl.col("verb") == "write").select("decision", *_REMIT_LINE)
    lines = store.among(
        "matches", about.select(_REMIT_CLAIM).unique(), (*_REMIT_LINE, "line_offset")
    )
    return about.join(lines, on=_REMIT_LINE).select("decision", tied_offset="line_offset")


def _says() -> pl.Expr:
    """`answer returned as LOST, payment 7700123, claim C1, lines 1=2 by kim: same day`."""
    return composed(
        "{}payment {}{}{} by {}{}",
        composed("answer returned as {}, ", "returned").fill_null(""),
        pl.col("payment").fill_null("?"),
        composed(", claim {}", "claim").fill_null(""),
        composed(", lines {}", "lines").fill_null(""),
        "actor",
        composed(": {}", "note").fill_null(""),
    )
