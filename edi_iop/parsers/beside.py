"""A second process that reads chunks for this one: a chunk goes there, its batch comes back.

It is this interpreter again, spoken to through its standard input and output; it ends with them.
Chunks go and batches come back in files without a name that both processes hold: through a pipe
they came in pieces, and each would wait for the interpreter.
"""

from __future__ import annotations

import copyreg
import gc
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import polars as pl

from edi_iop.errors import Ended
from edi_iop.parsers.x12 import Asked, Batch, Left, batch, frame, step
from edi_iop.x12.segments import Part

_SERVE = "from edi_iop.parsers.beside import serve; serve()"
_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""There is a process a core already; threads for linear algebra, which is never done, wait busily.
Memory set apart for each thread of what is done on one would be held for nothing."""


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Lent:
    """A chunk the other process reads."""

    follow: Callable[[Left], None]
    """Says what the chunk before it left open, without which it is only split."""
    _left: Future[Any]
    _written: Future[Any]
    _file: BinaryIO

    @property
    def done(self) -> bool:
        return self._written.done()

    def left(self) -> Left:
        """What it leaves open; waited for."""
        return cast(Left, _told(self._left))

    def batch(self) -> Batch:
        """Its tables and findings; waited for."""
        _told(self._written)
        return cast(Batch, _taken(self._file))


class Beside:
    """The other process, begun when it pays; raises Ended where it is no more."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._process: subprocess.Popen[bytes] | None = None
        # A pipe holds little: what goes into it and comes out of it waits in a thread each.
        self._saying, self._hearing = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._greeting: Future[Any] = Future()
        self._files: list[BinaryIO] = []
        """Two for chunks, two for batches: one is written while the other is read."""
        self._lent = 0

    def __enter__(self) -> Self:
        return self

    def begin(self) -> None:
        """Starts it, once; it takes a moment until it is `ready`."""
        if self._process is not None:
            return
        self._files = [_unnamed() for _ in range(4)]
        path = os.pathsep.join(part or os.getcwd() for part in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, *(str(one.fileno()) for one in self._files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[one.fileno() for one in self._files],
            env=os.environ | _ONE_THREAD | {"PYTHONPATH": path},
        )
        self._say(self._asked)
        self._greeting = self._hear()

    @property
    def ready(self) -> bool:
        return self._greeting.done()

    def lend(self, chunk: Sequence[Part]) -> Lent:
        """A chunk to be read there; the batch of the one lent before the last was taken."""
        chunks, batches = _turn(self._files, self._lent)
        self._lent += 1
        _place(chunk, chunks)
        self._say("placed")
        return Lent(self._say, self._hear(), self._hear(), batches)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()  # it holds nothing of its own
            self._process.communicate()
            for file in self._files:
                file.close()
        for pool in (self._saying, self._hearing):
            pool.shutdown(cancel_futures=True)

    def _say(self, what: object) -> None:
        self._saying.submit(_write, what, self._pipe("stdin"))

    def _hear(self) -> Future[Any]:
        return self._hearing.submit(pickle.load, self._pipe("stdout"))

    def _pipe(self, name: str) -> BinaryIO:
        return cast(BinaryIO, getattr(self._process, name))


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


def _by_columns(frame: pl.DataFrame) -> tuple[Any, ...]:
    """A frame column by column: whole, it would be copied once more on its way."""
    return pl.DataFrame, (frame.get_columns(),)


def _column(column: pl.Series) -> tuple[Any, ...]:
    """A column; of one that holds the same in every row, that and how often."""
    size = len(column)
    if size > 1 and _is_alike(column):
        one = pl.Series(column.name, [column[0]], dtype=column.dtype)
        return pl.Series.new_from_index, (one, 0, size)
    return cast(tuple[Any, ...], column.__reduce_ex__(pickle.HIGHEST_PROTOCOL))


def _is_alike(column: pl.Series) -> bool:
    """Whether all values are the same, or there are none."""
    nulls = column.null_count()
    if nulls or column.dtype.is_nested():
        return nulls == len(column)
    return bool(column[0] == column[-1]) and bool((column == column[0]).all())


_REDUCED: dict[type, Any] = {
    **copyreg.dispatch_table,
    pl.DataFrame: _by_columns,
    pl.Series: _column,
}
"""How they go from one process to the other."""


def _write(what: object, to: BinaryIO) -> None:
    pickler = pickle.Pickler(to, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCED
    pickler.dump(what)
    to.flush()


def _place(what: object, file: BinaryIO) -> None:
    """Into a file that both processes hold."""
    file.seek(0)
    _write(what, file)


def _taken(file: BinaryIO) -> object:
    """Out of it."""
    file.seek(0)
    found = pickle.load(file)
    file.truncate(0)  # it is memory, and read
    return found


def _unnamed() -> BinaryIO:
    """A file that ends with the processes that hold it; in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("batch"), "r+b")
    return cast(BinaryIO, tempfile.TemporaryFile())


def serve() -> None:
    """The other process: chunks from standard input, answers to standard output, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process says when to stop
    gc.freeze()  # what was imported is no garbage, and need not be looked through again and again
    heard = os.fdopen(os.dup(0), "rb")
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may speak between the answers
    files = [os.fdopen(int(one), "r+b") for one in sys.argv[1:]]
    try:
        asked: Asked = pickle.load(heard)
        _write("ready", said)
        for number in count():
            chunks, batches = _turn(files, number)
            pickle.load(heard)
            framed = frame(cast(list[Part], _taken(chunks)))
            placed = step(framed, pickle.load(heard))
            _write(placed.left, said)
            _place(batch(placed, asked), batches)
            _write("written", said)
            del framed, placed
    except (EOFError, BrokenPipeError):
        return
