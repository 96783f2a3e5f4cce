"""What a file is, by its content and never by its name."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import polars as pl

from edi_iop.guides.choice import VERSION, chosen
from edi_iop.guides.loader import resolve
from edi_iop.parsers.streams import ahead
from edi_iop.x12 import segments as split
from edi_iop.x12.envelopes import NOTHING, Enveloped, enveloped
from edi_iop.x12.pieces import CHUNK
from edi_iop.x12.segments import Segments

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout
    from edi_iop.parsers.feeds import Sniffed

_X12_HEADS = (b"ISA", b"GS", b"ST")
_BLANK = b"\xef\xbb\xbf \t\r\n\x00"


class Identified(msgspec.Struct, frozen=True):
    """A file or one of its interchanges: kind and, for X12, its envelope."""

    kind: str
    """835, 837I, 837P, 999, TA1, 277CA, 276, another X12 number, mixed, a feed's name, HL7, FHIR, or unknown."""
    form: str
    """x12, csv, xml, hl7, fhir, or empty where unknown."""
    says: str
    guide: str | None = None
    sender: str | None = None
    receiver: str | None = None
    interchange_control: str | None = None
    usage: str | None = None
    groups: int = 0
    transactions: int = 0
    segments: int = 0


def identify(data: bytes | BinaryIO, layouts: Sequence[Layout] = ()) -> tuple[Identified, ...]:
    """What the bytes or the open file are: one answer an interchange, or one for a feed or a foreign file.

    Never raises, whatever they are. A file is read to its end, in chunks.
    """
    head, stream = ahead(io.BytesIO(data) if isinstance(data, bytes) else data)
    feed = None if looks_like_x12(head) else sniff(head, layouts)
    if feed is None:
        return _x12(stream)
    while stream.read(CHUNK):
        pass
    return (Identified(feed.kind, feed.form, feed.says),)


def looks_like_x12(data: bytes) -> bool:
    """Whether the first content of the bytes is an X12 header."""
    head = data[:512].lstrip(_BLANK)
    return head.startswith(_X12_HEADS) and not head[:4].isalnum()


def sniff(data: bytes, layouts: Sequence[Layout] = ()) -> Sniffed | None:
    """What feed it is, or None; a file that looks like X12 need not be asked."""
    from edi_iop.parsers import feeds  # loads what only feeds need

    return feeds.sniff(data, layouts)


def is_fhir(data: bytes) -> bool:
    """Whether the bytes begin as FHIR does, the files of which are read together."""
    if not data[:512].lstrip(_BLANK).startswith(b"{"):
        return False
    from edi_iop.parsers import feed_fhir  # loads what only feeds need

    return feed_fhir.is_fhir(data)


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
    """The kind of a file by its transactions (st01, guide, and name where they are read by one) and segment ids."""
    by = pl.coalesce("name", VERSION) if "name" in transactions.columns else "guide"
    kinds = {kind_of(*row) for row in transactions.select("st01", by).unique().iter_rows()}
    if len(kinds) == 1:
        return kinds.pop()
    if kinds:
        return "mixed"
    return "TA1" if "TA1" in ids else "x12" if "ISA" in ids else "unknown"


def _x12(stream: BinaryIO) -> tuple[Identified, ...]:
    """One answer an interchange, in order."""
    found: list[_Interchange] = []
    says = "not a file we know"
    last: Enveloped | None = None
    for frame in split.frames([(0, stream)]):  # one turn a chunk
        if frame.findings and not found:
            says = frame.findings[0][1].message
        goes_on = last is not None and last.segments.following is not None
        last = enveloped(frame, NOTHING if last is None else last.carried())
        for number, part in enumerate(_parts_of(last)):
            if number or not goes_on:
                found.append(part)
            else:
                found[-1] = found[-1].with_more(part)
    if not any(one.segments for one in found):
        return (Identified("unknown", "", says),)
    return tuple(_interchange(one) for one in found)


class _Interchange(msgspec.Struct, frozen=True):
    """What chunks have told of an interchange so far."""

    headers: pl.DataFrame
    transactions: pl.DataFrame
    segments: int
    acknowledges: bool
    """Whether it speaks of a TA1; a kind only where it holds no transaction."""

    def with_more(self, part: _Interchange) -> _Interchange:
        return _Interchange(
            pl.concat([self.headers, part.headers]).unique("byte_offset", maintain_order=True),
            pl.concat([self.transactions, part.transactions]),
            self.segments + part.segments,
            self.acknowledges or part.acknowledges,
        )


def _parts_of(found: Enveloped) -> Iterator[_Interchange]:
    """What a chunk tells of each of its interchanges."""
    segments = found.segments
    rows = segments.rows.slice(segments.repeated)
    sizes = dict(rows.group_by("interchange").len().iter_rows())
    ta1 = segments.texts.filter(pl.col("id") == "TA1")["text"].implode()
    acknowledging = set(rows.filter(pl.col("text").is_in(ta1))["interchange"])
    starts = pl.lit(pl.Series([one.start for one in segments.interchanges], dtype=pl.Int64))
    at = starts.search_sorted(pl.col("byte_offset"), side="right").cast(pl.Int64) - 1
    # The headers of an interchange that goes on stand before this chunk.
    heads = _parts(found.headers.with_columns(number=at.clip(lower_bound=0)), "number")
    own = _by_guide(segments, found.transactions.filter(pl.col("row") >= segments.repeated))
    sets = _parts(own.select("interchange", "st01", "guide"), "interchange")
    headers = found.headers.head(0).with_columns(number=pl.lit(0, pl.Int64))
    for number in range(len(segments.interchanges)):
        yield _Interchange(
            heads.get(number, headers).select("id", "byte_offset", "elements"),
            sets.get(number, own.head(0)).select("st01", "guide"),
            sizes.get(number, 0),
            number in acknowledging,
        )


def _by_guide(segments: Segments, sets: pl.DataFrame) -> pl.DataFrame:
    """The transaction sets, `guide` as each says it itself where it is not read by that of its group."""
    kinds = sets.select("guide", "st01")
    own = {kind: resolve(*kind) for kind in kinds.unique().iter_rows()}
    named = pl.Series([own[kind] for kind in kinds.iter_rows()], dtype=pl.String)
    read = pl.lit(chosen(segments, sets, None))
    return sets.with_columns(guide=pl.when(read == named).then("guide").otherwise(VERSION))


def _parts(frame: pl.DataFrame, by: str) -> dict[int, pl.DataFrame]:
    return {int(key[0]): part for key, part in frame.partition_by(by, as_dict=True).items()}


def _interchange(told: _Interchange) -> Identified:
    heads, transactions = told.headers, told.transactions
    isa = heads.filter(pl.col("id") == "ISA")["elements"]
    fields = [text.strip() for text in isa[0]] if len(isa) else []
    ids = {"ISA"} if fields else set()
    kind = kind_of_all(transactions, ids | ({"TA1"} if told.acknowledges else set()))
    guides = transactions["guide"].drop_nulls().unique(maintain_order=True).to_list()
    groups = heads.filter(pl.col("id") == "GS").height
    return Identified(
        kind=kind,
        form="x12",
        says=_says(kind, transactions, groups, told.segments),
        guide=", ".join(guides) or None,
        sender=_field(fields, 6),
        receiver=_field(fields, 8),
        interchange_control=_field(fields, 13),
        usage=_field(fields, 15),
        groups=groups,
        transactions=len(transactions),
        segments=told.segments,
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
