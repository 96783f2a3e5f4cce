"""Conditions between segments: does a subject's loop, or one above, hold such a segment or value?

A subject is one occurrence of a loop or of a segment. A condition names a path
(guides.paths), or a bare element of the subject's own segment, and what it is:

    2310A.NM1               there is one            ! before it turns it round
    2000B.SBR02 = 18        one with one of these values
    2300.CLM05-1 != 11 18   one with a value, and it is none of these
    2400.SV201 ~ ^054       one whose value has this form (!~: has not)
    2300.DTP[434]03 spans   one that names two different dates
    03 ordered              its dates are in order
    2110.CAS02+3 = 16       one of which 02 or every third element after it is

It is looked for in the nearest loop that holds both the subject and the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import takewhile
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.errors import BadMap
from edi_iop.guides import paths
from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.model import Guide, Node
from edi_iop.x12 import separators as sep

Flags = npt.NDArray[np.bool_]
ENDLESS = 99999999
"""In the place of a day (yyyymmdd) that is none."""
Operator = Literal["given", "=", "!=", "~", "!~", "spans", "ordered"]

_CONDITION = re.compile(
    r"(?P<none>!?)(?P<path>(?:\d\d(?:\+\d)?(?:-\d)?)"
    r"|(?:[0-9A-Z*/]+\.[A-Z0-9]+(?:\[[^\]]+\])?(?:\d\d)?(?:\+\d)?(?:-\d)?))"
    r"(?: (?P<operator>!?[=~](?= .)|spans|ordered)(?: (?P<values>.+))?)?"
)
_OWN = re.compile(r"\d\d(?:\+\d)?(?:-\d)?")


class Test(msgspec.Struct, frozen=True):
    """What one segment must be: its qualifier, and the value of an element or component."""

    qualifiers: tuple[str, ...] = ()
    element: int = 0
    component: int | None = None
    operator: Operator = "given"
    values: tuple[str, ...] = ()
    step: int = 0
    """Of several elements, how far apart they stand; one of them must be so."""

    def each(self, node: Node) -> tuple[Test, ...]:
        """The test of each element it is of."""
        if not self.step:
            return (self,)
        last = max(spec.position for spec in node.elements)
        places = range(self.element, last + 1, self.step)
        return tuple(msgspec.structs.replace(self, element=at, step=0) for at in places)


class Target(msgspec.Struct, frozen=True):
    """A segment of the guide that a condition looks for, and the loop it shares with the subjects."""

    node: Node
    shared: Node


class Condition(msgspec.Struct, frozen=True):
    """A condition on the subjects of one place: no targets where it is on their own segment."""

    test: Test
    none: bool
    own: Node | None
    """The subjects' segment, where the condition is on it."""
    targets: tuple[Target, ...] = ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The segments it looks at."""
        return (self.own,) if self.own is not None else tuple(one.node for one in self.targets)


class Place(msgspec.Struct, frozen=True):
    """Where subjects stand: the loop, and their segment where they are segments."""

    loop: Node
    segment: Node | None
    qualifiers: tuple[str, ...]


def places(guide: Guide, text: str) -> list[Place]:
    """The places of the guide that a path names: of its segments, or of its loops."""
    path = paths.parse(text)
    if path.segment is None:
        return [Place(loop, None, ()) for loop in path.loops(guide)]
    return [Place(node.loop, node, path.qualifiers) for node in path.segments(guide)]


def condition(guide: Guide, place: Place, text: str) -> Condition:
    """A condition as written, for the subjects of one place."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise BadMap(f"{text!r} is not a condition")
    operator: Operator = found["operator"] or "given"  # type: ignore[assignment]
    values = found["values"] or ""
    listed = (values,) if operator in ("~", "!~") else tuple(values.split())
    if _OWN.fullmatch(found["path"]):
        element, component, step = paths.place(found["path"])
        test = Test((), element, component, operator, listed, step)
        return Condition(test, bool(found["none"]), place.segment)
    path = paths.parse(found["path"])
    test = Test(path.qualifiers, path.element, path.component, operator, listed, path.step)
    return Condition(test, bool(found["none"]), None, targets(guide, place.loop, path))


