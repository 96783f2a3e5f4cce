"""Identifiers: made so that they survive a payer, and brought to one form before comparing.

A patient control number (CLM01) is opaque, at most 17 characters (some payers
cut there), never starts with 0, and ends in a check character, so that a
mangled answer can still be recognised with certainty.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U to be misread."""

_SPACE = 1 << 45
"""Serial numbers are permuted inside nine characters of base 32."""
_MIX = 0x5851F42D4C95 | 1
"""An odd factor: multiplication modulo a power of two is a permutation."""


def _digits(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, rest = divmod(number, 32)
        text = ALPHABET[rest] + text
    return text


def check_character(text: str) -> str:
    """The Luhn mod 32 check character of a text over ALPHABET."""
    total = 0
    for place, character in enumerate(reversed(text)):
        value = ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def patient_control_number(serial: int) -> str:
    """CLM01 of the serial-th submission: 11 characters, opaque, check character last.

    Different serials below 2**45 give different numbers; the leading letter keeps
    payers' systems from stripping zeros.
    """
    if not 0 <= serial < _SPACE:
        raise ValueError(f"serial out of range: {serial}")
    body = "E" + _digits(serial * _MIX % _SPACE, 9)
    return body + check_character(body)


def is_npi(text: str) -> bool:
    """Whether a National Provider Identifier's check digit holds (Luhn with prefix 80840)."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()):
        return False
    total = 24
    for place, digit in enumerate(reversed(text)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


def is_routing_number(text: str) -> bool:
    """Whether a bank's routing number (ABA) is nine digits whose check digit holds: weights 3, 7, 1."""
    if len(text) != 9 or not (text.isascii() and text.isdigit()):
        return False
    weighted = zip(text, (3, 7, 1) * 3, strict=True)
    return sum(int(digit) * weight for digit, weight in weighted) % 10 == 0


def make_npi(nine: str) -> str:
    """A National Provider Identifier: nine digits and their check digit."""
    return next(nine + digit for digit in "0123456789" if is_npi(nine + digit))


def revenue(text: str) -> str:
    """A revenue code in four digits: spreadsheets lose the leading zero (906 is 0906)."""
    return text.strip().zfill(4)


def diagnosis(text: str) -> str:
    """An ICD-10-CM code as X12 carries it: upper case, no dot (F10.20 is F1020)."""
    return text.strip().upper().replace(".", "")
