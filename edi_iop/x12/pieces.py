"""Pieces: files cut into stretches of whole segments, each of one interchange.

A file is read a chunk at a time, so that its size does not matter: an
interchange longer than a chunk comes as several pieces, cut before a claim or
another segment that begins a part of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from edi_iop.findings import Finding
from edi_iop.x12 import separators as sep
from edi_iop.x12.separators import Separators

CHUNK = 18 * 2**18
"""Bytes worked on at a time."""
_PATIENCE, _MOST = 4, 8 * 2**20
"""Chunks, or bytes, that one claim or 999 may fill before it is cut in its middle."""
_BEGINNERS = (
    (b"CLP", (b"HL", b"20", b"22", b"PT"), b"ST"),
    (b"CLM",),
)
"""Segments before which an interchange may be cut, the first kinds rather than the second.

What they begin needs nothing of what stands before but the headers around it. An HL is named
with its levels: what stands below one of those stays with it.
"""
_LINES = (b"LX", b"SVC", b"AK2")
"""Segments before which a claim, or a 999, is cut that is longer than can be waited for: its lines, or
its answers to sets, stay whole. A 999 says last what it says of its group."""
_BLANK = b" \t\r\n\x00\x1a"
_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"(?<![A-Za-z0-9])(?:GS|ST)[^A-Za-z0-9\s]")
_GLANCE = 1024
"""As much of the next segment as tells where it belongs."""
_STRETCH = 2**18
"""Bytes looked at together: as many as fit a processor's cache."""
_NEAR, _WIDER = 64 * 1024, 8
"""As much of a chunk's end as is searched first for a place to cut, and how much more each time."""
_LEVEL = 3
"""The element of an HL that names its level."""
_NARROWEST, _WIDEST = 40, 300
"""Lines of a file that some system has wrapped."""


class Piece(msgspec.Struct, frozen=True):
    """Whole segments of one interchange (or of a bare GS or ST) of one file."""

    file: int
    start: int
    """Byte offset in the file."""
    data: bytes
    separators: Separators
    opens: bool
    """The interchange begins with it."""
    following: bytes | None = None
    """Where the interchange goes on: how its next segment begins."""

    @property
    def wrapped(self) -> bool:
        """Whether line breaks stand at a fixed width, and so inside segments."""
        terminator = self.separators.terminator
        return terminator not in b"\r\n" and _is_wrapped(self.data, terminator)


class Room(msgspec.Struct):
    """For the next chunk: another size may be set before each."""

    size: int = CHUNK


def of_file(file: int, stream: BinaryIO, room: Room | None = None) -> Iterator[Piece | Finding]:
    """The pieces of one file in order, and what is wrong between them."""
    return _File(file, _Window(stream, room or Room())).pieces()


class _Window:
    """The part of a file in memory: `data` begins at byte `base`; a chunk or more until the end."""

    def __init__(self, stream: BinaryIO, room: Room) -> None:
        self._stream, self._room = stream, room
        self.base, self.data = 0, b""
        self.ended = False
        self.more()

    def drop(self, until: int) -> None:
        """Forgets what stands before."""
        self.base += until
        self.data = self.data[until:]

    def move(self, until: int) -> None:
        """Forgets what stands before, and reads as much again."""
        self.drop(until)
        if len(self.data) < self._room.size:
            self.more()

    def more(self) -> None:
        """Reads on; a pipe may give less than it was asked for.

        As much again as there is: what is searched anew each time stays in proportion to it.
        """
        wanted = len(self.data) + max(self._room.size, len(self.data))
        parts = [self.data] if self.data else []
        held = len(self.data)
        while held < wanted and not self.ended:
            part = self._stream.read(wanted - held)
            self.ended = not part
            parts.append(part)
            held += len(part)
        self.data = b"".join(parts)

    def next_segment(self, place: int, terminator: bytes) -> bytes:
        """How the segment at a place begins."""
        return self.data[place : place + _GLANCE].split(terminator)[0]

    @property
    def patient(self) -> bool:
        """Whether there is room to wait for a better place to cut."""
        return len(self.data) < max(self._room.size, min(_PATIENCE * self._room.size, _MOST))


class _Garbage:
    """Bytes that belong to no interchange, until the next one begins."""

    def __init__(self) -> None:
        self.start = self.stop = 0
        self.header = False

    def add(self, data: bytes, offset: int) -> None:
        left = data.removeprefix(_BOM) if offset == 0 else data
        offset += len(data) - len(left)
        content = left.strip(_BLANK)
        if not content:
            return
        begin = offset + len(left) - len(left.lstrip(_BLANK))
        self.start = self.start if self.stop else begin
        self.stop = begin + len(content)
        self.header = self.header or _HEADER.search(content) is not None

    def findings(self) -> list[Finding]:
        """What is wrong with them, if there are any."""
        if not self.stop:
            return []
        says = f"{self.stop - self.start} bytes belong to no interchange"
        if self.header:
            says = f"{says}, a GS or ST among them"
        return [Finding("NO_ENVELOPE" if self.header else "GARBAGE", says, byte_offset=self.start)]


