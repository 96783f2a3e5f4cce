"""Lines to claims: what goes together, what each claim says, and that nothing is lost on the way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st
from mapper_frames import (
    AS_OF,
    DOCTOR,
    FEB_2,
    POLICIES,
    SETTINGS,
    authorizations,
    clients,
    days,
    encounters,
    providers,
)

from edi_iop.identifiers import check_character, patient_control_number
from edi_iop.mapper import episodes, parties
from edi_iop.mapper.claims import Numbers, Tables, claims
from edi_iop.mapper.propose import propose
from edi_iop.tables import TABLES


def made(
    day_frame: pl.DataFrame,
    client_frame: pl.DataFrame | None = None,
    auth_frame: pl.DataFrame | None = None,
    encounter_frame: pl.DataFrame | None = None,
    roster: pl.DataFrame | None = None,
    first_serial: int = 7,
) -> Tables:
    people = clients({}) if client_frame is None else client_frame
    lines, findings, _ = propose(
        day_frame,
        encounters({}) if encounter_frame is None else encounter_frame,
        people,
        authorizations() if auth_frame is None else auth_frame,
        POLICIES,
        SETTINGS,
        AS_OF,
    )
    assert findings == []
    staff = providers() if roster is None else roster
    spans = episodes.bounded(day_frame, lines.clear(), lines.clear(), lines, AS_OF)
    placed = parties.staffed(parties.placed(lines, people, spans), staff)
    return claims(placed, people, staff, SETTINGS, POLICIES, Numbers(first_serial), AS_OF)


def on(*offsets: int, **more: Any) -> list[dict[str, Any]]:
    return [{"service_date": FEB_2 + timedelta(n), **more} for n in offsets]


def claim_of(tables: Tables) -> dict[str, Any]:
    assert tables["claims"].height == 1
    return tables["claims"].row(0, named=True)


def test_three_days_of_february_are_one_claim() -> None:
    tables = made(days(*on(0, 2, 4)), auth_frame=authorizations({}))
    claim = claim_of(tables)
    lines = tables["claim_lines"]
    assert {name: dict(frame.schema) for name, frame in tables.items()} == {
        name: TABLES[name].schema for name in tables
    }
    assert (claim["charge_cents"], claim["auth_number"]) == (105000, "A1")
    assert (claim["statement_from"], claim["statement_to"]) == (FEB_2, date(2026, 2, 6))
    assert (claim["admission_date"], claim["facility_type"]) == (FEB_2, "13")
    assert (claim["frequency"], claim["patient_status"]) == ("2", "30")
    assert (claim["admission_type"], claim["admission_source"]) == ("9", "9")
    assert (claim["assignment"], claim["benefits_assigned"], claim["release"]) == ("A", "Y", "Y")
    assert (claim["attending_npi"], claim["attending_last_name"]) == (DOCTOR, "SMITH")
    assert (claim["payer_name"], claim["filing_indicator"]) == ("Harbor Health Plan", "CI")
    assert (claim["billing_npi"], claim["billing_zip"]) == ("1993999998", "627010001")
    assert claim["claim"] == patient_control_number(7)
    assert lines["line"].to_list() == [1, 2, 3]
    assert lines["line_control"].to_list() == [
        f"L{claim['claim'][1:]}{number:03d}" for number in (1, 2, 3)
    ]
    assert set(lines["unit_basis"]) == {"UN"}
    assert set(lines["qualifier"]) == {"HC"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"service_date": date(2026, 1, 31)}, {"service_date": date(2026, 2, 1)}),
        ({}, {"service_date": date(2026, 2, 3), "diagnoses": "F1120"}),
        ({}, {"service_date": date(2026, 2, 3), "program_track": "MH", "diagnoses": "F331"}),
        ({}, {"service_date": date(2026, 2, 3), "episode_id": "E2"}),
        ({}, {"service_date": date(2026, 2, 3), "client_id": "C2"}),
        ({"auth_number": "X1"}, {"service_date": date(2026, 2, 3), "auth_number": "X2"}),
    ],
)
def test_what_never_shares_a_claim(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Month, principal diagnosis, track, episode, client and authorization."""
    tables = made(days(first, second), clients({}, {"client_id": "C2"}))
    assert tables["claims"].height == 2
    assert tables["claims"]["claim"].n_unique() == 2


