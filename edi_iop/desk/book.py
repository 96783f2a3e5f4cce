"""The verbs about the rule book and about codes: explain, rules list, show and test."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from pathlib import Path

import polars as pl
from msgspec.structs import asdict

from edi_iop import codes, resources
from edi_iop.desk import senses
from edi_iop.desk.answer import Answer, status
from edi_iop.desk.lists import loaded
from edi_iop.desk.paths import workspace as opened
from edi_iop.desk.payer_rules import goes_by, told
from edi_iop.errors import BadPolicy, MissingPath, NotKnown
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.rules import catalogue, situations
from edi_iop.rules.catalogue import Rule
from edi_iop.rules.policy import Policy, load, names
from edi_iop.texts import composed

_WHEN = {
    "pre": "before billing",
    "post": "after an answer",
    "both": "before billing and after an answer",
}
LONG = 1000
"""Texts that wrap instead of being cut."""
_FEW = 6
"""Values of one parameter that are told of each payer; `rules list --payer` has all."""
_TEXT = pl.String


def explain(code: str, workspace: Path | None = None) -> Answer:
    """Every sense of a code: rule, finding, reason, remark, segment, element, table.

    workspace: whose loaded code lists say theirs too.
    """
    found = senses.of(code, loaded(workspace))
    if not found:
        near = get_close_matches(code.upper(), senses.all_codes(), n=3, cutoff=0.6)
        hint = f"did you mean {', '.join(near)}?" if near else "edi-iop rules list shows the rules"
        raise NotKnown(
            f"{code}: no rule, finding, reason, remark, segment or element of ours; {hint}"
        )
    rows = pl.DataFrame([asdict(sense) for sense in found], schema=senses.SCHEMA)
    fields = (Field("CODE", "code"), Field("IS A", "kind"), Field("SAYS", "says", widest=LONG))
    notes = (Field("", "more"), Field("do", "remedy"), Field("source", "source"))
    return Answer(Sheet("", rows, fields, notes))


def rules_list(on: date | None = None, root: Path | None = None) -> Answer:
    """Every rule, in the order of its family, and which payers set it otherwise.

    root: a workspace whose own policies are among them.
    """
    policies = in_force(on or date.today(), root)
    records = [
        {
            "rule": rule.id,
            "theme": rule.theme,
            "severity": rule.severity,
            "stage": rule.stage,
            "says": rule.says,
            "otherwise": [text for policy in policies if (text := _otherwise(rule, policy))],
        }
        for rule in book().values()
    ]
    schema = dict.fromkeys(("rule", "theme", "severity", "stage", "says"), _TEXT)
    rows = pl.DataFrame(records, schema={**schema, "otherwise": pl.List(_TEXT)})
    fields = (Field("RULE", "rule"), Field("SEVERITY", "severity", "flag"), Field("THEME", "theme"))
    notes = (Field("", "says"), Field("otherwise", "otherwise"))
    return Answer(Sheet("", rows, fields, notes))


def rules_show(rule_id: str, on: date | None = None, root: Path | None = None) -> Answer:
    """One rule whole, with each payer's answer to it; root: a workspace with policies of its own."""
    rule = known_rule(rule_id)
    records = [{"what": what, "is": text} for what, text in _facts(rule) if text]
    for policy in in_force(on or date.today(), root):
        records.append({"what": policy.label, "is": _answer(rule, policy)})
    rows = pl.DataFrame(records, schema={"what": _TEXT, "is": _TEXT})
    return Answer(Sheet(rule.id, rows, (Field("WHAT", "what"), Field("IS", "is", widest=LONG))))


