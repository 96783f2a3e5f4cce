"""Claims longer than several chunks: what only a whole claim can answer is asked when it is whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.parsers import claim_837
from edi_iop.parsers.told_once import OF_SUMS, told_once
from edi_iop.parsers.x12 import Batch
from edi_iop.tables import FINDINGS
from edi_iop.tables.found import catalogued

_CLAIM = ["file_id", "claim_offset"]
_AT = ["file_id", "byte_offset"]
_PLACE = [*_AT, "segment_position", "interchange", "group", "transaction"]


class _Cut(msgspec.Struct, frozen=True):
    """What the chunks so far held of a claim that goes on."""

    claims: pl.DataFrame
    lines: pl.DataFrame
    findings: pl.DataFrame
    place: pl.DataFrame
    """Where its CLM stands (x12.Batch.cut)."""

    def with_more(self, batch: Batch) -> _Cut:
        """With what the next chunk holds of it."""
        own = batch.tables["claim_lines"].join(self.claims, on=_CLAIM, how="semi")
        lines = pl.concat([self.lines, own.select(self.lines.columns)])
        return replace(
            self, lines=lines, findings=pl.concat([self.findings, batch.findings.filter(OF_SUMS)])
        )

    def faults(self, levels: Collection[int]) -> pl.DataFrame:
        """What is wrong with the whole of it, but for what follows from what was told before."""
        told = claim_837.whole_faults(self.claims, self.lines, levels)
        placed = told.drop(set(_PLACE) - set(_AT)).join(self.place, on=_AT, how="left")
        new = FINDINGS.conform(placed).with_columns(here=pl.lit(True))
        before = FINDINGS.conform(self.findings).with_columns(here=pl.lit(False))
        found = told_once(pl.concat([before, new]), self.claims)
        return catalogued(found.filter("here").drop("here"))


def judged_whole(batches: Iterable[Batch], levels: Collection[int]) -> Iterator[Batch]:
    """The batches in order, with the findings of a cut claim's whole where it ends.

    levels: the SNIP levels asked for.
    """
    cut: _Cut | None = None
    for batch in batches:
        if cut is not None:
            cut = cut.with_more(batch)
            if not _same(cut, batch.cut):
                batch = _with(batch, cut.faults(levels))
                cut = None
        if batch.cut is not None and cut is None:
            place = batch.cut
            batch = _without(batch, place)
            cut = _begun(batch, place)
        yield batch


def _same(cut: _Cut, open_: pl.DataFrame | None) -> bool:
    return open_ is not None and open_.select(_AT).equals(cut.place.select(_AT))


def _begun(batch: Batch, place: pl.DataFrame) -> _Cut:
    at = place.rename({"byte_offset": "claim_offset"})
    claims, lines = (
        batch.tables[name].join(at, on=_CLAIM, how="semi") for name in ("claims", "claim_lines")
    )
    lines = lines.select(*_CLAIM, "revenue", "procedure", "charge_cents")
    own = pl.col("byte_offset") >= place["byte_offset"].item()
    findings = batch.findings.filter(OF_SUMS & (pl.col("file_id") == place["file_id"].item()) & own)
    return _Cut(claims, lines, findings, place)


def _without(batch: Batch, place: pl.DataFrame) -> Batch:
    """Without what the beginning of a claim alone seems to break."""
    asked = pl.col("code").is_in(list(claim_837.OF_WHOLE))
    partial = batch.findings.filter(asked).join(place, on=_AT, how="semi")
    return replace(
        batch, findings=batch.findings.join(partial, on=[*_AT, "code"], how="anti", maintain_order="left")
    )  # fmt: skip


def _with(batch: Batch, found: pl.DataFrame) -> Batch:
    ordered = pl.concat([found, batch.findings]).sort(
        "file_id", "byte_offset", "element", nulls_last=False, maintain_order=True
    )
    return replace(batch, findings=ordered)
