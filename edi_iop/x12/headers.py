"""Headers and trailers of a segment frame: which envelope each row stands in, and what each holds."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.x12.segments import Segments

Integers = npt.NDArray[np.signedinteger[Any]]
HEADERS = {"ISA": 13, "GS": 6, "ST": 2}
"""Where a header carries its control number."""
_ABOVE = {"GS": "ISA", "ST": "GS"}
TRAILERS = {"IEA": ("ISA", 2), "GE": ("GS", 2), "SE": ("ST", 2)}
"""A trailer's header, and where it carries the control number (its count is always element 1)."""


class Open(msgspec.Struct, frozen=True):
    """What a frame leaves open for the next one, where an interchange or its file goes on."""

    rows: Integers
    """The frame's rows of the open ISA, GS and ST, as many as are open."""
    transaction: int | None
    """That of the ST."""
    inside: tuple[int, int]
    """Groups so far in the open interchange, transaction sets so far in the open group."""
    used: pl.DataFrame
    """Control numbers so far of the file's ISAs, the interchange's GSs, the group's STs: id, number."""
    file: int
    stray: bool
    """The last segment stands in no transaction set."""
    spoiled: tuple[bool, bool] = (False, False)
    """Whether something in the open interchange, or group, stands outside of all, or lacks its trailer."""


def element(place: int) -> pl.Expr:
    """An element of the segment by its number; null where the segment is shorter."""
    return pl.col("elements").list.get(place, null_on_oob=True)


def under_headers(segments: Segments) -> pl.DataFrame:
    """One row an envelope segment: row, id, elements, and the ISA, GS and ST it stands under.

    That is the last one seen, until its trailer or the next header above it.
    """
    rows = segments.rows_of(segments.with_ids({*HEADERS, *TRAILERS}.__contains__))
    found = segments.rows[rows]
    heads = found.with_columns(
        row=pl.Series(rows, dtype=pl.Int64),
        id=segments.texts["id"][found["text"]],
        elements=segments.texts["elements"][found["text"]],
    )

    return heads.with_columns(_above()).with_columns(
        segment_position=_position(segments, pl.col("row"), pl.col("st"))
    )


@cache
def _above() -> tuple[pl.Expr, ...]:
    """What stands above an envelope segment, and its control number."""
    number = pl.coalesce(
        pl.when(pl.col("id") == head).then(element(place)) for head, place in HEADERS.items()
    )
    return (
        _under("ISA", "IEA"),
        _under("GS", "GE", "ISA", "IEA"),
        # An ST left open ends with its group: GE and IEA are never inside it.
        _under("ST", "SE", "GS", "GE", "ISA", "IEA"),
        number.str.strip_chars().alias("number"),
    )


def _under(header: str, trailer: str, *above: str) -> pl.Expr:
    closed = pl.col("id").shift(1).is_in([trailer]) | pl.col("id").is_in(above)
    opens = pl.when(pl.col("id") == header).then(pl.col("row"))
    closes = pl.when(closed.fill_null(False)).then(pl.lit(-1, pl.Int64))
    current = pl.coalesce(opens, closes).forward_fill().over("interchange")
    return pl.when(current >= 0).then(current).alias(header.lower())


def _position(segments: Segments, row: pl.Expr, st: pl.Expr) -> pl.Expr:
    """Position of rows in their transaction; the ST is at 1. Null outside of any."""
    numbers = pl.lit(segments.rows_ahead["number"])
    return numbers.gather(row) - numbers.gather(st) + 1


def transaction_spans(segments: Segments, heads: pl.DataFrame) -> pl.DataFrame:
    """First and last row of every transaction set: to its SE, or to the next envelope segment."""
    own = segments.rows["interchange"].to_numpy()
    ends = np.flatnonzero(np.append(own[1:] != own[:-1], len(own) > 0))
    stops = pl.DataFrame({"interchange": own[ends], "stop": ends})
    following, next_id = pl.col("row").shift(-1), pl.col("id").shift(-1)
    inside = pl.col("interchange") == pl.col("interchange").shift(-1)
    return (
        heads.join(stops, on="interchange", how="left", maintain_order="left")
        .with_columns(
            last=pl.when(inside)
            .then(following - (next_id != "SE").cast(pl.Int64))
            .otherwise(pl.col("stop"))
        )
        .filter(pl.col("id") == "ST")
        .select("row", "last")
    )


def placed(segments: Segments, spans: pl.DataFrame, rows: Integers) -> pl.DataFrame:
    """Where segments stand: file, byte_offset, st (row of its ST) and segment_position.

    Both are null outside a transaction; the ST is at position 1.
    """
    first, last = spans["row"].to_numpy(), spans["last"].to_numpy()
    place = np.searchsorted(first, rows, side="right") - 1
    # The segment behind the frame belongs to the transaction that goes on.
    ended = np.where(last == len(segments.rows) - 1, last + 1, last)
    within = (place >= 0) & (rows <= ended[place]) if len(first) else np.zeros(len(rows), bool)
    st = pl.Series("st", first[place] if len(first) else rows, dtype=pl.Int64)
    return (
        segments.rows_ahead[rows]
        .select("file", "byte_offset", "text")
        .with_columns(row=pl.Series(rows, dtype=pl.Int64), st=st, within=pl.Series(within))
        .with_columns(st=pl.when("within").then("st"))
        .with_columns(segment_position=_position(segments, pl.col("row"), pl.col("st")))
        .drop("within")
    )


