"""What the guides and our tables say of a segment, an element or a loop (`explain CLP02`).

Names come from the installed guides when they are asked for; the labels of codes are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import msgspec

from edi_iop.guides.loader import ElementSpec, Guide, Node, index, load
from edi_iop.transcribe import maps
from edi_iop.transcribe.places import Place, places
from edi_iop.transcribe.words import code_label, envelope

_USAGE = {"R": "required", "S": "where the situation asks for it", "N": "not used"}
_NAMED = re.compile(
    r"(?:(?P<form>[0-9A-Z]+)\s+)?(?:(?P<loop>[0-9][0-9A-Z]*|ST)\.)?"
    r"(?P<segment>[A-Z][A-Z0-9]{1,2}?)(?:(?P<element>[0-9]{2})(?:-(?P<component>[0-9]{1,2}))?)?"
)
_TYPES = {
    "AN": "text",
    "ID": "code",
    "DT": "date",
    "TM": "time",
    "R": "decimal number",
    "N0": "whole number",
    "N2": "number with two implied decimals",
    "B": "bytes",
}


class Said(msgspec.Struct, frozen=True):
    """One thing a guide or a table says; `kind` begins with the transaction's form."""

    code: str
    kind: str
    says: str
    more: str
    source: str


class Asked(msgspec.Struct, frozen=True):
    """`837I 2300.CLM05-3`: a segment, or an element or component of it, where it is asked for."""

    form: str | None
    loop: str | None
    segment: str
    element: int | None
    component: int | None

    @property
    def name(self) -> str:
        element = "" if self.element is None else f"{self.element:02d}"
        return f"{self.segment}{element}{'' if self.component is None else f'-{self.component}'}"


def asked(text: str) -> Asked | None:
    """What the text names, or None where it cannot be a segment or element."""
    found = _NAMED.fullmatch(text)
    if found is None:
        return None
    element, component = found["element"], found["component"]
    return Asked(
        found["form"],
        "ST_LOOP" if found["loop"] == "ST" else found["loop"],
        found["segment"],
        int(element) if element else None,
        int(component) if component else None,
    )


def of(text: str) -> Iterator[Said]:
    """What every guide says of a loop, segment or element, and the columns that hold it."""
    wanted = asked(text)
    for guide in _guides(wanted.form if wanted else None):
        yield from _loops(guide, text)
        if wanted is not None:
            yield from _columns(guide, wanted)
            yield from (
                _segment(guide, wanted) if wanted.element is None else _element(guide, wanted)
            )
    if wanted is not None and wanted.loop is None and wanted.form is None:
        yield from _of_envelope(wanted)


@cache
def _guides(form: str | None) -> tuple[Guide, ...]:
    """The guides of that form or name; without one those of the version in force."""
    named = [load(name) for name in index().guides]
    if form is None:
        return tuple(guide for guide in named if guide.name.startswith("005010"))
    exact = [guide for guide in named if guide.name == form]
    return tuple(
        exact or [one for one in _guides(None) if one.form == form or one.transaction == form]
    )


def _source(guide: Guide) -> str:
    return f"{guide.name}, as pyx12's map has it"


def _loops(guide: Guide, name: str) -> Iterator[Said]:
    """A loop by its id: how often, and which segments and loops are in it."""
    for loop in dict.fromkeys(guide.loops(name)):
        if loop.wrapper:
            continue
        inside = " ".join(dict.fromkeys(child.id for child in loop.children))
        above = f" in loop {loop.parent.loop.id}" if loop.parent is not None else ""
        says = f"{loop.name}: a loop{above}, {_often(loop)}"
        yield Said(name, f"{guide.form} loop", says, f"holds {inside}", _source(guide))


