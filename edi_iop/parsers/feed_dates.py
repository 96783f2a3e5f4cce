"""Dates and times of day as people and spreadsheets write them: text to values, column by column.

A year that comes first, a month by its name and a date by its number leave no doubt. Slashes and dashes
between numbers do: they are read month first, as in the United States, and it is told where no date of the column shows it. Where
one can only begin with its day, and none with its month, none of them is read. The order of a partner's own export is for
a layout to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

MIDNIGHT = r"(?i)[T ](0?0:00(:00(\.0+)?)?|12:00(:00)?( ?AM)?)$"
"""What a spreadsheet adds to a date that it holds as a moment."""
SERIAL = r"^\d{5}(\.0+)?$"
"""A date as its number: days since 1899-12-30."""
_SERIAL_ZERO = date(1899, 12, 30)
SLASHED = r"^\d{1,2}/\d{1,2}/(\d{2}|\d{4})$"
SHORT_YEAR = r"^\d{1,2}(/\d{1,2}/|-[A-Za-z]{3}-)\d{2}$"
SURE = r"^(\d{4}-\d{2}-\d{2}|\d{4}/\d{1,2}/\d{1,2}|(19|20)\d{6}|\d{1,2}-[A-Za-z]{3}-(\d{2}|\d{4}))$"
"""Forms in which day and month cannot be taken for one another."""
_DAY_FIRST = r"^(1[3-9]|2\d|3[01])/(0?[1-9]|1[0-2])/(\d{2}|\d{4})$"
_MONTH_FIRST = r"^(0?[1-9]|1[0-2])/(1[3-9]|2\d|3[01])/(\d{2}|\d{4})$"
_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y", "%d-%b-%y")
_SLASHED_FORMS = ("%m/%d/%Y", "%m/%d/%y")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_CANONICAL = r"^\d{4}-\d{2}-\d{2}$"

CLOCK = r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"
CLOCK_12 = r"^(0?[1-9]|1[0-2]):[0-5]\d(:[0-5]\d)? ?[AP]M$"
BARE_CLOCK = r"^([01]?\d|2[0-4])[0-5]\d(\.0+)?$"
"""Hours and minutes without a colon, where a spreadsheet took the zero of 0900."""
DAY_FRACTION = r"^0?\.\d+$"
"""A time as a spreadsheet holds it: the part of a day that has passed."""
_DAY_SECONDS = 24 * 60 * 60

_MONTH = (
    "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?"
)
_WEEKDAY, _NTH = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?,? )?", "(?:st|nd|rd|th)?"
_MONTH_NAMED = rf"(?i)^{_WEEKDAY}{_MONTH}[ -]?(\d{{1,2}}){_NTH},?[ -](\d{{4}}|\d{{2}})$"
_DAY_NAMED = rf"(?i)^{_WEEKDAY}(\d{{1,2}}){_NTH}[ -]?{_MONTH},?[ -]?(\d{{4}}|\d{{2}})$"
"""Feb 11, 2026 and Wednesday, 11th February 2026: with the month by its name, however they are put."""
_DASHED = r"^(\d{1,2})-(\d{1,2})-(\d{4}|\d{2})$"

_SECONDS = r"(:[0-5]\d(\.\d+)?)?"
_HERE = (
    rf"(?i)[T ](\d|[01]\d|2[0-3]):[0-5]\d{_SECONDS}( ?[AP]M)?( ?([+-]\d\d:?\d\d|[ECMP][SD]?T))?$"
)
"""A time of day, where the date stands beside it as it was there."""
_UTC = r" ?(Z|UTC|GMT|[+-]00:?00)"
_OF_UTC = rf"(?i)[T ](00:00(:00(\.0+)?)?|(1\d|2[0-3]):[0-5]\d{_SECONDS}){_UTC}$"
"""A time of UTC at which the date is the same in all of the United States, or no time at all."""
BEFORE_DAWN = rf"(?i)[T ]0\d:[0-5]\d{_SECONDS}{_UTC}$"


def dated(value: pl.Expr) -> pl.Expr:
    """A moment without its time of day; one whose date is another one here stays as it is."""
    of_utc = value.str.replace(_OF_UTC, "")
    return (
        pl.when(of_utc.str.contains(BEFORE_DAWN))
        .then(of_utc)
        .otherwise(of_utc.str.replace(_HERE, ""))
    )


def bare(value: pl.Expr) -> pl.Expr:
    """A date without the midnight that a spreadsheet wrote behind it."""
    return value.str.replace(MIDNIGHT, "")


def plain(value: pl.Expr) -> pl.Expr:
    """The same, a month by its name as in 11-Feb-2026, and numbers between slashes."""
    named = bare(value).str.replace(_MONTH_NAMED, "${2}-${1}-${3}")
    return named.str.replace(_DAY_NAMED, "${1}-${2}-${3}").str.replace(_DASHED, "${1}/${2}/${3}")


def begins_with_day(value: pl.Expr) -> pl.Expr:
    """Whether a slashed date of the column can only begin with its day, and none only with its month."""
    written = plain(value)
    return written.str.contains(_DAY_FIRST).any() & ~written.str.contains(_MONTH_FIRST).any()


def order_assumed(value: pl.Expr) -> pl.Expr:
    """Which dates are read month first though none of the column can only begin with its month."""
    written = plain(value)
    return written.str.contains(SLASHED) & ~written.str.contains(_MONTH_FIRST).any()


def day(value: pl.Expr, *, birth: bool = False) -> pl.Expr:
    """The date; null where it cannot be read. Two digits are a year from 1969 to 2068, but of a birth."""
    written = plain(value)
    if birth:
        written = pl.when(~written.str.contains(SHORT_YEAR)).then(written)
    sure, slashed = _where(written, SURE), _where(written, SLASHED)
    number = _where(value, SERIAL).str.slice(0, 5).cast(pl.Int64)
    by_month = [in_years(slashed.str.to_date(form, strict=False)) for form in _SLASHED_FORMS]
    found = [
        *(in_years(sure.str.to_date(form, strict=False)) for form in _FORMS),
        pl.when(~begins_with_day(value)).then(pl.coalesce(by_month)),
        pl.lit(_SERIAL_ZERO) + pl.duration(days=number),
    ]
    return in_years(pl.coalesce(found))


def all_canonical(values: pl.Series) -> bool:
    """Whether every date of a column is written YYYY-MM-DD, as most exports have it: a tenth of the work."""
    return bool(values.str.contains(_CANONICAL).all())


def canonical_day(value: pl.Expr) -> pl.Expr:
    """The date of a text written YYYY-MM-DD, as `day` reads it; null where there is no such day."""
    return in_years(value.str.to_date(_FORMS[0], strict=False))


def mended(value: pl.Expr, forms: Sequence[str]) -> tuple[pl.Expr, list[pl.Expr]]:
    """What a spreadsheet makes of a layout's dates: without the midnight, and in the canonical form.

    forms: the layout's (strptime). A year of two digits is handed on with the month by its name, so
    that `day` reads it, or asks for the century of a birth.
    """
    timeless = bare(value)
    found = []
    for form in forms:
        whole = in_years(timeless.str.to_date(form, strict=False))
        short = timeless.str.to_date(form.replace("%Y", "%y"), strict=False)
        found += [whole.dt.strftime("%Y-%m-%d"), short.dt.strftime("%d-%b-%y")]
    return timeless, found


def time_of_day(value: pl.Expr) -> pl.Expr:
    """The time; null where it cannot be read."""
    clock = _where(value.replace("24:00", "00:00"), CLOCK)
    short = clock.str.to_time("%H:%M", strict=False)
    exact = clock.str.to_time("%H:%M:%S", strict=False)
    noon = _where(value.str.to_uppercase(), CLOCK_12).str.replace(" ?([AP]M)$", " ${1}")
    twelve = noon.str.to_time("%I:%M %p", strict=False)
    exact_twelve = noon.str.to_time("%I:%M:%S %p", strict=False)
    digits = _where(value, BARE_CLOCK).str.split(".").list.first().str.zfill(4)
    joined = digits.replace("2400", "0000").str.to_time("%H%M", strict=False)
    seconds = (_where(value, DAY_FRACTION).cast(pl.Float64) * _DAY_SECONDS).round().cast(pl.Int64)
    passed = (seconds % _DAY_SECONDS * 1_000_000_000).cast(pl.Time)
    return pl.coalesce(short, exact, twelve, exact_twelve, joined, passed)


def _where(value: pl.Expr, form: str) -> pl.Expr:
    return pl.when(value.str.contains(form)).then(value)


def in_years(at: pl.Expr) -> pl.Expr:
    """No year before 1900 is meant: by %Y chrono reads the 26 of 1/5/26 as that year."""
    return pl.when(at.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)).then(at)
