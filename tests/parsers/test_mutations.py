"""Damaged files, seeded: nothing raises, a file reads alone as in a batch, faults stand where they say."""

from __future__ import annotations

import random
import time
from datetime import date

import polars as pl
import pytest

from edi_iop import parsers
from tests.conftest import FIXTURES, one_in

REMIT = (FIXTURES / "x12" / "remit_iop.835").read_bytes()
CLAIM = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
BEFORE_PLACE = {
    "SEGMENT_MISSING",
    "LOOP_MISSING",
    "LOOP_START_MISSING",
    "SITUATION_SEGMENT_MISSING",
    "SITUATION_DOUBTFUL",
    "LINE_DATE_MISSING",
}
"""Their segment is the absent one, their place where it was due."""
VALUES = [b"", b"0", b"NaN", b"inf", b"9" * 20, b"\xc3\x91", b"\xff", b":::", b"2026011", b"00000101", b"\x1d"]  # fmt: skip


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A copy with a segment dropped, repeated, moved, blanked or changed, or bytes broken."""
    segments = data.split(b"~")
    if len(segments) < 3:
        return data
    one, other = (chance.randrange(1, len(segments)) for _ in range(2))
    kind = chance.randrange(9)
    if kind == 0:
        del segments[one]
    elif kind == 1:
        segments.insert(other, segments[one])
    elif kind == 2:
        segments[one], segments[other] = segments[other], segments[one]
    elif kind == 3:
        segments[one] = chance.choice([b"", b" ", b"*", b"\n***"])
    elif kind == 4:
        elements = segments[one].split(b"*")
        elements[chance.randrange(len(elements))] = chance.choice(VALUES)
        segments[one] = b"*".join(elements)
    whole = b"~".join(segments)
    if kind == 5:
        at = chance.randrange(len(whole))
        return whole[:at] + bytes([chance.randrange(256)]) + whole[at + 1 :]
    if kind == 6:
        return whole[: chance.randrange(len(whole))]
    if kind == 7:
        return whole.replace(*chance.choice([(b"\n", b"\r\n"), (b"~", b"|"), (b"*", b"\x1f")]))
    return b"\xef\xbb\xbf" + whole if kind == 8 else whole


def test_a_file_reads_alone_as_in_a_batch() -> None:
    """Many more by scripts/chunks."""
    chance = random.Random(20260301)
    files = [
        (number * 7 + 3, damaged(damaged(chance.choice([REMIT, CLAIM]), chance), chance))
        for number in range(120)[one_in(3)]
    ]
    together = parsers.parse(files)
    for file_id, data in files:
        alone, there = parsers.parse([(file_id, data)])[file_id], together[file_id]
        assert (alone.kind, alone.transactions) == (there.kind, there.transactions)
        assert alone.tables.keys() == there.tables.keys()
        assert all(frame.equals(there.tables[name]) for name, frame in alone.tables.items())
        assert alone.findings.equals(there.findings)
        for one in alone.findings.filter(~alone.findings["code"].is_in(BEFORE_PLACE)).rows(
            named=True
        ):
            at, segment = one["byte_offset"], one["segment"]
            assert segment in (None, "?") or data[at:].startswith(segment.encode()), one


def test_a_line_without_its_start_explains_no_number_of_another_file() -> None:
    last = CLAIM.rindex(b"LX*")
    without = CLAIM[:last] + CLAIM[CLAIM.index(b"SV2", last) :]
    wrong = CLAIM.replace(b"LX*1~", b"LX*00~", 1)
    both = parsers.parse([(1, without), (2, wrong)])
    assert "LOOP_START_MISSING" in both[1].findings["code"].to_list()
    assert both[2].findings["code"].to_list() == ["LX_NUMBER_WRONG"]


def test_a_line_sent_twice_is_two_lines_whatever_else_is_in_the_batch() -> None:
    first = CLAIM.index(b"SV2*")
    line = CLAIM[first : CLAIM.index(b"DTP*472", first)]
    twice = CLAIM.replace(line, line + line, 1).replace(b"SE*58*", b"SE*59*")
    late = CLAIM.replace(line, b"", 1).replace(b"REF*6R", line + b"REF*6R", 1)
    for other in (CLAIM, late):
        told = parsers.parse([(1, twice), (2, other)])
        assert "LOOP_START_MISSING" in told[1].findings["code"].to_list()
        assert "SEGMENT_REPEATS" not in told[1].findings["code"].to_list()
        assert told[1].tables["claim_lines"].height == CLAIM.count(b"SV2*") + 1
    assert "SEGMENT_ORDER" in told[2].findings["code"].to_list()


def test_a_professional_line_sent_twice_is_one_fault() -> None:
    """What it lacks of the first, its date (DTP 472), is the same fault."""
    claim = (FIXTURES / "mutants" / "professional.837").read_bytes()
    first = claim.index(b"SV1*")
    line = claim[first : claim.index(b"DTP*472", first)]
    found = parsers.parse([(1, claim.replace(line, line + line, 1))])[1].findings
    assert found.filter(pl.col("snip") > 1)["code"].to_list() == ["LOOP_START_MISSING"]


def test_totals_are_placed_in_their_transaction() -> None:
    lines = CLAIM.replace(b"SV2*0905*", b"SV2*0001*", 1)
    assert lines != CLAIM
    found = parsers.parse([(1, lines)])[1].findings
    total = found.filter(found["code"] == "REVENUE_TOTAL_LINE").row(0, named=True)
    assert lines[total["byte_offset"] :].startswith(b"SV2*0001")
    before = lines[lines.index(b"ST*") : total["byte_offset"]]
    assert (total["segment_position"], total["transaction"]) == (before.count(b"~") + 1, "0001")


@pytest.mark.parametrize("wrong", [b"2026011", b"00000101", b"20260230"])
def test_what_is_no_date_is_null(wrong: bytes) -> None:
    parsed = parsers.parse([(1, REMIT.replace(b"DTM*472*20260106", b"DTM*472*" + wrong, 1))])[1]
    dates = parsed.tables["remit_lines"]["service_date"].to_list()
    assert dates.count(None) == 1
    assert all(one is None or one > date(2025, 1, 1) for one in dates)
    assert "DATE_INVALID" in parsed.findings["code"].to_list()


@pytest.mark.parametrize("wrong", [b"NaN", b"inf", b"1E5"])
def test_what_is_no_number_is_null(wrong: bytes) -> None:
    data = CLAIM.replace(b"*UN*1~", b"*UN*" + wrong + b"~", 1)
    assert data != CLAIM
    parsed = parsers.parse([(1, data)])[1]
    assert parsed.tables["claim_lines"]["units"].to_list().count(None) == 1
    assert "NUMBER_INVALID" in parsed.findings["code"].to_list()


def test_a_trailing_point_makes_no_number() -> None:
    data = REMIT.replace(b"*CO*45*65~", b"*CO*45*65.~", 1)
    assert data != REMIT
    assert parsers.parse([(1, data)])[1].findings["code"].to_list() == ["NUMBER_INVALID"]


def test_an_adjustment_without_its_reason_keeps_its_amount() -> None:
    data = REMIT.replace(b"*CO*97*300*", b"*CO**300*", 1)
    assert data != REMIT
    parsed = parsers.parse([(1, data)])[1]
    held = parsed.tables["adjustments"].filter(pl.col("amount_cents") == 30000)
    assert held.select("position", "carc").rows() == [(1, None)]
    assert parsed.findings["code"].to_list() == ["ELEMENT_MISSING"]


HEAD = REMIT[: REMIT.index(b"BPR")]
HOSTILE = {
    "nothing the guide knows": HEAD + b"ZZZ*1~" * 50_000,
    "unknown and known in turn": HEAD + b"ZZZ*1~LX*1~" * 25_000,
    "a part missing in each claim": HEAD + b"LX*1~" + b"CLP*E1*1*10*10**12*I1~ZZZ~" * 20_000,
    "interchanges without an end": REMIT[: REMIT.index(b"IEA")] * 2_500,
    "damaged ISAs": b"ISA*00*" * 200_000,
    "an ISA and no terminator": REMIT[:105] + b"A" * 5_000_000,
    "headers only": b"ST*" * 1_000_000,
    "a segment of a million elements": HEAD + b"BPR" + b"*" * 1_000_000 + b"~",
    "a composite of a million components": HEAD + b"BPR*I~SVC*" + b":a" * 1_000_000 + b"~",
}


def _processor_seconds(data: bytes) -> float:
    start = time.process_time()
    parsers.parse([(1, data)])
    return time.process_time() - start


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_take_time_by_their_length(name: str) -> None:
    """Each took from 6 s to minutes, or failed, when the time grew with the square of the length:
    then the whole takes four times its half."""
    data = HOSTILE[name]
    half = _processor_seconds(data[: len(data) // 2])
    start = time.process_time()
    parsed = parsers.parse([(1, data)])[1]
    assert time.process_time() - start < 3 * half + 2
    assert (parsed.findings["severity"] == "error").any()


def test_a_group_behind_its_interchange_is_an_error() -> None:
    group = REMIT[REMIT.index(b"GS*") : REMIT.index(b"IEA*")]
    found = parsers.parse([(1, REMIT + group)])[1].findings
    assert found.select("code", "severity", "byte_offset").rows() == [
        ("NO_ENVELOPE", "error", len(REMIT))
    ]
