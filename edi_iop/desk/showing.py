"""The verb `show`: X12 files decoded for a person, segment by segment, as they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TextIO

import msgspec
import polars as pl

from edi_iop.codes.licensed import Texts
from edi_iop.desk.answer import Status, has_errors, status
from edi_iop.desk.deliveries import Deliveries
from edi_iop.desk.lists import loaded
from edi_iop.errors import NotKnown, Unreadable
from edi_iop.guides.loader import Node
from edi_iop.parsers.apart import Apart
from edi_iop.parsers.located import Located, above, located, of_claim, still_above
from edi_iop.parsers.x12 import Asked, batch
from edi_iop.reconciler.balance import READ, Running
from edi_iop.reports import decoded
from edi_iop.reports.decoded import Line, Mark, Shown, Worded
from edi_iop.tables import FINDINGS
from edi_iop.texts import composed
from edi_iop.transcribe.words import tell

_ASKED = Asked(tables=frozenset(READ))
_PORTION, _MOST = 2000, 16_000
"""So many segments are put in words at first, for a reader that leaves early; then more and more."""
_ALIKE = ("walk", "node", "separators", "text", "inside")
"""Rows alike in these say the same."""


def show(
    paths: Sequence[Path],
    claim: str | None = None,
    show_phi: bool = False,
    workspace: Path | None = None,
) -> Decoded:
    """The files decoded: all of them, or one claim with the headers around it.

    workspace: whose loaded code lists say what codes mean, where they hold them.

    Once they are read to the end, NotKnown where no file has the claim; Unreadable where
    nothing in them is X12.
    """
    return Decoded(Deliveries(paths), claim, show_phi, loaded(workspace))


class Decoded:
    """The segments to be shown; files are read, and put in words, as they are asked for.

    The files are gone through once: `status` and `remarks` are known behind the last segment.
    """

    def __init__(
        self, given: Deliveries, claim: str | None, show_phi: bool, texts: Texts | None = None
    ) -> None:
        self._given, self._claim = given, claim
        self._words = _Words(given, show_phi, texts)
        self._troubled = self._ended = False
        self.remarks: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        if not self._ended:
            _ = self.records
        return status(self._troubled)

    @cached_property
    def records(self) -> pl.DataFrame:
        """All segments as other programs take them (decoded.KEYS)."""
        found = [decoded.record(one) for portion in self.segments() for one in portion]
        return pl.DataFrame(found, schema=_RECORD)

    def text(self, form: str, stream: TextIO | None = None, offsets: bool = False) -> Iterator[str]:
        """The answer as table, json or ndjson, in pieces."""
        match form:
            case "ndjson":
                yield from (
                    "\n".join(decoded.to_json(portion)) + "\n" for portion in self.segments()
                )
            case "json":
                for number, portion in enumerate(self.segments()):
                    yield ("[\n" if number == 0 else ",\n") + ",\n".join(decoded.to_json(portion))
                yield "\n]\n"
            case _:
                for portion in self.segments():
                    yield decoded.to_screen(portion, stream, offsets)

    def segments(self) -> Iterator[list[Shown]]:
        """The segments in order, a portion at a time."""
        apart = Apart(self._given)
        running, claim = Running(), _Above(self._words)
        files: set[int] = set()
        shown = False
        for chunk in located(apart.x12()):
            found = _findings(chunk, running)
            placed = _placed(found, chunk.rows, files, whole=self._claim is None)
            files.update(chunk.rows["file"].unique())
            rows = chunk.rows if self._claim is None else of_claim(chunk, self._claim)
            own = placed.filter(pl.col("row").is_in(rows["row"].implode()))
            self._troubled |= has_errors(own)
            if self._claim is not None and len(rows):
                yield from claim.headers(rows)
            for portion in self._words.portions(chunk, rows, own):
                shown = True
                yield portion
            if self._claim is not None:
                claim.put_by(chunk, placed)
        self._end(apart, files, shown)

    def _end(self, apart: Apart, files: set[int], shown: bool) -> None:
        """What is known behind the last segment; raises where nothing was shown."""
        self.remarks = _unshown(self._given, apart.kinds, files)
        if not files:
            raise Unreadable(self.remarks[0])
        if not shown:
            raise NotKnown(
                f"claim {self._claim}: not in {_counted(self._given)}; "
                "the claims of a file: edi-iop parse FILE --table remit_claims (or claims)"
            )
        self._troubled |= not self._given.findings.is_empty()
        self._ended = True


class _Words(msgspec.Struct):
    """Puts rows in words, one after another: what stands before a row decides its heading."""

    given: Deliveries
    show_phi: bool
    texts: Texts | None = None
    before: dict[str, Any] = msgspec.field(default_factory=dict)

    def portions(
        self, chunk: Located, rows: pl.DataFrame, found: pl.DataFrame
    ) -> Iterator[list[Shown]]:
        """The rows of a chunk with their findings (row, severity, code, message)."""
        start, size = 0, _PORTION
        while start < len(rows):
            part = rows.slice(start, size)
            yield self._portion(chunk, part, found)
            start, size = start + size, min(2 * size, _MOST)

    def _portion(self, chunk: Located, rows: pl.DataFrame, found: pl.DataFrame) -> list[Shown]:
        marks = _marks(found.filter(pl.col("row").is_in(rows["row"].implode())))
        told = rows.with_columns(text=chunk.texts(rows), inside=pl.col("transaction").is_not_null())
        distinct = told.unique(_ALIKE, maintain_order=True).with_row_index("told")
        words = self._worded(chunk, distinct)
        told = told.join(
            distinct.select("told", *_ALIKE),
            on=_ALIKE,
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        nodes = [_node(chunk, *place) for place in distinct.select("walk", "node").iter_rows()]
        headings = self._headings(told, nodes)
        self.before = rows.row(-1, named=True)
        columns = told.select(
            "transaction", "segment_position", "byte_offset", "told", "row", "file"
        )
        # Per-row Python, but for no more than to put together what was worked out.
        names = self.given.names
        return [
            Shown(
                names[file],
                transaction,
                position,
                offset,
                heading,
                words[number],
                marks.get(row, ()),
            )
            for (transaction, position, offset, number, row, file), heading in zip(
                columns.iter_rows(), headings, strict=True
            )
        ]

    def _worded(self, chunk: Located, distinct: pl.DataFrame) -> list[Worded]:
        """The words of rows that differ in what they say."""
        texts = chunk.raw(distinct).to_list()
        standing = distinct.select("walk", "node", "separators", "inside", "loop").iter_rows()
        separators = chunk.separators
        found = []
        for raw, (walk, node, own, inside, loop) in zip(texts, standing, strict=True):
            place = _node(chunk, walk, node)
            guide = None if walk is None else chunk.walked[walk].guide
            told = tell(raw, separators[own], guide, place, self.show_phi, self.texts)
            found.append(
                Worded(
                    loop=loop,
                    loop_name=place.loop.name if place else None,
                    depth=_depth(place) if place else 1 if inside else 0,
                    segment=told.segment,
                    name=told.name,
                    raw=told.raw,
                    lines=[Line(part.label, part.text, part.cents) for part in told.parts],
                )
            )
        return found

    def _headings(self, rows: pl.DataFrame, nodes: Sequence[Node | None]) -> pl.Series:
        """The file, the transaction or the loop that begins with each row; nodes: by `told`."""
        begins = [node is not None and node.starts_loop for node in nodes]
        at = pl.col("told")
        starts = pl.lit(pl.Series(begins, dtype=pl.Boolean)).gather(at)
        opens = pl.lit(pl.Series([_opened(node) for node in nodes], dtype=pl.String)).gather(at)
        names = pl.Series(list(self.given.names.values()), dtype=pl.String)
        numbers = pl.Series(list(self.given.names), dtype=rows["file"].dtype)
        guide = composed(", {}", "name").fill_null(", no guide of ours: segments only")
        number = pl.col("transaction").fill_null("None")
        return rows.select(
            pl.when(pl.col("file").ne_missing(self._earlier(rows["file"])))
            .then(pl.col("file").replace_strict(numbers, names))
            .when((pl.col("header") == "ST").fill_null(False))
            .then(composed("transaction {}{}", number, guide))
            .when(starts | pl.col("loop").ne_missing(self._earlier(rows["loop"])))
            .then(opens)
            .fill_null("")
        ).to_series()

    def _earlier(self, values: pl.Series) -> pl.Series:
        """The value before each row's."""
        first = pl.Series([self.before.get(values.name)], dtype=values.dtype)
        return pl.concat([first, values.head(-1)])


