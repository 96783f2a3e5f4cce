"""The segments of X12 files, each where it stands: envelope, place in the guide, exact bytes.

For those who want the segments themselves (show, parse --table segments); tables
and findings come out of `parse`. A large file comes in chunks.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import msgspec
import polars as pl

from edi_iop.guides import one_claim
from edi_iop.guides.loops import Loops
from edi_iop.parsers.x12 import Step, steps
from edi_iop.x12.pieces import CHUNK
from edi_iop.x12.separators import Separators

_UNDER = ("interchange", "group")


class Located(msgspec.Struct, frozen=True):
    """A chunk of files with its segments in order.

    rows: row (in the chunk), file (its number), byte_offset, separators (place in
    `separators`), header (ISA, GS or ST where it is one), interchange, group and
    transaction (control numbers), segment_position, walk and node (places in `walked` and in
    its guide), place (in that walk), name (of the guide) and loop; those from walk on are null
    where no guide has a place for the segment.
    """

    rows: pl.DataFrame
    step: Step

    @property
    def walked(self) -> Sequence[Loops]:
        return self.step.walked.loops

    @property
    def separators(self) -> tuple[Separators, ...]:
        return tuple(one.separators for one in self.step.segments.interchanges)

    @property
    def goes_on(self) -> bool:
        """Whether the last interchange goes on in the next chunk."""
        return self.step.segments.following is not None

    def texts(self, rows: pl.DataFrame) -> pl.Series:
        """Numbers of the rows' texts: alike where the segments are, word for word."""
        return self.step.segments.rows["text"].gather(rows["row"])

    def raw(self, rows: pl.DataFrame) -> pl.Series:
        """Some of the rows' segments as they stand, without their terminators."""
        texts = self.step.segments.texts["raw"].gather(self.texts(rows)).to_list()
        # Per-text Python: a person reads them, and each has the separators of its interchange.
        separators = self.separators
        shown = [
            separators[own].shown(text)
            for own, text in zip(rows["separators"].to_list(), texts, strict=True)
        ]
        return pl.Series("raw", shown, dtype=pl.String)


def located(files: Iterable[tuple[int, BinaryIO]], size: int = CHUNK) -> Iterator[Located]:
    """Every segment of the X12 files (file_id, open file) once, a chunk at a time."""
    last: Located | None = None
    for step in steps(files, size):
        last = _located(step, last)
        yield last


def locate(files: Sequence[tuple[int, bytes]]) -> Located:
    """Every segment of the X12 files (file_id, bytes); feeds and foreign files have none."""
    opened = ((number, io.BytesIO(data)) for number, data in files)
    whole = next(located(opened, 1 + sum(len(data) for _, data in files)), None)
    return whole or _located(next(steps([(0, io.BytesIO())])), None)


def _located(step: Step, before: Located | None) -> Located:
    rows = _standing(step, before)
    places = [_places(one, number) for number, one in enumerate(step.walked.loops)]
    found = rows.join(pl.concat([_NOWHERE, *places]), on="row", how="left", maintain_order="left")
    return Located(found, step)


def of_claim(located: Located, claim: str) -> pl.DataFrame:
    """The rows of claims of that number, with the envelopes and headers around them; none if there is none.

    Headers of an earlier chunk are not among them: `above` has them.
    """
    flags = [one_claim.of_claim(loops, claim) for loops in located.walked]
    return _with_envelopes(located, flags)


def above(located: Located) -> pl.DataFrame:
    """The rows that head what the next chunk begins with, and of which loop (`owner`; null: envelopes)."""
    if not located.goes_on:
        return located.rows.head(0).with_columns(owner=pl.lit(None, pl.Int64))
    heads = [one_claim.ahead(loops) for loops in located.walked]
    owner = _gathered(heads).cast(pl.Int64).replace(-1, None)
    open_ = located.step.envelopes.left_open
    rows = [] if open_ is None else open_.rows.tolist()
    envelope = pl.col("row").is_in(rows) & pl.col("header").is_in(["ISA", "GS"])
    return located.rows.with_columns(owner=owner).filter(envelope | pl.col("owner").is_not_null())


def still_above(located: Located) -> tuple[set[int], set[int]]:
    """Of what stands above the chunk and above the next: byte offsets of envelopes, indexes of loops."""
    open_ = located.step.envelopes.left_open
    if not located.goes_on or open_ is None:
        return set(), set()
    rows = located.step.segments.rows[open_.rows]
    loops = (one_claim.through(one) for one in located.walked)
    return set(rows["byte_offset"]), {index for found in loops for index in found}


def _gathered(values: Sequence[Any]) -> pl.Expr:
    """For each row the value at its place in its walk; null where it has none."""
    own = [
        pl.when(pl.col("walk") == number).then(
            pl.lit(pl.Series(one)).gather(pl.col("place"), null_on_oob=True)
        )
        for number, one in enumerate(values)
    ]
    return pl.coalesce(*own, pl.lit(None))


def _with_envelopes(located: Located, flags: Sequence[one_claim.Flags]) -> pl.DataFrame:
    """The flagged rows with the ISA and GS above them, as far as they stand in this chunk."""
    found = located.rows.filter(_gathered(flags).fill_null(False))
    above = [
        found.select("file", "row")
        .join_asof(
            located.rows.filter(pl.col("header") == header).select("file", "row", at="row"),
            on="row",
            by="file",
            check_sortedness=False,
        )["at"]
        .drop_nulls()
        for header in ("ISA", "GS")
    ]
    wanted = pl.concat([*above, found["row"]])
    return located.rows.filter(pl.col("row").is_in(wanted.implode()))


def _standing(step: Step, before: Located | None) -> pl.DataFrame:
    """Each segment of the chunk in its envelopes."""
    segments, envelopes = step.segments, step.envelopes
    own = pl.select(row=pl.int_range(segments.repeated, len(segments.rows), dtype=pl.Int64))
    numbers = envelopes.headers.select(
        "file", "byte_offset", "interchange", "group", header="id"
    ).unique(["file", "byte_offset"], keep="last")
    at = envelopes.placed(own["row"].to_numpy()).select("st", "segment_position")
    sets = envelopes.transactions.select(st="row", transaction="st02")
    rows = segments.rows.slice(segments.repeated).select(
        "file", "byte_offset", separators="interchange"
    )
    told = (
        pl.concat([own, rows, at], how="horizontal")
        .join(numbers, on=["file", "byte_offset"], how="left", maintain_order="left")
        .join(sets, on="st", how="left", maintain_order="left")
    )
    goes_on = before is not None and before.goes_on and len(before.rows) > 0
    last = before.rows.row(-1, named=True) if before is not None and goes_on else {}
    ours = pl.col("separators") == 0  # the piece that goes on is the first of its chunk
    return told.with_columns(
        pl.col(name)
        .forward_fill()
        .over("separators")
        .fill_null(pl.when(ours).then(pl.lit(last.get(name), pl.String)))
        for name in _UNDER
    ).drop("st")


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
