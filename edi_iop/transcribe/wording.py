"""Wording: a segment's text out of the columns and constants a table map gives its elements."""

from __future__ import annotations

import msgspec
import polars as pl

from edi_iop.guides.loader import Node
from edi_iop.transcribe import values
from edi_iop.transcribe.maps import Source, TableMap
from edi_iop.x12 import separators as sep

Elements = dict[int, dict[int, pl.Expr]]
"""Element -> component -> text; component 0 is the whole element."""


class Part(msgspec.Struct, frozen=True):
    """One element to be written: a column's value or a constant."""

    source: Source
    column: str | None
    constant: str = ""
    given: Source | None = None
    """The element without which the constant is left out."""
    where: pl.Expr | None = None
    """The rows in which a column's value is written here."""


def worded(one: TableMap, node: Node, parts: list[Part]) -> tuple[pl.Expr, pl.Expr]:
    """A segment's text, and whether any column fills it; constants alone write nothing."""
    elements: Elements = {}
    if parts[0].source.qualifiers:
        elements[1] = {0: pl.lit(parts[0].source.qualifiers[0])}
    filled = _periods(parts, elements) + _columns(one, node, parts, elements)
    _constants(parts, elements)
    return joined(node.id, elements), pl.any_horizontal(filled)


def _columns(one: TableMap, node: Node, parts: list[Part], elements: Elements) -> list[pl.Expr]:
    """The elements that are columns; gives back whether each is there."""
    types = {column.name: column for column in one.table.columns}
    filled = []
    for part in parts:
        source = part.source
        if part.column is not None and source.form is None:
            text = values.written(pl.col(part.column), types[part.column])
            text = _admitted(one, part.column, node, source, text)
            if part.where is not None:
                text = pl.when(part.where).then(text)
            filled.append(text.is_not_null())
            if source.last is not None:
                text = text.str.replace_all(" ", sep.COMPONENT)
            elements.setdefault(source.element, {})[source.component or 0] = text
    return filled


def _admitted(one: TableMap, column: str, node: Node, source: Source, text: pl.Expr) -> pl.Expr:
    """A column with several places is written where the guide's codes admit its value."""
    spec = node.element(source.element, source.component)
    if len(one.columns[column]) > 1 and spec is not None and spec.codes:
        return pl.when(text.is_in(sorted(spec.codes))).then(text)
    return text


def _constants(parts: list[Part], elements: Elements) -> None:
    """The elements that are constants, where no column has filled them."""
    columns = {(part.source.element, part.source.component): part.column for part in parts}
    for part in parts:
        if part.column is None:
            value: pl.Expr = pl.lit(part.constant)
            if part.given is not None:
                other = columns[part.given.element, part.given.component]
                value = pl.when(pl.col(str(other)).is_not_null()).then(value)
            slot = elements.setdefault(part.source.element, {})
            slot.setdefault(part.source.component or 0, value)


def _periods(parts: list[Part], elements: Elements) -> list[pl.Expr]:
    """Date time periods put together from columns, each behind its qualifier."""
    found: dict[int, dict[str, pl.Expr]] = {}
    for part in parts:
        source = part.source
        if source.form is not None and part.column is not None:
            value = pl.col(part.column)
            text = value if source.form == "hour" else value.dt.strftime("%Y%m%d")
            found.setdefault(source.element, {})[source.form] = text
    filled = []
    for place, forms in found.items():
        qualifier, text = _period(forms)
        elements.setdefault(place - 1, {})[0] = qualifier
        elements.setdefault(place, {})[0] = text
        filled.append(text.is_not_null())
    return filled


def _period(forms: dict[str, pl.Expr]) -> tuple[pl.Expr, pl.Expr]:
    if "date" in forms:
        timed = forms["hour"].is_not_null() if "hour" in forms else pl.lit(False)
        both = pl.concat_str(forms["date"], forms.get("hour", pl.lit("")))
        return (
            pl.when(timed).then(pl.lit("DT")).otherwise(pl.lit("D8")),
            pl.when(timed).then(both).otherwise(forms["date"]),
        )
    last = forms.get("through", forms.get("to", pl.lit(None, pl.String)))
    span = pl.concat_str(forms["from"], pl.lit("-"), last)
    return (
        pl.when(last.is_not_null()).then(pl.lit("RD8")).otherwise(pl.lit("D8")),
        pl.when(last.is_not_null()).then(span).otherwise(forms["from"]),
    )


def joined(head: str, elements: Elements, strip: bool = True) -> pl.Expr:
    """A segment's text out of its elements and their components, trailing empties left out."""
    parts: list[pl.Expr] = [pl.lit(head)] if head else []
    places = range(1 if head else min(elements, default=0), max(elements, default=0) + 1)
    for place in places:
        components = elements.get(place, {})
        whole = components.get(0)
        if whole is None and components:
            texts = [
                components.get(number, pl.lit("")).fill_null("")
                for number in range(1, max(components) + 1)
            ]
            whole = pl.concat_str(texts, separator=sep.COMPONENT).str.strip_chars_end(sep.COMPONENT)
        parts.append(pl.lit("") if whole is None else whole.fill_null(""))
    text = pl.concat_str(parts, separator=sep.ELEMENT)
    text = text if head else pl.concat_str(pl.lit(sep.ELEMENT), text)
    return text.str.strip_chars_end(sep.ELEMENT) if strip else text


def numbered(ordered: pl.DataFrame) -> pl.DataFrame:
    """HL numbers, parents and child flags, which follow from the order."""
    level = pl.col("raw").str.extract(f"^HL{sep.ELEMENT}(\\d+)$", 1)
    count = pl.col("hl").is_not_null().cum_sum().over("transaction")

    def last(code: str) -> pl.Expr:
        return (
            pl.when(pl.col("hl") == code).then(pl.col("number")).forward_fill().over("transaction")
        )

    following = pl.col("hl").drop_nulls().shift(-1)
    framed = ordered.with_columns(hl=level).with_columns(number=count)
    heads = framed.filter(pl.col("hl").is_not_null()).with_columns(
        next=following,
        parent=pl.when(pl.col("hl") == "22")
        .then(last("20"))
        .when(pl.col("hl") == "23")
        .then(last("22")),
    )
    texts = heads.with_columns(
        text=pl.concat_str(
            pl.lit("HL"),
            pl.col("number").cast(pl.String),
            pl.col("parent").cast(pl.String).fill_null(""),
            pl.col("hl"),
            (pl.col("next") > pl.col("hl")).fill_null(False).cast(pl.Int8).cast(pl.String),
            separator=sep.ELEMENT,
        )
    ).select("transaction", "number", "hl", "text")
    return framed.join(
        texts, on=["transaction", "number", "hl"], how="left", maintain_order="left"
    ).select("transaction", raw=pl.coalesce("text", "raw"))
