"""A synthetic clinic's claims and records as payers and the program get them, and remits as they are read."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from edi_iop import desk, parsers  # noqa: E402 (the checkout, installed or not)
from edi_iop.desk import billing, material, paths  # noqa: E402
from edi_iop.rules.policy import Policy  # noqa: E402
from edi_iop.rules.records import Records  # noqa: E402
from edi_iop.tables import REMITS  # noqa: E402

Tables = dict[str, pl.DataFrame]
ON = date(2026, 3, 10)
"""The day the payers answer: after the clinic's last claim."""


@dataclass(frozen=True)
class Clinic:
    """What a clinic has sent and what it holds, read from its files."""

    sent: material.Material
    beside: material.Material
    """Its feeds."""
    policies: Mapping[str, Policy]
    """By which its days can be judged."""
    known: Records


def clinic(seed: int, clients: int, weeks: int) -> Clinic:
    """A clinic's files, written and read."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        desk.clinic(folder, seed, clients, weeks)
        sent = material.of_files(paths.delivered([folder / "claims"]))
        policies, _ = billing.choose(sent, (), folder / "settings.toml", ON)
        beside = material.of_paths([folder / "feeds"])
    judged, _ = material.judgeable(policies, beside)
    return Clinic(sent, beside, judged, material.recorded(beside, judged, ON))


def remits_of(contents: Iterable[bytes], first: int = 1) -> Tables:
    """Files of 835s as they are parsed, numbered from `first`."""
    parsed = parsers.parse(list(enumerate(contents, first)))
    stacked = material.stacked(parsed.values())
    return {name: stacked[name] for name in REMITS if name in stacked}
