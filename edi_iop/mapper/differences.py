"""What a corrected claim says otherwise than the claim it corrects, in codes alone."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import plain
from edi_iop.tables.amounts import dollars
from edi_iop.texts import composed

_OF_LINE = ("procedure", "revenue", "modifiers", "units", "charge_cents")
_OF_CLAIM = ("auth_number", "patient_status", "attending_npi", "admission_date")
"""Columns of tables.SERVICE_LINES that a line has of its own, and of its claim."""
_OF_NOTHING = {
    "added": pl.lit(None, pl.Int64),
    "removed": pl.lit(None, pl.Int64),
    "changes": pl.lit(None, pl.String),
}


def differences(before: pl.DataFrame, after: pl.DataFrame, key: str) -> pl.DataFrame:
    """The key of each corrected claim with `added` and `removed` (lines) and `changes`.

    before, after: tables.SERVICE_LINES of both, with the key. changes: each column that differs,
    from what to what; null where none does. A line is compared with that in its place on the same
    date; money is in dollars.
    """
    if before.is_empty() and after.is_empty():
        return before.select(key).with_columns(**_OF_NOTHING)
    place = [key, "service_date", "_place"]
    then, now = _placed(before, key), _placed(after, key)
    lines = then.join(now, on=place, suffix="_now")
    claims = _headed(before, key).join(_headed(after, key), on=key, suffix="_now")
    names = ("diagnoses", *_OF_CLAIM)
    told = [_of_column(claims, key, name) for name in names]
    told += [_of_column(lines, key, name) for name in _OF_LINE]
    changes = pl.concat(told).group_by(key).agg(changes=pl.col("change").str.join("; "))
    counts = (
        now.join(then, on=place, how="anti").group_by(key).agg(added=pl.len().cast(pl.Int64)),
        then.join(now, on=place, how="anti").group_by(key).agg(removed=pl.len().cast(pl.Int64)),
        changes,
    )
    found = pl.concat([before.select(key), after.select(key)]).unique(maintain_order=True)
    for count in counts:
        found = found.join(count, on=key, how="left", maintain_order="left")
    return found.with_columns(pl.col("added", "removed").fill_null(0))


def _placed(lines: pl.DataFrame, key: str) -> pl.DataFrame:
    """The lines numbered within their date."""
    ordered = lines.sort("service_date", "procedure", "line_offset")
    return ordered.select(
        key,
        "service_date",
        *("procedure", "revenue", "modifiers"),
        units=plain("units"),
        charge_cents=dollars(pl.col("charge_cents")),
        _place=pl.int_range(pl.len()).over(key, "service_date"),
    )


def _headed(lines: pl.DataFrame, key: str) -> pl.DataFrame:
    """One row a claim: what its header says, and its diagnoses without repeats."""
    codes = pl.col("diagnoses").str.split(" ").explode()
    return (
        lines.sort("service_date")
        .group_by(key, maintain_order=True)
        .agg(
            *(pl.col(name).cast(pl.String).drop_nulls().last() for name in _OF_CLAIM),
            diagnoses=codes.unique(maintain_order=True).str.join(" "),
        )
    )


def _of_column(rows: pl.DataFrame, key: str, name: str) -> pl.DataFrame:
    """Each distinct change of a column in a claim, in words."""
    then, now = pl.col(name), pl.col(f"{name}_now")
    word = name.removesuffix("_cents").replace("_", " ")
    return (
        rows.filter(then.ne_missing(now))
        .select(
            key,
            change=composed(f"{word} {{}} to {{}}", then.fill_null("none"), now.fill_null("none")),
        )
        .unique(maintain_order=True)
    )
