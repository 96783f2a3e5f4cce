"""The canonical feeds: encounters, clients, authorizations, providers, deposits, as CSV or XML (CONTRACT, Inbound)."""

from __future__ import annotations

import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.parsers import feed_csv, feed_xml
from edi_iop.parsers.feed_spec import KINDS, feed
from edi_iop.parsers.feed_values import typed

__all__ = ["KINDS", "read_feed", "sniff"]


def sniff(data: bytes) -> tuple[str, str] | None:
    """Kind and form ('csv' or 'xml') of a feed, by root element or header; None if it is none."""
    root = feed_xml.root(data)
    if root is not None:
        return (root, "xml") if root in KINDS else None
    header = feed_csv.header(data)
    known = {kind: set(feed(kind).own_names(header)) for kind in KINDS}
    likely = [kind for kind, names in known.items() if _share(kind, names) >= feed(kind).enough]
    if not likely:
        return None
    best = max(
        likely,
        key=lambda kind: (_share(kind, known[kind]), len(known[kind] & set(feed(kind).names))),
    )
    return best, "csv"


def read_feed(file_id: int, data: bytes) -> tuple[str, pl.DataFrame, pl.DataFrame]:
    """Kind, canonical table and findings of one feed.

    Rows that cannot be read are left out, each with a finding that names its line
    and column. FeedRejected: no feed at all, a required column missing, XML that
    is unsafe or not to its XSD.
    """
    sniffed = sniff(data)
    if sniffed is None:
        raise FeedRejected("not a feed: neither its header nor its root element is one of ours")
    kind, form = sniffed
    sheet = (feed_csv if form == "csv" else feed_xml).sheet(feed(kind), data)
    return kind, *typed(sheet, file_id)


def _share(kind: str, names: set[str]) -> float:
    required = feed(kind).required
    return len(names.intersection(required)) / len(required)
