"""Segments in words: each element named as its guide names it, its code with our few words.

Names come from the installed guide when they are asked for; what a code means is
ours (maps/words.toml and the code lists). What tells of a person is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property, lru_cache

import msgspec

from edi_iop import codes, resources
from edi_iop.codes.licensed import Texts
from edi_iop.errors import BadMap
from edi_iop.guides.loader import ElementSpec, Guide, Node, index, load
from edi_iop.money import to_cents
from edi_iop.x12 import separators as sep
from edi_iop.x12.separators import Separators

MASK = "<hidden>"
"""Stands for what tells of a person; no separator is in it."""
_DATE = re.compile(r"(\d{4}|\d{2})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{2})(\d{2})(?:\d{2,4})?")


class Personal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Elements of a segment that tell of a person, and where they do not."""

    segment: str
    elements: frozenset[int]
    unless: dict[int, frozenset[str]] = {}
    """Element, and the codes in it by which the segment is about nobody."""
    open: dict[str, frozenset[str]] = {}
    """Form of the guide, and its loops in which the segment is about nobody."""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """maps/words.toml."""

    money: frozenset[str]
    periods: frozenset[str]
    qualifiers: frozenset[str]
    silent: frozenset[str]
    lists: dict[str, str]
    words: dict[str, dict[str, str]]
    personal: tuple[Personal, ...]

    @cached_property
    def rules(self) -> dict[str, Personal]:
        return {rule.segment: rule for rule in self.personal}


@cache
def data() -> Words:
    """The words, decoded; BadMap where they do not."""
    path = resources.maps() / "words.toml"
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Words, strict=False)
    except (OSError, msgspec.MsgspecError) as problem:
        raise BadMap(f"{path.name}: {problem}; correct the words") from problem


class Part(msgspec.Struct, frozen=True):
    """One element or component in words; an amount of money apart, so that it can be lined up."""

    label: str
    text: str
    cents: int | None = None


class Told(msgspec.Struct, frozen=True):
    """A segment: its text as it may be shown, and what it says."""

    segment: str
    raw: str
    name: str
    parts: tuple[Part, ...]


@cache
def envelope() -> dict[str, Node]:
    """ISA, GS, TA1 and the trailers, alike in every guide."""
    return load(next(iter(index().guides))).envelope


@cache
def _known_ids() -> frozenset[str]:
    guides = [load(name) for name in index().guides]
    inside = {node.id for guide in guides for node in guide.nodes if node.kind == "segment"}
    return frozenset({*inside, *envelope()})


def tell(
    raw: str,
    own: Separators,
    guide: Guide | None,
    node: Node | None,
    show_phi: bool = False,
    texts: Texts | None = None,
) -> Told:
    """One segment (as it stands in its file) in words.

    node: its place in the guide, if it has one; texts: the code lists the user loaded.
    """
    element = own.element.decode("latin-1")
    elements = raw.split(element)
    segment = elements[0]
    place = node or envelope().get(segment)
    hidden = frozenset[int]() if show_phi else _hidden(elements, own, guide, node)
    shown = [MASK if number in hidden else text for number, text in enumerate(elements)]
    apart = own.component.decode("latin-1")
    between = own.repetition.decode("latin-1") if own.repetition else None
    parts = tuple(
        part
        for number, text in enumerate(shown[1:], start=1)
        if text
        for part in _element(place, segment, number, text, apart, between, texts)
    )
    return Told(shown[0], element.join(shown), place.name if place else "", parts)


def _hidden(
    elements: Sequence[str], own: Separators, guide: Guide | None, node: Node | None
) -> frozenset[int]:
    """Numbers of the elements that tell of a person."""
    if elements[0] not in _known_ids():
        filled = _filled(elements)
        return filled if re.search(sep.SEGMENT_ID, elements[0]) else filled | {0}
    rule = data().rules.get(elements[0])
    if rule is None or (guide and node and node.loop.id in rule.open.get(guide.form, ())):
        return frozenset()
    component = own.component.decode("latin-1")
    for number, harmless in rule.unless.items():
        if number < len(elements) and elements[number].split(component)[0] in harmless:
            return frozenset()
    return _filled(elements) & rule.elements


def _filled(elements: Sequence[str]) -> frozenset[int]:
    return frozenset(number for number, text in enumerate(elements) if number and text.strip())


@lru_cache(maxsize=1 << 16)
def _element(
    node: Node | None,
    segment: str,
    number: int,
    text: str,
    apart: str,
    between: str | None,
    texts: Texts | None,
) -> tuple[Part, ...]:
    """An element, its repetitions and components, each by itself.

    Kept: the elements of a file repeat far more often than its segments.
    """
    if not text.strip():
        return ()
    spec = node.element(number) if node else None
    whole = segment == "ISA" or text == MASK
    repeats = [text] if whole or between is None else text.split(between)
    parts: list[Part] = []
    for one in repeats:
        components = [one] if whole else one.split(apart)
        if len(components) == 1 and not (spec and spec.composite and text != MASK):
            parts += _word(spec, f"{segment}{number:02d}", one, texts)
            continue
        for place, value in enumerate(components, start=1):
            inner = node.element(number, place) if node else None
            parts += _word(inner, f"{segment}{number:02d}-{place}", value, texts)
    return tuple(parts)


def _word(
    spec: ElementSpec | None, reference: str, value: str, texts: Texts | None
) -> Iterator[Part]:
    """A value under its name: money, date, code or text."""
    value = value.strip()
    if not value:
        return
    known = data()
    if spec is None:
        yield Part(reference, value)
    elif value == MASK:
        yield Part(spec.name, value)
    elif spec.data_element in known.money and (cents := _cents(value)) is not None:
        yield Part(spec.name, "", cents)
    elif spec.data_element not in known.silent:
        says = code_label(spec, reference, value, texts)
        label = "" if spec.data_element in known.qualifiers and says else spec.name
        yield Part(label, f"{value} {says}" if says else _readable(spec, value))


def code_label(spec: ElementSpec, reference: str, value: str, texts: Texts | None = None) -> str:
    """The words for a code: those of the user's own list, else ours, or nothing."""
    known = data()
    number = spec.data_element
    kind = known.lists.get(reference) or known.lists.get(f"{number}.{spec.component}")
    kind = kind or known.lists.get(number)
    listed = (texts or codes).label(kind, value) if kind else None
    return listed or known.words.get(number, {}).get(value, "")


def _readable(spec: ElementSpec, value: str) -> str:
    """Dates and times as a person writes them; anything else as it is."""
    if spec.type == "DT" or spec.data_element in data().periods:
        return " to ".join(_day(part) for part in value.split("-"))
    return _clock(value) if spec.type == "TM" else value


def _day(text: str) -> str:
    """CCYYMMDD, YYMMDD or CCYYMMDDHHMM as 2026-03-01 or 2026-03-01 09:00."""
    if len(text) == 12 and text.isdecimal():
        return f"{_day(text[:8])} {_clock(text[8:])}"
    found = _DATE.fullmatch(text)
    if found is None:
        return text
    year, month, day = found.groups()
    return f"{year if len(year) == 4 else f'20{year}'}-{month}-{day}"


def _clock(text: str) -> str:
    found = _TIME.fullmatch(text)
    return ":".join(found.groups()) if found else text


def _cents(text: str) -> int | None:
    try:
        return to_cents(text)
    except ValueError:
        return None
