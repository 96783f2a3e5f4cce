"""Envelopes: interchanges, groups and transaction sets of a segment frame, and their faults.

SNIP level 1: headers and trailers pair up, counts are right, control numbers
agree and are not used twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.x12 import separators as sep
from edi_iop.x12.segments import Segments

Integers = npt.NDArray[np.signedinteger[Any]]

_HEADERS = {"ISA": 13, "GS": 6, "ST": 2}
"""Where a header carries its control number."""
_ABOVE = {"GS": "ISA", "ST": "GS"}
_CARRIED = {
    "st": {"st01": 1, "st02": 2, "st03": 3},
    "gs": {"gs01": 1, "gs06": 6, "gs08": 8},
    "isa": {"isa06": 6, "isa08": 8, "isa13": 13, "isa15": 15},
}
"""The elements of each header that tables carry."""
_SEGMENT_ID = re.compile(sep.SEGMENT_ID)
_ID_AT_MOST = 3
"""Characters of a segment identifier."""
_INSIDE = (sep.ELEMENT, sep.REPETITION, sep.COMPONENT)
"""What separates inside a segment."""
_TRAILERS = {"IEA": ("ISA", 2), "GE": ("GS", 2), "SE": ("ST", 2)}
"""A trailer's header, and where it carries the control number (its count is always element 1)."""
_SERVICES = ("TA1", "TA3", "ISB", "ISE")
"""Segments of the interchange itself, outside its groups (X12.5)."""


@dataclass(frozen=True)
class Open:
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


@dataclass(frozen=True)
class Enveloped:
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
        return _placed(self.segments, self.transactions.select("row", "last"), rows)


def element(place: int) -> pl.Expr:
    """An element of the segment by its number; null where the segment is shorter."""
    return pl.col("elements").list.get(place, null_on_oob=True)


def enveloped(segments: Segments, before: Open | None = None) -> Enveloped:
    """Every transaction set with its envelope, and what is wrong with the envelopes.

    before: what the frame before this one left open.
    """
    heads = _under_headers(segments)
    spans = _spans(segments, heads)
    if before is not None and _goes_on(segments, heads):
        return _between(segments, heads, spans, before)
    inside = _inside(segments, heads, spans, before)
    ends = _trailers(heads, inside)
    stray = _stray(segments, spans)
    findings = pl.concat(
        [
            _wrong_counts(segments, ends),
            _wrong_numbers(ends),
            _unclosed(heads, ends, segments),
            _outside(segments, heads, spans, stray, before),
            _repeated(heads, segments, before),
            _empty(segments, heads, spans),
            _foreign(segments, heads, spans),
        ]
    )
    own = pl.col("row") >= segments.repeated
    return Enveloped(
        segments,
        _transactions(heads, spans),
        _headers(heads, ends, inside).drop("row"),
        _numbered(findings.filter(own), heads),
        _left_open(segments, heads, inside, stray, before),
    )


def _goes_on(segments: Segments, heads: pl.DataFrame) -> bool:
    """Whether a frame holds no envelope segment but those repeated, and ends inside of them."""
    last = int(heads["row"][-1]) if len(heads) else -1
    return segments.following is not None and len(heads) > 0 and last < segments.repeated


def _between(
    segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame, before: Open
) -> Enveloped:
    """A frame out of the middle of a transaction set: nothing begins or ends in it."""
    stray = _stray(segments, spans)
    findings = [
        _outside(segments, heads, spans, stray, before),
        _empty(segments, heads, spans),
        _foreign(segments, heads, spans),
    ]
    rows = heads["row"].to_numpy()
    open_ = replace(
        before,
        rows=rows,
        transaction=int(rows[-1]) if heads["id"][-1] == "ST" else None,
        stray=_ends_stray(segments, stray),
    )
    told = pl.concat(findings)
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


def _under_headers(segments: Segments) -> pl.DataFrame:
    """One row an envelope segment: row, id, elements, and the ISA, GS and ST it stands under.

    That is the last one seen, until its trailer or the next header above it.
    """
    rows = segments.rows_of(segments.with_ids({*_HEADERS, *_TRAILERS}.__contains__))
    found = segments.rows[rows]
    heads = found.with_columns(
        row=pl.Series(rows, dtype=pl.Int64),
        id=segments.texts["id"].gather(found["text"]),
        elements=segments.texts["elements"].gather(found["text"]),
    )

    def under(header: str, trailer: str, *above: str) -> pl.Expr:
        closed = pl.col("id").shift(1).is_in([trailer]) | pl.col("id").is_in(above)
        opens = pl.when(pl.col("id") == header).then(pl.col("row"))
        closes = pl.when(closed.fill_null(False)).then(pl.lit(-1, pl.Int64))
        current = pl.coalesce(opens, closes).forward_fill().over("interchange")
        return pl.when(current >= 0).then(current).alias(header.lower())

    number = pl.coalesce(
        pl.when(pl.col("id") == head).then(element(place)) for head, place in _HEADERS.items()
    )
    return heads.with_columns(
        under("ISA", "IEA"),
        under("GS", "GE", "ISA", "IEA"),
        # An ST left open ends with its group: GE and IEA are never inside it.
        under("ST", "SE", "GS", "GE", "ISA", "IEA"),
        number=number.str.strip_chars(),
        segment_position=pl.lit(None, pl.Int64),
    ).with_columns(segment_position=_position(segments, pl.col("row"), pl.col("st")))


