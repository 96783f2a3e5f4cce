"""Original bytes, kept by their content, and files written so that no reader sees half of one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from edi_iop.settings import Workspace


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
    if not (target.is_file() and target.stat().st_size == len(data)):
        write(target, data)
        target.chmod(0o444)
    return sha256


def write(path: Path, data: bytes) -> None:
    """The file appears whole and on the disk, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as out:
        out.write(data)
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
