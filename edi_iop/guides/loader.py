"""Implementation guides: pyx12's XML maps as a tree of nodes.

The maps come from the installed pyx12 package, found by its own index, so that
both programs read the same guide. What they lack or have wrong is put right by the
overlay of that guide (maps/guides/GUIDE.toml).
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.guides import model, overlays, paths
from edi_iop.guides.kept import kept
from edi_iop.guides.model import ElementSpec, Guide, Node, Usage

__all__ = ["ElementSpec", "Guide", "Node", "Usage", "external_codes", "index", "load", "resolve"]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    transaction: str
    group: str
    form: str = ""


class _SameAs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    guide: str
    reason: str


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    guides: dict[str, _Entry]
    same_as: dict[str, _SameAs]
    bare: dict[str, str]


@cache
def index() -> _Index:
    """maps/guides/index.toml."""
    path = resources.maps() / "guides" / "index.toml"
    return msgspec.toml.decode(path.read_bytes(), type=_Index)


def resolve(version: str | None, transaction: str | None) -> str | None:
    """The guide that reads a transaction of this version, or None where we have none."""
    known = index()
    name = version or known.bare.get(transaction or "")
    if name in known.same_as:
        name = known.same_as[name].guide
    entry = known.guides.get(name or "")
    return name if entry is not None and entry.transaction == transaction else None


@cache
def load(name: str) -> Guide:
    """The guide of that name, compiled from pyx12's map and our overlay of it; kept (guides.kept)."""
    entry = index().guides.get(name)
    if entry is None:
        raise BadMap(f"guide {name} is not in maps/guides/index.toml")
    map_file, folder = _map_file(name, entry.group), resources.maps() / "guides"
    overlay = folder / f"{name}.toml"
    words = [map_file, _package() / "dataele.xml", folder / "index.toml"]
    code = [Path(one) for one in (__file__, model.__file__, overlays.__file__, paths.__file__)]
    sources = [one for one in (*words, overlay, *code) if one.is_file()]
    return kept(name, sources, lambda: _made(name, entry, map_file, overlay))


def _made(name: str, entry: _Entry, map_file: Path, overlay: Path) -> Guide:
    root = ElementTree.parse(map_file).getroot()
    isa = _child(root, "loop")
    gs = _child(isa, "loop")
    envelope = {
        str(xml.get("xid")): _segment(xml, None, 0)
        for loop in (isa, gs)
        for xml in loop.findall("segment")
    }
    nodes: list[Node] = []
    _grow(_child(gs, "loop"), None, nodes)
    guide = Guide(name, entry.transaction, entry.form or entry.transaction, tuple(nodes), envelope)
    if overlay.is_file():
        overlays.apply(guide, overlays.entries(overlay))
    return guide


@cache
def _package() -> Path:
    """Where pyx12's maps are; the package itself is not loaded for them."""
    spec = find_spec("pyx12")
    if spec is None or spec.origin is None:
        raise BadMap("pyx12 is not installed; install pyx12 4.0 or newer")
    return Path(spec.origin).parent / "map"


def _map_file(name: str, group: str) -> Path:
    """The map pyx12's index names for this version and functional group."""
    for entry in ElementTree.parse(_package() / "maps.xml").iter("map"):
        if entry.get("vriic") == name and entry.get("fic") == group and entry.text:
            return _package() / entry.text
    raise BadMap(f"pyx12 has no map for guide {name}; install pyx12 4.0 or newer")


def _child(xml: ElementTree.Element, tag: str) -> ElementTree.Element:
    found = xml.find(tag)
    if found is None:
        raise BadMap(f"a guide map of pyx12 has no {tag} in {xml.get('xid')}")
    return found


def _text(xml: ElementTree.Element, name: str, default: str = "") -> str:
    """An attribute or, in the older dialect, a child element of that name."""
    return xml.get(name) or xml.findtext(name) or default


def _most(text: str) -> int | None:
    return None if text in ("", ">1") else int(text)


def _usage(text: str) -> Usage:
    if text not in ("R", "S", "N"):
        raise BadMap(f"a guide map of pyx12 has usage {text!r}")
    return text  # type: ignore[return-value]


