"""Proposed lines and what the rules say of them, to the 837I that goes out (005010X223A2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import polars as pl

from edi_iop.findings import Finding
from edi_iop.mapper import parties
from edi_iop.mapper.claims import Tables, claims
from edi_iop.rules.policy import Policy
from edi_iop.settings import Settings
from edi_iop.transcribe.write import write_837i
from edi_iop.x12.writer import Envelope

_LINE = ["file_id", "claim_offset", "line_offset"]


class OutFile(NamedTuple):
    """One interchange for one partner: a name that says nothing of people, and its bytes."""

    name: str
    content: bytes
    partner: str


@dataclass(frozen=True)
class Built:
    """What was built and what was not: every proposed line is on a claim, blocked or left out."""

    tables: Tables
    """submissions, claims, claim_lines, claim_diagnoses as written."""
    files: list[OutFile]
    blocked: pl.DataFrame
    """Proposed lines (tables.SERVICE_LINES) that the scrub keeps back."""
    left_out: pl.DataFrame
    """Proposed lines whose attending provider or subscriber is unknown."""
    findings: list[Finding]


def build(
    lines: pl.DataFrame,
    violations: pl.DataFrame,
    clients: pl.DataFrame,
    providers: pl.DataFrame,
    days: pl.DataFrame,
    settings: Settings,
    policies: Mapping[str, Policy],
    first_serial: int,
    first_control: int,
    created: datetime,
) -> Built:
    """The 837I files of these proposed lines, one a partner.

    violations: of the rules, on these lines; those that block or hold keep their
    line back unless the scrub mode is warn. first_control: interchange control
    number of the first file, counting up by one a file.
    """
    blocked = _blocked(lines, violations, settings)
    passed = lines.join(blocked, on=_LINE, how="anti", maintain_order="left")
    placed = parties.staffed(parties.placed(passed, clients, days), providers)
    left_out = passed.join(
        placed.filter(~parties.nameable().fill_null(False)),
        on=_LINE,
        how="semi",
        maintain_order="left",
    )
    tables = claims(
        passed, clients, providers, days, settings, policies, first_serial, created.date()
    )
    tables["submissions"] = _enveloped(tables["submissions"], first_control, created)
    return Built(tables, _files(tables, created), blocked, left_out, parties.gaps(placed))


def _blocked(lines: pl.DataFrame, violations: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The lines that a violation keeps out of the claims."""
    if settings.scrub.mode == "warn":
        return lines.clear()
    stopping = violations.filter(pl.col("severity").is_in(["block", "hold"]))
    return lines.join(stopping, on=_LINE, how="semi", maintain_order="left")


def _enveloped(submissions: pl.DataFrame, first_control: int, created: datetime) -> pl.DataFrame:
    """The submissions with the control numbers and the time they are sent under."""
    control = pl.int_range(pl.len()) + first_control
    return submissions.with_columns(
        interchange_control=control.cast(pl.String).str.zfill(9),
        group_control=control.cast(pl.String),
        created_at=pl.lit(f"{created:%H%M}"),
    )


def _files(tables: Tables, created: datetime) -> list[OutFile]:
    return [_file(tables, row, created) for row in tables["submissions"].iter_rows(named=True)]


def _file(tables: Tables, submission: Mapping[str, object], created: datetime) -> OutFile:
    """One partner's interchange."""
    partner, control = str(submission["receiver_id"]), int(str(submission["group_control"]))
    own = {
        name: frame.filter(pl.col("file_id") == submission["file_id"])
        for name, frame in tables.items()
    }
    envelope = Envelope(
        sender_id=str(submission["sender_id"]),
        receiver_id=partner,
        interchange_control=control,
        group_control=control,
        created=created,
        usage=str(submission["usage"]),
    )
    safe = "".join(character for character in partner if character.isalnum())
    name = f"837I-{safe}-{created:%Y%m%d}-{control:09d}.edi"
    return OutFile(name, write_837i(own, envelope), partner)
