"""Encounters to patient days: unions of intervals, tracks, diagnoses, coverage."""

from datetime import date, time
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi_iop.rules.days import current, days, union_minutes
from edi_iop.rules.policy import load
from edi_iop.tables import CLIENTS, DAYS, ENCOUNTERS

DAY = date(2026, 1, 14)
POLICIES = {"HARBR": load("harbor", DAY), "MERID": load("meridian", DAY)}


def encounter(number: int = 1, **given: Any) -> dict[str, Any]:
    return {
        "file_id": 1,
        "row": number,
        "source_record_id": f"E{number}",
        "record_action": "add",
        "record_version": 1,
        "client_id": "C1",
        "level_of_care": "IOP",
        "program_track": "SUD",
        "service_date": DAY,
        "service_type": "group",
        "attendance": "attended",
        "note_status": "signed",
        "diagnoses": "F1020",
    } | given


def at(start: str, end: str, number: int = 1, **given: Any) -> dict[str, Any]:
    clock = {"start_time": time.fromisoformat(start), "end_time": time.fromisoformat(end)}
    return encounter(number, **clock, **given)


def client(**given: Any) -> dict[str, Any]:
    return {
        "file_id": 1,
        "row": 2,
        "client_id": "C1",
        "birth_date": date(1990, 5, 1),
        "payer_id": "HARBR",
        "member_id": "M1",
        "coverage_priority": "P",
        "coverage_from": date(2025, 1, 1),
    } | given


def made(*rows: dict[str, Any], clients: tuple[dict[str, Any], ...] = (client(),)) -> pl.DataFrame:
    encounters = pl.from_dicts(list(rows), schema=ENCOUNTERS.schema)
    held = pl.from_dicts(list(clients), schema=CLIENTS.schema) if clients else CLIENTS.empty()
    return days(encounters, held, POLICIES)


def minutes(*rows: dict[str, Any]) -> tuple[int, int]:
    return made(*rows).select("minutes", "unsigned_minutes").row(0)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([("09:00", "12:00")], 180),
        ([("09:00", "10:00"), ("10:00", "11:00")], 120),
        ([("09:00", "10:00"), ("10:15", "11:15")], 120),
        ([("09:00", "11:00"), ("10:00", "12:00")], 180),
        ([("09:00", "12:00"), ("10:00", "11:00"), ("11:30", "12:30")], 210),
        ([("09:00", "12:00"), ("09:00", "12:00")], 180),
        ([("22:30", "01:00")], 90),
        ([("22:00", "00:00")], 120),
        ([("09:00", "09:00")], 0),
    ],
    ids=[
        "one",
        "adjacent",
        "gap",
        "overlap",
        "one inside another",
        "twice the same",
        "past midnight counts to midnight",
        "ends at midnight",
        "empty",
    ],
)
def test_minutes_are_a_union(spans: list[tuple[str, str]], expected: int) -> None:
    rows = [at(*span, number=n) for n, span in enumerate(spans, start=1)]
    assert minutes(*rows) == (expected, expected)
    assert minutes(*reversed(rows)) == (expected, expected)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6))
def test_union_equals_a_count_of_covered_minutes(ends: list[tuple[int, int]]) -> None:
    spans = [(min(pair), max(pair)) for pair in ends]
    covered = {minute for start, end in spans for minute in range(start, end)}
    frame = pl.DataFrame(
        {"day": ["d"] * len(spans), "start": [a for a, _ in spans], "end": [b for _, b in spans]},
        schema={"day": pl.String, "start": pl.Int64, "end": pl.Int64},
    )
    assert union_minutes(frame, ["day"])["minutes"].sum() == len(covered)


def test_signed_minutes_are_a_union_of_their_own() -> None:
    rows = (
        at("09:00", "11:00"),
        at("10:00", "12:00", number=2, note_status="draft"),
        at("13:00", "13:30", number=3, note_status="cosigned"),
    )
    assert minutes(*rows) == (150, 210)


def test_only_attended_encounters_make_a_day() -> None:
    assert minutes(at("09:00", "10:00", attendance="partial")) == (60, 60)
    for missed in ("no_show", "cancelled", "excused"):
        assert made(at("09:00", "12:00", attendance=missed)).is_empty()


def test_sessions_without_times_add_up() -> None:
    rows = (
        encounter(1, minutes=60),
        encounter(2, minutes=60),
        at("09:00", "10:00", number=3),
        encounter(4, minutes=45, note_status="draft"),
    )
    assert minutes(*rows) == (180, 225)


def test_a_session_exported_once_for_each_track_counts_once() -> None:
    rows = (
        encounter(1, minutes=90),
        encounter(2, minutes=90, program_track="MH"),
        encounter(3, minutes=30, program_track="MH"),
    )
    assert minutes(*rows) == (120, 120)


def test_times_win_over_minutes() -> None:
    assert minutes(at("09:00", "10:00", minutes=300)) == (60, 60)


def test_a_service_paid_apart_is_no_time_in_the_program() -> None:
    """Meridian pays peer support apart, Harbor does not (maps/payers)."""
    rows = (at("09:00", "11:00"), at("11:00", "12:00", number=2, service_type="peer"))
    assert minutes(*rows) == (180, 180)
    apart = made(*rows, clients=(client(payer_id="MERID"),))
    assert apart.select("minutes", "encounters").row(0) == (120, ["E1", "E2"])


