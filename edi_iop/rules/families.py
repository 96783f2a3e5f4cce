"""Diagnosis families as columns: what a principal diagnosis says the treatment is for."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from edi_iop.rules.policy import Policy

TREATED = ("SUD", "MH")
"""Families that an intensive outpatient program treats."""


def family(code: pl.Expr, policy: Policy) -> pl.Expr:
    """Policy.family of a column of ICD-10-CM codes; null of null."""
    known = policy.diagnosis
    return (
        pl.when(code.is_null())
        .then(None)
        .when(begins(code, known.nicotine))
        .then(pl.lit("NICOTINE"))
        .when(begins(code, known.sud))
        .then(pl.lit("SUD"))
        .when(begins(code, known.organic))
        .then(pl.lit("ORGANIC"))
        .when(begins(code, known.mh))
        .then(pl.lit("MH"))
        .when(code.str.starts_with("Z"))
        .then(pl.lit("Z"))
        .otherwise(pl.lit("OTHER"))
    )


def begins(code: pl.Expr, prefixes: Sequence[str]) -> pl.Expr:
    """Whether a code begins with one of the prefixes."""
    return pl.any_horizontal(pl.lit(False), *(code.str.starts_with(prefix) for prefix in prefixes))


def principal_family(policy: Policy) -> pl.Expr:
    """The family that the principal of column `diagnoses` stands for; null where none is given.

    A pregnancy code stands for the family of the line's own `track` if that comes
    after it, else for the first treated one.
    """
    listed = pl.col("diagnoses").str.split(" ")
    principal = listed.list.first()
    families = listed.list.eval(family(pl.element(), policy))
    treated = families.list.eval(pl.element().filter(pl.element().is_in(TREATED)))
    own = treated.list.contains(pl.col("track")).fill_null(False)
    after = pl.when(own).then("track").otherwise(treated.list.first().fill_null("OTHER"))
    pregnancy = begins(principal, policy.diagnosis.pregnancy_sud)
    return pl.when(pregnancy).then(after).otherwise(family(principal, policy))


def fits_procedure(policy: Policy) -> pl.Expr:
    """Whether column `family` may be principal for column `procedure`; null where unknown."""
    allowed = [
        f"{procedure} {track}"
        for procedure, tracks in policy.diagnosis.tracks_by_procedure.items()
        for track in tracks
    ]
    named = pl.col("procedure").is_in(list(policy.diagnosis.tracks_by_procedure))
    listed = pl.concat_str("procedure", "family", separator=" ").is_in(allowed)
    return pl.when(named).then(listed).otherwise(pl.col("family") == pl.col("track"))
