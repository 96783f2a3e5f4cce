"""show: an 835 or 837 for a person, on wide and narrow pages, and for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text

import edi_iop
from edi_iop.reports.decoded import KEYS
from edi_iop.transcribe.words import MASK
from tests.conftest import FIXTURES

REMIT = FIXTURES / "x12" / "remit_iop.835"
CLAIM = FIXTURES / "x12" / "claim_iop.837"
PEOPLE = ("RIVERA", "HB100200", "OKAFOR", "19850314", "1985-03-14", "7 ELM ST")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def page(path: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal of that width shows, with its colours."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    return "".join(edi_iop.show([path]).text("table", Terminal()))


def test_the_raw_segment_stands_beside_its_meaning(call: Any) -> None:
    result = call("show", REMIT)
    lines = result.stdout.splitlines()
    (line,) = [line for line in lines if "SVC*HC:H0015*350*285" in line]
    assert line.split() == [
        "16", "SVC*HC:H0015*350*285*0906*1", "HC", "HCPCS;", "Adjudicated", "Procedure", "Code", "H0015", "intensive",
    ]  # fmt: skip
    (date, *_) = [line for line in lines if "DTM*472*20260107" in line]
    assert date.endswith("Service Date: 472 service 2026-01-07")
    assert (result.exit_code, result.stderr) == (0, "")


def test_amounts_are_lined_up_in_one_column(call: Any) -> None:
    lines = [line for line in call("show", REMIT).stdout.splitlines() if line.endswith(".00")]
    assert len(lines) > 15
    assert len({len(line) for line in lines}) == 1
    assert any(line.endswith("$1,050.00") for line in lines)


def test_loops_are_headings_indented_by_their_depth(call: Any) -> None:
    lines = call("show", CLAIM).stdout.splitlines()
    headings = ("2000A", "2010AA", "2300", "2400")
    depth = {one: next(len(x) - len(x.lstrip()) for x in lines if x.strip().startswith(one)) for one in headings}  # fmt: skip
    assert depth["2000A"] < depth["2010AA"] < depth["2400"]
    assert depth["2300"] < depth["2400"]
    assert "2010BA Subscriber Name" in [line.strip() for line in lines]


@pytest.mark.parametrize("form", ["table", "json", "ndjson"])
@pytest.mark.parametrize("path", [REMIT, CLAIM])
def test_people_are_hidden_unless_asked_for(path: Path, form: str, call: Any) -> None:
    shown = call("show", path, "--format", form).stdout
    assert MASK in shown
    assert not [word for word in PEOPLE if word in shown]
    told = call("show", path, "--format", form, "--show-phi").stdout
    assert MASK not in told
    assert "RIVERA" in told


@pytest.mark.parametrize("typed", ["EB1B2C3D4EY", "eb1b2c3d4ey"])
def test_one_claim_with_what_stands_above_it(call: Any, typed: str) -> None:
    result = call("show", REMIT, "--claim", typed, "--format", "ndjson")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["segment"] for one in records][:3] == ["ISA", "GS", "ST"]
    assert [one["raw"].split("*")[1] for one in records if one["segment"] == "CLP"] == ["EB1B2C3D4EY"]  # fmt: skip
    assert not any("EA1B2C3D4EZ" in one["raw"] for one in records)


def test_a_claim_that_is_not_there(call: Any) -> None:
    result = call("show", REMIT, CLAIM, "--claim", "EB1B2C3D4E")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("edi-iop: claim EB1B2C3D4E: not in any of the 2 files;")
    assert result.stderr.count("\n") == 1


def test_for_programs_one_object_a_segment(call: Any) -> None:
    records = json.loads(call("show", REMIT, "--format", "json").stdout)
    lines = call("show", REMIT, "--format", "ndjson").stdout.splitlines()
    assert records == [json.loads(line) for line in lines]
    content = REMIT.read_bytes()
    assert len(records) == content.count(b"~")
    for record in records:
        assert tuple(record) == KEYS
        at = record["byte_offset"]
        assert content[at : at + len(record["segment"])].decode() == record["segment"]
    cas = next(one for one in records if one["raw"] == "CAS*CO*197*350")
    assert (cas["loop"], cas["loop_name"], cas["segment_position"]) == (
        "2110", "Service Payment Information", 29,
    )  # fmt: skip
    assert cas["says"].endswith("Adjustment Reason Code 197 no authorization on file; Adjustment Amount $350.00")  # fmt: skip


def test_findings_stand_at_their_segment(call: Any, tmp_path: Path) -> None:
    """The count of the trailer is one too many, and a line's charge is no number."""
    text = REMIT.read_text().replace("SE*42*", "SE*43*").replace("*310*0**12", "*3x0*0**12")
    broken = tmp_path / "broken.835"
    broken.write_text(text)
    result = call("show", broken)
    assert result.exit_code == 1
    lines = [line.strip() for line in result.stdout.splitlines()]
    marks = [number for number, line in enumerate(lines) if line.startswith("! error COUNT_WRONG")]
    assert len(marks) == 1
    assert any("SE*43*0001" in line for line in lines[marks[0] - 3 : marks[0]])
    records = [json.loads(line) for line in call("show", broken, "--format", "ndjson").stdout.splitlines()]  # fmt: skip
    faulty = {one["segment"]: one["findings"] for one in records if one["findings"]}
    assert faulty["SE"] == ["COUNT_WRONG: SE counts 43, there are 42"]
    assert any(text.startswith("NUMBER_INVALID") for text in faulty["CLP"])


