"""scripts/bench x12, claims, remits or backtest: whole processes on generated files, or on the feeds of a clinic."""

from __future__ import annotations

import argparse
import compileall
import os
import tempfile
from pathlib import Path

from scripts.benchmarks import backtests, claims, remits, report, x12
from scripts.benchmarks.processes import ROOT

_CLAIMS_A_FILE = [1_000, 10_000, 100_000]


def main() -> None:
    given = _arguments()
    load = os.getloadavg()[0]
    # As the other programs are, which were installed: a checkout may be told to keep nothing compiled.
    compileall.compile_dir(ROOT / "edi_iop", quiet=1)
    verbs = {"backtest": _backtest, "claims": _claims, "remits": _remits, "x12": _x12}
    verbs[given.what](given)
    if load > 0.5:
        print(
            f"other work was running here (load {load:.1f}): trust CPU seconds, not seconds or ratios"
        )


def _claims(given: argparse.Namespace) -> None:
    """Encounters to 837I."""
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        rows = list(claims.run(given.sizes or claims.SIZES, given.runs, Path(scratch)))
    print("\n".join([*claims.table(rows), "", *claims.standing(rows)]))


def _remits(given: argparse.Namespace) -> None:
    """Remits against claims in a workspace, and a night of few beside many."""
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        rows = list(remits.run(given.sizes or remits.SIZES, given.runs, Path(scratch)))
    print("\n".join([*remits.table(rows), "", *remits.standing(rows)]))
    print(f"\nkept as {remits.save(rows, given.out).name}")


def _backtest(given: argparse.Namespace) -> None:
    """The rules tried again on claims sent and answered."""
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        sizes = given.sizes or backtests.SIZES
        rows = list(backtests.run(sizes, given.runs, Path(scratch)))
    print("\n".join(backtests.table(rows)))


def _x12(given: argparse.Namespace) -> None:
    """Files read, beside other programs."""
    last = report.last_run(given.out)
    sizes = given.sizes or _CLAIMS_A_FILE
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        rows = list(x12.compare(sizes, given.runs, Path(scratch)))
        if not given.only_sizes:
            rows.append(x12.small_files(given.runs, Path(scratch), given.files))
            rows.append(x12.one_file(max(given.runs, 5), Path(scratch)))
            rows.append(x12.night(given.runs))
    print("\n".join(report.table(rows, last)))
    print("\nWhat each does with a file:\n" + "\n".join(report.legend()))
    print("\n" + "\n".join(report.standing(report.goals(rows))))
    kept = report.save(rows, given.out)
    print(f"\nkept as {kept.name}; medians of {given.runs}, whole processes, one after another")


def _arguments() -> argparse.Namespace:
    """Sizes as `1000,10000`; a folder for results that git ignores."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "what", choices=["x12", "claims", "remits", "backtest"], nargs="?", default="x12"
    )
    parser.add_argument("--sizes", type=_sizes,
                        help="claims a file, as 1000,10000 (default up to 100000), or encounters "
                        "(default 100000 and 1000000), or stored claims (default 10000 and 100000)")  # fmt: skip
    parser.add_argument("--runs", type=_positive, default=3)
    parser.add_argument("--files", type=_positive, default=x12.SMALL_FILES, help="small files")
    parser.add_argument(
        "--only-sizes", action="store_true", help="leave small files and the night out"
    )
    parser.add_argument("--out", type=Path, default=ROOT / ".bench", help="folder of the results")
    parser.add_argument("--scratch", type=Path, help="folder for the generated files")
    return parser.parse_args()


def _sizes(text: str) -> list[int]:
    return sorted({_positive(size) for size in text.split(",")})


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1 is needed")
    return number


if __name__ == "__main__":
    main()
