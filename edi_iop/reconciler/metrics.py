"""Measures of denial and of receivables, each with its definition, its parts and what it lacks.

The first six are those of the HFMA Claim Integrity Task Force (2021), in our words and over
what a workspace knows. A number that cannot be known from it is null and says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from edi_iop.reconciler.answers import CLAIM, answers
from edi_iop.reconciler.given import Tables

MONTH, QUARTER = timedelta(days=30), timedelta(days=90)
AGES = (30, 60, 90, 120)
"""Last days of the age groups of receivables."""
SCHEMA = pl.Schema(
    {"metric": pl.String(), "value": pl.Float64(), "unit": pl.String(), "numerator": pl.Float64(),
     "denominator": pl.Float64(), "definition": pl.String(), "missing": pl.String()}
)  # fmt: skip
_CLAIM = ("file_id", "claim_offset")


def claim_answers(remits: Tables, matches: pl.DataFrame) -> pl.DataFrame:
    """One row an answer to a claim sent: file_id, claim_offset, payment_date, reversal, denied, paid_cents, payer_claim_number."""
    said = (
        answers(remits)
        .group_by(CLAIM)
        .agg(
            pl.col("payment_date", "reversal").first(),
            denied=(pl.col("denied") | pl.col("partly")).any(),
        )
    )
    whole = matches.filter(
        pl.col("remit_line_offset").is_null(), pl.col("claim_offset").is_not_null()
    ).select(*CLAIM, "claim_file_id", "claim_offset")
    paid = remits["remit_claims"].select(*CLAIM, "paid_cents", "payer_claim_number")
    return (
        said.join(whole, on=CLAIM)
        .join(paid, on=CLAIM)
        .drop("file_id")
        .rename({"claim_file_id": "file_id"})
    )


def history(
    claims: pl.DataFrame, answered: pl.DataFrame, denied_lines: pl.DataFrame
) -> pl.DataFrame:
    """One row a claim sent: charge, days, its first answer, and whether a denial was turned.

    claims: file_id, claim_offset, claim, charge_cents, sent_on, frequency, payer_claim_number, void
    (replaced or voided since, or itself a void: of it nothing is owed), taken_back (what was paid
    was reversed, or taken back whole: it is unpaid again).
    answered (claim_answers): file_id, claim_offset, payment_date, reversal, denied, paid_cents, payer_claim_number;
    one row an answer to the claim. denied_lines: claim, open_cents, of denials still open.
    """
    real = answered.filter(~pl.col("reversal")).sort("payment_date", nulls_last=True)
    first = real.group_by(_CLAIM, maintain_order=True).agg(
        first_on=pl.col("payment_date").first(),
        first_denied=pl.col("denied").first(),
        first_paid_cents=pl.col("paid_cents").first(),
        overturned_on=pl.col("payment_date")
        .filter(pl.col("paid_cents") > 0, pl.int_range(pl.len()) > 0)
        .first(),
        icn=pl.col("payer_claim_number").first(),
    )
    resent = (
        claims.filter(pl.col("frequency") == "7")
        .group_by(icn="payer_claim_number")
        .agg(resent_on=pl.col("sent_on").min())
        .drop_nulls("icn")
    )
    return (
        claims.join(first, on=_CLAIM, how="left")
        .join(resent, on="icn", how="left")
        .join(denied_lines, on="claim", how="left")
        .with_columns(
            open_cents=pl.when("void")
            .then(0)
            .when(pl.col("first_on").is_null() | pl.col("taken_back"))
            .then("charge_cents")
            .otherwise(pl.col("open_cents").fill_null(0))
        )
    )


IN_CENTS = (
    "1 initial denial rate, dollars",
    "6 initial denials overturned, dollars",
    "days in A/R",
    "A/R over 90 days",
)
"""Measures whose parts are amounts."""


def metrics(claims: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row a measure (SCHEMA), of the claims' history on a day."""
    return pl.DataFrame(list(_measures(claims, as_of)), schema=SCHEMA, orient="row")


_Row = tuple[str, float | None, str, float | None, float | None, str, str | None]


