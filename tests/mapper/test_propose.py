"""Days to proposed lines: which per diem, which units, which authorization, and what is refused."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st
from mapper_frames import (
    AS_OF,
    FEB_2,
    POLICIES,
    SETTINGS,
    authorizations,
    clients,
    days,
    encounters,
    history,
)

from edi_iop.findings import Finding
from edi_iop.mapper.propose import already_billed, propose
from edi_iop.tables import SERVICE_LINES


def proposed(
    day_frame: pl.DataFrame,
    encounter_frame: pl.DataFrame | None = None,
    client_frame: pl.DataFrame | None = None,
    auth_frame: pl.DataFrame | None = None,
    sent: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, list[Finding]]:
    lines, findings, _ = propose(
        day_frame,
        encounters({}) if encounter_frame is None else encounter_frame,
        clients({}) if client_frame is None else client_frame,
        authorizations() if auth_frame is None else auth_frame,
        POLICIES,
        SETTINGS,
        AS_OF,
        sent,
    )
    return lines, findings


def only(lines: pl.DataFrame) -> dict[str, Any]:
    assert lines.height == 1
    return lines.row(0, named=True)


def test_a_substance_use_day_is_one_h0015_unit() -> None:
    lines, findings = proposed(days({}))
    line = only(lines)
    assert dict(lines.schema) == SERVICE_LINES.schema
    assert findings == []
    assert (line["procedure"], line["revenue"], line["units"]) == ("H0015", "0906", 1.0)
    assert line["charge_cents"] == 35000
    assert (line["standing"], line["form"], line["frequency"]) == ("proposed", "I", "1")
    assert (line["payer_responsibility"], line["billing_npi"]) == ("P", "1993999998")
    assert (line["sent_on"], line["line_offset"], line["claim"]) == (AS_OF, 1, None)
    assert line["encounters"] == ["R1"]


@pytest.mark.parametrize(
    ("day", "authorization", "expected"),
    [
        ({"program_track": "MH", "diagnoses": "F331"}, None, ("S9480", "0905", "F331")),
        ({"program_track": "CO", "diagnoses": "F331 F1020"}, None, ("S9480", "0905", "F331 F1020")),
        ({"program_track": "CO", "diagnoses": "F1020 F331"}, None, ("H0015", "0906", "F1020 F331")),
        (
            {"program_track": "SUD", "diagnoses": "F331 F1020"},
            None,
            ("H0015", "0906", "F1020 F331"),
        ),
        ({"program_track": None, "diagnoses": "Z634 F331"}, None, ("S9480", "0905", "F331 Z634")),
        ({"program_track": None, "diagnoses": "Z634"}, None, ("H0015", "0906", "Z634")),
        (
            {"program_track": "SUD", "diagnoses": "F1020 F331"},
            {"program_track": "MH"},
            ("S9480", "0905", "F331 F1020"),
        ),
        (
            {"program_track": "SUD", "diagnoses": "F1020 F331"},
            {"program_track": None, "procedure": "S9480"},
            ("S9480", "0905", "F331 F1020"),
        ),
        (
            {"program_track": "SUD", "diagnoses": "O99320 F1120"},
            None,
            ("H0015", "0906", "O99320 F1120"),
        ),
        ({"program_track": "MH", "diagnoses": "F1020"}, None, ("S9480", "0905", "F1020")),
    ],
)
def test_authorization_then_track_then_principal_diagnosis(
    day: dict[str, Any], authorization: dict[str, Any] | None, expected: tuple[str, str, str]
) -> None:
    auths = authorizations() if authorization is None else authorizations(authorization)
    line = only(proposed(days(day), auth_frame=auths)[0])
    assert (line["procedure"], line["revenue"], line["diagnoses"]) == expected


@pytest.mark.parametrize(
    "useless",
    [
        {"status": "denied"},
        {"status": "pending"},
        {"level_of_care": "PHP"},
        {"to_date": date(2026, 2, 1)},
        {"from_date": date(2026, 2, 3)},
        {"payer_id": "MERID"},
        {"client_id": "C2"},
    ],
)
def test_an_authorization_that_does_not_cover_is_not_drawn_on(useless: dict[str, Any]) -> None:
    auths = authorizations({"program_track": "MH"} | useless)
    line = only(proposed(days({"auth_number": "EHR9"}), auth_frame=auths)[0])
    assert (line["procedure"], line["auth_number"]) == ("H0015", "EHR9")


def test_meridian_is_billed_by_the_whole_hour() -> None:
    meridian = {"payer_id": "MERID", "minutes": 179, "unsigned_minutes": 179}
    lines, _ = proposed(
        days(meridian, meridian | {"service_date": date(2026, 2, 3), "minutes": 45}),
        client_frame=clients({"payer_id": "MERID"}),
    )
    assert lines["units"].to_list() == [2.0, 1.0]
    assert lines["charge_cents"].to_list() == [70000, 35000]


def test_units_of_an_authorization_are_drawn_in_date_order() -> None:
    five = [{"service_date": FEB_2 + timedelta(n), "auth_number": None} for n in (4, 0, 3, 1, 2)]
    auths = authorizations(
        {"auth_number": "A1", "units": 2.0, "to_date": date(2026, 2, 28)},
        {"auth_number": "A2", "units": 2.0, "to_date": date(2026, 3, 31)},
    )
    lines, _ = proposed(days(*five), auth_frame=auths)
    drawn = dict(lines.select("service_date", "auth_number").iter_rows())
    assert [drawn[FEB_2 + timedelta(n)] for n in range(5)] == ["A1", "A1", "A2", "A2", "A1"]


def test_a_spent_authorization_leaves_the_number_the_ehr_names() -> None:
    auths = authorizations({"units": 1.0})
    sent = history({"service_date": date(2026, 1, 30), "auth_number": "A1"})
    line = only(proposed(days({"auth_number": "EHR9"}), auth_frame=auths, sent=sent)[0])
    assert line["auth_number"] == "EHR9"
    denied = sent.with_columns(standing=pl.lit("denied"))
    again = only(proposed(days({"auth_number": "EHR9"}), auth_frame=auths, sent=denied)[0])
    assert again["auth_number"] == "A1"


def test_hours_of_an_authorization_are_drawn_by_attended_minutes() -> None:
    auths = authorizations({"units": 5.0, "unit_basis": "hour"})
    two = [{}, {"service_date": date(2026, 2, 3), "auth_number": "EHR9"}]
    lines, _ = proposed(days(*two), auth_frame=auths)
    assert lines["auth_number"].to_list() == ["A1", "EHR9"]


def test_unsigned_days_are_proposed_and_unattended_ones_are_not() -> None:
    lines, _ = proposed(
        days(
            {"minutes": 0, "unsigned_minutes": 180},
            {"minutes": 0, "unsigned_minutes": 0, "service_date": date(2026, 2, 3)},
        )
    )
    assert only(lines)["service_date"] == FEB_2


@pytest.mark.parametrize("level", ["PHP", "OP", "RTC"])
def test_other_levels_of_care_propose_nothing(level: str) -> None:
    asking = encounters({"level_of_care": level, "procedure": "H0035", "revenue": "0912"})
    lines, findings = proposed(days({"level_of_care": level}), asking)
    assert lines.is_empty()
    assert findings == []


def test_the_ehr_may_override_the_per_diem() -> None:
    """H0015 with two units under 0905: the mapper asks what was asked, the rules judge."""
    asking = encounters({"procedure": "H0015", "revenue": "0905", "units": 2.0, "modifiers": "59"})
    line = only(proposed(days({"diagnoses": "F331 F1020"}), asking)[0])
    assert (line["revenue"], line["units"], line["modifiers"]) == ("0905", 2.0, "59")
    assert line["charge_cents"] == 70000
    assert line["diagnoses"] == "F331 F1020"


def test_an_override_without_revenue_takes_its_own_pair() -> None:
    line = only(proposed(days({}), encounters({"procedure": "S9480"}))[0])
    assert (line["procedure"], line["revenue"], line["units"]) == ("S9480", "0905", 1.0)


def test_two_tracks_asked_on_one_day_make_one_line() -> None:
    """The dual-diagnosis duplicate (DUP-01) is resolved: the day's own procedure wins."""
    asking = encounters(
        {"procedure": "S9480", "program_track": "MH"},
        {"procedure": "H0015", "source_record_id": "R2"},
    )
    both = days({"program_track": "CO", "encounters": ["R1", "R2"], "diagnoses": "F1020 F331"})
    assert only(proposed(both, asking)[0])["procedure"] == "H0015"


