"""Which file is this, and what tables does it hold? X12 and feeds, by content."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from edi_iop.parsers.apart import FHIR, Apart, Parsed, feed, feeds_together
from edi_iop.parsers.batches import read_batches
from edi_iop.parsers.claim_837 import ENCOUNTERS, Sent
from edi_iop.parsers.identify import (
    Identified,
    identify,
    is_fhir,
    kind_of_all,
    looks_like_x12,
    sniff,
)
from edi_iop.parsers.x12 import ALL_LEVELS, Asked, Batch, Tables
from edi_iop.tables import FEEDS, FINDINGS, SENT, TABLES
from edi_iop.transcribe import maps
from edi_iop.x12.pieces import CHUNK

if TYPE_CHECKING:
    from pathlib import Path

    from edi_iop.parsers.feed_layout import Layout
    from edi_iop.settings import Settings

__all__ = [
    "ALL_LEVELS", "Batch", "Identified", "Parsed", "Sent", "Tables", "identify", "is_fhir", "last_of_each", "layouts", "parse",
    "stream",
]  # fmt: skip


def parse(
    files: Sequence[tuple[int, bytes]],
    companion: str | None = None,
    levels: Collection[int] = ALL_LEVELS,
    layouts: Sequence[Layout] = (),
    lists: Path | None = None,
    before: Sequence[bytes] = (),
) -> dict[int, Parsed]:
    """The files (file_id, bytes) read; all X12 files go through as one frame.

    companion: the companion guide (guides.companion) that claims are also held against.
    levels: the SNIP levels checked; the envelopes (1) always are.
    layouts: layouts of feeds (see `layouts`), tried before the shipped ones.
    lists: the folder of code lists that a user has loaded (codes.licensed).
    before: contents that came with these files and were taken in before: FHIR resources in them
        are what the files' references may name.

    Raises nothing for bad data: a file that cannot be read at all has kind
    `unknown`, or the reason in `rejected`, and a finding that says why.
    """
    parsed: dict[int, Parsed] = {}
    rest = []
    fhir: list[tuple[int | None, bytes]] = []
    for file_id, data in files:
        sniffed = None if looks_like_x12(data) else sniff(data, layouts)
        if sniffed is None:
            rest.append((file_id, data))
        elif sniffed.form == FHIR:
            fhir.append((file_id, data))
        else:
            parsed[file_id] = feed(file_id, data, sniffed.kind, layouts)
    if fhir:
        known = [(None, one) for one in before if is_fhir(one)]
        parsed |= feeds_together([*known, *fhir], layouts)
    parsed |= _x12(rest, Asked(levels, companion, lists=lists), layouts)
    return {file_id: parsed[file_id] for file_id, _ in files}


def stream(
    files: Iterable[tuple[int, BinaryIO]],
    companion: str | None = None,
    levels: Collection[int] = ALL_LEVELS,
    tables: Collection[str] | None = None,
    layouts: Sequence[Layout] = (),
    lists: Path | None = None,
    placed: bool = False,
    size: int = CHUNK,
) -> Iterator[Batch]:
    """Files (file_id, open file) a chunk at a time, in memory that their size does not change.

    A large X12 file's tables and findings come in turns; put together they are those of
    `parse`. A feed is read whole and is a batch of its own.

    tables: the canonical tables wanted of X12 files, where not all are; checks may add theirs.
    lists: as of `parse`.
    placed: whether the rows of X12 files are to say their whole place (tables.schema.PLACE).
    size: bytes of a chunk.
    """
    apart = Apart(files, layouts)
    fed = tables is None or not set(tables).isdisjoint(FEEDS)
    wanted = None if tables is None else frozenset(tables) | frozenset(SENT if fed else ())
    batches = read_batches(apart.x12(), Asked(levels, companion, wanted, placed, lists), size)
    for batch in _with_encounters(batches, layouts) if fed else batches:
        yield from apart.feeds()
        yield batch
    yield from apart.feeds()


def layouts(paths: Iterable[Path], settings: Settings | None = None) -> tuple[Layout, ...]:
    """The layouts of feeds in these files and folders; MissingPath, BadMap.

    settings: whose timezones feeds are read in where their layout names none.
    """
    from edi_iop.parsers import feed_layout  # loads what only feeds need
    from edi_iop.parsers.feed_zones import UNHUNG, Clocks

    return feed_layout.load(paths, UNHUNG if settings is None else Clocks.of(settings))


def _with_encounters(batches: Iterable[Batch], layouts: Sequence[Layout]) -> Iterator[Batch]:
    """The batches, with the encounters of encounter transactions where they hold any."""
    for batch in batches:
        if _is_fed(batch.tables.get("submissions")):
            from edi_iop.parsers.encounter_837 import with_encounters  # loads what only feeds need

            yield from with_encounters(chain([batch], batches), layouts)
            return
        yield batch


def _x12(
    files: Sequence[tuple[int, bytes]], asked: Asked, layouts: Sequence[Layout] = ()
) -> dict[int, Parsed]:
    if not files:
        return {}
    opened = ((file_id, io.BytesIO(data)) for file_id, data in files)
    batches = list(_with_encounters(read_batches(opened, asked), layouts))
    tables = _by_file(batches)
    findings = _parts(pl.concat([one.findings for one in batches]), "file_id")
    headers = _parts(last_of_each(pl.concat([one.envelopes for one in batches])), "file")
    every = pl.concat([one.transactions for one in batches], how="diagonal_relaxed")
    transactions = _parts(every, "file")
    answer = {}
    for file_id, data in files:
        own = transactions.get(file_id, every.head(0))
        ids = {"ISA"} if b"ISA" in data else set()
        ids |= {"TA1"} if b"TA1" in data else set()
        found = findings.get(file_id, FINDINGS.empty())
        fatal = found["code"].is_in(["NOT_X12", "EMPTY_FILE"]).any()
        kind = "unknown" if fatal else kind_of_all(own, ids)
        names = [name for guide in own["name"].drop_nulls().unique() for name in _tables_of(guide)]
        names += ["acknowledgements"] if file_id in tables.get("acknowledgements", {}) else []
        names += _FED if _is_fed(tables.get("submissions", {}).get(file_id)) else []
        mine = {
            name: tables.get(name, {}).get(file_id, TABLES[name].checked.empty()) for name in names
        }
        around = headers.get(file_id, batches[0].envelopes.head(0)).drop("file")
        answer[file_id] = Parsed(kind, mine, found, len(own), envelopes=around)
    return answer


_FED = ["encounters", "clients"]
"""What encounter transactions become, beside the tables of their guide."""


def _is_fed(submissions: pl.DataFrame | None) -> bool:
    """Whether any of the transactions carries encounters and no claims (BHT06 = RP)."""
    return submissions is not None and bool((submissions["transaction_type"] == ENCOUNTERS).any())


def last_of_each(envelopes: pl.DataFrame) -> pl.DataFrame:
    """Of the headers (Batch.envelopes) that came in several batches, what the last one says."""
    place = ["file", "byte_offset"]
    return envelopes.unique(place, keep="last").sort(place)


def _by_file(batches: Sequence[Batch]) -> dict[str, dict[int, pl.DataFrame]]:
    """Each table's rows, by file."""
    names = dict.fromkeys(name for one in batches for name in one.tables)
    return {
        name: _parts(pl.concat([one.tables[name] for one in batches if name in one.tables]), "file_id")
        for name in names
    }  # fmt: skip


def _tables_of(guide: str) -> Sequence[str]:
    """The canonical tables a transaction of this guide holds, filled or not."""
    table_map = maps.for_guide(guide)
    return () if table_map is None else tuple(table_map.tables)


def _parts(frame: pl.DataFrame, by: str) -> dict[int, pl.DataFrame]:
    return {int(key[0]): part for key, part in frame.partition_by(by, as_dict=True).items()}
