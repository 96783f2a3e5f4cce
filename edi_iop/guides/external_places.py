"""Which elements carry the codes of lists outside the guide: maps/codes/external.toml."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import msgspec

from edi_iop import resources
from edi_iop.guides.loader import ElementSpec, Node, external_codes, load


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pattern: str
    says: str
    loaded: str = ""
    """The list of ours that a user's own list of these codes is loaded as."""


class GuideList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    list: str = ""
    more: tuple[str, ...] = ()


class Use(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data element that carries a list, where its qualifier has one of the values."""

    list: str
    element: str
    qualifier: str = ""
    values: tuple[str, ...] = ()
    after: bool = False
    unless: str = ""


class Unless(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    loop: str
    segment: str
    element: int
    values: tuple[str, ...]


class Dated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the date of a list's codes stands."""

    list: str
    loop: str
    segment: str
    element: int
    qualifiers: tuple[str, ...] = ()
    unless: Unless | None = None


class External(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    forms: dict[str, Form]
    guide_lists: dict[str, GuideList]
    use: list[Use]
    date: list[Dated]


@cache
def external() -> External:
    """maps/codes/external.toml."""
    path = resources.maps() / "codes" / "external.toml"
    return msgspec.toml.decode(path.read_bytes(), type=External)


@cache
def guide_list(name: str) -> frozenset[str]:
    """The codes of a list that the guides name (states, country, ...): pyx12's, and what its copy lacks."""
    return external_codes()[name] | frozenset(external().guide_lists[name].more)


OF_GUIDE = "guide."
"""Before the name of a list that pyx12 ships: its claim_status is not ours."""


class Place(NamedTuple):
    """An element or component (0: the element itself) that carries a list's codes."""

    node: int
    position: int
    component: int
    name: str
    list: str
    beside: int
    """Position of the qualifier; 0 where none is asked, or where it is a component too."""
    of: int
    """Component of the qualifier; 0 where none is asked, or where it is an element."""
    allowed: tuple[str, ...] | None
    composite: bool


@cache
def places_of(guide_name: str, number: int) -> tuple[Place, ...]:
    """The places of a node whose values a list can judge."""
    node = load(guide_name).nodes[number]
    return tuple(place for spec in node.elements for place in _places(node, spec))


def _places(node: Node, spec: ElementSpec) -> Iterator[Place]:
    if spec.usage == "N" or spec.of_usage == "N" or spec.codes or spec.composite:
        return
    if spec.external in external().guide_lists:
        named = external().guide_lists[spec.external].list or OF_GUIDE + spec.external
        yield _place(node, spec, named, None, None)
    named_by_map = OF_GUIDE + (spec.external or "")
    for use in external().use:
        if use.list == named_by_map:
            continue
        if use.element != spec.data_element or (spec.form and use.list in external().forms):
            continue
        if use.unless and _qualifier(node, spec, use.unless, after=False):
            continue
        if not use.qualifier:
            yield _place(node, spec, use.list, None, None)
            continue
        by = _qualifier(node, spec, use.qualifier, use.after)
        if by is not None and (not by.codes or by.codes.intersection(use.values)):
            yield _place(node, spec, use.list, by, use.values)


def _place(
    node: Node,
    spec: ElementSpec,
    named: str,
    by: ElementSpec | None,
    allowed: tuple[str, ...] | None,
) -> Place:
    inside = spec.component is not None
    beside = by.position if by and not inside else 0
    of = (by.component or 0) if by and inside else 0
    return Place(
        node.index, spec.position, spec.component or 0, spec.name, named, beside, of, allowed, inside
    )  # fmt: skip


def _qualifier(node: Node, spec: ElementSpec, element: str, after: bool) -> ElementSpec | None:
    """The nearest element of that number before (or after) this one, in its composite or segment."""
    beside = [
        other
        for other in node.elements
        if other.data_element == element
        and (other.position == spec.position if spec.component else other.component is None)
        and (_order(other) > _order(spec)) == after
    ]
    return (beside[0] if after else beside[-1]) if beside else None


def _order(spec: ElementSpec) -> tuple[int, int]:
    return spec.position, spec.component or 0
