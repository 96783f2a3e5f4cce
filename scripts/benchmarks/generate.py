"""Writes an 835 or 837I of any size in bounded memory: KIND CLAIMS OUT [--seed N] [--per N] [--first N]
[--files N].

A payment's amount stands before its claims (BPR02), so a transaction's body goes to a file of
its own first and is copied behind its head.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import BinaryIO

from scripts.benchmarks.claim import Batch
from scripts.benchmarks.clinic import claims
from scripts.benchmarks.remit import Payment

KINDS = {"835": ("HP", "005010X221A1"), "837I": ("HC", "005010X223A2")}
"""Functional group and guide of each kind."""
_MOST = 10_000
"""Claims a transaction, as the guide of the 835 advises: a payment of more would be too long for BPR02."""


def generate(
    kind: str, count: int, out: Path, seed: int = 1, per: int = 0, control: int = 1, first: int = 0
) -> None:
    """One interchange of `count` claims numbered from `first`, `per` a transaction.

    per: 0 is all in one, or the most there may be. The same claim is drawn alike where its
    transaction begins with the same number.
    """
    group, guide = KINDS[kind]
    sender, receiver = ("HARBR", "SUNRIDGE") if kind == "835" else ("SUNRIDGE", "CLEARHOUSE")
    step = per or min(count, _MOST)
    with out.open("wb") as file:
        _write(file, [
            f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{receiver:15}*260921*0800*^*00501*{control:09d}*0*T*:",
            f"GS*{group}*{sender}*{receiver}*20260921*0800*{control}*X*{guide}",
        ])  # fmt: skip
        starts = range(first, first + count, step)
        for place, start in enumerate(starts, 1):
            numbers = range(start, min(start + step, first + count))
            _transaction(file, kind, numbers, seed, place, control)
        _write(file, [f"GE*{len(starts)}*{control}", f"IEA*1*{control:09d}"])


def _transaction(
    file: BinaryIO, kind: str, numbers: range, seed: int, place: int, control: int
) -> None:
    """ST to SE of these claims."""
    chance = Random(f"{kind} {seed} {place}")
    number = control * 1000 + place
    transaction = Payment(chance, number) if kind == "835" else Batch(chance, number)
    drawn = claims(len(numbers), seed, numbers.start)
    with tempfile.TemporaryFile(dir=Path(file.name).parent) as body:
        count = sum(_write(body, segments) for segments in transaction.body(drawn))
        body.seek(0)
        last = "*" + KINDS[kind][1] if kind == "837I" else ""
        count += _write(file, [f"ST*{kind[:3]}*{place:04d}{last}", *transaction.head()])
        shutil.copyfileobj(body, file, 1 << 20)
    count += _write(file, transaction.tail())
    _write(file, [f"SE*{count + 1}*{place:04d}"])


def _write(file: BinaryIO, segments: Iterable[str]) -> int:
    """The segments, a line each; returns how many."""
    lines = [f"{segment}~\n" for segment in segments]
    file.write("".join(lines).encode("ascii"))
    return len(lines)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("kind", choices=KINDS)
    arguments.add_argument("claims", type=int)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument(
        "--per",
        type=int,
        default=0,
        help="claims a transaction; 0: all in one, or the most there may be",
    )
    arguments.add_argument("--first", type=int, default=0, help="number of the first claim")
    arguments.add_argument("--control", type=int, default=1, help="interchange control number")
    arguments.add_argument("--files", type=int, help="so many such files, into the folder OUT")
    given = arguments.parse_args()
    if given.files is None:
        generate(
            given.kind,
            given.claims,
            given.out,
            given.seed,
            given.per,
            given.control,
            given.first,
        )
        return
    for control in range(1, given.files + 1):
        out = given.out / f"{control:06d}.{given.kind}"
        generate(given.kind, given.claims, out, given.seed + control, given.per, control)


if __name__ == "__main__":
    main()
