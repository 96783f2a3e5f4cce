"""Proposals and verdicts of the scrub to 837I files: who stays out, and that pyx12 finds no fault."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
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
    rows,
)

from edi_iop.mapper import Built, Numbers, build, propose
from edi_iop.settings import Scrub
from edi_iop.tables import VIOLATIONS
from tests.referee import verdict

NINE_THIRTY = datetime(2026, 3, 10, 9, 30)
PEOPLE = clients(
    {},
    {
        "client_id": "C2",
        "member_id": "M2",
        "relationship": "19",
        "subscriber_last_name": "ROE",
        "subscriber_first_name": "RAY",
        "group_number": "G1",
    },
    {"client_id": "C3", "member_id": "M3", "payer_id": "MERID"},
)
DAYS = days(
    {"diagnoses": "F1020 F331 Z634"},
    {"diagnoses": "F1020 F331", "service_date": FEB_2 + timedelta(2)},
    {"service_date": FEB_2 + timedelta(30), "discharge_date": FEB_2 + timedelta(30)},
    {"client_id": "C2", "member_id": "M2"},
    {"client_id": "C3", "member_id": "M3", "payer_id": "MERID", "minutes": 190},
)


def violation(line: int, severity: str, rule: str = "DUR-01") -> dict[str, Any]:
    return {
        "rule": rule,
        "severity": severity,
        "file_id": 0,
        "claim_offset": 0,
        "line_offset": line,
    }


def built(
    *violations: dict[str, Any],
    mode: str = "block",
    roster: pl.DataFrame | None = None,
    people: pl.DataFrame = PEOPLE,
    day_frame: pl.DataFrame = DAYS,
) -> Built:
    settings = msgspec.structs.replace(SETTINGS, scrub=Scrub(mode=mode))  # type: ignore[arg-type]
    lines, findings, _ = propose(
        day_frame, encounters(), people, authorizations({}), POLICIES, settings, AS_OF
    )
    assert findings == []
    return build(
        lines,
        rows(VIOLATIONS, {}, violations),
        people,
        providers() if roster is None else roster,
        day_frame,
        settings,
        POLICIES,
        Numbers(serial=100, interchange=41),
        created=NINE_THIRTY,
    )


def test_each_partner_gets_a_file_that_pyx12_accepts() -> None:
    made = built()
    assert [(file.partner, file.name) for file in made.files] == [
        ("CLEAR", "837I-CLEAR-20260310-000000041.edi"),
        ("MERIDIRECT", "837I-MERIDIRECT-20260310-000000042.edi"),
    ]
    assert [verdict(file.content) for file in made.files] == [(True, []), (True, [])]
    assert made.blocked.is_empty()
    assert made.left_out.is_empty()
    assert made.findings == []


def test_the_files_carry_the_tables_of_their_partner() -> None:
    """Plain counts over the raw text: claims, lines, and the money of CLM02 and SV203."""
    made = built()
    for file in made.files:
        segments = [
            text.split("*") for text in file.content.decode("ascii").replace("\n", "").split("~")
        ]
        number = made.tables["submissions"].filter(pl.col("receiver_id") == file.partner)[
            "file_id"
        ][0]
        claims = made.tables["claims"].filter(pl.col("file_id") == number)
        lines = made.tables["claim_lines"].filter(pl.col("file_id") == number)
        sent = [part for part in segments if part[0] == "CLM"]
        charged = [part for part in segments if part[0] == "SV2"]
        assert sorted(part[1] for part in sent) == claims["claim"].sort().to_list()
        assert len(charged) == lines.height
        assert sum(float(part[2]) for part in sent) * 100 == claims["charge_cents"].sum()
        assert sum(float(part[3]) for part in charged) * 100 == claims["charge_cents"].sum()
        assert sum(part[0] == "REF" and part[1] == "6R" for part in segments) == lines.height


def test_control_numbers_and_time_stand_in_the_submission() -> None:
    sent = built().tables["submissions"]
    assert sent["interchange_control"].to_list() == ["000000041", "000000042"]
    assert sent["created_at"].to_list() == ["0930", "0930"]
    assert sent["created_on"].to_list() == [AS_OF, AS_OF]


def test_blocked_and_held_lines_stay_out_and_warned_ones_go() -> None:
    made = built(violation(1, "block"), violation(2, "hold"), violation(3, "warn", "DUR-02"))
    assert made.blocked["line_offset"].to_list() == [1, 2]
    assert made.tables["claim_lines"].height == 3
    assert made.tables["claims"]["charge_cents"].sum() == 35000 + 35000 + 3 * 35000


def test_a_violation_of_a_line_sent_before_blocks_nothing() -> None:
    sent = violation(1, "block") | {"file_id": 4, "claim_offset": 7}
    assert built(sent).tables["claim_lines"].height == 5


MONTHS = days(
    {},
    {"service_date": FEB_2 + timedelta(2)},
    {"service_date": FEB_2 + timedelta(30)},
    {"service_date": FEB_2 + timedelta(31), "discharge_date": FEB_2 + timedelta(32)},
)
"""Two days of February and two of March, and a discharge after the last."""


@pytest.mark.parametrize(
    ("violations", "expected"),
    [
        ((), ["2", "4"]),
        # the first day is never billed: the first claim is the first one sent
        ((violation(1, "block"), violation(2, "block")), ["1"]),
        ((violation(1, "hold"), violation(2, "hold")), ["1"]),
        # the last day is never billed: the last claim is the last one sent
        ((violation(4, "block"),), ["2", "4"]),
        ((violation(3, "block"), violation(4, "block")), ["1"]),
        # a day that is held may yet be billed: the last claim waits for it
        ((violation(4, "hold"),), ["2", "3"]),
    ],
)
def test_the_frequency_goes_by_what_is_billed(
    violations: tuple[dict[str, Any], ...], expected: list[str]
) -> None:
    made = built(*violations, day_frame=MONTHS)
    assert made.tables["claims"]["frequency"].to_list() == expected


def test_a_day_that_cannot_be_proposed_is_no_first_day() -> None:
    """February's services have no code of the payer's (unbilled.rows): March's are all that goes out."""
    february = pl.col("service_date") < FEB_2 + timedelta(30)
    lines, *_ = propose(MONTHS, encounters(), PEOPLE, authorizations({}), POLICIES, SETTINGS, AS_OF)
    lost = [
        {"client_id": "C1", "service_date": day} for day in MONTHS.filter(february)["service_date"]
    ]
    made = build(
        lines.filter(~february),
        VIOLATIONS.empty(),
        PEOPLE,
        providers(),
        MONTHS,
        SETTINGS,
        POLICIES,
        Numbers(serial=100, interchange=41),
        created=NINE_THIRTY,
        hindered=rows(VIOLATIONS, {"rule": "COMPONENT_UNKNOWN"}, lost),
    )
    assert made.tables["claims"]["frequency"].to_list() == ["1"]


