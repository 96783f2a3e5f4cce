"""Our engine beside pyx12 (structure) and oxedi (money of 835s): a new seed each run.

Single faults are planted in the fixtures and, where the public samples are at hand, in those of
them that both programs find valid; the files themselves are compared too. Exit code 1 where a disagreement is none of the kinds that
tests/differential/kinds.toml explains.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.conftest import FIXTURES, SAMPLES
from tests.differential import judges, mutants
from tests.differential.compare import verdict
from tests.differential.survey import Survey, named

SHOWN = 40
"""So many unexplained disagreements are printed."""


def add_samples() -> int:
    """Valid public samples become bases too; how many."""
    before = len(mutants.BASES)
    for path in sorted((*SAMPLES.glob("835/*"), *SAMPLES.glob("837?/*"))):
        data = mutants.plain(path.read_bytes())
        if data is None:
            continue
        (ours,) = judges.ours([data])
        if verdict(ours, judges.pyx12(data)) == "neither":
            mutants.BASES[path.name] = data
    return len(mutants.BASES) - before


def report(survey: Survey, neither: bool) -> None:
    print("\n".join(survey.table()))
    print("\nkinds of disagreement met:")
    for kind, count in survey.met.most_common():
        print(f"{count:>7}  right: {kind.right:<6}  {kind.said}")
    for kind in survey.dead:
        print(f"      0  never met: {kind.said}")
    if neither:
        print("\nneither finds a fault in:", *sorted(set(survey.neither)), sep="\n  ")
    print(f"\n{len(survey.unexplained)} unexplained", *survey.unexplained[:SHOWN], sep="\n  ")


def main() -> int:
    asked = argparse.ArgumentParser(prog="differential", description=__doc__)
    asked.add_argument("--count", type=int, default=5000, help="files with a fault (default 5000)")
    asked.add_argument("--seed", type=int, help="of the faults; without it another each time")
    asked.add_argument("--neither", action="store_true", help="list what neither program finds")
    given = asked.parse_args()
    seed = random.SystemRandom().randrange(10**9) if given.seed is None else given.seed
    samples = add_samples()
    print(f"seed {seed}, {given.count} files; {samples} samples among those changed")
    survey = Survey()
    survey.structure(named([*FIXTURES.glob("*/*.8??"), *SAMPLES.glob("83*/*")]))
    survey.structure(one.named for one in mutants.mutants(seed, given.count))
    remits = tuple(name for name, data in mutants.BASES.items() if mutants.is_remit(data))
    survey.money(one.named for one in mutants.mutants(seed, given.count // 2, remits))
    report(survey, given.neither)
    return 1 if survey.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
