"""Drops that hold several files: archives, and X12 files of several interchanges, taken apart.

    work/RUN/drop.zip               as claimed
    work/RUN/.unpacking/drop.zip/   its files being written, and itself as .archive
    work/RUN/.unpacked/drop.zip/    all written: 0001-remit.835, ...

Every part is a delivery of its own: a file of an archive, which may again be of
several interchanges, or one interchange. So a bad one is set aside alone.

One rename takes a drop out of sight, another brings all its parts in; what a
dead run left half opened is taken back first (inbox.claim). So no part is
lost and none comes twice. An archive of which something cannot be had lies
among its files as one more delivery, which goes to quarantine with the reason.
The drop's own bytes are kept in the archive as every part's are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

import msgspec

from edi_iop.parsers import archives
from edi_iop.parsers.interchanges import survey
from edi_iop.runner import archive, inbox
from edi_iop.runner.inbox import ORIGINAL, UNPACKED, UNPACKING
from edi_iop.settings import Workspace
from edi_iop.store import Store

_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class _Part(msgspec.Struct, frozen=True):
    """A part of a drop, not yet read: its name, and its bytes a piece at a time."""

    name: str
    content: Callable[[], Iterable[bytes]]


def take_apart(store: Store, workspace: Workspace, run: str) -> None:
    """Opens every archive the run has claimed, then cuts every X12 file between its interchanges.

    One that was taken in whole, before drops were cut, stays whole: it is a duplicate.
    """
    own = workspace.work / run
    for into in (_members, _interchanges):
        for delivery in inbox.claimed(workspace, run):
            _apart(store, workspace, own, delivery.path, into)


def _apart(
    store: Store,
    workspace: Workspace,
    own: Path,
    path: Path,
    into: Callable[[Path, BinaryIO], list[_Part]],
) -> None:
    """Brings in a drop's parts, if it has any; a file we may not read stays for intake to tell."""
    try:
        file = path.open("rb")
    except PermissionError:
        return
    with file:
        parts = into(path.relative_to(own), file)
        if not parts:
            return
        file.seek(0)
        if store.seen(archive.keep_file(workspace, file)) is None:
            _open(own, path, parts)


def _members(path: Path, file: BinaryIO) -> list[_Part]:
    """The files of an archive; with it itself where one of them cannot be had."""
    if UNPACKED in path.parts or not archives.is_archive(file.read(archives.HEAD)):
        return []
    found = archives.contents(path.name, file)
    count = len(found.members)
    parts = [
        _Part(_name(number, count, member.name), _reading(member.open))
        for number, member in enumerate(found.members, start=1)
    ]
    whole = _Part(path.name, lambda: _between(file, 0, None))
    return [*parts, whole] if parts and found.faults else parts


def _interchanges(path: Path, file: BinaryIO) -> list[_Part]:
    """The interchanges of an X12 file of several, each with what stands behind it."""
    cuts = survey(file, digested=False).cuts
    ends = [(start, stop) for start, stop in zip_longest(cuts, cuts[1:])]
    parts = [
        _Part(_name(number, len(cuts), path.name), partial(_between, file, start, stop))
        for number, (start, stop) in enumerate(ends, start=1)
    ]
    return parts if len(parts) > 1 else []


def _reading(opened: Callable[[], BinaryIO]) -> Callable[[], Iterator[bytes]]:
    def content() -> Iterator[bytes]:
        with closing(opened()) as file:
            yield from archive.pieces(file)

    return content


def _between(file: BinaryIO, start: int, stop: int | None) -> Iterator[bytes]:
    """The bytes of an open file from one offset to another, or to its end."""
    file.seek(start)
    yield from archive.pieces(file, None if stop is None else stop - start)


def _open(own: Path, path: Path, parts: Iterable[_Part]) -> None:
    """Writes the parts beside their drop, then brings them in."""
    stage = own / UNPACKING / path.relative_to(own)
    when = path.stat().st_mtime_ns
    archive.move(path, stage / ORIGINAL)
    for part in parts:  # files, not rows
        archive.write(stage / part.name, part.content())
        os.utime(stage / part.name, ns=(when, when))
    told = path.relative_to(own)
    inside = told.relative_to(UNPACKED) if told.parts[0] == UNPACKED else told
    archive.move(stage, _free(own / UNPACKED / inside))


def _name(number: int, count: int, name: str) -> str:
    """A file name of ours for a part: its number, and harmless letters of its path's last part."""
    place = str(number).zfill(max(4, len(str(count))))
    told = f"{place}-{_UNSAFE.sub('_', name.rpartition('/')[2])[-_LONGEST_NAME:]}"
    return told if inbox.is_finished(Path(told)) else f"{told}_"


def _free(wanted: Path) -> Path:
    """The folder, or one with a number before its name where a drop of that name was opened."""
    free, number = wanted, 1
    while free.exists():
        number += 1
        free = wanted.with_name(f"{number}-{wanted.name}")
    return free
