"""Small hand-made frames for the mapper's tests: one clinic, two payers, invented people."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from edi_iop import settings as settings_module
from edi_iop.rules import policy
from edi_iop.tables import (
    AUTHORIZATIONS,
    CLIENTS,
    DAYS,
    ENCOUNTERS,
    PROVIDERS,
    SERVICE_LINES,
    Table,
)

AS_OF = date(2026, 3, 10)
FEB_2 = date(2026, 2, 2)
DOCTOR = "1234567893"

SETTINGS = settings_module.decode(
    """
    usage = "T"
    [facility]
    name = "Willow House"
    npi = "1993999998"
    tin = "123456789"
    taxonomy = "261QM0850X"
    address1 = "1 Main Street"
    city = "Springfield"
    state = "IL"
    zip = "627010001"
    [submitter]
    name = "Willow House"
    id = "WILLOW"
    contact = "Billing"
    phone = "2175550100"
    [[partners]]
    id = "CLEAR"
    name = "Clear House"
    [[partners]]
    id = "MERIDIRECT"
    name = "Meridian Direct"
    [[payers]]
    id = "HARBR"
    name = "Harbor Health Plan"
    policy = "harbor"
    partner = "CLEAR"
    [[payers]]
    id = "MERID"
    name = "Meridian Behavioral"
    policy = "meridian"
    partner = "MERIDIRECT"
    [charges]
    H0015 = "350.00"
    S9480 = "400.00"
    G0480 = "80.00"
    """
)
POLICIES = {payer.id: policy.load(payer.policy, date(2026, 1, 1)) for payer in SETTINGS.payers}


def rows(table: Table, defaults: dict[str, Any], given: tuple[dict[str, Any], ...]) -> pl.DataFrame:
    """A canonical table of these rows, each over the defaults."""
    filled = [{name: (defaults | row).get(name) for name in table.schema} for row in given]
    return pl.DataFrame(filled, schema=table.schema, orient="row")


def days(*given: dict[str, Any]) -> pl.DataFrame:
    """IOP days of client C1, member M1 of Harbor, three hours each; keys override."""
    return rows(
        DAYS,
        {
            "client_id": "C1",
            "service_date": FEB_2,
            "level_of_care": "IOP",
            "program_track": "SUD",
            "minutes": 180,
            "unsigned_minutes": 180,
            "diagnoses": "F1020",
            "episode_id": "E1",
            "admit_date": FEB_2,
            "attending_npi": DOCTOR,
            "rendering_npi": DOCTOR,
            "payer_id": "HARBR",
            "member_id": "M1",
            "birth_date": date(1990, 5, 5),
            "encounters": ["R1"],
        },
        given,
    )


def encounters(*given: dict[str, Any]) -> pl.DataFrame:
    return rows(
        ENCOUNTERS,
        {
            "file_id": 1,
            "row": 2,
            "source_record_id": "R1",
            "client_id": "C1",
            "level_of_care": "IOP",
            "program_track": "SUD",
            "service_date": FEB_2,
            "service_type": "group",
            "attendance": "attended",
            "note_status": "signed",
        },
        given,
    )


def clients(*given: dict[str, Any]) -> pl.DataFrame:
    return rows(
        CLIENTS,
        {
            "client_id": "C1",
            "last_name": "DOE",
            "first_name": "JANE",
            "birth_date": date(1990, 5, 5),
            "sex": "F",
            "address1": "2 Oak Street",
            "city": "Springfield",
            "state": "IL",
            "zip": "62701-0002",
            "payer_id": "HARBR",
            "member_id": "M1",
            "coverage_priority": "P",
            "relationship": "18",
            "coverage_from": date(2025, 1, 1),
        },
        given,
    )


def authorizations(*given: dict[str, Any]) -> pl.DataFrame:
    return rows(
        AUTHORIZATIONS,
        {
            "auth_number": "A1",
            "payer_id": "HARBR",
            "client_id": "C1",
            "level_of_care": "IOP",
            "program_track": "SUD",
            "units": 20.0,
            "unit_basis": "day",
            "from_date": date(2026, 1, 1),
            "to_date": date(2026, 6, 30),
            "status": "approved",
        },
        given,
    )


def providers(*given: dict[str, Any]) -> pl.DataFrame:
    defaults = {
        "npi": DOCTOR,
        "last_name": "SMITH",
        "first_name": "PAT",
        "taxonomy": "2084P0800X",
    }
    return rows(PROVIDERS, defaults, given or ({},))


def history(*given: dict[str, Any]) -> pl.DataFrame:
    return rows(
        SERVICE_LINES,
        {
            "file_id": 9,
            "claim_offset": 1,
            "line_offset": 1,
            "form": "I",
            "standing": "sent",
            "client_id": "C1",
            "payer_id": "HARBR",
            "member_id": "M1",
            "service_date": FEB_2,
            "procedure": "H0015",
            "revenue": "0906",
            "units": 1.0,
        },
        given,
    )
