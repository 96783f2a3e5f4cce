"""HL7 v2 charges and visits: messages to rows (HL7 2.3 to 2.8, DFT^P03 and ADT^A01, A03, A08, A13).

A row of `encounters` is an FT1 segment, or what an ADT says of the end of a visit (`@discharge`); a row
of `clients` an IN1. Columns are named as the
standard names fields, and only those that the layout (maps/feeds/layouts/hl7.toml) asks for are
taken: PID-3 is the first component of each repetition, PID-5.2 the second, PID-3[MR] that of the
repetition in which some component is MR; DG1-3 those of all DG1 in the order of their priority.
`@version` is the time of the message as a number.

The library python-hl7 splits messages and undoes escapes. Segments are put into messages here,
since it drops their lines, and since partners write CR, LF or both, with or without the frames of
MLLP and of batches (FHS, BHS).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

import hl7
import hl7.util
import msgspec
import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.parsers.feed_layout import Layout, folded
from edi_iop.parsers.feed_mapping import Flat
from edi_iop.parsers.feed_sheet import SEVERAL, conformed, no_findings
from edi_iop.texts import composed

HEADS = ("MSH", "FHS", "BHS")
CHARGES = ("DFT", frozenset({"P03"}))
VISITS = ("ADT", frozenset({"A01", "A03", "A08", "A13"}))

_FRAME = dict.fromkeys(map(ord, "\x0b\x1c\ufeff"))
_PATH = re.compile(r"^([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+))?(?:\[(\w+)\])?$")
_VERSION = "@version"
_DELETED = '""'
"""A field that holds it is emptied by the sender."""
_CREDIT = "CD"
_DISCHARGED, _RETURNED = "A03", "A13"
_DISCHARGE = "@discharge"
"""Of the row of an ADT that a visit has ended (discharge), or that it has not (cancel)."""
_OF_VISIT = "@visit"
"""Names that row: all that is said of a visit's end is one record."""
_DISCHARGED_ON = "@discharged"
"""When A03 happened, by EVN; PV1-45 goes first."""
_RECORD_NUMBER = "PID-3[MR]"
_SAME_CHARGE = ("FT1-4", "FT1-7", "FT1-25", "FT1-10")
_ALSO = (_RECORD_NUMBER, "PID-3", "PV1-19", "PID-18", "PV1-45", "FT1-2", "FT1-6", *_SAME_CHARGE)
"""Fields that are read whatever the layout asks for."""
_TIME_DIGITS = 14

_ESCAPE = r"(?:[HNFSTRE]|X(?:[0-9A-Fa-f]{2})+|\.(?:br|fi|nf|ce|(?:sp|in|ti|sk)\d*))"
"""What the library undoes. Anything else it would write into the log, and that may be a name."""


Row = dict[str, str]


class _Path(msgspec.Struct, frozen=True):
    """A field as a layout names it."""

    segment: str
    field: int
    component: int
    mark: str | None

    @classmethod
    def of(cls, name: str) -> _Path | None:
        found = _PATH.match(name)
        if found is None:
            return None
        return cls(found[1], int(found[2]), int(found[3] or 1), found[4])


class _Message(msgspec.Struct):
    """The lines of a message, the first of them with its number in the file."""

    line: int
    lines: list[str]


class _Found(msgspec.Struct):
    """What the file has told so far."""

    charges: list[tuple[int, Row]] = msgspec.field(default_factory=list)
    ends: list[tuple[int, Row]] = msgspec.field(default_factory=list)
    coverages: list[tuple[int, Row]] = msgspec.field(default_factory=list)
    visits: dict[tuple[str | None, ...], Row] = msgspec.field(default_factory=dict)
    people: dict[str | None, Row] = msgspec.field(default_factory=dict)
    faults: list[tuple[int, str, str]] = msgspec.field(default_factory=list)
    unused: dict[str, int] = msgspec.field(default_factory=dict)


def is_hl7(data: bytes) -> bool:
    """Whether the bytes begin as a message or batch of HL7 v2 does."""
    head = data[:64].decode("latin-1").lstrip("\x0b\x1c\r\n \xef\xbb\xbf")
    return head[:3] in HEADS and len(head) > 3 and not head[3].isalnum()


