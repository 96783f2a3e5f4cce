"""Columns of codes against lists of codes: single ones, spans, and sets in one text."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def listed(column: str, codes: Sequence[str]) -> pl.Expr:
    """Whether a code is one of these, or in one of these spans (A4000-A9999)."""
    code = pl.col(column)
    single = [one for one in codes if "-" not in one]
    spans = [one.split("-") for one in codes if "-" in one]
    inside = (
        code.is_between(pl.lit(low), pl.lit(high)) & (code.str.len_chars() == len(low))
        for low, high in spans
    )
    return pl.any_horizontal(code.is_in(single), *inside).fill_null(False)


def marked(column: str, values: Sequence[str]) -> pl.Expr:
    """Whether a column of space separated codes holds one of these."""
    padded = pl.concat_str(pl.lit(" "), pl.col(column), pl.lit(" "))
    spaced = [f" {value} " for value in values]
    return padded.str.contains_any(spaced).fill_null(False) if spaced else pl.lit(False)
