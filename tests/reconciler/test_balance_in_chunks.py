"""Remits that come in chunks balance as they do whole."""

from __future__ import annotations

import io

import polars as pl

from edi_iop.parsers.batches import read_batches
from edi_iop.reconciler.balance import Running, balance
from tests.conftest import FIXTURES

REMIT = (FIXTURES / "x12" / "remit_iop.835").read_bytes()


def test_chunks_balance_as_the_whole() -> None:
    wrong = REMIT.replace(b"BPR*I*560*", b"BPR*I*561*").replace(b"*CO*45*65~", b"*CO*45*66~", 1)
    assert wrong != REMIT
    (whole,) = read_batches([(1, io.BytesIO(wrong))])
    expected = balance(whole.tables)
    assert {"PAYMENT_UNBALANCED", "LINE_UNBALANCED"} <= set(expected["code"])
    running = Running()
    parts = list(read_batches([(1, io.BytesIO(wrong))], size=400))
    assert len(parts) > 1
    found = [running.claims(part.tables) for part in parts] + [running.payments()]
    assert pl.concat(found).sort("byte_offset", "code").equals(expected)
