"""Lines and policy to violations: every check once, then one fault, one rule (ARCHITECTURE 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache

import polars as pl
from msgspec.structs import replace

from edi_iop.rules import (
    authorization,
    bundling,
    caps,
    claim_form,
    coding,
    conflicts,
    duplication,
    duration,
    eligibility,
    modifiers,
    plans,
    sequence,
    timeliness,
)
from edi_iop.rules.case import FAULTS, FOUND, Case, by_version
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import ANSWERED, Records
from edi_iop.tables import VIOLATIONS
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.tables.pool import pooled
from edi_iop.texts import composed

Check = Callable[[Case], pl.DataFrame]

FIRST: dict[str, Check] = {
    "DUP-03": duplication.resubmitted,
    "DUP-04": duplication.forced_session,
    "DUP-01": duplication.second_code,
    "DUP-02": duplication.excess_units,
    "DUP-05": duplication.merged_tracks,
    "BUN-04": bundling.laboratory,
    "BUN-02": bundling.professional_fee,
    "BUN-03": bundling.unauthorized_fee,
    "BUN-01": bundling.component,
    "BUN-05": bundling.unbilled_medication,
    "LOC-01": conflicts.other_level,
    "LOC-02": sequence.overlapping,
    "CLM-04": sequence.out_of_sequence,
    "CLM-05": claim_form.wrong_date,
    "DOC-01": duration.unsigned_day,
    "DUR-01": duration.short_day,
    "DUR-06": plans.uncertified,
    "DUR-07": plans.weekly_add_on,
    "DUR-08": duration.large_group,
    "DX-02": coding.untreated_principal,
    "DX-01": coding.other_family,
    "DX-03": coding.invalid_diagnosis,
    "DX-04": coding.one_family,
    "REV-02": coding.wrong_bill,
    "REV-04": coding.untaken_procedure,
    "REV-01": coding.unknown_pair,
    "REV-03": coding.other_sense,
    "MOD-01": modifiers.missing,
    "CLM-01": claim_form.incomplete,
    "CLM-02": claim_form.wide_span,
    "CLM-03": claim_form.wrong_frequency,
    "TF-01": timeliness.late,
    "TF-02": timeliness.closing_window,
    "ELG-01": eligibility.uncovered,
    "ELG-02": eligibility.carved_out,
    "COB-01": eligibility.unanswered_primary,
    "CRED-01": eligibility.not_enrolled,
    "CN-01": eligibility.unconsented,
    "CON-01": timeliness.below_contract,
}
"""Checks of a line by itself and beside others."""

THEN: dict[str, Check] = {
    "AUTH-01": authorization.missing,
    "AUTH-08": authorization.denied,
    "AUTH-04": authorization.exhausted,
    "AUTH-06": authorization.mixed,
    "AUTH-02": authorization.mismatched,
    "AUTH-03": authorization.other_facility,
    "AUTH-07": authorization.late_request,
    "AUTH-05": authorization.review_due,
    "DUR-02": duration.short_week,
    "DUR-03": duration.few_days,
    "DUR-04": duration.long_week,
    "DUR-05": caps.over_cap,
}
"""Checks that depend on what the first found: a line that is blocked draws no units."""


@pooled
def check(
    records: Records, policies: Mapping[str, Policy], rules: Collection[str] | None = None
) -> pl.DataFrame:
    """tables.VIOLATIONS of every line that is not void and whose payer has a policy.

    policies: by payer id; each line is judged by the version in force on its date, beside
    all of its payer's. rules: only these, each as if the others did not exist; None for
    all of the policy.
    """
    lines = records.lines.with_row_index("row")
    # one turn a payer, of whom there are few: each has its own numbers
    billed = set(lines["payer_id"].unique())
    found = [
        _judged(by_version(records, lines, payer, policies), rules)
        for payer in policies
        if payer in billed
    ]
    nothing = pl.DataFrame(schema=VIOLATIONS.schema | {"row": pl.UInt32()})
    violations = pl.concat([nothing, *found])
    in_order = violations.join(_book(), on="rule", how="left").sort("row", "family", "order")
    return VIOLATIONS.conform(in_order)


def _judged(cases: Sequence[Case], rules: Collection[str] | None) -> pl.DataFrame:
    """Violations of one payer's lines, with `row`. cases: of each version of its policy."""
    whole = cases[0]
    first = _of_stage(pl.concat([_run(FIRST, one) for one in cases]), whole)
    faults = first.select(list(FAULTS))
    later = [_run(THEN, replace(one, faults=faults)) for one in cases]
    every = pl.concat([first, _of_stage(pl.concat(later), whole)])
    wanted = every if rules is None else every.filter(pl.col("rule").is_in(list(rules)))
    return _told(first_match(wanted), whole)


def _run(checks: Mapping[str, Check], case: Case) -> pl.DataFrame:
    """What the checks find of the version's own lines.

    With rule, theme, family, order, cites, policy and the final severity.
    """
    told = {rule: find(case) for rule, find in checks.items() if rule not in case.policy.rules_off}
    found = [
        rows.with_columns(rule=pl.lit(rule)) for rule, rows in told.items() if not rows.is_empty()
    ]
    nothing = pl.DataFrame(schema=FOUND | {"rule": pl.String()})
    own = pl.col("rule").replace_strict(
        case.policy.severities, default=None, return_dtype=pl.String
    )
    return (
        case.own(pl.concat([nothing, *found]))
        .join(_book(), on="rule")
        .with_columns(
            severity=pl.coalesce("severity", own, "usual_severity"),
            policy=pl.lit(case.policy.label),
        )
    )


def _of_stage(found: pl.DataFrame, case: Case) -> pl.DataFrame:
    """What is asked of each line: before its payer's answer not what only an answer can show, and after it
    not what only matters before.
    """
    answered = case.lines.filter(pl.col("standing").is_in(ANSWERED)).get_column("row")
    barred = (
        pl.when(pl.col("row").is_in(answered.implode()))
        .then(pl.lit("pre"))
        .otherwise(pl.lit("post"))
    )
    return found.filter(pl.col("stage") != barred)


@once_of_nothing
def first_match(found: pl.DataFrame) -> pl.DataFrame:
    """One fault, one rule: of each line and family the first, of a surplus line that it is surplus.

    A note (info) is no fault: it takes no fault's place, and no fault takes its.
    """
    first = (
        found.with_columns(note=pl.col("severity") == "info")
        .sort("row", "family", "order")
        .unique(["row", "family", "note"], keep="first", maintain_order=True)
        .drop("note")
    )
    surplus = pl.col("surplus").any().over("row")
    return first.filter(~surplus | pl.col("surplus"))


@once_of_nothing
def _told(found: pl.DataFrame, case: Case) -> pl.DataFrame:
    """Violations with their line's own facts."""
    judged = pl.concat([case.lines, case.voids], how="diagonal_relaxed")
    facts = judged.select(
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
    told = found.join(facts, on="row").with_columns(says=composed("{} ({})", "says", "rule"))
    return told.select(*VIOLATIONS.schema, "row").cast(VIOLATIONS.schema)  # type: ignore[arg-type]


@cache
def _book() -> pl.DataFrame:
    """The catalogue as a frame."""
    rows = [
        (rule.id, rule.theme, rule.family, rule.order, rule.severity, rule.stage, rule.cites)
        for rule in catalogue().values()
    ]
    names = ["rule", "theme", "family", "order", "usual_severity", "stage", "cites"]
    return pl.DataFrame(rows, schema=names, orient="row")
