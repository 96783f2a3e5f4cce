"""Drops made by hand: feeds of one client, and an 835 that answers a claim nobody sent."""

from __future__ import annotations

import os
from pathlib import Path

from edi_iop.settings import Workspace

CLIENTS = b"""\
client_id,last_name,first_name,birth_date,sex,address1,city,state,zip,payer_id,member_id,\
coverage_priority,relationship,coverage_from,part2_consent
C1,Sample,Pat,1990-05-17,F,1 Example Street,Springfield,IL,627010000,HARBR,M0001,P,18,2025-01-01,Y
"""
PROVIDERS = b"""\
npi,last_name,first_name,taxonomy
1234567893,Sample,Robin,2084P0800X
"""
AUTHORIZATIONS = b"""\
auth_number,payer_id,client_id,level_of_care,units,unit_basis,from_date,to_date,status
A100,HARBR,C1,IOP,30,day,2026-01-01,2026-03-31,approved
"""
ENCOUNTER_COLUMNS = (
    b"source_record_id,client_id,episode_id,admit_date,level_of_care,program_track,service_date,"
    b"start_time,end_time,service_type,attendance,note_status,rendering_npi,attending_npi,diagnoses,"
    b"auth_number\n"
)


def encounters(*days: str) -> bytes:
    """One attended and signed three-hour SUD group on each day."""
    rows = "".join(
        f"E{day},C1,EP1,2026-01-05,IOP,SUD,{day},09:00,12:00,group,attended,signed,"
        "1234567893,1234567893,F10.20,A100\n"
        for day in days
    )
    return ENCOUNTER_COLUMNS + rows.encode()


WEEK = ("2026-01-05", "2026-01-07", "2026-01-09")


def remit(
    *,
    check: str = "CHECK1",
    amount: str = "100",
    segments: int = 16,
    claim: str = "CLAIM1",
    control: int | None = None,
) -> bytes:
    """An 835 of one claim of one line: charge 150, 50 by contract, 100 paid (balanced by default).

    control: ISA13; by default the digits of the check's number.
    """
    number = int("".join(filter(str.isdigit, check))) if control is None else control
    return (
        "ISA*00*          *00*          *ZZ*HARBR          *ZZ*EXAMPLEIOP     *260301*1200*^*00501"
        f"*{number:09d}*0*T*:~GS*HP*HARBR*EXAMPLEIOP*20260301*1200*1*X*005010X221A1~ST*835*0001~"
        f"BPR*I*{amount}*C*CHK************20260301~TRN*1*{check}*1999999999~DTM*405*20260301~"
        "N1*PR*HARBOR HEALTH PLAN~N3*1 EXAMPLE STREET~N4*SPRINGFIELD*IL*62701~"
        "PER*BL*TECHNICAL*TE*5555550100~N1*PE*EXAMPLE*XX*1234567893~LX*1~"
        f"CLP*{claim}*1*150*100*0*12*ICN1*13*1~NM1*QC*1*SAMPLE*PAT****MI*M0001~"
        "SVC*HC:H0015*150*100*0906*1~DTM*472*20260202~CAS*CO*45*50~"
        f"SE*{segments}*0001~GE*1*1~IEA*1*{number:09d}~"
    ).encode()


def drop(workspace: Workspace, **files: bytes) -> None:
    """Puts files into the inbox, one second apart, in the order given; `__` is a folder, `_` a dot."""
    for second, (name, content) in enumerate(files.items()):
        path = workspace.inbox / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_770_000_000 + second, 1_770_000_000 + second))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder by its relative name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def drop_week(workspace: Workspace, clients: bytes = CLIENTS) -> None:
    """All that a claim of three days takes."""
    drop(
        workspace,
        clients_csv=clients,
        providers_csv=PROVIDERS,
        auths_csv=AUTHORIZATIONS,
        days_csv=encounters(*WEEK),
    )
