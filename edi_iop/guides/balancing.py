"""What another payer paid of a claim against what it was charged (SNIP level 3).

005010X223A2 and 005010X222A1 front matter 1.4.4.2, coordination of benefits. Line: its
charge (SV203, SV102) less that payer's adjustments (loop 2430 CAS) is what that payer paid
(SVD02). Claim: that payer's line payments, or the claim's charge where its lines were not
decided, less its adjustments of the claim (loop 2320 CAS) is what it paid (AMT D).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.model import Node
from edi_iop.guides.structure import FAULTS, conformed

_CAS_AMOUNTS = (3, 6, 9, 12, 15, 18)


def balance_faults(loops: Loops) -> pl.DataFrame:
    """Other payers whose payments do not balance: structure.FAULTS."""
    found = [pl.DataFrame(schema=FAULTS)]
    if loops.guide.transaction == "837":
        for loop in loops.guide.loops("2300"):
            claims = _Claims(loops, loop)
            if len(claims.of("2320", "AMT", "D")) or len(claims.of("2430", "SVD")):
                found += [*_lines(claims), *_claims(claims)]
    return pl.concat(found)


_INSIDE = {"line": "2400", "other": "2320", "decision": "2430"}
"""What a segment of a claim can stand in: a line, another payer, its decision on a line."""


@dataclass(frozen=True)
class _Claims:
    """The claims at one of the two places of loop 2300."""

    loops: Loops
    loop: Node

    def inner(self, loop_id: str) -> Node:
        return next(one for one in self.loops.guide.loops(loop_id) if self.loop in one.above())

    def of(self, loop_id: str, segment: str, *qualifiers: str) -> Integers:
        """Places of a segment of a loop within the claims; of the claim itself for 2300."""
        loop = self.loop if loop_id == "2300" else self.inner(loop_id)
        nodes = self.loops.guide.carrying(segment, loop, qualifiers)
        return self.loops.segments_of(nodes[0]) if nodes else self.loops.rows[:0]

    def frame(self, places: Integers, *inside: str, **columns: pl.Expr) -> pl.DataFrame:
        """Segments with columns of their elements, and what they stand in (_INSIDE), by number."""
        distinct, at = self.loops.distinct(places)
        told = distinct.select(**columns)[at]
        numbers = {"place": places, "claim": self.loops.instance(self.loop)[places]}
        for name in inside:
            numbers[name] = self.loops.instance(self.inner(_INSIDE[name]))[places]
        return told.with_columns(pl.Series(n, v).cast(pl.Int64) for n, v in numbers.items())

    def whole(self) -> pl.Expr:
        """Claims that are not cut by the end of a piece of a large file."""
        first, last = self.loop in self.loops.opened, self.loop in self.loops.open
        count = len(self.loops.starts(self.loop))
        cut = [1] * first + [count] * last
        return ~pl.col("claim").is_in(cut)


def _text(element: int) -> pl.Expr:
    return pl.col("elements").list.get(element, null_on_oob=True).fill_null("")


def _cents(element: int) -> pl.Expr:
    """An amount in cents; what is no number, or too long for one, is told elsewhere and counts as zero.

    A float holds every amount of up to 15 digits exactly enough to be rounded to its cent.
    """
    cents = (_text(element).cast(pl.Float64, strict=False) * 100).round()
    return cents.cast(pl.Int64, strict=False).fill_null(0)


def _decisions(claims: _Claims) -> pl.DataFrame:
    """One row a payer's decision on a line (SVD): payer, paid, taken (its adjustments)."""
    paid = claims.frame(
        claims.of("2430", "SVD"), "line", "decision", payer=_text(1), paid=_cents(2)
    )
    taken = claims.frame(claims.of("2430", "CAS"), "decision", taken=_adjusted()).group_by(
        "decision"
    )
    sums = taken.agg(pl.col("taken").sum())
    return paid.join(sums, on="decision", how="left", maintain_order="left").with_columns(
        pl.col("taken").fill_null(0)
    )


def _adjusted() -> pl.Expr:
    return pl.sum_horizontal(_cents(element) for element in _CAS_AMOUNTS)


def _lines(claims: _Claims) -> Iterator[pl.DataFrame]:
    """Lines that a payer's payment and adjustments do not make up.

    A line that a payer split in two has two decisions: they count together.
    """
    segment, element = ("SV2", 3) if claims.loops.guide.form == "837I" else ("SV1", 2)
    charges = claims.frame(claims.of("2400", segment), "line", charge=_cents(element))
    decided = _decisions(claims).group_by("claim", "line", "payer", maintain_order=True)
    sums = decided.agg(pl.col("place").first(), pl.col("paid", "taken").sum()).join(
        charges.select("line", "charge"), on="line", maintain_order="left"
    )
    due = pl.col("charge") - pl.col("taken")
    wrong = sums.filter(claims.whole() & (pl.col("paid") != due))
    message = pl.format(
        "the line's charge {} less adjustments {} is not {} as paid",
        *(_dollars(name) for name in ("charge", "taken", "paid")),
    )
    yield _faults(wrong, "OTHER_PAYER_LINE_UNBALANCED", message, "2430", "SVD")


def _claims(claims: _Claims) -> Iterator[pl.DataFrame]:
    """Claims that a payer's payment and adjustments do not make up."""
    payers = claims.frame(claims.of("2330B", "NM1"), "other", payer=_text(9)).select(
        "other", "payer"
    )
    charges = claims.frame(claims.of("2300", "CLM"), charge=_cents(2)).select("claim", "charge")
    taken = claims.frame(claims.of("2320", "CAS"), "other", taken=_adjusted())
    lines = _decisions(claims).group_by("claim", "payer").agg(lines=pl.col("paid").sum())
    sums = (
        claims.frame(claims.of("2320", "AMT", "D"), "other", paid=_cents(2))
        .join(payers, on="other", how="left", maintain_order="left")
        .join(charges, on="claim", how="left", maintain_order="left")
        .join(taken.group_by("other").agg(pl.col("taken").sum()), on="other", how="left", maintain_order="left")
        .join(lines, on=["claim", "payer"], how="left", maintain_order="left")
        .with_columns(pl.col("taken").fill_null(0), begin=pl.coalesce("lines", "charge"))
    )  # fmt: skip
    wrong = sums.filter(claims.whole() & (pl.col("paid") != pl.col("begin") - pl.col("taken")))
    what = pl.when(pl.col("lines").is_null()).then(pl.lit("the claim's charge"))
    message = pl.format(
        "{} {} less adjustments {} is not {} as paid",
        what.otherwise(pl.lit("the payer's line payments")),
        *(_dollars(name) for name in ("begin", "taken", "paid")),
    )
    yield _faults(wrong, "OTHER_PAYER_UNBALANCED", message, "2320", "AMT")


def _dollars(name: str) -> pl.Expr:
    """Cents as dollars and cents: 1234.50, -0.05."""
    cents = pl.col(name)
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = (cents.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.format("{}{}.{}", sign, cents.abs() // 100, fraction)


def _faults(
    wrong: pl.DataFrame, code: str, message: pl.Expr, loop: str, segment: str
) -> pl.DataFrame:
    return conformed(
        wrong.select(
            "place",
            code=pl.lit(code),
            message=message,
            loop=pl.lit(loop),
            segment=pl.lit(segment),
            element=pl.lit(2),
        )
    )
