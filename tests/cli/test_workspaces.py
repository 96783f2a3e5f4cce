"""init, run, report, db on the command line."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from edi_iop import desk
from edi_iop.settings import Workspace
from tests.cli.conftest import Call


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def own(workspace: Path, tmp_path: Path) -> Path:
    """A copy of the example workspace after its first night, to change."""
    return Path(shutil.copytree(workspace, tmp_path / "own"))


def test_init_makes_folders_settings_that_decode_and_a_database(call: Any, tmp_path: Path) -> None:
    root = tmp_path / "new"
    result = call("init", root)
    assert result.exit_code == 0
    made = Workspace(root)
    assert made.settings().scrub.mode == "block"
    assert all(folder.is_dir() for folder in made.folders)
    assert made.database.is_file()
    assert call("run", root).exit_code == 0


def test_init_leaves_a_workspace_as_it_is(call: Any, own: Path) -> None:
    before = (own / "settings.toml").read_bytes()
    result = call("init", own, "--example")
    assert result.exit_code == 3
    assert (own / "settings.toml").read_bytes() == before


def test_a_folder_that_is_no_workspace(call: Any, tmp_path: Path) -> None:
    result = call("run", tmp_path)
    assert result.exit_code == 3
    assert "edi-iop init" in result.stderr


def test_a_lost_database_is_not_begun_anew_in_silence(call: Any, own: Path) -> None:
    """An empty one would send every claim a second time."""
    for file in own.glob("iop.db*"):
        file.unlink()
    for verb in (("run", own), ("report", "claims", own), ("check", own), ("db", "status", own)):
        result = call(*verb)
        assert result.exit_code == 3
        assert "backup" in result.stderr
    assert call("db", "migrate", own).exit_code == 0
    assert call("report", "claims", own).stdout == "no claims yet\n"


def test_a_second_run_finds_nothing_new(call: Any, own: Path) -> None:
    result = call("run", own, "--as-of", "2026-03-03", "--format", "json")
    receipt = json.loads(result.stdout)
    assert receipt["files"]["in"] == 0
    assert receipt["built"]["claims"] == 0
    assert receipt["blocked"]["lines"] > 0
    assert result.exit_code == 1
    assert json.loads((own / "reports" / f"{receipt['run']}.json").read_text()) == receipt


def test_a_file_that_is_nothing_of_ours_is_quarantined_and_exit_code_one(
    call: Any, tmp_path: Path
) -> None:
    root = tmp_path / "ws"
    call("init", root)
    (root / "inbox" / "holiday.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a claim")
    result = call("run", root)
    assert result.exit_code == 1
    assert "1 quarantined" in result.stdout
    assert f"edi-iop report files {root}" in result.stderr
    assert "holiday" not in result.output
    (file,) = records(call("report", "files", root, "--format", "ndjson").stdout)
    assert file["status"] == "quarantined"
    assert file["name"] == "***"
    shown = call("report", "files", root, "--format", "ndjson", "--show-phi").stdout
    assert records(shown)[0]["name"] == "holiday.jpg"


def test_build_bills_what_was_taken_in_and_leaves_the_inbox(
    call: Any, clinic: Path, tmp_path: Path
) -> None:
    root = tmp_path / "ws"
    call("init", root, "--example")
    waiting = sorted(path.name for path in (root / "inbox").iterdir())
    result = call("build", root, "--as-of", "2026-03-02")
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in (root / "inbox").iterdir()) == waiting
    assert list((root / "outbox").iterdir()) == []
    assert call("build", root, "--settings", clinic / "settings.toml").exit_code == 2


ABOUT = {"claim": ("OB260031",)}
"""What reports are asked about that need it."""


@pytest.mark.parametrize("name", desk.report_names())
def test_every_report_has_every_format(
    name: str, call: Any, workspace: Path, tmp_path: Path
) -> None:
    about = ABOUT.get(name, ())
    rows = json.loads(call("report", name, workspace, *about, "--format", "json").stdout)
    lines = call("report", name, workspace, *about, "--format", "ndjson").stdout
    table = call("report", name, workspace, *about, "--format", "csv").stdout
    assert records(lines) == rows
    assert len(list(csv.reader(table.splitlines()))) == len(rows) + 1
    assert call("report", name, workspace, *about).exit_code == 0
    for kept in ("html", "xlsx", "parquet"):
        target = tmp_path / f"kept.{kept}"
        assert call("report", name, workspace, *about, "-o", target).exit_code == 0
        assert target.stat().st_size
    assert f"  {name} " in call("report", "--help").output


def test_blocked_lists_only_what_is_not_billed(call: Any, workspace: Path) -> None:
    rows = records(call("report", "blocked", workspace, "--format", "ndjson").stdout)
    assert rows
    assert {row["claim"] for row in rows} == {None}
    assert {row["severity"] for row in rows} == {"block", "hold"}


def test_violations_list_the_former_system_s_claims_too(call: Any, workspace: Path) -> None:
    rows = records(call("report", "violations", workspace, "--format", "ndjson").stdout)
    assert "DUP-01" in {row["rule"] for row in rows if row["claim"]}


def test_claims_wait_for_their_answer(call: Any, workspace: Path) -> None:
    rows = records(call("report", "claims", workspace, "--format", "ndjson").stdout)
    assert {(row["answers"], row["status"], row["paid_cents"]) for row in rows} == {(0, None, None)}
    assert "waiting" in call("report", "claims", workspace).stdout


def test_an_answered_night(call: Any, own: Path, tmp_path: Path) -> None:
    """The payer's 835 into the inbox, the next night, and what the reports then say."""
    done = call("simulate", own / "outbox", "--feeds", own, "-o", tmp_path / "era",
                "--mistakes", 2, "--as-of", "2026-03-20")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    for remit in (tmp_path / "era").glob("835-*"):
        shutil.copy(remit, own / "inbox")
    receipt = json.loads(call("run", own, "--as-of", "2026-03-21", "--format", "json").stdout)
    payments = records(call("report", "payments", own, "--format", "ndjson").stdout)
    assert sum(row["amount_cents"] for row in payments) == receipt["money"]["in_cents"] > 0
    assert all(row["balanced"] and row["matched"] == row["claims"] for row in payments)
    assert all(
        row["claims_paid_cents"] - row["provider_adjustment_cents"] == row["amount_cents"]
        for row in payments
    )
    denials = records(call("report", "denials", own, "--format", "ndjson").stdout)
    assert [row["verdict"] for row in denials].count("refuted") == 2
    claims = records(call("report", "claims", own, "--format", "ndjson").stdout)
    paid = sum(row["paid_cents"] or 0 for row in claims)
    assert paid == sum(row["claims_paid_cents"] for row in payments)
    assert sum(row["denied_lines"] for row in claims) == len(denials)
    again = records(call("reconcile", own, "--as-of", "2026-03-21", "--format", "ndjson").stdout)
    assert again == denials


