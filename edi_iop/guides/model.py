"""The words of an implementation guide: loops, segments, elements, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import msgspec

from edi_iop.errors import BadMap

Usage = Literal["R", "S", "N"]


class ElementSpec(msgspec.Struct, frozen=True):
    """What a guide says of one element, or of one component of a composite."""

    position: int
    component: int | None
    name: str
    data_element: str
    type: str
    shortest: int
    longest: int
    usage: Usage
    codes: frozenset[str]
    external: str | None
    """Name of the external code list, where the guide points to one."""
    form: str | None
    """A regular expression the value must contain."""
    repeats: int
    composite: bool = False
    of_usage: Usage = "R"
    """Usage of the composite a component stands in."""


@dataclass(eq=False)
class Node:
    """A loop or a segment of the guide; `index` is its place in document order.

    A dataclass, since a loop and its children hold one another: no Struct could be kept (guides.kept).
    """

    index: int
    id: str
    name: str
    kind: Literal["loop", "segment"]
    usage: Usage
    position: int
    most: int | None
    """How often it may occur in its parent; None without limit."""
    parent: Node | None
    wrapper: bool = False
    """A loop that only groups (header, detail, footer); it has no first segment of its own."""
    children: list[Node] = field(default_factory=list)
    elements: tuple[ElementSpec, ...] = ()
    syntax: tuple[str, ...] = ()

    @property
    def loop(self) -> Node:
        """The nearest loop above that is not a wrapper; a loop's own for a loop."""
        node = self if self.kind == "loop" else self.parent
        while node is not None and node.wrapper:
            node = node.parent
        if node is None:
            raise BadMap(f"segment {self.id} stands outside every loop of its guide")
        return node

    @property
    def first(self) -> Node | None:
        """The segment that begins a loop."""
        for child in self.children:
            if child.kind == "segment":
                return child
        return None

    @property
    def starts_loop(self) -> bool:
        return (
            self.kind == "segment"
            and self.parent is not None
            and not self.parent.wrapper
            and self.parent.first is self
        )

    def above(self) -> Iterator[Node]:
        """The loops above, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def element(self, position: int, component: int | None = None) -> ElementSpec | None:
        return self._places.get((position, component))

    @cached_property
    def _places(self) -> dict[tuple[int, int | None], ElementSpec]:
        return {(spec.position, spec.component): spec for spec in reversed(self.elements)}

    def change(self, elements: Sequence[ElementSpec]) -> None:
        """Other elements, by an overlay."""
        self.elements = tuple(elements)
        self.__dict__.pop("_places", None)

    def codes(self, position: int) -> frozenset[str]:
        """Codes of an element, or of a composite's first component; empty where free."""
        spec = self.element(position)
        if spec is None or not spec.composite:
            return spec.codes if spec else frozenset()
        first = self.element(position, 1)
        return first.codes if first else frozenset()


class Guide(msgspec.Struct, frozen=True, dict=True):
    """One implementation guide: its nodes in document order, the ST loop first."""

    name: str
    transaction: str
    form: str
    nodes: tuple[Node, ...]
    envelope: dict[str, Node]
    """ISA, GS, GE and IEA."""

    @property
    def root(self) -> Node:
        return self.nodes[0]

    def loops(self, loop_id: str) -> list[Node]:
        """Loops of that id; the same id can stand at two places."""
        return self._named.get(("loop", loop_id), [])

    def segments(self, segment_id: str) -> list[Node]:
        return self._named.get(("segment", segment_id), [])

    @cached_property
    def _named(self) -> dict[tuple[str, str], list[Node]]:
        found: dict[tuple[str, str], list[Node]] = {}
        for node in self.nodes:
            found.setdefault((node.kind, node.id), []).append(node)
        return found

    def carrying(self, segment_id: str, loop: Node, qualifiers: Sequence[str] = ()) -> list[Node]:
        """A loop's segments of that id that can carry one of the qualifiers; all, where none is asked."""
        key = segment_id, loop.index, tuple(qualifiers)
        if key not in self._carrying:
            self._carrying[key] = [
                node
                for node in self.segments(segment_id)
                if node.loop is loop
                and (not qualifiers or not node.codes(1) or node.codes(1).intersection(qualifiers))
            ]
        return self._carrying[key]

    @cached_property
    def _carrying(self) -> dict[tuple[str, int, tuple[str, ...]], list[Node]]:
        """What was asked so far: the same with every chunk."""
        return {}