def _segment(guide: Guide, wanted: Asked) -> Iterator[Said]:
    """Where the guide has the segment; places that differ in nothing but their loop are one."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for node in _nodes(guide, wanted):
        elements = ", ".join(
            f"{node.id}{spec.position:02d} {spec.name}"
            for spec in node.elements
            if spec.component is None and spec.usage != "N"
        )
        grouped.setdefault((node.name, _often(node), elements), []).append(node.loop.id)
    for (name, often, elements), loops in grouped.items():
        says = f"{_in_loops(loops)}: {often}; {name}"
        yield Said(wanted.name, f"{guide.form} segment", says, elements, _source(guide))


def _element(guide: Guide, wanted: Asked) -> Iterator[Said]:
    """What the guide asks of the element, where it stands, and the codes it takes."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for node in _nodes(guide, wanted):
        spec = node.element(wanted.element or 0, wanted.component)
        if spec is not None:
            key = (_demands(spec), _codes(spec, wanted.name))
            grouped.setdefault(key, []).append(node.loop.id)
    for (demands, listed), loops in grouped.items():
        says = f"{_in_loops(loops)}: {demands}"
        yield Said(wanted.name, f"{guide.form} element", says, listed, _source(guide))


def _of_envelope(wanted: Asked) -> Iterator[Said]:
    """ISA, GS and their trailers, alike in every guide."""
    node = envelope().get(wanted.segment)
    if node is None:
        return
    source = "the interchange control structure, as pyx12's map has it"
    if wanted.element is None:
        yield Said(wanted.name, "envelope segment", f"{node.name}, {_often(node)}", "", source)
    elif (spec := node.element(wanted.element, wanted.component)) is not None:
        yield Said(
            wanted.name, "envelope element", _demands(spec), _codes(spec, wanted.name), source
        )


def _nodes(guide: Guide, wanted: Asked) -> list[Node]:
    found = guide.segments(wanted.segment)
    return [node for node in found if wanted.loop in (None, node.loop.id)]


def _columns(guide: Guide, wanted: Asked) -> Iterator[Said]:
    """The columns of our tables that the element is read into; of a segment, table by table."""
    table_map = maps.for_guide(guide.name)
    known = places(table_map.name) if table_map else ()
    held = [place for place in known if _is_held(place, wanted)]
    if wanted.element is None:
        for name in dict.fromkeys(place.table.name for place in held):
            names = dict.fromkeys(one.column.name for one in held if one.table.name == name)
            source = f"our table {name}"
            yield Said(
                wanted.name, f"{guide.form} columns", f"read into {', '.join(names)}", "", source
            )
        return
    distinct = {(one.table.name, one.column.name, _where(one)): one.column for one in held}
    for (table, name, where), column in distinct.items():
        says = column.meaning or name.removesuffix("_cents").replace("_", " ")
        source = f"column {name} of our table {table}"
        yield Said(wanted.name, f"{guide.form} column", says, f"read from {where}", source)


def _is_held(place: Place, wanted: Asked) -> bool:
    if place.segment != wanted.segment or wanted.loop not in (None, place.loop):
        return False
    return wanted.element is None or place.holds(wanted.element, wanted.component)


def _where(place: Place) -> str:
    """`2100.NM1[QC]`, as table maps write it."""
    loop = f"{place.loop}." if place.loop else ""
    qualified = f"[{','.join(place.qualifiers)}]" if place.qualifiers else ""
    return f"{loop}{place.segment}{qualified}"


def _often(node: Node) -> str:
    often = "any number" if node.most is None else f"up to {node.most}"
    return f"{_USAGE[node.usage]}, {often}"


def _in_loops(loops: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(loops))
    return f"loop{'' if len(distinct) == 1 else 's'} {', '.join(distinct)}"


def _demands(spec: ElementSpec) -> str:
    """`required; Claim Status Code, a code of 1 to 2 characters`."""
    if spec.composite:
        return f"{_USAGE[spec.usage]}; {spec.name}, a composite"
    shortest = "" if spec.shortest == spec.longest else f"{spec.shortest} to "
    size = f"{shortest}{spec.longest} character{'' if spec.longest == 1 else 's'}"
    kind = _TYPES.get(spec.type, spec.type)
    listed = f", of the list {spec.external}" if spec.external else ""
    number = f" (data element {spec.data_element})"
    return f"{_USAGE[spec.usage]}; {spec.name}, {kind}, {size}{listed}{number}"


def _codes(spec: ElementSpec, reference: str) -> str:
    """The codes the guide lists, with our words where we have some."""
    told = (f"{code} {code_label(spec, reference, code)}".strip() for code in sorted(spec.codes))
    return f"codes: {', '.join(told)}" if spec.codes else ""
