"""Original bytes, kept by their content, and files written so that no reader sees half of one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from edi_iop.settings import Workspace

PIECE = 2**20
"""Bytes copied at a time."""
_INCOMING = ".incoming"


def digest(data: bytes) -> str:
    """The name of this content: its SHA-256, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def place(workspace: Workspace, sha256: str) -> Path:
    """Where content of that digest is kept."""
    return workspace.archive / sha256[:2] / sha256


def keep(workspace: Workspace, data: bytes) -> str:
    """Puts the bytes into the archive, read-only; the same content is kept once. Its digest."""
    sha256 = digest(data)
    target = place(workspace, sha256)
    if not _is_kept(target, len(data)):
        write(target, data)
        target.chmod(0o444)
    return sha256


def keep_file(workspace: Workspace, file: BinaryIO) -> str:
    """The same of an open file, which is copied and digested as it is read and held nowhere."""
    copy = workspace.archive / _INCOMING
    content = hashlib.sha256()
    write(copy, _digested(file, content))
    target = place(workspace, content.hexdigest())
    if _is_kept(target, copy.stat().st_size):
        copy.unlink()
    else:
        copy.chmod(0o444)
        move(copy, target)
    return content.hexdigest()


def _is_kept(target: Path, size: int) -> bool:
    return target.is_file() and target.stat().st_size == size


def _digested(file: BinaryIO, content: hashlib._Hash) -> Iterator[bytes]:
    for piece in pieces(file):
        content.update(piece)
        yield piece


def pieces(file: BinaryIO, size: int | None = None) -> Iterator[bytes]:
    """What is left of an open file, or so many bytes of it, a piece at a time."""
    left = size
    while piece := file.read(PIECE if left is None else min(PIECE, left)):
        left = None if left is None else left - len(piece)
        yield piece


def write(path: Path, data: bytes | Iterable[bytes]) -> None:
    """The file appears whole and on the disk, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as out:
        out.writelines([data] if isinstance(data, bytes) else data)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    _sync_folder(path.parent)


def move(source: Path, target: Path) -> None:
    """Renames within the workspace and brings the new name to the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """A rename is safe once its folder is; systems that cannot open a folder need no sync."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
