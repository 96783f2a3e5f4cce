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


def exported(*found: dict[str, Any]) -> dict[str, bytes]:
    """A bulk export: a file a resource type."""
    kinds = dict.fromkeys(one["resourceType"] for one in found)
    return {kind: ndjson(*(one for one in found if one["resourceType"] == kind)) for kind in kinds}


def read_export(
    files: dict[str, bytes], *before: bytes
) -> tuple[dict[str, feeds.Read | FeedRejected], list[str]]:
    """What each file of an export is read to, by its name; every finding."""
    numbered: list[tuple[int | None, bytes]] = [(None, one) for one in before]
    numbered += list(enumerate(files.values(), start=1))
    read = feeds.read_together(numbered)
    names = dict(enumerate(files, start=1))
    says = [
        f"{names[number]}: {place}: {message}"
        for number, one in read.items()
        if isinstance(one, feeds.Read)
        for place, message in one.faults.select("place", "says").rows()
    ]
    return {names[number]: one for number, one in read.items()}, says


EXPORT = exported(*resources("p1", "d1", "o1", "o2", "c1", "k1", "k2", "e1", "s1", "ch1"))


def tables(read: feeds.Read | FeedRejected) -> dict[str, Any]:
    assert isinstance(read, feeds.Read)
    return read.tables


def test_the_files_of_an_export_belong_together() -> None:
    """A file a resource type: the same rows as of one file, each in the file it stands in."""
    read, says = read_export(EXPORT)
    whole = read_all(b"".join(EXPORT.values()))[0]
    own = {"file_id", "row"}
    for kind, name in (("encounters", "ChargeItem"), ("clients", "Coverage")):
        assert tables(read[name])[kind].drop(own).equals(whole[kind].drop(own))
    assert sum(tables(one)["encounters"].height for one in read.values()) == 1
    assert not [one for one in says if "names" in one]


def test_a_file_of_an_export_alone_is_refused_and_says_what_to_do() -> None:
    read, _ = read_export({"Encounter": EXPORT["Encounter"]})
    reason = str(read["Encounter"])
    assert "1 Patient, 2 Condition" in reason
    assert "hand over all files of an export together" in reason


def test_a_file_that_was_taken_in_before_still_answers_for_the_others() -> None:
    """A weekly export brings the same patients again: their file is known, and not read anew."""
    known = [data for name, data in EXPORT.items() if name != "ChargeItem"]
    read, says = read_export({"ChargeItem": EXPORT["ChargeItem"]}, *known)
    assert tables(read["ChargeItem"])["encounters"]["client_id"].to_list() == ["MR0041"]
    assert not [one for one in says if "names" in one]


def test_what_a_new_file_says_of_a_known_one_is_a_row_of_the_new() -> None:
    """The session is cancelled, its charge stands in a file that came before."""
    session = resources("s1", status="cancelled")
    known = [data for name, data in EXPORT.items() if name != "Encounter"]
    read, _ = read_export(exported(*session), *known)
    (row,) = tables(read["Encounter"])["encounters"].to_dicts()
    assert (row["source_record_id"], row["attendance"]) == ("ch1", "cancelled")


def test_two_exports_at_once_are_not_mixed() -> None:
    """One name, other contents: whose patient is meant would be a guess."""
    other = ndjson(*resources("p1", birthDate="1999-01-01"))
    read, says = read_export({**EXPORT, "Other": other})
    assert tables(read["ChargeItem"])["encounters"]["client_id"].to_list() != ["MR0041"]
    assert any("which several files have, not alike" in one for one in says)


def test_resources_that_none_has_are_told_once_with_their_number() -> None:
    sessions = [{**resources("s1")[0], "id": f"s{at}"} for at in range(9)]
    found = exported(*resources("p1", "k1", "k2", "e1", "o1"), *sessions)
    read, says = read_export(found)
    assert tables(read["Encounter"])["encounters"].height == 9
    told = [one for one in says if "Practitioner" in one]
    assert told == [
        "Encounter: None: Encounter names Practitioner resources, and none came with it: 9 times"
    ]