class _Header(msgspec.Struct, frozen=True):
    """A segment above what is to come, in words."""

    header: str | None
    owner: int | None
    """Index of the loop it heads; None of an envelope."""
    shown: Shown


class _Above:
    """The headers above the next chunk, put by for a claim that begins there."""

    def __init__(self, words: _Words) -> None:
        self._words = words
        self._own = _Words(words.given, words.show_phi, words.texts)
        self._headers: list[_Header] = []
        self._told: set[tuple[str, int]] = set()
        """File and byte offset of all that was shown."""

    def headers(self, rows: pl.DataFrame) -> Iterator[list[Shown]]:
        """Those of earlier chunks that belong above the rows and were not shown yet."""
        inner = {"ISA": (), "GS": ("ISA",), "ST": ("ISA", "GS")}.get(rows["header"][0] or "")
        wanted = [
            one.shown
            for one in self._headers
            if (inner is None or one.header in inner) and _place(one.shown) not in self._told
        ]
        self._told.update(_place(one) for one in wanted)
        names = self._words.given.names
        self._told.update(
            (names[file], at) for file, at in rows.select("file", "byte_offset").iter_rows()
        )
        if wanted:
            self._words.before = self._own.before
            yield wanted

    def put_by(self, chunk: Located, found: pl.DataFrame) -> None:
        """Forgets the headers that are over, and adds those of the chunk."""
        offsets, loops = still_above(chunk)
        self._headers = [
            one
            for one in self._headers
            if (one.shown.byte_offset in offsets if one.owner is None else one.owner in loops)
        ]
        rows = above(chunk)
        if not self._headers:
            self._own.before = {}
        texts = [one for part in self._own.portions(chunk, rows, found) for one in part]
        kinds = rows.select("header", "owner").iter_rows()
        self._headers += [
            _Header(header, owner, shown)
            for (header, owner), shown in zip(kinds, texts, strict=True)
        ]


