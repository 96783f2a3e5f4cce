"""The canonical table `segments`: every byte of X12 files, so that they can be written back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

import polars as pl

from edi_iop.parsers.located import Located, located
from edi_iop.parsers.streams import Kept
from edi_iop.tables.segments import SEGMENTS
from edi_iop.x12 import separators as sep
from edi_iop.x12.pieces import CHUNK
from edi_iop.x12.separators import Separators

_LATIN = "latin-1"
_CANONICAL = (sep.TERMINATOR, sep.ELEMENT, sep.REPETITION, sep.COMPONENT)


def segment_tables(
    files: Iterable[tuple[int, BinaryIO]], size: int = CHUNK
) -> Iterator[tuple[Located | None, pl.DataFrame]]:
    """The table `segments` of the files (file_id, open file), a chunk at a time, with the chunk.

    What follows a file's last segment is known when the next one comes: each chunk's last
    row comes with those of the next, and at the end without a chunk.
    """
    writing = _Writing()
    for one in located(writing.kept(files), size):
        yield one, writing.rows(one)
    yield None, writing.rest()


_HELD = ("file", "byte_offset", "interchange", "group", "transaction", "segment_position", "name", "loop")  # fmt: skip


class _Writing:
    """Files whose rows are being made, and those of their bytes that still have to be told."""

    def __init__(self) -> None:
        self._kept: dict[int, Kept] = {}
        self._waiting: pl.DataFrame | None = None
        """The last row so far, until it is known what follows it."""
        self._told = 0
        """Byte of its file up to which all is in rows: behind the terminator before it."""

    def kept(self, files: Iterable[tuple[int, BinaryIO]]) -> Iterator[tuple[int, BinaryIO]]:
        """The files, whose bytes stay at hand while they are read."""
        for number, stream in files:
            kept = Kept(stream)
            self._kept[number] = kept
            yield number, cast(BinaryIO, kept)

    def rows(self, chunk: Located) -> pl.DataFrame:
        """The row that waited and those of the chunk, but for its last."""
        own = _separators(chunk.separators)[chunk.rows["separators"]]
        rows = pl.concat([chunk.rows.select(_HELD), own], how="horizontal")
        if self._waiting is not None:
            rows = pl.concat([self._waiting, rows])
        self._waiting = rows.tail(1)
        return self._written(rows, ended=False)

    def rest(self) -> pl.DataFrame:
        """The row that waited to the last."""
        return (
            SEGMENTS.empty() if self._waiting is None else self._written(self._waiting, ended=True)
        )

    def _written(self, rows: pl.DataFrame, ended: bool) -> pl.DataFrame:
        """The rows as the table has them, file by file; not the last one, where its file goes on."""
        parts = rows.partition_by("file", maintain_order=True)
        made = [SEGMENTS.empty()]
        for number, part in enumerate(parts, start=1):
            file = int(part["file"][0])
            if ended or number < len(parts):
                made.append(self._of_file(part, self._kept.pop(file), None))
                self._told = 0
            else:
                made.append(self._of_file(part, self._kept[file], int(part["byte_offset"][-1])))
        return pl.concat(made)

    def _of_file(self, rows: pl.DataFrame, kept: Kept, stop: int | None) -> pl.DataFrame:
        """The rows of one file up to that byte; to its end where there is none."""
        rows = rows if stop is None else rows.head(-1)
        if rows.is_empty():
            return SEGMENTS.empty()
        data = kept.between(self._told, kept.stop if stop is None else stop)
        cut = _cut(rows, data, self._told)
        encoding = str(cut["encoding"][0])
        last = cut.row(-1, named=True)
        self._told = (
            last["byte_offset"] + len(last["raw"].encode(encoding)) + (last["over"] is not None)
        )
        kept.drop(self._told)
        return _table(cut, ended=stop is None)


def _separators(found: tuple[Separators, ...]) -> pl.DataFrame:
    """Terminator and element separator of each interchange, and whether one is beyond ASCII."""
    rows = [
        (
            one.terminator.decode(_LATIN),
            one.element.decode(_LATIN),
            not one.shown("".join(_CANONICAL)).isascii(),
        )
        for one in found
    ]
    schema = {"terminator": pl.String, "element": pl.String, "odd": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _cut(rows: pl.DataFrame, data: bytes, base: int) -> pl.DataFrame:
    """The rows with raw and over (what follows the terminator, or null), lead and encoding.

    data: the bytes from `base` on to where the last row ends.
    """
    encoding = _LATIN if rows["odd"].any() or not _is_utf8(data) else "utf-8"
    starts = rows["byte_offset"] - base
    stops = starts.shift(-1).fill_null(len(data))
    if encoding == _LATIN:
        # Per-row Python: only what is not UTF-8 comes here.
        spans = zip(starts.to_list(), stops.to_list(), strict=True)
        texts = pl.Series([data[at:end].decode(_LATIN) for at, end in spans], dtype=pl.String)
    else:
        whole = pl.lit(pl.Series([data], dtype=pl.Binary)).first()  # a bare literal is copied often
        slices = pl.DataFrame({"at": starts, "length": stops - starts})
        texts = slices.select(whole.bin.slice("at", "length").cast(pl.String)).to_series()
    halves = (
        rows.select(piece=texts, terminator="terminator")
        .select(pl.col("piece").str.splitn(pl.col("terminator"), 2).alias("halves"))["halves"]
        .struct
    )
    return rows.with_columns(
        raw=halves.field("field_0"),
        over=halves.field("field_1"),
        lead=pl.lit(data[: int(starts[0])].decode(encoding)),
        encoding=pl.lit(encoding),
    )


def _table(cut: pl.DataFrame, ended: bool) -> pl.DataFrame:
    """The canonical rows of one file; ended: the last of them is the file's last."""
    over = pl.col("over").fill_null("")
    at = pl.int_range(pl.len())
    last = (at == pl.len() - 1) & ended
    segment = pl.col("raw").str.splitn(pl.col("element"), 2).struct.field("field_0")
    return SEGMENTS.conform(
        cut.with_columns(
            file_id="file",
            guide="name",
            segment=segment,
            group=pl.when(segment != "IEA").then("group"),
            before=pl.when(at == 0).then("lead").otherwise(over.shift(1)),
            after=pl.when(pl.col("over").is_null()).then(pl.lit(""))
            .when(last).then(pl.concat_str("terminator", over))
            .otherwise("terminator"),
        )
    )  # fmt: skip


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
