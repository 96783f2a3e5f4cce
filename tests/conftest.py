"""What all tests share: the checkout's folders and the public samples, where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
SAMPLES = ROOT.parent / "shared" / "samples"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of public sample files; its tests skip where it is absent."""
    if not SAMPLES.is_dir():
        pytest.skip("the public samples are not beside the checkout (shared/samples)")
    return SAMPLES
