"""What the rules read: lines with their history, and the facility's own records beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
import polars as pl

from edi_iop.rules.rates import NONE
from edi_iop.tables.nothing import once_of_nothing

COVERAGE = ("client_id", "payer_id", "coverage_priority", "coverage_from")
"""What tells one coverage from another."""
STAY = ("npi", "payer_id", "from_date")
"""What tells one row of the roster, or one enrollment, from another."""
NOBODY = "0000000000"
"""NPI of a facility that nobody named; it is on no claim that leaves the house."""
ANSWERED = ("paid", "denied")
"""Standings of a line that its payer has answered."""


class History(msgspec.Struct, frozen=True):
    """From which day on all that was sent, and all that was answered, is at hand.

    What the payers' side of it refers to may lie before. None: nothing is known of any day.
    """

    sent_from: date | None
    answered_from: date | None

    @classmethod
    def of(cls, sent: pl.Series, answered: pl.Series) -> History:
        """sent, answered: the days on which what is at hand was sent, and was paid."""
        first = [days.cast(pl.Date).min() for days in (sent, answered)]
        return cls(*first)  # type: ignore[arg-type]


class Records(msgspec.Struct, frozen=True):
    """The lines under judgement with all history, and the facility's feeds as they stand."""

    lines: pl.DataFrame
    """tables.SERVICE_LINES: proposed ones, and every line sent by us or by another system."""
    days: pl.DataFrame
    """tables.DAYS"""
    encounters: pl.DataFrame
    """tables.ENCOUNTERS, newest versions (rules.days.current)"""
    clients: pl.DataFrame
    authorizations: pl.DataFrame
    providers: pl.DataFrame
    as_of: date
    """The day on which the facility looks at them."""
    history: History | None = None
    """None: as far as the lines and the answers judged reach."""
    rates: pl.DataFrame = msgspec.field(default_factory=lambda: NONE)
    """The facility's dated rates (rules.rates), which go before those of policies."""

    def kept(self) -> frozenset[str]:
        """Kinds of records that no feed of their own carries, where any is there (catalogue.Need)."""
        return columns_kept(self.clients, self.providers, self.encounters)


def columns_kept(
    clients: pl.DataFrame, providers: pl.DataFrame, encounters: pl.DataFrame
) -> frozenset[str]:
    """Kinds of records that come as optional columns of the feeds, where any value is there."""
    there = {
        "consents": clients["part2_consent"],
        "enrollments": providers["payer_id"],
        "plans": encounters["plan_certified_on"],
    }
    return frozenset(kind for kind, column in there.items() if column.count())


@once_of_nothing
def newest(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The latest row of each key: a later file, or a later row of one file, replaces."""
    return rows.sort("file_id", "row", maintain_order=True).unique(
        list(key), keep="last", maintain_order=True
    )
