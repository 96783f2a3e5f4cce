"""`validate --ack`: the TA1 and 999 that each file's sender is owed, one file an inbound file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
import polars as pl

from edi_iop.acks import Answer, Stamp, answers
from edi_iop.desk.paths import STANDARD_INPUT, read, shown, write
from edi_iop.parsers import Batch, last_of_each
from edi_iop.parsers.identify import kind_of_all
from edi_iop.parsers.streams import Spoken
from edi_iop.tables import FINDINGS

_ANSWERED = ("835", "837I", "837P", "837", "mixed", "x12")
"""Kinds that are owed an answer; a 999, TA1 or 277CA is none of them."""
_WORDS = {"A": "accepted", "E": "accepted with errors", "P": "accepted in part", "R": "rejected"}
_WORST_FIRST = "RPEA"
_ENDINGS = (".999", ".ta1")
_NUMBER = re.compile(rb"ISA\*(?:[^*~]*\*){12}([0-9]{9})\*")
"""ISA13 of an answer that we wrote."""


class Told(msgspec.Struct, frozen=True):
    """What became of the files of a call."""

    lines: tuple[str, ...]
    """A line a file: the decision, and where its answer is."""
    rejects: bool
    """Whether an answer turns something away."""


class Answering:
    """What the answers to files need of them, put by while the files are read in chunks.

    That is little but the findings: every one of them is part of an answer.
    """

    def __init__(self) -> None:
        self._spoken: dict[int, Spoken] = {}
        self._parts: dict[str, list[pl.DataFrame]] = {}

    def watched(self, files: Iterable[tuple[int, BinaryIO]]) -> Iterator[tuple[int, BinaryIO]]:
        """The files, looked through for an ISA and a TA1 while they are read."""
        for number, stream in files:
            self._spoken[number] = Spoken(stream, (b"ISA", b"TA1"))
            yield number, cast(BinaryIO, self._spoken[number])

    def seen(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches as they come."""
        for one in batches:
            kept = {"transactions": one.transactions, "envelopes": one.envelopes}
            named = {
                name: one.tables[name].select(columns)
                for name, columns in NAMED.items()
                if name in one.tables
            }
            for name, frame in {**kept, **named}.items():
                if len(frame):
                    self._parts.setdefault(name, []).append(frame)
            yield one

    def found(self, findings: pl.DataFrame) -> None:
        """What is wrong with the files of a batch."""
        self._parts.setdefault("findings", []).append(findings)

    def write(
        self, names: Mapping[int, str], folder: Path, values: bool, at: datetime | None = None
    ) -> Told:
        """Writes the answers into the folder, under the names of their files.

        Their control numbers go on from the answers that are there already.
        values: bad values go into the 999 (IK404); they may be personal data. at: None: now.
        """
        owed = {number: file for number, file in self._files() if file.kind in _ANSWERED}
        stamp = Stamp(at or datetime.now(UTC), control=_last_number(folder) + 1, values=values)
        told = answers(owed, stamp)
        lines = tuple(  # files, not rows: each answer is a file of its own
            _written(told[number], names[number], folder)
            if number in told
            else f"{names[number]}: not answered; it holds no claims or remits in an envelope"
            for number in owed
        )
        return Told(lines, any(_worst(parts) in "RP" for parts in told.values()))

    def _files(self) -> Iterator[tuple[int, _Read]]:
        whole = {
            name: pl.concat(parts, how="diagonal_relaxed") for name, parts in self._parts.items()
        }
        if "envelopes" in whole:
            whole["envelopes"] = last_of_each(whole["envelopes"])
        own = {name: _by_file(frame) for name, frame in whole.items()}
        for number, spoken in self._spoken.items():
            mine = {name: parts[number] for name, parts in own.items() if number in parts}
            yield number, _Read.of(mine, spoken.heard)


NAMED = {
    "claims": ("file_id", "claim_offset", "transaction_offset", "claim"),
    "payments": ("file_id", "payment_offset", "trace_number"),
}
"""The numbers of claims and payments, which an answer names beside their faults."""


def _by_file(frame: pl.DataFrame) -> dict[int, pl.DataFrame]:
    by = "file_id" if "file_id" in frame.columns else "file"
    parts = frame.partition_by(by, as_dict=True, maintain_order=True)
    return {int(number): part for (number,), part in parts.items() if number is not None}


class _Read(msgspec.Struct, frozen=True):
    """A file as it is answered (acks.answers.Read), and its kind."""

    kind: str
    envelopes: pl.DataFrame
    findings: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]

    @classmethod
    def of(cls, parts: Mapping[str, pl.DataFrame], heard: Collection[bytes]) -> _Read:
        findings = parts.get("findings", FINDINGS.empty())
        fatal = findings["code"].is_in(["NOT_X12", "EMPTY_FILE"]).any()
        transactions = parts.get("transactions", pl.DataFrame(schema=["st01", "guide"]))
        ids = {one.decode() for one in heard}
        return cls(
            "unknown" if fatal else kind_of_all(transactions, ids),
            parts.get("envelopes", pl.DataFrame({"file": []})).drop("file"),
            findings,
            {name: parts[name] for name in NAMED if name in parts},
        )


def _written(told: Sequence[Answer], name: str, folder: Path) -> str:
    target = _free(folder, name, ".999" if any(one.groups for one in told) else ".ta1")
    write(target, b"".join(one.content for one in told))
    return f"{name}: {_WORDS[_worst(told)]}; the answer is {shown(target)}"


def _worst(told: Sequence[Answer]) -> str:
    decisions = (decision for one in told for decision in one.decisions)
    return min(decisions, key=_WORST_FIRST.index)


def _last_number(folder: Path) -> int:
    """The greatest control number (ISA13) of the answers in the folder; 0 where there is none."""
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    kept = (read(path) for path in there if path.suffix in _ENDINGS and path.is_file())
    return max((int(found) for content in kept for found in _NUMBER.findall(content)), default=0)


def _free(folder: Path, name: str, ending: str) -> Path:
    """A path in the folder that no file has yet: what is there is never written over."""
    said = "standard-input" if name == str(STANDARD_INPUT) else Path(name).name
    base = re.sub(r"[^\w.-]+", "_", said) or "answer"
    target, number = folder / f"{base}{ending}", 1
    while target.exists():
        number += 1
        target = folder / f"{base}.{number}{ending}"
    return target
