"""The segment frame: the files of a batch as one table of segments.

Most segments of a file repeat word for word (the same date, the same
adjustment, the same procedure), so the frame numbers the distinct ones: what
follows from a segment's text alone is worked out once for each distinct text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from edi_iop.findings import Finding
from edi_iop.x12 import separators as sep
from edi_iop.x12.separators import Separators

_BLANK = b" \t\r\n\x00\x1a"
_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"(?<![A-Za-z0-9])(?:GS|ST)[^A-Za-z0-9\s]")


@dataclass(frozen=True)
class Interchange:
    """One ISA..IEA (or a bare GS or ST) of one file, as bytes start to stop."""

    file: int
    start: int
    stop: int
    separators: Separators


@dataclass(frozen=True)
class Segments:
    """The batch as columns.

    rows: file (place in the batch), interchange (place in `interchanges`),
    byte_offset (in the file), text (number of the distinct text).
    texts: text, raw (canonical separators), id, elements (the id first).
    """

    rows: pl.DataFrame
    texts: pl.DataFrame
    interchanges: tuple[Interchange, ...]
    findings: tuple[tuple[int, Finding], ...]
    """Faults seen while splitting, each with its file's place in the batch."""

    def shown(self, row: int) -> str:
        """A segment as it stands in its file."""
        raw = str(self.texts["raw"][self.rows["text"][row]])
        number = int(self.rows["interchange"][row])
        return self.interchanges[number].separators.shown(raw)


def read(files: Sequence[bytes]) -> Segments:
    """The files' segments, in order; a file without any X12 gives findings and no rows."""
    interchanges: list[Interchange] = []
    findings: list[tuple[int, Finding]] = []
    # One turn a file and an interchange, never a segment.
    for number, data in enumerate(files):
        found, faults = _interchanges(number, data)
        interchanges += found
        findings += [(number, fault) for fault in faults]
    rows = _rows(files, interchanges)
    numbered = rows.select(pl.col("raw").unique(maintain_order=True)).with_row_index("text")
    rows = rows.join(numbered, on="raw", how="left", maintain_order="left")
    texts = numbered.with_columns(elements=pl.col("raw").str.split(sep.ELEMENT)).with_columns(
        id=pl.col("elements").list.first()
    )
    return Segments(
        rows.select("file", "interchange", "byte_offset", "text"),
        texts.select("text", "raw", "id", "elements"),
        tuple(interchanges),
        tuple(findings),
    )


def _rows(files: Sequence[bytes], interchanges: Sequence[Interchange]) -> pl.DataFrame:
    """One row a segment: file, interchange, byte_offset, raw."""
    # latin-1 maps each byte to one character, so character counts are byte offsets.
    bodies = [
        files[one.file][one.start : one.stop]
        .translate(one.separators.to_canonical)
        .decode("latin-1")
        for one in interchanges
    ]
    frame = pl.DataFrame(
        {
            "file": pl.Series([one.file for one in interchanges], dtype=pl.UInt32),
            "interchange": pl.Series(range(len(interchanges)), dtype=pl.UInt32),
            "start": pl.Series([one.start for one in interchanges], dtype=pl.Int64),
            "raw": pl.Series(bodies, dtype=pl.String),
        }
    )
    rows = (
        frame.with_columns(pl.col("raw").str.split(sep.TERMINATOR))
        .explode("raw", empty_as_null=False)
        .with_columns(trimmed=pl.col("raw").str.strip_chars_start("\r\n\t \x00"))
    )
    length, trimmed = pl.col("raw").str.len_chars(), pl.col("trimmed").str.len_chars()
    taken = length.cast(pl.Int64) + 1
    first = pl.col("interchange") != pl.col("interchange").shift(1, fill_value=-1)
    last = pl.col("interchange") != pl.col("interchange").shift(-1, fill_value=-1)
    rows = (
        rows.with_columns(end=taken.cum_sum() - taken, blank=length - trimmed, last=last)
        .with_columns(base=pl.when(first).then(pl.col("start") - pl.col("end")).forward_fill())
        # What follows the last terminator is no segment when it is blank.
        .filter(~(pl.col("last") & (pl.col("trimmed").str.strip_chars() == "")))
        .select(
            "file",
            "interchange",
            byte_offset=pl.col("base") + pl.col("end") + pl.col("blank"),
            raw="trimmed",
        )
    )
    return _utf8(rows)


