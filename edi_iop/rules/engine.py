"""Lines and policy to violations: every check once, then one fault, one rule (ARCHITECTURE 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache

import polars as pl

from edi_iop.rules import (
    authorization,
    bundling,
    coding,
    conflicts,
    duplication,
    duration,
    timeliness,
)
from edi_iop.rules.case import FAULTS, FOUND, Case, case
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records
from edi_iop.tables import VIOLATIONS

Check = Callable[[Case], pl.DataFrame]

FIRST: dict[str, Check] = {
    "DUP-03": duplication.resubmitted,
    "DUP-01": duplication.second_code,
    "DUP-02": duplication.excess_units,
    "BUN-04": bundling.laboratory,
    "BUN-02": bundling.professional_fee,
    "BUN-01": bundling.component,
    "LOC-01": conflicts.other_level,
    "DUR-01": duration.short_day,
    "DOC-01": duration.unsigned_day,
    "DX-02": coding.untreated_principal,
    "DX-01": coding.other_family,
    "REV-01": coding.unknown_pair,
    "TF-01": timeliness.late,
    "ELG-01": timeliness.uncovered,
}
"""Checks of a line by itself and beside others."""

THEN: dict[str, Check] = {
    "AUTH-01": authorization.missing,
    "AUTH-08": authorization.denied,
    "AUTH-04": authorization.exhausted,
    "AUTH-02": authorization.mismatched,
    "DUR-02": duration.short_week,
}
"""Checks that depend on what the first found: a line that is blocked draws no units."""


def check(
    records: Records, policies: Mapping[str, Policy], rules: Collection[str] | None = None
) -> pl.DataFrame:
    """tables.VIOLATIONS of every line that is not void and whose payer has a policy.

    policies: by payer id. rules: only these, each as if the others did not exist;
    None for all of the policy.
    """
    lines = records.lines.with_row_index("row")
    # one turn a payer, of whom there are few: each has its own numbers
    found = [
        _judged(case(records, lines, payer, policy), rules) for payer, policy in policies.items()
    ]
    nothing = pl.DataFrame(schema=VIOLATIONS.schema | {"row": pl.UInt32()})
    violations = pl.concat([nothing, *found])
    in_order = violations.join(_book(), on="rule", how="left").sort("row", "family", "order")
    return VIOLATIONS.conform(in_order)


def _judged(case: Case, rules: Collection[str] | None) -> pl.DataFrame:
    """Violations of one payer's lines, with `row`."""
    off = set(case.policy.rules_off)
    first = _run(FIRST, case, off)
    faults = first.select(list(FAULTS))
    then = _run(THEN, replace(case, faults=faults), off)
    every = pl.concat([first, then])
    wanted = every if rules is None else every.filter(pl.col("rule").is_in(list(rules)))
    return _told(first_match(wanted), case)


def _run(checks: Mapping[str, Check], case: Case, off: Collection[str]) -> pl.DataFrame:
    """What the checks find, with rule, theme, family, order, cites and the final severity."""
    found = [
        find(case).with_columns(rule=pl.lit(rule))
        for rule, find in checks.items()
        if rule not in off
    ]
    nothing = pl.DataFrame(schema=FOUND | {"rule": pl.String()})
    own = pl.col("rule").replace_strict(
        case.policy.severities, default=None, return_dtype=pl.String
    )
    return (
        pl.concat([nothing, *found])
        .join(_book(), on="rule")
        .with_columns(severity=pl.coalesce("severity", own, "usual_severity"))
    )


def first_match(found: pl.DataFrame) -> pl.DataFrame:
    """One fault, one rule: of each line and family the first, of a surplus line that it is surplus."""
    first = found.sort("row", "family", "order").unique(
        ["row", "family"], keep="first", maintain_order=True
    )
    surplus = pl.col("surplus").any().over("row")
    return first.filter(~surplus | pl.col("surplus"))


def _told(found: pl.DataFrame, case: Case) -> pl.DataFrame:
    """Violations with their line's own facts."""
    facts = case.lines.select(
        "row",
        "file_id",
        "claim_offset",
        "line_offset",
        "claim",
        "line",
        "client_id",
        "payer_id",
        "service_date",
    )
    told = found.join(facts, on="row").with_columns(
        policy=pl.lit(case.policy.label), says=pl.format("{} ({})", "says", "rule")
    )
    return told.select(*VIOLATIONS.schema, "row").cast(VIOLATIONS.schema)  # type: ignore[arg-type]


@cache
def _book() -> pl.DataFrame:
    """The catalogue as a frame."""
    rows = [
        (rule.id, rule.theme, rule.family, rule.order, rule.severity, rule.cites)
        for rule in catalogue().values()
    ]
    names = ["rule", "theme", "family", "order", "usual_severity", "cites"]
    return pl.DataFrame(rows, schema=names, orient="row")
