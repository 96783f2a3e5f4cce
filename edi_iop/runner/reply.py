"""Answers out: the TA1 and 999 that the sender of each inbound interchange is owed.

An answer gets its control number and its row in the transaction that takes its
file in, so that a run that dies has either both or neither. The outbox is
written after that, from the archive (handover).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec
import polars as pl

from edi_iop.acks import Draft, Manner, Taken, drafts
from edi_iop.parsers import Parsed
from edi_iop.runner import archive
from edi_iop.runner.outcome import Outcome
from edi_iop.settings import Answering, Workspace
from edi_iop.store import Store

_FATES: dict[str, Taken] = {"applied": "kept", "held": "kept", "quarantined": "refused"}
_SILENT = ("TA1", "archive", "unknown")
"""Kinds that are owed no answer, whatever is wrong with them."""


def drafted(
    parsed: Mapping[int, Parsed], outcomes: Mapping[int, Outcome], answering: Answering
) -> dict[int, list[Draft]]:
    """The answers to these files, one an interchange, as the settings have it.

    What was taken in in spite of its errors is accepted with errors: the answer says
    what we did.
    """
    if not answering.send:
        return {}
    owed = {number: file for number, file in parsed.items() if file.kind not in _SILENT}
    taken = {number: _FATES[outcomes[number].status] for number in owed}
    manner = Manner(each_interchange=answering.ta1 == "always", taken=taken)
    made = drafts(owed, manner)
    return {
        number: [one for one in parts if one.between.receiver[1] not in answering.not_to]
        for number, parts in made.items()
    }


class Replier(msgspec.Struct, frozen=True):
    """Keeps the answers of one run."""

    store: Store
    workspace: Workspace
    run: str
    as_of: date

    def reply(self, file_id: int, sha256: str, status: str, answers: Sequence[Draft]) -> None:
        """Numbers and keeps the answers to a file, in the transaction that is open.

        Content that was answered before, and met the same end, is not answered again.
        """
        if answers and not self.store.replied(sha256, status):
            first = self.store.next_numbers("interchange", len(answers))
            rows = [
                self._keep(file_id, one, control)
                for control, one in enumerate(answers, start=first)
            ]
            self.store.save({"replies": pl.DataFrame(rows)})

    def _keep(self, answered: int, draft: Draft, control: int) -> dict[str, object]:
        """One answer: its bytes, its row of files, and its row of replies."""
        content = draft.numbered(control, made(self.as_of))
        file_id = self.store.add_file(
            sha256=archive.keep(self.workspace, content),
            direction="out",
            kind=draft.kind,
            status="built",
            size=len(content),
            name=_name(draft, self.as_of, control),
            run=self.run,
            received_on=self.as_of,
            transactions=len(draft.groups),
            archived=True,
        )
        return {
            "file_id": file_id,
            "answered_file": answered,
            "interchange_control": draft.interchange,
            "receiver_id": draft.between.receiver[1],
            "answer_interchange": f"{control:09d}",
            "ta1": draft.decision,
            "note": draft.note,
            "groups": list(draft.groups),
            "decision": draft.worst,
        }


def made(as_of: date) -> datetime:
    """When what goes out is made: the date the run is done for, and the time of day."""
    return datetime.combine(as_of, datetime.now(UTC).time().replace(microsecond=0))


def _name(draft: Draft, as_of: date, control: int) -> str:
    """A name that says whom it goes to and no more."""
    safe = "".join(character for character in draft.between.receiver[1] if character.isalnum())
    return f"{draft.kind}-{safe}-{as_of:%Y%m%d}-{control:09d}.edi"
