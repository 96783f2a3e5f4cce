"""The date a code of an outside list stands for: its claim's, its line's or its payment's."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from edi_iop.guides.external_places import Dated, external
from edi_iop.guides.loader import Node
from edi_iop.guides.loops import Integers, Loops


def _dating(loops: Loops, dated: Dated, scope: Node) -> list[Node]:
    """The segments inside a loop that can carry its date."""
    return [
        node
        for node in loops.guide.segments(dated.segment)
        if scope in node.above()
        and (not dated.qualifiers or node.codes(1).intersection(dated.qualifiers))
    ]


def _days(elements: pl.Series, dated: Dated) -> pl.DataFrame:
    """First and last day that segments name, null where they name none of the kind."""
    frame = pl.DataFrame({"elements": elements})
    element = pl.col("elements").list
    text = element.get(dated.element, null_on_oob=True)
    if dated.qualifiers:
        qualifier = element.get(1, null_on_oob=True)
        text = pl.when(qualifier.is_in(dated.qualifiers)).then(text)
    shaped = text.str.extract(r"^([0-9]{8}(?:-[0-9]{8})?)$")
    return frame.select(
        shaped.str.slice(0, 8).str.to_date("%Y%m%d", strict=False).alias("first"),
        shaped.str.slice(-8).str.to_date("%Y%m%d", strict=False).alias("last"),
    )


def extremes(loops: Loops, kind: str) -> tuple[date | None, date | None]:
    """The first and the last day that any code of the list could stand on in this file."""
    frames = [
        _days(loops.elements_of(np.arange(start, start + count)), dated)
        for dated in external().date
        if dated.list == kind
        for scope in loops.guide.loops(dated.loop)
        for node in _dating(loops, dated, scope)
        if node.index in loops.spans
        for start, count in [loops.spans[node.index]]
    ]
    days = pl.concat([pl.DataFrame(schema={"first": pl.Date, "last": pl.Date}), *frames])
    first, last = days.select(pl.col("first").min(), pl.col("last").max()).row(0)
    return first, last


def _scope(node: Node, loop_id: str) -> Node | None:
    return next((loop for loop in node.above() if loop.id == loop_id), None)


def dates_at(loops: Loops, kind: str, node: Node, places: Integers) -> tuple[pl.Series, pl.Series]:
    """First and last day for each place; null where no segment gives one."""
    first = pl.Series([None] * len(places), dtype=pl.Date)
    last = first
    for dated in external().date:
        scope = _scope(node, dated.loop) if dated.list == kind else None
        if scope is None:
            continue
        at = [loops.segments_of(one) for one in _dating(loops, dated, scope)]
        where = np.concatenate([np.empty(0, np.int64), *at])
        days = _days(loops.elements(where), dated).with_columns(
            instance=pl.Series(loops.instance(scope)[where])
        )
        of_instance = days.group_by("instance").agg(pl.col("first").min(), pl.col("last").max())
        mine = pl.DataFrame({"instance": loops.instance(scope)[places]}).join(
            of_instance, on="instance", how="left", maintain_order="left"
        )
        first, last = (
            pl.select(pl.coalesce(had, mine[name])).to_series()
            for had, name in ((first, "first"), (last, "last"))
        )
    return first, last


def taken_back(loops: Loops, kind: str, node: Node, places: Integers) -> npt.NDArray[np.bool_]:
    """Whether a place stands in a claim that takes an earlier answer back."""
    for dated in external().date:
        unless = dated.unless if dated.list == kind else None
        scope = _scope(node, unless.loop) if unless else None
        if unless is None or scope is None:
            continue
        starts = loops.elements(loops.starts(scope)).list.get(unless.element, null_on_oob=True)
        back = starts.is_in(unless.values).fill_null(False).to_numpy()
        return np.concatenate([[False], back])[loops.instance(scope)[places]]
    return np.zeros(len(places), dtype=bool)
