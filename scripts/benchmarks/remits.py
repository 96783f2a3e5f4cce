"""scripts/bench remits: 835s of N claims against N stored ones, and a night of few beside them.

Whole runs of a workspace: parsed, validated, stored, matched, posted, explained. The
claims are there before; the night's remits answer claims that nothing had answered.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from scripts.benchmarks.facility import FACILITY
from scripts.benchmarks.processes import Measured, done, growth, measure

SIZES = (10_000, 100_000)
GOAL = 1_000_000
"""Claims for which the goals are; measured with --sizes."""
SECONDS, MEGABYTES, NIGHT_SECONDS = 300, 4_000, 10
NIGHT = 10_000
"""Remit claims of the night."""
_PER = 1_000
"""Claims a transaction set: a payment of an 835, a batch of an 837I."""
AS_OF = "2026-09-25"
SETTINGS = (
    FACILITY
    + """\
[[payers]]
id = "PINES"
name = "Pine State Mutual"
policy = "bcbs"
partner = "CLEARHOUSE"
[[payers]]
id = "LIGHT"
name = "Lighthouse Care"
policy = "summit"
partner = "CLEARHOUSE"
"""
)


@dataclass(frozen=True)
class Row:
    """One run of a workspace: what was in it, what came, and what that took by stage."""

    what: str
    stored: int
    claims: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    stages: dict[str, float]
    database_mb: float
    runs: tuple[float, ...]


def run(sizes: Sequence[int], runs: int, scratch: Path) -> Iterator[Row]:
    """The median of several runs of each size, by the clock."""
    for size in sizes:
        made = [list(_measured(size, scratch / f"{size}-{turn}")) for turn in range(runs)]
        for rows in zip(*made, strict=True):
            seconds = median(row.seconds for row in rows)
            middle = min(rows, key=lambda row: abs(row.seconds - seconds))
            every = tuple(row.seconds for row in rows)
            yield Row(**{**asdict(middle), "runs": every})


def _measured(size: int, folder: Path) -> Iterator[Row]:
    """Claims stored, their remits, and a night; the workspace is gone afterwards."""
    workspace(folder)
    drops = (
        ("claims", 0, "837I", size + NIGHT, 0),
        ("remits", size + NIGHT, "835", size, 0),
        ("night", size + NIGHT, "835", NIGHT, size),
    )
    for control, (what, stored, kind, count, first) in enumerate(drops, 1):
        drop(kind, count, folder / "w" / "inbox" / f"{what}.edi", first, control)
        ran = night(folder / "w")
        yield Row(
            what,
            stored,
            count,
            round(ran.seconds, 2),
            round(ran.cpu_seconds, 2),
            round(ran.peak_mb),
            _stages(folder / "w"),
            round((folder / "w" / "iop.db").stat().st_size / 1e6),
            (),
        )
    shutil.rmtree(folder)


PROGRAM = (sys.executable, "-m", "edi_iop")


def workspace(folder: Path) -> Path:
    """An empty workspace of the facility, in a folder of its own."""
    folder.mkdir(parents=True)
    made = folder / "w"
    done(measure([*PROGRAM, "init", str(made), "-q"]))
    (made / "settings.toml").write_text(SETTINGS, encoding="ascii")
    return made


def night(workspace: Path) -> Measured:
    """The verb itself; remits with denials end in findings or blocked lines (1)."""
    command = [*PROGRAM, "run", str(workspace), "--as-of", AS_OF, "-q"]
    return done(measure(command, (0, 1), limit=7_200))


def drop(kind: str, count: int, out: Path, first: int, control: int) -> None:
    """A file of so many claims, or of answers to them."""
    options = ("--per", _PER, "--first", first, "--control", control)
    words = map(str, (kind, count, out, *options))
    done(measure([sys.executable, "-m", "scripts.benchmarks.generate", *words], limit=7_200))


def _stages(workspace: Path) -> dict[str, float]:
    """Seconds by stage, as the last receipt has them; everything must have been matched."""
    receipt = json.loads(max(workspace.glob("reports/*.json")).read_text(encoding="utf-8"))
    remits = receipt["remits"]
    if remits["unmatched"] or receipt["files"]["quarantined"]:
        raise SystemExit(f"not all was taken in and matched: {receipt['files']}, {remits}")
    seconds: dict[str, float] = receipt["seconds"]
    return seconds


def table(rows: Sequence[Row]) -> list[str]:
    """A line a run."""
    head = f"{'RUN':<8} {'STORED':>10} {'CLAIMS':>10} {'SECONDS':>8} {'CPU':>8} {'MB':>7} {'DB MB':>7}  STAGES"
    return [
        head,
        *(
            f"{row.what:<8} {row.stored:>10,} {row.claims:>10,} {row.seconds:>8.1f} "
            f"{row.cpu_seconds:>8.1f} {row.peak_mb:>7,.0f} {row.database_mb:>7,.0f}  "
            + _told(row.stages)
            for row in rows
        ),
    ]


def _told(stages: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in stages.items())


def standing(rows: Sequence[Row]) -> list[str]:
    """The goals where they were measured, and how the time for remits grows."""
    said = []
    remits = [row for row in rows if row.what == "remits"]
    for row in rows:
        if row.what == "remits" and row.claims == GOAL:
            met = row.seconds < SECONDS and row.peak_mb < MEGABYTES
            said.append(
                f"{_word(met)}: {row.claims:,} remit claims under {SECONDS} s, {MEGABYTES:,} MB"
            )
        if row.what == "night" and row.stored >= GOAL:
            met = row.seconds < NIGHT_SECONDS
            said.append(
                f"{_word(met)}: {row.claims:,} beside {row.stored:,} under {NIGHT_SECONDS} s"
            )
    if len(remits) > 1:
        first, last = remits[0], remits[-1]
        said.append(growth(first.claims, first.cpu_seconds, last.claims, last.cpu_seconds))
    return said


def _word(met: bool) -> str:
    return "met" if met else "NOT met"


def save(rows: Sequence[Row], folder: Path) -> Path:
    """The runs as JSON, beside those of the other benches."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"remits-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    return path
