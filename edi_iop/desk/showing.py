"""The verb `show`: X12 files decoded for a person, segment by segment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import polars as pl

from edi_iop import parsers
from edi_iop.desk.answer import Status, has_errors, status
from edi_iop.desk.files import findings_of
from edi_iop.desk.paths import Delivered, delivered
from edi_iop.errors import NotKnown, Unreadable
from edi_iop.guides.loader import Node
from edi_iop.parsers.located import Located, locate, of_claim
from edi_iop.reports import decoded
from edi_iop.reports.decoded import Line, Mark, Shown
from edi_iop.tables import FINDINGS
from edi_iop.transcribe.words import tell

_PORTION = 2000
"""So many segments are put in words at once: a reader that leaves early costs no more."""


@dataclass(frozen=True)
class Decoded:
    """The segments to be shown; they are put in words as they are asked for."""

    located: Located
    rows: pl.DataFrame
    names: dict[int, str]
    findings: pl.DataFrame
    """Of the segments shown: row (of `rows`), severity, code, message."""
    status: Status
    remarks: tuple[str, ...]
    show_phi: bool

    def segments(self) -> Iterator[list[Shown]]:
        """The segments in order, a portion at a time."""
        before: dict[str, Any] = {}
        for start in range(0, len(self.rows), _PORTION):
            part = self.rows.slice(start, _PORTION)
            marks = self._marks(start)
            texts = self.located.raw(part).to_list()
            portion = []
            # Per-row Python: a person reads these, and each is worded by itself.
            for number, (row, raw) in enumerate(zip(part.to_dicts(), texts, strict=True)):
                portion.append(self._shown(row, raw, before, marks.get(start + number, ())))
                before = row
            yield portion

    @property
    def records(self) -> pl.DataFrame:
        """All segments as other programs take them (decoded.KEYS)."""
        found = [decoded.record(one) for portion in self.segments() for one in portion]
        return pl.DataFrame(found, schema=_RECORD)

    def text(self, form: str, stream: TextIO | None = None, offsets: bool = False) -> Iterator[str]:
        """The answer as table, json or ndjson, in pieces."""
        match form:
            case "ndjson":
                yield from (_objects(portion, "\n") + "\n" for portion in self.segments())
            case "json":
                for number, portion in enumerate(self.segments()):
                    yield ("[\n" if number == 0 else ",\n") + _objects(portion, ",\n")
                yield "\n]\n"
            case _:
                for portion in self.segments():
                    yield decoded.to_screen(portion, stream, offsets)

    def _marks(self, start: int) -> dict[int, tuple[Mark, ...]]:
        """The findings of one portion, by row."""
        own = self.findings.filter(pl.col("row").is_between(start, start + _PORTION - 1))
        marks: dict[int, tuple[Mark, ...]] = {}
        for row, *mark in own.select("row", "severity", "code", "message").iter_rows():
            marks[row] = (*marks.get(row, ()), Mark(*mark))
        return marks

    def _shown(
        self, row: dict[str, Any], raw: str, before: dict[str, Any], marks: Sequence[Mark]
    ) -> Shown:
        node = self._node(row)
        guide = None if row["walk"] is None else self.located.walked[row["walk"]].guide
        told = tell(raw, self.located.separators[row["separators"]], guide, node, self.show_phi)
        loop = node.loop if node else None
        return Shown(
            file=self.names[self.located.files[row["file"]][0]],
            transaction=row["transaction"],
            segment_position=row["segment_position"],
            byte_offset=row["byte_offset"],
            loop=row["loop"],
            loop_name=loop.name if loop else None,
            heading=self._heading(row, node, before),
            depth=_depth(node) if node else 1 if row["transaction"] else 0,
            segment=told.segment,
            name=told.name,
            raw=told.raw,
            lines=[Line(part.label, part.text, part.cents) for part in told.parts],
            findings=marks,
        )

    def _node(self, row: dict[str, Any]) -> Node | None:
        if row["node"] is None:
            return None
        walk, node = int(row["walk"]), int(row["node"])
        return self.located.walked[walk].guide.nodes[node]

    def _heading(self, row: dict[str, Any], node: Node | None, before: dict[str, Any]) -> str:
        """The file, the transaction or the loop that begins with this segment."""
        if row["file"] != before.get("file"):
            return self.names[self.located.files[row["file"]][0]]
        if row["header"] == "ST":
            guide = f", {row['name']}" if row["name"] else ", no guide of ours: segments only"
            return f"transaction {row['transaction']}{guide}"
        if node is None or node.loop.parent is None:
            return ""
        begins = node.starts_loop or row["loop"] != before.get("loop")
        return f"{node.loop.id} {node.loop.name}" if begins else ""


_RECORD: dict[str, pl.DataType] = {
    **dict.fromkeys(decoded.KEYS, pl.String()),
    "segment_position": pl.Int64(),
    "byte_offset": pl.Int64(),
    "findings": pl.List(pl.String()),
}


def show(paths: Sequence[Path], claim: str | None = None, show_phi: bool = False) -> Decoded:
    """The files decoded: all of them, or one claim with the headers around it.

    NotKnown where no file has the claim; Unreadable where nothing in them is X12.
    """
    given = delivered(paths)
    findings = _findings(given)  # before the segments: what it reads is let go of again
    located = locate(given.files)
    remarks = _unshown(given, located)
    if located.rows.is_empty():
        raise Unreadable(remarks[0])
    rows = located.rows if claim is None else of_claim(located, claim)
    if rows.is_empty():
        raise NotKnown(
            f"claim {claim}: not in {_counted(given)}; "
            "the claims of a file: edi-iop parse FILE --table remit_claims (or claims)"
        )
    found = _placed(findings, located, rows, whole=claim is None)
    return Decoded(
        located,
        rows,
        given.names,
        found,
        status(has_errors(found) or not given.findings.is_empty()),
        remarks,
        show_phi,
    )


def _counted(given: Delivered) -> str:
    (first, *others) = given.names.values()
    return first if not others else f"any of the {len(others) + 1} files"


def _unshown(given: Delivered, located: Located) -> tuple[str, ...]:
    """Files that have no segments, a line each."""
    shown = set(located.rows["file"].unique())
    bare = [content for place, content in enumerate(given.files) if place not in shown]
    says = {number: f"{parsers.identify(content)[0].kind}, not X12" for number, content in bare}
    says |= dict(given.findings.select("file_id", "message").iter_rows())
    return tuple(f"{given.names[number]}: {why}; nothing to show" for number, why in says.items())


def _findings(given: Delivered) -> pl.DataFrame:
    parsed = parsers.parse(given.files)
    return pl.concat([FINDINGS.empty(), *(findings_of(file) for file in parsed.values())])


def _placed(found: pl.DataFrame, located: Located, rows: pl.DataFrame, whole: bool) -> pl.DataFrame:
    """The findings of the segments shown, each at its row: the last that begins at or before it.

    Of a whole file also those before its first segment.
    """
    numbers = pl.Series([number for number, _ in located.files], dtype=pl.Int64)
    at = located.rows.select(
        "byte_offset", file_id=numbers.gather(located.rows["file"]), at="byte_offset"
    )
    own = rows.select(file_id=numbers.gather(rows["file"]), at="byte_offset").with_row_index("row")
    placed = (
        found.with_columns(pl.col("byte_offset").fill_null(0))
        .sort("file_id", "byte_offset", maintain_order=True)
        .join_asof(
            at.sort("file_id", "byte_offset"),
            on="byte_offset",
            by="file_id",
            check_sortedness=False,
        )
    )
    firsts = at.group_by("file_id").agg(first=pl.col("at").min())
    told = placed.join(firsts, on="file_id", how="left", maintain_order="left").with_columns(
        at=pl.col("at").fill_null(pl.col("first")) if whole else pl.col("at")
    )
    return told.join(own, on=["file_id", "at"], how="inner", maintain_order="left").with_columns(
        pl.col("row").cast(pl.Int64)
    )


def _depth(node: Node) -> int:
    """How many loops stand around a segment; the transaction's own segments have 1."""
    return 1 + sum(not one.wrapper for one in node.loop.above())


def _objects(portion: Sequence[Shown], between: str) -> str:
    return between.join(json.dumps(decoded.record(one), ensure_ascii=False) for one in portion)
