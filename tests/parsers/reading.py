"""One feed read in a test: its kind, its table, and its findings."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from edi_iop.parsers import feeds
from edi_iop.parsers.feed_layout import Layout
from edi_iop.parsers.feed_sheet import as_findings


def read_feed(file_id: int, data: bytes) -> tuple[str, pl.DataFrame, pl.DataFrame]:
    """Kind, table and findings of a feed that fills one table."""
    read = feeds.read_feed(file_id, data)
    (table,) = read.tables.values()
    return read.kind, table, as_findings(read.faults, file_id)


def read_all(data: bytes, *layouts: Layout) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The tables of a feed, and its findings as `CODE: message`."""
    read = feeds.read_feed(1, data, layouts)
    found = as_findings(read.faults, 1)
    return read.tables, [f"{code}: {says}" for code, says in found.select("code", "message").rows()]


def sniffed(data: bytes, layouts: Sequence[Layout] = ()) -> tuple[str, str] | None:
    """Kind and form of a feed."""
    found = feeds.sniff(data, layouts)
    return None if found is None else (found.kind, found.form)
