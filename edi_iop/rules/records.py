"""What the rules read: lines with their history, and the facility's own records beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

COVERAGE = ("client_id", "payer_id", "coverage_priority", "coverage_from")
"""What tells one coverage from another."""


@dataclass(frozen=True)
class Records:
    """The lines under judgement with all history, and the facility's feeds as they stand."""

    lines: pl.DataFrame
    """tables.SERVICE_LINES: proposed ones, and every line sent by us or by another system."""
    days: pl.DataFrame
    """tables.DAYS"""
    encounters: pl.DataFrame
    """tables.ENCOUNTERS, newest versions (rules.days.current)"""
    clients: pl.DataFrame
    authorizations: pl.DataFrame
    providers: pl.DataFrame
    as_of: date
    """The day on which the facility looks at them."""


def newest(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The latest row of each key: a later file, or a later row of one file, replaces."""
    return rows.sort("file_id", "row", maintain_order=True).unique(
        list(key), keep="last", maintain_order=True
    )
