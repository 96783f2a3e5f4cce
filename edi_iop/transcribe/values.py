"""Values: text of an element <-> the type of a column, as expressions.

What cannot be read in the column's type is null in the table; the guide's
checks have already said what is wrong with it, and where.
"""

from __future__ import annotations

from functools import cache

import msgspec
import polars as pl

from edi_iop.tables.schema import Column
from edi_iop.transcribe.maps import Source
from edi_iop.x12 import separators as sep


class Form(msgspec.Struct, frozen=True, eq=False):
    """What a column takes of an element: its components, a part of a period, a unit, a type.

    There is one of each (form_of).
    """

    component: int | None
    last: int | None
    part: str | None
    unit: str
    dtype: pl.DataType


def form_of(source: Source, column: Column) -> Form:
    """What a column takes of the element that a path leads to."""
    unit = column.unit if column.unit == "cents" else ""
    return _form(source.component, source.last, source.form, unit, column.dtype)


_form = cache(Form)


def typed(elements: pl.Series, form: Form) -> pl.Series:
    """Elements in the form of their column; null where empty or unreadable."""
    frame = elements.alias("text").to_frame()
    for step in _steps(form):
        frame = frame.select(step)
    return frame.to_series()


@cache
def _steps(form: Form) -> tuple[pl.Expr, ...]:
    """In steps, since an expression that names another twice has it worked out twice."""
    text = pl.col("text")
    if form.dtype in (pl.Int64(), pl.Float64(), pl.Date()):
        # What is empty is no number and no date either.
        steps = [_formed(_stripped(text, form), form.part), _converted(text, form)]
    else:
        steps = [_stripped(text, form), _given(text, form.part)]
        if form.dtype != pl.String():
            steps.append(_converted(text, form))
    return tuple(step.alias("text") for step in steps)


def _stripped(text: pl.Expr, form: Form) -> pl.Expr:
    if form.component is not None:
        text = _component(text, form.component, form.last)
    return text.str.strip_chars()


def _given(text: pl.Expr, form: str | None) -> pl.Expr:
    formed = _formed(text, form)
    return pl.when(formed != "").then(formed)


def _converted(text: pl.Expr, column: Form) -> pl.Expr:
    if column.unit == "cents":
        return cents(text)
    if column.dtype == pl.Date():
        # Left to itself, the conversion takes 2026011 for a date, and a year 0 that Python lacks.
        whole = text.str.contains(r"^[0-9]{8}$") & ~text.str.starts_with("0000")
        return pl.when(whole).then(text).str.to_date("%Y%m%d", strict=False)
    if column.dtype in (pl.Int64(), pl.Float64()):
        number = text.str.contains(
            r"^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"
        )  # NaN, inf and 1e5 are none in X12
        return pl.when(number).then(text).cast(column.dtype, strict=False)
    return text if column.dtype == pl.String() else text.cast(column.dtype)


def _component(text: pl.Expr, first: int, last: int | None) -> pl.Expr:
    parts = text.str.split(sep.COMPONENT)
    if last is None:
        return parts.list.get(first - 1, null_on_oob=True)
    words = parts.list.slice(first - 1, last - first + 1)
    return words.list.eval(pl.element().filter(pl.element() != "")).list.join(" ")


def _formed(text: pl.Expr, form: str | None) -> pl.Expr:
    """A part of a date time period (CCYYMMDD, CCYYMMDD-CCYYMMDD, CCYYMMDDHHMM), or `=x`: x for any text."""
    if form is not None and form.startswith("="):
        return pl.when(text != "").then(pl.lit(form[1:]))
    if form in ("from", "date"):
        return text.str.slice(0, 8)
    if form == "to":
        return text.str.extract(r"^\d{8}-(\d{8})$")
    if form == "through":
        return pl.coalesce(text.str.extract(r"^\d{8}-(\d{8})$"), text.str.slice(0, 8))
    if form == "hour":
        return text.str.extract(r"^\d{8}(\d{4})$")
    return text


def cents(text: pl.Expr) -> pl.Expr:
    """X12 type R in dollars as integer cents; null where it is no amount of whole cents."""
    amount = text.str.contains(r"^-?(?:[0-9]+(?:\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)$")
    exact = text.str.to_decimal(scale=2).to_physical().cast(pl.Int64, strict=False)
    return pl.when(amount).then(exact)


def dollars(amount: pl.Expr) -> pl.Expr:
    """Integer cents as X12 type R: 150, 150.5, -.05 (money.to_x12 as a column)."""
    whole, fraction = amount.abs() // 100, amount.abs() % 100
    tail = fraction.cast(pl.String).str.zfill(2).str.strip_chars_end("0")
    sign = pl.when(amount < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    head = pl.when((whole == 0) & (tail != "")).then(pl.lit("")).otherwise(whole.cast(pl.String))
    point = pl.when(tail != "").then(pl.lit(".")).otherwise(pl.lit(""))
    return pl.concat_str(sign, head, point, tail)


def written(value: pl.Expr, column: Column) -> pl.Expr:
    """A column's value as an element's text; null stays null."""
    if column.unit == "cents":
        return dollars(value)
    if column.dtype == pl.Date():
        return value.dt.strftime("%Y%m%d")
    if column.dtype == pl.Float64():
        return value.cast(pl.String).str.replace(r"\.0$", "")
    return safe(value.cast(pl.String))


_PLAIN = {
    "ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l",
    "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "TH", "þ": "th", "\u0131": "i",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2010": "-", "\u2013": "-", "\u2014": "-",
}  # fmt: skip
"""Letters and signs of names that no decomposition makes plain."""


def safe(text: pl.Expr) -> pl.Expr:
    """Text a segment can carry: accents folded, separators and control characters as spaces."""
    folded = text.str.replace_many(_PLAIN).str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    plain = folded.str.replace_all(r"[*:~^]|[^\x20-\x7E]", " ").str.strip_chars()
    return pl.when(plain != "").then(plain)