def test_in_warn_mode_everything_goes() -> None:
    made = built(violation(1, "block"), mode="warn")
    assert made.blocked.is_empty()
    assert made.tables["claim_lines"].height == 5


def test_lines_without_a_known_attending_provider_are_left_out_and_told() -> None:
    made = built(roster=providers({"npi": "1993999998"}))
    assert made.files == []
    assert made.left_out.height == 5
    assert [finding.code for finding in made.findings] == ["ROSTER_MISSING"]
    assert DOCTOR in made.findings[0].message
    assert "5 lines" in made.findings[0].message
    assert made.lacking.select("rule", "client_id").unique().sort("client_id").rows() == [
        ("ROSTER_MISSING", client) for client in ("C1", "C2", "C3")
    ]
    assert made.lacking.height == 5


def test_lines_of_a_client_who_lives_in_no_state_are_left_out_and_told() -> None:
    """N402 is of a list (005010X223A2 loop 2010BA): a clearinghouse turns the claim away."""
    made = built(people=PEOPLE.with_columns(state=pl.lit("ZZ")))
    assert made.files == []
    assert [finding.code for finding in made.findings] == ["STATE_UNKNOWN"] * 3
    assert made.lacking["rule"].unique().to_list() == ["STATE_UNKNOWN"]
    assert made.lacking.height == 5
    province = built(people=PEOPLE.with_columns(state=pl.lit("QC")))
    assert province.lacking.is_empty()


def test_a_dependents_line_needs_the_subscribers_name() -> None:
    nameless = PEOPLE.with_columns(subscriber_last_name=pl.lit(None, pl.String))
    made = built(people=nameless)
    assert made.left_out["client_id"].to_list() == ["C2"]
    assert [finding.code for finding in made.findings] == ["FEED_VALUE_MISSING"]
    assert "ROE" not in made.findings[0].message


@pytest.mark.parametrize("severity", ["block", "warn"])
def test_every_proposed_line_is_accounted_for(severity: str) -> None:
    made = built(violation(1, severity), violation(4, severity))
    assert made.tables["claim_lines"].height + made.blocked.height + made.left_out.height == 5


def test_nothing_to_bill_is_no_file() -> None:
    made = built(day_frame=days())
    assert made.files == []
    assert made.tables["claims"].is_empty()
