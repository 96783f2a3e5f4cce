"""scripts/bench backtest: the rules tried again on N claims sent and answered (`rules backtest`), whole processes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.processes import Measured, measure
from scripts.benchmarks.remits import AS_OF, SETTINGS

SIZES = (10_000, 100_000)
_PER = 1_000
"""Claims a transaction set."""
_PROGRAM = (sys.executable, "-m", "edi_iop")


@dataclass(frozen=True)
class Row:
    """One size: claims of twelve lines, and what trying the rules on them took."""

    claims: int
    best: Measured


def run(sizes: Sequence[int], runs: int, scratch: Path) -> Iterator[Row]:
    """The best of several runs of each size."""
    for size in sizes:
        workspace = _answered(size, scratch / str(size))
        command = [*_PROGRAM, "rules", "backtest", str(workspace), "-q"]
        tried = [_done(measure(command, limit=7_200)) for _ in range(runs)]
        yield Row(size, min(tried, key=lambda one: one.cpu_seconds))
        shutil.rmtree(workspace.parent)


def _answered(size: int, folder: Path) -> Path:
    """A workspace with so many claims sent, and a remit for each."""
    folder.mkdir(parents=True)
    workspace = folder / "w"
    _done(measure([*_PROGRAM, "init", str(workspace), "-q"]))
    (workspace / "settings.toml").write_text(SETTINGS, encoding="ascii")
    for control, kind in enumerate(("837I", "835"), 1):
        words = (kind, size, workspace / "inbox" / f"{kind}.edi", "--per", _PER)
        made = [*map(str, (*words, "--first", 0, "--control", control))]
        _done(measure([sys.executable, "-m", "scripts.benchmarks.generate", *made], limit=7_200))
        night = [*_PROGRAM, "run", str(workspace), "--as-of", AS_OF, "-q"]
        _done(measure(night, (0, 1), limit=7_200))
    return workspace


def _done(made: Measured) -> Measured:
    if made.failed:
        raise SystemExit(made.failed)
    return made


def table(rows: Sequence[Row]) -> list[str]:
    """A line a size, and how it grows."""
    lines = [f"{'CLAIMS':>10} {'SECONDS':>8} {'CPU':>8} {'MB':>7} {'CLAIMS/S':>9}"]
    for row in rows:
        best = row.best
        lines.append(
            f"{row.claims:>10,} {best.seconds:>8.1f} {best.cpu_seconds:>8.1f} {best.peak_mb:>7,.0f} "
            f"{row.claims / best.seconds:>9,.0f}"
        )
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        growth = (last.best.cpu_seconds / first.best.cpu_seconds) / (last.claims / first.claims)
        lines.append(f"growth: {growth:.2f} of linear, from {first.claims:,} on")
    return lines
