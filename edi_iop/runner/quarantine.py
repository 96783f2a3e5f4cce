"""What could not be taken in: the file as it came, and beside it NAME.json with the reason."""

from __future__ import annotations

import json
import os
from pathlib import Path

from edi_iop.runner import archive
from edi_iop.runner.outcome import Outcome
from edi_iop.settings import Workspace

_LONGEST_NAME = 200
"""Bytes of a name we keep: of the 255 a file system allows, our number and endings take their part."""


def put(workspace: Workspace, path: Path, file_id: int, outcome: Outcome) -> Path:
    """Moves the file there; where it now is.

    The reason is written first, so that no file ever lies there without one, and
    a move that was cut short ends in the same place.
    """
    target = _place(workspace.quarantine / path.name, file_id)
    reason = {
        "file_id": file_id,
        "kind": outcome.kind,
        "code": outcome.code,
        "message": outcome.message,
        "place": outcome.place,
        "what_to_do": outcome.what_to_do,
    }
    text = json.dumps(reason, indent=2, ensure_ascii=False) + "\n"
    archive.write(_reason_file(target), text.encode())
    archive.move(path, target)
    return target


def _place(wanted: Path, file_id: int) -> Path:
    """The name it was delivered under; with its number before it where another file has that name."""
    fitting = wanted.with_name(_shortened(wanted.name))
    reason = _reason_file(fitting)
    if not reason.exists() and not fitting.exists():
        return fitting
    if _number_in(reason) == file_id:
        return fitting
    return fitting.with_name(f"{file_id}-{fitting.name}")


def _shortened(name: str) -> str:
    """The name, its middle left out where our own endings would make it longer than systems allow."""
    raw = os.fsencode(name)
    if len(raw) <= _LONGEST_NAME:
        return name
    half = _LONGEST_NAME // 2
    return "".join(part.decode("utf-8", "ignore") for part in (raw[:half], raw[-half:]))


def _number_in(reason: Path) -> int | None:
    """Whose reason it is; None where it is none, but a delivery of that name."""
    try:
        told = json.loads(reason.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told.get("file_id") if isinstance(told, dict) else None


def _reason_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")