def targets(guide: Guide, loop: Node, path: paths.Path) -> tuple[Target, ...]:
    """The segments of a path nearest to a loop, each with the loop they share.

    A loop id can stand at two places (2300): of two claims' segments only the own one counts.
    """
    above = [loop, *(node for node in loop.above() if not node.wrapper)]
    found = []
    for node in path.segments(guide):
        inner = set(node.above())
        found.append((next(step for step, one in enumerate(above) if one in inner), node))
    least = min((climb for climb, _ in found), default=0)
    return tuple(Target(node, above[climb]) for climb, node in found if climb == least)


class Sight:
    """The segments of one walk, tested: which of them fit, for every test that is asked of a guide."""

    def __init__(self, loops: Loops, asked: Iterable[tuple[Node, Test]]) -> None:
        self.loops = loops
        of_node: dict[Node, list[Test]] = {}
        for node, test in dict.fromkeys(asked):
            if node.index in loops.spans:
                of_node.setdefault(node, []).append(test)
        self._fitting: dict[tuple[Node, Test], Flags] = {}
        self._sizes = loops.sizes()
        self._places: dict[tuple[Node, Test], Integers] = {}
        self._days: dict[tuple[Node, Test, bool], Integers] = {}
        for node, tests in of_node.items():  # each distinct segment is tested once
            start, count = loops.spans[node.index]
            pairs = loops.told(np.arange(start, start + count))
            fits = pairs.select(_fits(node, test).alias(str(n)) for n, test in enumerate(tests))
            for test, flags in zip(tests, fits.get_columns(), strict=True):
                self._fitting[node, test] = flags.to_numpy()

    def fitting(self, node: Node, test: Test) -> Integers:
        """Places of a node's segments that fit a test."""
        if (node, test) not in self._places:
            all_of = self.loops.segments_of(node)
            if len(all_of) and (test.element or test.qualifiers):
                all_of = all_of[self._fit(node, test, all_of)]
            self._places[node, test] = all_of
        return self._places[node, test]

    def subjects(self, place: Place) -> Integers:
        """Where the subjects of a place stand: segments, or the beginnings of loops."""
        if place.segment is None:
            return self.loops.starts(place.loop)
        return self.fitting(place.segment, Test(place.qualifiers))

    def holds(self, asked: Condition, subjects: Integers) -> Flags:
        """Whether a condition holds, for each subject."""
        if asked.own is not None:
            found = self._fit(asked.own, asked.test, subjects)
        else:
            found = np.zeros(len(subjects), dtype=bool)
            for target in asked.targets:
                instance = self.loops.instance(target.shared)
                held = np.zeros(int(instance[-1]) + 1, dtype=bool)
                held[instance[self.fitting(target.node, asked.test)]] = True
                found |= held[instance[subjects]]
        return ~found if asked.none else found

    def triggers(self, asked: Condition, subjects: Integers) -> Integers:
        """The first segment that makes a condition hold, for each subject for which it does."""
        if asked.own is not None:
            return subjects
        found = np.full(len(subjects), len(self.loops.rows))
        for target in asked.targets:
            instance, at = self.loops.instance(target.shared), self.fitting(target.node, asked.test)
            first = np.full(int(instance[-1]) + 1, len(self.loops.rows))
            np.minimum.at(first, instance[at], at)
            found = np.minimum(found, first[instance[subjects]])
        return found

    def judged(self, asked: Condition, subjects: Integers) -> Flags:
        """For which subjects all that a condition looks for is in sight.

        Of a claim that is cut in its middle, part stands in another frame (Loops.already, open).
        """
        flags = np.ones(len(subjects), dtype=bool)
        for target in asked.targets:
            instance = self.loops.instance(target.shared)
            if self.loops.already and self._unseen(target):
                flags &= instance[subjects] != 1
            open_ = target.shared in self.loops.open
            if open_ and not self.loops.passed(target.shared, target.node):
                flags &= instance[subjects] != instance[-1]
        return flags

    def _unseen(self, target: Target) -> bool:
        """Whether an earlier frame held such segments that are not repeated in this one."""
        between = takewhile(lambda loop: loop is not target.shared, target.node.above())
        return any(one.index in self.loops.already for one in (target.node, *between))

    def values(self, at: Integers, test: Test) -> pl.Series:
        """The element or component a test is of, in these segments; empty where absent."""
        distinct, number = self.loops.distinct(at)
        return distinct.select(_value(pl.col("elements"), test).alias("value")).to_series()[number]

    def occurs(self, asked: Condition) -> bool:
        """Whether any segment of the walk fits a condition on segments of a path."""
        flags = (self._fitting.get((target.node, asked.test)) for target in asked.targets)
        return any(one is not None and one.any() for one in flags)

    def days(self, node: Node, at: Integers, test: Test, *, last: bool) -> Integers:
        """The first or last day that an element of a node's segments names: yyyymmdd, or ENDLESS."""
        if (node, test, last) not in self._days:
            days = self.texts(node, test).to_frame("text").select(_day(pl.col("text"), last))
            self._days[node, test, last] = days.to_series().fill_null(ENDLESS).to_numpy()
        told: Integers = self._days[node, test, last][self.pairs(node, at)]
        return told

    def texts(self, node: Node, test: Test) -> pl.Series:
        """The element or component a test is of, in each distinct segment of a node."""
        start, count = self.loops.spans.get(node.index, (0, 0))
        texts = self.loops.pairs["text"].to_numpy()[start : start + count]
        values = self.loops.words.of(texts, test.element).fill_null("").to_frame("value")
        return values.select(_part(pl.col("value"), test)).to_series()

    def width(self, node: Node) -> int:
        """How many elements the longest of a node's segments has, the id counted too."""
        start, count = self.loops.spans.get(node.index, (0, 0))
        return int(self._sizes[start : start + count].max(initial=0))

    def pairs(self, node: Node, at: Integers) -> Integers:
        """Which of a node's distinct segments each is."""
        start, _ = self.loops.spans.get(node.index, (0, 0))
        own: Integers = self.loops.pair[at] - start
        return own

    def elements(self, node: Node, test: Test, at: Integers) -> pl.Series:
        """The number of the element by which each of these segments fits a test."""
        if not test.step:
            return pl.repeat(test.element or None, len(at), dtype=pl.Int64, eager=True)
        distinct, number = self.loops.distinct(at)
        each = (pl.when(_fits(node, one)).then(one.element) for one in test.each(node))
        first = pl.coalesce(*each).cast(pl.Int64)
        return distinct.select(first.alias("element")).to_series()[number]

    def _fit(self, node: Node, test: Test, at: Integers) -> Flags:
        flags: Flags = self._fitting[node, test][self.pairs(node, at)]
        return flags


