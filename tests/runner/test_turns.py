"""A drop larger than what is read at once leaves the same behind as if it were read whole."""

from __future__ import annotations

import gzip
import itertools
import subprocess
import sys
from datetime import date, datetime, time
from pathlib import Path

import pytest

from edi_iop import parsers
from edi_iop.runner import inbox, reply, run, turns
from edi_iop.runner.intake import Intake
from edi_iop.settings import Workspace
from edi_iop.store import Store
from edi_iop.tables import KEPT
from tests.conftest import FIXTURES
from tests.parsers.test_chunks import many_claims
from tests.runner.conftest import make_workspace
from tests.runner.runner_drops import CLIENTS, contents, drop, remit

NIGHT = date(2026, 3, 2)
FILES = {
    "remit": many_claims((FIXTURES / "x12" / "remit_iop.835").read_bytes(), 4),
    "claims": many_claims((FIXTURES / "x12" / "claim_iop.837").read_bytes(), 4),
    "professional": (FIXTURES / "mutants" / "professional.837").read_bytes(),
    "reversal": (FIXTURES / "mutants" / "remit_reversal.835").read_bytes(),
    "faults": (FIXTURES / "acks" / "claim_faults.837").read_bytes(),
    "unbalanced": remit(amount="90"),
    "a line unbalanced": remit().replace(b"CAS*CO*45*50", b"CAS*CO*45*40"),
    "count": remit(segments=17),
    "cut off": remit()[:-80],
    "answers alone": (FIXTURES / "valid" / "ack_interchange.ta1").read_bytes(),
    "no remit": b"Dear Sir or Madam,\n" * 50,
    "feed": CLIENTS,
    "broken archive": gzip.compress(remit())[:-9],
    "other guide": remit().replace(b"005010X221A1", b"005010X999A1").replace(b"GS*HP", b"GS*XX"),
}


@pytest.fixture
def in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is dropped is large, a chunk is small, and few payments wait."""
    monkeypatch.setattr(inbox, "BATCH_BYTES", 0)
    monkeypatch.setattr(turns, "TURN", 600)
    monkeypatch.setattr(turns, "_PAYMENTS", 1)


def everything(workspace: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, and what lies in the folders."""
    with Store.open(workspace.database, read_only=True) as store:
        rows = {name: store.history(name).rows() for name in KEPT}
    rows = {name: sorted(found, key=repr) for name, found in rows.items()}
    for folder in (workspace.quarantine, workspace.work, workspace.inbox, workspace.outbox):
        rows[folder.name] = list(contents(folder).items())
    return rows


@pytest.mark.parametrize("name", FILES)
def test_the_same_as_read_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Rows, findings, answers and folders, table by table."""
    monkeypatch.setattr(reply, "made", lambda day: datetime.combine(day, time(12)))
    left = []
    for way in ("whole", "turns"):
        if way == "turns":
            request.getfixturevalue("in_turns")
        workspace = make_workspace(tmp_path / way / "clinic")
        drop(workspace, a_dat=FILES[name])
        run(workspace, NIGHT)
        left.append(everything(workspace))
    assert left[0] == left[1]


@pytest.mark.usefixtures("in_turns")
def test_a_large_drop_is_never_read_as_a_whole(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        """Of the workspace nothing is read so; guides and maps are."""
        if path.is_relative_to(workspace.root):
            raise AssertionError(path)
        return read(path)

    drop(workspace, a_835=FILES["remit"], b_gz=gzip.compress(FILES["claims"]))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        with Store.open(workspace.database) as store:
            assert Intake(store, workspace, "1", NIGHT).take_in() == 2
            statuses = store.load("files", direction="in")["status"].to_list()
    assert statuses == ["applied", "applied"]


@pytest.mark.usefixtures("in_turns")
def test_the_same_again_is_a_duplicate(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=remit(), c_835=remit() + b"\n")
    made = run(workspace, NIGHT)
    assert (made["files"]["applied"], made["files"]["duplicate"]) == (1, 2)
    assert made["money"]["in_cents"] == 10000


@pytest.mark.usefixtures("in_turns")
def test_a_fault_of_ours_half_way_leaves_nothing_and_stops_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = turns._Held.add
    calls = itertools.count(1)

    def brittle(self: turns._Held, batch: parsers.Batch) -> None:
        if next(calls) == 3:
            raise ZeroDivisionError
        add(self, batch)

    monkeypatch.setattr(turns._Held, "add", brittle)
    drop(workspace, a_835=FILES["remit"], b_csv=CLIENTS)
    made = run(workspace, NIGHT)
    assert [one["reason"] for one in made["not_applied"]] == [
        "NOT_READ: reading it failed (ZeroDivisionError)"
    ]
    assert made["files"]["applied"] == 1
    rows = everything(workspace)
    assert rows["remit_claims"] == rows["remit_lines"] == rows["replies"] == []
    assert set(contents(workspace.quarantine)) == {"a.835", "a.835.json"}


DIES = """
import itertools, os, sys
from datetime import date
from pathlib import Path
from edi_iop.runner import inbox, run, turns
from edi_iop.settings import Workspace
from edi_iop.store import Store
inbox.BATCH_BYTES = 0
turns.TURN = 600
save, calls = Store.save_ahead, itertools.count(1)
def dying(*given):
    save(*given)
    if next(calls) == 3:
        os._exit(9)
Store.save_ahead = dying
run(Workspace(Path(sys.argv[1])), date(2026, 3, 2))
"""


@pytest.mark.usefixtures("in_turns")
def test_a_process_killed_half_way_leaves_none_of_its_rows(workspace: Workspace) -> None:
    drop(workspace, a_835=FILES["remit"])
    died = subprocess.run([sys.executable, "-c", DIES, str(workspace.root)], check=False)
    assert died.returncode == 9
    rows = everything(workspace)
    assert rows["remit_claims"] == rows["files"] == rows["findings"] == []
    made = run(workspace, NIGHT)
    assert (made["files"]["in"], made["files"]["applied"]) == (1, 1)
    assert made["remits"]["claims"] > 0
    assert contents(workspace.work) == {}
