"""check(): which lines are judged, first match, severities, and what a violation says."""

from collections.abc import Collection
from datetime import date
from typing import Any

import msgspec
import polars as pl
import pytest
from msgspec.structs import replace

from edi_iop.rules.engine import check, first_match
from edi_iop.rules.policy import Policy, load
from edi_iop.rules.records import Records
from edi_iop.tables import (
    AUTHORIZATIONS,
    CLIENTS,
    DAYS,
    ENCOUNTERS,
    PROVIDERS,
    SERVICE_LINES,
    VIOLATIONS,
)

DAY = date(2026, 1, 14)
HARBOR, MERIDIAN = load("harbor", DAY), load("meridian", DAY)


def line(offset: int = 1, **given: Any) -> dict[str, Any]:
    return {
        "file_id": 1,
        "claim_offset": 100,
        "line_offset": 100 + offset,
        "claim": "CLAIM-A",
        "line": offset,
        "form": "I",
        "standing": "sent",
        "client_id": "C1",
        "payer_id": "HARBR",
        "member_id": "MEMBER-SECRET",
        "birth_date": date(1990, 5, 1),
        "service_date": DAY,
        "revenue": "0906",
        "procedure": "H0015",
        "units": 1,
        "diagnoses": "F1020",
        "frequency": "1",
        "billing_npi": "1234567893",
        "attending_npi": "1999999984",
        "patient_status": "01",
        "sent_on": date(2026, 2, 1),
    } | given


def records(*lines: dict[str, Any], days: pl.DataFrame | None = None) -> Records:
    client = {
        "file_id": 1,
        "row": 2,
        "client_id": "C1",
        "payer_id": "HARBR",
        "member_id": "MEMBER-SECRET",
        "coverage_priority": "P",
        "coverage_from": date(2025, 1, 1),
    }
    given = {
        "file_id": 1,
        "row": 2,
        "auth_number": "A1",
        "client_id": "C1",
        "payer_id": "HARBR",
        "level_of_care": "IOP",
        "units": 99,
        "unit_basis": "day",
        "from_date": date(2025, 1, 1),
        "to_date": date(2026, 12, 31),
        "status": "approved",
    }
    return Records(
        lines=pl.from_dicts(list(lines), schema=SERVICE_LINES.schema)
        if lines
        else SERVICE_LINES.empty(),
        days=DAYS.empty() if days is None else days,
        encounters=ENCOUNTERS.empty(),
        clients=pl.from_dicts([client], schema=CLIENTS.schema),
        authorizations=pl.from_dicts([given], schema=AUTHORIZATIONS.schema),
        providers=PROVIDERS.empty(),
        as_of=date(2026, 3, 1),
    )


def broken(
    *lines: dict[str, Any], policy: Policy = HARBOR, rules: Collection[str] | None = None
) -> list[tuple[int, str]]:
    found = check(records(*lines), {"HARBR": policy}, rules)
    return found.select("line_offset", "rule").rows()


def test_a_good_line_and_no_line_break_nothing() -> None:
    assert broken(line()) == []
    empty = check(records(), {"HARBR": HARBOR})
    assert empty.is_empty()
    assert empty.schema == pl.Schema(VIOLATIONS.schema)


def test_a_violation_has_all_its_facts() -> None:
    found = check(records(line(), line(2, units=2, revenue="0905")), {"HARBR": HARBOR})
    assert found.schema == pl.Schema(VIOLATIONS.schema)
    assert found.select(pl.exclude("says", "cites")).rows(named=True) == [
        {
            "rule": "DUP-02",
            "theme": "duplication",
            "severity": "block",
            "file_id": 1,
            "claim_offset": 100,
            "line_offset": 102,
            "claim": "CLAIM-A",
            "line": 2,
            "client_id": "C1",
            "payer_id": "HARBR",
            "service_date": DAY,
            "evidence": ["claim:CLAIM-A line 1"],
            "policy": "harbor 2026.1",
        }
    ]
    assert found["says"].to_list() == ["2026-01-14: 3 units of H0015; 1 payable (DUP-02)"]
    assert found["cites"][0].startswith("one unit per date: https://")


def test_nobody_is_named() -> None:
    """Names, member ids and birth dates stay out of sentences and evidence."""
    bad = line(1, units=2, revenue="0905", diagnoses="Z7141", auth_number="A9")
    text = str(check(records(bad), {"HARBR": HARBOR}).select("says", "evidence").rows())
    assert "DX-02" in text
    assert "MEMBER-SECRET" not in text
    assert "1990" not in text


def test_void_lines_and_payers_without_policy_are_not_judged() -> None:
    assert broken(line(units=2, standing="void")) == []
    assert broken(line(units=2, payer_id="OTHER")) == []
    assert broken(line(), line(2, standing="void")) == []


def test_each_payer_is_judged_by_its_own_policy() -> None:
    lines = [
        line(),
        line(
            2, payer_id="MERID", client_id=None, procedure="S9480", revenue="0905", diagnoses="F331"
        ),
    ]
    late = [{**row, "sent_on": date(2026, 5, 14)} for row in lines]
    found = check(records(*late), {"HARBR": HARBOR, "MERID": MERIDIAN})
    assert found.select("payer_id", "rule", "policy").rows() == [
        ("MERID", "TF-01", "meridian 2026.1")
    ]


def test_faults_of_different_families_are_all_named() -> None:
    bad = line(revenue="0905", diagnoses="Z7141", sent_on=date(2026, 12, 1))
    assert broken(bad) == [(101, "REV-01"), (101, "DX-02"), (101, "TF-01")]


