"""Files' findings as the answers their senders are owed: TA1 (interchange) and 999 (groups).

A TA1 accepts or rejects an interchange by its envelope. An interchange it
rejects has no 999; in any other each group of claims or remits has one, all in
one group of our own (005010X231A1). Errors that carry a 999 code reject their
transaction set; warnings that carry one are noted, and the set is accepted (E).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.acks.decisions import Decisions, Taken, decided
from edi_iop.acks.headers import element, headers, with_damaged
from edi_iop.acks.lines import lines
from edi_iop.acks.notes import noted
from edi_iop.acks.wrapping import Parties, parties, ta1, wrap
from edi_iop.tables import FINDINGS
from edi_iop.tables.pool import pooled

_WORST_FIRST = "RPEA"


class Read(Protocol):
    """A file that was read: what parsers.Parsed has of it."""

    @property
    def envelopes(self) -> pl.DataFrame: ...

    @property
    def findings(self) -> pl.DataFrame: ...

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]: ...


class Manner(msgspec.Struct, frozen=True):
    """How files are answered."""

    each_interchange: bool = True
    """A TA1 for each; otherwise only where its sender asks (ISA14) or its envelope is at fault."""
    values: bool = False
    """Bad values go into IK404: they may be personal data."""
    taken: Taken | Mapping[int, Taken] = "judged"
    """What became of the files: of all of them alike, or of each by its number."""


class Stamp(msgspec.Struct, frozen=True):
    """What the caller gives the answers: when they are made, their control numbers, their manner."""

    created: datetime
    control: int
    """Of the first interchange answered; the next ones count on from it."""
    each_interchange: bool = True
    values: bool = False
    taken: Taken = "judged"

    @property
    def manner(self) -> Manner:
        return Manner(self.each_interchange, self.values, self.taken)


class Answer(msgspec.Struct, frozen=True):
    """The answer to one interchange, ready to send."""

    content: bytes
    interchange: str
    """ISA13 of the interchange answered."""
    decisions: tuple[str, ...]
    """TA104 of the interchange, where it has a TA1, then AK901 of each group that has a 999."""
    groups: int


class Draft(msgspec.Struct, frozen=True):
    """The answer to one interchange, whole but for its control number and time."""

    between: Parties
    interchange: str
    """ISA13 of the interchange answered."""
    decision: str | None
    """TA104, where it has a TA1."""
    note: str | None
    """TA105, where it has a TA1."""
    groups: tuple[str, ...]
    """AK901 of each group that has a 999."""
    ta1: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def kind(self) -> Literal["999", "TA1"]:
        return "999" if self.groups else "TA1"

    @property
    def decisions(self) -> tuple[str, ...]:
        """The interchange's, where it is told, and the groups'."""
        return (*((self.decision,) if self.decision else ()), *self.groups)

    @property
    def worst(self) -> str:
        """Of its decisions the one that asks most of the sender: R, P, E or A."""
        return min(self.decisions, key=_WORST_FIRST.index)

    def numbered(self, control: int, created: datetime) -> bytes:
        """The interchange that goes out, under that control number of ours."""
        return wrap(self.between, self.ta1, self.lines, control, created)


def answers(files: Mapping[int, Read], stamp: Stamp) -> dict[int, list[Answer]]:
    """The answers to each file, one an interchange; none to what is an answer itself, or has no ISA.

    All files go through as one frame; their control numbers follow one another.
    """
    made: dict[int, list[Answer]] = {}
    control = stamp.control
    for file_id, parts in drafts(files, stamp.manner).items():  # interchanges, not segments
        for one in parts:
            content = one.numbered(control, stamp.created)
            answer = Answer(content, one.interchange, one.decisions, len(one.groups))
            made.setdefault(file_id, []).append(answer)
            control += 1
    return made


@pooled
def drafts(files: Mapping[int, Read], manner: Manner) -> dict[int, list[Draft]]:
    """The answers to each file, one an interchange, in order; to be numbered when they are kept."""
    found = _together(files, lambda file: FINDINGS.conform(file.findings))
    findings = FINDINGS.empty() if found is None else found
    envelopes = with_damaged(_together(files, lambda file: file.envelopes), findings)
    if envelopes.is_empty():
        return {}
    heads = headers(envelopes).join(
        _fates(files, manner.taken), on="file_id", how="left", maintain_order="left"
    )
    told = noted(findings, heads)
    decisions = decided(heads.filter("answered"), told)
    named = _named(files)
    said = lines(decisions, told, named, manner.values)
    due = _due(_whole(_questions(decisions, named), said), manner)
    made: dict[int, list[Draft]] = {}
    for row in due.iter_rows(named=True):  # interchanges, not segments
        made.setdefault(row["file_id"], []).append(_draft(row))
    return made


def _fates(files: Mapping[int, Read], taken: Taken | Mapping[int, Taken]) -> pl.DataFrame:
    """One row a file: what became of it."""
    each = {number: taken if isinstance(taken, str) else taken[number] for number in files}
    return pl.DataFrame(
        {"file_id": list(each), "taken": list(each.values())},
        schema={"file_id": pl.Int64, "taken": pl.String},
    )


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
    """The tables whose rows are named in an answer, and answers of others (TA1)."""
    found = {
        name: _together(files, lambda file, name=name: file.tables.get(name, pl.DataFrame()))  # type: ignore[misc]
        for name in ("claims", "payments", "acknowledgements")
    }
    return {name: frame for name, frame in found.items() if frame is not None}


def _questions(decisions: Decisions, tables: Mapping[str, pl.DataFrame]) -> Decisions:
    """Without the interchanges that are nothing but a TA1: none is owed to an answer."""
    if "acknowledgements" not in tables:
        return decisions
    rows, at = decisions.interchanges, ["file_id", "byte_offset"]
    told = tables["acknowledgements"].filter(pl.col("kind") == "TA1").select(at)
    spoken = told.sort("byte_offset").join_asof(
        rows.select(*at, "isa"), on="byte_offset", by="file_id", check_sortedness=False
    )["isa"]
    only = (pl.col("count") == 0) & pl.col("isa").is_in(spoken.implode())
    return replace(decisions, interchanges=rows.filter(~only))


def _whole(decisions: Decisions, said: pl.DataFrame) -> pl.DataFrame:
    """The interchanges with their first group (gs), the groups' decisions and the lines of all 999s.

    Only those that hold claims or remits, ask for an answer (ISA14), or hold no group at
    all and are at fault.
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
        pl.col("groups").is_not_null() | _asks() | (refused & (pl.col("count") == 0))
    ).with_columns(
        pl.when(refused).then(nothing).otherwise(pl.col(name).fill_null(nothing)).alias(name)
        for name in ("groups", "lines")
    )


def _due(rows: pl.DataFrame, manner: Manner) -> pl.DataFrame:
    """With `tells`, whether a TA1 is due; without the interchanges that are owed nothing."""
    tells = pl.lit(manner.each_interchange) | _asks() | (pl.col("decision") != "A")
    return rows.with_columns(tells=tells).filter(tells | (pl.col("lines").list.len() > 0))


def _asks() -> pl.Expr:
    return (element(14) == "1").fill_null(False)


def _draft(row: Mapping[str, Any]) -> Draft:
    """An interchange's TA1, where it is due, and its 999s, where it is not rejected."""
    isa, tells = row["elements"], row["tells"]
    return Draft(
        between=parties(isa, row["gs"] or ()),
        interchange=row["interchange"] or "",
        decision=row["decision"] if tells else None,
        note=row["note"] if tells else None,
        groups=tuple(row["groups"]),
        ta1=(ta1(isa, row["decision"], row["note"]),) if tells else (),
        lines=tuple(row["lines"]),
    )
