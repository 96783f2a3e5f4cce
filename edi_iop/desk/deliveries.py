"""Files the user names, opened one after another: none is held whole, but an archive out of a pipe."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from edi_iop.desk import paths
from edi_iop.findings import Finding
from edi_iop.parsers import archives
from edi_iop.parsers.streams import ahead
from edi_iop.tables import FINDINGS
from edi_iop.tables.found import findings_frame


class Deliveries:
    """Every file named or in an archive named, numbered from 1 in order.

    To be gone through once: each file is open until the next is asked for. `names` and
    `findings` grow meanwhile. MissingPath, Unreadable: the system does not give us one of
    them; that it would is asked of all of them at once, before anything is read.
    """

    def __init__(self, named: Iterable[Path]) -> None:
        self._paths = [paths.file(one) for one in named]
        for path in self._paths:
            _try(path)
        self.names: dict[int, str] = {}
        self.read = 0
        """How many files there were so far, without those that could not be had."""
        self._faults = [FINDINGS.empty()]

    @property
    def findings(self) -> pl.DataFrame:
        """What could not be had out of archives; those files have a number and no content."""
        return pl.concat(self._faults)

    @property
    def counted(self) -> str:
        return f"{self.read:,} file{'' if self.read == 1 else 's'} read"

    def __iter__(self) -> Iterator[tuple[int, BinaryIO]]:
        for path in self._paths:
            with _open(path) as file:
                for name, found in _opened(paths.shown(path), file):
                    number = len(self.names) + 1
                    self.names[number] = name
                    if isinstance(found, Finding):
                        self._faults.append(findings_frame([found], number))
                        continue
                    self.read += 1
                    yield number, found


def _opened(name: str, file: BinaryIO) -> Iterator[tuple[str, BinaryIO | Finding]]:
    """The file itself, or what its archive holds: members, and reasons why one cannot be had."""
    head, whole = ahead(file, archives.HEAD)
    if not archives.is_archive(head):
        yield name, whole
        return
    packed = file if file.seekable() else cast(BinaryIO, io.BytesIO(whole.read()))
    found = archives.contents(name, packed)
    for member in found.members:
        with member.open() as content:
            yield member.name, content
    yield from found.faults


def _try(path: Path) -> None:
    """Raises what opening the file would; a pipe is left as it is."""
    if path == paths.STANDARD_INPUT:
        if not sys.stdin or sys.stdin.isatty():
            raise paths.nothing_piped()
    elif path.is_file():
        with _open(path):
            return


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """The file, or what is piped in, for as long as it is read."""
    if path == paths.STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as problem:
        raise paths.refused(path, problem) from problem
    with file:
        yield cast(BinaryIO, _Readable(path, file))


class _Readable(io.BufferedIOBase):
    """A file on a disk: Unreadable where the system refuses more of it."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1) -> bytes:
        try:
            return self._file.read(-1 if size is None else size)
        except OSError as problem:
            raise paths.refused(self._path, problem) from problem
