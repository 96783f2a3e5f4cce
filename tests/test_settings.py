"""settings.toml: strict, and wrong values are named before anything is billed by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_iop import resources
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
        ('H0015 = "350.00"', 'H0015 = "-350.00"', "charge of H0015 is negative"),
        ('H0015 = "350.00"', 'H0015 = "much"', "not an amount of money"),
        ('usage = "T"', 'usage = "X"', "usage"),
        ('usage = "T"', 'usage = "T"\nuseage = "P"', "useage"),
    ],
)
def test_a_wrong_value_is_named(right: str, wrong: str, named: str) -> None:
    assert right in TEMPLATE
    with pytest.raises(BadSettings, match=named):
        decode(TEMPLATE.replace(right, wrong))


def test_settings_in_another_encoding_are_refused(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.settings_file.write_bytes(TEMPLATE.replace("Example", "Ex\xe9mple").encode("latin-1"))
    with pytest.raises(BadSettings, match="UTF-8"):
        workspace.settings()
