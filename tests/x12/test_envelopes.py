"""SNIP level 1: headers, trailers, counts and control numbers."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from edi_iop.x12 import segments
from edi_iop.x12.envelopes import enveloped
from edi_iop.x12.writer import Envelope, interchange
from tests.x12.test_segments import BODY, ISA

GOOD = ISA + BODY


def faults(data: bytes) -> list[tuple[str, int | None]]:
    """Code and segment position of each envelope finding."""
    found = enveloped(segments.read([data])).findings
    return list(found.select("code", "segment_position").iter_rows())


def test_a_clean_envelope_has_no_finding() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "code", "position"),
    [
        (b"SE*2*", b"SE*3*", "COUNT_WRONG", 2),
        (b"SE*2*", b"SE*X*", "COUNT_WRONG", 2),
        (b"GE*1*1", b"GE*2*1", "COUNT_WRONG", None),
        (b"IEA*1*", b"IEA*7*", "COUNT_WRONG", None),
        (b"SE*2*0001", b"SE*2*0002", "CONTROL_NUMBER_WRONG", 2),
        (b"GE*1*1", b"GE*1*9", "CONTROL_NUMBER_WRONG", None),
        (b"IEA*1*000000001", b"IEA*1*000000002", "CONTROL_NUMBER_WRONG", None),
        (b"SE*2*0001~", b"", "TRAILER_MISSING", 1),
        (b"GE*1*1~", b"", "TRAILER_MISSING", None),
        (b"IEA*1*000000001~", b"", "TRUNCATED", None),
        (b"~SE*2", b"~~SE*3", "SEGMENT_EMPTY", 2),
        (b"~SE*2", b"~se*1~SE*3", "SEGMENT_ID_INVALID", 2),
        (b"~SE*2", b"~REF*EA**~SE*3", "TRAILING_SEPARATORS", 2),
        (b"GE*1*1~", b"REF*EA*1~GE*1*1~", "NO_ENVELOPE", None),
    ],
)
def test_one_fault_one_finding(
    before: bytes, after: bytes, code: str, position: int | None
) -> None:
    assert before in GOOD
    assert faults(GOOD.replace(before, after)) == [(code, position)]


def test_control_numbers_used_twice() -> None:
    twice = BODY.replace(b"SE*2*0001~", b"SE*2*0001~ST*835*0001~SE*2*0001~").replace(
        b"GE*1", b"GE*2"
    )
    assert faults(ISA + twice) == [("CONTROL_NUMBER_REPEATED", 1)]


def test_transactions_carry_their_envelope() -> None:
    found = enveloped(segments.read([GOOD])).transactions
    assert found.select("st01", "st02", "guide", "gs06", "isa06", "isa13", "isa15").row(0) == (
        "835",
        "0001",
        "005010X221A1",
        "1",
        "SENDER",
        "000000001",
        "T",
    )


def test_written_interchange_is_clean() -> None:
    sent = pl.DataFrame(
        {
            "transaction": [0, 0, 1],
            "raw": ["ST\x1d835\x1d0001", "TRN\x1d1\x1d5", "ST\x1d835\x1d0002"],
        }
    )
    made = Envelope("ME", "YOU", 7, 8, datetime(2026, 3, 1, 9, 30))
    data = interchange(sent, "005010X221A1", "HP", made)
    assert faults(data) == []
    assert (
        b"ISA*00*          *00*          *ZZ*ME             *ZZ*YOU            *260301*0930*^*00501*000000007*0*T*:~"
        in data
    )
    assert b"SE*3*0001~" in data
    assert b"GE*2*8~" in data