def standing(
    segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame, rows: Integers
) -> pl.DataFrame:
    """Where any segments stand, inside a transaction or not: `placed`, with isa and gs."""
    known = placed(segments, spans, rows).with_columns(
        interchange=segments.rows["interchange"].gather(rows)
    )
    own = pl.col("id")
    after = heads.select(
        "interchange",
        head="row",
        isa=pl.when(own != "IEA").then("isa"),
        gs=pl.when(~own.is_in(["GE", "IEA"])).then("gs"),
    )
    return (
        known.with_row_index("order")
        .join_asof(after, left_on="row", right_on="head", by="interchange", check_sortedness=False)
        .sort("order")
        .drop("order", "head", "interchange", strict=False)
    )


def counted_inside(
    segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame, before: Open | None
) -> pl.DataFrame:
    """What is in each envelope: header (its row) and count, earlier frames included."""
    numbers = pl.lit(segments.rows["number"])
    length = numbers.gather(pl.col("last")) - numbers.gather(pl.col("row")) + 1
    groups, sets = before.inside if before and segments.repeated else (0, 0)
    return pl.concat(
        [
            spans.select(header="row", count=length),
            _counted(heads, "ST", "gs", segments.repeated, sets),
            _counted(heads, "GS", "isa", segments.repeated, groups),
        ]
    )


def _counted(
    heads: pl.DataFrame, what: str, within: str, repeated: int, before: int
) -> pl.DataFrame:
    """How many of these stand in each header; those of earlier frames count in the one repeated."""
    found = heads.filter((pl.col("id") == what) & pl.col(within).is_not_null())
    here = found.group_by(header=within).agg(count=(pl.col("row") >= repeated).sum().cast(pl.Int64))
    above = heads.filter((pl.col("id") == _ABOVE[what]) & (pl.col("row") < repeated))
    earlier = above.select(header="row", count=pl.lit(before, pl.Int64))
    return pl.concat([here, earlier]).group_by("header").agg(pl.col("count").sum())


def trailers(heads: pl.DataFrame, inside: pl.DataFrame) -> pl.DataFrame:
    """One row a trailer beside its header: what it says, and what is so."""
    header = pl.coalesce(
        pl.when(pl.col("id") == trailer).then(pl.col(head.lower()))
        for trailer, (head, _) in TRAILERS.items()
    )
    found = heads.filter(pl.col("id").is_in(list(TRAILERS))).with_columns(header=header)
    found = found.with_columns(said_count=element(1), said_number=element(2)).drop("number")
    headers = heads.filter(pl.col("id").is_in(list(HEADERS))).select(header="row", number="number")
    return found.join(headers, on="header", how="left", maintain_order="left").join(
        inside, on="header", how="left", maintain_order="left"
    )


def open_rows(heads: pl.DataFrame, segments: Segments) -> pl.Series:
    """Rows of the ISA, GS and ST that go on in the next frame."""
    if segments.following is None or heads.is_empty():
        return pl.Series(dtype=pl.Int64)
    last = heads.tail(1).select(
        pl.when(pl.col("id") != "IEA").then("isa"),
        pl.when(~pl.col("id").is_in(["GE", "IEA"])).then("gs"),
    )
    rows = [*last.row(0), open_st(heads, segments)]
    return pl.Series(rows, dtype=pl.Int64).drop_nulls()


def open_st(heads: pl.DataFrame, segments: Segments) -> int | None:
    """Row of the ST that goes on in the next frame."""
    if segments.following is None or heads.is_empty():
        return None
    within = ~pl.col("id").is_in(["SE", "GE", "IEA"])
    row: int | None = heads.tail(1).select(pl.when(within).then("st")).item()
    return row


def used_numbers(heads: pl.DataFrame, segments: Segments, before: Open | None) -> pl.DataFrame:
    """Control numbers: row, file, id, number, the scope they must be unique in, whether it goes on.

    Those of earlier frames come first, with the row -1.
    """
    waiting = open_rows(heads, segments).implode()
    scope = pl.when(pl.col("id") == "ST").then("gs").when(pl.col("id") == "GS").then("isa")
    here = heads.filter(
        pl.col("id").is_in(list(HEADERS)) & (pl.col("row") >= segments.repeated)
    ).select("row", pl.col("file").cast(pl.Int64), "id", "number", scope=scope)
    if before is not None:
        above = heads.filter(pl.col("row") < segments.repeated).select("row", "id")
        of = {upper: row for row, upper in above.iter_rows()}
        scopes = {"ISA": None, "GS": of.get("ISA"), "ST": of.get("GS")}
        earlier = before.used.select(
            pl.lit(-1, pl.Int64).alias("row"),
            pl.lit(before.file, pl.Int64).alias("file"),
            "id",
            "number",
            scope=pl.col("id").replace_strict(scopes, return_dtype=pl.Int64),
        ).filter((pl.col("id") == "ISA") | pl.col("scope").is_not_null())
        here = pl.concat([earlier, here])
    goes_on = (pl.col("id") == "ISA") | pl.col("scope").is_in(waiting)
    return here.with_columns(open=goes_on)
