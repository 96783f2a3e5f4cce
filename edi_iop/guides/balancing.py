"""What another payer paid of a claim against what it was charged, and a remit's header totals (SNIP level 3).

005010X223A2 and 005010X222A1 front matter 1.4.4.2, coordination of benefits. Line: its
charge (SV203, SV102) less that payer's adjustments (loop 2430 CAS) is what that payer paid
(SVD02). Claim: that payer's line payments, or the claim's charge where its lines were not
decided, less its adjustments of the claim (loop 2320 CAS) is what it paid (AMT D).

005010X221A1 loop 2000: TS3 tells how many claims follow its header number (TS304) and what
they charge (TS305).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

import msgspec
import numpy as np
import polars as pl

from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.structure import NO_FAULTS, conformed
from edi_iop.tables.amounts import dollars
from edi_iop.texts import composed
from edi_iop.x12.numbering import numbered

_CAS_AMOUNTS = (3, 6, 9, 12, 15, 18)


def balance_faults(loops: Loops) -> pl.DataFrame:
    """Other payers whose payments do not balance: structure.FAULTS."""
    found = [NO_FAULTS]
    if loops.guide.transaction == "837":
        claims = _Claims(loops)
        if len(claims.of("2320", "AMT", "D")) or len(claims.of("2430", "SVD")):
            found += [*_lines(claims), *_claims(claims)]
    elif loops.guide.transaction == "835":
        found.append(_headers(loops))
    return pl.concat(found)


_INSIDE = {"claim": "2300", "line": "2400", "other": "2320", "decision": "2430"}
"""What a segment can stand in: a claim, a line, another payer, its decision on a line."""


class _Claims(msgspec.Struct, frozen=True, dict=True):
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

    def frame(
        self, places: Integers, *inside: str, **columns: pl.Series | Integers
    ) -> pl.DataFrame:
        """Segments with columns of their own, and what they stand in (_INSIDE), by number."""
        numbers = {name: self.number(name, places) for name in ("claim", *inside)}
        return pl.DataFrame({**columns, "place": places, **numbers})

    def text(self, places: Integers, element: int) -> pl.Series:
        """An element of segments, empty where there is none."""
        return _text(self.loops, places, element)

    def cents(self, places: Integers, *elements: int) -> Integers:
        """The sum of some elements of segments, in cents."""
        own = self._texts(places)
        distinct, number = np.unique(own, return_inverse=True)
        words = self.loops.words
        told = pl.DataFrame({f"{one}": words.of(distinct, one) for one in elements})
        sums = told.select(pl.sum_horizontal(_cents(name) for name in told.columns))
        amounts: Integers = sums.to_series().to_numpy()[number]
        return amounts

    def _texts(self, places: Integers) -> Integers:
        texts: Integers = self.loops.pairs["text"].to_numpy()[self.loops.pair[places]]
        return texts

    def adjusted(self, name: str, loop_id: str, places: Integers) -> Integers:
        """What the adjustments (CAS) that stand in the same as each place (_INSIDE) come to, in cents."""
        adjustments = self.of(loop_id, "CAS")
        number, own = self.number(name, adjustments), self.number(name, places)
        sums = np.zeros(max(number.max(initial=0), own.max(initial=0)) + 1, dtype=np.int64)
        np.add.at(sums, number, self.cents(adjustments, *_CAS_AMOUNTS))
        return sums[own]

    @cached_property
    def decisions(self) -> pl.DataFrame:
        """One row a payer's decision on a line (SVD): payer, paid, taken (its adjustments)."""
        places = self.of("2430", "SVD")
        return self.frame(
            places,
            "line",
            payer=self.text(places, 1),
            paid=self.cents(places, 2),
            taken=self.adjusted("decision", "2430", places),
        )

    @cached_property
    def payers(self) -> pl.DataFrame:
        """One row another payer of a claim: claim, other, payer (NM109)."""
        named = self.of("2330B", "NM1")
        return self.frame(named, "other", payer=self.text(named, 9))

    def told_apart(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Without payers that have two coverages of one claim: nothing says whose decision is whose."""
        own = self.payers.select("claim", "payer")
        twice = own.filter(pl.Series(_both(own)).is_duplicated())
        if twice.is_empty():
            return rows
        return rows.join(twice, on=["claim", "payer"], how="anti", maintain_order="left")

    def whole(self) -> pl.Expr:
        """Claims that are not cut by the end of a piece of a large file."""
        loops = self.loops.guide.loops("2300")
        first = any(loop in self.loops.opened for loop in loops)
        last = any(loop in self.loops.open for loop in loops)
        count = sum(len(self.loops.starts(loop)) for loop in loops)
        cut = [1] * first + [count] * last
        return ~pl.col("claim").is_in(cut)


def _both(rows: pl.DataFrame) -> Integers:
    """Claim and payer as one number: by two columns, one of them text, all takes ten times as long."""
    payer, distinct = numbered(rows["payer"])
    numbers: Integers = rows["claim"].to_numpy() * len(distinct) + payer
    return numbers


@cache
def _cents(name: str) -> pl.Expr:
    """An amount in cents; what is no number, or too long for one, is told elsewhere and counts as zero.

    A float holds every amount of up to 15 digits exactly enough to be rounded to its cent.
    """
    cents = (pl.col(name).cast(pl.Float64, strict=False) * 100).round()
    return cents.cast(pl.Int64, strict=False).fill_null(0)


def _lines(claims: _Claims) -> Iterator[pl.DataFrame]:
    """Lines that a payer's payment and adjustments do not make up.

    A line that a payer split in two has two decisions: they count together.
    """
    segment, element = ("SV2", 3) if claims.loops.guide.form == "837I" else ("SV1", 2)
    services = claims.within("line", claims.of("2400", segment), claims.of("2430", "SVD"))
    charges = claims.frame(services, "line", charge=claims.cents(services, element))
    decided = claims.decisions
    if decided["line"].is_duplicated().any():
        grouped = decided.group_by("claim", "line", "payer", maintain_order=True)
        decided = grouped.agg(pl.col("place").first(), pl.col("paid", "taken").sum())
    sums = claims.told_apart(decided).join(
        charges.select("line", "charge"), on="line", maintain_order="left"
    )
    due = pl.col("charge") - pl.col("taken")
    wrong = sums.filter(claims.whole() & (pl.col("paid") != due))
    yield _faults(wrong, "OTHER_PAYER_LINE_UNBALANCED", _line_message(), "2430", "SVD")


@cache
def _line_message() -> pl.Expr:
    return composed(
        "the line's charge {} less adjustments {} is not {} as paid",
        *(dollars(pl.col(name)) for name in ("charge", "taken", "paid")),
    )


def _claims(claims: _Claims) -> Iterator[pl.DataFrame]:
    """Claims that a payer's payment and adjustments do not make up."""
    paid, payers = claims.of("2320", "AMT", "D"), claims.payers.select("other", "payer")
    billed = claims.within("claim", claims.of("2300", "CLM"), paid)
    charges = claims.frame(billed, charge=claims.cents(billed, 2)).select("claim", "charge")
    decided = claims.decisions
    lines = (
        decided.group_by(pl.Series("both", _both(decided), pl.Int64))
        .agg(pl.col("claim", "payer").first(), lines=pl.col("paid").sum())
        .drop("both")
    )
    taken = claims.adjusted("other", "2320", paid)
    told = claims.frame(paid, "other", paid=claims.cents(paid, 2), taken=taken)
    sums = (
        claims.told_apart(told.join(payers, on="other", how="left", maintain_order="left"))
        .join(charges, on="claim", how="left", maintain_order="left")
        .join(lines, on=["claim", "payer"], how="left", maintain_order="left")
        .with_columns(begin=pl.coalesce("lines", "charge"))
    )
    wrong = sums.filter(claims.whole() & (pl.col("paid") != pl.col("begin") - pl.col("taken")))
    yield _faults(wrong, "OTHER_PAYER_UNBALANCED", _claim_message(), "2320", "AMT")


@cache
def _claim_message() -> pl.Expr:
    what = pl.when(pl.col("lines").is_null()).then(pl.lit("the claim's charge"))
    return composed(
        "{} {} less adjustments {} is not {} as paid",
        what.otherwise(pl.lit("the payer's line payments")),
        *(dollars(pl.col(name)) for name in ("begin", "taken", "paid")),
    )


def _faults(
    wrong: pl.DataFrame, code: str, message: pl.Expr, loop: str, segment: str, element: int = 2
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
            element=pl.lit(element),
        )
    )