def flats(layout: Layout, data: bytes) -> dict[str, Flat]:
    """The rows of each feed; FeedRejected where nothing in the file is a message."""
    paths = {name: path for name in layout.reads if (path := _Path.of(name)) is not None}
    paths |= {name: path for name in _ALSO if (path := _Path.of(name)) is not None}
    found = _Found()
    messages = list(_messages(_text(data), found))
    if not messages:
        raise FeedRejected(
            "HL7 feed: no message (MSH) in the file; ask the sender what it should hold"
        )
    for message in messages:  # a message is a tree of its own separators: no columns yet
        _take(message, paths, found)
    _complete(found)
    _net(found)
    names = sorted({*paths, _VERSION, _DISCHARGE, _OF_VISIT, _DISCHARGED_ON})
    return {
        "encounters": Flat(_frame([*found.charges, *found.ends], names), "line", _faults(found)),
        "clients": Flat(_frame(found.coverages, names), "line"),
    }


def _text(data: bytes) -> str:
    """UTF-8, else Windows-1252: MSH-18 is seldom right."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _messages(text: str, found: _Found) -> Iterator[_Message]:
    """The messages of a file, batch or stream; what a batch's trailer counts is held against them."""
    message: _Message | None = None
    count = 0
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        segment = line.translate(_FRAME).strip()
        name = segment[:3]
        if name == "BHS":
            count = 0
        elif name == "BTS":
            said = re.match(r"BTS.(\d+)", segment)
            if said and int(said[1]) != count:
                says = f"the batch's trailer (BTS) counts {said[1]} messages, there are {count}"
                found.faults.append((number, "FEED_COUNT_WRONG", says))
        elif name == "MSH":
            if message is not None:
                yield message
            message, count = _Message(number, [segment]), count + 1
        elif message is not None and segment and name not in ("FHS", "FTS"):
            message.lines.append(segment)
        elif segment and name not in ("FHS", "FTS"):
            says = "a segment before the first message (MSH)"
            found.faults.append((number, "FEED_MESSAGE_INVALID", says))
        elif message is not None and not segment:
            message.lines.append("")  # so that lines keep their numbers
    if message is not None:
        yield message


def _take(message: _Message, paths: dict[str, _Path], found: _Found) -> None:
    """Adds the rows of one message, or says why there are none."""
    try:
        tree = hl7.parse("\r".join(message.lines))
        kind, event = _one(tree, "MSH", 9, 1), _one(tree, "MSH", 9, 2)
        segments = list(zip(range(message.line, message.line + len(tree)), tree, strict=True))
    except (hl7.HL7Exception, IndexError, ValueError, KeyError):
        says = "a message whose header (MSH) cannot be read"
        found.faults.append((message.line, "FEED_MESSAGE_INVALID", says))
        return
    is_charge = kind == CHARGES[0] and event in CHARGES[1]
    if not is_charge and not (kind == VISITS[0] and event in VISITS[1]):
        name = f"{kind or 'no type'}^{event or ''}"
        found.unused[name] = found.unused.get(name, 0) + 1
        return
    around = _row(tree, segments, paths, skip=("FT1", "IN1"))
    around[_VERSION] = _version(_one(tree, "MSH", 7, 1))
    found.people.setdefault(_client(around), {}).update(_of(around, "PID-"))
    coverages = [(line, one) for line, one in segments if _name(one) == "IN1"]
    for line, one in coverages:
        found.coverages.append((line, {**around, **_row(tree, [(line, one)], paths)}))
    if not is_charge:
        found.visits.setdefault(_visit(around), {}).update(_of(around, "PV1-"))
        if event in (_DISCHARGED, _RETURNED) or around.get("PV1-45"):
            happened = _one(tree, "EVN", 6, 1) or _one(tree, "EVN", 2, 1)
            visit = around.get("PV1-19") or around.get("PID-18")
            own = {_DISCHARGE: "cancel" if event == _RETURNED else "discharge"}
            own |= {_OF_VISIT: f"{visit}/discharge"} if visit else {}
            own |= {_DISCHARGED_ON: happened} if event == _DISCHARGED and happened else {}
            found.ends.append((message.line, {**around, **own}))
        return
    primary = _row(tree, coverages[:1], paths)
    for line, one in segments:
        if _name(one) == "FT1":
            own = _row(tree, [(line, one)], paths)
            found.charges.append((line, {**around, **primary, **own}))


def _row(
    tree: hl7.Message,
    segments: Iterable[tuple[int, hl7.Segment]],
    paths: dict[str, _Path],
    skip: tuple[str, ...] = (),
) -> dict[str, str]:
    """The fields asked for of these segments; of a segment that repeats all values, in order."""
    by_name: dict[str, list[hl7.Segment]] = {}
    for _, segment in segments:
        by_name.setdefault(_name(segment), []).append(segment)
    by_name["DG1"] = sorted(by_name.get("DG1", []), key=lambda one: _rank(tree, one))
    row = {}
    for name, path in paths.items():
        if path.segment in skip or path.segment not in by_name:
            continue
        values = [value for one in by_name[path.segment] for value in _values(tree, one, path)]
        if values:
            row[name] = SEVERAL.join(values)
    return row


