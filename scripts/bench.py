"""Reading an 835 (validated, to tables) against pyx12's validator, and a night of the example clinic.

Machines are shared and noisy: what counts is the ratio within one run, by medians.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import random
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median

SMALL = 1_000
"""Claims in the file that pyx12 reads; it would need minutes for the large one."""


def remit(claims: int, seed: int) -> bytes:
    """One 835 of IOP claims, about 6 days each, a tenth of the lines denied."""
    chance = random.Random(seed)
    body: list[str] = []
    total = 0
    for number in range(claims):
        if number % 1000 == 0:
            body.append(f"LX*{number // 1000 + 1}")
        lines, paid = _lines(number, chance)
        total += paid
        days = sum(line.startswith("SVC") for line in lines)
        body += [
            f"CLP*E{number:09d}K*1*{days * 350}*{paid}**12*ICN{number:08d}*13*1",
            f"NM1*QC*1*LAST{number % 5000}*FIRST{number % 700}****MI*M{number:08d}",
            "DTM*232*20260105",
            "DTM*233*20260131",
            *lines,
        ]
    head = [
        "ST*835*0001", f"BPR*I*{total}*C*CHK************20260301", "TRN*1*CHK0001*1512345678",
        "DTM*405*20260301", "N1*PR*HARBOR HEALTH PLAN", "N3*1 WHARF ST", "N4*PORTLAND*ME*04101",
        "PER*BL*EDI DESK*TE*2075550100", "N1*PE*SUNRIDGE RECOVERY*XX*1234567893",
    ]  # fmt: skip
    whole = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'HARBR':15}*ZZ*{'CLINIC':15}*260301*0800*^*00501*000000001*0*T*:",
        "GS*HP*HARBR*CLINIC*20260301*0800*1*X*005010X221A1",
        *head,
        *body,
        f"SE*{len(head) + len(body) + 1}*0001",
        "GE*1*1",
        "IEA*1*000000001",
    ]
    return ("~\n".join(whole) + "~\n").encode()


def _lines(number: int, chance: random.Random) -> tuple[list[str], int]:
    """The service lines of one claim and what they pay."""
    segments: list[str] = []
    paid = 0
    day = date(2026, 1, 5)
    for line in range(chance.randint(4, 8)):
        day += timedelta(days=chance.randint(1, 3))
        denied = chance.random() < 0.1
        paid += 0 if denied else 285
        segments += [
            f"SVC*HC:H0015*350*{0 if denied else 285}*0906*{0 if denied else 1}" + "**1" * denied,
            f"DTM*472*{day:%Y%m%d}",
            "CAS*CO*97*350" if denied else "CAS*CO*45*65",
            f"REF*6R*LE{number:09d}{line + 1:03d}",
            "LQ*HE*N20" if denied else "AMT*B6*285",
        ]
    return segments, paid


def read(path: Path) -> dict[str, float]:
    """One reading in a process of its own: seconds, claims, peak memory in MB."""
    code = (
        "import json, resource, sys, time; from edi_iop import parsers;"
        "data = open(sys.argv[1], 'rb').read(); start = time.perf_counter();"
        "parsed = parsers.parse([(1, data)])[1]; seconds = time.perf_counter() - start;"
        "assert len(parsed.findings) == 0, parsed.findings;"
        "print(json.dumps({'seconds': seconds, 'claims': len(parsed.tables['remit_claims']),"
        "'lines': len(parsed.tables['remit_lines']),"
        "'memory': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def read_with_pyx12(data: bytes) -> float:
    """Seconds pyx12's validator takes; the file must be valid to it too."""
    import pyx12.params
    import pyx12.x12n_document

    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    start = time.perf_counter()
    valid = pyx12.x12n_document.x12n_document(
        pyx12.params.params(), io.StringIO(data.decode()), None, None
    )
    seconds = time.perf_counter() - start
    assert valid, "pyx12 finds the generated file invalid"
    return seconds


def night() -> float:
    """Seconds of `edi-iop run` on a fresh example workspace, the process included."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "edi_iop"]
        clinic = str(Path(folder) / "clinic")
        subprocess.run(
            [*command, "init", clinic, "--example", "-q"], check=True, capture_output=True
        )
        start = time.perf_counter()
        done = subprocess.run(
            [*command, "run", clinic, "--as-of", "2026-03-02"], capture_output=True
        )
        assert done.returncode in (0, 1), done.stderr
        return time.perf_counter() - start


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--claims", type=int, default=100_000)
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder) / "large.835", Path(folder) / "small.835"
        large.write_bytes(remit(given.claims, seed=1))
        small.write_bytes(remit(SMALL, seed=2))
        readings = [read(large) for _ in range(given.runs)]
        pyx12 = [read_with_pyx12(small.read_bytes()) for _ in range(given.runs)]
        size, small_size = large.stat().st_size / 1e6, small.stat().st_size / 1e6
    seconds = median(one["seconds"] for one in readings)
    ours, theirs = size / seconds, small_size / median(pyx12)
    print(f"835 of {readings[0]['claims']:,} claims, {readings[0]['lines']:,} lines, {size:.1f} MB")
    print(
        f"edi_iop  {ours:8.2f} MB/s  {readings[0]['claims'] / seconds:10,.0f} claims/s  {seconds:.1f} s"
    )
    print(f"         {max(one['memory'] for one in readings):8.0f} MB at most")
    print(
        f"pyx12    {theirs:8.2f} MB/s  {SMALL / median(pyx12):10,.0f} claims/s  ({SMALL:,} claims)"
    )
    print(f"ratio    {ours / theirs:8.1f} times pyx12 4.0's validator, in this run")
    print(
        f"night    {median(night() for _ in range(given.runs)):8.2f} s for `run` on the example workspace"
    )


if __name__ == "__main__":
    main()
