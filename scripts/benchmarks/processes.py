"""A whole process measured: wall time from a clean start, peak memory, and what it answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Event, Thread, Timer

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Measured:
    """One process: seconds by the clock and of the processors, peak memory, its answer or failure."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    answer: dict[str, int]
    failed: str | None = None


def measure(command: Sequence[str], expected: Sequence[int] = (0,), limit: float = 900) -> Measured:
    """Runs the command from the checkout's folder; a JSON object on its standard output is its answer.

    Peak memory is the system's own count for the child (ru_maxrss), or what it and the processes
    it began held together, where that is more. A child begins as a copy of this process, so this
    one must stay small: nothing heavy may be imported here.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=errors)
        watch = Timer(limit, child.kill)
        watch.start()
        family = _Family(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        watch.cancel()
        # Popen must not wait for a child that is gone.
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        cpu = usage.ru_utime + usage.ru_stime
        peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
        peak = max(peak, family.peak_mb())
        if child.returncode not in expected:
            last = errors.read().decode(errors="replace").strip().splitlines()
            why = f"exit {child.returncode}" + (f": {last[-1][:80]}" if last else "")
            return Measured(
                seconds, cpu, peak, {}, why if seconds < limit else f"over {limit:.0f} s"
            )
        return Measured(seconds, cpu, peak, _answer(out.read()))


def done(made: Measured, what: str = "") -> Measured:
    """What ran to its end; ends this program where it did not. what: its name, for people."""
    if made.failed:
        raise SystemExit(f"{what}: {made.failed}" if what else made.failed)
    return made


def growth(first: int, first_cpu: float, last: int, last_cpu: float) -> str:
    """How processor time grew from so many rows to so many."""
    grown = (last_cpu / first_cpu) / (last / first)
    return f"growth: {grown:.2f} of linear, from {first:,} on"


class _Family:
    """What a process and those it began hold together, looked at again and again (Linux only)."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._over = pid, 0, Event()
        self._watch = Thread(target=self._look)
        self._watch.start()

    def peak_mb(self) -> float:
        """The most there was; ends the watch."""
        self._over.set()
        self._watch.join()
        return self._peak * 1024 / 1e6

    def _look(self) -> None:
        while not self._over.wait(_EACH):
            members = [_status(pid) for pid in _descendants(self._pid)]
            # Pages of files are the same ones for all of them: those of programs and libraries.
            shared = max((one.get("RssFile", 0) for one in members), default=0)
            own = sum(one.get("RssAnon", 0) + one.get("RssShmem", 0) for one in members)
            self._peak = max(self._peak, own + shared)


_EACH = 0.05
"""Seconds from one look to the next."""


def _descendants(pid: int) -> list[int]:
    """The process and all below it; one that ends while it is looked at has none."""
    found = [pid]
    try:
        began = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return found
    for child in chain.from_iterable(began):
        found += _descendants(int(child))
    return found


def _status(pid: int) -> dict[str, int]:
    """The kB of each kind of memory a process holds; none of one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {
        name: int(size.split()[0])
        for name, _, size in (line.partition(":") for line in lines)
        if name.startswith("Rss")
    }


def _answer(printed: bytes) -> dict[str, int]:
    if not printed.startswith(b"{"):
        return {}
    answer: dict[str, int] = json.loads(printed)
    return answer
