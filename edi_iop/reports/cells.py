"""Values as a person reads them, the same on a terminal, on a page and in a workbook."""

from __future__ import annotations

from datetime import date

from edi_iop.money import to_dollars
from edi_iop.reports.sheet import Field, Kind, Sheet

COLOURS = {
    "error": "red",
    "block": "red",
    "confirmed": "red",
    "quarantined": "red",
    "failed": "red",
    "denied": "red",
    "warning": "yellow",
    "warn": "yellow",
    "hold": "yellow",
    "held": "yellow",
    "unknown": "yellow",
    "partly paid": "yellow",
    "taken back": "red",
    "taken back in part": "yellow",
    "rejected": "red",
    "accepted in part": "yellow",
    "accepted with errors": "yellow",
    "nothing yet": "yellow",
    "accepted": "green",
    "refuted": "green",
    "applied": "green",
    "passed": "green",
    "paid": "green",
    "balanced": "green",
    "matched": "green",
    "amount differs": "red",
    "deposit taken back": "red",
    "deposit without remit": "yellow",
    "remit without deposit": "yellow",
    "card": "yellow",
    "underpaid": "red",
    "one of two paid": "red",
    "paid twice": "red",
    "overpaid": "yellow",
    "paid in full": "green",
}
"""Of severities, verdicts and states (Field.kind flag)."""
_ACRONYMS = {"npi", "carc", "rarcs", "icn", "id", "ar", "plb", "snip", "ta1"}
_IN_CENTS = frozenset({"priority"})
"""Columns of money whose name does not end in _cents."""


def fields_of(sheet: Sheet) -> tuple[Field, ...]:
    """The columns a person sees: those named, else all that hold something."""
    return sheet.fields or tuple(
        Field(name, name, kind_of(name))
        for name in sheet.shown.columns
        if sheet.shown[name].count()
    )


def kind_of(column: str) -> Kind:
    """How a column that no sheet says more of is read."""
    return "money" if column.endswith("_cents") or column in _IN_CENTS else "text"


def heading(column: str) -> str:
    """A column of ours as a heading: `charge_cents` is Charge, `payer_id` Payer ID."""
    words = column.removesuffix("_cents").split("_")
    said = " ".join(word.upper() if word in _ACRONYMS else word for word in words)
    return said[:1].upper() + said[1:]


def cell(value: object, field: Field) -> str:
    """A value in one line, cut in the middle where it is too long for a column."""
    text = plain(value, field)
    if len(text) <= field.widest:
        return text
    head = field.widest // 2
    return f"{text[:head]}…{text[head - field.widest + 1 :]}"


def plain(value: object, field: Field) -> str:
    """A value as a person writes it; control characters of foreign files made harmless."""
    if value is None:
        return ""
    if field.kind == "money" and isinstance(value, int):
        return to_dollars(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(plain(part, field) for part in value)
    text = str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)
