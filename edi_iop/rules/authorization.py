"""Prior authorization of intensive outpatient days.

Nothing is said of a member who is none of our clients: their authorizations are not ours to know.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from edi_iop.rules import covering
from edi_iop.rules.case import Case, found, plain, references
from edi_iop.rules.in_force import SERVED
from edi_iop.rules.lines import CLAIM
from edi_iop.texts import composed

_MISCODED = ("REV-01", "DX-01")


def missing(case: Case) -> pl.DataFrame:
    """No authorization at all: none on file, one not yet decided, or one denied for other dates (AUTH-01)."""
    lines = _held(case).filter(~pl.col("approved"), ~pl.col("denied_on_date"))
    says = composed(
        "{}: {} needs an authorization; {}",
        "date",
        pl.col("procedure").fill_null("the day"),
        pl.when("pending")
        .then(pl.lit("the one asked for is not decided"))
        .otherwise(pl.lit("none is on file")),
    )
    coverage = pl.concat_list(composed("coverage:{} {}", "client_id", "payer_id"))
    return found(lines, says, coverage)


def denied(case: Case) -> pl.DataFrame:
    """The payer denied the authorization for the date, and approved no other (AUTH-08)."""
    lines = _held(case).filter(~pl.col("approved_on_date"), "denied_on_date")
    says = composed("{}: the payer denied the authorization for this date", "date")
    return found(lines, says, references("authorization", pl.col("denied_numbers")))


def exhausted(case: Case) -> pl.DataFrame:
    """The date lies outside the approved dates, or their units are used up (AUTH-04)."""
    lines = _held(case)
    dated = pl.col(SERVED).is_not_null()
    outside = lines.filter(pl.col("approved"), ~pl.col("approved_on_date"), dated)
    spent = lines.filter("covered").join(case.drawn, on="row", how="anti")
    dates = composed("{}: outside the authorized dates {} to {}", "date", "begins", "ends")
    units = composed(
        "{}: the {} units authorized are used up by other days",
        "date",
        pl.col("covering_units").cast(pl.String()).str.strip_suffix(".0"),
    )
    return pl.concat(
        [
            found(outside, dates, references("authorization", pl.col("approved_numbers"))),
            found(spent, units, references("authorization", pl.col("covering_numbers"))),
            _spent_apart(case),
        ]
    )


def _spent_apart(case: Case) -> pl.DataFrame:
    """Services authorized by themselves whose own units are used up by others before them."""
    spent = case.own_offers.join(case.own_drawn, on="row", how="anti")
    lines = spent.group_by("row", maintain_order=True).agg(
        pl.col("date", "procedure").first(),
        numbers=pl.col("given_number").unique(maintain_order=True),
        own_units=pl.col("given_units").sum(),
    )
    says = composed(
        "{}: the {} units authorized for {} by itself are used up",
        "date",
        plain("own_units"),
        pl.col("procedure").fill_null("the service"),
    )
    return found(lines, says, references("authorization", pl.col("numbers")))


def mismatched(case: Case) -> pl.DataFrame:
    """Authorized for another service or member, or billed under another number (AUTH-02)."""
    other_service = _held(case).filter(
        pl.col("approved_on_date"),
        ~pl.col("covered"),
        # a line that is miscoded by itself disagrees with everything: one fault
        ~pl.col("row").is_in(case.rows_of(*_MISCODED).implode()),
    )
    service = composed(
        "{}: {} is not the service, track or member authorized",
        "date",
        pl.concat_str("revenue", "procedure", separator=" ", ignore_nulls=True),
    )
    misnamed = case.drawn.filter(
        pl.col("auth_number").is_not_null(), pl.col("given_number").is_not_null(), ~pl.col("named")
    )
    number = composed(
        "{}: the claim carries another authorization number than the one that covers it",
        "date",
    )
    return pl.concat(
        [
            found(other_service, service, references("authorization", pl.col("date_numbers"))),
            found(misnamed, number, pl.concat_list(composed("authorization:{}", "given_number"))),
        ]
    )


def mixed(case: Case) -> pl.DataFrame:
    """A line that draws on another authorization than the rest of its claim (AUTH-06).

    The rest is what draws on the number that the claim names, else its first line.
    """
    drawn = case.drawn.filter(
        pl.col("claim").is_not_null(), pl.col("form") == "I", pl.col("given_number").is_not_null()
    ).sort("line_offset")
    named = pl.col("given_number").filter("named").first().over(CLAIM)
    whole = drawn.with_columns(own=pl.coalesce(named, pl.col("given_number").first().over(CLAIM)))
    apart = whole.filter(pl.col("given_number") != pl.col("own"))
    says = composed("{}: the day draws on another authorization than the rest of its claim", "date")
    return found(apart, says, _numbers("own", "given_number"))


def other_facility(case: Case) -> pl.DataFrame:
    """Authorized for another provider or location than the one that bills (AUTH-03)."""
    elsewhere = case.drawn.filter(~covering.facility_fits())
    says = composed("{}: the authorization was given to another facility", "date")
    return found(elsewhere, says, _numbers("given_number"))


def late_request(case: Case) -> pl.DataFrame:
    """Asked for after the service, beyond the retroactive window (AUTH-07)."""
    waited = (pl.col("given_requested_on") - pl.col("service_date")).dt.total_days()
    retro_days = case.policy.authorization.retro_days
    late = case.drawn.with_columns(waited=waited).filter(pl.col("waited") > retro_days)
    says = composed(
        "{}: the authorization was asked for {} days after the service; {} allowed",
        "date",
        "waited",
        pl.lit(retro_days),
    )
    return found(late, says, _numbers("given_number"))


def review_due(case: Case) -> pl.DataFrame:
    """An authorization in force with few units left, or its review or end near (AUTH-05).

    Told of its latest line, unless the client was discharged or the next
    authorization is on file.
    """
    rule = case.policy.authorization
    ends = pl.coalesce("given_review_due", "given_to_date")
    last_given = (
        case.offers.filter("approved")
        .group_by("client_id", "payer_id")
        .agg(last_given=pl.col("given_to_date").max())
    )
    gone = case.days.filter(pl.col("discharge_date") <= case.as_of).select("client_id").unique()
    latest = (
        case.drawn.filter("draws")
        .with_columns(left=pl.col("given_units") - pl.col("takes").sum().over("given"))
        .sort("service_date", "turn")
        .unique("given", keep="last", maintain_order=True)
        .join(last_given, on=["client_id", "payer_id"])
        .join(gone, on="client_id", how="anti")
        .with_columns(days_left=(ends - case.as_of).dt.total_days())
        .filter(
            pl.lit(case.as_of) <= pl.col("given_to_date"),
            pl.col("service_date") >= pl.lit(case.as_of - timedelta(days=rule.active_days)),
            pl.col("last_given") == pl.col("given_to_date"),
        )
    )
    near = latest.filter(
        (pl.col("left") <= rule.warn_units) | (pl.col("days_left") <= rule.warn_days)
    )
    says = composed(
        "{}: {} units and {} days are left of the authorization", "date", plain("left"), "days_left"
    )
    return found(near, says, _numbers("given_number"))


def _numbers(*columns: str) -> pl.Expr:
    return references("authorization", pl.concat_list(columns))


def _held(case: Case) -> pl.DataFrame:
    """IOP lines of our clients with what is on file, where the payer asks for it at all."""
    flags = ("approved", "pending", "approved_on_date", "denied_on_date", "covered")
    return (
        case.iop.filter(
            pl.col("client_id").is_not_null(), pl.lit(case.policy.authorization.required)
        )
        .select("row", "ref", SERVED, "date", "client_id", "payer_id", "procedure", "revenue")
        .join(case.on_file, on="row", how="left", maintain_order="left")
        .with_columns(pl.col(flags).fill_null(False))
    )