def _name(segment: hl7.Segment) -> str:
    return str(segment[0]) if len(segment) else ""


def _rank(tree: hl7.Message, segment: hl7.Segment) -> int:
    """DG1-15 priority (1 is principal), else DG1-1 set id."""
    for place in (15, 1):
        value = next(iter(_values(tree, segment, _Path("DG1", place, 1, None))), "")
        if value.isdigit():
            return int(value)
    return len(str(segment))


def _values(tree: hl7.Message, segment: hl7.Segment, path: _Path) -> Iterator[str]:
    """One component of each repetition of a field, escapes undone, empty ones left out."""
    if path.field >= len(segment):
        return
    for repetition in segment[path.field]:
        parts = repetition if isinstance(repetition, hl7.Repetition) else [repetition]
        texts = [_plain(tree, part) for part in parts]
        if path.mark is not None and path.mark not in texts:
            continue
        value = texts[path.component - 1] if path.component <= len(texts) else ""
        if value and value != _DELETED:
            yield value


def _plain(tree: hl7.Message, part: object) -> str:
    """The first subcomponent as text; what no escape stands for stays as it is."""
    first = str(part[0]) if isinstance(part, hl7.Component) and len(part) else str(part)
    if tree.esc in first and _escapes(tree.esc).fullmatch(first):
        first = str(hl7.util.unescape(tree, first))
    return first.strip()


@cache
def _escapes(mark: str) -> re.Pattern[str]:
    """Texts all of whose escapes are known and closed."""
    own = re.escape(mark)
    return re.compile(f"(?:[^{own}]|{own}{_ESCAPE}{own})*", re.DOTALL)


def _one(tree: hl7.Message, segment: str, place: int, component: int) -> str | None:
    path = _Path(segment, place, component, None)
    found = next((one for one in tree if _name(one) == segment), None)
    return None if found is None else next(_values(tree, found, path), None)


def _version(time: str | None) -> str:
    """20260105 and 20260105120000 as numbers of one length."""
    digits = re.match(r"\d{8,14}", time or "")
    return digits[0].ljust(_TIME_DIGITS, "0") if digits else ""


def _client(row: Row) -> str | None:
    return row.get(_RECORD_NUMBER) or row.get("PID-3")


def _visit(row: Row) -> tuple[str | None, ...]:
    return (_client(row), row.get("PV1-19"))


def _of(row: Row, segment: str) -> Row:
    return {name: value for name, value in row.items() if name.startswith(segment)}


def _complete(found: _Found) -> None:
    """What other messages of the file say of the same client and visit, where a row does not."""
    for _, row in (*found.charges, *found.coverages):
        for name, value in {
            **found.people[_client(row)],
            **found.visits.get(_visit(row), {}),
        }.items():
            row.setdefault(name, value)


def _net(found: _Found) -> None:
    """Credits that have a transaction id of their own take that of the charge they undo.

    The charge is known by client, date, procedure and quantity; the last one not yet undone.
    """
    ids = {row.get("FT1-2") for _, row in found.charges if row.get("FT1-6") != _CREDIT}
    standing: dict[tuple[str | None, ...], list[str]] = {}
    for line, row in found.charges:
        key = (_client(row), *(row.get(name) for name in _SAME_CHARGE))
        if row.get("FT1-6") != _CREDIT:
            standing.setdefault(key, []).append(row.get("FT1-2", ""))
        elif row.get("FT1-2") not in ids:
            if standing.get(key):
                row["FT1-2"] = standing[key].pop()
            else:
                says = "a credit for no charge of this file"
                found.faults.append((line, "FEED_CREDIT_UNMATCHED", says))


def _frame(rows: list[tuple[int, Row]], names: list[str]) -> pl.DataFrame:
    columns = [pl.Series("row", [line for line, _ in rows], pl.Int64)]
    columns += [
        pl.Series(folded(name), [row.get(name) for _, row in rows], pl.String) for name in names
    ]
    return pl.DataFrame(columns)


def _faults(found: _Found) -> pl.DataFrame:
    placed = pl.DataFrame(
        found.faults, schema={"row": pl.Int64, "code": pl.String, "says": pl.String}, orient="row"
    )
    unused = pl.DataFrame(
        {
            "says": [
                f"not read: {name}, {count:,} in the file" for name, count in found.unused.items()
            ]
        },
        schema={"says": pl.String},
    )
    return pl.concat(
        [
            no_findings(),
            conformed(placed.with_columns(place=composed("line {}", "row"))),
            conformed(unused.with_columns(code=pl.lit("FEED_MESSAGE_UNUSED"))),
        ]
    )
