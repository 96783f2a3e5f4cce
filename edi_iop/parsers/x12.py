"""X12 files of a batch -> canonical tables and findings, all files in one frame."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.guides import (
    balancing,
    checks,
    consequences,
    duplicates,
    external,
    situations,
    structure,
)
from edi_iop.guides.choice import VERSION
from edi_iop.guides.companion import companion_faults
from edi_iop.guides.enveloping import envelope_faults
from edi_iop.guides.loader import index
from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.walking import Left as Unfinished
from edi_iop.guides.walking import Walked, walk
from edi_iop.parsers import ack_ta1, claim_837
from edi_iop.parsers.cut_off import without_cut_off
from edi_iop.parsers.told_once import told_once
from edi_iop.tables import ACKNOWLEDGEMENTS, FINDINGS
from edi_iop.tables.drawn import Drafts, Part
from edi_iop.tables.found import catalogued, findings_frame
from edi_iop.tables.pool import pooled
from edi_iop.texts import composed
from edi_iop.transcribe import maps
from edi_iop.transcribe.read import read
from edi_iop.x12 import segments as split
from edi_iop.x12 import separators as sep
from edi_iop.x12.envelopes import NOTHING, Carried, Enveloped, enveloped
from edi_iop.x12.pieces import CHUNK
from edi_iop.x12.segments import Segments

Tables = Mapping[str, pl.DataFrame]


_COMPANION = 7
ALL_LEVELS = frozenset(range(1, _COMPANION + 1))


class Asked(msgspec.Struct, frozen=True):
    """What is to be checked: SNIP levels (the envelopes, level 1, always are), a companion guide.

    tables: the canonical tables to be read, besides those the checks read; None for all.
    """

    levels: Collection[int] = ALL_LEVELS
    companion: str | None = None
    tables: frozenset[str] | None = None
    placed: bool = False
    """Whether each row is to say its whole place (tables.schema.PLACE)."""
    lists: Path | None = None
    """The folder of code lists that a user has loaded (codes.licensed), where there is one."""

    @property
    def wanted(self) -> frozenset[str] | None:
        return None if self.tables is None else self.tables | claim_837.TABLES


EVERYTHING = Asked()


class Batch(msgspec.Struct, frozen=True):
    """What a chunk of X12 files holds."""

    tables: Tables
    findings: pl.DataFrame
    transactions: pl.DataFrame
    """One row a transaction set: file, st01, guide, name (the guide that read it, or null)."""
    envelopes: pl.DataFrame
    """One row an ISA, GS or ST (envelopes.Enveloped.headers); where one comes again, the last counts."""
    cut: pl.DataFrame | None = None
    """Where the CLM stands of a claim that goes on in the next chunk, longer than several: one row."""


def steps(files: Iterable[tuple[int, BinaryIO]], size: int = CHUNK) -> Iterator[Step]:
    """The chunks one after another, for those who want the segments themselves; see `batch`."""
    left = Left()
    for chunk in split.chunks(files, size):
        placed = step(frame(chunk), left)
        left = placed.left
        yield placed
        del placed  # Only what is left open is held for the next.


class Step(msgspec.Struct, frozen=True):
    """A chunk whose segments have their places in envelopes and loops."""

    segments: Segments
    envelopes: Enveloped
    walked: Walked
    left: Left


class Left(msgspec.Struct, frozen=True):
    """What a chunk leaves open for the next."""

    envelopes: Carried = NOTHING
    loops: Unfinished | None = None


frame = pooled(split.framed)
"""A chunk's segments: all of reading that needs nothing of the chunk before."""


@pooled
def step(framed: Segments, before: Left) -> Step:
    """The next chunk, beginning with what the last one left open."""
    envelopes = enveloped(framed, before.envelopes)
    segments = envelopes.segments
    walked = walk(segments, envelopes, before.loops)
    carried = envelopes.carried(() if walked.left is None else walked.left.rows)
    return Step(segments, envelopes, walked, Left(carried, walked.left))


def batch(placed: Step, asked: Asked = EVERYTHING) -> Batch:
    """Tables and findings of a chunk."""
    return made(drafted(placed, asked))


@pooled
def made(drafted: Batch) -> Batch:
    """With all of its tables made."""
    return replace(drafted, tables=dict(drafted.tables))