def test_a_finding_elsewhere_is_not_a_claim_s(call: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.835"
    broken.write_text(REMIT.read_text().replace("SE*42*", "SE*43*"))
    assert call("show", broken, "--claim", "EB1B2C3D4EY").exit_code == 0


def test_v_adds_byte_offsets(call: Any) -> None:
    at = REMIT.read_bytes().index(b"CLP*EB1B2C3D4EY")
    lines = call("show", REMIT, "-v").stdout.splitlines()
    assert any(line.split()[:2] == [str(at), "32"] for line in lines)


@pytest.mark.parametrize("width", [50, 80, 100, 140, 200])
def test_no_line_is_wider_than_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (REMIT, CLAIM):
        shown = Text.from_ansi(page(path, width, monkeypatch)).plain
        assert max(map(len, shown.splitlines())) <= width
        assert "Claim" in shown


def test_colour_on_a_terminal_only_and_never_where_not_wanted(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b[" in page(REMIT, 100, monkeypatch)
    assert "\x1b[" not in call("show", REMIT).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in page(REMIT, 100, monkeypatch)


def test_a_foreign_file_s_control_characters_are_harmless(call: Any, tmp_path: Path) -> None:
    odd = tmp_path / "odd.835"
    odd.write_text(REMIT.read_text().replace("HARBOR HEALTH PLAN", "HARBOR\x1b[2J\x07"))
    assert "\x1b" not in call("show", odd).stdout


def test_what_no_guide_reads_is_shown_all_the_same(call: Any, tmp_path: Path) -> None:
    status = tmp_path / "status.276"
    status.write_text(
        REMIT.read_text().replace("005010X221A1", "005010X212").replace("ST*835", "ST*276")
    )
    shown = call("show", status).stdout
    assert "no guide of ours: segments only" in shown
    assert "CLP*EB1B2C3D4EY" in shown
    assert "RIVERA" not in shown


def test_files_that_are_no_x12(call: Any, clinic: Path) -> None:
    feed = clinic / "feeds" / "clients.csv"
    result = call("show", feed)
    assert result.exit_code == 3
    assert "clients, not X12; nothing to show" in result.stderr
    beside = call("show", feed, REMIT)
    assert beside.exit_code == 0
    assert beside.stderr.count("nothing to show") == 1


def test_to_a_file_and_no_form_that_show_has_not(call: Any, tmp_path: Path) -> None:
    target = tmp_path / "shown.ndjson"
    result = call("show", REMIT, "-o", target)
    assert (result.exit_code, result.stdout) == (0, "")
    assert len(target.read_text().splitlines()) == 46
    assert call("show", REMIT, "-o", tmp_path / "shown.parquet").exit_code == 2
    assert call("show", REMIT, "--format", "csv").exit_code == 2


def test_the_library_has_the_records_as_a_frame() -> None:
    decoded = edi_iop.show([REMIT], "EB1B2C3D4EY")
    assert tuple(decoded.records.columns) == KEYS
    assert decoded.status == "clean"


def test_every_sample_can_be_shown(samples: Path) -> None:
    for kind in ("835", "837I", "999", "277CA", "negative"):
        for text in edi_iop.show(sorted((samples / kind).iterdir())).text("table"):
            assert text
