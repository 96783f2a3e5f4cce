"""Findings as rows of their table, with what the catalogue says of their codes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import polars as pl
from msgspec.structs import asdict

from edi_iop.findings import CATALOGUE, Finding
from edi_iop.tables.judged import FINDINGS


def findings_frame(findings: Iterable[Finding], file_id: int | None = None) -> pl.DataFrame:
    """Finding values as tables.FINDINGS: of one file, or each of the file its `file` numbers."""
    told = {name: dtype for name, dtype in FINDINGS.schema.items() if name in _OF_A_VALUE}
    rows = [asdict(one) for one in findings]
    held = pl.DataFrame([{name: row[name] for name in told} for row in rows], schema=told)
    own = pl.Series([row["file"] for row in rows], dtype=pl.String).cast(pl.Int64, strict=False)
    number = pl.lit(file_id, pl.Int64) if file_id is not None else pl.lit(own)
    return catalogued(held.with_columns(file_id=number))


def catalogued(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings with the severity, SNIP level and 999 code of their codes."""
    if findings.is_empty():
        return FINDINGS.conform(findings)
    told = findings.drop(_OF_THE_CATALOGUE, strict=False)
    return FINDINGS.conform(told.join(_catalogue(), on="code", how="left", maintain_order="left"))


@cache
def _catalogue() -> pl.DataFrame:
    return pl.DataFrame(
        [(one.code, one.severity, one.snip, one.ack) for one in CATALOGUE.values()],
        schema={"code": pl.String, "severity": pl.String, "snip": pl.Int64, "ack": pl.String},
        orient="row",
    )


_OF_THE_CATALOGUE = ("severity", "snip", "ack")
_OF_A_VALUE = frozenset(FINDINGS.schema) - {"file_id", *_OF_THE_CATALOGUE}