def test_a_component_becomes_its_own_line_beside_the_per_diem() -> None:
    asking = encounters(
        {},
        {
            "source_record_id": "R2",
            "procedure": "G0480",
            "revenue": "0301",
            "service_type": "drug_test",
        },
    )
    lines, _ = proposed(days({"encounters": ["R1", "R2"]}), asking, auth_frame=authorizations({}))
    assert lines["procedure"].to_list() == ["H0015", "G0480"]
    assert lines["revenue"].to_list() == ["0906", "0301"]
    assert lines["charge_cents"].to_list() == [35000, 8000]
    assert lines["auth_number"].to_list() == ["A1", "A1"]
    assert lines["encounters"].to_list() == [["R1", "R2"], ["R2"]]


def test_a_component_alone_asks_for_no_per_diem() -> None:
    asking = encounters({"procedure": "G0480", "service_type": "drug_test", "charge_cents": 9900})
    line = only(proposed(days({"minutes": 10}), asking)[0])
    assert (line["procedure"], line["revenue"], line["charge_cents"]) == ("G0480", "0300", 9900)


@pytest.mark.parametrize(("minutes", "expected"), [(179, []), (180, ["H0015"])])
def test_a_day_long_enough_is_a_per_diem_whatever_codes_its_sessions_carry(
    minutes: int, expected: list[str]
) -> None:
    """An EHR that codes every session of the program asks for no other day: the rules keep the codes back."""
    asking = encounters(
        {"procedure": "H0005", "revenue": "0915", "charge_cents": 9000},
        {
            "source_record_id": "R2",
            "procedure": "H0004",
            "revenue": "0914",
            "service_type": "individual",
            "charge_cents": 9000,
        },
    )
    lines, _ = proposed(days({"minutes": minutes, "encounters": ["R1", "R2"]}), asking)
    assert lines["procedure"].to_list() == [*expected, "H0004", "H0005"]


