"""Where maps/ is: inside an installed wheel, or beside the package in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def maps() -> Path:
    """The folder of guides, codes, feeds, payers and table maps."""
    installed = _PACKAGE / "maps"
    return installed if installed.is_dir() else _PACKAGE.parent / "maps"