@pooled
def drafted(placed: Step, asked: Asked) -> Batch:
    """The same with tables that are made when asked for, as it goes to another process."""
    segments, envelopes, walked = placed.segments, placed.envelopes, placed.walked
    parts: dict[str, list[Part]] = {}
    for loops in walked.loops:
        table_map = maps.for_guide(loops.guide.name)
        if table_map is not None:
            for name, table in read(loops, table_map, segments, asked.wanted, asked.placed).items():
                parts.setdefault(name, []).append(table)
    told = ack_ta1.read(segments, asked.placed)
    if len(told):
        parts.setdefault(ACKNOWLEDGEMENTS.name, []).append(told)
    tables = Drafts(parts)
    findings = [
        _splitting(segments),
        _enveloping(_inside(envelopes.findings, walked)),
        _enveloping(envelope_faults(segments, envelopes)),
        _unguided(walked.unguided, segments),
        *(_guided(loops, envelopes, asked) for loops in walked.loops),
        _of_totals(claim_837.faults(tables, asked.levels), envelopes),
    ]
    every = pl.concat([FINDINGS.conform(one) for one in findings])
    ordered = without_cut_off(told_once(every, tables.get("claims")), segments).sort(
        "file_id", "byte_offset", "element", nulls_last=False, maintain_order=True
    )
    named = pl.concat(
        [loops.transactions for loops in walked.loops] + [walked.unguided], how="diagonal_relaxed"
    ).filter(pl.col("row") >= segments.repeated)
    cut = _cut(walked, envelopes)
    return Batch(tables, catalogued(ordered), named, envelopes.headers, cut)


def _splitting(segments: Segments) -> pl.DataFrame:
    found = [
        findings_frame([finding for _, finding in of_file], file)
        for file, of_file in groupby(segments.findings, key=itemgetter(0))
    ]
    return pl.concat([FINDINGS.empty(), *found])


def _enveloping(found: pl.DataFrame) -> pl.DataFrame:
    return found.with_columns(file_id=pl.col("file").cast(pl.Int64))


_HEADS = ("ISA", "GS", "ST", "SE", "GE", "IEA")


def _inside(found: pl.DataFrame, walked: Walked) -> pl.DataFrame:
    """With the loop of what stands at an element, where a guide has the segment."""
    if found.is_empty():
        return found
    names = [one.names(found["row"].to_numpy()) for one in walked.loops]
    at_element = pl.col("element").is_not_null() & ~pl.col("segment").is_in(_HEADS)
    loop = pl.coalesce(*(pl.lit(one) for one in names), pl.lit(None, pl.String))
    return found.with_columns(loop=pl.when(at_element).then(loop))


def _unguided(unguided: pl.DataFrame, segments: Segments) -> pl.DataFrame:
    """One finding for each transaction we have no guide for."""
    named = pl.col("guide").fill_null("without a version")
    version = VERSION.fill_null("without a version")
    other = named.is_in([*index().guides, *index().same_as])
    return (
        unguided.filter(pl.col("row") >= segments.repeated).select(
            pl.col("file").cast(pl.Int64).alias("file_id"),
            pl.when(other).then(pl.lit("CODE_INVALID")).otherwise(pl.lit("GUIDE_UNKNOWN")).alias("code"),
            pl.when(other).then(pl.lit("ST: element 01 (Transaction Set Identifier Code) is not that of the guide in GS08"))
            .otherwise(composed("{} {} is read to segments only", pl.col("st01").fill_null("?"), version)).alias("message"),
            pl.col("isa13").alias("interchange"),
            pl.col("gs06").alias("group"),
            pl.col("st02").alias("transaction"),
            pl.lit(1, pl.Int64).alias("segment_position"),
            "byte_offset",
            pl.lit("ST").alias("segment"),
            pl.when(other).then(pl.lit(1, pl.Int64)).alias("element"),
        )
    )  # fmt: skip


def _of_totals(totals: pl.DataFrame, envelopes: Enveloped) -> pl.DataFrame:
    """Faults of tables, whose rows know only their byte offset, placed in their transactions."""
    if totals.is_empty():
        return totals
    totals = _within_lines(totals, envelopes.segments)
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