def test_rules_of_a_stage_are_asked_of_its_lines_alone() -> None:
    """Two authorizations on a claim matter before billing; a closing window only after a denial."""
    short = {"modifiers": "HH"}
    assert broken(line(**short)) == [(101, "DX-04")]
    assert broken(line(**short, standing="denied")) == []
    late = {"answered_on": date(2025, 9, 12), "sent_on": date(2026, 2, 1)}
    assert broken(line(**late)) == []
    assert broken(line(**late, standing="denied")) == [(101, "TF-02")]


def test_a_surplus_line_is_nothing_but_surplus() -> None:
    bad = line(2, procedure="S9480", diagnoses="Z7141", sent_on=date(2026, 12, 1))
    assert broken(line(), bad) == [(102, "DUP-01")]


def test_rules_asked_for_are_judged_as_if_alone() -> None:
    """Of a surplus line too; and units are drawn as if all rules had been asked."""
    bad = line(2, procedure="S9480", diagnoses="Z7141")
    assert broken(line(), bad, rules=["DX-02"]) == [(102, "DX-02")]
    assert broken(line(), bad, rules=[]) == []


def test_rules_off_and_severities_are_the_policys() -> None:
    off = msgspec.structs.replace(HARBOR, rules_off=("DX-02",))
    assert broken(line(diagnoses="Z7141"), policy=off) == []
    mild = msgspec.structs.replace(HARBOR, severities={"DX-02": "info"})
    found = check(records(line(diagnoses="Z7141")), {"HARBR": mild})
    assert found.select("rule", "severity").rows() == [("DX-02", "info")]


def test_first_match_keeps_the_first_of_each_family() -> None:
    found = pl.DataFrame(
        {
            "row": [1, 1, 1, 2, 2],
            "family": ["a", "a", "b", "a", "b"],
            "order": [2, 1, 1, 1, 1],
            "rule": ["A2", "A1", "B1", "A1", "B1"],
            "severity": ["block", "hold", "block", "block", "block"],
            "surplus": [False, False, False, True, False],
        }
    )
    assert first_match(found).select("row", "rule").rows() == [(1, "A1"), (1, "B1"), (2, "A1")]


def test_a_note_takes_no_fault_s_place() -> None:
    """DUP-03 as a note that a denied day was billed again, and DUP-02 of the denied line itself."""
    found = pl.DataFrame(
        {
            "row": [1, 1, 1],
            "family": ["a", "a", "a"],
            "order": [1, 2, 3],
            "rule": ["A1", "A2", "A3"],
            "severity": ["info", "block", "block"],
            "surplus": [False, False, False],
        }
    )
    assert first_match(found)["rule"].to_list() == ["A1", "A2"]


@pytest.mark.parametrize(
    ("first", "second", "surplus"),
    [
        ({"standing": "sent"}, {"standing": "paid"}, 101),
        ({"standing": "proposed", "claim": None}, {"standing": "sent"}, 101),
        ({"standing": "denied"}, {"standing": "sent"}, 101),
        ({"sent_on": date(2026, 2, 9)}, {"sent_on": date(2026, 2, 2)}, 101),
        ({}, {"procedure": "S9480", "revenue": "0905", "diagnoses": "F1020"}, 102),
        ({"procedure": "S9480", "revenue": "0905"}, {}, 101),
        ({}, {}, 102),
    ],
    ids=["paid", "sent", "not denied", "earliest", "fitting, second", "fitting, first", "in order"],
)
def test_the_line_that_is_kept(first: dict[str, Any], second: dict[str, Any], surplus: int) -> None:
    lines = line(1, **first), line(2, claim_offset=200, claim="CLAIM-B", **second)
    assert {place for place, _ in broken(*lines)} == {surplus}


def test_lines_without_date_client_or_codes_are_judged_as_far_as_they_go() -> None:
    """Sparse lines of another system: no exception, no sentence without words, no false duplicate."""
    bare = {
        "diagnoses": None,
        "units": None,
        "billing_npi": None,
        "sent_on": None,
        "frequency": None,
    }
    lines = [
        line(1, service_date=None, **bare),
        line(2, service_date=None, revenue="0905", **bare),
        line(3, client_id=None, member_id=None, procedure=None, **bare),
        line(4, client_id=None, member_id=None, procedure=None, **bare),
        line(5, payer_responsibility=None, form="P", revenue=None, procedure=None, **bare),
        line(6, line=None, claim=None, standing="proposed", revenue=None, **bare),
    ]
    found = check(records(*lines), {"HARBR": HARBOR})
    assert found["says"].null_count() == 0
    assert not any(rule.startswith("DUP") for rule in found["rule"])
    assert found.filter(pl.col("rule") == "REV-01")["line_offset"].to_list() == [102, 103, 104, 106]


def test_what_a_payer_pays_apart_is_no_staff_fee_either() -> None:
    """Harbor with laboratory tests paid apart: the roster does not make one a part of the day."""
    by_staff = {"form": "P", "claim": "P", "claim_offset": 300, "line_offset": 301}
    test = line(**by_staff, procedure="H0003", revenue=None, rendering_npi="1999999984")
    staff = pl.from_dicts([{"npi": "1999999984"}], schema=PROVIDERS.schema)
    given = replace(records(line(), test), providers=staff)
    assert found_rules(given, HARBOR) == {"BUN-04"}
    lab = msgspec.structs.replace(HARBOR.bundles["lab"], answer="separate")
    apart = msgspec.structs.replace(HARBOR, bundles=HARBOR.bundles | {"lab": lab})
    assert found_rules(given, apart) == set()


def found_rules(given: Records, policy: Policy) -> set[str]:
    return set(check(given, {"HARBR": policy})["rule"])
