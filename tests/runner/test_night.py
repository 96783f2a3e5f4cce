"""The whole night: drops in, claims out, answers tied, a receipt that adds up, and one run at a time."""

from __future__ import annotations

import itertools
import json
import os
import pkgutil
import socket
import subprocess
import sys
import time
from datetime import date
from typing import Any

import polars as pl
import pytest
from runner_drops import (
    AUTHORIZATIONS,
    CLIENTS,
    PROVIDERS,
    WEEK,
    contents,
    drop,
    drop_week,
    encounters,
    remit,
)
from runner_nights import begun

from edi_iop.errors import BadPolicy, Busy, StoreVersion
from edi_iop.runner import run
from edi_iop.runner.lock import SILENCE_SECONDS
from edi_iop.settings import Workspace
from edi_iop.store import Lock, Store

NIGHT = date(2026, 1, 12)
LATER = date(2026, 1, 19)


def load(workspace: Workspace, table: str) -> pl.DataFrame:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load(table)


def test_a_week_of_days_becomes_one_claim_and_only_once(workspace: Workspace) -> None:
    drop_week(workspace)
    first = run(workspace, NIGHT)
    assert first["built"] == {
        "files": 1,
        "held_files": 0,
        "claims": 1,
        "lines": 3,
        "charge_cents": 3 * 35000,
    }
    assert first["blocked"] == {"lines": 0, "by_rule": {}}
    (sent,) = contents(workspace.outbox).values()
    assert sent.count(b"SV2*0906*HC:H0015") == 3
    out = load(workspace, "files").filter(pl.col("direction") == "out")
    assert out.select("status", "kind", "received_on").rows() == [("sent", "837I", NIGHT)]
    lines = load(workspace, "claim_lines")
    assert lines["file_id"].unique().to_list() == out["file_id"].to_list()
    assert [str(day) for day in lines["service_date"]] == list(WEEK)
    again = run(workspace, LATER)
    assert again["built"]["claims"] == again["files"]["in"] == 0
    assert len(contents(workspace.outbox)) == 1


def test_a_late_entry_after_the_claim_left_is_kept_and_its_day_not_billed_again(
    workspace: Workspace,
) -> None:
    """A second note of a billed day: the record is there, and no other original claim has the day."""
    drop_week(workspace)
    begun(workspace, NIGHT)
    note = (
        encounters(WEEK[0]).replace(b"E2026", b"LATE2026").replace(b"09:00,12:00", b"13:00,14:00")
    )
    drop(workspace, late_csv=note)
    run(workspace, LATER)
    assert load(workspace, "encounters").height == len(WEEK) + 1
    originals = load(workspace, "claims").filter(pl.col("frequency").is_in(["1", "2", "3", "4"]))
    lines = load(workspace, "claim_lines").join(
        originals, on=["file_id", "claim_offset"], how="semi"
    )
    assert sorted(str(day) for day in lines["service_date"]) == list(WEEK)


def test_numbers_of_two_nights_differ(workspace: Workspace) -> None:
    drop_week(workspace)
    begun(workspace, NIGHT)
    drop(workspace, more_csv=encounters("2026-01-12", "2026-01-14", "2026-01-16"))
    assert run(workspace, LATER)["built"]["claims"] == 1
    assert load(workspace, "submissions")["interchange_control"].to_list() == [
        "000000001",
        "000000002",
    ]
    assert load(workspace, "claims")["claim"].n_unique() == 2


def test_warn_mode_sends_what_block_mode_keeps_back(workspace: Workspace) -> None:
    """Without an authorization the line is blocked (AUTH-01), or sent and listed."""
    drop(workspace, c_csv=CLIENTS, p_csv=PROVIDERS, d_csv=encounters(*WEEK).replace(b",A100", b","))
    blocked = run(workspace, NIGHT)
    assert blocked["built"]["claims"] == 0
    assert blocked["blocked"] == {"lines": 3, "by_rule": {"AUTH-01": 3}}
    assert not blocked["clean"]
    text = workspace.settings_file.read_text().replace('mode = "block"', 'mode = "warn"')
    workspace.settings_file.write_text(text)
    warned = run(workspace, NIGHT)
    assert (warned["built"]["lines"], warned["blocked"]["lines"]) == (3, 0)
    listed = load(workspace, "violations")
    assert listed["rule"].to_list() == ["AUTH-01"] * 3
    assert listed["claim"].null_count() == 0


