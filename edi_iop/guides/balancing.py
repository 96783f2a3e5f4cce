"""What another payer paid of a claim against what it was charged (SNIP level 3).

005010X223A2 and 005010X222A1 front matter 1.4.4.2, coordination of benefits. Line: its
charge (SV203, SV102) less that payer's adjustments (loop 2430 CAS) is what that payer paid
(SVD02). Claim: that payer's line payments, or the claim's charge where its lines were not
decided, less its adjustments of the claim (loop 2320 CAS) is what it paid (AMT D).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl

from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.structure import NO_FAULTS, conformed

_CAS_AMOUNTS = (3, 6, 9, 12, 15, 18)


def balance_faults(loops: Loops) -> pl.DataFrame:
    """Other payers whose payments do not balance: structure.FAULTS."""
    found = [NO_FAULTS]
    if loops.guide.transaction == "837":
        claims = _Claims(loops)
        if len(claims.of("2320", "AMT", "D")) or len(claims.of("2430", "SVD")):
            found += [*_lines(claims), *_claims(claims)]
    return pl.concat(found)


_INSIDE = {"claim": "2300", "line": "2400", "other": "2320", "decision": "2430"}
"""What a segment can stand in: a claim, a line, another payer, its decision on a line."""


@dataclass(frozen=True)
class _Claims:
    """The claims of the transactions, at both places that loop 2300 has in a guide."""

    loops: Loops

    def number(self, name: str, places: Integers) -> Integers:
        """Running number of what segments stand in, over all places of its loop."""
        numbers = np.zeros(len(places), dtype=np.int64)
        for loop in self.loops.guide.loops(_INSIDE[name]):
            numbers += self.loops.instance(loop)[places]
        return numbers

    def of(self, loop_id: str, segment: str, *qualifiers: str) -> Integers:
        """Places of a segment of a loop."""
        guide = self.loops.guide
        nodes = [guide.carrying(segment, loop, qualifiers)[:1] for loop in guide.loops(loop_id)]
        found = [self.loops.segments_of(node) for own in nodes for node in own]
        return np.sort(np.concatenate([self.loops.rows[:0], *found]))

    def within(self, name: str, places: Integers, others: Integers) -> Integers:
        """Those of the places that stand in the same line (or claim) as any of the others."""
        own, asked = self.number(name, places), self.number(name, others)
        there = np.zeros(max(own.max(initial=0), asked.max(initial=0)) + 1, dtype=bool)
        there[asked] = True
        return places[there[own]]

    def frame(self, places: Integers, *inside: str, **columns: pl.Expr) -> pl.DataFrame:
        """Segments with columns of their elements, and what they stand in (_INSIDE), by number."""
        distinct, at = self.loops.distinct(places)
        told = distinct.select(**columns)[at].get_columns()
        numbers = [pl.Series(name, self.number(name, places)) for name in ("claim", *inside)]
        return pl.DataFrame([*told, pl.Series("place", places, pl.Int64), *numbers])

    @cached_property
    def decisions(self) -> pl.DataFrame:
        """One row a payer's decision on a line (SVD): payer, paid, taken (its adjustments)."""
        paid = self.frame(
            self.of("2430", "SVD"), "line", "decision", payer=_text(1), paid=_cents(2)
        )
        taken = self.frame(self.of("2430", "CAS"), "decision", taken=_adjusted())
        sums = taken.group_by("decision").agg(pl.col("taken").sum())
        return paid.join(sums, on="decision", how="left", maintain_order="left").with_columns(
            pl.col("taken").fill_null(0)
        )

    def whole(self) -> pl.Expr:
        """Claims that are not cut by the end of a piece of a large file."""
        loops = self.loops.guide.loops("2300")
        first = any(loop in self.loops.opened for loop in loops)
        last = any(loop in self.loops.open for loop in loops)
        count = sum(len(self.loops.starts(loop)) for loop in loops)
        cut = [1] * first + [count] * last
        return ~pl.col("claim").is_in(cut)


