"""A layout proposed for a partner's CSV or XML, out of its header and its values, for a person to edit.

A column is taken for a canonical one by what it is called (maps/feeds/guess.toml) and by whether its
values have the form of that column: dates, times, ICD-10-CM and HCPCS codes, NPI by their check digit.
Only values of code columns are ever written into the proposal.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import cache, cached_property

import msgspec
import polars as pl

from edi_iop import resources
from edi_iop.errors import FeedRejected
from edi_iop.identifiers import is_npi
from edi_iop.parsers import feed_csv, feed_fhir, feed_hl7, feed_xml
from edi_iop.parsers.feed_layout import ISO
from edi_iop.parsers.feed_spec import FeedColumn, feed
from edi_iop.settings import Strict

SAMPLE = 500
"""Rows whose values are looked at."""
DATES = (
    "%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%m-%d-%Y", "%d.%m.%Y", "%Y%m%d", "%d-%b-%Y", "%d-%b-%y",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S", ISO,
)  # fmt: skip
TIMES = (
    "%H:%M", "%I:%M %p", "%H:%M:%S", "%H%M",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M:%S", ISO,
)  # fmt: skip
"""Forms that are tried, the more usual first: of two that fit equally well the first is proposed."""
_SHAPES = {
    "digits": r"^\d{1,4}(\.0+)?$",
    "procedure": r"^[A-Za-z0-9]\d{3}[A-Za-z0-9]\b",
    "diagnoses": r"^[A-Za-z]\d[0-9A-Za-z](\.?[0-9A-Za-z]{1,4})?([\s,;|]+[A-Za-z]\d[0-9A-Za-z.]*)*$",
    "state": r"^[A-Za-z]{2}$",
    "zip": r"^\d{4,5}(-?\d{4})?(\.0+)?$",
    "cents": r"^\$?[\d,]+(\.\d+)?$",
    "number": r"^\d+(\.\d+)?$",
    "integer": r"^\d+(\.\d+)?$|^\d{1,2}:\d{2}$",
    "modifiers": r"^[0-9A-Za-z]{2}([\s,;:|]+[0-9A-Za-z]{2})*$",
}
_LISTS = ("diagnoses", "modifiers")
"""Columns whose values may stand in several of the partner's."""
_TELLING = ("npi", "diagnoses", "procedure")
"""Kinds whose values alone make a column likely."""
_MONTH_FIRST, _DAY_FIRST = "%m/%d/%Y", "%d/%m/%Y"
_SLASHED = re.compile(r"^(\d{1,2})/(\d{1,2})/\d{4}\b")
_MONTHS = 12
_ISO_VALUE = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}"
_MOST_CODES = 40
_ENOUGH = 0.5
_LIKELY = 0.9
_NAMED, _SHAPED = 0.7, 0.3
_ALIKE = 0.86


class _Words(Strict, frozen=True):
    short: dict[str, str]
    names: dict[str, dict[str, tuple[str, ...]]]
    codes: dict[str, dict[str, tuple[str, ...]]]


