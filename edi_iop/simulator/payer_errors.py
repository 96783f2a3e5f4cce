"""Denials in error: good lines refused for any of a payer's rules, and whether records show it.

Whether the facility can show the contrary follows from which record a rule is about and whether
that record is there; of what only the payer knows, or a clinician judges, no record tells, nor
where the payer has the same words for two rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from random import Random

import polars as pl

from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records

_LINE = ["file_id", "claim_offset", "line_offset"]
SHOWN_BY = {
    **dict.fromkeys(("DUP-01", "DUP-02", "DUP-04"), "all sent"),
    **dict.fromkeys(("DX-01", "DX-02", "DX-03", "REV-01",
                     "REV-04", "CLM-02", "CLM-03", "CLM-05", "BUN-01", "BUN-04"), "claim"),
    **dict.fromkeys(("AUTH-01", "AUTH-02", "AUTH-03", "AUTH-04", "AUTH-08"), "authorization"),
    **dict.fromkeys(("DUR-01", "DOC-01"), "day"),
    "TF-01": "submission",
    "ELG-01": "coverage",
}  # fmt: skip
"""By rule: the record in which the contrary stands, where one does."""
_KNOWN_TO_THE_PAYER = ("DUP-03", "MN-01", "BEN-01", "DOC-02", "CON-01", "AUTH-07", "ELG-02", "COB-01",
                       "CRED-01", "LOC-01", "REV-02", "MOD-01", "CLM-01")  # fmt: skip
"""Rules of which no record of the facility tells the contrary; that a claim was answered before
(DUP-03) may be so: these are the first answers the facility gets."""


def drawn(
    good: pl.DataFrame,
    codes: pl.DataFrame,
    known: Records,
    policies: Mapping[str, Policy],
    seed: int,
    count: int,
    since: date,
) -> pl.DataFrame:
    """So many of the good lines with rule, group, carc, rarcs and verdict (refuted or unknown).

    good: received lines that break no rule. codes: payer._codes. since: when the first of all
    lines was sent; another claim of an earlier day may be one that nobody has.
    """
    pairs = pl.DataFrame(
        [(payer, pair.procedure) for payer, one in policies.items() for pair in one.iop.pairs],
        schema={"payer_id": pl.String, "procedure": pl.String},
        orient="row",
    ).unique()
    days = good.join(pairs, on=["payer_id", "procedure"], how="semi").sort(_LINE)
    chance = Random(f"{seed} errors")
    hit = days[sorted(chance.sample(range(days.height), min(count, days.height)))]
    said = codes.filter(pl.col("rule").is_in([*SHOWN_BY, *_KNOWN_TO_THE_PAYER]))
    words = (pl.col("payer_id"), pl.col("carc"), pl.col("rarcs").list.sort())
    clear = codes.select("payer_id", "rule", clear=pl.len().over(*words) == 1)
    mine = said.join(clear, on=["payer_id", "rule"], maintain_order="left").with_columns(
        place=pl.int_range(pl.len()).over("payer_id"), of=pl.len().over("payer_id")
    )
    draws = pl.Series([chance.randrange(10**6) for _ in range(hit.height)], dtype=pl.Int64)
    many = mine.select("payer_id", "of").unique()
    chosen = (
        hit.with_columns(_draw=draws)
        .join(many, on="payer_id")
        .with_columns(place=pl.col("_draw") % pl.col("of"))
        .join(mine.drop("of"), on=["payer_id", "place"])
    )
    return _shown(chosen, known, policies, since).select(
        *_LINE, "rule", "group", "carc", "rarcs", "verdict"
    )


def _shown(
    lines: pl.DataFrame, known: Records, policies: Mapping[str, Policy], since: date
) -> pl.DataFrame:
    """verdict: refuted where the record that shows the contrary is there."""
    kind = pl.col("rule").replace_strict(SHOWN_BY, default="none", return_dtype=pl.String)
    there = (
        lines.join(_days(known), on=["client_id", "service_date"], how="left")
        .join(_covered(lines, known), on=_LINE, how="left")
        .join(_authorized(lines, known), on=_LINE, how="left")
    )
    free = [payer for payer, policy in policies.items() if not policy.authorization.required]
    shown = (
        (kind == "claim")
        | ((kind == "all sent") & (pl.col("service_date") >= since))
        | ((kind == "day") & pl.col("day").fill_null(False))
        | ((kind == "submission") & (pl.col("frequency") != "7"))
        | ((kind == "coverage") & pl.col("covered").fill_null(False))
        | (
            (kind == "authorization")
            & (pl.col("authorized").fill_null(False) | pl.col("payer_id").is_in(free))
        )
    )
    return there.with_columns(
        verdict=pl.when(shown & pl.col("clear"))
        .then(pl.lit("refuted"))
        .otherwise(pl.lit("unknown"))
    )


def _days(known: Records) -> pl.DataFrame:
    """Attended days of the program."""
    held = known.days.filter(pl.col("level_of_care") == "IOP", pl.col("encounters").list.len() > 0)
    return held.select("client_id", "service_date", day=pl.lit(True)).unique()


def _covered(lines: pl.DataFrame, known: Records) -> pl.DataFrame:
    held = known.clients.select("client_id", "payer_id", "coverage_from", "coverage_to")
    inside = (pl.col("coverage_from") <= pl.col("service_date")) & (
        pl.col("coverage_to").is_null() | (pl.col("service_date") <= pl.col("coverage_to"))
    )
    found = lines.join(held, on=["client_id", "payer_id"]).filter(inside)
    return found.select(*_LINE, covered=pl.lit(True)).unique()


def _authorized(lines: pl.DataFrame, known: Records) -> pl.DataFrame:
    held = known.authorizations.filter(pl.col("status") == "approved").select(
        "client_id", "payer_id", "auth_number", "from_date", "to_date"
    )
    found = lines.join(held, on=["client_id", "payer_id", "auth_number"]).filter(
        pl.col("service_date").is_between("from_date", "to_date")
    )
    return found.select(*_LINE, authorized=pl.lit(True)).unique()
