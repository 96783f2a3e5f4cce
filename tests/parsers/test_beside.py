"""A second process reads every other chunk: the answer is the one process's, and it leaves nothing behind."""

from __future__ import annotations

import io
import os
import pickle
import random
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from edi_iop import processes
from edi_iop.errors import Ended
from edi_iop.parsers import batches, beside
from edi_iop.parsers.beside import Beside
from edi_iop.parsers.x12 import EVERYTHING, Left, batch, drafted, frame, made, step
from edi_iop.tables import drawn, passing
from edi_iop.x12 import segments
from edi_iop.x12.pieces import Piece
from scripts.chunks import together
from tests.conftest import FIXTURES, ROOT
from tests.parsers.test_chunks import many_claims
from tests.parsers.test_mutations import damaged

FILES = [path.read_bytes() for path in sorted((FIXTURES / "x12").glob("*.8*"))]
Whole = tuple[dict[str, pl.DataFrame], pl.DataFrame]
pytestmark = pytest.mark.skipif(
    processes.cores() < 2, reason="one processor: there is no second process"
)


def read(data: list[bytes], alone: int) -> Whole:
    files = ((number, io.BytesIO(one)) for number, one in enumerate(data))
    return together(list(batches.read_batches(files, size=800, alone=alone)))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[segments.Part]:
    """Every chunk that may be lent is: the other process is waited for. The chunks it read."""
    lent: list[segments.Part] = []
    lend = Beside.lend

    def noted(self: Beside, chunk: list[segments.Part]) -> beside.Lent:
        lent.extend(chunk)
        return lend(self, chunk)

    def begun(self: Beside) -> bool:
        return self._other is not None and self._greeting.result() == "ready"

    monkeypatch.setattr(Beside, "lend", noted)
    monkeypatch.setattr(Beside, "ready", property(begun))
    return lent


@pytest.mark.parametrize("seed", range(2))
def test_two_processes_answer_as_one(seed: int, at_once: list[segments.Part]) -> None:
    chance = random.Random(seed)
    data = [many_claims(one, 4) for one in FILES]
    if seed:
        data = [damaged(one, chance) for one in data]
    tables, findings = read(data, 2**30)
    assert not at_once
    parts, found = read(data, 0)
    assert len(at_once) > len(FILES)
    assert parts.keys() == tables.keys()
    assert all(parts[name].equals(tables[name]) for name in tables)
    assert found.equals(findings)


def test_who_works_long_on_batches_has_them_all_read_meanwhile(
    at_once: list[segments.Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks comes back when the chunk lent is done: the next one is lent too."""
    data = [many_claims(FILES[0], 8)]
    tables, findings = read(data, 2**30)
    done = property(lambda lent: lent._written.result() is not None)
    monkeypatch.setattr(beside.Lent, "done", done)
    parts, found = read(data, 0)
    ((_, first),) = next(segments.chunks([(0, io.BytesIO(data[0]))], 800))
    lent = [part for _, part in at_once]
    assert isinstance(first, Piece)
    assert all(isinstance(part, Piece) for part in lent)
    assert first.data + b"".join(part.data for part in lent) == data[0].rstrip()
    assert all(parts[name].equals(tables[name]) for name in tables)
    assert found.equals(findings)


def test_a_process_begun_ahead_is_taken_up_once_and_reads_at_once() -> None:
    processes.begin_ahead(*processes.READER)
    (chunk,) = segments.chunks([(0, io.BytesIO(FILES[0]))])
    own = batch(step(frame(chunk), Left()))
    with Beside(EVERYTHING) as other, Beside(EVERYTHING) as another:
        other.begin()
        another.begin()
        assert other.ready
        assert other._other is not None
        assert another._other is not None
        assert (other._other.waiting, another._other.waiting) == (True, False)
        lent = other.lend(chunk)
        lent.follow(Left())
        assert lent.batch().findings.equals(own.findings)


def test_whoever_waits_reads_more_of_the_next_turn() -> None:
    assert batches._shared(200, 4000, 0.05) == 300
    assert batches._shared(200, 4000, -0.05) == 100
    assert batches._shared(200, 4000, 0.001) == 200
    most = least = 0
    for _ in range(100):
        most, least = batches._shared(most, 4000, 1), batches._shared(least, 4000, -1)
    assert most < 2000
    assert least > -2000


def test_the_other_process_ends_by_itself_behind_the_last_chunk() -> None:
    (chunk,) = segments.chunks([(0, io.BytesIO(FILES[0]))])
    with Beside(EVERYTHING) as other:
        other.begin()
        lent = other.lend(chunk)
        lent.follow(Left())
        other.over()
        assert other._other is not None
        assert other._other.process.wait(60) == 0
        assert lent.batch().findings.equals(batch(step(frame(chunk), Left())).findings)
        assert other.longer() < 60


@pytest.mark.parametrize("many", [0, 2**30])
def test_tables_pass_whole_and_as_values_and_their_numbers(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn, "_MANY", many)
    with processes.unnamed() as file:
        for data in FILES:
            (chunk,) = segments.chunks([(0, io.BytesIO(data))])
            placed = step(frame(chunk), Left())
            passing.place(drafted(placed, EVERYTHING), file)
            passed, own = made(passing.taken(file)), batch(placed)
            assert passed.tables.keys() == own.tables.keys()
            for name, table in own.tables.items():
                assert passed.tables[name].schema == table.schema
                assert passed.tables[name].equals(table)


def test_the_other_process_ends_with_the_reading(at_once: list[segments.Part]) -> None:
    files = [(0, io.BytesIO(many_claims(FILES[0], 6)))]
    before = set(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else set()
    reading = batches.read_batches(files, size=800, alone=0)
    next(reading)
    next(reading)
    assert at_once
    reading.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    if before:
        assert len(os.listdir("/proc/self/fd")) <= len(before)


def test_a_process_that_was_killed_is_said_in_one_line() -> None:
    with Beside(EVERYTHING) as other:
        other.begin()
        other._greeting.result()
        assert other._other is not None
        os.kill(other._other.process.pid, signal.SIGKILL)
        (chunk,) = segments.chunks([(0, io.BytesIO(FILES[0]))])
        lent = other.lend(chunk)
        lent.follow(Left())
        with pytest.raises(Ended, match="run again"):
            lent.left()


def test_a_script_without_a_main_guard_reads_a_large_file(tmp_path: Path) -> None:
    """The second process does not run the first one's script again."""
    file = tmp_path / "large.835"
    file.write_bytes(many_claims(FILES[-1], 6000))
    script = tmp_path / "script.py"
    script.write_text(
        "from edi_iop import parsers\n"
        "print('begun')\n"
        f"with open({str(file)!r}, 'rb') as opened:\n"
        "    print(sum(1 for _ in parsers.stream([(0, opened)])))\n"
    )
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert file.stat().st_size > 5 * 2**20
    assert ran.stderr == ""
    begun, count = ran.stdout.split()
    assert begun == "begun"
    assert int(count) > 1


@pytest.mark.parametrize("rows", [0, 1, 6000])
def test_no_frame_is_written_whole(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Polars would wait for its threads and hold the interpreter, for which one of these may wait."""

    def whole(*_: object, **__: object) -> bytes:
        raise AssertionError("written whole")

    table = pl.DataFrame({"a": range(rows), "b": ["x"] * rows})
    monkeypatch.setattr(pl.DataFrame, "serialize", whole)
    file = io.BytesIO()
    passing.write(table, file)
    assert pickle.loads(file.getvalue()).equals(table)
