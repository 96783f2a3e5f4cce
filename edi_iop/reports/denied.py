"""Every denied or reduced line of a store, the one to work first first, so many at a time."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.chances import RANKS, TOLD
from edi_iop.reconciler.priority import Ranks
from edi_iop.reports import shapes
from edi_iop.reports.parted import Ordered
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Sheet
from edi_iop.reports.written import with_written
from edi_iop.tables import VERDICTS

_AT_ONCE = 250_000
_LINE = ("file_id", "remit_claim_offset", "remit_line_offset")
_ORDERED_BY = (
    "recoverable_cents", "payer", "carc", "deadline", "deadline_source",  # priority.prioritized
    "verdict", "rule", "claim", "line", "service_date",
)  # fmt: skip
_SUMMED = tuple(dict.fromkeys((*_ORDERED_BY, *shapes.SUMMED_BY, "charge_cents")))
_TOLD_OF = tuple(
    name
    for name in VERDICTS.schema
    if name in (*_LINE, *shapes.DENIAL_KEYS) and name not in (*RANKS, "priority")
)
"""What is not worked out anew."""


class Denials(Ordered):
    """tables.VERDICTS ranked as of the day asked for, by all that became of earlier denials.

    What decides their order is read of all, the rest only of those that are told. The next
    step tells what was written for a line already.
    """

    def __init__(self, question: Question) -> None:
        self._store = question.store
        self._ranks = Ranks(self._store.load("refusals", TOLD), question.as_of)
        self._decisions = self._store.load("decisions")
        order = [key.alias(f"by{at}") for at, key in enumerate(shapes.denial_order())]
        keys, sums = [], []
        for rows in self._store.parts("verdicts", _SUMMED, _AT_ONCE):
            sums.append(shapes.denial_sums(rows))
            keys.append(self._ranks.ranked(rows).select(*order, "row"))
        every = pl.concat(keys)
        self._rows = every.sort(every.columns, nulls_last=True)["row"]
        self._sums = shapes.added_up(pl.concat(sums))

    @property
    def height(self) -> int:
        return self._rows.len()

    def told(self, first: int, count: int) -> Sheet:
        rows = self._store.at("verdicts", self._rows.slice(first, count), _TOLD_OF)
        ranked = self._ranks.ranked(rows.with_row_index("place")).sort("place")
        told = with_written(ranked, self._decisions)
        return shapes.denied_lines(shapes.denied_rows(told), self._sums)
