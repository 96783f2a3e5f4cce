"""scripts/bench claims: encounters to scrubbed, built 837I, whole processes; linear, in bounded memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.processes import Measured, done, growth, measure

FEEDS = ("encounters", "clients", "authorizations", "providers")
AS_OF = "2026-03-09"
"""After the last day of the feeds. They are made by a process of its own, so that this one stays small."""
SIZES = (100_000, 1_000_000)
SECONDS, MEGABYTES = 60, 2_000
"""The goals for a million encounters on two cores."""


@dataclass(frozen=True)
class Row:
    """One size: what was built, and what it took."""

    encounters: int
    best: Measured
    claims: int
    lines: int


def run(sizes: Sequence[int], runs: int, scratch: Path) -> Iterator[Row]:
    """The best of several runs of each size."""
    for size in sizes:
        folder = scratch / str(size)
        _python("scripts.benchmarks.feeds", str(size), str(folder))
        measured = [_build(folder) for _ in range(runs)]
        best = min(measured, key=lambda one: one.seconds)
        built = _counted(folder / "claims.837")
        yield Row(size, best, *built)


def _build(folder: Path) -> Measured:
    """The verb itself, as a biller calls it; some lines are blocked, so it ends with 1."""
    feeds = [str(folder / f"{name}.csv") for name in FEEDS]
    target = folder / "claims.837"
    target.unlink(missing_ok=True)
    made = measure(
        [
            *(sys.executable, "-m", "edi_iop", "build", *feeds),
            *("--settings", str(folder / "settings.toml"), "--payer", "harbor"),
            *("-o", str(target), "--as-of", AS_OF, "--control", "1"),
        ],
        expected=(1,),
    )
    return done(made, f"build of {folder.name} encounters failed")


def _counted(path: Path) -> tuple[int, int]:
    """Claims and lines of the file, counted as text."""
    content = path.read_bytes()
    return content.count(b"\nCLM*"), content.count(b"\nSV2*")


def _python(*arguments: str) -> None:
    done(measure([sys.executable, "-m", *arguments]), arguments[0])


def table(rows: Sequence[Row]) -> list[str]:
    """A line a size, and how it grows."""
    lines = [f"{'ENCOUNTERS':>11} {'SECONDS':>8} {'CPU':>7} {'MB':>7} {'CLAIMS':>8} {'LINES':>9}"]
    for row in rows:
        best = row.best
        lines.append(
            f"{row.encounters:>11,} {best.seconds:>8.1f} {best.cpu_seconds:>7.1f} "
            f"{best.peak_mb:>7,.0f} {row.claims:>8,} {row.lines:>9,}"
        )
    return lines


def standing(rows: Sequence[Row]) -> list[str]:
    """The goals, met or not: time and memory at a million, growth from the first size to the last."""
    said = []
    for row in rows:
        if row.encounters == SIZES[-1]:
            met = row.best.seconds < SECONDS and row.best.peak_mb < MEGABYTES
            said.append(
                f"{'met' if met else 'NOT met'}: {row.encounters:,} encounters under "
                f"{SECONDS} s and {MEGABYTES:,} MB"
            )
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        said.append(
            growth(first.encounters, first.best.cpu_seconds, last.encounters, last.best.cpu_seconds)
        )
    return said