def test_a_service_authorized_by_itself_goes_under_its_own_number() -> None:
    """REF G1 stands once a claim (005010X223A2 loop 2300): the program's number is not the service's."""
    asking = encounters(
        {},
        {"source_record_id": "R2", "procedure": "H0034", "revenue": "0900", "charge_cents": 2500},
    )
    both = authorizations(
        {"auth_number": "A1"},
        {"auth_number": "MED9", "level_of_care": "OP", "procedure": "H0034"},
        {"auth_number": "OLD9", "procedure": "H0034", "to_date": date(2026, 1, 31), "from_date": date(2026, 1, 1), "level_of_care": "OP"},
    )  # fmt: skip
    lines, _ = proposed(days({"encounters": ["R1", "R2"]}), asking, auth_frame=both)
    numbers = dict(lines.select("procedure", "auth_number").rows())
    assert numbers == {"H0015": "A1", "H0034": "MED9"}


def test_what_is_authorized_for_a_service_alone_is_no_days() -> None:
    both = authorizations(
        {"auth_number": "A1"},
        {"auth_number": "MED9", "procedure": "H0034", "from_date": date(2025, 12, 1)},
    )
    lines, _ = proposed(days({}), auth_frame=both)
    assert only(lines)["auth_number"] == "A1"


def test_the_units_of_a_services_own_authorization_go_by_date_and_come_back() -> None:
    """A visit a session: what was sent has drawn its own, a denied or voided one gave it back."""
    dates = [date(2026, 2, day) for day in (2, 3, 4)]
    asking = encounters(
        *({"source_record_id": f"R{n}", "service_date": day, "procedure": "H0034", "revenue": "0900", "charge_cents": 2500} for n, day in enumerate(dates)),
    )  # fmt: skip
    both = authorizations(
        {"auth_number": "A1"},
        {"auth_number": "MED1", "level_of_care": "OP", "procedure": "H0034", "units": 2.0, "unit_basis": "visit"},
        {"auth_number": "MED2", "level_of_care": "OP", "procedure": "H0034", "units": 1.0, "unit_basis": "visit", "from_date": date(2026, 1, 15)},
    )  # fmt: skip
    served = days(*({"service_date": day, "minutes": 60} for day in dates))

    def numbers(sent: pl.DataFrame | None) -> list[str]:
        lines, _ = proposed(served, asking, auth_frame=both, sent=sent)
        return lines.sort("service_date")["auth_number"].to_list()

    before = {"service_date": date(2026, 1, 20), "procedure": "H0034", "revenue": "0900"}
    assert numbers(None) == ["MED1", "MED1", "MED2"]
    assert numbers(history(before)) == ["MED1", "MED2", "MED1"]
    assert numbers(history(before | {"standing": "denied"})) == ["MED1", "MED1", "MED2"]
    assert numbers(history(before | {"standing": "void"})) == ["MED1", "MED1", "MED2"]


