"""Policy files on the disk: read, dated, inherited, and refused where they are wrong.

A file says whose policy it is and for which dates (Head), the values it sets,
and in [cites] where each of them comes from. It may extend another policy:
tables are merged key by key, arrays are replaced whole, and each value keeps
the source and the reading date of the file that set it. Several files may carry
one id: each stands until the next one begins, and may extend the one before it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from datetime import date, timedelta
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec

from edi_iop import mistakes, resources
from edi_iop.errors import BadPolicy
from edi_iop.settings import Strict

UNSOURCED = "unsourced"
"""First word of a source that is none: no page found says so."""


class Origin(Strict, frozen=True):
    """Where one value of a policy comes from."""

    source: str
    """An address, or plainly that it is a judgement, invented or unsourced."""
    policy: str
    """Id and version of the policy that set it: the payer's own, or one it extends."""
    read_on: date
    verified_on: date | None = None
    """The day the facility had it confirmed by the payer; None: an example to verify."""


class Head(Strict, frozen=True):
    """Whose policy a file is and when it holds: of the file alone, never inherited."""

    id: str
    name: str
    version: str
    effective_from: date
    read_on: date
    sources: tuple[str, ...]
    effective_to: date | None = None
    verified_on: date | None = None
    extends: str | None = None

    @property
    def label(self) -> str:
        return f"{self.id} {self.version}"


class PolicyFile(msgspec.Struct, frozen=True, eq=False):
    """One file: its head, the values it sets, and their sources by key or section."""

    path: Path
    head: Head
    values: dict[str, Any]
    cites: dict[str, str]
    ends: date = date.max
    """Its own last day, else the day before the next version begins."""

    def in_force(self, on: date) -> bool:
        return self.head.effective_from <= on <= self.ends

    def wrong(self, key: str, reason: str) -> BadPolicy:
        return wrong(self.path, key, reason)


class Whole(msgspec.Struct, frozen=True, eq=False):
    """A file over all that it extends: values, and the origin of each by its dotted key."""

    file: PolicyFile
    values: dict[str, Any]
    cites: dict[str, str]
    origins: dict[str, Origin]


def wrong(path: Path, key: str, reason: str) -> BadPolicy:
    """One line: the file, the key in it, and the reason."""
    return BadPolicy(f"{path.name}: {key}: {reason}; correct the policy file")


def versions(policy_id: str, folder: Path) -> list[PolicyFile]:
    """The versions of a policy in a folder, the earliest first."""
    return [file for file in shelf(folder) if file.head.id == policy_id]


P = ParamSpec("P")
T = TypeVar("T")


class _Look:
    """The folders looked at since a function that looks once began."""

    def __init__(self) -> None:
        self.shelves: dict[Path, tuple[PolicyFile, ...]] = {}
        self.sound: set[Path] = set()


_LOOK: ContextVar[_Look | None] = ContextVar("look", default=None)


def looking_once(work: Callable[P, T]) -> Callable[P, T]:
    """The function, in which a folder is looked at once: what changes meanwhile counts the next time."""

    @wraps(work)
    def done(*args: P.args, **kwargs: P.kwargs) -> T:
        if _LOOK.get() is not None:
            return work(*args, **kwargs)
        before = _LOOK.set(_Look())
        try:
            return work(*args, **kwargs)
        finally:
            _LOOK.reset(before)

    return done


def shelf(folder: Path) -> tuple[PolicyFile, ...]:
    """All policy files of a folder, each id's versions in the order of their dates."""
    look = _LOOK.get()
    if look is None:
        return _looked_at(folder)
    if folder not in look.shelves:
        look.shelves[folder] = _looked_at(folder)
    return look.shelves[folder]


def found_sound() -> set[Path]:
    """The folders whose files were all found right in this look, for `lint` to remember."""
    look = _LOOK.get()
    return set() if look is None else look.sound


def _looked_at(folder: Path) -> tuple[PolicyFile, ...]:
    paths = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    # read once, and again when a file was changed: a watching program sees the new version
    return _shelf(tuple((path, (at := path.stat()).st_mtime_ns, at.st_size) for path in paths))


@cache
def _shelf(stamped: tuple[tuple[Path, int, int], ...]) -> tuple[PolicyFile, ...]:
    files = sorted((_read(path) for path, _, _ in stamped), key=lambda file: _place(file.head))
    nexts: list[PolicyFile | None] = [*files[1:], None]
    return tuple(map(_dated, files, nexts))


def whole(file: PolicyFile, on: date) -> Whole:
    """The file with what it inherits on a date."""
    return _whole(tuple(_chain(file, on)))


