"""A feed as CSV (RFC 4180, and what spreadsheets make of it): bytes to text columns.

Files whose lines are all sound records, which is nearly every one, are split as columns. One with
a field that spans lines, or with damaged quotes, is read line by line: only so its lines are told.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

import msgspec
import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.parsers.feed_layout import Layout, folded
from edi_iop.parsers.feed_mapping import Flat, unread_columns
from edi_iop.parsers.feed_sheet import Sheet, conformed, no_findings, require_columns, told
from edi_iop.parsers.feed_spec import Feed
from edi_iop.texts import composed

DELIMITERS = ",;\t|"
"""A comma, and what spreadsheets of other countries write instead."""

_LOOKED_INTO, _LOOKED_AT = 65536, 60
_FEWEST = 3
"""Text and lines that are looked at for titles above the header; a table has at least so many fields."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class Grid(msgspec.Struct, frozen=True):
    """A CSV file as text: the names of its header, `row` and the columns 0, 1, ... of its records."""

    names: list[str]
    rows: pl.DataFrame
    findings: pl.DataFrame


def header(data: bytes) -> list[str]:
    """The column names of what may be a CSV file, as they stand there; never raises."""
    text = _untitled(_decoded(data[:65536], errors="replace")[0])[0].lstrip("\r\n")
    line = text.splitlines()[0] if text.strip() else ""
    return _stripped(next(_records(line, _delimiter(line)), (1, None))[1] or [])


def sheet(feed: Feed, data: bytes) -> Sheet:
    """The text of a CSV feed; FeedRejected where a required column is missing or named twice."""
    table = grid(data)
    names = feed.own_names([name.lower() for name in table.names])
    repeated = [name for name in names if name in feed.names and names.count(name) > 1]
    if repeated:
        raise FeedRejected(
            f"{feed.kind} feed: column {repeated[0]} stands in the header twice; keep one of them"
        )
    require_columns(feed, names)
    known = {name: str(place) for place, name in enumerate(names) if name in feed.names}
    text = table.rows.select("row", **known)
    found = pl.concat([table.findings, _unknown(feed, names)])
    return Sheet(feed, text, found, "line")


def flat(layout: Layout, data: bytes) -> Flat:
    """The rows of a partner's CSV; FeedRejected where a column that is read stands there twice."""
    table = grid(data)
    names = [folded(name) for name in table.names]
    read = {folded(name) for name in layout.reads}
    repeated = [name for name in names if name in read and names.count(name) > 1]
    if repeated:
        raise FeedRejected(
            f"layout {layout.name}: column {repeated[0]} stands in the header twice; rename one of them"
        )
    known = {name: str(place) for place, name in enumerate(names) if name in read}
    found = pl.concat([table.findings, unread_columns(layout, table.names)])
    return Flat(table.rows.select("row", **known), "line", found)


def grid(data: bytes) -> Grid:
    """The records of the header's width; the others are faults."""
    decoded, encoding = _decoded(data)
    text, titles = _untitled(decoded)
    delimiter = _delimiter(text.lstrip("\r\n").split("\n", 1)[0])
    found = _sound(text, delimiter) or _line_by_line(text, delimiter)
    rows = _unguarded(found.rows) if '="' in text else found.rows
    return Grid(found.names, rows, pl.concat([*_encoding(encoding), *titles, found.findings]))


def _unguarded(rows: pl.DataFrame) -> pl.DataFrame:
    """The fields out of ="007", which is how an export keeps a spreadsheet from dropping zeros."""
    return rows.with_columns(pl.col(pl.String).str.replace(r'^\s*="([^"]*)"\s*$', "${1}"))


def _sound(text: str, delimiter: str) -> Grid | None:
    """The records split as columns; None where a line is no whole record by itself."""
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        return None
    mark = re.escape(delimiter)
    lines = pl.DataFrame({"line": text.split("\n")}).with_row_index("row", offset=1)
    lines = lines.filter(~pl.col("line").str.contains(rf'^(?:\s|""|{mark})*$'))
    bare = pl.col("line")
    if '"' in text:
        field = rf'(?:"(?:[^"]|"")*"|[^"{mark}]*)'
        whole = bare.str.contains(rf"^{field}(?:{mark}{field})*$")
        if not lines.select(whole.all()).item():
            return None
        bare = bare.str.replace_all(r'"[^"]*"', "")
    lines = lines.with_columns(
        pl.col("row").cast(pl.Int64),
        width=bare.str.count_matches(delimiter, literal=True).cast(pl.Int64) + 1,
    )
    if lines.is_empty():
        return Grid([], pl.DataFrame(schema={"row": pl.Int64}), no_findings())
    width = lines["width"][0]
    lines = _trimmed(lines, width, delimiter)
    uneven = lines.slice(1).filter(pl.col("width") != width)
    even = lines.filter(pl.col("width") == width)
    fields = _split(even["line"], delimiter, width)
    if fields is None:
        return None
    rows = fields.with_columns(even["row"]).slice(1)
    return Grid(_stripped(list(fields.row(0)[:width])), rows, _uneven(uneven, width))


def _trimmed(lines: pl.DataFrame, width: int, delimiter: str) -> pl.DataFrame:
    """The lines without the empty fields that some exports write behind those of the header."""
    more = (pl.col("width") - width).clip(0)
    behind = pl.col("line").str.extract(rf"({re.escape(delimiter)}+)$").str.len_chars()
    empty = (more > 0) & (behind >= more)
    if not lines.select(empty.any()).item():
        return lines
    cut = pl.col("line").str.head(pl.col("line").str.len_chars().cast(pl.Int64) - more)
    return lines.with_columns(
        line=pl.when(empty).then(cut).otherwise("line"),
        width=pl.when(empty).then(width).otherwise("width"),
    )


