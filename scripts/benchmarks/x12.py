"""The comparison: which program reads which file, and the rows it makes."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from scripts.benchmarks.processes import Measured, measure
from scripts.benchmarks.programs import OURS, PROGRAMS, Program, staedi_jar

SMALL_FILES = 10_000
SMALL_CLAIMS = 14
"""Claims that make a file of about 20 KB."""

_COMMAND = [sys.executable, "-m", "edi_iop"]


@dataclass(frozen=True)
class Sample:
    """A generated file: kind, claims, and claims a transaction (0: all in one)."""

    kind: str
    claims: int
    per: int = 0

    @property
    def name(self) -> str:
        return f"{self.kind} in STs of {self.per:,}" if self.per else self.kind


@dataclass(frozen=True)
class Row:
    """One line of the table: medians over the runs."""

    program: str
    sample: str
    claims: int
    bytes: int
    seconds: float = 0
    cpu_seconds: float = 0
    peak_mb: float = 0
    runs: tuple[float, ...] = ()
    note: str | None = None
    """Why there is no number, or what is odd about it."""

    @property
    def starved(self) -> bool:
        """Whether it waited for a processor a fifth of its time or more: its seconds say nothing."""
        return self.cpu_seconds < 0.8 * self.seconds

    @property
    def mb_s(self) -> float:
        return self.bytes / 1e6 / self.seconds if self.seconds else 0

    @property
    def claims_s(self) -> float:
        return self.claims / self.seconds if self.seconds else 0

    def as_json(self) -> dict[str, object]:
        speeds = {"mb_s": round(self.mb_s, 3), "claims_s": round(self.claims_s, 1)}
        return {**asdict(self), **speeds, "starved": self.starved}


def compare(sizes: Sequence[int], runs: int, folder: Path) -> Iterator[Row]:
    """Every program on every sample it stands; the runs go round all programs in turn."""
    for sample in samples(sizes):
        path = folder / "sample"
        _say(f"writing {sample.name}, {sample.claims:,} claims")
        written = measure(_generator(sample.kind, sample.claims, path, "--per", sample.per))
        assert written.failed is None, written.failed
        yield from _sample_rows(sample, path, runs)
        path.unlink()


def samples(sizes: Sequence[int]) -> list[Sample]:
    """835 and 837I at each size, and at the middle one as many transactions too."""
    middle = sorted(sizes)[(len(sizes) - 1) // 2]
    return [
        Sample(kind, size, per)
        for size in sorted(sizes)
        for kind in ("835", "837I")
        for per in ((0, max(size // 20, 1)) if size == middle else (0,))
    ]


def _sample_rows(sample: Sample, path: Path, runs: int) -> Iterator[Row]:
    chosen = [
        program for program in PROGRAMS
        if sample.kind in program.kinds and sample.claims <= program.most
        and (program.variants or not sample.per)
    ]  # fmt: skip
    there = [program for program in chosen if at_hand(program)]
    measured: dict[str, list[Measured]] = {program.name: [] for program in there}
    for turn in range(1, runs + 1):
        _say(f"{sample.name}, {sample.claims:,} claims, run {turn} of {runs}")
        for program in there:
            measured[program.name].append(measure(program.command(path)))
    size = path.stat().st_size
    for program in chosen:
        if program in there:
            yield row(program.name, sample.name, sample.claims, size, measured[program.name])
        else:
            yield Row(program.name, sample.name, sample.claims, size, note=_absent(program))


def at_hand(program: Program) -> bool:
    if program.run is None:
        return shutil.which("java") is not None and staedi_jar() is not None
    return importlib.util.find_spec(program.package.replace("-", "_")) is not None


def _absent(program: Program) -> str:
    return "Java or its jar not at hand" if program.run is None else "not installed"


def row(program: str, sample: str, claims: int, size: int, measured: Sequence[Measured]) -> Row:
    """The medians of the runs; a failed run, or one that saw other claims, is said."""
    failed = next((one.failed for one in measured if one.failed), None)
    if failed is not None:
        return Row(program, sample, claims, size, note=failed)
    seconds = [one.seconds for one in measured]
    answer = measured[0].answer
    note = None
    if answer.get("claims", claims) != claims:
        note = f"saw {answer['claims']:,} claims"
    elif answer.get("findings"):
        note = f"{answer['findings']:,} findings in a valid file"
    cpu = median(one.cpu_seconds for one in measured)
    peak = max(one.peak_mb for one in measured)
    return Row(program, sample, claims, size, median(seconds), cpu, peak, tuple(seconds), note)


def small_files(runs: int, folder: Path, files: int = SMALL_FILES) -> Row:
    """Many files of 20 KB, half of each kind, in one process."""
    many = folder / "many"
    many.mkdir()
    _say(f"writing {files:,} files of 20 KB")
    for kind in ("835", "837I"):
        done = measure(_generator(kind, SMALL_CLAIMS, many, "--files", files // 2))
        assert done.failed is None, done.failed
    size = sum(path.stat().st_size for path in many.iterdir())
    _say(f"{files:,} files of 20 KB in one process")
    turns = [measure(PROGRAMS[0].command(many)) for _ in range(runs)]
    return row(OURS, f"{files:,} files of 20 KB", files // 2 * 2 * SMALL_CLAIMS, size, turns)


def one_file(runs: int, folder: Path) -> Row:
    """`edi-iop validate` of one file of 20 KB, the start of Python included."""
    path = folder / "one.835"
    done = measure(_generator("835", SMALL_CLAIMS, path))
    assert done.failed is None, done.failed
    _say("one file of 20 KB from the command line")
    turns = [measure([*_COMMAND, "validate", str(path)]) for _ in range(runs)]
    return row(OURS, "validate, one 835 of 20 KB", SMALL_CLAIMS, path.stat().st_size, turns)


def night(runs: int) -> Row:
    """`edi-iop run` on a fresh example workspace."""
    _say("run on the example workspace")
    return row(OURS, "run, the example workspace", 0, 0, [_night() for _ in range(runs)])


def _night() -> Measured:
    """The night of the example ends in findings (1)."""
    with tempfile.TemporaryDirectory() as folder:
        clinic = str(Path(folder) / "clinic")
        made = measure([*_COMMAND, "init", clinic, "--example", "-q"])
        assert made.failed is None, made.failed
        return measure([*_COMMAND, "run", clinic, "--as-of", "2026-03-02", "-q"], (0, 1))


def _generator(kind: str, claims: int, out: Path, *options: object) -> list[str]:
    words = (kind, claims, out, *options)
    return [sys.executable, "-m", "scripts.benchmarks.generate", *map(str, words)]


def _say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)
