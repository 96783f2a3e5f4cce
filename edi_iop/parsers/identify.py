"""What a file is, by its content and never by its name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import polars as pl

from edi_iop.guides.loader import resolve
from edi_iop.x12 import segments as split
from edi_iop.x12.envelopes import enveloped

_X12_HEADS = (b"ISA", b"GS", b"ST")
_BLANK = b"\xef\xbb\xbf \t\r\n\x00"


@dataclass(frozen=True)
class Identified:
    """A file or one of its interchanges: kind and, for X12, its envelope."""

    kind: str
    """835, 837I, 837P, 999, TA1, 277CA, 276, another X12 number, mixed, a feed's name, or unknown."""
    form: str
    """x12, csv, xml, or empty where unknown."""
    says: str
    guide: str | None = None
    sender: str | None = None
    receiver: str | None = None
    interchange_control: str | None = None
    usage: str | None = None
    groups: int = 0
    transactions: int = 0
    segments: int = 0


def identify(data: bytes) -> tuple[Identified, ...]:
    """What the bytes are: one answer an interchange, or one for a feed or a foreign file.

    Never raises, whatever they are.
    """
    feed = None if looks_like_x12(data) else sniff(data)
    if feed is not None:
        return (Identified(feed[0], feed[1], f"{feed[0]} feed as {feed[1].upper()}"),)
    return _x12(data)


def looks_like_x12(data: bytes) -> bool:
    """Whether the first content of the bytes is an X12 header."""
    head = data[:512].lstrip(_BLANK)
    return head.startswith(_X12_HEADS) and not head[:4].isalnum()


def sniff(data: bytes) -> tuple[str, str] | None:
    """Kind and form of a feed, or None; a file that looks like X12 need not be asked."""
    from edi_iop.parsers import feeds  # loads what only feeds need

    return feeds.sniff(data)


def kind_of(st01: str | None, guide: str | None) -> str:
    """The kind of a transaction set: its number, and by its guide the form of an 837 or 277."""
    version = guide or ""
    if st01 == "277":
        return "277CA" if "X214" in version else "277"
    if st01 != "837":
        return st01 or "unknown"
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


def _x12(data: bytes) -> tuple[Identified, ...]:
    """One answer an interchange, in order."""
    segments = split.read([data])
    if segments.rows.is_empty():
        code = segments.findings[0][1] if segments.findings else None
        return (Identified("unknown", "", code.message if code else "not a file we know"),)
    envelopes = enveloped(segments)
    starts = [one.start for one in segments.interchanges]
    sizes = dict(segments.rows.group_by("interchange").len().iter_rows())
    own = pl.lit(pl.Series(starts)).search_sorted(pl.col("byte_offset"), side="right") - 1
    heads = _parts(envelopes.headers.with_columns(number=own), "number")
    sets = _parts(envelopes.transactions, "interchange")
    answers = _acknowledging(data, starts)
    none = envelopes.headers.head(0), envelopes.transactions.head(0)
    return tuple(  # one turn an interchange
        _interchange(
            heads.get(number, none[0]), sets.get(number, none[1]), sizes.get(number, 0), answers[number]
        )
        for number in range(len(starts))
    )  # fmt: skip


def _parts(frame: pl.DataFrame, by: str) -> dict[int, pl.DataFrame]:
    return {int(key[0]): part for key, part in frame.partition_by(by, as_dict=True).items()}


def _acknowledging(data: bytes, starts: list[int]) -> list[bool]:
    """Whether each interchange speaks of a TA1; a kind only where it holds no transaction."""
    stops = [*starts[1:], len(data)]
    return [data.find(b"TA1", start, stop) >= 0 for start, stop in zip(starts, stops, strict=True)]


def _interchange(
    heads: pl.DataFrame, transactions: pl.DataFrame, segments: int, acknowledges: bool
) -> Identified:
    isa = heads.filter(pl.col("id") == "ISA")["elements"]
    fields = [text.strip() for text in isa[0]] if len(isa) else []
    ids = {"ISA"} if fields else set()
    kind = kind_of_all(transactions, ids | ({"TA1"} if acknowledges else set()))
    guides = transactions["guide"].drop_nulls().unique(maintain_order=True).to_list()
    groups = heads.filter(pl.col("id") == "GS").height
    return Identified(
        kind=kind,
        form="x12",
        says=_says(kind, transactions, groups, segments),
        guide=", ".join(guides) or None,
        sender=_field(fields, 6),
        receiver=_field(fields, 8),
        interchange_control=_field(fields, 13),
        usage=_field(fields, 15),
        groups=groups,
        transactions=len(transactions),
        segments=segments,
    )


def _says(kind: str, transactions: pl.DataFrame, groups: int, segments: int) -> str:
    """`mixed (2 835, 1 999): 3 transaction sets in 2 groups, 80 segments`."""
    pairs = [*transactions.select("st01", "guide").iter_rows()]
    tally = Counter(kind_of(*pair) for pair in pairs)
    parts = ", ".join(f"{count} {name}" for name, count in tally.items())
    named = f"mixed ({parts})" if kind == "mixed" else kind
    unread = {kind_of(*pair) for pair in set(pairs) if resolve(pair[1], pair[0]) is None}
    note = f"; {', '.join(sorted(unread))} of a version without a guide here" if unread else ""
    held = f"{_counted(len(pairs), 'transaction set')} in {_counted(groups, 'group')}"
    return f"{named}: {held}, {_counted(segments, 'segment')}{note}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _field(fields: list[str], place: int) -> str | None:
    return fields[place] if place < len(fields) else None
