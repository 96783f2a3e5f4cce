"""Fuzzes the X12 engine, guided by coverage: what makes `parse` raise is kept in fixtures/crashers.

Inputs begin as the fixtures; half of the changes know segments and elements, the
rest are libFuzzer's own. A crasher stays in fixtures/crashers under a name made
of its content, and the suite replays it (tests/parsers/test_crashers.py).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import warnings
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit(
        "fuzz: atheris is not installed (there are wheels for Linux and Python up to 3.13): "
        "pip install -e '.[fuzz]', or use scripts/fuzz"
    )

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
CRASHERS = ROOT / "fixtures" / "crashers"
SEEDS = sorted((*(ROOT / "fixtures" / "x12").iterdir(), *(ROOT / "fixtures" / "mutants").iterdir()))
LONGEST = 20_000

with atheris.instrument_imports(include=["edi_iop"]):
    from edi_iop import parsers
    from tests.parsers.test_crashers import replay

VALUES = [
    b"", b" ", b"0", b"-", b"-0", b".", b"1.", b"9" * 25, b"NaN", b"20260230", b"00000000", b"\xff", b"\xc3\x91",
    b"\x00", b"\x1c\x1d\x1e\x1f", b":::", b"^^", b"ISA", b"GS", b"ST", b"SE", b"GE", b"IEA", b"TA1", b"HL", b"LX",
    b"CLP", b"CLM", b"HI", b"ABK:F1020^ABF:F331", b"HC:H0015", b"D8", b"RD8", b"835", b"837", b"005010X221A1",
]  # fmt: skip


def separators(data: bytes) -> tuple[bytes, bytes]:
    """Element separator and terminator of the first ISA, or what we write."""
    if data[:3] == b"ISA" and len(data) > 106:
        return data[3:4], data[105:106]
    return b"*", b"~"


def changed(data: bytes, chance: random.Random) -> bytes:
    """A copy with one segment, element or separator changed."""
    element, terminator = separators(data)
    segments = data.split(terminator)
    at, other = chance.randrange(len(segments)), chance.randrange(len(segments))
    kind = chance.randrange(8)
    if kind == 0:
        del segments[at]
    elif kind == 1:
        segments.insert(other, segments[at])
    elif kind == 2:
        segments[at], segments[other] = segments[other], segments[at]
    elif kind == 3:
        strange = chance.choice(SEEDS).read_bytes().split(b"~")
        segments.insert(at, chance.choice(strange).replace(b"*", element))
    elif kind == 4:
        own = bytes([chance.randrange(256)])
        return data.replace(chance.choice([element, terminator, b":", b"^"]), own)
    elif kind == 5:
        return data + data[: chance.randrange(len(data) + 1)]
    else:
        parts = segments[at].split(element)
        place = chance.randrange(len(parts))
        parts[place : place + chance.randrange(2)] = [chance.choice(VALUES)]
        segments[at] = element.join(parts)
    return terminator.join(segments)


def mutate(data: bytes, longest: int, seed: int) -> bytes:
    """A change that knows X12, or one of libFuzzer's."""
    chance = random.Random(seed)
    if data and chance.random() < 0.6:
        for _ in range(chance.choice([1, 1, 2, 4])):
            data = changed(data, chance)
        return data[:longest]
    return bytes(atheris.Mutate(data, longest))


def target(data: bytes) -> None:
    """One input; an exception of any kind is a crash."""
    replay(parsers, data)


def main() -> None:
    asked = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0])
    asked.add_argument("--seconds", type=int, default=300, help="how long (default 300)")
    asked.add_argument(
        "--seed", type=int, default=0, help="libFuzzer's seed; 0 takes another each time"
    )
    asked.add_argument("files", nargs="*", help="only replay these files")
    given = asked.parse_args()
    for path in given.files:
        replay(parsers, Path(path).read_bytes())
    if given.files:
        print(f"{len(given.files)} replayed, none fails")
        return
    warnings.simplefilter("ignore")
    CRASHERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for path in (*SEEDS, *CRASHERS.iterdir()):
            (Path(corpus) / path.name).write_bytes(path.read_bytes())
        options = [f"-artifact_prefix={CRASHERS}/", f"-max_total_time={given.seconds}",
                   f"-seed={given.seed}", f"-max_len={LONGEST}", "-timeout=60", "-report_slow_units=60", "-rss_limit_mb=2048"]  # fmt: skip
        atheris.Setup([sys.argv[0], *options, corpus], target, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
