"""The comparison end to end on tiny files: no word on time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.benchmarks import __main__, x12
from scripts.benchmarks.programs import PROGRAMS

FEW = tuple(program for program in PROGRAMS if program.name in ("edi_iop", "oxedi", "floor"))


def test_both_kinds_at_each_size_and_many_transactions_at_the_middle_one() -> None:
    assert [(one.name, one.claims) for one in x12.samples([1_000, 100_000, 10_000])] == [
        ("835", 1_000),
        ("837I", 1_000),
        ("835", 10_000),
        ("835 in STs of 500", 10_000),
        ("837I", 10_000),
        ("837I in STs of 500", 10_000),
        ("835", 100_000),
        ("837I", 100_000),
    ]


def test_the_whole_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [x12.Sample("835", 20), x12.Sample("837I", 20, per=10)]
    monkeypatch.setattr(x12, "samples", lambda sizes: given if sizes == [20] else [])
    monkeypatch.setattr(x12, "PROGRAMS", FEW)
    monkeypatch.setattr(x12, "at_hand", lambda program: program.name != "oxedi")
    monkeypatch.setattr("sys.argv", ["bench", "x12", "--sizes", "20", "--runs", "1",
                                     "--only-sizes", "--out", str(tmp_path)])  # fmt: skip
    __main__.main()
    printed = capsys.readouterr().out
    assert "What each does with a file:" in printed
    (kept,) = tmp_path.glob("x12-*.json")
    rows = json.loads(kept.read_text())["rows"]
    assert [(row["program"], row["sample"], row["note"]) for row in rows] == [
        ("edi_iop", "835", None),
        ("oxedi", "835", "not installed"),
        ("floor", "835", None),
        ("edi_iop", "837I in STs of 10", None),
    ]
    assert all(row["seconds"] > 0 for row in rows if row["note"] is None)
    assert kept.name in printed


def test_small_files_and_the_command_line(tmp_path: Path) -> None:
    many = x12.small_files(1, tmp_path, files=4)
    assert (many.claims, many.note) == (4 * x12.SMALL_CLAIMS, None)
    assert 4 * 18_000 < many.bytes < 4 * 24_000
    assert x12.one_file(1, tmp_path).note is None


@pytest.mark.parametrize("given", ["0", "ten", "100,"])
def test_sizes_must_be_numbers(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "x12", "--sizes", given])
    with pytest.raises(SystemExit) as stopped:
        __main__.main()
    assert stopped.value.code == 2
