"""SNIP level 7: a partner's companion guide, each entry broken once; off where none is named."""

from __future__ import annotations

import tomllib

import polars as pl
import pytest

from edi_iop import parsers, resources
from edi_iop.errors import BadMap
from edi_iop.guides import companion
from tests.conftest import FIXTURES
from tests.guides.test_faults import changed

DATA = changed(
    changed(
        (FIXTURES / "x12" / "claim_iop.837").read_bytes(),
        "CL1*3*1*01~\n",
        "CL1*3*1*01~\nREF*G1*AUTH5502~\n",
    ),
    "NM1*71*1*NGUYEN*KIM****XX*1245319599~\nLX*",
    "NM1*71*1*NGUYEN*KIM****XX*1245319599~\nPRV*AT*PXC*2084P0800X~\nLX*",
)
"""Two claims that keep both companions, but for Meridian's own code."""

HARBOR = [
    ("NM1*40*2*CLEARHOUSE*****46*CLEARHOUSE~", "NM1*40*2*CLEARHOUSE*****46*CLEARING-HOUSE~", ("VALUE_WRONG", "1000B", "NM1", 9)),
    ("*PI*HARBR~", "*PI*HARBOR~", ("VALUE_WRONG", "2010BB", "NM1", 9)),
    ("*MI*HB100200~", "*MI*XB100200~", ("VALUE_WRONG", "2010BA", "NM1", 9)),
    ("CLM*EA1B2C3D4EZ*", "CLM*EA1B2C3D4EZ0123456789X*", ("VALUE_WRONG", "2300", "CLM", 1)),
    ("13:A:2", "13:A:5", ("VALUE_WRONG", "2300", "CLM", 5)),
    ("REF*G1*AUTH5501~\n", "", ("SEGMENT_MISSING", "2300", "REF", None)),
    ("PRV*AT*PXC*2084P0800X~\n", "", ("DOUBTFUL", "2310A", "PRV", None)),
    ("REF*6R*LA1B2C3D4EZ001~\n", "", ("SEGMENT_MISSING", "2400", "REF", None)),
    ("*UN*1~", "*DA*1~", ("VALUE_WRONG", "2400", "SV2", 4)),
    ("REF*6R*LA1B2C3D4EZ001~\n", "REF*6R*LA1B2C3D4EZ001~\nLIN**N4*00000000000~\nCTP****1*UN~\n", ("SEGMENT_NOT_USED", "2410", "LIN", None)),
    ("REF*G1*AUTH5501~\n", "REF*9F*REFERRAL1~\n", ("SEGMENT_MISSING", "2300", "REF", None)),
]  # fmt: skip
MERIDIAN = [
    ("SBR*P*18*GRP1", "SBR*P*18*", ("ELEMENT_MISSING", "2000B", "SBR", 3)),
    ("REF*G1*AUTH5501~\n", "REF*G1*AUTH5501~\nNTE*ADD*PROGRAM DAY~\n", ("DOUBTFUL", "2300", "NTE", None)),
    ("*UN*1~", "*UN*13~", ("VALUE_WRONG", "2400", "SV2", 5)),
    ("PRV*AT*PXC*2084P0800X~\n", "PRV*AT*PXC*2084P0800X~\nNM1*82*1*BELL*RAY****XX*1234567893~\n", ("SEGMENT_NOT_USED", "2310D", "NM1", None)),
    ("HC:H0015", "HC:H0015:GT", ("DOUBTFUL", "2400", "SV2", 2)),
]  # fmt: skip


CASES = [("harbor", *case) for case in HARBOR] + [("meridian", *case) for case in MERIDIAN]


def told(files: list[bytes], name: str | None) -> list[list[tuple[object, ...]]]:
    """Code, loop, segment and element of each file's distinct findings of level 7."""
    columns = ("code", "loop", "segment", "element")
    read = parsers.parse(list(enumerate(files)), name)
    level_7 = [one.findings.filter(pl.col("snip") == 7) for one in read.values()]
    return [one.select(columns).unique(maintain_order=True).rows() for one in level_7]


def edited(name: str, before: str = "", after: str = "") -> bytes:
    data = DATA if name == "harbor" else DATA.replace(b"*PI*HARBR~", b"*PI*MERID~")
    return changed(data, before, after)


@pytest.mark.parametrize("name", companion.names())
def test_each_entry_is_broken_alone(name: str) -> None:
    cases = [case for case in CASES if case[0] == name]
    files = [edited(name, before, after) for _, before, after, _ in cases]
    found = told(files, name)
    expected = [(f"COMPANION_{code}", *place) for _, _, _, (code, *place) in cases]
    assert [one in of_file for one, of_file in zip(expected, found, strict=True)] == [True] * len(
        cases
    )
    assert {len(of_file) for of_file in found} <= {1, 2}, "9F beside no G1 breaks two entries"
    assert told(files, None) == [[]] * len(cases)


@pytest.mark.parametrize("name", companion.names())
def test_a_claim_that_keeps_the_companion_has_no_finding(name: str) -> None:
    assert told([edited(name)], name) == [[]]


def test_a_companion_holds_for_its_own_guide_and_time() -> None:
    assert told([DATA], "meridian") != [[]]
    for when in (b"20250630", b"20270701"):
        old = DATA.replace(b"*BATCH0001*20260302*", b"*BATCH0301*%s*" % when)
        assert old != DATA
        assert told([old], "meridian") == [[]]
    remit = (FIXTURES / "x12" / "remit_iop.835").read_bytes()
    assert told([remit], "meridian") == [[]]


def test_every_companion_says_whose_it_is_and_each_entry_why() -> None:
    assert companion.names() == ["harbor", "meridian"]
    for name in companion.names():
        held = companion.companion(name)
        assert held.source
        assert companion.rules(held)
        assert all(entry.reason[0].islower() for entry in held.change)
        payer = resources.maps() / "payers" / f"{name}.toml"
        assert tomllib.loads(payer.read_text())["name"] == held.name


def test_a_companion_there_is_none_of_is_named() -> None:
    with pytest.raises(BadMap, match="companion nobody: there is none; one of harbor, meridian"):
        companion.companion("nobody")
