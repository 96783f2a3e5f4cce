"""Companion guides: what a partner asks beyond the guide (SNIP level 7), one file a partner.

maps/guides/companion/NAME.toml extends one guide and narrows it: `change` entries
say of a place what the partner wants there (an overlay that only narrows), `rules`
are situational rules of its own (guides.situations). Both are judged as rules; what
they find is the companion's word and is named so. Off where no companion is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Literal

import msgspec
import numpy as np
import polars as pl

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.guides import paths
from edi_iop.guides.conditions import Flags, Sight, condition, places
from edi_iop.guides.loader import load
from edi_iop.guides.loops import Loops
from edi_iop.guides.model import Guide
from edi_iop.guides.situations import Rule, faults, planned
from edi_iop.guides.structure import FAULTS
from edi_iop.texts import composed

DATES = {"837": "ST.BHT04", "835": "ST.BPR16"}
"""The date of a transaction, which a companion's own dates are held against."""

_CODES = {
    "SITUATION_SEGMENT_MISSING": "COMPANION_SEGMENT_MISSING",
    "SITUATION_SEGMENT_NOT_USED": "COMPANION_SEGMENT_NOT_USED",
    "SITUATION_ELEMENT_MISSING": "COMPANION_ELEMENT_MISSING",
    "SITUATION_ELEMENT_NOT_USED": "COMPANION_ELEMENT_NOT_USED",
    "SITUATION_VALUE_WRONG": "COMPANION_VALUE_WRONG",
    "SITUATION_DOUBTFUL": "COMPANION_DOUBTFUL",
}


class Narrowing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the partner wants at a place of the guide, and where it says so."""

    at: str
    reason: str
    usage: Literal["R", "N"] | None = None
    codes: tuple[str, ...] = ()
    """The only values it takes."""
    shortest: int | None = None
    longest: int | None = None
    form: str | None = None
    """A regular expression of the whole value."""
    severity: Literal["error", "warning"] = "error"


class Companion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One partner's companion guide."""

    extends: str
    name: str
    source: str
    effective_from: date
    effective_to: date | None = None
    change: tuple[Narrowing, ...] = ()
    rules: dict[str, Rule] = {}


def names() -> list[str]:
    """Every companion guide we hold."""
    return sorted(file.stem for file in (resources.maps() / "guides" / "companion").glob("*.toml"))


@cache
def companion(name: str) -> Companion:
    """The companion guide of that name (maps/guides/companion/NAME.toml)."""
    if name not in names():
        raise BadMap(f"companion {name}: there is none; one of {', '.join(names())}")
    file = resources.maps() / "guides" / "companion" / f"{name}.toml"
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Companion)
    except msgspec.DecodeError as problem:
        raise BadMap(f"{file.name}: {problem}; correct the entry") from problem


def companion_faults(loops: Loops, name: str) -> pl.DataFrame:
    """What transactions of the guide it extends, of its time, break of a companion: structure.FAULTS."""
    held = companion(name)
    if loops.guide.name != held.extends:
        return pl.DataFrame(schema=FAULTS)
    found = faults(loops, planned(loops.guide, rules(held)))
    in_force = _in_force(loops, held)[loops.instance(loops.guide.root)[found["place"].to_numpy()]]
    return found.filter(pl.Series(in_force, dtype=pl.Boolean)).with_columns(
        code=pl.col("code").replace_strict(_CODES),
        message=composed("{}: {}", pl.lit(held.name), "message"),
    )


def rules(held: Companion) -> dict[str, Rule]:
    """A companion's entries as rules, by the place or by their own id."""
    guide = load(held.extends)
    found = [one for entry in held.change for one in _asked(guide, entry)]
    return dict(found) | held.rules


def _asked(guide: Guide, entry: Narrowing) -> Iterator[tuple[str, Rule]]:
    """The rules an entry stands for: one for its usage, one for its values."""
    path = paths.parse(entry.at)
    place = f"{path.element:02d}" + (f"-{path.component}" if path.component else "")
    if entry.usage is not None:
        per = _segment(entry.at) if path.element else _around(guide, path)
        what = place if path.element else _present(guide, path, entry.at)
        asked = {"need" if entry.usage == "R" else "forbid": what}
        yield f"{entry.at} {entry.usage}", _rule(entry, per, **asked)
    for form in _forms(entry):
        given = _rule(entry, _segment(entry.at), when=(place,), need=f"{place} {form}")
        yield f"{entry.at} {form.split()[0]}", given


def _rule(entry: Narrowing, per: str, **asked: str | tuple[str, ...]) -> Rule:
    told = {"per": per, "says": entry.reason, "cites": entry.at, "severity": entry.severity}
    return msgspec.convert(told | asked, Rule)


def _forms(entry: Narrowing) -> Iterator[str]:
    """Conditions on a value, where it is given."""
    if entry.codes:
        yield f"= {' '.join(entry.codes)}"
    patterns = [f"^(?:{entry.form})$"] if entry.form else []
    if entry.shortest is not None or entry.longest is not None:
        patterns.append(f"^.{{{entry.shortest or 0},{entry.longest or ''}}}$")
    yield from (f"~ {pattern}" for pattern in patterns)


def _segment(at: str) -> str:
    """The segment of an element's path."""
    return re.sub(r"\d\d(?:-\d)?$", "", at)


def _around(guide: Guide, path: paths.Path) -> str:
    """The loop that should hold a segment; for a loop, the one above it."""
    if path.segment is not None:
        return path.loop
    above = path.loops(guide)[0].parent
    return above.loop.id if above is not None else "ST"


def _present(guide: Guide, path: paths.Path, at: str) -> str:
    """A segment, or the first segment of a loop."""
    return at if path.segment is not None else f"{at}.{path.segments(guide)[0].id}"


def _in_force(loops: Loops, held: Companion) -> Flags:
    """For each transaction (from 1) whether its date lies in the companion's time; a place more for none."""
    guide = loops.guide
    (place,) = places(guide, DATES[guide.transaction].split(".")[0])
    asked = condition(guide, place, DATES[guide.transaction])
    at = loops.segments_of(asked.targets[0].node)
    told = Sight(loops, ()).values(at, asked.test)
    day = told.str.to_date("%Y%m%d", strict=False).to_frame("day")
    until = held.effective_to or date.max
    inside = day.select(pl.col("day").is_between(held.effective_from, until).fill_null(True))
    flags = np.ones(len(loops.transactions) + 1, dtype=np.bool_)
    flags[loops.instance(guide.root)[at]] = inside.to_series().to_numpy()
    return flags
