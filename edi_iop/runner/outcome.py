"""What becomes of a file once it is read: applied, held or quarantined, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl

from edi_iop.findings import CATALOGUE
from edi_iop.parsers import Parsed
from edi_iop.tables import FEEDS, FINDINGS

X12 = frozenset({"835", "837I", "837P", "999", "TA1", "277CA", "mixed"})
"""Kinds whose tables have a meaning here; mixed: several of them, or one and others."""

INCOMPLETE = (
    "NOT_X12",
    "EMPTY_FILE",
    "ISA_SHORT",
    "SEPARATORS_CLASH",
    "TRUNCATED",
    "TRAILER_MISSING",
    "COUNT_WRONG",
    "CONTROL_NUMBER_WRONG",
    "FEED_REJECTED",
)
"""Findings by which the content cannot be trusted to be whole, so that none of it is applied."""

_NO_SEPARATOR = (pl.col("segment") == "ISA") & (pl.col("element") == 16)
"""Where ISA16 is none, what is a composite is guessed."""

_PLACE = ("transaction", "segment_position", "byte_offset", "loop", "segment", "element")


class Outcome(msgspec.Struct, frozen=True):
    """Status of a file as tables.FILES has it, and for what is not applied the reason."""

    status: str
    kind: str
    code: str = ""
    message: str = ""
    what_to_do: str = ""
    place: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def reason(self) -> str | None:
        """One line, or None where there is nothing to say."""
        return f"{self.code}: {self.message}" if self.code else None


def judge(parsed: Parsed) -> Outcome:
    """Quarantined where it is not whole or none of ours, else applied."""
    whole = ~pl.col("code").is_in(INCOMPLETE) & ~_NO_SEPARATOR.fill_null(False)
    cuts = parsed.findings.filter(~whole)
    if cuts.height:
        return _from(cuts, "quarantined", parsed.kind)
    return Outcome("applied", parsed.kind) if _has_meaning(parsed) else _not_ours(parsed)


def weigh(outcome: Outcome, imbalance: pl.DataFrame) -> Outcome:
    """Held where a remit's money does not add up: stored and shown, but not relied on."""
    errors = imbalance.filter(pl.col("severity") == "error")
    return outcome if errors.is_empty() else _from(errors, "held", outcome.kind)


def failed(kind: str, message: str) -> Outcome:
    """A file that could not be worked on, although it may be right."""
    return Outcome("quarantined", kind, "NOT_READ", message, CATALOGUE["NOT_READ"].remedy)


def recorded(row: Mapping[str, Any], findings: pl.DataFrame) -> Outcome:
    """The outcome of a file out of its row of tables.FILES and its findings."""
    code, _, message = (row["reason"] or "").partition(": ")
    same = findings.filter((pl.col("code") == code) & (pl.col("message") == message))
    if not same.is_empty():
        return _from(same, row["status"], row["kind"])
    remedy = CATALOGUE[code].remedy if code in CATALOGUE else ""
    return Outcome(row["status"], row["kind"], code, message, remedy)


def _has_meaning(parsed: Parsed) -> bool:
    """A feed may be empty; X12 that gave no row is of a guide we do not have."""
    if parsed.tables.keys() & set(FEEDS):
        return True
    return parsed.kind in X12 and any(frame.height for frame in parsed.tables.values())


def _not_ours(parsed: Parsed) -> Outcome:
    """The first error says why; a readable file of another kind is named by its kind."""
    errors = parsed.findings.filter(pl.col("severity") == "error")
    if parsed.kind in ("unknown", "archive") and not errors.is_empty():
        return _from(errors, "quarantined", parsed.kind)
    return Outcome(
        "quarantined",
        parsed.kind,
        "GUIDE_UNKNOWN",
        f"nothing in this {parsed.kind} file can be taken in",
        CATALOGUE["GUIDE_UNKNOWN"].remedy,
    )


def _from(findings: pl.DataFrame, status: str, kind: str) -> Outcome:
    first = FINDINGS.conform(findings).row(0, named=True)
    place = {name: first[name] for name in _PLACE if first[name] is not None}
    remedy = CATALOGUE[first["code"]].remedy
    return Outcome(status, kind, first["code"], first["message"], remedy, place)
