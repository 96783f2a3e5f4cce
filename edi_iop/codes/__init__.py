"""Code lists with our own short labels: what a code means, in which list, on which date.

The official texts belong to X12, the AMA and the NUBC and are not shipped. Each
list is maps/codes/KIND.csv; kinds.csv names the lists, where their codes come from
and how far they reach. A code that no list holds is unknown, which is not the same
as wrong; a code without a label of ours is known all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

import msgspec
import polars as pl

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.identifiers import diagnosis

__all__ = [
    "Code",
    "Reach",
    "codes",
    "kinds",
    "known",
    "label",
    "needing_remark",
    "reach",
    "role",
    "senses",
    "size",
    "validity",
    "with_role",
]


class Code(msgspec.Struct, frozen=True):
    """One code of one list. role says what a claim adjustment does to a line (kind carc)."""

    kind: str
    code: str
    label: str
    """Empty where we have none of our own."""
    valid_from: date | None
    valid_to: date | None
    retired: bool
    """No longer in the list, though the day it left may be unknown: right in old files."""
    role: str | None
    needs_remark: bool
    """An adjustment reason that says little without a remark code beside it."""


class Reach(msgspec.Struct, frozen=True):
    """How far a list reaches: of which day it is, of which days and of which codes it speaks."""

    as_of: date | None
    since: date | None
    """Days before this one it says nothing of."""
    until: date | None
    """Days after this one its next release speaks of: a code it has not may be new by then."""
    silent: str | None
    """A pattern of codes it says nothing of, where it holds only some of their kind."""


def _read(name: str, columns: list[str] | None = None) -> pl.DataFrame:
    path = resources.maps() / "codes" / f"{name}.csv"
    try:
        # From memory: a path is read by threads of Polars' own, which are waited for.
        return pl.read_csv(path.read_bytes(), columns=columns, infer_schema=False)
    except (FileNotFoundError, pl.exceptions.PolarsError) as problem:
        raise BadMap(f"maps/codes/{name}.csv cannot be read; install again: {problem}") from problem


@cache
def _lists() -> pl.DataFrame:
    return _read("kinds")


@cache
def kinds() -> Mapping[str, tuple[str, str]]:
    """Title and source of every list, by kind."""
    rows = _lists().select("kind", "title", "source").iter_rows()
    return MappingProxyType({kind: (title, source) for kind, title, source in rows})


@cache
def reach(kind: str) -> Reach:
    """What a list can be asked; KeyError where there is no such list."""
    if kind not in kinds():
        raise KeyError(kind)
    day = pl.col("as_of", "since", "until").str.to_date("%Y-%m-%d")
    row = _lists().filter(pl.col("kind") == kind).with_columns(day).row(0, named=True)
    return Reach(row["as_of"], row["since"], row["until"], row["silent"])


@cache
def size(kind: str) -> int:
    """How many codes a list holds."""
    return len(_members(kind))


@cache
def _members(kind: str) -> pl.DataFrame:
    """The codes of a list, sorted, with their first and last days as the file has them."""
    rows = _read(kind, ["code", "from", "to"])
    return rows if rows["code"].is_sorted() else rows.sort("code")


def validity(kind: str, asked: pl.Series) -> pl.DataFrame:
    """What a list says of codes: code, known, longer, from, to; one row a distinct code.

    longer: whether the list holds codes that begin with this one; from and to are
    null where unbounded, unknown or not held.
    """
    held = _members(kind)
    distinct = asked.drop_nulls().unique()
    # The list is sorted: a code stands where it would be put in, what begins with it behind it.
    at = held["code"].search_sorted(distinct, side="left")
    found = held[at.clip(upper_bound=len(held) - 1)]
    after = held["code"][(at + (found["code"] == distinct)).clip(upper_bound=len(held) - 1)]
    known = pl.col("held") == pl.col("code")
    begins = pl.col("after").str.starts_with(pl.col("code")) & (pl.col("after") != pl.col("code"))
    return (
        found.rename({"code": "held"})
        .with_columns(code=distinct, after=after)
        .select(
            "code",
            known.alias("known"),
            begins.alias("longer"),
            *(
                pl.when(known).then(day).str.to_date("%Y-%m-%d").alias(day)
                for day in ("from", "to")
            ),
        )
    )


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
                row["label"] or "",
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
    """Our own few words for a code, or None where we have none.

    >>> label("claim_status", "4")
    'denied'
    """
    entry = codes(kind).get(code or "")
    return entry.label or None if entry is not None else None


UNLISTED = "a code our list does not hold"


def meaning(kind: str, code: str) -> str:
    """Our own few words for a code, or what our list knows of it.

    >>> meaning("carc", "A7")
    'a retired code, until 2015-07-01'
    """
    entry = codes(kind).get(code)
    if entry is None:
        return UNLISTED
    until = f", until {entry.valid_to}" if entry.valid_to else ""
    return entry.label or (
        f"a retired code{until}" if entry.retired else "listed; we have no words for it"
    )


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


@cache
def _labelled(kind: str) -> pl.DataFrame:
    return _read(kind, ["code", "label"]).select("code", "label")


def senses(code: str) -> list[tuple[str, str, str, str]]:
    """Every list that holds the code: kind, code, label and source, one row each.

    A diagnosis may be written with its dot.
    """
    return [
        (kind, held, label or "in the list; we have no label of our own", source)
        for kind, (_, source) in kinds().items()
        for held, label in _labelled(kind)
        .filter(pl.col("code") == (diagnosis(code) if kind == "icd10cm" else code))
        .iter_rows()
    ]
