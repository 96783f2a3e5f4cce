"""SNIP level 6: what an institutional outpatient claim of a program day needs, one fault at a time."""

from __future__ import annotations

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.codes import label
from edi_iop.parsers.claim_837 import outpatient
from tests.conftest import FIXTURES
from tests.guides.test_faults import changed

CLAIM = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
PROFESSIONAL = (FIXTURES / "mutants" / "professional.837").read_bytes()

CASES = [
    ("a line after the statement", "DTP*472*D8*20260107", "DTP*472*D8*20260108", [("LINE_DATE_OUTSIDE", "DTP*472*D8*20260108")]),
    ("a line before the statement", "DTP*472*D8*20260105", "DTP*472*RD8*20260104-20260105", [("LINE_DATE_OUTSIDE", "DTP*472*RD8*20260104")]),
    ("a program day without its date", "DTP*472*D8*20260106~\n", "", [("LINE_DATE_MISSING", "REF*6R*LB1B2C3D4EY001")]),
    ("a last claim of one still a patient", "13:A:1", "13:A:4", []),
    ("a last claim, status 30", "13:A:2", "13:A:4", [("FREQUENCY_AGAINST_STATUS", "CLM*EA")]),
    ("a first claim of one who left", "13:A:1", "13:A:2", [("FREQUENCY_AGAINST_STATUS", "CLM*EB")]),
    ("a continuing claim, status 30", "13:A:2", "13:A:3", []),
    ("a bill type of a hospice", "13:A:1", "81:A:1", [("BILL_TYPE_UNUSUAL", "CLM*EB")]),
    ("a community mental health center", "13:A:1", "76:A:1", []),
    ("revenue 0905 alone", "SV2*0905*HC:S9480*310", "SV2*0905**310", [("REVENUE_WITHOUT_PROCEDURE", "SV2*0905")]),
    ("revenue 0270 alone", "SV2*0905*HC:S9480*310", "SV2*0270**310", []),
    ("S9480 with the other revenue code", "SV2*0905*", "SV2*0906*", [("PAIR_UNUSUAL", "SV2*0906*HC:S9480")]),
    ("half a day", "*310*UN*1~", "*310*UN*1.5~", [("UNITS_NOT_WHOLE", "SV2*0905")]),
    ("one day, written with a decimal", "*310*UN*1~", "*310*UN*1.0~", []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_case(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    data = changed(CLAIM, before, after)
    found = parsers.parse([(1, data)])[1].findings.filter(pl.col("snip") == 6)
    assert found["code"].to_list() == [code for code, _ in expected]
    for offset, (_, at) in zip(found["byte_offset"], expected, strict=True):
        assert data[offset:].startswith(at.encode())


def test_a_professional_claim_is_not_judged_as_institutional() -> None:
    found = parsers.parse([(1, PROFESSIONAL)])[1].findings
    assert found.filter(pl.col("snip") == 6).is_empty()


def test_the_codes_of_a_program_are_known_to_the_code_lists() -> None:
    program = outpatient().program
    assert {code for code, _ in program.pairs} == program.procedures
    assert {revenue for _, revenue in program.pairs} == program.revenues
    assert all(label("hcpcs", code) for code in program.procedures)
    assert all(label("revenue", code) for code in program.revenues)


def test_days_outside_the_statement_are_told_whole() -> None:
    data = CLAIM.replace(b"DTP*472*D8*20260107", b"DTP*472*RD8*20260107-20260108")
    found = parsers.parse([(1, data)])[1].findings.filter(code="LINE_DATE_OUTSIDE")
    assert found["message"].item() == (
        "the line's date 2026-01-07 to 2026-01-08 is outside the statement, 2026-01-05 to 2026-01-07"
    )
