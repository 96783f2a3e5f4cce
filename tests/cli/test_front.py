"""Help, exit codes, and trouble in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from edi_iop import __version__, desk
from edi_iop.cli.front import cli

VERBS = {
    "init", "run", "show", "identify", "validate", "parse", "check", "build", "reconcile", "report",
    "explain", "rules list", "rules show", "rules test", "simulate", "clinic", "db status",
    "db migrate", "codes list", "codes load", "rules diff", "rules backtest", "feed guess", "feed check",
    "match accept", "match link", "match undo", "release", "ledger", "remedy",
}  # fmt: skip
"""The verbs of CONTRACT.md that there are so far."""


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_every_verb_of_the_contract_is_there() -> None:
    assert {name for name, _ in commands(cli)} == VERBS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_help_has_an_example_that_names_the_verb(verb: str, call: Any) -> None:
    result = call(*verb.split(), "--help")
    assert result.exit_code == 0
    example = result.output.partition("Example")[2]
    assert f"edi-iop {verb}" in example


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_the_options_of_the_contract(verb: str, call: Any) -> None:
    text = call(*verb.split(), "--help").output
    for option in ("--format", "--output", "--quiet", "--verbose", "--show-phi"):
        assert option in text


def test_the_version_is_the_package_s(call: Any) -> None:
    assert __version__ in call("--version").output


def test_a_wrong_option_is_usage(call: Any) -> None:
    assert call("identify", "--nonsense").exit_code == 2
    assert call("identify").exit_code == 2
    assert call("report", "weather", "ws").exit_code == 2


@pytest.mark.parametrize(
    "args",
    [
        ("identify", "missing.835"),
        ("validate", "missing.835"),
        ("parse", "missing.835", "--table", "claims"),
        ("check", "missing", "--payer", "harbor"),
        ("build", "missing", "--settings", "missing.toml", "-o", "out"),
        ("reconcile", "missing"),
        ("reconcile", "--claims", "missing", "--remits", "missing", "--payer", "harbor"),
        ("simulate", "missing", "--payer", "harbor", "-o", "out"),
        ("run", "missing"),
        ("report", "denials", "missing"),
        ("db", "status", "missing"),
        ("db", "migrate", "missing"),
        ("rules", "test", "missing"),
    ],
)
def test_a_missing_path_is_three_and_one_line(
    args: tuple[str, ...], call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(*args)
    assert result.exit_code == 3
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("edi-iop: missing")
    assert ";" in line
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_ours_is_one_line_without_its_text(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of an unforeseen exception may hold a name or a member id."""

    def broken(*_: object) -> None:
        raise ValueError("DOE JANE")

    monkeypatch.delenv("EDI_IOP_DEBUG", raising=False)
    monkeypatch.setattr(desk, "identify", broken)
    result = call("identify", "x")
    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert "ValueError" in line
    assert "DOE" not in line


def test_an_interrupt_is_one_line(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk, "identify", interrupted)
    result = call("identify", "x")
    assert result.exit_code == 3
    assert result.stderr.startswith("edi-iop: interrupted")


def test_a_file_that_cannot_be_written_is_three(call: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = call("explain", "DUP-01", "-o", tmp_path / "file" / "below.csv")
    assert result.exit_code == 3
    assert result.stderr.startswith("edi-iop: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_reader_that_leaves_early_hears_nothing() -> None:
    """`edi-iop rules list | head -1` must not end in a traceback."""
    command = f"{sys.executable} -m edi_iop rules list --format ndjson | head -1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_help_needs_none_of_the_engine_nor_other_verbs() -> None:
    """It answers at once, and Ctrl-C meets no traceback of an import."""
    script = (
        "import sys; from edi_iop.cli.front import cli; "
        "cli(['run', '--help'], standalone_mode=False); "
        "others = ('polars', 'numpy', 'msgspec', 'lxml', 'rich', 'edi_iop.cli.billing'); "
        "print([name for name in others if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("args", ["--version", "--help", "explain CLP"])
def test_a_full_disk_is_three_and_one_line(args: str) -> None:
    command = f"{sys.executable} -m edi_iop {args} > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("edi-iop: ")


def test_a_closed_output_is_no_fault() -> None:
    command = f"{sys.executable} -m edi_iop explain DUP-01 >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_form_that_is_not_written_is_refused(call: Any, tmp_path: Path) -> None:
    result = call("explain", "DUP-01", "-o", tmp_path / "rule.xlsx")
    assert result.exit_code == 2
    assert ".xlsx" in result.stderr
    assert list(tmp_path.iterdir()) == []
