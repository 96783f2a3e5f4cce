"""What remits say, in one number each: equal for equal content, however it was wrapped (835 ST, CLP).

Envelopes and their control numbers, delimiters, line breaks, the way an amount or a
date was written and the order of segments of one kind are no part of it: it is made
of what the canonical tables hold. The numbers are good within one process only, and
are compared only between rows of one key.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from edi_iop.reconciler.given import Tables
from edi_iop.tables import TABLES

PAYMENT = ("file_id", "payment_offset")
CLAIM = ("file_id", "remit_claim_offset")
LINE = (*CLAIM, "remit_line_offset")
_PLACES = frozenset({"file_id", "payment_offset", *LINE, "byte_offset"})
_ENVELOPE = frozenset(
    {
        "sender_id",
        "receiver_id",
        "interchange_control",
        "usage",
        "group_control",
        "transaction_control",
        "guide",
    }
)
_BESIDE: dict[str, frozenset[str]] = {
    "payments": _ENVELOPE,
    "remit_claims": frozenset({"header"}),
    "adjustments": frozenset({"position"}),
    "remarks": frozenset({"position"}),
}
"""Columns that tell where something stands, not what it says."""


def payer_key() -> pl.Expr:
    """The payer as payments are told apart by: TRN03, else N104, else REF 2U, else the name."""
    named = (
        _text(pl.col(name)) for name in ("payer_trace_id", "payer_id", "payer_code", "payer_name")
    )
    return pl.coalesce(*named)


def check_key() -> pl.Expr:
    """The check or transfer number; systems on the way strip its leading zeros."""
    number = _text(pl.col("trace_number"))
    return pl.coalesce(number.str.strip_chars_start("0").replace("", None), number)


def claim_contents(remits: Tables) -> pl.DataFrame:
    """file_id, payment_offset, remit_claim_offset, content: each remit claim with its lines,
    adjustments and remarks."""
    return combined(own_contents(remits), inner_contents(remits))


def own_contents(remits: Tables) -> pl.DataFrame:
    """PAYMENT, remit_claim_offset, own: what each remit claim says by itself."""
    return remits["remit_claims"].select(*PAYMENT, "remit_claim_offset", own=_hash("remit_claims"))


def inner_contents(remits: Tables) -> pl.DataFrame:
    """CLAIM, part: what stands in each remit claim; of a claim in pieces the parts add up."""
    lines = remits["remit_lines"].select(*LINE, part=_hash("remit_lines"))
    parts = [
        lines.select(*CLAIM, "part"),
        *(_of_lines(remits[name], lines, name) for name in ("adjustments", "remarks")),
    ]
    return pl.concat(parts).group_by(CLAIM).agg(pl.col("part").sum())


def combined(own: pl.DataFrame, inner: pl.DataFrame) -> pl.DataFrame:
    """claim_contents of own_contents and inner_contents."""
    inside = inner.group_by(CLAIM).agg(pl.col("part").sum())
    return own.join(inside, on=CLAIM, how="left", maintain_order="left").select(
        *PAYMENT, "remit_claim_offset", content=pl.struct("own", "part").hash()
    )


def whole_contents(remits: Tables, claims: pl.DataFrame) -> pl.DataFrame:
    """file_id, payment_offset, content: each payment with its claims (claim_contents) and PLB."""
    beside = remits["provider_adjustments"].select(*PAYMENT, part=_hash("provider_adjustments"))
    every = pl.concat([claims.select(*PAYMENT, part="content"), beside])
    inside = every.group_by(PAYMENT).agg(pl.col("part").sum(), parts=pl.len())
    return (
        remits["payments"]
        .select(*PAYMENT, own=_hash("payments"))
        .join(inside, on=PAYMENT, how="left", maintain_order="left")
        .select(*PAYMENT, content=pl.struct("own", "part", "parts").hash())
    )


def _of_lines(rows: pl.DataFrame, lines: pl.DataFrame, name: str) -> pl.DataFrame:
    """What stands under a line counts as that line's: the same adjustment of another is another."""
    own = lines.rename({"part": "line"})
    return (
        rows.select(*LINE, own=_hash(name))
        .join(own, on=LINE, how="left", nulls_equal=True)
        .select(*CLAIM, part=pl.struct("own", "line").hash())
    )


@cache
def _hash(name: str) -> pl.Expr:
    """One number for all a row says."""
    beside = _PLACES | _BESIDE.get(name, frozenset())
    said = [
        _text(pl.col(column)) if dtype == pl.String() else pl.col(column)
        for column, dtype in TABLES[name].schema.items()
        if column not in beside
    ]
    return pl.struct(said).hash()


def _text(column: pl.Expr) -> pl.Expr:
    return column.str.strip_chars().str.to_uppercase().replace("", None)
