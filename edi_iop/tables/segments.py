"""The segments of an X12 file as rows: nothing is left out, so that the file can be written back."""

from __future__ import annotations

import polars as pl

from edi_iop.tables.schema import FILE, Column, Table, integer, offset, text


def _bytes_of(name: str, meaning: str) -> Column:
    return Column(name, pl.String(), meaning, phi=True)


SEGMENTS = Table(
    "segments",
    "every segment of an X12 file, in order; before + raw + after of all rows are the file's bytes",
    ("file_id", "byte_offset"),
    (
        FILE,
        offset("byte_offset", "the segment"),
        text("interchange", "interchange control number", "ISA13"),
        text("group", "group control number", "GS06"),
        text("transaction", "transaction set control number", "ST02"),
        integer("segment_position", "in the transaction set, ST is 1; null outside"),
        text("guide", "implementation guide it was read by; null where we have none"),
        text("loop", "loop of the guide; null where the guide has no place for the segment"),
        text("segment", "segment identifier"),
        _bytes_of("raw", "the segment as it stands, without its terminator"),
        _bytes_of("before", "what stands before it: line ends, padding, foreign bytes"),
        _bytes_of("after", "its terminator; of a file's last segment all that follows"),
        text("encoding", "how the row's bytes read as text: utf-8, or latin-1 byte for byte"),
    ),
)
"""Not stored: the archive keeps each file's bytes."""
