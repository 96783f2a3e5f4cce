"""The verbs about files: what each is, what is wrong with it, and the tables it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import polars as pl

from edi_iop import parsers
from edi_iop.desk.answer import Answer, has_errors, status
from edi_iop.desk.paths import Delivered, delivered
from edi_iop.errors import NotKnown
from edi_iop.guides import companion as companions
from edi_iop.parsers import Parsed
from edi_iop.parsers import identify as identify_bytes
from edi_iop.parsers.located import locate
from edi_iop.reconciler.balance import balance
from edi_iop.reports import shapes
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.tables import FINDINGS, TABLES, Table
from edi_iop.tables.segments import SEGMENTS

_IDENTITY = {
    "file": pl.String,
    "interchange": pl.Int64,
    "kind": pl.String,
    "form": pl.String,
    "guide": pl.String,
    "sender": pl.String,
    "receiver": pl.String,
    "interchange_control": pl.String,
    "usage": pl.String,
    "groups": pl.Int64,
    "transactions": pl.Int64,
    "segments": pl.Int64,
    "bytes": pl.Int64,
    "says": pl.String,
}


def identify(paths: Sequence[Path]) -> Answer:
    """What each file is: kind, guide, sender, receiver, control number, counts.

    One row an interchange, numbered in its file; a feed or a foreign file is one row.
    """
    given = delivered(paths)
    records = [
        {
            **{name: getattr(what, name, None) for name in _IDENTITY},
            "file": given.names[number],
            "interchange": place if what.form == "x12" else None,
            "bytes": len(content),
        }
        for number, content in given.files  # a file is one question, not a row of data
        for place, what in enumerate(identify_bytes(content), start=1)
    ]
    refused = [
        {"file": given.names[number], "kind": "unknown", "form": "", "says": message}
        for number, message in given.findings.select("file_id", "message").iter_rows()
    ]
    rows = pl.DataFrame([*records, *refused], schema=_IDENTITY)
    sheet = Sheet(
        "",
        rows,
        fields=(
            Field("FILE", "file", widest=48),
            Field("KIND", "kind"),
            Field("GUIDE", "guide"),
            Field("CONTROL", "interchange_control"),
            Field("ST", "transactions", "number"),
        ),
        notes=(Field("", "says"),),
    )
    return Answer(sheet, status(bool((rows["kind"] == "unknown").any())))


def validate(
    paths: Sequence[Path],
    snip: Collection[int] | None = None,
    ack: Path | None = None,
    values: bool = False,
    companion: str | None = None,
) -> Answer:
    """Every finding of the files; with `snip`, those of these SNIP levels and of feeds.

    companion: the companion guide that claims are held against too (SNIP level 7).

    ack: the folder for the TA1 and 999 of each file; `values` puts bad values into them.
    """
    if companion is not None and companion not in companions.names():
        known = ", ".join(companions.names())
        raise NotKnown(f"companion {companion}: there is none; one of {known}")
    given = delivered(paths)
    parsed = parsers.parse(given.files, companion)
    found = pl.concat([given.findings, *(findings_of(file) for file in parsed.values())])
    if snip is not None:
        found = found.filter(pl.col("snip").is_in([0, *snip]))
    counted = f"{len(given.files):,} file{'' if len(given.files) == 1 else 's'} read"
    said: tuple[str, ...] = ()
    if ack is not None:
        from edi_iop.desk.acknowledging import acknowledge  # only who answers waits for it

        said = acknowledge(parsed, given.names, ack, values)
    return Answer(shapes.findings(found, given.names), status(has_errors(found)), (counted, *said))


def findings_of(parsed: Parsed) -> pl.DataFrame:
    """What is wrong with a file: its form, and in a remit its money."""
    balanced = [balance(parsed.tables)] if parsed.kind == "835" else []
    return pl.concat([FINDINGS.conform(frame) for frame in (parsed.findings, *balanced)])


def parse(paths: Sequence[Path], table: str) -> Answer:
    """One canonical table out of all files; `file` names the file of each row.

    `segments` are the segments themselves: before, raw and after of all rows of a
    file, joined and in its encoding, are its bytes.
    """
    if table not in TABLES and table != SEGMENTS.name:
        known = ", ".join(sorted([*TABLES, SEGMENTS.name]))
        raise NotKnown(f"table {table}: there is none; one of {known}")
    given = delivered(paths)
    parsed = parsers.parse(given.files)
    wanted = TABLES.get(table, SEGMENTS)
    found = pl.concat(
        [given.findings, *(FINDINGS.conform(file.findings) for file in parsed.values())]
    )
    rows = pl.concat([wanted.empty(), *_rows(wanted, given, parsed)])
    if "file_id" in rows.columns:
        rows = rows.with_columns(shapes.file_names(given.names)).select(
            "file", pl.exclude("file", "file_id")
        )
    return Answer(
        Sheet("", rows, none=f"no {table} in these files", phi=wanted.phi),
        status(has_errors(found)),
        error_lines(found, given.names),
    )


def _rows(wanted: Table, given: Delivered, parsed: Mapping[int, Parsed]) -> list[pl.DataFrame]:
    """The table's rows, file by file."""
    if wanted is SEGMENTS:
        return [locate(given.files).table()]
    held = (file.tables.get(wanted.name) for file in parsed.values())
    return [wanted.conform(frame) for frame in held if frame is not None]


def error_lines(findings: pl.DataFrame, names: dict[int, str]) -> tuple[str, ...]:
    """The errors among the findings, as one line each."""
    errors = findings.filter(pl.col("severity") == "error")
    sheet = shapes.findings(errors, names)
    return tuple(
        ", ".join(part for part in (row["file"], row["place"]) if part)
        + f": {row['message']} ({row['code']})"
        for row in sheet.shown.select("file", "place", "message", "code").to_dicts()
    )
