"""What remits came to on a day: one closed scope after another as all of them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from msgspec.structs import astuple

from edi_iop.reconciler.reconcile import reconcile
from edi_iop.reports.on_day import OnDay
from edi_iop.runner import past, portions, records
from edi_iop.settings import Settings, Workspace
from edi_iop.store import Store
from edi_iop.tables import LEDGER, REMITS, SENT, TABLES
from tests.runner.test_portions import NIGHT, PORTION, history, keep, policies

ABOUT_A_CLAIM = ("accounts", "postings", "provider_postings")


def settled(root: Path, settings: Settings, seed: int) -> Path:
    """A store of all that came in one of the histories, settled in portions."""
    database = root / "settled.db"
    with Store.create(database) as store:
        for rows in history(seed):
            keep(store, rows)
        portions.settle(store, policies(), settings, NIGHT)
    return database


def sorted_rows(rows: pl.DataFrame) -> list[str]:
    return sorted(map(repr, rows.rows()))


def at_once(store: Store, day: Any) -> dict[str, pl.DataFrame]:
    """All remits up to a day reconciled together."""
    sent = {name: store.load(name) for name in (*SENT, "acknowledgements")}
    made = reconcile(records.remits(store), sent, store.load("decisions"), day, policies())
    ledger = dict(zip(LEDGER, astuple(made.ledger), strict=True))
    return {**ledger, "matches": made.matches, "proposals": made.proposals}


@pytest.mark.parametrize("seed", range(3))
def test_a_day_in_portions_is_that_day_at_once(
    seed: int, tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "PORTION", PORTION)
    monkeypatch.setattr(past, "PORTION", PORTION)
    with Store.open(settled(tmp_path, workspace.settings(), seed), read_only=True) as store:
        days = store.load("payments")["payment_date"].unique().sort().to_list()
        assert len(days) > 1
        for day in days:
            whole, told = at_once(store, day), past.on_day(store, policies(), day)
            assert whole["accounts"].height
            assert {
                name: sorted_rows(TABLES[name].conform(rows)) for name, rows in told.items()
            } == {name: sorted_rows(TABLES[name].conform(rows)) for name, rows in whole.items()}
            for claim in whole["accounts"]["account"].unique().sort():
                own = past.on_day(store, policies(), day, claim)
                for name in ABOUT_A_CLAIM:
                    of_claim = pl.col("account") == claim
                    assert sorted_rows(own[name].filter(of_claim)) == sorted_rows(
                        told[name].filter(of_claim)
                    ), (day, claim, name)


def test_what_later_payments_brought_is_not_known_yet(tmp_path: Path, workspace: Workspace) -> None:
    """Each table of remits, whole and by columns, against a plain count by the payments' dates."""
    with Store.open(settled(tmp_path, workspace.settings(), 1), read_only=True) as store:
        dates = store.load("payments").sort("payment_date")
        day = dates["payment_date"][0]
        early = dates.filter(pl.col("payment_date") == day)["file_id"].to_list()
        assert 0 < len(early) < dates.height
        seen = OnDay(store, day, past.on_day(store, policies(), day))
        for name in REMITS:  # a file holds one payment
            assert set(store.load(name)["file_id"]) - set(early) or name == "remarks"
            expected = store.load(name).filter(pl.col("file_id").is_in(early))
            assert seen.load(name).equals(expected)
            assert seen.load(name, ("file_id",)).equals(expected.select("file_id"))
        assert seen.load("claims").equals(store.load("claims"))
