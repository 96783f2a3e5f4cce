"""The simulated payer: what it denies and why, what it pays, and that its answers balance."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from edi_iop.rules import policy
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records
from edi_iop.simulator.payer import TRUTH, Answer, adjudicate
from edi_iop.tables import (
    AUTHORIZATIONS,
    CLAIM_DIAGNOSES,
    CLAIM_LINES,
    CLAIMS,
    CLIENTS,
    DAYS,
    ENCOUNTERS,
    PROVIDERS,
    SERVICE_LINES,
    SUBMISSIONS,
    TABLES,
    Table,
)
from edi_iop.transcribe.write import write_835
from edi_iop.x12.writer import Envelope
from tests.referee import verdict

PAID_ON = date(2026, 3, 20)
SENT_ON = date(2026, 3, 3)
FEB_2 = date(2026, 2, 2)
POLICIES: dict[str, Policy] = {
    "HARBR": policy.load("harbor", FEB_2),
    "MERID": policy.load("meridian", FEB_2),
}


def frame(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    filled = [{name: row.get(name) for name in table.schema} for row in rows]
    return pl.DataFrame(filled, schema=table.schema, orient="row")


def line(day: int = 0, **more: Any) -> dict[str, Any]:
    """A Harbor per diem of February 2026; keys override."""
    usual = {
        "revenue": "0906",
        "qualifier": "HC",
        "procedure": "H0015",
        "charge_cents": 35000,
        "unit_basis": "UN",
        "units": 1.0,
        "service_date": FEB_2 + timedelta(day),
    }
    return usual | more


def claim(number: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    usual = {
        "claim": number,
        "form": "I",
        "facility_type": "13",
        "frequency": "1",
        "filing_indicator": "CI",
        "billing_name": "WILLOW HOUSE",
        "billing_npi": "1993999998",
        "billing_tin": "123456789",
        "attending_npi": "1999999984",
        "patient_status": "01",
        "payer_responsibility": "P",
        "payer_id": "HARBR",
        "payer_name": "HARBOR HEALTH PLAN",
        "member_id": "M1",
        "relationship": "18",
        "subscriber_last_name": "DOE",
        "subscriber_first_name": "JANE",
        "auth_number": "A1",
        "diagnosis": "F1020",
    }
    return usual | more | {"lines": lines or (line(),)}


def tables(*claims: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """Canonical tables of these claims, all in file 1."""
    heads, lines, diagnoses = [], [], []
    for number, head in enumerate(claims, 1):
        days = [one["service_date"] for one in head["lines"]]
        place = {"file_id": 1, "claim_offset": number * 100, "transaction_offset": 10}
        total = sum(one["charge_cents"] for one in head["lines"])
        span = {"statement_from": min(days), "statement_to": max(days), "charge_cents": total}
        heads.append(head | place | span)
        diagnoses.append(
            place
            | {"byte_offset": 1, "position": 1, "qualifier": "ABK", "diagnosis": head["diagnosis"]}
        )
        for order, one in enumerate(head["lines"], 1):
            own = {"line_offset": number * 100 + order, "line": order}
            control = {"line_control": f"L{head['claim']}{order:03d}"}
            lines.append(place | one | own | control)
    sent = {"file_id": 1, "transaction_offset": 10, "created_on": SENT_ON}
    return {
        "submissions": frame(SUBMISSIONS, [sent]),
        "claims": frame(CLAIMS, heads),
        "claim_lines": frame(CLAIM_LINES, lines),
        "claim_diagnoses": frame(CLAIM_DIAGNOSES, diagnoses),
    }


def known(**more: Any) -> Records:
    """What the payers have on file: members M1 to M9, each with an authorization A1 to A9."""
    clients = [
        {
            "client_id": f"C{n}",
            "payer_id": payer,
            "member_id": f"M{n}",
            "birth_date": date(1990, 1, n),
            "coverage_priority": "P",
            "coverage_from": date(2025, 1, 1),
        }
        for n in range(1, 10)
        for payer in POLICIES
    ]
    auths = [
        {
            "auth_number": f"A{n}",
            "payer_id": "HARBR",
            "client_id": f"C{n}",
            "level_of_care": "IOP",
            "program_track": "SUD",
            "units": 30.0,
            "unit_basis": "day",
            "from_date": date(2026, 1, 1),
            "to_date": date(2026, 12, 31),
            "status": "approved",
        }
        for n in range(1, 10)
    ]
    usual: dict[str, Any] = {
        "lines": SERVICE_LINES.empty(),
        "days": DAYS.empty(),
        "encounters": ENCOUNTERS.empty(),
        "clients": frame(CLIENTS, clients),
        "authorizations": frame(AUTHORIZATIONS, auths),
        "providers": PROVIDERS.empty(),
        "as_of": PAID_ON,
    }
    return Records(**(usual | more))


def answered(*claims: dict[str, Any], seed: int = 8, **more: Any) -> Answer:
    return adjudicate(tables(*claims), POLICIES, known(), seed, **more)


def adjustments(answer: Answer, number: int = 0) -> list[tuple[str, str, int]]:
    """Group, reason and cents of one line, by its number among all answered."""
    offset = answer.tables["remit_lines"]["remit_line_offset"][number]
    own = answer.tables["adjustments"].filter(pl.col("remit_line_offset") == offset)
    return own.select("group", "carc", "amount_cents").rows()


def unbalanced(answer: Answer) -> list[str]:
    """Every equation that does not hold, added up row by row from the tables alone."""
    less: dict[tuple[str, int], int] = defaultdict(int)
    for row in answer.tables["adjustments"].iter_rows(named=True):
        less["line", row["remit_line_offset"]] += row["amount_cents"]
        less["claim", row["remit_claim_offset"]] += row["amount_cents"]
        if row["group"] == "PR":
            less["patient", row["remit_claim_offset"]] += row["amount_cents"]
    for row in answer.tables["provider_adjustments"].iter_rows(named=True):
        less["payment", row["payment_offset"]] += row["amount_cents"]
    paid: dict[tuple[str, int], int] = defaultdict(int)
    wrong = []
    for row in answer.tables["remit_lines"].iter_rows(named=True):
        paid["claim", row["remit_claim_offset"]] += row["paid_cents"]
        if row["charge_cents"] - less["line", row["remit_line_offset"]] != row["paid_cents"]:
            wrong.append(f"line {row['remit_line_offset']}")
    for row in answer.tables["remit_claims"].iter_rows(named=True):
        key = row["remit_claim_offset"]
        paid["payment", row["payment_offset"]] += row["paid_cents"]
        if row["charge_cents"] - less["claim", key] != row["paid_cents"] or (
            row["paid_cents"] != paid["claim", key] or row["patient_cents"] != less["patient", key]
        ):
            wrong.append(f"claim {key}")
    for row in answer.tables["payments"].iter_rows(named=True):
        key = row["payment_offset"]
        if paid["payment", key] - less["payment", key] != row["amount_cents"]:
            wrong.append(f"payment {key}")
    return wrong


def test_a_good_line_is_paid_at_the_contract_rate() -> None:
    """Charge 350.00, rate 285.00: 65.00 is contractual; with seed 8 nobody has a share."""
    answer = answered(claim("E1"))
    row = answer.tables["remit_lines"].row(0, named=True)
    assert (row["charge_cents"], row["paid_cents"], row["allowed_cents"]) == (35000, 28500, 28500)
    assert (row["procedure"], row["revenue"], row["units"]) == ("H0015", "0906", 1.0)
    assert (row["line_control"], row["service_date"]) == ("LE1001", FEB_2)
    assert adjustments(answer) == [("CO", "45", 6500)]
    head = answer.tables["remit_claims"].row(0, named=True)
    assert (head["claim"], head["status"], head["paid_cents"]) == ("E1", "1", 28500)
    assert (head["patient_last_name"], head["patient_id"]) == ("DOE", "M1")
    assert head["subscriber_last_name"] is None
    assert answer.truth.is_empty()
    assert dict(answer.truth.schema) == TRUTH


def test_every_table_conforms() -> None:
    answer = answered(claim("E1"))
    assert {name: dict(table.schema) for name, table in answer.tables.items()} == {
        name: TABLES[name].schema
        for name in (
            "payments",
            "remit_claims",
            "remit_lines",
            "adjustments",
            "provider_adjustments",
            "remarks",
        )
    }


def test_hours_are_paid_by_the_hour() -> None:
    """Meridian pays 78.50 an hour: three hours are 235.50."""
    hours = line(units=3.0, charge_cents=60000)
    answer = answered(claim("E1", hours, payer_id="MERID", auth_number=None))
    row = answer.tables["remit_lines"].row(0, named=True)
    assert row["allowed_cents"] == 23550


def test_a_line_without_a_rate_is_paid_at_its_charge() -> None:
    """A drug test, which Meridian pays beside the per diem."""
    lab = line(procedure="G0480", revenue="0301", charge_cents=8000)
    answer = answered(claim("E1", lab, payer_id="MERID", auth_number=None))
    assert answer.tables["remit_lines"]["paid_cents"].to_list() == [8000]
    assert adjustments(answer) == []


def test_no_line_is_paid_more_than_its_charge() -> None:
    answer = answered(claim("E1", line(charge_cents=20000)))
    assert answer.tables["remit_lines"]["allowed_cents"].to_list() == [20000]


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (
            claim("E1", member_id="M1", auth_number="A1", diagnosis="Z634"),
            ("DX-02", "CO", "167", ["MA63"]),
        ),
        (claim("E1", line(revenue="0905")), ("REV-01", "CO", "199", ["M50"])),
        (claim("E1", line(units=2.0, charge_cents=70000)), ("DUP-02", "CO", "151", ["N362"])),
        (
            claim("E1", line(-300), auth_number="A1"),
            ("TF-01", "CO", "29", []),
        ),
    ],
)
def test_a_broken_rule_is_denied_in_the_policys_words(
    broken: dict[str, Any], expected: tuple[str, str, str, list[str]]
) -> None:
    answer = answered(broken)
    told = answer.truth.row(0, named=True)
    rule, group, carc, rarcs = expected
    assert (told["claim"], told["line"], told["payer_id"]) == ("E1", 1, "HARBR")
    assert (told["rule"], told["verdict"]) == (rule, "confirmed")
    assert (told["group"], told["carc"], told["rarcs"]) == (group, carc, rarcs)
    charge = broken["lines"][0]["charge_cents"]
    assert adjustments(answer) == [(group, carc, charge)]
    assert answer.tables["remarks"]["remark"].to_list() == rarcs
    row = answer.tables["remit_lines"].row(0, named=True)
    assert (row["paid_cents"], row["units"], row["allowed_cents"]) == (0, 0.0, None)
    assert row["original_units"] == broken["lines"][0]["units"]
    assert answer.tables["remit_claims"]["status"].to_list() == ["4"]


def test_no_authorization_is_denied_with_197() -> None:
    without = known(authorizations=AUTHORIZATIONS.empty())
    answer = adjudicate(tables(claim("E1")), POLICIES, without, 8)
    assert answer.truth.select("rule", "carc").rows() == [("AUTH-01", "197")]


def test_a_short_day_is_denied_once_the_records_are_in() -> None:
    """Sixty signed minutes, 180 asked for (DUR-01); without records it is paid."""
    day = {
        "client_id": "C1",
        "service_date": FEB_2,
        "level_of_care": "IOP",
        "minutes": 60,
        "unsigned_minutes": 60,
        "payer_id": "HARBR",
        "member_id": "M1",
        "encounters": ["R1"],
    }
    record = {
        "source_record_id": "R1",
        "client_id": "C1",
        "service_date": FEB_2,
        "level_of_care": "IOP",
    }
    reviewed = known(days=frame(DAYS, [day]), encounters=frame(ENCOUNTERS, [record]))
    assert answered(claim("E1")).truth.is_empty()
    assert adjudicate(tables(claim("E1")), POLICIES, reviewed, 8).truth["rule"].to_list() == [
        "DUR-01"
    ]


def test_of_two_tracks_on_one_date_one_is_paid() -> None:
    """The dual-diagnosis duplicate, on two claims (DUP-01)."""
    mental = line(procedure="S9480", revenue="0905")
    answer = answered(claim("E1"), claim("E2", mental, diagnosis="F331"))
    assert answer.truth.select("claim", "rule").rows() == [("E2", "DUP-01")]
    assert answer.tables["remit_claims"].select("claim", "status").rows() == [
        ("E1", "1"),
        ("E2", "4"),
    ]


def test_a_claim_partly_denied_is_processed_not_denied() -> None:
    answer = answered(claim("E1", line(0), line(1, units=2.0, charge_cents=70000)))
    head = answer.tables["remit_claims"].row(0, named=True)
    assert (head["status"], head["charge_cents"], head["paid_cents"]) == ("1", 105000, 28500)


def test_what_was_paid_before_makes_a_second_claim_a_duplicate() -> None:
    before = frame(
        SERVICE_LINES,
        [
            {
                "file_id": 1,
                "claim_offset": 100,
                "line_offset": 101,
                "claim": "OLD",
                "line": 1,
                "form": "I",
                "standing": "paid",
                "client_id": "C1",
                "payer_id": "HARBR",
                "member_id": "M1",
                "payer_responsibility": "P",
                "service_date": FEB_2,
                "revenue": "0906",
                "procedure": "H0015",
                "units": 1.0,
                "auth_number": "A1",
                "diagnoses": "F1020",
                "frequency": "1",
                "billing_npi": "1993999998",
                "sent_on": date(2026, 2, 10),
            }
        ],
    )
    answer = adjudicate(tables(claim("E1")), POLICIES, known(lines=before), 8)
    assert answer.truth.select("claim", "rule").rows() == [("E1", "DUP-03")]


def test_a_voided_claim_is_not_answered_and_its_successor_is() -> None:
    answer = answered(claim("E1"), claim("E2", frequency="7", payer_claim_number="E1"))
    assert answer.tables["remit_claims"]["claim"].to_list() == ["E2"]
    assert answer.truth.is_empty()


def test_payers_without_a_policy_do_not_answer() -> None:
    answer = answered(claim("E1", payer_id="OTHER"))
    assert all(table.is_empty() for table in answer.tables.values())


def test_one_payment_a_payer_and_payee() -> None:
    answer = answered(
        claim("E1"),
        claim("E2", member_id="M2", auth_number="A2", payer_id="MERID"),
        claim("E3", member_id="M3", auth_number="A3", billing_npi="1234567893"),
    )
    payments = answer.tables["payments"]
    assert payments.select("payer_id", "payee_id").rows() == [
        ("HARBR", "1234567893"),
        ("HARBR", "1993999998"),
        ("MERID", "1993999998"),
    ]
    assert payments["trace_number"].n_unique() == 3
    assert set(payments["method"]) == {"CHK"}
    assert set(payments["payment_date"]) == {PAID_ON}
    assert answer.payers == ["HARBR", "MERID"]
    harbor = answer.of("HARBR")
    assert harbor["remit_claims"]["claim"].to_list() == ["E3", "E1"]
    assert harbor["remit_lines"].height == 2


def test_a_payment_of_nothing_is_a_notice() -> None:
    payment = answered(claim("E1", diagnosis="Z634")).tables["payments"].row(0, named=True)
    assert (payment["amount_cents"], payment["handling"], payment["method"]) == (0, "H", "NON")


def many() -> list[dict[str, Any]]:
    """Claims of nine members, good and bad."""
    bad = line(2, units=2.0, charge_cents=70000)
    return [
        claim(
            f"E{n}",
            line(0),
            line(1),
            *([bad] if n % 3 == 0 else []),
            member_id=f"M{n}",
            auth_number=f"A{n}",
        )
        for n in range(1, 10)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_lines_claims_and_payments_balance(seed: int) -> None:
    answer = answered(*many(), seed=seed, mistakes=2)
    assert unbalanced(answer) == []
    paid = answer.tables["payments"]["amount_cents"].sum()
    assert 0 < paid < answer.tables["remit_claims"]["charge_cents"].sum()


def test_members_shares_and_interest_occur() -> None:
    """Over a few seeds: a copay, a coinsurance, and interest that raises a payment."""
    reasons, interest = set(), []
    for seed in range(6):
        answer = answered(*many(), seed=seed)
        own = answer.tables["adjustments"].filter(pl.col("group") == "PR")
        reasons |= set(own.select("carc", "amount_cents").rows())
        interest += answer.tables["provider_adjustments"].select("reason", "amount_cents").rows()
    assert reasons == {("2", 2850), ("3", 2500)}
    assert interest
    assert all(reason == "L6" and cents < 0 for reason, cents in interest)


def test_the_same_seed_gives_the_same_answer() -> None:
    first, second = (answered(*many(), seed=11, mistakes=2) for _ in range(2))
    assert first.truth.equals(second.truth)
    assert all(first.tables[name].equals(second.tables[name]) for name in first.tables)


def test_seeded_mistakes_are_good_lines_and_refuted() -> None:
    right = answered(*many(), seed=5)
    wrong = answered(*many(), seed=5, mistakes=3)
    errors = wrong.truth.filter(pl.col("verdict") == "refuted")
    assert errors.height == 3
    assert set(errors["rule"]) == {"AUTH-01"}
    assert set(errors["carc"]) == {"197"}
    assert errors.join(right.truth, on=["claim", "line"], how="semi").is_empty()
    assert wrong.truth.filter(pl.col("verdict") == "confirmed").equals(right.truth)


def test_a_mistake_can_be_asked_for_by_line() -> None:
    answer = answered(*many(), wrongly=[("E4", 2)])
    errors = answer.truth.filter(pl.col("verdict") == "refuted")
    assert errors.select("claim", "line", "rule").rows() == [("E4", 2, "AUTH-01")]


def test_truth_covers_every_denied_line_and_no_other() -> None:
    answer = answered(*many(), seed=5, mistakes=3)
    heads = answer.tables["remit_claims"].select("remit_claim_offset", "claim")
    denied = (
        answer.tables["adjustments"]
        .filter(pl.col("group") != "PR", pl.col("carc") != "45")
        .join(answer.tables["remit_lines"], on="remit_line_offset")
        .join(heads, on="remit_claim_offset")
    )
    assert sorted(denied.select("claim", "position_right").rows()) == sorted(
        answer.truth.select("claim", "line").rows()
    )


@pytest.mark.parametrize("payer_id", ["HARBR", "MERID"])
def test_pyx12_finds_no_fault_in_the_835(payer_id: str) -> None:
    hours = line(units=3.0, charge_cents=60000)
    child = {"patient_last_name": "ROE", "patient_first_name": "SAM", "relationship": "19"}
    answer = answered(
        *many(),
        claim("E20", line(5), **child),
        claim("E21", line(6), billing_npi="1234567893"),
        claim("E22", line(7), billing_npi="1234567893", diagnosis="Z634"),
        claim("E23", hours, payer_id="MERID", auth_number=None, member_id="M4"),
        seed=5,
        mistakes=2,
    )
    envelope = Envelope(payer_id, "WILLOW", 1, 1, datetime(2026, 3, 20, 12))
    written = write_835(answer.of(payer_id), envelope)
    assert verdict(written) == (True, [])
    content = written.decode("ascii")
    segments = [text.split("*") for text in content.replace("\n", "").split("~")]
    own = answer.of(payer_id)
    for kind, name in {"CLP": "remit_claims", "SVC": "remit_lines", "LQ": "remarks"}.items():
        assert sum(part[0] == kind for part in segments) == own[name].height
    paid = sum(round(float(part[2]) * 100) for part in segments if part[0] == "BPR")
    assert paid == own["payments"]["amount_cents"].sum()