def _within_lines(totals: pl.DataFrame, segments: Segments) -> pl.DataFrame:
    """Faults of service lines moved from the LX to their own segment: the next SV2, or DTP 472.

    A date that is missing was due behind the service and its attachments (PWK).
    """
    of_line = pl.col("segment").is_in(["SV2", "DTP"])
    if not totals.select(of_line.any()).item():
        return totals
    own = segments.texts["id"]
    dates = segments.texts["raw"].str.starts_with(f"DTP{sep.ELEMENT}472")
    texts = segments.rows["text"]
    places = segments.rows.select(
        pl.col("file").cast(pl.Int64).alias("file_id"), own=pl.col("byte_offset"), byte_offset="byte_offset",
        segment=own.gather(texts), line=((own == "SV2") | dates).gather(texts),
        behind=(~own.is_in(["LX", "SV2", "PWK"])).gather(texts),
    ).sort("byte_offset")  # fmt: skip
    missing = of_line & pl.col("element").is_null()
    moved = [
        totals.filter(which).sort("byte_offset").join_asof(
            places.filter(where).select("own", "byte_offset", *by), on="byte_offset", by=by,
            strategy="forward", check_sortedness=False,
        )
        for which, where, by in (
            (of_line & ~missing, pl.col("line"), ["file_id", "segment"]),
            (missing, pl.col("behind"), ["file_id"]),
        )
    ]  # fmt: skip
    found = pl.concat(moved).with_columns(byte_offset=pl.coalesce("own", "byte_offset"))
    return pl.concat([totals.filter(~of_line), found.drop("own")])


_CHECKS: tuple[tuple[int, Callable[[Loops, Asked], pl.DataFrame]], ...] = (
    (2, lambda loops, _: structure.structure(loops)),
    (2, lambda loops, _: checks.element_faults(loops)),
    (5, lambda loops, asked: external.external_faults(loops, asked.lists)),
    (4, lambda loops, _: situations.situational_faults(loops)),
    (4, lambda loops, _: duplicates.duplicate_faults(loops)),
    (3, lambda loops, _: balancing.balance_faults(loops)),
)
"""What the guides say of a transaction, by SNIP level: its structure, its elements, what depends on what."""


def _guided(loops: Loops, envelopes: Enveloped, asked: Asked) -> pl.DataFrame:
    """Faults against the guide, and a companion guide where one is named, each at its segment."""
    found = [check(loops, asked) for level, check in _CHECKS if level in asked.levels]
    if asked.companion is not None and _COMPANION in asked.levels:
        found.append(companion_faults(loops, asked.companion))
    found.append(structure.NO_FAULTS)
    told = consequences.told(loops, pl.concat(found, how="diagonal"))
    faults = told.filter(pl.col("place") >= loops.repeated)
    if faults.is_empty():
        return FINDINGS.empty()
    placed = _places(loops, envelopes, faults["place"].to_numpy())
    told = pl.concat([_triggered(loops, envelopes, faults), placed], how="horizontal")
    shown = composed("{}: {}", "segment", "message")
    return told.with_columns(
        message=pl.when(pl.col("element").is_not_null()).then(shown).otherwise("message"),
    )


def _places(loops: Loops, envelopes: Enveloped, places: Integers) -> pl.DataFrame:
    """Where segments of a guide's transactions stand: file_id, byte_offset, segment_position, control numbers."""
    rows, number = loops.standing(places)
    around = loops.transactions.select(interchange="isa13", group="gs06", transaction="st02")
    placed = envelopes.placed(rows).select(
        pl.col("file").cast(pl.Int64).alias("file_id"), "segment_position", "byte_offset"
    )
    return pl.concat([placed, around.select(pl.all().gather(number))], how="horizontal")


def _cut(walked: Walked, envelopes: Enveloped) -> pl.DataFrame | None:
    """Where the CLM stands of the claim that the chunk ends inside of, if it does."""
    for loops in walked.loops:
        for loop in loops.open:
            begun = loops.starts(loop)[-1:]
            if loop.id == claim_837.LOOP and loops.raw(begun).str.starts_with("CLM").any():
                return _places(loops, envelopes, begun)
    return None


def _triggered(loops: Loops, envelopes: Enveloped, faults: pl.DataFrame) -> pl.DataFrame:
    """Faults with the place of what triggered them, where anything did: segment, position and loop."""
    at = faults["trigger"].drop_nulls().unique().sort()
    nodes = [loops.guide.nodes[number] for number in loops.node[at.to_numpy()].tolist()]
    placed = envelopes.placed(loops.rows[at.to_numpy()])
    causes = pl.DataFrame(
        {
            "trigger": at,
            "trigger_segment": pl.Series([node.id for node in nodes], dtype=pl.String),
            "trigger_position": placed["segment_position"],
            "trigger_loop": pl.Series([node.loop.id for node in nodes], dtype=pl.String),
        }
    )
    return faults.join(causes, on="trigger", how="left", maintain_order="left")
