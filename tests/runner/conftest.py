"""A workspace with a store, and small drops for its inbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_iop import resources
from edi_iop.settings import Workspace
from edi_iop.store import Store


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "clinic")


def make_workspace(root: Path) -> Workspace:
    made = Workspace(root)
    for folder in made.folders:
        folder.mkdir(parents=True)
    template = (resources.maps() / "settings.toml").read_bytes()
    made.settings_file.write_bytes(template)
    Store.create(made.database).close()
    return made
