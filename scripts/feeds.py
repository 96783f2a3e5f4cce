"""How long a CSV feed of many encounters takes: canonical and by a layout (scripts/feeds [ROWS])."""

from __future__ import annotations

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


def main() -> None:
    """Writes rows of both forms, reads them, and prints seconds, rows a second and peak memory."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    forms: dict[str, tuple[str, Callable[[int], str]]] = {
        "canonical": (_HEADER, canonical),
        "layout kipu_like": (_LAYOUT, partner),
    }
    for name, (header, row) in forms.items():
        data = "\n".join([header, *map(row, range(rows)), ""]).encode()
        began, worked = time.perf_counter(), time.process_time()
        read = read_feed(1, data)
        took, cpu = time.perf_counter() - began, time.process_time() - worked
        count = read.tables["encounters"].height
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name}: {count:,} of {rows:,} rows, {len(data) / 1e6:.0f} MB, {took:.1f} s "
            f"({cpu:.1f} s of processors), {count / took:,.0f} rows/s, peak {peak:,.0f} MB"
        )


if __name__ == "__main__":
    main()
