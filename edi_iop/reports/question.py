"""A question with what it needs beyond the store: whom it is about, the day, policies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec
import polars as pl

from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import NONE
from edi_iop.store import Store
from edi_iop.tables import DEPOSITS

PolicyOn = Callable[[str, date], Policy | None]
"""The policy of a payer on a day, or None where it has none."""


class Question(msgspec.Struct, frozen=True):
    """What was asked of a workspace."""

    store: Store
    as_of: date
    policy_on: PolicyOn
    about: str | None = None
    """A claim number or a trace number."""
    deposits: pl.DataFrame = msgspec.field(default_factory=DEPOSITS.empty)
    """Entries of bank lists named with the question, beside those taken in."""
    rates: pl.DataFrame = msgspec.field(default_factory=lambda: NONE)
    """The facility's dated rates (rules.rates)."""