def _measures(claims: pl.DataFrame, as_of: date) -> Iterator[_Row]:
    on = pl.lit(as_of)
    sent = claims.filter(pl.col("sent_on").is_between(on - QUARTER, on, closed="right"))
    lately = pl.col("first_on").is_between(on - MONTH, on, closed="right")
    denied = claims.filter(pl.col("first_denied").fill_null(False), pl.col("first_on") <= on)
    fresh = denied.filter(lately)
    yield _ratio("1 initial denial rate, claims", fresh.height, sent.height / 3,
        "claims whose first answer denied a line or all of it, last 30 days, by the monthly mean of claims sent in the last 90")  # fmt: skip
    yield _ratio("1 initial denial rate, dollars", _cents(fresh), _cents(sent) / 3,
        "the same by charges")  # fmt: skip
    primary = claims.filter(lately, pl.col("payer_responsibility").is_in(["P"]))
    zero = primary.filter(pl.col("first_paid_cents").fill_null(0) == 0)
    yield _ratio("2 primary denial rate", zero.height, primary.height,
        "primary claims first answered in the last 30 days with nothing paid, by all of them; deliveries that came twice are left out")  # fmt: skip
    yield ("3 denial write-offs of net revenue", None, "percent", None, None,
        "denied dollars written off by net patient service revenue",
        "write-offs and net revenue are in the accounting system")  # fmt: skip
    yield _days("4 days from denial to appeal", denied, "resent_on", as_of,
        "mean days from the first denial to the corrected claim (frequency 7)",
        "appeals on paper are not recorded: corrected claims alone")  # fmt: skip
    yield _days("5 days from denial to resolution", denied, "overturned_on", as_of,
        "mean days from the first denial to the first payment after it", None)  # fmt: skip
    turned = denied.filter(pl.col("overturned_on") <= on)
    yield _ratio("6 initial denials overturned, claims", turned.height, denied.height,
        "claims first denied in whole or in part and paid by a later answer, by all first denied")  # fmt: skip
    yield _ratio("6 initial denials overturned, dollars", _cents(turned), _cents(denied),
        "the same by charges")  # fmt: skip
    answered = claims.filter(pl.col("first_on") <= on)
    clean = answered.filter(~pl.col("first_denied"), pl.col("frequency") != "7")
    yield _ratio("clean-claim rate", clean.height, answered.height,
        "claims whose first answer denied nothing and that replaced no other, by all answered")  # fmt: skip
    waiting = _cents(claims.filter(pl.col("sent_on") <= on), "open_cents")
    yield _share("days in A/R", waiting, _cents(sent) / 90, 1, "days",
        "charges unanswered, still denied or taken back again of claims that none replaced or voided, by the mean charge of a day over the last 90")  # fmt: skip
    old = claims.filter(pl.col("sent_on") < on - QUARTER)
    yield _ratio("A/R over 90 days", _cents(old, "open_cents"), waiting,
        "charges unanswered, still denied or taken back again of claims sent more than 90 days ago, by all of them")  # fmt: skip


def ages(claims: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """label, value: open charges in cents by the days since they were sent."""
    names = [
        f"{low + 1 if low else 0} to {high} days"
        for low, high in zip((0, *AGES[:-1]), AGES, strict=True)
    ]
    names.append(f"over {AGES[-1]} days")
    days = (pl.lit(as_of) - pl.col("sent_on")).dt.total_days()
    group = sum(((days > limit).cast(pl.Int64) for limit in AGES), pl.lit(0))
    summed = claims.group_by(group=group).agg(value=pl.col("open_cents").sum())
    frame = pl.DataFrame(
        {"group": range(len(names)), "label": names}, schema_overrides={"group": pl.Int64}
    )
    return frame.join(summed, on="group", how="left").select("label", pl.col("value").fill_null(0))


def _cents(claims: pl.DataFrame, column: str = "charge_cents") -> float:
    return float(claims[column].sum())


def _ratio(name: str, part: float, whole: float, definition: str) -> _Row:
    return _share(name, part, whole, 100, "percent", definition)


def _share(name: str, part: float, whole: float, times: int, unit: str, definition: str) -> _Row:
    missing = None if whole else "nothing to divide by yet"
    return (name, times * part / whole if whole else None, unit, part, whole, definition, missing)


def _days(
    name: str, denied: pl.DataFrame, until: str, as_of: date, definition: str, missing: str | None
) -> _Row:
    done = denied.filter(pl.col(until) <= pl.lit(as_of), pl.col(until) >= pl.col("first_on"))
    took = float((done[until] - done["first_on"]).dt.total_days().sum())
    none = None if done.height else "none yet"
    said = "; ".join(filter(None, (missing, none))) or None
    return (
        name,
        took / done.height if done.height else None,
        "days",
        took,
        done.height,
        definition,
        said,
    )
