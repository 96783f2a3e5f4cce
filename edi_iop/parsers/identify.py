"""What a file is, by its content and never by its name."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from edi_iop.parsers import feeds
from edi_iop.x12 import segments as split
from edi_iop.x12.envelopes import enveloped

_X12_HEADS = (b"ISA", b"GS", b"ST")
_BLANK = b"\xef\xbb\xbf \t\r\n\x00"


@dataclass(frozen=True)
class Identified:
    """A file's kind and, for X12, its envelope. Several transactions of one kind share it."""

    kind: str
    """835, 837I, 837P, 999, TA1, 277, another X12 number, mixed, a feed's name, or unknown."""
    form: str
    """x12, csv, xml, or empty where unknown."""
    says: str
    guide: str | None = None
    sender: str | None = None
    receiver: str | None = None
    interchange_control: str | None = None
    usage: str | None = None
    transactions: int = 0
    segments: int = 0


def identify(data: bytes) -> Identified:
    """What the bytes are; never raises, whatever they are."""
    if looks_like_x12(data):
        return _x12(data)
    feed = feeds.sniff(data)
    if feed is not None:
        return Identified(feed[0], feed[1], f"{feed[0]} feed as {feed[1].upper()}")
    return _x12(data)


def looks_like_x12(data: bytes) -> bool:
    """Whether the first content of the bytes is an X12 header."""
    head = data[:512].lstrip(_BLANK)
    return head.startswith(_X12_HEADS) and not head[:4].isalnum()


def kind_of(st01: str | None, guide: str | None) -> str:
    """The kind of a transaction set: its number, and the form of an 837 by its guide."""
    if st01 != "837":
        return st01 or "unknown"
    version = guide or ""
    if "X223" in version or "X096" in version:
        return "837I"
    return "837P" if "X222" in version or "X098" in version else "837"


def kind_of_all(transactions: pl.DataFrame, ids: set[str]) -> str:
    """The kind of a file by its transactions (st01, guide) and segment ids."""
    kinds = {kind_of(*row) for row in transactions.select("st01", "guide").unique().iter_rows()}
    if len(kinds) == 1:
        return kinds.pop()
    if kinds:
        return "mixed"
    return "TA1" if "TA1" in ids else "x12" if "ISA" in ids else "unknown"


def _x12(data: bytes) -> Identified:
    segments = split.read([data])
    if segments.rows.is_empty():
        code = segments.findings[0][1] if segments.findings else None
        return Identified("unknown", "", code.message if code else "not a file we know")
    transactions = enveloped(segments).transactions
    kind = kind_of_all(transactions, set(segments.texts["id"]))
    isa = segments.texts.filter(pl.col("id") == "ISA")["elements"]
    fields = [text.strip() for text in isa[0]] if len(isa) else []
    guides = transactions["guide"].drop_nulls().unique(maintain_order=True).to_list()
    return Identified(
        kind=kind,
        form="x12",
        says=f"{kind}: {len(transactions)} transaction sets, {len(segments.rows)} segments",
        guide=", ".join(guides) or None,
        sender=_field(fields, 6),
        receiver=_field(fields, 8),
        interchange_control=_field(fields, 13),
        usage=_field(fields, 15),
        transactions=len(transactions),
        segments=len(segments.rows),
    )


def _field(fields: list[str], place: int) -> str | None:
    return fields[place] if place < len(fields) else None
