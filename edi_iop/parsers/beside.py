"""A second process that reads chunks for this one: a chunk goes there, its batch comes back.

It is this interpreter again, spoken to through its standard input and output; it ends with them.
Chunks go and batches come back in files without a name (tables.passing).
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from time import perf_counter
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, cast

import msgspec

from edi_iop.errors import Ended
from edi_iop.parsers.x12 import Asked, Batch, Left, drafted, frame, made, step
from edi_iop.processes import READER, Other, begun, spoken
from edi_iop.tables.passing import place, taken, write
from edi_iop.x12.segments import Part


class Lent(msgspec.Struct, frozen=True):
    """A chunk the other process reads."""

    follow: Callable[[Left], None]
    """Says what the chunk before it left open, without which it is only split."""
    _left: Future[Any]
    _written: Future[Any]
    _file: BinaryIO
    _waited: Callable[[float], None]
    """Told the seconds the other process waited for this one, and, below 0, this one for it."""

    @property
    def done(self) -> bool:
        return self._written.done()

    def left(self) -> Left:
        """What it leaves open; waited for."""
        return cast(Left, self._awaited(self._left))

    def batch(self) -> Batch:
        """Its tables and findings; waited for."""
        self._waited(cast(float, self._awaited(self._written)))
        return made(cast(Batch, taken(self._file)))

    def _awaited(self, answer: Future[Any]) -> object:
        begun = perf_counter()
        told = _told(answer)
        self._waited(begun - perf_counter())
        return told


class Beside:
    """The other process, begun when it pays; raises Ended where it is no more."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._other: Other | None = None
        # A pipe holds little: what goes into it and comes out of it waits in a thread each.
        self._saying, self._hearing = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._greeting: Future[Any] = Future()
        self._lent = 0
        self._longer = 0.0

    def __enter__(self) -> Self:
        return self

    def begin(self) -> None:
        """Starts it, once; it takes a moment until it is `ready`, where it was not begun ahead."""
        if self._other is not None:
            return
        self._other = begun(*READER)
        self._say(self._asked)
        self._greeting = self._hear()
        if self._other.waiting:
            _told(self._greeting)

    @property
    def ready(self) -> bool:
        return self._greeting.done()

    def lend(self, chunk: Sequence[Part]) -> Lent:
        """A chunk to be read there; the batch of the one lent before the last was taken."""
        assert self._other is not None
        chunks, batches = _turn(self._other.files, self._lent)
        self._lent += 1
        place(chunk, chunks)
        self._say("placed")
        return Lent(self._say, self._hear(), self._hear(), batches, self._waited)

    def over(self) -> None:
        """There are no more chunks: it ends, having read those it has, while this process goes on."""
        self._say(None)

    def longer(self) -> float:
        """The seconds that it waited longer for this process than this one for it, since asked last."""
        longer, self._longer = self._longer, 0.0
        return longer

    def _waited(self, seconds: float) -> None:
        self._longer += seconds

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._other is not None:
            self._other.end()
        for pool in (self._saying, self._hearing):
            pool.shutdown(cancel_futures=True)

    def _say(self, what: object) -> None:
        self._saying.submit(write, what, self._pipe("stdin"))

    def _hear(self) -> Future[Any]:
        return self._hearing.submit(pickle.load, self._pipe("stdout"))

    def _pipe(self, name: Literal["stdin", "stdout"]) -> BinaryIO:
        assert self._other is not None
        return self._other.pipe(name)


def _turn(files: Sequence[BinaryIO], number: int) -> tuple[BinaryIO, BinaryIO]:
    """The files for a chunk that is lent, and for its batch."""
    own = number % 2
    return files[own], files[2 + own]


def _told(answer: Future[Any]) -> object:
    try:
        return answer.result()
    except (EOFError, pickle.UnpicklingError, OSError) as error:
        raise Ended(
            "the second reading process was ended; run again, or leave it more memory"
        ) from error


def serve() -> None:
    """The other process: chunks from standard input, answers to standard output, until it is closed."""
    heard, said = spoken()
    files = [os.fdopen(int(one), "r+b") for one in sys.argv[1:]]
    try:
        asked: Asked = pickle.load(heard)
        write("ready", said)
        for number in count():
            chunks, batches = _turn(files, number)
            placed_there, for_chunk = _heard(heard)
            if placed_there is None:
                return
            framed = frame(cast(list[Part], taken(chunks)))
            before, for_left = _heard(heard)
            placed = step(framed, cast(Left, before))
            write(placed.left, said)
            place(drafted(placed, asked), batches)
            write(for_chunk + for_left, said)
            del framed, placed
    except (EOFError, BrokenPipeError):
        return


def _heard(stream: BinaryIO) -> tuple[object, float]:
    """What the first process says, and the seconds it was waited for."""
    begun = perf_counter()
    return pickle.load(stream), perf_counter() - begun
