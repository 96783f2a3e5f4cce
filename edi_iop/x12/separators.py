"""Separators: read from each ISA, and swapped for four control characters.

After the swap, files of any separators share one frame, and every later step
deals with the same four characters. The swap is a permutation of the 256 byte
values, so no byte is lost and offsets do not move.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise

import msgspec

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
_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1)
"""Of ISA01 to ISA15; ISA16 has one character."""
_BARE_HEADER = re.compile(
    rb"[\xef\xbb\xbf \t\r\n]*((?:GS|ST)([^A-Za-z0-9\s]).{3,200}?([~\n\r'!|\x1c\x85]))", re.S
)


class Separators(msgspec.Struct, frozen=True, dict=True):
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

    @property
    def given_way(self) -> list[str]:
        """The same as they stand in canonical text."""
        return [one.translate(self.to_canonical).decode("latin-1") for one in self.displaced]

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


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with an ISA: a code of the catalogue of findings, in words, and at which element."""

    code: str
    says: str
    element: int | None = None


class Header(msgspec.Struct, frozen=True):
    """What an ISA says of the bytes that follow it."""

    separators: Separators
    unpadded: Fault | None = None
    """Where the ISA has not its fixed length."""
    fault: Fault | None = None
    """One that leaves the rest readable: a component or repetition separator that is none."""


class Damage(msgspec.Struct, frozen=True):
    """An ISA by which nothing behind it can be read."""

    fault: Fault
    remains: str | None
    """Its elements, ISA to ISA13 at least and without ISA02 and ISA04; None where less is left."""


_SHORT = Fault("ISA_SHORT", "the ISA is cut off or damaged")
_ALIKE = "two separators are the same character"
_COMPONENT = "ISA: element 16 (Component Element Separator)"
_FOLLOWS = (b"GS", b"TA1", b"IEA")
_NEXT = 32
"""How far behind ISA16 the next segment is looked for."""
_NEAR = 64 * 1024
"""As much of an interchange as is searched for its composites, its ISA included."""
_PARTING = b":><|\\^&+;!"
"""What is taken for a component separator where ISA16 names another one that parts nothing."""


def of_isa(data: bytes, at: int) -> Header | None:
    """The separators of the ISA at this offset, or None where nothing behind it can be read by it.

    They are found by counting elements, not bytes: unpadded ISAs exist. A
    repetition separator exists from 00402 on, and where ISA11 is not `U`. A component
    separator that cannot be one, or that parts no composite while another character
    does, is taken from the composites that follow.
    """
    ends = _ends(data, at)
    if ends is None:
        return None
    element, last = data[at + 3 : at + 4], ends[-1]
    component, terminator = _component(data, last, element), data[last + 2 : last + 3]
    if len(component) > 1:
        terminator = data[last + 1 + len(component) : last + 2 + len(component)]
    elif not component.isalnum() and _is_without_component(data, last, element):
        component, terminator = b"", component
    repetition = _repetition(data, ends)
    if not terminator or terminator.isalnum() or terminator in (element, repetition):
        return None  # Letters and digits separate nothing: it is cut off behind ISA15.
    own = Separators(element, component, terminator, repetition)
    unpadded = _unpadded(ends)
    near = _near(data, at, element)
    if len(component) == 1 and not (own.clash or component.isalnum() or component.isspace()):
        meant = _instead(near, own)
        if meant is None:
            return Header(own, unpadded)
    else:
        meant = _meant(near, element, terminator)
    used = None if meant == repetition else repetition
    fault = _of_component(own, meant)
    return Header(Separators(element, meant, terminator, used), unpadded, fault)


def _unpadded(ends: list[int]) -> Fault | None:
    """Elements of another width, also where one makes up for another: at the element, where it is one."""
    widths = [end - begin - 1 for begin, end in pairwise(ends)]
    wrong = [n for n, pair in enumerate(zip(widths, _WIDTHS, strict=True), 1) if pair[0] != pair[1]]
    if not wrong:
        return None
    told = ", ".join(f"{number:02}" for number in wrong)
    says = f"ISA: elements not of their fixed widths: {told}"
    return Fault("ISA_UNPADDED", says, wrong[0] if len(wrong) == 1 else None)


