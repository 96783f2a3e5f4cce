"""Files' findings as the answers their senders are owed: TA1 (interchange) and 999 (groups).

A TA1 accepts or rejects an interchange by its envelope. An interchange it
rejects has no 999; in any other each group of claims or remits has one, all in
one group of our own (005010X231A1). Errors that carry a 999 code reject their
transaction set; warnings that carry one are noted, and the set is accepted (E).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from edi_iop.acks.decisions import Decisions, Taken, decided
from edi_iop.acks.headers import element, headers
from edi_iop.acks.lines import lines
from edi_iop.acks.notes import noted
from edi_iop.acks.wrapping import parties, ta1, wrap
from edi_iop.tables import FINDINGS


class Read(Protocol):
    """A file that was read: what parsers.Parsed has of it."""

    @property
    def envelopes(self) -> pl.DataFrame: ...

    @property
    def findings(self) -> pl.DataFrame: ...

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]: ...


@dataclass(frozen=True)
class Stamp:
    """What the caller gives the answers: when they are made, and their control numbers."""

    created: datetime
    control: int
    """Of the first interchange answered; the next ones count on from it."""
    each_interchange: bool = True
    """A TA1 for each; otherwise only where its sender asks (ISA14) or its envelope is at fault."""
    values: bool = False
    """Bad values go into IK404: they may be personal data."""
    taken: Taken = "judged"


@dataclass(frozen=True)
class Answer:
    """The answer to one interchange, ready to send."""

    content: bytes
    interchange: str
    """ISA13 of the interchange answered."""
    decisions: tuple[str, ...]
    """TA104 of the interchange, where it has a TA1, then AK901 of each group that has a 999."""
    groups: int


def answers(files: Mapping[int, Read], stamp: Stamp) -> dict[int, list[Answer]]:
    """The answers to each file, one an interchange; none to what is an answer itself, or has no ISA.

    All files go through as one frame; their control numbers follow one another.
    """
    envelopes = _together(files, lambda file: file.envelopes)
    if envelopes is None:
        return {}
    heads = headers(envelopes)
    findings = _together(files, lambda file: FINDINGS.conform(file.findings))
    told = noted(FINDINGS.empty() if findings is None else findings, heads)
    decisions = decided(heads, told, stamp.taken)
    said = lines(decisions, told, _named(files), stamp.values)
    due = _due(_whole(decisions, said), stamp)
    made: dict[int, list[Answer]] = {}
    for number, row in enumerate(due.iter_rows(named=True)):  # interchanges, not segments
        answer = _answer(row, stamp.control + number, stamp.created)
        made.setdefault(row["file_id"], []).append(answer)
    return made


def _together(
    files: Mapping[int, Read], part: Callable[[Read], pl.DataFrame]
) -> pl.DataFrame | None:
    """That part of all files in one frame, with the number of each file; None where none has any."""
    frames = [
        frame.with_columns(file_id=pl.lit(number, pl.Int64))
        for number, file in files.items()
        if not (frame := part(file)).is_empty()
    ]
    return pl.concat(frames) if frames else None


def _named(files: Mapping[int, Read]) -> dict[str, pl.DataFrame]:
    """The tables whose rows are named in an answer: claims and payments."""
    found = {
        name: _together(files, lambda file, name=name: file.tables.get(name, pl.DataFrame()))  # type: ignore[misc]
        for name in ("claims", "payments")
    }
    return {name: frame for name, frame in found.items() if frame is not None}


def _whole(decisions: Decisions, said: pl.DataFrame) -> pl.DataFrame:
    """The interchanges with their first group (gs), the groups' decisions and the lines of all 999s.

    Only those that hold claims or remits, or hold no group at all and are at fault.
    """
    groups = decisions.groups.group_by("isa").agg(
        gs=pl.col("elements").first(), groups=pl.col("decision")
    )
    texts = said.group_by("isa", maintain_order=True).agg(lines="text")
    rows = decisions.interchanges
    for part in (groups, texts):
        rows = rows.join(part, on="isa", how="left", maintain_order="left")
    refused, nothing = pl.col("decision") == "R", pl.lit([], pl.List(pl.String))
    return rows.filter(
        pl.col("groups").is_not_null() | (refused & (pl.col("count") == 0))
    ).with_columns(
        pl.when(refused).then(nothing).otherwise(pl.col(name).fill_null(nothing)).alias(name)
        for name in ("groups", "lines")
    )


def _due(rows: pl.DataFrame, stamp: Stamp) -> pl.DataFrame:
    """With `tells`, whether a TA1 is due; without the interchanges that are owed nothing."""
    asked = element(14) == "1"
    at_fault = pl.col("decision") != "A"
    tells = pl.lit(stamp.each_interchange) | asked.fill_null(False) | at_fault
    return rows.with_columns(tells=tells).filter(tells | (pl.col("lines").list.len() > 0))


def _answer(row: Mapping[str, Any], control: int, created: datetime) -> Answer:
    """An interchange's TA1, where it is due, and its 999s, where it is not rejected."""
    isa = row["elements"]
    own = [ta1(isa, row["decision"], row["note"])] if row["tells"] else []
    between = parties(isa, row["gs"] or ())
    return Answer(
        content=wrap(between, own, row["lines"], control, created),
        interchange=row["interchange"] or "",
        decisions=(*([row["decision"]] if own else []), *row["groups"]),
        groups=len(row["groups"]),
    )
