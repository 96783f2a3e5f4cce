"""Corrections of claims sent: those that went out on any night, and those that wait."""

from __future__ import annotations

import polars as pl

from edi_iop.mapper.corrections import LATE_CHARGES, REPLACEMENT, VOID
from edi_iop.mapper.differences import differences
from edi_iop.store import Store

_CLAIM = ["file_id", "claim_offset"]
_ACTIONS = {LATE_CHARGES: "late charges", REPLACEMENT: "replacement", VOID: "void"}
_TELLING = {"sent_as": pl.String(), "sent_on": pl.Date()}


def corrections(store: Store) -> pl.DataFrame:
    """tables.CORRECTIONS of every night; sent_as: the number of the claim that corrects, sent_on: its date.

    A correction that went is told from the claims: of frequency 5, 7 or 8, with the payer's number
    of the one corrected (005010X223A2 loop 2300, REF F8). Held ones, and claims sent anew, which
    have no such number, are those of the last night.
    """
    last = store.load("corrections")
    waits = last.filter((pl.col("status") == "held") | (pl.col("action") == "new claim"))
    nothing = {name: pl.lit(None, kind).alias(name) for name, kind in _TELLING.items()}
    went = _went(store).select(*last.columns, *_TELLING)
    both = pl.concat([went, waits.with_columns(**nothing)])
    return both.with_columns(file=pl.col("file_id").cast(pl.String)).drop(_CLAIM)


def _went(store: Store) -> pl.DataFrame:
    """The claims of ours that correct another, each with that other one's number, in the order they were sent."""
    ours = store.load("files", direction="out", kind="837I").select("file_id")
    frequencies = pl.DataFrame({"frequency": list(_ACTIONS)})
    made = store.among("claims", frequencies).join(ours, on="file_id", how="semi")
    numbered = made.filter(pl.col("payer_claim_number").is_not_null())
    after = store.among("service_lines", numbered.select(_CLAIM))
    number = numbered.select("payer_claim_number").unique()
    before = store.among("service_lines", number)
    pairs = _pairs(numbered, before)
    told = differences(
        before.join(pairs, left_on=_CLAIM, right_on=["home_file", "home_offset"]),
        after.join(pairs, on=_CLAIM),
        "sent_as",
    )
    clients = after.group_by(_CLAIM).agg(pl.col("client_id").first(), pl.col("sent_on").first())
    added, removed = pl.col("added"), pl.col("removed")
    lines = pl.col("lines")
    late, void = (pl.col("frequency") == code for code in (LATE_CHARGES, VOID))
    return (
        numbered.select(*_CLAIM, "frequency", "payer_id", "payer_claim_number", sent_as="claim")
        .join(pairs.select(*_CLAIM, claim="corrected"), on=_CLAIM, how="left")
        .join(clients, on=_CLAIM, how="left")
        .join(told, on="sent_as", how="left")
        .join(after.group_by(_CLAIM).agg(lines=pl.len().cast(pl.Int64)), on=_CLAIM, how="left")
        .sort(_CLAIM)
        .with_columns(
            added=pl.when(late).then(lines).when(void).then(0).otherwise(added),
            removed=pl.when(void).then(lines).when(late).then(0).otherwise(removed),
        )
        .with_columns(
            action=pl.col("frequency").replace_strict(_ACTIONS, return_dtype=pl.String),
            status=pl.lit("built"),
            next_step=pl.lit(None, pl.String),
            says=pl.concat_str(
                pl.format("{} late lines, {} withdrawn", "added", "removed"),
                pl.when(~late & ~void).then(pl.format("; {}", "changes")),
                ignore_nulls=True,
            ),
        )
    )


def _pairs(made: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """_CLAIM of correcting claims with the claim each corrects: the last of that number sent before it."""
    homes = before.select(
        "payer_claim_number", home_file="file_id", home_offset="claim_offset", corrected="claim"
    ).unique()
    return (
        made.select(*_CLAIM, "payer_claim_number", sent_as="claim")
        .join(homes, on="payer_claim_number")
        .filter(pl.col("home_file") < pl.col("file_id"))
        .sort("home_file", "home_offset")
        .unique(_CLAIM, keep="last", maintain_order=True)
        .drop("payer_claim_number")
    )
