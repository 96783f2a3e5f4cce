"""Processes beside this one, and frames passed to and from them: in files without a name that both hold.

Through a pipe they came in pieces, and each would wait for the interpreter.
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
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

import polars as pl

_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""There is a process a core already; threads for linear algebra, which is never done, wait busily.
Memory set apart for each thread of what is done on one would be held for nothing."""


def begun(program: str, files: Sequence[BinaryIO], *arguments: str) -> subprocess.Popen[bytes]:
    """Another process: this interpreter again, with that program.

    Its arguments are the files it holds too, by number, and these.
    """
    path = os.pathsep.join(part or os.getcwd() for part in sys.path)
    numbers = [one.fileno() for one in files]
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, numbers), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=numbers,
        env=os.environ | _ONE_THREAD | {"PYTHONPATH": path},
    )


def spoken() -> tuple[BinaryIO, BinaryIO]:
    """Of a process that was begun: what it hears and what it says, through its standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process says when to stop
    gc.freeze()  # what was imported is no garbage, and need not be looked through again and again
    heard = os.fdopen(os.dup(0), "rb")
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may speak between the answers
    return heard, said


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _frame(frame: pl.DataFrame) -> tuple[Any, ...]:
    """A long frame column by column: whole, it would be copied once more on its way."""
    if frame.height < _LONG:
        return cast(tuple[Any, ...], frame.__reduce_ex__(pickle.HIGHEST_PROTOCOL))
    return pl.DataFrame, (frame.get_columns(),)


_LONG = 5000
"""Rows of a frame whose columns are worth a message each."""


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
    pl.DataFrame: _frame,
    pl.Series: _column,
}
"""How they go from one process to the other."""


def write(what: object, to: BinaryIO) -> None:
    pickler = pickle.Pickler(to, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCED
    pickler.dump(what)
    to.flush()


def place(what: object, file: BinaryIO) -> None:
    """Into a file that both processes hold."""
    file.seek(0)
    write(what, file)


def taken(file: BinaryIO) -> object:
    """Out of it."""
    file.seek(0)
    found = pickle.load(file)
    file.truncate(0)  # it is memory, and read
    return found


def unnamed() -> BinaryIO:
    """A file that ends with the processes that hold it; in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("batch"), "r+b")
    return cast(BinaryIO, tempfile.TemporaryFile())
