"""Findings with the keys of the contract, and where they and the rows of tables stand in a file."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from msgspec.structs import replace

from edi_iop.reports.shapes import counted, counted_by, file_names, rank
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.tables import FINDINGS
from edi_iop.tables.schema import PLACE
from edi_iop.texts import composed

FINDING_KEYS = (
    "code",
    "severity",
    "snip",
    "message",
    "file",
    "interchange",
    "group",
    "transaction",
    "segment_position",
    "byte_offset",
    "loop",
    "segment",
    "element",
    "component",
    "repetition",
    "value",
    "ack",
    "trigger_segment",
    "trigger_position",
    "trigger_loop",
    "trigger_element",
    "trigger_component",
)
SEVERITIES = ("error", "warning", "info")


def findings(
    frame: pl.DataFrame,
    names: Mapping[int, str] | None = None,
    counts: Mapping[str, int] | None = None,
) -> Sheet:
    """Trouble with the data, the worst first, each at its place.

    counts: how many there are by severity, where `frame` holds but the worst of them.
    """
    sheet = findings_in_place(worst(frame), names)
    if counts is None:
        return sheet
    closing = counted_by(counts, SEVERITIES, "finding")
    return replace(sheet, closing=closing, total=sum(counts.values()))


def worst(frame: pl.DataFrame, most: int | None = None) -> pl.DataFrame:
    """The findings, the worst first; so many at most."""
    ordered = FINDINGS.conform(frame).sort(
        rank("severity", SEVERITIES), "file_id", "byte_offset", nulls_last=True, maintain_order=True
    )
    return ordered if most is None else ordered.head(most)


def findings_in_place(frame: pl.DataFrame, names: Mapping[int, str] | None = None) -> Sheet:
    """Trouble with the data in the order it comes, each at its place."""
    rows = FINDINGS.conform(frame).with_columns(file_names(names)).select(FINDING_KEYS)
    return Sheet(
        "",
        rows,
        fields=(
            Field("SEVERITY", "severity", "flag"),
            Field("CODE", "code"),
            Field("FILE", "file", widest=36),
            Field("PLACE", "place"),
        ),
        notes=(Field("", "message"), Field("value", "value")),
        people=rows.with_columns(_place().alias("place")),
        none="no findings",
        closing=counted(rows, "severity", SEVERITIES, "finding"),
        phi=frozenset({"value"}),
    )


def rows_in_place(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table with the parts of their place (tables.schema.PLACE) put into one for a person."""
    own = {f"place_{name}": name for name in ("transaction", "loop", "segment", "element")}
    named = own | {"place_position": "segment_position", "place_offset": "byte_offset"}
    if not set(named) <= set(rows.columns):
        return rows
    parts = rows.select(list(named)).rename(named).with_columns(component=pl.lit(None, pl.Int64))
    of_rows = pl.exclude([column.name for column in PLACE])
    return rows.select(of_rows, parts.select(at=_place())["at"])


def _place() -> pl.Expr:
    """`ST 0001, segment 12, loop 2400, SV2-02-1, byte 845`, as far as it is known."""
    element = pl.concat_str(
        pl.col("segment"),
        pl.concat_str(pl.lit("-"), pl.col("element").cast(pl.String).str.zfill(2)).fill_null(""),
        pl.concat_str(pl.lit("-"), pl.col("component").cast(pl.String)).fill_null(""),
    )
    return pl.concat_str(
        composed("ST {}", "transaction"),
        composed("segment {}", "segment_position"),
        composed("loop {}", "loop"),
        element,
        composed("byte {}", "byte_offset"),
        separator=", ",
        ignore_nulls=True,
    )
