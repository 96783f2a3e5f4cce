"""Every sense a code can have: our rules and findings, code lists, segments, elements, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from edi_iop import codes
from edi_iop.findings import CATALOGUE
from edi_iop.guides.loader import ElementSpec, Guide, Node, load
from edi_iop.rules.catalogue import catalogue
from edi_iop.tables import TABLES, Column, Table, claims, remits

SCHEMA = dict.fromkeys(("code", "kind", "says", "more", "remedy", "source"), pl.String)
_GUIDES = ("005010X221A1", "005010X223A2", "005010X222A1")
_USAGE = {"R": "required", "S": "where the situation asks for it", "N": "not used"}
_ELEMENT = re.compile(r"([A-Z][A-Z0-9]{1,2}?)([0-9]{2})(?:-([0-9]{1,2}))?")
_GROUPED = re.compile(r"(CO|PR|OA|PI|CR)[- ]?([A-Z]?[0-9]{1,3})")
"""CO-97 is a group and a reason."""


@dataclass(frozen=True)
class Sense:
    """One meaning of a code, in plain words, with where it comes from."""

    code: str
    kind: str
    says: str
    more: str = ""
    remedy: str = ""
    source: str = ""


def of(code: str) -> list[Sense]:
    """Every sense of the code as it is written, or of its parts where it is a pair such as CO-97."""
    wanted = code.strip().upper()
    whole = [
        *_rules(wanted),
        *_findings(wanted),
        *_listed(wanted),
        *_elements(wanted),
        *_tables(wanted),
    ]
    pair = _GROUPED.fullmatch(wanted)
    if whole or pair is None:
        return list(dict.fromkeys(whole))
    return [sense for part in pair.groups() for sense in _listed(part)]


def all_codes() -> list[str]:
    """What `explain` knows by name, for suggestions."""
    return [*catalogue(), *CATALOGUE, *(name.upper() for name in TABLES)]


def _rules(code: str) -> Iterator[Sense]:
    rule = catalogue().get(code)
    if rule is not None:
        denied = " ".join((*rule.carcs, *rule.rarcs))
        more = f"{rule.theme}, {rule.severity}; payers may deny it as {denied}"
        yield Sense(code, "rule", rule.says, more, rule.next_step, rule.cites)


def _findings(code: str) -> Iterator[Sense]:
    entry = CATALOGUE.get(code)
    if entry is not None:
        level = f"SNIP {entry.snip}" if entry.snip else "feeds"
        ack = f", 999 code {entry.ack}" if entry.ack else ""
        yield Sense(
            code,
            "finding",
            entry.says,
            f"{entry.severity}, {level}{ack}",
            entry.remedy,
            "our catalogue of findings",
        )


def _listed(code: str) -> Iterator[Sense]:
    """The code in every list we hold, with the rules that a reason or remark betrays."""
    for kind, listed, label, source in codes.senses(_as_listed(code)):
        title, _ = codes.kinds()[kind]
        yield Sense(listed, title, label, _betrays(kind, listed), "", source)


def _as_listed(code: str) -> str:
    """The code as its list writes it: all in capitals, but for the words of our remedies."""
    return next((name for name in codes.codes("remedy") if name.upper() == code), code)


def _betrays(kind: str, code: str) -> str:
    if kind not in ("carc", "rarc"):
        return ""
    rules = [rule.id for rule in catalogue().values() if code in (*rule.carcs, *rule.rarcs)]
    return f"can mean {', '.join(rules)}" if rules else ""


def _elements(code: str) -> Iterator[Sense]:
    """What our tables and the guides say of a segment, an element or a loop."""
    for transaction, table in _transaction_tables():
        for column in table.columns:
            if _comes_from(column, code):
                says = column.meaning or column.name.removesuffix("_cents").replace("_", " ")
                source = f"column {column.name} of our table {table.name}"
                yield Sense(column.source, f"{transaction} element", says, source=source)
    for name in _GUIDES:
        yield from _in_guide(load(name), code)


def _in_guide(guide: Guide, code: str) -> Iterator[Sense]:
    """Where the guide has the segment or loop and how often, or what it asks of the element."""
    source = f"{guide.name}, as pyx12's map has it"
    nodes = [node for node in guide.nodes if node.id == code and not node.wrapper]
    if nodes:
        places = dict.fromkeys(_place(node) for node in nodes)
        yield Sense(code, f"{guide.form} {nodes[0].kind}", "; ".join(places), "", "", source)
    element = _ELEMENT.fullmatch(code)
    if element is None:
        return
    segment, position, component = element[1], int(element[2]), element[3]
    for node in guide.segments(segment):
        spec = node.element(position, int(component) if component else None)
        if spec is not None:
            yield Sense(code, f"{guide.form} element", _asked(node, spec), source=source)


def _place(node: Node) -> str:
    often = "any number" if node.most is None else f"up to {node.most}"
    where = f"in loop {node.loop.id}" if node.kind == "segment" else "a loop"
    return f"{where}: {_USAGE[node.usage]}, {often}"


def _asked(node: Node, spec: ElementSpec) -> str:
    """`loop 2100: required, 1 to 2 characters, one of 1 2 3 4`."""
    size = "" if spec.composite else f", {spec.shortest} to {spec.longest} characters"
    listed = f", one of {' '.join(sorted(spec.codes))}" if spec.codes else ""
    return f"loop {node.loop.id}: {_USAGE[spec.usage]}{size}{listed}"


def _transaction_tables() -> Iterator[tuple[str, Table]]:
    for transaction, module in (("837", claims), ("835", remits)):
        for value in vars(module).values():
            if isinstance(value, Table):
                yield transaction, value


def _comes_from(column: Column, code: str) -> bool:
    """Whether a column's source names the element, an element of the segment, or the loop."""
    pattern = re.compile(rf"{re.escape(code)}([0-9]{{2}})?(-[0-9.]+)?")
    return any(pattern.fullmatch(token) for token in re.split(r"[\s,]+", column.source))


def _tables(code: str) -> Iterator[Sense]:
    table = TABLES.get(code.lower())
    if table is not None:
        columns = ", ".join(column.name for column in table.columns)
        yield Sense(
            table.name, "table", table.meaning, f"columns: {columns}", "", "our canonical tables"
        )
