"""Claims out: proposed, scrubbed, built, numbered, stored, read back and handed over.

Control numbers, the archived bytes' row and the claims' tables are one
transaction. The outbox is written after it, from the archive, so that a crash
in between loses no file and sends none twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop import parsers
from edi_iop.mapper import Built, Numbers, build, propose, unbilled
from edi_iop.mapper.build import OutFile
from edi_iop.mapper.given import Given
from edi_iop.mapper.secondary import secondary
from edi_iop.mapper.sent import Sent, with_filing
from edi_iop.mapper.withdrawn import netted
from edi_iop.parsers import Parsed
from edi_iop.rules.catalogue import STOPPING
from edi_iop.rules.engine import check
from edi_iop.rules.policy import Policy
from edi_iop.runner import archive, ours
from edi_iop.runner.handover import hand_over
from edi_iop.runner.records import Known
from edi_iop.runner.reply import made
from edi_iop.runner.settle import Answers
from edi_iop.settings import Settings, Workspace
from edi_iop.store import Store
from edi_iop.tables import SERVICE_LINES
from edi_iop.tables.found import findings_frame

_LINE = ["file_id", "claim_offset", "line_offset"]


class Biller(msgspec.Struct, frozen=True):
    """Bills what is ready, for one run."""

    store: Store
    workspace: Workspace
    settings: Settings
    policies: Mapping[str, Policy]
    run: str

    def bill(self, known: Known, answered: Answers) -> None:
        """One 837I a partner of everything ready; nothing where the run has billed already."""
        if self.store.load("files", run=self.run, direction="out", kind="837I").is_empty():
            every = known.lines(answered.standings)
            sent = ours.sent(self.store, known, every, answered, self.policies, self.settings)
            history = netted(every, sent.gone)
            proposed, hindrances, hindered = propose(
                known.days,
                known.encounters,
                known.clients,
                known.authorizations,
                self.policies,
                self.settings,
                known.as_of,
                history,
            )
            proposed = with_filing(proposed, sent, self.policies)
            further = secondary(
                sent,
                every,
                answered.remits,
                answered.matches,
                known.days,
                known.clients,
                known.authorizations,
                self.settings,
                self.policies,
                proposed.height + 1,
            )
            proposed = pl.concat([proposed, SERVICE_LINES.conform(further.given.lines)])
            judged = self._judged(known, proposed, history)
            violations = judged.join(proposed, on=_LINE, how="semi", maintain_order="left")
            sent = replace(sent, broken=_broken(judged, sent))
            with self.store.transaction():
                built = self._build(known, proposed, violations, sent, further.given, hindered)
                self._keep(built, violations, hindered, known.as_of)
                found = findings_frame([*hindrances, *further.findings, *built.findings])
                self.store.replace("findings", found, file_id=None)
        hand_over(self.store, self.workspace)

    def _judged(self, known: Known, proposed: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
        """What the rules say of the proposed lines and of those sent before."""
        return check(known.records(pl.concat([history, proposed])), self.policies)

    def _build(
        self,
        known: Known,
        proposed: pl.DataFrame,
        violations: pl.DataFrame,
        sent: Sent,
        further: Given,
        hindered: pl.DataFrame,
    ) -> Built:
        """The claims and their bytes, with numbers that nobody else is given."""
        next_numbers = self.store.next_numbers
        built = build(
            proposed,
            violations,
            known.clients,
            known.providers,
            known.days,
            self.settings,
            self.policies,
            Numbers(
                serial=next_numbers("serial", 0),
                interchange=next_numbers("interchange", 0),
                transaction=next_numbers("transaction", 0),
            ),
            made(known.as_of),
            sent,
            further,
            hindered,
        )
        next_numbers("serial", built.tables["claims"].height)
        next_numbers("interchange", len(built.files))
        next_numbers("transaction", built.tables["submissions"].height)
        return built

    def _keep(
        self, built: Built, violations: pl.DataFrame, hindered: pl.DataFrame, as_of: date
    ) -> None:
        """The files with their tables, and why what stays behind does."""
        whole = [self._send(file, as_of) for file in built.files]
        behind = pl.concat([built.blocked, built.left_out, built.waiting, built.held])
        if all(whole):
            violations = violations.join(behind, on=_LINE, how="semi", maintain_order="left")
        lacking = unbilled.together([hindered, built.lacking])
        self.store.replace("violations", pl.concat([violations, lacking]))
        self.store.replace("corrections", built.corrections)

    def _send(self, file: OutFile, as_of: date) -> bool:
        """One file: its row, and the tables its own bytes say; whether it is fit to go out.

        A file that we could not read back without error is held: its claims are
        not counted as sent and will be proposed again.
        """
        file_id = self.store.next_numbers("file")
        given = [(file_id, file.content)]
        parsed = parsers.parse(given, lists=self.workspace.codes)[file_id]
        errors = parsed.findings.filter(pl.col("severity") == "error")
        fit = errors.is_empty()
        self.store.add_file(
            file_id=file_id,
            sha256=archive.keep(self.workspace, file.content),
            direction="out",
            kind="837I",
            status="built" if fit else "held",
            reason=None if fit else _reason(errors),
            size=len(file.content),
            name=file.name,
            run=self.run,
            received_on=as_of,
            transactions=parsed.transactions,
            archived=True,
        )
        self.store.save(_snapshot(parsed, fit))
        return fit


def _broken(judged: pl.DataFrame, sent: Sent) -> pl.DataFrame:
    """LINE of our sent lines that a rule would stop, as the records of their day have become since."""
    stopped = judged.filter(pl.col("severity").is_in(STOPPING)).select(_LINE).unique()
    return sent.changed_days.join(stopped, on=_LINE, how="semi")


def _snapshot(parsed: Parsed, fit: bool) -> dict[str, pl.DataFrame]:
    """Our bytes as a reader has them: what was sent is never anything else afterwards."""
    return {**(parsed.tables if fit else {}), "findings": parsed.findings}


def _reason(errors: pl.DataFrame) -> str:
    return f"{errors['code'][0]}: {errors['message'][0]}"
