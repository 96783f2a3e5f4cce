"""Paths the user names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edi_iop.desk import paths
from edi_iop.errors import MissingPath, NotWritten, StoreVersion, Unreadable


def test_a_folder_stands_for_its_files_in_order_without_hidden_ones(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.835", "1.835", ".hidden"):
        (tmp_path / name).write_bytes(name.encode())
    given = paths.delivered([tmp_path])
    assert given.files == ((1, b"1.835"), (2, b"b/2.835"))
    assert given.names == {1: str(tmp_path / "1.835"), 2: str(tmp_path / "b/2.835")}


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(MissingPath, match="empty"):
        paths.delivered([tmp_path])


def test_a_folder_closed_to_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the tests run as a user who may read everything."""

    def refuse(*_given: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(Unreadable, match="permission denied; check its permissions"):
        paths.delivered([tmp_path])


def test_a_name_of_any_bytes_can_be_shown(tmp_path: Path) -> None:
    strange = tmp_path / os.fsdecode(b"era\xff.835")
    try:
        strange.write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (name,) = paths.delivered([strange]).names.values()
    assert name.endswith("era?.835")


def test_a_settings_file_alone_makes_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("")
    assert not paths.is_workspace(tmp_path)
    (tmp_path / "inbox").mkdir()
    assert paths.is_workspace(tmp_path)


def test_a_workspace_without_its_database(tmp_path: Path) -> None:
    template = Path(paths.__file__).parents[2] / "maps" / "settings.toml"
    (tmp_path / "settings.toml").write_bytes(template.read_bytes())
    assert paths.workspace(tmp_path, with_store=False).root == tmp_path
    with pytest.raises(StoreVersion, match="backup"):
        paths.workspace(tmp_path)


def test_what_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten, match=r"out\.csv"):
        paths.write(tmp_path / "file" / "out.csv", b"x")
