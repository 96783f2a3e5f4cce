"""Situational rules between segments (SNIP level 4): what one part of a transaction asks of another.

The rules are data, maps/guides/situations.toml: each says whose occurrences it
is about, when it applies, and what must then be there or must not. Rules on the
running numbers of HL and LX are in guides.numbering.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path as File
from typing import Literal

import msgspec
import numpy as np
import polars as pl

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.guides import comparisons
from edi_iop.guides.conditions import Condition, Place, Sight, Target, Test, condition, places
from edi_iop.guides.loader import load
from edi_iop.guides.loops import Integers, Loops
from edi_iop.guides.model import Guide, Node
from edi_iop.guides.numbering import numbering_faults
from edi_iop.guides.pointers import pointer_faults
from edi_iop.guides.structure import FAULTS, conformed, due

_NO_FAULTS = pl.DataFrame(schema=FAULTS)
_SPOT = ["place", "element", "component"]
_SAID = [name for name in FAULTS if not name.startswith("trigger")]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One situational rule as written; exactly one of need, forbid and the comparisons."""

    per: str
    says: str
    cites: str
    forms: frozenset[str] = frozenset()
    """835, 837I, 837P: the guides (index.toml) it belongs to."""
    when: tuple[str, ...] = ()
    need: str | None = None
    """What must hold."""
    forbid: str | None = None
    """What must not be there."""
    among: tuple[str, str] | None = None
    """The subject's element, and the path whose values it must be one of."""
    unlike: tuple[str, str] | None = None
    """The subject's element, and the path of whose values it must be none."""
    distinct: tuple[str, ...] = ()
    """Paths of whose values none may occur twice."""
    apart: frozenset[str] = frozenset()
    """Values that may occur twice all the same."""
    begins_by: tuple[str, str] | None = None
    """The subject's dates, the first of which no last day of the path's may be before."""
    ends_by: tuple[str, str] | None = None
    """The subject's dates, the last of which no last day of the path's may be before."""
    ends_after: tuple[str, str] | None = None
    """The subject's dates, the last of which no first day of the path's may be after."""
    severity: Literal["error", "warning"] = "error"

    @property
    def turn(self) -> comparisons.Turn | None:
        """How days are compared, where they are."""
        turns: tuple[comparisons.Turn, ...] = ("begins_by", "ends_by", "ends_after")
        return next((turn for turn in turns if getattr(self, turn)), None)

    @property
    def then(self) -> tuple[str, ...]:
        """The conditions of the consequence."""
        days = self.begins_by or self.ends_by or self.ends_after
        compared: tuple[str, ...] = self.among or self.unlike or days or self.distinct
        return tuple(text for text in (self.need, self.forbid) if text) or compared


class Planned(msgspec.Struct, frozen=True):
    """A rule at one place of a guide, its paths found."""

    name: str
    rule: Rule
    place: Place
    when: tuple[Condition, ...]
    then: tuple[Condition, ...]

    @property
    def trigger(self) -> Condition | None:
        """The first condition that something is there; rules on what is absent have none."""
        return next((asked for asked in self.when if not asked.none), None)

    def tests(self) -> Iterator[tuple[Node, Test]]:
        """Every test it asks of a segment."""
        for asked in self.when:
            for node in asked.nodes:
                yield node, asked.test
        for asked in self.then:
            for node in asked.nodes:
                yield node, Test(asked.test.qualifiers) if self.rule.distinct else asked.test
        if self.place.segment is not None:
            yield self.place.segment, Test(self.place.qualifiers)


class _Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: dict[str, Rule]


@cache
def book() -> dict[str, Rule]:
    """All situational rules, by id (maps/guides/situations.toml)."""
    file = resources.maps() / "guides" / "situations.toml"
    return read(file)


