"""What only follows from it that a file is cut off: what is missing where it ends, and its last sums.

An interchange without its trailer ends where the next begins, or the file: in the middle of a segment,
a line, a claim. That is told once, of the interchange (TRUNCATED).
"""

from __future__ import annotations

import polars as pl

from edi_iop.x12.segments import Segments

_CODE, _AT = pl.col("code"), pl.col("byte_offset")
_CUT = _CODE == "TRUNCATED"
_SET = ["file_id", "interchange", "group", "transaction"]
_CLAIMS, _LEVELS = ("CLM", "CLP"), ("HL",)
OF_CLAIM = _CODE.is_in([
    "CLAIM_TOTAL_WRONG", "OTHER_PAYER_UNBALANCED", "OTHER_PAYER_LINE_UNBALANCED", "LINE_DATE_MISSING",
    "LINE_UNBALANCED", "CLAIM_UNBALANCED", "PATIENT_UNBALANCED",
    "SITUATION_SEGMENT_MISSING", "SITUATION_DOUBTFUL",
])  # fmt: skip
"""What the lines that are not there make of their claim: its sums, and what situations ask for beside them."""
OF_SET = _CODE.is_in(["PAYMENT_UNBALANCED", "INTEREST_UNBALANCED", "HEADER_TOTAL_WRONG"])
"""What the claims that are not there make of their payment."""


def without_cut_off(found: pl.DataFrame, segments: Segments) -> pl.DataFrame:
    """Findings of a frame (tables.FINDINGS) without those that follow from where its files are cut off."""
    cut = found.filter(_CUT & (pl.col("segment") == "ISA"))
    if cut.is_empty():
        return found
    ends = _ends(cut, segments)
    own = found.join(
        ends, on=["file_id", "interchange"], how="left", maintain_order="left", nulls_equal=True
    )
    here = _same("group") & _same("transaction")
    sums = OF_CLAIM & (pl.col("claim_at") <= _AT)
    follows = (pl.col("end") == _AT) | (here & (sums | OF_SET | _of_level()))
    return own.filter(_CUT | ~follows.fill_null(False)).select(found.columns)


def _same(name: str) -> pl.Expr:
    return pl.col(name).eq_missing(pl.col(f"cut_{name}"))


def _of_level() -> pl.Expr:
    """That a level says that one stands below it, of the last: it may not have been reached."""
    return (_CODE == "HL_CHILD_WRONG") & (pl.col("level_at") <= _AT)


def _ends(cut: pl.DataFrame, segments: Segments) -> pl.DataFrame:
    """Of each interchange cut off, where its last segment stands (end), its last claim and its last level."""
    ids = segments.texts["id"].gather(segments.rows["text"])
    rows = segments.rows.select(
        file_id=pl.col("file").cast(pl.Int64), byte_offset="byte_offset", id=ids
    )
    begun = pl.when(pl.col("id") == "ISA").then(_AT).forward_fill().over("file_id")
    inside = rows.with_columns(isa=begun).join(
        cut.select("file_id", isa="byte_offset"), on=["file_id", "isa"], how="semi"
    )
    last = inside.group_by("file_id", "isa").agg(
        end=_AT.max(),
        claim_at=_AT.filter(pl.col("id").is_in(_CLAIMS)).max(),
        level_at=_AT.filter(pl.col("id").is_in(_LEVELS) & (_AT.max() != _AT)).max(),
    )
    named = cut.select(
        "file_id",
        "interchange",
        cut_group="group",
        cut_transaction="transaction",
        isa="byte_offset",
    )
    return named.join(last, on=["file_id", "isa"]).drop("isa").unique(["file_id", "interchange"])
