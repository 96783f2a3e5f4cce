"""What the two sides of a match are compared by: each feature true, false, or null where unknown."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def truth(feature: str) -> pl.Expr:
    """A feature that is known to agree."""
    return pl.col(feature).fill_null(False)


def agreement(features: Sequence[str], agree: bool) -> pl.Expr:
    """The names of the features that agree, or that do not, as a list column."""
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


def digits(column: str) -> pl.Expr:
    """Only the digits of an identifier: tax numbers come with and without hyphens."""
    return pl.col(column).str.replace_all(r"\D", "").replace("", None)
