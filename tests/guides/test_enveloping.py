"""Envelope elements are held against one guide's words: the guides named have the same."""

from __future__ import annotations

import pytest

from edi_iop import parsers
from edi_iop.guides.enveloping import ELSEWHERE, SAME
from edi_iop.guides.loader import load


def words(guide: str) -> dict[tuple[str, int], tuple[object, ...]]:
    return {
        (node.id, spec.position): (spec.name, spec.type, spec.shortest, spec.longest, spec.usage)
        + (() if (node.id, spec.position) == ("GS", 1) else (spec.codes,))
        for node in load(guide).envelope.values()
        for spec in node.elements
        if (node.id, spec.position) not in ELSEWHERE
    }


@pytest.mark.parametrize("guide", SAME[1:])
def test_the_same_words(guide: str) -> None:
    assert words(guide) == words(SAME[0])


def status(version: str, group: str, named: str) -> bytes:
    """A 276, of which we have no guide."""
    return (
        f"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260301*1200*^*{version}*"
        f"000000001*0*T*:~GS*HR*A*B*20260301*1200*1*X*{group}~ST*276*0001*{named}~"
        "BHT*0010*13*1*20260301*1200~SE*3*0001~GE*1*1~IEA*1*000000001~"
    ).encode()


@pytest.mark.parametrize(
    ("version", "group", "named", "found"),
    [
        ("00501", "005010X212", "005010X212", []),
        ("00501", "005010X212", "005010X212E1", []),
        ("00501", "005010", "005010X212", []),
        ("00501", "005010X279A1", "005010X212", [("GS", 8)]),
        # The version of an interchange is another thing than that of its groups (X12.5, ISA12).
        ("00401", "005010X212", "005010X212", []),
    ],
)
def test_versions_of_a_guide_we_do_not_have(
    version: str, group: str, named: str, found: list[tuple[str, int]]
) -> None:
    read = parsers.parse([(1, status(version, group, named))])[1].findings
    wrong = read.filter(read["code"] == "CODE_INVALID").select("segment", "element").rows()
    assert wrong == found
    (unread,) = read.filter(read["code"] == "GUIDE_UNKNOWN")["message"]
    assert unread.startswith("276 005010X212")
