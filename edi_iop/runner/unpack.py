"""Archives among the drops: each becomes the files it holds, every one a delivery of its own.

    work/RUN/drop.zip               as claimed
    work/RUN/.unpacking/drop.zip/   its files being written, and itself as .archive
    work/RUN/.unpacked/drop.zip/    all written: 0001-remit.835, ...

One rename takes an archive out of sight, another brings all its files in; what
a dead run left half opened is taken back first (inbox.claim). So no file is
lost and none comes twice. An archive of which something cannot be had lies
among its files as one more delivery, which goes to quarantine with the reason.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from edi_iop.parsers import archives
from edi_iop.parsers.archives import Unpacked
from edi_iop.runner import archive, inbox
from edi_iop.runner.inbox import ORIGINAL, UNPACKED, UNPACKING
from edi_iop.settings import Workspace

_HEAD = 8
_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def unpack(workspace: Workspace, run: str) -> None:
    """Opens every archive the run has claimed; one that gives no file stays as it is."""
    own = workspace.work / run
    for delivery in inbox.claimed(workspace, run):
        path = delivery.path
        if UNPACKED in path.relative_to(own).parts or not _is_packed(path):
            continue
        data = path.read_bytes()
        found = archives.unpack(path.name, data)
        if found.members:
            archive.keep(workspace, data)
            _open(own, path, found, data)


def _is_packed(path: Path) -> bool:
    """Whether the file is an archive, by its first bytes; not where we may not read it."""
    try:
        with path.open("rb") as file:
            return archives.is_archive(file.read(_HEAD))
    except PermissionError:
        return False


def _open(own: Path, path: Path, found: Unpacked, data: bytes) -> None:
    """Writes the files beside their archive, then brings them in."""
    stage = own / UNPACKING / path.relative_to(own)
    when = path.stat().st_mtime_ns
    parts = {
        _name(number, member.name): member.content
        for number, member in enumerate(found.members, start=1)
    }
    if found.faults:
        parts[path.name] = data
    archive.move(path, stage / ORIGINAL)
    for name, content in parts.items():  # files, not rows
        archive.write(stage / name, content)
        os.utime(stage / name, ns=(when, when))
    archive.move(stage, _free(own / UNPACKED / path.relative_to(own)))


def _name(number: int, name: str) -> str:
    """A file name of ours for a member: its number, and harmless letters of its path's last part."""
    told = f"{number:04d}-{_UNSAFE.sub('_', name.rpartition('/')[2])[-_LONGEST_NAME:]}"
    return told if inbox.is_finished(Path(told)) else f"{told}_"


def _free(wanted: Path) -> Path:
    """The folder, or one with a number before its name where an archive of that name was opened."""
    free, number = wanted, 1
    while free.exists():
        number += 1
        free = wanted.with_name(f"{number}-{wanted.name}")
    return free
