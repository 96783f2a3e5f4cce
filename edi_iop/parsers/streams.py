"""Open files that can be looked into before they are read, or counted while they are."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

HEAD = 65536
"""As much of a file as tells what it is: an ISA, a feed's header line or root element."""


def ahead(stream: BinaryIO, size: int = HEAD) -> tuple[bytes, BinaryIO]:
    """The first bytes of a stream, and the stream with them still in it."""
    head = b""
    while len(head) < size and (more := stream.read(size - len(head))):
        head += more
    return head, cast(BinaryIO, _Again(head, stream))


class _Read(io.RawIOBase):
    """A stream that has `read` alone to tell."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)


class _Again(_Read):
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._stream.read(size)
        if size < 0:
            given, self._head = self._head, b""
            return given + self._stream.read()
        given, self._head = self._head[:size], self._head[size:]
        return given


class Counted(_Read):
    """A stream that knows how many bytes were read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self.size += len(piece)
        return piece


class Spoken(_Read):
    """A stream that knows which of some words were read from it."""

    def __init__(self, stream: BinaryIO, words: Sequence[bytes]) -> None:
        self._stream, self._words, self._tail = stream, words, b""
        self._longest = max(map(len, words))
        self.heard: set[bytes] = set()

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        told = self._tail + piece
        self.heard.update(one for one in self._words if one not in self.heard and one in told)
        self._tail = told[1 - self._longest :]
        return piece


def said(stream: BinaryIO, words: Sequence[bytes]) -> set[bytes]:
    """Which of these words stand in what is left of a stream."""
    spoken = Spoken(stream, words)
    while spoken.read(HEAD):
        pass
    return spoken.heard


class Kept(_Read):
    """A stream whose bytes can be had again by their offsets, until they are dropped."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._pieces = bytearray()
        self._base = 0

    @property
    def stop(self) -> int:
        """So many bytes were read so far."""
        return self._base + len(self._pieces)

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self._pieces += piece
        return piece

    def between(self, start: int, stop: int) -> bytes:
        return bytes(self._pieces[start - self._base : stop - self._base])

    def drop(self, until: int) -> None:
        """Forgets what stands before."""
        del self._pieces[: until - self._base]
        self._base = until
