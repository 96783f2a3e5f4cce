"""Verbs on files read in chunks say what they say of files read at once."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import edi_iop
from edi_iop import parsers
from edi_iop.desk import files, paths, showing
from edi_iop.errors import NotKnown, NotWritten, Unreadable
from edi_iop.parsers.located import located
from edi_iop.reports import render_parts, to_parquet
from tests.conftest import FIXTURES
from tests.parsers.test_chunks import many_claims

REMIT = FIXTURES / "x12" / "remit_iop.835"
CLAIM = FIXTURES / "x12" / "claim_iop.837"
Chunks = Callable[[int], None]


@pytest.fixture
def chunks(monkeypatch: pytest.MonkeyPatch) -> Chunks:
    """`chunks(400)`: from here on files are read 400 bytes at a time."""

    def smaller(size: int) -> None:
        read = functools.partial(parsers.stream, size=size)
        monkeypatch.setattr(parsers, "stream", read)
        monkeypatch.setattr(showing, "located", functools.partial(located, size=size))
        segment_tables = functools.partial(files.segment_tables, size=size)
        monkeypatch.setattr(files, "segment_tables", segment_tables)

    return smaller


@pytest.fixture
def long(tmp_path: Path) -> list[Path]:
    """A remit and claims of several groups, with a fault of each kind in the last, and a feed between."""
    made = []
    for path, wrong in ((REMIT, (b"*CO*45*65~", b"*CO*45*66~")), (CLAIM, (b"SV2*0905*", b"SV2**"))):
        data = many_claims(path.read_bytes(), 2)
        head, found, tail = data.rpartition(wrong[0])
        assert found
        made.append(tmp_path / path.name)
        made[-1].write_bytes(head + wrong[1] + tail.replace(b"SE*", b"SE*9", 1))
    feed = tmp_path / "n.csv"
    feed.write_text("npi,last_name,weather\n1234567893,Okafor,rain\n")
    return [made[0], feed, made[1]]


@pytest.mark.parametrize("size", [300, 900, 1500])
def test_findings_in_parts_are_those_of_the_whole(size: int, long: list[Path], chunks: Chunks) -> None:  # fmt: skip
    whole = edi_iop.validate(long)
    codes = set(whole.rows["code"])
    assert {"LINE_UNBALANCED", "COUNT_WRONG", "ELEMENT_MISSING", "FEED_COLUMN_UNKNOWN"} <= codes
    chunks(size)
    answer = edi_iop.validate(long)
    parts = [sheet.rows for sheet in answer.parts()]
    assert len(parts) > 5
    order = ["file", "byte_offset", "code", "element", "message"]
    assert pl.concat(parts).sort(order).equals(whole.rows.sort(order))
    assert (answer.status, answer.remarks) == (whole.status, whole.remarks)


def test_a_person_sees_the_worst_findings_and_how_many_there_are(
    long: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = edi_iop.validate(long).sheet
    monkeypatch.setattr(files, "MOST_SHOWN", 2)
    few = edi_iop.validate(long).short()
    assert few.rows.equals(whole.rows.head(2))
    assert few.total == len(whole.rows) > 2
    assert few.closing == whole.closing


@pytest.mark.parametrize(
    ("table", "size"),
    [("remit_lines", 300), ("claim_lines", 1500), ("providers", 1500), ("segments", 300)],
)
def test_a_table_in_parts_is_the_whole_table(table: str, size: int, long: list[Path], chunks: Chunks) -> None:  # fmt: skip
    whole = edi_iop.parse(long, table)
    assert len(whole.rows)
    chunks(size)
    answer = edi_iop.parse(long, table)
    assert pl.concat([sheet.rows for sheet in answer.parts()]).equals(whole.rows)
    assert answer.status == whole.status
    short = edi_iop.parse(long, table).short()
    assert (short.total, short.rows.head(3).rows()) == (len(whole.rows), whole.rows.head(3).rows())


def test_parts_make_one_file_in_every_form(long: list[Path], chunks: Chunks) -> None:
    whole = edi_iop.parse(long, "remit_lines").sheet
    chunks(600)
    parts = list(edi_iop.parse(long, "remit_lines").parts())
    for form in ("csv", "json", "ndjson"):
        written = "".join(render_parts(iter(parts), form))
        assert written == "".join(render_parts(iter([whole]), form))
    content = io.BytesIO()
    to_parquet(iter(parts), content)
    content.seek(0)
    assert pl.read_parquet(content).equals(whole.rows)


def test_what_fails_while_parquet_is_written_is_told_as_it_is(long: list[Path]) -> None:
    def failing():  # type: ignore[no-untyped-def]
        yield edi_iop.parse(long, "remit_lines").sheet
        raise Unreadable("x.835: gone; check its disk")

    with pytest.raises(Unreadable, match="gone"):
        to_parquet(failing(), io.BytesIO())


@pytest.mark.parametrize("size", [300, 900, 2500])
def test_what_is_shown_in_chunks(size: int, long: list[Path], chunks: Chunks) -> None:
    """The same segments, words and headings; what is found later stands later, and names its place."""
    whole = edi_iop.show(long).records
    chunks(size)
    decoded = edi_iop.show(long)
    assert decoded.records.drop("findings").equals(whole.drop("findings"))
    assert decoded.status == "findings"
    told, expected = (_findings(one) for one in (decoded.records, whole))
    assert told == expected


def _findings(records: pl.DataFrame) -> list[tuple[str, str]]:
    """File and message of each finding, without the place that a late one names."""
    found = records.select("file", "findings").explode("findings", empty_as_null=True).drop_nulls()
    return sorted((file, re.sub(r"byte [0-9]+: ", "", text)) for file, text in found.iter_rows())


@pytest.mark.parametrize("size", [300, 2500])
def test_one_claim_has_its_headers_wherever_chunks_are_cut(
    size: int, tmp_path: Path, chunks: Chunks
) -> None:
    """A claim of a remit and of claims, the last of the first group, and a later one of the second."""
    for path, begins in ((REMIT, b"CLP*"), (CLAIM, b"CLM*")):
        data = many_claims(path.read_bytes(), 2)
        numbers = sorted(set(re.findall(re.escape(begins) + rb"([^*]+)", data)))
        first, end, later = data.partition(b"\nGE*1*")
        data = first + end + later.replace(numbers[-1], b"LATER")
        target = tmp_path / path.name
        target.write_bytes(data)
        for claim in (*(number.decode() for number in numbers), "LATER"):
            whole = edi_iop.show([target], claim)
            chunks(1 << 22)
            assert len(whole.records) > 10
            chunks(size)
            assert (
                edi_iop.show([target], claim)
                .records.drop("findings")
                .equals(whole.records.drop("findings"))
            )
        with pytest.raises(NotKnown, match="NOBODY"):
            _ = edi_iop.show([target], "NOBODY").records


def test_answers_to_a_file_in_chunks(long: list[Path], tmp_path: Path, chunks: Chunks) -> None:
    """The 999 counts what is in the whole file, and names the claim of each fault."""
    edi_iop.validate(long, ack=tmp_path / "whole").rows  # noqa: B018 (reads the files)
    chunks(700)
    edi_iop.validate(long, ack=tmp_path / "parts").rows  # noqa: B018
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == ["claim_iop.837.999", "remit_iop.835.999"]
    for name in names:
        whole, parts = (
            _undated((tmp_path / one / name).read_bytes()) for one in ("whole", "parts")
        )
        assert parts == whole
        assert whole.count(b"AK9*") == 2
    assert b"CTX*CLM01:EB1B2C3D4EY~" in (tmp_path / "parts" / names[0]).read_bytes()


def _undated(answer: bytes) -> bytes:
    return re.sub(rb"\*[0-9]{6,8}\*[0-9]{4}(?:[0-9]{2})?\*", b"*when*", answer)


def test_what_stood_in_a_file_stays_until_the_new_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "lines.csv"
    target.write_text("before")

    def pieces():  # type: ignore[no-untyped-def]
        yield b"half"
        raise Unreadable("x.835: gone")

    with pytest.raises(Unreadable):
        paths.write(target, pieces())
    assert target.read_text() == "before"
    paths.write(target, [b"after"])
    assert target.read_text() == "after"
    assert [path.name for path in tmp_path.iterdir()] == ["lines.csv"]
    with pytest.raises(NotWritten):
        paths.write(target / "x", b"")
