"""Professional claims by the clinic's staff, as their own practice sends them (005010X222A1).

The program's physicians also work in a practice that bills for itself. A service
on an intensive outpatient day is part of the facility's day (BUN-02), or needs an
authorization of its own (BUN-03).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from edi_iop.identifiers import make_npi
from edi_iop.money import to_x12
from edi_iop.settings import Settings
from edi_iop.simulator.clinic_charts import Chart
from edi_iop.simulator.clinic_faults import MIDDLE, Planted
from edi_iop.simulator.clinic_former import (
    Row,
    Tables,
    batch,
    demographics,
    diagnosis_rows,
    framed,
)
from edi_iop.simulator.clinic_people import Staff

PRACTICE = "Example Physicians Group"
SENDER = "PHYSGROUP"
PRACTICE_NPI = make_npi("167890123")
PRACTICE_TIN = "990000002"
EVALUATION = "H2000"
"""A multidisciplinary evaluation: in no bundle, so that only the roster and the day tell."""
CHARGE_CENTS = 18000
CONTROL = 71
"""Interchange and group control number of the practice's file."""


def staff_claims(
    charts: list[Chart], settings: Settings, roster: tuple[Staff, ...], start: date
) -> tuple[Tables, list[Planted]]:
    """Two claims a client: one on an attended day (planted), one on a day without attendance."""
    claims: list[Row] = []
    planted: list[Planted] = []
    week = start + timedelta(weeks=MIDDLE)
    for chart in charts:
        attended = chart.days(week)[1]
        free = next(
            day
            for day in (week + timedelta(days=shift) for shift in range(5))
            if day not in chart.visits
        )
        for day in (attended, free):
            claims.append(_claim(chart, day, roster, settings, len(claims) + 1))
        name = str(claims[-2]["claim"])
        planted.append(
            Planted(
                "BUN-03" if chart.payer_id == "SUMIT" else "BUN-02",
                chart.client_id,
                chart.payer_id,
                attended,
                "staff",
                f"{name} line 1",
                "a physician of the roster billed for an intensive outpatient day",
            )
        )
    return _tables(claims, settings, week + timedelta(days=7)), planted


def _claim(
    chart: Chart, day: date, roster: tuple[Staff, ...], settings: Settings, number: int
) -> Row:
    held = chart.coverages[-1]
    payer = next(payer for payer in settings.payers if payer.id == held.payer_id)
    facility = settings.facility
    return {
        "claim_offset": number,
        "form": "P",
        "claim": f"PG{7000 + number}",
        "charge_cents": CHARGE_CENTS,
        "facility_type": "11",
        "frequency": "1",
        "provider_signature": "Y",
        "assignment": "A",
        "benefits_assigned": "Y",
        "release": "Y",
        "billing_name": PRACTICE,
        "billing_npi": PRACTICE_NPI,
        "billing_address1": facility.address1,
        "billing_city": facility.city,
        "billing_state": facility.state,
        "billing_zip": facility.zip,
        "billing_tin": PRACTICE_TIN,
        "payer_responsibility": "P",
        "group_number": held.group_number,
        "filing_indicator": payer.filing_indicator,
        "member_id": held.member_id,
        "relationship": "18",
        **demographics(chart.person, "subscriber"),
        "payer_name": payer.name,
        "payer_id": payer.id,
        "rendering_npi": roster[0].npi,
        "_day": day,
        "_diagnosis": chart.diagnoses[chart.leading].split()[0],
    }


def _tables(claims: list[Row], settings: Settings, sent: date) -> Tables:
    submission: Row = {
        **batch(settings, SENDER, PRACTICE),
        "guide": "005010X222A1",
        "reference": "PG0107",
        "created_on": sent,
        "created_at": "0730",
        "submitter_contact": "Practice Office",
        "submitter_phone": "5555550107",
    }
    diagnoses = [
        each
        for row in claims
        for each in diagnosis_rows(int(str(row["claim_offset"])), str(row["_diagnosis"]))
    ]
    return framed(2, submission, claims, [_line(row) for row in claims], diagnoses)


def _line(claim: Row) -> Row:
    return {
        "claim_offset": claim["claim_offset"],
        "line_offset": claim["claim_offset"],
        "line": 1,
        "qualifier": "HC",
        "procedure": EVALUATION,
        "charge_cents": CHARGE_CENTS,
        "unit_basis": "UN",
        "units": 1.0,
        "diagnosis_pointers": "1",
        "service_date": claim["_day"],
        "line_control": f"{claim['claim']}L1",
    }


