"""The table of kinds of disagreement (kinds.toml): which ones are known, who is right and why."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from tests.differential.compare import Disagreement, Place, Verdict

Right = Literal["ours", "theirs", "both"]


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of disagreement with pyx12; what is left out may be anything."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    right: Right
    reason: str
    place: tuple[Place, ...] = ()
    verdict: Verdict | None = None
    segment: str | None = None
    element: int | None = None
    says: str = ""
    files: frozenset[str] = frozenset()
    """Valid files made to hold what the other cannot read; none: any file."""

    def holds(self, one: Disagreement, file: str) -> bool:
        return (
            (not self.files or file in self.files)
            and one.ours in self.ours
            and one.theirs in self.theirs
            and (not self.place or one.place in self.place)
            and self.verdict in (None, one.verdict)
            and self.segment in (None, one.segment)
            and self.element in (None, one.element)
            and self.says in one.says
        )

    @property
    def said(self) -> str:
        sides = f"{'/'.join(self.ours) or '-'} | {'/'.join(self.theirs) or '-'}"
        return f"{sides} {'/'.join(self.place)} {self.segment or ''}".rstrip()


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of disagreement with oxedi: a balance that one of the two alone finds wrong."""

    only: Literal["ours", "theirs"]
    beside: frozenset[str]
    """One of these findings of ours stands in the same file."""
    right: Right
    reason: str

    def holds(self, only: str, found: Iterable[str]) -> bool:
        return only == self.only and not self.beside.isdisjoint(found)

    @property
    def said(self) -> str:
        return f"money, {self.only} alone, beside {'/'.join(sorted(self.beside))}"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: tuple[Kind, ...]
    money: tuple[Money, ...]


@cache
def _table() -> _Table:
    file = Path(__file__).with_name("kinds.toml")
    return msgspec.toml.decode(file.read_bytes(), type=_Table)


def kinds() -> tuple[Kind, ...]:
    return _table().kind


def money() -> tuple[Money, ...]:
    return _table().money


def kind_of(one: Disagreement, file: str = "") -> Kind | None:
    """The first kind that the disagreement is of; None where nobody has judged it."""
    return next((kind for kind in kinds() if kind.holds(one, file)), None)


def money_kind_of(only: str, found: Iterable[str]) -> Money | None:
    told = set(found)
    return next((kind for kind in money() if kind.holds(only, told)), None)
