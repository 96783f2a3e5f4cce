"""Archives: the files inside a .zip or .gz, within bounds on what they may grow to (CONTRACT, Inbound).

Recognised by content, never by name. Nothing is written here, and a member's
own path is shown but never used as a path. What cannot be had is a Finding;
the members beside it are read all the same. An archive that breaks a bound is
refused as a whole, so that nobody takes half of it for everything.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, cast

import msgspec

from edi_iop.findings import Finding

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OFFICE = "[Content_Types].xml"
"""A member by which spreadsheets and text documents are told from archives of files."""
_PIECE = 1 << 16
_UNPACKED = 1 << 20
"""Bytes unpacked at a time."""
HEAD = 8
"""As much as tells an archive from another file."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
"""What the readers raise for bytes that are no whole archive."""


class Limits(msgspec.Struct, frozen=True):
    """The most an archive may hold, with what is packed inside its members."""

    total: int = 512 * 2**20
    ratio: int = 200
    """Bytes out for one byte in, asked from `slack` on; X12 packs at 10 to 60."""
    slack: int = 16 * 2**20
    members: int = 10_000
    depth: int = 2
    """An archive may hold archives, and those nothing but files."""


LIMITS = Limits()


class Member(msgspec.Struct, frozen=True):
    """One file of an archive, under the name that messages give it: drop.zip/remit.835."""

    name: str
    content: bytes


class Unpacked(msgspec.Struct, frozen=True):
    """The files of an archive, and by the name of each what could not be had, and why."""

    members: tuple[Member, ...]
    faults: tuple[tuple[str, Finding], ...]


class _Refused(Exception):
    """One member cannot be had; its finding says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.finding = Finding(code, message)


class _OverBounds(_Refused):
    """The whole archive is refused."""


class Packed(msgspec.Struct, frozen=True):
    """One file of an archive that can be had, still packed."""

    name: str
    open: Callable[[], BinaryIO]
    """Its content from the beginning; the archive's own file must still be open."""


