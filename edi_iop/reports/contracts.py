"""What was paid against the contract."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from edi_iop.money import to_dollars
from edi_iop.reconciler import underpaid
from edi_iop.reconciler.take_backs import RECOVERED, recovered
from edi_iop.reconciler.underpaid import IN_FULL, STATES, TWICE
from edi_iop.reports import shapes
from edi_iop.reports.parted import Ordered, Parted
from edi_iop.reports.posted import CLAIMS_AT_ONCE, Posted
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart, dollars
from edi_iop.rules.lines import PRICED, priced_lines
from edi_iop.store import Place
from edi_iop.texts import composed

KEYS = (
    "state", "claim", "line", "payer", "service_date", "procedure", "revenue", "units", "charge_cents",
    "contract_cents", "paid_cents", "patient_cents", "other_payer_cents", "agreed_cents", "taken_back_cents",
    "short_cents", "payment",
    "policy", "file",
)  # fmt: skip
_FIELDS = (
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
)
_OF_ACCOUNT = ("claim_file_id", "claim_offset", "state", "credit_cents")
_ANSWER, _SENT = ("file_id", "remit_claim_offset"), ("claim_file_id", "claim_offset")
_OF_MATCH = (*_ANSWER, "remit_line_offset", *_SENT, "line_offset", "alike_offset")
_OF_DECISION = ("file_id", "claim_offset", "line_offset", "paid_cents")
_OF_DAY = ("person", "standing", "payer_responsibility", "unit_basis")
_FACTS = ("denied", "units_per_day")
"""What a line's state goes by beside its amounts (underpaid.stated): texts, and the rest."""
_KEPT = tuple({"payer": "payer_id", "file": "file_id"}.get(name, name) for name in KEYS)
_FEW = ("payer_id", "procedure", "revenue", "payment", "policy")
"""Texts that many lines have in common: a number each is held, millions of which have room."""
_STATE = pl.Enum(STATES)
SET_IT = "no contract rate for this payer, code and day; set contract in [[rates]] of settings.toml, or rate in the payer's policy (payers/)"
TAKE_BACK = "two of one date are paid and one is payable: the payer may take one back; void the surplus one, or set its payment aside"


def compared(question: Question) -> Parted:
    """Lines not paid as the contract says, to the cent; the closing line counts those that were."""
    return _Compared(*_stated(question))


class _Compared(Ordered):
    """The lines in their order. rows: _KEPT; states: of every answered line."""

    def __init__(self, rows: pl.DataFrame, states: pl.DataFrame) -> None:
        self._rows = rows
        self._order = rows.select(
            pl.arg_sort_by(
                shapes.rank("state", STATES), "payer_id", "service_date", "claim", "line",
                maintain_order=True,
            )
        ).to_series()  # fmt: skip
        short = rows.select("short_cents", payer="payer_id").filter(pl.col("short_cents") > 0)
        self._closing = _closing(states, int(short["short_cents"].sum()))
        self._charts = (
            chart(short, "payer", "Short, by payer", "short_cents"),
            chart(states, "state", "Lines, by state"),
        )

    @property
    def height(self) -> int:
        return self._rows.height

    def told(self, first: int, count: int) -> Sheet:
        held = self._rows[self._order.slice(first, count)]
        texts = held.with_columns(pl.col("state", "file_id", *_FEW).cast(pl.String))
        rows = texts.rename({"payer_id": "payer", "file_id": "file"}).select(KEYS)
        return Sheet(
            "",
            rows,
            _FIELDS,
            (Field("", "says", once=True),),
            people=rows.with_columns(says=_says()),
            none="no line is paid otherwise than its contract says",
            closing=self._closing,
            total=self.height,
            charts=self._charts,
        )


def _stated(question: Question) -> tuple[pl.DataFrame, pl.DataFrame]:
    """_KEPT of the lines that are not paid in full, and the state of every answered line.

    Claims are read as they stand in the store. What is known of a day needs all claims of its
    member: the lines wait in as many heaps as there were stretches, a member's all in one.
    """
    store, posted = question.store, Posted(question.store)
    taken = recovered(
        pl.concat(store.load("accounts", _OF_ACCOUNT, state=state) for state in RECOVERED)
    )
    stretches = list(store.stretches("claims", CLAIMS_AT_ONCE))
    heaps: dict[int, list[pl.DataFrame]] = {}
    for places in stretches:
        rows = _of_claims(question, posted, places, taken)
        for number, part in _heaped(rows, len(stretches)):
            heaps.setdefault(number, []).append(part)
    kept, states = [], []
    while heaps:
        _, parts = heaps.popitem()
        told = underpaid.stated(pl.concat(parts)).with_columns(pl.col("state").cast(_STATE))
        states.append(told.select("state"))
        kept.append(told.select(_KEPT).filter(pl.col("state") != IN_FULL))
    return pl.concat(kept), pl.concat(states)


def _of_claims(
    question: Question, posted: Posted, places: tuple[Place, Place], taken: pl.DataFrame
) -> pl.DataFrame:
    """underpaid.compared of the claims from one place to another."""
    store = question.store
    tied = store.stretch("matches", places, (*_ANSWER, *_SENT), _SENT, remit_line_offset=None)
    every = store.among("matches", tied.select(_ANSWER).unique(), _OF_MATCH)
    matches = every.join(tied.select(_SENT).unique(), on=_SENT, how="semi", maintain_order="left")
    sent = {name: store.stretch(name, places, of) for name, of in PRICED.items()}
    rows = underpaid.compared(
        posted.among(matches.select(_ANSWER).unique()),
        matches,
        priced_lines(sent),
        question.policy_on,
        question.rates,
        taken,
        store.stretch("other_payer_lines", places, _OF_DECISION),
    )
    return rows.select(*(name for name in _KEPT if name != "state"), *_OF_DAY, *_FACTS)


def _heaped(rows: pl.DataFrame, count: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """The rows by the heap of so many that their member's are in."""
    number = (pl.col("person").hash() % count).alias("heap")
    few = rows.with_columns(number, pl.col(*_FEW, *_OF_DAY).cast(pl.Categorical))
    if few.is_empty():
        yield 0, few.drop("heap")
    for (heap,), part in few.partition_by("heap", include_key=False, as_dict=True).items():
        yield int(heap), part


def _says() -> pl.Expr:
    """What a person should know of a line, where there is something."""
    return (
        pl.when(pl.col("state") == "unknown")
        .then(pl.lit(SET_IT))
        .when(pl.col("state") == TWICE)
        .then(pl.lit(TAKE_BACK))
        .when(pl.col("agreed_cents") != 0)
        .then(composed("{} by law or agreement", dollars(pl.col("agreed_cents"))))
    )


def _closing(states: pl.DataFrame, short_cents: int) -> str:
    if states.is_empty():
        return "no line is answered yet"
    counted = shapes.counted(states, "state", STATES, "answered line")
    return f"{counted}; {to_dollars(short_cents)} short"
