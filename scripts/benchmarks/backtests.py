"""scripts/bench backtest: the rules tried again on N claims sent and answered (`rules backtest`), whole processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks import remits
from scripts.benchmarks.processes import Measured, done, growth, measure

SIZES = (10_000, 100_000)


@dataclass(frozen=True)
class Row:
    """One size: claims of twelve lines, and what trying the rules on them took."""

    claims: int
    best: Measured


def run(sizes: Sequence[int], runs: int, scratch: Path) -> Iterator[Row]:
    """The best of several runs of each size."""
    for size in sizes:
        workspace = _answered(size, scratch / str(size))
        command = [*remits.PROGRAM, "rules", "backtest", str(workspace), "-q"]
        tried = [done(measure(command, limit=7_200)) for _ in range(runs)]
        yield Row(size, min(tried, key=lambda one: one.cpu_seconds))
        shutil.rmtree(workspace.parent)


def _answered(size: int, folder: Path) -> Path:
    """A workspace with so many claims sent, and a remit for each."""
    made = remits.workspace(folder)
    for control, kind in enumerate(("837I", "835"), 1):
        remits.drop(kind, size, made / "inbox" / f"{kind}.edi", 0, control)
        remits.night(made)
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
        lines.append(
            growth(first.claims, first.best.cpu_seconds, last.claims, last.best.cpu_seconds)
        )
    return lines
