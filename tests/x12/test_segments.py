"""The segment frame: every segment at its offset, whatever lies around it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_iop.x12 import segments
from tests.x12.test_separators import ISA

BODY = b"GS*HP*A*B*20260101*0800*1*X*005010X221A1~ST*835*0001~SE*2*0001~GE*1*1~IEA*1*000000001~"


def shown(data: bytes) -> list[tuple[int, str]]:
    """Offset and text of each segment of a file."""
    found = segments.read([data])
    return [
        (int(found.rows["byte_offset"][row]), found.shown(row)) for row in range(len(found.rows))
    ]


def codes(data: bytes) -> list[str]:
    return [finding.code for _, finding in segments.read([data]).findings]


def test_each_segment_stands_at_its_offset() -> None:
    data = ISA + BODY
    found = shown(data)
    assert [text.split("*")[0] for _, text in found] == ["ISA", "GS", "ST", "SE", "GE", "IEA"]
    assert all(data[at:].startswith(text.encode()) for at, text in found)


def test_line_breaks_after_terminators_move_no_offset() -> None:
    for line_break in (b"\n", b"\r\n", b"\r", b"  \n"):
        data = (ISA + BODY).replace(b"~", b"~" + line_break)
        found = shown(data)
        assert len(found) == 6
        assert all(data[at:].startswith(text.encode()) for at, text in found)


@given(
    st.lists(
        st.sampled_from([b"", b"\n", b"\r\n", b" ", b"\n\n", b"\t\r\n"]), min_size=6, max_size=6
    )
)
def test_any_blanks_behind_terminators_move_no_offset(blanks: list[bytes]) -> None:
    parts = (ISA + BODY).split(b"~")[:6]
    data = b"".join(part + b"~" + blank for part, blank in zip(parts, blanks, strict=True))
    found = shown(data)
    assert [text for _, text in found] == [part.decode() for part in parts]
    assert all(data[at:].startswith(text.encode()) for at, text in found)


def test_line_breaks_may_differ_from_file_to_file() -> None:
    with_breaks = (ISA + BODY).replace(b"~", b"~\n")
    found = segments.read([with_breaks, ISA + BODY, with_breaks[:-1], with_breaks])
    texts = [found.shown(row) for row in range(len(found.rows))]
    assert texts == [part.decode() for part in (ISA + BODY).split(b"~")[:6]] * 4


def test_two_interchanges_with_their_own_separators() -> None:
    other = (ISA + BODY).replace(b"*", b"|").replace(b"~", b"\n").replace(b":", b">")
    found = segments.read([ISA + BODY + other])
    assert len(found.interchanges) == 2
    assert found.interchanges[1].separators.element == b"|"
    assert found.rows["byte_offset"][6] == len(ISA + BODY)
    assert len(found.texts.filter(found.texts["id"] == "GS")) == 1, "same text, one number"


@pytest.mark.parametrize("cut", range(1, len(BODY)))
def test_an_isa_behind_a_segment_that_is_torn_off_begins_an_interchange(cut: int) -> None:
    """Wherever the one before was cut, in the midst of a word too."""
    torn = ISA + BODY[:-cut]
    found = segments.read([torn + ISA + BODY])
    assert [one.start for one in found.interchanges] == [0, len(torn)]


def test_the_letters_isa_inside_a_segment_begin_nothing() -> None:
    for text in (b"VISA*1~", b"NTE*ADD*ISA*00*X~", b"NTE*ADD*PAID BY VISA*00~"):
        found = segments.read([ISA + BODY.replace(b"SE*2", text + b"SE*2")])
        assert len(found.interchanges) == 1


def test_many_files_share_a_frame() -> None:
    found = segments.read([ISA + BODY, b"", ISA + BODY])
    assert found.rows["file"].to_list() == [0] * 6 + [2] * 6
    assert [(file, finding.code) for file, finding in found.findings] == [(1, "EMPTY_FILE")]


def test_bytes_that_are_no_interchange_are_findings() -> None:
    assert codes(b"") == ["EMPTY_FILE"]
    assert codes(b" \r\n") == ["EMPTY_FILE"]
    assert codes(b"hello, world") == ["NOT_X12"]
    assert codes(ISA[:60]) == ["ISA_SHORT"]
    assert codes(b"garbage " + ISA + BODY) == ["GARBAGE"]
    assert codes(ISA + BODY + b" trailing words") == ["GARBAGE"]
    assert codes(b"\xef\xbb\xbf" + ISA + BODY + b"\n\n") == []
    assert codes(BODY[41:]) == ["NO_ENVELOPE"], "a bare ST"


def test_accents_survive_as_utf8_and_as_latin1() -> None:
    for encoding in ("utf-8", "latin-1"):
        data = ISA + BODY.replace(b"SE*2", "NM1*QC*1*NUÑEZ~SE*2".encode(encoding))
        assert "NM1*QC*1*NUÑEZ" in [text for _, text in shown(data)]


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(data: bytes) -> None:
    found = segments.read([data, ISA + data, ISA + BODY + data])
    assert len(found.interchanges) >= 1


@given(st.lists(st.text("ABC012 .", min_size=1, max_size=12), max_size=20))
@settings(max_examples=100, deadline=None)
def test_segments_come_back_as_they_were_sent(values: list[str]) -> None:
    sent = [f"REF*EA*{value}" for value in values]
    data = ISA + "".join(text + "~" for text in sent).encode() + b"IEA*1*000000001~"
    assert [text for _, text in shown(data)][1:-1] == sent
