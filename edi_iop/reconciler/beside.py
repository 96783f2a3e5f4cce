"""The other intensive outpatient day beside a denied one: on which claim it is, and what was paid for it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.reconciler.answers import SENT_LINE
from edi_iop.reconciler.balance import dollars
from edi_iop.reconciler.denials import SERVICE, person
from edi_iop.reconciler.evidence import per_diems
from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy

PAIRED = ("paired_claim", "paired_line", "paired_paid_cents", "paired_payment")
_DAY = ("payer_id", "person", "service_date")


def paired(
    about: pl.DataFrame, lines: pl.DataFrame, last: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """denial, PAIRED, beside (a sentence) and beside_evidence, of denied days that are not the only one.

    about: denial and the lines sent that it is about. last: the last answer to each
    line sent. Of several other days the one that was paid for most is named.
    """
    days = each(about, policies, _per_diem_lines)
    standing = lines.filter(pl.col("standing") != "void").select("claim", "line", *SERVICE)
    others = each(standing, policies, _per_diem_lines).select(
        *_DAY,
        other_file="file_id",
        other_offset="line_offset",
        paired_claim="claim",
        paired_line="line",
        other_procedure="procedure",
    )
    itself = (pl.col("other_file") == pl.col("claim_file_id")) & (
        pl.col("other_offset") == pl.col("line_offset")
    )
    beside = days.select("denial", *SENT_LINE, *_DAY).join(others, on=_DAY).filter(~itself)
    first = _answered(beside, last).sort(
        "denial", "paired_paid_cents", "paired_claim", "paired_line",
        descending=[False, True, False, False], nulls_last=True,
    ).unique("denial", keep="first", maintain_order=True)  # fmt: skip
    return first.select("denial", *PAIRED, beside=_sentence(), beside_evidence=_evidence())


def _per_diem_lines(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines that are intensive outpatient days, with whose they are."""
    days = lines.join(per_diems(policies), on=("payer_id", "procedure"), how="semi")
    return days.with_columns(person=person())


def _answered(beside: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """What the payer last said of each other day; null where it was not answered, or taken back."""
    said = last.filter(~pl.col("reversal")).select(
        *SENT_LINE,
        paired_paid_cents="paid_cents",
        paired_payment="trace_number",
        paired_on="payment_date",
        paired_denied="denied",
    )
    names = {"claim_file_id": "other_file", "line_offset": "other_offset"}
    return beside.join(said.rename(names), on=tuple(names.values()), how="left")


def _sentence() -> pl.Expr:
    """The other day of that date, claim X line 1 (H0015), was paid 285.00 by payment T1 of 2026-03-10."""
    day = pl.format(
        "The other day of that date, claim {} line {} ({}),",
        "paired_claim",
        pl.col("paired_line").fill_null(0),
        "other_procedure",
    )
    by = pl.format(
        "by payment {} of {}",
        pl.col("paired_payment").fill_null("without number"),
        pl.col("paired_on").cast(pl.String).fill_null("an unknown day"),
    )
    return (
        pl.when(pl.col("paired_paid_cents").is_null())
        .then(pl.format("{} is not answered yet.", day))
        .when("paired_denied")
        .then(pl.format("{} was denied too {}.", day, by))
        .otherwise(pl.format("{} was paid {} {}.", day, dollars(pl.col("paired_paid_cents")), by))
    )


def _evidence() -> pl.Expr:
    """The other line and, where it was answered, the payment with what it paid for it."""
    named = pl.format("claim:{} line {}", "paired_claim", pl.col("paired_line").fill_null(0))
    paid = pl.format(
        "payment:{} paid {} for {}",
        pl.col("paired_payment").fill_null("without number"),
        dollars(pl.col("paired_paid_cents")),
        named,
    )
    return pl.concat_list(named, paid).list.drop_nulls()
