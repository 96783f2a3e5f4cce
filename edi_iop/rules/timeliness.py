"""Filing limits and coverage of the date (section 2.8; rules TF-01 and ELG-01)."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found
from edi_iop.rules.lines import REPLACEMENT


def late(case: Case) -> pl.DataFrame:
    """First sent, or still to be sent, after the payer's filing limit (TF-01).

    A replacement has a clock of its own.
    """
    rule = case.policy.timely
    through = rule.counts_from == "statement_through"
    counted_from = (
        pl.coalesce("statement_to", "service_date") if through else pl.col("service_date")
    )
    proposed = pl.col("standing") == "proposed"
    lines = case.lines.filter(pl.col("frequency").ne_missing(REPLACEMENT)).with_columns(
        counted_from=counted_from,
        filed_on=pl.when(proposed).then(case.as_of).otherwise("sent_on"),
    )
    waited = (pl.col("filed_on") - pl.col("counted_from")).dt.total_days()
    says = pl.format(
        "{}: filed {} days after {}, the limit is {}",
        "date",
        waited,
        "counted_from",
        rule.initial_days,
    )
    return found(lines.filter(waited > rule.initial_days), says, pl.concat_list("ref"))


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
