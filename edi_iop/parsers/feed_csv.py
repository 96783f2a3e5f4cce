"""A feed as CSV (RFC 4180, and what spreadsheets make of it): bytes to text columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.parsers.feed_spec import Feed
from edi_iop.parsers.feed_values import Sheet, no_findings, require_columns, told

DELIMITERS = ",;\t|"
"""A comma, and what spreadsheets of other countries write instead."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def header(data: bytes) -> list[str]:
    """The column names of what may be a CSV file, lower case; never raises."""
    text = _decoded(data[:65536], errors="replace")[0].lstrip("\r\n")
    line = text.splitlines()[0] if text.strip() else ""
    return _names(next(_records(line, _delimiter(line)), (1, None))[1] or [])


def sheet(feed: Feed, data: bytes) -> Sheet:
    """The text of a CSV feed; FeedRejected where a required column is missing or named twice."""
    text, encoding = _decoded(data)
    first_line = text.lstrip("\r\n").split("\n", 1)[0]
    records = _records(text, _delimiter(first_line))
    names = feed.own_names(_names(next(records)[1] or []))
    repeated = [name for name in names if name in feed.names and names.count(name) > 1]
    if repeated:
        raise FeedRejected(
            f"{feed.kind} feed: column {repeated[0]} stands in the header twice; keep one of them"
        )
    require_columns(feed, names)
    rows, faults = _rows(records, len(names))
    known = {name: place for place, name in enumerate(names) if name in feed.names}
    columns = [pl.Series("row", [row for row, _ in rows], pl.Int64)]
    for name, place in known.items():
        columns.append(pl.Series(name, [fields[place] for _, fields in rows], pl.String))
    found = [*_encoding_finding(encoding), *_unknown(feed, names), *faults]
    return Sheet(feed, pl.DataFrame(columns), pl.concat([no_findings(), *found]), "line")


def _decoded(data: bytes, errors: str = "strict") -> tuple[str, str]:
    """The text and its encoding: by byte order mark, else UTF-8, else Windows-1252."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data, encoding, errors), encoding
    try:
        return data.decode("utf-8", errors), "utf-8"
    except UnicodeDecodeError:
        return _decode(data, "cp1252", errors), "cp1252"


def _decode(data: bytes, encoding: str, errors: str) -> str:
    try:
        return data.decode(encoding, errors)
    except UnicodeDecodeError as problem:
        raise FeedRejected(
            f"feed: byte {problem.start} is no text in UTF-8 or Windows-1252; export it as UTF-8"
        ) from problem


def _names(fields: list[str]) -> list[str]:
    return [field.strip().lower() for field in fields]


def _delimiter(line: str) -> str:
    """The separator the header uses most."""
    return max(DELIMITERS, key=line.count)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Line number and fields of each record; no fields where its quotes are damaged.

    Line by line, since only the csv reader knows where a quoted field spans lines,
    and since the line after a damaged one must still be read.
    """
    lines = list(io.StringIO(text, newline=""))
    done = 0
    while done < len(lines):
        rest = (lines[at] for at in range(done, len(lines)))  # begun anew after each damage
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        while done < len(lines):
            line = done + 1
            before = reader.line_num
            try:
                fields = next(reader)
            except csv.Error:
                yield line, None
                done = line
                break
            done += reader.line_num - before
            if any(field.strip() for field in fields):
                yield line, fields


def _rows(
    records: Iterator[tuple[int, list[str] | None]], width: int
) -> tuple[list[tuple[int, list[str]]], list[pl.DataFrame]]:
    """The records of the header's width, and the findings of the others."""
    rows: list[tuple[int, list[str]]] = []
    damaged: list[str] = []
    uneven: list[str] = []
    for line, fields in records:  # polars' reader could not say which line is short
        if fields is None:
            damaged.append(f"line {line}: quotes do not close properly")
        elif len(fields) != width:
            uneven.append(f"line {line}: {len(fields)} fields where the header has {width}")
        else:
            rows.append((line, fields))
    return rows, [told("FEED_QUOTES", damaged), told("FEED_ROW_WIDTH", uneven)]


def _encoding_finding(encoding: str) -> list[pl.DataFrame]:
    if encoding != "cp1252":
        return []
    return [told("FEED_ENCODING", ["the feed is not UTF-8; read as Windows-1252"])]


def _unknown(feed: Feed, names: list[str]) -> list[pl.DataFrame]:
    """A warning for each column of the header that the feed does not define."""
    strangers = ((at, name) for at, name in enumerate(names, 1) if name not in feed.names)
    says = [
        f"line 1, column {at} ({name or 'without a name'}): not a column of the {feed.kind} feed"
        for at, name in strangers
    ]
    return [told("FEED_COLUMN_UNKNOWN", says)]
