"""The catalogue of findings is closed: every code is used, and nothing else is reported."""

from __future__ import annotations

import ast

import pytest

from edi_iop.findings import CATALOGUE, Finding, FindingCode
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """Every text in the program's code, but for the catalogue's own."""
    return {
        node.value
        for path in (ROOT / "edi_iop").rglob("*.py")
        if path.name != "findings.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.code)
def test_every_code_is_used_and_described(entry: FindingCode, texts: set[str]) -> None:
    assert entry.code in texts
    assert 10 < len(entry.says) < 90
    assert 5 < len(entry.remedy) < 90
    assert entry.snip in range(8)


def test_findings_take_their_severity_from_the_catalogue() -> None:
    finding = Finding("COUNT_WRONG", "SE counts 3, there are 4")
    assert (finding.severity, finding.snip, finding.ack) == ("error", 1, "4")


def test_every_code_reported_is_in_the_catalogue() -> None:
    reported = {
        node.args[0].value
        for path in (ROOT / "edi_iop").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Finding"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert reported
    assert reported <= set(CATALOGUE)
