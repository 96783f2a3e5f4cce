"""What a file is: every interchange of it, each kind by its content."""

from __future__ import annotations

import pytest

from edi_iop.parsers import identify, parse
from tests.conftest import FIXTURES

REMIT = (FIXTURES / "x12" / "remit_iop.835").read_bytes()
CLAIM = (FIXTURES / "x12" / "claim_iop.837").read_bytes()


def interchange(*groups: tuple[str, str, str], inside: str = "", control: int = 1) -> bytes:
    """An interchange of groups (functional id, version, transaction), nothing in their transactions."""
    parts = [
        f"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260301*1200*^*00501*"
        f"{control:09d}*0*T*:",
        *([inside] if inside else []),
    ]
    for number, (functional, version, transaction) in enumerate(groups, start=1):
        parts += [
            f"GS*{functional}*A*B*20260301*1200*{number}*X*{version}",
            f"ST*{transaction}*0001", "SE*2*0001", f"GE*1*{number}",
        ]  # fmt: skip
    return ("~".join([*parts, f"IEA*{len(groups)}*{control:09d}"]) + "~").encode()


@pytest.mark.parametrize(
    ("functional", "version", "transaction", "kind"),
    [
        ("HP", "005010X221A1", "835", "835"),
        ("HP", "004010X091A1", "835", "835"),
        ("HC", "005010X223A3", "837", "837I"),
        ("HC", "004010X096A1", "837", "837I"),
        ("HC", "005010X222A2", "837", "837P"),
        ("FA", "005010X231A1", "999", "999"),
        ("FA", "004010", "997", "997"),
        ("HN", "005010X214", "277", "277CA"),
        ("HN", "005010X212", "277", "277"),
        ("HR", "005010X212", "276", "276"),
        ("HI", "005010X217", "278", "278"),
    ],
)
def test_the_kind_of_a_transaction(functional: str, version: str, transaction: str, kind: str) -> None:  # fmt: skip
    (found,) = identify(interchange((functional, version, transaction)))
    assert (found.kind, found.guide) == (kind, version)
    assert (found.groups, found.transactions, found.segments) == (1, 1, 6)


@pytest.mark.parametrize("group", ["005010X222A1", "005010X279A1"])
def test_a_set_that_names_its_guide_is_what_it_says(group: str) -> None:
    # ST03 goes before GS08 (X12.6, ST03).
    claim = CLAIM.replace(b"*X*005010X223A2~", b"*X*" + group.encode() + b"~")
    assert claim != CLAIM
    (found,) = identify(claim)
    assert (found.kind, found.guide) == ("837I", "005010X223A2")
    assert parse([(1, claim)])[1].kind == "837I"


def test_a_ta1_alone() -> None:
    (found,) = identify(interchange(inside="TA1*000000042*260301*1200*A*000"))
    assert (found.kind, found.transactions) == ("TA1", 0)


def test_what_no_guide_of_ours_reads_says_so() -> None:
    (status,) = identify(interchange(("HR", "005010X212", "276")))
    assert "276 of a version without a guide here" in status.says
    (remit,) = identify(REMIT)
    assert remit.says == "835: 1 transaction set in 1 group, 46 segments"


def test_every_interchange_of_a_file_is_visible() -> None:
    found = identify(REMIT + b"\n" + CLAIM + interchange(inside="TA1*1*260301*1200*A*000"))
    assert [(one.kind, one.interchange_control) for one in found] == [
        ("835", "000000101"), ("837I", "000000201"), ("TA1", "000000001"),
    ]  # fmt: skip


def test_mixed_kinds_in_one_interchange_are_counted() -> None:
    (found,) = identify(interchange(("HP", "005010X221A1", "835"), ("FA", "005010X231A1", "999")))
    assert (found.kind, found.groups) == ("mixed", 2)
    assert found.says.startswith("mixed (1 835, 1 999): 2 transaction sets in 2 groups")


@pytest.mark.parametrize("content", [b"", b"hello", b"ISA", b"\x00" * 50, b"PK\x03\x04"])
def test_whatever_the_bytes_are_there_is_an_answer(content: bytes) -> None:
    assert [one.kind for one in identify(content)] == ["unknown"]
