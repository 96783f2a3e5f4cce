"""The verbs about files: what each is, what is wrong with it, and the tables it holds.

The files are read in chunks; what is said here of one is forgotten before the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import polars as pl

from edi_iop import parsers
from edi_iop.desk.answer import Answer, Flow, Outcome, status
from edi_iop.desk.deliveries import Deliveries
from edi_iop.desk.paths import layouts as load_layouts
from edi_iop.desk.paths import workspace as workspace_at
from edi_iop.errors import NotKnown
from edi_iop.guides import companion as companions
from edi_iop.parsers import Batch
from edi_iop.parsers import identify as identify_file
from edi_iop.parsers.apart import Apart
from edi_iop.parsers.segment_table import segment_tables
from edi_iop.parsers.streams import Counted
from edi_iop.parsers.told_once import balanced_once, of_payments, payments_once
from edi_iop.parsers.x12 import Asked, batch
from edi_iop.reconciler.balance import READ, Running
from edi_iop.reports import faults, shapes
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.tables import FINDINGS, IN_FILES, TABLES, Table
from edi_iop.tables.segments import SEGMENTS

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout

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


def identify(paths: Sequence[Path], layouts: Sequence[Path] = ()) -> Answer:
    """What each file is: kind, guide, sender, receiver, control number, counts.

    One row an interchange, numbered in its file; a feed or a foreign file is one row.
    layouts: layouts of partners' own feeds, beside those shipped.
    """
    given, known = Deliveries(paths), load_layouts(layouts)
    records = []
    for number, stream in given:  # a file is one question, not a row of data
        counted = Counted(stream)
        for place, what in enumerate(identify_file(cast(BinaryIO, counted), known), start=1):
            own = {name: getattr(what, name, None) for name in _IDENTITY}
            place_in_file = place if what.form == "x12" else None
            records.append({**own, "file": given.names[number], "interchange": place_in_file})
        for record in records[-place:]:
            record["bytes"] = counted.size
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
    layouts: Sequence[Path] = (),
    at: datetime | None = None,
    workspace: Path | None = None,
) -> Flow:
    """Every finding of the files; with `snip`, those of these SNIP levels and of feeds.

    companion: the companion guide that claims are held against too (SNIP level 7).
    workspace: where code lists were loaded, which speak beside ours (SNIP level 5).

    ack: the folder for the TA1 and 999 of each file; `values` puts bad values into them; at: when
    they are made; None: now.
    """
    if companion is not None and companion not in companions.names():
        known = ", ".join(companions.names())
        raise NotKnown(f"companion {companion}: there is none; one of {known}")
    own = load_layouts(layouts)
    lists = None if workspace is None else workspace_at(workspace, with_store=False).codes
    return _Findings(Deliveries(paths), snip, ack, values, companion, own, at, lists)


class _Findings(Flow):
    """The findings of files, in the order of their places; a person sees the worst first."""

    def __init__(
        self,
        given: Deliveries,
        snip: Collection[int] | None,
        ack: Path | None,
        values: bool,
        companion: str | None,
        layouts: Sequence[Layout],
        at: datetime | None = None,
        lists: Path | None = None,
    ) -> None:
        self._given, self._snip, self._companion = given, snip, companion
        self._layouts, self._lists = layouts, lists
        self._ack, self._values, self._at = ack, values, at
        self._counts: Counter[str] = Counter()

    def parts(self) -> Iterator[Sheet]:
        for found in self._found():
            yield faults.findings_in_place(found, self._given.names)

    def short(self) -> Sheet:
        worst = FINDINGS.empty()
        for found in self._found():
            worst = faults.worst(pl.concat([worst, found]), MOST_SHOWN)
        return faults.findings(worst, self._given.names, self._counts)

    def together(self) -> Sheet:
        found = pl.concat(list(self._found()))
        return faults.findings(found, self._given.names)

    def _found(self) -> Iterator[pl.DataFrame]:
        """The findings a chunk at a time; at the end those of archives, and the answers are written."""
        yield FINDINGS.empty()
        from_chunks = self._answering() if self._ack is not None else self._read()
        for found in from_chunks:
            yield self._chosen(found)
        yield self._chosen(self._given.findings)
        self.outcome = Outcome(
            status(self._counts["error"] > 0 or self._rejects),
            (self._given.counted, *self._answers),
        )

    _answers: tuple[str, ...] = ()
    _rejects = False

    def _chosen(self, found: pl.DataFrame) -> pl.DataFrame:
        if self._snip is not None:
            found = found.filter(pl.col("snip").is_in([0, *self._snip]))
        self._counts.update(dict(found["severity"].value_counts().iter_rows()))
        return found

    @property
    def _levels(self) -> Collection[int]:
        """The SNIP levels to look at: what is wrong at level 2 may be why a sum is wrong."""
        return parsers.ALL_LEVELS if self._snip is None else {1, 2, *self._snip}

    def _read(self) -> Iterator[pl.DataFrame]:
        given, own = self._given, self._layouts
        return findings_of(
            parsers.stream(given, self._companion, self._levels, READ, own, self._lists)
        )

    def _answering(self) -> Iterator[pl.DataFrame]:
        """The same, and each file answered: that takes all its findings together."""
        from edi_iop.desk.acknowledging import NAMED, Answering  # only who answers waits for it

        answering = Answering()
        given, tables = answering.watched(self._given), {*READ, *NAMED}
        own = self._layouts
        batches = parsers.stream(
            given, self._companion, tables=tables, layouts=own, lists=self._lists
        )
        for found in findings_of(answering.seen(batches)):
            answering.found(found)
            yield found
        if self._ack is not None:
            told = answering.write(self._given.names, self._ack, self._values, self._at)
            self._answers, self._rejects = told.lines, told.rejects


MOST_SHOWN = 500
"""More findings than that nobody reads on a terminal."""


def findings_of(batches: Iterable[Batch]) -> Iterator[pl.DataFrame]:
    """What is wrong with files, chunk by chunk: their form, and in remits the money."""
    running, causes = Running(), FINDINGS.empty()
    for one in batches:
        parts = [one.findings]
        if "payments" in one.tables:
            parts += [running.claims(one.tables), running.settled()]
        found = pl.concat([FINDINGS.conform(part) for part in parts])
        if "payments" in one.tables:
            causes = pl.concat([causes, of_payments(found)])
            found = balanced_once(found, one.tables["remit_claims"])
        yield found.sort("file_id", "byte_offset", nulls_last=False, maintain_order=True)
    yield payments_once(running.payments(), causes)


def parse(paths: Sequence[Path], table: str, layouts: Sequence[Path] = ()) -> Flow:
    """One canonical table out of all files; `file` names the file of each row.

    The rows of X12 files say where they stand (tables.schema.PLACE).

    `segments` are the segments themselves: before, raw and after of all rows of a
    file, each in its encoding, are its bytes.
    """
    if table not in IN_FILES and table != SEGMENTS.name:
        raise NotKnown(f"table {table}: {_not_in_files(table)}")
    asked = TABLES[table].placed if table in TABLES else SEGMENTS
    return _Rows(Deliveries(paths), asked, load_layouts(layouts))


def _not_in_files(table: str) -> str:
    """Why no file holds the table, and what to do instead."""
    if table == FINDINGS.name:
        return "made by checking files: edi-iop validate FILE"
    if table in TABLES:
        return "no file holds it, a night makes it: edi-iop run WORKSPACE, then edi-iop report"
    return f"there is none; one of {', '.join(sorted([*IN_FILES, SEGMENTS.name]))}"


class _Rows(Flow):
    """The rows of a table in files, in their order."""

    def __init__(self, given: Deliveries, table: Table, layouts: Sequence[Layout]) -> None:
        self._given, self._table, self._layouts = given, table, layouts

    def parts(self) -> Iterator[Sheet]:
        for rows in self._rows():
            yield self._sheet(rows)

    def short(self) -> Sheet:
        shown, total = next(rows := self._rows()), 0
        for part in rows:
            total += len(part)
            if len(shown) < MOST_SHOWN:
                shown = pl.concat([shown, part.head(MOST_SHOWN - len(shown))])
        return self._sheet(shown, total)

    def together(self) -> Sheet:
        return self._sheet(pl.concat(list(self._rows())))

    def _sheet(self, rows: pl.DataFrame, total: int | None = None) -> Sheet:
        name = self._table.name
        people = faults.rows_in_place(rows)
        none = f"no {name} in these files"
        return Sheet("", rows, people=people, none=none, phi=self._table.phi, total=total)

    def _rows(self) -> Iterator[pl.DataFrame]:
        """The rows a chunk at a time, after an empty one; what is wrong meanwhile becomes remarks."""
        errors = _Errors(self._given)
        read = self._segments() if self._table is SEGMENTS else self._tables()
        yield self._named(self._table.empty())
        for rows, found in read:
            errors.add(found)
            yield self._named(rows)
        errors.add(self._given.findings)
        self.outcome = Outcome(status(errors.count > 0), errors.lines)

    def _tables(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        name, own = self._table.name, self._layouts
        for one in parsers.stream(self._given, tables=[name], layouts=own, placed=True):
            rows = self._table.conform(one.tables.get(name, self._table.empty()))
            of_files = "file_id" in rows.columns
            yield rows.sort("file_id", maintain_order=True) if of_files else rows, one.findings

    def _segments(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        apart = Apart(self._given, self._layouts)
        for chunk, rows in segment_tables(apart.x12()):
            feeds = [one.findings for one in apart.feeds()]
            found = [] if chunk is None else [batch(chunk.step, Asked(tables=frozenset())).findings]
            yield rows, pl.concat([FINDINGS.empty(), *feeds, *found])

    def _named(self, rows: pl.DataFrame) -> pl.DataFrame:
        if "file_id" not in rows.columns:
            return rows
        named = rows.with_columns(shapes.file_names(self._given.names))
        return named.select("file", pl.exclude("file", "file_id"))


class _Errors:
    """Errors as one line each, and how many there are; of very many only the first are told."""

    _MOST = 1000

    def __init__(self, given: Deliveries) -> None:
        self._given = given
        self._lines: list[str] = []
        self.count = 0

    def add(self, found: pl.DataFrame) -> None:
        errors = FINDINGS.conform(found).filter(pl.col("severity") == "error")
        self.count += len(errors)
        room = self._MOST - len(self._lines)
        if room > 0:
            self._lines += error_lines(errors.head(room), self._given.names)

    @property
    def lines(self) -> tuple[str, ...]:
        left = self.count - len(self._lines)
        more = [f"and {left:,} more errors; all of them: edi-iop validate FILE"] if left else []
        return (*self._lines, *more)


def error_lines(findings: pl.DataFrame, names: dict[int, str]) -> tuple[str, ...]:
    """The errors among the findings, as one line each."""
    return lines_of(findings.filter(pl.col("severity") == "error"), names)


def lines_of(findings: pl.DataFrame, names: dict[int, str]) -> tuple[str, ...]:
    """Findings (tables.FINDINGS) as one line each, with file and place. names: of files."""
    sheet = faults.findings(findings, names)
    return tuple(
        ", ".join(part for part in (row["file"], row["place"]) if part)
        + f": {row['message']} ({row['code']})"
        for row in sheet.shown.select("file", "place", "message", "code").to_dicts()
    )
