"""Clocks and contract: filing limits, closing windows, rates (TF-01, TF-02, CON-01)."""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, found
from edi_iop.rules.lines import REPLACEMENT
from edi_iop.rules.rates import rated
from edi_iop.tables.amounts import dollars, whole_cents
from edi_iop.texts import composed


def late(case: Case) -> pl.DataFrame:
    """First sent, or still to be sent, after the payer's filing limit (TF-01).

    A replacement has a clock of its own, and so has a service sent before that is said in other
    words. A line still to be sent is warned of when the policy's share of the limit is gone.
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
        filed_on=pl.when(proposed).then(pl.coalesce("filed_on", case.as_of)).otherwise("sent_on"),
    )
    waited = (pl.col("filed_on") - pl.col("counted_from")).dt.total_days()
    over = waited > rule.initial_days
    nearly = proposed & (waited > rule.warn_share * rule.initial_days)
    says = composed(
        "{}: {} days after {}, the limit is {}",
        "date",
        composed(
            "{} {}", pl.when(over).then(pl.lit("filed")).otherwise(pl.lit("not filed")), waited
        ),
        "counted_from",
        pl.lit(rule.initial_days),
    )
    severity = pl.when(~over).then(pl.lit("warn"))
    return found(lines.filter(over | nearly), says, pl.concat_list("ref"), severity=severity)


def closing_window(case: Case) -> pl.DataFrame:
    """A denied line whose time for a correction or an appeal is nearly over (TF-02).

    It says when that is, not in how many days: so the next day has nothing new to say.
    """
    rule = case.policy.timely
    corrected_from = "service_date" if rule.corrected_from == "service" else "answered_on"
    clocks = {
        "correction": (corrected_from, rule.corrected_days),
        "appeal": ("answered_on", rule.appeal_days),
    }
    ends = {
        name: pl.col(begin).dt.offset_by(f"{days}d")
        for name, (begin, days) in clocks.items()
        if days is not None
    }
    soon = [
        pl.when((end - case.as_of).dt.total_days().is_between(0, rule.warn_days)).then(
            composed("the time for the {} ends on {}", pl.lit(name), end.cast(pl.String))
        )
        for name, end in ends.items()
    ]
    why = pl.concat_str(pl.lit(""), *soon, separator=", ", ignore_nulls=True).str.strip_prefix(", ")
    denied = case.lines.filter(pl.col("standing") == "denied").with_columns(why=why)
    says = composed("{}: {}", "date", "why")
    return found(denied.filter(pl.col("why") != ""), says, pl.concat_list("ref"))


def below_contract(case: Case) -> pl.DataFrame:
    """Paid at less than the contract's rate on its date: the facility's own, else the policy's (CON-01)."""
    pairs = [pair for pair in case.policy.iop.pairs if pair.rate_cents is not None]
    rates = pl.DataFrame(
        [(pair.procedure, pair.revenue, pair.rate_cents) for pair in pairs],
        schema={"procedure": pl.String, "revenue": pl.String, "rate_cents": pl.Int64},
        orient="row",
    ).unique(["procedure", "revenue"], keep="first")
    facts = ("row", "ref", "date", "payer_id", "service_date", "procedure", "revenue",
             "unit_basis", "units", "allowed_cents")  # fmt: skip
    paid = case.iop.select("standing", *facts).filter(
        pl.col("standing") == "paid", pl.col("allowed_cents").is_not_null()
    )
    per_day = pl.min_horizontal("units", pl.lit(float(case.policy.iop.units_per_day)))
    units = pl.when(pl.col("unit_basis") == "per_diem").then(per_day).otherwise("units")
    rate = pl.coalesce("contract_cents", "rate_cents")
    due = whole_cents(rate * units.fill_null(1.0))
    less = (
        rated(paid, case.rates)
        .join(rates, on=["procedure", "revenue"], how="left", maintain_order="left")
        .with_columns(due=due)
        .filter(pl.col("allowed_cents") < pl.col("due"))
    )
    says = composed(
        "{}: {} allowed, the contract says {}",
        "date",
        dollars(pl.col("allowed_cents")),
        dollars(pl.col("due")),
    )
    return found(less, says, pl.concat_list("ref"))
