"""Processes: how this one starts and ends without delay, and others that are begun beside it.

Nothing is loaded for it: a process that will be needed is begun before what takes long to load.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, cast

if TYPE_CHECKING:
    import subprocess

_NO_THREADS = {"OPENBLAS_NUM_THREADS": "1"}
"""NumPy's threads for linear algebra, which is never done here, wait busily."""
_ONE_THREAD = _NO_THREADS | {"POLARS_MAX_THREADS": "1"}
_KEPT = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:10000"}
"""What Polars frees it soon asks for again, and given back to the system in between it costs a tenth
of the time; kept for ever, a fiftieth more than for ten seconds."""
_READING = _ONE_THREAD | _KEPT
_BESIDE = _READING | {"MALLOC_ARENA_MAX": "1"}
"""There is a process a core already. Memory set apart for each thread of what is done on one would
be held for nothing."""


def start_lightly() -> None:
    """For a whole process of half a second: threads that do nothing, the search for garbage among
    what imports make, and again at the end among all there is, cost a fourth of it."""
    os.environ.update(_NO_THREADS | os.environ)
    gc.set_threshold(1_000_000)
    atexit.register(gc.freeze)


class Other(NamedTuple):
    """Another process, and files without a name that both hold."""

    process: subprocess.Popen[bytes]
    files: tuple[BinaryIO, ...]
    waiting: bool = False
    """It was begun ahead."""

    def pipe(self, name: Literal["stdin", "stdout"]) -> BinaryIO:
        """What it hears, or what it says."""
        return cast(BinaryIO, getattr(self.process, name))

    def end(self) -> None:
        self.process.kill()  # it holds nothing of its own
        self.process.communicate()
        for file in self.files:
            file.close()


def serving(module: str) -> str:
    """The program of a process that does what the module's `serve` does."""
    return f"from {module} import serve; serve()"


READER = serving("edi_iop.parsers.beside"), 4
"""Of X12, every other chunk: its files are two for chunks, two for batches; one is written while
the other is read."""
_AHEAD: dict[tuple[str, int], Other] = {}


def begin_ahead(program: str, files: int) -> None:
    """Another process, begun before it is asked for; where it never is, it ends with this one."""
    _AHEAD[program, files] = _begun(program, files, waiting=True)


def made_ready_for_x12(size: int) -> None:
    """Where so many bytes of X12 alone will be read, before what reads it is loaded.

    Two processes read it in many small steps, which more threads of Polars only disturb: a twentieth
    less processor time, and a tenth less memory. Of much the other is begun now, to load while this
    one does.
    """
    if "polars" in sys.modules:
        return
    os.environ.update(_READING | os.environ)
    if size > _MUCH and cores() > 1:
        begin_ahead(*READER)


_MUCH = 10_000_000
"""Bytes; of less, one process reads most while the other begins."""


def begun(program: str, files: int, *arguments: str) -> Other:
    """Another process: this interpreter again, with that program.

    Its arguments are the files it holds too, by number, and these.
    """
    return _AHEAD.pop((program, files), None) or _begun(program, files, *arguments)


def _begun(program: str, files: int, *arguments: str, waiting: bool = False) -> Other:
    import subprocess  # a file that is read by one process does without

    held = tuple(unnamed() for _ in range(files))
    numbers = [one.fileno() for one in held]
    path = os.pathsep.join(part or os.getcwd() for part in sys.path)
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import gc; gc.disable(); {program}",
            *map(str, numbers),
            *arguments,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=numbers,
        env=os.environ | _BESIDE | {"PYTHONPATH": path},
    )
    return Other(process, held, waiting)


def spoken() -> tuple[BinaryIO, BinaryIO]:
    """Of a process that was begun: what it hears and what it says, through its standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process says when to stop
    gc.freeze()  # what was imported is no garbage, and need not be looked through again and again
    gc.enable()
    heard = os.fdopen(os.dup(0), "rb")
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else may speak between the answers
    return heard, said


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def unnamed() -> BinaryIO:
    """A file that ends with the processes that hold it; in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("batch"), "r+b")
    from tempfile import TemporaryFile  # takes long to load

    return cast(BinaryIO, TemporaryFile())
