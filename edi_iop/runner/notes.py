"""Findings of the run itself, as rows of the findings table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import polars as pl

from edi_iop.findings import Finding
from edi_iop.tables import FINDINGS


def frame(findings: Iterable[Finding], file_id: int | None = None) -> pl.DataFrame:
    """The findings as tables.FINDINGS, all of one file or of none."""
    rows = [
        asdict(found) | {"severity": found.severity, "snip": found.snip, "ack": found.ack}
        for found in findings
    ]
    held = {name: dtype for name, dtype in FINDINGS.schema.items() if name != "file_id"}
    known = pl.DataFrame([{name: row[name] for name in held} for row in rows], schema=held)
    return FINDINGS.conform(known.with_columns(file_id=pl.lit(file_id, pl.Int64)))
