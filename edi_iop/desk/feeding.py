"""The verbs about feeds: propose a layout for a partner's export, and say row by row what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from edi_iop.desk import paths
from edi_iop.desk.answer import Answer, status
from edi_iop.errors import AlreadyThere, BadMap, FeedRejected, Unreadable
from edi_iop.findings import CATALOGUE
from edi_iop.parsers import Parsed, feed_layout, is_fhir, parse
from edi_iop.parsers.feed_guess import Proposal, propose
from edi_iop.parsers.feed_sheet import conformed, told
from edi_iop.parsers.feeds import Read, read_feed, read_together
from edi_iop.parsers.identify import looks_like_x12
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.tables import ENCOUNTERS, FEEDS
from edi_iop.texts import composed

_FIELDS = (
    Field("SEVERITY", "severity", "flag"),
    Field("FILE", "file", widest=40),
    Field("PLACE", "place"),
    Field("COLUMN", "column", widest=44),
)
_NOTES = (Field("", "reason"), Field("do", "remedy", once=True))
_RANK = {"error": 0, "warning": 1, "info": 2}


def feed_guess(path: Path, target: Path | None = None) -> Answer:
    """A layout proposed for a CSV or XML; written to `target`, which may not be there yet."""
    if target is not None and target.exists():
        raise AlreadyThere(f"{target}: is there already and was left as it is; name another file")
    try:
        proposal = propose(paths.read(paths.file(path)))
    except FeedRejected as problem:
        raise Unreadable(f"{path}: {problem}") from problem
    rows = pl.DataFrame(
        [
            (one.kind, one.column.name, ", ".join(one.columns), one.source, round(one.score, 2), one.why)
            for one in proposal.guesses
            if one.source or one.column.required
        ],
        schema=("feed", "column", "from", "source", "score", "why"),
        orient="row",
    )  # fmt: skip
    fields = (
        Field("FEED", "feed"),
        Field("COLUMN", "column"),
        Field("FROM", "from"),
        Field("WHY", "why"),
    )
    sheet = Sheet("", rows, fields, none="no column looks like any of a feed")
    return Answer(sheet, status(bool(proposal.missing)), _next(proposal, path, target))


def _next(proposal: Proposal, path: Path, target: Path | None) -> tuple[str, ...]:
    """Writes the layout where it shall be, and says what is left to do."""
    if target is None:
        return ("to write it: add -o LAYOUT.toml",)
    paths.write(target, proposal.text.encode())
    try:
        feed_layout.load([target])
    except BadMap as problem:
        return (f"written; it cannot be used yet: {problem}",)
    return (f"next: edi-iop feed check {path} --layout {target}",)


def feed_check(given: Sequence[Path], layouts: Sequence[Path] = ()) -> Answer:
    """What is wrong with each row of the feeds, and what to do; records that several files have."""
    own = paths.layouts(layouts)
    delivered = paths.delivered(given)
    parts, tables = [], []
    fhir = [one for one in delivered.files if is_fhir(one[1])]
    together = read_together(fhir, own)
    for file_id, data in delivered.files:
        faults, read = (
            _told(together[file_id]) if file_id in together else _checked(file_id, data, own)
        )
        parts.append(faults.with_columns(file_id=pl.lit(file_id, pl.Int64)))
        tables.append(read)
    every = [frame for read in tables for frame in read.values()]
    parts += [*_across([read["encounters"] for read in tables if "encounters" in read])]
    parts += [_unopened(delivered.findings)]
    found = pl.concat(parts)
    usable = sum(frame.height for frame in every)
    left = found.filter(_severity() == "error").select("file_id", "place").drop_nulls().n_unique()
    closing = f"{usable:,} rows can be used; {left:,} cannot"
    return Answer(
        _sheet(found, delivered.names, closing),
        status(bool((found.select(_severity()).to_series() == "error").any())),
    )


def _checked(
    file_id: int, data: bytes, layouts: Sequence[feed_layout.Layout]
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """The faults and tables of one file; of X12 those of its encounters."""
    if looks_like_x12(data):
        return _of_x12(parse([(file_id, data)], layouts=layouts)[file_id])
    try:
        return _told(read_feed(file_id, data, layouts))
    except FeedRejected as problem:
        return _told(problem)


def _told(read: Read | FeedRejected) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    if isinstance(read, FeedRejected):
        return told("FEED_REJECTED", [str(read)]), {}
    return read.faults, read.tables


def _of_x12(parsed: Parsed) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    feeds = {name: table for name, table in parsed.tables.items() if name in FEEDS}
    if not feeds:
        says = "no encounters in it: an 837 of encounters says so by BHT06 = RP"
        return told("FEED_REJECTED", [says]), {}
    own = parsed.findings.filter(pl.col("code").str.starts_with("FEED_"))
    place = composed("byte {}", "byte_offset")
    return conformed(own.select("code", "value", place=place, says="message")), feeds


def _across(encounters: Sequence[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Records of one id and version that stand in several of the files: the later file counts."""
    rows = pl.concat([ENCOUNTERS.empty(), *encounters])
    record = ["source_record_id", "record_version"]
    again = rows.filter(pl.col("file_id") > pl.col("file_id").min().over(record))
    yield conformed(
        again.unique([*record, "file_id"], keep="first", maintain_order=True).select(
            "row",
            place=composed("row {}", "row"),
            column=pl.lit("source_record_id"),
            code=pl.lit("FEED_RECORD_REPEATED"),
            says=pl.lit(
                "the record stands in an earlier file too, in the same version; the later file counts"
            ),
        )
    ).with_columns(
        file_id=again.unique([*record, "file_id"], keep="first", maintain_order=True)["file_id"]
    )


def _unopened(findings: pl.DataFrame) -> pl.DataFrame:
    """What could not be had out of archives."""
    return conformed(findings.select("code", "value", says="message")).with_columns(
        file_id=findings["file_id"]
    )


def _severity() -> pl.Expr:
    severities = {code: entry.severity for code, entry in CATALOGUE.items()}
    return pl.col("code").replace_strict(severities, return_dtype=pl.String)


def _sheet(found: pl.DataFrame, names: dict[int, str], closing: str) -> Sheet:
    remedies = {code: entry.remedy for code, entry in CATALOGUE.items()}
    rows = found.select(
        file=pl.col("file_id").replace_strict(names, return_dtype=pl.String),
        row="row",
        place="place",
        column="column",
        code="code",
        severity=_severity(),
        reason="says",
        remedy=pl.col("code").replace_strict(remedies, return_dtype=pl.String),
        value=pl.col("value").str.strip_chars_start("\ufffd"),
        rank=_severity().replace_strict(_RANK, return_dtype=pl.Int64),
        number="file_id",
    ).sort("number", "row", "rank", nulls_last=False, maintain_order=True)
    phi = frozenset({"value"})
    told = rows.drop("rank", "number")
    return Sheet(
        "", told, _FIELDS, _NOTES, none=f"nothing is wrong; {closing}", closing=closing, phi=phi
    )
