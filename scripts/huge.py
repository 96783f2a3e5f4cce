"""Files that are one line, or one segment, of any size: read, in linear time, in memory a segment allows.

Each shape at a size and at twice that, each in a process of its own; exit code 1 where twice the
bytes take more than thrice the time, or memory that no segment explains.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MB = 10**6
_SLACK = 500
"""Megabytes whatever the file."""


def _envelope(fill: bytes) -> bytes:
    data = (ROOT / "fixtures" / "x12" / "claim_iop.837").read_bytes().replace(b"\n", b"")
    at = data.index(b"LX*2~")
    return data[:at] + fill + data[at:]


def one_line(size: int) -> bytes:
    """A whole 837 without line breaks: a claim after the other."""
    data = _envelope(b"")
    begin, end = data.index(b"~ST*") + 1, data.index(b"~GE*") + 1
    sets = data[begin:end]
    return data[:begin] + sets * (size // len(sets)) + data[end:]


def one_segment(size: int) -> bytes:
    """An 837 with a note of that size."""
    return _envelope(b"NTE*ADD*" + b"A" * size + b"~")


def one_claim(size: int) -> bytes:
    """A claim that does not end."""
    line = b"LX*%d~SV2*0906*HC:H0015*350*UN*1~DTP*472*D8*20260105~"
    return _envelope(b"".join(line % number for number in range(2, size // len(line))))


def no_terminator(size: int) -> bytes:
    """An ISA and then no terminator any more."""
    head = _envelope(b"")[:106]
    return head + b"GS*HC*A" * (size // 7)


def no_header(size: int) -> bytes:
    """A segment that never ends, and no ISA before it."""
    return b"ST*837*0001*" + b"A" * size


SHAPES: tuple[Callable[[int], bytes], ...] = (
    one_line, one_segment, one_claim, no_terminator, no_header,
)  # fmt: skip


HELD = {"one_line": 0, "one_claim": 3, "one_segment": 20, "no_terminator": 20, "no_header": 20}
"""How often a file's bytes may stand in memory: a segment is held whole, of a claim its sums."""


def measured(path: Path) -> tuple[float, int]:
    """Seconds of processor time and megabytes of a process that reads the file."""
    code = (
        "import resource, sys\n"
        "from edi_iop.parsers.batches import read_batches\n"
        "found = sum(len(one.findings) for one in read_batches([(1, open(sys.argv[1], 'rb'))]))\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss // 1000, found)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()  # fmt: skip
    return float(told[0]), int(told[1])


def main() -> int:
    asked = argparse.ArgumentParser(prog="huge", description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--megabytes", type=int, default=100, metavar="N", help="of the larger file")
    given = asked.parse_args()
    wrong = 0
    print(f"{'shape':<15}{'MB':>6}{'seconds':>9}{'memory MB':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            seconds = []
            for size in (given.megabytes // 2, given.megabytes):
                path = Path(folder) / "file.837"
                path.write_bytes(shape(size * MB))
                took, memory = measured(path)
                seconds.append(took)
                over = memory > _SLACK + HELD[shape.__name__] * size
                wrong += over
                print(
                    f"{shape.__name__:<15}{size:>6}{took:>9.1f}{memory:>11}{' too much' * over}",
                    flush=True,
                )
            slow = seconds[1] > 3 * seconds[0] + 1
            wrong += slow
            if slow:
                print(f"{shape.__name__}: not linear")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
