"""Segments for a person: loop by loop, the raw segment beside its meaning, amounts in one column.

On a narrow terminal the meaning stands beneath its segment instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from textwrap import wrap
from typing import Any, TextIO

import msgspec
from rich.console import Console
from rich.text import Text

from edi_iop.money import to_dollars
from edi_iop.reports.cells import COLOURS
from edi_iop.reports.screen import console_for

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


class Line(msgspec.Struct, frozen=True):
    """One element in words, or an amount under its name."""

    label: str
    text: str
    cents: int | None = None

    @property
    def words(self) -> str:
        return f"{self.label} {self.text if self.cents is None else to_dollars(self.cents)}".strip()


class Mark(msgspec.Struct, frozen=True):
    """A finding at its segment."""

    severity: str
    code: str
    message: str


class Worded(msgspec.Struct, frozen=True, eq=False):
    """What a segment says wherever it stands so: the same for all that repeat it word for word."""

    loop: str | None
    loop_name: str | None
    depth: int
    segment: str
    name: str
    raw: str
    lines: Sequence[Line]


class Shown(msgspec.Struct, frozen=True):
    """One segment as it is shown."""

    file: str
    transaction: str | None
    segment_position: int | None
    byte_offset: int
    heading: str
    """What to say before it: a file, a transaction, a loop that begins here; else nothing."""
    worded: Worded
    findings: Sequence[Mark] = ()


def record(shown: Shown) -> dict[str, Any]:
    """The segment as other programs take it (KEYS)."""
    return {**_place(shown), **_words(shown.worded), "findings": _findings(shown)}


def _place(shown: Shown) -> dict[str, Any]:
    return {key: getattr(shown, key) for key in KEYS[:4]}


def _words(worded: Worded) -> dict[str, Any]:
    says = "; ".join(line.words for line in worded.lines)
    return {key: says if key == "says" else getattr(worded, key) for key in KEYS[4:-1]}


def _findings(shown: Shown) -> list[str]:
    return [f"{mark.code}: {mark.message}" for mark in shown.findings]


def to_json(segments: Iterable[Shown]) -> Iterator[str]:
    """Each segment's record as a JSON object; what repeated ones say is written out once."""
    words: dict[Worded, str] = {}
    for shown in segments:
        worded = shown.worded
        if worded not in words:
            words[worded] = json.dumps(_words(worded), ensure_ascii=False)[1:-1]
        place = json.dumps(_place(shown), ensure_ascii=False)[:-1]
        findings = json.dumps(_findings(shown), ensure_ascii=False) if shown.findings else "[]"
        yield f'{place}, {words[worded]}, "findings": {findings}}}'


Spans = tuple[tuple[str, str], ...]
"""A line's parts, each with its style."""


def to_screen(segments: Iterable[Shown], stream: TextIO | None, offsets: bool = False) -> str:
    """The segments as text, in colour and as wide as the terminal where the stream is one.

    offsets: also where each segment stands in its file.
    """
    console = console_for(stream)
    page = _Page(console.width, offsets)
    if not console.is_terminal:  # Without colours many times faster; long files are piped.
        return "".join(map(page.plain, segments))
    return "".join(_ansi(line, console) for shown in segments for line in page.segment(shown))


def _ansi(line: Spans, console: Console) -> str:
    text = Text.assemble(*line)
    text.rstrip()
    with console.capture() as capture:
        console.print(text, soft_wrap=True)
    return capture.get()


def _flat(line: Spans) -> str:
    return "".join([text for text, _ in line]).rstrip() + "\n"


