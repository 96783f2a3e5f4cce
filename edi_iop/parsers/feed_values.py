"""From the text of a feed to its typed table: one way for CSV and XML.

In: a frame with `row` and one text column a feed column. Out: the canonical
table and the findings. A row with a value that cannot be read is left out and
named; the others stay. Messages hold line and column; the value, which may be
personal, stands only in the finding's `value`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.findings import CATALOGUE
from edi_iop.identifiers import diagnosis
from edi_iop.parsers.feed_spec import Feed, FeedColumn
from edi_iop.tables import FINDINGS

ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
US_DATE = r"^\d{1,2}/\d{1,2}/\d{4}$"
"""What a spreadsheet makes of a date when it saves a CSV in the United States."""
CLOCK = r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"
SIGNED = r"^(-?\(?|\(-?)\$?-?(\d{1,9}|\d{1,3}(,\d{3})+)(\.\d{1,2})?\)?-?$"
"""An amount that may be negative: with a sign before or behind it, or in parentheses."""
WHOLE = r"^\d{1,9}(\.0+)?$"
DECIMAL = r"^\d{1,9}(\.\d{1,6})?$"
DOLLARS = r"^\$?(\d{1,9}|\d{1,3}(,\d{3})+)(\.\d{1,2})?$"
ICD_10_CM = r"^[A-Z]\d[0-9A-Z][0-9A-Z]{0,4}$"
MODIFIER = r"^[0-9A-Z]{2}$"
LIST_BREAK = r"[\s,;|]+"
FIRST_YEAR, LAST_YEAR = 1900, 2100

FORMS = {
    "code": "not one of the codes of this column",
    "date": "not a date (YYYY-MM-DD)",
    "time": "not a time of day (HH:MM)",
    "integer": "not a whole number",
    "number": "not a number",
    "cents": "not an amount of money",
    "amount": "not an amount of money",
    "digits": "not digits of the right number",
    "npi": "not an NPI (ten digits)",
    "procedure": "not a HCPCS code (five characters)",
    "state": "not a state (two letters)",
    "zip": "not a ZIP code",
    "diagnoses": "not a list of ICD-10-CM codes",
    "modifiers": "not a list of modifiers (two characters each)",
}
"""What a finding says of a value that its column's kind cannot read."""


@dataclass(frozen=True)
class Sheet:
    """The text of one feed as delivered, before any value is read.

    unit: what `row` counts, 'line' in a CSV file and 'element' in XML.
    """

    feed: Feed
    text: pl.DataFrame
    findings: pl.DataFrame
    unit: str


def told(code: str, messages: Sequence[str]) -> pl.DataFrame:
    """Findings about the feed as a whole or rows that did not become columns."""
    return _findings(pl.DataFrame({"message": messages}, schema={"message": pl.String}), code)


def no_findings() -> pl.DataFrame:
    return FINDINGS.empty()


def require_columns(feed: Feed, present: list[str]) -> None:
    """FeedRejected where a required column is missing, naming each one."""
    missing = [name for name in feed.required if name not in present]
    if missing:
        columns = "column" if len(missing) == 1 else "columns"
        raise FeedRejected(
            f"{feed.kind} feed: required {columns} {', '.join(missing)} missing; "
            "add it and send the file again"
        )


