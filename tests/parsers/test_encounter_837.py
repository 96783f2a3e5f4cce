"""Encounters out of 837 transactions with BHT06 = RP."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.errors import BadMap
from edi_iop.parsers import batches as chunks
from edi_iop.parsers import feed_layout
from edi_iop.parsers.encounter_837 import with_encounters
from tests.conftest import FIXTURES
from tests.parsers.test_chunks import many_claims

ENCOUNTER = (FIXTURES / "valid" / "claim_encounter.837").read_bytes()
PROGRAM = (FIXTURES / "x12" / "claim_iop.837").read_bytes().replace(b"*CH~", b"*RP~")
PROFESSIONAL = (
    (FIXTURES / "valid" / "claim_professional.837").read_bytes().replace(b"*CH~", b"*RP~")
)


def read(data: bytes, *layouts: feed_layout.Layout) -> parsers.Parsed:
    return parsers.parse([(1, data)], layouts=layouts)[1]


def row(data: bytes, table: str = "encounters", at: int = 0) -> dict[str, Any]:
    return read(data).tables[table].row(at, named=True)


def test_a_line_is_an_encounter() -> None:
    """005010X223A2: SV2, DTP 434 of one day, HI ABK, REF EA, CL1, NM1 71, BHT04 and 05 as version."""
    found = row(ENCOUNTER)
    told = {name: value for name, value in found.items() if value is not None}
    assert told == {
        "file_id": 1, "row": 1, "source_record_id": "ENC0001/1", "record_action": "add",
        "record_version": 20260302070000, "client_id": "MR1001", "level_of_care": "IOP",
        "program_track": "SUD", "service_date": date(2026, 1, 5), "minutes": 180,
        "service_type": "group", "attendance": "attended", "note_status": "signed",
        "attending_npi": "1245319599", "diagnoses": "F1020", "procedure": "H0015", "revenue": "0906",
        "units": 1.0, "telehealth": "N", "charge_cents": 35000, "facility_npi": "1234567893",
        "discharge_status": "01", "admission_type": "3", "admission_source": "1",
    }  # fmt: skip


def test_a_program_day_is_one_however_many_units_it_has() -> None:
    """Some payers count a day's hours: the minutes assumed are those of a day."""
    found = row(ENCOUNTER.replace(b"*350*UN*1", b"*350*UN*3"))
    assert (found["units"], found["minutes"]) == (3.0, 180)


def test_what_an_837_does_not_say_is_told() -> None:
    found = read(ENCOUNTER).findings
    says = found.filter(pl.col("code") == "FEED_ASSUMED")["message"].to_list()
    assert [one.split(" ")[0] for one in says] == ["minutes", "note_status", "coverage_from"]


def test_the_patient_and_not_the_subscriber_is_the_client() -> None:
    """Loop 2010CA: a child's claim under a parent's coverage."""
    found = row(PROGRAM, "clients", 1)
    assert (found["first_name"], found["birth_date"]) == ("SAM", date(2008, 2, 2))
    assert (found["relationship"], found["subscriber_first_name"]) == ("19", "JO")


def test_a_member_without_a_record_number_gets_a_pseudonym_that_stays() -> None:
    first, again = row(PROGRAM)["client_id"], row(PROGRAM)["client_id"]
    assert first == again == row(PROGRAM, "clients")["client_id"]
    assert "HB100200" not in first


@pytest.mark.parametrize(("frequency", "action"), [(b"7", "change"), (b"8", "cancel")])
def test_frequency_7_changes_and_8_cancels(frequency: bytes, action: str) -> None:
    data = ENCOUNTER.replace(b"13:A:1", b"13:A:" + frequency)
    assert row(data)["record_action"] == action


def test_lines_that_cannot_be_used_are_told_at_their_segment() -> None:
    """A CPT code says neither level of care nor minutes: the facility's own layout has to."""
    found = read(PROFESSIONAL)
    assert found.tables["encounters"].is_empty()
    missing = found.findings.filter(pl.col("code") == "FEED_VALUE_MISSING").row(0, named=True)
    assert missing["message"].startswith("claim PRO0001, line 1, level_of_care")
    assert PROFESSIONAL[missing["byte_offset"] :].startswith(b"LX*1")


def test_a_facility_says_what_its_codes_are() -> None:
    own = feed_layout.decode(
        'extends = "x12"\n[encounters]\nlevel_of_care = { value = "IOP" }\n'
        "minutes = { value = '60' }\n",
        "own",
        "own",
    )
    found = read(PROFESSIONAL, own).tables["encounters"]
    assert found["minutes"].to_list() == [60] * found.height
    assert found.height > 0


