"""Classes of loaded codes in a policy: `class:NAME` wherever it names procedures.

A list of procedures (procedures, accepted, refused) and the keys of a table by
procedure may name a class of the workspace's own code lists (codes.licensed).
What must be one code, a pair or a component, cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edi_iop.codes.licensed import CLASS, spelled_out

LISTS = ("procedures", "accepted", "refused")
"""Keys whose values are lists of procedures or spans."""
TABLES = ("by_procedure", "tracks_by_procedure")
"""Keys whose values are tables by procedure or span."""

Known = Mapping[str, tuple[str, ...]]
"""Codes by class."""


def misplaced(values: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Key and reason of every class named where none can stand."""
    for name, value in _inside(values):
        place = f"{key}{name}" if isinstance(values, (list, tuple)) else f"{key}.{name}".strip(".")
        if isinstance(value, str) and value.startswith(CLASS):
            yield (
                place,
                f"{value} is a class of codes, and here stands one code; a class may stand in "
                f"lists of procedures ({', '.join(LISTS)}) and as a key of {', '.join(TABLES)}",
            )
        elif not (name in LISTS and isinstance(value, list)):
            yield from misplaced(value, place)


def names_any(values: Any) -> bool:
    """Whether a class is named anywhere in the values or as a key."""
    if isinstance(values, str):
        return values.startswith(CLASS)
    keys = (
        any(str(name).startswith(CLASS) for name in values) if isinstance(values, dict) else False
    )
    return keys or any(names_any(value) for _, value in _inside(values))


def expanded(values: Any, known: Known, name: str = "") -> Any:
    """The values with each class spelled out; KeyError with its name where no list has it."""
    if isinstance(values, dict):
        return {
            own: expanded(value, known, own)
            for key, value in values.items()
            for own in (spelled_out((key,), known) if name in TABLES else (key,))
        }
    if isinstance(values, (list, tuple)):
        codes = name in LISTS and all(isinstance(one, str) for one in values)
        return list(
            spelled_out(tuple(values), known) if codes else [expanded(one, known) for one in values]
        )
    return values


def _inside(values: Any) -> Iterator[tuple[str, Any]]:
    """What a table or a list holds, by its key or its place."""
    if isinstance(values, dict):
        yield from values.items()
    elif isinstance(values, (list, tuple)):
        yield from ((f"[{place}]", value) for place, value in enumerate(values))