@cache
def _text(element: int) -> pl.Expr:
    return pl.col("elements").list.get(element, null_on_oob=True).fill_null("")


@cache
def _cents(element: int) -> pl.Expr:
    """An amount in cents; what is no number, or too long for one, is told elsewhere and counts as zero.

    A float holds every amount of up to 15 digits exactly enough to be rounded to its cent.
    """
    cents = (_text(element).cast(pl.Float64, strict=False) * 100).round()
    return cents.cast(pl.Int64, strict=False).fill_null(0)


@cache
def _adjusted() -> pl.Expr:
    return pl.sum_horizontal(_cents(element) for element in _CAS_AMOUNTS)


def _lines(claims: _Claims) -> Iterator[pl.DataFrame]:
    """Lines that a payer's payment and adjustments do not make up.

    A line that a payer split in two has two decisions: they count together.
    """
    segment, element = ("SV2", 3) if claims.loops.guide.form == "837I" else ("SV1", 2)
    services = claims.within("line", claims.of("2400", segment), claims.of("2430", "SVD"))
    charges = claims.frame(services, "line", charge=_cents(element))
    decided = claims.decisions.group_by("claim", "line", "payer", maintain_order=True)
    sums = decided.agg(pl.col("place").first(), pl.col("paid", "taken").sum()).join(
        charges.select("line", "charge"), on="line", maintain_order="left"
    )
    due = pl.col("charge") - pl.col("taken")
    wrong = sums.filter(claims.whole() & (pl.col("paid") != due))
    yield _faults(wrong, "OTHER_PAYER_LINE_UNBALANCED", _line_message(), "2430", "SVD")


@cache
def _line_message() -> pl.Expr:
    return pl.format(
        "the line's charge {} less adjustments {} is not {} as paid",
        *(_dollars(name) for name in ("charge", "taken", "paid")),
    )


def _claims(claims: _Claims) -> Iterator[pl.DataFrame]:
    """Claims that a payer's payment and adjustments do not make up."""
    payers = claims.frame(claims.of("2330B", "NM1"), "other", payer=_text(9)).select(
        "other", "payer"
    )
    paid = claims.of("2320", "AMT", "D")
    billed = claims.within("claim", claims.of("2300", "CLM"), paid)
    charges = claims.frame(billed, charge=_cents(2)).select("claim", "charge")
    taken = claims.frame(claims.of("2320", "CAS"), "other", taken=_adjusted())
    lines = claims.decisions.group_by("claim", "payer").agg(lines=pl.col("paid").sum())
    sums = (
        claims.frame(paid, "other", paid=_cents(2))
        .join(payers, on="other", how="left", maintain_order="left")
        .join(charges, on="claim", how="left", maintain_order="left")
        .join(taken.group_by("other").agg(pl.col("taken").sum()), on="other", how="left", maintain_order="left")
        .join(lines, on=["claim", "payer"], how="left", maintain_order="left")
        .with_columns(pl.col("taken").fill_null(0), begin=pl.coalesce("lines", "charge"))
    )  # fmt: skip
    wrong = sums.filter(claims.whole() & (pl.col("paid") != pl.col("begin") - pl.col("taken")))
    yield _faults(wrong, "OTHER_PAYER_UNBALANCED", _claim_message(), "2320", "AMT")


@cache
def _claim_message() -> pl.Expr:
    what = pl.when(pl.col("lines").is_null()).then(pl.lit("the claim's charge"))
    return pl.format(
        "{} {} less adjustments {} is not {} as paid",
        what.otherwise(pl.lit("the payer's line payments")),
        *(_dollars(name) for name in ("begin", "taken", "paid")),
    )


@cache
def _dollars(name: str) -> pl.Expr:
    """Cents as dollars and cents: 1234.50, -0.05."""
    cents = pl.col(name)
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = (cents.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.format("{}{}.{}", sign, cents.abs() // 100, fraction)


def _faults(
    wrong: pl.DataFrame, code: str, message: pl.Expr, loop: str, segment: str
) -> pl.DataFrame:
    if wrong.is_empty():
        return NO_FAULTS
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
