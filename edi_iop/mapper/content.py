"""What a claim holds: its service lines, diagnoses and header codes (loops 2300 HI, 2400)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from edi_iop.money import to_cents
from edi_iop.rules.billing import HeaderCodes
from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy
from edi_iop.tables import CLAIM_CODES, CLAIM_DIAGNOSES, CLAIM_LINES
from edi_iop.texts import composed

_OTHERS_PER_SEGMENT = 12
_MOST_OTHERS = 24
_CLAIM = ["file_id", "claim_offset"]
_SEGMENTS = 8
"""HI segments of one claim have offsets of their own, so many apart."""
_MOMENTS = {"admission": "admission_date"}
"""Columns of tables.CLAIMS that policy moments name, where the names differ."""


def lines(numbered: pl.DataFrame) -> pl.DataFrame:
    """One row a service line (loop 2400): LX in date order, REF 6R on each."""
    return CLAIM_LINES.conform(
        numbered.with_columns(
            qualifier=pl.when(pl.col("procedure").is_not_null()).then(pl.lit("HC")),
            unit_basis=pl.lit("UN"),
            line_control=line_control_number(),
            rendering_npi=pl.lit(None),
        )
    )


def line_control_number() -> pl.Expr:
    """REF 6R of a line: letters first, so that it is never taken for an LX number."""
    number = pl.col("line").cast(pl.String).str.zfill(3)
    return composed("L{}{}", pl.col("claim_number").str.tail(10), number)


def diagnoses(numbered: pl.DataFrame) -> pl.DataFrame:
    """The claim's diagnoses without repeats (HI): the principal in a segment of its own, others after.

    byte_offset numbers the segments of a claim: 0 the principal's, then twelve others each.
    """
    codes = (
        numbered.select(*_CLAIM, "diagnoses")
        .unique(maintain_order=True)
        .with_columns(diagnosis=pl.col("diagnoses").str.split(" "))
        .explode("diagnosis")
        .filter(pl.col("diagnosis") != "")
        .unique([*_CLAIM, "diagnosis"], keep="first", maintain_order=True)
        .with_columns(_place=pl.int_range(pl.len()).over(_CLAIM))
        .filter(pl.col("_place") <= _MOST_OTHERS)
    )
    other = pl.col("_place") > 0
    return CLAIM_DIAGNOSES.conform(
        codes.with_columns(
            byte_offset=pl.col("claim_offset") * 3
            + pl.when(other).then((pl.col("_place") - 1) // _OTHERS_PER_SEGMENT + 1).otherwise(0),
            position=pl.when(other)
            .then((pl.col("_place") - 1) % _OTHERS_PER_SEGMENT + 1)
            .otherwise(1),
            qualifier=pl.when(other).then(pl.lit("ABF")).otherwise(pl.lit("ABK")),
        )
    )


def codes(
    claims: pl.DataFrame, numbered: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Condition, occurrence, span and value codes that the payers' policies put on their claims."""
    counted = numbered.group_by(_CLAIM).agg(days=pl.col("service_date").n_unique())
    made = each(
        claims,
        policies,
        lambda part, own: _codes(part, counted, own),
        on="statement_from",
    )
    return made.sort(*_CLAIM, "byte_offset", "position")


def _codes(
    claims: pl.DataFrame, counted: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    made = [CLAIM_CODES.empty()]
    # one turn a payer and code, of which there are few
    for payer, policy in policies.items():
        own = claims.filter(pl.col("payer_id") == payer)
        if own.is_empty():
            continue
        whole = own.join(counted, on=_CLAIM, how="left", maintain_order="left")
        for segment, position, wanted in _wanted(policy.billing.codes):
            byte_offset = pl.col("claim_offset") * _SEGMENTS + segment
            row = {"byte_offset": byte_offset, "position": pl.lit(position), **wanted}
            made.append(CLAIM_CODES.conform(whole.select(*_CLAIM, **row)))
    return pl.concat(made)


def _wanted(wanted: HeaderCodes) -> Iterator[tuple[int, int, dict[str, pl.Expr]]]:
    """Segment (in the guide's order), place in it, and the columns of each code."""
    for place, occurrence in enumerate(wanted.occurrence, 1):
        dated = {"period_qualifier": pl.lit("D8"), "period": _day(occurrence.on)}
        yield 1, place, _code("BH", occurrence.code) | dated
    for place, span in enumerate(wanted.span, 1):
        both = composed("{}-{}", _day(span.first), _day(span.last))
        yield 0, place, _code("BI", span.code) | {"period_qualifier": pl.lit("RD8"), "period": both}
    for place, value in enumerate(wanted.value, 1):
        days = pl.col("days").cast(pl.Int64) * 100
        amount = days if value.amount is None else pl.lit(to_cents(value.amount))
        yield 2, place, _code("BE", value.code) | {"amount_cents": amount}
    for place, code in enumerate(wanted.condition, 1):
        yield 3, place, _code("BG", code)


def _code(qualifier: str, code: str) -> dict[str, pl.Expr]:
    return {"qualifier": pl.lit(qualifier), "code": pl.lit(code)}


def _day(moment: str) -> pl.Expr:
    return pl.col(_MOMENTS.get(moment, moment)).dt.strftime("%Y%m%d")