@pytest.mark.parametrize("procedure", [None, "H0034"])
def test_a_service_authorized_in_a_practitioners_name_is_no_facilitys(
    procedure: str | None,
) -> None:
    psychiatrist = "1841293990"
    asking = encounters(
        {},
        {"source_record_id": "R2", "procedure": "H0034", "revenue": "0900", "charge_cents": 2500, "rendering_npi": psychiatrist},
    )  # fmt: skip
    both = authorizations(
        {"auth_number": "A1"},
        {"auth_number": "PSY1", "level_of_care": "OP", "procedure": procedure, "facility_npi": psychiatrist},
    )  # fmt: skip
    lines, findings = proposed(days({"encounters": ["R1", "R2"]}), asking, auth_frame=both)
    assert lines["procedure"].to_list() == ["H0015"]
    (told,) = findings
    assert told.code == "PROFESSIONAL_SERVICE"
    assert psychiatrist in told.message


@pytest.mark.parametrize(
    ("procedure", "kind", "revenue"),
    [
        ("H0005", "group", "0915"),
        ("H0004", "individual", "0914"),
        ("T1006", "family", "0916"),
        ("G0480", "drug_test", "0300"),
        ("H0034", "medication", None),
        ("H0020", "medication", None),
        ("H0038", "peer", None),
    ],
)
def test_a_service_without_a_revenue_code_goes_under_that_of_its_kind_or_not_at_all(
    procedure: str, kind: str, revenue: str | None
) -> None:
    """0914, 0915, 0916: individual, group, family therapy; 0636 is for drugs (domain notes, section 1.4)."""
    asking = encounters({"procedure": procedure, "service_type": kind, "charge_cents": 5000})
    lines, findings = proposed(days({"minutes": 60}), asking)
    assert lines["revenue"].to_list() == ([] if revenue is None else [revenue])
    assert [one.code for one in findings] == ([] if revenue else ["FEED_VALUE_MISSING"])


def test_what_cannot_be_billed_is_a_row_each_with_what_it_lacks() -> None:
    """By client and date, under the finding's code; no row is taken for a proposed line."""
    found = propose(
        days({}, {"client_id": "C2", "payer_id": "OTHER"}, {"service_date": date(2026, 2, 3)}),
        encounters(
            {},
            {"source_record_id": "R9", "client_id": "C9"},
            {
                "source_record_id": "R3",
                "service_date": date(2026, 2, 3),
                "procedure": "H0031",
                "revenue": "0900",
            },
        ),
        clients({}, {"client_id": "C2", "payer_id": "OTHER"}),
        authorizations(),
        POLICIES,
        SETTINGS,
        AS_OF,
    )
    told = found.hindered.select("rule", "client_id", "payer_id", "service_date", "line_offset")
    assert told.rows() == [
        ("CLIENT_UNKNOWN", "C9", None, FEB_2, -1),
        ("PAYER_UNKNOWN", "C2", "OTHER", FEB_2, -2),
        ("CHARGE_UNKNOWN", "C1", "HARBR", date(2026, 2, 3), -3),
    ]
    assert found.hindered["evidence"].to_list()[0] == ["encounter:R9"]
    assert set(found.hindered["severity"]) == {"block"}
    assert [one.message for one in found.findings[1:]] == [
        "payer OTHER is not listed in settings.toml; 1 attended days are not billed",
        "H0031 (payer HARBR): no charge is set; 1 lines are not billed",
    ]


def test_missed_encounters_ask_for_nothing() -> None:
    asking = encounters({"procedure": "G0480", "attendance": "no_show"})
    assert only(proposed(days({}), asking)[0])["procedure"] == "H0015"


def test_days_already_billed_are_not_proposed_again() -> None:
    two = days({}, {"service_date": date(2026, 2, 3)})
    lines, _ = proposed(two, sent=history({}))
    assert only(lines)["service_date"] == date(2026, 2, 3)
    assert already_billed(two, POLICIES, history({}))["service_date"].to_list() == [FEB_2]


