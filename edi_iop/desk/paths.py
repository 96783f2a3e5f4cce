"""The paths a user names: there or not, one file or a folder of them, a workspace or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
import polars as pl

from edi_iop import parsers
from edi_iop.errors import BadSettings, MissingPath, NotWritten, StoreVersion, Unreadable
from edi_iop.findings import Finding
from edi_iop.parsers import archives
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.settings import Settings, Workspace, decode
from edi_iop.tables import FINDINGS
from edi_iop.tables.found import findings_frame

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout

STANDARD_INPUT = Path("-")
"""Stands for what is piped in."""
_OPEN_ALREADY = ("/dev/stdin", "/dev/fd", "/proc/self/fd")
"""Where a shell names what it holds open for us: a pipe there has a writer, one on a disk may not."""


class Delivered(msgspec.Struct, frozen=True):
    """Files read whole: their bytes numbered from 1, and the name behind each number."""

    files: tuple[tuple[int, bytes], ...]
    names: dict[int, str]
    findings: pl.DataFrame = msgspec.field(default_factory=FINDINGS.empty)
    """What could not be had out of archives; those files have a number and no bytes."""
    before: tuple[bytes, ...] = ()
    """FHIR files beside them that were taken in before."""


def delivered(paths: Iterable[Path]) -> Delivered:
    """Every file named, every file in a folder named and every file in an archive, in order.

    MissingPath, Unreadable: the system does not give us one of them.
    """
    read_whole: list[tuple[int, bytes]] = []
    names: dict[int, str] = {}
    faults = []
    for path in (file for named in paths for file in files(named)):
        for name, found in opened(shown(path), read(path)):
            number = len(names) + 1
            names[number] = name
            if isinstance(found, Finding):
                faults.append(findings_frame([found], number))
            else:
                read_whole.append((number, found))
    return Delivered(tuple(read_whole), names, pl.concat([FINDINGS.empty(), *faults]))


def opened(name: str, content: bytes) -> Iterator[tuple[str, bytes | Finding]]:
    """The file itself, or what its archive holds: members, and reasons why one cannot be had."""
    if not archives.is_archive(content):
        yield name, content
        return
    found = archives.unpack(name, content)
    for member in found.members:
        yield member.name, member.content
    yield from found.faults


def shown(path: Path) -> str:
    """The path as text that can be printed and written, whatever bytes its name is made of."""
    return str(path).encode("utf-8", "replace").decode("utf-8")


def files(path: Path) -> Sequence[Path]:
    """The file named, or all below the folder named; MissingPath or Unreadable where it is none."""
    if path == STANDARD_INPUT or not path.is_dir():
        return [file(path)]
    inside = _inside(path)
    if not inside:
        raise MissingPath(f"{path}: the folder is empty; name a file or a folder of files")
    return inside


def file(path: Path) -> Path:
    """The file named, or what is piped in; MissingPath or Unreadable where it is none."""
    if path == STANDARD_INPUT:
        return path
    if path.is_dir():
        raise Unreadable(f"{path}: a folder, not a file; name the files in it, as in {path / '*'}")
    if path.is_symlink() and not path.exists():
        raise MissingPath(f"{path}: a link to a file that is not there; check where it points")
    if not path.exists():
        raise MissingPath(f"{path}: no such file or folder; check the path")
    if not path.is_file() and not {str(path), str(path.parent)}.intersection(_OPEN_ALREADY):
        raise Unreadable(f"{path}: not a file but a pipe or device; pipe its content in with -")
    return path


def _inside(folder: Path) -> list[Path]:
    """The files below a folder in order, without hidden ones; Unreadable where one is closed to us."""
    found = [
        Path(place, name)
        for place, _, names in os.walk(folder, onerror=_closed)
        for name in names
        if not Path(place, name).relative_to(folder).as_posix().startswith(".")
    ]
    return sorted(path for path in found if path.is_file())


def _closed(problem: OSError) -> None:
    raise refused(Path(str(problem.filename)), problem)


def read(path: Path) -> bytes:
    """The file's bytes, or those piped in; Unreadable where the system refuses them."""
    try:
        return _piped() if path == STANDARD_INPUT else path.read_bytes()
    except OSError as problem:
        raise refused(path, problem) from problem


def _piped() -> bytes:
    if not sys.stdin or sys.stdin.isatty():
        raise nothing_piped()
    return sys.stdin.buffer.read()


def nothing_piped() -> Unreadable:
    return Unreadable("-: nothing is piped in; name a file, or pipe one in")


def refused(path: Path, problem: OSError) -> Unreadable:
    """Why the system does not give us a file that we had seen."""
    if isinstance(problem, FileNotFoundError):
        return Unreadable(
            f"{path}: there a moment ago and gone now, moved or deleted by another program; run again"
        )
    reason = (problem.strerror or "cannot be read").lower()
    return Unreadable(f"{path}: {reason}; check its permissions")


def write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """The content as a file, its folder made where needed; NotWritten where the system refuses.

    What stood there before is replaced once all of the new content is there.
    """
    with writing(path) as target:
        target.writelines([content] if isinstance(content, bytes) else content)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes its place when all is written and nothing was raised.

    A pipe, a device and what a shell holds open are written to as they are, and a file in a
    folder that is closed to us. NotWritten where the system refuses.
    """
    real = Path(os.path.realpath(path))
    part = real.with_name(f".{real.name}.{os.getpid()}.part")
    direct = _is_direct(path, real)
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        with (path if direct else part).open("wb") as target:
            yield target
        if not direct:
            if real.exists():
                part.chmod(real.stat().st_mode)
            part.replace(real)
    except OSError as problem:
        reason = problem.strerror or "cannot be written"
        raise NotWritten(f"{path}: {reason.lower()}; choose another place") from problem
    finally:
        if not direct:
            with suppress(OSError):
                part.unlink()


def _is_direct(path: Path, real: Path) -> bool:
    if not path.exists():
        return False
    held_open = path.is_absolute() and path.parts[1:2] in (("dev",), ("proc",))
    return held_open or not path.is_file() or not os.access(real.parent, os.W_OK)


def make_folders(folders: Iterable[Path]) -> None:
    """The folders, where they are not there yet."""
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            reason = (problem.strerror or "cannot be made").lower()
            raise NotWritten(f"{folder}: {reason}; choose another place") from problem


def layouts(given: Sequence[Path], settings: Path | None = None) -> tuple[Layout, ...]:
    """The layouts of feeds the user names, and those beside the settings of a workspace."""
    beside = [] if settings is None else [Workspace(settings.parent).feeds]
    facility = None if settings is None else settings_at(settings)
    return parsers.layouts([*given, *(folder for folder in beside if folder.is_dir())], facility)


def settings_at(path: Path) -> Settings:
    """The settings in a file of the user's; MissingPath, Unreadable or BadSettings."""
    if not path.is_file():
        raise MissingPath(f"{path}: no such settings file; check the path")
    try:
        text = read(path).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadSettings(f"{path}: not UTF-8 text; save it as UTF-8") from problem
    return decode(text, str(path))


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