def _place(shown: Shown) -> tuple[str, int]:
    return shown.file, shown.byte_offset


_RECORD: dict[str, pl.DataType] = {
    **dict.fromkeys(decoded.KEYS, pl.String()),
    "segment_position": pl.Int64(),
    "byte_offset": pl.Int64(),
    "findings": pl.List(pl.String()),
}


def _counted(given: Deliveries) -> str:
    (first, *others) = given.names.values()
    return first if not others else f"any of the {len(others) + 1} files"


def _unshown(given: Deliveries, kinds: dict[int, str], shown: set[int]) -> tuple[str, ...]:
    """Files that have no segments, a line each."""
    refused = dict(given.findings.select("file_id", "message").iter_rows())
    says = {
        number: refused.get(number, f"{kinds.get(number, 'unknown')}, not X12")
        for number in given.names
        if number not in shown
    }
    return tuple(f"{given.names[number]}: {why}; nothing to show" for number, why in says.items())


def _findings(chunk: Located, running: Running) -> pl.DataFrame:
    """What is wrong in a chunk; a payment that goes on is judged with its last one."""
    read = batch(chunk.step, _ASKED)
    parts = [read.findings]
    if "payments" in read.tables:
        over = running.settled if chunk.goes_on else running.payments
        parts += [running.claims(read.tables), over()]
    return pl.concat([FINDINGS.conform(part) for part in parts])


def _placed(found: pl.DataFrame, rows: pl.DataFrame, begun: set[int], whole: bool) -> pl.DataFrame:
    """The findings, each at a row: the last that begins at or before its place.

    Of a whole file also those before its first segment, at that.

    What is known only now of a segment in an earlier chunk stands at the end of its
    transaction, or at the first row, and names its place. begun: files with earlier chunks.
    """
    own = rows.select("row", "byte_offset", file_id="file").sort("file_id", "byte_offset")
    placed = (
        found.with_columns(pl.col("byte_offset").fill_null(0))
        .sort("file_id", "byte_offset", maintain_order=True)
        .join_asof(own, on="byte_offset", by="file_id", check_sortedness=False)
    )
    of = ["file_id", "transaction"]
    firsts = own.group_by("file_id").agg(first=pl.col("row").min())
    ends = (
        rows.filter(pl.col("transaction").is_not_null())
        .group_by(file_id="file", transaction="transaction")
        .agg(end=pl.col("row").max())
    )
    late = pl.col("row").is_null() & pl.col("file_id").is_in(list(begun))
    at_byte = composed("byte {}: {}", "byte_offset", "message")
    return (
        placed.join(firsts, on="file_id", how="inner", maintain_order="left")
        .join(ends, on=of, how="left", maintain_order="left")
        .with_columns(
            message=pl.when(late).then(at_byte).otherwise("message"),
            row=pl.coalesce("row", pl.when(late).then("end"), "first") if whole else "row",
        )
    )


def _marks(found: pl.DataFrame) -> dict[int, tuple[Mark, ...]]:
    """Findings by their row."""
    marks: dict[int, tuple[Mark, ...]] = {}
    for row, *mark in found.select("row", "severity", "code", "message").iter_rows():
        marks[row] = (*marks.get(row, ()), Mark(*mark))
    return marks


def _node(chunk: Located, walk: int | None, node: int | None) -> Node | None:
    return None if walk is None or node is None else chunk.walked[walk].guide.nodes[node]


@cache
def _opened(node: Node | None) -> str | None:
    """What to say where a segment's loop begins; nothing for the transaction itself."""
    if node is None or node.loop.parent is None:
        return None
    return f"{node.loop.id} {node.loop.name}"


@cache
def _depth(node: Node) -> int:
    """How many loops stand around a segment; the transaction's own segments have 1."""
    return 1 + sum(not one.wrapper for one in node.loop.above())
