"""Archives among the drops: each file of them exactly once, whatever happens in between."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from edi_iop.runner import archive, inbox, unpack
from edi_iop.runner.intake import Intake
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.runner.runner_drops import AUTHORIZATIONS, CLIENTS, contents, drop, remit


def zipped(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, data in files.items():
            packed.writestr(name.replace("__", "/").replace("_", "."), data)
    return content.getvalue()


def take_in(workspace: Workspace, run: str = "1") -> tuple[int, list[tuple[str, str, str]]]:
    """How many files the run has, and name, kind and status of each."""
    with Store.open(workspace.database) as store:
        count = Intake(store, workspace, run, date(2026, 3, 2)).take_in()
        rows = store.load("files", run=run, direction="in").select("name", "kind", "status").rows()
    return count, [(str(name), str(kind), str(status)) for name, kind, status in rows]


def test_every_file_of_an_archive_is_a_delivery(workspace: Workspace) -> None:
    drop(workspace, drop_zip=zipped(remit_835=remit(), deep__clients_csv=CLIENTS))
    count, files = take_in(workspace)
    assert count == 2
    assert files == [
        ("drop.zip/0001-remit.835", "835", "applied"),
        ("drop.zip/0002-clients.csv", "clients", "applied"),
    ]
    assert contents(workspace.inbox) == contents(workspace.work) == {}
    assert archive.place(workspace, archive.digest(remit())).is_file()


def test_a_gz_and_an_archive_in_an_archive(workspace: Workspace) -> None:
    inner = zipped(remit_835=remit(check="CHECK2"))
    drop(workspace, remit_gz=gzip.compress(remit()), outer_zip=zipped(inner_zip=inner))
    count, files = take_in(workspace)
    assert count == 2
    assert [status for _, _, status in files] == ["applied", "applied"]
    assert [name for name, _, _ in files] == ["remit.gz/0001-remit.gz", "outer.zip/0001-remit.835"]


def test_the_same_content_again_is_a_duplicate_packed_or_not(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_zip=zipped(remit_835=remit()), c_zip=zipped(x_835=remit()))
    count, files = take_in(workspace)
    assert count == 3
    assert [status for _, _, status in files] == ["applied", "duplicate", "duplicate"]


def test_a_broken_archive_goes_to_quarantine_and_stops_no_other(workspace: Workspace) -> None:
    drop(workspace, bad_zip=b"PK\x03\x04 and no more", remit_835=remit())
    count, files = take_in(workspace)
    assert count == 2
    assert files == [("bad.zip", "archive", "quarantined"), ("remit.835", "835", "applied")]
    reason = json.loads((workspace.quarantine / "bad.zip.json").read_text())
    assert reason["code"] == "ARCHIVE_DAMAGED"
    assert (workspace.quarantine / "bad.zip").read_bytes() == b"PK\x03\x04 and no more"


def test_of_an_archive_with_a_broken_file_the_others_go_on(workspace: Workspace) -> None:
    whole = bytearray(zipped(bad_835=remit(), clients_csv=CLIENTS))
    whole[whole.index(b"HARBOR")] ^= 1
    drop(workspace, drop_zip=bytes(whole))
    count, files = take_in(workspace)
    assert count == 2
    assert files == [
        ("drop.zip/0001-clients.csv", "clients", "applied"),
        ("drop.zip/drop.zip", "archive", "quarantined"),
    ]
    reason = json.loads((workspace.quarantine / "drop.zip.json").read_text())
    assert reason["message"] == "file 1 of the archive: it is damaged and cannot be unpacked"


def test_members_names_are_never_paths_of_ours(workspace: Workspace) -> None:
    odd = zipped(**{"____/____/evil": CLIENTS, "/abs/x_tmp": AUTHORIZATIONS, "b~": remit()})
    drop(workspace, drop_zip=odd)
    before = {path for path in workspace.root.parent.rglob("*") if "evil" in path.name}
    count, files = take_in(workspace)
    assert count == 3
    assert {name for name, _, _ in files} == {
        "drop.zip/0001-evil", "drop.zip/0002-x.tmp_", "drop.zip/0003-b_",
    }  # fmt: skip
    assert before == set()
    assert contents(workspace.work) == {}


def test_archives_of_one_name_are_told_apart(workspace: Workspace) -> None:
    drop(workspace, a__d_zip=zipped(r_835=remit()), b__d_zip=zipped(r_835=remit(check="C2")))
    _, files = take_in(workspace)
    assert [name for name, _, _ in files] == ["a/d.zip/0001-r.835", "b/d.zip/0001-r.835"]


STEPS = range(1, 12)
"""Writes and moves of opening one archive of two files and putting them away."""


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_dies_while_opening_an_archive(
    step: int, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever file operation it dies at, the next run ends as if it had not died."""
    drop(workspace, drop_zip=zipped(remit_835=remit(), clients_csv=CLIENTS))
    done = 0

    def dying(name: str) -> None:
        real = getattr(archive, name)

        def call(*given: Path) -> object:
            nonlocal done
            done += 1
            if done == step:
                raise KeyboardInterrupt
            return real(*given)

        monkeypatch.setattr(archive, name, call)

    dying("write")
    dying("move")
    with suppress(KeyboardInterrupt):
        take_in(workspace)
    monkeypatch.undo()
    count, files = take_in(workspace)
    assert count == 2
    assert sorted(files) == [
        ("drop.zip/0001-remit.835", "835", "applied"),
        ("drop.zip/0002-clients.csv", "clients", "applied"),
    ]
    assert contents(workspace.work) == {}


def test_another_run_takes_up_what_a_dead_one_had_opened(workspace: Workspace) -> None:
    drop(workspace, drop_zip=zipped(remit_835=remit(), clients_csv=CLIENTS))
    inbox.claim(workspace, "1")
    with Store.open(workspace.database) as store:
        unpack.take_apart(store, workspace, "1")
    count, files = take_in(workspace, "2")
    assert count == 2
    assert [name for name, _, _ in files] == [
        "drop.zip/0001-remit.835",
        "drop.zip/0002-clients.csv",
    ]


def test_a_folder_that_looks_like_ours_in_the_inbox_is_left_alone(workspace: Workspace) -> None:
    odd = workspace.inbox / inbox.UNPACKED / "x.835"
    odd.parent.mkdir()
    odd.write_bytes(remit())
    assert take_in(workspace) == (0, [])
    assert odd.is_file()


def test_an_archive_that_may_not_be_read_is_a_file_that_may_not_be_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, closed_zip=zipped(remit_835=remit()))
    real = Path.open

    def refuse(self: Path, mode: str = "r", *given: object, **options: object) -> object:
        if self.name == "closed.zip" and "r" in mode:
            raise PermissionError(13, "Permission denied", os.fspath(self))
        return real(self, mode, *given, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    count, files = take_in(workspace)
    assert (count, [status for _, _, status in files]) == (1, ["quarantined"])
