"""Values of segments compared with those of others that stand with the same subject (SNIP level 4).

All in whole numbers: each text that is compared has a number, and each value the subject it stands with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from edi_iop.guides.conditions import ENDLESS, Condition, Flags, Sight, Target, Test
from edi_iop.guides.loops import Integers, ranges
from edi_iop.guides.model import Node
from edi_iop.x12.numbering import numbered

Turn = Literal["begins_by", "ends_by", "ends_after"]
_NOWHERE = np.array([], dtype=np.int64)
_REPEATED = {
    "place": pl.Int64(),
    "element": pl.Int64(),
    "component": pl.Int64(),
    "trigger": pl.Int64(),
    "trigger_element": pl.Int64(),
    "trigger_component": pl.Int64(),
}


def not_alike(
    sight: Sight, node: Node, element: Test, others: Condition, subjects: Integers, *, among: bool
) -> Integers:
    """Subjects (segments of a node) whose element is none of the others' values, where it is to be
    among them, or else is one of them."""
    sources = [(node, element), *((one.node, others.test) for one in others.targets)]
    (own, *theirs), room = _numbers(sight, sources)
    told = own[sight.pairs(node, subjects)]
    known = [_NOWHERE]
    for target, numbers in zip(others.targets, theirs, strict=True):
        subject, at = _together(sight, target, others.test, subjects)
        known.append(subject * room + numbers[sight.pairs(target.node, at)])
    there = np.isin(np.arange(len(subjects)) * room + told, np.concatenate(known))
    wrong: Integers = subjects[(told >= 0) & (there != among)]
    return wrong


def out_of_turn(
    sight: Sight, node: Node, element: Test, others: Condition, subjects: Integers, turn: Turn
) -> Integers:
    """Subjects that begin or end after the last day of another's, or end before its first.

    Where all that stand with the other are wrong, the other may be: the first of them is told.
    """
    after = turn == "ends_after"
    own = sight.days(node, subjects, element, last=turn != "begins_by")
    wrong = np.zeros(len(subjects), dtype=bool)
    for target in others.targets:
        instance = sight.loops.instance(target.shared)
        at = sight.fitting(target.node, others.test)
        days = sight.days(target.node, at, others.test, last=not after)
        bound = np.full(int(instance[-1]) + 1, 0 if after else ENDLESS)
        if after:
            np.maximum.at(bound, instance[at], np.where(days < ENDLESS, days, 0))
            wrong |= own < bound[instance[subjects]]
        else:
            np.minimum.at(bound, instance[at], days)
            wrong |= (own > bound[instance[subjects]]) & (own < ENDLESS)
        wrong &= ~_all_but_first(instance[subjects], wrong)
    found: Integers = subjects[wrong]
    return found


def _all_but_first(instance: Integers, wrong: Flags) -> Flags:
    """Those wrong of instances of which each one is, but for the first of each."""
    each, first = np.unique(instance, return_index=True)
    whole = np.isin(instance, np.setdiff1d(each, instance[~wrong]))
    whole[first] = False
    return whole


def repeated(
    sight: Sight, asked: Sequence[Condition], subjects: Integers, apart: frozenset[str]
) -> pl.DataFrame:
    """The later of two equal values that stand with one subject, and the first as its trigger."""
    sources = [
        (target, test)
        for one in asked
        for target in one.targets
        for test in one.test.each(target.node)
        if test.element < sight.width(target.node)
    ]
    if not sources:
        return pl.DataFrame(schema=_REPEATED)
    numbers, room = _numbers(sight, [(target.node, test) for target, test in sources], apart)
    together: dict[Target, tuple[Integers, Integers]] = {}
    parts = [np.empty((4, 0), dtype=np.int64)]
    for (target, test), number in zip(sources, numbers, strict=True):
        if not (number >= 0).any():
            continue
        if target not in together:
            together[target] = _together(sight, target, Test(test.qualifiers), subjects)
        subject, at = together[target]
        told = number[sight.pairs(target.node, at)]
        kept = told >= 0
        keys = subject[kept] * room + told[kept]
        where = (np.full(len(keys), one) for one in (test.element, test.component or 0))
        parts.append(np.stack([keys, at[kept], *where]))
    keys, at, element, component = np.concatenate(parts, axis=1)
    if not (np.diff(np.sort(keys)) == 0).any():
        return pl.DataFrame(schema=_REPEATED)
    order = np.lexsort((element, at, keys))
    begins = np.append(True, np.diff(keys[order]) != 0)[: len(order)]
    again = order[~begins]
    first = order[np.flatnonzero(begins)[np.cumsum(begins) - 1]][~begins]
    rows = (
        at[again],
        element[again],
        component[again],
        at[first],
        element[first],
        component[first],
    )
    return pl.DataFrame(dict(zip(_REPEATED, rows, strict=True)), schema=_REPEATED).with_columns(
        pl.col("component", "trigger_component").replace(0, None)
    )


def _together(
    sight: Sight, target: Target, test: Test, subjects: Integers
) -> tuple[Integers, Integers]:
    """Pairs of a subject's number and a segment that stands in the loop the subject shares with it."""
    instance = sight.loops.instance(target.shared)
    at = sight.fitting(target.node, test)
    own = instance[subjects]
    begin, end = (np.searchsorted(own, instance[at], side) for side in ("left", "right"))
    return ranges(begin, end - 1), np.repeat(at, end - begin)


def _as_compared(sight: Sight, node: Node, test: Test) -> pl.Series:
    """The texts of an element as they are compared: amounts of one value alike, 400 and 400.00."""
    texts, spec = sight.texts(node, test), node.element(test.element)
    if spec is None or spec.type != "R":
        return texts
    return texts.str.replace(r"^(\d+\.\d*?)0+$", "$1").str.strip_suffix(".")


def _numbers(
    sight: Sight, sources: Sequence[tuple[Node, Test]], apart: frozenset[str] = frozenset()
) -> tuple[list[Integers], int]:
    """For each source the numbers of its texts, by pair: -1 where empty or apart; and how many there are."""
    texts = [_as_compared(sight, node, test) for node, test in sources]
    number, distinct = numbered(pl.concat(texts))
    none = distinct.is_in(["", *apart]).to_numpy()
    numbers = np.where(none[number], -1, number) if len(number) else _NOWHERE
    ends = np.cumsum([len(one) for one in texts])
    return np.split(numbers, ends[:-1]), len(distinct) + 1