def _day(value: pl.Expr, last: bool) -> pl.Expr:
    """The first or last day of a date or span as a number; null where it is none."""
    text = value.str.head(8)
    if last:
        text = pl.when(value.str.len_bytes() == 17).then(value.str.tail(8)).otherwise(text)
    number = text.cast(pl.Int64, strict=False)
    month, of_month = number // 100 % 100, number % 100
    is_day = (number > 10_000_000) & month.is_between(1, 12) & of_month.is_between(1, 31)
    return pl.when(is_day).then(number)


def _value(elements: pl.Expr, test: Test) -> pl.Expr:
    return _part(elements.list.get(test.element, null_on_oob=True).fill_null(""), test)


def _part(value: pl.Expr, test: Test) -> pl.Expr:
    """The component of an element that a test is of."""
    if test.component is None:
        return value
    first = value.str.split(sep.REPETITION).list.first().str.split(sep.COMPONENT)
    return first.list.get(test.component - 1, null_on_oob=True).fill_null("")


@cache
def _fits(node: Node, test: Test) -> pl.Expr:
    """Whether segments (`elements`) of a node fit a test."""
    elements = pl.col("elements")
    fits = elements.is_not_null()
    if test.element:
        fits = pl.any_horizontal(_answers(one, _value(elements, one)) for one in test.each(node))
    if not test.qualifiers:
        return fits
    first = node.element(1)
    composite = first is not None and first.composite
    qualifier = _value(elements, Test((), 1, 1 if composite else None))
    return fits & qualifier.is_in(list(test.qualifiers))


def _answers(test: Test, value: pl.Expr) -> pl.Expr:
    given = value != ""
    match test.operator:
        case "given":
            return given
        case "=":
            return value.is_in(list(test.values))
        case "!=":
            return given & ~value.is_in(list(test.values))
        case "~":
            return value.str.contains("".join(test.values))
        case "!~":
            return given & ~value.str.contains("".join(test.values))
        case "spans":
            return value.str.contains("-") & (value.str.head(8) != value.str.tail(8))
        case "ordered":
            return value.str.head(8) <= value.str.tail(8)
