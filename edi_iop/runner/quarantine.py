"""What could not be taken in: the file as it came, and beside it NAME.json with the reason."""

from __future__ import annotations

import json
from pathlib import Path

from edi_iop.runner import archive
from edi_iop.runner.outcome import Outcome
from edi_iop.settings import Workspace


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
    reason = _reason_file(wanted)
    if not reason.exists() and not wanted.exists():
        return wanted
    if reason.exists() and json.loads(reason.read_text(encoding="utf-8"))["file_id"] == file_id:
        return wanted
    return wanted.with_name(f"{file_id}-{wanted.name}")


def _reason_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")
