"""The place of every row: parse's place columns against the segments, and against a plain count."""

from __future__ import annotations

import io
from collections.abc import Iterator

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.parsers.batches import read_batches
from edi_iop.parsers.segment_table import segment_tables
from edi_iop.parsers.x12 import Asked
from edi_iop.tables import TABLES
from edi_iop.tables.schema import PLACE
from edi_iop.transcribe import maps
from tests.conftest import FIXTURES
from tests.differential.mutants import BASES

REMIT = (FIXTURES / "x12" / "remit_iop.835").read_bytes()
SIZES = (1 << 20, 400)
_SEGMENT = ("interchange", "group", "transaction", "loop", "segment")


def placed(files: list[tuple[int, bytes]], size: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every table of the files, with its rows' places."""
    opened = ((number, io.BytesIO(content)) for number, content in files)
    asked = Asked(placed=True)
    tables: dict[str, list[pl.DataFrame]] = {}
    for batch in read_batches(opened, asked, size, alone=1 << 30):
        for name, rows in batch.tables.items():
            tables.setdefault(name, []).append(rows)
    for name, parts in tables.items():
        yield name, pl.concat(parts)


@pytest.mark.parametrize("size", SIZES)
def test_rows_stand_where_their_segments_stand(size: int) -> None:
    """Of all files together the place is that of the segments table, which is joined by offset."""
    files = [(number, content) for number, content in enumerate(BASES.values(), start=1)]
    opened = ((number, io.BytesIO(content)) for number, content in files)
    segments = pl.concat([rows for _, rows in segment_tables(opened)]).select(
        "file_id",
        *(pl.col(name).alias(f"place_{name}") for name in _SEGMENT),
        place_position="segment_position",
        place_offset="byte_offset",
    )
    seen = set()
    for name, rows in placed(files, size):
        seen.add(name)
        assert rows.columns[: len(TABLES[name].columns)] == list(TABLES[name].schema)
        own = rows.select(segments.columns)
        assert own["place_offset"].null_count() == 0, name
        alike = own.join(segments, on=segments.columns, how="semi", nulls_equal=True)
        assert len(alike) == len(own), (name, own.join(alike, on=own.columns, how="anti"))
    assert {"payments", "remit_lines", "adjustments", "claims", "claim_diagnoses"} <= seen


def test_places_as_counted_in_the_text() -> None:
    """The second adjustment of a CAS is its elements 5 to 7 (005010X221A1 loop 2110)."""
    data = REMIT.replace(b"*CO*45*65~", b"*CO*45*60**144*5~", 1)
    assert data != REMIT
    texts = [one.strip() for one in data.decode().split("~")]
    begun = next(number for number, one in enumerate(texts) if one.startswith("ST*"))
    at = next(number for number, one in enumerate(texts) if one.startswith("CAS*CO*45*60"))
    rows = dict(placed([(1, data)], SIZES[0]))["adjustments"].filter(pl.col("carc") == "144")
    (row,) = rows.select(one.name for one in PLACE).rows(named=True)
    isa, gs = texts[0].split("*"), texts[1].split("*")
    assert row == {
        "place_interchange": isa[13],
        "place_group": gs[6],
        "place_transaction": texts[begun].split("*")[2],
        "place_position": at - begun + 1,
        "place_offset": data.index(b"CAS*CO*45*60"),
        "place_loop": "2110",
        "place_segment": "CAS",
        "place_element": 5,
    }


def test_what_is_not_asked_for_is_not_read() -> None:
    (read,) = parsers.parse([(1, REMIT)]).values()
    for name, rows in read.tables.items():
        assert set(rows.columns) == set(TABLES[name].checked.schema)


def test_a_ta1_stands_in_its_interchange() -> None:
    """It stands in no group, transaction or loop."""
    isa, rest = REMIT.split(b"\n", 1)
    answer = b"TA1*000000905*261101*0100*A*000~"
    (rows,) = [rows for name, rows in placed([(1, isa + b"\n" + answer + rest)], SIZES[0])
               if name == "acknowledgements"]  # fmt: skip
    (row,) = rows.select(one.name for one in PLACE).rows(named=True)
    known = {name: value for name, value in row.items() if value is not None}
    assert known == {
        "place_interchange": isa.decode().split("*")[13],
        "place_offset": len(isa) + 1,
        "place_segment": "TA1",
    }


def test_every_table_read_from_segments_has_a_place() -> None:
    for name in maps.NAMES:
        for table in maps.load(name).tables.values():
            assert table.table.of_segments, table.table.name
    assert not TABLES["clients"].of_segments
