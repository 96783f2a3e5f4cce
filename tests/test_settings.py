"""settings.toml: strict, and wrong values are named before anything is billed by them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import edi_iop
from edi_iop import mistakes, resources
from edi_iop.errors import BadSettings
from edi_iop.settings import Workspace, decode

TEMPLATE = (resources.maps() / "settings.toml").read_text(encoding="utf-8")


def test_the_template_is_right() -> None:
    assert decode(TEMPLATE).facility.npi == "1234567893"


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ('npi = "1234567893"', 'npi = "1234567890"', "check digit"),
        ('id = "MERID"', 'id = "HARBR"', "payer HARBR is listed twice"),
        ('partner = "CLEARHSE"', 'partner = "OTHER"', "payer HARBR names partner OTHER"),
        ('H0015 = "350.00"', 'H0015 = "-350.00"', "charges.H0015: -350.00 is negative"),
        ('H0015 = "350.00"', 'H0015 = "much"', "charges.H0015: .*not an amount of money"),
        ('usage = "T"', 'usage = "X"', "usage: 'X' is none of the values it may have"),
        ('npi = "1234567893"', 'npi = "12345"', "facility.npi: not ten digits"),
        ('zip = "627010000"', 'zip = "62701"', "facility.zip: not nine digits"),
        (
            'tin = "123456789"',
            "tin = 5",
            "facility.tin: must be text in quotes, not a whole number",
        ),
        ('name = "Example Clearinghouse"', "", r"partners\[0\].name: missing"),
        ('usage = "T"', 'usage = "T"\nuseage = "P"', "useage: unknown key"),
        ('H0015 = "350.00"', 'H001 = "350.00"', "charges"),
        ('city = "Springfield"', 'city = "S"', r"facility\.city: must have at least 2 characters"),
        ('address1 = "100 Example Street"', f'address1 = "{"A" * 56}"', r"facility\.address1"),
        ('contact = "Billing Office"', f'contact = "{"B" * 61}"', r"submitter\.contact"),
        (
            'id = "EXAMPLEIOP"',
            'id = "EXAMPLEIOP123456"',
            r"submitter\.id: must have at most 15 characters",
        ),
        ('id = "CLEARHSE" ', 'id = "CLEARINGHOUSE123" ', r"partners\[0\]\.id"),
        ('name = "Harbor Health Plan"', f'name = "{"H" * 61}"', r"payers\[0\]\.name"),
    ],
)
def test_a_wrong_value_is_named(right: str, wrong: str, named: str) -> None:
    assert right in TEMPLATE
    with pytest.raises(BadSettings, match=named):
        decode(TEMPLATE.replace(right, wrong))


RATE = """
[[rates]]
procedure = "H0015"
from = 2026-01-01
to = 2026-06-30
charge = "350.00"
contract = "285.00"
payer = "HARBR"
"""


def test_rates_are_read_by_date() -> None:
    later = RATE.replace("from = 2026-01-01\nto = 2026-06-30", "from = 2026-07-01")
    rates = decode(TEMPLATE + RATE + later).rates
    assert [(str(rate.from_), rate.contract, rate.of) for rate in rates] == [
        ("2026-01-01", "285.00", ("HARBR", "H0015", "*")),
        ("2026-07-01", "285.00", ("HARBR", "H0015", "*")),
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("to = 2026-06-30", "to = 2025-12-31", "ends before it begins"),
        ('payer = "HARBR"', 'payer = "OTHER"', "names payer OTHER"),
        ('charge = "350.00"', 'charge = "-1"', "charge"),
        ('charge = "350.00"', 'charge = "350.00"\nchage = "1"', "chage"),
        ('payer = "HARBR"', f'payer = "HARBR"\n{RATE}', "HARBR H0015 .* overlap"),
    ],
)
def test_a_wrong_rate_is_named(right: str, wrong: str, named: str) -> None:
    with pytest.raises(BadSettings, match=named):
        decode(TEMPLATE + RATE.replace(right, wrong))


def test_every_facility_has_its_own_true_npi() -> None:
    main = TEMPLATE[TEMPLATE.index("[facility]") : TEMPLATE.index("# Who sends")]
    further = main.replace("[facility]", "[[facilities]]")
    with pytest.raises(BadSettings, match="facility 1234567893 is listed twice"):
        decode(TEMPLATE + further)
    with pytest.raises(BadSettings, match="check digit"):
        decode(TEMPLATE + further.replace("1234567893", "1023456780"))
    with pytest.raises(BadSettings, match="taxonomy"):
        decode(TEMPLATE + further.replace("261QR0405X", "261Q"))


def test_settings_in_another_encoding_are_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.settings_file.write_bytes(TEMPLATE.replace("Example", "Ex\xe9mple").encode("latin-1"))
    with pytest.raises(BadSettings, match="UTF-8"):
        workspace.settings()


def test_no_pattern_is_told_as_an_expression() -> None:
    """Every form that a struct of ours asks for has words."""
    sources = (Path(edi_iop.__file__).parent).rglob("*.py")
    asked = {
        form
        for path in sources
        for form in re.findall(r'Meta\(pattern=r"(.+?)"\)', path.read_text())
    }
    assert asked
    assert asked <= set(mistakes.FORMS)