def test_the_receipt_adds_up(workspace: Workspace) -> None:
    drop(
        workspace,
        a_835=remit(),
        b_835=remit(),
        c_835=remit(check="CHECK2", amount="75.25"),
        d_835=remit(segments=17),
        e_csv=CLIENTS,
        f_txt=b"",
    )
    made = run(workspace, NIGHT)
    files = made["files"]
    counts = {"in": 6, "applied": 3, "held": 1, "duplicate": 1, "quarantined": 2}
    assert {name: files[name] for name in counts} == counts
    assert files["by_kind"]["835"] == {
        "in": 4,
        "applied": 2,
        "held": 1,
        "duplicate": 1,
        "quarantined": 1,
    }
    money = made["money"]
    assert (money["in_cents"], money["accepted_cents"], money["held_cents"]) == (17525, 10000, 7525)
    assert [(row["payment"], row["amount_cents"], row["status"]) for row in money["payments"]] == [
        ("CHECK1", 10000, "accepted"),
        ("CHECK2", 7525, "held"),
    ]
    counted = {"claims": 2, "matched": 0, "unmatched": 2, "lines": 2, "lines_unmatched": 0}
    assert made["remits"] == counted
    assert set(made["seconds"]) == {"intake", "match", "bill", "explain"}
    assert not made["clean"]
    assert json.loads((workspace.reports / f"{made['run']}.json").read_text()) == made
    with Store.open(workspace.database) as store:
        assert json.loads(store.receipts()[made["run"]]) == made


def test_a_quiet_night_is_clean(workspace: Workspace) -> None:
    made = run(workspace, NIGHT)
    assert made["clean"]
    assert made["files"]["in"] == made["money"]["in_cents"] == made["built"]["files"] == 0


def test_a_paid_line_is_known_to_be_paid(workspace: Workspace) -> None:
    drop(
        workspace,
        c_csv=CLIENTS,
        p_csv=PROVIDERS,
        a_csv=AUTHORIZATIONS,
        d_csv=encounters("2026-01-05", "2026-01-07", "2026-01-09"),
    )
    run(workspace, NIGHT)
    claim = load(workspace, "claims")["claim"][0]
    answer = (
        remit(claim=claim)
        .replace(b"*1*150*100*0*", b"*1*1050*1000*0*")
        .replace(b"BPR*I*100*", b"BPR*I*1000*")
        .replace(b"HC:H0015*150*100*", b"HC:H0015*1050*1000*")
        .replace(b"DTM*472*20260202", b"DTM*150*20260105~DTM*151*20260109")
        .replace(b"SE*16*", b"SE*17*")
    )
    drop(workspace, era_835=answer)
    made = run(workspace, LATER)
    assert made["remits"]["matched"] == 1
    assert made["money"]["accepted_cents"] == 100000


def test_an_encounter_of_an_unknown_client_is_a_finding_and_bills_nothing(
    workspace: Workspace,
) -> None:
    drop(workspace, p_csv=PROVIDERS, d_csv=encounters("2026-01-05"))
    made = run(workspace, NIGHT)
    assert made["built"]["claims"] == 0
    assert made["findings"]["error"] == 1
    assert load(workspace, "findings")["code"].to_list() == ["CLIENT_UNKNOWN"]
    drop(workspace, c_csv=CLIENTS, a_csv=AUTHORIZATIONS)
    assert run(workspace, LATER)["findings"]["error"] == 0
    assert load(workspace, "claims").height == 1


def test_billing_alone_leaves_the_inbox_and_needs_the_last_run_to_have_ended(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, a_835=remit())
    made = run(workspace, NIGHT, intake=False)
    assert made["files"]["in"] == 0
    assert contents(workspace.inbox) == {"a.835": remit()}
    with monkeypatch.context() as patch:
        _kill_at(patch, "edi_iop.runner.night.receipt", 1)
        with pytest.raises(Killed):
            run(workspace, NIGHT)
    with pytest.raises(Busy, match="did not end"):
        run(workspace, NIGHT, intake=False)


