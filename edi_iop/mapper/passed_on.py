"""A claim as it goes on to its second payer: lines, header, and the first one's decision (loops 2320, 2330, 2430)."""

from __future__ import annotations

import polars as pl

from edi_iop.mapper import parties
from edi_iop.mapper.given import HEADERS, KEYS, LINES, Given, shaped
from edi_iop.mapper.sent import Sent
from edi_iop.settings import Settings
from edi_iop.tables import OTHER_PAYER_ADJUSTMENTS, OTHER_PAYER_LINES, OTHER_PAYERS
from edi_iop.tables.judged import OF_CLAIM

_CLAIM = ["file_id", "claim_offset"]
_LINE = [*_CLAIM, "line_offset"]
_ORIGINAL = ("1", "2", "3", "4")
_FIRST = (
    "relationship",
    "group_number",
    "filing_indicator",
    "member_id",
    "subscriber_last_name",
    "subscriber_first_name",
    "payer_name",
    "payer_id",
)
"""Of the claim as it was sent to the first payer."""


def first_payers(sent: Sent) -> pl.DataFrame:
    """What the claims said of their first payer (first_NAME), and their own number."""
    said = {f"first_{name}": pl.col(name) for name in _FIRST}
    return sent.claims.select(*_CLAIM, "claim", **said)


def passed_on(
    fit: pl.DataFrame,
    lines: pl.DataFrame,
    taken: pl.DataFrame,
    sent: Sent,
    settings: Settings,
    first_line: int,
) -> Given:
    """What the mapper is to build of claims that are fit to go on.

    fit: a row a claim, `given` its key, with the second coverage, what the first payer decided and
    first_payers. lines, taken: their lines and the adjustments (CAS) of these. first_line: the
    first free line_offset among proposed lines.
    """
    return Given(
        _proposed(fit, lines, first_line),
        _headers(fit, sent, settings),
        _payers(fit),
        _decisions(fit, lines, taken),
        _shaped(taken, OTHER_PAYER_ADJUSTMENTS.schema),
    )


def _proposed(fit: pl.DataFrame, lines: pl.DataFrame, first_line: int) -> pl.DataFrame:
    """The lines again, as proposed to the second payer."""
    to = fit.select(
        "given",
        "second_number",
        second="second_payer",
        second_member="member_id",
        born="birth_date",
    )
    again = lines.join(to, on="given", maintain_order="left").sort(*_LINE)
    return shaped(
        again.drop("payer_id", "member_id", *OF_CLAIM).with_columns(
            payer_id="second",
            member_id="second_member",
            birth_date="born",
            payer_responsibility=pl.lit("S"),
            prior_payer_answered=True,
            standing=pl.lit("proposed"),
            file_id=pl.lit(0),
            claim_offset=pl.lit(0),
            line_offset=pl.int_range(pl.len()) + first_line,
            claim=pl.lit(None),
            line=pl.lit(None),
            auth_number="second_number",
            replaces=pl.lit(None),
            payer_claim_number=pl.lit(None),
            frequency=pl.lit("1"),
        ),
        LINES,
    )


def _headers(fit: pl.DataFrame, sent: Sent, settings: Settings) -> pl.DataFrame:
    """The claims' headers with the second payer and its subscriber in the place of the first."""
    people = parties.people()
    coverage = fit.select(
        *_CLAIM,
        "given",
        "group_number",
        "member_id",
        "relationship",
        "second_payer",
        auth_number="second_number",
        **people,
    )
    named = parties.payers(settings).drop("partner").rename({"payer_id": "second_payer"})
    known = coverage.join(named, on="second_payer", how="left").rename({"second_payer": "payer_id"})
    new = [name for name in known.columns if name not in _CLAIM]
    first = pl.when(pl.col("frequency").is_in(_ORIGINAL)).then("frequency")
    headers = sent.claims.drop(new, strict=False).join(known, on=_CLAIM, maintain_order="left")
    return shaped(
        headers.with_columns(
            payer_responsibility=pl.lit("S"),
            frequency=pl.coalesce(first, pl.lit("1")),
            payer_claim_number=pl.lit(None),
            group_name=pl.lit(None),
        ),
        HEADERS,
    )


def _payers(fit: pl.DataFrame) -> pl.DataFrame:
    """The first payer's decision on each claim (loop 2320); its date stands here only without lines."""
    own = ~pl.col("at_line")
    return _shaped(
        fit.select(
            "given",
            "paid_cents",
            "payer_claim_number",
            given_payer="given",
            payer_responsibility=pl.lit("P"),
            benefits_assigned=pl.lit("Y"),
            release=pl.lit("Y"),
            patient_cents=pl.when(own).then("left_cents"),
            paid_on=pl.when(own).then("payment_date"),
            **{name: f"first_{name}" for name in _FIRST},
        ),
        OTHER_PAYERS.schema,
    )


def _decisions(fit: pl.DataFrame, lines: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """The first payer's decision on each line (loop 2430)."""
    patient = (
        taken.filter(pl.col("given_line").is_not_null(), pl.col("group") == "PR")
        .group_by("given_line")
        .agg(patient_cents=pl.col("amount_cents").sum())
    )
    of = fit.filter("at_line").select("given", "payment_date", payer="first_payer_id")
    rows = lines.join(of, on="given", maintain_order="left").join(
        patient, on="given_line", how="left", maintain_order="left"
    )
    return _shaped(
        rows.select(
            "given",
            "given_line",
            "patient_cents",
            "paid_cents",
            "procedure",
            "modifiers",
            "revenue",
            given_payer="given",
            payer_id="payer",
            qualifier=pl.when(pl.col("procedure").is_not_null()).then(pl.lit("HC")),
            units=pl.coalesce("units_decided", "units"),
            paid_on="payment_date",
        ),
        OTHER_PAYER_LINES.schema,
    )


def _shaped(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return shaped(frame, schema | KEYS)
