"""Corruptions of whole answers (loop 2100): claims divided into several, several put into one."""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from edi_iop.simulator.corruptions import corruption
from edi_iop.simulator.draft import CLAIM, LINE, Draft, at, moved
from edi_iop.tables import REMARKS
from edi_iop.texts import composed

_APART = 10_000_000_000
"""Parts of a claim are numbered so far behind the first one."""
_SPLIT = "MA15"
"""The remark that says: the claim was divided (RFI 1076)."""


@corruption("split", "a claim comes back as two, both with MA15", pl.col("lines") > 1)
def split(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _marked(*_divided(draft, hit, _half()))


@corruption("split-silent", "a claim comes back as two, nothing says so", pl.col("lines") > 1)
def split_silent(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _divided(draft, hit, _half())[0]


@corruption(
    "split-lines", "each line comes back as a claim of its own, with MA15", pl.col("lines") > 1
)
def split_lines(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _marked(*_divided(draft, hit, _place()))


def _place() -> pl.Expr:
    return pl.int_range(pl.len()).over(CLAIM).cast(pl.Int64)


def _half() -> pl.Expr:
    return (_place() * 2 >= pl.len().over(CLAIM)).cast(pl.Int64)


def _divided(draft: Draft, hit: pl.DataFrame, part: pl.Expr) -> tuple[Draft, pl.DataFrame]:
    """The claims in parts, by a number (from 0) of each of their lines; and the keys of all parts."""
    lines = (
        draft.lines.filter(at(hit))
        .sort(CLAIM, LINE)
        .with_columns(_part=part)
        .with_columns(_new=pl.col(CLAIM) + _APART * pl.col("_part"))
    )
    keys = lines.select(LINE, "_new")
    parts = lines.select(CLAIM, "_new", "_part").unique(maintain_order=True)
    claims = (
        draft.claims.join(parts, on=CLAIM)
        .with_columns(
            pl.col("_new").alias(CLAIM),
            payer_claim_number=composed("{}{}", "payer_claim_number", pl.col("_part") + 1),
        )
        .drop("_new", "_part")
    )
    divided = lines.with_columns(pl.col("_new").alias(CLAIM)).drop("_new", "_part")
    made = replace(
        draft,
        claims=pl.concat([draft.claims.filter(~at(hit)), claims]),
        lines=pl.concat([draft.lines.filter(~at(hit)), divided]),
        adjustments=moved(draft.adjustments, keys, LINE, CLAIM),
        remarks=moved(draft.remarks, keys, LINE, CLAIM),
    )
    return summed(made, claims.select(CLAIM)), claims.select(CLAIM)


def _marked(draft: Draft, parts: pl.DataFrame) -> Draft:
    said = REMARKS.conform(
        parts.with_columns(
            file_id=pl.lit(0),
            byte_offset=pl.lit(0),
            position=pl.lit(1),
            remark=pl.lit(_SPLIT),
        )
    )
    return replace(draft, remarks=pl.concat([draft.remarks, said]))


def summed(draft: Draft, claims: pl.DataFrame) -> Draft:
    """These claims charge and pay what their lines do; status 4 where nothing of them is paid."""
    sums = (
        draft.lines.filter(at(claims))
        .group_by(CLAIM)
        .agg(charge=pl.col("charge_cents").sum(), paid=pl.col("paid_cents").sum())
    )
    shares = (
        draft.adjustments.filter(at(claims), pl.col("group") == "PR")
        .group_by(CLAIM)
        .agg(patient=pl.col("amount_cents").sum())
    )
    there = pl.col("charge").is_not_null()
    made = (
        draft.claims.join(sums, on=CLAIM, how="left", maintain_order="left")
        .join(shares, on=CLAIM, how="left", maintain_order="left")
        .with_columns(
            charge_cents=pl.coalesce("charge", "charge_cents"),
            paid_cents=pl.coalesce("paid", "paid_cents"),
            patient_cents=pl.when(there)
            .then(pl.col("patient").fill_null(0))
            .otherwise("patient_cents"),
        )
        .drop("charge", "paid", "patient")
    )
    return replace(draft, claims=made)


@corruption(
    "merge",
    "two claims of one member come back as one, under the first one's number",
    pl.col("sibling").is_not_null() & pl.col("sibling_priority"),
    "sibling",
)
def merge(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    to = hit.select(pl.col("partner").alias(CLAIM), _new=CLAIM)
    together = {
        name: moved(getattr(draft, name), to, CLAIM, CLAIM)
        for name in ("lines", "adjustments", "remarks")
    }
    theirs = to.join(
        draft.claims.select(
            CLAIM, _true="true_claims", _from="statement_from", _until="statement_to"
        ),
        on=CLAIM,
    ).select(pl.col("_new").alias(CLAIM), "_true", "_from", "_until")
    claims = (
        draft.claims.filter(~at(to))
        .join(theirs, on=CLAIM, how="left", maintain_order="left")
        .with_columns(
            true_claims=pl.when(pl.col("_true").is_not_null())
            .then(pl.concat_list("true_claims", "_true"))
            .otherwise("true_claims"),
            statement_from=pl.min_horizontal("statement_from", "_from"),
            statement_to=pl.max_horizontal("statement_to", "_until"),
        )
        .drop("_true", "_from", "_until")
    )
    return summed(replace(draft, claims=claims, **together), hit)
