"""No valid file is called wrong: files of many kinds, kept by their guides, have no error.

Each was written from the guides: remits of several payers, inpatient, outpatient, secondary,
replaced and subrogated claims, equipment and anesthesia, acknowledgments and statuses.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from edi_iop.desk import files
from tests.conftest import FIXTURES, SAMPLES
from tests.referee import verdict

VALID = sorted(path for kind in ("valid", "x12", "mutants") for path in FIXTURES.glob(f"{kind}/*"))
DISAGREES = {
    "claim_equipment.837": "PWK02 of a line's equipment form (CT) has its own codes; pyx12 knows those of any attachment alone",
    "claim_professional_everything.837": "PWK02 of a line's equipment form (CT), as above",
    "claim_other_order.837": "loops of one position come in any order; a ZIP code of nine digits is asked in the United States alone (maps/guides/005010X223A2.toml)",
    "remit_payee_first.835": "payer and payee have one position (maps/guides/005010X221A1.toml)",
    "claim_professional_variants.837": "PWK02 as above; a subscriber that is no person has no member number (maps/guides/005010X222A1.toml)",
    "claim_variants.837": "provinces of Canada stand in a subscriber's address",
    "remit_variants.835": "pyx12 cannot read a second interchange with separators of its own",
    "status_clearinghouse.277": "a line's status may leave its date to the claim's (maps/guides/005010X214.toml)",
    "status_payer.277": "a batch rejected as a whole names no provider (maps/guides/005010X214.toml)",
}  # fmt: skip
"""Where pyx12 says otherwise, and why it is wrong there."""
WARNED = {"claim_secondary.837": {"FREQUENCY_AGAINST_STATUS"}}
"""Warnings that a file is there to have: status 30 on a claim of frequency 1 is unusual, not wrong."""


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_a_valid_file_has_no_finding(path: Path) -> None:
    rows = files.validate([path]).rows
    assert set(rows["code"]) == WARNED.get(path.name, set())
    assert rows.filter(pl.col("severity") == "error").is_empty()


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_pyx12_agrees_or_the_difference_is_explained(path: Path) -> None:
    valid, _ = verdict(path.read_bytes())
    assert bool(valid) is (path.name not in DISAGREES)


def test_each_difference_is_of_a_file() -> None:
    assert {*DISAGREES, *WARNED} <= {path.name for path in VALID}


SERVICES = SAMPLES / "999" / "staedi__optionalInterchangeServices.edi"
ANSWER_ALONE = SAMPLES / "TA1" / "staedi__x12_interchange_ack.txt"


@pytest.mark.parametrize("path", [SERVICES, ANSWER_ALONE], ids=lambda path: path.name)
def test_services_of_an_interchange_stand_outside_its_groups(samples: Path, path: Path) -> None:
    """X12.5: ISB, ISE and TA1 follow the ISA; an interchange of TA1s may count itself as a group."""
    rows = files.validate([path]).rows
    assert path.parent.parent == samples
    assert rows.filter(pl.col("severity") == "error").is_empty()
