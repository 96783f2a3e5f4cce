"""The headers, and which of them are answered: every ISA, and the GS and ST of claims and remits.

All files are answered in one frame. A header is known by its row in the envelopes
of all of them; `isa` and `gs` are the rows of those it stands under.
"""

from __future__ import annotations

import polars as pl

from edi_iop.guides import loader

GROUPS = {"HC": "837", "HP": "835"}
"""Functional groups that have a 999, and the transaction set each holds."""
_TRANSACTIONS = {st: gs for gs, st in GROUPS.items()}
_ANSWERS = ("FA", "HN")
"""Groups that are answers themselves (999, 277CA): they have none, whatever they hold."""
_ROW, _ID = pl.col("row"), pl.col("id")


def element(place: int) -> pl.Expr:
    """An element of the header, trimmed; null where the segment is shorter."""
    return pl.col("elements").list.get(place, null_on_oob=True).str.strip_chars()


def with_damaged(envelopes: pl.DataFrame | None, findings: pl.DataFrame) -> pl.DataFrame:
    """The headers, and in their places the ISAs that could not be read, by what is left of them.

    Of those the finding has the elements, in its value. None where nothing is left to answer.
    """
    told = pl.col("code").is_in(["ISA_SHORT", "SEPARATORS_CLASH"]) & pl.col("value").is_not_null()
    value = pl.col("value")
    elements = value.str.split(value.str.slice(len("ISA"), 1))
    damaged = findings.filter(told).select(
        "file_id", "byte_offset", id=pl.lit("ISA"), elements=elements,
        interchange=elements.list.get(13).str.strip_chars(), count=pl.lit(0, pl.Int64),
    )  # fmt: skip
    if damaged.is_empty():
        return pl.DataFrame() if envelopes is None else envelopes
    bare = pl.DataFrame(schema=_HEADERS)
    every = pl.concat([bare, *([] if envelopes is None else [envelopes]), damaged], how="diagonal")
    return every.sort("file_id", "byte_offset", maintain_order=True)


_HEADERS = {
    **dict.fromkeys(("id", "interchange", "group", "transaction"), pl.String()),
    **dict.fromkeys(("file_id", "byte_offset", "count"), pl.Int64()),
    **dict.fromkeys(("elements", "trailer"), pl.List(pl.String())),
}
"""Columns of Parsed.envelopes."""


def headers(envelopes: pl.DataFrame) -> pl.DataFrame:
    """The rows of the files' envelopes with row, isa, gs, functional (GS01), guide, and answered.

    A group says itself what it is; where its word is damaged, what it holds does.
    """
    above = _above(envelopes)
    own = pl.when(_ID == "GS").then(element(1))
    held = pl.when(_ID == "ST").then(
        element(1).replace_strict(_TRANSACTIONS, default=None, return_dtype=pl.String)
    )
    said = pl.when(own.is_in(list(GROUPS))).then(own)
    told = above.with_columns(
        functional=pl.coalesce(
            said.drop_nulls().first().over("gs"), held.drop_nulls().first().over("gs")
        ),
        answers=own.is_in(_ANSWERS).fill_null(False).any().over("gs"),
    )
    ours = pl.col("functional").is_not_null() & ~pl.col("answers") & pl.col("grouped")
    return told.with_columns(
        answered=(_ID == "ISA") | ours.fill_null(False), guide=_guides(told)
    ).drop("grouped", "answers")


def _guides(heads: pl.DataFrame) -> pl.Series:
    """The guide that reads each ST, or null where there is none."""
    version = pl.when(_ID == "GS").then(element(8)).forward_fill().over("gs")
    named = heads.select("id", version=pl.coalesce(version, element(3)), st01=element(1))
    kinds = named.filter(_ID == "ST").select("version", "st01").unique().iter_rows()
    known = {kind: loader.resolve(*kind) for kind in kinds}
    found = [known.get(kind) for kind in named.select("version", "st01").iter_rows()]
    return pl.Series("guide", found, dtype=pl.String)


def _above(envelopes: pl.DataFrame) -> pl.DataFrame:
    """With the rows of the ISA and GS above, and whether it is no ST without a GS; all within an ISA."""
    numbered = envelopes.with_row_index("row").with_columns(_ROW.cast(pl.Int64))
    inside = (_ID == "ISA") | pl.col("interchange").is_not_null()
    grouped = (_ID != "ST") | pl.col("group").is_not_null()
    return (
        numbered.with_columns(isa=pl.when(_ID == "ISA").then(_ROW).forward_fill().over("file_id"))
        .filter(inside & pl.col("isa").is_not_null())
        .with_columns(gs=pl.when(_ID == "GS").then(_ROW).forward_fill().over("isa"))
        .with_columns(gs=pl.when(_ID != "ISA").then("gs"), grouped=grouped)
    )
