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
from collections.abc import Iterator
from dataclasses import dataclass

from edi_iop.findings import Finding

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OFFICE = "[Content_Types].xml"
"""A member by which spreadsheets and text documents are told from archives of files."""
_PIECE = 1 << 16
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


@dataclass(frozen=True)
class Limits:
    """The most an archive may hold, with what is packed inside its members."""

    total: int = 512 * 2**20
    ratio: int = 200
    """Bytes out for one byte in, asked from `slack` on; X12 packs at 10 to 60."""
    slack: int = 16 * 2**20
    members: int = 10_000
    depth: int = 2
    """An archive may hold archives, and those nothing but files."""


LIMITS = Limits()


@dataclass(frozen=True)
class Member:
    """One file of an archive, under the name that messages give it: drop.zip/remit.835."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Unpacked:
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


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as a zip or gzip file does."""
    return data.startswith(_ZIP) or data.startswith(_GZIP)


def unpack(name: str, data: bytes, limits: Limits = LIMITS) -> Unpacked:
    """Every file of the archive; never raises, whatever the bytes are."""
    taking = _Taking(limits, len(data))
    try:
        members = tuple(taking.archive(name, data, 1))
    except _OverBounds as problem:
        return Unpacked((), ((name, problem.finding),))
    if not members and not taking.faults:
        taking.faults.append((name, Finding("ARCHIVE_EMPTY", "the archive holds no file")))
    return Unpacked(members, tuple(taking.faults))


class _Taking:
    """One archive being read: what it has grown to so far, and its faults."""

    def __init__(self, limits: Limits, packed: int) -> None:
        self.limits = limits
        self.most = min(limits.total, max(limits.slack, limits.ratio * packed))
        self.size = self.count = 0
        self.faults: list[tuple[str, Finding]] = []

    def archive(self, name: str, data: bytes, depth: int) -> Iterator[Member]:
        """The files of one archive, those of the archives inside it in their places."""
        try:
            if depth > self.limits.depth:
                says = f"an archive inside {depth - 1} others is not opened"
                raise _Refused("ARCHIVE_NESTED", says)
            parts = self._gzip(name, data) if data.startswith(_GZIP) else self._zip(name, data)
            for part in parts:
                if is_archive(part.content):
                    yield from self.archive(part.name, part.content, depth + 1)
                else:
                    yield part
        except _OverBounds:
            raise
        except _Refused as problem:
            self.faults.append((name, problem.finding))
        except _BROKEN as problem:
            self.faults.append((name, _damage(problem)))

    def _zip(self, name: str, data: bytes) -> Iterator[Member]:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if _is_delivered(entry)]
            if any(entry.filename == _OFFICE for entry in entries):
                raise _Refused("ARCHIVE_METHOD", "an office document, not an archive of files")
            self._grow(sum(entry.file_size for entry in entries), len(entries), settled=False)
            for number, entry in enumerate(entries, start=1):  # one turn a file of the archive
                own = f"{name}/{_harmless(entry.filename)}"
                try:
                    yield Member(own, self._entry(archive, entry))
                except _OverBounds:
                    raise
                except _Refused as problem:
                    self.faults.append((own, _at(number, problem.finding)))
                except _BROKEN as problem:
                    self.faults.append((own, _at(number, _damage(problem))))

    def _entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
        if entry.flag_bits & _ENCRYPTED:
            raise _Refused("ARCHIVE_ENCRYPTED", "it is encrypted")
        if entry.compress_type not in _METHODS:
            raise _Refused("ARCHIVE_METHOD", "it is packed by a method that is not read")
        with archive.open(entry) as packed:
            content = packed.read(self.most - self.size + 1)
        self._grow(len(content), 1)
        return content

    def _gzip(self, name: str, data: bytes) -> Iterator[Member]:
        """The one file a gzip holds, its streams joined; what follows them is a fault beside it."""
        content, at = io.BytesIO(), 0
        while data.startswith(_GZIP, at):
            at = self._stream(data, at, content)
        yield Member(name, content.getvalue())
        if data[at:].strip(b"\x00"):
            raise _Refused("ARCHIVE_DAMAGED", "foreign bytes follow the packed content")

    def _stream(self, data: bytes, at: int, content: io.BytesIO) -> int:
        """One gzip stream inflated, a piece at a time; where it ends."""
        stream = zlib.decompressobj(wbits=31)
        while not stream.eof:
            given = data[at : at + _PIECE]
            piece = stream.decompress(given, 16 * _PIECE)
            at += len(given) - len(stream.unconsumed_tail) - len(stream.unused_data)
            if not given and not piece and not stream.eof:
                raise EOFError
            self._grow(len(piece), 0)
            content.write(piece)
        self._grow(0, 1)
        return at

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
