"""A file read in chunks gives what it gives read whole: tables, findings and their places."""

from __future__ import annotations

import io
import random
from pathlib import Path

import polars as pl
import pytest

from edi_iop.parsers import x12
from edi_iop.parsers.batches import read_batches
from edi_iop.x12 import segments
from edi_iop.x12.pieces import Piece, Room, of_file
from scripts.chunks import differences, files, together, variants
from tests.conftest import FIXTURES, one_in
from tests.parsers.test_mutations import damaged

FILES = [path.read_bytes() for path in sorted((FIXTURES / "x12").glob("*.8*"))]


def read(data: bytes, size: int) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, list[x12.Batch]]:
    """The tables, the findings in order of place, and the batches they came in."""
    batches = list(read_batches([(7, io.BytesIO(data))], size=size))
    return *together(batches), batches


def many_claims(data: bytes, times: int) -> bytes:
    """The file with its groups repeated, each under a number of its own."""
    begin, end = data.index(b"GS*"), data.index(b"IEA*")
    groups = [
        data[begin:end]
        .replace(b"*101*X*", b"*%d*X*" % number)
        .replace(b"GE*1*101", b"GE*1*%d" % number)
        for number in range(101, 101 + times)
    ]
    return data[:begin] + b"".join(groups) + data[end:].replace(b"IEA*1*", b"IEA*%d*" % times)


@pytest.mark.parametrize("seed", range(12))
def test_chunks_add_up(seed: int) -> None:
    """Many more by scripts/chunks."""
    chance = random.Random(seed)
    data = many_claims(chance.choice(FILES), 3)
    if seed >= 4:
        data = damaged(data, chance)
    tables, findings, _ = read(data, len(data) + 1)
    parts, found, batches = read(data, chance.randint(300, 2500))
    assert len(batches) > 1 or len(data) < 2500
    assert parts.keys() == tables.keys()
    assert all(parts[name].equals(tables[name]) for name in tables)
    assert found.equals(findings)


def test_a_pipe_may_give_a_byte_at_a_time() -> None:
    class Drip(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 1, 1))

    whole = segments.read([FILES[0]])
    (frame,) = segments.frames([(0, Drip(FILES[0]))])
    assert frame.rows.equals(whole.rows)


def test_an_interchange_is_cut_before_claims() -> None:
    for data in FILES:
        pieces = [
            part for part in of_file(0, io.BytesIO(data), Room(400)) if isinstance(part, Piece)
        ]
        assert (
            b"".join(piece.data for piece in pieces) == data[: sum(len(one.data) for one in pieces)]
        )
        for piece in pieces[1:]:
            assert piece.data.split(b"*")[0] in (b"CLP", b"HL", b"CLM", b"ST")


def test_a_header_number_used_again_in_a_far_chunk() -> None:
    """LX01 is 1 in the first header of the remit, and again in the fourth (LX_NUMBER_REPEATED)."""
    remit = FILES[1] if b"LX*1~" in FILES[1] and b"CLP*" in FILES[1] else FILES[0]
    begin, end = remit.index(b"LX*1~"), remit.index(b"SE*")
    headers = b"".join(remit[begin:end].replace(b"LX*1~", b"LX*%d~" % n) for n in (1, 2, 3, 1, 4))
    data = remit[:begin] + headers + remit[end:]
    _, found, batches = read(data, 500)
    assert len(batches) > 5
    _, whole, _ = read(data, len(data) + 1)
    assert found.equals(whole)
    repeated = found.filter(pl.col("code") == "LX_NUMBER_REPEATED")["byte_offset"].to_list()
    assert repeated == [data.rindex(b"LX*1~")]


def long_claim(charge: int, last_line: bytes = b"350") -> bytes:
    """A first claim of 400 lines of 350, the last one's charge as given, longer than four chunks of 2,000."""
    claim = next(data for data in FILES if b"CLM*" in data)
    begin, end = claim.index(b"LX*1~"), claim.index(b"LX*2~")
    line, after = claim[begin:end], claim.index(b"HL*", end)
    lines = [line.replace(b"LX*1~", b"LX*%d~" % number) for number in range(1, 401)]
    lines[-1] = lines[-1].replace(b"*350*", b"*%b*" % last_line)
    head = claim[:begin].replace(b"*700***", b"*%d***" % charge)
    return head + b"".join(lines) + claim[after:]


