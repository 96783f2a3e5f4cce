"""Every sense a code can have: our rules and findings, code lists, segments, elements, tables."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import msgspec
import polars as pl

from edi_iop import codes
from edi_iop.codes.licensed import Texts
from edi_iop.desk import elements
from edi_iop.findings import CATALOGUE
from edi_iop.guides import companion, situations
from edi_iop.rules.catalogue import catalogue
from edi_iop.tables import TABLES

SCHEMA = dict.fromkeys(("code", "kind", "says", "more", "remedy", "source"), pl.String)
_GROUPED = re.compile(r"(CO|PR|OA|PI|CR)[- ]?([A-Z]?[0-9]{1,3})")
_OF_A_PAIR = ("group", "carc")
"""CO-97 is a group and a reason."""


class Sense(msgspec.Struct, frozen=True):
    """One meaning of a code, in plain words, with where it comes from."""

    code: str
    kind: str
    says: str
    more: str = ""
    remedy: str = ""
    source: str = ""


def of(code: str, texts: Texts | None = None) -> list[Sense]:
    """Every sense of the code as it is written, or of its parts where it is a pair such as CO-97.

    texts: the code lists the user loaded, which say theirs beside ours.
    """
    wanted = code.strip().upper()
    whole = [
        *_rules(wanted),
        *_findings(wanted),
        *_situations(wanted),
        *_companions(wanted),
        *_listed(wanted),
        *_loaded(wanted, texts),
        *_elements(wanted),
        *_tables(wanted),
    ]
    pair = _GROUPED.fullmatch(wanted)
    if whole or pair is None:
        return list(dict.fromkeys(whole))
    return [
        sense
        for part in pair.groups()
        for sense in (*_listed(part, _OF_A_PAIR), *_loaded(part, texts))
    ]


def all_codes() -> list[str]:
    """What `explain` knows by name, for suggestions."""
    named = (name.upper() for name in (*TABLES, *situations.book()))
    return [*catalogue(), *CATALOGUE, *named]


def _rules(code: str) -> Iterator[Sense]:
    rule = catalogue().get(code)
    if rule is not None:
        more = "; ".join(
            [
                f"{rule.theme}, {rule.severity}, looks at the {rule.scope}",
                *([f"goes by {', '.join(rule.params)}"] if rule.params else []),
                *([f"known from a denial alone: {rule.denial_only}"] if rule.denial_only else []),
                f"payers may deny it as {' '.join((*rule.carcs, *rule.rarcs))}"
                if rule.carcs
                else "a matter before billing: no payer denies it by name",
            ]
        )
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


def _situations(code: str) -> Iterator[Sense]:
    """The situational rule of a guide whose name ends a finding."""
    for name, rule in situations.book().items():
        if name.upper() == code:
            yield _asked(name, f"situation of {', '.join(sorted(rule.forms))}", rule, "SNIP 4")


def _companions(code: str) -> Iterator[Sense]:
    """What a partner's companion guide asks under that name."""
    for partner in companion.names():
        for name, rule in companion.rules(companion.companion(partner)).items():
            if name.upper() == code:
                yield _asked(name, f"companion guide {partner}", rule, "SNIP 7")


def _asked(name: str, kind: str, rule: situations.Rule, level: str) -> Sense:
    more = f"{rule.severity}, {level}; asked of each {rule.per}"
    return Sense(name, kind, rule.says, more, "", rule.cites)


def _listed(code: str, kinds: Collection[str] | None = None) -> Iterator[Sense]:
    """The code in every list we hold, or these, with the rules that a reason or remark betrays."""
    for kind, listed, label, source in codes.senses(_as_listed(code)):
        if kinds is not None and kind not in kinds:
            continue
        title, _ = codes.kinds()[kind]
        yield Sense(listed, title, label, _betrays(kind, listed), "", source)


def _loaded(code: str, texts: Texts | None) -> Iterator[Sense]:
    """The code in the lists the user loaded."""
    for title, listed, label, days, source in texts.senses(code) if texts else ():
        yield Sense(listed, title, label, days, "", source)


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
    for said in elements.of(code):
        yield Sense(said.code, said.kind, said.says, said.more, source=said.source)


def _tables(code: str) -> Iterator[Sense]:
    table = TABLES.get(code.lower())
    if table is not None:
        columns = ", ".join(column.name for column in table.columns)
        yield Sense(
            table.name, "table", table.meaning, f"columns: {columns}", "", "our canonical tables"
        )
