"""Remits against the bank: which deposit is which payment (835 TRN02, BPR02, BPR16; CAQH CORE 370).

By trace number first, as the addenda of a CCD+ entry carry it (TRN*1*number*payer):
several payments in one deposit count together. What is left, by amount, payer and
a date within three business days, and only where one deposit and one payment fit each
other alone. Business days are Monday to Friday; bank holidays are not known here.
"""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.features import plain
from edi_iop.tables import DEPOSITS

BACK = "paid back to the payer"
RETURNED = "deposit taken back"
STATES = (
    "deposit without remit",
    "remit without deposit",
    RETURNED,
    "amount differs",
    "card",
    "matched",
    "PLB only",
    "nothing due",
    BACK,
)
"""What needs a person first."""
WINDOW = 3
"""Business days between the payment's date and the bank's."""
SHORTEST_TRACE = 4
"""Characters: shorter numbers occur in a bank's words by chance."""
NON = "NON"
"""BPR04 of a payment that no bank carries; with an amount, one made otherwise, as by card."""
CARD_WORDS = ("virtual card", "card settlement", "merchant", "bankcard", "card services")
"""What a bank's words for a card settlement hold."""
MOST_FEE_PERCENT = 5
_KEY = ("file_id", "payment_offset")


def bank(
    payments: pl.DataFrame,
    remit_claims: pl.DataFrame,
    deposits: pl.DataFrame,
) -> pl.DataFrame:
    """One row a payment and one a deposit that no payment explains.

    payments: tables.PAYMENTS, each payment once. deposits: tables.DEPOSITS. Columns: state, how
    (trace, or amount, payer and date), payment, payer, payment_date, method, amount_cents,
    deposit_date, deposit_cents, taken_out_cents (what the bank took out again under the
    payment's trace number, below zero), difference_cents (both less the payments), sharing (how
    many payments the deposit holds; null without one), reference, file_id, deposit_file, deposit_row.
    """
    remits = _remits(payments, remit_claims)
    listed = entries(deposits)
    booked = _worded(listed.filter(pl.col("amount_cents") > 0))
    gone = _worded(listed.filter(pl.col("amount_cents") < 0))
    by_trace = _by_trace(remits, booked)
    rest = remits.filter(pl.col("due")).join(by_trace, on="remit", how="anti")
    free = booked.join(by_trace, on="deposit", how="anti")
    by_amount = _by_amount(rest, free)
    ties = pl.concat([by_trace, by_amount])
    by_card = _by_card(
        rest.join(ties, on="remit", how="anti"), free.join(ties, on="deposit", how="anti")
    )
    tied = pl.concat([ties, by_card])
    rows = (
        remits.join(tied, on="remit", how="left")
        .join(booked, on="deposit", how="full", coalesce=True)
        .join(_taken_out(remits, gone), on="remit", how="left")
        .with_columns(sharing=_held_by_one())
    )
    return _stated(rows)


def _held_by_one() -> pl.Expr:
    """How many payments a row's deposit holds; null where there is none."""
    count = pl.col("remit").count().over("deposit").cast(pl.Int64)
    return pl.when(pl.col("deposit").is_not_null()).then(count)


def _remits(payments: pl.DataFrame, remit_claims: pl.DataFrame) -> pl.DataFrame:
    """Payments numbered, with their trace as it can be compared and whether money is due."""
    counts = remit_claims.group_by(_KEY).agg(claims=pl.len())
    back = pl.col("credit_debit") == "D"
    return (
        payments.join(counts, on=_KEY, how="left", maintain_order="left")
        .with_row_index("remit")
        .select(
            "remit",
            "file_id",
            "payment_date",
            "method",
            "amount_cents",
            "payer_trace_id",
            "claims",
            payment="trace_number",
            payer=pl.coalesce("payer_name", "payer_code", "payer_id", "payer_trace_id"),
            trace=plain("trace_number"),
            due=pl.col("amount_cents").fill_null(0) > 0,
            back=back.fill_null(False),
        )
        .with_columns(due=pl.col("due") & ~pl.col("back"))
    )


def _worded(listed: pl.DataFrame) -> pl.DataFrame:
    """Entries, numbered, with the words of the bank together."""
    words = pl.concat_str("reference", "description", separator=" ", ignore_nulls=True)
    return listed.with_row_index("deposit").select(
        "deposit",
        "deposit_date",
        "reference",
        deposit_cents="amount_cents",
        deposit_file="file_id",
        deposit_row="row",
        words=words.str.to_lowercase().fill_null(""),
    )


def entries(deposits: pl.DataFrame) -> pl.DataFrame:
    """Each entry once, where lists overlap: the nth of its kind in one is the nth in every other."""
    nth = pl.int_range(pl.len()).over("file_id", *DEPOSITS.key)
    counted = deposits.sort("file_id", "row").with_columns(nth=nth)
    return counted.unique([*DEPOSITS.key, "nth"], keep="first", maintain_order=True).drop("nth")


