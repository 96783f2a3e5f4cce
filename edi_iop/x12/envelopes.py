"""Envelopes: interchanges, groups and transaction sets of a segment frame, and their faults.

SNIP level 1: headers and trailers pair up, counts are right, control numbers
agree and are not used twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from edi_iop.x12 import separators as sep
from edi_iop.x12.segments import Segments

_HEADERS = {"ISA": 13, "GS": 6, "ST": 2}
"""Where a header carries its control number."""
_TRAILERS = {"IEA": ("ISA", 2), "GE": ("GS", 2), "SE": ("ST", 2)}
"""A trailer's header, and where it carries the control number (its count is always element 1)."""


@dataclass(frozen=True)
class Envelope:
    """What the envelope of a file we write says (ISA, GS)."""

    sender_id: str
    receiver_id: str
    interchange_control: int
    group_control: int
    created: datetime
    usage: str = "T"


@dataclass(frozen=True)
class Enveloped:
    """The frame's rows in their envelopes.

    rows: per segment id, isa, gs, st (row of the header it stands under, null for
    none) and segment_position (ST is 1; null outside a transaction).
    transactions: one row an ST: file, first and last row, st01, guide, control
    numbers, and the envelope fields tables want.
    findings: tables.FINDINGS without the file's own number (`file` instead).
    """

    rows: pl.DataFrame
    transactions: pl.DataFrame
    findings: pl.DataFrame


def element(place: int) -> pl.Expr:
    """An element of the segment by its number; null where the segment is shorter."""
    return pl.col("elements").list.get(place, null_on_oob=True)


def enveloped(segments: Segments) -> Enveloped:
    """Every segment with the headers above it; every transaction set with its envelope."""
    rows = _under_headers(segments)
    ends = _trailers(segments, rows)
    transactions = _transactions(segments, rows, ends)
    findings = pl.concat(
        [
            _wrong_counts(ends),
            _wrong_numbers(ends),
            _unclosed(segments, rows, ends),
            _outside(rows),
            _repeated(segments, rows),
            _empty(segments, rows),
        ]
    )
    return Enveloped(rows, transactions, findings.join(_names(transactions), on="st", how="left"))


def _under_headers(segments: Segments) -> pl.DataFrame:
    """Each row's ISA, GS and ST: the last one seen, until its trailer or the next header."""
    rows = segments.rows.with_row_index("row").with_columns(
        id=segments.texts["id"].gather(segments.rows["text"])
    )

    def under(header: str, trailer: str) -> pl.Expr:
        # A header opens, its trailer closes on the row after it, a higher header closes too.
        closed = (pl.col("id").shift(1) == trailer).over("interchange")
        opens = pl.when(pl.col("id") == header).then(pl.col("row").cast(pl.Int64))
        closes = pl.when(closed.fill_null(False)).then(pl.lit(-1, pl.Int64))
        current = pl.coalesce(opens, closes).forward_fill().over("interchange")
        return pl.when(current >= 0).then(current).alias(header.lower())

    placed = rows.with_columns(under("ISA", "IEA"), under("GS", "GE"), under("ST", "SE"))
    # An ST left open ends with its group: GE and IEA are never inside it.
    inside = ~pl.col("id").is_in(["ISA", "GS", "GE", "IEA"])
    return placed.with_columns(st=pl.when(inside).then("st")).with_columns(
        segment_position=pl.col("row").cast(pl.Int64) - pl.col("st") + 1
    )


def _headers(segments: Segments, rows: pl.DataFrame) -> pl.DataFrame:
    """One row a header: row, id, number (its control number)."""
    found = rows.filter(pl.col("id").is_in(list(_HEADERS)))
    elements = segments.texts["elements"].gather(found["text"])
    number = pl.coalesce(
        pl.when(pl.col("id") == head).then(element(place)) for head, place in _HEADERS.items()
    )
    return found.with_columns(elements=elements).with_columns(number=number)


