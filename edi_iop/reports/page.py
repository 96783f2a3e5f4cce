"""A sheet as one HTML file that needs nothing else: tables, bars, the meaning of codes.

Nothing is fetched: style and script stand in the file, and its policy lets in no
other. Every text of a file is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from html import escape
from itertools import accumulate
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from edi_iop.money import to_dollars
from edi_iop.reports.cells import COLOURS, fields_of, heading, plain
from edi_iop.reports.sheet import MOST_READ, Chart, Field, Sheet

_LABEL, _BAR, _VALUE, _STEP = 190, 210, 110, 24
"""Of a chart: widths of its three columns and the height of a row, in pixels."""


def to_html(sheet: Sheet) -> str:
    """The page as text."""
    return "".join(page_of(sheet.title or heading(sheet.name), sheet.read))


def page_of(named: str, sheets: Iterable[Sheet]) -> Iterator[str]:
    """A page of several tables, piece by piece."""
    title = named or "Answer"
    style, script = _beside("page.css"), _beside("page.js")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_safe(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<h1>{_safe(title)}</h1>\n"
    )
    for number, page in enumerate(sheets):
        if number or page.title not in ("", title):
            yield f"<h2>{_safe(page.title or heading(page.name))}</h2>\n"
        yield from _section(page)
    yield f"<script>{script}</script>\n</body>\n</html>\n"


@cache
def _beside(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a content security policy knows an inline text by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _safe(text: str) -> str:
    return escape(plain(text, Field("", "")))


def _section(sheet: Sheet) -> Iterator[str]:
    """One table with what is said of it, its bars above and its codes below."""
    if sheet.rows.is_empty():
        yield f"<p>{_safe(sheet.none)}</p>\n"
    else:
        if sheet.closing:
            yield f"<p>{_safe(sheet.closing)}</p>\n"
        if sheet.drawn:
            yield f'<div class="charts">\n{"".join(map(_chart, sheet.drawn))}</div>\n'
        yield from _table(sheet)
    if sheet.legend:
        yield f"<dl>\n{''.join(map(_meaning, sheet.legend))}</dl>\n"
    yield from (f'<p class="soft">{_safe(hint)}</p>\n' for hint in sheet.hints)


def _meaning(line: str) -> str:
    code, _, meaning = line.partition(" ")
    return f"<dt>{_safe(code)}</dt><dd>{_safe(meaning.strip())}</dd>\n"


# ------------------------------------------------------------------ tables


def _table(sheet: Sheet) -> Iterator[str]:
    fields = fields_of(sheet)
    heads = "".join(f"<th{_side(field)}>{_safe(field.heading)}</th>" for field in fields)
    yield f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n'
    said: dict[str, Any] = {}
    for record in sheet.shown.head(MOST_READ).to_dicts():  # as many as a person reads
        notes = [
            n for n in sheet.notes if not (n.once and said.get(n.column) == record.get(n.column))
        ]
        yield _record(record, fields, notes)
        said = record
    yield "</table></div>\n"
    total = sheet.total or sheet.rows.height
    if total > MOST_READ:
        yield f'<p class="soft">the first {MOST_READ:,} of {total:,} rows; all of them are in csv and parquet</p>\n'


def _record(record: dict[str, Any], fields: Sequence[Field], notes: Sequence[Field]) -> str:
    """A body a record: its cells, and beneath them its notes, so that they stay together."""
    cells = "".join(_cell(record.get(field.column), field) for field in fields)
    said = ((note.heading, plain(record.get(note.column), note)) for note in notes)
    beneath = "".join(
        f'<tr class="note"><td colspan="{len(fields)}">{escape(f"{label}: " if label else "")}'
        f"{escape(text)}</td></tr>"
        for label, text in said
        if text
    )
    return f"<tbody><tr>{cells}</tr>{beneath}</tbody>\n"


def _cell(value: object, field: Field) -> str:
    text = plain(value, field)
    colour = COLOURS.get(text) if field.kind == "flag" else None
    shown = f'<span class="{colour}">{escape(text)}</span>' if colour else escape(text)
    key = str(value) if isinstance(value, (int, float)) else text
    side = ' class="day"' if isinstance(value, date) else _side(field)
    return f'<td{side} data-key="{escape(key)}">{shown}</td>'


def _side(field: Field) -> str:
    if field.kind == "flag":
        return ' class="flag"'
    return ' class="right"' if field.kind in ("money", "number") else ""


# ------------------------------------------------------------------ bars


def _chart(chart: Chart) -> str:
    """Bars across, the value written beside each: read by people who see no colour too."""
    rows = list(chart.rows.select("label", "value").iter_rows())
    most = max((abs(value) for _, value in rows), default=0) or 1
    bars = "".join(
        _bar(number, label, value, most, chart) for number, (label, value) in enumerate(rows)
    )
    width, height = _LABEL + _BAR + _VALUE, len(rows) * _STEP
    caption = _safe(chart.title)
    return (
        f'<figure><figcaption>{caption}</figcaption><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{caption}">{bars}</svg></figure>\n'
    )


def _bar(number: int, label: str | None, value: int, most: int, chart: Chart) -> str:
    top = number * _STEP
    length = round(abs(value) / most * _BAR, 1)
    said = to_dollars(value) if chart.kind == "money" else f"{value:,}"
    less = ' class="less"' if value < 0 else ""
    words = label or "none"
    return (
        f'<text x="{_LABEL - 8}" y="{top + 16}" text-anchor="end">{_safe(_fitted(words))}<title>{_safe(words)}</title></text>'
        f'<rect x="{_LABEL}" y="{top + 4}" width="{length}" height="{_STEP - 8}" rx="2"{less}></rect>'
        f'<text x="{_LABEL + length + 6}" y="{top + 16}">{escape(said)}</text>'
    )


def _fitted(words: str) -> str:
    """A bar's name, as much of it as its column has room for: capitals take more than small letters."""
    ends = accumulate(map(_wide, words))
    fitting = sum(end <= _LABEL - 8 for end in ends)
    return words if fitting == len(words) else f"{words[: fitting - 1]}…"


def _wide(sign: str) -> float:
    """About how many pixels a character takes, at 12 pixels of height in a wide face."""
    if east_asian_width(sign) in "WF" or sign in "MWmw@%":
        return 12
    return 8.8 if sign.isupper() or sign.isdigit() else 7.4