@pytest.mark.parametrize(
    "other",
    [
        {"standing": "void"},
        {"procedure": "H0004"},
        {"client_id": "C2", "member_id": "M2"},
        {"payer_id": "MERID"},
    ],
)
def test_a_void_or_foreign_line_does_not_bill_the_day(other: dict[str, Any]) -> None:
    assert proposed(days({}), sent=history(other))[0].height == 1


def test_a_component_billed_before_is_not_asked_again() -> None:
    asking = encounters({"procedure": "G0480", "revenue": "0301"})
    sent = history({"procedure": "G0480", "revenue": "0301"})
    assert proposed(days({"minutes": 60}), asking, sent=sent)[0].is_empty()


def test_an_uncovered_day_goes_to_the_nearest_coverage() -> None:
    """So that ELG-01 can be said of it."""
    coverages = clients(
        {"coverage_from": date(2025, 1, 1), "coverage_to": date(2025, 6, 30), "member_id": "OLD"},
        {"coverage_from": date(2026, 2, 10), "member_id": "NEW"},
    )
    line = only(proposed(days({"payer_id": None, "member_id": None}), client_frame=coverages)[0])
    assert (line["payer_id"], line["member_id"]) == ("HARBR", "NEW")


def test_an_unknown_client_is_a_finding_that_names_the_record() -> None:
    stranger = encounters({"client_id": "C9", "source_record_id": "R77", "row": 12})
    gone = days({"client_id": "C9", "payer_id": None, "member_id": None})
    lines, findings = proposed(gone, stranger)
    assert lines.is_empty()
    assert [finding.code for finding in findings] == ["CLIENT_UNKNOWN"]
    assert "R77" in findings[0].message
    assert "12" in findings[0].message
    assert "C9" not in findings[0].message


def test_a_payer_that_is_not_set_up_is_a_finding() -> None:
    lines, findings = proposed(
        days({"payer_id": "OTHER"}), client_frame=clients({"payer_id": "OTHER"})
    )
    assert lines.is_empty()
    assert [finding.code for finding in findings] == ["PAYER_UNKNOWN"]


def test_a_missing_charge_is_a_finding_and_no_line() -> None:
    asking = encounters({"procedure": "H0031", "revenue": "0900"})
    lines, findings = proposed(days({"minutes": 60}), asking)
    assert lines.is_empty()
    assert [finding.code for finding in findings] == ["CHARGE_UNKNOWN"]
    assert "H0031" in findings[0].message


def test_a_component_without_any_revenue_is_a_finding() -> None:
    asking = encounters({"procedure": "H0038", "service_type": "peer", "charge_cents": 100})
    lines, findings = proposed(days({"minutes": 60}), asking)
    assert lines.is_empty()
    assert [finding.code for finding in findings] == ["FEED_VALUE_MISSING"]


def test_nothing_in_nothing_out() -> None:
    lines, findings = proposed(days(), encounters())
    assert lines.is_empty()
    assert findings == []
    assert dict(lines.schema) == SERVICE_LINES.schema


DAY = st.fixed_dictionaries(
    {
        "client_id": st.sampled_from(["C1", "C2"]),
        "service_date": st.dates(date(2026, 1, 1), date(2026, 1, 9)),
        "level_of_care": st.sampled_from(["IOP", "PHP"]),
        "program_track": st.sampled_from(["SUD", "MH", "CO"]),
        "diagnoses": st.sampled_from(["F1020", "F331 F1020", "Z634 F1020 F331", "Z634"]),
        "unsigned_minutes": st.sampled_from([0, 60, 180]),
    }
)