class _Page(msgspec.Struct, frozen=True, dict=True):
    """How segments lie on a page of that width."""

    width: int
    offsets: bool
    _known: dict[tuple[Worded, bool], tuple[str, str]] = msgspec.field(default_factory=dict)
    """Plain text of segments laid out before: the first line behind its place, and the others."""

    @cached_property
    def gutter(self) -> int:
        return 18 if self.offsets else 7

    def segment(self, shown: Shown) -> Iterator[Spans]:
        """The lines of one segment."""
        worded = shown.worded
        if shown.heading:
            yield ((_indent(worded) + _plain(shown.heading), "bold cyan"),)
        place = self._place(shown)
        for line in self._lines(worded, _named(shown)):
            yield ((place.ljust(self.gutter), "dim"), *line)
            place = ""
        yield from self._marks(shown)

    def plain(self, shown: Shown) -> str:
        """The same as plain text."""
        heading = shown.heading
        key = shown.worded, bool(heading) and _named(shown)
        known = self._known.get(key)
        if known is None:
            own, *more = self._lines(*key)
            space = (" " * self.gutter, "")
            known = _flat(own)[:-1], "".join([_flat((space, *line)) for line in more])
            self._known[key] = known
        text = f"{self._place(shown):{self.gutter}}{known[0]}".rstrip() + f"\n{known[1]}"
        if heading:
            text = f"{_indent(shown.worded)}{_plain(heading)}".rstrip() + f"\n{text}"
        return text + "".join(map(_flat, self._marks(shown))) if shown.findings else text

    def _marks(self, shown: Shown) -> Iterator[Spans]:
        space = " " * self.gutter
        for mark in shown.findings:
            says = _plain(f"{mark.severity} {mark.code}: {mark.message}")
            for part in wrap(says, max(self.width - self.gutter - 2, 20)):
                yield ((f"{space}! {part}", COLOURS.get(mark.severity, "")),)

    def _place(self, shown: Shown) -> str:
        position = shown.segment_position
        number = "       " if position is None else f"{position:>6} "
        return f"{shown.byte_offset:>10} {number}" if self.offsets else number

    def _lines(self, worded: Worded, named: bool) -> Iterator[Spans]:
        """A segment's lines, its place left out; named: whether a heading has said its name."""
        name = "" if named else _plain(worded.name)
        if self.width >= BESIDE:
            return self._beside(worded, name)
        return self._beneath(worded, name)

    def _beside(self, worded: Worded, name: str) -> Iterator[Spans]:
        wide = int((self.width - self.gutter) * _RAW_SHARE)
        indent = _indent(worded)
        raw = _cut(worded, wide - len(indent))
        meaning = list(_meaning(worded, name, self.width - self.gutter - wide - 2))
        for number in range(max(len(raw), len(meaning))):
            left = indent + raw[number] if number < len(raw) else ""
            right = meaning[number] if number < len(meaning) else ()
            yield ((left.ljust(wide + 2), ""), *right)

    def _beneath(self, worded: Worded, name: str) -> Iterator[Spans]:
        indent = _indent(worded)
        left = len(indent) + self.gutter
        for part in _cut(worded, max(self.width - left, 20)):
            yield ((indent + part, ""),)
        for line in _meaning(worded, name, max(self.width - left - 2, 20)):
            yield ((" " * (len(indent) + 2), ""), *line)


def _named(shown: Shown) -> bool:
    """Whether the heading says the segment's name."""
    return bool(shown.heading) and shown.heading.endswith(f" {shown.worded.name}")


def _indent(worded: Worded) -> str:
    return " " * min(2 * worded.depth, _LONGEST_INDENT)


def _meaning(worded: Worded, name: str, width: int) -> Iterator[Spans]:
    """The segment's name and words as a paragraph, each amount on a line of its own to the right."""
    for words, line in _phrases(worded):
        yield from _paragraph(name, _plain(words), width)
        name = ""
        if line is not None and line.cents is not None:
            amount = to_dollars(line.cents)
            label = _plain(line.label)[: max(width - len(amount) - 1, 0)]
            yield ((label.ljust(width - len(amount)), ""), (amount, "bold"))


def _phrases(worded: Worded) -> Iterator[tuple[str, Line | None]]:
    """The words up to each amount, with the amount, and those after the last."""
    words = ""
    own = _telling("" if worded.segment in _NUMBERED else worded.name)
    beside = False
    for line in worded.lines:
        if line.cents is not None:
            yield words, line
            words, beside = "", False
            continue
        named = not line.label or frozenset() < _telling(line.label) <= own
        between = "" if not words else " " if named and beside and line.label else "; "
        words += between + (line.text if named else line.words)
        beside = not line.label  # what follows a qualifier is what it qualifies
    yield words, None


@lru_cache(maxsize=4096)
def _telling(label: str) -> frozenset[str]:
    """The words of a name that tell it from others."""
    return frozenset(re.findall(r"\w+", label.lower())) - _GENERIC


def _paragraph(name: str, words: str, width: int) -> Iterator[Spans]:
    """`Name: words; words`, the name in bold."""
    text = f"{name}: {words}" if name and words else name + words
    for number, line in enumerate(_wrapped(text, width)):
        if number == 0 and name:
            yield ((line[: len(name)], "bold"), (line[len(name) :], ""))
        else:
            yield ((line, ""),)


_APART = re.compile(r"  |--|[^\d\W]-")
"""What textwrap looks at twice: runs of spaces, dashes, hyphened words."""


def _wrapped(text: str, width: int) -> list[str]:
    """The same lines as textwrap's, which is slow: most texts are words with a space between them."""
    if len(text) <= width and text == text.strip():
        return [text] if text else []
    words = text.split(" ")
    if not words[0] or not words[-1] or len(max(words, key=len)) > width or _APART.search(text):
        return wrap(text, width)
    lines, line = [], words[0]
    for word in words[1:]:
        if len(line) + len(word) < width:
            line = f"{line} {word}"
        else:
            lines.append(line)
            line = word
    return [*lines, line]


def _cut(worded: Worded, width: int) -> list[str]:
    """The raw segment in pieces that fit, cut behind an element; anywhere where that leaves too little."""
    text, wide = _plain(worded.raw), max(width, 10)
    separator = text[len(worded.segment) : len(worded.segment) + 1]
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
