"""What payments say is the same whether a remit is read whole or a few claims at a time."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.reconciler.balance import Running, balance
from edi_iop.reconciler.duplicates import RunningContents, payment_contents
from edi_iop.reconciler.given import remit_tables

FIXTURES = Path(__file__).parents[2] / "fixtures"
REMITS = sorted(FIXTURES.rglob("*.835"))


@pytest.mark.parametrize("path", REMITS, ids=lambda path: path.name)
def test_in_chunks_as_whole(path: Path) -> None:
    parts: dict[str, list[pl.DataFrame]] = {}
    running, money, unbalanced = RunningContents(), Running(), []
    with path.open("rb") as file:
        for batch in parsers.read_batches([(1, file)], size=400):
            running.add(batch.tables)
            unbalanced.append(money.claims(batch.tables))
            for name, rows in batch.tables.items():
                parts.setdefault(name, []).append(rows)
    whole = remit_tables({name: pl.concat(rows) for name, rows in parts.items()})
    unbalanced.append(money.payments())
    told = running.contents(whole["payments"], pl.concat(unbalanced))
    assert told.equals(payment_contents(whole))
    # hand-counted: as many faults as its balance has findings, each payment with its own
    faults = balance(whole).filter(pl.col("severity") == "error")
    assert (told["faults"].sum() or 0) == faults.height
