"""Procedure, revenue code and diagnosis, each against the others (sections 1.4 and 1.6)."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found
from edi_iop.rules.families import TREATED


def unknown_pair(case: Case) -> pl.DataFrame:
    """An intensive outpatient line whose revenue code and procedure are no pair of the payer (REV-01)."""
    revenues = [pair.revenue for pair in case.policy.iop.pairs]
    institutional = case.lines.filter(pl.col("form") == "I")
    program = pl.col("iop") | pl.col("revenue").is_in(revenues)
    pairs = ", ".join(f"{pair.revenue} {pair.procedure}" for pair in case.policy.iop.pairs)
    says = pl.format(
        "{}: {} {} is not a pair of this payer ({})",
        "date",
        pl.col("revenue").fill_null("no revenue code"),
        pl.col("procedure").fill_null("without procedure"),
        pl.lit(pairs),
    )
    return found(institutional.filter(program, ~pl.col("paired")), says, pl.concat_list("ref"))


def untreated_principal(case: Case) -> pl.DataFrame:
    """A principal diagnosis that no intensive outpatient program treats (DX-02).

    Nicotine, organic (code first) and Z codes, and any outside the treated families.
    """
    lines = case.iop.filter(~pl.col("family").is_in(TREATED))
    says = pl.format(
        "{}: principal diagnosis {} is not of the substance use or mental health family",
        "date",
        _principal(),
    )
    return found(lines, says, pl.concat_list("ref"))


def other_family(case: Case) -> pl.DataFrame:
    """A principal diagnosis of the family that the procedure is not for (DX-01).

    A line whose codes are no pair is not judged: which of them is wrong is not known.
    """
    treated = case.iop.filter(pl.col("paired"), pl.col("family").is_in(TREATED))
    says = pl.format(
        "{}: {} with principal diagnosis {} ({})",
        "date",
        "procedure",
        _principal(),
        "family",
    )
    return found(treated.filter(~pl.col("fitting")), says, pl.concat_list("ref"))


def _principal() -> pl.Expr:
    return pl.col("diagnoses").str.split(" ").list.first()
