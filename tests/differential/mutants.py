"""Seeded single faults in valid files: what a sender gets wrong, one thing at a time.

A mutant names what was done and where, so that a disagreement can be read
without the file. Segment counts are put right, unless the count is the fault.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.conftest import FIXTURES

BASES = {
    path.name: path.read_bytes()
    for path in sorted((*(FIXTURES / "mutants").iterdir(), *(FIXTURES / "x12").iterdir()))
}
"""The valid files that are changed, by name."""
Segments = list[list[str]]
BODY_FROM, BODY_TO = 3, -3
"""Faults are planted between the ST and the SE; `recount` alone looks further."""


@dataclass(frozen=True)
class Mutant:
    """One file with one fault: its base, the kind of fault, the segment and element it is in."""

    base: str
    kind: str
    segment: str
    element: int | None
    data: bytes

    @property
    def named(self) -> tuple[str, str, bytes]:
        return self.kind, self.said, self.data

    @property
    def said(self) -> str:
        place = "" if self.element is None else f"{self.element:02d}"
        return f"{self.base}: {self.kind} {self.segment}{place}"


def segments_of(data: bytes) -> Segments:
    return [text.split("*") for text in data.decode("ascii").rstrip("~\n").split("~\n")]


def joined(segments: Segments) -> bytes:
    return ("~\n".join("*".join(one) for one in segments) + "~\n").encode("latin-1")


def plain(data: bytes) -> bytes | None:
    """A file with one interchange and transaction and the usual separators, a segment a line; else None."""
    text = data.decode("latin-1").strip().replace("\r", "").replace("\n", "")
    usual = data.isascii() and text[3:4] == "*" and text[104:106] == ":~" and text.endswith("~")
    if not usual or any(text.count(f"~{one}*") != 1 for one in ("GS", "ST", "SE", "GE", "IEA")):
        return None
    return joined([one.split("*") for one in text.rstrip("~").split("~")])


def is_remit(data: bytes) -> bool:
    return b"\nST*835*" in data


REMITS = tuple(name for name, data in BASES.items() if is_remit(data))
"""The bases that are 835s."""


def _drop(segments: Segments, at: int, _: random.Random) -> None:
    del segments[at]


def _repeat(segments: Segments, at: int, _: random.Random) -> None:
    segments.insert(at, list(segments[at]))


def _swap(segments: Segments, at: int, _: random.Random) -> None:
    other = at + 1 if at + 1 < len(segments) + BODY_TO else at - 1
    segments[at], segments[other] = segments[other], segments[at]


def _move(segments: Segments, at: int, chance: random.Random) -> None:
    segments.insert(chance.randrange(BODY_FROM, len(segments) + BODY_TO), segments.pop(at))


def _stranger(segments: Segments, at: int, chance: random.Random) -> None:
    segments.insert(
        at, chance.choice([["ZZZ", "1"], ["K3", "X"], ["REF", "ZZ", "1"], ["MSG", "A"]])
    )


def _cut(segments: Segments, at: int, chance: random.Random) -> None:
    one = segments[at]
    del one[chance.randrange(1, len(one)) :]


SEGMENT_FAULTS: dict[str, Callable[[Segments, int, random.Random], None]] = {
    "drop": _drop,
    "repeat": _repeat,
    "swap": _swap,
    "move": _move,
    "stranger": _stranger,
    "cut": _cut,
}

Change = Callable[[str, random.Random], str]
ELEMENT_FAULTS: dict[str, Change] = {
    "blank": lambda _, __: "",
    "lengthen": lambda value, chance: value + "1" * chance.choice([1, 10, 80]),
    "shorten": lambda value, _: value[:1],
    "miscode": lambda value, chance: chance.choice(["ZZ", "QQQ", "0", "X1"]) + value[4:],
    "letter": lambda value, _: value[:-1] + "x",
    "day": lambda value, chance: value[:-2] + chance.choice(["00", "32", "99"]),
    "point": lambda value, _: value + ".",
    "negative": lambda value, _: "-" + value,
    "component": lambda value, _: value + ":X",
    "composite": lambda value, chance: ":".join(value.split(":")[: chance.choice([1, 2])]),
    "repetition": lambda value, _: value + "^" + value,
    "space": lambda value, _: value + " ",
    "lower": lambda value, _: value.lower(),
    "control": lambda value, _: value + "\x07",
    "amount": lambda value, _: str(int(value) + 1) if value.lstrip("-").isdigit() else value,
}
COUNTS = {"SE": 1, "GE": 1, "IEA": 1}
NUMBERS = {"SE": 2, "GE": 2, "IEA": 2}


def mutant(base: str, chance: random.Random) -> Mutant:
    """One random fault in a base file."""
    segments = segments_of(BASES[base])
    family = chance.random()
    if family < 0.4:
        kind = chance.choice(list(SEGMENT_FAULTS))
        at = chance.randrange(BODY_FROM, len(segments) + BODY_TO)
        segment, element = segments[at][0], None
        SEGMENT_FAULTS[kind](segments, at, chance)
        recounted(segments)
    elif family < 0.95:
        kind = chance.choice(list(ELEMENT_FAULTS))
        at = chance.randrange(BODY_FROM, len(segments) + BODY_TO)
        segment, element = segments[at][0], _change(segments[at], kind, chance)
    else:
        kind, segment, element = _envelope(segments, chance)
    return Mutant(base, kind, segment, element, joined(segments))


def _change(segment: list[str], kind: str, chance: random.Random) -> int:
    """One element changed; where the segment says nothing there, something is added."""
    element = chance.randrange(1, len(segment) + 1)
    if element == len(segment):
        segment.append("X")
    before = segment[element]
    segment[element] = ELEMENT_FAULTS[kind](before, chance)
    while segment[-1] == "":
        segment.pop()
    return element


def _envelope(segments: Segments, chance: random.Random) -> tuple[str, str, int]:
    kind, places = chance.choice([("recount", COUNTS), ("renumber", NUMBERS)])
    trailer = chance.choice(list(places))
    at = next(number for number, one in enumerate(segments) if one[0] == trailer)
    element = places[trailer]
    value = segments[at][element]
    segments[at][element] = str(int(value) + chance.choice([1, 7])).zfill(len(value))
    return kind, trailer, element


def recounted(segments: Segments) -> None:
    """SE01 put right."""
    first = next(number for number, one in enumerate(segments) if one[0] == "ST")
    last = next(number for number, one in enumerate(segments) if one[0] == "SE")
    segments[last][1] = str(last - first + 1)


def mutants(seed: int, count: int, bases: tuple[str, ...] | None = None) -> Iterator[Mutant]:
    """A stream of single faults, the same for the same seed; files unchanged by chance are left out."""
    chance = random.Random(seed)
    names = bases or tuple(BASES)
    made = 0
    while made < count:
        one = mutant(chance.choice(names), chance)
        if one.data != BASES[one.base]:
            made += 1
            yield one