@cache
def _words() -> _Words:
    text = (resources.maps() / "feeds" / "guess.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Words)


class Guess(msgspec.Struct, frozen=True):
    """One canonical column: from which of the partner's, how it is read, and why."""

    kind: str
    column: FeedColumn
    columns: tuple[str, ...]
    source: str
    """The TOML that stands for it; empty where nothing is proposed."""
    score: float
    why: str


class Proposal(msgspec.Struct, frozen=True):
    """A layout as text, and the guesses it is made of."""

    text: str
    guesses: tuple[Guess, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Required columns that nothing in the file looks like."""
        return tuple(
            f"{one.kind}.{one.column.name}"
            for one in self.guesses
            if one.column.required and not one.source
        )


class _Form(msgspec.Struct, frozen=True):
    """How dates or times are written."""

    form: str
    share: float
    """Of the values, those that it fits."""
    turned: bool
    """Whether day and month fit the other way round as well."""


class _Column(msgspec.Struct, frozen=True, dict=True):
    name: str
    values: tuple[str, ...]
    """Those that are not empty."""
    turned: str = ""
    """The form of dates that the file as a whole speaks against: day or month first."""

    @cached_property
    def dates(self) -> _Form:
        return _format("date", self)

    @cached_property
    def times(self) -> _Form:
        return _format("time", self)


def propose(data: bytes) -> Proposal:
    """A layout for the file; FeedRejected where it is neither CSV nor XML with rows."""
    if feed_hl7.is_hl7(data) or feed_fhir.is_fhir(data):
        raise FeedRejected(
            "HL7 and FHIR need no guess; they are read as they are (edi-iop feed check)"
        )
    root = feed_xml.root(data)
    if root is not None:
        row, frame = feed_xml.leaves(data)
        head = [f"root = {json.dumps(root)}", f"row = {json.dumps(row)}"]
    else:
        grid = feed_csv.grid(data)
        places = {name: str(at) for at, name in enumerate(grid.names) if name}
        frame = grid.rows.select(**places)
        head = []
    if len(frame.columns) < 2 or frame.is_empty():
        raise FeedRejected("neither CSV nor XML with rows of several columns; export it as CSV")
    sampled = {name: _values(frame[name]) for name in frame.columns}
    turned = _turned(sampled.values())
    columns = [_Column(name, values, turned) for name, values in sampled.items()]
    guesses = tuple(guess for kind in _likely(columns) for guess in kind)
    return Proposal(_written(head, guesses, frame.columns), guesses)


def _values(series: pl.Series) -> tuple[str, ...]:
    tidy = series.head(SAMPLE).str.strip_chars().drop_nulls()
    return tuple(tidy.filter(tidy != ""))


def _turned(columns: Iterable[Sequence[str]]) -> str:
    """Of %m/%d/%Y and %d/%m/%Y the one that fewer dates of the file can be; empty where nothing tells."""
    dates = [match for values in columns for one in values if (match := _SLASHED.match(one))]
    days_first = sum(int(one[1]) > _MONTHS for one in dates)
    months_first = sum(int(one[2]) > _MONTHS for one in dates)
    if days_first == months_first:
        return ""
    return _DAY_FIRST if months_first > days_first else _MONTH_FIRST


def _likely(columns: Sequence[_Column]) -> list[list[Guess]]:
    """The guesses of each feed of whose required columns enough are there; encounters where it is none."""
    guesses = {kind: _guesses(kind, columns) for kind in ("encounters", "clients")}
    likely = []
    for kind, own in guesses.items():
        found = [one for one in own if one.column.required and one.source]
        if len(found) >= _ENOUGH * len(feed(kind).required):
            likely.append(own)
    return likely or [guesses["encounters"]]


def _guesses(kind: str, columns: Sequence[_Column]) -> list[Guess]:
    """The best column for each canonical one, each used once; the surest first."""
    pairs = [
        (*_score(kind, wanted, column), wanted, column)
        for wanted in feed(kind).columns
        for column in columns
    ]
    ranked = sorted((one for one in pairs if one[0] > 0), key=lambda one: -one[0])
    found: dict[str, Guess] = {}
    used: set[str] = set()
    for score, why, wanted, column in ranked:
        if wanted.name not in found and column.name not in used:
            found[wanted.name] = _guess(kind, wanted, (column,), score, why)
            used.add(column.name)
    for name in _LISTS:
        _put_together(name, kind, found, ranked, used)
    return [
        found.get(one.name, Guess(kind, one, (), "", 0.0, "no column looks like it"))
        for one in feed(kind).columns
    ]


def _put_together(
    name: str,
    kind: str,
    found: dict[str, Guess],
    ranked: Iterable[tuple[float, str, FeedColumn, _Column]],
    used: set[str],
) -> None:
    """Diagnoses or modifiers that stand in columns of their own, in the order of their numbers."""
    if name not in found:
        return
    others = [
        column
        for score, _, wanted, column in ranked
        if wanted.name == name and column.name not in used and score >= _NAMED * _ALIKE
    ]
    if others:
        first = found[name]
        names = sorted([*first.columns, *(one.name for one in others)], key=_numbered)
        source = f"{{ from = [{', '.join(json.dumps(one) for one in names)}] }}"
        found[name] = Guess(kind, first.column, tuple(names), source, first.score, first.why)
        used.update(names)


def _numbered(name: str) -> tuple[str, int]:
    """Dx 10 after Dx 9."""
    number = re.search(r"\d+$", name.strip())
    return name.strip().removesuffix(number[0]) if number else name, int(number[0]) if number else 0


def _score(kind: str, wanted: FeedColumn, column: _Column) -> tuple[float, str]:
    """How likely the column is the wanted one, and why; 0 where it is not."""
    called = _called(kind, wanted.name, column.name)
    fits = _fits(wanted, column) if column.values else None
    if fits is not None and fits < _ENOUGH:
        return 0.0, ""
    if called:
        why = "by its name" if fits is None else f"by its name; {fits:.0%} of values fit"
        return _NAMED * called + _SHAPED * (1.0 if fits is None else fits), why
    if wanted.kind in _TELLING and fits is not None and fits >= _LIKELY and len(column.values) > 1:
        return _SHAPED * fits, f"by its values: {fits:.0%} fit"
    return 0.0, ""


@cache
def _plain(name: str) -> str:
    """A name as names are compared: words in lower case, what is short in full, numbers apart."""
    words = re.findall(r"[a-z]+|\d+|#", name.lower())
    return " ".join(_words().short.get(word, word) for word in words)


def _called(kind: str, wanted: str, name: str) -> float:
    """1 where it is called so; less where nearly, or where the words are among others."""
    plain = _plain(name)
    if wanted in _LISTS:  # Dx 1 to Dx 12: the first of several says what they are
        plain = re.sub(r" \d+$", "", plain)
    words = _names(kind, wanted)
    if plain in words or plain == _plain(wanted):
        # Of several names for one thing the more telling stand first.
        return 1.0 - 0.01 * (words.index(plain) if plain in words else 0)
    best = 0.0
    for word in words:
        if len(word.split()) > 1 and set(word.split()) <= set(plain.split()):
            best = max(best, 0.8)
        elif len(word) > 4 and SequenceMatcher(None, word, plain).ratio() >= _ALIKE:
            best = max(best, 0.7)
    return best


@cache
def _names(kind: str, wanted: str) -> tuple[str, ...]:
    """What partners call a column, as names are compared."""
    return tuple(_plain(word) for word in _words().names.get(kind, {}).get(wanted, ()))


def _fits(wanted: FeedColumn, column: _Column) -> float | None:
    """The share of values that have the form of the column; None where any text would."""
    values = column.values
    if form := _form(wanted, column):
        return form.share
    if wanted.kind == "npi":
        return sum(is_npi(re.sub(r"\.0+$", "", value)) for value in values) / len(values)
    if wanted.kind == "code":
        known = sum(_meaning(wanted, value) is not None for value in values)
        few = len(set(values)) <= _MOST_CODES
        return known / len(values) if few and known else 0.0
    if wanted.kind in _SHAPES:
        return float(pl.Series(values).str.contains(_SHAPES[wanted.kind]).mean() or 0.0)  # type: ignore[arg-type]
    return None


def _form(wanted: FeedColumn, column: _Column) -> _Form | None:
    """How the values would be read as what is wanted; None where that has no form."""
    if wanted.kind == "date":
        return column.dates
    return column.times if wanted.kind == "time" else None


def _format(kind: str, column: _Column) -> _Form:
    """The form of dates or times that fits most values."""
    series = pl.Series(column.values)
    shares = []
    for form in TIMES if kind == "time" else DATES:
        if form == column.turned:
            continue
        if form == ISO:
            good = series.str.contains(_ISO_VALUE)
        elif kind == "time" and "%d" not in form:
            good = series.str.to_time(form, strict=False).is_not_null()
        else:
            at = series.str.to_datetime(form, strict=False)
            good = (at.dt.year() >= 1900).fill_null(False)
        shares.append((int(good.sum()) / len(series), form))
    best, form = max(shares, key=lambda one: one[0])
    turned = {_MONTH_FIRST: _DAY_FIRST, _DAY_FIRST: _MONTH_FIRST}.get(form)
    return _Form(form, best, (best, turned) in shares)


def _meaning(wanted: FeedColumn, value: str) -> str | None:
    """The code that a partner's word means."""
    plain = value.lower()
    if value.upper() in {code.upper() for code in wanted.codes}:
        return next(code for code in wanted.codes if code.upper() == value.upper())
    for code, words in _words().codes.get(wanted.name, {}).items():
        if any(plain == word or (len(word) > 1 and plain.startswith(word)) for word in words):
            return code
    return None


def _guess(
    kind: str, wanted: FeedColumn, columns: tuple[_Column, ...], score: float, why: str
) -> Guess:
    (column,) = columns
    parts = [f"from = {json.dumps(column.name)}"]
    if column.values and (form := _form(wanted, column)):
        parts.append(f"format = {json.dumps(form.form)}")
        why += "; day and month fit the other way round too" if form.turned else ""
    elif wanted.name == "minutes" and column.values:
        if any(":" in value for value in column.values):
            parts.append('format = "%H:%M"')
        elif re.search(r"hours|hrs", _plain(column.name)):
            parts.append("factor = 60")
    elif wanted.kind == "procedure" and any(len(value) > 5 for value in column.values):
        parts.append("pattern = '^([A-Za-z0-9]{5})\\b'")
    elif wanted.kind == "code" and column.values:
        codes, unknown = _codes(wanted, column.values)
        if codes:
            parts.append(f"codes = {{ {', '.join(codes)} }}")
        why += f'; of unknown meaning: {unknown}; write it in place of "?"' if unknown else ""
    plain = len(parts) == 1
    source = json.dumps(column.name) if plain else f"{{ {', '.join(parts)} }}"
    return Guess(kind, wanted, (column.name,), source, score, why)


def _codes(wanted: FeedColumn, values: Sequence[str]) -> tuple[list[str], int]:
    """The translations of the values that need one, and how many nobody knows."""
    found, unknown = [], 0
    for value in sorted(set(values)):
        meaning = _meaning(wanted, value)
        unknown += meaning is None
        if meaning is None or meaning.upper() != value.upper():
            found.append(f"{json.dumps(value)} = {json.dumps(meaning or '?')}")
    return found, unknown


def _written(head: list[str], guesses: Sequence[Guess], names: Sequence[str]) -> str:
    """The layout as TOML."""
    used = list(dict.fromkeys(name for one in guesses for name in one.columns))
    needed = [name for one in guesses if one.column.required for name in one.columns]
    telling = list(dict.fromkeys(needed)) or used
    rest = [name for name in names if name not in used]
    lines = [
        "# Proposed by `edi-iop feed guess` from a file's header and values. Check every line, and then",
        "# what it makes of the file: edi-iop feed check FILE --layout THIS. Its place is a workspace's feeds/.",
        'says = "a partner\'s own export"',
        f"form = {json.dumps('xml' if head else 'csv')}",
        *(head or [f"header = {_listed(telling)}"]),
        f"ignore = {_listed(rest)}",
    ]
    for kind in dict.fromkeys(one.kind for one in guesses):
        lines += ["", f"[{kind}]"]
        for one in (guess for guess in guesses if guess.kind == kind):
            if one.source:
                lines.append(f"{one.column.name} = {one.source}  # {one.why}")
            elif one.column.required:
                lines.append(f'# {one.column.name} = ""  # required: {one.why}')
    return "\n".join([*lines, ""])


def _listed(names: Sequence[str]) -> str:
    return f"[{', '.join(json.dumps(name) for name in names)}]"
