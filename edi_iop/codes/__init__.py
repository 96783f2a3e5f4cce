"""Code lists with our own short labels: what a code means, in which list, on which date.

The official texts belong to X12, the AMA and the NUBC and are not shipped. Each
list is maps/codes/KIND.csv; kinds.csv names the lists and where the codes come
from. A code that no list holds is unknown, which is not the same as wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

import polars as pl

from edi_iop import resources
from edi_iop.errors import BadMap

__all__ = [
    "Code",
    "codes",
    "kinds",
    "known",
    "label",
    "needing_remark",
    "role",
    "senses",
    "with_role",
]


@dataclass(frozen=True)
class Code:
    """One code of one list. role says what a claim adjustment does to a line (kind carc)."""

    kind: str
    code: str
    label: str
    valid_from: date | None
    valid_to: date | None
    retired: bool
    """No longer in the list, though the day it left may be unknown: right in old files."""
    role: str | None
    needs_remark: bool
    """An adjustment reason that says little without a remark code beside it."""


def _read(name: str) -> pl.DataFrame:
    path = resources.maps() / "codes" / f"{name}.csv"
    try:
        return pl.read_csv(path, infer_schema=False)
    except (FileNotFoundError, pl.exceptions.PolarsError) as problem:
        raise BadMap(f"maps/codes/{name}.csv cannot be read; install again: {problem}") from problem


@cache
def kinds() -> Mapping[str, tuple[str, str]]:
    """Title and source of every list, by kind."""
    rows = _read("kinds").iter_rows()
    return MappingProxyType({kind: (title, source) for kind, title, source in rows})


@cache
def codes(kind: str) -> Mapping[str, Code]:
    """All codes of a list, by code; KeyError where there is no such list."""
    if kind not in kinds():
        raise KeyError(kind)
    frame = _read(kind).with_columns(pl.col("from", "to").str.to_date("%Y-%m-%d"))
    return MappingProxyType(
        # a few hundred rows, read once: objects are what callers ask for
        {
            row["code"]: Code(
                kind,
                row["code"],
                row["label"],
                row["from"],
                row["to"],
                row["retired"] == "Y",
                row.get("role"),
                row.get("needs_remark") == "Y",
            )
            for row in frame.iter_rows(named=True)
        }
    )


def label(kind: str, code: str | None) -> str | None:
    """Our own few words for a code, or None where the list does not hold it.

    >>> label("claim_status", "4")
    'denied'
    """
    entry = codes(kind).get(code or "")
    return None if entry is None else entry.label


def known(kind: str, code: str, on: date | None = None) -> bool:
    """Whether the list holds the code and, where a date is given, in force on it.

    A retired code whose last day is unknown stays known: old files carry it rightly.
    """
    entry = codes(kind).get(code)
    if entry is None:
        return False
    return on is None or (entry.valid_from or date.min) <= on <= (entry.valid_to or date.max)


def role(carc: str | None) -> str | None:
    """What an adjustment does to a line: denial, contract, patient, prior_payer or payment."""
    entry = codes("carc").get(carc or "")
    return None if entry is None else entry.role


def with_role(*roles: str) -> list[str]:
    """The adjustment reasons of these roles."""
    return [entry.code for entry in codes("carc").values() if entry.role in roles]


def needing_remark() -> list[str]:
    """The adjustment reasons that a remark code must explain."""
    return [entry.code for entry in codes("carc").values() if entry.needs_remark]


def senses(code: str) -> list[tuple[str, str, str, str]]:
    """Every list that holds the code: kind, code, label and source, one row each."""
    return [
        (kind, entry.code, entry.label, source)
        for kind, (_, source) in kinds().items()
        for entry in [codes(kind).get(code)]
        if entry is not None
    ]