def test_db_status_counts_rows(call: Any, workspace: Path) -> None:
    rows = records(call("db", "status", workspace, "--format", "ndjson").stdout)
    counts = {row["table"]: row["rows"] for row in rows}
    assert counts["files"] == 9 + counts["replies"]
    assert counts["replies"] == 2
    assert call("db", "migrate", workspace).stdout == "the database was up to date\n"


def test_reports_name_no_people(call: Any, workspace: Path, clinic: Path) -> None:
    with (clinic / "feeds" / "clients.csv").open(encoding="utf-8-sig", newline="") as lines:
        clients = list(csv.DictReader(lines))
    private = {row["member_id"] for row in clients} | {row["birth_date"] for row in clients}
    said = "".join(
        call("report", name, workspace, *ABOUT.get(name, ())).stdout for name in desk.report_names()
    )
    said += call("check", workspace, "--as-of", "2026-03-02").output
    assert not [value for value in private if value in said]
    assert not [row for row in clients if f"{row['first_name']} {row['last_name']}" in said]


def test_a_claim_s_events_in_order_and_an_unknown_claim_in_one_line(
    call: Call, workspace: Path
) -> None:
    rows = records(call("report", "claim", workspace, "OB260031", "--format", "ndjson").output)
    assert rows[0]["event"] == "sent"
    assert "banked" not in {row["event"] for row in rows}
    unknown = call("report", "claim", workspace, "NOBODY")
    assert (unknown.exit_code, unknown.stderr.count("\n")) == (3, 1)
    assert call("report", "claim", workspace).exit_code == 3