def turns(file: PolicyFile) -> list[date]:
    """The days of the file's time on which what it inherits may change: the first, and others."""
    parents = {
        parent.head.effective_from
        for place in _places(file)
        for parent in shelf(place)
        if file.in_force(parent.head.effective_from)
    }
    return sorted({file.head.effective_from, *parents})


def leaves(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no table, by its dotted key."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def cited(cites: dict[str, str], key: str) -> str | None:
    """Where a value comes from: its own source, else that of the section around it."""
    while key and key not in cites:
        key = key.rpartition(".")[0]
    return cites.get(key)


# -------------------------------------------------------------------- one file


def _read(path: Path) -> PolicyFile:
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadPolicy(f"{path.name}: {problem}; correct the policy file") from problem
    head = {name: own.pop(name) for name in Head.__struct_fields__ if name in own}
    cites = own.pop("cites", {})
    try:
        file = PolicyFile(
            path,
            msgspec.convert(head, Head),
            own,
            msgspec.convert(cites, dict[str, str]),
        )
    except msgspec.ValidationError as problem:
        key, reason = mistakes.told(problem)
        raise wrong(path, key or "cites", reason) from problem
    if not any(source.strip() for source in file.head.sources):
        raise file.wrong("sources", "empty; name where its values come from")
    if file.head.effective_to is not None and file.head.effective_to < file.head.effective_from:
        raise file.wrong("effective_to", "before effective_from")
    return file


def _place(head: Head) -> tuple[str, date]:
    return head.id, head.effective_from


def _dated(file: PolicyFile, after: PolicyFile | None) -> PolicyFile:
    """The file with its last day: its own, or that before the version which supersedes it."""
    head = file.head
    if after is None or after.head.id != head.id:
        ends = head.effective_to or date.max
    else:
        begins = after.head.effective_from
        if begins <= max(head.effective_from, head.effective_to or date.min):
            raise after.wrong(
                "effective_from", f"{begins} lies in the dates of {head.label} ({file.path.name})"
            )
        ends = head.effective_to or begins - timedelta(days=1)
    return PolicyFile(file.path, head, file.values, file.cites, ends)


# --------------------------------------------------------------- what it extends


def _places(file: PolicyFile) -> list[Path]:
    """Where the policy that a file extends may be: beside it, else among the shipped ones."""
    return list(dict.fromkeys((file.path.parent, resources.maps() / "payers")))


def _chain(file: PolicyFile, on: date) -> Iterator[PolicyFile]:
    """The file, the policy it extends on that date, and so on."""
    seen: list[PolicyFile] = []
    current: PolicyFile | None = file
    while current is not None:
        seen.append(current)
        yield current
        current = _parent(current, seen, on)


def _parent(file: PolicyFile, seen: Sequence[PolicyFile], on: date) -> PolicyFile | None:
    """The version of the parent in force on the date; of its own id the version before it."""
    parent = file.head.extends
    if parent is None:
        return None
    found = [
        one for place in _places(file) for one in versions(parent, place) if _may_extend(file, one)
    ]
    usable = [one for one in found if one not in seen and _reaches(one, file, on)]
    if usable:
        beside = [one for one in usable if one.path.parent == usable[0].path.parent]
        return beside[-1]
    if any(one.head.id == parent for one in seen):
        names = " extends ".join([*(one.head.id for one in seen), parent])
        raise file.wrong("extends", f"a circle: {names}")
    if found:
        raise file.wrong("extends", f"{parent} has no version in force on {on}")
    raise file.wrong("extends", f"{parent} is not there")


def _may_extend(file: PolicyFile, one: PolicyFile) -> bool:
    """Not itself, nor a version of itself that follows."""
    same = (one.head.id, one.path.parent) == (file.head.id, file.path.parent)
    return not same or one.head.effective_from < file.head.effective_from


def _reaches(one: PolicyFile, file: PolicyFile, on: date) -> bool:
    same = (one.head.id, one.path.parent) == (file.head.id, file.path.parent)
    return same or one.in_force(on)


@cache
def _whole(chain: tuple[PolicyFile, ...]) -> Whole:
    file, *rest = chain
    own = dict(leaves(file.values))
    origins = {
        key: Origin(
            source=cited(file.cites, key) or "",
            policy=file.head.label,
            read_on=file.head.read_on,
            verified_on=file.head.verified_on,
        )
        for key in own
    }
    sources = file.cites | {key: origin.source for key, origin in origins.items()}
    if not rest:
        return Whole(file, file.values, sources, origins)
    under = _whole(tuple(rest))
    return Whole(
        file, over(under.values, file.values), under.cites | sources, under.origins | origins
    )


def over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Tables merged key by key; what is no table is replaced whole."""
    both = {key: value for key, value in base.items() if key not in own}
    for key, value in own.items():
        under = base.get(key)
        both[key] = (
            over(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
        )
    return both
