"""Sheets as CSV, JSON and NDJSON."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, time

import polars as pl
import pytest

from edi_iop.reports.formats import to_csv, to_json, to_ndjson
from edi_iop.reports.sheet import MASK, Sheet


def sheet(**columns: list[object]) -> Sheet:
    return Sheet("", pl.DataFrame(columns))


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-cmd|x", "@A1", "\t=1", "\r=1"])
def test_a_formula_gets_a_quote(text: str) -> None:
    """A spreadsheet must not run what a payer or an EHR wrote."""
    written = list(csv.reader(io.StringIO(to_csv(sheet(says=[text])), newline="")))
    assert written == [["says"], ["'" + text]]


@pytest.mark.parametrize("text", ["-12.50", "+3", "H0015", "a=b", ""])
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    written = list(csv.reader(io.StringIO(to_csv(sheet(says=[text])), newline="")))
    assert written == [["says"], [text]]


def test_a_formula_inside_a_list_is_text_too() -> None:
    frame = pl.DataFrame({"evidence": [["=x", "claim:A line 1"]]})
    assert to_csv(Sheet("", frame)) == "evidence\n'=x; claim:A line 1\n"


def test_lists_of_days_and_numbers_are_one_field() -> None:
    frame = pl.DataFrame(
        {"service_dates": [[date(2026, 1, 5), date(2026, 1, 6)]], "lines": [[1, 2]]}
    )
    assert to_csv(Sheet("", frame)) == "service_dates,lines\n2026-01-05; 2026-01-06,1; 2\n"


def test_negative_cents_are_numbers() -> None:
    assert to_csv(sheet(paid_cents=[-500])) == "paid_cents\n-500\n"


def test_ndjson_is_one_object_a_line_with_nulls() -> None:
    frame = pl.DataFrame(
        {
            "day": [date(2026, 1, 5), None],
            "at": [time(9, 30), None],
            "rarcs": [["N20", "M80"], []],
            "units": [1.0, None],
        }
    )
    lines = [json.loads(line) for line in to_ndjson(Sheet("", frame)).splitlines()]
    assert lines == [
        {"day": "2026-01-05", "at": "09:30", "rarcs": ["N20", "M80"], "units": 1.0},
        {"day": None, "at": None, "rarcs": [], "units": None},
    ]


def test_json_is_one_array_of_the_same_objects() -> None:
    assert json.loads(to_json(sheet(a=[1, 2]))) == [{"a": 1}, {"a": 2}]
    assert json.loads(to_json(Sheet("", pl.DataFrame(schema={"a": pl.Int64})))) == []


def test_a_document_is_the_json_itself() -> None:
    receipt = Sheet("", pl.DataFrame({"stage": ["in"]}), document={"files": {"in": 2}})
    assert json.loads(to_json(receipt)) == {"files": {"in": 2}}
    assert json.loads(to_ndjson(receipt)) == {"files": {"in": 2}}
    assert to_ndjson(receipt).count("\n") == 1


def test_masked_hides_people_and_keeps_gaps() -> None:
    frame = pl.DataFrame({"last_name": ["Doe", None], "line": [1, 2]})
    hidden = Sheet("", frame, phi=frozenset({"last_name"})).masked()
    assert hidden.rows.to_dict(as_series=False) == {"last_name": [MASK, None], "line": [1, 2]}


def test_masked_hides_dates_of_birth_as_text() -> None:
    frame = pl.DataFrame({"birth_date": [date(1990, 1, 1)]})
    hidden = Sheet("", frame, people=frame, phi=frozenset({"birth_date"})).masked()
    assert hidden.rows["birth_date"].to_list() == [MASK]
    assert hidden.shown["birth_date"].to_list() == [MASK]
