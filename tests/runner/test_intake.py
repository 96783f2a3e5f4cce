"""Every drop is taken in exactly once, kept, and answered: applied, held, duplicate or quarantined."""

from __future__ import annotations

import itertools
import json
import os
import pkgutil
import stat
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from runner_drops import CLIENTS, contents, drop, encounters, remit

from edi_iop import parsers
from edi_iop.errors import NotWritten
from edi_iop.runner import archive, inbox, reading
from edi_iop.runner.intake import Intake
from edi_iop.settings import Workspace
from edi_iop.store import Store

NIGHT = date(2026, 3, 2)


def take_in(workspace: Workspace, run: str = "R1") -> dict[str, tuple[str, str | None]]:
    """Takes everything in; status and reason of every file of the run by its name."""
    with Store.open(workspace.database) as store:
        taken = Intake(store, workspace, run, NIGHT).take_in()
        rows = store.load("files", run=run, direction="in")
    assert taken == rows.height
    return {row["name"]: (row["status"], row["reason"]) for row in rows.to_dicts()}


def rows(workspace: Workspace, table: str) -> int:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load(table).height


def test_a_drop_is_applied_once_and_its_bytes_are_kept(workspace: Workspace) -> None:
    drop(workspace, clients_csv=CLIENTS, payer__a_835=remit())
    assert take_in(workspace) == {
        "clients.csv": ("applied", None),
        "payer/a.835": ("applied", None),
    }
    assert contents(workspace.inbox) == contents(workspace.work) == {}
    for data in (CLIENTS, remit()):
        kept = archive.place(workspace, archive.digest(data))
        assert kept.read_bytes() == data
        assert not kept.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert (rows(workspace, "clients"), rows(workspace, "remit_claims")) == (1, 1)
    assert take_in(workspace, "R2") == {}


def test_a_copy_has_no_further_effect(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(), b_835=remit())
    assert take_in(workspace) == {
        "a.835": ("applied", None),
        "b.835": ("duplicate", "DUPLICATE_DELIVERY: same content as file 1"),
    }
    drop(workspace, a_835=remit())
    assert take_in(workspace, "R2")["a.835"][0] == "duplicate"
    assert rows(workspace, "payments") == rows(workspace, "remit_lines") == 1
    with Store.open(workspace.database, read_only=True) as store:
        assert store.load("files", direction="in").height == 3
    assert contents(workspace.quarantine) == {}


def test_a_payment_corrected_after_it_was_held_is_applied(workspace: Workspace) -> None:
    drop(workspace, a_835=remit().replace(b"CAS*CO*45*50", b"CAS*CO*45*40"))
    assert take_in(workspace)["a.835"][0] == "held"
    drop(workspace, b_835=remit())
    assert take_in(workspace, "R2")["b.835"][0] == "applied"


