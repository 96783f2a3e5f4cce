"""Corrections of claims sent: those that went out on any night, and those that wait."""

from __future__ import annotations

import polars as pl

from edi_iop.mapper.corrections import LATE_CHARGES, REPLACEMENT, VOID
from edi_iop.mapper.differences import differences
from edi_iop.rules.lines import kept_lines
from edi_iop.store import Store
from edi_iop.texts import composed

_CLAIM = ["file_id", "claim_offset"]
_ACTIONS = {LATE_CHARGES: "late charges", REPLACEMENT: "replacement", VOID: "void"}
_ANEW = "new claim"
_SERVICE = ["client_id", "payer_id", "payer_responsibility", "service_date", "procedure", "revenue"]
_TELLING = {"sent_as": pl.String(), "sent_on": pl.Date()}


def corrections(store: Store) -> pl.DataFrame:
    """tables.CORRECTIONS of every night; sent_as: the number of the claim that corrects, sent_on: its date.

    A correction that went is told from the claims: of frequency 5, 7 or 8, with the payer's number
    of the one corrected (005010X223A2 loop 2300, REF F8); of a claim sent anew, which has no such
    number, from the days that both have. Held ones are those of the last night.
    """
    last = store.load("corrections")
    nothing = {name: pl.lit(None, kind).alias(name) for name, kind in _TELLING.items()}
    ours = store.load("files", direction="out", kind="837I").select("file_id")
    parts = [
        _told(store, *found).select(*last.columns, *_TELLING)
        for found in (_numbered(store, ours), _anew(store, ours))
    ]
    went = pl.concat(parts).sort(_CLAIM)
    both = pl.concat([went, last.filter(pl.col("status") == "held").with_columns(**nothing)])
    return both.with_columns(file=pl.col("file_id").cast(pl.String)).drop(_CLAIM)


def _numbered(store: Store, ours: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Claims of ours that correct another by the payer's number of it, and which (_pairs)."""
    frequencies = pl.DataFrame({"frequency": list(_ACTIONS)})
    made = store.among("claims", frequencies).join(ours, on="file_id", how="semi")
    numbered = made.filter(pl.col("payer_claim_number").is_not_null())
    named = store.among("line_standings", numbered.select("payer_claim_number").unique())
    before = kept_lines(store.sent(named))
    return numbered, _pairs(numbered, before)


def _anew(store: Store, ours: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Claims of ours that were sent after another had not been processed, and which (as _pairs).

    Such a claim has no other's number, and services of days that an earlier one has, which no later
    one replaced or voided.
    """
    lines = kept_lines(store.sent(store.among("claims", ours, _CLAIM)))
    first = ~pl.col("frequency").is_in(list(_ACTIONS)) & (pl.col("payer_responsibility") == "P")
    again = lines.filter(first).filter(pl.col("claim").n_unique().over(_SERVICE) > 1)
    earlier = again.filter(pl.col("standing") != "void").select(
        *_SERVICE, home_file="file_id", home_offset="claim_offset", corrected="claim"
    )
    pairs = (
        again.join(earlier, on=_SERVICE, nulls_equal=True)
        .filter(pl.col("home_file") < pl.col("file_id"))
        .sort("home_file", "home_offset")
        .unique(_CLAIM, keep="last", maintain_order=True)
        .select(*_CLAIM, "home_file", "home_offset", "corrected", sent_as="claim")
    )
    made = store.among("claims", pairs.select(_CLAIM))
    return made.with_columns(payer_claim_number=pl.lit(None, pl.String)), pairs


def _told(store: Store, made: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The correcting claims with what each says otherwise, and their clients and dates."""
    after = kept_lines(store.sent(made))
    homes = pairs.select(file_id="home_file", claim_offset="home_offset").unique()
    before = kept_lines(store.sent(homes))
    told = differences(
        before.join(pairs, left_on=_CLAIM, right_on=["home_file", "home_offset"]),
        after.join(pairs, on=_CLAIM),
        "sent_as",
    )
    clients = after.group_by(_CLAIM).agg(pl.col("client_id").first(), pl.col("sent_on").first())
    added, removed = pl.col("added"), pl.col("removed")
    lines = pl.col("lines")
    late, void = (pl.col("frequency") == code for code in (LATE_CHARGES, VOID))
    action = pl.col("frequency").replace_strict(_ACTIONS, default=_ANEW, return_dtype=pl.String)
    return (
        made.select(*_CLAIM, "frequency", "payer_id", "payer_claim_number", sent_as="claim")
        .join(pairs.select(*_CLAIM, claim="corrected"), on=_CLAIM, how="left")
        .join(clients, on=_CLAIM, how="left")
        .join(told, on="sent_as", how="left")
        .join(after.group_by(_CLAIM).agg(lines=pl.len().cast(pl.Int64)), on=_CLAIM, how="left")
        .with_columns(
            added=pl.when(late).then(lines).when(void).then(0).otherwise(added),
            removed=pl.when(void).then(lines).when(late).then(0).otherwise(removed),
            action=action,
            status=pl.lit("built"),
            next_step=pl.lit(None, pl.String),
        )
        .with_columns(
            says=pl.concat_str(
                composed("{} late lines, {} withdrawn", "added", "removed"),
                pl.when(~late & ~void).then(composed("; {}", "changes")),
                pl.when(pl.col("action") == _ANEW).then(pl.lit("; the claim was not processed")),
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