def write_837p(staff: Tables, roster: tuple[Staff, ...]) -> bytes:
    """The practice's claims as an 837P interchange of self-insured patients.

    A plain template: the project reads 837P and has no need to write it elsewhere.
    """
    head = staff["submissions"].row(0, named=True)
    body = [*_opening(head), *_billing(staff["claims"].row(0, named=True))]
    keys = ["file_id", "claim_offset"]
    whole = (
        staff["claims"]
        .join(staff["claim_lines"].drop("rendering_npi", "charge_cents"), on=keys)
        .join(staff["claim_diagnoses"].select(*keys, "diagnosis"), on=keys)
    )
    names = {one.npi: one for one in roster}
    for number, row in enumerate(whole.iter_rows(named=True), start=2):  # a template, row by row
        body += _patient(row, number)
        body += _service(row, names[row["rendering_npi"]])
    body.append(f"SE*{len(body) + 1}*0001")
    when = f"{head['created_on']:%y%m%d}*{head['created_at']}"
    parties = f"{head['sender_id']}*{head['receiver_id']}"
    envelope = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{head['sender_id']:15}*ZZ*{head['receiver_id']:15}"
        f"*{when}*^*00501*{CONTROL:09d}*0*{head['usage']}*:",
        f"GS*HC*{parties}*20{when}*{CONTROL}*X*{head['guide']}",
        *body,
        f"GE*1*{CONTROL}",
        f"IEA*1*{CONTROL:09d}",
    ]
    return "".join(f"{segment}~\n" for segment in envelope).encode("ascii")


def _opening(head: dict[str, Any]) -> Iterator[str]:
    """ST, BHT and loops 1000A and 1000B."""
    yield f"ST*837*0001*{head['guide']}"
    yield f"BHT*0019*00*{head['reference']}*{head['created_on']:%Y%m%d}*{head['created_at']}*CH"
    yield f"NM1*41*2*{head['submitter_name']}*****46*{head['submitter_id']}"
    yield f"PER*IC*{head['submitter_contact']}*TE*{head['submitter_phone']}"
    yield f"NM1*40*2*{head['receiver_name']}*****46*{head['receiver_code']}"


def _billing(row: dict[str, Any]) -> Iterator[str]:
    """Loops 2000A and 2010AA."""
    yield "HL*1**20*1"
    yield f"NM1*85*2*{row['billing_name']}*****XX*{row['billing_npi']}"
    yield f"N3*{row['billing_address1']}"
    yield f"N4*{row['billing_city']}*{row['billing_state']}*{row['billing_zip']}"
    yield f"REF*EI*{row['billing_tin']}"


def _patient(row: dict[str, Any], number: int) -> Iterator[str]:
    """Loops 2000B, 2010BA and 2010BB: the subscriber is the patient."""
    names = f"{row['subscriber_last_name']}*{row['subscriber_first_name']}"
    place = f"{row['subscriber_city']}*{row['subscriber_state']}*{row['subscriber_zip']}"
    birth = f"{row['subscriber_birth_date']:%Y%m%d}"
    yield f"HL*{number}*1*22*0"
    yield f"SBR*P*18*{row['group_number']}******{row['filing_indicator']}"
    yield f"NM1*IL*1*{names}****MI*{row['member_id']}"
    yield f"N3*{row['subscriber_address1']}"
    yield f"N4*{place}"
    yield f"DMG*D8*{birth}*{row['subscriber_sex']}"
    yield f"NM1*PR*2*{row['payer_name']}*****PI*{row['payer_id']}"


def _service(row: dict[str, Any], rendering: Staff) -> Iterator[str]:
    """Loops 2300, 2310B and 2400."""
    charge = to_x12(row["charge_cents"])
    place = f"{row['facility_type']}:B:{row['frequency']}"
    yield f"CLM*{row['claim']}*{charge}***{place}*Y*A*Y*Y"
    yield f"HI*ABK:{row['diagnosis']}"
    yield f"NM1*82*1*{rendering.last_name}*{rendering.first_name}****XX*{rendering.npi}"
    yield f"PRV*PE*PXC*{rendering.taxonomy}"
    yield f"LX*{row['line']}"
    yield f"SV1*HC:{row['procedure']}*{charge}*UN*{row['units']:g}***{row['diagnosis_pointers']}"
    yield f"DTP*472*D8*{row['service_date']:%Y%m%d}"
    yield f"REF*6R*{row['line_control']}"
