"""X12 files of a batch -> canonical tables and findings, all files in one frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import BinaryIO

import polars as pl

from edi_iop.guides import balancing, checks, situations, structure
from edi_iop.guides.companion import companion_faults
from edi_iop.guides.loops import Loops, Walked, walk
from edi_iop.parsers import claim_837
from edi_iop.tables import FINDINGS
from edi_iop.tables.found import catalogued, findings_frame
from edi_iop.transcribe import maps
from edi_iop.transcribe.read import read
from edi_iop.x12 import segments as split
from edi_iop.x12.envelopes import Enveloped, enveloped
from edi_iop.x12.pieces import CHUNK
from edi_iop.x12.segments import Segments

Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Batch:
    """What a chunk of X12 files holds."""

    tables: Tables
    findings: pl.DataFrame
    transactions: pl.DataFrame
    """One row a transaction set: file, st01, guide, name (the guide that read it, or null)."""
    envelopes: pl.DataFrame
    """One row an ISA, GS or ST (envelopes.Enveloped.headers)."""


def read_batches(
    files: Iterable[tuple[int, BinaryIO]], companion: str | None = None, size: int = CHUNK
) -> Iterator[Batch]:
    """Segments, envelopes, loops, checks and tables of all files, a chunk at a time.

    What a large file leaves open at the end of a chunk is repeated in the next one. The
    chunks overlap, for two cores: while one is walked, the next is being split and the
    last one checked and transcribed. Polars and NumPy work outside the interpreter's lock.
    """
    with ThreadPoolExecutor(2) as pool:
        frames = split.frames(files, size)
        coming = pool.submit(next, frames, None)
        last: _Step | None = None
        done: deque[Future[Batch]] = deque()
        while (frame := coming.result()) is not None:
            coming = pool.submit(next, frames, None)
            last = _step(frame, last)
            done.append(pool.submit(_batch, last, companion))
            if len(done) > 1:
                yield done.popleft().result()
        yield from (one.result() for one in done)


@dataclass(frozen=True)
class _Step:
    """A chunk whose segments have their places in envelopes and loops."""

    segments: Segments
    envelopes: Enveloped
    walked: Walked


def _step(frame: Segments, last: _Step | None) -> _Step:
    """The next chunk, beginning with what the last one left open."""
    left_open = None if last is None else last.envelopes.left_open
    left = None if last is None else last.walked.left
    if last is not None and left_open is not None and len(left_open.rows):
        rows = left_open.rows if left is None else left.below(left_open)
        frame = split.continued(frame, last.segments, rows)
    envelopes = enveloped(frame, left_open)
    return _Step(frame, envelopes, walk(frame, envelopes, left))


def _batch(step: _Step, companion: str | None) -> Batch:
    segments, envelopes, walked = step.segments, step.envelopes, step.walked
    parts: dict[str, list[pl.DataFrame]] = {}
    for loops in walked.loops:
        table_map = maps.for_guide(loops.guide.name)
        if table_map is not None:
            for name, frame in read(loops, table_map, segments).items():
                parts.setdefault(name, []).append(frame)
    tables = {name: pl.concat(frames) for name, frames in parts.items()}
    guided = [_guided(loops, envelopes, companion) for loops in walked.loops]
    findings = [
        _splitting(segments),
        _enveloping(envelopes),
        _unguided(walked.unguided, segments),
        *guided,
        _dated(_of_totals(claim_837.faults(tables), envelopes), guided),
    ]
    ordered = pl.concat([FINDINGS.conform(one) for one in findings]).sort(
        "file_id", "byte_offset", "element", nulls_last=False, maintain_order=True
    )
    named = pl.concat(
        [loops.transactions for loops in walked.loops] + [walked.unguided], how="diagonal_relaxed"
    ).filter(pl.col("row") >= segments.repeated)
    return Batch(tables, catalogued(ordered), named, envelopes.headers)


def _dated(found: pl.DataFrame, guided: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Without lines outside a statement where a date cannot be read: one fault, one finding."""
    if found.is_empty() or not guided:
        return found
    unread = pl.concat([FINDINGS.conform(one) for one in guided]).filter(
        (pl.col("code") == "DATE_INVALID") & (pl.col("segment") == "DTP")
    )
    outside = found.filter(pl.col("code") == "LINE_DATE_OUTSIDE")
    around = ["file_id", "transaction"]
    doubtful = outside.join(unread, on=around, how="semi", nulls_equal=True)
    place = ["file_id", "byte_offset", "code"]
    return found.join(doubtful, on=place, how="anti", maintain_order="left")


def _splitting(segments: Segments) -> pl.DataFrame:
    found = [
        findings_frame([finding for _, finding in of_file], file)
        for file, of_file in groupby(segments.findings, key=itemgetter(0))
    ]
    return pl.concat([FINDINGS.empty(), *found])


def _enveloping(envelopes: Enveloped) -> pl.DataFrame:
    return envelopes.findings.with_columns(file_id=pl.col("file").cast(pl.Int64))


def _unguided(unguided: pl.DataFrame, segments: Segments) -> pl.DataFrame:
    """One finding for each transaction we have no guide for."""
    version = pl.col("guide").fill_null("without a version")
    return (
        unguided.filter(pl.col("row") >= segments.repeated).select(
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


_CHECKS = (
    structure.structure,
    checks.element_faults,
    situations.situational_faults,
    balancing.balance_faults,
)
"""What the guides say of a transaction: its structure, its elements, what depends on what."""


def _guided(loops: Loops, envelopes: Enveloped, companion: str | None) -> pl.DataFrame:
    """Faults against the guide, and a companion guide where one is named, each at its segment."""
    found = [check(loops) for check in _CHECKS]
    found += [companion_faults(loops, companion)] if companion else []
    told = structure.said_once(loops, pl.concat(found, how="diagonal"))
    faults = told.filter(pl.col("place") >= loops.repeated)
    if faults.is_empty():
        return FINDINGS.empty()
    rows, number = loops.standing(faults["place"].to_numpy())
    around = loops.transactions.select(interchange="isa13", group="gs06", transaction="st02")
    placed = envelopes.placed(rows).select("file", "segment_position", "byte_offset")
    told = pl.concat([faults, placed, around.select(pl.all().gather(number))], how="horizontal")
    shown = pl.format("{}: {}", "segment", "message")
    return told.with_columns(
        file_id=pl.col("file").cast(pl.Int64),
        message=pl.when(pl.col("element").is_not_null()).then(shown).otherwise("message"),
    )
