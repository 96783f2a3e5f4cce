"""Weeks of a payer that grants no transition weeks: partial weeks are still not judged."""

from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest

from edi_iop.rules.days import days
from edi_iop.rules.engine import check
from edi_iop.rules.policy import Policy, load
from edi_iop.rules.records import Records
from edi_iop.tables import AUTHORIZATIONS, CLIENTS, ENCOUNTERS, PROVIDERS, SERVICE_LINES

HARBOR = load("harbor", date(2026, 1, 1))
SUNDAY = date(2026, 1, 11)
TUESDAY, THURSDAY = SUNDAY + timedelta(days=2), SUNDAY + timedelta(days=4)


def policy(**given: Any) -> Policy:
    duration = msgspec.structs.replace(HARBOR.duration, transition_weeks=0, **given)
    return msgspec.structs.replace(HARBOR, duration=duration)


def short_weeks(rule: Policy, birth: date | None = date(1990, 1, 1), **episode: date) -> list[date]:
    """Dates of the lines in short weeks, of a client who came for three hours on two days of one."""
    base = {"file_id": 1, "row": 1, "client_id": "C1", "payer_id": "HARBR"}
    came = [
        base
        | episode
        | {
            "source_record_id": f"E{n}",
            "service_date": on,
            "level_of_care": "IOP",
            "program_track": "SUD",
            "minutes": 180,
            "attendance": attendance,
            "note_status": "signed",
        }
        for n, (on, attendance) in enumerate(
            [
                (date(2026, 1, 1), "no_show"),
                (TUESDAY, "attended"),
                (THURSDAY, "attended"),
                (date(2026, 1, 31), "no_show"),
            ]
        )
    ]
    rows = [{key: row[key] for key in row if key in ENCOUNTERS.schema} for row in came]
    encounters = pl.from_dicts(rows, schema=ENCOUNTERS.schema)
    covered = base | {
        "coverage_priority": "P",
        "coverage_from": date(2025, 1, 1),
        "birth_date": birth,
    }
    clients = pl.from_dicts([covered], schema=CLIENTS.schema)
    lines = [
        base
        | {"standing": "sent", "form": "I", "service_date": on, "procedure": "H0015"}
        | {"claim": "A"}
        for on in (TUESDAY, THURSDAY)
    ]
    shaped = [{key: row[key] for key in row if key in SERVICE_LINES.schema} for row in lines]
    found = check(
        Records(
            lines=pl.from_dicts(shaped, schema=SERVICE_LINES.schema),
            days=days(encounters, clients, {"HARBR": rule}),
            encounters=encounters,
            clients=clients,
            authorizations=AUTHORIZATIONS.empty(),
            providers=PROVIDERS.empty(),
            as_of=date(2026, 3, 1),
        ),
        {"HARBR": rule},
        ["DUR-02"],
    )
    return found["service_date"].to_list()


@pytest.mark.parametrize(
    ("episode", "short"),
    [
        ({"admit_date": SUNDAY}, True),
        ({"admit_date": TUESDAY}, False),
        ({"admit_date": SUNDAY, "discharge_date": THURSDAY}, False),
        ({"admit_date": SUNDAY, "discharge_date": SUNDAY + timedelta(days=6)}, True),
        ({}, False),
    ],
    ids=[
        "whole",
        "admitted in it",
        "discharged in it",
        "discharged at its end",
        "first seen in it",
    ],
)
def test_partial_weeks(episode: dict[str, date], short: bool) -> None:
    assert short_weeks(policy(), **episode) == ([TUESDAY, THURSDAY] if short else [])


def test_the_week_begins_where_the_payer_says() -> None:
    """Admitted on Sunday: by weeks from Monday the one before is partial, this one is whole."""
    assert short_weeks(policy(week_start="monday"), admit_date=SUNDAY) == [TUESDAY, THURSDAY]
    assert short_weeks(policy(week_start="monday"), admit_date=SUNDAY + timedelta(days=2)) == []


@pytest.mark.parametrize(
    ("birth", "short"),
    [
        (date(2008, 1, 11), True),
        (date(2008, 1, 12), False),
        (None, False),
    ],
    ids=["eighteen on the first day", "a day younger", "age unknown"],
)
def test_the_bar_is_by_age_on_the_first_day_of_the_week(birth: date | None, short: bool) -> None:
    assert bool(short_weeks(policy(), birth, admit_date=SUNDAY)) is short
