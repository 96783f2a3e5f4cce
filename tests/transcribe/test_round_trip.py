"""One map, read both ways: reading what was written gives the same tables."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_iop import parsers
from edi_iop.tables import CLAIM_DIAGNOSES, CLAIM_LINES, CLAIMS, REMARKS, SUBMISSIONS
from edi_iop.transcribe.write import write_835, write_837i
from edi_iop.x12.writer import Envelope
from tests.conftest import FIXTURES, one_in
from tests.referee import verdict

Tables = dict[str, pl.DataFrame]
MADE = Envelope("SENDER", "RECEIVER", 12, 34, datetime(2026, 3, 1, 8, 0))
PLACES = ("file_id", "sender_id", "receiver_id", "interchange_control", "group_control", "usage")
"""What depends on where a file was written to, and by whom."""


def tables_of(data: bytes) -> Tables:
    return parsers.parse([(1, data)])[1].tables


def content(frame: pl.DataFrame) -> pl.DataFrame:
    """A table without the places of its rows."""
    return frame.drop(
        name for name in frame.columns if name.endswith(("offset", "_position")) or name in PLACES
    )


def same(one: Tables, other: Tables) -> None:
    assert set(one) == set(other)
    for name, frame in one.items():
        assert content(frame).equals(content(other[name])), name


def test_837i_fixture() -> None:
    before = tables_of((FIXTURES / "x12" / "claim_iop.837").read_bytes())
    again = write_837i(before, MADE)
    same(before, tables_of(again))
    assert verdict(again) == (True, [])


def test_835_fixture() -> None:
    before = tables_of((FIXTURES / "x12" / "remit_iop.835").read_bytes())
    again = write_835(before, MADE)
    same(before, tables_of(again))
    assert verdict(again) == (True, [])


def test_fixture_bytes_come_back_but_for_the_envelope() -> None:
    data = (FIXTURES / "x12" / "claim_iop.837").read_text()
    body = data.splitlines()[2:-2]
    assert write_837i(tables_of(data.encode()), MADE).decode().splitlines()[2:-2] == body


def test_tables_of_the_claim_fixture_hold_what_the_file_says() -> None:
    tables = tables_of((FIXTURES / "x12" / "claim_iop.837").read_bytes())
    first, second = tables["claims"].rows(named=True)
    assert (first["claim"], first["charge_cents"], first["frequency"]) == (
        "EA1B2C3D4EZ",
        70000,
        "2",
    )
    assert (first["statement_from"], first["statement_to"]) == (date(2026, 1, 5), date(2026, 1, 7))
    assert (first["admission_date"], first["admission_hour"]) == (date(2026, 1, 5), "0900")
    assert (first["relationship"], first["patient_last_name"]) == ("18", None)
    assert (first["auth_number"], first["billing_tin"]) == ("AUTH5501", "990000002")
    assert (second["relationship"], second["patient_first_name"]) == ("19", "SAM")
    assert second["subscriber_first_name"] == "JO"
    assert second["auth_number"] is None
    lines = tables["claim_lines"]
    assert lines["modifiers"].to_list() == [None, "HQ GT", None]
    assert lines["charge_cents"].to_list() == [35000, 35000, 31000]
    assert lines["claim_offset"].to_list() == [first["claim_offset"]] * 2 + [second["claim_offset"]]
    diagnoses = tables["claim_diagnoses"].select("qualifier", "diagnosis").rows()
    assert diagnoses == [("ABK", "F1020"), ("ABF", "F331"), ("ABF", "F411"), ("ABK", "F331")]


def test_tables_of_the_remit_fixture_hold_what_the_file_says() -> None:
    data = (FIXTURES / "x12" / "remit_iop.835").read_bytes()
    tables = tables_of(data)
    payment = tables["payments"].row(0, named=True)
    assert (payment["amount_cents"], payment["trace_number"]) == (56000, "CHK0000417")
    assert payment["payment_date"] == date(2026, 3, 10)
    adjustments = tables["adjustments"].select("group", "carc", "amount_cents", "position").rows()
    assert adjustments == [
        ("CO", "45", 6500, 1),
        ("CO", "45", 5500, 1),
        ("PR", "3", 2000, 1),
        ("CO", "197", 35000, 1),
        ("CO", "97", 30000, 1),
        ("CO", "253", 1000, 2),
    ]
    assert tables["remarks"]["remark"].to_list() == ["M62", "N20", "M80"]
    line = tables["remit_lines"].row(3, named=True)
    at = line["remit_line_offset"]
    assert data[at : at + 12] == b"SVC*HC:S9480", "an offset opens its segment"
    assert (line["position"], line["service_date"]) == (1, date(2026, 1, 6))
    assert tables["remit_lines"]["position"].to_list() == [1, 2, 3, 1]


def test_public_remits_and_claims_round_trip(samples: Path) -> None:
    remits = sorted(samples.glob("835/x12-types*"))
    assert len(remits) > 20
    for path in (*remits[one_in(3)], samples / "837I/shape__sample_837I-000001.x12"):
        before = tables_of(path.read_bytes())
        write = write_835 if "payments" in before else write_837i
        after = tables_of(write(before, MADE))
        if "remarks" in before:
            same(before | {"remit_claims": before["remit_claims"].drop("header")},
                 after | {"remit_claims": after["remit_claims"].drop("header")})  # fmt: skip
        else:
            same(before, after)


def test_remarks_of_a_claim_are_one_segment() -> None:
    """Two remarks of one claim: MOA03 and MOA04, behind two empty elements."""
    tables = tables_of((FIXTURES / "x12" / "remit_iop.835").read_bytes())
    first = tables["remit_claims"].head(1).select("file_id", "remit_claim_offset")
    said = first.join(pl.DataFrame({"remark": ["MA15", "N1"], "position": [1, 2]}), how="cross")
    tables["remarks"] = REMARKS.conform(said.with_columns(byte_offset=pl.lit(1)))
    written = write_835(tables, MADE)
    assert written.count(b"~\nMOA***MA15*N1~\n") == written.count(b"MOA") == 1
    after = tables_of(written)["remarks"]
    assert after.select("remark", "remit_line_offset").rows() == [("MA15", None), ("N1", None)]


def test_a_line_of_several_days_has_first_and_last_day() -> None:
    """DTM 150 and 151 instead of 472."""
    tables = tables_of((FIXTURES / "x12" / "remit_iop.835").read_bytes())
    lines = tables["remit_lines"].with_columns(service_date_to=pl.col("service_date"))
    written = write_835(tables | {"remit_lines": lines}, MADE)
    assert b"DTM*472" not in written
    assert written.count(b"DTM*150") == written.count(b"DTM*151") == lines.height
    same(
        {"remit_lines": lines.drop("remit_claim_offset", "remit_line_offset")},
        {
            "remit_lines": tables_of(written)["remit_lines"].drop(
                "remit_claim_offset", "remit_line_offset"
            )
        },
    )


TEXT = (
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789-'", min_size=1, max_size=15)
    .map(str.strip)
    .filter(bool)
)
DAY = st.dates(date(2025, 1, 1), date(2026, 12, 31))


@st.composite
def claim_tables(draw: st.DrawFn) -> Tables:
    """Claims of several billing providers, subscribers and patients, with lines and diagnoses."""
    claims, lines, diagnoses = [], [], []
    for number in range(draw(st.integers(1, 6))):
        dependent = draw(st.booleans())
        member = draw(st.sampled_from(["M1", "M2", "M3"]))
        first = draw(DAY)
        charges = draw(st.lists(st.integers(1, 9_999_999), min_size=1, max_size=4))
        claims.append(
            {
                "file_id": 0, "transaction_offset": 0, "claim_offset": number, "form": "I",
                "claim": f"C{number}", "charge_cents": sum(charges), "facility_type": "13",
                "frequency": "1", "assignment": "A", "benefits_assigned": "Y", "release": "Y",
                "statement_from": first, "statement_to": first, "admission_date": first,
                "admission_type": "3", "admission_source": "1", "patient_status": "30",
                "auth_number": draw(st.none() | TEXT), "billing_name": "CLINIC",
                "billing_npi": draw(st.sampled_from(["1234567893", "1245319599"])),
                "billing_address1": "1 MAIN", "billing_city": "PORTLAND", "billing_state": "ME",
                "billing_zip": "041010020", "billing_tin": "990000002", "payer_responsibility": "P",
                "filing_indicator": "CI", "member_id": member, "subscriber_last_name": f"LAST{member}",
                "subscriber_first_name": draw(st.none() | TEXT), "payer_name": "PLAN", "payer_id": "PLAN1",
                "relationship": "19" if dependent else "18",
                "patient_last_name": draw(TEXT) if dependent else None,
                "patient_address1": "2 MAIN" if dependent else None,
                "patient_city": "PORTLAND" if dependent else None,
                "patient_state": "ME" if dependent else None,
                "patient_zip": "04101" if dependent else None,
                "patient_birth_date": date(2010, 5, 6) if dependent else None,
                "patient_sex": "F" if dependent else None,
                "attending_last_name": "NGUYEN", "attending_first_name": "KIM",
                "attending_npi": "1245319599",
            }
        )  # fmt: skip
        lines += [
            {
                "file_id": 0, "claim_offset": number, "line_offset": number * 10 + place, "line": place + 1,
                "revenue": "0906", "qualifier": "HC", "procedure": "H0015",
                "modifiers": draw(st.sampled_from([None, "HQ", "HF TG"])), "charge_cents": cents,
                "unit_basis": "UN", "units": float(draw(st.integers(1, 4))), "service_date": first,
                "line_control": f"L{number}{place}",
            }
            for place, cents in enumerate(charges)
        ]  # fmt: skip
        codes = draw(
            st.lists(st.sampled_from(["F1020", "F331", "F411", "Z634"]), min_size=1, max_size=4)
        )
        diagnoses += [
            {"file_id": 0, "claim_offset": number, "byte_offset": number * 2 + bool(place),
                 "position": max(place, 1), "qualifier": "ABF" if place else "ABK", "diagnosis": code}
            for place, code in enumerate(codes)
        ]  # fmt: skip
    submission = {
        "file_id": 0, "transaction_offset": 0, "transaction_control": "0001", "guide": "005010X223A2",
        "purpose": "00", "reference": "B1", "created_on": date(2026, 3, 1), "created_at": "0800",
        "transaction_type": "CH", "submitter_name": "CLINIC", "submitter_id": "CLINIC",
        "submitter_contact": "OFFICE", "submitter_phone": "2075550100", "receiver_name": "CH", "receiver_code": "CH",
    }  # fmt: skip
    return {
        "submissions": pl.DataFrame([submission], schema=SUBMISSIONS.schema),
        "claims": pl.DataFrame(claims, schema=CLAIMS.schema),
        "claim_lines": pl.DataFrame(lines, schema=CLAIM_LINES.schema),
        "claim_diagnoses": pl.DataFrame(diagnoses, schema=CLAIM_DIAGNOSES.schema),
    }


@settings(max_examples=settings.default.max_examples // 10)
@given(claim_tables())
def test_any_claims_come_back(tables: Tables) -> None:
    parsed = parsers.parse([(1, write_837i(tables, MADE))])[1]
    errors = parsed.findings.filter(pl.col("severity") == "error")["code"].to_list()
    # The tables hold any values: no address of the subscriber, a status that the frequency denies.
    known = {"SEGMENT_MISSING", "SITUATION_SEGMENT_MISSING", "FREQUENCY_AGAINST_STATUS"}
    assert set(errors) <= known
    # Claims of one subscriber under his dependents come first; each claim is otherwise as it was.
    for name in ("claims", "claim_lines", "claim_diagnoses"):
        before, after = content(tables[name]), content(parsed.tables[name])
        order = [column for column in before.columns if before[column].dtype != pl.Null]
        assert before.sort(order, nulls_last=True).equals(after.sort(order, nulls_last=True)), name
