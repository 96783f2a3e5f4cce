"""One run a workspace: who holds it, and whether that run still lives.

The lock is a row of the database, taken in one transaction, so that two runs
that start together cannot both have it; a run that died leaves a row that the
next one sees to be dead.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from edi_iop.errors import Busy
from edi_iop.store import Lock, Store

SILENCE_SECONDS = 3600.0
"""A run that has shown no life for so long is dead: its process number may be another's by now."""


@contextmanager
def held(store: Store, as_of: date) -> Iterator[str]:
    """The workspace for one run, by its id; a run that died before its end is taken up again.

    Busy where another run is at work here.
    """
    with store.transaction():
        refuse_second(store)
        run = store.unfinished_run() or _new_id(store, as_of)
        store.start_run(run, as_of, now())
        beat(store, run)
    try:
        yield run
    finally:
        store.release()


def beat(store: Store, run: str) -> None:
    """Shows that the run still lives."""
    store.hold(Lock(run, os.getpid(), socket.gethostname(), time.time()))


def now() -> str:
    """The moment for the run's record, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _new_id(store: Store, as_of: date) -> str:
    """Date and number: ids sort in the order of the runs of a date, and none is used twice."""
    return f"{as_of:%Y%m%d}-{store.next_numbers('run'):04d}"


def refuse_second(store: Store) -> None:
    lock = store.lock()
    if lock is not None and _lives(lock):
        raise Busy(
            f"{store.path.parent}: run {lock.run} (process {lock.pid} on {lock.host}) is at work "
            "here; wait until it is done"
        )


def _lives(lock: Lock) -> bool:
    if time.time() - lock.beat > SILENCE_SECONDS:
        return False
    return lock.host != socket.gethostname() or _is_running(lock.pid)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
