"""What a reconciler's test shares with the others of its folder."""

from __future__ import annotations

import pytest

from edi_iop.tables import numbers


@pytest.fixture(autouse=True)
def _as_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """The few rows of a test are joined and put in order as a million's are."""
    monkeypatch.setattr(numbers, "_FEW", 0)
