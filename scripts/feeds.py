"""How long feeds of many encounters take, and whether ten times as many take ten times as long.

CSV, canonical and by a layout, HL7 v2 and FHIR R4: scripts/feeds [CSV_ROWS [MESSAGE_ROWS]].
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta

from edi_iop.parsers.feeds import read_feed

ROWS = 1_000_000
_HEADER = (
    "source_record_id,client_id,level_of_care,program_track,service_date,start_time,end_time,"
    "service_type,attendance,note_status,rendering_npi,diagnoses,auth_number,revenue"
)
_LAYOUT = (
    "MR Number,Item ID,Item,Program,Date Started,Date of Service,Start Time,End Time,Attendance,"
    "Note Status,LOC,Code(s),Revenue Code,Diagnosis Codes,Rendering NPI,Auth #,Billing Status"
)


def canonical(number: int) -> str:
    """One session of a clinic that does not exist; sixteen clients a day."""
    day = date(2025, 1, 1) + timedelta(days=number // 16 % 365)
    return (
        f"E-{number},C-{number % 9973:05d},IOP,SUD,{day},09:00,12:00,group,attended,signed,"
        f'1234567893,"F10.20, F33.1",A{number % 9973},906'
    )


def partner(number: int) -> str:
    """The same as a Kipu-like billing report has it."""
    day = f"{date(2025, 1, 1) + timedelta(days=number // 16 % 365):%m/%d/%Y}"
    return (
        f"MR{number % 9973:05d},{number},Process Group,Substance Use,{day},{day},9:00 AM,12:00 PM,"
        f'Present,Signed,IOP 5 Day,,906,"F10.20, F33.1",1234567893,A{number % 9973},billable'
    )


def dft(number: int) -> str:
    """The same as a DFT^P03 of one session."""
    day = f"{date(2025, 1, 1) + timedelta(days=number // 16 % 365):%Y%m%d}"
    client = f"MR{number % 9973:05d}"
    segments = (
        f"MSH|^~\\&|EHR|CLINIC|IOP|BILLING|{day}180000||DFT^P03^DFT_P03|M{number}|P|2.5.1",
        f"PID|1||{client}^^^CLINIC^MR||Sample^Ada",
        f"PV1|1|R||||||||||||||||IOP|V-{number % 9973}",
        f"FT1|1|T-{number}||{day}090000^{day}120000|{day}|CG|GRP01^Group|||1|350.00||||||||F10.20"
        "|1234567893^Sample^Dee^^^^^^NPI|||||H0015",
    )
    return "\r".join(segments)


def encounter(number: int) -> str:
    """The same as a FHIR Encounter, a line of NDJSON."""
    day = date(2025, 1, 1) + timedelta(days=number // 16 % 365)
    return json.dumps(
        {
            "resourceType": "Encounter",
            "id": f"s{number}",
            "status": "finished",
            "class": {"code": "AMB"},
            "type": [{"coding": [{"system": "urn:asam", "code": "2.1"}], "text": "Group therapy"}],
            "subject": {"reference": f"Patient/p{number % _PEOPLE}"},
            "participant": [{"individual": {"reference": "Practitioner/d1"}}],
            "period": {"start": f"{day}T09:00:00-05:00", "end": f"{day}T12:00:00-05:00"},
            "diagnosis": [{"condition": {"reference": "Condition/k1"}, "rank": 1}],
        }
    )


_PEOPLE = 997
_DFT_HEADER = "FHS|^~\\&|EHR|CLINIC|IOP|BILLING|20260107060000\rBHS|^~\\&|EHR|CLINIC|IOP|BILLING|20260107060000"
_FHIR_HEADER = "\n".join(
    json.dumps(one)
    for one in (
        *(
            {"resourceType": "Patient", "id": f"p{number}", "name": [{"family": "Sample"}]}
            for number in range(_PEOPLE)
        ),
        {
            "resourceType": "Practitioner",
            "id": "d1",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
        },
        {
            "resourceType": "Condition",
            "id": "k1",
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F10.20"}]},
        },
    )
)
Form = tuple[str, str, Callable[[int], str], str, int]
MESSAGES = 100_000


def main() -> None:
    """Writes rows of each form, reads a tenth and all of them, and prints rows a second and growth."""
    given = [int(text) for text in sys.argv[1:]]
    rows, messages = (*given, *(ROWS, MESSAGES)[len(given) :])[:2]
    forms: tuple[Form, ...] = (
        ("canonical", _HEADER, canonical, "\n", rows),
        ("layout kipu_like", _LAYOUT, partner, "\n", rows),
        ("HL7 v2", _DFT_HEADER, dft, "\r", messages),
        ("FHIR R4", _FHIR_HEADER, encounter, "\n", messages),
    )
    for name, header, row, end, most in forms:
        paces = [_read(name, header, row, end, count) for count in (most // 10, most)]
        print(f"{name}: {paces[1] / paces[0]:.2f} of the time a row, ten times as many")
    if os.getloadavg()[0] > 1:
        print(f"other work was running here (load {os.getloadavg()[0]:.1f})")


def _read(name: str, header: str, row: Callable[[int], str], end: str, rows: int) -> float:
    """Seconds of processors a row."""
    data = end.join([header, *map(row, range(rows)), ""]).encode()
    began, worked = time.perf_counter(), time.process_time()
    read = read_feed(1, data)
    took, cpu = time.perf_counter() - began, time.process_time() - worked
    count = read.tables["encounters"].height
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {count:,} of {rows:,} rows, {len(data) / 1e6:.0f} MB, {took:.1f} s "
        f"({cpu:.1f} s of processors), {count / took:,.0f} rows/s, peak {peak:,.0f} MB"
    )
    return cpu / max(count, 1)


if __name__ == "__main__":
    main()