MISSING_COLUMN = CLIENTS.replace(b"member_id", b"member")
BAD = {
    "empty": (b"", "EMPTY_FILE"),
    "no x12": (b"Dear Sir or Madam,\nplease find our remittance below.\n", "NOT_X12"),
    "truncated": (remit()[:-80], "TRUNCATED"),
    "count": (remit(segments=17), "COUNT_WRONG"),
    "control number": (
        remit().replace(b"IEA*1*000000001", b"IEA*1*000000002"),
        "CONTROL_NUMBER_WRONG",
    ),
    "missing column": (MISSING_COLUMN, "FEED_REJECTED"),
    "other guide": (
        remit().replace(b"005010X221A1", b"005010X999A1").replace(b"GS*HP", b"GS*XX"),
        "GUIDE_UNKNOWN",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_taken_in_is_quarantined_and_the_rest_is_not(
    workspace: Workspace, case: str
) -> None:
    data, code = BAD[case]
    drop(workspace, before_835=remit(), bad_dat=data, after_csv=CLIENTS)
    taken = take_in(workspace)
    assert taken["before.835"][0] == taken["after.csv"][0] == "applied"
    status, reason = taken["bad.dat"]
    assert status == "quarantined"
    assert reason is not None
    assert reason.startswith(f"{code}: ")
    assert set(contents(workspace.quarantine)) == {"bad.dat", "bad.dat.json"}
    assert (workspace.quarantine / "bad.dat").read_bytes() == data
    told = json.loads((workspace.quarantine / "bad.dat.json").read_text())
    assert (told["code"], told["file_id"]) == (code, 2)
    assert told["what_to_do"]
    assert rows(workspace, "payments") == rows(workspace, "clients") == 1


def test_a_missing_column_is_named(workspace: Workspace) -> None:
    drop(workspace, clients_csv=MISSING_COLUMN)
    assert "member_id" in str(take_in(workspace)["clients.csv"][1])


def test_quarantined_content_may_come_again_and_names_do_not_clash(workspace: Workspace) -> None:
    drop(workspace, one__x_835=b"", two__x_835=remit(segments=17))
    drop(workspace, three__x_835=b"")
    assert {status for status, _ in take_in(workspace).values()} == {"quarantined"}
    names = set(contents(workspace.quarantine))
    assert len(names) == 6
    assert {name.removesuffix(".json") for name in names} == {
        name for name in names if not name.endswith(".json")
    }


def test_a_delivery_that_is_named_like_a_reason_is_not_read_as_one(workspace: Workspace) -> None:
    """NAME.json beside NAME may itself have been delivered, and hold anything."""
    (workspace.inbox / "x.json").write_bytes(b"neither JSON nor X12")
    assert take_in(workspace)["x.json"][0] == "quarantined"
    (workspace.inbox / "x").write_bytes(b"nor is this")
    assert take_in(workspace, "R2")["x"][0] == "quarantined"
    assert set(contents(workspace.quarantine)) == {"x.json", "x.json.json", "2-x", "2-x.json"}


@pytest.mark.parametrize(
    "name", ["a" * 255, "\u65e5" * 80 + ".edi", os.fsdecode(b"\xff\xfe.edi"), "two\nlines .edi "]
)
def test_a_name_of_any_length_and_bytes_is_taken_in(workspace: Workspace, name: str) -> None:
    (workspace.inbox / name).write_bytes(b"no file of ours")
    (workspace.inbox / "sub").mkdir()
    (workspace.inbox / "sub" / name).write_bytes(remit())
    drop(workspace, c_csv=CLIENTS)
    assert sorted(status for status, _ in take_in(workspace).values()) == [
        "applied",
        "applied",
        "quarantined",
    ]
    assert sorted(contents(workspace.quarantine).values())[0] == b"no file of ours"
    assert len(contents(workspace.quarantine)) == 2


def test_an_unbalanced_remit_is_held_and_visible(workspace: Workspace) -> None:
    drop(workspace, a_835=remit(amount="90"))
    status, reason = take_in(workspace)["a.835"]
    assert status == "held"
    assert str(reason).startswith("PAYMENT_UNBALANCED: ")
    assert rows(workspace, "payments") == 1
    assert contents(workspace.quarantine) == {}


@pytest.mark.parametrize(
    "name", ["a.835.partial", "a.tmp", "A.FILEPART", "a.part", "a.835~", ".a.835", ".hidden/a.835"]
)
def test_unfinished_uploads_are_left_alone(workspace: Workspace, name: str) -> None:
    path = workspace.inbox / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(remit())
    assert take_in(workspace) == {}
    assert path.read_bytes() == remit()


def test_an_older_drop_is_applied_first(workspace: Workspace) -> None:
    moved = CLIENTS.replace(b"1 Example Street", b"2 Example Street")
    drop(workspace, z_csv=CLIENTS, a_csv=moved)
    take_in(workspace)
    with Store.open(workspace.database) as store:
        assert store.load("clients")["address1"].to_list() == ["2 Example Street"]


def test_a_fault_of_ours_on_one_file_does_not_stop_the_others(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = parsers.parse

    def brittle(files: list[tuple[int, bytes]], **options: Any) -> dict[int, parsers.Parsed]:
        if any(b"CHECK2" in data for _, data in files):
            raise ZeroDivisionError
        return whole(files, **options)

    monkeypatch.setattr(parsers, "parse", brittle)
    drop(workspace, a_835=remit(), b_835=remit(check="CHECK2"), c_csv=CLIENTS)
    taken = take_in(workspace)
    assert taken["b.835"] == ("quarantined", "NOT_READ: reading it failed (ZeroDivisionError)")
    assert taken["a.835"][0] == taken["c.csv"][0] == "applied"


def test_a_fault_of_ours_in_the_sums_of_one_file_does_not_stop_the_others(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = reading.balance

    def brittle(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
        if "CHECK2" in tables["payments"]["trace_number"]:
            raise ZeroDivisionError
        return sums(tables)

    monkeypatch.setattr(reading, "balance", brittle)
    drop(workspace, a_835=remit(), b_835=remit(check="CHECK2"))
    taken = take_in(workspace)
    assert taken["b.835"] == ("quarantined", "NOT_READ: reading it failed (ZeroDivisionError)")
    assert taken["a.835"][0] == "applied"


def test_many_files_go_in_portions(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "BATCH_FILES", 2)
    drop(workspace, **{f"f{number}_835": remit(check=f"CHECK{number}") for number in range(5)})
    assert [status for status, _ in take_in(workspace).values()] == ["applied"] * 5
    assert rows(workspace, "payments") == 5


def test_a_file_we_may_not_open_is_set_aside(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, a_835=remit(), b_csv=encounters("2026-01-05"))
    original = type(workspace.root).read_bytes

    def guarded(path: object) -> bytes:
        if str(path).endswith("a.835"):
            raise PermissionError
        return original(path)  # type: ignore[arg-type]

    monkeypatch.setattr(type(workspace.root), "read_bytes", guarded)
    taken = take_in(workspace)
    assert taken["a.835"] == ("quarantined", "NOT_READ: permission denied")
    assert taken["b.csv"][0] == "applied"


@pytest.mark.parametrize("step", ["rename", "replace"])
def test_no_message_tells_a_drop_s_name(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A drop's name may tell of a person; what the system refuses is said without it."""
    drop(workspace, DOE_JANE_835=b"no remit")

    original = getattr(Path, step)

    def refused(path: Path, target: Path) -> object:
        if "DOE" in path.name and not path.name.endswith(".partial"):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, target)

    monkeypatch.setattr(Path, step, refused)
    with pytest.raises(NotWritten, match="permission denied") as told:
        take_in(workspace)
    assert "DOE" not in str(told.value)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("step", "at"),
    [
        ("edi_iop.runner.inbox._take", 2),
        ("edi_iop.runner.archive.keep", 1),
        ("edi_iop.runner.archive.keep", 3),
        ("edi_iop.parsers.parse", 1),
        ("edi_iop.store.Store.add_file", 2),
        ("edi_iop.store.Store.save_prepared", 2),
        ("edi_iop.runner.intake.Intake._dispose", 1),
        ("edi_iop.runner.intake.Intake._dispose", 3),
        ("edi_iop.runner.archive.move", 1),
    ],
)
def test_a_run_that_died_ends_as_if_it_had_not(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, step: str, at: int
) -> None:
    """Killed at the at-th call of a step, then run again: each file once, nothing lost."""
    drop(workspace, a_csv=CLIENTS, b_835=remit(), bad_835=remit(segments=17), d_835=remit())
    with monkeypatch.context() as patch:
        _kill_at(patch, step, at)
        with pytest.raises(Killed):
            take_in(workspace)
    assert {name: status for name, (status, _) in take_in(workspace).items()} == {
        "a.csv": "applied",
        "b.835": "applied",
        "bad.835": "quarantined",
        "d.835": "duplicate",
    }
    assert set(contents(workspace.quarantine)) == {"bad.835", "bad.835.json"}
    told = json.loads((workspace.quarantine / "bad.835.json").read_text())
    assert told["place"]["segment"] == "SE"
    assert contents(workspace.inbox) == contents(workspace.work) == {}
    assert rows(workspace, "clients") == rows(workspace, "payments") == 1


def test_a_drop_that_comes_again_after_a_run_died_is_counted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name and content of a file the dead run had put away: a delivery of its own all the same."""
    drop(workspace, a_csv=CLIENTS, b_835=remit())
    with monkeypatch.context() as patch:
        _kill_at(patch, "edi_iop.runner.intake.Intake._dispose", 2)
        with pytest.raises(Killed):
            take_in(workspace)
    drop(workspace, a_csv=CLIENTS)
    with Store.open(workspace.database) as store:
        assert Intake(store, workspace, "R1", NIGHT).take_in() == 3
        statuses = store.load("files", direction="in")["status"].to_list()
    assert statuses == ["applied", "applied", "duplicate"]
    assert contents(workspace.work) == {}


def _kill_at(patch: pytest.MonkeyPatch, step: str, at: int) -> None:
    """The at-th call of a function, named by its dotted path, ends the process."""
    original = pkgutil.resolve_name(step)
    calls = itertools.count(1)

    def dying(*args: object, **named: object) -> object:
        if next(calls) == at:
            raise Killed
        return original(*args, **named)

    patch.setattr(step, dying)


EXPORT = {
    "Patient": '{"resourceType":"Patient","id":"p","name":[{"family":"Sample","given":["Ada"]}],'
    '"birthDate":"1988-04-09","gender":"female","address":[{"line":["1 Quay St"],"city":"Port",'
    '"state":"MA","postalCode":"02134"}]}',
    "Coverage": '{"resourceType":"Coverage","id":"c","status":"active","subscriberId":"M1",'
    '"beneficiary":{"reference":"Patient/p"},"payor":[{"identifier":{"value":"HARBR"}}],'
    '"period":{"start":"2025-01-01"}}',
    "Condition": '{"resourceType":"Condition","id":"k","code":{"coding":[{"code":"F10.20"}]}}',
    "Encounter": '{"resourceType":"Encounter","id":"s","status":"finished",'
    '"type":[{"coding":[{"code":"2.1"}]}],"subject":{"reference":"Patient/p"},'
    '"period":{"start":"2026-01-05T09:00:00-05:00","end":"2026-01-05T12:00:00-05:00"},'
    '"diagnosis":[{"condition":{"reference":"Condition/k"}}]}',
}


def export(workspace: Workspace, *names: str) -> None:
    for name in names:
        (workspace.inbox / f"{name}.ndjson").write_text(EXPORT[name] + "\n", encoding="utf-8")


def test_files_of_an_export_that_come_apart_are_set_aside_until_they_come_together(
    workspace: Workspace,
) -> None:
    """FHIR bulk data, a file a type: sessions without their patients are nobody's."""
    export(workspace, "Encounter")
    ((status, reason),) = take_in(workspace).values()
    assert status == "quarantined"
    assert "1 Patient, 1 Condition" in (reason or "")
    export(workspace, *EXPORT)
    assert {status for status, _ in take_in(workspace, "R2").values()} == {"applied"}
    assert (rows(workspace, "encounters"), rows(workspace, "clients")) == (1, 1)


def test_files_of_an_export_are_one_portion(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large; the next export's patients are the same, and known."""
    monkeypatch.setattr(inbox, "BATCH_FILES", 1)
    monkeypatch.setattr(inbox, "BATCH_BYTES", 10)
    export(workspace, *EXPORT)
    take_in(workspace)
    export(workspace, "Patient", "Condition")
    later = EXPORT["Encounter"].replace('"s"', '"s2"').replace("2026-01-05", "2026-01-06")
    (workspace.inbox / "Encounter.ndjson").write_text(later + "\n", encoding="utf-8")
    assert sorted(status for status, _ in take_in(workspace, "R2").values()) == [
        "applied",
        "duplicate",
        "duplicate",
    ]
    assert rows(workspace, "encounters") == 2
