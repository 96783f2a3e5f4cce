"""Files read together: what becomes of each, and its rows ready for the store."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop import parsers
from edi_iop.acks import Draft
from edi_iop.parsers import Parsed, archives, interchanges
from edi_iop.parsers.interchanges import Survey
from edi_iop.reconciler.balance import balance
from edi_iop.runner.numbering import numbered_again
from edi_iop.runner.outcome import Outcome, failed, judge, weigh
from edi_iop.runner.reply import drafted
from edi_iop.settings import Answering
from edi_iop.store import Prepared, Store
from edi_iop.tables import FINDINGS
from edi_iop.tables.found import findings_frame

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout


class Reading(msgspec.Struct, frozen=True):
    """One content, read under the number of the first file that brought it."""

    number: int
    outcome: Outcome
    transactions: int
    rows: Prepared
    """Tables, where they count, and findings."""
    findings: pl.DataFrame
    answers: Sequence[Draft] = ()
    """What its sender is owed."""


class Content(msgspec.Struct, frozen=True):
    """The bytes of a file under its number, and what was seen of them."""

    number: int
    data: bytes
    survey: Survey


def read(
    store: Store,
    files: Sequence[Content],
    answering: Answering,
    layouts: Sequence[Layout] = (),
    lists: Path | None = None,
    before: Sequence[bytes] = (),
) -> dict[int, Reading]:
    """Every file parsed, judged, answered and, where it is a remit, balanced.

    before: contents that came with them and were taken in before (parsers.parse).
    All together; where that fails, one by one, so that one cannot stop the others.
    """
    try:
        return _read(store, files, answering, layouts, lists, before)
    except (OSError, MemoryError):
        raise
    except Exception as problem:  # a fault of ours on some file: the night goes on without it
        if len(files) == 1:
            number = files[0].number
            outcome = failed("unknown", f"reading it failed ({type(problem).__name__})")
            return {number: Reading(number, outcome, 0, {}, FINDINGS.empty())}
        return {
            number: part
            for file in files
            for number, part in read(store, [file], answering, layouts, lists, before).items()
        }


def _read(
    store: Store,
    files: Sequence[Content],
    answering: Answering,
    layouts: Sequence[Layout],
    lists: Path | None,
    before: Sequence[bytes],
) -> dict[int, Reading]:
    parsed = _parsed(files, layouts, lists, before)
    outcomes = {number: judge(part) for number, part in parsed.items()}
    applied = {
        number: part for number, part in parsed.items() if outcomes[number].status == "applied"
    }
    imbalance = _imbalance(part for part in applied.values() if "payments" in part.tables)
    for number, found in _by_file(imbalance).items():
        outcomes[number] = weigh(outcomes[number], found)
    taken = interchanges.rows(
        {number: part.envelopes for number, part in applied.items()},
        {file.number: file.survey for file in files},
    )
    parsed = _with_findings(parsed, numbered_again(store, taken))
    findings = [FINDINGS.empty(), imbalance, *(part.findings for part in parsed.values())]
    found = pl.concat(findings, how="diagonal")
    kept = parsers.Sent().only(_together(applied.values()))
    rows = store.prepare({**kept, "interchanges": taken, "findings": found})
    by_file = _by_file(found)
    answers = drafted(parsed, outcomes, answering)
    return {
        number: Reading(
            number,
            outcomes[number],
            part.transactions,
            rows.get(number, {}),
            by_file.get(number, FINDINGS.empty()),
            answers.get(number, ()),
        )
        for number, part in parsed.items()
    }


def _parsed(
    files: Sequence[Content],
    layouts: Sequence[Layout],
    lists: Path | None,
    before: Sequence[bytes],
) -> dict[int, Parsed]:
    """Every file read; an archive among them is one of which something could not be had."""
    packed = {one.number: refused(one.number, io.BytesIO(one.data)) for one in files if one.survey.form == "archive"}  # fmt: skip
    rest = [(one.number, one.data) for one in files if one.number not in packed]
    return packed | parsers.parse(rest, layouts=layouts, lists=lists, before=before)


def refused(number: int, file: BinaryIO) -> Parsed:
    """An archive of which something could not be had, and why."""
    faults = [finding for _, finding in archives.contents("", file).faults]
    return Parsed("archive", {}, findings_frame(faults, number), 0)


def _with_findings(parsed: Mapping[int, Parsed], more: pl.DataFrame) -> dict[int, Parsed]:
    """The files with what was found out about them besides."""
    found = _by_file(more)
    return {
        number: replace(part, findings=pl.concat([part.findings, found[number]]))
        if number in found
        else part
        for number, part in parsed.items()
    }


def _imbalance(remits: Iterable[Parsed]) -> pl.DataFrame:
    tables = _together(remits)
    return balance(tables) if tables else FINDINGS.empty()


def _together(files: Iterable[Parsed]) -> Mapping[str, pl.DataFrame]:
    """The tables of all files in one frame each."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for parsed in files:  # frames, not rows
        for name, frame in parsed.tables.items():
            frames.setdefault(name, []).append(frame)
    return {name: pl.concat(parts, how="diagonal") for name, parts in frames.items()}


def _by_file(findings: pl.DataFrame) -> dict[int, pl.DataFrame]:
    parts = findings.partition_by("file_id", as_dict=True, maintain_order=True)
    return {int(file_id): part for (file_id,), part in parts.items()}
