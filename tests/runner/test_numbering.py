"""An interchange control number of a sender's is good for one interchange: ISA13, TA105 025."""

from __future__ import annotations

from datetime import date

import polars as pl

from edi_iop.runner import run
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.runner.runner_drops import contents, drop, remit

NIGHT, LATER = date(2026, 3, 2), date(2026, 3, 3)
OTHER = remit(check="CHECK2", claim="CLAIM2", control=1)
"""Other money under the number of the first."""


def repeated(workspace: Workspace) -> list[tuple[int, str, str, int]]:
    with Store.open(workspace.database, read_only=True) as store:
        found = store.load("findings").filter(pl.col("code") == "CONTROL_NUMBER_REPEATED")
    return found.select("file_id", "interchange", "message", "byte_offset").rows()


def replies(workspace: Workspace) -> list[tuple[str, str | None, str]]:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load("replies").select("ta1", "note", "decision").rows()


def outbox(workspace: Workspace) -> list[str]:
    return [data.decode() for _, data in sorted(contents(workspace.outbox).items())]


def test_a_number_used_again_in_a_later_night_is_told(workspace: Workspace) -> None:
    drop(workspace, a_835=remit())
    run(workspace, NIGHT)
    drop(workspace, b_835=OTHER)
    made = run(workspace, LATER)
    assert made["files"]["applied"] == 1
    assert made["money"]["accepted_cents"] == 10000
    says = "ISA repeats control number 000000001 of its sender, who gave it to file 1"
    assert repeated(workspace) == [(3, "000000001", says, 0)]
    assert replies(workspace) == [(None, None, "A"), ("E", "025", "E")]
    assert "TA1*000000001*260301*1200*E*025~" in outbox(workspace)[1]
    assert "AK9*A*1*1*1~" in outbox(workspace)[1]


def test_a_number_used_again_in_the_same_night_is_told(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=OTHER, c_835=remit(check="CHECK3") + remit(check="C3"))
    assert run(workspace, NIGHT)["files"]["applied"] == 4
    assert [number for number, *_ in repeated(workspace)] == [2, 4]


def test_the_same_content_again_is_no_number_used_again(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=remit(), c_835=remit() + b"\n")
    run(workspace, NIGHT)
    assert repeated(workspace) == []
    assert len(outbox(workspace)) == 1


def test_what_was_refused_may_be_sent_again_under_its_number(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(segments=17))
    run(workspace, NIGHT)
    drop(workspace, a_835=remit())
    run(workspace, LATER)
    assert repeated(workspace) == []


def test_numbers_of_other_senders_are_their_own(workspace: Workspace) -> None:
    other = OTHER.replace(b"ZZ*HARBR          ", b"ZZ*MERID          ", 1)
    third = remit(check="CHECK3", control=1).replace(b"ZZ*HARBR", b"30*HARBR", 1)
    drop(workspace, a_835=remit(), b_835=other, c_835=third)
    run(workspace, NIGHT)
    assert repeated(workspace) == []
