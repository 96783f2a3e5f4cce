"""Rules tried on the past: each day's lines judged by what was known then, beside the payers' answers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl

from edi_iop.reconciler.backtest import by_rule, replay
from edi_iop.rules.policy import load
from edi_iop.rules.records import Records
from edi_iop.tables import (
    AUTHORIZATIONS,
    CLIENTS,
    DAYS,
    ENCOUNTERS,
    MATCHES,
    PROVIDERS,
    REMITS,
    SERVICE_LINES,
    TABLES,
)

JANUARY = date(2026, 1, 1)
HARBOR = load("harbor", date(2026, 3, 1))
HARBOR = msgspec.structs.replace(
    HARBOR, authorization=msgspec.structs.replace(HARBOR.authorization, required=False)
)
"""Without authorizations: coverage and duplicates are what these cases are about."""


def line(number: int, day: int, sent: int, **columns: Any) -> dict[str, Any]:
    """A line of a claim of its own: service and sending by their day of January."""
    return {
        "file_id": number,
        "claim_offset": 1,
        "line_offset": 2,
        "claim": f"CL{number}",
        "line": 1,
        "form": "I",
        "standing": "sent",
        "client_id": "C1",
        "payer_id": "HARBR",
        "member_id": "M1",
        "payer_responsibility": "P",
        "service_date": date(2026, 1, day),
        "revenue": "0906",
        "procedure": "H0015",
        "units": 1.0,
        "charge_cents": 35000,
        "diagnoses": "F1020",
        "frequency": "2",
        "billing_npi": "1234567893",
        "billing_tin": "123456789",
        "attending_npi": "1999999984",
        "patient_status": "30" if columns.get("frequency", "2") == "2" else "01",
        "sent_on": date(2026, 1, sent),
    } | columns


def answer(
    number: int, of: int, paid_on: int, paid: int, carc: str | None
) -> dict[str, pl.DataFrame]:
    """An 835 of one claim with one line, and its match to the line of file `of`."""
    file = 100 + number
    key = {"file_id": file, "payment_offset": 1, "remit_claim_offset": 2}
    refused = [] if carc is None else [
        {**key, "remit_line_offset": 3, "byte_offset": 4, "position": 1, "group": "CO", "carc": carc, "amount_cents": 35000}
    ]  # fmt: skip
    rows: dict[str, list[dict[str, Any]]] = {
        "payments": [{**key, "payment_date": date(2026, 1, paid_on), "amount_cents": paid}],
        "remit_claims": [{**key, "claim": f"CL{of}", "status": "1", "payer_claim_number": f"P{of}"}],
        "remit_lines": [{**key, "remit_line_offset": 3, "position": 1, "paid_cents": paid}],
        "adjustments": refused,
        "matches": [
            {"file_id": file, "remit_claim_offset": 2, "remit_line_offset": offset,
             "claim_file_id": of, "claim_offset": 1, "line_offset": None if offset is None else 2}
            for offset in (None, 3)
        ],
    }  # fmt: skip
    return {name: TABLES[name].conform(pl.from_dicts(of_it, infer_schema_length=None))
            if of_it else TABLES[name].empty() for name, of_it in rows.items()}  # fmt: skip


def tried(
    lines: list[dict[str, Any]], answers: list[dict[str, pl.DataFrame]], since: date = JANUARY
) -> pl.DataFrame:
    """The lines under harbor's rules, the client covered up to January 10."""
    clients = pl.from_dicts(
        [{"file_id": 1, "row": 2, "client_id": "C1", "payer_id": "HARBR", "member_id": "M1",
          "birth_date": date(1990, 5, 1), "coverage_priority": "P", "relationship": "18",
          "coverage_from": date(2025, 1, 1), "coverage_to": date(2026, 1, 10)}],
        schema=CLIENTS.schema,
    )  # fmt: skip

    def records(under: pl.DataFrame, day: date) -> Records:
        return Records(
            lines=under,
            days=DAYS.empty(),
            encounters=ENCOUNTERS.empty(),
            clients=clients,
            authorizations=AUTHORIZATIONS.empty(),
            providers=PROVIDERS.empty(),
            as_of=day,
        )

    remits = {
        name: pl.concat([TABLES[name].empty(), *(one[name] for one in answers if name in one)])
        for name in REMITS
    }
    matches = pl.concat([MATCHES.empty(), *(one["matches"] for one in answers)])
    sent = pl.from_dicts(lines, schema=SERVICE_LINES.schema)
    return replay(sent, remits, matches, records, {"HARBR": HARBOR}, since)


def test_denied_paid_and_open_lines_are_told_apart() -> None:
    """After the last covered day: one denied, one paid all the same, one not answered."""
    found = tried(
        [line(1, 8, 15), line(2, 12, 15), line(3, 13, 15), line(4, 14, 15)],
        [answer(1, 1, 25, 28500, None), answer(2, 2, 25, 0, "27"), answer(3, 3, 25, 28500, None)],
    )
    assert found.select("claim", "answer", "rules").rows() == [
        ("CL1", "paid", []),
        ("CL2", "denied", ["ELG-01"]),
        ("CL3", "paid", ["ELG-01"]),
        ("CL4", "open", ["ELG-01"]),
    ]
    assert by_rule(found).rows(named=True) == [
        {
            "rule": "ELG-01", "lines": 3, "charge_cents": 105000,
            "denied_lines": 1, "denied_cents": 35000, "paid_lines": 1, "paid_cents": 28500,
            "open_lines": 1, "open_cents": 35000,
        }
    ]  # fmt: skip


def test_only_claims_sent_since_the_day() -> None:
    found = tried([line(1, 12, 15), line(2, 13, 20)], [], since=date(2026, 1, 20))
    assert found["claim"].to_list() == ["CL2"]


def test_the_second_claim_of_a_day_is_stopped_not_the_first() -> None:
    """That the payer paid the second and denied the first was not known when they went out."""
    found = tried(
        [line(1, 8, 12), line(2, 8, 13)],
        [answer(1, 1, 25, 0, "18"), answer(2, 2, 25, 28500, None)],
    )
    assert found.select("claim", "answer", "rules").rows() == [
        ("CL1", "denied", []),
        ("CL2", "paid", ["DUP-03"]),
    ]


def test_a_claim_replaced_later_is_judged_as_it_went_out() -> None:
    """The replacement is no duplicate; the claim it replaces was wrong when it was sent."""
    replacement = line(2, 12, 28, frequency="7", replaces="P1", service_date=date(2026, 1, 9))
    found = tried([line(1, 12, 15), replacement], [answer(1, 1, 25, 0, "27")])
    assert found.select("claim", "answer", "rules").rows() == [
        ("CL1", "denied", ["ELG-01"]),
        ("CL2", "open", []),
    ]


def test_an_answer_taken_back_is_none() -> None:
    back = answer(2, 1, 26, -28500, None)
    back["remit_claims"] = back["remit_claims"].with_columns(status=pl.lit("22"))
    found = tried([line(1, 12, 15)], [answer(1, 1, 25, 28500, None), back])
    assert found.select("answer", "paid_cents").rows() == [("open", 0)]


def test_payers_without_a_policy_and_void_claims_are_left_out() -> None:
    day = line(1, 12, 15)
    found = tried(
        [day | {"payer_id": "OTHER"}, line(2, 13, 15), line(3, 13, 16, frequency="8", claim="CL2")],
        [],
    )
    assert found.select("claim", "sent_on").rows() == [("CL2", JANUARY + timedelta(days=14))]
