"""Whatever one segment is missing, twice or in another's place: every claim and line reaches the tables."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from edi_iop import parsers
from tests.differential.mutants import BASES, BODY_FROM, BODY_TO, Segments, joined, segments_of

TABLES = {
    "837": {"claims": ("CLM",), "claim_lines": ("SV1", "SV2")},
    "835": {"remit_claims": ("CLP",), "remit_lines": ("SVC",)},
}


def harmed(base: Segments) -> Iterator[Segments]:
    """Each segment left out, sent twice, and changed for the one behind it."""
    for at in range(BODY_FROM, len(base) + BODY_TO):
        yield base[:at] + base[at + 1 :]
        yield [*base[:at], base[at], *base[at:]]
        yield [*base[:at], base[at + 1], base[at], *base[at + 2 :]]


@pytest.mark.parametrize("name", BASES)
def test_every_claim_and_line_is_in_the_tables(name: str) -> None:
    files = dict(enumerate(harmed(segments_of(BASES[name]))))
    assert len(files) > 60
    for number, read in parsers.parse([(n, joined(one)) for n, one in files.items()]).items():
        for table, ids in TABLES[name[-3:]].items():
            sent = sum(segment[0] in ids for segment in files[number])
            assert len(read.tables.get(table, ())) >= sent, (table, files[number])


def test_a_line_without_its_number_has_its_own_amounts() -> None:
    """005010X223A2 loop 2400: LX 2 is missing; its SV2, SVD and CAS are of another line than LX 1."""
    data = BASES["claim_other_payer.837"]
    (read,) = parsers.parse(
        [(1, data.replace(b"LX*2~\n", b"").replace(b"SE*65*", b"SE*64*"))]
    ).values()
    assert b"LX*2~\n" in data
    assert read.findings["code"].to_list() == ["LOOP_START_MISSING"]
    assert read.tables["claim_lines"]["charge_cents"].to_list() == [20_000, 20_000]


SEVERAL = {("claim_iop.837", "HL", "3")}
"""Left out, these make more than one fault: an SBR behind lines is read as another payer's."""


@pytest.mark.parametrize("name", BASES)
def test_a_segment_left_out_is_one_finding_or_none(name: str) -> None:
    """One fault, one finding; its place in the counts (SE01) is told besides."""
    base = segments_of(BASES[name])
    places = [
        at for at in range(BODY_FROM, len(base) + BODY_TO) if (name, *base[at][:2]) not in SEVERAL
    ]
    files = [(at, joined(base[:at] + base[at + 1 :])) for at in places]
    for at, read in parsers.parse(files).items():
        told = [code for code in read.findings["code"] if code != "COUNT_WRONG"]
        assert len(told) <= 1, (base[at], told)


@pytest.mark.parametrize("name", ["claim_iop.837", "professional.837", "claim_other_payer.837"])
def test_lines_of_a_claim_without_its_clm_are_in_the_tables(name: str) -> None:
    """Loop 2300 without CLM is one finding, and its lines come with their amounts."""
    base = segments_of(BASES[name])
    at = next(at for at, one in enumerate(base) if one[0] == "CLM")
    (whole,) = parsers.parse([(1, joined(base))]).values()
    (read,) = parsers.parse([(1, joined(base[:at] + base[at + 1 :]))]).values()
    told = read.findings.filter(pl.col("code") != "COUNT_WRONG")
    assert told.select("code", "loop", "segment").rows() == [("LOOP_START_MISSING", "2300", "CLM")]
    charges = "claim_lines"
    assert read.tables[charges]["charge_cents"].equals(whole.tables[charges]["charge_cents"])