def test_a_deposit_list_named_with_the_question(
    call: Call, workspace: Path, tmp_path: Path
) -> None:
    bank = tmp_path / "bank.csv"
    bank.write_text("Posting Date,Credit\n2026-03-01,125.00\n")
    result = call("report", "bank", workspace, "--deposits", bank, "--format", "ndjson")
    (row,) = records(result.output)
    assert (row["state"], row["deposit_cents"]) == ("deposit without remit", 12500)
    assert result.exit_code == 0
    bank.write_text("Posting Date,Credit\n2026-03-01,125.00\nsome day,7.00\n")
    assert call("report", "bank", workspace, "--deposits", bank).exit_code == 1, "a row is left out"
    bank.write_text("Posting Date,Credit\n2026-03-01,125.00\nTotal,125.00\n")
    summed = call("report", "bank", workspace, "--deposits", bank, "--format", "ndjson")
    assert (len(records(summed.stdout)), summed.exit_code) == (1, 0)
    assert "the sum of the list; its rows add up to it" in summed.stderr
    bank.write_text('"03/01/2026","125.00","HARBOR"\n')
    headless = call("report", "bank", workspace, "--deposits", bank)
    assert "a list begins with a header that names a date and an amount column" in headless.stderr


def test_a_report_that_takes_no_number_refuses_one(call: Any, workspace: Path) -> None:
    """A bank list named without --deposits was passed over in silence."""
    refused = call("report", "bank", workspace, "bank.csv")
    assert refused.exit_code in (2, 3)
    assert "it takes no number" in refused.stderr


@pytest.mark.parametrize(("form", "head"), [("xlsx", b"PK"), ("html", b"<!doctype html>")])
def test_a_report_to_keep(
    call: Call, workspace: Path, tmp_path: Path, form: str, head: bytes
) -> None:
    target = tmp_path / f"claims.{form}"
    assert call("report", "claims", workspace, "-o", target).exit_code == 0
    assert target.read_bytes().startswith(head)


def test_a_payment_nobody_sent_is_one_line(call: Call, workspace: Path) -> None:
    assert call("report", "remit", workspace).exit_code == 0
    unknown = call("report", "remit", workspace, "T404")
    assert (unknown.exit_code, unknown.stderr.count("\n")) == (3, 1)


def test_remedy_says_in_one_line_why_it_writes_nothing(call: Any, workspace: Path) -> None:
    unknown = call("remedy", workspace, "NOPE")
    assert (unknown.exit_code, unknown.stderr.count("\n")) == (3, 1)
    assert "claim NOPE: none was sent under this number" in unknown.stderr
    sent = records(call("report", "claims", workspace, "--format", "ndjson").stdout)[0]["claim"]
    paid = call("remedy", workspace, sent)
    assert paid.exit_code == 3
    assert "no line of it is denied or paid short; name what to write with --as" in paid.stderr
    usage = call("remedy", workspace, sent, "--as", "pray")
    assert usage.exit_code == 2
    assert "corrected_7, void_8, new_claim_1" in usage.stderr


def test_remedy_needs_the_payers_number_of_the_claim(call: Any, workspace: Path) -> None:
    sent = records(call("report", "claims", workspace, "--format", "ndjson").stdout)
    (own, *_) = [row["claim"] for row in sent if row["form"] == "I"]
    void = call("remedy", workspace, own, "--as", "void_8")
    assert void.exit_code == 3
    assert (
        "the payer's number of the claim (REF F8) is in no 835 or 277CA that is tied to it"
        in void.stderr
    )
