"""A claim made right by hand: what stays, what goes, what today's records say instead."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from edi_iop.mapper.repair import Repaired, repaired
from edi_iop.rules.policy import load
from edi_iop.tables import TABLES

FEB2, FEB3 = date(2026, 2, 2), date(2026, 2, 3)
POLICIES = {"HARBR": load("harbor", FEB2)}


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = TABLES[name].schema
    return pl.DataFrame({key: [row.get(key) for row in rows] for key in schema}, schema=schema)


def line(number: int, **values: Any) -> dict[str, Any]:
    row = {
        "file_id": 1,
        "claim_offset": 100,
        "line_offset": 100 + number,
        "claim": "EAAA",
        "line": number,
        "client_id": "C1",
        "payer_id": "HARBR",
        "member_id": "M1",
        "service_date": FEB2,
        "procedure": "H0015",
        "revenue": "0906",
        "units": 1.0,
        "charge_cents": 35000,
        "auth_number": "A1",
        "diagnoses": "F1020",
        "standing": "denied",
        "frequency": "1",
        "payer_claim_number": "P77",
    }
    return row | values


HEADER = {
    "file_id": 1,
    "claim_offset": 100,
    "claim": "EAAA",
    "frequency": "1",
    "payer_id": "HARBR",
    "member_id": "M1",
    "auth_number": "A1",
    "relationship": "18",
    "subscriber_last_name": "Doe",
    "subscriber_first_name": "Ann",
}
COVERAGE = {
    "file_id": 5,
    "row": 2,
    "client_id": "C1",
    "payer_id": "HARBR",
    "member_id": "M1",
    "last_name": "Doe",
    "first_name": "Ann",
    "relationship": "18",
    "coverage_from": date(2025, 1, 1),
}


def made(
    remedy: str,
    sent: list[dict[str, Any]],
    proposed: list[dict[str, Any]] = [],  # noqa: B006 (never changed)
    surplus: list[int] = [],  # noqa: B006
    clients: list[dict[str, Any]] = [],  # noqa: B006
    header: dict[str, Any] = HEADER,
) -> Repaired:
    own = frame("service_lines", *sent)
    gone = own.filter(pl.col("line").is_in(surplus)).select(
        "file_id", "claim_offset", "line_offset"
    )
    return repaired(
        remedy,
        frame("claims", header),
        own,
        gone,
        frame("service_lines", *proposed),
        frame("clients", *clients),
        POLICIES,
    )


def head(found: Repaired) -> dict[str, Any]:
    return found.given.headers.row(0, named=True)


def test_a_replacement_names_the_payers_number_and_leaves_the_surplus_out() -> None:
    found = made("corrected_7", [line(1), line(2, procedure="S9480", revenue="0905")], surplus=[2])
    assert (head(found)["frequency"], head(found)["payer_claim_number"]) == ("7", "P77")
    assert found.lines["line"].to_list() == [1]
    assert found.changes == ("line 2 left out",)


def test_a_void_takes_back_all_that_was_sent() -> None:
    found = made("void_8", [line(1), line(2, service_date=FEB3)], surplus=[2])
    assert (head(found)["frequency"], head(found)["payer_claim_number"]) == ("8", "P77")
    assert found.lines.height == 2


def test_a_new_claim_names_no_earlier_one() -> None:
    replaced = HEADER | {"frequency": "7"}
    found = made("new_claim_1", [line(1, units=2.0, charge_cents=70000)], header=replaced)
    assert (head(found)["frequency"], head(found)["payer_claim_number"]) == ("1", None)
    interim = made("new_claim_1", [line(1, units=2.0)], header=HEADER | {"frequency": "2"})
    assert head(interim)["frequency"] == "2"


def test_units_beyond_the_days_one_go_with_their_charge() -> None:
    found = made("corrected_7", [line(1, units=2.0, charge_cents=70000)])
    assert found.lines.select("units", "charge_cents").row(0) == (1.0, 35000)


def test_todays_records_say_code_authorization_and_diagnoses() -> None:
    """The day is a mental health day by now: another per diem under another authorization."""
    today = line(
        1, file_id=0, claim_offset=0, procedure="S9480", revenue="0905", charge_cents=37500,
        auth_number="A2", diagnoses="F331 F1020",
    )  # fmt: skip
    found = made("corrected_7", [line(1)], [today])
    row = found.lines.row(0, named=True)
    assert (row["procedure"], row["revenue"], row["charge_cents"]) == ("S9480", "0905", 37500)
    assert (row["diagnoses"], row["line_offset"]) == ("F331 F1020", 101)
    assert head(found)["auth_number"] == "A2"
    assert "line 1: procedure H0015 to S9480" in found.changes
    assert "claim: auth number" in found.changes


def test_a_day_that_nothing_is_known_of_stays_as_it_was_sent() -> None:
    found = made("corrected_7", [line(1)], [line(1, service_date=FEB3, procedure="S9480")])
    assert found.changes == ()


def test_a_corrected_member_id_is_taken_from_the_coverage() -> None:
    """The change names the column, and nobody."""
    found = made("corrected_7", [line(1)], clients=[COVERAGE | {"member_id": "M9"}])
    assert head(found)["member_id"] == "M9"
    assert found.changes == ("claim: member id",)


def test_two_coverages_of_one_day_change_nobody() -> None:
    both = [COVERAGE, COVERAGE | {"member_id": "M9", "row": 3, "coverage_from": date(2025, 6, 1)}]
    assert made("corrected_7", [line(1)], clients=both).changes == ()


def test_a_wrong_revenue_code_becomes_that_of_the_pair() -> None:
    found = made("corrected_7", [line(1, revenue="0905")])
    assert found.changes == ("line 1: revenue 0905 to 0906",)
