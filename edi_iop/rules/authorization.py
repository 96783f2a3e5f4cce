"""Prior authorization of intensive outpatient days.

Nothing is said of a member who is none of our clients: their authorizations are not ours to know.
"""

from __future__ import annotations

import polars as pl

from edi_iop.rules import covering
from edi_iop.rules.case import Case, found, references

_MISCODED = ("REV-01", "DX-01")


def missing(case: Case) -> pl.DataFrame:
    """No authorization at all: none on file, one not yet decided, or one denied for other dates (AUTH-01)."""
    lines = _held(case).filter(~pl.col("approved"), ~pl.col("denied_on_date"))
    says = pl.format(
        "{}: {} needs an authorization; {}",
        "date",
        pl.col("procedure").fill_null("the day"),
        pl.when("pending")
        .then(pl.lit("the one asked for is not decided"))
        .otherwise(pl.lit("none is on file")),
    )
    coverage = pl.concat_list(pl.format("coverage:{} {}", "client_id", "payer_id"))
    return found(lines, says, coverage)


def denied(case: Case) -> pl.DataFrame:
    """The payer denied the authorization for the date, and approved no other (AUTH-08)."""
    lines = _held(case).filter(~pl.col("approved_on_date"), "denied_on_date")
    says = pl.format("{}: the payer denied the authorization for this date", "date")
    return found(lines, says, references("authorization", pl.col("denied_numbers")))


def exhausted(case: Case) -> pl.DataFrame:
    """The date lies outside the approved dates, or their units are used up (AUTH-04)."""
    lines = _held(case)
    outside = lines.filter(pl.col("approved"), ~pl.col("approved_on_date"))
    spent = lines.filter("covered").join(_drawn(case), on="row", how="anti")
    dates = pl.format("{}: outside the authorized dates {} to {}", "date", "begins", "ends")
    units = pl.format(
        "{}: the {} units authorized are used up by other days",
        "date",
        pl.col("covering_units").cast(pl.String()).str.strip_suffix(".0"),
    )
    return pl.concat(
        [
            found(outside, dates, references("authorization", pl.col("approved_numbers"))),
            found(spent, units, references("authorization", pl.col("covering_numbers"))),
        ]
    )


def mismatched(case: Case) -> pl.DataFrame:
    """Authorized for another service or member, or billed under another number (AUTH-02)."""
    other_service = _held(case).filter(
        pl.col("approved_on_date"),
        ~pl.col("covered"),
        # a line that is miscoded by itself disagrees with everything: one fault
        ~pl.col("row").is_in(case.rows_of(*_MISCODED).implode()),
    )
    service = pl.format(
        "{}: {} is not the service, track or member authorized",
        "date",
        pl.concat_str("revenue", "procedure", separator=" ", ignore_nulls=True),
    )
    misnamed = _drawn(case).filter(
        pl.col("auth_number").is_not_null(), pl.col("given_number").is_not_null(), ~pl.col("named")
    )
    number = pl.format(
        "{}: the claim carries another authorization number than the one that covers it",
        "date",
    )
    return pl.concat(
        [
            found(other_service, service, references("authorization", pl.col("date_numbers"))),
            found(misnamed, number, pl.concat_list(pl.format("authorization:{}", "given_number"))),
        ]
    )


def _held(case: Case) -> pl.DataFrame:
    """IOP lines of our clients with what is on file, where the payer asks for it at all."""
    on_file = case.offers.group_by("row").agg(_totals())
    flags = ("approved", "pending", "approved_on_date", "denied_on_date", "covered")
    return (
        case.iop.filter(pl.col("client_id").is_not_null(), _asked(case))
        .join(on_file, on="row", how="left", maintain_order="left")
        .with_columns(pl.col(flags).fill_null(False))
    )


def _asked(case: Case) -> pl.Expr:
    return pl.lit(case.policy.authorization.required)


def _totals() -> list[pl.Expr]:
    approved, denied, on_date = pl.col("approved"), pl.col("denied"), pl.col("on_date")
    covers, number = covering.covering(), pl.col("given_number")
    return [
        approved.any(),
        (~approved & ~denied).any().alias("pending"),
        (approved & on_date).any().alias("approved_on_date"),
        (denied & on_date).any().alias("denied_on_date"),
        covers.any().alias("covered"),
        number.filter(approved).unique(maintain_order=True).alias("approved_numbers"),
        number.filter(denied & on_date).unique(maintain_order=True).alias("denied_numbers"),
        number.filter(approved & on_date).unique(maintain_order=True).alias("date_numbers"),
        number.filter(covers).unique(maintain_order=True).alias("covering_numbers"),
        pl.col("given_units").filter(covers).sum().alias("covering_units"),
        pl.col("given_from_date").filter(approved).min().alias("begins"),
        pl.col("given_to_date").filter(approved).max().alias("ends"),
    ]


def _drawn(case: Case) -> pl.DataFrame:
    """The authorization each covered line draws on, its units counted in date order."""
    blocked = case.faults.filter(pl.col("severity") == "block").get_column("row")
    return covering.drawn(case.offers.filter(covering.covering(), _asked(case)), blocked)
