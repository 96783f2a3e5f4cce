"""Any bytes are read: cut off anywhere, of any separators, lines and length; what is wrong is a finding."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edi_iop import parsers
from edi_iop.findings import CATALOGUE
from edi_iop.parsers import Parsed
from edi_iop.x12 import segments
from edi_iop.x12 import separators as sep
from scripts import huge
from tests.conftest import FIXTURES

REMIT = (FIXTURES / "x12" / "remit_iop.835").read_bytes().replace(b"\n", b"")
CLAIM = (FIXTURES / "x12" / "claim_iop.837").read_bytes().replace(b"\n", b"")
FILES = {"835": REMIT, "837I": CLAIM}
CLAIM_TABLE = {"835": ("remit_claims", b"CLP*"), "837I": ("claims", b"CLM*")}


def read(files: Iterable[bytes]) -> list[Parsed]:
    """Each file, all read as one batch."""
    return list(parsers.parse(list(enumerate(files))).values())


def content(parsed: Parsed) -> dict[str, list[dict[str, Any]]]:
    """What the tables say, without the places, which lines and separators move."""
    return {
        name: frame.select(pl.exclude("file_id", r"^.*_offset$")).to_dicts()
        for name, frame in parsed.tables.items()
    }


@pytest.mark.parametrize("kind", FILES)
def test_cut_off_at_every_byte(kind: str) -> None:
    """Each has an error, and every claim whose first segment is whole before the cut is in the tables.

    The last byte is the terminator of the IEA: without it the file is still whole.
    """
    data = FILES[kind]
    table, begins = CLAIM_TABLE[kind]
    cuts = range(len(data) - 1)
    for cut, parsed in zip(cuts, read(data[:cut] for cut in cuts), strict=True):
        found = parsed.findings
        assert (found["severity"] == "error").any(), cut
        assert found["byte_offset"].drop_nulls().is_between(0, cut).all(), cut
        whole = data[:cut].rpartition(b"~")[0]
        assert len(parsed.tables.get(table, ())) >= whole.count(b"~" + begins), cut
    (last,) = read([data[:-1]])
    assert content(last) == content(*read([data]))


PLAIN = {kind: read([data])[0] for kind, data in FILES.items()}
LAYOUTS = {
    "LF": (b"~", b"~\n"),
    "CRLF": (b"~", b"~\r\n"),
    "CR": (b"~", b"~\r"),
    "spaces": (b"~", b"~   "),
    "tabs and lines": (b"~", b"~\t\n\n"),
    "LF ends segments": (b"~", b"\n"),
    "CRLF ends segments": (b"~", b"\r\n"),
    "pipes": (b"*", b"|"),
    "a control character": (b"*", b"\x1d"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", FILES)
def test_lines_and_separators_change_nothing(kind: str, layout: str) -> None:
    (parsed,) = read([FILES[kind].replace(*LAYOUTS[layout])])
    assert parsed.kind == kind
    assert content(parsed) == content(PLAIN[kind])
    assert parsed.findings["code"].to_list() == PLAIN[kind].findings["code"].to_list()


AROUND = {
    "byte order mark": (b"\xef\xbb\xbf", b"", set()),
    "blank lines": (b"\r\n \n", b"\n\n  ", set()),
    "NULs": (b"\x00" * 20, b"\x00" * 600, set()),
    "Ctrl-Z": (b"", b"\x1a", set()),
    "words before": (b"From: payer\nSubject: era\n\n", b"", {"GARBAGE"}),
    "words behind": (b"", b"\n-- end of report --\n", {"GARBAGE"}),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", FILES)
def test_what_stands_around_an_interchange(kind: str, around: str) -> None:
    before, behind, codes = AROUND[around]
    (parsed,) = read([before + FILES[kind] + behind])
    assert content(parsed) == content(PLAIN[kind])
    assert set(parsed.findings["code"]) - set(PLAIN[kind].findings["code"]) == codes


def test_interchanges_of_other_separators_in_one_file() -> None:
    """Each declares its own; together they hold what each holds alone."""
    swap = bytes.maketrans(b"*:~^", b"|>!\\")
    second = REMIT.translate(swap).replace(b"000000101", b"000000102")
    third = CLAIM.replace(b"~", b"\n").replace(b"*", b"\x1d")
    (whole,) = read([b"\n".join([REMIT, second, third])])
    assert whole.kind == "mixed"
    alone = [content(one) for one in read([REMIT, second, third])]
    for name, rows in content(whole).items():
        assert rows == [row for one in alone for row in one.get(name, [])], name
    assert whole.findings.filter(pl.col("severity") == "error").is_empty()


@pytest.mark.parametrize("kind", FILES)
def test_empty_segments_are_a_warning_each(kind: str) -> None:
    """They count as segments (SE01): what stands behind them stands so much further. Nothing else is
    said of them."""
    head, name, tail = FILES[kind].partition(b"N3*")
    (parsed,) = read([head + b"~ ~\n~" + name + tail])
    found = parsed.findings["code"].to_list()
    assert found == ["SEGMENT_EMPTY"] * 3 + ["COUNT_WRONG"]
    behind = {
        name: [
            {key: value + 3 if key == "place_position" else value for key, value in row.items()}
            for row in rows
        ]
        for name, rows in content(PLAIN[kind]).items()
    }
    assert content(parsed) == behind


@pytest.mark.parametrize(
    ("kind", "plain", "odd", "code"),
    [
        ("835", b"~CLP*", b"~clp*", "SEGMENT_ID_INVALID"),
        ("837I", b"~CLM*", b"~clm*", "SEGMENT_ID_INVALID"),
        ("835", b"RIVERA", "RÍVÉRA".encode(), "CHARACTER_INVALID"),
        ("835", b"RIVERA", b"R\xcdV\xc9RA", "CHARACTER_INVALID"),
        ("837I", b"RIVERA", b"R\xff\xfe\x80A", "CHARACTER_INVALID"),
        ("837I", b"RIVERA", "里韦拉".encode(), "CHARACTER_INVALID"),
    ],
)
def test_lower_case_and_foreign_letters_are_findings(
    kind: str, plain: bytes, odd: bytes, code: str
) -> None:
    data = FILES[kind].replace(plain, odd, 1)
    assert data != FILES[kind]
    (parsed,) = read([data])
    assert parsed.kind == kind
    assert code in parsed.findings["code"].to_list()


def long_segment(length: int) -> bytes:
    """The remit, its payer's street that long."""
    head, name, tail = REMIT.partition(b"~N3*")
    street = tail.partition(b"~")[0]
    return head + name + b"A" * length + tail[len(street) :]


