"""One synthetic clinic for all tests of the command line, and a way to call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edi_iop.cli.front import cli

Call = Callable[..., Result]


@pytest.fixture
def call() -> Call:
    """`call("report", "denials", path)` as the user would type it."""

    def invoke(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="edi-iop")

    return invoke


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a synthetic clinic: settings.toml, feeds/, claims/, truth.ndjson. Read only."""
    folder = tmp_path_factory.mktemp("clinic") / "files"
    result = CliRunner().invoke(cli, ["clinic", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example workspace after its first night. Read only."""
    folder = tmp_path_factory.mktemp("workspace") / "ws"
    assert CliRunner().invoke(cli, ["init", str(folder), "--example"]).exit_code == 0
    result = CliRunner().invoke(cli, ["run", str(folder), "--as-of", "2026-03-02"])
    assert result.exit_code == 1, result.output
    return folder
