"""feed guess, feed check, and feeds of every form through the other verbs."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.conftest import FIXTURES

FEEDS = FIXTURES / "feeds"
LAYOUTS = FEEDS / "layouts"
OTHER = "Note,Client,Day,Mins,Dx\n7,C-1,05.01.2026,180,F10.20\n8,C-1,1/6/2026,180,F10.20\n"
LAYOUT = """
says = "ours"
form = "csv"
[encounters]
source_record_id = "Note"
client_id = "Client"
level_of_care = { value = "IOP" }
program_track = { value = "SUD" }
service_date = { from = "Day", format = "%d.%m.%Y" }
minutes = "Mins"
service_type = { value = "group" }
attendance = { value = "attended" }
note_status = { value = "signed" }
diagnoses = "Dx"
"""


@pytest.fixture
def partner(tmp_path: Path) -> tuple[Path, Path]:
    """An export that no shipped layout knows, and its own."""
    export, layout = tmp_path / "export.csv", tmp_path / "partner.toml"
    export.write_text(OTHER)
    layout.write_text(LAYOUT)
    return export, layout


def records(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_check_tells_file_row_column_reason_and_what_to_do(
    call: Any, partner: tuple[Path, Path]
) -> None:
    export, layout = partner
    result = call("feed", "check", export, "--layout", layout, "--format", "ndjson")
    assert result.exit_code == 1
    (found,) = records(result.stdout)
    assert found == {
        "file": str(export),
        "row": 3,
        "place": "line 3",
        "column": "service_date (Day)",
        "code": "FEED_VALUE_INVALID",
        "severity": "error",
        "reason": "not a date (%d.%m.%Y)",
        "remedy": "correct the value and send the row again",
        "value": "***",
    }
    shown = call("feed", "check", export, "--layout", layout, "--format", "ndjson", "--show-phi")
    assert records(shown.stdout)[0]["value"] == "1/6/2026"


def test_check_of_a_clean_feed(call: Any) -> None:
    result = call("feed", "check", FEEDS / "encounters.csv")
    assert (result.exit_code, result.stdout) == (
        0,
        "nothing is wrong; 4 rows can be used; 0 cannot\n",
    )


def test_check_sees_records_that_two_files_have(call: Any, tmp_path: Path) -> None:
    """The same rows beside one more: the content differs, the records are the same."""
    text = (FEEDS / "encounters.csv").read_text(encoding="utf-8")
    again = tmp_path / "again.csv"
    again.write_text(text.replace("E-001", "E-100"))
    result = call("feed", "check", FEEDS / "encounters.csv", again, "--format", "ndjson")
    assert result.exit_code == 0
    told = [one for one in records(result.stdout) if one["code"] == "FEED_RECORD_REPEATED"]
    assert [(one["file"], one["row"]) for one in told] == [(str(again), row) for row in (3, 4, 5)]


@pytest.mark.parametrize("name", ["hl7/batch.hl7", "fhir/bundle.json", "layouts/kipu_like.csv"])
def test_check_takes_every_form(call: Any, name: str) -> None:
    result = call("feed", "check", FEEDS / name, "--format", "ndjson")
    assert records(result.stdout)
    assert result.exit_code == (0 if name.startswith("hl7") else 1)


def test_check_of_what_is_no_feed(call: Any) -> None:
    for path in (FIXTURES / "x12" / "remit_iop.835", LAYOUTS / "kipu_like.csv.golden"):
        result = call("feed", "check", path, "--format", "ndjson")
        assert result.exit_code == 1
        assert records(result.stdout)[0]["code"] == "FEED_REJECTED"


def test_guess_writes_a_layout_that_check_can_use(call: Any, tmp_path: Path) -> None:
    target = tmp_path / "guessed.toml"
    export = LAYOUTS / "practice_export.csv"
    result = call("feed", "guess", export, "-o", target)
    assert result.exit_code == 0
    assert f"edi-iop feed check {export} --layout {target}" in result.stderr
    assert call("feed", "check", export, "--layout", target).exit_code in (0, 1)
    again = call("feed", "guess", export, "-o", target)
    assert again.exit_code == 3
    assert "was left as it is" in again.stderr


def test_guess_says_what_it_did_not_find(
    call: Any, partner: tuple[Path, Path], tmp_path: Path
) -> None:
    target = tmp_path / "guessed.toml"
    result = call("feed", "guess", partner[0], "-o", target)
    assert result.exit_code == 1
    assert "it cannot be used yet" in result.stderr
    assert "# level_of_care" in target.read_text()


def test_guess_of_what_is_no_table(call: Any) -> None:
    result = call("feed", "guess", FEEDS / "hl7" / "batch.hl7")
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) == 1


def test_a_wrong_layout_is_one_line_with_file_key_and_reason(
    call: Any, partner: tuple[Path, Path]
) -> None:
    export, layout = partner
    layout.write_text(LAYOUT.replace("minutes", "mins"))
    result = call("identify", export, "--layout", layout)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"edi-iop: {layout}: encounters.mins: no column")


def test_the_verbs_about_files_take_a_layout(call: Any, partner: tuple[Path, Path]) -> None:
    export, layout = partner
    known = call("identify", export, "--layout", layout, "--format", "ndjson")
    assert records(known.stdout)[0]["says"] == "encounters feed as CSV, layout partner"
    assert records(call("identify", export, "--format", "ndjson").stdout)[0]["kind"] == "unknown"
    rows = call(
        "parse", export, "--table", "encounters", "--layout", layout, "--format", "ndjson", "-q"
    )
    assert [one["service_date"] for one in records(rows.stdout)] == ["2026-01-05"]
    found = call("validate", export, "--layout", layout, "--format", "ndjson")
    assert [one["code"] for one in records(found.stdout)] == ["FEED_VALUE_INVALID"]
    feeds = (export, FEEDS / "clients.csv")
    checked = call("check", *feeds, "--layout", layout, "--payer", "harbor", "--format", "ndjson")
    assert "line 3, service_date (Day)" in checked.stderr


def test_a_night_takes_in_feeds_of_every_form(call: Any, tmp_path: Path) -> None:
    """A workspace's own layout in feeds/, shipped ones, HL7, FHIR and an 837 of encounters."""
    root = tmp_path / "ws"
    assert call("init", root).exit_code == 0
    workspace = Workspace(root)
    (workspace.feeds / "partner.toml").write_text(LAYOUT)
    (workspace.inbox / "export.csv").write_text(OTHER)
    for path in (
        LAYOUTS / "kipu_like.csv",
        LAYOUTS / "practice_export.csv",
        FEEDS / "hl7" / "batch.hl7",
        FEEDS / "fhir" / "bundle.json",
        FIXTURES / "valid" / "claim_encounter.837",
    ):
        shutil.copy(path, workspace.inbox)
    waiting = call("check", root, "--as-of", "2026-03-12")
    assert "export.csv" in waiting.stderr
    result = call("run", root, "--as-of", "2026-03-12")
    assert result.exit_code == 1, result.output
    with Store.open(workspace.database) as store:
        files = {
            one["name"]: (one["kind"], one["status"]) for one in store.load("files").to_dicts()
        }
        encounters, claims = store.load("encounters"), store.load("claims")
        people = store.load("clients")
        received = store.load("files", direction="in")
    assert {name: files[name] for name in sorted(received["name"])} == {
        "batch.hl7": ("HL7", "applied"),
        "bundle.json": ("FHIR", "applied"),
        "claim_encounter.837": ("837I", "applied"),
        "export.csv": ("encounters", "applied"),
        "kipu_like.csv": ("encounters", "applied"),
        "practice_export.csv": ("encounters", "applied"),
    }
    # Records as they stand: credits and voids are gone with what they cancel.
    ids = set(encounters["source_record_id"])
    assert {"7", "90001/MR0041", "5001", "T-1", "T-3", "ch1", "cl1/2", "ENC0001/1"} <= ids
    assert not {"T-2", "90004/MR0042", "5003", "s6"} & ids
    assert claims.join(received, on="file_id").is_empty()
    assert {"MR0041", "MR1001", "000412"} <= set(people["client_id"])


def test_a_wrong_layout_stops_the_night_before_anything_is_touched(
    call: Any, tmp_path: Path
) -> None:
    root = tmp_path / "ws"
    call("init", root)
    workspace = Workspace(root)
    (workspace.feeds / "partner.toml").write_text(LAYOUT.replace("csv", "pdf"))
    (workspace.inbox / "export.csv").write_text(OTHER)
    result = call("run", root, "--as-of", str(date(2026, 3, 12)))
    assert result.exit_code == 3
    assert "partner.toml" in result.stderr
    assert (workspace.inbox / "export.csv").exists()


def test_build_takes_the_layouts_beside_the_settings(call: Any, tmp_path: Path) -> None:
    """clients by the canonical feed, encounters by the workspace's own layout: one claim."""
    root = tmp_path / "ws"
    call("init", root)
    (root / "feeds" / "partner.toml").write_text(LAYOUT)
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "export.csv").write_text(OTHER.replace("1/6/2026", "06.01.2026"))
    shutil.copy(FEEDS / "clients.csv", drop)
    result = call("build", drop, "--settings", root / "settings.toml", "-o", tmp_path / "out.837")
    assert "not a feed" not in result.output
    assert "encounters" not in result.stderr
