"""The interchange around an answer: ISA, TA1, GS, the 999s, GE, IEA; sender and receiver swapped.

The TA1 stands right behind the ISA, before any group (X12.5 interchange control structure).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import msgspec

from edi_iop.acks.lines import GUIDE
from edi_iop.guides import loader

_ENVELOPE = "005010X221A1"
"""A guide whose map has the codes of the ISA: they are the same in every guide."""
_PLAIN = re.compile(r"[^A-Za-z0-9 .,/&()_-]")


class Parties(msgspec.Struct, frozen=True):
    """Who answers whom: the receiver and the sender of the interchange answered, and its groups'."""

    sender: tuple[str, str]
    """ISA07 and ISA08 of what is answered."""
    receiver: tuple[str, str]
    group_sender: str
    group_receiver: str
    usage: str


def parties(isa: Sequence[str], gs: Sequence[str]) -> Parties:
    """Those of an ISA and its first group, each in a form we may write."""
    own, other = _party(_at(isa, 7), _at(isa, 8)), _party(_at(isa, 5), _at(isa, 6))
    return Parties(
        sender=own,
        receiver=other,
        group_sender=_name(_at(gs, 3), own[1]),
        group_receiver=_name(_at(gs, 2), other[1]),
        usage=_at(isa, 15) if _at(isa, 15) in ("P", "T") else "P",
    )


def _at(elements: Sequence[str], place: int) -> str:
    return elements[place].strip() if place < len(elements) else ""


def _party(qualifier: str, name: str) -> tuple[str, str]:
    """Qualifier and identifier; mutually defined (ZZ) where the qualifier is none of the guide."""
    return qualifier if qualifier in _qualifiers() else "ZZ", _name(name, "UNKNOWN")


@cache
def _qualifiers() -> frozenset[str]:
    """What the guides let an interchange name its parties by (ISA05, ISA07)."""
    elements = loader.load(_ENVELOPE).envelope["ISA"].elements
    return frozenset(code for one in elements if one.position == 5 for code in one.codes)


def _name(name: str, otherwise: str) -> str:
    """An identifier of 2 to 15 characters."""
    sound = _PLAIN.sub("", name).strip()[:15].strip()
    return sound if len(sound) > 1 else otherwise


def wrap(
    between: Parties, ta1: Sequence[str], lines: Sequence[str], control: int, created: datetime
) -> bytes:
    """One interchange: its TA1, if any, and a group of its 999s, if any."""
    number = f"{control % 10**9:09d}"
    (own_qualifier, own), (qualifier, other) = between.sender, between.receiver
    head = [
        f"ISA*00*{'':10}*00*{'':10}*{own_qualifier}*{own:15}*{qualifier}*{other:15}"
        f"*{created:%y%m%d}*{created:%H%M}*^*00501*{number}*0*{between.usage}*:"
    ]
    group = _group(between, lines, control, created) if lines else []
    tail = f"IEA*{1 if group else 0}*{number}"
    text = "~\n".join([*head, *ta1, *group, tail]) + "~\n"
    return text.encode("ascii")


def _group(between: Parties, lines: Sequence[str], control: int, created: datetime) -> list[str]:
    number = control % 10**9
    sets = sum(line.startswith("ST*") for line in lines)
    head = (
        f"GS*FA*{between.group_sender}*{between.group_receiver}*{created:%Y%m%d}*{created:%H%M}"
        f"*{number}*X*{GUIDE}"
    )
    return [head, *lines, f"GE*{sets}*{number}"]


def ta1(isa: Sequence[str], decision: str, note: str) -> str:
    """TA1 of an interchange: its control number, date and time, accepted or not, and why."""
    number, made, time = _at(isa, 13), _at(isa, 9), _at(isa, 10)
    number = number.zfill(9) if re.fullmatch(r"\d{1,9}", number) else "0" * 9
    made = made if _is_day(made) else "000101"
    time = time if re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", time) else "0000"
    return f"TA1*{number}*{made}*{time}*{decision}*{note}"


def _is_day(text: str) -> bool:
    try:
        return len(text) == 6 and bool(datetime.strptime(text, "%y%m%d"))
    except ValueError:
        return False
