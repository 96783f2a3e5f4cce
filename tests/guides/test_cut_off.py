"""A file that is cut off anywhere is one fault (X12.5 interchange trailer): whatever it ends inside of.

The places are drawn by position: every so many bytes of every fixture, from behind the ISA to before the IEA.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from edi_iop.desk import files
from tests.conftest import FIXTURES

BASES = ("valid/remit_everything.835", "valid/remit_interest.835", "valid/claim_everything.837",
         "valid/claim_replacement.837", "valid/claim_professional_other.837",
         "mutants/claim_other_payer.837", "valid/ack_errors.999", "valid/status_payer.277")  # fmt: skip
ISA, IEA = 107, len(b"IEA*1*000000101~\n")
EVERY = 61


@pytest.mark.parametrize("base", BASES)
def test_a_cut_is_told_once_wherever_it_is(base: str, tmp_path: Path) -> None:
    data = (FIXTURES / base).read_bytes()
    cuts = range(ISA, len(data) - IEA, EVERY)
    paths = [tmp_path / f"{cut:06}.x12" for cut in cuts]
    for cut, path in zip(cuts, paths, strict=True):
        path.write_bytes(data[:cut])
    rows = files.validate(paths).rows
    told = rows.group_by("file").agg(pl.col("code").sort())
    assert len(told) == len(paths)
    assert told.filter(pl.col("code") != pl.lit(["TRUNCATED"])).rows() == []


def test_what_is_wrong_before_the_cut_is_told(tmp_path: Path) -> None:
    """A date of the first claim that is none, and the file cut off in its second one."""
    data = (FIXTURES / "x12" / "claim_iop.837").read_bytes()
    whole = data.replace(b"DTP*434*RD8*20260105-", b"DTP*434*RD8*20261305-", 1)
    assert whole != data
    path = tmp_path / "cut.837"
    path.write_bytes(whole[: whole.rindex(b"LX*1~")])
    rows = files.validate([path]).rows
    assert rows.select("code", "segment", "transaction").rows() == [
        ("TRUNCATED", "ISA", "0001"),
        ("DATE_INVALID", "DTP", "0001"),
    ]


def test_the_other_sets_of_an_interchange_cut_off_are_judged(tmp_path: Path) -> None:
    """The first payment does not add up, the second one is cut off."""
    data = (FIXTURES / "valid" / "remit_interest.835").read_bytes().decode("ascii")
    begin, end = data.index("\nST*") + 1, data.index("\nGE*") + 1
    head, body = data[:begin], data[begin:end]
    broken = body.replace("BPR*I*", "BPR*I*9", 1)
    second = body.replace("ST*835*0001", "ST*835*0002").replace("TRN*1*", "TRN*1*B")
    path = tmp_path / "cut.835"
    path.write_text(head + broken + second[: second.rindex("SVC*")], encoding="ascii")
    rows = files.validate([path]).rows
    assert rows.select("code", "transaction").rows() == [
        ("TRUNCATED", "0002"),
        ("PAYMENT_UNBALANCED", "0001"),
    ]