@runs(max_examples=runs.default.max_examples // 10)
@given(
    st.lists(
        DAY,
        max_size=12,
        unique_by=lambda d: (d["client_id"], d["service_date"], d["level_of_care"]),
    ),
    st.integers(0, 6),
)
def test_one_line_a_client_and_attended_iop_day(chosen: list[dict[str, Any]], units: int) -> None:
    """Each attended IOP day gives exactly one line, and no diagnosis is lost or added."""
    members = {"C1": "M1", "C2": "M2"}
    frame = days(*({**day, "member_id": members[day["client_id"]], "minutes": 0} for day in chosen))
    both = clients({}, {"client_id": "C2", "member_id": "M2"})
    auths = authorizations({"units": float(units)}, {"client_id": "C2", "auth_number": "A2"})
    lines, findings = proposed(frame, encounters(), both, auths)
    attended = [d for d in chosen if d["level_of_care"] == "IOP" and d["unsigned_minutes"]]
    assert findings == []
    assert sorted(lines.select("client_id", "service_date").iter_rows()) == sorted(
        (d["client_id"], d["service_date"]) for d in attended
    )
    charted = {
        (d["client_id"], d["service_date"]): sorted(d["diagnoses"].split()) for d in attended
    }
    for client, day, billed in lines.select("client_id", "service_date", "diagnoses").iter_rows():
        assert sorted(billed.split()) == charted[client, day]


def test_a_family_member_billed_that_day_is_no_reason_to_skip_another() -> None:
    """Two clients of one member id: each has a day of their own."""
    two = days({}, {"client_id": "C2", "birth_date": date(2012, 3, 3), "encounters": ["R2"]})
    family = clients({}, {"client_id": "C2", "birth_date": date(2012, 3, 3)})
    lines, _ = proposed(two, client_frame=family, sent=history({}))
    assert lines["client_id"].to_list() == ["C2"]
    assert already_billed(two, POLICIES, history({}))["client_id"].to_list() == ["C1"]


def test_a_day_sent_under_an_earlier_member_id_is_not_billed_again() -> None:
    lines, _ = proposed(days({"member_id": "M9"}), sent=history({}))
    assert lines.is_empty()


def test_a_day_sent_whose_client_is_not_known_counts_by_its_member_id() -> None:
    assert proposed(days({}), sent=history({"client_id": None}))[0].is_empty()


def test_what_others_drew_under_the_same_number_is_not_taken_from_this_client() -> None:
    """Numbers are the payer's: another client's or payer's line draws nothing here."""
    others = history(
        {"client_id": "C2", "member_id": "M2", "auth_number": "A1"},
        {"payer_id": "MERID", "auth_number": "A1"},
    )
    one_each = authorizations({"units": 1.0}, {"auth_number": "A2", "from_date": FEB_2})
    lines, _ = proposed(days({}), auth_frame=one_each, sent=others)
    assert only(lines)["auth_number"] == "A1"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"auth_number": None}, id="the former system named no number"),
        pytest.param({"auth_number": "A1"}, id="a per diem draws its hours"),
    ],
)
def test_units_drawn_before_are_counted_as_the_rules_count_them(sent: dict[str, Any]) -> None:
    """Three hours a day: after one day sent, an authorization of five hours has no other day."""
    hours = {"unit_basis": "hour"}
    auths = authorizations(
        {"units": 5.0, **hours}, {"auth_number": "A2", "from_date": FEB_2, **hours}
    )
    before = history({"service_date": FEB_2 - timedelta(days=3), **sent})
    lines, _ = proposed(days({}), auth_frame=auths, sent=before)
    assert only(lines)["auth_number"] == "A2"


def test_a_day_sent_twice_draws_once() -> None:
    before = {"service_date": FEB_2 - timedelta(days=3), "auth_number": "A1"}
    twice = history(before, before | {"claim_offset": 2, "procedure": "S9480", "revenue": "0905"})
    lines, _ = proposed(
        days({}),
        auth_frame=authorizations({"units": 2.0}, {"auth_number": "A2", "from_date": FEB_2}),
        sent=twice,
    )
    assert only(lines)["auth_number"] == "A1"


@pytest.mark.parametrize(
    ("sessions", "told"),
    [
        ([{"minutes": 0}], True),
        ([{"minutes": None, "start_time": time(9), "end_time": time(9)}], True),
        ([{"minutes": 0, "service_type": "drug_test"}], False),
        ([{"minutes": 0, "attendance": "no_show"}], False),
    ],
)
def test_an_attended_day_without_a_minute_is_told(
    sessions: list[dict[str, Any]], told: bool
) -> None:
    found = propose(
        days({"minutes": 0, "unsigned_minutes": 0}),
        encounters(*sessions),
        clients({}),
        authorizations(),
        POLICIES,
        SETTINGS,
        AS_OF,
        None,
    )
    assert found.lines.is_empty()
    assert found.hindered["rule"].to_list() == ["SESSION_EMPTY"] * told
