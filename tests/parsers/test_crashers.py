"""Files that once made the engine fail: each is read, and its findings stand inside it.

scripts/fuzz puts what it finds into fixtures/crashers; it stays there.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from edi_iop import parsers
from edi_iop.findings import CATALOGUE
from edi_iop.reconciler.balance import balance
from tests.conftest import FIXTURES

CRASHERS = sorted((FIXTURES / "crashers").iterdir())


def replay(parsing: ModuleType, data: bytes) -> None:
    """Read as a file; what must hold for any bytes."""
    parsed = parsing.parse([(7, data)])[7]
    found = parsed.findings
    assert set(found["code"]) <= set(CATALOGUE)
    assert found["byte_offset"].drop_nulls().is_between(0, len(data)).all()
    assert parsed.kind != "unknown" or len(found)
    if parsed.kind == "835":
        balance(parsed.tables)


@pytest.mark.parametrize("path", CRASHERS, ids=lambda path: path.name)
def test_crashers_are_read(path: Path) -> None:
    replay(parsers, path.read_bytes())