@pytest.mark.parametrize("size", [600, 1500, 2500])
def test_a_transaction_that_goes_on_in_the_next_chunk_is_still_one_of_encounters(size: int) -> None:
    data = many_claims(PROGRAM, 3)
    batches = chunks.read_batches([(1, io.BytesIO(data))], size=size)
    parts = [one.tables for one in with_encounters(batches) if "encounters" in one.tables]
    assert len(parts) > 1
    together = pl.concat([part["encounters"] for part in parts])
    assert together.equals(read(data).tables["encounters"])


def test_encounters_are_no_claims_that_were_sent() -> None:
    """Beside a transaction of claims in the same file, which stays."""
    claims = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
    both = parsers.parse([(1, ENCOUNTER), (2, claims)])
    whole = {
        name: pl.concat([both[1].tables[name], both[2].tables[name]])
        for name in ("submissions", "claims", "claim_lines", "claim_diagnoses")
    }
    kept = parsers.Sent().only(whole)
    assert kept["claims"]["file_id"].unique().to_list() == [2]
    assert kept["claim_lines"].equals(both[2].tables["claim_lines"])
    assert kept["submissions"].height == 2


def condition(code: bytes, data: bytes = ENCOUNTER) -> bytes:
    """Its lines are services that tell no level by themselves; the claim has the condition code."""
    plain = data.replace(b"SV2*0906*HC:H0015", b"SV2*0915*HC:G0410")
    assert plain != data
    return plain.replace(b"HI*ABK", b"HI*BG:" + code + b"~HI*ABK", 1)


OWN = 'extends = "x12"\n[defaults.encounters]\nminutes = "50"\n'


@pytest.mark.parametrize(("code", "level"), [(b"92", ["IOP"]), (b"41", ["PHP"]), (b"30", [])])
def test_the_condition_code_tells_the_level_of_care(code: bytes, level: list[str]) -> None:
    """NUBC condition codes 92 (IOP) and 41 (PHP), HI BG."""
    own = feed_layout.decode(OWN, "own", "own")
    found = read(condition(code), own)
    assert found.tables["encounters"]["level_of_care"].unique().to_list() == level
    told = found.findings.filter(pl.col("code") == "FEED_VALUE_MISSING")["message"].to_list()
    assert all(
        one.endswith(
            "required, and empty; where the feed does not say it, a layout of your own can for all rows: "
            'extends = "x12", [defaults.encounters] level_of_care = "IOP"'
        )
        for one in told
    )
    assert bool(told) is not bool(level)


def test_a_service_beside_a_per_diem_is_of_its_level() -> None:
    """On one claim and day: revenue 0906 tells what a group of 0915 beside it is part of."""
    segments = ENCOUNTER.split(b"~")
    at = next(i for i, one in enumerate(segments) if one.strip().startswith(b"SV2*0906"))
    end = next(
        (i for i, one in enumerate(segments) if i > at and one.strip()[:3] in (b"LX*", b"SE*")),
        len(segments),
    )
    line = [one.replace(b"SV2*0906*HC:H0015", b"SV2*0915*HC:H0005") for one in segments[at:end]]
    more = [*segments[:end], b"LX*9", *line, *segments[end:]]
    own = feed_layout.decode(OWN, "own", "own")
    found = read(b"~".join(more), own).tables["encounters"].filter(pl.col("procedure") == "H0005")
    assert found.select("level_of_care", "minutes").rows() == [("IOP", 50)]


def test_a_layouts_default_is_what_the_837_does_not_say_and_is_told() -> None:
    own = feed_layout.decode(OWN + 'level_of_care = "IOP"\n', "own", "own")
    found = read(PROFESSIONAL, own)
    assert found.tables["encounters"]["level_of_care"].unique().to_list() == ["IOP"]
    says = found.findings.filter(pl.col("code") == "FEED_ASSUMED")["message"].to_list()
    assert sorted(one.split(" ")[0] for one in says) == [
        "coverage_from", "level_of_care", "minutes", "note_status",
    ]  # fmt: skip


def test_a_default_for_no_column_is_refused() -> None:
    with pytest.raises(BadMap, match=r"own: defaults\.encounters\.levels: no column"):
        feed_layout.decode('extends = "x12"\n[defaults.encounters]\nlevels = "IOP"\n', "own", "own")
