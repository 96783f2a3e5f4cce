"""The programs compared, each run as a process of its own: python -m scripts.benchmarks.programs NAME FILE.

A reader answers how many claims it saw and how many faults it found; imports stand inside, so
that a process pays for its own program only.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

Answer = dict[str, int]


def edi_iop(path: Path) -> Answer:
    """Files to tables with every finding; a folder stands for the files in it."""
    # As the command `edi-iop validate` does.
    from edi_iop import processes

    processes.start_lightly()
    if path.is_file():
        processes.made_ready_for_x12(path.stat().st_size)
    from edi_iop import parsers
    from edi_iop.reconciler.balance import Running

    claims = findings = 0
    balance = Running()
    for batch in parsers.stream(_opened(path), levels=(1, 2, 3, 5)):
        claims += sum(len(batch.tables.get(name, ())) for name in ("remit_claims", "claims"))
        findings += len(batch.findings) + len(balance.claims(batch.tables))
    return {"claims": claims, "findings": findings + len(balance.payments())}


def _opened(path: Path) -> Iterator[tuple[int, BinaryIO]]:
    """Each file, open for as long as it is read."""
    for number, one in enumerate(sorted(path.iterdir()) if path.is_dir() else [path]):
        with one.open("rb") as file:
            yield number, file


def pyx12(path: Path) -> Answer:
    """Its verdict is the return value; without an acknowledgement or report to write it is fastest."""
    document, params = import_module("pyx12.x12n_document"), import_module("pyx12.params")
    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    with path.open(encoding="ascii") as file:
        valid = document.x12n_document(params.params(), file, None, None)
    return {"findings": int(not valid)}


def x12sdk(path: Path) -> Answer:
    """Models raise at the first fault."""
    with import_module("x12sdk.io").X12ModelReader(str(path)) as reader:
        return {"claims": sum(len(list(model.claims())) for model in reader.models())}


def x12sdk_segments(path: Path) -> Answer:
    with import_module("x12sdk.io").X12SegmentReader(str(path)) as reader:
        return {"claims": sum(name in ("CLP", "CLM") for name, _ in reader.segments())}


def edi_835_parser(path: Path) -> Answer:
    read = import_module("edi_835_parser").parse(str(path))
    read.to_dataframe()
    return {"claims": read.count_claims()}


def oxedi(path: Path) -> Answer:
    """Its tables stand as Arrow in memory; nothing is converted."""
    read = import_module("oxedi").parse_file(path)
    return {"claims": read.count_claims(), "findings": len(read.diagnostics)}


def separators(path: Path) -> Answer:
    """Where every separator stands, in the whole file at once."""
    numpy = import_module("numpy")
    _find(numpy, numpy.fromfile(path, dtype=numpy.uint8))
    return {}


def separators_in_pieces(path: Path) -> Answer:
    """The same in pieces that fit a processor's cache; positions are not kept."""
    numpy = import_module("numpy")
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            _find(numpy, numpy.frombuffer(piece, dtype=numpy.uint8))
    return {}


def _find(numpy: object, data: object) -> None:
    first, *others = b"*:~^"
    found = data == first
    for separator in others:
        found |= data == separator
    numpy.flatnonzero(found)  # type: ignore[attr-defined]


def staedi_jar() -> Path | None:
    """The StAEDI jar of the local Maven repository, where there is one."""
    found = sorted(Path.home().glob(".m2/repository/io/xlate/staedi/*/staedi-*.jar"))
    return found[-1] if found else None


@dataclass(frozen=True)
class Program:
    """One program of the comparison."""

    name: str
    does: str
    run: Callable[[Path], Answer] | None
    package: str = ""
    """What to install for it."""
    kinds: tuple[str, ...] = ("835", "837I")
    most: int = 1_000_000
    """The most claims it stands: in a minute or so, and in memory."""
    variants: bool = False
    """Whether it reads the file of many transactions too."""

    def command(self, path: Path) -> list[str]:
        if self.run is None:
            jar = str(staedi_jar())
            return ["java", "-cp", jar, str(Path(__file__).parent / "Staedi.java"), str(path)]
        return [sys.executable, "-m", "scripts.benchmarks.programs", self.name, str(path)]


OURS = "edi_iop"
FLOOR = "floor"
PROGRAMS = (
    Program(OURS, "envelopes, guide, balance, external codes (SNIP 1, 2, 3, 5); canonical tables",
            edi_iop, "edi_iop", variants=True),
    Program("oxedi", "structure and money of the 835; Arrow tables", oxedi, "oxedi", ("835",), variants=True),
    Program("pyx12", "envelopes and guide (SNIP 1, 2); no tables", pyx12, "pyx12", most=1_000),
    Program("x12sdk", "typed models, their own checks; no tables", x12sdk, "x12sdk", most=1_000),
    Program("edi-835-parser", "a data frame of the lines; no checks", edi_835_parser, "edi-835-parser",
            ("835",), 10_000),
    Program("StAEDI", "events of X12's control structure; no guide, no tables", None, "StAEDI"),
    Program("x12sdk segments", "segments as lists; no checks", x12sdk_segments, "x12sdk"),
    Program(FLOOR, "NumPy finds every separator, the whole file at once", separators, "numpy", most=100_000),
    Program("floor in pieces", "the same in pieces of 1 MB, positions not kept", separators_in_pieces, "numpy"),
)  # fmt: skip


def main() -> None:
    name, path = sys.argv[1:]
    (run,) = (program.run for program in PROGRAMS if program.name == name)
    assert run is not None, f"{name} is no Python program"
    print(json.dumps(run(Path(path))))


if __name__ == "__main__":
    main()
