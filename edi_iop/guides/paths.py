"""Paths name a place of a guide: LOOP, LOOP.SEG[qualifier], LOOP.SEG[qualifier]element-component.

The notation is that of the table maps: `2300.REF[F8]02`, `2400.SV202-2`, `ST.BPR04`.
`ST` is the transaction's own loop, `*` every loop; `2000B/2300` is the one loop of
that id that stands right under the other. `02+3` is element 02 and every third after it
(the reasons of a CAS), `01+1-2` the second component of every element (the codes of an HI).
"""

from __future__ import annotations

import re

import msgspec

from edi_iop.errors import BadMap
from edi_iop.guides.model import Guide, Node

_PATH = re.compile(
    r"(?:(?P<under>[0-9A-Z]+)/)?(?P<loop>[0-9A-Z]+|\*)(?:\.(?P<segment>[A-Z][A-Z0-9]{1,2})"
    r"(?:\[(?P<qualifiers>[^\]]+)\])?"
    r"(?:(?P<element>\d\d)(?:\+(?P<step>\d))?(?:-(?P<component>\d))?)?)?"
)
_PLACE = re.compile(r"(?P<element>\d\d)(?:\+(?P<step>\d))?(?:-(?P<component>\d))?")


class Path(msgspec.Struct, frozen=True):
    """A place of a guide; element 0 is the whole segment, no segment the whole loop."""

    loop: str
    segment: str | None = None
    qualifiers: tuple[str, ...] = ()
    element: int = 0
    component: int | None = None
    under: str | None = None
    step: int = 0
    """So many elements further stands the next one that is meant; 0 where one alone is."""

    def loops(self, guide: Guide) -> list[Node]:
        """The loops of that id; an id can stand at two places."""
        if self.loop == "*":
            return [node for node in guide.nodes if node.kind == "loop" and not node.wrapper]
        found = guide.loops("ST_LOOP" if self.loop == "ST" else self.loop)
        return [loop for loop in found if not self.under or _above(loop) == self.under]

    def segments(self, guide: Guide) -> list[Node]:
        """The segments that can stand there; those that begin the loop, where none is named."""
        loops = self.loops(guide)
        if self.segment is None:
            return [loop.first for loop in loops if loop.first is not None]
        inside = set(loops)
        return [
            node
            for node in guide.segments(self.segment)
            if node.loop in inside and self._carried(node)
        ]

    def _carried(self, node: Node) -> bool:
        codes = node.codes(1)
        return not self.qualifiers or not codes or bool(codes.intersection(self.qualifiers))


def _above(loop: Node) -> str | None:
    return loop.parent.loop.id if loop.parent is not None else None


def parse(text: str) -> Path:
    """A path as written in a map."""
    found = _PATH.fullmatch(text)
    if found is None:
        raise BadMap(f"{text!r} is not a path; write LOOP.SEG[qualifier]element-component")
    qualifiers = found["qualifiers"]
    return Path(
        found["loop"],
        found["segment"],
        tuple(qualifiers.split(",")) if qualifiers else (),
        int(found["element"] or 0),
        int(found["component"]) if found["component"] else None,
        found["under"],
        int(found["step"] or 0),
    )


def place(text: str) -> tuple[int, int | None, int]:
    """An element, or a component of one, of a segment known already: 05, 05-1; and its step."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise BadMap(f"{text!r} is not an element; write 05 or 05-1")
    component = int(found["component"]) if found["component"] else None
    return int(found["element"]), component, int(found["step"] or 0)
