"""The verbs rules list --payer and rules diff: which rules a payer has, with which values, and from where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import polars as pl

from edi_iop.desk.answer import Answer
from edi_iop.desk.paths import workspace as opened
from edi_iop.errors import BadPolicy
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.rules.catalogue import Rule, catalogue
from edi_iop.rules.policy import Policy, load, names
from edi_iop.rules.policy_files import UNSOURCED, Origin

LONG = 1000
_TEXT = pl.String
_LISTED: dict[str, Any] = {
    "rule": _TEXT,
    "severity": _TEXT,
    "says": _TEXT,
    "parameter": _TEXT,
    "value": _TEXT,
    "policy": _TEXT,
    "source": _TEXT,
    "read_on": pl.Date,
    "standing": _TEXT,
}
_DIFFERENT: dict[str, Any] = {
    "parameter": _TEXT,
    "rules": pl.List(_TEXT),
    "first": _TEXT,
    "second": _TEXT,
    "first_policy": _TEXT,
    "second_policy": _TEXT,
    "first_source": _TEXT,
    "second_source": _TEXT,
}


def rules_of_payer(payer: str, on: date | None = None, root: Path | None = None) -> Answer:
    """Every rule of a policy on a day: its severity, and each value it goes by with its source.

    A rule the payer does not have is listed as off.
    """
    policy = named(payer, on or date.today(), root)
    values = policy.values()
    records = [row for rule in catalogue().values() for row in _rows(rule, policy, values)]
    rows = pl.DataFrame(records, schema=_LISTED)
    fields = (
        Field("RULE", "rule"),
        Field("SEVERITY", "severity", "flag"),
        Field("PARAMETER", "parameter", widest=44),
        Field("VALUE", "value"),
    )
    people = rows.with_columns(
        pl.concat_str("policy", "source", separator=": ", ignore_nulls=True).alias("from")
    )
    notes = (Field("from", "from", widest=LONG, once=True),)
    sheet = Sheet(_title(policy), rows, fields, notes, people=people, closing=_closing(policy))
    return Answer(sheet)


def rules_diff(first: str, second: str, on: date | None = None, root: Path | None = None) -> Answer:
    """Where two policies differ: each parameter with both values and both sources.

    first, second: a policy, or POLICY@DATE for the version of another day.
    """
    today = on or date.today()
    one, other = (named(name, today, root) for name in (first, second))
    ours, theirs = one.values(), other.values()
    keys = [*ours, *(key for key in theirs if key not in ours)]
    records = [
        {
            "parameter": key,
            "rules": [rule.id for rule in catalogue().values() if _goes_by(rule, key)],
            "first": told(ours.get(key)),
            "second": told(theirs.get(key)),
            **_set_by("first", one, key),
            **_set_by("second", other, key),
        }
        for key in keys
        if told(ours.get(key)) != told(theirs.get(key))
    ]
    fields = (
        Field("PARAMETER", "parameter", widest=44),
        Field(one.label, "first", widest=40),
        Field(other.label, "second", widest=40),
        Field("RULES", "rules", widest=24),
    )
    notes = (
        Field(one.label, "first_source", widest=LONG),
        Field(other.label, "second_source", widest=LONG),
    )
    closing = f"{len(records)} of {len(keys)} values differ on {today}"
    rows = pl.DataFrame(records, schema=_DIFFERENT)
    return Answer(Sheet("", rows, fields, notes, none="no difference", closing=closing))


def named(text: str, on: date, root: Path | None = None) -> Policy:
    """The policy of that name, or of NAME@DATE; BadPolicy says which ones there are."""
    name, _, day = text.partition("@")
    try:
        wanted = date.fromisoformat(day) if day else on
    except ValueError as problem:
        raise BadPolicy(f"{text}: {day} is not a date; write {name}@2026-03-01") from problem
    folders = () if root is None else (opened(root, with_store=False).payers,)
    have = names(folders)
    if name not in have:
        near = get_close_matches(name, have, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(have)}"
        raise BadPolicy(f"payer policy {name!r}: there is none of that name; {hint}")
    return load(name, wanted, folders)


def told(value: Any) -> str:
    """A value as a person reads it: H0015/0906 SUD, not a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        pair = f"{value['procedure']}/{value['revenue']}" if "procedure" in value else ""
        rest = [
            str(one)
            for key, one in value.items()
            if key not in ("procedure", "revenue") and one not in (None, "per_diem")
        ]
        return " ".join([pair, *rest]).strip()
    if isinstance(value, Sequence) and not isinstance(value, str):
        texts = [told(one) for one in value]
        return ("; " if any(" " in text for text in texts) else " ").join(texts)
    return str(value)


def _rows(rule: Rule, policy: Policy, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a value the rule goes by; one row without where it goes by none, or is off."""
    off = rule.id in policy.rules_off
    severity = "off" if off else policy.severities.get(rule.id, rule.severity)
    keys = ["rules_off"] if off else [key for key in values if _goes_by(rule, key)]
    if rule.id in policy.severities:
        keys.append(f"severities.{rule.id}")
    head = {"rule": rule.id, "severity": severity, "says": rule.says}
    for key in keys or [""]:
        origin = policy.origins.get(key)
        yield {
            **head,
            "parameter": key or None,
            "value": severity
            if key.startswith(("rules_off", "severities"))
            else told(values.get(key)),
            "policy": origin.policy if origin else None,
            "source": origin.source if origin else rule.cites,
            "read_on": origin.read_on if origin else None,
            "standing": _standing(origin),
        }


def goes_by(param: str, key: str) -> bool:
    """Whether a value's key is the parameter or lies in the section it names."""
    return key == param or key.startswith(f"{param}.")


def _goes_by(rule: Rule, key: str) -> bool:
    return any(goes_by(param, key) for param in rule.params)


def _standing(origin: Origin | None) -> str | None:
    """example: to verify with the payer. unsourced: an example that no page bears out."""
    if origin is None:
        return None
    if origin.verified_on is not None:
        return f"verified {origin.verified_on}"
    return UNSOURCED if UNSOURCED in origin.source else "example"


def _set_by(which: str, policy: Policy, key: str) -> dict[str, str | None]:
    origin = policy.origins.get(key)
    return {
        f"{which}_policy": origin.policy if origin else None,
        f"{which}_source": origin.source if origin else None,
    }


def _title(policy: Policy) -> str:
    until = f" to {policy.effective_to}" if policy.effective_to else ""
    return f"{policy.name}: {policy.label}, from {policy.effective_from}{until}"


def _closing(policy: Policy) -> str:
    """How many rules, and how far the values are to be trusted."""
    standings = [_standing(origin) or "" for origin in policy.origins.values()]
    verified = sum(standing.startswith("verified") for standing in standings)
    having = len(catalogue()) - len(policy.rules_off)
    return (
        f"{having} rules, {len(policy.rules_off)} off; {len(standings)} values: {verified} verified "
        f"with the payer, {len(standings) - verified} examples to verify, "
        f"{standings.count(UNSOURCED)} of these unsourced"
    )