def _trailers(segments: Segments, rows: pl.DataFrame) -> pl.DataFrame:
    """One row a trailer beside its header: what it says, and what is so."""
    found = rows.filter(pl.col("id").is_in(list(_TRAILERS)))
    elements = segments.texts["elements"].gather(found["text"])
    header = pl.coalesce(
        pl.when(pl.col("id") == trailer).then(pl.col(head.lower()))
        for trailer, (head, _) in _TRAILERS.items()
    )
    # GE and IEA are not inside an ST, so theirs is the group or interchange column.
    found = found.with_columns(elements=elements, header=header).with_columns(
        said_count=element(1), said_number=element(2)
    )
    headers = _headers(segments, rows).select(header=pl.col("row").cast(pl.Int64), number="number")
    inside = pl.concat(
        [
            rows.filter(pl.col("st").is_not_null()).group_by(header="st").len(),
            rows.filter(pl.col("id") == "ST").group_by(header="gs").len(),
            rows.filter(pl.col("id") == "GS").group_by(header="isa").len(),
        ]
    ).rename({"len": "count"})
    return found.join(headers, on="header", how="left", maintain_order="left").join(
        inside, on="header", how="left", maintain_order="left"
    )


def _transactions(segments: Segments, rows: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """One row an ST, with the elements of its ST, GS and ISA that tables carry."""
    starts = rows.filter(pl.col("id") == "ST").select(
        "row", "text", "file", "interchange", "isa", "gs", "st"
    )
    last = rows.filter(pl.col("st").is_not_null()).group_by("st").agg(last=pl.col("row").max())
    closed = ends.filter(pl.col("id") == "SE").select(st="header", closed=pl.lit(True))

    def fields(of: str, **places: int) -> pl.DataFrame:
        headers = rows.filter(pl.col("id") == of.upper())
        return headers.select(pl.col("row").cast(pl.Int64).alias(of)).with_columns(
            segments.texts["elements"]
            .gather(headers["text"])
            .to_frame("elements")
            .select(element(place).str.strip_chars().alias(name) for name, place in places.items())
        )

    return (
        starts.with_columns(pl.col("st").cast(pl.Int64))
        .join(last, on="st", how="left", maintain_order="left")
        .join(closed.unique("st"), on="st", how="left", maintain_order="left")
        .join(fields("st", st01=1, st02=2, st03=3), on="st", how="left", maintain_order="left")
        .join(fields("gs", gs01=1, gs06=6, gs08=8), on="gs", how="left", maintain_order="left")
        .join(
            fields("isa", isa06=6, isa08=8, isa13=13, isa15=15),
            on="isa",
            how="left",
            maintain_order="left",
        )
        .with_columns(guide=pl.coalesce("gs08", "st03"))
    )


def _names(transactions: pl.DataFrame) -> pl.DataFrame:
    return transactions.select("st", transaction="st02")


def _fault(
    rows: pl.DataFrame, code: str, message: pl.Expr, at_element: int | None = None
) -> pl.DataFrame:
    """Findings placed at these rows."""
    return rows.select(
        "file",
        "st",
        pl.lit(code).alias("code"),
        message.alias("message"),
        "segment_position",
        "byte_offset",
        pl.col("id").alias("segment"),
        pl.lit(at_element, pl.Int64).alias("element"),
    )


def _wrong_counts(ends: pl.DataFrame) -> pl.DataFrame:
    wrong = ends.filter(
        pl.col("header").is_not_null()
        & (
            pl.col("said_count").str.strip_chars().cast(pl.Int64, strict=False).fill_null(-1)
            != pl.col("count").fill_null(0)
        )
    )
    says = pl.format(
        "{} counts {}, there are {}",
        "id",
        pl.col("said_count").fill_null("nothing"),
        pl.col("count").fill_null(0),
    )
    return _fault(wrong, "COUNT_WRONG", says, 1)


def _wrong_numbers(ends: pl.DataFrame) -> pl.DataFrame:
    wrong = ends.filter(
        pl.col("header").is_not_null()
        & (
            pl.col("said_number").str.strip_chars().fill_null("")
            != pl.col("number").str.strip_chars().fill_null("")
        )
    )
    says = pl.format(
        "{} carries control number {}, its header {}",
        "id",
        pl.col("said_number").fill_null("none"),
        pl.col("number").fill_null("none"),
    )
    return _fault(wrong, "CONTROL_NUMBER_WRONG", says, 2)


def _unclosed(segments: Segments, rows: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Headers without a trailer: an interchange so ended is cut off."""
    closed = ends["header"].drop_nulls().implode()
    open_ = _headers(segments, rows).filter(~pl.col("row").cast(pl.Int64).is_in(closed))
    cut = open_.filter(pl.col("id") == "ISA")
    rest = open_.filter(pl.col("id") != "ISA")
    return pl.concat(
        [
            _fault(cut, "TRUNCATED", pl.lit("the interchange has no IEA: the file is cut off")),
            _fault(
                rest,
                "TRAILER_MISSING",
                pl.format("{} {} has no trailer", "id", pl.col("number").fill_null("")),
            ),
        ]
    )


def _outside(rows: pl.DataFrame) -> pl.DataFrame:
    """Segments under no transaction that are no envelope segment, once a run of them."""
    envelope = ["ISA", "GS", "GE", "IEA", "TA1", ""]
    stray = pl.col("st").is_null() & ~pl.col("id").is_in(envelope)
    found = rows.with_columns(stray=stray).filter(
        pl.col("stray") & ~pl.col("stray").shift(1, fill_value=False)
    )
    return _fault(found, "NO_ENVELOPE", pl.format("{} stands in no transaction set", "id"))


def _repeated(segments: Segments, rows: pl.DataFrame) -> pl.DataFrame:
    """Control numbers used twice: ISA13 in a file, GS06 in an interchange, ST02 in a group."""
    headers = _headers(segments, rows).with_columns(
        scope=pl.when(pl.col("id") == "ST").then("gs").when(pl.col("id") == "GS").then("isa")
    )
    again = headers.filter(
        pl.int_range(pl.len()).over(
            "file", "id", "scope", "number", mapping_strategy="group_to_rows"
        )
        > 0
    )
    return _fault(
        again,
        "CONTROL_NUMBER_REPEATED",
        pl.format("{} repeats control number {}", "id", pl.col("number").fill_null("")),
    )


def _empty(segments: Segments, rows: pl.DataFrame) -> pl.DataFrame:
    """Empty segments, segments with impossible identifiers, and trailing separators."""
    odd_id = ~pl.col("id").str.contains(r"^[A-Z][A-Z0-9]{1,2}$")
    odd = segments.texts.select(
        "text",
        blank=pl.col("raw").str.strip_chars() == "",
        odd=odd_id & (pl.col("raw").str.strip_chars() != ""),
        trailing=pl.col("raw").str.contains(r"[\x1d\x1e\x1f]$|[\x1e\x1f]\x1d")
        & (pl.col("id") != "ISA"),
    ).filter(pl.col("blank") | pl.col("odd") | pl.col("trailing"))
    if odd.is_empty():
        return _fault(rows.head(0), "SEGMENT_EMPTY", pl.lit(""))
    found = rows.join(odd, on="text", maintain_order="left")
    return pl.concat(
        [
            _fault(found.filter("blank"), "SEGMENT_EMPTY", pl.lit("an empty segment")),
            _fault(found.filter("odd"), "SEGMENT_ID_INVALID", pl.lit("not a segment identifier")),
            _fault(
                found.filter("trailing"),
                "TRAILING_SEPARATORS",
                pl.format("{} ends in empty elements or components", "id"),
            ),
        ]
    )


def interchange(transactions: pl.DataFrame, guide: str, group: str, envelope: Envelope) -> bytes:
    """One interchange with one group around transactions (transaction, raw), ready to send.

    Each transaction begins with its own ST; SE, GE and IEA are added here.
    """
    own = sep.DEFAULT
    trailers = transactions.group_by("transaction", maintain_order=True).agg(
        raw=pl.concat_str(
            pl.lit(f"SE{sep.ELEMENT}"),
            (pl.len() + 1).cast(pl.String),
            pl.lit(sep.ELEMENT),
            element_of(pl.col("raw").first(), 2),
        )
    )
    body = pl.concat([transactions, trailers]).sort("transaction", maintain_order=True)["raw"]
    made = envelope.created
    number = f"{envelope.interchange_control:09d}"
    head = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{envelope.sender_id:15.15}*ZZ*{envelope.receiver_id:15.15}"
        f"*{made:%y%m%d}*{made:%H%M}*^*00501*{number}*0*{envelope.usage}*:",
        f"GS*{group}*{envelope.sender_id}*{envelope.receiver_id}*{made:%Y%m%d}*{made:%H%M}"
        f"*{envelope.group_control}*X*{guide}",
    ]
    tail = [f"GE*{len(trailers)}*{envelope.group_control}", f"IEA*1*{number}"]
    text = "~\n".join([*head, own.shown("~\n".join(body)), *tail]) + "~\n"
    return text.encode("ascii")


def element_of(raw: pl.Expr, place: int) -> pl.Expr:
    """An element of a segment's canonical text."""
    return raw.str.split(sep.ELEMENT).list.get(place, null_on_oob=True)
