"""What a store's remits came to on a day: the store, but for the money of later payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import polars as pl

from edi_iop.reconciler.contents import CLAIM, PAYMENT
from edi_iop.reconciler.ledger import later
from edi_iop.store import Store
from edi_iop.tables import REMITS, TABLES


class Loading(Protocol):
    """What reports about money ask their tables of: a store, or one as it was on a day."""

    def load(self, name: str, columns: Sequence[str] = (), /, **where: Any) -> pl.DataFrame: ...

    def among(self, name: str, keys: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame: ...

    def open_lines(self) -> pl.DataFrame: ...


class OnDay:
    """A store of whose remits those of later payments are not known yet.

    derived: what is derived from the others, in place of the store's tables of these names.
    """

    def __init__(self, store: Store, day: date, derived: Mapping[str, pl.DataFrame]) -> None:
        late = later(store.load("payments", (*PAYMENT, "payment_date")), day)
        claims = store.among("remit_claims", late, CLAIM)
        self._store, self._tables = store, derived
        self._late = {PAYMENT: late, CLAIM: claims}

    def load(self, name: str, columns: Sequence[str] = (), /, **where: Any) -> pl.DataFrame:
        if name not in self._tables:
            rows = self._store.load(name, _with_key(name, columns), **where)
            return self._known(name, rows, columns)
        asked = [pl.col(column).eq_missing(pl.lit(value)) for column, value in where.items()]
        rows = self._tables[name].filter(*asked)
        return rows.select(columns) if columns else rows

    def among(self, name: str, keys: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame:
        if name not in self._tables:
            rows = self._store.among(name, keys, _with_key(name, columns))
            return self._known(name, rows, columns)
        rows = (
            self._tables[name]
            .join(keys, on=keys.columns, how="semi")
            .sort(keys.columns, maintain_order=True)
        )
        return rows.select(columns) if columns else rows

    def open_lines(self) -> pl.DataFrame:
        of_line, ours = pl.col("remit_line_offset"), pl.col("line_offset")
        return self._tables["matches"].filter(of_line.is_not_null(), ours.is_null())

    def _known(self, name: str, rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """These columns of the rows that are not of a later payment."""
        if name in REMITS:
            key = _key(name)
            rows = rows.join(self._late[key], on=key, how="anti", maintain_order="left")
        return rows.select(columns) if columns else rows


def _with_key(name: str, columns: Sequence[str]) -> Sequence[str]:
    """Of a table of remits also by what its rows are told apart; no columns are all of them."""
    return tuple({*columns, *_key(name)}) if columns and name in REMITS else columns


def _key(name: str) -> tuple[str, str]:
    return PAYMENT if "payment_offset" in TABLES[name].schema else CLAIM
