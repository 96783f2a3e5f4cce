"""Recall and precision of every rule on a seeded clinic whose faults were written down when they were planted.

The clinic's files go the way a user's do: written to a folder, read, proposed,
judged. A fault counts as found where the rule names exactly its line (the
client, payer and date of a line not yet sent; claim and line number of one that
was), with the severity that it has; anything else named is wrong.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from edi_iop import desk  # noqa: E402 (the checkout, installed or not)
from edi_iop.desk import billing  # noqa: E402
from edi_iop.rules.catalogue import catalogue  # noqa: E402
from edi_iop.simulator.clinic import START, WEEKS  # noqa: E402
from edi_iop.texts import composed  # noqa: E402
from scripts import accuracy_denials, accuracy_remits  # noqa: E402

NIGHT = START + timedelta(weeks=WEEKS)
"""The clinic's first night."""
LINE = ["rule", "client_id", "payer_id", "service_date", "line", "severity"]
CONFUSION = {
    "rule": pl.String(),
    "planted": pl.Int64(),
    "found": pl.Int64(),
    "missed": pl.Int64(),
    "wrong": pl.Int64(),
}


@dataclass(frozen=True)
class Run:
    """One clinic judged."""

    seed: int
    planted: pl.DataFrame
    named: pl.DataFrame
    lines: int
    seconds: float

    @property
    def missed(self) -> pl.DataFrame:
        return self.planted.join(self.named, on=LINE, how="anti", nulls_equal=True)

    @property
    def wrong(self) -> pl.DataFrame:
        return self.named.join(self.planted, on=LINE, how="anti", nulls_equal=True)

    def confusion(self) -> pl.DataFrame:
        """CONFUSION: a row a rule, in the order of the book."""
        counts = [
            frame.group_by("rule").agg(pl.len().cast(pl.Int64).alias(name))
            for name, frame in (
                ("planted", self.planted),
                ("missed", self.missed),
                ("wrong", self.wrong),
            )
        ]
        table = pl.DataFrame({"rule": list(catalogue())})
        for count in counts:
            table = table.join(count, on="rule", how="left", maintain_order="left")
        filled = table.with_columns(pl.col("planted", "missed", "wrong").fill_null(0))
        found = filled.with_columns(found=pl.col("planted") - pl.col("missed"))
        return found.select(pl.col(name).cast(kind) for name, kind in CONFUSION.items())


def judged(seed: int, clients: int, weeks: int, folder: Path) -> Run:
    """The clinic of a seed, written to the folder and judged from there."""
    desk.clinic(folder, seed, clients, weeks)
    began = perf_counter()
    drops = [folder / name for name in ("feeds", "claims", "remits")]
    given = [drop for drop in drops if drop.is_dir()]
    case = billing.of_files(given, (), folder / "settings.toml", NIGHT)
    told = case.judge(NIGHT)
    line = (
        pl.when(pl.col("claim").is_null())
        .then(pl.lit("proposed"))
        .otherwise(composed("{} line {}", "claim", "line"))
    )
    named = told.violations.with_columns(line=line)
    seconds = perf_counter() - began
    return Run(seed, planted(folder / "truth.ndjson"), named, told.records.lines.height, seconds)


def planted(truth: Path) -> pl.DataFrame:
    """What the clinic's maker wrote down, each with the line that it is on."""
    line = pl.when(pl.col("where") == "encounters").then(pl.lit("proposed")).otherwise("record")
    written = pl.read_ndjson(truth).with_columns(pl.col("service_date").str.to_date())
    return written.filter(pl.col("kind").is_in(["fault", "note"])).with_columns(line=line)


def perfect(table: pl.DataFrame) -> bool:
    return not table["missed"].sum() and not table["wrong"].sum()


def printed(table: pl.DataFrame) -> str:
    """The confusion table as text; a rule with nothing planted says why."""
    head = f"{'RULE':8}{'PLANTED':>9}{'FOUND':>7}{'MISSED':>8}{'WRONG':>7}{'RECALL':>9}{'PRECISION':>11}"
    rows = [head]
    for row in table.iter_rows(named=True):  # a table for people, row by row
        reason = ""
        if not row["planted"]:
            reason = f"  {catalogue()[row['rule']].denial_only or 'not planted'}"
        recall = _percent(row["found"], row["planted"])
        precision = _percent(row["found"], row["found"] + row["wrong"])
        rows.append(
            f"{row['rule']:8}{row['planted']:9,}{row['found']:7,}{row['missed']:8,}{row['wrong']:7,}"
            f"{recall:>9}{precision:>11}{reason}"
        )
    return "\n".join(rows)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("rules", "remits", "denials"), help="default: all"
    )
    parser.add_argument("--answers", type=int, default=100_000, help="of the adversary")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, help="of the first run; default: a new one")
    given = parser.parse_args()
    first = secrets.randbelow(10**6) if given.seed is None else given.seed
    parts: dict[str, Callable[[], bool]] = {
        "rules": lambda: _rules(first, given),
        "remits": lambda: accuracy_remits.report(first, given.answers),
        "denials": lambda: accuracy_denials.report(first, given.clients, given.weeks),
    }
    held = [measure() for name, measure in parts.items() if given.what in (None, name)]
    return 0 if all(held) else 1


def _rules(first: int, given: argparse.Namespace) -> bool:
    """Every rule on clinics of seeds from the first on."""
    clean = True
    for seed in range(first, first + given.runs):
        with tempfile.TemporaryDirectory() as folder:
            run = judged(seed, given.clients, given.weeks, Path(folder))
        table = run.confusion()
        clean &= perfect(table)
        print(
            f"seed {seed}: {given.clients} clients, {given.weeks} weeks, {run.lines:,} lines, "
            f"{run.planted.height} faults, judged in {run.seconds:.1f} s"
        )
        print(printed(table))
        for name, frame in (("missed", run.missed), ("wrong", run.wrong)):
            for row in frame.select(LINE).head(20).iter_rows():
                print(f"{name}: {' '.join(str(value) for value in row)}")
    print("every rule: recall 100 %, precision 100 %" if clean else "not every rule is right")
    return clean


if __name__ == "__main__":
    sys.exit(main())
