"""Files in: each exactly once, its bytes kept first, its tables in one transaction, an answer for each.

A file leaves work/ only after its row is in the database. A run that dies in
between finds the file there again, and the row says that only the last step is
left to do.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from edi_iop.errors import NotWritten, Unreadable
from edi_iop.findings import Finding
from edi_iop.parsers.interchanges import Survey, survey
from edi_iop.runner import archive, inbox, lock, quarantine, unpack
from edi_iop.runner.inbox import Delivery
from edi_iop.runner.outcome import Outcome, failed, recorded
from edi_iop.runner.reading import Content, Reading, read
from edi_iop.runner.reply import Replier
from edi_iop.runner.turns import read_in_turns
from edi_iop.settings import Answering, Workspace
from edi_iop.store import Store
from edi_iop.tables.found import findings_frame

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout


class Arrival(msgspec.Struct, frozen=True):
    """One delivery with its number; no digest where the system would not let us read it."""

    file_id: int
    delivery: Delivery
    sha256: str | None
    size: int
    survey: Survey = msgspec.field(default_factory=lambda: Survey("x12"))
    large: bool = False
    """It is read in turns, once it is known to be new."""


class Intake(msgspec.Struct, frozen=True):
    """Takes files in for one run."""

    store: Store
    workspace: Workspace
    run: str
    as_of: date
    answering: Answering = msgspec.field(default_factory=Answering)
    layouts: Sequence[Layout] = ()
    """Of partners' own feeds."""

    @property
    def _lists(self) -> Path:
        """Where the code lists are that the user has loaded."""
        return self.workspace.codes

    def take_in(self) -> int:
        """Every drop of the inbox, and what a dead run left; how many files the run has."""
        count = self._finish_recorded()
        inbox.claim(self.workspace, self.run)
        unpack.take_apart(self.store, self.workspace, self.run)
        for portion in inbox.batches(inbox.claimed(self.workspace, self.run)):
            self._take(portion)
            count += len(portion)
            lock.beat(self.store, self.run)
        inbox.clear(self.workspace, self.run)
        return count

    def _finish_recorded(self) -> int:
        """Puts away what a dead run recorded and left; how many files it had recorded.

        Before the inbox is claimed: the same drop may lie there again, as a delivery of its own.
        """
        rows = self.store.load("files", run=self.run, direction="in").to_dicts()
        known = {(row["name"], row["sha256"]): row for row in rows}
        for delivery in inbox.claimed(self.workspace, self.run):
            row = known.get((delivery.name, self._archive_file(delivery)))
            if row is not None:
                findings = self.store.load("findings", file_id=row["file_id"])
                self._dispose(delivery, row["file_id"], recorded(row, findings))
        return len(rows)

    def _take(self, portion: Sequence[Delivery]) -> None:
        """One portion: archived, parsed together, then applied file by file."""
        first = self.store.next_numbers("file", len(portion))
        numbered = enumerate(portion, start=first)
        # files, not rows: each is moved and answered by itself
        if len(portion) == 1 and portion[0].is_large:
            arrivals = [self._arrive_large(number, one) for number, one in numbered]
            readings: dict[str, Reading] = {}
        else:
            contents: dict[str, bytes] = {}
            arrivals = [self._arrive(number, one, contents) for number, one in numbered]
            readings = self._read_new(arrivals, contents)
        for arrival in arrivals:
            outcome = self._record(arrival, readings.get(arrival.sha256 or ""))
            self._dispose(arrival.delivery, arrival.file_id, outcome)

    def _arrive(self, number: int, delivery: Delivery, contents: dict[str, bytes]) -> Arrival:
        """Keeps the bytes, and adds them to the portion's contents."""
        try:
            data = delivery.path.read_bytes()
        except PermissionError:
            return Arrival(number, delivery, None, delivery.path.stat().st_size)
        sha256 = archive.keep(self.workspace, data)
        contents[sha256] = data
        return Arrival(number, delivery, sha256, len(data), survey(io.BytesIO(data)))

    def _arrive_large(self, number: int, delivery: Delivery) -> Arrival:
        """Keeps the bytes, holding none."""
        sha256 = self._archive_file(delivery)
        if sha256 is None:
            return Arrival(number, delivery, None, delivery.path.stat().st_size)
        kept = archive.place(self.workspace, sha256)
        with kept.open("rb") as file:
            return Arrival(number, delivery, sha256, kept.stat().st_size, survey(file), large=True)

    def _archive_file(self, delivery: Delivery) -> str | None:
        try:
            with delivery.path.open("rb") as file:
                return archive.keep_file(self.workspace, file)
        except PermissionError:
            return None

    def _read_new(
        self, arrivals: Sequence[Arrival], contents: Mapping[str, bytes]
    ) -> dict[str, Reading]:
        """Each content that was not taken in before, read once; by digest."""
        firsts: dict[str, Arrival] = {}
        for arrival in arrivals:
            if arrival.sha256 is not None and self._seen(arrival) is None:
                firsts.setdefault(arrival.sha256, arrival)
        files = [
            Content(one.file_id, contents[sha256], one.survey) for sha256, one in firsts.items()
        ]
        before = [data for sha256, data in contents.items() if sha256 not in firsts]
        readings = read(self.store, files, self.answering, self.layouts, self._lists, before)
        return {sha256: readings[one.file_id] for sha256, one in firsts.items()}

    def _read_large(self, arrival: Arrival) -> Reading:
        """An X12 file in turns; a feed whole, as feeds are read."""
        kept = archive.place(self.workspace, arrival.sha256 or "")
        if arrival.survey.form == "feed":
            content = Content(arrival.file_id, kept.read_bytes(), arrival.survey)
            readings = read(self.store, [content], self.answering, self.layouts, self._lists)
            return readings[arrival.file_id]
        with kept.open("rb") as file:
            return read_in_turns(
                self.store,
                arrival.file_id,
                file,
                arrival.survey,
                self.answering,
                self.layouts,
                self._lists,
            )

    def _seen(self, arrival: Arrival) -> Mapping[str, Any] | None:
        """The file that brought this content before, or this interchange with other bytes around it."""
        if arrival.sha256 is None:
            return None
        return self.store.seen(arrival.sha256, arrival.survey.only)

    def _record(self, arrival: Arrival, reading: Reading | None) -> Outcome:
        """The file's row, tables and findings, all in one transaction."""
        try:
            with self.store.transaction():
                return self._apply(arrival, reading)
        except Unreadable as problem:  # nothing of the file was kept: it is set aside instead
            kind = "unknown" if reading is None else reading.outcome.kind
            with self.store.transaction():
                return self._set_aside(arrival, failed(kind, str(problem)))

    def _apply(self, arrival: Arrival, reading: Reading | None) -> Outcome:
        before = self._seen(arrival)
        if before is not None:
            return self._duplicate(arrival, before)
        if arrival.large:
            reading = self._read_large(arrival)
        if reading is None:
            return self._set_aside(arrival, failed("unknown", "permission denied"))
        if reading.outcome.code == "NOT_READ":
            return self._set_aside(arrival, reading.outcome)
        outcome = self._keep(arrival, reading)
        if arrival.sha256 is not None and outcome.code != "NOT_READ":
            replier = Replier(self.store, self.workspace, self.run, self.as_of)
            replier.reply(arrival.file_id, arrival.sha256, outcome.status, reading.answers)
        return outcome

    def _keep(self, arrival: Arrival, reading: Reading) -> Outcome:
        """The rows of a file that was read."""
        if arrival.file_id != reading.number:
            return self._copy(arrival, reading)
        self._add_row(arrival, reading.outcome, reading.transactions)
        self.store.save_prepared(reading.rows)
        return reading.outcome

    def _copy(self, arrival: Arrival, reading: Reading) -> Outcome:
        """Content that came twice and was not applied the first time is not applied now."""
        if reading.outcome.status != "quarantined":
            again = f"same content as file {reading.number}, which could not be stored"
            return self._set_aside(arrival, failed(reading.outcome.kind, again))
        self._add_row(arrival, reading.outcome, reading.transactions)
        own = reading.findings.with_columns(file_id=pl.lit(arrival.file_id, pl.Int64))
        self.store.save({"findings": own})
        return reading.outcome

    def _duplicate(self, arrival: Arrival, before: Mapping[str, Any]) -> Outcome:
        """Content that was taken in before has no further effect than its row."""
        found = Finding("DUPLICATE_DELIVERY", f"same content as file {before['file_id']}")
        outcome = Outcome("duplicate", before["kind"], found.code, found.message)
        self._add_row(arrival, outcome, 0)
        around = () if before["sha256"] == arrival.sha256 else arrival.survey.outside
        self.store.save({"findings": findings_frame([found, *around], arrival.file_id)})
        return outcome

    def _set_aside(self, arrival: Arrival, outcome: Outcome) -> Outcome:
        """Only the row and why."""
        self._add_row(arrival, outcome, 0)
        found = Finding(outcome.code, outcome.message)
        self.store.save({"findings": findings_frame([found], arrival.file_id)})
        return outcome

    def _add_row(self, arrival: Arrival, outcome: Outcome, transactions: int) -> None:
        self.store.add_file(
            file_id=arrival.file_id,
            sha256=arrival.sha256,
            direction="in",
            kind=outcome.kind,
            status=outcome.status,
            reason=outcome.reason,
            size=arrival.size,
            name=arrival.delivery.name,
            run=self.run,
            received_on=self.as_of,
            transactions=transactions,
            archived=arrival.sha256 is not None,
        )

    def _dispose(self, delivery: Delivery, file_id: int, outcome: Outcome) -> None:
        """A quarantined file goes to quarantine/; of the others the archive has the bytes."""
        try:
            if outcome.status == "quarantined":
                quarantine.put(self.workspace, delivery.path, file_id, outcome)
            else:
                delivery.path.unlink()
        except OSError as problem:
            reason = (problem.strerror or "refused").lower()
            raise NotWritten(
                f"{self.workspace.root}: file {file_id} cannot be put away ({reason}); "
                "check the permissions of work/ and quarantine/ and run again"
            ) from None
