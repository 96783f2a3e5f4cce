"""What a store's remits came to on a day: the money of the payments up to it, folded anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

import polars as pl
from msgspec.structs import astuple

from edi_iop.reconciler.ledger import on_date
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.rules.policy import Policy
from edi_iop.store import Store
from edi_iop.tables import LEDGER, REMITS

_SENT = ("claims", "claim_lines", "acknowledgements")


class Loading(Protocol):
    """What reports about money ask their tables of: a store, or one as it was on a day."""

    def load(self, name: str, **where: Any) -> pl.DataFrame: ...


class OnDay:
    """A store of whose remits those of later payments are not known yet.

    What people decided counts whenever they did; claims sent later have no answers. day: None
    for all payments.
    """

    def __init__(self, store: Store, day: date | None, policies: Mapping[str, Policy]) -> None:
        remits = on_date({name: store.load(name) for name in REMITS}, day)
        sent = {name: store.load(name) for name in _SENT}
        made = reconcile(remits, sent, store.load("decisions"), policies=policies)
        self._store = store
        self._tables: dict[str, pl.DataFrame] = {
            **sent,
            **remits,
            **dict(zip(LEDGER, astuple(made.ledger), strict=True)),
            "matches": made.matches,
            "proposals": made.proposals,
        }

    def load(self, name: str, **where: Any) -> pl.DataFrame:
        if name not in self._tables:
            return self._store.load(name, **where)
        asked = [pl.col(column) == value for column, value in where.items()]
        return self._tables[name].filter(*asked)
