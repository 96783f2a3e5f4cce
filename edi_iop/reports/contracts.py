"""What was paid against the contract."""

from __future__ import annotations

import polars as pl

from edi_iop.money import to_dollars
from edi_iop.reconciler.take_backs import recovered
from edi_iop.reconciler.underpaid import STATES, TWICE, underpaid
from edi_iop.reports import shapes
from edi_iop.reports.posted import posted_remits
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart, dollars
from edi_iop.rules.lines import kept_lines
from edi_iop.texts import composed

KEYS = (
    "state", "claim", "line", "payer", "service_date", "procedure", "revenue", "units", "charge_cents",
    "contract_cents", "paid_cents", "patient_cents", "other_payer_cents", "agreed_cents", "taken_back_cents",
    "short_cents", "payment",
    "policy", "file",
)  # fmt: skip
SET_IT = "no contract rate for this payer, code and day; set contract in [[rates]] of settings.toml, or rate in the payer's policy (payers/)"
TAKE_BACK = "two of one date are paid and one is payable: the payer may take one back; void the surplus one, or set its payment aside"


def compared(question: Question) -> Sheet:
    """Lines not paid as the contract says, to the cent; the closing line counts those that were."""
    store = question.store
    remits, matches = posted_remits(store)
    told = underpaid(
        remits,
        matches,
        kept_lines(store.sent()),
        question.policy_on,
        question.rates,
        recovered(store.load("accounts")),
        store.load("other_payer_lines"),
    )
    every = told.with_columns(
        payer=pl.col("payer_id"), file=pl.col("file_id").cast(pl.String)
    ).select(KEYS)
    rows = every.filter(pl.col("state") != "paid in full").sort(
        shapes.rank("state", STATES), "payer", "service_date", "claim", "line"
    )
    return Sheet(
        "",
        rows,
        (
            Field("STATE", "state", "flag"),
            Field("CLAIM", "claim"),
            Field("LINE", "line", "number"),
            Field("DATE", "service_date"),
            Field("CODE", "procedure"),
            Field("CONTRACT", "contract_cents", "money"),
            Field("PAID", "paid_cents", "money"),
            Field("PATIENT", "patient_cents", "money"),
            Field("TAKEN BACK", "taken_back_cents", "money"),
            Field("SHORT", "short_cents", "money"),
        ),
        (Field("", "says", once=True),),
        people=rows.with_columns(
            says=pl.when(pl.col("state") == "unknown")
            .then(pl.lit(SET_IT))
            .when(pl.col("state") == TWICE)
            .then(pl.lit(TAKE_BACK))
            .when(pl.col("agreed_cents") != 0)
            .then(composed("{} by law or agreement", dollars(pl.col("agreed_cents"))))
        ),
        none="no line is paid otherwise than its contract says",
        closing=_closing(every),
        charts=(
            chart(
                rows.filter(pl.col("short_cents") > 0), "payer", "Short, by payer", "short_cents"
            ),
            chart(every, "state", "Lines, by state"),
        ),
    )


def _closing(every: pl.DataFrame) -> str:
    if every.is_empty():
        return "no line is answered yet"
    short = int(every.filter(pl.col("short_cents") > 0)["short_cents"].sum())
    return f"{shapes.counted(every, 'state', STATES, 'answered line')}; {to_dollars(short)} short"
