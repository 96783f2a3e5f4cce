"""FHIR R4 feeds: Bundles and NDJSON, references, times of other zones, what cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edi_iop.errors import FeedRejected
from edi_iop.parsers import feed_layout, feeds
from tests.conftest import FIXTURES
from tests.parsers.reading import read_all, sniffed

BUNDLE = json.loads((FIXTURES / "feeds" / "fhir" / "bundle.json").read_text(encoding="utf-8"))
RESOURCES: list[dict[str, Any]] = [entry["resource"] for entry in BUNDLE["entry"]]


def resources(*names: str, **changes: Any) -> list[dict[str, Any]]:
    """Those of the bundle, by id; the last one changed."""
    found = [
        json.loads(json.dumps(one)) for name in names for one in RESOURCES if one["id"] == name
    ]
    found[-1] |= changes
    return found


def ndjson(*found: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in found).encode()


def first(data: bytes) -> dict[str, object]:
    return read_all(data)[0]["encounters"].row(0, named=True)


AROUND = ("p1", "d1", "o1", "k1", "k2", "e1")


@pytest.mark.parametrize("data", [ndjson(*RESOURCES), json.dumps(BUNDLE, indent=2).encode()])
def test_both_forms_are_known_by_content(data: bytes) -> None:
    assert sniffed(b"\xef\xbb\xbf\n" + data) == ("FHIR", "fhir")


def test_a_bundle_and_its_resources_a_line_each_say_the_same() -> None:
    """But the session that the claim names by the bundle's own address for it."""
    data = ndjson(*(one for one in RESOURCES if one["id"] != "cl1"))
    sessions = read_all(data)[0]["encounters"]
    whole = read_all(json.dumps(BUNDLE).encode())[0]["encounters"]
    told = ["source_record_id", "service_date", "start_time", "diagnoses", "minutes"]
    assert set(sessions.filter(sessions["source_record_id"] != "s2").select(told).rows()) <= set(
        whole.select(told).rows()
    )


@pytest.mark.parametrize(
    "reference",
    ["Patient/p1", "Patient/p1/_history/3", "https://ehr.example.org/fhir/Patient/p1"],
)
def test_references_are_resolved_by_type_and_id(reference: str) -> None:
    found = resources(*AROUND, "s1", subject={"reference": reference})
    tables, says = read_all(ndjson(*found))
    assert tables["encounters"]["client_id"].to_list() == ["MR0041"]
    assert not [one for one in says if "UNRESOLVED" in one]


def test_a_reference_of_another_type_is_not_resolved() -> None:
    found = resources(*AROUND, "s1", subject={"reference": "Practitioner/d1"})
    _, says = read_all(ndjson(*found))
    assert (
        "FEED_REFERENCE_UNRESOLVED: line 7: Encounter names a Practitioner, which is not in the file"
        in says
    )


def test_diagnoses_stand_in_the_order_of_their_rank() -> None:
    assert first(ndjson(*resources(*AROUND, "s1")))["diagnoses"] == "F1020 F331"


def test_the_authorization_of_the_claim_is_that_of_its_sessions() -> None:
    """Claim.insurance.preAuthRef, the focal insurance first."""
    insurance = [{"focal": False, "preAuthRef": ["NO"]}, {"focal": True, "preAuthRef": ["YES"]}]
    found = resources(*AROUND, "s1", "ch1", "cl1", insurance=insurance)
    assert first(ndjson(*found))["auth_number"] == "YES"


def test_times_of_utc_hang_in_the_layouts_timezone() -> None:
    """An evening group in Chicago begins on the next day in UTC; its service date does not."""
    period = {"start": "2026-01-06T00:00:00Z", "end": "2026-01-06T03:00:00Z"}
    data = ndjson(*resources(*AROUND, "s1", period=period))
    own = feed_layout.decode('extends = "fhir"\ntimezone = "America/Chicago"\n', "own", "own")
    row = feeds.read_feed(1, data, [own]).tables["encounters"].row(0, named=True)
    assert (str(row["service_date"]), str(row["start_time"])) == ("2026-01-05", "18:00:00")
    tables, says = read_all(data)
    assert tables["encounters"].is_empty()
    assert any("a time of UTC, and the layout names no timezone" in one for one in says)


