"""What a verb gives back: its sheet, and whether anything in it needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from edi_iop.reports.sheet import Sheet

Status = Literal["clean", "findings"]


@dataclass(frozen=True)
class Answer:
    """The result of one verb."""

    sheet: Sheet
    status: Status = "clean"
    """findings: errors, blocked lines or quarantined files are in it (exit code 1)."""
    remarks: tuple[str, ...] = ()
    """What the user should know besides the rows, one line each."""

    @property
    def rows(self) -> pl.DataFrame:
        """The records, as JSON and CSV carry them."""
        return self.sheet.rows


def status(troubled: bool) -> Status:
    return "findings" if troubled else "clean"


def has_errors(findings: pl.DataFrame) -> bool:
    """Whether any finding is an error."""
    return bool((findings["severity"] == "error").any())