def test_a_coverage_change_splits_the_claim() -> None:
    coverages = clients(
        {"coverage_to": date(2026, 2, 9), "group_number": "G1"},
        {"coverage_from": date(2026, 2, 10), "group_number": "G2"},
    )
    tables = made(days(*on(0, 7, 8, 9)), coverages)
    assert tables["claims"]["group_number"].to_list() == ["G1", "G2"]
    assert tables["claims"]["charge_cents"].to_list() == [70000, 70000]


@pytest.mark.parametrize(
    ("discharged", "expected"),
    [
        (None, [("2", "30"), ("3", "30"), ("3", "30")]),
        (date(2026, 3, 4), [("2", "30"), ("3", "30"), ("4", "01")]),
    ],
)
def test_frequency_says_the_place_in_the_episode(
    discharged: date | None, expected: list[tuple[str, str]]
) -> None:
    """First interim, continuing, last: and the status agrees."""
    months = [
        {"service_date": day, "admit_date": date(2026, 1, 5), "discharge_date": discharged}
        for day in (date(2026, 1, 5), date(2026, 2, 2), date(2026, 3, 4))
    ]
    tables = made(days(*months))
    assert tables["claims"].select("frequency", "patient_status").rows() == expected


def test_a_whole_episode_in_one_claim_is_admit_through_discharge() -> None:
    ended = {"discharge_date": date(2026, 2, 4), "discharge_status": "62"}
    claim = claim_of(made(days(*on(0, 2, **ended))))
    assert (claim["frequency"], claim["patient_status"]) == ("1", "62")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"discharge_date": date(2026, 2, 5)}, ("1", "01")),  # the day after the last one attended
        ({"discharge_date": date(2026, 2, 5), "discharge_status": "02"}, ("1", "02")),
        ({"discharge_date": AS_OF + timedelta(1)}, ("2", "30")),  # yet to come
        (
            {"discharge_date": date(2026, 2, 3)},
            ("1", "01"),
        ),  # before the last day: LOC tells, not we
    ],
)
def test_an_episode_ends_with_the_last_day_attended_before_the_discharge(
    told: dict[str, Any], expected: tuple[str, str]
) -> None:
    claim = claim_of(made(days(*on(0, 2, **told))))
    assert (claim["frequency"], claim["patient_status"]) == expected


def test_claims_to_another_payer_begin_with_a_first_one() -> None:
    """The coverage changes in the middle of the episode: the new payer has seen no claim of it."""
    people = clients({"coverage_to": date(2026, 2, 9)}, {"payer_id": "MERID", "member_id": "M2"})
    moved = on(8, payer_id="MERID", member_id="M2")
    found = made(days(*on(0, 7), *moved), people)["claims"].select("payer_id", "frequency").rows()
    assert sorted(found) == [("HARBR", "2"), ("MERID", "2")]


def test_a_discharge_told_with_the_last_day_alone_ends_the_episode() -> None:
    ended = {"discharge_date": date(2026, 3, 6), "discharge_status": "07"}
    tables = made(days(*on(0, 2), *on(30, **ended)))
    found = tables["claims"].select("frequency", "patient_status").rows()
    assert found == [("2", "30"), ("4", "07")]


def test_the_subscriber_is_the_patient_or_another() -> None:
    own = claim_of(made(days({})))
    assert (own["subscriber_last_name"], own["subscriber_zip"]) == ("DOE", "627010002")
    assert own["patient_last_name"] is None
    child = clients(
        {
            "relationship": "19",
            "subscriber_last_name": "ROE",
            "subscriber_first_name": "RAY",
            "subscriber_birth_date": date(1960, 1, 1),
        }
    )
    other = claim_of(made(days({}), child))
    assert (other["subscriber_last_name"], other["subscriber_first_name"]) == ("ROE", "RAY")
    assert other["subscriber_birth_date"] is None
    assert (other["patient_last_name"], other["patient_sex"]) == ("DOE", "F")
    assert (other["patient_birth_date"], other["relationship"]) == (date(1990, 5, 5), "19")


def test_diagnoses_are_the_principal_then_others_once() -> None:
    tables = made(
        days(
            {"diagnoses": "F1020 F331 Z634"},
            {"diagnoses": "F1020 Z634 F411", "service_date": date(2026, 2, 3)},
        )
    )
    listed = tables["claim_diagnoses"].select("qualifier", "diagnosis", "position").rows()
    assert listed == [
        ("ABK", "F1020", 1),
        ("ABF", "F331", 1),
        ("ABF", "Z634", 2),
        ("ABF", "F411", 3),
    ]


