"""The comparison as text and as JSON: the table, the ratios, the goals, the last run beside this one."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from scripts.benchmarks.programs import FLOOR, OURS, PROGRAMS
from scripts.benchmarks.x12 import Row

Key = tuple[str, str, int]

_HEAD = ("SAMPLE", "CLAIMS", "MB", "PROGRAM",
         "MB/S", "CLAIMS/S", "PEAK MB", "SECONDS", "CPU S", "LAST", "")  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """What the project wants of its speed, and what was measured."""

    what: str
    measured: str
    wanted: str = "-"
    met: bool | None = None
    """None: a number to know and no goal, or not to be judged."""
    starved: bool = False
    """Its rows waited for other work on the machine, so it is not judged either way."""


def table(rows: Sequence[Row], last: dict[Key, float]) -> list[str]:
    """One line a row; LAST is the speed now over the speed of the last run."""
    return aligned([_HEAD, *(_cells(row, last) for row in rows)], left=(0, 3, 10))


def _cells(row: Row, last: dict[Key, float]) -> tuple[str, ...]:
    numbers = ["-"] * 5
    if row.seconds:
        speed = [f"{row.mb_s:.2f}", f"{row.claims_s:,.0f}"] if row.bytes else ["-", "-"]
        numbers = [*speed, f"{row.peak_mb:,.0f}", f"{row.seconds:.2f}", f"{row.cpu_seconds:.2f}"]
    before = last.get(key(row))
    ratio = f"x{before / row.seconds:.2f}" if before and row.seconds and not row.starved else "-"
    claims = f"{row.claims:,}" if row.claims else "-"
    size = f"{row.bytes / 1e6:.1f}" if row.bytes else "-"
    return (row.sample, claims, size, row.program, *numbers, ratio, row.note or "")


def aligned(cells: Sequence[Sequence[str]], left: Iterable[int]) -> list[str]:
    """Columns in line, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    left = set(left)
    return [
        "  ".join(
            text.ljust(width) if place in left else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def legend() -> list[str]:
    """What each program does with a file: they do not do the same."""
    return aligned([(program.name, _version(program.package), program.does) for program in PROGRAMS],
                   left=(0, 1, 2))  # fmt: skip


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "-"


def standing(goals: Sequence[Goal]) -> list[str]:
    """The goals, a line each."""
    cells = [(goal.what, goal.wanted, goal.measured, _said(goal)) for goal in goals]
    return aligned([("GOAL", "WANTED", "MEASURED", ""), *cells], left=(0, 1, 3))


def _said(goal: Goal) -> str:
    if goal.starved:
        return "not judged: the machine was busy"
    return {True: "met", False: "NOT MET", None: ""}[goal.met]


def _judged(what: str, measured: str, wanted: str, met: bool, *rows: Row) -> Goal:
    """A goal about time: no verdict where one of its rows was starved of a processor."""
    starved = any(row.starved for row in rows)
    return Goal(what, measured, wanted, None if starved else met, starved)


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Each goal that the rows can speak to, and ratios worth knowing."""
    found: list[Goal | None] = []
    for kind in ("835", "837I"):
        found.append(_over_pyx12(rows, kind))
        found.append(_ratio(rows, (kind, OURS), (kind, "pyx12"), None))
    found.append(_ratio(rows, ("835", OURS), ("835", "oxedi"), 1))
    found.append(_ratio(rows, ("837I", OURS), ("835", "oxedi"), 1))
    for kind in ("835", "837I"):
        found.append(_ratio(rows, (kind, OURS), (kind, FLOOR), 1 / 4))
        found += _flat(rows, kind)
    found += [_under(rows, "files of 20 KB", 20), _under(rows, "validate, one 835", 0.5)]
    return [goal for goal in found if goal is not None]


def _of(rows: Sequence[Row], kind: str, program: str) -> dict[int, Row]:
    """This program's measured rows of a kind, by size."""
    return {row.claims: row for row in rows
            if row.program == program and row.sample == kind and row.seconds}  # fmt: skip


def _over_pyx12(rows: Sequence[Row], kind: str) -> Goal | None:
    """MB/s of each at the largest file it reads: pyx12 would need hours for ours."""
    ours, theirs = _of(rows, kind, OURS), _of(rows, kind, "pyx12")
    if not ours or not theirs:
        return None
    mine, their = ours[max(ours)], theirs[max(theirs)]
    what = f"{kind}: our speed at {mine.claims:,} claims over pyx12's at {their.claims:,}"
    return _least(what, mine, their, 200)


def _ratio(
    rows: Sequence[Row], ours: tuple[str, str], other: tuple[str, str], wanted: float | None
) -> Goal | None:
    """Our MB/s over another's, both at the largest size that both read; starting up counts."""
    mine, theirs = _of(rows, *ours), _of(rows, *other)
    if not (sizes := mine.keys() & theirs.keys()):
        return None
    size = max(sizes)
    on = "" if ours[0] == other[0] else f" on the {other[0]}"
    what = f"{ours[0]}: our speed over {other[1]}'s{on}, both at {size:,} claims"
    return _least(what, mine[size], theirs[size], wanted)


def _least(what: str, mine: Row, their: Row, wanted: float | None) -> Goal:
    ratio = mine.mb_s / their.mb_s
    if wanted is None:
        return Goal(what, f"{ratio:.2f}", starved=mine.starved or their.starved)
    return _judged(what, f"{ratio:.2f}", f"at least {wanted:g}", ratio >= wanted, mine, their)


def _flat(rows: Sequence[Row], kind: str) -> list[Goal]:
    """Time a claim from 10,000 claims up, and memory at the largest file."""
    ours = {size: row for size, row in _of(rows, kind, OURS).items() if size >= 10_000}
    if not ours:
        return []
    small, large = ours[min(ours)], ours[max(ours)]
    peak = large.peak_mb
    found = [Goal(f"{kind}: peak MB at {large.claims:,} claims", f"{peak:,.0f}", "under 500", peak < 500)]  # fmt: skip
    if small is not large:
        ratio = small.claims_s / large.claims_s
        what = f"{kind}: time a claim at {large.claims:,} claims over that at {small.claims:,}"
        found.append(_judged(what, f"{ratio:.2f}", "at most 1.2", ratio <= 1.2, small, large))
    return found


def _under(rows: Sequence[Row], sample: str, wanted: float) -> Goal | None:
    row = next((row for row in rows if sample in row.sample and row.seconds), None)
    if row is None:
        return None
    met = row.seconds < wanted
    what = f"seconds: {row.sample}"
    return _judged(what, f"{row.seconds:.2f}", f"under {wanted:g}", met, row)


def key(row: Row) -> Key:
    return row.program, row.sample, row.claims


def save(rows: Sequence[Row], folder: Path) -> Path:
    """This run as JSON, named for its time."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    record = {
        "at": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "versions": {program.name: _version(program.package) for program in PROGRAMS},
        "rows": [row.as_json() for row in rows],
    }
    path = folder / f"x12-{now:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path


def last_run(folder: Path) -> dict[Key, float]:
    """Seconds of each row of the newest run kept in the folder, those of starved rows left out."""
    kept = sorted(folder.glob("x12-*.json"))
    if not kept:
        return {}
    rows = json.loads(kept[-1].read_text(encoding="utf-8"))["rows"]
    return {
        (row["program"], row["sample"], row["claims"]): row["seconds"]
        for row in rows
        if not row["starved"]
    }