def _by_trace(remits: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """remit, deposit, how: the trace number stands in the bank's words.

    A number that several payments or entries carry ties those of the same amount; where
    that is not one to one, or no amount agrees, it ties none of several.
    """
    pairs = _named(remits, booked)
    same = pl.col("amount_cents") == pl.col("deposit_cents")
    exact = pairs.filter(same).filter(_alone("remit"), _alone("deposit"))
    left = pairs.join(exact, on="remit", how="anti").join(exact, on="deposit", how="anti")
    # One payment in one entry, or several payments that one entry names: their sum is compared.
    rest = left.filter(pl.col("trace").is_unique())
    return pl.concat([exact, rest]).select("remit", "deposit", how=pl.lit("trace"))


def _named(remits: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """Payments due, each beside every entry whose words hold its number, where that is long enough."""
    tokens = booked.select(
        "deposit",
        "deposit_cents",
        trace=pl.col("words").str.extract_all(r"[a-z0-9-]+"),
        whole=plain("reference"),
    )
    spoken = tokens.explode("trace", empty_as_null=True).with_columns(plain("trace"))
    named = pl.concat(
        [
            spoken.select("deposit", "deposit_cents", "trace"),
            tokens.select("deposit", "deposit_cents", trace="whole"),
        ]
    )
    long = named.filter(pl.col("trace").str.len_chars() >= SHORTEST_TRACE).unique()
    return remits.filter(pl.col("due")).join(long, on="trace")


def _taken_out(remits: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """remit and taken_out_cents: entries out of the account that name one payment (a returned ACH)."""
    pairs = _named(remits, gone).filter(_alone("deposit"))
    return pairs.group_by("remit").agg(taken_out_cents=pl.col("deposit_cents").sum())


def _alone(column: str) -> pl.Expr:
    return pl.len().over(column) == 1


def _by_amount(remits: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """remit, deposit, how: same amount, the payer named, dates near; each alone for the other."""
    pairs = (
        remits.join(booked, left_on="amount_cents", right_on="deposit_cents")
        .filter(_near(), _names_payer())
        .filter(_alone("remit"), _alone("deposit"))
    )
    return pairs.select("remit", "deposit", how=pl.lit("amount, payer and date"))


def _by_card(remits: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """remit, deposit, how: a payment no bank carries, and a card's entry of it less a fee."""
    cards = booked.filter(pl.col("words").str.contains_any(list(CARD_WORDS)))
    most, least = pl.col("amount_cents"), pl.col("amount_cents") * (100 - MOST_FEE_PERCENT) // 100
    pairs = (
        remits.filter(pl.col("method") == NON)
        .join(cards, how="cross")
        .filter(pl.col("deposit_cents").is_between(least, most), _near())
        .filter(_alone("remit"), _alone("deposit"))
    )
    return pairs.select("remit", "deposit", how=pl.lit("card, amount less a fee"))


def _near() -> pl.Expr:
    early, late = (
        pl.min_horizontal("payment_date", "deposit_date"),
        pl.max_horizontal("payment_date", "deposit_date"),
    )
    return pl.business_day_count(early, late) <= WINDOW


def _names_payer() -> pl.Expr:
    """Whether the bank's words hold the payer's first long word or its number (TRN03)."""
    word = pl.col("payer").str.to_lowercase().str.extract(r"([a-z]{4,})")
    by_word = pl.col("words").str.contains(word, literal=True)
    by_number = pl.col("words").str.contains(
        pl.col("payer_trace_id").str.to_lowercase(), literal=True
    )
    return by_word.fill_null(False) | by_number.fill_null(False)


def _stated(rows: pl.DataFrame) -> pl.DataFrame:
    """Each row with its state; the payments of one deposit are compared by their sum."""
    tied = pl.col("deposit").is_not_null() & pl.col("remit").is_not_null()
    together = pl.when(tied).then(pl.col("amount_cents").sum().over("deposit"))
    out = pl.col("taken_out_cents").sum().over("deposit")
    difference = pl.col("deposit_cents") + out - together
    empty = pl.col("amount_cents").fill_null(0) <= 0
    state = (
        pl.when(pl.col("remit").is_null())
        .then(pl.lit("deposit without remit"))
        .when(pl.col("how").str.starts_with("card"))
        .then(pl.lit("card"))
        .when(pl.col("taken_out_cents").is_not_null())
        .then(pl.lit(RETURNED))
        .when(tied & (difference != 0))
        .then(pl.lit("amount differs"))
        .when(tied)
        .then(pl.lit("matched"))
        .when(pl.col("back"))
        .then(pl.lit(BACK))
        .when(empty & pl.col("claims").is_null())
        .then(pl.lit("PLB only"))
        .when(empty)
        .then(pl.lit("nothing due"))
        .when(pl.col("method") == NON)
        .then(pl.lit("card"))
        .otherwise(pl.lit("remit without deposit"))
    )
    return rows.with_columns(state=state, difference_cents=difference).select(
        "state",
        "how",
        "payment",
        "payer",
        "payment_date",
        "method",
        "amount_cents",
        "deposit_date",
        "deposit_cents",
        "taken_out_cents",
        "difference_cents",
        "sharing",
        "reference",
        "file_id",
        "deposit_file",
        "deposit_row",
    )