def test_no_more_than_24_other_diagnoses_in_two_segments() -> None:
    many = " ".join(["F1020", *(f"Z{number}" for number in range(100, 130))])
    listed = made(days({"diagnoses": many}))["claim_diagnoses"]
    assert listed["diagnosis"].to_list() == many.split()[:25]
    assert listed.group_by("byte_offset", maintain_order=True).len()["len"].to_list() == [1, 12, 12]
    assert listed["position"].max() == 12


def test_a_component_rides_with_its_days_per_diem() -> None:
    asking = encounters({}, {"source_record_id": "R2", "procedure": "G0480", "revenue": "0301"})
    tables = made(days({"encounters": ["R1", "R2"]}), encounter_frame=asking)
    assert claim_of(tables)["charge_cents"] == 43000
    assert tables["claim_lines"]["procedure"].to_list() == ["H0015", "G0480"]


def test_each_partner_gets_its_own_submission() -> None:
    meridian = {"payer_id": "MERID", "client_id": "C2", "member_id": "M2"}
    people = clients({}, meridian)
    tables = made(days({}, meridian), people)
    assert tables["submissions"]["receiver_id"].to_list() == ["CLEAR", "MERIDIRECT"]
    assert tables["submissions"]["created_on"].to_list() == [AS_OF, AS_OF]
    assert tables["claims"].select("file_id", "payer_id").rows() == [(1, "HARBR"), (2, "MERID")]


def test_a_day_without_attending_takes_the_one_of_its_episode() -> None:
    tables = made(days({}, {"service_date": date(2026, 2, 3), "attending_npi": None}))
    assert tables["claim_lines"].height == 2
    assert claim_of(tables)["attending_npi"] == DOCTOR


def test_nothing_in_nothing_out() -> None:
    tables = made(days())
    assert all(frame.is_empty() for frame in tables.values())


DAY = st.fixed_dictionaries(
    {
        "client_id": st.sampled_from(["C1", "C2"]),
        "service_date": st.dates(date(2025, 12, 20), date(2026, 2, 20)),
        "program_track": st.sampled_from(["SUD", "MH", "CO"]),
        "diagnoses": st.sampled_from(["F1020", "F331 F1020", "F1020 F331"]),
        "payer_id": st.sampled_from(["HARBR", "MERID"]),
    }
)


@runs(max_examples=runs.default.max_examples // 10)
@given(
    st.lists(DAY, max_size=14, unique_by=lambda d: (d["client_id"], d["service_date"])),
    st.integers(0, 5),
)
def test_every_line_is_on_one_claim_and_every_claim_holds_together(
    chosen: list[dict[str, Any]], units: int
) -> None:
    """Plain counts: totals add up, one IOP line a member and date, no month, payer or number crossed."""
    members = {"C1": "M1", "C2": "M2"}
    frame = days(*({**day, "member_id": members[day["client_id"]]} for day in chosen))
    people = clients(
        *(
            {"client_id": client, "member_id": member, "payer_id": payer}
            for client, member in members.items()
            for payer in ("HARBR", "MERID")
        )
    )
    tables = made(frame, people, authorizations({"units": float(units)}))
    lines, heads = tables["claim_lines"].rows(named=True), tables["claims"].rows(named=True)
    assert len(lines) == len(chosen)
    owner = {head["claim_offset"]: head for head in heads}
    assert len({head["claim"] for head in heads}) == len(heads)
    assert all(check_character(head["claim"][:-1]) == head["claim"][-1] for head in heads)
    assert len({line["line_control"] for line in lines}) == len(lines)
    billed = [(owner[line["claim_offset"]]["member_id"], line["service_date"]) for line in lines]
    assert len(set(billed)) == len(billed)
    for head in heads:
        own = [line for line in lines if line["claim_offset"] == head["claim_offset"]]
        dates = [line["service_date"] for line in own]
        assert sum(line["charge_cents"] for line in own) == head["charge_cents"]
        assert [line["line"] for line in own] == list(range(1, len(own) + 1))
        assert dates == sorted(dates)
        assert (dates[0], dates[-1]) == (head["statement_from"], head["statement_to"])
        assert len({(day.year, day.month) for day in dates}) == 1
        assert len({line["procedure"] for line in own}) == 1
        assert (head["frequency"] in "14") == (head["patient_status"] != "30")
