"""A feed as XML, in namespace urn:edi-iop:feed:1 or as a partner's own: bytes to text columns.

Feeds come from outside: no document type, no entities, no network. A document
that declares any is refused while its head is read, before anything is expanded.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import polars as pl
from lxml import etree

from edi_iop import resources
from edi_iop.errors import FeedRejected
from edi_iop.parsers.feed_layout import Layout, folded
from edi_iop.parsers.feed_mapping import Flat
from edi_iop.parsers.feed_sheet import Sheet, conformed, require_columns, told
from edi_iop.parsers.feed_spec import NAMESPACE, Feed
from edi_iop.texts import composed

_HEAD = 65536
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]")


class _Doctype(Exception):
    """The document declares a document type."""


class _RootReached(Exception):
    """The document's head is over without one."""


class _Head:
    """A parser target that stops at the document type or at the root, whichever is first."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:  # noqa: ARG002
        raise _Doctype

    def start(self, tag: str, attributes: object) -> None:  # noqa: ARG002
        raise _RootReached

    def close(self) -> None:
        return


def root(data: bytes) -> str | None:
    """The local name of what may be an XML document's root; never raises."""
    text = _opening(data)
    if not text.lstrip().startswith("<"):
        return None
    found = _ROOT.search(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    return found[1] if found else None


def sheet(feed: Feed, data: bytes) -> Sheet:
    """The text of an XML feed; FeedRejected where it is unsafe, not well formed or not to the XSD.

    An element that is no column is a warning, and one that is no row of the feed a fault by itself.
    """
    tree = _parsed(f"{feed.kind} feed", data)
    top = tree.getroot()
    _require_namespace(feed, top)
    elements = list(enumerate(top, start=1))
    strangers = _without_strangers(feed, top)
    faults = [(row, says) for row, one in elements if (says := _fault(feed, one))]
    for row, _ in faults:
        top.remove(elements[row - 1][1])
    try:
        _schema(feed.kind).assertValid(tree)
    except etree.DocumentInvalid as problem:
        reason = str(problem).replace(f"{{{NAMESPACE}}}", "")
        raise FeedRejected(f"{feed.kind} feed: {reason} (maps/feeds/{feed.kind}.xsd)") from problem
    # Element by element, since a tree has no columns yet; the values are read as columns after.
    left = {row for row, _ in faults}
    rows = {
        row: {etree.QName(cell).localname: cell.text for cell in one}
        for row, one in elements
        if row not in left
    }
    present = [name for name in feed.names if any(name in row for row in rows.values())]
    if rows:
        require_columns(feed, present)
    columns = [pl.Series("row", list(rows), pl.Int64)]
    for name in present:
        columns.append(pl.Series(name, [row.get(name) for row in rows.values()], pl.String))
    found = pl.concat([strangers, _told(faults)])
    return Sheet(feed, pl.DataFrame(columns), found, "element")


def _require_namespace(feed: Feed, top: etree._Element) -> None:
    if etree.QName(top).namespace != NAMESPACE:
        raise FeedRejected(
            f"{feed.kind} feed: line {top.sourceline}: the root is not in namespace {NAMESPACE}; "
            f'write <{feed.kind} xmlns="{NAMESPACE}">, or describe the document in a layout'
        )


def _without_strangers(feed: Feed, top: etree._Element) -> pl.DataFrame:
    """Takes out of the rows what is no column of the feed: a warning a name, with the first line of it."""
    columns = {f"{{{NAMESPACE}}}{name}" for name in feed.names}
    strangers = [cell for row in top for cell in row if cell.tag not in columns]
    first: dict[str, tuple[str, object]] = {}
    counts = Counter(str(cell.tag) for cell in strangers)
    for cell in strangers:
        first.setdefault(str(cell.tag), (etree.QName(cell).localname, cell.sourceline))
        row = cell.getparent()
        if row is not None:
            row.remove(cell)
    return told(
        "FEED_COLUMN_UNKNOWN",
        [
            f"line {line}: element {name}: not a column of the {feed.kind} feed"
            + (f" ({counts[tag]} times)" if counts[tag] > 1 else "")
            for tag, (name, line) in first.items()
        ],
    )


def _fault(feed: Feed, row: etree._Element) -> str | None:
    """Why a child of the root is no row of the feed."""
    if row.tag not in (f"{{{NAMESPACE}}}{feed.row}", f"{{{NAMESPACE}}}row"):
        return f"element {etree.QName(row).localname} is no row of the {feed.kind} feed"
    names = [etree.QName(cell).localname for cell in row]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice:
        return f"{twice} stands there twice"
    nested = next((name for name, cell in zip(names, row, strict=True) if len(cell)), None)
    return f"{nested} holds further elements" if nested else None


def _told(faults: list[tuple[int, str]]) -> pl.DataFrame:
    found = pl.DataFrame(faults, schema={"row": pl.Int64, "says": pl.String}, orient="row")
    return conformed(
        found.with_columns(place=composed("element {}", "row"), code=pl.lit("FEED_MESSAGE_INVALID"))
    )


def flat(layout: Layout, data: bytes) -> Flat:
    """The rows of a partner's XML; FeedRejected where it is unsafe or not well formed.

    A column is a path of local names below the row, `Client/LastName`, or an attribute, `@id`.
    `../` begins at the element around the row.
    """
    tree = _parsed(f"layout {layout.name}", data)
    rows = [one for one in tree.iter() if etree.QName(one).localname == layout.head.row]
    paths = sorted(layout.reads)
    # Element by element, since a tree has no columns yet; the values are read as columns after.
    text = {folded(path): [_at(row, path.split("/")) for row in rows] for path in paths}
    numbers = pl.Series("row", range(1, len(rows) + 1), pl.Int64)
    there = {name: values for name, values in text.items() if any(values)} if rows else text
    frame = pl.DataFrame(there, schema=dict.fromkeys(there, pl.String))
    return Flat(frame.insert_column(0, numbers), "element")


def leaves(data: bytes) -> tuple[str, pl.DataFrame]:
    """The element that most likely is a row, and the text of what stands directly in it; for a guess."""
    tree = _parsed("the document", data)
    with_children = [one for one in tree.iter() if len(one)]
    flat = Counter(
        etree.QName(one).localname for one in with_children if not any(len(child) for child in one)
    )
    row = flat.most_common(1)[0][0] if flat else ""
    rows = [
        {etree.QName(cell).localname: cell.text for cell in one}
        for one in with_children
        if etree.QName(one).localname == row
    ]
    names = dict.fromkeys(name for one in rows for name in one)
    return row, pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))


