"""What a corrected claim says otherwise than the one sent, in words."""

from __future__ import annotations

from datetime import date

import polars as pl

from edi_iop.mapper.differences import differences
from edi_iop.tables import SERVICE_LINES

LINE = {"claim": "A", "service_date": date(2026, 2, 2), "procedure": "H0015", "revenue": "0906",
        "units": 1.0, "charge_cents": 35000, "diagnoses": "F1020"}  # fmt: skip
SENT = SERVICE_LINES.conform(pl.DataFrame([LINE]))


def test_each_column_that_differs_is_told() -> None:
    now = SENT.with_columns(procedure=pl.lit("S9480"), charge_cents=pl.lit(30000, pl.Int64))
    ((claim, added, removed, changes),) = differences(SENT, now, "claim").rows()
    assert (claim, added, removed) == ("A", 0, 0)
    assert changes == "procedure H0015 to S9480; charge 350.00 to 300.00"


def test_a_line_on_one_side_alone_is_counted() -> None:
    none = SENT.clear()
    assert differences(none, SENT, "claim").rows() == [("A", 1, 0, None)]
    assert differences(SENT, none, "claim").rows() == [("A", 0, 1, None)]


def test_of_no_claims_the_columns_are_the_same() -> None:
    none = SENT.clear()
    told = differences(none, none, "claim")
    assert told.is_empty()
    assert told.schema == differences(SENT, SENT, "claim").schema
