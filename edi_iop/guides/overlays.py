"""Overlays: what pyx12's map of a guide has wrong, put right, each entry with its reason.

maps/guides/GUIDE.toml holds the entries. `at` names the loops, segments or
elements (guides.paths); the other keys say what the guide has there instead.
"""

from __future__ import annotations

from pathlib import Path as File
from typing import Any

import msgspec
from msgspec.structs import replace

from edi_iop.errors import BadMap
from edi_iop.guides import paths
from edi_iop.guides.model import ElementSpec, Guide, Node, Usage


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry: what is otherwise at a place, why, and the clause it follows."""

    at: str
    reason: str
    cites: str
    usage: Usage | None = None
    most: int | None = None
    """How often a loop or segment may occur; 0 without limit."""
    add_codes: frozenset[str] = frozenset()
    drop_codes: frozenset[str] = frozenset()
    form: str | None = None
    """A regular expression the whole value must match."""
    type: str | None = None
    """The data type of an element: AN is text."""
    position: int | None = None
    """Where a loop stands in the one above: loops of one position come in any order."""
    codes_of: str | None = None
    """The element of the same segment whose codes this one has too, as in 03-1."""
    external: str | None = None
    """The list outside the guide that its codes are of (maps/codes/external.toml, guide_lists)."""
    syntax: tuple[str, ...] = ()
    """Syntax notes the segment has besides."""


class _Overlay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    change: tuple[Change, ...]


def entries(file: File) -> tuple[Change, ...]:
    """The entries of one overlay."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=_Overlay).change
    except msgspec.DecodeError as problem:
        raise BadMap(f"{file.name}: {problem}; correct the entry") from problem


def apply(guide: Guide, changes: tuple[Change, ...]) -> None:
    """Put the guide's nodes right; an entry that finds nothing to change is a mistake."""
    for entry in changes:
        if not _changed(guide, entry):
            raise BadMap(f"overlay of {guide.name}: {entry.at} changes nothing; remove the entry")


def _changed(guide: Guide, entry: Change) -> bool:
    path = paths.parse(entry.at)
    if path.element:
        changed = [_element(node, path, entry) for node in path.segments(guide)]
    else:
        nodes = path.loops(guide) if path.segment is None else path.segments(guide)
        changed = [_node(node, entry) for node in nodes]
    return any(changed)


def _node(node: Node, entry: Change) -> bool:
    """A loop or segment otherwise; whether it was not so before."""
    before = (node.usage, node.most, node.position, node.syntax)
    if entry.usage is not None:
        node.usage = entry.usage
    if entry.position is not None:
        node.position = entry.position
    if entry.most is not None:
        node.most = entry.most or None
    node.syntax = (*node.syntax, *(note for note in entry.syntax if note not in node.syntax))
    return before != (node.usage, node.most, node.position, node.syntax)


def _element(node: Node, path: paths.Path, entry: Change) -> bool:
    """An element or component otherwise; whether it was not so before."""
    before = node.elements
    node.change(
        [
            replace(spec, **_otherwise(node, spec, entry))
            if (spec.position, spec.component) == (path.element, path.component)
            else spec
            for spec in before
        ]
    )
    return before != node.elements


def _otherwise(node: Node, spec: ElementSpec, entry: Change) -> dict[str, Any]:
    like = node.element(*paths.place(entry.codes_of)[:2]) if entry.codes_of else None
    codes = like.codes if like else (spec.codes | entry.add_codes) - entry.drop_codes
    form = f"^(?:{entry.form})$" if entry.form else spec.form
    external = entry.external or spec.external
    return {
        "usage": entry.usage or spec.usage,
        "codes": codes,
        "form": form,
        "type": entry.type or spec.type,
        "external": external,
    }
