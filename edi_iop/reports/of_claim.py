"""What a store holds of one claim, found by its keys: in a store of millions as fast as in a small one."""

from __future__ import annotations

import msgspec
import polars as pl

from edi_iop.reconciler.acknowledged import SUBMISSION
from edi_iop.store import Store

_CLAIM = ("file_id", "claim_offset")
_REMIT_CLAIM = ("file_id", "remit_claim_offset")
_PAYMENT = ("file_id", "payment_offset")
_ANSWER = ("file_id", "byte_offset")
_DIGITS = 9
"""ISA13 has so many, GS06 at most."""


class OfClaim(msgspec.Struct, frozen=True):
    """A claim by its number, and what answers it."""

    number: str
    sent: pl.DataFrame
    """tables.CLAIMS under the number."""
    answers: pl.DataFrame
    """tables.REMIT_CLAIMS matched to the claim (CLP), and repeats of those.

    What was but returned under the number of a claim of ours is not that claim's.
    """
    left_out: int
    """How many answers were returned under the number of a claim of ours and are tied to none."""


def of_claim(store: Store, number: str) -> OfClaim:
    """The claim of a number, as sent and answered; empty where there is none."""
    sent = store.load("claims", claim=number)
    named = store.load("remit_claims", claim=number)
    whole = _whole(store, named.select(_REMIT_CLAIM))
    loose = named.join(whole.filter(pl.col("claim_file_id").is_null()), on=_REMIT_CLAIM, how="semi")
    # a payment without effect is not matched: a repeat is what it repeats
    idle = named.join(whole, on=_REMIT_CLAIM, how="anti")
    if sent.is_empty():
        return OfClaim(number, sent, pl.concat([loose, idle]), 0)
    own = _whole(store, sent.select(claim_file_id="file_id", claim_offset="claim_offset"))
    tied = store.among("remit_claims", own.select(_REMIT_CLAIM))
    standings = store.among("payment_standings", idle.select(_PAYMENT))
    repeats = standings.filter(pl.col("standing") == "duplicate")
    of_loose = repeats.join(
        loose, left_on=["same_file", "same_offset"], right_on=_PAYMENT, how="semi"
    )
    idle = idle.join(of_loose, on=_PAYMENT, how="anti")
    return OfClaim(number, sent, pl.concat([tied, idle]), loose.height)


def _whole(store: Store, keys: pl.DataFrame) -> pl.DataFrame:
    """Matches of remit claims, not of their lines."""
    columns = (*_REMIT_CLAIM, "remit_line_offset", "claim_file_id")
    return store.among("matches", keys, columns).filter(pl.col("remit_line_offset").is_null())


def later(store: Store, about: OfClaim) -> pl.DataFrame:
    """Claims of other numbers that name the payer's number of it (REF F8)."""
    named = store.among("claims", about.answers.select("payer_claim_number"))
    return named.filter(pl.col("claim") != about.number).sort(_CLAIM)


def submissions(store: Store, claims: pl.DataFrame) -> pl.DataFrame:
    """The transaction sets (tables.SUBMISSIONS) that claims went in."""
    return store.among("submissions", claims.select(SUBMISSION))


def of_envelopes(store: Store, submissions: pl.DataFrame) -> pl.DataFrame:
    """tables.ACKNOWLEDGEMENTS that name the interchange (TA1) or the group (999) of one of these.

    Leading zeros are no difference, up to the digits that a control number may have.
    """
    found = [
        store.among("acknowledgements", _written(submissions, name))
        for name in ("interchange_control", "group_control")
    ]
    return pl.concat(found).unique(_ANSWER).sort(_ANSWER)


def _written(submissions: pl.DataFrame, name: str) -> pl.DataFrame:
    """A control number as it may be written, a row each way."""
    number = pl.col(name).str.strip_chars()
    bare = number.str.strip_chars_start("0")
    ways = [number, bare, *(bare.str.zfill(size) for size in range(1, _DIGITS + 1))]
    return pl.concat([submissions.select(way.alias(name)) for way in ways])
