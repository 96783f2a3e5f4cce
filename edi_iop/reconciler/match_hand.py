"""Matches that people made or took apart (tables.DECISIONS, verbs link and unlink): of a pair the last word stands."""

from __future__ import annotations

import msgspec
import polars as pl

from edi_iop.reconciler.match_sides import CLAIM
from edi_iop.reconciler.match_sides import KEY as REMIT
from edi_iop.tables import DECISIONS

REMIT_LINE = (*REMIT, "remit_line_offset")
CLAIM_LINE = (*CLAIM, "line_offset")
HAND = "hand"
"""Tier of what a person tied."""


class ByHand(msgspec.Struct, frozen=True):
    """What goes before anything the program finds."""

    links: pl.DataFrame
    """REMIT, CLAIM and actor of claims tied, the last one of each answer."""
    barred: pl.DataFrame
    """REMIT, CLAIM of claims taken apart."""
    lines: pl.DataFrame
    """REMIT_LINE, CLAIM_LINE and actor of lines tied; several of an answer that is to several."""
    loose: pl.DataFrame
    """REMIT_LINE, CLAIM of lines taken off the line that the program had found: they stay open."""


def by_hand(decisions: pl.DataFrame, claims: pl.DataFrame) -> ByHand:
    """The last words on pairs of answers and these claims, and of their lines."""
    known = claims.select("claim_offset", claim_file_id="file_id")
    words = (
        decisions.filter(pl.col("verb").is_in(["link", "unlink"]))
        .join(known, on=CLAIM, how="semi")
        .sort("decision")
    )
    whole = pl.col("remit_line_offset").is_null()
    tied, apart = _last(words.filter(whole), (*REMIT, *CLAIM))
    lines, off = _last(words.filter(~whole), (*REMIT_LINE, *CLAIM_LINE))
    # who takes a word back says nothing of what the program finds
    found = off.filter(pl.col("tier").ne_missing(HAND))
    return ByHand(
        links=tied.unique(REMIT, keep="last").select(*REMIT, *CLAIM, "actor"),
        barred=apart.select(*REMIT, *CLAIM),
        lines=lines.select(*REMIT_LINE, *CLAIM_LINE, "actor"),
        loose=found.select(*REMIT_LINE, *CLAIM).unique(),
    )


def nothing() -> ByHand:
    """Nobody has decided anything."""
    empty = DECISIONS.empty()
    return by_hand(empty, empty.select("claim_offset", file_id="claim_file_id"))


def _last(words: pl.DataFrame, pair: tuple[str, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pairs whose last word ties them, and those that it takes apart, in the order decided."""
    last = words.unique(pair, keep="last", maintain_order=True)
    tied = pl.col("verb") == "link"
    return last.filter(tied), last.filter(~tied)
