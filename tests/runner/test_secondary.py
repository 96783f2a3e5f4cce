"""Claims to the second payer: what the first one paid and adjusted goes along, and adds up."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from runner_drops import (
    CLIENTS,
    WEEK,
    contents,
    drop,
    drop_week,
)
from runner_nights import begun
from runner_remits import NUMBER, remit

from edi_iop import validate
from edi_iop.runner import run
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.referee import verdict

NIGHT, LATER, LATEST = date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26)
SECOND = CLIENTS + CLIENTS.split(b"\n")[1].replace(b"HARBR,M0001,P", b"MERID,X0009,S") + b"\n"


def load(workspace: Workspace, table: str) -> pl.DataFrame:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load(table)


def claims(workspace: Workspace) -> list[dict[str, Any]]:
    return load(workspace, "claims").sort("file_id").to_dicts()


def send(workspace: Workspace, clients: bytes = SECOND) -> str:
    """The week sent to the first payer; its claim number. The second payer pays by the day."""
    (workspace.payers / "second.toml").write_text(
        'extends = "base"\nid = "second"\nname = "Second"\nversion = "1"\n'
        "effective_from = 2025-01-01\nread_on = 2026-01-01\n"
        'sources = ["a contract"]\n[authorization]\nrequired = false\n[cites]\nauthorization = "the contract"\n'
    )
    text = workspace.settings_file.read_text()
    workspace.settings_file.write_text(text.replace('policy = "meridian"', 'policy = "second"'))
    drop_week(workspace, clients)
    begun(workspace, NIGHT)
    (first,) = claims(workspace)
    return str(first["claim"])


def test_what_the_first_payer_left_goes_to_the_second(workspace: Workspace) -> None:
    """Charge 350: 65 by contract, 25 to the patient, 260 paid; three days."""
    claim = send(workspace)
    drop(workspace, era_835=remit(claim, *WEEK, copay=25))
    made = run(workspace, LATER)
    assert made["built"]["claims"] == 1
    second = claims(workspace)[1]
    assert (second["payer_id"], second["payer_responsibility"]) == ("MERID", "S")
    assert (second["member_id"], second["charge_cents"]) == ("X0009", 105000)
    assert (second["auth_number"], second["payer_claim_number"]) == (None, None)
    (other,) = load(workspace, "other_payers").to_dicts()
    assert (other["payer_id"], other["payer_responsibility"]) == ("HARBR", "P")
    assert (other["paid_cents"], other["member_id"]) == (78000, "M0001")
    assert (other["payer_claim_number"], other["paid_on"]) == (NUMBER, None)
    lines = load(workspace, "other_payer_lines")
    assert lines["paid_cents"].to_list() == [26000] * 3
    assert lines["paid_on"].unique().to_list() == [date(2026, 1, 19)]
    assert lines["patient_cents"].to_list() == [2500] * 3
    taken = load(workspace, "other_payer_adjustments")
    assert (
        taken.select("group", "carc", "amount_cents").rows()
        == [
            ("CO", "45", 6500),
            ("PR", "3", 2500),
        ]
        * 3
    )
    assert taken["line_offset"].null_count() == 0


SECONDS = b"""\
auth_number,payer_id,client_id,level_of_care,units,unit_basis,from_date,to_date,status
"""


def test_the_second_payers_own_authorization_stands_on_its_claim(workspace: Workspace) -> None:
    """REF G1 of loop 2300 is the number of the payer the claim goes to; its units are then spent."""
    claim = send(workspace)
    auths = SECONDS + b"X700,MERID,C1,IOP,3,day,2026-01-01,2026-03-31,approved\n"
    drop(workspace, auths_csv=auths, era_835=remit(claim, *WEEK, copay=25))
    assert run(workspace, LATER)["built"]["claims"] == 1
    assert claims(workspace)[1]["auth_number"] == "X700"
    sent = contents(workspace.outbox).items()
    (text,) = [text.decode() for name, text in sent if name.startswith("837I-CLEARHSE-20260119")]
    assert ("REF*G1*X700~" in text, "A100" in text) == (True, False)


def test_a_claim_names_one_authorization_of_the_second_payer(workspace: Workspace) -> None:
    claim = send(workspace)
    auths = (
        SECONDS
        + b"X700,MERID,C1,IOP,2,day,2026-01-01,2026-03-31,approved\n"
        + b"X701,MERID,C1,IOP,2,day,2026-01-01,2026-03-31,approved\n"
    )
    drop(workspace, auths_csv=auths, era_835=remit(claim, *WEEK, copay=25))
    assert run(workspace, LATER)["built"]["claims"] == 0
    (told,) = load(workspace, "findings").filter(pl.col("code") == "OTHER_PAYER_HELD").to_dicts()
    assert "several of that payer's authorizations" in told["message"]


def test_the_claim_is_valid_and_balanced(workspace: Workspace) -> None:
    claim = send(workspace)
    drop(workspace, era_835=remit(claim, *WEEK, copay=25))
    run(workspace, LATER)
    (name,) = [
        name for name in contents(workspace.outbox) if name.startswith("837I-CLEARHSE-20260119")
    ]
    path = workspace.outbox / name
    assert verdict(path.read_bytes()) == (True, [])
    assert validate([path]).rows.is_empty()
    text = path.read_text()
    assert (
        "SVD*HARBR*260*HC:H0015*0906*1~\nCAS*CO*45*65~\nCAS*PR*3*25~\nDTP*573*D8*20260119~" in text
    )


def test_it_goes_once(workspace: Workspace) -> None:
    claim = send(workspace)
    drop(workspace, era_835=remit(claim, *WEEK, copay=25))
    run(workspace, LATER)
    assert run(workspace, LATEST)["built"]["claims"] == 0


def test_nothing_left_is_nothing_to_bill(workspace: Workspace) -> None:
    claim = send(workspace)
    drop(workspace, era_835=remit(claim, *WEEK))
    assert run(workspace, LATER)["built"]["claims"] == 0


def test_without_second_coverage_there_is_no_claim(workspace: Workspace) -> None:
    claim = send(workspace, CLIENTS)
    drop(workspace, era_835=remit(claim, *WEEK, copay=25))
    assert run(workspace, LATER)["built"]["claims"] == 0


def test_a_claim_the_payer_forwarded_is_not_billed_twice(workspace: Workspace) -> None:
    claim = send(workspace)
    forwarded = remit(claim, *WEEK, copay=25).replace(
        f"CLP*{claim}*1*".encode(), f"CLP*{claim}*19*".encode()
    )
    drop(workspace, era_835=forwarded)
    assert run(workspace, LATER)["built"]["claims"] == 0
