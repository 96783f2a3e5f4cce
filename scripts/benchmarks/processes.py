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
from pathlib import Path
from threading import Timer

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

    Peak memory is the system's own count for the child (ru_maxrss). A child begins as a copy of
    this process, so this one must stay small: nothing heavy may be imported here.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=errors)
        watch = Timer(limit, child.kill)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        watch.cancel()
        # Popen must not wait for a child that is gone.
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        cpu = usage.ru_utime + usage.ru_stime
        peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
        if child.returncode not in expected:
            last = errors.read().decode(errors="replace").strip().splitlines()
            why = f"exit {child.returncode}" + (f": {last[-1][:80]}" if last else "")
            return Measured(
                seconds, cpu, peak, {}, why if seconds < limit else f"over {limit:.0f} s"
            )
        return Measured(seconds, cpu, peak, _answer(out.read()))


def _answer(printed: bytes) -> dict[str, int]:
    if not printed.startswith(b"{"):
        return {}
    answer: dict[str, int] = json.loads(printed)
    return answer