def test_a_session_of_two_days_has_no_end_that_could_be_right() -> None:
    period = {"start": "2026-01-05T09:00:00-05:00", "end": "2026-01-07T12:00:00-05:00"}
    tables, says = read_all(ndjson(*resources(*AROUND, "s1", period=period)))
    assert tables["encounters"].is_empty()
    assert any("end_time" in one for one in says)


def test_a_line_that_is_no_json_costs_itself_only() -> None:
    lines = ndjson(*resources(*AROUND, "s1")) + b'{"resourceType": "Encounter", "id": \n'
    tables, says = read_all(lines)
    assert tables["encounters"].height == 1
    assert says[0].startswith("FEED_MESSAGE_INVALID: line 8: a resource that cannot be read")


@pytest.mark.parametrize("cut", [200, 5000])
def test_a_bundle_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(FeedRejected, match="not JSON of a Bundle"):
        feeds.read_feed(1, json.dumps(BUNDLE, indent=1).encode()[:cut])


def test_no_message_holds_a_name_or_an_id_of_a_person() -> None:
    found = resources(*AROUND, "s1", subject={"reference": "Patient/Sample-Ada-1988"})
    _, says = read_all(ndjson(*found))
    assert not [one for one in says if "Sample" in one]


NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"
OTHER, THIRD = "1245319599", "1003000126"


def practitioner(name: str, npi: str) -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "id": name,
        "identifier": [{"system": NPI_SYSTEM, "value": npi}],
    }


def took_part(role: str, name: str) -> dict[str, Any]:
    coding = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
        "code": role,
    }
    kind = {"type": [{"coding": [coding]}]} if role else {}
    return {**kind, "individual": {"reference": name}}


@pytest.mark.parametrize(
    ("participants", "attending", "rendering"),
    [
        ([("PPRF", "Practitioner/d1"), ("ATND", "Practitioner/d2")], OTHER, "1234567893"),
        ([("ADM", "Practitioner/d2"), ("PPRF", "Practitioner/d1")], "1234567893", "1234567893"),
        ([("ATND", "#inside")], THIRD, THIRD),
        ([("ATND", "#role")], THIRD, THIRD),
        ([("ADM", "Practitioner/d2")], None, OTHER),
    ],
)
def test_who_attended_is_told_by_the_participants_role(
    participants: list[tuple[str, str]], attending: str | None, rendering: str
) -> None:
    """v3-ParticipationType: ATND, else PPRF; practitioners by reference or contained."""
    inside = {
        "resourceType": "PractitionerRole",
        "id": "role",
        "practitioner": {"reference": "#inside"},
    }
    contained = [practitioner("inside", THIRD), inside]
    found = resources(
        *AROUND, "s1", participant=[took_part(*one) for one in participants], contained=contained
    )
    row = first(ndjson(practitioner("d2", OTHER), *found))
    assert (row["attending_npi"], row["rendering_npi"]) == (attending, rendering)


def test_who_performed_a_charge_attended_where_no_role_says_it() -> None:
    charge = resources("ch1", performer=[{"actor": {"reference": "Practitioner/d2"}}])
    found = [*resources(*AROUND, "s1", participant=[]), *charge, practitioner("d2", OTHER)]
    assert first(ndjson(*found))["attending_npi"] == OTHER


def test_a_participant_without_a_role_is_assumed_to_have_attended() -> None:
    found = resources(*AROUND, "s1", participant=[took_part("", "Practitioner/d1")])
    tables, says = read_all(ndjson(*found))
    assert tables["encounters"]["attending_npi"].to_list() == ["1234567893"]
    assert any(one.startswith("FEED_ASSUMED: attending_npi assumed") for one in says)