def _split(lines: pl.Series, delimiter: str, width: int) -> pl.DataFrame | None:
    try:
        fields = pl.read_csv(
            io.BytesIO("\n".join(lines).encode()),
            has_header=False,
            separator=delimiter,
            infer_schema=False,
            new_columns=[str(place) for place in range(width)],
        )
    except pl.exceptions.PolarsError:
        return None
    return fields if fields.shape == (lines.len(), width) else None


def _uneven(lines: pl.DataFrame, width: int) -> pl.DataFrame:
    says = composed(f"{{}} fields where the header has {width}", "width")
    return conformed(
        lines.select(
            "row", place=composed("line {}", "row"), code=pl.lit("FEED_ROW_WIDTH"), says=says
        )
    )


def _decoded(data: bytes, errors: str = "strict") -> tuple[str, str]:
    """The text and its encoding: by byte order mark or the zeros of UTF-16, else UTF-8, else Windows-1252."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data, encoding, errors), encoding
    for zero, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(data) > 1 and data[zero] == 0 and data[1 - zero]:
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


def _stripped(fields: list[str]) -> list[str]:
    return [(field or "").strip() for field in fields]


def _delimiter(line: str) -> str:
    """The separator the header uses most."""
    return max(DELIMITERS, key=line.count)


def _untitled(text: str) -> tuple[str, list[pl.DataFrame]]:
    """The text with empty lines for the titles that a report program writes above the header."""
    lines = text[:_LOOKED_INTO].splitlines(keepends=True)[:_LOOKED_AT]
    widest = max(lines, key=lambda line: max(map(line.count, DELIMITERS)), default="")
    delimiter = _delimiter(widest)
    try:
        found = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    except csv.Error:
        return text, []
    titles = _sparse(found, lines) or _apart(found)
    if not titles:
        return text, []
    rest = text[sum(map(len, lines[:titles])) :]
    lines_are = "line 1 is a title" if titles == 1 else f"lines 1 to {titles} are titles"
    told_once = told("FEED_TITLE_SKIPPED", [f"{lines_are} above the header; not read"])
    return "\n" * titles + rest, [told_once]


def _filled(fields: list[str]) -> int:
    return sum(bool(field.strip()) for field in fields)


def _sparse(found: list[list[str]], lines: list[str]) -> int:
    """How many lines are titles: with values in at most half as many fields as most lines have."""
    widths = Counter(len(fields) for fields in found if _filled(fields))
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    if usual < _FEWEST or widths[usual] == 1:
        return 0
    titles = 0
    for at, fields in enumerate(found, start=1):
        filled = _filled(fields)
        if filled * 2 > usual or lines[at - 1].count('"') % 2:
            return titles
        titles = at if filled else titles
    return 0


def _apart(found: list[list[str]]) -> int:
    """How many lines are a summary: above an empty line, each with fewer values than the header below it.

    A header has a name in every field, and no digit in one; a row as wide follows it.
    """
    for at, (gap, header, row) in enumerate(zip(found, found[1:], found[2:], strict=False)):
        if _filled(gap) or not found[:at]:
            continue
        names = len(header) >= _FEWEST and _filled(header) == len(header) == len(row)
        worded = not any(sign.isdigit() for field in header for sign in field)
        if names and worded and max(map(_filled, found[:at])) < len(header):
            return at
    return 0


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


def _line_by_line(text: str, delimiter: str) -> Grid:
    """The same for a file with fields that span lines, or with damaged quotes."""
    records = _records(text, delimiter)
    names = _stripped(next(records, (1, None))[1] or [])
    rows: list[tuple[int, list[str]]] = []
    damaged: list[int] = []
    uneven: list[tuple[int, int]] = []
    for line, fields in records:  # polars' reader could not say which line is short
        if fields is None:
            damaged.append(line)
        elif len(fields) < len(names) or any(map(str.strip, fields[len(names) :])):
            uneven.append((line, len(fields)))
        else:
            rows.append((line, fields[: len(names)]))
    columns = [pl.Series("row", [row for row, _ in rows], pl.Int64)]
    for place in range(len(names)):
        columns.append(pl.Series(str(place), [fields[place] for _, fields in rows], pl.String))
    widths = pl.DataFrame(uneven, schema={"row": pl.Int64, "width": pl.Int64}, orient="row")
    quotes = conformed(
        pl.DataFrame({"row": damaged}, schema={"row": pl.Int64}).select(
            "row",
            place=composed("line {}", "row"),
            code=pl.lit("FEED_QUOTES"),
            says=pl.lit("quotes do not close properly"),
        )
    )
    return Grid(names, pl.DataFrame(columns), pl.concat([quotes, _uneven(widths, len(names))]))


def _encoding(encoding: str) -> list[pl.DataFrame]:
    if encoding != "cp1252":
        return []
    return [told("FEED_ENCODING", ["the feed is not UTF-8; read as Windows-1252"])]


def _unknown(feed: Feed, names: list[str]) -> pl.DataFrame:
    """A warning for each column of the header that the feed does not define."""
    strangers = ((at, name) for at, name in enumerate(names, 1) if name not in feed.names)
    says = [
        f"line 1, column {at} ({name or 'without a name'}): not a column of the {feed.kind} feed"
        for at, name in strangers
    ]
    return told("FEED_COLUMN_UNKNOWN", says)