def summary(workspace: Workspace) -> dict[str, Any]:
    """What must be the same however often a run died on the way."""
    held = ("sha256", "direction", "kind", "status", "transactions", "run")
    files = load(workspace, "files").filter(pl.col("direction") == "in").select(held)
    tables = (
        "clients",
        "encounters",
        "payments",
        "remit_lines",
        "claims",
        "claim_lines",
        "matches",
    )
    return {
        "files": sorted(files.rows()),
        "rows": {name: load(workspace, name).height for name in tables},
        "claims": load(workspace, "claims")["claim"].n_unique(),
        "sent": sorted(load(workspace, "files").filter(pl.col("status") == "sent")["kind"]),
        "outbox": sorted(name.split("-")[0] for name in contents(workspace.outbox)),
        "answered": sorted(load(workspace, "replies")["decision"]),
        "numbers": sorted(data[90:99] for data in contents(workspace.outbox).values()),
        "quarantine": sorted(contents(workspace.quarantine)),
        "reports": sorted(contents(workspace.reports)),
        "left": {**contents(workspace.inbox), **contents(workspace.work)},
    }


EXPECTED_ROWS = {
    "clients": 1,
    "encounters": 3,
    "payments": 1,
    "remit_lines": 1,
    "claims": 1,
    "claim_lines": 3,
    "matches": 2,
}


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize(
    ("step", "at"),
    [
        ("edi_iop.runner.intake.Intake._dispose", 2),
        ("edi_iop.runner.inbox.clear", 1),
        ("edi_iop.runner.night.answers", 1),
        ("edi_iop.runner.bill.build", 1),
        ("edi_iop.runner.bill.Biller._send", 1),
        ("edi_iop.runner.bill._snapshot", 1),
        ("edi_iop.runner.bill.hand_over", 1),
        ("edi_iop.runner.night.hand_over", 1),
        ("edi_iop.runner.reply.Replier.reply", 2),
        ("edi_iop.runner.reply.Replier._keep", 1),
        ("edi_iop.store.Store.replied", 2),
        ("edi_iop.runner.archive.write", 9),
        ("edi_iop.store.Store.mark_file", 1),
        ("edi_iop.runner.night.settle", 1),
        ("edi_iop.runner.night.receipt", 1),
        ("edi_iop.store.Store.finish_run", 1),
    ],
)
def test_a_night_that_died_ends_as_if_it_had_not(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, step: str, at: int
) -> None:
    drop_week(workspace)
    drop(workspace, a_835=remit(), bad_835=remit(segments=17))
    with monkeypatch.context() as patch:
        _kill_at(patch, step, at)
        with pytest.raises(Killed):
            run(workspace, NIGHT)
    made = run(workspace, NIGHT)
    assert made["files"]["in"] == 6
    assert (made["built"]["claims"], made["built"]["lines"]) == (1, 3)
    got = summary(workspace)
    assert got["rows"] == EXPECTED_ROWS
    assert len(got["files"]) == 6
    assert {run_id for *_, run_id in got["files"]} == {made["run"]}
    assert got["claims"] == 1
    assert got["sent"] == got["outbox"] == ["837I", "999", "999"]
    assert got["answered"] == ["A", "R"]
    assert len(set(got["numbers"])) == 3
    assert got["quarantine"] == ["bad.835", "bad.835.json"]
    assert got["reports"] == [f"{made['run']}.json"]
    assert got["left"] == {}


def _kill_at(patch: pytest.MonkeyPatch, step: str, at: int) -> None:
    """The at-th call of a function, named by its dotted path, ends the process."""
    original = pkgutil.resolve_name(step)
    calls = itertools.count(1)

    def dying(*args: object, **named: object) -> object:
        if next(calls) == at:
            raise Killed
        return original(*args, **named)

    patch.setattr(step, dying)


