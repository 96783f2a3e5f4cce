"""Hand-made remits and claims for the reconciler's tests: only the columns a case needs."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from edi_iop.tables import TABLES

REMIT_TABLES = (
    "payments",
    "remit_claims",
    "remit_lines",
    "adjustments",
    "provider_adjustments",
    "remarks",
)
CLAIM_TABLES = ("claims", "claim_lines", "claim_diagnoses")

Rows = list[dict[str, Any]]


def frame(name: str, rows: Rows) -> pl.DataFrame:
    """The rows as a canonical table; columns a row does not give are null."""
    schema = TABLES[name].schema
    unknown = {key for row in rows for key in row} - set(schema)
    assert not unknown, f"{name} has no column {sorted(unknown)}"
    columns = {key: [row.get(key) for row in rows] for key in schema}
    return pl.DataFrame(columns, schema=schema)


def remits(**tables: Rows) -> dict[str, pl.DataFrame]:
    """A remit's tables; those not given are empty."""
    return {name: frame(name, tables.get(name, [])) for name in REMIT_TABLES}


def claims(**tables: Rows) -> dict[str, pl.DataFrame]:
    """A submission's tables; those not given are empty."""
    return {name: frame(name, tables.get(name, [])) for name in CLAIM_TABLES}


PAYDAY = date(2026, 3, 10)


def payment(**values: Any) -> dict[str, Any]:
    """A payment in file 9, to our facility."""
    row = {
        "file_id": 9,
        "payment_offset": 200,
        "interchange_control": "000000009",
        "group_control": "9",
        "transaction_control": "0001",
        "trace_number": "T1",
        "payment_date": PAYDAY,
        "amount_cents": 0,
        "payer_id": "HARBR",
        "payee_qualifier": "XX",
        "payee_id": "1234567893",
        "payee_tin": "123456789",
    }
    return row | values


def remit_claim(offset: int, **values: Any) -> dict[str, Any]:
    """A claim as answered, in file 9."""
    row = {
        "file_id": 9,
        "payment_offset": 200,
        "remit_claim_offset": offset,
        "status": "1",
        "charge_cents": 35000,
        "paid_cents": 0,
    }
    return row | values


def remit_line(claim: int, offset: int, **values: Any) -> dict[str, Any]:
    """A substance use day as answered."""
    row = {
        "file_id": 9,
        "remit_claim_offset": claim,
        "remit_line_offset": offset,
        "position": 1,
        "qualifier": "HC",
        "procedure": "H0015",
        "revenue": "0906",
        "charge_cents": 35000,
        "paid_cents": 0,
        "units": 1.0,
        "service_date": date(2026, 2, 2),
    }
    return row | values


def adjustment(claim: int, line: int | None, offset: int, **values: Any) -> dict[str, Any]:
    row = {
        "file_id": 9,
        "remit_claim_offset": claim,
        "remit_line_offset": line,
        "byte_offset": offset,
        "position": 1,
        "group": "CO",
        "carc": "45",
        "amount_cents": 35000,
    }
    return row | values


def claim(offset: int, number: str, **values: Any) -> dict[str, Any]:
    """A claim as sent, in file 1."""
    row = {
        "file_id": 1,
        "claim_offset": offset,
        "form": "I",
        "claim": number,
        "charge_cents": 35000,
        "frequency": "1",
        "facility_type": "13",
        "statement_from": date(2026, 2, 2),
        "statement_to": date(2026, 2, 2),
        "billing_npi": "1234567893",
        "billing_tin": "123456789",
        "attending_npi": "1999999984",
        "patient_status": "01",
        "payer_responsibility": "P",
        "payer_id": "HARBR",
        "member_id": "M1",
    }
    return row | values


def claim_line(claim: int, offset: int, **values: Any) -> dict[str, Any]:
    """A substance use day as sent."""
    row = {
        "file_id": 1,
        "claim_offset": claim,
        "line_offset": offset,
        "line": 1,
        "revenue": "0906",
        "qualifier": "HC",
        "procedure": "H0015",
        "charge_cents": 35000,
        "units": 1.0,
        "service_date": date(2026, 2, 2),
    }
    return row | values
