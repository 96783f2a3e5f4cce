"""The other intensive outpatient day beside a denied one: on which claim it is, and what was paid for it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.reconciler.answers import SENT_LINE
from edi_iop.reconciler.denials import SERVICE, person
from edi_iop.reconciler.evidence import line_reference, per_diems
from edi_iop.rules.catalogue import STOPPING
from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy
from edi_iop.tables.amounts import dollars
from edi_iop.tables.numbers import joined
from edi_iop.texts import composed

PAIRED = ("paired_claim", "paired_line", "paired_paid_cents", "paired_payment")
_DAY = ("payer_id", "person", "service_date")
_STANDS = ("paid", "allowed", "open", "taken back", "denied")
"""What became of the other day, the most telling first; allowed: nothing paid, all of it left to others."""


def paired(
    about: pl.DataFrame, lines: pl.DataFrame, last: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """denial, PAIRED, beside (a sentence) and beside_evidence, of denied days that are not the only one.

    Also beside_stands (_STANDS), beside_cents (what payer and patient give for the other day),
    one_claim (it is on the denied day's own claim) and first_of_day (no other of these denials
    is of an earlier line of the date). about: denial and the lines sent that it is about. last:
    the last answer to each line sent. Of several other days the one that was paid for most is named.
    """
    days = each(about, policies, _per_diem_lines)
    standing = lines.filter(pl.col("standing") != "void").select(
        "claim", "line", "payer_responsibility", *SERVICE
    )
    others = each(standing, policies, _per_diem_lines).select(
        *_DAY,
        other_file="file_id",
        other_offset="line_offset",
        other_claim="claim_offset",
        paired_claim="claim",
        paired_line="line",
        other_procedure="procedure",
        other_place="payer_responsibility",
    )
    itself = (pl.col("other_file") == pl.col("claim_file_id")) & (
        pl.col("other_offset") == pl.col("line_offset")
    )
    first = pl.col("denial") == pl.col("denial").sort_by(*SENT_LINE).first().over(_DAY)
    own = days.select("denial", *SENT_LINE, "claim_offset", *_DAY, first_of_day=first)
    beside = own.join(others, on=_DAY).filter(~itself)
    told = _answered(beside, last).sort(
        "denial", pl.col("beside_stands").cast(pl.Enum(_STANDS)), "paired_paid_cents",
        "paired_claim", "paired_line",
        descending=[False, False, True, False, False], nulls_last=True,
    ).unique("denial", keep="first", maintain_order=True)  # fmt: skip
    return told.select(
        "denial",
        *PAIRED,
        "beside_stands",
        "beside_cents",
        "first_of_day",
        beside=_sentence(),
        beside_evidence=_evidence(),
        one_claim=_one_claim(),
    )


def to_keep(tied: pl.DataFrame, about: pl.DataFrame, violations: pl.DataFrame) -> pl.DataFrame:
    """denial of days that are payable though they are one of two: nothing is paid for the other.

    Where both were denied it is the day that the duplicate rules keep; where the payment of the
    other was taken back, the first of those that were denied. tied: the denials with `paired`.
    """
    doubled = violations.filter(pl.col("rule").str.starts_with("DUP"))
    surplus = about.select("denial", *SENT_LINE).join(
        doubled.select("line_offset", claim_file_id="file_id"), on=SENT_LINE, how="semi"
    )
    kept = about.select("denial", reference=line_reference()).join(
        doubled.select(reference="evidence").explode("reference"), on="reference", how="semi"
    )
    stands, denial = pl.col("beside_stands"), pl.col("denial")
    both_denied = (
        (stands == "denied")
        & denial.is_in(kept["denial"].implode())
        & ~denial.is_in(surplus["denial"].implode())
    )
    taken_back = (stands == "taken back") & pl.col("first_of_day")
    return tied.filter(both_denied | taken_back, pl.col("kind") == "denied").select("denial")


def left_out(violations: pl.DataFrame) -> pl.DataFrame:
    """Violations of lines that no claim is to hold again: a second day of a date or one spent at another
    level of care (severity block or hold), or one billed again since (a note)."""
    itself = pl.col("evidence").list.contains(line_reference())
    second = pl.col("rule").str.starts_with("DUP") & ~itself
    elsewhere = (pl.col("rule") == "LOC-01") & pl.col("severity").is_in(STOPPING)
    return violations.filter(second | elsewhere)


def with_lines_left(denied: pl.DataFrame, violations: pl.DataFrame) -> pl.DataFrame:
    """The denials with lines_left: the lines of each one's claim that a replacement would hold."""
    keys = left_out(violations).select("claim_offset", "line_offset", claim_file_id="file_id")
    gone = keys.unique().group_by("claim_file_id", "claim_offset").agg(gone=pl.len())
    told = denied.join(
        gone, on=("claim_file_id", "claim_offset"), how="left", maintain_order="left"
    )
    return told.with_columns(lines_left=pl.col("claim_lines") - pl.col("gone").fill_null(0))