def _component(data: bytes, last: int, element: bytes) -> bytes:
    """What stands in ISA16: one character, or more where the terminator is seen before the next segment."""
    behind = data[last + 1 : last + _NEXT]
    found = _long_component(element).match(behind)
    if found is None or any(one in found.group(1) for one in (element, found.group(2))):
        return behind[:1]
    return found.group(1)


@lru_cache
def _long_component(element: bytes) -> re.Pattern[bytes]:
    """An ISA16 of more characters than one, a terminator, and the segment that follows."""
    names = b"|".join(_FOLLOWS)
    return re.compile(rb"(.{2,10}?)(\S)\s*(?:" + names + rb")" + re.escape(element), re.S)


def tells(data: bytes, at: int) -> bool:
    """Whether enough of an interchange is there to tell its separators, or more must be read first."""
    if at + _NEAR <= len(data):
        return True
    element, terminator = data[at + 3 : at + 4], data[at + _ISA_LENGTH - 1 : at + _ISA_LENGTH]
    near = _near(data, at, element)
    return at + len(near) < len(data) or (
        len(near) > 2 * _ISA_LENGTH and bool(_composite(element, terminator).search(near))
    )


_REPETITION = 11


def _of_component(own: Separators, meant: bytes) -> Fault:
    """What is wrong with ISA16; or with ISA11, where composites are parted as ISA16 says."""
    if not own.component:
        return Fault("ELEMENT_MISSING", f"{_COMPONENT} is missing", 16)
    if own.component == own.repetition == meant:
        return Fault("SEPARATORS_CLASH", _ALIKE, _REPETITION)
    if own.clash:
        return Fault("SEPARATORS_CLASH", _ALIKE, 16)
    if len(own.component) > 1:
        return Fault("ELEMENT_LONG", f"{_COMPONENT} is longer than one character", 16)
    if own.component.isalnum() or own.component.isspace():
        return Fault("CODE_INVALID", f"{_COMPONENT} is no separator", 16)
    parts = meant.decode("latin-1")
    says = f"{_COMPONENT} parts nothing here; components are parted by {parts}"
    return Fault("CODE_INVALID", says, 16)


def damage(data: bytes, at: int) -> Damage:
    """What is wrong with an ISA that `of_isa` cannot read, and what is left of it."""
    elements, ends = _remains(data, at), _ends(data, at)
    if ends is None:
        return Damage(_SHORT, _kept(elements, data[at + 3 : at + 4]))
    element, last = data[at + 3 : at + 4], ends[-1]
    component, terminator = data[last + 1 : last + 2], data[last + 2 : last + 3]
    fault = _SHORT
    if terminator == element and not component.isalnum():
        fault = Fault("SEPARATORS_CLASH", _ALIKE)
    elif elements[_REPETITION : _REPETITION + 2] == ["", ""] or (
        terminator and elements[_REPETITION : _REPETITION + 1] == [terminator.decode("latin-1")]
    ):
        fault = Fault("SEPARATORS_CLASH", _ALIKE, _REPETITION)
    return Damage(fault, _kept(elements, element))


_RELIED_ON = {6: r".*\S.*", 8: r".*\S.*", 9: r"\d{6}", 10: r"\d{4}"}
"""Elements of an ISA by which those before them stand in their places: none was lost."""


def _kept(elements: list[str], element: bytes) -> str | None:
    """What is left of an ISA, its number again at ISA13: the next element of nine digits behind ISA10.

    Without ISA02 and ISA04, which may be passwords, and ISA11 and ISA12.
    """
    sound = len(elements) > _REPETITION and all(
        re.fullmatch(form, elements[place]) for place, form in _RELIED_ON.items()
    )
    rest = elements[_REPETITION:]
    number = next((at for at, text in enumerate(rest) if re.fullmatch(r"\d{9}", text)), None)
    if not sound or number is None:
        return None
    hidden = ["" if place in (2, 4) else text for place, text in enumerate(elements[:_REPETITION])]
    return element.decode("latin-1").join([*hidden, "", "", *rest[number:]])


