"""Filing limits and coverage of the date (rules TF-01 and ELG-01)."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found
from edi_iop.rules.lines import REPLACEMENT


def late(case: Case) -> pl.DataFrame:
    """First sent, or still to be sent, after the payer's filing limit (TF-01).

    A replacement has a clock of its own. A line still to be sent is warned of when
    the policy's share of the limit is gone.
    """
    rule = case.policy.timely
    proposed = pl.col("standing") == "proposed"
    # the claim of a proposed line will end with the last of its days in the month
    month = pl.col("service_date").dt.truncate("1mo")
    last_day = pl.col("service_date").max().over("person", "payer_responsibility", month, proposed)
    through = pl.coalesce("statement_to", pl.when(proposed).then(last_day), "service_date")
    counted_from = through if rule.counts_from == "statement_through" else pl.col("service_date")
    lines = case.lines.filter(pl.col("frequency").ne_missing(REPLACEMENT)).with_columns(
        counted_from=counted_from,
        filed_on=pl.when(proposed).then(case.as_of).otherwise("sent_on"),
    )
    waited = (pl.col("filed_on") - pl.col("counted_from")).dt.total_days()
    over = waited > rule.initial_days
    nearly = proposed & (waited > rule.warn_share * rule.initial_days)
    says = pl.format(
        "{}: {} days after {}, the limit is {}",
        "date",
        pl.format(
            "{} {}", pl.when(over).then(pl.lit("filed")).otherwise(pl.lit("not filed")), waited
        ),
        "counted_from",
        rule.initial_days,
    )
    severity = pl.when(~over).then(pl.lit("warn"))
    return found(lines.filter(over | nearly), says, pl.concat_list("ref"), severity=severity)


def uncovered(case: Case) -> pl.DataFrame:
    """No coverage of the client with this payer is active on the date (ELG-01)."""
    active = pl.col("service_date").is_between(
        "coverage_from", pl.col("coverage_to").fill_null(pl.col("service_date"))
    )
    known = case.lines.filter(pl.col("client_id").is_not_null())
    covered = (
        known.select("row", "client_id", "service_date")
        .join(case.clients.select("client_id", "coverage_from", "coverage_to"), on="client_id")
        .filter(active)
    )
    says = pl.format("{}: no coverage with this payer is active on the date", "date")
    evidence = pl.concat_list(pl.format("coverage:{} {}", "client_id", "payer_id"))
    return found(known.join(covered, on="row", how="anti"), says, evidence)
