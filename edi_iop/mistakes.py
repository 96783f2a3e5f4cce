"""What msgspec refuses in a file that people write, in their words: the key, and the reason.

Settings, policies and layouts are decoded strictly; what is wrong in one is told by key, so that it
can be found, and without the types and expressions that the decoder goes by.
"""

from __future__ import annotations

import re

import msgspec

FORMS = {
    r"^\d{10}$": "ten digits",
    r"^\d{9}$": "nine digits, without a hyphen",
    r"^\d{4}$": "four digits",
    r"^\d{2}$": "two digits",
    r"^[0-9A-Z]{2}$": "two digits or capital letters",
    r"^[0-9A-Z]{5}$": "a procedure code (five digits or capital letters)",
    r"^([0-9A-Z]{5}|class:.*)$": "a procedure code (five digits or capital letters)",
    r"^[0-9]{2}[0-9A-Z]{7}[A-Z]$": "a taxonomy code (ten characters, as 261QR0405X)",
    r"^\d+(\.\d{1,2})?$": 'an amount in dollars (as "350.00")',
    r"^\d+(\.\d{2})?$": 'an amount in dollars (as "350.00")',
}
"""What the patterns of our own structs ask for; a test holds the list complete."""
_KINDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list in [ ]",
    "object": "a table",
    "date": "a date (as 2026-01-31, without quotes)",
    "null": "nothing",
}
_FIELD = re.compile(r"(unknown|missing required) field `(\w+)`")
_PATTERN = re.compile(r"matching regex '(.*)'$")
_TYPE = re.compile(r"Expected `([\w |]+)`, got `(\w+)`$")
_BOUND = re.compile(r"Expected `\w+` (>=|<=|>|<) (\S+)$")
_LENGTH = re.compile(r"Expected `str` of length (>=|<=) (\d+)$")
_VALUE = re.compile(r"Invalid enum value '?(.*?)'?$")
_KEY = re.compile(r"^`?key` in `\$")


def told(problem: msgspec.ValidationError) -> tuple[str, str]:
    """The dotted key that is wrong, '' for the whole, and the reason in plain words."""
    reason, _, place = str(problem).partition(" - at ")
    of_key = _KEY.match(place) is not None
    place = _KEY.sub("", place).strip("`$.")
    field = _FIELD.search(reason)
    if field is not None:
        key = f"{place}.{field[2]}" if place else field[2]
        return key, "unknown key" if field[1] == "unknown" else "missing"
    return place, f"{'a key of it: ' if of_key else ''}{_plain(reason)}"


def _plain(reason: str) -> str:
    if found := _PATTERN.search(reason):
        # msgspec writes the expression as Python would
        form = found[1].replace("\\\\", "\\")
        return f"not {FORMS.get(form, f'of the form {form}')}"
    if found := _TYPE.match(reason):
        wanted = " or ".join(_KINDS.get(one, one) for one in found[1].split(" | "))
        return f"must be {wanted}, not {_KINDS.get(found[2], found[2])}"
    if found := _BOUND.match(reason):
        words = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
        return f"must be {words[found[1]]} {found[2]}"
    if found := _LENGTH.match(reason):
        return f"must have at {'least' if found[1] == '>=' else 'most'} {found[2]} characters"
    if found := _VALUE.match(reason):
        return f"'{found[1]}' is none of the values it may have"
    return reason[:1].lower() + reason[1:]
