"""Which file is this, and what tables does it hold? X12 and feeds, by content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.findings import Finding
from edi_iop.parsers import feeds, x12
from edi_iop.parsers.identify import Identified, identify, kind_of_all, looks_like_x12
from edi_iop.parsers.x12 import Tables
from edi_iop.tables import FINDINGS, TABLES
from edi_iop.tables.found import catalogued, findings_frame
from edi_iop.transcribe import maps

__all__ = ["Identified", "Parsed", "Tables", "identify", "parse"]


@dataclass(frozen=True)
class Parsed:
    """One file: its kind, its canonical tables, its findings, its transaction sets or rows."""

    kind: str
    tables: Tables
    findings: pl.DataFrame
    transactions: int
    rejected: str | None = None
    """Why a feed was refused as a whole."""


def parse(files: Sequence[tuple[int, bytes]]) -> dict[int, Parsed]:
    """The files (file_id, bytes) read; all X12 files go through as one frame.

    Raises nothing for bad data: a file that cannot be read at all has kind
    `unknown`, or the reason in `rejected`, and a finding that says why.
    """
    parsed: dict[int, Parsed] = {}
    rest = []
    for file_id, data in files:
        sniffed = None if looks_like_x12(data) else feeds.sniff(data)
        if sniffed is None:
            rest.append((file_id, data))
        else:
            parsed[file_id] = _feed(file_id, data, sniffed[0])
    parsed |= _x12(rest)
    return {file_id: parsed[file_id] for file_id, _ in files}


def _feed(file_id: int, data: bytes, kind: str) -> Parsed:
    try:
        _, table, findings = feeds.read_feed(file_id, data)
    except FeedRejected as problem:
        reason = str(problem)
        found = findings_frame([Finding("FEED_REJECTED", reason)], file_id)
        return Parsed(kind, {}, found, 0, reason)
    return Parsed(kind, {kind: table}, catalogued(FINDINGS.conform(findings)), len(table))


def _x12(files: Sequence[tuple[int, bytes]]) -> dict[int, Parsed]:
    if not files:
        return {}
    batch = x12.read_batch([data for _, data in files])
    tables = {name: _by_file(frame) for name, frame in batch.tables.items()}
    findings = _by_file(batch.findings)
    transactions = {
        int(number): part for (number,), part in batch.transactions.partition_by("file", as_dict=True).items()
    }  # fmt: skip
    answer = {}
    for place, (file_id, data) in enumerate(files):
        own = transactions.get(place, batch.transactions.head(0))
        ids = {"ISA"} if b"ISA" in data else set()
        ids |= {"TA1"} if b"TA1" in data else set()
        found = findings.get(place, FINDINGS.empty())
        fatal = found["code"].is_in(["NOT_X12", "EMPTY_FILE"]).any()
        kind = "unknown" if fatal else kind_of_all(own, ids)
        names = [name for guide in own["name"].drop_nulls().unique() for name in _tables_of(guide)]
        mine = {
            name: _numbered(tables.get(name, {}).get(place, TABLES[name].empty()), file_id)
            for name in names
        }
        answer[file_id] = Parsed(kind, mine, _numbered(found, file_id), len(own))
    return answer


def _tables_of(guide: str) -> Sequence[str]:
    """The canonical tables a transaction of this guide holds, filled or not."""
    table_map = maps.for_guide(guide)
    return () if table_map is None else tuple(table_map.tables)


def _by_file(frame: pl.DataFrame) -> dict[int, pl.DataFrame]:
    return {int(key[0]): part for key, part in frame.partition_by("file_id", as_dict=True).items()}


def _numbered(frame: pl.DataFrame, file_id: int) -> pl.DataFrame:
    return frame.with_columns(file_id=pl.lit(file_id, pl.Int64))
