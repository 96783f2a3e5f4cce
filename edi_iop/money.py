"""Money: integer cents inside, Decimal at the edges, X12 type R in the file."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_CENT = Decimal("0.01")


def to_cents(amount: str | Decimal) -> int:
    """An amount in dollars as integer cents; ValueError on text, NaN or fractions of a cent.

    >>> to_cents("150.5")
    15050
    """
    try:
        dollars = Decimal(amount)
        cents = dollars.quantize(_CENT)
    except InvalidOperation as problem:
        raise ValueError(f"not an amount of money: {amount!r}") from problem
    if cents != dollars:
        raise ValueError(f"fractions of a cent: {amount!r}")
    return int(cents.scaleb(2))


def to_x12(cents: int) -> str:
    """Cents as X12 type R: no thousands separator, no needless zeros (150, 150.5, -0.05).

    >>> [to_x12(cents) for cents in (15000, 15050, -5, 0)]
    ['150', '150.5', '-.05', '0']
    """
    sign, whole, fraction = "-" if cents < 0 else "", abs(cents) // 100, abs(cents) % 100
    digits = f"{fraction:02d}".rstrip("0")
    if not digits:
        return f"{sign}{whole}"
    return f"{sign}{whole or ''}.{digits}"


def to_dollars(cents: int) -> str:
    """Cents for a person: $1,234.50, or -$0.05.

    >>> to_dollars(123450)
    '$1,234.50'
    """
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
