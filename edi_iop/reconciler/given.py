"""What the reconciler was given: canonical tables, those that nothing was read into being empty."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.tables import REMITS, TABLES

Tables = Mapping[str, pl.DataFrame]

_CLAIM = ("claims", "claim_lines")


def remit_tables(tables: Tables) -> dict[str, pl.DataFrame]:
    """The tables of an 835, each there."""
    return _whole(tables, REMITS)


def checked_tables(tables: Tables, names: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    """These tables, each there, with the columns beside those that are kept."""
    return {
        name: TABLES[name].checked.conform(tables.get(name, TABLES[name].empty())) for name in names
    }


def claim_tables(tables: Tables) -> dict[str, pl.DataFrame]:
    """The tables of an 837 that matching reads, each there."""
    return _whole(tables, _CLAIM)


def _whole(tables: Tables, names: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    return {name: tables[name] if name in tables else TABLES[name].empty() for name in names}
