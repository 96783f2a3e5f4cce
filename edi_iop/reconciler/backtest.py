"""The rules as they are now against the claims of the past: what they would have stopped, and what the payers said to it.

Claims are gone through in the order they went out. Each day's lines are judged
as if they were still to be sent, beside the earlier ones as they stood on that
day: sent, answered, or void. The facility's records (attendance,
authorizations, coverage) are taken as they stand now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import polars as pl

from edi_iop.reconciler.answers import answers, latest
from edi_iop.reconciler.given import Tables, remit_tables
from edi_iop.rules.catalogue import STOPPING
from edi_iop.rules.engine import check
from edi_iop.rules.lines import netted
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import Records

LINE = ("file_id", "line_offset")

REPLAYED = {
    "file_id": pl.Int64(),
    "line_offset": pl.Int64(),
    "claim": pl.String(),
    "line": pl.Int64(),
    "payer_id": pl.String(),
    "service_date": pl.Date(),
    "sent_on": pl.Date(),
    "charge_cents": pl.Int64(),
    "answer": pl.String(),
    "paid_cents": pl.Int64(),
    "rules": pl.List(pl.String()),
    "says": pl.List(pl.String()),
    "policy": pl.String(),
}
"""One row a line sent: how it was answered (paid, denied, open), and what would have stopped it."""

RecordsOf = Callable[[pl.DataFrame, date], Records]


def replay(
    lines: pl.DataFrame,
    remits: Tables,
    matches: pl.DataFrame,
    records: RecordsOf,
    policies: Mapping[str, Policy],
    since: date,
) -> pl.DataFrame:
    """REPLAYED of the lines sent on or after a day to payers that have a policy; voids of claims aside.

    lines: tables.SERVICE_LINES of all that was sent. remits, matches: every answer
    that counts, and what it answers. records: the facility's records around lines, as of a day.
    """
    answered = answers(remit_tables(remits))
    judged = lines.filter(pl.col("payer_id").is_in(list(policies)), pl.col("sent_on") >= since)
    stopped = [
        # one turn a day on which claims went out: each sees only what was known by then
        _stopped(_as_on(day, lines, answered, matches), records, policies, day)
        for day in judged["sent_on"].unique().sort()
    ]
    reasons = pl.concat(stopped) if stopped else pl.DataFrame(schema=_REASONS)
    rows = (
        judged.filter(pl.col("frequency").ne_missing("8"))
        .join(_outcomes(answered, matches, lines), on=LINE, how="left")
        .join(reasons, on=LINE, how="left")
        .with_columns(
            pl.col("answer").fill_null("open"),
            pl.col("paid_cents").fill_null(0),
            pl.col("rules", "says").fill_null([]),
        )
        .sort("sent_on", *LINE)
    )
    return rows.select(pl.col(name).cast(dtype) for name, dtype in REPLAYED.items())


def by_rule(replayed: pl.DataFrame) -> pl.DataFrame:
    """Lines and dollars that each rule would have stopped: denied in fact, paid in fact, still open.

    A line that breaks two rules is counted at both.
    """
    charge, paid = pl.col("charge_cents").fill_null(0), pl.col("paid_cents")
    return (
        replayed.explode("rules", empty_as_null=True)
        .drop_nulls("rules")
        .group_by(rule="rules")
        .agg(
            pl.len().cast(pl.Int64).alias("lines"),
            charge.sum().alias("charge_cents"),
            *(
                column
                for answer, cents in (("denied", charge), ("paid", paid), ("open", charge))
                for column in (
                    (pl.col("answer") == answer).sum().cast(pl.Int64).alias(f"{answer}_lines"),
                    cents.filter(pl.col("answer") == answer).sum().alias(f"{answer}_cents"),
                )
            ),
        )
        .sort("denied_cents", "lines", "rule", descending=[True, True, False])
    )


_REASONS = {
    "file_id": pl.Int64(),
    "line_offset": pl.Int64(),
    "rules": pl.List(pl.String()),
    "says": pl.List(pl.String()),
    "policy": pl.String(),
}


def _as_on(
    day: date, lines: pl.DataFrame, answered: pl.DataFrame, matches: pl.DataFrame
) -> pl.DataFrame:
    """The lines sent up to a day as they stood on it; the day's own are still to be sent."""
    known = _outcomes(answered.filter(pl.col("payment_date") <= day), matches, lines)
    standing = (
        pl.when(pl.col("sent_on") == day)
        .then(pl.lit("proposed"))
        .otherwise(
            pl.when(pl.col("answer").is_in(["paid", "denied"]))
            .then("answer")
            .otherwise(pl.lit("sent"))
        )
    )
    return netted(
        lines.filter(pl.col("sent_on") <= day)
        .join(known, on=LINE, how="left", maintain_order="left")
        .with_columns(standing=standing)
        .select(lines.columns)
    )


def _stopped(
    lines: pl.DataFrame, records: RecordsOf, policies: Mapping[str, Policy], day: date
) -> pl.DataFrame:
    """The lines still to be sent that a rule stops, with the rules' ids and sentences."""
    proposed = lines.filter(pl.col("standing") == "proposed").select(LINE)
    return (
        check(records(lines, day), policies)
        .filter(pl.col("severity").is_in(STOPPING))
        .join(proposed, on=LINE, how="semi", maintain_order="left")
        .group_by(LINE, maintain_order=True)
        .agg(rules=pl.col("rule"), says=pl.col("says"), policy=pl.col("policy").first())
        .select(pl.col(name).cast(dtype) for name, dtype in _REASONS.items())
    )


def _outcomes(answered: pl.DataFrame, matches: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """How each answered line stands: paid, denied, or open again where the answer was taken back."""
    last = latest(answered, matches, lines.select("file_id", "claim_offset", "line_offset"))
    answer = (
        pl.when("reversal")
        .then(pl.lit("open"))
        .when("denied")
        .then(pl.lit("denied"))
        .otherwise(pl.lit("paid"))
    )
    return last.select(
        "line_offset",
        file_id="claim_file_id",
        answer=answer,
        paid_cents=pl.when(~pl.col("reversal")).then("paid_cents").otherwise(0),
    )
