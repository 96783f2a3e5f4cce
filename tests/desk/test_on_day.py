"""report --as-of: what payments came to on a day, folded from those up to it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from edi_iop import desk
from edi_iop.errors import NotKnown
from edi_iop.reports.questions import MONEY
from edi_iop.settings import Workspace
from edi_iop.store import Store
from tests.desk.test_deciding import CLAIM
from tests.runner.runner_drops import drop, remit

PAID, TAKEN_BACK = date(2026, 3, 1), date(2026, 3, 9)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A claim paid 100.00 on March 1st; on the 9th that was reversed."""
    root = tmp_path_factory.mktemp("day") / "clinic"
    paid = remit(claim="SENT1")
    back = remit(claim="SENT1", check="CHECK2", amount="-100").replace(b"20260301~", b"20260309~")
    for now, then in ((b"*1*150*100*0*", b"*22*-150*-100*0*"), (b"H0015*150*100*", b"H0015*-150*-100*"),
                      (b"CAS*CO*45*50~", b"CAS*CO*45*-50~")):  # fmt: skip
        assert now in back
        back = back.replace(now, then)
    desk.init(root)
    drop(Workspace(root), sent_837=CLAIM, later_835=back, answer_835=paid)
    desk.run(root, date(2026, 3, 10))
    return root


def state(root: Path, as_of: date | None) -> list[tuple[object, ...]]:
    rows = desk.report("ledger", root, as_of=as_of).rows
    return rows.select("account", "state", "posted_cents").rows()


def test_a_claim_stands_as_the_payments_up_to_a_day_leave_it(clinic: Path) -> None:
    assert state(clinic, PAID) == [("SENT1", "paid", 10000)]
    assert state(clinic, TAKEN_BACK) == state(clinic, None) == [("SENT1", "reversed", 0)]
    assert state(clinic, date(2026, 2, 28)) == []


def test_payments_are_those_up_to_the_day(clinic: Path) -> None:
    told = desk.report("payments", clinic, as_of=PAID).rows
    assert told.select("payment", "amount_cents", "matched").rows() == [("CHECK1", 10000, 1)]
    assert len(desk.report("payments", clinic).rows) == 2


@pytest.mark.parametrize("name", sorted(MONEY))
def test_on_the_last_day_it_is_what_the_night_made(clinic: Path, name: str) -> None:
    assert desk.report(name, clinic, as_of=TAKEN_BACK).rows.equals(desk.report(name, clinic).rows)


def test_one_claim_asks_for_no_table_of_lines(
    clinic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a store of millions it is found by its keys."""
    load, loaded = Store.load, set()

    def spied(self: Store, name: str, *given: Any, **where: Any) -> pl.DataFrame:
        loaded.add(name)
        return load(self, name, *given, **where)

    monkeypatch.setattr(Store, "load", spied)
    assert desk.ledger(clinic, "SENT1", PAID).rows["event"].to_list() == ["payment"]
    assert desk.ledger(clinic, "SENT1").rows["event"].to_list() == ["payment", "reversal"]
    assert "postings" in loaded
    assert not loaded & {"claim_lines", "remit_lines", "adjustments", "matches"}


def test_what_has_no_day_says_so(clinic: Path) -> None:
    with pytest.raises(NotKnown, match="leave --as-of away"):
        desk.report("files", clinic, as_of=PAID)
