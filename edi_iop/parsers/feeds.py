"""Feeds by whatever form they come: which one a file is, and its canonical tables (CONTRACT, Inbound).

CSV and XML, canonical or by a partner's layout; HL7 v2; FHIR R4. A layout that fits is taken
before the canonical form, the user's own before a shipped one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.errors import FeedRejected
from edi_iop.parsers import feed_csv, feed_fhir, feed_hl7, feed_layout, feed_xml, feed_zones
from edi_iop.parsers.feed_layout import Layout, clocks_of
from edi_iop.parsers.feed_mapping import Flat, mapped
from edi_iop.parsers.feed_sheet import Sheet, no_findings
from edi_iop.parsers.feed_spec import KINDS, feed
from edi_iop.parsers.feed_values import typed
from edi_iop.parsers.feed_zones import Clocks
from edi_iop.tables.pool import pooled

__all__ = ["KINDS", "Read", "Sniffed", "read_feed", "read_together", "sniff"]

_VERSIONS = {"hl7": "v2", "fhir": "R4"}


class Sniffed(msgspec.Struct, frozen=True):
    """What a feed is: kind (a feed's name, HL7 or FHIR), form, and the layout it is read by."""

    kind: str
    form: str
    layout: Layout | None = None

    @property
    def says(self) -> str:
        if self.form in _VERSIONS:
            return f"{self.kind} {_VERSIONS[self.form]} feed"
        own = "" if self.layout is None else f", layout {self.layout.name}"
        return f"{self.kind} feed as {self.form.upper()}{own}"


class Read(msgspec.Struct, frozen=True):
    """A feed read: its canonical tables, and its faults (feed_sheet.FAULTS)."""

    kind: str
    tables: dict[str, pl.DataFrame]
    faults: pl.DataFrame


def sniff(data: bytes, layouts: Sequence[Layout] = ()) -> Sniffed | None:
    """What feed the bytes are, by their first characters, root element or header; None if none.

    layouts: the user's own, tried before the shipped ones.
    """
    known = (*layouts, *feed_layout.shipped())
    if feed_hl7.is_hl7(data):
        return Sniffed("HL7", "hl7", feed_layout.by_form(known, "hl7"))
    if feed_fhir.is_fhir(data):
        return Sniffed("FHIR", "fhir", feed_layout.by_form(known, "fhir"))
    root = feed_xml.root(data)
    if root is not None:
        own = feed_layout.by_root(known, root)
        if own is not None:
            return Sniffed(next(iter(own.feeds)), "xml", own)
        return Sniffed(root, "xml") if root in KINDS else None
    header = feed_csv.header(data)
    layout = feed_layout.by_header(known, header)
    if layout is not None:
        return Sniffed(next(iter(layout.feeds)), "csv", layout)
    names = [name.lower() for name in header]
    spoken = {kind: set(feed(kind).own_names(names)) for kind in KINDS}
    likely = [kind for kind, own in spoken.items() if _share(kind, own) >= feed(kind).enough]
    if not likely:
        return None
    best = max(
        likely,
        key=lambda kind: (_share(kind, spoken[kind]), len(spoken[kind] & set(feed(kind).names))),
    )
    return Sniffed(best, "csv")


def read_feed(file_id: int, data: bytes, layouts: Sequence[Layout] = ()) -> Read:
    """Canonical tables and faults of one feed.

    Rows that cannot be read are left out, each with a fault that names its place and column.
    FeedRejected: no feed at all, a required column missing, XML that is unsafe or not to its XSD.
    """
    sniffed = sniff(data, layouts)
    if sniffed is None:
        raise FeedRejected("not a feed: neither its header nor its root element is one of ours")
    if sniffed.form == "fhir":
        read = read_together([(file_id, data)], layouts)[file_id]
        if isinstance(read, FeedRejected):
            raise read
        return read
    clocks = clocks_of(layouts)
    hung = _hung(sniffed, clocks)
    return _typed(file_id, hung, _sheets(hung, data), clocks)


def read_together(
    files: Sequence[tuple[int | None, bytes]], layouts: Sequence[Layout] = ()
) -> dict[int, Read | FeedRejected]:
    """FHIR files (number, content) that came together: what one names may stand in another.

    Without a number: taken in before, and read again for what the new ones name of it.
    """
    layout = feed_layout.by_form((*layouts, *feed_layout.shipped()), "fhir")
    clocks = clocks_of(layouts)
    hung = _hung(Sniffed("FHIR", "fhir", layout), clocks)
    if hung.layout is None:
        return {}
    found: dict[int, Read | FeedRejected] = {}
    for file_id, flats in feed_fhir.flats(hung.layout, files).items():
        if isinstance(flats, FeedRejected):
            found[file_id] = flats
        else:
            found[file_id] = _typed(file_id, hung, _mapped(hung.layout, flats), clocks)
    return found


@pooled
def _typed(file_id: int, hung: Sniffed, sheets: Sequence[Sheet], clocks: Clocks) -> Read:
    read = {sheet.feed.kind: typed(sheet, file_id) for sheet in sheets}
    tables = {kind: table for kind, (table, _) in read.items()}
    if "encounters" in tables and not (hung.layout and hung.layout.head.timezone):
        tables["encounters"] = feed_zones.measured(tables["encounters"], clocks)
    # What is said of the file is said once, whatever feeds it fills.
    found = pl.concat([no_findings(), *(faults for _, faults in read.values())])
    return Read(hung.kind, tables, found.unique(maintain_order=True))


def _hung(sniffed: Sniffed, clocks: Clocks) -> Sniffed:
    """With a layout that names no timezone reading its times in those of the facilities."""
    layout = sniffed.layout
    if layout is None or layout.head.timezone or not clocks.zones:
        return sniffed
    if not clocks.common:
        return replace(sniffed, layout=msgspec.structs.replace(layout, clocks=clocks))
    head = msgspec.structs.replace(layout.head, timezone=clocks.common)
    return replace(sniffed, layout=msgspec.structs.replace(layout, head=head))


def _sheets(sniffed: Sniffed, data: bytes) -> list[Sheet]:
    layout = sniffed.layout
    if layout is None:
        form = feed_csv if sniffed.form == "csv" else feed_xml
        return [form.sheet(feed(sniffed.kind), data)]
    return _mapped(layout, _flats(layout, data))


def _mapped(layout: Layout, flats: Mapping[str, Flat]) -> list[Sheet]:
    return [mapped(layout, kind, flats[kind]) for kind in layout.feeds if kind in flats]


def _flats(layout: Layout, data: bytes) -> dict[str, Flat]:
    """The rows behind each feed; a CSV or XML row may hold several feeds' columns."""
    if layout.form == "hl7":
        return feed_hl7.flats(layout, data)
    flat = feed_csv.flat(layout, data) if layout.form == "csv" else feed_xml.flat(layout, data)
    silent = Flat(flat.text, flat.unit)
    return {kind: flat if at == 0 else silent for at, kind in enumerate(layout.feeds)}


def _share(kind: str, names: set[str]) -> float:
    required = feed(kind).required
    return len(names.intersection(required)) / len(required)
