"""Sessions that were unsigned when their day was billed: the signature replaces the claim, nothing is billed twice.

The payer takes no per diem: one line a procedure, staff member and day (policy medicare).
"""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from runner_drops import AUTHORIZATIONS, CLIENTS, ENCOUNTER_COLUMNS, PROVIDERS, drop
from runner_remits import NUMBER, status_277

from edi_iop.rules.lines import kept_lines
from edi_iop.runner import run
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.referee import verdict

NIGHT, NEXT, THIRD = date(2026, 1, 6), date(2026, 1, 7), date(2026, 1, 8)
DAY = "2026-01-05"
OTHER_NPI = "1992999981"


def sessions(*rows: tuple[str, str, str, str, str], version: int = 1) -> bytes:
    """Record, start, end, service type and note status, each a session of DAY."""
    head = ENCOUNTER_COLUMNS.rstrip(b"\n") + b",record_action,record_version\n"
    lines = "".join(
        f"{record},C1,EP1,{DAY},IOP,SUD,{DAY},{start},{end},{kind},attended,{note},"
        f"{npi},1234567893,F10.20,,{'add' if version == 1 else 'change'},{version}\n"
        for record, start, end, kind, note in rows
        for npi in [OTHER_NPI if record.startswith("S") else "1234567893"]
    )
    return head + lines.encode()


@pytest.fixture
def component_payer(workspace: Workspace) -> Workspace:
    """Medicare's components, billed as days come, without its plan of care."""
    (workspace.payers / "local.toml").write_text(
        'extends = "medicare"\nid = "local"\nname = "Components, as days come"\nversion = "1"\n'
        'effective_from = 2025-01-01\nread_on = 2026-01-01\nsources = ["a contract"]\n'
        '[billing]\ncycle = "open"\n[plan_of_care]\nrequired = false\n'
        '[cites]\nbilling = "the contract"\nplan_of_care = "the contract"\n'
    )
    text = workspace.settings_file.read_text()
    text = text.replace('policy = "harbor"', 'policy = "local"')
    text = text.replace("\nH0015", '\nG0410 = "100.00"\nG0177 = "80.00"\nH0015', 1)

    workspace.settings_file.write_text(text)
    drop(workspace, clients_csv=CLIENTS, providers_csv=PROVIDERS, auths_csv=AUTHORIZATIONS)
    return workspace


def lines(workspace: Workspace) -> list[tuple[str, str, float, str]]:
    """Standing lines: frequency of their claim, procedure, units, standing."""
    with Store.open(workspace.database, read_only=True) as store:
        found = kept_lines(store.sent()).filter(pl.col("standing") != "void")
    return sorted(found.select("frequency", "procedure", "units", "standing").rows())


def accepted(workspace: Workspace) -> None:
    """The payer's own number of the claim comes by 277CA."""
    with Store.open(workspace.database, read_only=True) as store:
        claim = store.load("claims").sort("file_id")["claim"][-1]
    drop(workspace, ack_277=status_277(claim))


MORNING, NOON = ("E1", "09:00", "10:30"), ("E2", "10:30", "12:00")
CASES = {
    "the same kind, the same staff": (("group", NOON), [("7", "G0410", 2.0, "sent")]),
    "the same kind, other staff": (
        ("group", ("S2", "10:30", "12:00")),
        [("7", "G0410", 1.0, "sent"), ("7", "G0410", 1.0, "sent")],
    ),
    "another kind": (
        ("education", NOON),
        [("7", "G0177", 1.0, "sent"), ("7", "G0410", 1.0, "sent")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_signature_that_comes_later_replaces_the_claim(
    component_payer: Workspace, case: str
) -> None:
    (kind, place), expected = CASES[case]
    drop(component_payer, a_csv=sessions((*MORNING, "group", "signed"), (*place, kind, "draft")))
    assert run(component_payer, NIGHT)["built"]["claims"] == 1
    assert [line[1:] for line in lines(component_payer)] == [("G0410", 1.0, "sent")]
    accepted(component_payer)
    drop(component_payer, b_csv=sessions((*place, kind, "signed"), version=2))
    made = run(component_payer, NEXT)
    assert made["corrections"] == {"held": 0, "by_action": {"replacement": 1}}
    assert lines(component_payer) == expected
    outbox = sorted(component_payer.outbox.glob("837I*"))[-1].read_bytes()
    assert f"REF*F8*{NUMBER}~".encode() in outbox
    assert verdict(outbox) == (True, [])
    assert run(component_payer, THIRD)["built"]["claims"] == 0


def test_a_session_that_comes_late_replaces_it_too(component_payer: Workspace) -> None:
    drop(component_payer, a_csv=sessions((*MORNING, "group", "signed")))
    run(component_payer, NIGHT)
    accepted(component_payer)
    drop(component_payer, b_csv=sessions((*NOON, "group", "signed")))
    run(component_payer, NEXT)
    assert lines(component_payer) == [("7", "G0410", 2.0, "sent")]


def test_a_session_that_stays_unsigned_changes_nothing(component_payer: Workspace) -> None:
    drop(component_payer, a_csv=sessions((*MORNING, "group", "signed"), (*NOON, "group", "draft")))
    run(component_payer, NIGHT)
    accepted(component_payer)
    drop(component_payer, b_csv=sessions((*NOON, "group", "draft"), version=2))
    assert run(component_payer, NEXT)["built"]["claims"] == 0
    assert [line[1:] for line in lines(component_payer)] == [("G0410", 1.0, "sent")]


def test_until_the_payers_number_is_known_it_waits(component_payer: Workspace) -> None:
    drop(component_payer, a_csv=sessions((*MORNING, "group", "signed"), (*NOON, "group", "draft")))
    run(component_payer, NIGHT)
    drop(component_payer, b_csv=sessions((*NOON, "group", "signed"), version=2))
    made = run(component_payer, NEXT)
    assert (made["built"]["claims"], made["corrections"]["held"]) == (0, 1)