class _File:
    """One file on its way through the window."""

    def __init__(self, file: int, window: _Window) -> None:
        self.file, self.window = file, window
        self.garbage = _Garbage()
        self.place = 0
        """Up to here the window is accounted for."""

    def pieces(self) -> Iterator[Piece | Finding]:
        bare = sep.of_bare(self.window.data)
        if bare is None or _has_header(self.window.data):
            yield from self._enveloped()
        else:
            yield from self._bare(*bare)

    def _enveloped(self) -> Iterator[Piece | Finding]:
        """The interchanges of a file, and what lies between them."""
        after = interchanges = 0
        damaged = False
        # One turn an interchange, never a segment.
        while (start := self._isa(after)) is not None:
            header = sep.of_isa(self.window.data, start)
            after = start + 3
            if header is None and damaged:
                continue  # Damage that runs on is one fault.
            damaged = header is None
            yield from self._skipped(start)
            yield from _of_header(header, self.window.data, start, self.window.base)
            self.place = after
            if header is not None:
                interchanges += 1
                yield from self._interchange(start, header.separators)
                after = self.place
        rest = self._skipped(len(self.window.data))
        if interchanges:
            yield from rest
        elif not damaged:
            yield _without_x12(rest)

    def _isa(self, after: int) -> int | None:
        """Where the next ISA stands in the window, which moves on until there is one."""
        window = self.window
        while True:
            start = _next_isa(window.data, after)
            if window.ended or (start is not None and sep.tells(window.data, start)):
                return start
            keep = max(len(window.data) - 3, after) if start is None else start
            self._skip(keep)
            if keep:
                window.move(keep)
            else:
                window.more()
            self.place = after = 0

    def _skip(self, until: int) -> None:
        part = self.window.data[self.place : until]
        self.garbage.add(part, self.window.base + self.place)

    def _skipped(self, until: int) -> list[Finding]:
        """What is wrong with the bytes between the last interchange and this place."""
        self._skip(until)
        found, self.garbage = self.garbage.findings(), _Garbage()
        return found

    def _interchange(self, start: int, separators: Separators) -> Iterator[Piece]:
        """An interchange from its ISA on, to its IEA, the next ISA, or the end of the file."""
        window, opens = self.window, True
        while True:
            stop = _end(window.data, start, opens, separators, window.ended)
            closes = stop is not None
            if stop is None and start:
                window.move(start)
                start = 0
                continue
            if stop is None:
                stop = _cut(window.data, separators, window.patient)
            if stop is None:
                window.more()
                continue
            following = None if closes else window.next_segment(stop, separators.terminator)
            data = window.data[start:stop]
            held = [Piece(self.file, window.base + start, data, separators, opens, following)]
            if closes:
                self.place = stop
                yield held.pop()
                return
            del data
            window.drop(stop)
            yield held.pop()  # nothing is held twice while the piece is worked on
            window.move(0)
            start, opens = 0, False

    def _bare(self, start: int, separators: Separators) -> Iterator[Piece | Finding]:
        """A file that begins with a GS or ST: read as one interchange."""
        says = "the file has no ISA; separators are guessed"
        yield Finding("NO_ENVELOPE", says, byte_offset=start)
        yield from self._interchange(start, separators)


def _has_header(data: bytes) -> bool:
    """Whether an ISA that can be read is among the first bytes of a file."""
    start = _next_isa(data, 0)
    while start is not None and sep.of_isa(data, start) is None:
        start = _next_isa(data, start + 3)
    return start is not None


def _without_x12(rest: list[Finding]) -> Finding:
    if not rest:
        return Finding("EMPTY_FILE", "the file is empty", byte_offset=0)
    says = "neither X12 (no ISA, GS or ST at its start) nor a feed we know"
    return Finding("NOT_X12", says, byte_offset=0)


def _of_header(header: sep.Header | None, data: bytes, at: int, base: int) -> list[Finding]:
    """What is wrong with the ISA at an offset of a window that begins at `base`."""
    faults: list[tuple[sep.Fault | None, str | None]] = []
    if header is None:
        damage = sep.damage(data, at)
        faults.append((damage.fault, damage.remains))
    else:
        faults += [(header.unpadded, None), (header.fault, None)]
    return [
        Finding(
            one.code,
            one.says,
            byte_offset=base + at,
            segment="ISA",
            element=one.element,
            value=value,
        )
        for one, value in faults
        if one is not None
    ]


