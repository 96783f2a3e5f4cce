"""Three programs' opinions of one file: ours, pyx12's and oxedi's, in the same words.

An opinion is a list of faults, each with its place and the code of a 999
(005010X231A1, IK304 or IK403), or of a 997's AK502 for envelope faults, where
the program gives one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import oxedi
import polars as pl

from edi_iop import parsers
from edi_iop.parsers import Parsed
from edi_iop.reconciler.balance import balance
from edi_iop.tables import TABLES
from tests.referee import report


@dataclass(frozen=True)
class Fault:
    """One fault as a program reports it; the position counts from ST = 1 in its transaction."""

    code: str
    """A 999's, or the program's own where a 999 has none."""
    transaction: str | None = None
    position: int | None = None
    segment: str | None = None
    element: int | None = None
    component: int | None = None
    name: str = field(default="", compare=False)
    """Ours: the code of the finding."""
    snip: int = 2
    error: bool = True
    """Ours: a warning is told, and is no fault of the file."""
    says: str = field(default="", compare=False)


@dataclass(frozen=True)
class Opinion:
    """valid is None where the program cannot tell."""

    valid: bool | None
    faults: tuple[Fault, ...]


_OURS = (
    "code", "severity", "snip", "ack", "transaction", "segment_position", "segment", "element", "component", "message",
)  # fmt: skip


def ours(files: Sequence[bytes]) -> list[Opinion]:
    """Our findings of all levels, file by file; all files are read as one batch."""
    return [_of_parsed(one) for one in parsers.parse(list(enumerate(files))).values()]


def _of_parsed(parsed: Parsed) -> Opinion:
    # One object a finding: the faults of a file are few.
    faults = tuple(
        Fault(
            ack or code,
            st,
            position,
            segment,
            element,
            component,
            name=code,
            snip=snip,
            error=severity == "error",
            says=says,
        )
        for code, severity, snip, ack, st, position, segment, element, component, says in parsed.findings.select(
            _OURS
        ).iter_rows()
    )
    return Opinion(not any(one.error for one in faults), faults)


def pyx12(data: bytes) -> Opinion:
    """What pyx12 says: it knows SNIP levels 1 and 2, and the numbers of HL and LX."""
    valid, said = report(data)
    if valid is None:
        return Opinion(None, (Fault(said["problem"], says=said["says"]),))
    if not valid and not said.get("interchanges"):
        return Opinion(None, (Fault("refused", says="pyx12 does not take it for X12"),))
    return Opinion(valid, tuple(_faults(said)))


def _faults(said: dict[str, Any]) -> Iterator[Fault]:
    for interchange in said.get("interchanges", ()):
        yield from _of_envelope(interchange, "ISA", None)
        for group in interchange["groups"]:
            yield from _of_envelope(group, "GS", None)
            for transaction in group["transactions"]:
                number = transaction["trn_set_control_num"]
                yield from _of_envelope(transaction, "ST", number)
                for segment in transaction["segments"]:
                    yield from _of_segment(segment, number)


def _of_envelope(level: dict[str, Any], name: str, st: str | None) -> Iterator[Fault]:
    for error in level["errors"]:
        yield Fault(str(error["err_cde"]), st, None, name, says=error["err_str"])


_INSIDE = (
    (re.compile(r"Too many elements in segment .*should have (\d+)"), "3", 1),
    (re.compile(r"Too many sub-elements in composite .*\(\w{2,3}(\d\d)\)"), "3", 0),
    (re.compile(r"Mandatory composite .*\(\w{2,3}(\d\d)\) is missing"), "1", 0),
    (re.compile(r"Composite .*\(\w{2,3}(\d\d)\) is marked as Not Used"), "10", 0),
    (re.compile(r"Syntax Error \([PRCL](\d\d)"), "2", 0),
    (re.compile(r"Syntax Error \(E(\d\d)"), "10", 0),
)
"""Faults of elements that pyx12 tells of the segment, as code 8: their code, and the element in words."""


def _inside(code: str, says: str) -> tuple[str, int | None]:
    """The code and element of a fault that pyx12 tells of a whole segment."""
    if code == "8":
        for pattern, meant, beyond in _INSIDE:
            if found := pattern.search(says):
                return meant, int(found[1]) + beyond
    return code, None


def _of_segment(segment: dict[str, Any], st: str | None) -> Iterator[Fault]:
    position, name = segment["seg_count"], segment["seg_id"]
    for error in segment["errors"]:
        code, element = _inside(str(error["err_cde"]), error["err_str"])
        yield Fault(code, st, position, name, element, says=error["err_str"])
    for element in segment["elements"]:
        for error in element["errors"]:
            yield Fault(
                str(error["err_cde"]), st, position, name,
                element["ele_pos"], element["subele_pos"], says=error["err_str"],
            )  # fmt: skip


_BALANCES = {"2110": "LINE_UNBALANCED", "2100": "CLAIM_UNBALANCED", "transaction": "PAYMENT_UNBALANCED"}  # fmt: skip
_OPENED = re.compile(r'fails in loop "(\w+)" opened at segment #(\d+)')
"""How oxedi names what does not balance: its loop, and the number of its first segment in the file."""


_MONEY = ("payments", "remit_claims", "remit_lines", "adjustments", "provider_adjustments")


@dataclass(frozen=True, order=True)
class Imbalance:
    """A line, claim or payment of an 835 that does not balance, by the place of its first segment."""

    code: str
    byte_offset: int


def our_money(files: Sequence[bytes]) -> list[tuple[frozenset[Imbalance], frozenset[str]]]:
    """What of each 835 does not balance as we find it, and the codes of its findings.

    All files are read as one batch. The patient's share alone is a warning.
    """
    read = parsers.parse(list(enumerate(files)))
    tables = {
        name: pl.concat(one.tables.get(name, TABLES[name].checked.empty()) for one in read.values())
        for name in _MONEY
    }
    # Ours stands at a payment's amount (BPR), which is the second segment of the set that oxedi names.
    begun = tables["payments"].select("file_id", "payment_offset", byte_offset="amount_offset")
    found = (
        balance(tables)
        .filter(pl.col("severity") == "error")
        .join(begun, on=("file_id", "byte_offset"), how="left", maintain_order="left")
        .with_columns(byte_offset=pl.coalesce("payment_offset", "byte_offset"))
    )
    wrong: dict[int, set[Imbalance]] = {}
    for file, code, offset in found.select("file_id", "code", "byte_offset").iter_rows():
        wrong.setdefault(file, set()).add(Imbalance(code, offset))
    return [
        (
            off := frozenset(wrong.get(number, ())),
            frozenset([*one.findings["code"], *(each.code for each in off)]),
        )
        for number, one in read.items()
    ]


def oxedi_money(data: bytes) -> frozenset[Imbalance] | None:
    """What of an 835 does not balance as oxedi finds it; None where it cannot read the file."""
    try:
        read = oxedi.parse(data)
    except oxedi.ParseError:
        return None
    found = [one.rule for one in read.diagnostics if one.kind == "BalanceMismatch"]
    return frozenset(_imbalance(data, read.document, rule) for rule in found)


def _imbalance(data: bytes, document: Any, rule: str) -> Imbalance:
    opened = _OPENED.search(rule)
    assert opened, rule
    segment = document[int(opened[2])]
    return Imbalance(_BALANCES[opened[1]], data.index(segment.id, segment.span[0]))
