"""Claims to lines under judgement, and the netting of voids and replacements."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from edi_iop.rules.lines import netted, service_lines
from edi_iop.tables import (
    CLAIM_DIAGNOSES,
    CLAIM_LINES,
    CLAIMS,
    CLIENTS,
    SERVICE_LINES,
    TABLES,
    Table,
)

DAY = date(2026, 1, 14)
SENT = {1: date(2026, 2, 1), 2: date(2026, 2, 8)}


def frame(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.from_dicts(rows, schema=table.schema) if rows else table.empty()


def claim(**given: Any) -> dict[str, Any]:
    return {
        "file_id": 1,
        "claim_offset": 100,
        "form": "I",
        "claim": "A",
        "frequency": "1",
        "payer_id": "HARBR",
        "payer_responsibility": "P",
        "member_id": "M1",
        "subscriber_birth_date": date(1990, 5, 1),
        "statement_from": DAY,
        "statement_to": DAY,
        "billing_npi": "1234567893",
    } | given


def line(**given: Any) -> dict[str, Any]:
    return {
        "file_id": 1,
        "claim_offset": 100,
        "line_offset": 200,
        "line": 1,
        "revenue": "0906",
        "procedure": "H0015",
        "units": 1,
        "service_date": DAY,
    } | given


CLIENT = {
    "client_id": "C1",
    "payer_id": "HARBR",
    "member_id": "M1",
    "birth_date": date(1990, 5, 1),
}


def made(
    claims: list[dict[str, Any]],
    lines: list[dict[str, Any]],
    diagnoses: list[dict[str, Any]] | None = None,
    clients: list[dict[str, Any]] | None = None,
    standings: pl.DataFrame | None = None,
    more: dict[str, pl.DataFrame] | None = None,
) -> pl.DataFrame:
    tables = (more or {}) | {
        "claims": frame(CLAIMS, claims),
        "claim_lines": frame(CLAIM_LINES, lines),
        "claim_diagnoses": frame(CLAIM_DIAGNOSES, diagnoses or []),
    }
    held = frame(CLIENTS, [CLIENT] if clients is None else clients)
    return service_lines(tables, held, SENT, standings)


def test_a_line_carries_its_claim_client_and_day_of_sending() -> None:
    found = made([claim(auth_number="A1", payer_claim_number="P7")], [line()]).row(0, named=True)
    expected = {
        "claim": "A",
        "line": 1,
        "standing": "sent",
        "client_id": "C1",
        "service_date": DAY,
        "auth_number": "A1",
        "replaces": "P7",
        "payer_claim_number": None,
        "sent_on": date(2026, 2, 1),
        "birth_date": date(1990, 5, 1),
    }
    assert {key: found[key] for key in expected} == expected


def test_a_line_carries_its_claims_codes_facility_and_earlier_answers() -> None:
    place = {"file_id": 1, "claim_offset": claim()["claim_offset"]}
    codes = [
        place | {"byte_offset": 9, "position": n, "qualifier": kind, "code": code}
        for n, (kind, code) in enumerate([("BG", "92"), ("BH", "11"), ("BG", "77")])
    ]
    other = place | {"other_payer_offset": 9, "paid_cents": 0}
    party = place | {"byte_offset": 9, "entity": "77", "npi": "1888888885"}
    more = {
        "claim_codes": frame(TABLES["claim_codes"], codes),
        "claim_parties": frame(TABLES["claim_parties"], [party]),
        "other_payers": frame(TABLES["other_payers"], [other]),
    }
    head = claim(statement_from=DAY, patient_status="30", attending_npi="1999999984")
    found = made([head], [line()], more=more).row(0, named=True)
    expected = {
        "condition_codes": "92 77",
        "facility_npi": "1888888885",
        "prior_payer_answered": True,
        "statement_from": DAY,
        "patient_status": "30",
        "attending_npi": "1999999984",
    }
    assert {key: found[key] for key in expected} == expected
    bare = made([claim()], [line()]).row(0, named=True)
    assert (bare["condition_codes"], bare["prior_payer_answered"]) == (None, None)


def test_the_table_is_exact_even_where_there_is_nothing() -> None:
    assert made([], []).schema == pl.Schema(SERVICE_LINES.schema)
    assert made([claim()], [line()]).schema == pl.Schema(SERVICE_LINES.schema)


def test_the_total_line_is_no_line() -> None:
    found = made([claim()], [line(), line(line_offset=300, revenue="0001", procedure=None)])
    assert found["revenue"].to_list() == ["0906"]


def test_diagnoses_are_principal_first_without_admitting() -> None:
    rows = [
        {
            "file_id": 1,
            "claim_offset": 100,
            "byte_offset": at,
            "position": n,
            "qualifier": q,
            "diagnosis": dx,
        }
        for at, n, q, dx in [
            (120, 1, "ABF", "F411"),
            (120, 2, "ABF", "Z638"),
            (110, 1, "ABJ", "F1020"),
            (130, 1, "ABK", "F331"),
        ]
    ]
    assert made([claim()], [line()], rows)["diagnoses"].to_list() == ["F331 F411 Z638"]


def test_a_line_without_a_date_has_the_claims_only_day() -> None:
    bare = line(service_date=None)
    assert made([claim()], [bare])["service_date"].to_list() == [DAY]
    span = claim(statement_from=date(2026, 1, 1))
    assert made([span], [bare])["service_date"].to_list() == [None]


@pytest.mark.parametrize(
    ("of_line", "of_claim", "expected"),
    [("1", "2", "1"), (None, "2", "2"), (None, None, "1234567893")],
)
def test_rendering_is_the_lines_the_claims_or_the_billers(
    of_line: str | None, of_claim: str | None, expected: str
) -> None:
    found = made([claim(rendering_npi=of_claim)], [line(rendering_npi=of_line)])
    assert found["rendering_npi"].to_list() == [expected]


def test_clients_are_known_by_member_id_and_where_shared_by_birth_date() -> None:
    mistyped = [claim(subscriber_birth_date=date(1909, 5, 1))]
    assert made(mistyped, [line()])["client_id"].to_list() == ["C1"]
    sibling = CLIENT | {"client_id": "C2", "birth_date": date(2012, 3, 3)}
    child = [claim(patient_birth_date=date(2012, 3, 3))]
    assert made(child, [line()], clients=[CLIENT, sibling])["client_id"].to_list() == ["C2"]
    assert made(mistyped, [line()], clients=[CLIENT, sibling])["client_id"].to_list() == [None]
    assert made([claim(payer_id="OTHER")], [line()])["client_id"].to_list() == [None]


def test_clients_are_known_by_the_chart_number_we_sent() -> None:
    """Twins share member id and birth date; a member id may be corrected after the claim went out."""
    twin = CLIENT | {"client_id": "C2"}
    assert made([claim()], [line()], clients=[CLIENT, twin])["client_id"].to_list() == [None]
    of_twin = [claim(medical_record="C2")]
    assert made(of_twin, [line()], clients=[CLIENT, twin])["client_id"].to_list() == ["C2"]
    corrected = CLIENT | {"member_id": "M2"}
    ours, theirs = [claim(medical_record="C1")], claim(subscriber_birth_date=date(1970, 1, 1))
    assert made(ours, [line()], clients=[corrected])["client_id"].to_list() == ["C1"]
    # another system's chart number may be anyone's
    strange = [theirs | {"medical_record": "C1"}]
    assert made(strange, [line()], clients=[corrected])["client_id"].to_list() == [None]


def test_answered_lines_have_their_standing_and_all_of_the_claim_its_number() -> None:
    standings = pl.DataFrame(
        {
            "file_id": [1],
            "line_offset": [200],
            "standing": ["denied"],
            "payer_claim_number": ["P1"],
        }
    )
    found = made([claim()], [line(), line(line_offset=300, line=2)], standings=standings)
    assert found.select("standing", "payer_claim_number").rows() == [
        ("denied", "P1"),
        ("sent", "P1"),
    ]


def test_a_number_under_which_a_line_was_reversed_gives_way_to_that_of_an_answer() -> None:
    """The first line's answer was taken back under P2; the second one's stands under P1."""
    standings = pl.DataFrame(
        {
            "file_id": [1, 1],
            "line_offset": [200, 300],
            "standing": [None, "paid"],
            "payer_claim_number": ["P2", "P1"],
        }
    )
    lines = [line(), line(line_offset=300, line=2)]
    found = made([claim()], lines, standings=standings)
    assert found.select("standing", "payer_claim_number").rows() == [("sent", "P1"), ("paid", "P1")]
    reversed_only = made([claim()], lines, standings=standings.head(1))
    assert set(reversed_only["payer_claim_number"]) == {"P2"}


def history(*claims: tuple[str, str, str | None, str | None, int]) -> list[str]:
    """Standings after netting of claims (CLM01, frequency, REF F8, payer's number, day sent)."""
    rows = [
        {
            "file_id": 1,
            "claim_offset": 100 * place,
            "line_offset": 100 * place + 1,
            "claim": name,
            "form": "I",
            "payer_id": "HARBR",
            "frequency": frequency,
            "replaces": replaces,
            "payer_claim_number": number,
            "sent_on": date(2026, 2, sent),
            "standing": "sent",
        }
        for place, (name, frequency, replaces, number, sent) in enumerate(claims, start=1)
    ]
    return netted(frame(SERVICE_LINES, rows))["standing"].to_list()


def test_netting_by_the_payers_number_then_ours_then_the_same_clm01() -> None:
    assert history(("A", "1", None, "P1", 1), ("B", "7", "P1", None, 2)) == ["void", "sent"]
    assert history(("A", "1", None, None, 1), ("B", "7", "A", None, 2)) == ["void", "sent"]
    assert history(("A", "1", None, None, 1), ("A", "7", "P1", None, 2)) == ["void", "sent"]


def test_the_first_way_of_naming_that_finds_a_claim_is_the_only_one() -> None:
    """F8 is the payer's number of A; that B's own CLM01 is P1 does not matter."""
    claims = (("A", "1", None, "P1", 1), ("P1", "1", None, None, 1), ("C", "7", "P1", None, 2))
    assert history(*claims) == ["void", "sent", "sent"]


def test_a_void_takes_its_own_lines_with_it() -> None:
    assert history(("A", "1", None, None, 1), ("B", "8", "A", None, 2)) == ["void", "void"]
    assert history(("B", "8", "unknown", None, 2)) == ["void"]


def test_a_chain_leaves_its_end() -> None:
    claims = (
        ("A", "1", None, "P1", 1),
        ("B", "7", "P1", "P2", 2),
        ("C", "7", "P2", None, 3),
    )
    assert history(*claims) == ["void", "void", "sent"]


def test_of_two_replacements_of_one_claim_the_later_stands() -> None:
    claims = (
        ("A", "1", None, "P1", 1),
        ("C", "7", "P1", None, 3),
        ("B", "7", "P1", None, 2),
    )
    assert history(*claims) == ["void", "sent", "void"]


def test_only_earlier_claims_give_way() -> None:
    """A claim sent anew after a void stands, though it has the voided claim's number."""
    claims = (("A", "1", None, None, 1), ("A", "8", None, None, 2), ("A", "1", None, None, 3))
    assert history(*claims) == ["void", "void", "sent"]


def test_numbers_of_other_payers_mean_nothing() -> None:
    mine = {"file_id": 1, "line_offset": 1, "claim": "A", "form": "I", "standing": "sent"}
    rows = [
        mine | {"claim_offset": 1, "payer_id": "HARBR", "payer_claim_number": "P1"},
        mine | {"claim_offset": 2, "payer_id": "MERID", "frequency": "7", "replaces": "P1"},
    ]
    assert netted(frame(SERVICE_LINES, rows))["standing"].to_list() == ["sent", "sent"]


def test_proposed_lines_are_never_netted() -> None:
    rows = [
        {"file_id": 0, "claim_offset": 0, "line_offset": 1, "standing": "proposed"},
        {
            "file_id": 0,
            "claim_offset": 0,
            "line_offset": 2,
            "standing": "sent",
            "claim": "V",
            "frequency": "8",
        },
    ]
    assert netted(frame(SERVICE_LINES, rows))["standing"].to_list() == ["proposed", "void"]
