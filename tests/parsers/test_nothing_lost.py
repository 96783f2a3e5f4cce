"""Whatever one segment is missing, twice or in another's place: every claim and line reaches the tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edi_iop import parsers
from tests.differential.mutants import BASES, BODY_FROM, BODY_TO, Segments, joined, segments_of

TABLES = {
    "837": {"claims": ("CLM",), "claim_lines": ("SV1", "SV2")},
    "835": {"remit_claims": ("CLP",), "remit_lines": ("SVC",)},
}


def harmed(base: Segments) -> Iterator[Segments]:
    """Each segment left out, sent twice, and changed for the one behind it.

    Not a CLM left out: its lines are of no claim, and told as unexpected.
    """
    for at in range(BODY_FROM, len(base) + BODY_TO):
        if base[at][0] != "CLM":
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
