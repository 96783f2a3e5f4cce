"""Payments are read whole, in parts of a bounded size."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from edi_iop.runner.contents import in_turns
from edi_iop.runner.since import PAYMENT
from edi_iop.store import Store
from tests.runner.test_portions import history, keep


@pytest.mark.parametrize(("most", "at_once"), [(1, 1), (2, 1), (1000, 1), (1000, 2), (3, 4)])
def test_every_payment_is_in_one_part(tmp_path: Path, most: int, at_once: int) -> None:
    with Store.create(tmp_path / "x.db") as store:
        for rows in history(1):
            keep(store, rows)
        parts = in_turns(store, 0, most, at_once)
        claims = store.load("remit_claims").select(PAYMENT)
        every = store.load("payments").select(PAYMENT)
    assert pl.concat(parts).sort(PAYMENT).equals(every.sort(PAYMENT))
    size = min(most, -(-claims.height // at_once))
    for part in parts:
        held = claims.join(part, on=PAYMENT, how="semi")
        last = claims.join(part.tail(1), on=PAYMENT, how="semi")
        assert held.height - last.height <= size
    assert len(parts) >= min(at_once, 2)
