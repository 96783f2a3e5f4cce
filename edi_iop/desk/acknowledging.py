"""`validate --ack`: the TA1 and 999 that each file's sender is owed, one file an inbound file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from edi_iop.acks import Answer, Stamp, answers
from edi_iop.desk.paths import shown, write
from edi_iop.parsers import Parsed

_ANSWERED = ("835", "837I", "837P", "837", "mixed", "x12")
"""Kinds that are owed an answer; a 999, TA1 or 277CA is none of them."""
_WORDS = {"A": "accepted", "E": "accepted with errors", "P": "accepted in part", "R": "rejected"}
_WORST_FIRST = "RPEA"


def acknowledge(
    parsed: Mapping[int, Parsed], names: Mapping[int, str], folder: Path, values: bool
) -> tuple[str, ...]:
    """Writes the answers into the folder, under the names of their files; one line says where each is.

    values: bad values go into the 999 (IK404); they may be personal data.
    """
    owed = {number: file for number, file in parsed.items() if file.kind in _ANSWERED}
    told = answers(owed, Stamp(datetime.now(UTC), control=1, values=values))
    return tuple(  # files, not rows: each answer is a file of its own
        _written(told[number], names[number], folder)
        if number in told
        else f"{names[number]}: not answered; it holds no claims or remits in an envelope"
        for number in owed
    )


def _written(told: Sequence[Answer], name: str, folder: Path) -> str:
    target = _free(folder, name, ".999" if any(one.groups for one in told) else ".ta1")
    write(target, b"".join(one.content for one in told))
    decisions = {decision for one in told for decision in one.decisions}
    worst = min(decisions, key=_WORST_FIRST.index)
    return f"{name}: {_WORDS[worst]}; the answer is {shown(target)}"


def _free(folder: Path, name: str, ending: str) -> Path:
    """A path in the folder that no file has yet: what is there is never written over."""
    base = re.sub(r"[^\w.-]+", "_", Path(name).name) or "answer"
    target, number = folder / f"{base}{ending}", 1
    while target.exists():
        number += 1
        target = folder / f"{base}.{number}{ending}"
    return target
