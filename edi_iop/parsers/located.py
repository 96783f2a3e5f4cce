"""The segments of X12 files, each where it stands: envelope, place in the guide, exact bytes.

For those who want the segments themselves (show, parse --table segments); tables
and findings come out of `parse`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from edi_iop.guides import one_claim
from edi_iop.guides.loops import Loops, walk
from edi_iop.tables.segments import SEGMENTS
from edi_iop.x12 import segments as split
from edi_iop.x12 import separators as sep
from edi_iop.x12.envelopes import Enveloped, enveloped
from edi_iop.x12.segments import Segments
from edi_iop.x12.separators import Separators

_LATIN = "latin-1"


@dataclass(frozen=True)
class Located:
    """Files with their segments in order.

    rows: file (place in `files`), byte_offset, stop (where the next segment or the
    file's end is), separators (place in `separators`), header (ISA, GS or ST where it
    is one), interchange, group and transaction (control numbers), segment_position,
    walk and node (places in `walked` and in its guide), place (in that walk), name (of the
    guide) and loop; those from walk on are null where no guide has a place for the segment.
    """

    files: tuple[tuple[int, bytes], ...]
    rows: pl.DataFrame
    separators: tuple[Separators, ...]
    walked: tuple[Loops, ...]

    def raw(self, rows: pl.DataFrame) -> pl.Series:
        """Some of the rows' segments as they stand, without their terminators."""
        return self._pieces(rows)["raw"]

    def table(self) -> pl.DataFrame:
        """The canonical table `segments`."""
        found = self._pieces(self.rows).with_columns(
            leads=self._leads(), encoding=self._of_files(self._encodings)
        )
        first = pl.col("file") != pl.col("file").shift(1, fill_value=-1)
        last = pl.col("file") != pl.col("file").shift(-1, fill_value=-1)
        over = pl.col("over").fill_null("")
        segment = pl.col("raw").str.splitn(pl.col("element"), 2).struct.field("field_0")
        return SEGMENTS.conform(
            found.with_columns(
                file_id=self._of_files([number for number, _ in self.files]),
                guide="name",
                segment=segment,
                group=pl.when(segment != "IEA").then("group"),
                before=pl.when(first).then("leads").otherwise(over.shift(1)),
                after=pl.when(pl.col("over").is_null()).then(pl.lit(""))
                .when(last).then(pl.concat_str("terminator", over))
                .otherwise("terminator"),
            )
        )  # fmt: skip

    def _pieces(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with raw, terminator, element and over: what follows the terminator, or null."""
        parts = [
            self._cut(part, int(str(file)))
            for (file,), part in rows.partition_by(
                "file", as_dict=True, maintain_order=True
            ).items()
        ]
        empty = rows.head(0).with_columns(
            pl.lit("").alias(name) for name in ("terminator", "element", "raw", "over")
        )
        return pl.concat([empty, *parts])

    def _cut(self, rows: pl.DataFrame, file: int) -> pl.DataFrame:
        encoding = self._encodings[file]
        start, stop = int(rows["byte_offset"][0]), int(rows["stop"][-1])
        data = self.files[file][1][start:stop]
        if encoding == _LATIN:
            # Per-row Python: only files that are not UTF-8 come here.
            spans = rows.select(pl.col("byte_offset", "stop") - start).iter_rows()
            piece = pl.lit(pl.Series([data[at:end].decode(_LATIN) for at, end in spans]))
        else:
            length = pl.col("stop") - pl.col("byte_offset")
            whole = pl.lit(
                pl.Series([data], dtype=pl.Binary)
            ).first()  # a bare literal is copied often
            piece = whole.bin.slice(pl.col("byte_offset") - start, length).cast(pl.String)
        own = pl.DataFrame(
            [
                (one.terminator.decode(_LATIN), one.element.decode(_LATIN))
                for one in self.separators
            ],
            schema={"terminator": pl.String, "element": pl.String},
            orient="row",
        )
        told = rows.with_columns(own.select(pl.all().gather(rows["separators"])))
        halves = piece.str.splitn(pl.col("terminator"), 2).struct
        return told.with_columns(raw=halves.field("field_0"), over=halves.field("field_1"))

    def _leads(self) -> pl.Series:
        """What stands before the first segment of each row's file."""
        firsts = self.rows.group_by("file").agg(pl.col("byte_offset").min())
        begin = dict(firsts.iter_rows())
        return self._of_files(
            [
                data[: begin.get(place, 0)].decode(self._encodings[place])
                for place, (_, data) in enumerate(self.files)
            ]
        )

    def _of_files(self, values: Sequence[object]) -> pl.Series:
        """A value a file, for every row."""
        return pl.Series(values).gather(self.rows["file"])

    @cached_property
    def _encodings(self) -> tuple[str, ...]:
        """UTF-8 where a file is that and its separators cut no character of it, else latin-1."""
        odd = {
            int(file)
            for file, own in self.rows.select("file", "separators").unique().iter_rows()
            if not self.separators[own].shown("".join(_CANONICAL)).isascii()
        }
        return tuple(
            _LATIN if place in odd or not _is_utf8(data) else "utf-8"
            for place, (_, data) in enumerate(self.files)
        )


_CANONICAL = (sep.TERMINATOR, sep.ELEMENT, sep.REPETITION, sep.COMPONENT)


def locate(files: Sequence[tuple[int, bytes]]) -> Located:
    """Every segment of the X12 files (file_id, bytes); feeds and foreign files have none."""
    segments = split.read([data for _, data in files])
    envelopes = enveloped(segments)
    walked = tuple(walk(segments, envelopes).loops)
    rows = _standing(segments, envelopes, [len(data) for _, data in files])
    places = pl.concat([_NOWHERE, *(_places(one, number) for number, one in enumerate(walked))])
    found = rows.join(places, on="row", how="left", maintain_order="left").drop("row")
    return Located(tuple(files), found, tuple(one.separators for one in segments.interchanges), walked)  # fmt: skip


def of_claim(located: Located, claim: str) -> pl.DataFrame:
    """The rows of claims of that number, with the envelopes and headers around them; none if there is none."""
    flags = [pl.Series(one_claim.of_claim(loops, claim)) for loops in located.walked]
    own = [
        pl.when(pl.col("walk") == number).then(
            pl.lit(one).gather(pl.col("place"), null_on_oob=True)
        )
        for number, one in enumerate(flags)
    ]
    kept = located.rows.select(kept=pl.coalesce(*own, pl.lit(False)))["kept"]
    numbered = located.rows.select("file", "header").with_row_index("row")
    found = numbered.filter(kept)
    above = [
        found.join_asof(
            numbered.filter(pl.col("header") == header).select("file", "row", at="row"),
            on="row",
            by="file",
            check_sortedness=False,
        )["at"].drop_nulls()
        for header in ("ISA", "GS")
    ]
    return located.rows[pl.concat([*above, found["row"]]).unique().sort()]


def _standing(segments: Segments, envelopes: Enveloped, lengths: Sequence[int]) -> pl.DataFrame:
    """Each segment in its envelopes."""
    rows = segments.rows.select("file", "byte_offset", pl.col("interchange").alias("separators"))
    rows = rows.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    same = pl.col("file") == pl.col("file").shift(-1)
    ends = pl.Series(lengths, dtype=pl.Int64).gather(rows["file"])
    numbers = envelopes.headers.select(
        "file", "byte_offset", "interchange", "group", "transaction", header="id"
    ).unique(["file", "byte_offset"])
    spans = envelopes.transactions.select(
        pl.col("row").cast(pl.Int64), pl.col("last").cast(pl.Int64)
    )
    told = (
        rows.with_columns(stop=pl.when(same).then(pl.col("byte_offset").shift(-1)).otherwise(ends))
        .join(numbers, on=["file", "byte_offset"], how="left", maintain_order="left")
        .join(spans, on="row", how="left", maintain_order="left")
        .with_columns(
            begin=pl.when(pl.col("last").is_not_null()).then("row").forward_fill(),
            last=pl.col("last").forward_fill(),
            group=pl.col("group").forward_fill().over("separators"),
        )
    )
    inside = (pl.col("row") <= pl.col("last")).fill_null(False)
    return told.with_columns(
        pl.col("interchange").forward_fill().over("separators"),
        transaction=pl.when(inside).then(pl.col("transaction").forward_fill()),
        segment_position=pl.when(inside).then(pl.col("row") - pl.col("begin") + 1),
    ).drop("begin", "last")


_NOWHERE = pl.DataFrame(
    schema={
        "row": pl.Int64,
        "walk": pl.Int64,
        "node": pl.Int64,
        "place": pl.Int64,
        "name": pl.String,
        "loop": pl.String,
    }
)


def _places(loops: Loops, number: int) -> pl.DataFrame:
    """Where a guide's walk has put its segments."""
    ids = pl.Series([node.loop.id for node in loops.guide.nodes], dtype=pl.String)
    node = pl.Series(loops.node, dtype=pl.Int64).replace(-1, None)
    return pl.DataFrame(
        {
            "row": pl.Series(loops.rows, dtype=pl.Int64),
            "walk": pl.repeat(number, len(node), dtype=pl.Int64, eager=True),
            "node": node,
            "place": pl.int_range(len(node), dtype=pl.Int64, eager=True),
            "name": pl.repeat(loops.guide.name, len(node), eager=True),
            "loop": ids.gather(node),
        }
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
