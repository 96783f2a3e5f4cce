"""Stores settled by nights beside stores settled at once: files kept as the intake keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from edi_iop.rules.policy import Policy
from edi_iop.runner import records
from edi_iop.runner.settle import answers, settle
from edi_iop.settings import Settings
from edi_iop.store import Store

DERIVED = (
    "matches",
    "proposals",
    "payment_standings",
    "postings",
    "provider_postings",
    "accounts",
    "line_standings",
    "violations",
    "verdicts",
    "refusals",
)

RUN = "20260920-0001"
"""All files are taken in by one run."""


def add_file(store: Store, number: int, tables: Mapping[str, pl.DataFrame]) -> None:
    """A file of these tables, under the next number."""
    kind = "835" if "payments" in tables else "837I" if "claims" in tables else "277CA"
    assert store.next_numbers("file") == number
    store.add_file(file_id=number, direction="in", kind=kind, status="applied", name="x",
                   sha256=str(number), run=RUN)  # fmt: skip
    store.save(tables)


def derived(store: Store) -> dict[str, list[Any]]:
    """All that is computed from claims and remits, and how it leaves the files."""
    told = {name: sorted(map(repr, store.load(name).rows())) for name in DERIVED}
    status = store.load("files").select("file_id", "status").rows()
    return told | {"files": sorted(map(repr, status))}


def settled_at_once(
    store: Store, policies: Mapping[str, Policy], settings: Settings, as_of: date
) -> None:
    """Everything the store holds judged together, in one piece."""
    known = records.known(store, policies, as_of)
    settle(store, known, answers(store, known), policies, settings)