def _at(element: etree._Element | None, path: list[str]) -> str | None:
    """The text at a path; of elements that come several times all, one after another."""
    found = [] if element is None else [element]
    for step in path:
        if step.startswith("@"):
            return next((one.get(step[1:]) for one in found), None)
        if step == "..":
            found = [above for one in found if (above := one.getparent()) is not None]
        else:
            found = [
                child for one in found for child in one if etree.QName(child).localname == step
            ]
    texts = [one.text.strip() for one in found if one.text and one.text.strip()]
    return " ".join(texts) or None


def _opening(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data[:_HEAD].decode(encoding, errors="replace")


def _safe(**target: object) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        **target,  # type: ignore[arg-type]
    )


def _parsed(what: str, data: bytes) -> etree._ElementTree:
    try:
        _refuse_doctype(what, data)
        return etree.ElementTree(etree.fromstring(data, _safe()))
    except etree.XMLSyntaxError as problem:
        raise FeedRejected(
            f"{what}: line {problem.lineno}: not well-formed XML; send it again"
        ) from problem


def _refuse_doctype(what: str, data: bytes) -> None:
    try:
        etree.fromstring(data, _safe(target=_Head()))
    except _Doctype as problem:
        raise FeedRejected(
            f"{what}: declares a document type (DOCTYPE); remove it, feeds need none"
        ) from problem
    except _RootReached:
        return


@cache
def _schema(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(resources.maps() / "feeds" / f"{kind}.xsd"))
