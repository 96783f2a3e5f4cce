"""Runs in the database: who holds the workspace, receipts, and what these count."""

from __future__ import annotations

from datetime import date

import msgspec

from edi_iop.store.database import Database


class Lock(msgspec.Struct, frozen=True):
    """The run that holds the workspace: its process, and when it last showed life (epoch)."""

    run: str
    pid: int
    host: str
    beat: float


class Runs(Database):
    """A database with its runs."""

    def lock(self) -> Lock | None:
        """Who holds the workspace."""
        found = self._open.rows("SELECT run, pid, host, beat FROM locks")
        return Lock(*found[0]) if found else None

    def hold(self, lock: Lock) -> None:
        """Makes the workspace belong to a run, or shows that it still lives."""
        with self.transaction():
            self._run("hold", run=lock.run, pid=lock.pid, host=lock.host, beat=lock.beat)

    def release(self) -> None:
        """Nobody holds the workspace."""
        with self.transaction():
            self._open.run("DELETE FROM locks")

    def start_run(self, run: str, as_of: date, at: str) -> None:
        """A run begins, or is taken up again."""
        with self.transaction():
            self._run("start_run", run=run, as_of=as_of.isoformat(), at=at)

    def finish_run(self, run: str, at: str, receipt: str) -> None:
        """A run is done, with its receipt (JSON)."""
        with self.transaction():
            self._run("finish_run", run=run, at=at, receipt=receipt)

    def unfinished_run(self) -> str | None:
        """The run that died before its end, or None."""
        found = self._run_rows("unfinished_run")
        return str(found[0][0]) if found else None

    def receipts(self) -> dict[str, str]:
        """The receipt (JSON) of every finished run, oldest first."""
        rows = self._open.rows(
            "SELECT run, receipt FROM runs WHERE receipt IS NOT NULL ORDER BY rowid"
        )
        return {str(run): str(receipt) for run, receipt in rows}

    def last_night(self) -> date | None:
        """The day that the last finished run was done for."""
        found = self._open.rows(
            "SELECT as_of FROM runs WHERE receipt IS NOT NULL ORDER BY rowid DESC LIMIT 1"
        )
        return date.fromisoformat(str(found[0][0])) if found else None

    # -- what receipts count

    def breaking(self, *, proposed: bool) -> tuple[int, dict[str, int]]:
        """How many lines some rule stops, and how many each: of proposed ones, or of those sent."""
        ((lines,),) = self._run_rows("breaking_lines", proposed=proposed)
        return int(lines), dict(self._run_rows("breaking", proposed=proposed))

    def answered(self, run: str) -> tuple[int, int, int, int]:
        """Remit claims that a run took in, those matched to a claim, their lines, and of these the
        ones of matched claims that are matched to no line."""
        ((claims, matched, lines, left),) = self._run_rows("answered", run=run)
        return int(claims), int(matched), int(lines), int(left)

    def denied(self, run: str) -> list[tuple[str, str, int]]:
        """Denied lines that a run took in: verdict, rule (`none`), and how many."""
        return [
            (str(verdict), str(rule), int(lines))
            for verdict, rule, lines in self._run_rows("denied", run=run)
        ]