@pytest.mark.parametrize(
    ("charge", "last_line", "code"),
    [
        (140_000, b"350", None),
        (140_001, b"350", "CLAIM_TOTAL_WRONG"),
        (140_000, b"350x", "NUMBER_INVALID"),
    ],
)
def test_a_claim_that_is_cut_is_asked_as_a_whole(
    charge: int, last_line: bytes, code: str | None
) -> None:
    """400 lines of 350.00 are 140,000.00 (CLM02); LX01 counts on; what follows from a line is not told again."""
    data = long_claim(charge, last_line)
    _, found, batches = read(data, 2000)
    assert len(batches) > 3
    assert list(differences(data, (2000,))) == []
    assert [one for one in found["code"] if one != "COUNT_WRONG"] == [code] * (code is not None)


def test_segments_behind_a_bare_transaction_are_told_once_in_any_chunks() -> None:
    """No ISA, and the SE comes too early: a run of segments under no transaction is one fault."""
    remit = next(data for data in FILES if b"BPR*" in data)
    bare = remit[remit.index(b"ST*") : remit.index(b"SE*")]
    parts = bare.split(b"~")
    data = b"~".join([*parts[:4], b"\nSE*5*0001", *parts[4:]])
    _, found, batches = read(data, 300)
    assert len(batches) > 1
    strays = found.filter(pl.col("message").str.ends_with("stands in no transaction set"))
    assert strays["byte_offset"].to_list() == [data.index(parts[4].strip())]
    assert list(differences(data, (300, 700))) == []


@pytest.mark.parametrize(
    ("sent", "harmed"), [(b"HL*1**20*1~\n", b""), (b"HL*1**20*1~", b"HL*7**20*1~")]
)
def test_levels_count_from_the_first_chunk_on(sent: bytes, harmed: bytes) -> None:
    """HL 1 is absent, and what counts on from it is judged in no chunk; or it is 7, told as such."""
    claim = next(data for data in FILES if b"CLM*" in data)
    assert list(differences(claim.replace(sent, harmed), (400, 900))) == []


def test_levels_below_a_wrong_number_in_the_next_chunk() -> None:
    """A second provider, HL 3, is numbered 1 again; the subscriber below names it as 3."""
    claim = next(data for data in FILES if b"CLM*" in data)
    provider = claim[claim.index(b"HL*1**20*1~") : claim.index(b"HL*2*1*22*0~")]
    subscriber = claim.index(b"HL*3*1*22*1~")
    below = claim[subscriber:].replace(b"HL*4*3*23", b"HL*5*4*23").replace(b"HL*3*1*", b"HL*4*3*")
    data = claim[:subscriber] + provider + below
    _, found, _ = read(data, 10_000)
    assert [one for one in found["code"] if one.startswith("HL_")] == ["HL_NUMBER_WRONG"]
    assert list(differences(data, (300, 400, 900))) == []


def test_a_999_says_what_became_of_its_group_wherever_chunks_end() -> None:
    """AK9, behind the answers to the sets, belongs to the row of AK1: the 999 is not cut between them."""
    answer = (FIXTURES / "valid" / "ack_accepted.999").read_bytes()
    groups = read(answer, 300)[0]["acknowledgements"].filter(pl.col("level") == "group")
    assert groups["decision"].to_list() == ["A"]
    assert list(differences(answer, (250, 300, 700))) == []


def test_claims_without_their_header_in_every_chunk() -> None:
    """The LX before the claims is absent: loop 2000 is open from chunk to chunk and has no first segment."""
    remit = next(data for data in FILES if b"LX*1~" in data and b"CLP*" in data)
    begin, end = remit.index(b"CLP*"), remit.index(b"SE*")
    data = remit.replace(b"LX*1~\n", b"", 1)
    data = data.replace(remit[begin:end], remit[begin:end] * 4)
    assert b"LX*" not in data
    assert list(differences(data, (300, 900, 2000))) == []
    assert len(read(data, 300)[0]["remit_claims"]) == data.count(b"\nCLP*")


def test_some_samples_and_damages_of_them(samples: Path) -> None:
    """scripts/chunks reads all of them, and more damages."""
    paths = [path for kind in ("835", "837I", "negative") for path in files([samples / kind])]
    for number, path in enumerate(paths[::12][one_in(3)]):
        data = path.read_bytes()[:20_000]
        for name, harmed in variants(data, 1, number):
            assert list(differences(harmed, (400, 3000))) == [], (path.name, name)