def surplus() -> pl.Expr:
    """A line that its date has one too many of, and not the one to keep. Of surplus, to_keep."""
    return pl.col("surplus").is_not_null() & pl.col("to_keep").is_null()


def _per_diem_lines(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines that are intensive outpatient days, with whose they are."""
    days = lines.join(per_diems(policies), on=("payer_id", "procedure"), how="semi")
    return days.with_columns(person=person())


def _answered(beside: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """What the payer last said of each other day: beside_stands, amounts, and by which payment."""
    said = last.select(
        *SENT_LINE,
        "denied",
        "reversal",
        said_cents="paid_cents",
        others_cents="beside_cents",
        paired_payment="trace_number",
        paired_on="payment_date",
    )
    names = {"claim_file_id": "other_file", "line_offset": "other_offset"}
    stands = (
        pl.when(pl.col("reversal").is_null())
        .then(pl.lit("open"))
        .when("reversal")
        .then(pl.lit("taken back"))
        .when("denied")
        .then(pl.lit("denied"))
        .when(pl.col("said_cents") > 0)
        .then(pl.lit("paid"))
        .otherwise(pl.lit("allowed"))
    )
    told = joined(beside, said.rename(names), tuple(names.values()), "left")
    gives = pl.col("beside_stands").is_in(["paid", "allowed"])
    return told.with_columns(beside_stands=stands).with_columns(
        paired_paid_cents=pl.when(pl.col("beside_stands") != "taken back").then("said_cents"),
        beside_cents=pl.when(gives).then(
            pl.col("said_cents") + pl.col("others_cents").fill_null(0)
        ),
    )


def _one_claim() -> pl.Expr:
    return (pl.col("other_file") == pl.col("claim_file_id")) & (
        pl.col("other_claim") == pl.col("claim_offset")
    )


def _sentence() -> pl.Expr:
    """The other day of that date, claim X line 1 (H0015), was paid 285.00 by payment T1 of 2026-03-10."""
    day = composed(
        "The other day of that date, claim {} line {} ({}),",
        "paired_claim",
        pl.col("paired_line").fill_null(0),
        "other_procedure",
    )
    by = composed(
        "by payment {} of {}.",
        pl.col("paired_payment").fill_null("without number"),
        pl.col("paired_on").cast(pl.String).fill_null("an unknown day"),
    )
    was = pl.col("beside_stands").replace_strict(
        {"open": "is not answered yet.", "denied": "was denied too"},
        default=None,
        return_dtype=pl.String,
    )
    paid_once = pl.when(pl.col("said_cents") < 0).then(pl.lit("paid")).otherwise(pl.lit("answered"))
    known = (
        pl.when(pl.col("beside_stands") == "paid")
        .then(composed("was paid {}", dollars(pl.col("paired_paid_cents"))))
        .when(pl.col("beside_stands") == "taken back")
        .then(composed("was {}, then taken back", paid_once))
        .when(pl.col("others_cents") > 0)
        .then(composed("was allowed {}, {},", dollars(pl.col("beside_cents")), _left_to()))
        .when(pl.col("beside_stands") == "allowed")
        .then(pl.lit("was taken in and nothing paid for it"))
    )
    told = pl.concat_str(day, pl.coalesce(was, known), separator=" ")
    open_yet = pl.col("beside_stands") == "open"
    return pl.when(open_yet).then(told).otherwise(pl.concat_str(told, by, separator=" "))


def _left_to() -> pl.Expr:
    """Whose the allowed amount is: before a later payer another one may have paid a part of it."""
    first = pl.col("other_place").fill_null("P") == "P"
    alone, others = "left to the patient", "left to the patient or paid by an earlier payer"
    return pl.when(first).then(pl.lit(alone)).otherwise(pl.lit(others))


def _evidence() -> pl.Expr:
    """The other line and, where it was answered, the payment with what it gave for it."""
    named = composed("claim:{} line {}", "paired_claim", pl.col("paired_line").fill_null(0))
    payment = composed("payment:{}", pl.col("paired_payment").fill_null("without number"))
    left = (pl.col("beside_stands") == "allowed") & (pl.col("others_cents") > 0)
    gave = (
        pl.when(pl.col("beside_stands") == "open")
        .then(None)
        .when(pl.col("beside_stands") == "taken back")
        .then(pl.lit("took back what was paid"))
        .when(left)
        .then(composed("allowed {}", dollars(pl.col("beside_cents"))))
        .otherwise(composed("paid {}", dollars(pl.col("paired_paid_cents"))))
    )
    paid = composed("{} {} for {}", payment, gave, named)
    return pl.concat_list(named, paid).list.drop_nulls()
