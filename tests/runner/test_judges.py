"""Portions judged by other processes are those that one judges alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from edi_iop.errors import Ended, Forbidden
from edi_iop.runner import judges, portions
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.runner.portions_store import derived, settled_at_once
from tests.runner.test_portions import NIGHT, history, keep, policies


@pytest.fixture(autouse=True)
def _many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine has, two judge, and that from the first row on; each portion is kept by itself."""
    monkeypatch.setattr(portions, "TOGETHER", 0)
    monkeypatch.setattr(judges, "cores", lambda: 2)
    monkeypatch.setattr(portions, "ALONE", 0)
    monkeypatch.setattr(portions, "PORTION", 4)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Claims that are much alike, answered in every way."""
    with Store.create(tmp_path / "x.db") as made:
        for rows in history(1):
            keep(made, rows)
        yield made


@pytest.mark.parametrize("together", [0, 1_000_000], ids=["each kept by itself", "kept together"])
def test_two_processes_make_what_one_makes(
    store: Store, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    """Of everything; scopes that two judge at once are kept twice and count once."""
    monkeypatch.setattr(portions, "TOGETHER", together)
    settings = workspace.settings()
    portions.settle(store, policies(), settings, NIGHT)
    made = derived(store)
    settled_at_once(store, policies(), settings, NIGHT)
    assert made == derived(store)


def test_a_night_by_two_processes_is_one_settlement_of_all(
    tmp_path: Path, workspace: Workspace
) -> None:
    settings, chance = workspace.settings(), random.Random(7)
    arrived = history(2)
    with Store.create(tmp_path / "y.db") as store:
        cut = chance.randrange(1, len(arrived) // 2)
        for rows in arrived[:cut]:
            keep(store, rows)
        portions.settle(store, policies(), settings, NIGHT)
        for rows in arrived[cut:]:
            keep(store, rows)
        portions.settle(store, policies(), settings, NIGHT)
        made = derived(store)
        settled_at_once(store, policies(), settings, NIGHT)
        assert made == derived(store)


def test_a_process_that_was_ended_is_said(
    store: Store, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing counts as settled then."""
    monkeypatch.setattr(judges, "_SERVE", "raise SystemExit")
    with pytest.raises(Ended, match="run again"):
        portions.settle(store, policies(), workspace.settings(), NIGHT)
    assert store.settled() == {}


def test_what_another_process_raises_is_raised_here(
    store: Store, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve = (
        "from edi_iop.errors import Forbidden\n"
        "from edi_iop.runner import judges\n"
        "def portion(*_): raise Forbidden('no such guide')\n"
        "judges.portion = portion\n"
        "judges.serve()"
    )
    monkeypatch.setattr(judges, "_SERVE", serve)
    with pytest.raises(Forbidden, match="no such guide"):
        portions.settle(store, policies(), workspace.settings(), NIGHT)