def rules_test(folder: Path | None = None) -> Answer:
    """Runs the situations written beside the rules: each rule broken once, kept once."""
    place = folder or resources.maps().parent / "fixtures" / "rules"
    results = situations.run(place)
    if not results:
        raise MissingPath(
            f"{place}: no situation in it; name the folder that holds RULE.toml files"
        )
    failed = sum(not result.passed for result in results)
    rows = pl.DataFrame(
        [asdict(result) for result in results],
        schema={"rule": _TEXT, "name": _TEXT, "expect": _TEXT, "passed": pl.Boolean, "says": _TEXT},
    )
    people = rows.with_columns(
        pl.when("passed").then(pl.lit("passed")).otherwise(pl.lit("failed")).alias("result"),
        pl.when(~pl.col("passed"))
        .then(composed("expected {}; found: {}", "expect", "says"))
        .alias("why"),
    )
    sheet = Sheet(
        "",
        rows,
        (
            Field("RULE", "rule"),
            Field("RESULT", "result", "flag"),
            Field("SITUATION", "name", widest=LONG),
        ),
        (Field("", "why"),),
        people=people,
        closing=f"{len(results)} situations, {failed} failed",
    )
    return Answer(sheet, status(failed > 0))


def book() -> dict[str, Rule]:
    """All rules by id, in the order they are judged."""
    return catalogue.catalogue()


def known_rule(rule_id: str) -> Rule:
    """The rule of that id; NotKnown, with what is near, where there is none."""
    rules = book()
    if rule_id.upper() not in rules:
        near = get_close_matches(rule_id.upper(), rules, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "edi-iop rules list shows them"
        raise NotKnown(f"rule {rule_id}: there is none; {hint}")
    return rules[rule_id.upper()]


def in_force(on: date, root: Path | None = None) -> list[Policy]:
    """The payers' policies in force on the date, a workspace's too; the common ground is not a payer's."""
    folders = () if root is None else (opened(root, with_store=False).payers,)
    found = []
    for name in names(folders):
        try:
            found.append(load(name, on, folders))
        except BadPolicy:  # none in force on that day: that payer has no answer
            continue
    return [policy for policy in found if policy.id != "base"]


def _otherwise(rule: Rule, policy: Policy) -> str:
    """What a policy changes of a rule, or nothing."""
    if rule.id in policy.rules_off:
        return f"{policy.id} does not have it"
    severity = policy.severities.get(rule.id, rule.severity)
    return f"{policy.id} {severity}" if severity != rule.severity else ""


def _facts(rule: Rule) -> list[tuple[str, str]]:
    return [
        ("statement", rule.says),
        ("theme", rule.theme),
        ("severity", rule.severity),
        ("judged", _WHEN[rule.stage]),
        ("looks at", rule.scope),
        ("needs", ", ".join(rule.needs)),
        ("goes by", ", ".join(rule.params)),
        ("known from a denial alone", rule.denial_only or ""),
        ("denied as", " ".join((*rule.carcs, *rule.rarcs))),
        ("remedy", codes.label("remedy", rule.remedy) or rule.remedy),
        ("before billing", rule.beforehand),
        ("next step", rule.next_step),
        ("source", rule.cites),
    ]


def _answer(rule: Rule, policy: Policy) -> str:
    """How a payer denies what breaks the rule."""
    if rule.id in policy.rules_off:
        return "does not have this rule"
    severity = policy.severities.get(rule.id, rule.severity)
    terms = "".join(f"; {text}" for key in rule.params if (text := _term(policy, key)))
    denial = policy.denials.get(rule.id)
    if denial is None:
        known = "" if rule.stage == "pre" else "; how it denies is not known"
        return f"{severity}{known}{terms}"
    denied = " ".join((f"{denial.group}-{denial.carc}", *denial.rarcs))
    return f"{severity}; denies as {denied}{terms}"


def _term(policy: Policy, param: str) -> str:
    """What the policy sets of a parameter, with its source; nothing of tables and long sections."""
    own = {key: value for key, value in policy.values().items() if goes_by(param, key)}
    values = {key: text for key, value in own.items() if (text := told(value))}
    tables = any(
        isinstance(one, dict)
        for value in own.values()
        if isinstance(value, (list, tuple))
        for one in value
    )
    if not values or len(values) > _FEW or tables:
        return ""
    said = ", ".join(f"{key} {value}" for key, value in values.items())
    return f"{said} ({policy.cite(param) or 'no source given'})"
