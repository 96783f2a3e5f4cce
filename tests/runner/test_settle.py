"""What the ledger says of files taken in: what counts, what is a duplicate, what is held."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from runner_drops import drop, remit

from edi_iop.runner.night import run
from edi_iop.settings import Workspace
from edi_iop.store import Store

NIGHT = date(2026, 3, 2)


def statuses(workspace: Workspace) -> dict[str, tuple[str, str | None]]:
    with Store.open(workspace.database, read_only=True) as store:
        rows = store.load("files", direction="in").to_dicts()
    return {row["name"]: (row["status"], row["reason"]) for row in rows}


def again(data: bytes, control: bytes = b"000000777") -> bytes:
    """The same remit as another clearinghouse wraps it: numbers, separators and lines differ."""
    wrapped = data.replace(b"000000001*0*T", control + b"*0*T").replace(
        b"IEA*1*000000001", b"IEA*1*" + control
    )
    return wrapped.replace(b"~", b"~\r\n")


def test_a_payment_in_another_envelope_is_a_duplicate(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=again(remit()))
    made = run(workspace, NIGHT)
    found = statuses(workspace)
    assert found["a.835"] == ("applied", None)
    status, reason = found["b.835"]
    assert status == "duplicate"
    assert reason is not None
    assert reason.startswith("PAYMENT_AGAIN: payment CHECK1: same content as 1:")
    assert made["files"]["duplicate"] == 1
    assert (made["money"]["in_cents"], made["money"]["posted_cents"]) == (10000, 10000)


def test_other_content_under_one_check_number_is_held_until_someone_looks(
    workspace: Workspace,
) -> None:
    other = remit().replace(b"150*100", b"160*100").replace(b"CAS*CO*45*50", b"CAS*CO*45*60")
    drop(workspace, a_835=remit(), b_835=other)
    made = run(workspace, NIGHT)
    assert {status for status, _ in statuses(workspace).values()} == {"held"}
    assert "PAYMENT_CONFLICT" in str(statuses(workspace)["a.835"][1])
    assert (made["money"]["held_cents"], made["money"]["accepted_cents"]) == (20000, 0)
    assert not made["clean"]


def test_the_same_answer_in_a_second_check_is_held(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=remit(check="CHECK2"))
    made = run(workspace, NIGHT)
    assert (made["money"]["held_cents"], made["money"]["posted_cents"]) == (10000, 10000)


def ledger(workspace: Workspace) -> Any:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load("accounts").drop("claim_file_id", "claim_offset").rows()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_nights_in_any_order_end_in_the_same_ledger(
    workspace: Workspace, order: tuple[int, ...]
) -> None:
    files = (remit(), again(remit()), remit(check="CHECK2", claim="CLAIM2"))
    for night, which in enumerate(order):
        drop(workspace, **{f"n{night}_835": files[which]})
        run(workspace, NIGHT)
    assert [(row[0], row[11]) for row in sorted(ledger(workspace))] == [
        ("CLAIM1", 10000),
        ("CLAIM2", 10000),
    ]
