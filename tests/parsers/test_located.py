"""Segments where they stand: every byte is in the table, and nothing is twice."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from edi_iop.parsers.located import locate, of_claim
from edi_iop.parsers.segment_table import segment_tables
from edi_iop.x12 import separators
from tests.conftest import FIXTURES

REMIT = (FIXTURES / "x12" / "remit_iop.835").read_bytes()
CLAIM = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
FLAT = REMIT.replace(b"\n", b"")

VARIANTS = {
    "as it is": REMIT,
    "one line": FLAT,
    "crlf": REMIT.replace(b"\n", b"\r\n"),
    "bom and padding": b"\xef\xbb\xbf  \r\n" + REMIT + b"\x00\x00\n",
    "two interchanges with garbage between": FLAT + b"\njunk\n" + CLAIM + b"more",
    "empty segments": FLAT.replace(b"LX*1~", b"LX*1~~~\n~"),
    "cut off": FLAT[: len(FLAT) * 2 // 3],
    "newline as terminator": FLAT.replace(b"~", b"\n"),
    "UTF-8 name": FLAT.replace(b"RIVERA", "RÍVÉRA".encode()),
    "latin-1 name": FLAT.replace(b"RIVERA", "RÍVÉRA".encode("latin-1")),
    "separator beyond ASCII": FLAT.replace(b"~", b"\xa7"),
    "control separators": FLAT.translate(bytes.maketrans(b"*:~^", b"\x1d\x1f\x1c\x1e")),
}


def table(files: list[tuple[int, bytes]], size: int = 1 << 20) -> pl.DataFrame:
    """The table `segments` of files read in chunks of that size."""
    opened = ((number, io.BytesIO(content)) for number, content in files)
    return pl.concat([rows for _, rows in segment_tables(opened, size)])


def joined(rows: pl.DataFrame) -> bytes:
    """What the rows say of a file's bytes."""
    texts = rows.select(pl.concat_str("before", "raw", "after"), "encoding").iter_rows()
    return b"".join(text.encode(encoding) for text, encoding in texts)


@pytest.mark.parametrize("size", [1 << 20, 300])
@pytest.mark.parametrize("variant", VARIANTS)
def test_segments_written_back_are_the_same_bytes(variant: str, size: int) -> None:
    rows = table([(7, VARIANTS[variant])], size)
    assert rows["file_id"].unique().to_list() == [7]
    assert joined(rows) == VARIANTS[variant]


@pytest.mark.parametrize("variant", VARIANTS)
def test_chunks_make_the_same_rows(variant: str) -> None:
    """But for the encoding, which is told for each row: a chunk of ASCII is UTF-8 in any file."""
    files = [(1, VARIANTS[variant]), (2, CLAIM), (3, b"no X12"), (4, VARIANTS[variant] * 2)]
    whole = table(files)
    for size in (200, 700, 2000):
        assert table(files, size).drop("encoding").equals(whole.drop("encoding"))


def test_samples_written_back_are_the_same_bytes(samples: Path) -> None:
    files = [path.read_bytes() for path in sorted(samples.rglob("*")) if path.is_file()]
    found = table(list(enumerate(files)))
    assert found["file_id"].n_unique() > 150
    for (number,), rows in found.partition_by("file_id", as_dict=True).items():
        assert joined(rows) == files[int(str(number))]


def test_every_offset_is_where_its_segment_stands() -> None:
    content = VARIANTS["two interchanges with garbage between"]
    for row in table([(1, content)]).iter_rows(named=True):
        at, raw = row["byte_offset"], row["raw"].encode()
        assert content[at : at + len(raw)] == raw


def test_a_segment_knows_its_envelopes_guide_and_loop() -> None:
    rows = table([(1, CLAIM), (2, REMIT)])
    place = "file_id", "interchange", "group", "transaction", "segment_position", "guide", "loop"
    told = {(row[0], row[-1]): row[1:-1] for row in rows.select(*place, "raw").iter_rows()}
    assert told[1, "CLM*EA1B2C3D4EZ*700***13:A:2**A*Y*Y"] == (
        "000000201", "201", "0001", 19, "005010X223A2", "2300",
    )  # fmt: skip
    assert told[2, "CAS*CO*197*350"][-2:] == ("005010X221A1", "2110")
    assert told[2, "GE*1*101"] == ("000000101", "101", None, None, None, None)
    assert told[2, "IEA*1*000000101"] == ("000000101", None, None, None, None, None)


def test_what_the_guide_has_no_place_for_has_no_loop() -> None:
    rows = table([(1, FLAT.replace(b"LX*1~", b"ZZZ*1~LX*1~"))])
    assert rows.filter(pl.col("segment") == "ZZZ")["loop"].to_list() == [None]


def test_files_that_are_no_x12_have_no_segments() -> None:
    rows = table([(1, b"client_id,last_name\n"), (2, b""), (3, REMIT)])
    assert rows["file_id"].unique().to_list() == [3]
    assert table([]).is_empty()


def segments(content: bytes, claim: str) -> list[str]:
    located = locate([(1, content)])
    rows = of_claim(located, claim)
    return [raw.split("*")[0] for raw in located.raw(rows)]


def test_one_claim_of_an_835_with_what_stands_above_it() -> None:
    """CLP01 is the second of two: ISA to LX, then its own segments, not the first claim's."""
    raws = segments(REMIT, "EB1B2C3D4EY")
    header = "ISA GS ST BPR TRN DTM N1 N3 N4 PER N1 REF LX"
    assert " ".join(raws) == f"{header} CLP NM1 DTM DTM SVC DTM CAS REF LQ LQ"


def test_one_claim_of_an_837_with_its_own_levels() -> None:
    """The second patient's claim stands under another subscriber and a patient level."""
    located = locate([(1, CLAIM)])
    rows = of_claim(located, "EB1B2C3D4EY")
    raws = located.raw(rows).to_list()
    assert [raw for raw in raws if raw.startswith(("HL", "CLM"))] == [
        "HL*1**20*1", "HL*3*1*22*1", "HL*4*3*23*0", "CLM*EB1B2C3D4EY*310***13:A:1**A*Y*Y",
    ]  # fmt: skip
    assert not any("EA1B2C3D4EZ" in raw or "LA1B2C3D4EZ" in raw for raw in raws)


def test_a_claim_in_the_second_interchange_has_that_interchange_s_envelopes() -> None:
    located = locate([(1, VARIANTS["two interchanges with garbage between"])])
    raws = located.raw(of_claim(located, "EA1B2C3D4EZ")).to_list()
    assert [raw.split("*")[13] for raw in raws if raw.startswith("ISA")] == [
        "000000101",
        "000000201",
    ]
    raws = located.raw(of_claim(locate([(1, FLAT + CLAIM)]), "nobody's")).to_list()
    assert raws == []


def test_the_four_separators_are_those_a_file_declares() -> None:
    (own,) = locate([(1, FLAT)]).separators
    assert own == separators.DEFAULT
