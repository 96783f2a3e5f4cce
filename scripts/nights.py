"""Random histories settled night by night against the same settled at once: what both leave must be equal.

Each round a small history of claims that are much alike (tests/runner/test_portions.py) and an
adversary's mail (tests/runner/test_portions_mail.py), of a new seed, in small portions.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time_ns

from edi_iop.runner import portions
from edi_iop.settings import Settings
from tests.runner import test_portions, test_portions_mail
from tests.runner.conftest import make_workspace

_MOST_SEEDS = 1_000_000
CLIENTS, WEEKS = 80, 10
"""Of the clinics whose mail it is: some 500 remit claims in 30 files."""


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    for seed in range(given.seed, given.seed + given.rounds):
        for what, agree in (("history", _history), ("mail", _mail)):
            said = _said(agree, seed)
            print(f"seed {seed} {what}: {said or 'equal'}", flush=True)
            if said:
                return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/nights", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=time_ns() % _MOST_SEEDS)
    return parser


def _said(agree: Callable[[Path, Settings, int], None], seed: int) -> str:
    """Where nights and the whole differ, in a line; nothing where they are equal."""
    with TemporaryDirectory() as folder:
        settings = make_workspace(Path(folder) / "clinic").settings()
        try:
            agree(Path(folder), settings, seed)
        except AssertionError as differ:
            return f"DIFFERENT {str(differ).partition(chr(10))[0]}".strip()
    return ""


def _history(folder: Path, settings: Settings, seed: int) -> None:
    portions.PORTION = test_portions.PORTION
    test_portions.agree(folder, settings, seed)


def _mail(folder: Path, settings: Settings, seed: int) -> None:
    portions.PORTION = test_portions_mail.PORTION
    mail = test_portions_mail.mail(seed, CLIENTS, WEEKS)
    test_portions_mail.agree(folder, settings, mail, seed, random.Random(seed).choice((0.0, 0.3)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