def test_levels_of_care_and_dates_are_days_of_their_own() -> None:
    rows = (
        at("09:00", "12:00"),
        at("13:00", "16:00", number=2, level_of_care="PHP"),
        at("09:00", "10:00", number=3, service_date=date(2026, 1, 15)),
    )
    found = made(*rows).select("service_date", "level_of_care", "minutes").rows()
    assert found == [(DAY, "IOP", 180), (DAY, "PHP", 180), (date(2026, 1, 15), "IOP", 60)]


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [(("SUD", "SUD"), "SUD"), (("SUD", "MH"), "CO"), (("MH", "CO"), "CO"), (("MH", None), "MH")],
)
def test_two_tracks_on_a_day_are_co_occurring(
    tracks: tuple[str | None, ...], expected: str
) -> None:
    rows = [encounter(n, program_track=track, minutes=60) for n, track in enumerate(tracks)]
    assert made(*rows)["program_track"].to_list() == [expected]


def test_the_longest_encounter_speaks_first() -> None:
    rows = (
        at("09:00", "10:00", diagnoses="F331 F1020", rendering_npi="1", auth_number="A1"),
        at("10:00", "12:00", number=2, diagnoses="F1020 F411", rendering_npi="2"),
    )
    day = made(*rows).row(0, named=True)
    assert day["diagnoses"] == "F1020 F411 F331"
    assert (day["rendering_npi"], day["auth_number"]) == ("2", "A1")
    assert day["encounters"] == ["E1", "E2"]


def test_a_day_without_diagnoses_has_none() -> None:
    assert made(encounter(1, diagnoses=None, minutes=60))["diagnoses"].to_list() == [None]


def test_coverage_is_the_primary_of_the_date() -> None:
    held = (
        client(coverage_to=date(2026, 1, 13)),
        client(row=3, payer_id="MERID", member_id="M2", coverage_from=date(2026, 1, 14)),
        client(row=4, payer_id="OTHER", member_id="M3", coverage_priority="S"),
    )
    rows = [
        at("09:00", "10:00", number=n, service_date=on)
        for n, on in enumerate((date(2026, 1, 13), DAY, date(2024, 1, 1)))
    ]
    found = made(*rows, clients=held).select("service_date", "payer_id", "member_id").rows()
    assert found == [
        (date(2024, 1, 1), None, None),
        (date(2026, 1, 13), "HARBR", "M1"),
        (DAY, "MERID", "M2"),
    ]


def test_a_coverage_row_is_replaced_by_a_later_one_of_its_key() -> None:
    held = (client(), client(row=9, coverage_to=date(2026, 1, 10)))
    assert made(at("09:00", "10:00"), clients=held)["payer_id"].to_list() == [None]


def test_unknown_client_has_a_day_without_coverage() -> None:
    day = made(at("09:00", "12:00"), clients=()).row(0, named=True)
    assert (day["minutes"], day["payer_id"], day["birth_date"]) == (180, None, None)


def test_no_encounters_no_days() -> None:
    empty = days(ENCOUNTERS.empty(), CLIENTS.empty(), POLICIES)
    assert empty.is_empty()
    assert empty.schema == pl.Schema(DAYS.schema)


def test_the_newest_version_stands_and_cancelled_records_are_gone() -> None:
    rows = [
        encounter(1, record_version=2, minutes=50),
        encounter(1, record_version=1, minutes=60, file_id=2),
        encounter(2, minutes=10),
        encounter(2, minutes=20, file_id=2),
        encounter(3),
        encounter(3, record_version=2, record_action="cancel"),
        encounter(4, record_version=None, minutes=5),
        encounter(4, record_version=1, minutes=6),
    ]
    kept = current(pl.from_dicts(rows, schema=ENCOUNTERS.schema))
    assert sorted(kept.select("source_record_id", "minutes").rows()) == [
        ("E1", 50),
        ("E2", 20),
        ("E4", 6),
    ]
    assert current(kept).equals(kept)


def test_a_discharge_is_of_every_session_of_its_episode_and_of_no_other() -> None:
    """An ADT says it apart from the charges: once, before or after them."""
    told = {
        "record_action": "discharge",
        "source_record_id": "V1/discharge",
        "episode_id": "V1",
        "discharge_date": date(2026, 1, 20),
        "discharge_status": "01",
        "attendance": None,
    }
    rows = [
        encounter(1, episode_id="V1"),
        encounter(2, episode_id="V1") | told,
        encounter(3, episode_id="V1", service_date=date(2026, 1, 16)),
        encounter(4, episode_id="V2"),
        encounter(5),
    ]
    kept = current(ENCOUNTERS.conform(pl.DataFrame(rows)))
    assert kept.select("source_record_id", "discharge_date", "discharge_status").rows() == [
        ("E1", date(2026, 1, 20), "01"),
        ("E3", date(2026, 1, 20), "01"),
        ("E4", None, None),
        ("E5", None, None),
    ]
    later = encounter(2, record_version=2, episode_id="V1") | told | {"record_action": "cancel"}
    later["record_version"] = 2
    back = current(ENCOUNTERS.conform(pl.DataFrame([*rows, later])))
    assert back["discharge_date"].to_list() == [None] * 4
