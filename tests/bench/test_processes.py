"""A measured process: its answer, its memory, its failure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.benchmarks.processes import measure


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_answer_and_the_time() -> None:
    measured = measure(python("import time; time.sleep(0.2); print('{\"claims\": 3}')"))
    assert (measured.answer, measured.failed) == ({"claims": 3}, None)
    assert measured.seconds > 0.2


def test_what_is_no_object_is_no_answer() -> None:
    assert measure(python("print('clean')")).answer == {}


def test_memory_is_the_childs_own() -> None:
    lean = measure(python("pass")).peak_mb
    wide = measure(python("block = bytearray(200_000_000)")).peak_mb
    # A child begins as a copy of this process, whose size is the least that can be told.
    assert wide > 190
    assert wide >= lean > 5


def test_a_failure_says_why() -> None:
    measured = measure(python("raise SystemExit('no such thing')"))
    assert measured.failed == "exit 1: no such thing"
    assert measure(python("raise SystemExit(1)"), expected=(0, 1)).failed is None


def test_what_takes_too_long_is_ended() -> None:
    measured = measure(python("import time; time.sleep(60)"), limit=0.3)
    assert measured.failed == "over 0 s"
    assert measured.seconds < 30


def test_one_that_ends_while_it_is_looked_at_is_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: object) -> Iterator[Path]:
        raise FileNotFoundError("/proc/1/task")

    monkeypatch.setattr(Path, "glob", gone)
    assert measure(python("import time; time.sleep(0.2)")).failed is None