class Contents(msgspec.Struct, frozen=True):
    """The files of an archive as streams, and by the name of each what could not be had, and why."""

    members: tuple[Packed, ...]
    faults: tuple[tuple[str, Finding], ...]


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as a zip or gzip file does."""
    return data.startswith(_ZIP) or data.startswith(_GZIP)


def unpack(name: str, data: bytes, limits: Limits = LIMITS) -> Unpacked:
    """Every file of the archive; never raises, whatever the bytes are."""
    found = contents(name, io.BytesIO(data), limits)
    members = tuple(Member(one.name, one.open().read()) for one in found.members)
    return Unpacked(members, found.faults)


def contents(name: str, file: BinaryIO, limits: Limits = LIMITS) -> Contents:
    """Every file of the archive, to be read as a stream; never raises, whatever the bytes are.

    All of it is unpacked once beforehand, a piece at a time and kept nowhere: what is
    damaged or beyond the bounds is known before anything is read. Only an archive inside
    an archive is held, packed. file: seekable.
    """
    taking = _Taking(limits, file.seek(0, io.SEEK_END))
    try:
        members = tuple(taking.archive(name, file, 1))
    except _OverBounds as problem:
        return Contents((), ((name, problem.finding),))
    if not members and not taking.faults:
        taking.faults.append((name, Finding("ARCHIVE_EMPTY", "the archive holds no file")))
    return Contents(members, tuple(taking.faults))


class _Taking:
    """One archive being looked through: what it has grown to so far, and its faults."""

    def __init__(self, limits: Limits, packed: int) -> None:
        self.limits = limits
        self.most = min(limits.total, max(limits.slack, limits.ratio * packed))
        self.size = self.count = 0
        self.faults: list[tuple[str, Finding]] = []

    def archive(self, name: str, file: BinaryIO, depth: int) -> Iterator[Packed]:
        """The files of one archive, those of the archives inside it in their places."""
        try:
            if depth > self.limits.depth:
                says = f"an archive inside {depth - 1} others is not opened"
                raise _Refused("ARCHIVE_NESTED", says)
            parts = self._gzip(name, file) if _begins(file, _GZIP) else self._zip(name, file)
            for part in parts:
                head = part.open()
                if is_archive(head.read(HEAD)):
                    inner = part.open().read()
                    yield from self.archive(part.name, io.BytesIO(inner), depth + 1)
                else:
                    yield part
        except _OverBounds:
            raise
        except _Refused as problem:
            self.faults.append((name, problem.finding))
        except _BROKEN as problem:
            self.faults.append((name, _damage(problem)))

    def _zip(self, name: str, file: BinaryIO) -> Iterator[Packed]:
        archive = zipfile.ZipFile(file)  # as long open as its members are read
        entries = [entry for entry in archive.infolist() if _is_delivered(entry)]
        if any(entry.filename == _OFFICE for entry in entries):
            raise _Refused("ARCHIVE_METHOD", "an office document, not an archive of files")
        self._grow(sum(entry.file_size for entry in entries), len(entries), settled=False)
        for number, entry in enumerate(entries, start=1):  # one turn a file of the archive
            own = f"{name}/{_harmless(entry.filename)}"
            try:
                self._entry(archive, entry)
            except _OverBounds:
                raise
            except _Refused as problem:
                self.faults.append((own, _at(number, problem.finding)))
            except _BROKEN as problem:
                self.faults.append((own, _at(number, _damage(problem))))
            else:
                yield Packed(own, partial(_opened, archive, entry))

    def _entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        """Reads a member through: raises what is wrong with it."""
        if entry.flag_bits & _ENCRYPTED:
            raise _Refused("ARCHIVE_ENCRYPTED", "it is encrypted")
        if entry.compress_type not in _METHODS:
            raise _Refused("ARCHIVE_METHOD", "it is packed by a method that is not read")
        with archive.open(entry) as packed:
            while piece := packed.read(_UNPACKED):
                self._grow(len(piece), 0)
        self._grow(0, 1)

    def _gzip(self, name: str, file: BinaryIO) -> Iterator[Packed]:
        """The one file a gzip holds, its streams joined; what follows them is a fault beside it."""
        content = _Inflated(file)
        while piece := content.read(_UNPACKED):
            self._grow(len(piece), 0)
            self._grow(0, content.streams - self.count, settled=False)
        self._grow(0, content.streams)
        yield Packed(name, partial(_inflated, file))
        if content.foreign:
            raise _Refused("ARCHIVE_DAMAGED", "foreign bytes follow the packed content")

    def _grow(self, size: int, count: int, *, settled: bool = True) -> None:
        """Counts what was read, or asks beforehand what an archive says it will grow to."""
        if self.size + size > self.most:
            says = f"unpacked it grows beyond {self.most // 2**20:,} MB"
            raise _OverBounds("ARCHIVE_TOO_LARGE", says)
        if self.count + count > self.limits.members:
            says = f"it holds more than {self.limits.members:,} files"
            raise _OverBounds("ARCHIVE_TOO_LARGE", says)
        if settled:
            self.size += size
            self.count += count


class _Inflated(io.RawIOBase):
    """What a gzip file holds, as a stream: its gzip streams joined, and what is foreign after them."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self._file, self._packed = file, b""
        self._stream: zlib._Decompress | None = None
        self.streams = 0
        self.foreign = False
        """Other bytes than padding follow the last stream."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        piece = self._next(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, most: int) -> bytes:
        """So many bytes at most; none after the last. Raises what zlib does, EOFError where it is cut off."""
        while self._stream is not None or self._begins():
            stream = self._stream or zlib.decompressobj(wbits=31)
            self._stream = stream
            given = self._packed or self._file.read(_PIECE)
            piece = stream.decompress(given, most)
            self._packed = stream.unused_data if stream.eof else stream.unconsumed_tail
            if stream.eof:
                self._stream, self.streams = None, self.streams + 1
            elif not given and not piece:
                raise EOFError
            if piece:
                return piece
        return b""

    def _begins(self) -> bool:
        """Whether another gzip stream follows."""
        while len(self._packed) < len(_GZIP) and (more := self._file.read(_PIECE)):
            self._packed += more
        if self._packed.startswith(_GZIP):
            return True
        while self._packed and not self.foreign:
            self.foreign = bool(self._packed.strip(b"\x00"))
            self._packed = self._file.read(_PIECE)
        return False


def _inflated(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Inflated(file), _UNPACKED))


def _opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO:
    return cast(BinaryIO, archive.open(entry))


def _begins(file: BinaryIO, head: bytes) -> bool:
    file.seek(0)
    return file.read(len(head)) == head


def _damage(problem: BaseException) -> Finding:
    says = "cut off" if isinstance(problem, EOFError) else "damaged"
    return Finding("ARCHIVE_DAMAGED", f"it is {says} and cannot be unpacked")


def _at(number: int, finding: Finding) -> Finding:
    """The finding with the member's place: its name may tell of a person."""
    return Finding(finding.code, f"file {number} of the archive: {finding.message}")


def _is_delivered(entry: zipfile.ZipInfo) -> bool:
    """A file, and none of those that systems leave behind (.DS_Store, __MACOSX), as in folders."""
    parts = entry.filename.split("/")
    left_behind = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return not entry.is_dir() and not left_behind and parts[0] != "__MACOSX"


def _harmless(name: str) -> str:
    """A member's own path as text that can be shown: one line, relative, without steps upward."""
    parts = name.replace("\\", "/").split("/")
    shown = "/".join(part for part in parts if part not in ("", ".", ".."))
    return "".join(one if one.isprintable() else "·" for one in shown) or "·"
