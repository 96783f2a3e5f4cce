"""The store: canonical tables, runs and control numbers in one SQLite file; all SQL is here."""

from __future__ import annotations

from edi_iop.store.database import Status
from edi_iop.store.runs import Lock
from edi_iop.store.store import Place, Prepared, Store

__all__ = ["Lock", "Place", "Prepared", "Status", "Store"]