def read(file: File) -> dict[str, Rule]:
    """The rules of one file."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=_Book).rules
    except msgspec.DecodeError as problem:
        raise BadMap(f"{file.name}: {problem}; correct the rule") from problem


def planned(guide: Guide, rules: Mapping[str, Rule]) -> tuple[Planned, ...]:
    """The rules at every place of a guide that they are about."""
    return tuple(
        Planned(
            name,
            rule,
            place,
            tuple(condition(guide, place, text) for text in rule.when),
            tuple(condition(guide, place, text) for text in rule.then),
        )
        for name, rule in rules.items()
        for place in places(guide, rule.per)
    )


@cache
def _of_guide(guide_name: str) -> tuple[Planned, ...]:
    guide = load(guide_name)
    own = {name: rule for name, rule in book().items() if guide.form in rule.forms}
    return planned(guide, own)


def situational_faults(loops: Loops) -> pl.DataFrame:
    """What the transactions of one guide break of the rules: structure.FAULTS."""
    found = faults(loops, _of_guide(loops.guide.name))
    return pl.concat([found, numbering_faults(loops), pointer_faults(loops)])


def faults(loops: Loops, plans: tuple[Planned, ...]) -> pl.DataFrame:
    """What the transactions break of these rules: structure.FAULTS."""
    sight = Sight(loops, (test for plan in plans for test in plan.tests()))
    found = [fault for plan in plans for fault in _broken(sight, plan)]
    found = [fault for fault in found if len(fault)]
    if not found:
        return _NO_FAULTS
    told = pl.concat(found).unique(_SAID, keep="first", maintain_order=True)
    # A value that breaks several rules is one fault, and so is what several ask for: the first of the book is told.
    of_element, absent = pl.col("element").is_not_null(), pl.col("absent")
    again = of_element & ~pl.struct(_SPOT).is_first_distinct()
    again |= absent & ~pl.struct("place", "loop", "segment", "absent").is_first_distinct()
    return told.filter(~again)


def _broken(sight: Sight, plan: Planned) -> Iterator[pl.DataFrame]:
    """The faults of one rule at one place."""
    if _idle(sight, plan):
        return
    subjects = sight.subjects(plan.place)
    for asked in (*plan.when, *plan.then):
        if len(subjects):
            subjects = subjects[sight.judged(asked, subjects)]
    for asked in plan.when:
        if len(subjects):
            subjects = subjects[sight.holds(asked, subjects)]
    if not len(subjects):
        return
    if plan.rule.need is not None:
        yield from _needed(sight, plan, subjects)
    elif plan.rule.forbid is not None:
        yield from _forbidden(sight, plan, subjects)
    elif plan.rule.distinct:
        yield _repeated(sight, plan, subjects)
    else:
        yield _compared(sight, plan, subjects)


def _idle(sight: Sight, plan: Planned) -> bool:
    """Whether nothing in the file brings a rule to bear, or nothing is there that it forbids."""
    due = [asked for asked in plan.when if not asked.none]
    if plan.rule.forbid is not None:
        due += plan.then
    return any(asked.own is None and not sight.occurs(asked) for asked in due)


def _needed(sight: Sight, plan: Planned, subjects: Integers) -> Iterator[pl.DataFrame]:
    """The subjects without what they need, each where it should be."""
    (asked,) = plan.then
    lacking = subjects[~sight.holds(asked, subjects)]
    if not len(lacking):
        return
    if asked.own is not None:
        yield _at_element(sight, plan, asked.own, _caused(sight, plan, lacking, lacking))
        return
    target = asked.targets[0]
    instance = sight.loops.instance(target.shared)
    own, first = np.unique(instance[lacking], return_index=True)
    by = lacking[first]
    if asked.test.element:
        there = _standing(sight, target, asked.test, own)
        if len(there):
            their = by[np.searchsorted(own, instance[there])]
            yield _at_element(sight, plan, target.node, _caused(sight, plan, there, their))
        bare = ~np.isin(own, instance[there])
        own, by = own[bare], by[bare]
    # A segment the guide always asks for is missed already.
    if len(own) and not (asked.test.element and target.node.usage == "R"):
        where = due(sight.loops, target.shared, target.node, own - 1)
        missing = _caused(sight, plan, where, by)
        yield _faults(plan, "SITUATION_SEGMENT_MISSING", missing, target.node)


def _standing(sight: Sight, target: Target, test: Test, instances: Integers) -> Integers:
    """The segments that stand where an element is asked of one."""
    there = sight.loops.segments_of(target.node)
    if test.qualifiers:
        told = sight.values(there, Test((), 1))
        there = there[told.is_in(list(test.qualifiers)).to_numpy()]
    return there[np.isin(sight.loops.instance(target.shared)[there], instances)]


def _caused(sight: Sight, plan: Planned, at: Integers, by: Integers) -> pl.DataFrame:
    """Places of faults, each with what brought the rule to bear on its subject, else the subject."""
    asked = plan.trigger
    cause = by if asked is None else sight.triggers(asked, by)
    test = Test() if asked is None else asked.test
    element = pl.repeat(test.element or None, len(at), dtype=pl.Int64, eager=True)
    if asked is not None and test.step:
        element = sight.elements(asked.nodes[0], test, cause)
    places = pl.DataFrame({"place": at, "trigger": cause, "trigger_element": element})
    return places.with_columns(trigger_component=pl.lit(test.component, pl.Int64))


def _at_element(sight: Sight, plan: Planned, node: Node, at: pl.DataFrame) -> pl.DataFrame:
    """The element is empty, or is not what it should be."""
    (asked,) = plan.then
    told = sight.values(at["place"].to_numpy(), asked.test)
    empty = told == ""
    missing = _faults(plan, "SITUATION_ELEMENT_MISSING", at.filter(empty), node, asked.test)
    wrong = _faults(plan, "SITUATION_VALUE_WRONG", at.filter(~empty), node, asked.test)
    return pl.concat([missing, wrong.with_columns(value=told.filter(~empty))])


def _forbidden(sight: Sight, plan: Planned, subjects: Integers) -> Iterator[pl.DataFrame]:
    """What stands with a subject that must not have it."""
    (asked,) = plan.then
    if asked.own is not None:
        held = subjects[sight.holds(asked, subjects)]
        if not len(held):
            return
        at = _caused(sight, plan, held, held).with_columns(
            element=sight.elements(asked.own, asked.test, held)
        )
        yield _faults(plan, "SITUATION_ELEMENT_NOT_USED", at, asked.own, asked.test)
        return
    code = "SITUATION_ELEMENT_NOT_USED" if asked.test.element else "SITUATION_SEGMENT_NOT_USED"
    for target in asked.targets:
        there = sight.fitting(target.node, asked.test)
        if not len(there):
            continue
        instance = sight.loops.instance(target.shared)
        own, first = np.unique(instance[subjects], return_index=True)
        there = there[np.isin(instance[there], own)]
        by = subjects[first][np.searchsorted(own, instance[there])]
        at = _caused(sight, plan, there, by).with_columns(
            element=sight.elements(target.node, asked.test, there)
        )
        yield _faults(plan, code, at, target.node, asked.test)


def _compared(sight: Sight, plan: Planned, subjects: Integers) -> pl.DataFrame:
    """Subjects whose element is not what it should be beside the values of others."""
    element, others = plan.then
    node = plan.place.segment
    assert node is not None
    if plan.rule.turn is not None:
        own = element.test
        wrong = comparisons.out_of_turn(sight, node, own, others, subjects, plan.rule.turn)
    else:
        among = plan.rule.among is not None
        wrong = comparisons.not_alike(sight, node, element.test, others, subjects, among=among)
    if not len(wrong):
        return _NO_FAULTS
    at = _caused(sight, plan, wrong, wrong)
    return _valued(sight, _faults(plan, "SITUATION_VALUE_WRONG", at, node, element.test))


def _repeated(sight: Sight, plan: Planned, subjects: Integers) -> pl.DataFrame:
    """The later of two equal values that stand with one subject; the first one triggers it."""
    again = comparisons.repeated(sight, plan.then, subjects, plan.rule.apart)
    if again.is_empty():
        return _NO_FAULTS
    asked = plan.then[-1]
    node = asked.targets[0].node
    return _valued(sight, _faults(plan, "SITUATION_VALUE_WRONG", again, node, asked.test))


def _valued(sight: Sight, told: pl.DataFrame) -> pl.DataFrame:
    """With the values that stand at the places of faults, each by its own element and component."""
    found = [
        part.with_columns(value=sight.values(part["place"].to_numpy(), Test((), *place)))
        for place, part in told.group_by("element", "component", maintain_order=True)
    ]
    return pl.concat([_NO_FAULTS, *found])


def _faults(
    plan: Planned, code: str, at: pl.DataFrame, node: Node, test: Test | None = None
) -> pl.DataFrame:
    """A rule's faults at these places; what is doubtful goes by a code of its own, a warning.

    at: place, and trigger with its element and component; what triggers itself has none.
    """
    if at.is_empty():
        return _NO_FAULTS
    asked = test if test is not None and test.element else Test()
    causes = ["trigger", "trigger_element", "trigger_component"]
    element = pl.col("element") if "element" in at.columns else pl.lit(asked.element or None)
    component = pl.col("component") if "component" in at.columns else pl.lit(asked.component)
    told = at.select(
        "place",
        *causes,
        absent=pl.lit(code == "SITUATION_SEGMENT_MISSING"),
        code=pl.lit(code if plan.rule.severity == "error" else "SITUATION_DOUBTFUL"),
        message=pl.lit(f"{plan.rule.says} ({plan.name})"),
        loop=pl.lit(node.loop.id),
        segment=pl.lit(node.id),
        element=element.cast(pl.Int64),
        component=component.cast(pl.Int64),
    )
    element, component = pl.col("trigger_element"), pl.col("trigger_component")
    same = (element == pl.col("element")) & component.eq_missing(pl.col("component"))
    itself = (pl.col("place") == pl.col("trigger")) & (element.is_null() | same)
    itself &= pl.col("element").is_not_null()
    return conformed(
        told.with_columns(pl.when(~itself.fill_null(False)).then(pl.col(causes)).name.keep())
    )
