"""The desk as a library: the verbs without the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import edi_iop
from edi_iop import desk
from edi_iop.errors import NotKnown


def test_every_public_name_is_there_and_no_other() -> None:
    for name in edi_iop.__all__:
        assert getattr(edi_iop, name) is not None
    with pytest.raises(AttributeError):
        _ = edi_iop.weather  # type: ignore[attr-defined]


def test_verbs_of_the_package_are_those_of_the_desk() -> None:
    assert edi_iop.validate is desk.validate
    assert edi_iop.Answer is desk.Answer


def test_a_balance_fault_is_an_error_finding(tmp_path: Path) -> None:
    """CLP04 says 90 where the line paid 100 and nothing was taken off: two levels disagree."""
    remit = tmp_path / "remit.835"
    remit.write_text(REMIT.replace("\n", ""))
    answer = edi_iop.validate([remit], {3})
    assert answer.status == "findings"
    assert answer.rows["code"].to_list() == ["CLAIM_UNBALANCED"]
    assert answer.rows["file"].to_list() == [str(remit)]


def test_a_table_that_is_none() -> None:
    with pytest.raises(NotKnown, match="remit_lines"):
        desk.parse([Path("x")], "weather")


def test_a_report_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotKnown, match="denials"):
        desk.report("weather", tmp_path)


REMIT = """
ISA*00*          *00*          *ZZ*HARBR          *ZZ*EXAMPLEIOP     *260320*1200*^*00501*000000001*0*T*:~
GS*HP*HARBR*EXAMPLEIOP*20260320*1200*1*X*005010X221A1~
ST*835*0001~
BPR*I*90*C*NON************20260320~
TRN*1*T1*1999999999~
DTM*405*20260320~
N1*PR*Harbor Health Plan~
N3*1 Plan Street~
N4*Springfield*IL*627010000~
PER*BL*Help Desk*TE*5555550100~
N1*PE*Example Center*XX*1234567893~
LX*1~
CLP*EAB12345678*1*100*90**CI*2607900000000001*13*1~
NM1*QC*1*Doe*Jane****MI*M1~
DTM*232*20260105~
SVC*HC:H0015*100*100*0906*1~
DTM*472*20260105~
SE*16*0001~
GE*1*1~
IEA*1*000000001~
"""
