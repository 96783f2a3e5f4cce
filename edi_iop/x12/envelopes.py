"""Envelopes: interchanges, groups and transaction sets of a segment frame, and their faults (SNIP level 1)."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
from msgspec.structs import replace

from edi_iop.x12.envelope_faults import (
    NO_FAULTS,
    pairing_faults,
    segment_faults,
    stray_rows,
    without_following,
)
from edi_iop.x12.headers import (
    HEADERS,
    Integers,
    Open,
    counted_inside,
    element,
    open_rows,
    open_st,
    placed,
    trailers,
    transaction_spans,
    under_headers,
    used_numbers,
)  # fmt: skip
from edi_iop.x12.segments import Headers, Segments, continued, headers

_CARRIED = {
    "st": {"st01": 1, "st02": 2, "st03": 3},
    "gs": {"gs01": 1, "gs06": 6, "gs08": 8},
    "isa": {"isa06": 6, "isa08": 8, "isa13": 13, "isa15": 15},
}
"""The elements of each header that tables carry."""
_NO_NUMBERED_FAULTS = NO_FAULTS.with_columns(
    pl.lit(None, pl.String).alias(name) for name in ("interchange", "group", "transaction")
)


class Carried(msgspec.Struct, frozen=True):
    """What a frame hands on to the next one: the segments repeated there, and what is left open."""

    headers: Headers | None = None
    open: Open | None = None


NOTHING = Carried()


class Enveloped(msgspec.Struct, frozen=True):
    """The frame's rows in their envelopes.

    transactions: one row an ST: file, first and last row, st01, guide, control
    numbers, and the envelope fields tables want.
    headers: one row an ISA, GS or ST: file, id, byte_offset, the control numbers
    it stands under (interchange, group, transaction), its elements, its trailer's
    elements (null where it has none), and count: what is really inside (segments
    ST to SE, transaction sets, groups). One that goes on from an earlier frame comes
    again, with what this frame adds.
    findings: tables.FINDINGS without the file's own number (`file` instead).
    """

    segments: Segments
    transactions: pl.DataFrame
    headers: pl.DataFrame
    findings: pl.DataFrame
    left_open: Open | None
    """None after the last segment of a file."""

    def placed(self, rows: Integers) -> pl.DataFrame:
        """Where segments stand: file, byte_offset, st (row of its ST) and segment_position.

        Both are null outside a transaction; the ST is at position 1.
        """
        return placed(self.segments, self.transactions.select("row", "last"), rows)

    def carried(self, within: Integers | tuple[()] = ()) -> Carried:
        """What the next frame begins with: the open headers; rows of the open ST in its place, if any."""
        open_ = self.left_open
        if open_ is None or not len(open_.rows):
            return Carried(None, open_)
        rows = np.concatenate([open_.rows[:-1], within]) if len(within) else open_.rows
        return Carried(headers(self.segments, rows), open_)


def enveloped(frame: Segments, carried: Carried = NOTHING) -> Enveloped:
    """Every transaction set with its envelope, and what is wrong with the envelopes.

    carried: what the frame before this one left open, with which this one begins.
    """
    segments = frame if carried.headers is None else continued(frame, carried.headers)
    before = carried.open
    heads = under_headers(segments)
    spans = transaction_spans(segments, heads)
    if before is not None and _goes_on(segments, heads):
        return _between(segments, heads, spans, before)
    inside = counted_inside(segments, heads, spans, before)
    ends = trailers(heads, inside)
    stray = stray_rows(segments, heads, spans)
    findings = pl.concat(
        [
            pairing_faults(segments, heads, ends, before),
            segment_faults(segments, heads, spans, stray, before),
        ]
    )
    findings, spoiled = without_following(findings, _spoiled_before(heads, segments, before))
    own = pl.col("row") >= segments.repeated
    return Enveloped(
        segments,
        _transactions(heads, spans),
        _headers(heads, ends, inside).drop("row"),
        _numbered(findings.filter(own), heads),
        _left_open(segments, heads, inside, stray, before, spoiled),
    )


def _spoiled_before(
    heads: pl.DataFrame, segments: Segments, before: Open | None
) -> tuple[Integers, Integers]:
    """The rows of the repeated ISA and GS in which earlier frames found something outside, or unclosed."""
    there = before.spoiled if before is not None else (False, False)
    repeated = heads.filter(pl.col("row") < segments.repeated)
    isa, gs = (
        repeated.filter(pl.lit(one) & (pl.col("id") == name))["row"].to_numpy()
        for name, one in zip(("ISA", "GS"), there, strict=True)
    )
    return isa, gs


def _goes_on(segments: Segments, heads: pl.DataFrame) -> bool:
    """Whether a frame holds no envelope segment but those repeated, and ends inside of them."""
    last = int(heads["row"][-1]) if len(heads) else -1
    return segments.following is not None and len(heads) > 0 and last < segments.repeated


def _between(
    segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame, before: Open
) -> Enveloped:
    """A frame out of the middle of a transaction set: nothing begins or ends in it."""
    stray = stray_rows(segments, heads, spans)
    told = segment_faults(segments, heads, spans, stray, before)
    rows = heads["row"].to_numpy()
    open_ = replace(
        before,
        rows=rows,
        transaction=int(rows[-1]) if heads["id"][-1] == "ST" else None,
        stray=_ends_stray(segments, stray),
        spoiled=tuple(one or bool(len(stray)) for one in before.spoiled),
    )
    return Enveloped(
        segments,
        _transactions(heads, spans),
        _none_of(heads),
        _numbered(told, heads) if len(told) else _NO_NUMBERED_FAULTS,
        open_,
    )


def _none_of(heads: pl.DataFrame) -> pl.DataFrame:
    """No headers, in the columns of Enveloped.headers."""
    numbers = [
        pl.lit(None, pl.String).alias(name) for name in ("interchange", "group", "transaction")
    ]
    return heads.head(0).select(
        "file", "id", "byte_offset", *numbers, "elements", pl.col("elements").alias("trailer"),
        pl.lit(0, pl.Int64).alias("count"),
    )  # fmt: skip


def _numbered(findings: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    """The control numbers of the envelopes that findings stand under, for their rows."""
    numbers = heads.filter(pl.col("id").is_in(list(HEADERS)))
    for row, name in (("isa", "interchange"), ("gs", "group"), ("st", "transaction")):
        known = numbers.select(pl.col("row").alias(row), pl.col("number").alias(name))
        findings = findings.join(known, on=row, how="left", maintain_order="left")
    return findings


def _headers(heads: pl.DataFrame, ends: pl.DataFrame, inside: pl.DataFrame) -> pl.DataFrame:
    """One row a header, with its trailer and what is really inside."""
    trailers = ends.filter(pl.col("header").is_not_null()).select("header", trailer="elements")
    found = heads.filter(pl.col("id").is_in(list(HEADERS)))
    found = found.drop("interchange").with_columns(header="row")
    return (
        _numbered(found, heads)
        .join(trailers.unique("header", keep="first"), on="header", how="left", maintain_order="left")
        .join(inside, on="header", how="left", maintain_order="left")
        .select(
            "file", "id", "byte_offset", "interchange", "group", "transaction",
            "elements", "trailer", pl.col("count").fill_null(0), "row",
        )
    )  # fmt: skip


def _transactions(heads: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """One row an ST, with the elements of its ST, GS and ISA that tables carry."""

    def fields(of: str, **places: int) -> pl.DataFrame:
        return heads.filter(pl.col("id") == of.upper()).select(
            pl.col("row").alias(of),
            *(element(place).str.strip_chars().alias(name) for name, place in places.items()),
        )

    found = heads.filter(pl.col("id") == "ST").select(
        "row", "file", "interchange", "byte_offset", "isa", "gs", "st"
    )
    for of, places in _CARRIED.items():
        found = found.join(fields(of, **places), on=of, how="left", maintain_order="left")
    return found.join(spans, on="row", how="left", maintain_order="left").with_columns(
        guide=pl.coalesce(pl.col("gs08").replace("", None), "st03")
    )


def _left_open(
    segments: Segments,
    heads: pl.DataFrame,
    inside: pl.DataFrame,
    stray: Integers,
    before: Open | None,
    spoiled: tuple[Integers, Integers],
) -> Open | None:
    if segments.rows.is_empty():
        return before
    rows = open_rows(heads, segments)
    file = int(segments.rows["file"][-1])
    counts = dict(inside.select("header", "count").iter_rows())
    heading = heads.tail(1).select("isa", "gs").row(0) if len(heads) else (None, None)
    groups, sets = (counts.get(row, 0) for row in heading)
    return Open(
        rows=rows.to_numpy(),
        transaction=open_st(heads, segments),
        inside=(groups, sets),
        used=used_numbers(heads, segments, before)
        .filter(file=file, open=True)
        .select("id", "number"),
        file=file,
        stray=_ends_stray(segments, stray),
        spoiled=(heading[0] in spoiled[0], heading[1] in spoiled[1]),
    )


def _ends_stray(segments: Segments, stray: Integers) -> bool:
    """Whether the frame's last segment stands in no transaction set."""
    return bool(len(stray)) and int(stray[-1]) == len(segments.rows) - 1