def typed(sheet: Sheet, file_id: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The canonical table of a sheet, and the findings; rows with an error are left out."""
    feed = sheet.feed
    text = _completed(sheet)
    values = text.select("row", *(_value(column, text) for column in feed.columns))
    faults = pl.concat(
        [
            *(_unread(sheet, text, values, column) for column in feed.columns),
            *(_missing(sheet, text, values, column) for column in feed.columns),
            *(_reversed(sheet, text, values, column) for column in feed.columns),
            _without_times(sheet, text, values),
        ]
    ).sort("row", maintain_order=True)
    good = values.join(faults, on="row", how="anti")
    table = feed.table.conform(good.with_columns(file_id=pl.lit(file_id)))
    found = pl.concat([sheet.findings, FINDINGS.conform(faults)])
    return table, found.with_columns(file_id=pl.lit(file_id, pl.Int64))


def _completed(sheet: Sheet) -> pl.DataFrame:
    """Every column of the feed as tidy text: inner white space single, empty is null."""
    present = set(sheet.text.columns)

    def tidy(column: FeedColumn) -> pl.Expr:
        if column.name not in present:
            return pl.lit(column.default, pl.String).alias(column.name)
        # An address typed over two lines is one line in X12.
        single = pl.col(column.name).str.replace_all(r"\s+", " ").str.strip_chars()
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


def _date(value: pl.Expr) -> pl.Expr:
    iso = _where(value, ISO_DATE).str.to_date("%Y-%m-%d", strict=False)
    us = _where(value, US_DATE).str.to_date("%m/%d/%Y", strict=False)
    day = pl.coalesce(iso, us)
    return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(day)


def _time(value: pl.Expr) -> pl.Expr:
    clock = _where(value, CLOCK)
    short = clock.str.to_time("%H:%M", strict=False)
    return pl.coalesce(short, clock.str.to_time("%H:%M:%S", strict=False))


def _integer(value: pl.Expr) -> pl.Expr:
    return _where(value, WHOLE).str.split(".").list.first().cast(pl.Int64)


def _number(value: pl.Expr) -> pl.Expr:
    return _where(value, DECIMAL).cast(pl.Float64)


def _cents(value: pl.Expr) -> pl.Expr:
    """Dollars as integer cents without passing through binary fractions."""
    return _as_cents(_where(value, DOLLARS))


def _amount(value: pl.Expr) -> pl.Expr:
    """Dollars that may be negative as integer cents."""
    given = _where(value, SIGNED)
    cents = _as_cents(given.str.replace_all(r"[()-]", ""))
    return pl.when(given.str.contains(r"[(-]")).then(-cents).otherwise(cents)


def _as_cents(dollars_text: pl.Expr) -> pl.Expr:
    amount = dollars_text.str.replace_all(r"[$,]", "").str.splitn(".", 2)
    dollars = amount.struct.field("field_0").cast(pl.Int64)
    cents = amount.struct.field("field_1").fill_null("").str.pad_end(2, "0").cast(pl.Int64)
    return dollars * 100 + cents


def _npi(value: pl.Expr) -> pl.Expr:
    return _where(value, r"^\d{10}$")


def _procedure(value: pl.Expr) -> pl.Expr:
    return _where(value.str.to_uppercase(), r"^[0-9A-Z]{5}$")


def _state(value: pl.Expr) -> pl.Expr:
    return _where(value.str.to_uppercase(), r"^[A-Z]{2}$")


def _zip(value: pl.Expr) -> pl.Expr:
    """Five or nine digits; a spreadsheet takes the leading zero of 01234."""
    digits = _where(value, r"^(\d{4,5}|\d{4,5}-\d{4}|\d{8,9})$").str.replace("-", "")
    short = digits.str.len_chars() <= 5
    return pl.when(short).then(digits.str.zfill(5)).otherwise(digits.str.zfill(9))


def _modifiers(value: pl.Expr) -> pl.Expr:
    each = value.str.to_uppercase().str.replace_all(r"[\s,;|:]+", " ").str.split(" ")
    sound = each.list.eval(pl.element().str.contains(MODIFIER)).list.all()
    return pl.when(sound).then(each.list.join(" "))


READERS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "text": _text,
    "upper": _upper,
    "date": _date,
    "time": _time,
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
        given = given.str.zfill(column.width)
    return given.replace_strict(spelt, default=None, return_dtype=pl.String)


def _digits(column: FeedColumn) -> pl.Expr:
    """Digits up to the width, leading zeros put back (906 is 0906)."""
    given = _where(pl.col(column.name), rf"^\d{{1,{column.width}}}$")
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


# ------------------------------------------------------------------ faults

FAULT = pl.Schema({"row": pl.Int64(), **FINDINGS.schema})


def _findings(frame: pl.DataFrame, code: str) -> pl.DataFrame:
    entry = CATALOGUE[code]
    return FINDINGS.conform(
        frame.with_columns(
            code=pl.lit(code), severity=pl.lit(entry.severity), snip=pl.lit(entry.snip)
        )
    )


def _faults(
    sheet: Sheet, rows: pl.DataFrame, code: str, column: str, says: str, value: str | None = None
) -> pl.DataFrame:
    """One finding a row: 'line 14, service_date: not a date (YYYY-MM-DD)'."""
    if rows.is_empty():
        return pl.DataFrame(schema=FAULT)
    place = pl.format(f"{sheet.unit} {{}}, {column}: {says}", pl.col("row"))
    held = pl.col(value) if value else pl.lit(None, pl.String)
    named = rows.select("row", message=place, value=held)
    return _findings(named, code).select(named["row"], *FINDINGS.schema).cast(FAULT)


def _unread(
    sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame, column: FeedColumn
) -> pl.DataFrame:
    """Values that are there but cannot be read."""
    read = values[column.target].is_not_null()
    rows = text.filter(pl.col(column.name).is_not_null() & ~read)
    says = FORMS.get(column.kind, "")
    return _faults(sheet, rows, "FEED_VALUE_INVALID", column.name, says, column.name)


def _missing(
    sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame, column: FeedColumn
) -> pl.DataFrame:
    """Required values that are empty."""
    empty = text[column.name].is_null()
    wanted = values.with_columns(pl.lit(column.required and not column.blank).alias("_wanted"))
    if column.value_when:
        wanted = wanted.with_columns(pl.col("_wanted") & _having(column.value_when))
    rows = wanted.filter(pl.col("_wanted") & empty)
    return _faults(sheet, rows, "FEED_VALUE_MISSING", column.name, "required, and empty")


def _reversed(
    sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame, column: FeedColumn
) -> pl.DataFrame:
    """Dates before the date they may not precede."""
    if column.not_before is None:
        return pl.DataFrame(schema=FAULT)
    targets = {each.name: each.target for each in sheet.feed.columns}
    early = values[column.target] < values[targets[column.not_before]]
    says = f"before {column.not_before}"
    return _faults(sheet, text.filter(early), "FEED_VALUE_INVALID", column.name, says, column.name)


def _without_times(sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Attended events that do not say how long; times that cannot be read are a fault of their own."""
    times = sheet.feed.times
    if times is None:
        return pl.DataFrame(schema=FAULT)
    groups = (pl.all_horizontal(pl.col(group).is_not_null()) for group in times.any_of)
    given = text.select(pl.any_horizontal(groups)).to_series()
    names = ", or ".join(" and ".join(group) for group in times.any_of)
    rows = values.filter(_having(times.when) & ~given)
    return _faults(sheet, rows, "FEED_TIMES_MISSING", times.any_of[0][0], f"{names} needed")


def _having(codes: dict[str, tuple[str, ...]]) -> pl.Expr:
    """Rows that have one of the codes in every named column."""
    return pl.all_horizontal(pl.col(name).is_in(list(allowed)) for name, allowed in codes.items())
