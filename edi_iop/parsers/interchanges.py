"""The interchanges of a file, each by where it begins and by its content, and what belongs to none.

A drop of several is taken in interchange by interchange (X12.5): the file is cut
before each, so that its parts, one behind another, are the file. What stands
between two stays with the one before; before the first, with the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import BinaryIO, Literal

import msgspec
import polars as pl

from edi_iop.findings import Finding
from edi_iop.parsers import archives
from edi_iop.parsers.identify import looks_like_x12, sniff
from edi_iop.parsers.streams import ahead
from edi_iop.tables import INTERCHANGES
from edi_iop.x12.headers import element
from edi_iop.x12.pieces import Piece, Room, of_file


class Interchange(msgspec.Struct, frozen=True):
    """One ISA to IEA; or what follows an ISA that cannot be read, to the next that can."""

    start: int
    """Byte offset of its ISA."""
    sha256: str | None
    """Digest of its bytes, ISA to IEA; None where its ISA cannot be read."""


class Survey(msgspec.Struct, frozen=True):
    """What a file is, and what it holds as far as it is X12."""

    form: Literal["x12", "feed", "archive"]
    interchanges: tuple[Interchange, ...] = ()
    outside: tuple[Finding, ...] = ()
    """Bytes that belong to no interchange."""

    @property
    def cuts(self) -> tuple[int, ...]:
        """Where each part of the file begins, the first at 0; one part where there is nothing to cut."""
        return (0, *(one.start for one in self.interchanges[1:]))

    @property
    def only(self) -> str | None:
        """The digest of its interchange, where it holds just one."""
        return self.interchanges[0].sha256 if len(self.interchanges) == 1 else None


_GLANCE = 2**18
"""Bytes looked through together: as many as fit a processor's cache."""


def survey(stream: BinaryIO, digested: bool = True) -> Survey:
    """Looks through an open file, a piece at a time; a feed or an archive has no interchange.

    digested: False where nobody asks for the digests: each is None.
    """
    head, whole = ahead(stream)
    if archives.is_archive(head):
        return Survey("archive")
    if not looks_like_x12(head) and sniff(head) is not None:
        return Survey("feed")
    found: dict[int, str | None] = {}
    outside: list[Finding] = []
    start, content = 0, hashlib.sha256()
    for part in of_file(0, whole, Room(_GLANCE)):  # a turn an interchange or a piece of one
        if isinstance(part, Piece):
            if part.opens:
                start, content = part.start, hashlib.sha256()
            if digested:
                content.update(part.data)
            if part.following is None:
                found[start] = content.hexdigest() if digested else None
        elif part.code in ("ISA_SHORT", "SEPARATORS_CLASH"):
            found[part.byte_offset or 0] = None  # until its bytes come, if they can be read at all
        elif part.code in ("GARBAGE", "NO_ENVELOPE"):
            outside.append(part)
    every = tuple(Interchange(*one) for one in found.items())
    return Survey("x12", every, tuple(outside))


def rows(envelopes: Mapping[int, pl.DataFrame], surveys: Mapping[int, Survey]) -> pl.DataFrame:
    """tables.INTERCHANGES of files, by their headers (Parsed.envelopes) and what was seen of them."""
    headers = [
        frame.with_columns(file_id=pl.lit(number, pl.Int64))
        for number, frame in envelopes.items()
        if not frame.is_empty()
    ]
    if not headers:
        return INTERCHANGES.empty()
    fields = {
        "sender_qualifier": 5, "sender_id": 6, "receiver_qualifier": 7, "receiver_id": 8,
        "interchange_control": 13,
    }  # fmt: skip
    told = pl.concat(headers).filter(pl.col("id") == "ISA").select(
        "file_id", "byte_offset",
        *(element(place).str.strip_chars().alias(name) for name, place in fields.items()),
    )  # fmt: skip
    contents = pl.DataFrame(
        [(number, one.start, one.sha256) for number, seen in surveys.items() for one in seen.interchanges],
        schema={"file_id": pl.Int64, "byte_offset": pl.Int64, "sha256": pl.String}, orient="row",
    )  # fmt: skip
    found = told.join(contents, on=["file_id", "byte_offset"], how="left", maintain_order="left")
    return INTERCHANGES.conform(found)
