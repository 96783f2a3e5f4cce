"""Drops of several interchanges: each is taken in by itself, and what came before is not taken twice."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from datetime import date

import pytest

from edi_iop.runner import archive, inbox, run, unpack
from edi_iop.runner.intake import Intake
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.runner.runner_drops import CLIENTS, contents, drop, remit

ONE, TWO, THREE = (remit(check=f"CHECK{number}") for number in (1, 2, 3))
BAD = remit(check="CHECK2", segments=17)
SHORT = TWO.replace(b"*0*T*:~", b"*0*T*GS", 1)
"""Its ISA lacks what it ends with."""
NIGHT = date(2026, 3, 2)


def take_in(workspace: Workspace, run: str = "1") -> list[tuple[str, str]]:
    """Name and status of every file of the run, which are as many as it says."""
    with Store.open(workspace.database) as store:
        count = Intake(store, workspace, run, NIGHT).take_in()
        rows = store.load("files", run=run, direction="in").select("name", "status").rows()
    assert count == len(rows)
    assert contents(workspace.inbox) == contents(workspace.work) == {}
    return [(str(name), str(status)) for name, status in rows]


def payments(workspace: Workspace) -> list[str]:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load("payments")["trace_number"].to_list()


def codes(workspace: Workspace) -> list[tuple[int, str]]:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load("findings").select("file_id", "code").rows()


@pytest.mark.parametrize("gap", [b"", b"\n", b"\r\n\r\n"])
def test_one_bad_interchange_is_set_aside_alone(workspace: Workspace, gap: bytes) -> None:
    whole = gap.join([ONE, BAD, THREE]) + gap
    drop(workspace, drop_835=whole)
    assert take_in(workspace) == [
        ("drop.835/0001-drop.835", "applied"),
        ("drop.835/0002-drop.835", "quarantined"),
        ("drop.835/0003-drop.835", "applied"),
    ]
    assert payments(workspace) == ["CHECK1", "CHECK3"]
    assert set(contents(workspace.quarantine)) == {"0002-drop.835", "0002-drop.835.json"}
    assert (workspace.quarantine / "0002-drop.835").read_bytes() == BAD + gap
    reason = json.loads((workspace.quarantine / "0002-drop.835.json").read_text())
    assert (reason["code"], reason["place"]["segment"]) == ("COUNT_WRONG", "SE")
    for kept in (whole, ONE + gap, BAD + gap, THREE + gap):
        assert archive.place(workspace, archive.digest(kept)).read_bytes() == kept


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (TWO[:-18], "TRUNCATED"),
        (SHORT, "ISA_SHORT"),
        (TWO.replace(b"*0*T*:~", b"*0*T*:*"), "SEPARATORS_CLASH"),
        (TWO.replace(b"*0*T*:~", b"*0*T**~"), "SEPARATORS_CLASH"),
        (TWO.replace(b"*0*T*:~", b"*0*T* ~"), "CODE_INVALID"),
        (TWO.replace(b"IEA*1*000000002", b"IEA*1*000000009"), "CONTROL_NUMBER_WRONG"),
    ],
)
def test_wherever_the_damage_stands_the_others_are_taken_in(
    workspace: Workspace, damage: bytes, code: str, at: int
) -> None:
    parts = [ONE, THREE]
    parts.insert(at, damage)
    drop(workspace, drop_835=b"".join(parts))
    statuses = ["applied", "applied"]
    statuses.insert(at, "quarantined")
    assert [status for _, status in take_in(workspace)] == statuses
    assert payments(workspace) == ["CHECK1", "CHECK3"]
    (reason,) = (json.loads(data) for name, data in contents(workspace.quarantine).items() if name.endswith("json"))  # fmt: skip
    assert reason["code"] == code
    assert (workspace.quarantine / f"{at + 1:04d}-drop.835").read_bytes() == damage


def test_a_good_interchange_and_a_damaged_one(workspace: Workspace) -> None:
    """Only one of them can be read: still it is not lost with the other."""
    drop(workspace, drop_835=SHORT + ONE)
    assert [status for _, status in take_in(workspace)] == ["quarantined", "applied"]
    assert payments(workspace) == ["CHECK1"]


def test_bytes_of_no_interchange_stay_a_finding(workspace: Workspace) -> None:
    drop(workspace, drop_835=b"From: payer\n" + ONE + b"\n-- next --\n" + TWO + b"\n-- end --\n")
    assert [status for _, status in take_in(workspace)] == ["applied", "applied"]
    assert codes(workspace) == [(1, "GARBAGE"), (1, "GARBAGE"), (2, "GARBAGE")]


def test_the_parts_put_together_are_the_drop(workspace: Workspace) -> None:
    whole = b"\xef\xbb\xbf words " + ONE + b" \n words " + SHORT + b"\n" + TWO + b"\n\n"
    drop(workspace, drop_835=whole)
    take_in(workspace)
    with Store.open(workspace.database, read_only=True) as store:
        digests = store.load("files", direction="in")["sha256"].to_list()
    assert b"".join(archive.place(workspace, one).read_bytes() for one in digests) == whole


def test_the_same_drop_again_is_all_duplicates(workspace: Workspace) -> None:
    drop(workspace, drop_835=ONE + TWO)
    take_in(workspace)
    drop(workspace, again_835=ONE + TWO)
    assert [status for _, status in take_in(workspace, "2")] == ["duplicate", "duplicate"]
    assert payments(workspace) == ["CHECK1", "CHECK2"]


@pytest.mark.parametrize("alone", [TWO, TWO + b"\n", b"\r\n" + TWO, TWO + b"\x00\x00"])
@pytest.mark.parametrize("gap", [b"", b"\n"])
def test_one_of_its_interchanges_alone_is_a_duplicate(
    workspace: Workspace, alone: bytes, gap: bytes
) -> None:
    """And the other way round: whatever blanks stand around it."""
    drop(workspace, drop_835=ONE + gap + TWO + gap)
    take_in(workspace)
    drop(workspace, alone_835=alone)
    assert take_in(workspace, "2") == [("alone.835", "duplicate")]
    drop(workspace, three_835=THREE + gap)
    assert take_in(workspace, "3") == [("three.835", "applied")]
    drop(workspace, all_zip=gzip.compress(THREE + b"\n\n" + ONE))
    assert [status for _, status in take_in(workspace, "4")] == ["duplicate", "duplicate"]
    assert payments(workspace) == ["CHECK1", "CHECK2", "CHECK3"]


def test_an_interchange_twice_in_a_drop_counts_once(workspace: Workspace) -> None:
    drop(workspace, drop_835=ONE + b"\n" + ONE)
    assert [status for _, status in take_in(workspace)] == ["applied", "duplicate"]
    assert payments(workspace) == ["CHECK1"]


def test_what_stands_around_a_duplicate_is_told(workspace: Workspace) -> None:
    drop(workspace, a_835=ONE)
    take_in(workspace)
    drop(workspace, b_835=ONE + b"ST*835*0002~BPR*I*5~")
    assert take_in(workspace, "2") == [("b.835", "duplicate")]
    assert [code for _, code in codes(workspace)] == ["DUPLICATE_DELIVERY", "NO_ENVELOPE"]


def test_the_quarantined_one_may_come_again_corrected(workspace: Workspace) -> None:
    drop(workspace, drop_835=ONE + BAD)
    take_in(workspace)
    drop(workspace, drop_835=ONE + TWO)
    assert [status for _, status in take_in(workspace, "2")] == ["duplicate", "applied"]
    assert payments(workspace) == ["CHECK1", "CHECK2"]


def test_a_drop_taken_in_whole_before_is_a_duplicate_as_a_whole(workspace: Workspace) -> None:
    """As databases have it that are older than the cutting of drops."""
    whole = ONE + TWO
    with Store.open(workspace.database) as store:
        store.add_file(
            sha256=archive.digest(whole), direction="in", kind="835", status="applied", size=1,
            name="old.835", run="0", received_on=NIGHT, transactions=2, archived=True,
        )  # fmt: skip
    drop(workspace, drop_835=whole)
    assert take_in(workspace) == [("drop.835", "duplicate")]
    assert payments(workspace) == []


def test_a_member_of_an_archive_is_cut_too(workspace: Workspace) -> None:
    drop(workspace, drop_gz=gzip.compress(ONE + BAD), c_csv=CLIENTS)
    assert take_in(workspace) == [
        ("drop.gz/0001-drop.gz/0001-0001-drop.gz", "applied"),
        ("drop.gz/0001-drop.gz/0002-0001-drop.gz", "quarantined"),
        ("c.csv", "applied"),
    ]


def test_more_than_ten_thousand_parts_keep_their_order() -> None:
    names = [unpack._name(number, 12_000, "x") for number in range(1, 12_001)]
    assert names == sorted(names)


def test_the_receipt_counts_interchanges(workspace: Workspace) -> None:
    drop(workspace, a_835=ONE + BAD, b_835=ONE)
    made = run(workspace, NIGHT)
    assert {name: made["files"][name] for name in ("in", "applied", "duplicate", "quarantined")} == {
        "in": 3, "applied": 1, "duplicate": 1, "quarantined": 1,
    }  # fmt: skip
    assert made["money"]["accepted_cents"] == 10000


STEPS = range(1, 13)
"""Writes and moves of cutting one drop of three interchanges and putting them away."""


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_dies_while_cutting_a_drop(
    step: int, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever file operation it dies at, the next run ends as if it had not died."""
    drop(workspace, drop_835=ONE + BAD + THREE)
    done = 0
    for name in ("write", "move"):
        real = getattr(archive, name)

        def dying(*given: object, real: object = real) -> object:
            nonlocal done
            done += 1
            if done == step:
                raise KeyboardInterrupt
            return real(*given)  # type: ignore[operator]

        monkeypatch.setattr(archive, name, dying)
    with suppress(KeyboardInterrupt):
        take_in(workspace)
    monkeypatch.undo()
    assert take_in(workspace) == [
        ("drop.835/0001-drop.835", "applied"),
        ("drop.835/0002-drop.835", "quarantined"),
        ("drop.835/0003-drop.835", "applied"),
    ]
    assert payments(workspace) == ["CHECK1", "CHECK3"]
    assert set(contents(workspace.quarantine)) == {"0002-drop.835", "0002-drop.835.json"}
    names = [path.name for path in workspace.archive.rglob("*") if path.is_file()]
    assert [name for name in names if name.startswith(".")] == []


def test_another_run_takes_up_what_a_dead_one_had_cut(workspace: Workspace) -> None:
    drop(workspace, drop_835=ONE + TWO)
    inbox.claim(workspace, "1")
    with Store.open(workspace.database) as store:
        unpack.take_apart(store, workspace, "1")
    assert take_in(workspace, "2") == [
        ("drop.835/0001-drop.835", "applied"),
        ("drop.835/0002-drop.835", "applied"),
    ]
