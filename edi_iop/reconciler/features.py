"""What the two sides of a match are compared by: each feature true, false, or null where unknown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import polars as pl

from edi_iop.identifiers import ALPHABET

_OWN = rf"^E[{ALPHABET}]{{10}}$"
"""The form of our own patient control numbers (identifiers.patient_control_number)."""
OWN_LENGTH = 11


@cache
def truth(feature: str) -> pl.Expr:
    """A feature that is known to agree."""
    return pl.col(feature).fill_null(False)


@cache
def against(feature: str) -> pl.Expr:
    """A feature that is known not to agree."""
    return ~pl.col(feature).fill_null(True)


def with_agreement(pairs: pl.DataFrame, features: Sequence[str]) -> pl.DataFrame:
    """The pairs with `agreed` and `disagreed`: lists of the names of such features.

    Of a million pairs few differ in what agrees: each list is made once.
    """
    if pairs.is_empty():
        nothing = pl.lit(None, pl.List(pl.String))
        return pairs.with_columns(agreed=nothing, disagreed=nothing)
    told = pairs.select(features).unique()
    named = told.with_columns(agreed=_named(features, True), disagreed=_named(features, False))
    return pairs.join(named, on=features, how="left", nulls_equal=True, maintain_order="left")


@cache
def _named(features: Sequence[str], agree: bool) -> pl.Expr:
    names = [
        pl.when(pl.col(feature) == agree).then(pl.lit(feature.replace("_", " ")))
        for feature in features
    ]
    return pl.concat_list(names).list.drop_nulls()


def dates_of(lines: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """First and last day of service of each claim's lines: first_day, last_day."""
    return lines.group_by(keys).agg(
        first_day=pl.col("service_date").min(),
        last_day=pl.max_horizontal("service_date", "service_date_to").max(),
    )


@cache
def digits(column: str) -> pl.Expr:
    """Only the digits of an identifier: tax numbers come with and without hyphens."""
    return pl.col(column).str.replace_all(r"\D", "").replace("", None)


_PLAIN = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@cache
def characters(column: str) -> pl.Expr:
    """An identifier's letters and digits, upper case."""
    kept = pl.col(column).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    return kept.replace("", None)


@cache
def plain(column: str) -> pl.Expr:
    """An identifier's characters without leading zeros."""
    return pl.col(column).map_batches(_plain, return_dtype=pl.String(), is_elementwise=True)


def _plain(identifiers: pl.Series) -> pl.Series:
    """As nearly all are written from the first, which is seen in a fourth of the time."""
    written = identifiers.str.join("").item().encode()
    odd = identifiers.str.starts_with("0") | (identifiers == "")
    if not written.translate(None, _PLAIN) and not odd.any():
        return identifiers
    name = identifiers.name
    kept = characters(name).str.strip_chars_start("0").replace("", None)
    return identifiers.to_frame().select(kept).to_series()


@cache
def folded(column: str) -> pl.Expr:
    """A claim number as any system may mangle it: plain, and O read as 0, I and L as 1."""
    return plain(column).str.replace_many(["O", "I", "L"], ["0", "1", "1"])


@cache
def letters(column: str) -> pl.Expr:
    """A name's letters in upper case: hyphens, blanks and apostrophes come and go."""
    return pl.col(column).str.to_uppercase().str.replace_all(r"[^\p{L}]", "").replace("", None)


def begins(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """One text is the beginning of the other: names are cut, and middle names appended."""
    return one.str.starts_with(other) | other.str.starts_with(one)


@cache
def checked(column: str) -> pl.Expr:
    """A number of ours whose check character holds (identifiers.check_character, Luhn mod 32)."""
    number = pl.col(column)
    values = dict(zip(ALPHABET, range(32), strict=True))
    total = pl.lit(0, pl.Int64)
    for place in range(OWN_LENGTH):  # from the last: the check character itself counts once
        character = number.str.slice(OWN_LENGTH - 1 - place, 1)
        value = character.replace_strict(values, default=0, return_dtype=pl.Int64)
        weighed = value * (2 if place % 2 else 1)
        total = total + weighed // 32 + weighed % 32
    return (number.str.contains(_OWN) & (total % 32 == 0)).fill_null(False)
