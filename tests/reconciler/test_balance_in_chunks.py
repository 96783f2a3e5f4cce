"""Remits that come in chunks balance as they do whole."""

from __future__ import annotations

import io

import polars as pl
from remit_rows import payment, remit_claim, remits

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


def test_a_claim_paid_otherwise_is_told_once_in_chunks_too() -> None:
    """CLP04 is a cent more than its lines: so is the payment less, by that claim's fault."""
    wrong = REMIT.replace(b"*1050*560*20*", b"*1050*560.01*20*")
    running = Running()
    parts = list(read_batches([(1, io.BytesIO(wrong))], size=400))
    found = [running.claims(part.tables) for part in parts] + [running.payments()]
    assert len(parts) > 1
    assert pl.concat(found)["code"].to_list() == ["CLAIM_UNBALANCED"]


def test_each_is_told_where_its_amount_stands() -> None:
    """By a count over the text: BPR02 of the payment, SVC03 of the line.

    The claim is off by what its line is off, and is not told.
    """
    wrong = REMIT.replace(b"BPR*I*560*", b"BPR*I*561*").replace(b"*CO*45*65~", b"*CO*45*66~", 1)
    texts = [one.strip() for one in wrong.decode().split("~")]
    begun = next(number for number, one in enumerate(texts) if one.startswith("ST*"))
    line = next(number for number, one in enumerate(texts) if one.endswith("*CO*45*66"))
    at = {
        name: max(number for number, one in enumerate(texts[: line + 1]) if one.startswith(name))
        for name in ("BPR", "SVC")
    }
    (read,) = read_batches([(1, io.BytesIO(wrong))])
    found = balance(read.tables).filter(pl.col("severity") == "error")
    places = found.select("code", "segment", "element", "segment_position", "byte_offset").rows()
    assert sorted(places) == sorted(
        (code, name, element, at[name] - begun + 1, wrong.index(texts[at[name]].encode()))
        for code, name, element in (
            ("PAYMENT_UNBALANCED", "BPR", 2),
            ("LINE_UNBALANCED", "SVC", 3),
        )
    )


def test_a_payment_is_told_when_the_next_one_has_begun() -> None:
    """Payments at 200 and 900, each a cent beside its claim; the first is over, the second may go on."""
    running = Running()
    told = []
    for offset in (200, 900):
        key = {"payment_offset": offset}
        running.claims(
            remits(
                payments=[payment(amount_cents=101, **key)],
                remit_claims=[remit_claim(offset + 1, charge_cents=100, paid_cents=100, **key)],
            )
        )
        told.append(running.settled()["byte_offset"].to_list())
    assert told == [[], [200]]
    assert running.payments()["byte_offset"].to_list() == [900]
