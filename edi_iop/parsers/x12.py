"""X12 files of a batch -> canonical tables and findings, all files in one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import polars as pl

from edi_iop.guides import checks, structure
from edi_iop.guides.loops import Loops, walk
from edi_iop.parsers import claim_837
from edi_iop.tables import FINDINGS
from edi_iop.tables.found import catalogued, findings_frame
from edi_iop.transcribe import maps
from edi_iop.transcribe.read import read
from edi_iop.x12 import segments as split
from edi_iop.x12.envelopes import Enveloped, enveloped
from edi_iop.x12.segments import Segments

Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Batch:
    """What a batch of X12 files holds; `file_id` is the file's place in the batch."""

    tables: Tables
    findings: pl.DataFrame
    transactions: pl.DataFrame
    """One row a transaction set: file, st01, guide, name (the guide that read it, or null)."""


def read_batch(files: Sequence[bytes]) -> Batch:
    """Segments, envelopes, loops, checks and tables of all files."""
    segments = split.read(files)
    envelopes = enveloped(segments)
    walked, unguided = walk(segments, envelopes)
    parts: dict[str, list[pl.DataFrame]] = {}
    for loops in walked:
        table_map = maps.for_guide(loops.guide.name)
        if table_map is not None:
            for name, frame in read(loops, table_map, segments).items():
                parts.setdefault(name, []).append(frame)
    tables = {name: pl.concat(frames) for name, frames in parts.items()}
    findings = [
        _splitting(segments),
        _enveloping(envelopes),
        _unguided(unguided),
        *(_guided(loops, envelopes) for loops in walked),
        _of_totals(claim_837.totals(tables), envelopes),
    ]
    ordered = pl.concat([FINDINGS.conform(one) for one in findings]).sort(
        "file_id", "byte_offset", "element", nulls_last=False, maintain_order=True
    )
    named = pl.concat([loops.transactions for loops in walked] + [unguided], how="diagonal_relaxed")
    return Batch(tables, catalogued(ordered), named)


def _splitting(segments: Segments) -> pl.DataFrame:
    found = [
        findings_frame([finding for _, finding in of_file], file)
        for file, of_file in groupby(segments.findings, key=itemgetter(0))
    ]
    return pl.concat([FINDINGS.empty(), *found])


def _enveloping(envelopes: Enveloped) -> pl.DataFrame:
    return envelopes.findings.with_columns(file_id=pl.col("file").cast(pl.Int64))


def _unguided(unguided: pl.DataFrame) -> pl.DataFrame:
    """One finding for each transaction we have no guide for."""
    version = pl.col("guide").fill_null("without a version")
    return (
        unguided.select(
            pl.col("file").cast(pl.Int64).alias("file_id"),
            pl.lit("GUIDE_UNKNOWN").alias("code"),
            pl.format("{} {} is read to segments only", pl.col("st01").fill_null("?"), version).alias("message"),
            pl.col("isa13").alias("interchange"),
            pl.col("gs06").alias("group"),
            pl.col("st02").alias("transaction"),
            pl.lit(1, pl.Int64).alias("segment_position"),
            "byte_offset",
            pl.lit("ST").alias("segment"),
        )
    )  # fmt: skip


def _of_totals(totals: pl.DataFrame, envelopes: Enveloped) -> pl.DataFrame:
    """Faults of tables, whose rows know only their byte offset, placed in their transactions."""
    if totals.is_empty():
        return totals
    at = ["file_id", "byte_offset"]
    every = envelopes.segments.rows.select(
        pl.col("file").cast(pl.Int64).alias("file_id"), "byte_offset"
    )
    rows = every.with_row_index("row").join(totals, on=at, how="semi")["row"].to_numpy()
    around = envelopes.transactions.select(
        st="row", interchange="isa13", group="gs06", transaction="st02"
    )
    placed = envelopes.placed(rows).join(around, on="st", how="left", maintain_order="left")
    told = placed.select(pl.col("file").cast(pl.Int64).alias("file_id"), "byte_offset",
                         "segment_position", "interchange", "group", "transaction")  # fmt: skip
    bare = totals.drop("segment_position", "interchange", "group", "transaction")
    return bare.join(told, on=at, how="left", maintain_order="left")


def _guided(loops: Loops, envelopes: Enveloped) -> pl.DataFrame:
    """Faults against the guide, each at its segment."""
    faults = pl.concat([structure.structure(loops), checks.element_faults(loops)], how="diagonal")
    if faults.is_empty():
        return FINDINGS.empty()
    rows = loops.rows[faults["place"].to_numpy()]
    number = loops.instance(loops.guide.root)[faults["place"].to_numpy()] - 1
    around = loops.transactions.select(interchange="isa13", group="gs06", transaction="st02")
    placed = envelopes.placed(rows).select("file", "segment_position", "byte_offset")
    told = pl.concat([faults, placed, around.select(pl.all().gather(number))], how="horizontal")
    shown = pl.format("{}: {}", "segment", "message")
    return told.with_columns(
        file_id=pl.col("file").cast(pl.Int64),
        message=pl.when(pl.col("element").is_not_null()).then(shown).otherwise("message"),
    )
