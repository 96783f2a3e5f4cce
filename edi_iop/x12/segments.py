"""The segment frame: the files of a batch, or a chunk of them, as one table of segments.

Most segments of a file repeat word for word (the same date, the same
adjustment, the same procedure), so the frame numbers the distinct ones: what
follows from a segment's text alone is worked out once for each distinct text.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec.structs import replace

from edi_iop.findings import Finding
from edi_iop.x12 import separators as sep
from edi_iop.x12.numbering import numbered, short_ids
from edi_iop.x12.pieces import CHUNK, Piece, Room, of_file
from edi_iop.x12.separators import Separators
from edi_iop.x12.words import Words, words

Integers = npt.NDArray[np.signedinteger[Any]]
_BLANK = b" \t\r\n\x00"
_SPACES = b" \t\r\n\x0b\x0c\x85\xa0"
"""What Latin-1 has of white space."""
_ROWS = {"file": pl.Int64, "interchange": pl.UInt32, "number": pl.Int64, "byte_offset": pl.Int64, "text": pl.UInt32}  # fmt: skip


class Interchange(msgspec.Struct, frozen=True):
    """One ISA..IEA (or a bare GS or ST) of one file."""

    file: int
    start: int
    """Byte offset of what the frame holds of it."""
    separators: Separators


class Segments(msgspec.Struct, frozen=True, dict=True):
    """The frame as columns.

    rows: file (its number), interchange (place in `interchanges`),
    number (of the segment, from 0 on; below that of those repeated from earlier
    frames), byte_offset (in the file), text (number of the distinct text).
    """

    rows: pl.DataFrame
    raw: pl.Series
    """The distinct texts (canonical separators), by number."""
    interchanges: tuple[Interchange, ...]
    findings: tuple[tuple[int, Finding], ...]
    """Faults seen while splitting, each with its file's number."""
    foreign: Integers
    """Rows that hold a control character no separator accounts for."""
    following: tuple[str, ...] | None = None
    """Where the last interchange goes on in the next frame: the elements of its next segment."""
    stop: int = 0
    """Byte offset of that segment."""
    repeated: int = 0
    """So many rows at the start stood in an earlier frame: the open headers of what goes on."""

    @cached_property
    def words(self) -> Words:
        """The elements of the distinct texts."""
        return words(self.texts["elements"])

    @cached_property
    def texts(self) -> pl.DataFrame:
        """The distinct texts: text, raw, id, elements (the id first)."""
        return pl.DataFrame({"raw": self.raw, "elements": _elements(self.raw)}).select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("text"),
            "raw",
            pl.col("elements").list.first().alias("id"),
            "elements",
        )

    @cached_property
    def text(self) -> Integers:
        """The number of each row's text, to look up what is known of the texts."""
        return self.rows["text"].to_numpy().astype(np.intp)

    @cached_property
    def rows_ahead(self) -> pl.DataFrame:
        """The rows and, where the interchange goes on, the place of the next segment behind them."""
        if self.following is None:
            return self.rows
        last = self.rows.tail(1)
        ahead = last.with_columns(pl.col("number") + 1, byte_offset=pl.lit(self.stop, pl.Int64))
        return pl.concat([self.rows, ahead])

    @cached_property
    def ids(self) -> tuple[Integers, list[str]]:
        """The segment id of each text as a number, and the id behind each number."""
        short = short_ids(self.raw)
        if short is not None:
            return short
        numbers, distinct = numbered(self.texts["id"])
        return numbers, distinct.to_list()

    def with_ids(self, wanted: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
        """Whether each text's segment id is one that is wanted."""
        numbers, names = self.ids
        return np.array([wanted(name) for name in names], dtype=bool)[numbers]

    def rows_of(self, texts: npt.NDArray[np.bool_]) -> Integers:
        """The rows whose text is one of these (a flag a text)."""
        if not texts.any():
            return np.array([], dtype=np.int64)
        return np.flatnonzero(texts[self.text])

    def shown(self, row: int) -> str:
        """A segment as it stands in its file."""
        raw = str(self.raw[self.rows["text"][row]])
        number = int(self.rows["interchange"][row])
        return self.interchanges[number].separators.shown(raw)


def read(files: Sequence[bytes]) -> Segments:
    """The files' segments, in order, as one frame; a file without any X12 gives only findings."""
    streams = [(number, io.BytesIO(data)) for number, data in enumerate(files)]
    size = max((len(data) for data in files), default=0) + 1
    pieces, findings = _sorted(part for stream in streams for part in _parts(*stream, Room(size)))
    return _frame(pieces, findings)


Part = tuple[int, Piece | Finding]
"""A piece of a file, or what is wrong between two of them, with the file's number."""


def frames(files: Iterable[tuple[int, BinaryIO]], size: int = CHUNK) -> Iterator[Segments]:
    """The files' segments, a frame a chunk."""
    return (framed(chunk) for chunk in chunks(files, size))


def chunks(files: Iterable[tuple[int, BinaryIO]], size: int | Room = CHUNK) -> Iterator[list[Part]]:
    """What goes into a frame together: many small files, or a part of a large one."""
    room = size if isinstance(size, Room) else Room(size)
    held: list[Part] = []
    weight = 0
    for file, stream in files:
        for part in _parts(file, stream, room):
            held.append(part)
            if not isinstance(part[1], Piece):
                continue
            weight += len(part[1].data)
            if weight >= room.size or part[1].following is not None:
                whole, held, weight = [held], [], 0
                del part
                yield whole.pop()  # held by those alone who work on it
    if held:
        yield held


def framed(chunk: Iterable[Part]) -> Segments:
    """A chunk's segments."""
    return _frame(*_sorted(chunk))


class Headers(msgspec.Struct, frozen=True):
    """Rows of a frame that are repeated in the next one, the open headers of what goes on."""

    rows: pl.DataFrame
    raw: pl.Series
    """The text of each."""


def headers(frame: Segments, rows: Integers) -> Headers:
    """These rows of a frame, to be repeated."""
    head, own = frame.rows[rows], len(frame.rows) - frame.repeated
    return Headers(head.with_columns(pl.col("number") - own), frame.raw[head["text"]])


def continued(frame: Segments, before: Headers) -> Segments:
    """The frame with the headers that the one before it left open at its start."""
    count, more = len(frame.raw), len(before.rows)
    numbers = pl.Series("text", np.arange(count, count + more, dtype=np.uint32))
    repeated = before.rows.with_columns(numbers, interchange=pl.lit(0, pl.UInt32))
    return replace(
        frame,
        rows=pl.concat([repeated, frame.rows], rechunk=True),
        raw=pl.concat([frame.raw, before.raw], rechunk=True),
        foreign=frame.foreign + more,
        repeated=more,
    )


def _parts(file: int, stream: BinaryIO, room: Room) -> Iterator[Part]:
    return ((file, part) for part in of_file(file, stream, room))


def _sorted(parts: Iterable[Part]) -> tuple[list[Piece], list[tuple[int, Finding]]]:
    """Pieces and findings apart."""
    pieces: list[Piece] = []
    findings: list[tuple[int, Finding]] = []
    for file, part in parts:
        if isinstance(part, Piece):
            pieces.append(part)
        else:
            findings.append((file, part))
    return pieces, findings


def _frame(pieces: Sequence[Piece], findings: Sequence[tuple[int, Finding]]) -> Segments:
    """The pieces as a frame."""
    texts = [piece.data.translate(piece.separators.to_canonical) for piece in pieces]
    bounds = [_bounds(text) for text in texts]
    raw = _cut(texts, bounds)
    if any(piece.wrapped for piece in pieces):
        raw = _unwrapped(raw.cast(pl.String), pieces, bounds)
    text, distinct = numbered(raw)
    distinct = distinct.cast(pl.String)
    sizes = np.array([len(starts) for starts, _ in bounds], dtype=np.int64)
    of_piece, files, begin = (
        np.repeat(np.array(values, dtype=dtype), sizes)
        for values, dtype in (
            (range(len(pieces)), np.uint32),
            ([piece.file for piece in pieces], np.int64),
            ([piece.start for piece in pieces], np.int64),
        )
    )
    rows = pl.DataFrame(
        {
            "file": files,
            "interchange": of_piece,
            "number": np.arange(len(of_piece)),
            "byte_offset": begin + _joined(starts for starts, _ in bounds),
            "text": text.astype(np.uint32),
        },
        schema=_ROWS,
    )
    frame = Segments(
        rows,
        distinct if all(piece.data.isascii() for piece in pieces) else _utf8(distinct),
        tuple(Interchange(piece.file, piece.start, piece.separators) for piece in pieces),
        (*findings, *_wrapped(pieces)),
        np.array([], dtype=np.int64),
        _following(pieces),
        pieces[-1].start + len(pieces[-1].data) if pieces else 0,
    )
    return replace(frame, foreign=_foreign(frame, pieces))


def _following(pieces: Sequence[Piece]) -> tuple[str, ...] | None:
    if not pieces or pieces[-1].following is None:
        return None
    text = pieces[-1].following.translate(pieces[-1].separators.to_canonical).decode("latin-1")
    return tuple(text.split(sep.ELEMENT))


_Bounds = tuple[Integers, Integers]
"""Where the segments of a piece begin, and where they end."""


def _bounds(text: bytes) -> _Bounds:
    """The segments of a piece's canonical text, the blanks before each skipped.

    What follows the last terminator is none when it is blank.
    """
    data = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(data == ord(sep.TERMINATOR))
    stops = np.append(ends, len(text))
    starts = np.empty_like(stops)
    starts[0] = 0
    np.add(ends, 1, out=starts[1:])
    inside = starts[:-1]  # the last one may be the end of the text
    for _ in range(_LONGEST_INDENT):
        blank = _is_blank(data[inside])
        if not blank.any():
            break
        inside += blank
    last = len(inside)
    for one in [*np.flatnonzero(blank).tolist(), last]:  # hardly ever another
        content = text[starts[one] : stops[one]]
        starts[one] += len(content) - len(content.lstrip(_BLANK))
    rest = text[starts[last] :].strip(_SPACES)
    return (starts, stops) if rest else (inside, stops[:-1])


def _is_blank(bytes_: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    blank: npt.NDArray[np.bool_] = bytes_ == _BLANK[0]
    for one in _BLANK[1:]:
        blank |= bytes_ == one
    return blank


def _cut(texts: Sequence[bytes], bounds: Sequence[_Bounds]) -> pl.Series:
    """The segments of all pieces, as bytes of UTF-8: parts of their text, which is not copied."""
    base = np.cumsum([0, *(len(text) for text in texts)])
    starts = _joined(one + own for (one, _), own in zip(bounds, base, strict=False))
    stops = _joined(one + own for (_, one), own in zip(bounds, base, strict=False))
    whole = b"".join(texts)
    if not whole.isascii():  # latin-1 maps each byte to one character; those beyond ASCII take two
        more = np.cumsum(np.frombuffer(b"\0" + whole, dtype=np.uint8) > _ASCII)
        starts, stops = starts + more[starts], stops + more[stops]
        whole = whole.decode("latin-1").encode()
    text = pl.lit(pl.Series([whole], dtype=pl.Binary)).first()
    places = pl.DataFrame({"at": starts, "length": stops - starts})
    return places.select(raw=text.bin.slice("at", "length")).to_series()


def _joined(parts: Iterable[Integers]) -> Integers:
    return np.concatenate([np.array([], dtype=np.int64), *parts])


def _unwrapped(raw: pl.Series, pieces: Sequence[Piece], bounds: Sequence[_Bounds]) -> pl.Series:
    """The segments of pieces with line breaks inside of them without those."""
    of_wrapped = np.repeat([piece.wrapped for piece in pieces], [len(one) for one, _ in bounds])
    joined = pl.when(pl.lit(pl.Series(of_wrapped))).then(raw.str.replace_all(r"[\r\n]", ""))
    return pl.select(raw=joined.otherwise(pl.lit(raw))).to_series()


_ASCII = 127
_LONGEST_INDENT = 8
"""Blanks before a segment that are skipped all segments at once: a line break is one or two."""


def _utf8(raw: pl.Series) -> pl.Series:
    """Text that was UTF-8 in the file reads as such again (names with accents)."""
    foreign = np.flatnonzero(raw.str.contains(r"[^\x00-\x7F]").to_numpy())
    # Per-text Python: only the few segments with bytes outside ASCII come here.
    own = [_from_latin(str(text)) for text in raw[foreign]]
    return raw.clone().scatter(foreign, own) if own else raw


def _from_latin(text: str) -> str:
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def _wrapped(pieces: Iterable[Piece]) -> Iterator[tuple[int, Finding]]:
    for piece in pieces:
        if piece.opens and piece.wrapped:
            says = "line breaks at a fixed width, inside segments; read as if they were not there"
            yield piece.file, Finding("LINES_WRAPPED", says, byte_offset=piece.start)


def _foreign(frame: Segments, pieces: Sequence[Piece]) -> Integers:
    """Rows with a control character that looks like a separator and is none.

    Such a byte has given way to the separator's own character (separators.to_canonical).
    """
    found: list[Integers] = []
    # One turn a piece; the text is looked at only where the byte occurs at all.
    for number, piece in enumerate(pieces):
        if any(byte in piece.data for byte in piece.separators.displaced):
            own = frame.raw.str.contains_any(piece.separators.given_way).to_numpy()
            of_piece = frame.rows["interchange"].to_numpy() == number
            found.append(np.flatnonzero(of_piece & own[frame.rows["text"].to_numpy()]))
    return np.concatenate(found) if found else np.array([], dtype=np.int64)


_LONG, _ELEMENTS = 100_000, 1000
"""Bytes of a segment that is split with care, and elements that no guide's segment comes near."""


def _elements(raw: pl.Series) -> pl.Series:
    """The elements of segments; of one with more than any guide knows the last holds the rest."""
    long = raw.str.len_bytes() > _LONG
    if not long.any():
        return raw.str.split(sep.ELEMENT)
    # Hardly ever any: bytes without a terminator, taken for one segment.
    few = [text.split(sep.ELEMENT, _ELEMENTS) for text in raw.filter(long)]
    order = pl.concat([(~long).arg_true(), long.arg_true()]).arg_sort()
    return pl.concat([raw.filter(~long).str.split(sep.ELEMENT), pl.Series("raw", few)])[order]
