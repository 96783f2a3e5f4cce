"""Diagnosis families as columns agree with the policy's own word."""

from datetime import date

import polars as pl
import pytest

from edi_iop.rules.families import family, principal_family
from edi_iop.rules.policy import load

POLICY = load("harbor", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("F1020", "SUD"),
        ("F1910", "SUD"),
        ("F17210", "NICOTINE"),
        ("F0631", "ORGANIC"),
        ("F331", "MH"),
        ("F509", "MH"),
        ("F70", "OTHER"),
        ("Z7141", "Z"),
        ("K7030", "OTHER"),
        (None, None),
    ],
)
def test_family(code: str | None, expected: str | None) -> None:
    codes = pl.DataFrame({"code": [code]}, schema={"code": pl.String})
    assert codes.select(family(pl.col("code"), POLICY)).item() == expected
    if code is not None:
        assert POLICY.family(code) == expected


@pytest.mark.parametrize(
    ("diagnoses", "track", "expected"),
    [
        ("F1020 F331", "MH", "SUD"),
        ("F331 F1020", "SUD", "MH"),
        ("O99320 F1120 F331", "SUD", "SUD"),
        ("O99320 F331 F1120", "SUD", "SUD"),
        ("O99320 F331 F1120", None, "MH"),
        ("O99320 F1120", "MH", "SUD"),
        ("O99340 Z3A20 F331", "MH", "MH"),
        ("O99330 F17210", "SUD", "OTHER"),
        ("O99320", "SUD", "OTHER"),
        (None, "SUD", None),
    ],
)
def test_principal_family(diagnoses: str | None, track: str | None, expected: str | None) -> None:
    lines = pl.DataFrame(
        {"diagnoses": [diagnoses], "track": [track]},
        schema={"diagnoses": pl.String, "track": pl.String},
    )
    assert lines.select(principal_family(POLICY)).item() == expected
