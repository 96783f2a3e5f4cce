"""Claims of one member beside each other: which may overlap, and in which order they go out."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found
from edi_iop.rules.codes import marked
from edi_iop.rules.lines import CLAIM
from edi_iop.rules.records import ANSWERED
from edi_iop.texts import composed

_MEMBER = ["person", "payer_responsibility", "billing_npi"]
_PROGRAM = [*_MEMBER, "month"]


def overlapping(case: Case) -> pl.DataFrame:
    """A date inside a claim of another program, or just before a claim sent earlier (LOC-02).

    Which programs exclude each other is told by their condition codes.
    """
    rule = case.policy.conflicts
    days_before = pl.lit(rule.days_before, pl.Int64)
    beside = _beside_other_claims(case).with_columns(
        other=marked("by_condition_codes", rule.condition_codes),
        gap=(pl.col("by_from") - pl.col("service_date")).dt.total_days(),
    )
    inside = pl.col("other") & pl.col("service_date").is_between("by_from", "by_to")
    before = pl.col("gap").is_between(1, days_before) & _sent_after("by_sent_on")
    broken = beside.filter(inside | before.fill_null(False))
    says = composed(
        "{}: {} of a claim from {}",
        "date",
        pl.when(inside)
        .then(pl.lit("inside the statement of another program's claim,"))
        .otherwise(pl.lit("just before the first day of an earlier sent claim,")),
        pl.col("by_from").cast(pl.String),
    )
    told = broken.with_columns(told=says).unique("row", keep="first", maintain_order=True)
    return found(told, pl.col("told"), pl.concat_list("by_ref"))


def out_of_sequence(case: Case) -> pl.DataFrame:
    """A line to be sent while an earlier month's is not answered yet (CLM-04)."""
    month = pl.col("service_date").dt.truncate("1mo")
    lines = case.iop.with_columns(month=month).filter(pl.lit(case.policy.claim.in_sequence))
    months = (
        lines.sort("service_date", "turn")
        .group_by(_PROGRAM, maintain_order=True)
        .agg(
            open=(~pl.col("standing").is_in(ANSWERED)).any(),
            open_ref=pl.col("ref").filter(~pl.col("standing").is_in(ANSWERED)).last(),
        )
        .sort("month")
        .with_columns(
            waits=pl.col("open").cum_max().shift(1).over(_MEMBER, order_by="month"),
            for_ref=pl.when("open")
            .then("open_ref")
            .forward_fill()
            .shift(1)
            .over(_MEMBER, order_by="month"),
        )
    )
    held = lines.filter(pl.col("standing") == "proposed").join(
        months.filter(pl.col("waits")), on=_PROGRAM
    )
    says = composed("{}: an earlier month of the episode is not answered yet", "date")
    return found(held, says, pl.concat_list("for_ref"))


def _beside_other_claims(case: Case) -> pl.DataFrame:
    """IOP lines beside the other institutional claims of their member with their provider."""
    rule = case.policy.conflicts
    asked = bool(rule.condition_codes) or rule.days_before is not None
    claims = (
        case.lines.filter(
            pl.lit(asked),
            pl.col("claim").is_not_null(),
            pl.col("form") == "I",
            pl.col("standing") != "denied",
        )
        .group_by(*CLAIM, *_MEMBER)
        .agg(
            by_from=pl.coalesce("statement_from", "service_date").min(),
            by_to=pl.coalesce("statement_to", "service_date").max(),
            by_condition_codes=pl.col("condition_codes").first(),
            by_sent_on=pl.col("sent_on").first(),
            by_ref=pl.col("ref").first(),
        )
        .sort("by_from", *CLAIM)
    )
    lines = case.iop.clear() if claims.is_empty() else case.iop
    beside = lines.join(claims, on=_MEMBER, suffix="_by")
    itself = (pl.col("file_id") == pl.col("file_id_by")) & (
        pl.col("claim_offset") == pl.col("claim_offset_by")
    )
    return beside.filter(~itself)


def _sent_after(other: str) -> pl.Expr:
    """Whether the line goes out after the other claim did."""
    return pl.col("sent_on") > pl.col(other)