_REVERSAL = "22"
"""CLP02 of a claim taken back: some payers count it in the totals of its header, others do not."""


def _headers(loops: Loops) -> pl.DataFrame:
    """TS3 segments whose claims are of another number, or else of another charge, in all.

    Not judged: headers cut by the end of a piece of a large file, those with a reversal, and
    charges that cannot be read.
    """
    totals, claims = (loops.segments_of(loops.guide.segments(one)[0]) for one in ("TS3", "CLP"))
    if not len(totals):
        return NO_FAULTS
    header = loops.guide.loops("2000")[0]
    instance, last = loops.instance(header), len(loops.starts(header))
    cut = [1] * (header in loops.opened) + [last] * (header in loops.open)
    held = pl.DataFrame(
        {"header": instance[claims], "status": _text(loops, claims, 2), "charge": _text(loops, claims, 3)}
    )  # fmt: skip
    sums = held.group_by("header").agg(
        claims=pl.len(),
        charge=_cents("charge").sum(),
        judged=(pl.col("status") != _REVERSAL).all()
        & pl.col("charge").cast(pl.Float64, strict=False).is_not_null().all(),
    )
    told = pl.DataFrame({"place": totals, "header": instance[totals],
                         "count": _text(loops, totals, 4), "total": _text(loops, totals, 5)})  # fmt: skip
    both = told.join(sums, on="header").filter("judged", ~pl.col("header").is_in(cut))
    count = pl.col("count").cast(pl.Int64, strict=False)
    wrong = [
        _header_told(both.filter(count != pl.col("claims")), 4, "{} claims are told, {} follow",
                     pl.col("count"), pl.col("claims")),
        _header_told(both.filter((count == pl.col("claims")) & (_cents("total") != pl.col("charge"))), 5,
                     "a charge of {} is told, that of the claims is {}",
                     dollars(_cents("total")), dollars(pl.col("charge"))),
    ]  # fmt: skip
    return pl.concat(wrong)


def _text(loops: Loops, places: Integers, element: int) -> pl.Series:
    texts = loops.pairs["text"].to_numpy()[loops.pair[places]]
    return loops.words.of(texts, element).fill_null("")


def _header_told(wrong: pl.DataFrame, element: int, says: str, *told: pl.Expr) -> pl.DataFrame:
    message = composed(says, *told)
    return _faults(wrong, "HEADER_TOTAL_WRONG", message, "2000", "TS3", element)
