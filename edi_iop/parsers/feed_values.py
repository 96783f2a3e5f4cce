"""From the text of a feed to its typed table: one way for every form.

In: a sheet with `row` and one text column a feed column. Out: the canonical table and the faults.
A row with a value that cannot be read is left out and named; the others stay. What spreadsheets
do to values (906 for 0906, 46027 for a date, 0.375 for 9:00) is undone.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from edi_iop.identifiers import diagnosis
from edi_iop.parsers import feed_dates
from edi_iop.parsers.feed_faults import errors, having, warnings
from edi_iop.parsers.feed_sheet import FAULTS, Sheet
from edi_iop.parsers.feed_spec import Feed, FeedColumn
from edi_iop.parsers.feed_totals import closing

_SIZE = r"(?:\d{1,9}|\d{1,3}(?:[, ']\d{3})+)(?:\.\d{0,2}0*)?|\.\d{1,2}0*"
SIGNED = rf"^(?:[-+]?(?:{_SIZE})|-?\(-?(?:{_SIZE})\)|(?:{_SIZE})(?:[-+]|CR|DR|DB))$"
"""An amount that may be negative: with a sign before or behind it, in parentheses, or with CR or DR."""
_OUT = r"[(-]|D[RB]$"
_CURRENCY = r" ?(USD|US\$|\$) ?"
_NOTHING = r"^[-\u2013\u2014]+$"
"""How a ledger writes that there is no amount."""
WHOLE = r"^\d{1,15}(\.0+)?$"
DECIMAL = r"^\d{1,9}(\.\d{1,6})?$"
DOLLARS = r"^\$?(\d{1,9}|\d{1,3}(,\d{3})+)(\.\d{1,2})?$"
ICD_10_CM = r"^[A-Z]\d[0-9A-Z][0-9A-Z]{0,4}$"
MODIFIER = r"^[0-9A-Z]{2}$"
MOST_MODIFIERS = 4
"""What a service line holds (005010X223A2 loop 2400, SV202-3 to -6)."""
LIST_BREAK = r"[\s,;|]+"
_POINT_ZERO = r"\.0+$"
"""What a spreadsheet adds to digits it takes for a number."""


def typed(sheet: Sheet, file_id: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The canonical table of a sheet, and its faults; rows with an error are left out."""
    feed = sheet.feed
    text = _completed(sheet)
    values = _out_negative(
        feed, text, text.select("row", *(_value(column, text) for column in feed.columns))
    )
    sums, closed = closing(sheet, text, values)
    if sums.height:
        text, values = (rows.join(sums, on="row", how="anti") for rows in (text, values))
    wrong = errors(sheet, text, values)
    good = values.join(wrong, on="row", how="anti") if wrong.height else values
    good, doubtful = warnings(sheet, text, _narrowed(feed, good))
    table = feed.table.conform(good.with_columns(file_id=pl.lit(file_id)))
    return table, pl.concat([sheet.findings, wrong, closed, doubtful]).cast(FAULTS)


