"""The verbs about files: what each is, what is wrong with it, and the tables it holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from edi_iop import parsers
from edi_iop.desk.answer import Answer, has_errors, status
from edi_iop.desk.paths import delivered
from edi_iop.errors import NotKnown
from edi_iop.parsers import Parsed
from edi_iop.parsers import identify as identify_bytes
from edi_iop.reconciler.balance import balance
from edi_iop.reports import shapes
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.tables import FINDINGS, TABLES

_IDENTITY = {
    "file": pl.String,
    "kind": pl.String,
    "form": pl.String,
    "guide": pl.String,
    "sender": pl.String,
    "receiver": pl.String,
    "interchange_control": pl.String,
    "usage": pl.String,
    "transactions": pl.Int64,
    "segments": pl.Int64,
    "bytes": pl.Int64,
    "says": pl.String,
}


def identify(paths: Sequence[Path]) -> Answer:
    """What each file is: kind, guide, sender, receiver, control number, counts."""
    given = delivered(paths)
    records = []
    for number, content in given.files:  # a file is one question, not a row of data
        what = identify_bytes(content)
        records.append(
            {
                **{name: getattr(what, name, None) for name in _IDENTITY},
                "file": given.names[number],
                "bytes": len(content),
            }
        )
    rows = pl.DataFrame(records, schema=_IDENTITY)
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


def validate(paths: Sequence[Path], snip: Collection[int] | None = None) -> Answer:
    """Every finding of the files; with `snip`, those of these SNIP levels and of feeds."""
    given = delivered(paths)
    parsed = parsers.parse(given.files)
    found = pl.concat([FINDINGS.empty(), *(findings_of(file) for file in parsed.values())])
    if snip is not None:
        found = found.filter(pl.col("snip").is_in([0, *snip]))
    counted = f"{len(given.files):,} file{'' if len(given.files) == 1 else 's'} read"
    return Answer(shapes.findings(found, given.names), status(has_errors(found)), (counted,))


def findings_of(parsed: Parsed) -> pl.DataFrame:
    """What is wrong with a file: its form, and in a remit its money."""
    balanced = [balance(parsed.tables)] if parsed.kind == "835" else []
    return pl.concat([FINDINGS.conform(frame) for frame in (parsed.findings, *balanced)])


def parse(paths: Sequence[Path], table: str) -> Answer:
    """One canonical table out of all files; `file` names the file of each row."""
    if table not in TABLES:
        raise NotKnown(f"table {table}: there is none; one of {', '.join(sorted(TABLES))}")
    given = delivered(paths)
    parsed = parsers.parse(given.files)
    wanted = TABLES[table]
    frames = [
        wanted.conform(file.tables[table]) for file in parsed.values() if table in file.tables
    ]
    found = pl.concat(
        [FINDINGS.empty(), *(FINDINGS.conform(file.findings) for file in parsed.values())]
    )
    rows = pl.concat([wanted.empty(), *frames])
    if "file_id" in rows.columns:
        rows = rows.with_columns(shapes.file_names(given.names)).select(
            "file", pl.exclude("file", "file_id")
        )
    return Answer(
        Sheet("", rows, none=f"no {table} in these files", phi=wanted.phi),
        status(has_errors(found)),
        error_lines(found, given.names),
    )


def error_lines(findings: pl.DataFrame, names: dict[int, str]) -> tuple[str, ...]:
    """The errors among the findings, as one line each."""
    errors = findings.filter(pl.col("severity") == "error")
    sheet = shapes.findings(errors, names)
    return tuple(
        ", ".join(part for part in (row["file"], row["place"]) if part)
        + f": {row['message']} ({row['code']})"
        for row in sheet.shown.select("file", "place", "message", "code").to_dicts()
    )
