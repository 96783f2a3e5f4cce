"""Measures of denial and receivables, each beside its definition."""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from edi_iop.reconciler.metrics import IN_CENTS, ages, claim_answers, history, metrics
from edi_iop.reports.posted import CLAIMS_AT_ONCE, Posted
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Chart, Field, Sheet
from edi_iop.reports.sums import dollars
from edi_iop.store import Store
from edi_iop.tables.amounts import whole_cents
from edi_iop.texts import composed

_CLAIM = ("file_id", "claim_offset")
_OF_CLAIM = (
    *_CLAIM, "transaction_offset", "claim", "charge_cents", "frequency", "payer_claim_number",
    "payer_responsibility",
)  # fmt: skip
_OF_ACCOUNT = ("claim_file_id", "claim_offset", "state")
_OF_VERDICT = ("claim", "kind", "disposition", "charge_cents")
_OF_MATCH = (
    "file_id", "remit_claim_offset", "remit_line_offset", "claim_file_id", "claim_offset",
)  # fmt: skip
_VERDICTS_AT_ONCE = 500_000
_MONEY = pl.col("metric").is_in(IN_CENTS)


def measured(question: Question) -> Sheet:
    """The HFMA six, the clean-claim rate and the receivables, on a day."""
    store = question.store
    made = store.load("submissions").select("file_id", "transaction_offset", sent_on="created_on")
    claims = store.load("claims", _OF_CLAIM).join(
        made, on=["file_id", "transaction_offset"], how="left"
    )
    claims = claims.join(
        _void(store.load("line_standings", _CLAIM, standing="void")), on=_CLAIM, how="left"
    )
    claims = claims.join(_taken_back(store.load("accounts", _OF_ACCOUNT)), on=_CLAIM, how="left")
    known = history(claims, _answers(store), _denied(store))
    rows = metrics(known, question.as_of)
    sheet = Sheet(
        f"Metrics as of {question.as_of}",
        rows,
        (
            Field("METRIC", "metric"),
            Field("VALUE", "shown", "number"),
            Field("OF", "parts"),
        ),
        (Field("", "definition"), Field("missing", "missing")),
        people=rows.with_columns(
            shown=composed("{} {}", pl.col("value").round(1), _unit()).fill_null("unknown"),
            parts=composed("{} / {}", _part("numerator"), _part("denominator")),
        ),
        closing="measures compare only with the same definition",
        charts=(Chart("Charges open, by days since sent", ages(known, question.as_of), "money"),),
        summed=(),
        name="metrics",
    )
    return replace(sheet, tables=(replace(sheet, rows=_in_dollars(rows)),))


def _in_dollars(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with both parts of a measure of money in dollars: a workbook has one format a column."""
    parts = pl.col("numerator", "denominator")
    return rows.with_columns(pl.when(_MONEY).then(parts / 100).otherwise(parts).name.keep())


def _answers(store: Store) -> pl.DataFrame:
    """metrics.claim_answers of all posted remits, so many claims at a time."""
    posted, found = Posted(store), []
    for places in store.stretches("remit_claims", CLAIMS_AT_ONCE):
        whole = store.stretch("matches", places, _OF_MATCH, remit_line_offset=None)
        found.append(claim_answers(posted.between(places), whole))
    return pl.concat(found)


def _denied(store: Store) -> pl.DataFrame:
    """claim and open_cents: what was charged for lines whose denial is open."""
    parts = (
        rows.filter(
            pl.col("kind").ne_missing("reduced"), pl.col("disposition").ne_missing("nothing")
        )
        .group_by("claim")
        .agg(open_cents=pl.col("charge_cents").sum())
        for rows in store.parts("verdicts", _OF_VERDICT, _VERDICTS_AT_ONCE)
    )
    return pl.concat(parts).group_by("claim").agg(pl.col("open_cents").sum())


def _void(lines: pl.DataFrame) -> pl.DataFrame:
    """_CLAIM and void: claims that were replaced or voided since, and the voids; all their lines are."""
    return lines.unique().with_columns(void=pl.lit(True))


def _taken_back(accounts: pl.DataFrame) -> pl.DataFrame:
    """_CLAIM and taken_back: claims of whose payments nothing is left."""
    back = pl.col("state").is_in(["reversed", "taken back"])
    of_claims = accounts.drop_nulls("claim_file_id")
    return of_claims.group_by(file_id="claim_file_id", claim_offset="claim_offset").agg(
        taken_back=back.all()
    )


def _unit() -> pl.Expr:
    """`33.3 %`, `12.0 days`."""
    return pl.col("unit").replace("percent", "%")


def _part(column: str) -> pl.Expr:
    """A count as a count, an amount in dollars; a dozen of rows."""
    cents = whole_cents(pl.col(column))
    count = pl.col(column).round(1).cast(pl.String).str.strip_suffix(".0")
    return pl.when(_MONEY).then(dollars(cents)).otherwise(count)
