"""The paths a user names: there or not, one file or a folder of them, a workspace or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from edi_iop.errors import MissingPath, NotWritten, StoreVersion, Unreadable
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.settings import Workspace


@dataclass(frozen=True)
class Delivered:
    """Files read whole: their bytes numbered from 1, and the path behind each number."""

    files: tuple[tuple[int, bytes], ...]
    names: dict[int, str]


def delivered(paths: Iterable[Path]) -> Delivered:
    """Every file named, and every file in a folder named, in order."""
    found = [file for path in paths for file in _files(path)]
    return Delivered(
        tuple((number, read(path)) for number, path in enumerate(found, start=1)),
        {number: shown(path) for number, path in enumerate(found, start=1)},
    )


def shown(path: Path) -> str:
    """The path as text that can be printed and written, whatever bytes its name is made of."""
    return str(path).encode("utf-8", "replace").decode("utf-8")


def _files(path: Path) -> Sequence[Path]:
    if path.is_dir():
        inside = sorted(
            file
            for file in path.rglob("*")
            if file.is_file() and not file.relative_to(path).as_posix().startswith(".")
        )
        if not inside:
            raise MissingPath(f"{path}: the folder is empty; name a file or a folder of files")
        return inside
    if not path.exists():
        raise MissingPath(f"{path}: no such file or folder; check the path")
    return [path]


def read(path: Path) -> bytes:
    """The file's bytes; Unreadable where the system refuses them."""
    try:
        return path.read_bytes()
    except OSError as problem:
        reason = problem.strerror or "cannot be read"
        raise Unreadable(f"{path}: {reason.lower()}; check its permissions") from problem


def write(path: Path, content: bytes) -> None:
    """The content as a file, its folder made where needed; NotWritten where the system refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as problem:
        reason = problem.strerror or "cannot be written"
        raise NotWritten(f"{path}: {reason.lower()}; choose another place") from problem


def make_folders(folders: Iterable[Path]) -> None:
    """The folders, where they are not there yet."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            reason = (problem.strerror or "cannot be made").lower()
            raise NotWritten(f"{folder}: {reason}; choose another place") from problem


def is_workspace(path: Path) -> bool:
    """Whether the folder is a workspace, and not just one that holds a settings.toml."""
    place = Workspace(path)
    return place.settings_file.is_file() and place.inbox.is_dir()


def workspace(path: Path, with_store: bool = True) -> Workspace:
    """The workspace at the path, its settings right; MissingPath or StoreVersion where it is none."""
    if not path.is_dir():
        raise MissingPath(f"{path}: no such workspace; make one with: edi-iop init {path}")
    place = Workspace(path)
    place.settings()
    if with_store and not place.database.is_file():
        raise StoreVersion(
            f"{place.database}: no database here; restore it from a backup, "
            f"or begin with an empty one: edi-iop db migrate {path}"
        )
    return place


def contents(root: Path, title: str) -> Sheet:
    """Every file of a folder just made, with its size; the database is its own matter."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and ".db" not in path.name)
    rows = pl.DataFrame(
        {
            "file": [shown(path.relative_to(root)) for path in files],
            "bytes": [path.stat().st_size for path in files],
        },
        schema={"file": pl.String, "bytes": pl.Int64},
    )
    return Sheet(title, rows, (Field("FILE", "file"), Field("BYTES", "bytes", "number")))
