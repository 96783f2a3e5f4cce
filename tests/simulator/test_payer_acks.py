"""The simulated payer's 277CA: valid, every claim in it once, under the number of its 835."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.desk.payer import simulate
from edi_iop.simulator.payer_acks import acknowledged
from edi_iop.x12.writer import Envelope
from scripts import accuracy_answers as measured
from tests.conftest import FIXTURES
from tests.referee import verdict

AT = datetime(2026, 3, 10, 12)


@pytest.fixture(scope="module")
def made() -> measured.Clinic:
    return measured.clinic(6, clients=55, weeks=8)


def test_every_claim_is_accepted_under_its_number(made: measured.Clinic) -> None:
    answer = measured.adjudicated(made, 6)
    for payer in answer.payers:
        content = acknowledged(answer, made.sent, payer, Envelope(payer, "CLINIC", 7, 7, AT))
        assert verdict(content) == (True, [])
        told = parsers.parse([(1, content)])[1].tables["acknowledgements"]
        claims = told.filter(level="claim")
        remits = answer.of(payer)["remit_claims"]
        numbers = ("claim", "payer_claim_number")
        assert Counter(claims.select(numbers).rows()) == Counter(remits.select(numbers).rows())
        assert set(claims["category"]) == {"A2"}
        batches = told.filter(level="receiver")
        assert batches["batch_accepted"].sum() == claims.height
        assert batches["batch_accepted_cents"].sum() == remits["charge_cents"].sum()
        assert claims["charge_cents"].sum() == remits["charge_cents"].sum()


def test_a_999_and_a_277ca_come_before_the_835(tmp_path: Path) -> None:
    simulate([FIXTURES / "x12" / "claim_iop.837"], tmp_path, ["harbor"])
    acks = {path.name.split("-")[0]: path for path in (tmp_path / "acks").iterdir()}
    assert set(acks) == {"277CA", "claim_iop.837.999"}
    assert b"*AK9*" not in acks["claim_iop.837.999"].read_bytes()
    assert b"AK9*A*" in acks["claim_iop.837.999"].read_bytes()
    controls = [path.read_bytes()[:106].split(b"*")[13] for path in tmp_path.glob("835-*")]
    assert acks["277CA"].read_bytes()[:106].split(b"*")[13] not in controls
    told = parsers.parse([(1, acks["277CA"].read_bytes())])[1].tables["acknowledgements"]
    assert told.filter(pl.col("level") == "claim").height > 0