def _grow(xml: ElementTree.Element, parent: Node | None, nodes: list[Node]) -> Node:
    """A loop and all below it, in the order of their positions."""
    loop = Node(
        index=len(nodes),
        id=str(xml.get("xid")),
        name=_text(xml, "name"),
        kind="loop",
        usage=_usage(_text(xml, "usage")),
        position=int(_text(xml, "pos")),
        most=_most(_text(xml, "repeat")),
        parent=parent,
        wrapper=xml.get("type") == "wrapper",
    )
    nodes.append(loop)
    parts = [part for part in xml if part.tag in ("loop", "segment")]
    for part in sorted(parts, key=lambda part: int(_text(part, "pos"))):
        if part.tag == "loop":
            loop.children.append(_grow(part, loop, nodes))
        else:
            node = _segment(part, loop, len(nodes))
            nodes.append(node)
            loop.children.append(node)
    return loop


def _segment(xml: ElementTree.Element, parent: Node | None, number: int) -> Node:
    elements: list[ElementSpec] = []
    for part in xml:
        if part.tag == "element":
            elements.append(_element(part, None, "R"))
        elif part.tag == "composite":
            elements += _composite(part)
    return Node(
        index=number,
        id=str(xml.get("xid")),
        name=_text(xml, "name"),
        kind="segment",
        usage=_usage(_text(xml, "usage")),
        position=int(_text(xml, "pos")),
        most=_most(_text(xml, "max_use")),
        parent=parent,
        elements=tuple(sorted(elements, key=lambda spec: (spec.position, spec.component or 0))),
        syntax=tuple(rule.text for rule in xml.findall("syntax") if rule.text),
    )


def _composite(xml: ElementTree.Element) -> list[ElementSpec]:
    position, usage = int(_text(xml, "seq")), _usage(_text(xml, "usage"))
    repeats = _most(_text(xml, "repeat", "1")) or 999
    whole = ElementSpec(
        position, None, _text(xml, "name"), _text(xml, "data_ele"), "", 0, 0, usage,
        frozenset(), None, None, repeats, composite=True,
    )  # fmt: skip
    return [whole] + [_element(part, position, usage) for part in xml.findall("element")]


def _element(xml: ElementTree.Element, of: int | None, of_usage: Usage) -> ElementSpec:
    """An element, or with `of` a component of the composite at that position."""
    seq = int(_text(xml, "seq"))
    number = _text(xml, "data_ele")
    kind, shortest, longest = _data_elements().get(number, ("AN", 1, 999))
    codes = xml.find("valid_codes")
    listed = [] if codes is None else [code.text or "" for code in codes.findall("code")]
    return ElementSpec(
        seq if of is None else of,
        None if of is None else seq,
        _text(xml, "name"),
        number,
        kind,
        shortest,
        longest,
        _usage(_text(xml, "usage")),
        frozenset(listed),
        None if codes is None else codes.get("external"),
        _form(xml.findtext("regex")),
        1,
        of_usage=of_usage,
    )


def _form(regex: str | None) -> str | None:
    """The form of a whole value: some of the maps' expressions do not say where it begins and ends."""
    if not regex or regex.startswith("^"):
        return regex or None
    return f"^(?:{regex})$"


@cache
def _data_elements() -> dict[str, tuple[str, int, int]]:
    """Type, shortest and longest length of each data element of the X12 dictionary."""
    root = ElementTree.parse(_package() / "dataele.xml").getroot()
    return {
        str(entry.get("ele_num")): (
            str(entry.get("data_type")),
            int(entry.get("min_len") or 1),
            int(entry.get("max_len") or 999),
        )
        for entry in root.iter("data_ele")
    }


@cache
def external_codes() -> dict[str, frozenset[str]]:
    """External code lists as pyx12 ships them, by name (states, country, remark_code, ...)."""
    root = ElementTree.parse(_package() / "codes.xml").getroot()
    return {
        entry.findtext("id") or "": frozenset(code.text or "" for code in entry.iter("code"))
        for entry in root.iter("codeset")
    }
