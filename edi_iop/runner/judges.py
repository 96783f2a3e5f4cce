"""Who works for a settlement: this process or, where there are very many rows, others beside it.

Each of the others is this interpreter again: it reads the store for itself, says what payments
say (runner.contents), judges portions (runner.portion) and hands back what comes of it; only
this process writes.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, Self

import polars as pl

from edi_iop.errors import Ended
from edi_iop.processes import begun, cores, serving, spoken
from edi_iop.runner import scope
from edi_iop.runner.contents import contents
from edi_iop.runner.portion import Portion, Settling, portion
from edi_iop.runner.scope import Begin
from edi_iop.store import Store
from edi_iop.tables.passing import place, taken, write
from edi_iop.tables.pool import pooled

_SERVE = serving("edi_iop.runner.judges")
_MOST = 4
"""Processes: each holds a portion."""


class Judge:
    """One that reads a store and answers; what it is asked is a method's name and an argument."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._settling: Settling | None = None

    def under(self, given: dict[str, Any]) -> None:
        """What portions are judged under from now on: a Settling's fields but the store."""
        self._settling = Settling(store=self._store, **given)

    def contents(self, payments: pl.DataFrame) -> pl.DataFrame:
        return contents(self._store, payments)

    def repeated(self, name: str) -> pl.DataFrame | None:
        return scope.repeated(self._store, name)

    def irregular(self, asked: tuple[str, int]) -> pl.DataFrame:
        return scope.irregular(self._store, *asked)

    def portion(self, begin: Begin) -> Portion:
        if self._settling is None:
            raise ValueError("what to judge under was not said")
        return portion(self._settling, begin)


class Judges:
    """As many answers at once as there are judges, in the order in which they were asked for."""

    def __init__(self, store: Store) -> None:
        self._store, self._here, self._asked = store, Judge(store), 0
        self._others: list[_Other] = []
        self._given: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for other in self._others:
            other.end()

    @property
    def count(self) -> int:
        return len(self._others) or 1

    @property
    def at_once(self) -> int:
        """Answers to ask for at once: of others one more than they are, so that none waits
        while what it said is kept."""
        return self.count + bool(self._others)

    def begin(self) -> None:
        """Others from now on, where there are processors for them; they take a while to come up."""
        count = min(cores(), _MOST)
        if self._others or count < 2:
            return
        for _ in range(count):
            self._others.append(_Other(self._store.path))
        if self._given is not None:
            self._tell(self._given)

    def under(self, settling: Settling) -> None:
        """What portions are judged under from now on."""
        names = [name for name in settling.__struct_fields__ if name != "store"]
        self._given = {name: getattr(settling, name) for name in names}
        self._tell(self._given)

    def contents(self, parts: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """What each part of the payments says (runner.contents), one after another."""
        waiting: deque[Future[pl.DataFrame]] = deque()
        for part in parts:
            waiting.append(self._ask("contents", part))
            if len(waiting) == self.at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def repeated(self) -> dict[str, Future[pl.DataFrame | None]]:
        """scope.repeated of each table of lines."""
        return {name: self._ask("repeated", name) for name in scope.LINES}

    def irregular(self, after: int) -> list[Future[pl.DataFrame]]:
        """scope.irregular of each side."""
        return [self._ask("irregular", (side, after)) for side in scope.SIDES]

    def portion(self, begin: Begin) -> Future[Portion]:
        return self._ask("portion", begin)

    def _tell(self, given: dict[str, Any]) -> None:
        self._here.under(given)
        for other in self._others:
            other.ask("under", given)

    def _ask(self, what: str, argument: object) -> Future[Any]:
        if self._others:
            self._asked += 1
            return self._others[self._asked % self.count].ask(what, argument)
        answer: Future[Any] = Future()
        answer.set_result(pooled(getattr(self._here, what))(argument))
        return answer


class _Other:
    """A judge in another process; raises Ended where it is no more."""

    def __init__(self, path: Path) -> None:
        self._other = begun(_SERVE, 1, str(path))
        # A pipe holds little: who speaks into it waits, in a thread.
        self._speaking = ThreadPoolExecutor(1)

    def ask(self, what: str, argument: object) -> Future[Any]:
        return self._speaking.submit(self._answer, what, argument)

    def _answer(self, what: str, argument: object) -> object:
        try:
            write((what, argument), self._other.pipe("stdin"))
            raised = pickle.load(self._other.pipe("stdout"))
        except (EOFError, pickle.UnpicklingError, OSError) as error:
            raise Ended(
                "another judging process was ended; run again, or leave it more memory"
            ) from error
        if raised is not None:
            raise raised
        return taken(self._other.files[0])

    def end(self) -> None:
        self._other.end()
        self._speaking.shutdown(cancel_futures=True)


def serve() -> None:
    """Another process: answers what comes by standard input, until it is closed."""
    heard, said = spoken()
    try:
        with (
            os.fdopen(int(sys.argv[1]), "r+b") as file,
            Store.open(Path(sys.argv[2]), read_only=True) as store,
        ):
            judge = Judge(store)
            while True:
                what, argument = pickle.load(heard)
                write(_answered(pooled(getattr(judge, what)), argument, file), said)
    except (EOFError, BrokenPipeError):
        return


def _answered(
    answer: Callable[[Any], object], argument: object, file: BinaryIO
) -> Exception | None:
    """Puts the answer into the file; what was raised instead."""
    try:
        place(answer(argument), file)
    except Exception as raised:  # told to who asked
        return raised
    return None