def test_what_the_partner_has_fetched_is_not_sent_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_week(workspace)
    with monkeypatch.context() as patch:
        _kill_at(patch, "edi_iop.runner.night.settle", 1)
        with pytest.raises(Killed):
            run(workspace, NIGHT)
    for path in workspace.outbox.iterdir():
        path.unlink()
    run(workspace, NIGHT)
    assert contents(workspace.outbox) == {}
    assert load(workspace, "claims").height == 1


def test_a_second_run_is_refused_and_touches_nothing(workspace: Workspace) -> None:
    drop(workspace, a_csv=CLIENTS)
    with Store.open(workspace.database) as store:
        store.hold(Lock("20260112-0001", os.getpid(), socket.gethostname(), time.time()))
    with pytest.raises(Busy, match="20260112-0001"):
        run(workspace, NIGHT)
    assert contents(workspace.inbox) == {"a.csv": CLIENTS}
    with Store.open(workspace.database) as store:
        store.release()
    assert run(workspace, NIGHT)["files"]["applied"] == 1


@pytest.mark.parametrize(
    ("host", "silent_for"),
    [("another-host", SILENCE_SECONDS + 1), (socket.gethostname(), SILENCE_SECONDS + 1)],
)
def test_a_silent_run_no_longer_holds_the_workspace(
    workspace: Workspace, host: str, silent_for: float
) -> None:
    with Store.open(workspace.database) as store:
        store.hold(Lock("20260111-0001", os.getpid(), host, time.time() - silent_for))
    assert run(workspace, NIGHT)["clean"]


def test_a_run_of_another_host_is_believed(workspace: Workspace) -> None:
    with Store.open(workspace.database) as store:
        store.hold(Lock("20260111-0001", 1, "another-host", time.time() - 60))
    with pytest.raises(Busy, match="another-host"):
        run(workspace, NIGHT)


DIES = """
import os, sys
from datetime import date
from pathlib import Path
from edi_iop.runner import intake, run
from edi_iop.settings import Workspace
intake.Intake._dispose = lambda *_: os._exit(9)
run(Workspace(Path(sys.argv[1])), date(2026, 1, 12))
"""


def test_a_process_killed_outright_is_taken_over(workspace: Workspace) -> None:
    drop(workspace, a_csv=CLIENTS, b_835=remit())
    died = subprocess.run([sys.executable, "-c", DIES, str(workspace.root)], check=False)
    assert died.returncode == 9
    with Store.open(workspace.database, read_only=True) as store:
        assert store.lock() is not None
    made = run(workspace, NIGHT)
    assert made["files"]["applied"] == made["files"]["in"] == 2
    assert made["run"] == "20260112-0001"


def test_nothing_is_touched_without_store_or_policy(workspace: Workspace) -> None:
    drop(workspace, a_csv=CLIENTS)
    settings = workspace.settings_file.read_text()
    workspace.settings_file.write_text(settings.replace('policy = "harbor"', 'policy = "harbour"'))
    with pytest.raises(BadPolicy, match="harbour"):
        run(workspace, NIGHT)
    workspace.settings_file.write_text(settings)
    workspace.database.unlink()
    with pytest.raises(StoreVersion, match="edi-iop init"):
        run(workspace, NIGHT)
    assert contents(workspace.inbox) == {"a.csv": CLIENTS}


@pytest.mark.parametrize(("zone", "lines"), [("America/New_York", 0), ("America/Phoenix", 1)])
def test_the_clocks_of_the_facility_are_those_of_its_settings(
    workspace: Workspace, zone: str, lines: int
) -> None:
    """One to four in the night in which the clocks go from two to three: two hours, or three."""
    text = workspace.settings_file.read_text()
    workspace.settings_file.write_text(
        text.replace("# timezone = ", "timezone = ").replace("America/Chicago", zone)
    )
    night = encounters("2026-03-08").replace(b"09:00,12:00", b"01:00,04:00")
    drop(
        workspace,
        clients_csv=CLIENTS,
        providers_csv=PROVIDERS,
        auths_csv=AUTHORIZATIONS,
        days_csv=night,
    )
    assert run(workspace, date(2026, 3, 9))["built"]["lines"] == lines
    assert load(workspace, "days")["minutes"].to_list() == [120 if lines == 0 else 180]
