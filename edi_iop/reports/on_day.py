"""What a store's remits came to on a day: the money of the payments up to it, folded anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def load(self, name: str, columns: Sequence[str] = (), /, **where: Any) -> pl.DataFrame: ...

    def among(self, name: str, keys: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame: ...

    def open_lines(self) -> pl.DataFrame: ...


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

    def load(self, name: str, columns: Sequence[str] = (), /, **where: Any) -> pl.DataFrame:
        if name not in self._tables:
            return self._store.load(name, columns, **where)
        asked = [pl.col(column).eq_missing(pl.lit(value)) for column, value in where.items()]
        rows = self._tables[name].filter(*asked)
        return rows.select(columns) if columns else rows

    def among(self, name: str, keys: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame:
        if name not in self._tables:
            return self._store.among(name, keys, columns)
        rows = (
            self._tables[name]
            .join(keys, on=keys.columns, how="semi")
            .sort(keys.columns, maintain_order=True)
        )
        return rows.select(columns) if columns else rows

    def open_lines(self) -> pl.DataFrame:
        of_line, ours = pl.col("remit_line_offset"), pl.col("line_offset")
        return self._tables["matches"].filter(of_line.is_not_null(), ours.is_null())
