"""Patterns: one regular expression a guide node, matched by segments that are surely clean.

Looking at every element of every segment takes longer than all the rest of
reading. A segment that fits its node's pattern breaks no element rule of the
guide; only the others are looked at element by element. The pattern may fail
on a clean segment (an unusual number, a leap day), never fit a faulty one: a
test compares both ways over many mutations.
"""

from __future__ import annotations

import re
from functools import cache

from edi_iop.guides.loader import ElementSpec, Node, external_codes, load
from edi_iop.x12 import separators as sep

_TEXT = r"[A-Z0-9!\"&'()*+,\-./:;?= a-z%~@\[\]_{}\\|<>^`#$]"
_TEXT_END = r"[A-Z0-9!\"&'()*+,\-./:;?=a-z%~@\[\]_{}\\|<>^`#$]"
_DATE = (
    r"(?:(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31))"
)
_HOUR = r"(?:[01][0-9]|2[0-3])[0-5][0-9]"
_PERIODS = {"D8": _DATE, "RD8": f"{_DATE}-{_DATE}", "DT": _DATE + _HOUR, "TM": _HOUR}
_DIGITS = re.compile(r"\^\(\?:\[0-9\]\{([0-9]+)\}\)\$")
"""A form that is so many digits."""


@cache
def of_node(guide_name: str, number: int) -> str:
    """The pattern of a segment, by its node's number; most of a guide's are in no one file."""
    return _segment(load(guide_name).nodes[number])


def filled(node: Node) -> tuple[frozenset[int], frozenset[int]]:
    """Of a segment that fits its node's pattern, the elements that are there, and those that may be."""
    always: set[int] = set()
    perhaps: set[int] = set()
    for spec in (spec for spec in node.elements if spec.component is None and spec.usage != "N"):
        after = node.element(spec.position + 1)
        empty = spec.composite and not any(
            part.component and part.usage == "R"
            for part in node.elements
            if part.position == spec.position
        )
        # The pattern of a period leaves both off, or neither: its qualifier is as it is.
        paired = spec.data_element == "1250" and after is not None and after.usage != "R"
        surely = spec.usage == "R" and not empty and not paired
        (always if surely else perhaps).add(spec.position)
    return frozenset(always), frozenset(perhaps)


def _segment(node: Node) -> str:
    """Elements in order; what may be absent at the end, from the end inwards.

    Nothing before a required element may be absent: it may only be empty.
    """
    width = max((spec.position for spec in node.elements), default=0)
    tail = ""
    place = width
    needed = False  # Before a required element nothing is left off, be it empty.
    while place > 0:
        spec = node.element(place)
        before = node.element(place - 1)
        needed = needed or (spec is not None and spec.usage == "R")
        if spec is None:
            tail = _optional(tail, needed) if tail else ""
        elif _is_period(spec) and before is not None and before.data_element == "1250":
            needed = needed or before.usage == "R"
            tail = _optional(_period(before, spec) + tail, needed)
            place -= 1
        else:
            tail = _optional(_whole(node, spec) + tail, needed)
        place -= 1
    return f"^{node.id}{tail}$"


def _is_period(spec: ElementSpec) -> bool:
    return spec.data_element == "1251" and spec.usage != "N"


def _optional(inner: str, required: bool) -> str:
    body = f"{sep.ELEMENT}{inner}"
    return body if required else f"(?:{body})?"


def _whole(node: Node, spec: ElementSpec) -> str:
    """One element: empty only where it may be."""
    if spec.usage == "N":
        return ""
    pattern = _composite(node, spec) if spec.composite else _value(spec)
    return pattern if spec.usage == "R" else f"(?:{pattern})?"


def _composite(node: Node, spec: ElementSpec) -> str:
    parts = sorted(
        (part for part in node.elements if part.position == spec.position and part.component),
        key=lambda part: part.component or 0,
    )
    tail = ""
    needed = False
    for part in reversed(parts):
        needed = needed or part.usage == "R"
        value = "" if part.usage == "N" else _value(part)
        own = value if part.usage == "R" else f"(?:{value})?"
        inner = own + tail
        if part.component == 1:
            tail = inner
        else:
            tail = f"{sep.COMPONENT}{inner}" if needed else f"(?:{sep.COMPONENT}{inner})?"
    return tail


def _period(qualifier: ElementSpec, period: ElementSpec) -> str:
    """A qualifier and the date time period whose form it names."""
    forms = [
        f"{code}{sep.ELEMENT}{form}"
        for code, form in _PERIODS.items()
        if not qualifier.codes or code in qualifier.codes
    ]
    both = "|".join(forms) or "[^\\x00-\\xff]"
    return f"(?:{both})" if period.usage == "R" else f"(?:{both}|{sep.ELEMENT})"


def _value(spec: ElementSpec) -> str:
    """A value of the element's type, codes and length, or of a part of them."""
    codes = spec.codes
    if spec.external:
        codes = codes | external_codes().get(spec.external, frozenset())
    digits = _DIGITS.fullmatch(spec.form or "")
    if digits and not codes and spec.shortest <= int(digits[1]) <= spec.longest:
        return f"(?:[0-9]{{{digits[1]}}})"
    if spec.data_element == "1251" or spec.form:
        return r"(?:[^\x00-\xff])"  # left to the element checks
    if codes and (not spec.external or spec.external in external_codes()):
        return (
            "(?:" + "|".join(re.escape(code) for code in sorted(codes, key=len, reverse=True)) + ")"
        )
    if spec.type == "R":
        whole = min(spec.longest - 2, 8 if spec.data_element == "782" else 12)
        return (
            rf"(?:-?[0-9]{{1,{whole}}}(?:\.[0-9]{{1,2}})?)"
            if spec.shortest == 1 and whole > 0
            else r"(?:[^\x00-\xff])"
        )
    if spec.type.startswith("N"):
        return f"(?:[0-9]{{{spec.shortest},{spec.longest}}})"
    if spec.type == "DT":
        return _DATE if spec.shortest <= 8 <= spec.longest else r"(?:[^\x00-\xff])"
    if spec.type == "TM":
        return f"(?:{_HOUR})"
    return f"(?:{_TEXT}{{{spec.shortest - 1},{spec.longest - 1}}}{_TEXT_END})"