def _position(segments: Segments, row: pl.Expr, st: pl.Expr) -> pl.Expr:
    """Position of rows in their transaction; the ST is at 1. Null outside of any."""
    numbers = pl.lit(segments.rows_ahead["number"])
    return numbers.gather(row) - numbers.gather(st) + 1


def _spans(segments: Segments, heads: pl.DataFrame) -> pl.DataFrame:
    """First and last row of every transaction set: to its SE, or to the next envelope segment."""
    stops = (
        segments.rows.select("interchange")
        .with_row_index("stop")
        .group_by("interchange", maintain_order=True)
        .agg(pl.col("stop").last().cast(pl.Int64))
    )
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


def _placed(segments: Segments, spans: pl.DataFrame, rows: Integers) -> pl.DataFrame:
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


def _standing(
    segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame, rows: Integers
) -> pl.DataFrame:
    """Where any segments stand, inside a transaction or not: `_placed`, with isa and gs."""
    placed = _placed(segments, spans, rows).with_columns(
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
        placed.with_row_index("order")
        .join_asof(after, left_on="row", right_on="head", by="interchange", check_sortedness=False)
        .sort("order")
        .drop("order", "head", "interchange", strict=False)
    )


def _numbered(findings: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    """The control numbers of the envelopes that findings stand under, for their rows."""
    numbers = heads.filter(pl.col("id").is_in(list(_HEADERS)))
    for row, name in (("isa", "interchange"), ("gs", "group"), ("st", "transaction")):
        known = numbers.select(pl.col("row").alias(row), pl.col("number").alias(name))
        findings = findings.join(known, on=row, how="left", maintain_order="left")
    return findings


def _headers(heads: pl.DataFrame, ends: pl.DataFrame, inside: pl.DataFrame) -> pl.DataFrame:
    """One row a header, with its trailer and what is really inside."""
    trailers = ends.filter(pl.col("header").is_not_null()).select("header", trailer="elements")
    found = heads.filter(pl.col("id").is_in(list(_HEADERS)))
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


def _inside(
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


def _trailers(heads: pl.DataFrame, inside: pl.DataFrame) -> pl.DataFrame:
    """One row a trailer beside its header: what it says, and what is so."""
    header = pl.coalesce(
        pl.when(pl.col("id") == trailer).then(pl.col(head.lower()))
        for trailer, (head, _) in _TRAILERS.items()
    )
    found = heads.filter(pl.col("id").is_in(list(_TRAILERS))).with_columns(header=header)
    found = found.with_columns(said_count=element(1), said_number=element(2)).drop("number")
    headers = heads.filter(pl.col("id").is_in(list(_HEADERS))).select(header="row", number="number")
    return found.join(headers, on="header", how="left", maintain_order="left").join(
        inside, on="header", how="left", maintain_order="left"
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
        guide=pl.coalesce("gs08", "st03")
    )


_NO_FAULTS = pl.DataFrame(
    schema={
        "file": pl.Int64,
        "row": pl.Int64,
        "isa": pl.Int64,
        "gs": pl.Int64,
        "st": pl.Int64,
        "code": pl.String,
        "message": pl.String,
        "segment_position": pl.Int64,
        "byte_offset": pl.Int64,
        "segment": pl.String,
        "element": pl.Int64,
    }
)


_NO_NUMBERED_FAULTS = _NO_FAULTS.with_columns(
    pl.lit(None, pl.String).alias(name) for name in ("interchange", "group", "transaction")
)


def _fault(
    rows: pl.DataFrame, code: str, message: pl.Expr, at_element: int | None = None
) -> pl.DataFrame:
    """Findings placed at these rows."""
    if rows.is_empty():
        return _NO_FAULTS
    return rows.select(
        "file",
        "row",
        "isa",
        "gs",
        "st",
        pl.lit(code).alias("code"),
        message.alias("message"),
        "segment_position",
        "byte_offset",
        pl.col("id").alias("segment"),
        pl.lit(at_element, pl.Int64).alias("element"),
    )


def _wrong_counts(segments: Segments, ends: pl.DataFrame) -> pl.DataFrame:
    said = pl.col("said_count").str.strip_chars().cast(pl.Int64, strict=False).fill_null(-1)
    there = pl.col("count").fill_null(0)
    # Of an interchange of TA1s alone senders count no group, or that answer as one: both are read.
    before = segments.texts["id"].gather(segments.rows["text"].gather((ends["row"] - 1).clip(0)))
    answers = pl.lit(before == "TA1") & (pl.col("id") == "IEA") & (there == 0) & (said == 1)
    wrong = ends.filter(pl.col("header").is_not_null() & (said != there) & ~answers)
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


def _unclosed(heads: pl.DataFrame, ends: pl.DataFrame, segments: Segments) -> pl.DataFrame:
    """Headers without a trailer: an interchange so ended is cut off."""
    closed = ends["header"].drop_nulls().implode()
    headers = heads.filter(pl.col("id").is_in(list(_HEADERS)))
    waiting = pl.lit(_open_rows(heads, segments)).implode()
    # A header of an earlier frame is placed there: what is left of it here is its number.
    open_ = headers.filter(~pl.col("row").is_in(closed) & ~pl.col("row").is_in(waiting))
    cut = open_.filter(pl.col("id") == "ISA")
    rest = open_.filter(pl.col("id") != "ISA")
    says = pl.format("{} {} has no trailer", "id", pl.col("number").fill_null(""))
    kept = pl.lit(segments.repeated, pl.Int64)
    return pl.concat(
        [
            _fault(cut, "TRUNCATED", pl.lit("the interchange has no IEA: the file is cut off")),
            _fault(rest, "TRAILER_MISSING", says),
        ]
    ).with_columns(row=pl.max_horizontal("row", kept))


def _open_rows(heads: pl.DataFrame, segments: Segments) -> pl.Series:
    """Rows of the ISA, GS and ST that go on in the next frame."""
    if segments.following is None or heads.is_empty():
        return pl.Series(dtype=pl.Int64)
    last = heads.tail(1).select(
        pl.when(pl.col("id") != "IEA").then("isa"),
        pl.when(~pl.col("id").is_in(["GE", "IEA"])).then("gs"),
    )
    rows = [*last.row(0), _open_st(heads, segments)]
    return pl.Series(rows, dtype=pl.Int64).drop_nulls()


def _open_st(heads: pl.DataFrame, segments: Segments) -> int | None:
    """Row of the ST that goes on in the next frame."""
    if segments.following is None or heads.is_empty():
        return None
    within = ~pl.col("id").is_in(["SE", "GE", "IEA"])
    row: int | None = heads.tail(1).select(pl.when(within).then("st")).item()
    return row


def _left_open(
    segments: Segments,
    heads: pl.DataFrame,
    inside: pl.DataFrame,
    stray: Integers,
    before: Open | None,
) -> Open | None:
    if segments.rows.is_empty():
        return before
    rows = _open_rows(heads, segments)
    file = int(segments.rows["file"][-1])
    counts = dict(inside.select("header", "count").iter_rows())
    heading = heads.tail(1).select("isa", "gs").row(0) if len(heads) else (None, None)
    groups, sets = (counts.get(row, 0) for row in heading)
    return Open(
        rows=rows.to_numpy(),
        transaction=_open_st(heads, segments),
        inside=(groups, sets),
        used=_used(heads, segments, before).filter(file=file, open=True).select("id", "number"),
        file=file,
        stray=_ends_stray(segments, stray),
    )


def _ends_stray(segments: Segments, stray: Integers) -> bool:
    """Whether the frame's last segment stands in no transaction set."""
    return bool(len(stray)) and int(stray[-1]) == len(segments.rows) - 1


def _used(heads: pl.DataFrame, segments: Segments, before: Open | None) -> pl.DataFrame:
    """Control numbers: row, file, id, number, the scope they must be unique in, whether it goes on.

    Those of earlier frames come first, with the row -1.
    """
    open_rows = _open_rows(heads, segments).implode()
    scope = pl.when(pl.col("id") == "ST").then("gs").when(pl.col("id") == "GS").then("isa")
    here = heads.filter(
        pl.col("id").is_in(list(_HEADERS)) & (pl.col("row") >= segments.repeated)
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
    goes_on = (pl.col("id") == "ISA") | pl.col("scope").is_in(open_rows)
    return here.with_columns(open=goes_on)


def _stray(segments: Segments, spans: pl.DataFrame) -> Integers:
    """Rows under no transaction that are no envelope segment."""
    known = np.zeros(len(segments.rows) + 1, dtype=np.int32)
    np.add.at(known, spans["row"].to_numpy(), 1)
    np.add.at(known, spans["last"].to_numpy() + 1, -1)
    outside = np.flatnonzero(np.cumsum(known)[:-1] <= 0)
    allowed = segments.with_ids({*_HEADERS, *_TRAILERS, *_SERVICES, ""}.__contains__)
    stray: Integers = outside[~allowed[segments.rows["text"].to_numpy()[outside]]]
    return stray


def _outside(
    segments: Segments,
    heads: pl.DataFrame,
    spans: pl.DataFrame,
    stray: Integers,
    before: Open | None,
) -> pl.DataFrame:
    """Segments under no transaction that are no envelope segment, once a run of them."""
    runs_on = before is not None and before.stray and segments.repeated > 0
    rows = stray[np.diff(stray, prepend=segments.repeated - 1 if runs_on else -2) > 1]
    if not len(rows):
        return _NO_FAULTS
    return _fault(
        _identified(segments, _standing(segments, heads, spans, rows)),
        "NO_ENVELOPE",
        pl.format("{} stands in no transaction set", "id"),
    )


def _identified(segments: Segments, placed: pl.DataFrame) -> pl.DataFrame:
    """With the segment's id, where it is one: anything else may be anybody's data."""
    own = segments.texts["id"].gather(placed["text"])
    return placed.with_columns(id=own).with_columns(
        id=pl.when(pl.col("id").str.contains(sep.SEGMENT_ID)).then("id").otherwise(pl.lit("?"))
    )


def _repeated(heads: pl.DataFrame, segments: Segments, before: Open | None) -> pl.DataFrame:
    """Control numbers used twice: ISA13 in a file, GS06 in an interchange, ST02 in a group."""
    used = _used(heads, segments, before)
    first = pl.int_range(pl.len()).over("file", "id", "scope", "number") == 0
    again = used.filter(~first & (pl.col("row") >= 0)).select("row")
    says = pl.format("{} repeats control number {}", "id", pl.col("number").fill_null(""))
    rows = heads.join(again, on="row", how="semi", maintain_order="left")
    return _fault(rows, "CONTROL_NUMBER_REPEATED", says)


def _foreign(segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Segments with a control character that is no separator of theirs."""
    if not len(segments.foreign):
        return _NO_FAULTS
    placed = _standing(segments, heads, spans, segments.foreign)
    says = pl.lit("a control character stands in the segment")
    return _fault(_identified(segments, placed), "CHARACTER_INVALID", says)


def _empty(segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Empty segments, segments with impossible identifiers, and trailing separators."""
    impossible = segments.with_ids(lambda name: not _SEGMENT_ID.search(name))
    blank = impossible.copy()
    at = np.flatnonzero(impossible)
    blank[at] = (segments.texts["raw"].gather(at).str.strip_chars() == "").to_numpy()
    raw = segments.texts["raw"]
    bare = (raw.str.len_bytes() <= _ID_AT_MOST).to_numpy() & ~impossible
    bare[bare] = (
        raw.filter(pl.Series(bare)) == segments.texts["id"].filter(pl.Series(bare))
    ).to_numpy()
    faulty = {
        "blank": blank,
        "bare": bare,
        "odd": impossible & ~blank,
        "trailing": _trailing(segments.texts["raw"]) & segments.with_ids("ISA".__ne__),
    }
    found = []
    for column, code, says in (
        ("blank", "SEGMENT_EMPTY", pl.lit("an empty segment")),
        ("bare", "SEGMENT_BARE", pl.format("{} has no elements", "id")),
        ("odd", "SEGMENT_ID_INVALID", pl.lit("not a segment identifier")),
        (
            "trailing",
            "TRAILING_SEPARATORS",
            pl.format("{} ends in empty elements or components", "id"),
        ),
    ):
        rows = segments.rows_of(faulty[column])
        if len(rows):
            standing = _standing(segments, heads, spans, rows)
            found.append(_fault(_identified(segments, standing), code, says))
    return pl.concat([_NO_FAULTS, *found])


def _trailing(raw: pl.Series) -> npt.NDArray[np.bool_]:
    """Texts that end in separators, or have an element that does."""
    text = pl.col("raw").str
    ends = pl.any_horizontal(text.ends_with(one) for one in _INSIDE)
    inside = [one + sep.ELEMENT for one in (sep.REPETITION, sep.COMPONENT)]
    found = raw.to_frame("raw").select(ends | text.contains_any(inside))
    return found.to_series().to_numpy()