def _narrowed(feed: Feed, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, without what those with certain codes do not say (feed_spec.Narrow)."""
    if feed.narrow is None:
        return rows
    kept = {"row", *(one.target for one in feed.columns if one.name in feed.narrow.columns)}
    narrow = having(feed.narrow.when)
    return rows.with_columns(
        pl.when(~narrow).then(name).alias(name) for name in rows.columns if name not in kept
    )


def _out_negative(feed: Feed, text: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """The amounts, below zero where another column says that they went out (feed_spec.Signs)."""
    if feed.signs is None:
        return values
    names = {column.name: column.target for column in feed.columns}
    amount, out = pl.col(names[feed.signs.amount]), pl.col(names[feed.signs.out]).abs()
    debit = text[feed.signs.direction].str.to_lowercase().str.contains(feed.signs.debits)
    signed = pl.when(pl.lit(debit) & (amount > 0)).then(-amount).otherwise(amount)
    both = pl.when(out.is_not_null()).then(signed.fill_null(0) - out).otherwise(signed)
    return values.with_columns(both)


def _completed(sheet: Sheet) -> pl.DataFrame:
    """Every column of the feed as tidy text: inner white space single, empty is null."""
    present = set(sheet.text.columns)

    def tidy(column: FeedColumn) -> pl.Expr:
        if column.name not in present:
            return pl.lit(column.default, pl.String).alias(column.name)
        # An address typed over two lines is one line in X12.
        single = pl.col(column.name).str.replace_all(r"\s+", " ").str.strip_chars()
        if column.kind == "amount":
            single = single.str.replace(_NOTHING, "")
        if column.moment:
            single = feed_dates.dated(single)
        filled = pl.when(single != "").then(single)
        return filled.otherwise(pl.lit(column.default, pl.String)).alias(column.name)

    return sheet.text.select("row", *(tidy(column) for column in sheet.feed.columns))


# ------------------------------------------------------------------ values


def _value(column: FeedColumn, text: pl.DataFrame) -> pl.Expr:
    """The typed value under its table name; null where the text cannot be read."""
    if column.kind == "code":
        typed = _code(column)
    elif column.kind == "digits":
        typed = _digits(column)
    elif column.kind == "date":
        value = pl.col(column.name)
        if feed_dates.all_canonical(text[column.name]):
            typed = feed_dates.canonical_day(value)
        else:
            typed = feed_dates.day(value, birth=column.birth)
    elif column.kind == "diagnoses":
        typed = _diagnoses(column, text)
    else:
        typed = READERS[column.kind](pl.col(column.name))
    return typed.alias(column.target)


def _where(value: pl.Expr, form: str) -> pl.Expr:
    return pl.when(value.str.contains(form)).then(value)


def _text(value: pl.Expr) -> pl.Expr:
    return value


def _upper(value: pl.Expr) -> pl.Expr:
    return value.str.to_uppercase()


def _integer(value: pl.Expr) -> pl.Expr:
    return _where(value, WHOLE).str.split(".").list.first().cast(pl.Int64)


def _number(value: pl.Expr) -> pl.Expr:
    return _where(value, DECIMAL).cast(pl.Float64)


def _cents(value: pl.Expr) -> pl.Expr:
    """Dollars as integer cents without passing through binary fractions."""
    return _as_cents(_where(value, DOLLARS))


def _amount(value: pl.Expr) -> pl.Expr:
    """Dollars that may be negative as integer cents; null as well for fractions of a cent."""
    tidy = value.str.to_uppercase().str.replace_all("[\u2212\u2013]", "-")
    bare = tidy.str.replace(_CURRENCY, "").str.replace_all(
        r"([-+(]) | (CR|DR|DB|[-+)])", "${1}${2}"
    )
    given = _where(bare, SIGNED)
    cents = _as_cents(given.str.replace_all(r"[^\d.]", ""))
    return pl.when(given.str.contains(_OUT)).then(-cents).otherwise(cents)


def _as_cents(dollars_text: pl.Expr) -> pl.Expr:
    amount = dollars_text.str.replace_all(r"[$,]", "").str.splitn(".", 2)
    dollars = amount.struct.field("field_0").replace("", "0").cast(pl.Int64)
    fraction = amount.struct.field("field_1").fill_null("").str.slice(0, 2)
    cents = fraction.str.pad_end(2, "0").cast(pl.Int64)
    return dollars * 100 + cents


def _npi(value: pl.Expr) -> pl.Expr:
    return _where(value.str.replace(_POINT_ZERO, ""), r"^\d{10}$")


def _procedure(value: pl.Expr) -> pl.Expr:
    return _where(value.str.to_uppercase(), r"^[0-9A-Z]{5}$")


def _state(value: pl.Expr) -> pl.Expr:
    return _where(value.str.to_uppercase(), r"^[A-Z]{2}$")


def _zip(value: pl.Expr) -> pl.Expr:
    """Five or nine digits; a spreadsheet takes the leading zero of 01234."""
    plain = value.str.replace(_POINT_ZERO, "")
    digits = _where(plain, r"^(\d{4,5}|\d{4,5}-\d{4}|\d{8,9})$").str.replace("-", "")
    short = digits.str.len_chars() <= 5
    return pl.when(short).then(digits.str.zfill(5)).otherwise(digits.str.zfill(9))


def _modifiers(value: pl.Expr) -> pl.Expr:
    each = value.str.to_uppercase().str.replace_all(r"[\s,;|:]+", " ").str.split(" ")
    sound = each.list.eval(pl.element().str.contains(MODIFIER)).list.all()
    return pl.when(sound & (each.list.len() <= MOST_MODIFIERS)).then(each.list.join(" "))


READERS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "text": _text,
    "upper": _upper,
    "time": feed_dates.time_of_day,
    "integer": _integer,
    "number": _number,
    "cents": _cents,
    "amount": _amount,
    "npi": _npi,
    "procedure": _procedure,
    "state": _state,
    "zip": _zip,
    "modifiers": _modifiers,
}


def _code(column: FeedColumn) -> pl.Expr:
    """The code as the table spells it, whatever the case in the feed."""
    spelt = {code.upper(): code for code in column.codes}
    given = pl.col(column.name).str.to_uppercase()
    if column.width:
        given = given.str.replace(_POINT_ZERO, "").str.zfill(column.width)
    return given.replace_strict(spelt, default=None, return_dtype=pl.String)


def _digits(column: FeedColumn) -> pl.Expr:
    """Digits up to the width, leading zeros put back (906 is 0906)."""
    plain = pl.col(column.name).str.replace(_POINT_ZERO, "")
    given = _where(plain, rf"^\d{{1,{column.width}}}$")
    return given.str.zfill(column.width)


def _diagnoses(column: FeedColumn, text: pl.DataFrame) -> pl.Expr:
    """ICD-10-CM codes without dots, one space between them, in the order given."""
    given = pl.col(column.name).str.strip_chars(" ,;|").str.replace_all(LIST_BREAK, " ")
    # Few distinct codes stand in many rows: each is normalised once, by the one function for it.
    distinct = text.select(given.str.split(" ").explode().unique()).to_series().drop_nulls()
    normal = {code: diagnosis(code) for code in distinct}
    each = given.str.split(" ").list.eval(pl.element().replace(normal))
    sound = each.list.eval(pl.element().str.contains(ICD_10_CM)).list.all()
    return pl.when(sound).then(each.list.join(" "))
