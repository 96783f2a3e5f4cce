"""identify, validate, parse on the command line."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from edi_iop import processes
from edi_iop.cli.files import _made_ready
from edi_iop.cli.options import spread
from edi_iop.parsers import beside
from edi_iop.reports.sheet import MASK
from edi_iop.tables import FEEDS, IN_FILES, TABLES
from edi_iop.transcribe import maps


def test_identify_by_content_not_by_name(call: Any, clinic: Path, tmp_path: Path) -> None:
    claims = clinic / "claims" / "former-system.837"
    disguised = tmp_path / "holiday.jpg"
    disguised.write_bytes(claims.read_bytes())
    result = call("identify", disguised, "--format", "json")
    (record,) = json.loads(result.stdout)
    assert (record["file"], record["kind"], record["guide"]) == (
        str(disguised),
        "837I",
        "005010X223A2",
    )
    assert record["interchange_control"] == "000000042"
    assert record["bytes"] == claims.stat().st_size
    assert result.exit_code == 0


def test_identify_of_what_is_nothing_of_ours(call: Any, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    result = call("identify", tmp_path / "note.txt")
    assert result.exit_code == 1
    assert "unknown" in result.stdout


def test_validate_of_clean_files(call: Any, clinic: Path) -> None:
    result = call("validate", *(clinic / "feeds").iterdir(), *(clinic / "claims").iterdir())
    assert (result.exit_code, result.stdout) == (0, "no findings\n")
    assert result.stderr == "8 files read\n"


def test_validate_names_the_place_of_a_wrong_count(call: Any, clinic: Path, tmp_path: Path) -> None:
    text = (clinic / "claims" / "former-system.837").read_text()
    head, trailer, tail = text.rpartition("SE*")
    count = tail.split("*")[0]
    broken = tmp_path / "broken.837"
    broken.write_text(f"{head}{trailer}{int(count) + 1}{tail[len(count) :]}")
    result = call("validate", broken, "--format", "ndjson", "--snip", "1")
    (record,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert (record["code"], record["severity"], record["snip"], record["ack"]) == (
        "COUNT_WRONG",
        "error",
        1,
        "4",
    )
    assert (record["file"], record["segment"]) == (str(broken), "SE")
    assert record["byte_offset"] == len(head)


def test_snip_takes_levels_and_spans(call: Any, clinic: Path) -> None:
    claims = clinic / "claims" / "former-system.837"
    assert call("validate", claims, "--snip", "1-3,5").exit_code == 0
    for wrong in ("8", "x", "1-", "", "3-1", "1,5-2"):
        result = call("validate", claims, "--snip", wrong)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "is not a SNIP level or span, as in 1-3,5" in result.stderr


def test_parse_masks_people_unless_asked(call: Any, clinic: Path) -> None:
    clients = clinic / "feeds" / "clients.csv"
    with clients.open(encoding="utf-8-sig", newline="") as lines:
        first = next(csv.DictReader(lines))
    hidden = call("parse", clients, "--table", "clients", "--format", "ndjson")
    record = json.loads(hidden.stdout.splitlines()[0])
    assert (record["last_name"], record["member_id"], record["birth_date"]) == (MASK, MASK, MASK)
    assert record["client_id"] == first["client_id"]
    shown = call("parse", clients, "--table", "clients", "--format", "ndjson", "--show-phi")
    record = json.loads(shown.stdout.splitlines()[0])
    assert (record["last_name"], record["member_id"]) == (first["last_name"], first["member_id"])


def test_parse_writes_whole_data_to_a_file(call: Any, clinic: Path, tmp_path: Path) -> None:
    """The file's name says the form."""
    target = tmp_path / "lines.csv"
    claims = clinic / "claims" / "former-system.837"
    result = call("parse", claims, "--table", "claims", "-o", target)
    assert (result.exit_code, result.stdout) == (0, "")
    with target.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == claims.read_text().count("CLM*")
    assert all(row["member_id"] not in ("", MASK) for row in rows)
    assert {row["file"] for row in rows} == {str(claims)}


def test_parse_of_an_unknown_table_lists_the_known_ones(call: Any, clinic: Path) -> None:
    result = call("parse", clinic / "feeds" / "clients.csv", "--table", "weather")
    assert result.exit_code == 3
    assert "remit_lines" in result.stderr
    assert result.stderr.count("\n") == 1
    offered = result.stderr.partition("one of ")[2].strip().split(", ")
    assert set(offered) == {*IN_FILES, "segments"}


@pytest.mark.parametrize("table", sorted(set(TABLES) - set(IN_FILES)))
def test_a_table_that_a_night_makes_is_in_no_file(call: Any, clinic: Path, table: str) -> None:
    result = call("parse", clinic / "claims" / "former-system.837", "--table", table)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (3, "", 1)
    assert ("edi-iop validate" if table == "findings" else "edi-iop run") in result.stderr


def test_the_tables_of_files_are_those_that_maps_and_feeds_fill() -> None:
    mapped = {table for name in maps.NAMES for table in maps.load(name).tables}
    assert set(IN_FILES) == mapped | set(FEEDS)


def test_quiet_says_nothing_but_the_answer(call: Any, clinic: Path) -> None:
    assert call("validate", clinic / "claims" / "former-system.837", "-q").stderr == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["--remits", "a", "b"], ["--remits", "a", "--remits", "b"]),
        (["--remits", "a", "-q", "b"], ["--remits", "a", "-q", "b"]),
        (["x", "--remits", "a", "--claims", "c", "d"],
         ["x", "--remits", "a", "--claims", "c", "--claims", "d"]),
    ],
)  # fmt: skip
def test_an_option_of_many_files_takes_them_one_after_the_other(
    typed: list[str], meant: list[str]
) -> None:
    assert spread(typed, ("--remits", "--claims")) == meant


def test_x12_alone_is_read_with_one_thread_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed, a folder or a pipe is not looked into, and a choice of the user's own stays."""
    x12, feed, pipe = tmp_path / "a.835", tmp_path / "b.csv", tmp_path / "pipe"
    x12.write_bytes(b"ISA*00*")
    feed.write_bytes(b"client,date\n")
    os.mkfifo(pipe)
    monkeypatch.setenv("POLARS_MAX_THREADS", "")  # put back afterwards, whatever is set here
    monkeypatch.delenv("POLARS_MAX_THREADS")
    monkeypatch.delitem(sys.modules, "polars")
    for others in (feed, tmp_path, pipe, tmp_path / "absent"):
        _made_ready([x12, others])
        assert "POLARS_MAX_THREADS" not in os.environ
    _made_ready([x12])
    assert os.environ["POLARS_MAX_THREADS"] == "1"
    monkeypatch.setenv("POLARS_MAX_THREADS", "4")
    _made_ready([x12])
    assert os.environ["POLARS_MAX_THREADS"] == "4"


def test_the_other_process_is_begun_ahead_of_much_x12(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of little, which one process reads, it is not."""
    asked: list[str] = []
    monkeypatch.setattr(processes, "begin_ahead", lambda program, _: asked.append(program))
    monkeypatch.setattr(processes, "cores", lambda: 2)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.delitem(sys.modules, "polars")
    little, much = tmp_path / "a.835", tmp_path / "b.835"
    little.write_bytes(b"ISA*00*")
    much.write_bytes(b"ISA*00*" + b" " * 11_000_000)
    _made_ready([little])
    assert asked == []
    _made_ready([little, much])
    assert asked == [processes.serving(beside.__name__)]
