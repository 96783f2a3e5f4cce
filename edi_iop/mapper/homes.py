"""Which claim sent a line belongs to: its home, under what both agree in."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.mapper import track
from edi_iop.mapper.sent import CLAIM, Sent
from edi_iop.mapper.withdrawn import LINE
from edi_iop.rules.in_force import each, each_row
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rated
from edi_iop.tables.judged import OF_CLAIM

HOME = ["home_file_id", "home_offset"]
_ALIKE = (
    "payer_id",
    "client_id",
    "member_id",
    "auth_number",
    "billing_npi",
    "principal",
    "claim_track",
    "month",
    "terms",
    "rate_from",
)
"""In what a late line and the claim it belongs to agree."""
_OPEN = ["sent", "paid"]
_OF_PROGRAM = ("auth_number", "principal", "claim_track")
"""Of these, what a claim may come to say otherwise where all of it changes alike."""
_SERVED = ["client_id", "payer_id", "service_date"]


def marked(
    passed: pl.DataFrame, policies: Mapping[str, Policy], rates: pl.DataFrame
) -> pl.DataFrame:
    """The passed lines with what they must agree in with a claim they belong to."""
    return rated(each(passed.drop(OF_CLAIM), policies, _in_cycle), rates).with_columns(
        terms=track.terms(policies)
    )


def homes(sent: Sent, policies: Mapping[str, Policy], rates: pl.DataFrame) -> pl.DataFrame:
    """One row a claim that stands, with what a late line must agree in (_ALIKE)."""
    lines = sent.lines.filter(pl.col("payer_id").is_in(list(policies)))
    heads = sent.claims.select(*CLAIM, "statement_from", "created_on", sent_frequency="frequency")
    return (
        rated(each_row(lines, policies, _with_track), rates)
        .join(sent.gone.with_columns(gone=True), on=LINE, how="left")
        .with_columns(
            pl.col("gone").fill_null(False),
            principal=track.PRINCIPAL,
            month=track.MONTH,
            terms=track.terms(policies),
            open=pl.col("standing").is_in(_OPEN),
        )
        .group_by(CLAIM, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in ("claim", *_ALIKE) if name != "claim_track"),
            pl.col("claim_track").drop_nulls().first(),
            pl.col("payer_claim_number", "statement_to").first(),
            open=pl.col("open").any(),
            lines=pl.len(),
            removed=pl.col("gone").sum(),
        )
        .join(heads, on=CLAIM)
        .rename(dict(zip(CLAIM, HOME, strict=True)))
    )


def _with_track(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    tracks = track.by_procedure(policies).select("payer_id", "procedure", claim_track="track")
    return lines.join(tracks, on=["payer_id", "procedure"], how="left")


def rekeyed(found: pl.DataFrame, heired: pl.DataFrame) -> pl.DataFrame:
    """The homes; one whose every line changes alike has authorization, diagnosis and track of today."""
    agreed = pl.struct(_OF_PROGRAM).n_unique() == 1
    alike = (
        heired.group_by("file_id", "claim_offset")
        .agg(
            *(pl.col(name).first().alias(f"{name}_today") for name in _OF_PROGRAM),
            heired=pl.struct(LINE).n_unique(),
            _agreed=agreed,
        )
        .filter("_agreed")
        .rename(dict(zip(CLAIM, HOME, strict=True)))
    )
    whole = pl.col("heired") == pl.col("lines")
    return (
        found.join(alike, on=HOME, how="left", maintain_order="left")
        .with_columns(
            pl.when(whole).then(f"{name}_today").otherwise(name).alias(name) for name in _OF_PROGRAM
        )
        .drop("heired", "_agreed", *(f"{name}_today" for name in _OF_PROGRAM))
    )


def heirs(marked: pl.DataFrame, sent: Sent) -> pl.DataFrame:
    """LINE of the restated lines and, as heir_, of what is to be sent of their day; what it agrees in."""
    changed = sent.lines.join(sent.restated, on=LINE, how="semi").select(*LINE, *_SERVED)
    return changed.join(
        marked.select(*_SERVED, *_OF_PROGRAM, *(pl.col(n).alias(f"heir_{n}") for n in LINE)),
        on=_SERVED,
    )


def late(marked: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """LINE and HOME: the passed lines that should have been on a claim sent, and on which.

    A day is late once its claim's statement reaches past it, or was made after the
    month was over; a payer billed by the month or week has one claim for each.
    """
    cycle = pl.col("cycle")
    served, until = pl.col("service_date"), pl.col("statement_to")
    closed = pl.col("created_on") > pl.col("month").dt.month_end()
    same_week = (cycle == "week") & (served.dt.truncate("1w") == until.dt.truncate("1w"))
    belongs = (served <= until) | closed | (cycle == "month") | same_week
    outside = pl.max_horizontal(
        (pl.col("statement_from") - served).dt.total_days(),
        (served - until).dt.total_days(),
        0,
    )
    return (
        marked.join(
            found.select(*HOME, *_ALIKE, "statement_from", "statement_to", "created_on"),
            on=list(_ALIKE),
            nulls_equal=True,
        )
        .filter(belongs)
        .sort(*LINE, outside, "statement_from", *HOME)
        .unique(LINE, keep="first", maintain_order=True)
        .select(*LINE, *HOME, "client_id", "service_date")
    )


def _in_cycle(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    cycles = {payer: policy.billing.cycle for payer, policy in policies.items()}
    cycle = pl.col("payer_id").replace_strict(cycles, default="open", return_dtype=pl.String)
    return track.together(lines, policies).with_columns(cycle=cycle)
