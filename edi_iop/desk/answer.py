"""What a verb gives back: its sheet, and whether anything in it needs a person."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Literal

import msgspec
import polars as pl

from edi_iop.reports.parted import Parted
from edi_iop.reports.sheet import Sheet

Status = Literal["clean", "findings"]


class Answer(msgspec.Struct, frozen=True):
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


class Outcome(msgspec.Struct, frozen=True):
    """What is known once all files are read."""

    status: Status
    remarks: tuple[str, ...]


class Flow(Parted):
    """The result of a verb about files or a store of any size: taken as a whole, or in parts.

    All is gone through once: either by `parts`, `read` or `short`, which hold little of
    it, or, where anything else is asked for, as a whole.
    """

    outcome: Outcome | None = None
    """Known after the last part."""
    name: str = ""
    """What the answer is called."""

    @abstractmethod
    def together(self) -> Sheet:
        """All rows in one sheet."""

    def kept(self) -> Sheet:
        """All rows as a workbook holds them; NotWritten where they are more than it can."""
        return self.together()

    @cached_property
    def sheet(self) -> Sheet:
        return self.together()

    @property
    def rows(self) -> pl.DataFrame:
        """The records, as JSON and CSV carry them."""
        return self.sheet.rows

    @property
    def status(self) -> Status:
        return self._told.status

    @property
    def remarks(self) -> tuple[str, ...]:
        return self._told.remarks

    @property
    def _told(self) -> Outcome:
        if self.outcome is None:
            _ = self.sheet
        if self.outcome is None:
            raise ValueError("an answer that was given up halfway has no outcome")
        return self.outcome


def status(troubled: bool) -> Status:
    return "findings" if troubled else "clean"


def has_errors(findings: pl.DataFrame) -> bool:
    """Whether any finding is an error."""
    return bool((findings["severity"] == "error").any())
