"""The README is true: its verbs, its library example, its commands and its files exist."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from edi_iop.cli.front import cli
from edi_iop.desk import report_names
from edi_iop.findings import CATALOGUE
from tests.conftest import ROOT

DEMO = (ROOT / "scripts" / "demo").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_library_example_runs_as_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (block,) = re.findall(r"```python\n(.*?)```", README, re.S)
    example = doctest.DocTestParser().get_doctest(block, {}, "README", "README.md", 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_denials_shown_are_what_the_demo_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps of scripts/demo, and the README's excerpt line by line."""
    monkeypatch.setenv("COLUMNS", "100")
    root, answers, former = tmp_path / "clinic", tmp_path / "answers", tmp_path / "former"

    def call(*words: object) -> str:
        result = CliRunner().invoke(cli, [str(word) for word in words])
        assert result.exit_code in (0, 1), result.output
        return result.output

    call("init", root, "--example")
    former.mkdir()
    for path in (root / "inbox").glob("*.837"):
        shutil.copy(path, former)
    call("run", root, "--as-of", "2026-03-02")
    given = ("--feeds", root, "--mistakes", 1, "--seed", 7, "--as-of", "2026-03-10")
    call("simulate", root / "outbox", former, *given, "-o", answers)
    for path in answers.glob("835-*.edi"):
        shutil.copy(path, root / "inbox")
    call("run", root, "--as-of", "2026-03-11")
    printed = {line.rstrip() for line in call("report", "denials", root).splitlines()}
    (shown,) = re.findall(r"```\n(CLAIM  .*?)\n```", README, re.S)
    lines = shown.splitlines()
    assert len(lines) > 10
    assert [line for line in lines if line not in printed] == []
    assert " ".join(f"--{word}" for word in ("mistakes 1", "seed 7")) in DEMO


def test_the_table_of_verbs_is_the_command_line() -> None:
    listed = re.findall(r"^\| `([a-z]+)` \|", README, re.M)
    assert sorted(listed) == sorted(cli.commands)


def test_every_report_is_named() -> None:
    (row,) = re.findall(r"^\| `report` \| (.*) \|$", README, re.M)
    assert set(row.split(", ")) == set(report_names())


def test_every_finding_is_listed_at_its_snip_level() -> None:
    listed = {
        (code, int(level))
        for level, row in re.findall(r"^\| (\d) \| .* \| ([^|]*) \|$", README, re.M)
        for code in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)
    }
    assert listed == {(one.code, one.snip) for one in CATALOGUE.values() if one.snip}


def test_commands_in_the_readme_are_verbs() -> None:
    used = re.findall(r"^edi-iop (\w+)", README, re.M)
    assert used
    assert set(used) <= set(cli.commands)


def test_files_the_readme_names_are_there() -> None:
    named = re.findall(r"`((?:maps|scripts|fixtures)/[\w./]+)`", README)
    named += re.findall(r"^(scripts/\w+)", README, re.M)
    assert len(named) >= 6
    for name in named:
        assert (ROOT / name).exists(), name


def test_nothing_is_left_to_fill_in() -> None:
    assert "@@" not in README
    assert "TODO" not in README


def test_doctests_of_small_modules() -> None:
    import edi_iop
    from edi_iop import money

    for module in (edi_iop, money):
        outcome = doctest.testmod(module)
        assert outcome.attempted > 0
        assert outcome.failed == 0
