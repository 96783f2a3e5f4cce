"""Which rules a payer's codes can mean, and how strongly the codes alone say so."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.codes import needing_remark
from edi_iop.rules.catalogue import Rule
from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy

OWN_WORDS = 0.6
"""The payer's policy says that it denies this rule with this reason and all these remarks."""
REASON_AND_REMARK = 0.5
OWN_REASON = 0.35
"""The payer's reason for the rule, without the remarks it puts beside it."""
REASON = 0.3
REMARK = 0.15
"""A remark alone, or a reason that says little without its remark."""
RELATED = 0.1
"""A rule of the same family as one that the codes mean."""
STRUCTURE = 0.4
"""Our own records show the rule broken: lifts any of the above."""


def rule_book(rules: Mapping[str, Rule]) -> pl.DataFrame:
    """The catalogue as a frame: rule, family, order, remedy, next step, needs."""
    return pl.DataFrame(
        {
            "rule": [rule.id for rule in rules.values()],
            "family": [rule.family for rule in rules.values()],
            "order": [rule.order for rule in rules.values()],
            "rule_remedy": [rule.remedy for rule in rules.values()],
            "rule_step": [rule.next_step for rule in rules.values()],
            "needs": [list(rule.needs) for rule in rules.values()],
        },
        schema={
            "rule": pl.String,
            "family": pl.String,
            "order": pl.Int64,
            "rule_remedy": pl.String,
            "rule_step": pl.String,
            "needs": pl.List(pl.String),
        },
    )


def meant(
    denied: pl.DataFrame, rules: Mapping[str, Rule], policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """denial, rule, prior: every rule that a denial's codes can mean.

    denied: denial, payer, service_date, carcs, rarcs. All reasons and all remarks count, not the
    first.
    """
    reasons = (
        denied.select("denial", "payer", "service_date", carc="carcs")
        .explode("carc")
        .drop_nulls("carc")
    )
    remarks = denied.select("denial", rarc="rarcs").explode("rarc").drop_nulls("rarc")
    plain = ~pl.col("carc").is_in(needing_remark())
    by_reason = reasons.join(_signs(rules, "carc"), on="carc").group_by("denial", "rule")
    by_remark = remarks.join(_signs(rules, "rarc"), on="rarc").select("denial", "rule").unique()
    said = pl.concat(
        [
            by_reason.agg(reason=pl.lit(True), plain_reason=plain.any()),
            by_remark.with_columns(remark=pl.lit(True)),
            each(reasons, policies, lambda part, own: _own_words(part, remarks, own)),
        ],
        how="diagonal",
    )
    signs = pl.col("reason", "plain_reason", "remark", "own", "plain_own", "whole")
    return said.group_by("denial", "rule").agg(signs.any()).select("denial", "rule", prior=_prior())


def _prior() -> pl.Expr:
    """The strongest sign there is of a rule."""
    return pl.max_horizontal(
        pl.when("whole").then(OWN_WORDS),
        pl.when("plain_own").then(OWN_REASON),
        pl.when(pl.col("reason") & pl.col("remark")).then(REASON_AND_REMARK),
        pl.when("plain_reason").then(REASON),
        REMARK,
    )


def _signs(rules: Mapping[str, Rule], kind: str) -> pl.DataFrame:
    """rule and code: the catalogue's signatures, one row each (a few hundred)."""
    pairs = [
        (rule.id, code)
        for rule in rules.values()
        for code in (rule.carcs if kind == "carc" else rule.rarcs)
    ]
    return pl.DataFrame(pairs, schema={"rule": pl.String, kind: pl.String}, orient="row")


def _own_words(
    reasons: pl.DataFrame, remarks: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """denial, rule, own, plain_own, whole: the payer's own reason for a rule, whole with all remarks."""
    said = pl.DataFrame(
        [
            (payer, rule, denial.carc, list(denial.rarcs))
            for payer, policy in policies.items()
            for rule, denial in policy.denials.items()
        ],
        schema={
            "payer": pl.String,
            "rule": pl.String,
            "carc": pl.String,
            "asked": pl.List(pl.String),
        },
        orient="row",
    )
    seen = remarks.group_by("denial").agg(seen=pl.col("rarc"))
    nothing = pl.lit([], pl.List(pl.String))
    return (
        reasons.join(said, on=("payer", "carc"))
        .join(seen, on="denial", how="left")
        .with_columns(left=pl.col("asked").list.set_difference(pl.col("seen").fill_null(nothing)))
        .group_by("denial", "rule")
        .agg(
            own=pl.lit(True),
            plain_own=(~pl.col("carc").is_in(needing_remark())).any(),
            whole=(pl.col("left").list.len() == 0).any(),
        )
    )
