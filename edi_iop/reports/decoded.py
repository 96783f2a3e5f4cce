"""Segments for a person: loop by loop, the raw segment beside its meaning, amounts in one column.

On a narrow terminal the meaning stands beneath its segment instead.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from edi_iop.money import to_dollars
from edi_iop.reports.screen import COLOURS, console_for

BESIDE = 84
"""Columns from which on the meaning stands beside its segment."""
_RAW_SHARE = 0.4
_LONGEST_INDENT = 10
_GENERIC = frozenset({"code", "identifier", "line", "name", "number", "address"})
"""Words that add nothing to the name of the segment an element stands in."""
_NUMBERED = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})
"""Envelopes hold several numbers, which their own names do not tell apart."""
KEYS = (
    "file",
    "transaction",
    "segment_position",
    "byte_offset",
    "loop",
    "loop_name",
    "segment",
    "name",
    "raw",
    "says",
    "findings",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One element in words, or an amount under its name."""

    label: str
    text: str
    cents: int | None = None

    @property
    def words(self) -> str:
        return f"{self.label} {self.text if self.cents is None else to_dollars(self.cents)}".strip()


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding at its segment."""

    severity: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One segment as it is shown."""

    file: str
    transaction: str | None
    segment_position: int | None
    byte_offset: int
    loop: str | None
    loop_name: str | None
    heading: str
    """What to say before it: a file, a transaction, a loop that begins here; else nothing."""
    depth: int
    segment: str
    name: str
    raw: str
    lines: Sequence[Line]
    findings: Sequence[Mark]


def record(shown: Shown) -> dict[str, Any]:
    """The segment as other programs take it (KEYS)."""
    told = {
        "says": "; ".join(line.words for line in shown.lines),
        "findings": [f"{mark.code}: {mark.message}" for mark in shown.findings],
    }
    return {key: told[key] if key in told else getattr(shown, key) for key in KEYS}


def to_screen(segments: Iterable[Shown], stream: TextIO | None, offsets: bool = False) -> str:
    """The segments as text, in colour and as wide as the terminal where the stream is one.

    offsets: also where each segment stands in its file.
    """
    console = console_for(stream)
    page = _Page(console.width, offsets)
    out = io.StringIO()
    for line in (line for shown in segments for line in page.segment(shown)):
        line.rstrip()
        out.write(_ansi(line, console))
    return out.getvalue()


def _ansi(line: Text, console: Console) -> str:
    if not console.is_terminal:
        return f"{line.plain}\n"  # many times faster, and piped output is where files are long
    with console.capture() as capture:
        console.print(line, soft_wrap=True)
    return capture.get()


@dataclass(frozen=True)
class _Page:
    """How segments lie on a page of that width."""

    width: int
    offsets: bool

    @property
    def gutter(self) -> int:
        return 18 if self.offsets else 7

    def segment(self, shown: Shown) -> Iterator[Text]:
        """The lines of one segment."""
        if shown.heading:
            yield Text(self._indent(shown) + _plain(shown.heading), style="bold cyan")
        yield from self._beside(shown) if self.width >= BESIDE else self._beneath(shown)
        for mark in shown.findings:
            says = f"{mark.severity} {mark.code}: {mark.message}"
            space = " " * self.gutter
            for part in wrap(_plain(says), max(self.width - self.gutter - 2, 20)):
                yield Text(f"{space}! {part}", style=COLOURS.get(mark.severity, ""))

    def _indent(self, shown: Shown) -> str:
        return " " * min(2 * shown.depth, _LONGEST_INDENT)

    def _place(self, shown: Shown) -> str:
        position = "" if shown.segment_position is None else str(shown.segment_position)
        offset = f"{shown.byte_offset:>10} " if self.offsets else ""
        return f"{offset}{position:>6} "

    def _beside(self, shown: Shown) -> Iterator[Text]:
        wide = int((self.width - self.gutter) * _RAW_SHARE)
        indent = self._indent(shown)
        raw = _cut(shown, wide - len(indent))
        meaning = list(_meaning(shown, self.width - self.gutter - wide - 2))
        for number in range(max(len(raw), len(meaning))):
            left = indent + raw[number] if number < len(raw) else ""
            place = self._place(shown) if number == 0 else ""
            line = Text(place.ljust(self.gutter), style="dim") + Text(left.ljust(wide + 2))
            yield line + (meaning[number] if number < len(meaning) else Text())

    def _beneath(self, shown: Shown) -> Iterator[Text]:
        indent = self._indent(shown)
        left = len(indent) + self.gutter
        for number, part in enumerate(_cut(shown, max(self.width - left, 20))):
            place = self._place(shown) if number == 0 else ""
            yield Text(place.ljust(self.gutter), style="dim") + Text(indent + part)
        for line in _meaning(shown, max(self.width - left - 2, 20)):
            yield Text(" " * (left + 2)) + line


def _meaning(shown: Shown, width: int) -> Iterator[Text]:
    """The segment's name and words as a paragraph, each amount on a line of its own to the right."""
    name = "" if shown.heading.endswith(f" {shown.name}") else _plain(shown.name)
    for words, line in _phrases(shown):
        yield from _paragraph(name, _plain(words), width)
        name = ""
        if line is not None and line.cents is not None:
            amount = to_dollars(line.cents)
            label = _plain(line.label)[: max(width - len(amount) - 1, 0)]
            yield Text(label.ljust(width - len(amount))) + Text(amount, style="bold")


def _phrases(shown: Shown) -> Iterator[tuple[str, Line | None]]:
    """The words up to each amount, with the amount, and those after the last."""
    words = ""
    own = _telling("" if shown.segment in _NUMBERED else shown.name)
    beside = False
    for line in shown.lines:
        if line.cents is not None:
            yield words, line
            words, beside = "", False
            continue
        named = not line.label or frozenset() < _telling(line.label) <= own
        between = "" if not words else " " if named and beside and line.label else "; "
        words += between + (line.text if named else line.words)
        beside = not line.label  # what follows a qualifier is what it qualifies
    yield words, None


def _telling(label: str) -> frozenset[str]:
    """The words of a name that tell it from others."""
    return frozenset(re.findall(r"\w+", label.lower())) - _GENERIC


def _paragraph(name: str, words: str, width: int) -> Iterator[Text]:
    """`Name: words; words`, the name in bold."""
    heading = f"{name}: " if name and words else name
    for number, line in enumerate(wrap(heading + words, width)):
        text = Text(line)
        if number == 0 and name:
            text.stylize("bold", 0, len(name))
        yield text


def _cut(shown: Shown, width: int) -> list[str]:
    """The raw segment in pieces that fit, cut behind an element; anywhere where that leaves too little."""
    text, wide = _plain(shown.raw), max(width, 10)
    separator = text[len(shown.segment) : len(shown.segment) + 1]
    pieces, at = [], 0
    while len(text) - at > wide:
        behind = text.rfind(separator, at, at + wide) + 1 if separator else 0
        end = behind if behind - at > wide // 2 else at + wide
        pieces.append(text[at:end])
        at = end
    return [*pieces, text[at:]]


def _plain(text: str) -> str:
    """Control characters of foreign files made harmless."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)
