"""Texts out of columns: sentences, keys, and whatever else has gaps to fill."""

from __future__ import annotations

import polars as pl


def composed(template: str, *parts: pl.Expr | str) -> pl.Expr:
    """The template with each `{}` filled by a part, a column's name or an expression; null where one is.

    It has the name of its first part. This is what pl.format is for, which panics in Polars from
    1.35 on where a column begins with an empty chunk, as a filter may leave it behind a join of some
    hundred rows (pola-rs/polars#25339). ValueError where gaps and parts are not as many.

    >>> pl.select(composed("{} of {}", pl.lit("a"), pl.lit(2))).item()
    'a of 2'
    """
    first, *rest = template.split("{}")
    if len(rest) != len(parts):
        raise ValueError(f"{template!r} has {len(rest)} gaps for {len(parts)} parts")
    filling = [pl.col(part) if isinstance(part, str) else part for part in parts]
    pieces = [pl.lit(first)] if first else []
    for part, text in zip(filling, rest, strict=True):
        pieces += [part, pl.lit(text)] if text else [part]
    whole = pl.concat_str(pieces)
    name = filling[0].meta.output_name(raise_if_undetermined=False) if first and filling else None
    return whole if name is None else whole.alias(name)