@pytest.mark.parametrize("length", [100_000, 1_000_000])
def test_a_segment_of_any_length(length: int) -> None:
    """One finding, that it is too long; all else is as it was."""
    (parsed,) = read([long_segment(length)])
    told, plain = content(parsed), content(PLAIN["835"])
    assert len(str(told.pop("payments"))) > length
    assert told == {name: rows for name, rows in plain.items() if name != "payments"}
    extra = parsed.findings["code"].to_list()
    for code in PLAIN["835"].findings["code"]:
        extra.remove(code)
    assert extra == ["ELEMENT_LONG"]


def one_line(size: int) -> bytes:
    """A remit of one line of that many bytes: its claims repeated, its counts wrong."""
    at, end = (
        REMIT.index(b"CLP*"),
        REMIT.index(b"PLB*") if b"PLB*" in REMIT else REMIT.index(b"SE*"),
    )
    claims = REMIT[at:end]
    return REMIT[:at] + claims * (size // len(claims)) + REMIT[end:]


def test_a_line_of_a_megabyte() -> None:
    """scripts/huge reads one of 100 MB."""
    data = one_line(1_000_000)
    (parsed,) = read([data])
    assert len(data) > 990_000
    assert b"\n" not in data
    assert len(parsed.tables["remit_claims"]) == data.count(b"~CLP*")
    assert "COUNT_WRONG" in parsed.findings["code"].to_list()


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (huge.one_segment, ["SEGMENT_ORDER", "ELEMENT_LONG"]),
        (huge.no_terminator, ["TRUNCATED"]),
        (huge.no_header, ["NOT_X12"]),
    ],
)
def test_a_segment_of_megabytes(shape: Callable[[int], bytes], told: list[str]) -> None:
    """Without a terminator all of it is one segment, of 400,000 elements: one fault, whatever they are."""
    (found,) = read([shape(3_000_000)])
    assert set(told) <= set(found.findings["code"])
    assert len(found.findings) < 12


def test_the_bytes_of_a_long_segment_stay_whole() -> None:
    """Of 20,000 elements the last one split holds the rest; the segment's text is what was sent."""
    data = huge.no_terminator(140_000)
    frame = segments.read([data])
    (text,) = frame.texts.filter(pl.col("raw").str.starts_with("GS"))["raw"]
    assert text.replace(sep.ELEMENT, "*").encode() == data[106:]


def test_time_grows_with_the_length_alone() -> None:
    """Four times the bytes in at most seven times the time: a square would take sixteen."""
    small, large = one_line(2_000_000), one_line(8_000_000)
    read([small])  # what is loaded once
    assert seconds(large) < 7 * max(seconds(small), 0.2)


def seconds(data: bytes) -> float:
    """Processor time of the better of two."""
    taken = []
    for _ in range(2):
        start = time.process_time()
        read([data])
        taken.append(time.process_time() - start)
    return min(taken)


PIECES = st.sampled_from(
    [b"ISA*", b"GS*", b"ST*835*0001~", b"ST*837*1*005010X223A2~", b"SE*", b"GE*1*1~", b"IEA*1*1~",
     b"CLP*", b"CLM*A*1", b"HL*1**20*1~", b"~", b"*", b":", b"^", b"\n", b"\r", b"\x00", b"\x1c\x1d\x1e\x1f",
     b"\xff", b"\xc3\xad", b"LX*1~", b"SVC*HC:H0015*1*1~", b"TA1*", b"PK\x03\x04", b"\x1f\x8b", b"<encounters>",
     REMIT[:106], REMIT[106:400], CLAIM[:106], CLAIM[106:600]]
)  # fmt: skip


@settings(max_examples=settings.default.max_examples // 2, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=12).map(b"".join))
def test_no_bytes_raise(data: bytes) -> None:
    """Whatever they are: a kind, findings of the catalogue, and places inside the file."""
    (parsed,) = read([data])
    found = parsed.findings
    assert set(found["code"]) <= set(CATALOGUE)
    assert found["byte_offset"].drop_nulls().is_between(0, len(data)).all()
    assert parsed.kind != "unknown" or len(found)
    assert parsers.identify(data)
