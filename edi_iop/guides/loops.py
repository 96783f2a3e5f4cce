"""Loops as columns: for each segment its guide node, for each loop a running instance number.

One Loops object holds all transactions of a batch that follow one guide. The
instance of a loop at a segment is the count of that loop's beginnings up to
it, so hierarchy, extraction and checks are array operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    pairs: one row a distinct (node, text): node, text, elements; sorted by node.
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
    _order: Integers | None = None

    def segments_of(self, node: Node) -> Integers:
        """Places (in `rows`) of a node's segments, in order."""
        if self._order is None:
            self._order = np.argsort(self.node.astype(np.int16), kind="stable")
        sorted_nodes = self.node[self._order]
        start, stop = np.searchsorted(sorted_nodes, [node.index, node.index + 1])
        return self._order[start:stop]

    def instance(self, loop: Node) -> Integers:
        """Running number of a loop at each segment: 1 from its first beginning on, 0 before."""
        known = self._instances.get(loop.index)
        if known is None:
            known = self._instances[loop.index] = np.cumsum(self.begins(loop))
        return known

    def begins(self, loop: Node) -> npt.NDArray[np.bool_]:
        """Whether a loop begins at each segment."""
        of_transition = [loop in transition.begins for transition in self.automaton.transitions]
        return np.array(of_transition, dtype=bool)[self.taken]

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
    combined = (node + 1) * len(segments.texts) + texts[place]
    distinct, pair = np.unique(combined, return_inverse=True)
    pairs = pl.DataFrame(
        {"node": distinct // len(segments.texts) - 1, "text": distinct % len(segments.texts)}
    ).with_columns(elements=pl.lit(segments.texts["elements"]).gather(pl.col("text")))
    return Loops(machine.guide, place, node, numbers, pair, pairs, machine, transactions)


def _keys(segments: Segments, machine: Automaton) -> npt.NDArray[np.int64]:
    """The automaton's key number of each distinct text."""
    first_component = f"^[^{sep.COMPONENT}{sep.REPETITION}]*"
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
        values.append(at.str.extract(first_component, 0).alias(f"value{rank}"))
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
