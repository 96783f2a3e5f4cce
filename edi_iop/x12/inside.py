"""Where inside a segment something stands that makes it no clean one: its element, component and repetition."""

from __future__ import annotations

import polars as pl

from edi_iop.texts import composed
from edi_iop.x12 import separators as sep
from edi_iop.x12.segments import Segments

PLACE = ("element", "component", "repetition")
_TEXT = pl.col("elements")
_INNER = sep.REPETITION + sep.COMPONENT


def emptied(segments: Segments, rows: pl.DataFrame) -> pl.DataFrame:
    """Of segments that end in separators, or have an element that does: the first part they should leave out.

    rows: segments by the number of their text. In `CL1*3*1**` it is element 03, in `SVC*HC:S9480::*350`
    component 3 of element 01; an element that is nothing but separators goes on too long from its second part.
    """
    ends = _TEXT.str.contains(f"[{_INNER}]$")
    last = pl.col("element").filter(_TEXT != "").max().over("at")
    found = _elements(segments, rows).filter(ends | (pl.col("element") > last))
    first = found.unique("at", keep="first", maintain_order=True)
    filled = _TEXT.str.strip_chars_end(_INNER)
    by_component = _TEXT.str.strip_prefix(filled).str.starts_with(sep.COMPONENT)
    repetitions = filled.str.count_matches(sep.REPETITION, literal=True).cast(pl.Int64)
    components = (
        filled.str.split(sep.REPETITION).list.last().str.count_matches(sep.COMPONENT, literal=True)
    )
    return _placed(
        rows,
        first.select(
            "at",
            "element",
            component=pl.when(by_component).then(components.cast(pl.Int64) + 2),
            repetition=pl.when(by_component).then(repetitions + 1).when(ends).then(repetitions + 2),
        ),
    )


def foreign(segments: Segments, rows: pl.DataFrame) -> pl.DataFrame:
    """Of segments with a control character that is no separator: the first element that holds one.

    rows: as of `emptied`, with their interchange. Null where it stands in the identifier.
    """
    elements = _elements(segments, rows).filter(pl.col("element") > 0)
    found = [
        of_one.filter(_TEXT.str.contains_any(segments.interchanges[number].separators.given_way))
        for (number,), of_one in elements.group_by("interchange")
    ]
    first = (
        pl.concat([elements.head(0), *found])
        .sort("at", "element")
        .unique("at", keep="first", maintain_order=True)
    )
    nowhere = pl.lit(None, pl.Int64)
    return _placed(rows, first.select("at", "element", component=nowhere, repetition=nowhere))


def numbered() -> pl.Expr:
    """An element and its component as messages name them: 05-2."""
    component = pl.when(pl.col("component").is_not_null()).then(composed("-{}", "component"))
    number = pl.col("element").cast(pl.String).str.zfill(2)
    return composed("{}{}", number, component.fill_null(""))


def _elements(segments: Segments, rows: pl.DataFrame) -> pl.DataFrame:
    """One row an element of each segment (at: its place in rows), the identifier as element 0."""
    texts = rows.with_row_index("at").with_columns(
        segments.texts["elements"].gather(rows["text"]).alias("elements")
    )
    numbers = pl.int_ranges(0, _TEXT.list.len()).alias("element")
    return texts.with_columns(numbers).explode("elements", "element")


def _placed(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The rows with what was found of them (at)."""
    return (
        rows.with_row_index("at")
        .join(places, on="at", how="left", maintain_order="left")
        .drop("at")
    )
