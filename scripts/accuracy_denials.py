"""Denials by payers who wrote down why they denied: which rule it is, and whether the payer is right.

A synthetic clinic's claims, faults planted, are answered under the payers' policies; good lines
are denied in error, for every rule a policy has words for. The 835s are parsed, matched and
explained from the clinic's records as any night does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time

import polars as pl

from edi_iop.desk import material
from edi_iop.reconciler.answers import said
from edi_iop.reconciler.explain import verdicts
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.reconciler.standings import standing
from edi_iop.rules import engine
from edi_iop.simulator import payer as payers
from edi_iop.transcribe.write import write_835
from edi_iop.x12.writer import Envelope
from scripts.accuracy_clinic import ON, clinic, remits_of

RIGHT = 0.99
"""How many rules, and verdicts, are to be right."""
DUAL = "DUP-01"
"""Two tracks of one date: all of them are to be told."""


def judged(seed: int, clients: int, weeks: int, errors: int) -> pl.DataFrame:
    """A row a line truly denied: rule and verdict (true_rule, true_verdict) beside those told."""
    made_of = clinic(seed, clients, weeks)
    sent, beside, policies = made_of.sent, made_of.beside, made_of.policies
    answer = payers.adjudicate(sent.tables, policies, made_of.known, seed, errors=errors)
    remits = remits_of(_written(answer), first=100_000)
    made = reconcile(remits, sent.tables)
    answers = said(made.remits, made.matches, sent.table("claim_lines"))
    held = material.Material(
        tables={**sent.tables, **beside.tables}, findings=sent.findings, names=sent.names,
        feeds=beside.feeds, standing=standing(made.remits, answers.last),
    )  # fmt: skip
    records = material.recorded(held, policies, ON)
    violations = engine.check(records, policies)
    told = verdicts(made.remits, made.matches, records, violations, policies, answers)
    named = told.filter(pl.col("kind") != "reduced").select(
        "claim", "line", "rule", "verdict", "says", "match"
    )
    true = answer.truth.rename({"rule": "true_rule", "verdict": "true_verdict"})
    return true.join(named, on=["claim", "line"], how="left", nulls_equal=True)


def _written(answer: payers.Answer) -> Iterator[bytes]:
    """The payers' 835s."""
    made = datetime.combine(ON, time(12))
    for number, payer in enumerate(answer.payers, 1):
        yield write_835(answer.of(payer), Envelope(payer, "CLINIC", number, number, made))


@dataclass(frozen=True)
class Told:
    """Denials beside the truth about them."""

    rows: pl.DataFrame

    def table(self) -> pl.DataFrame:
        """A row a true rule: denials, rule right, verdict right, and unknown as it should be."""
        rule = pl.col("rule") == pl.col("true_rule")
        verdict = pl.col("verdict") == pl.col("true_verdict")
        decided = pl.col("true_verdict") != "unknown"
        return (
            self.rows.group_by(rule_denied="true_rule")
            .agg(
                pl.len().alias("denials"),
                decided.sum().alias("decided"),
                (decided & rule.fill_null(False)).sum().alias("top"),
                (decided & verdict.fill_null(False)).sum().alias("verdict_right"),
                (~decided).sum().alias("undecided"),
                (~decided & (pl.col("verdict") == "unknown")).sum().alias("unknown_right"),
            )
            .sort("rule_denied")
        )

    def failures(self) -> Iterator[str]:
        """The gates that do not hold."""
        sums = self.table().drop("rule_denied").sum().row(0, named=True)
        for name, what, of in (
            ("top", "rules", "decided"),
            ("verdict_right", "verdicts", "decided"),
            ("unknown_right", "unknowns", "undecided"),
        ):
            share = sums[name] / sums[of] if sums[of] else 1.0
            if share < RIGHT:
                yield f"{what}: {100 * share:.2f} % right"
        dual = self.rows.filter(pl.col("true_rule") == DUAL)
        right = dual.filter(
            pl.col("rule") == DUAL, pl.col("verdict") == pl.col("true_verdict")
        ).height
        if right != dual.height:
            yield f"dual-diagnosis days: {right} of {dual.height} right"


def printed(told: Told) -> Iterator[str]:
    """The table by rule as text."""
    yield f"{'DENIED FOR':12}{'DENIALS':>9}{'DECIDED':>9}{'RULE':>9}{'VERDICT':>9}{'OPEN':>7}{'UNKNOWN':>9}"
    table = told.table()
    total = table.sum().with_columns(rule_denied=pl.lit("ALL"))
    for row in pl.concat([table, total]).iter_rows(named=True):  # a table for people
        yield (
            f"{row['rule_denied']:12}{row['denials']:9,}{row['decided']:9,}"
            f"{_percent(row['top'], row['decided']):>9}"
            f"{_percent(row['verdict_right'], row['decided']):>9}{row['undecided']:7,}"
            f"{_percent(row['unknown_right'], row['undecided']):>9}"
        )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def report(seed: int, clients: int, weeks: int) -> bool:
    """Prints what the denials of a clinic come to; whether every gate holds."""
    told = Told(judged(seed, clients, weeks, errors=clients * 4))
    print(f"seed {seed}: {told.rows.height:,} denied lines explained")
    for line in printed(told):
        print(line)
    failures = list(told.failures())
    for failure in failures:
        print(f"FAILED: {failure}")
    return not failures
