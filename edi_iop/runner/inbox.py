"""Drops: found in inbox/, claimed by renaming them into work/RUN/, taken up again after a crash."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from edi_iop import parsers
from edi_iop.errors import NotWritten
from edi_iop.parsers.streams import HEAD
from edi_iop.settings import Workspace

UNFINISHED = (".partial", ".tmp", ".filepart", ".part", "~")
"""How uploading programs name what they have not finished."""

UNPACKED, UNPACKING, ORIGINAL = ".unpacked", ".unpacking", ".archive"
"""Where a run keeps the parts of opened drops, and a drop while it is being opened (unpack)."""

BATCH_BYTES = 16 * 2**20
BATCH_FILES = 4000
"""So much is read at once: enough that many small files go as one frame, little enough for memory.

A file larger than that is read in turns.
"""


class Delivery(msgspec.Struct, frozen=True):
    """One claimed file: where it lies now, and the name under which it was delivered."""

    path: Path
    name: str

    @property
    def is_fhir(self) -> bool:
        """Whether it begins as FHIR does; not, where it cannot be read."""
        try:
            with self.path.open("rb") as file:
                return parsers.is_fhir(file.read(HEAD))
        except PermissionError:
            return False

    @property
    def is_large(self) -> bool:
        """Whether it is more than is read at once."""
        return self.path.stat().st_size > BATCH_BYTES


def claim(workspace: Workspace, run: str) -> None:
    """Renames every finished drop into the run's folder: from then on it belongs to the run.

    What other runs left behind in work/ is taken up first.
    """
    own = workspace.work / run
    own.mkdir(parents=True, exist_ok=True)
    orphans = [folder for folder in _folders(workspace.work) if folder != own]
    for source in (own, *orphans):
        _take_back(source, own)
    for source in (*orphans, workspace.inbox):
        for path in _finished(source, unpacked=source in orphans):
            _take(path, own / path.relative_to(source))
    for folder in orphans:
        shutil.rmtree(folder)


def claimed(workspace: Workspace, run: str) -> list[Delivery]:
    """The run's files that are not done yet, in the order they were delivered."""
    own = workspace.work / run
    found = _finished(own, unpacked=True)
    return [Delivery(path, _name(path.relative_to(own))) for path in found]


def _name(path: Path) -> str:
    """The name as text that can be stored, whatever bytes it is made of; of a member with its archive's."""
    told = path.relative_to(UNPACKED) if path.parts[0] == UNPACKED else path
    return told.as_posix().encode("utf-8", "replace").decode("utf-8")


def batches(deliveries: list[Delivery]) -> Iterator[list[Delivery]]:
    """The deliveries in portions that fit into memory, at least one a portion; FHIR files in one.

    Files of one FHIR export name each other's resources: they are read together, whole as feeds are.
    """
    fhir = [one for one in deliveries if one.is_fhir]
    if fhir:
        yield fhir
        known = set(fhir)
        deliveries = [one for one in deliveries if one not in known]
    portion: list[Delivery] = []
    size = 0
    for delivery in deliveries:
        bytes_more = delivery.path.stat().st_size
        if portion and (size + bytes_more > BATCH_BYTES or len(portion) == BATCH_FILES):
            yield portion
            portion, size = [], 0
        portion.append(delivery)
        size += bytes_more
    if portion:
        yield portion


def clear(workspace: Workspace, run: str) -> None:
    """Removes the run's folder once nothing is left in it but empty folders."""
    own = workspace.work / run
    if own.is_dir() and not _finished(own, unpacked=True):
        shutil.rmtree(own)


def is_finished(path: Path) -> bool:
    """Whether the name is one of a finished upload: no dotfile, no uploader's interim ending."""
    return not path.name.startswith(".") and not path.name.lower().endswith(UNFINISHED)


def _take_back(source: Path, own: Path) -> None:
    """Archives that a dead run was opening are as they were claimed."""
    for original in sorted((source / UNPACKING).rglob(ORIGINAL)):
        _take(original, own / original.parent.relative_to(source / UNPACKING))
    shutil.rmtree(source / UNPACKING, ignore_errors=True)


def _finished(folder: Path, unpacked: bool = False) -> list[Path]:
    """Regular files below the folder, oldest first; dotted folders and links are left alone.

    unpacked: those of the archives opened in it too.
    """
    known = {UNPACKED} if unpacked else set[str]()
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and is_finished(path)
        and not any(
            part.startswith(".") and part not in known for part in path.relative_to(folder).parts
        )
    ]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.as_posix()))


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _take(path: Path, target: Path) -> None:
    """One rename; a name already taken gets a number before it. A drop that is gone is let go."""
    target.parent.mkdir(parents=True, exist_ok=True)
    free, number = target, 1
    while free.exists():
        number += 1
        free = target.with_name(f"{number}-{target.name}")
    try:
        path.rename(free)
    except FileNotFoundError:
        return
    except OSError as problem:
        # The folder and not the name: names of drops may tell of people.
        reason = (problem.strerror or "refused").lower()
        raise NotWritten(
            f"{path.parent}: a drop there cannot be moved ({reason}); check the permissions"
        ) from None