def _utf8(rows: pl.DataFrame) -> pl.DataFrame:
    """Text that was UTF-8 in the file reads as such again (names with accents)."""
    foreign = pl.col("raw").str.contains(r"[^\x00-\x7F]")
    if not rows.select(foreign.any()).item():
        return rows
    # Per-row Python: only the few segments with bytes outside ASCII come here.
    return rows.with_columns(
        pl.when(foreign)
        .then(pl.col("raw").map_elements(_from_latin, return_dtype=pl.String))
        .otherwise(pl.col("raw"))
        .alias("raw")
    )


def _from_latin(text: str) -> str:
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def _interchanges(file: int, data: bytes) -> tuple[list[Interchange], list[Finding]]:
    """The interchanges of one file, each with its own separators, and what lies between."""
    if not data.strip(_BLANK):
        return [], [Finding("EMPTY_FILE", "the file is empty", byte_offset=0)]
    found: list[Interchange] = []
    faults: list[Finding] = []
    place = after = 0
    while (start := _next_isa(data, after)) is not None:
        header = sep.of_isa(data, start)
        if header is None:
            after = start + 3
            if faults and faults[-1].code == "ISA_SHORT":
                continue  # Damage that runs on is one fault.
        faults += _between(data, place, start) + _of_header(header, start)
        place = after = start + 3
        if header is not None:
            place = after = _end(data, start, header.separators)
            found.append(Interchange(file, start, place, header.separators))
    if found:
        return found, faults + _between(data, place, len(data))
    return _bare(file, data, faults)


def _of_header(header: sep.Header | None, start: int) -> list[Finding]:
    """What is wrong with an ISA."""
    faults = [
        ("ISA_SHORT", header is None, "the ISA is cut off or damaged"),
        (
            "ISA_UNPADDED",
            header is not None and not header.padded,
            "ISA elements are not of their fixed widths",
        ),
        (
            "SEPARATORS_CLASH",
            header is not None and header.separators.clash,
            "two separators are the same character",
        ),
    ]
    return [
        Finding(code, says, byte_offset=start, segment="ISA") for code, so, says in faults if so
    ]


def _bare(file: int, data: bytes, faults: list[Finding]) -> tuple[list[Interchange], list[Finding]]:
    """A file without an ISA: read from its first GS or ST, where it begins with one."""
    bare = sep.of_bare(data)
    if bare is None:
        return [], faults or [
            Finding(
                "NOT_X12",
                "neither X12 (no ISA, GS or ST at its start) nor a feed we know",
                byte_offset=0,
            )
        ]
    start, separators = bare
    fault = Finding("NO_ENVELOPE", "the file has no ISA; separators are guessed", byte_offset=start)
    return [Interchange(file, start, len(data), separators)], [*faults, fault]


def _next_isa(data: bytes, place: int) -> int | None:
    """Offset of the next ISA that begins a segment, or None."""
    while (at := data.find(b"ISA", place)) >= 0:
        before, after = data[at - 1 : at], data[at + 3 : at + 4]
        if after and not after.isalnum() and not after.isspace() and not (at and before.isalnum()):
            return at
        place = at + 3
    return None


def _end(data: bytes, start: int, separators: Separators) -> int:
    """Where an interchange ends: after its IEA, or before the next ISA, or with the file."""
    following = _segment(data, b"ISA", start + 3, len(data), separators.terminator)
    # Looked for no further than that: a file of many interchanges without IEA is read once.
    stop = len(data) if following is None else following
    trailer = _segment(data, b"IEA" + separators.element, start, stop, separators.terminator)
    if trailer is None:
        return stop
    end = data.find(separators.terminator, trailer, stop)
    return stop if end < 0 else end + 1


def _segment(data: bytes, head: bytes, place: int, stop: int, terminator: bytes) -> int | None:
    """Offset of the next segment that begins with these bytes, or None."""
    while (at := data.find(head, place, stop)) >= 0:
        if (
            data[max(0, at - 200) : at]
            .rstrip(_BLANK if terminator not in _BLANK else b" \t")
            .endswith(terminator)
        ):
            return at
        place = at + len(head)
    return None


def _between(data: bytes, start: int, stop: int) -> list[Finding]:
    """Bytes that belong to no interchange: a finding, unless they are only blank."""
    left = data[start:stop]
    if start == 0:
        left = left.removeprefix(_BOM)
    left = left.lstrip(_BLANK)
    if not left:
        return []
    start = stop - len(left)
    left = left.rstrip(_BLANK)
    says = f"{len(left)} bytes belong to no interchange"
    if _HEADER.search(left):
        return [Finding("NO_ENVELOPE", f"{says}, a GS or ST among them", byte_offset=start)]
    return [Finding("GARBAGE", says, byte_offset=start)]
