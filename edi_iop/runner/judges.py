"""Who judges portions: this process or, where there are very many rows, others beside it.

Each of the others is this interpreter again: it reads the store for itself, judges a portion
(runner.portion) and hands back what comes of it; only this process writes.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self, cast

from edi_iop.errors import Ended
from edi_iop.runner.portion import Portion, Settling, portion
from edi_iop.runner.scope import Begin
from edi_iop.store import Store
from edi_iop.tables.passing import begun, cores, place, spoken, taken, unnamed, write

_SERVE = "from edi_iop.runner.judges import serve; serve()"
_MOST = 4
"""Processes: each holds a portion."""


class Judges(Protocol):
    """Portions are asked for, as many at once as there are judges, and answered in that order."""

    @property
    def count(self) -> int: ...

    def ask(self, begin: Begin) -> Future[Portion]: ...


@contextmanager
def judging(settling: Settling, many: bool) -> Iterator[Judges]:
    """Those who judge under this; many: it is worth to begin other processes."""
    count = min(cores(), _MOST) if many else 1
    if count < 2:
        yield _Here(settling)
        return
    with ExitStack() as stack:
        yield _Beside([stack.enter_context(_Other(settling)) for _ in range(count)])


@dataclass(frozen=True)
class _Here:
    """This process alone: judged as it is asked for."""

    settling: Settling
    count = 1

    def ask(self, begin: Begin) -> Future[Portion]:
        answer: Future[Portion] = Future()
        answer.set_result(portion(self.settling, begin))
        return answer


class _Beside:
    """Other processes, in turn."""

    def __init__(self, others: list[_Other]) -> None:
        self._others, self._asked = others, 0

    @property
    def count(self) -> int:
        return len(self._others)

    def ask(self, begin: Begin) -> Future[Portion]:
        self._asked += 1
        return self._others[self._asked % self.count].ask(begin)


class _Other:
    """One other process; raises Ended where it is no more."""

    def __init__(self, settling: Settling) -> None:
        self._file = unnamed()
        self._process = begun(_SERVE, [self._file], str(settling.store.path))
        # A pipe holds little: who speaks into it waits, in a thread.
        self._speaking = ThreadPoolExecutor(1)
        given = {one.name: getattr(settling, one.name) for one in fields(settling)}
        self._speaking.submit(write, given | {"store": None}, self._pipe("stdin"))

    def __enter__(self) -> Self:
        return self

    def ask(self, begin: Begin) -> Future[Portion]:
        return self._speaking.submit(self._answer, begin)

    def _answer(self, begin: Begin) -> Portion:
        try:
            write(begin, self._pipe("stdin"))
            raised = pickle.load(self._pipe("stdout"))
        except (EOFError, pickle.UnpicklingError, OSError) as error:
            raise Ended(
                "another judging process was ended; run again, or leave it more memory"
            ) from error
        if raised is not None:
            raise raised
        return cast(Portion, taken(self._file))

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # it holds nothing of its own
        self._process.communicate()
        self._speaking.shutdown(cancel_futures=True)
        self._file.close()

    def _pipe(self, name: str) -> BinaryIO:
        return cast(BinaryIO, getattr(self._process, name))


def serve() -> None:
    """Another process: what is settled under and then beginnings from standard input, until it is closed."""
    heard, said = spoken()
    try:
        with os.fdopen(int(sys.argv[1]), "r+b") as file:
            given: dict[str, Any] = pickle.load(heard)
            with Store.open(Path(sys.argv[2]), read_only=True) as store:
                settling = Settling(**given | {"store": store})
                while True:
                    write(_judged(settling, pickle.load(heard), file), said)
    except (EOFError, BrokenPipeError):
        return


def _judged(settling: Settling, begin: Begin, file: BinaryIO) -> Exception | None:
    """Puts the portion into the file; what was raised instead."""
    try:
        place(portion(settling, begin), file)
    except Exception as raised:  # told to who asked
        return raised
    return None
