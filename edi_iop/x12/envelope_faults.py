"""Faults of envelopes (SNIP level 1): headers and trailers that do not pair up, wrong counts, control
numbers that disagree or come twice, and what is no segment of any envelope.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.texts import composed
from edi_iop.x12 import inside
from edi_iop.x12 import separators as sep
from edi_iop.x12.headers import HEADERS, TRAILERS, Integers, Open, open_rows, standing, used_numbers
from edi_iop.x12.segments import Segments

_SEGMENT_ID = re.compile(sep.SEGMENT_ID)
_ID_AT_MOST = 3
"""Characters of a segment identifier."""
_INSIDE = (sep.ELEMENT, sep.REPETITION, sep.COMPONENT)
"""What separates inside a segment."""
_SERVICES = ("TA1", "TA3", "ISB", "ISE")
"""Segments of the interchange itself, outside its groups (X12.5)."""
NO_FAULTS = pl.DataFrame(
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
        "component": pl.Int64,
        "repetition": pl.Int64,
    }
)


def pairing_faults(
    segments: Segments, heads: pl.DataFrame, ends: pl.DataFrame, before: Open | None
) -> pl.DataFrame:
    """What headers and trailers say against each other, and control numbers used again."""
    return pl.concat(
        [
            _wrong_counts(segments, ends),
            _wrong_numbers(ends),
            _unclosed(heads, ends, segments),
            _repeated(heads, segments, before),
        ]
    )


def segment_faults(
    segments: Segments,
    heads: pl.DataFrame,
    spans: pl.DataFrame,
    stray: Integers,
    before: Open | None,
) -> pl.DataFrame:
    """Segments outside of all transaction sets, and what is no segment, or not a clean one."""
    return pl.concat(
        [
            _outside(segments, heads, spans, stray, before),
            _ungrouped(heads),
            _empty(segments, heads, spans),
            _foreign(segments, heads, spans),
        ]
    )


def _fault(
    rows: pl.DataFrame, code: str, message: pl.Expr, at_element: int | None = None
) -> pl.DataFrame:
    """Findings placed at these rows, or at what rows name inside of them (inside.PLACE)."""
    if rows.is_empty():
        return NO_FAULTS
    known = rows.collect_schema().names()
    here = {"element": at_element, "component": None, "repetition": None}
    place = [
        pl.col(part) if part in known else pl.lit(value, pl.Int64).alias(part)
        for part, value in here.items()
    ]
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
        *place,
    )


def _wrong_counts(segments: Segments, ends: pl.DataFrame) -> pl.DataFrame:
    said = pl.col("said_count").str.strip_chars().cast(pl.Int64, strict=False).fill_null(-1)
    there = pl.col("count").fill_null(0)
    # Of an interchange of TA1s alone senders count no group, or that answer as one: both are read.
    before = segments.texts["id"].gather(segments.rows["text"].gather((ends["row"] - 1).clip(0)))
    answers = pl.lit(before == "TA1") & (pl.col("id") == "IEA") & (there == 0) & (said == 1)
    wrong = ends.filter(pl.col("header").is_not_null() & (said != there) & ~answers)
    says = composed(
        "{} counts {}, there are {}",
        "id",
        pl.col("said_count").fill_null("nothing"),
        pl.col("count").fill_null(0),
    )
    return _fault(wrong, "COUNT_WRONG", says, 1)


def _wrong_numbers(ends: pl.DataFrame) -> pl.DataFrame:
    """Trailers of another control number, but for those of headers whose own one is none: that is told there."""
    is_number = pl.col("number").fill_null("").str.contains("^[0-9]+$")
    wrong = ends.filter(
        pl.col("header").is_not_null()
        & ((pl.col("id") == "SE") | is_number)
        & (
            pl.col("said_number").str.strip_chars().fill_null("")
            != pl.col("number").str.strip_chars().fill_null("")
        )
    )
    says = composed(
        "{} carries control number {}, its header {}",
        "id",
        pl.col("said_number").fill_null("none"),
        pl.col("number").fill_null("none"),
    )
    return _fault(wrong, "CONTROL_NUMBER_WRONG", says, 2)


def _unclosed(heads: pl.DataFrame, ends: pl.DataFrame, segments: Segments) -> pl.DataFrame:
    """Headers without a trailer: an interchange so ended is cut off."""
    closed = ends["header"].drop_nulls().implode()
    headers = heads.filter(pl.col("id").is_in(list(HEADERS)))
    waiting = pl.lit(open_rows(heads, segments)).implode()
    # A header of an earlier frame is placed there: what is left of it here is its number.
    open_ = headers.filter(~pl.col("row").is_in(closed) & ~pl.col("row").is_in(waiting))
    cut = _cut_off(open_.filter(pl.col("id") == "ISA"), headers, open_)
    # Of an interchange that is cut off neither the last group nor its last set has a trailer.
    ended = pl.concat([cut["gs"], cut["st"]]).drop_nulls().implode()
    rest = open_.filter((pl.col("id") != "ISA") & ~pl.col("row").is_in(ended))
    says = composed("{} {} has no trailer", "id", pl.col("number").fill_null(""))
    kept = pl.lit(segments.repeated, pl.Int64)
    return pl.concat(
        [
            _fault(cut, "TRUNCATED", pl.lit("the interchange has no IEA: the file is cut off")),
            _fault(rest, "TRAILER_MISSING", says),
        ]
    ).with_columns(row=pl.max_horizontal("row", kept))


def _cut_off(cut: pl.DataFrame, headers: pl.DataFrame, open_: pl.DataFrame) -> pl.DataFrame:
    """Interchanges without a trailer, with the group (gs) and set (st) in which each of them ends."""
    if cut.is_empty():
        return cut
    unclosed = pl.col("row").is_in(open_["row"].implode())
    for name, of in (("gs", "isa"), ("st", "gs")):
        last = headers.filter(pl.col("id") == name.upper()).group_by(of).agg(pl.col("row").max())
        ends = last.filter(unclosed).select(of, pl.col("row").alias(name))
        cut = cut.drop(name).join(ends, on=of, how="left", maintain_order="left")
    return cut


def without_following(
    findings: pl.DataFrame, spoiled: tuple[Integers, Integers]
) -> tuple[pl.DataFrame, tuple[Integers, Integers]]:
    """Findings without counts that are wrong for want of a header or trailer, or by what stands outside of one.

    spoiled: the rows of the interchanges and groups in which there is such, in earlier frames; and
    so far, in the answer.
    """
    outside, unclosed = pl.col("code") == "NO_ENVELOPE", pl.col("code") == "TRAILER_MISSING"
    found = []
    for name, header, before in zip(("isa", "gs"), ("GS", "ST"), spoiled, strict=True):
        at = findings.filter(outside | (unclosed & (pl.col("segment") == header)))[name]
        found.append(np.union1d(before, at.drop_nulls().to_numpy()))
    interchanges, groups = (pl.lit(pl.Series(rows, dtype=pl.Int64)).implode() for rows in found)
    own = pl.col("segment") == "IEA"
    follows = (own & pl.col("isa").is_in(interchanges)) | (~own & pl.col("gs").is_in(groups))
    wrong = (pl.col("code") == "COUNT_WRONG") & follows.fill_null(False)
    return findings.filter(~wrong), (found[0], found[1])


def stray_rows(segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame) -> Integers:
    """Rows under no transaction that are no envelope segment, or the trailer of none."""
    known = np.zeros(len(segments.rows) + 1, dtype=np.int8)
    np.add.at(known, spans["row"].to_numpy(), 1)
    np.add.at(known, spans["last"].to_numpy() + 1, -1)
    outside = np.flatnonzero(np.cumsum(known, dtype=np.int8)[:-1] <= 0)
    allowed = segments.with_ids({*HEADERS, *TRAILERS, *_SERVICES, ""}.__contains__)
    stray = outside[~allowed[segments.rows["text"].to_numpy()[outside]]]
    closes_none = (pl.col("id") == "SE") & pl.col("st").is_null() & pl.col("gs").is_not_null()
    surplus = heads.filter(closes_none)["row"].to_numpy()
    return np.union1d(stray, surplus)


def _outside(
    segments: Segments,
    heads: pl.DataFrame,
    spans: pl.DataFrame,
    stray: Integers,
    before: Open | None,
) -> pl.DataFrame:
    """Segments under no transaction that are no envelope segment, once a run of them."""
    runs_on = before is not None and before.stray
    rows = stray[np.diff(stray, prepend=segments.repeated - 1 if runs_on else -2) > 1]
    if not len(rows):
        return NO_FAULTS
    return _fault(
        _identified(segments, standing(segments, heads, spans, rows)),
        "NO_ENVELOPE",
        composed("{} stands in no transaction set", "id"),
    )


def _ungrouped(heads: pl.DataFrame) -> pl.DataFrame:
    """Transaction sets, and trailers of groups, in an interchange but in no group: once a run of them."""
    lost = (
        pl.col("isa").is_not_null() & pl.col("gs").is_null() & ~pl.col("id").is_in(["ISA", "IEA"])
    )
    begins = lost & ~lost.shift(1, fill_value=False)
    return _fault(heads.filter(begins), "NO_ENVELOPE", composed("{} stands in no group", "id"))


def _identified(segments: Segments, placed: pl.DataFrame) -> pl.DataFrame:
    """With the segment's id, where it is one: anything else may be anybody's data."""
    own = segments.texts["id"].gather(placed["text"])
    return placed.with_columns(id=own).with_columns(
        id=pl.when(pl.col("id").str.contains(sep.SEGMENT_ID)).then("id").otherwise(pl.lit("?"))
    )


def _repeated(heads: pl.DataFrame, segments: Segments, before: Open | None) -> pl.DataFrame:
    """Control numbers used twice: ISA13 in a file, GS06 in an interchange, ST02 in a group."""
    used = used_numbers(heads, segments, before)
    first = pl.int_range(pl.len()).over("file", "id", "scope", "number") == 0
    again = used.filter(~first & (pl.col("row") >= 0)).select("row")
    says = composed("{} repeats control number {}", "id", pl.col("number").fill_null(""))
    # One that comes twice, one behind the other, is a header without its trailer.
    alike = [pl.col(one).eq_missing(pl.col(one).shift(1)) for one in ("file", "id", "number")]
    twice = pl.all_horizontal(*alike, pl.col("row") == pl.col("row").shift(1) + 1)
    rows = heads.with_columns(twice=twice).join(again, on="row", how="semi", maintain_order="left")
    return _fault(rows.filter(~pl.col("twice").fill_null(False)), "CONTROL_NUMBER_REPEATED", says)


def _foreign(segments: Segments, heads: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Segments with a control character that is no separator of theirs."""
    if not len(segments.foreign):
        return NO_FAULTS
    placed = _identified(segments, standing(segments, heads, spans, segments.foreign))
    own = segments.rows["interchange"].gather(segments.foreign)
    stands = inside.foreign(segments, placed.with_columns(own))
    says = composed("{}: element {} holds a control character", "id", inside.numbered())
    return _fault(
        stands, "CHARACTER_INVALID", says.fill_null("a control character in an identifier")
    )


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
        ("bare", "SEGMENT_BARE", composed("{} has no elements", "id")),
        ("odd", "SEGMENT_ID_INVALID", pl.lit("not a segment identifier")),
        ("trailing", "TRAILING_SEPARATORS", _says_emptied()),
    ):
        rows = segments.rows_of(faulty[column])
        if len(rows):
            stands = _identified(segments, standing(segments, heads, spans, rows))
            if column == "trailing":
                stands = inside.emptied(segments, stands)
            found.append(_fault(stands, code, says, 1 if column == "bare" else None))
    return pl.concat([NO_FAULTS, *found])


def _says_emptied() -> pl.Expr:
    """Of a segment that ends in separators, or has an element that does: what it should leave out."""
    repeats = pl.col("repetition").is_not_null() & pl.col("component").is_null()
    what = pl.when(repeats).then(pl.lit("ends in a repetition that is")).otherwise(pl.lit("is"))
    return composed("{}: element {} {} empty, and none follows", "id", inside.numbered(), what)


def _trailing(raw: pl.Series) -> npt.NDArray[np.bool_]:
    """Texts that end in separators, or have an element that does."""
    text = pl.col("raw").str
    ends = pl.any_horizontal(text.ends_with(one) for one in _INSIDE)
    inside = [one + sep.ELEMENT for one in (sep.REPETITION, sep.COMPONENT)]
    found = raw.to_frame("raw").select(ends | text.contains_any(inside))
    return found.to_series().to_numpy()
