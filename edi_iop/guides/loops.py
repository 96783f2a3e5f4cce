"""Loops as columns: for each segment its guide node, for each loop a running instance number.

One Loops object holds all transactions of a batch that follow one guide. The
instance of a loop at a segment is the count of that loop's beginnings up to
it, so hierarchy, extraction and checks are array operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides import loader
from edi_iop.guides.automaton import Automaton, automaton
from edi_iop.guides.loader import Guide, Node
from edi_iop.x12 import separators as sep
from edi_iop.x12.envelopes import Enveloped
from edi_iop.x12.segments import Segments

Integers = npt.NDArray[np.int64]


@dataclass
class Loops:
    """The transactions of one guide in a batch, walked.

    rows: the batch's row number of each segment, in order. node: index of its
    guide node, -1 where unmatched. pair: number of its (node, text) pair.
    pairs: one row a distinct (node, text): node, text, raw, elements; sorted by node.
    """

    guide: Guide
    rows: Integers
    node: Integers
    taken: Integers
    """Transition number of each segment."""
    pair: Integers
    pairs: pl.DataFrame
    automaton: Automaton
    transactions: pl.DataFrame
    """One row an ST, in order (envelopes.Enveloped.transactions)."""
    _instances: dict[int, Integers] = field(default_factory=dict)
    _starts: dict[int, Integers] = field(default_factory=dict)

    @cached_property
    def _by_node(self) -> tuple[Integers, Integers]:
        """The segments ordered by node, and where each node's begin in that order."""
        shifted = self.node + 1
        order = np.argsort(shifted.astype(np.int16), kind="stable")
        counts = np.bincount(shifted, minlength=len(self.guide.nodes) + 1)
        return order, np.concatenate([[0], np.cumsum(counts)])

    def segments_of(self, node: Node) -> Integers:
        """Places (in `rows`) of a node's segments, in order."""
        order, begin = self._by_node
        return order[begin[node.index + 1] : begin[node.index + 2]]

    @cached_property
    def spans(self) -> dict[int, tuple[int, int]]:
        """Where each occurring node's distinct segments begin in `pairs`, and how many they are."""
        numbers, starts, counts = np.unique(
            self.pairs["node"].to_numpy(), return_index=True, return_counts=True
        )
        found = zip(numbers.tolist(), starts.tolist(), counts.tolist(), strict=True)
        return {number: (start, count) for number, start, count in found if number >= 0}

    def starts(self, loop: Node) -> Integers:
        """Places where a loop begins."""
        known = self._starts.get(loop.index)
        if known is None:
            of_transition = [loop in one.begins for one in self.automaton.transitions]
            known = np.flatnonzero(np.array(of_transition, dtype=bool)[self.taken])
            self._starts[loop.index] = known
        return known

    def instance(self, loop: Node) -> Integers:
        """Running number of a loop at each segment: 1 from its first beginning on, 0 before."""
        known = self._instances.get(loop.index)
        if known is None:
            lengths = np.diff(np.concatenate([[0], self.starts(loop), [len(self.rows)]]))
            known = np.repeat(np.arange(len(lengths)), lengths)
            self._instances[loop.index] = known
        return known

    def elements(self, places: Integers) -> pl.Series:
        """The element lists of segments (the id first)."""
        return self.pairs["elements"].gather(self.pair[places])


def walk(segments: Segments, enveloped: Enveloped) -> tuple[list[Loops], pl.DataFrame]:
    """All transactions we have a guide for, walked guide by guide, and the rest.

    The second answer is the rows of `enveloped.transactions` without a guide.
    """
    named = enveloped.transactions.with_columns(name=_resolved(enveloped.transactions))
    walked = [
        _walk_guide(segments, str(name), part)
        for (name,), part in named.filter(pl.col("name").is_not_null()).group_by(
            "name", maintain_order=True
        )
    ]
    return walked, named.filter(pl.col("name").is_null())


def _resolved(transactions: pl.DataFrame) -> pl.Series:
    """Name of the guide that reads each transaction."""
    kinds = transactions.select("guide", "st01").unique()
    names = {
        (version, transaction): loader.resolve(version, transaction)
        for version, transaction in kinds.iter_rows()
    }
    answers = [names[kind] for kind in transactions.select("guide", "st01").iter_rows()]
    return pl.Series("name", answers, dtype=pl.String)


def _walk_guide(segments: Segments, name: str, transactions: pl.DataFrame) -> Loops:
    machine = automaton(name)
    keys = _keys(segments, machine)
    texts = segments.rows["text"].to_numpy()
    spans = transactions.select("row", "last").iter_rows()
    taken: list[int] = []
    rows: list[npt.NDArray[Any]] = []
    for first, last in spans:
        taken += machine.walk(keys[texts[first : last + 1]].tolist())
        rows.append(np.arange(first, last + 1))
    numbers = np.array(taken, dtype=np.int64)
    place = np.concatenate(rows)
    nodes = np.array(
        [-1 if one.node is None else one.node.index for one in machine.transitions], dtype=np.int64
    )
    node = nodes[numbers]
    pairs, pair = _pairs(segments, node, texts[place])
    return Loops(machine.guide, place, node, numbers, pair, pairs, machine, transactions)


def _pairs(segments: Segments, node: Integers, texts: Integers) -> tuple[pl.DataFrame, Integers]:
    """The distinct (node, text) pairs, sorted by node, and each segment's pair."""
    # Nearly every text stands at one node only: its first; the few others are added behind.
    first = np.full(len(segments.texts), -2, dtype=np.int64)
    first[texts[::-1]] = node[::-1]
    elsewhere = np.flatnonzero(first[texts] != node)
    others, their = np.unique(
        np.stack([node[elsewhere], texts[elsewhere]]), axis=1, return_inverse=True
    )
    used = np.flatnonzero(first > -2)
    nodes = np.concatenate([first[used], others[0]])
    order = np.argsort(nodes, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    number = np.full(len(segments.texts), -1, dtype=np.int64)
    number[used] = rank[: len(used)]
    pair = number[texts]
    pair[elsewhere] = rank[len(used) + their.ravel()]
    text = pl.Series("text", np.concatenate([used, others[1]])[order])
    columns = [segments.texts[name].gather(text) for name in ("raw", "elements")]
    return pl.DataFrame([pl.Series("node", nodes[order]), text, *columns]), pair


def _keys(segments: Segments, machine: Automaton) -> npt.NDArray[np.int64]:
    """The automaton's key number of each distinct text."""
    width = max((len(places) for places in machine.discriminators.values()), default=0)
    values = []
    for rank in range(width):
        ids = {
            segment_id: places[rank]
            for segment_id, places in machine.discriminators.items()
            if rank < len(places)
        }
        at = pl.coalesce(
            pl.when(
                pl.col("id").is_in([one for one, place in ids.items() if place == position])
            ).then(pl.col("elements").list.get(position, null_on_oob=True).fill_null(""))
            for position in sorted(set(ids.values()))
        )
        values.append(at.str.extract(sep.FIRST_COMPONENT, 0).alias(f"value{rank}"))
    keyed = segments.texts.select("text", "id", *values)
    columns = ["id", *(f"value{rank}" for rank in range(width))]
    distinct = keyed.select(columns).unique()
    numbers = [
        machine.key_number(tuple(value for value in row if value is not None))
        for row in distinct.iter_rows()
    ]
    numbered = distinct.with_columns(number=pl.Series(numbers, dtype=pl.Int64))
    joined = keyed.join(numbered, on=columns, how="left", nulls_equal=True, maintain_order="left")
    return joined["number"].to_numpy()
