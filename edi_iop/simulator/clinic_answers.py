"""What payers have answered of others' claims before the large clinic's first night (835).

Two answers only: one line paid below the contract (CON-01), one claim denied so
long ago that the time to appeal is nearly over (TF-02). Everything else is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import msgspec
import polars as pl

from edi_iop.settings import Settings
from edi_iop.simulator.clinic_charts import Chart
from edi_iop.simulator.clinic_faults import Planted
from edi_iop.simulator.clinic_former import FAULT_WEEK, Ledger, Tables, planted_line, week_of
from edi_iop.simulator.payer_remit import part, placed, remits
from edi_iop.transcribe.write import write_835
from edi_iop.x12.writer import Envelope

PAID_LESS, DENIED_LONG_AGO = "HARBR", "MERID"
DAYS_TO_APPEAL, DAYS_LEFT = 65, 7
"""Meridian's window from the remit, and what is left of it on the first night."""
DENIED_WEEK = -3
_CONTROL = 61


class Answered(msgspec.Struct, frozen=True):
    """One claim that a payer has answered: cents by line, or denied."""

    claim: str
    paid_cents: tuple[int, ...]


def paid_less(ledger: Ledger, chart: Chart) -> tuple[Answered, list[Planted]]:
    """The first line of the fault week's claim is paid 35 dollars below the contract (CON-01)."""
    days = week_of(ledger, chart, FAULT_WEEK)
    rate = ledger.pair(chart.payer_id, chart.leading).rate_cents or 0
    name = _named(ledger, chart, days[0])
    says = "paid below the contract's rate"
    planted = planted_line(chart, "CON-01", days[0], name, 1, says)
    return Answered(name, (rate - 3500, *[rate] * (len(days) - 1))), [planted]


def denied_long_ago(earlier: Tables, chart: Chart, start: date) -> tuple[Answered, list[Planted]]:
    """A week's claim of an earlier month, denied; a week is left to appeal (TF-02)."""
    days = chart.days(start + timedelta(weeks=DENIED_WEEK))
    first = earlier["claims"].filter(medical_record=chart.client_id, statement_from=days[0])
    name = str(first["claim"].item())
    says = "the time to appeal is nearly over"
    planted = [
        planted_line(chart, "TF-02", day, name, line, says) for line, day in enumerate(days, 1)
    ]
    return Answered(name, ()), planted


def answer(
    tables: Tables, answers: Sequence[Answered], payer_id: str, paid_on: date, settings: Settings
) -> bytes:
    """The 835 of one payer to these claims of one submission."""
    lines = placed(_settled(tables, answers), tables["claim_lines"])
    envelope = Envelope(
        sender_id=payer_id,
        receiver_id=settings.submitter.id,
        interchange_control=_CONTROL,
        group_control=_CONTROL,
        created=datetime.combine(paid_on, time(12)),
    )
    return write_835(part(remits(lines, tables, paid_on, _CONTROL), payer_id), envelope)


def _settled(tables: Tables, answers: Sequence[Answered]) -> pl.DataFrame:
    """The lines of these claims as an adjudicating payer leaves them (payer_money.settled)."""
    paid = {one.claim: one.paid_cents for one in answers}
    heads = tables["claims"].select("file_id", "claim_offset", "claim", "payer_id", "billing_npi")
    sent = tables["submissions"]["created_on"].item()
    lines = (
        tables["claim_lines"]
        .drop("qualifier", "service_date_to", "line_control")
        .join(heads.filter(pl.col("claim").is_in(list(paid))), on=["file_id", "claim_offset"])
    )
    cents = [
        paid[claim][number - 1] if paid[claim] else None
        for claim, number in lines.select("claim", "line").iter_rows()
    ]
    refused = pl.col("given").is_null()
    given = lines.with_columns(given=pl.Series(cents, dtype=pl.Int64), sent_on=pl.lit(sent))
    return given.with_columns(
        paid_cents=pl.col("given").fill_null(0),
        share_cents=pl.lit(0, pl.Int64),
        contractual_cents=pl.when(refused)
        .then(pl.lit(0, pl.Int64))
        .otherwise(pl.col("charge_cents") - pl.col("given")),
        rule=pl.when(refused).then(pl.lit("DOC-02")),
        group=pl.lit("CO"),
        carc=pl.lit("252"),
        rarcs=pl.when(refused).then(pl.concat_list(pl.lit("M127"))),
        plan=pl.lit(""),
    )


def _named(ledger: Ledger, chart: Chart, first: date) -> str:
    return next(
        str(row["claim"])
        for row in ledger.claims
        if row["medical_record"] == chart.client_id and row["statement_from"] == first
    )
