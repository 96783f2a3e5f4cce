"""The wheel holds every room and all of maps/; versions and names agree."""

from __future__ import annotations

import configparser
import re

import edi_iop
from tests.conftest import ROOT

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")


def listed() -> set[str]:
    return set(SETUP["options"]["packages"].split())


def test_every_room_on_disk_is_listed_in_setup_cfg() -> None:
    """An unlisted room would vanish silently from the wheel."""
    rooms = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "edi_iop").rglob("__init__.py")
    }
    assert listed() == rooms | {"edi_iop.maps"}


def test_maps_ship_whole() -> None:
    assert SETUP["options.package_data"]["edi_iop.maps"].strip() == "**/*"
    assert "edi_iop.maps = maps" in SETUP["options"]["package_dir"]


def test_version_is_said_once() -> None:
    assert edi_iop.__version__ == SETUP["metadata"]["version"]


def test_public_names_exist() -> None:
    assert edi_iop.__all__
    for name in edi_iop.__all__:
        assert hasattr(edi_iop, name), name


def test_top_level_is_what_the_owner_asked_for() -> None:
    allowed = {
        "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore",
        "edi_iop", "maps", "fixtures", "tests", "scripts", ".ci", ".git",
    }  # fmt: skip
    made = {
        ".venv",
        ".venv-fuzz",
        ".demo",
        ".bench",
        "edi_iop.egg-info",
        "build",
        "dist",
        "__pycache__",
    }
    made |= {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
    assert {path.name for path in ROOT.iterdir()} <= allowed | made


def test_no_machine_paths_or_hosts_in_the_project() -> None:
    """The project speaks of itself alone."""
    machine = re.compile(r"(?<![\w.])/(?:work|root|home)/|python" + "hosted")
    for path in ROOT.rglob("*"):
        hidden = any(
            part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts
        )
        if (
            path.is_file()
            and not hidden
            and path.suffix not in (".pyc",)
            and "egg-info" not in str(path)
        ):
            text = path.read_bytes().decode("utf-8", "ignore")
            assert not machine.search(text), path.name
