"""Nights that many tests begin with: each is run once, and copied for the others."""

from __future__ import annotations

import shutil
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

from edi_iop.runner import run
from edi_iop.settings import Workspace
from tests.runner.runner_drops import contents

_KEPT: dict[tuple[date, tuple[tuple[str, bytes], ...]], tuple[Path, dict[str, Any]]] = {}
"""By the night and by all that lay in the workspace before it: what it left, and its receipt."""


def begun(workspace: Workspace, night: date) -> dict[str, Any]:
    """The receipt of a run, which leaves the workspace as it would be left by another one."""
    before = night, tuple(contents(workspace.root).items())
    if before not in _KEPT:
        receipt = run(workspace, night)
        kept = workspace.root.with_name(f"{workspace.root.name}-kept-{len(_KEPT)}")
        _KEPT[before] = shutil.copytree(workspace.root, kept), receipt
    else:
        shutil.rmtree(workspace.root)
        shutil.copytree(_KEPT[before][0], workspace.root)
    return deepcopy(_KEPT[before][1])