def _remains(data: bytes, at: int) -> list[str]:
    """The elements of a damaged ISA, to where the next segment begins; none of one around a TA1."""
    element, text = data[at + 3 : at + 4], data[at : at + 2 * _ISA_LENGTH]
    behind = re.search(rb"(?<![A-Z0-9])(GS|TA1|ISA|IEA)" + re.escape(element), text[3:])
    if not element or (behind is not None and behind.group(1) == b"TA1"):
        return []
    text = text if behind is None else text[: behind.start() + 3]
    return text.decode("latin-1").split(element.decode("latin-1"))[: _ISA_ELEMENTS + 1]


def _ends(data: bytes, at: int) -> list[int] | None:
    """Where the 16 elements of an ISA begin, each behind its separator; None where they are fewer."""
    element = data[at + 3 : at + 4]
    if not element or element.isalnum():
        return None
    parts = data[at + 3 : at + 2 * _ISA_LENGTH + 1].split(element, _ISA_ELEMENTS)
    if len(parts) <= _ISA_ELEMENTS:
        return None
    return [at + 2 + width for width in accumulate(len(part) + 1 for part in parts[:-1])]


def _is_without_component(data: bytes, last: int, element: bytes) -> bool:
    """Whether ISA16 was left empty: the next segment, or a line break and that, is right behind."""
    behind = data[last + 2 : last + 8]
    begins = tuple(name + element for name in _FOLLOWS)
    if behind.startswith(begins):
        return True
    line = data[last + 2 : last + 2 + 2 * _ISA_LENGTH].lstrip(b"\r\n")
    first = line.split(b"\n", 1)[0].rstrip(b"\r")
    return (
        behind[:1] in (b"\r", b"\n")
        and line.startswith(begins)
        and first.endswith(data[last + 1 : last + 2])
    )


def _repetition(data: bytes, ends: list[int]) -> bytes | None:
    standard = data[ends[10] + 1 : ends[11]]
    version = data[ends[11] + 1 : ends[12]]
    repeats = len(standard) == 1 and not standard.isalnum() and version >= b"00402"
    return standard if repeats and not standard.isspace() else None


def of_bare(data: bytes) -> tuple[int, Separators] | None:
    """Offset and likely separators of a GS or ST that stands without an ISA."""
    found = _BARE_HEADER.match(data)
    if found is None:
        return None
    element, terminator = found.group(2), found.group(3)
    return found.start(1), Separators(element, _meant(data, element, terminator), terminator, b"^")


def _meant(data: bytes, element: bytes, terminator: bytes) -> bytes:
    """What parts the components of the first composite there is; what most senders use, if there is none."""
    found = _composite(element, terminator).search(data)
    usual = next(one for one in (b":", b">", b"<") if one not in (element, terminator))
    return found.group(1) if found else usual


def _instead(data: bytes, own: Separators) -> bytes | None:
    """What parts the components where ISA16 names a separator that no composite has; None where one has it."""
    composites = _composite(own.element, own.terminator)
    first = composites.search(data)
    if first is None or first.group(1) in (own.component, own.repetition):
        return None
    parting = {found.group(1) for found in composites.finditer(data)}
    meant = first.group(1)
    return meant if meant in _PARTING and own.component not in parting else None


@lru_cache
def _composite(element: bytes, terminator: bytes) -> re.Pattern[bytes]:
    """A segment whose first composite has two components or more, and what parts them."""
    own = re.escape(element + terminator)
    qualified = b"(?:SVC|SV1|HI)%b[A-Z]{2,3}" % re.escape(element)
    billed = b"CLM(?:%b[^%b]*){4}%b[0-9A-Z]{2}" % (re.escape(element), own, re.escape(element))
    heads = b"(?:%b|%b)" % (qualified, billed)
    return re.compile(rb"%b\s*%b([^\s%bA-Za-z0-9])" % (re.escape(terminator), heads, own))


def _near(data: bytes, at: int, element: bytes) -> bytes:
    """What follows an ISA in its own interchange, as far as is searched for composites."""
    end = data.find(b"IEA" + element, at, at + _NEAR)
    return data[at : at + _NEAR if end < 0 else end]
