"""Feeds told from X12 by the first bytes of a file: X12 is read in chunks, a feed whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.findings import Finding
from edi_iop.parsers.identify import looks_like_x12, sniff
from edi_iop.parsers.streams import ahead
from edi_iop.parsers.x12 import Batch, Tables
from edi_iop.tables.found import catalogued, findings_frame

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout
    from edi_iop.parsers.feeds import Read


class Parsed(msgspec.Struct, frozen=True):
    """One file: its kind, its canonical tables, its findings, its transaction sets or rows."""

    kind: str
    tables: Tables
    findings: pl.DataFrame
    transactions: int
    rejected: str | None = None
    """Why a feed was refused as a whole."""
    envelopes: pl.DataFrame = msgspec.field(default_factory=pl.DataFrame)
    """X12: one row an ISA, GS or ST, in order: id, byte_offset, interchange, group and
    transaction (control numbers), elements, trailer (elements, or null), count (what is inside)."""


class Apart:
    """Files on their way to where they are read: `x12` hands on X12, `feeds` has what else came by."""

    def __init__(
        self, files: Iterable[tuple[int, BinaryIO]], layouts: Sequence[Layout] = ()
    ) -> None:
        self._files, self._layouts = files, layouts
        self._feeds: deque[Batch] = deque()
        self._fhir: list[tuple[int, bytes]] = []
        """Held until all have come: files of one export name each other's resources."""
        self.kinds: dict[int, str] = {}
        """Of the feeds that came by."""

    def x12(self) -> Iterator[tuple[int, BinaryIO]]:
        """The files that are no feeds."""
        for file_id, stream in self._files:
            head, whole = ahead(stream)
            sniffed = None if looks_like_x12(head) else sniff(head, self._layouts)
            if sniffed is None:
                yield file_id, whole
                continue
            self.kinds[file_id] = sniffed.kind
            if sniffed.form == FHIR:
                self._fhir.append((file_id, whole.read()))
            else:
                self._add(feed(file_id, whole.read(), sniffed.kind, self._layouts))
        for read in feeds_together(self._fhir, self._layouts).values():
            self._add(read)

    def _add(self, read: Parsed) -> None:
        self._feeds.append(Batch(read.tables, read.findings, pl.DataFrame(), pl.DataFrame()))

    def feeds(self) -> Iterator[Batch]:
        """The feeds met since they were last asked for, a batch each."""
        while self._feeds:
            yield self._feeds.popleft()


def feed(file_id: int, data: bytes, kind: str, layouts: Sequence[Layout] = ()) -> Parsed:
    """A feed of that kind, or why it was refused."""
    from edi_iop.parsers import feeds  # loads what only feeds need

    try:
        return _parsed(file_id, feeds.read_feed(file_id, data, layouts), kind)
    except FeedRejected as problem:
        return _parsed(file_id, problem, kind)


FHIR = "fhir"
"""The form whose files are read together."""


def feeds_together(
    files: Sequence[tuple[int | None, bytes]], layouts: Sequence[Layout] = ()
) -> dict[int, Parsed]:
    """FHIR files of one delivery (feeds.read_together), by number."""
    if not files:
        return {}
    from edi_iop.parsers import feeds  # loads what only feeds need

    read = feeds.read_together(files, layouts)
    return {file_id: _parsed(file_id, one, "FHIR") for file_id, one in read.items()}


def _parsed(file_id: int, read: Read | FeedRejected, kind: str) -> Parsed:
    from edi_iop.parsers.feed_sheet import as_findings

    if isinstance(read, FeedRejected):
        reason = str(read)
        found = findings_frame([Finding("FEED_REJECTED", reason)], file_id)
        return Parsed(kind, {}, found, 0, reason)
    rows = sum(table.height for table in read.tables.values())
    return Parsed(read.kind, read.tables, catalogued(as_findings(read.faults, file_id)), rows)