def _next_isa(data: bytes, place: int) -> int | None:
    """Offset of the next ISA that begins a segment, or None; an interchange may have ended at the place."""
    ended = place
    while (at := data.find(b"ISA", place)) >= 0:
        inside = at > ended and data[at - 1 : at].isalnum()
        after = data[at + 3 : at + 4]
        if after and not after.isalnum() and not after.isspace() and not inside:
            return at
        place = at + 3
    return None


def _end(data: bytes, start: int, opens: bool, separators: Separators, ended: bool) -> int | None:
    """Where an interchange ends: after its IEA, before the next ISA, or with the file."""
    terminator = separators.terminator
    begin = start + 3 if opens else start
    if not _may_end(data, begin):
        return len(data) if ended else None
    following = _following(data, begin, terminator)
    # Looked for no further than that: a file of many interchanges without IEA is read once.
    stop = len(data) if following is None else following
    trailer = _segment(data, b"IEA" + separators.element, begin, stop, terminator)
    end = -1 if trailer is None else data.find(terminator, trailer, stop)
    if end >= 0:
        return end + 1
    return stop if following is not None or ended else None


def _may_end(data: bytes, begin: int) -> bool:
    """Whether any ISA or IEA stands behind a place, if in a name: in most chunks of a large file none."""
    text = np.frombuffer(data, dtype=np.uint8)[begin:]
    return any(
        _names_isa_or_iea(text[at : at + _STRETCH + 2]) for at in range(0, len(text), _STRETCH)
    )


def _names_isa_or_iea(text: npt.NDArray[np.uint8]) -> bool:
    found = text[:-2] == ord("I")
    found &= text[2:] == ord("A")
    middle = text[1:-1][found]
    return bool(((middle == ord("S")) | (middle == ord("E"))).any())


def _following(data: bytes, place: int, terminator: bytes) -> int | None:
    """Offset of the next ISA: at a segment's start, or whole in the midst of one that is torn off."""
    while (at := data.find(b"ISA", place)) >= 0:
        if at == 0 or _begins(data, at, terminator):
            return at
        header = sep.of_isa(data, at)
        if header is not None and header.unpadded is None:
            return at
        place = at + 3
    return None


def _cut(data: bytes, separators: Separators, patient: bool) -> int | None:
    """Where a chunk of an interchange may end; None where more of it must be read first."""
    for heads in _BEGINNERS if patient else (*_BEGINNERS, _LINES):
        best = _last_of(data, heads, separators)
        if best is not None:
            return best
    if patient:
        return None
    behind = data.rfind(separators.terminator) + 1
    return behind or None


def _last_of(
    data: bytes, heads: Iterable[bytes | tuple[bytes, ...]], separators: Separators
) -> int | None:
    """Offset of the last segment of these ids.

    Most often one stands near the end; what is in no file is not looked for in all of it.
    """
    begin, reach = len(data), _NEAR
    while begin:
        begin = max(0, len(data) - reach)
        found = [_last(data, head, separators, begin) for head in heads]
        best = max((at for at in found if at is not None), default=None)
        if best is not None:
            return best
        reach *= _WIDER
    return None


def _last(
    data: bytes, head: bytes | tuple[bytes, ...], separators: Separators, begin: int
) -> int | None:
    """Offset of the last segment of that id (and one of those levels) from `begin` on.

    One at the very start is none to cut before.
    """
    name, *levels = head if isinstance(head, tuple) else (head,)
    stop = len(data)
    while (at := data.rfind(name + separators.element, max(begin, 1), stop)) >= 0:
        if _begins(data, at, separators.terminator):
            elements = data[at : at + _GLANCE].split(separators.element, 4) if levels else []
            if not levels or (len(elements) > _LEVEL and elements[_LEVEL] in levels):
                return at
        stop = at
    return None


def _segment(data: bytes, head: bytes, place: int, stop: int, terminator: bytes) -> int | None:
    """Offset of the next segment that begins with these bytes, or None."""
    while (at := data.find(head, place, stop)) >= 0:
        if at == 0 or _begins(data, at, terminator):
            return at
        place = at + len(head)
    return None


def _begins(data: bytes, at: int, terminator: bytes) -> bool:
    """Whether a segment begins here: only blanks stand between it and a terminator."""
    blank = _BLANK if terminator not in _BLANK else b" \t"
    return data[max(0, at - 200) : at].rstrip(blank).endswith(terminator)


def _is_wrapped(data: bytes, terminator: bytes) -> bool:
    """Whether every line has the same width, wherever its segments end."""
    first = data.find(b"\n", 0, _WIDEST)
    width = data.find(b"\n", first + 1, first + 1 + _WIDEST) - first
    lines = data[first::width] if first >= 0 and width > _NARROWEST else b""
    if len(lines) < 2 or lines.count(b"\n") < len(lines):
        return False
    before = first - 2 if data[first - 1 : first] == b"\r" else first - 1
    return data[before::width].count(terminator) < len(lines)
