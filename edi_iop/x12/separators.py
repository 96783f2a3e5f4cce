"""Separators: read from each ISA, and swapped for four control characters.

After the swap, files of any separators share one frame, and every later step
deals with the same four characters. The swap is a permutation of the 256 byte
values, so no byte is lost and offsets do not move.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

TERMINATOR = "\x1c"
ELEMENT = "\x1d"
REPETITION = "\x1e"
COMPONENT = "\x1f"
FIRST_COMPONENT = f"^[^{COMPONENT}{REPETITION}]*"
"""A composite's first component, where a qualifier stands."""
SEGMENT_ID = r"^[A-Z][A-Z0-9]{1,2}$"
"""A segment identifier; what is none may be anybody's data and is not shown."""

_ISA_ELEMENTS = 16
_ISA_LENGTH = 106
_BARE_HEADER = re.compile(
    rb"[\xef\xbb\xbf \t\r\n]*((?:GS|ST)([^A-Za-z0-9\s]).{3,200}?([~\n\r'!|\x1c\x85]))", re.S
)


@dataclass(frozen=True)
class Separators:
    """The four separators of one interchange, each one byte; repetition may be absent."""

    element: bytes
    component: bytes
    terminator: bytes
    repetition: bytes | None = None

    @property
    def clash(self) -> bool:
        """Whether two of them are the same character."""
        given = [self.element, self.component, self.terminator]
        if self.repetition is not None:
            given.append(self.repetition)
        return len(set(given)) < len(given)

    @property
    def displaced(self) -> tuple[bytes, ...]:
        """The control characters that give way to a separator and are none of this interchange."""
        own = {pair[0] for pair in self._pairs}
        return tuple(bytes([pair[1]]) for pair in self._pairs if pair[1] not in own)

    @cached_property
    def to_canonical(self) -> bytes:
        """The 256-byte translation table, a permutation where the separators differ."""
        table = bytearray(range(256))
        for own, canonical in self._pairs:
            table[own] = canonical
        # A control character that gives way takes the byte at the other end of the exchange.
        owner = {canonical: own for own, canonical in self._pairs}
        for canonical in owner.keys() - set(owner.values()):
            free = canonical
            for _ in owner:
                free = owner.get(free, free)
            table[canonical] = free
        return bytes(table)

    @property
    def _pairs(self) -> list[tuple[int, int]]:
        """Each separator given, and the control character it becomes."""
        every = (
            (self.element, ELEMENT),
            (self.component, COMPONENT),
            (self.terminator, TERMINATOR),
            (self.repetition, REPETITION),
        )
        return [(own[0], ord(canonical)) for own, canonical in every if own is not None]

    def shown(self, text: str) -> str:
        """Canonical text with this interchange's own separators again."""
        return text.translate({canonical: own for own, canonical in self._pairs})


DEFAULT = Separators(b"*", b":", b"~", b"^")
"""What we write."""


@dataclass(frozen=True)
class Header:
    """What an ISA says of the bytes that follow it."""

    separators: Separators
    padded: bool
    """Every element has its fixed width."""


def of_isa(data: bytes, at: int) -> Header | None:
    """The separators of the ISA at this offset, or None where it is cut off.

    They are found by counting elements, not bytes: unpadded ISAs exist. A
    repetition separator exists from 00402 on, and where ISA11 is not `U`.
    """
    element = data[at + 3 : at + 4]
    if not element or element.isalnum():
        return None
    ends, place = [], at + 3
    for _ in range(_ISA_ELEMENTS):
        ends.append(place)
        place = data.find(element, place + 1, at + 2 * _ISA_LENGTH + 1)
        if place < 0 and len(ends) < _ISA_ELEMENTS:
            return None
    last = ends[-1]
    component, terminator = data[last + 1 : last + 2], data[last + 2 : last + 3]
    if not terminator or last - at > 2 * _ISA_LENGTH:
        return None
    if component.isalnum() or terminator.isalnum():
        return None  # Cut off behind ISA15: letters and digits separate nothing.
    standard = data[ends[10] + 1 : ends[11]]
    version = data[ends[11] + 1 : ends[12]]
    repeats = len(standard) == 1 and not standard.isalnum() and version >= b"00402"
    repetition = standard if repeats and not standard.isspace() else None
    padded = last - at == _ISA_LENGTH - 3
    return Header(Separators(element, component, terminator, repetition), padded)


def of_bare(data: bytes) -> tuple[int, Separators] | None:
    """Offset and likely separators of a GS or ST that stands without an ISA."""
    found = _BARE_HEADER.match(data)
    if found is None:
        return None
    element, terminator = found.group(2), found.group(3)
    composite = re.search(rb"(?:SVC|SV1|CLM)" + re.escape(element) + rb"[A-Z]{2}(\W)", data)
    component = composite.group(1) if composite else b":"
    return found.start(1), Separators(element, component, terminator, b"^")
