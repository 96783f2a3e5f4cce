"""Adjustments that belong to no claim (835 PLB), threaded across payments by what they refer to.

A positive amount lowers the payment. A reference (PLB03-2) often holds the number of a
claim inside a longer text, the patient's account, a day and the payer's number in one:
known numbers are looked for inside it. A balance carried forward (FB) belongs to
the provider's own thread until it comes to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from edi_iop.codes import codes
from edi_iop.reconciler.accounts import SENT
from edi_iop.reconciler.contents import PAYMENT
from edi_iop.reconciler.given import Tables

_SHORTEST = 6
"""Shorter numbers are found in longer ones by chance."""
_SHORTEST_BEGINNING = 12
"""A shorter beginning of a number is that of too many."""
PLB = ("file_id", "byte_offset", "position")
_FOUND = (*PLB, "key", "account", "account_key", *SENT)
_TAKES_BACK = ("recovery", "refund", "adjustment")
FORWARD = "forward"


def provider_postings(
    remits: Tables, paid: pl.DataFrame, events: pl.DataFrame, claims: pl.DataFrame
) -> pl.DataFrame:
    """tables.PROVIDER_POSTINGS with account_key, of payments that are posted or held.

    paid: duplicates.payment_standings. events: events.told. claims: tables.CLAIMS.
    """
    rows = _of_payments(remits, paid)
    return _threaded(rows.join(_named(rows, _numbers(events, claims)), on=PLB, how="left"))


def threaded_again(remits: Tables, paid: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """All of them with their balances, where the claims they name are known already.

    known: tables.PROVIDER_POSTINGS of these adjustments; one that is not in it names none.
    """
    accounts = ("account", *SENT)
    named = known.select(*PLB, *accounts)
    return _threaded(_of_payments(remits, paid).join(named, on=PLB, how="left"))


@dataclass(frozen=True)
class References:
    """The references of provider adjustments, to ask which of them may name a claim's number."""

    texts: pl.DataFrame
    """PLB and text: those long enough to hold a number."""

    @classmethod
    def of(cls, adjustments: pl.DataFrame) -> References:
        """adjustments: tables.PROVIDER_ADJUSTMENTS."""
        texts = adjustments.select(*PLB, text=_plain("reference"))
        return cls(texts.filter(_size("text") >= _SHORTEST))

    def none(self) -> pl.DataFrame:
        """No adjustment (PLB)."""
        return self.texts.select(PLB).clear()

    def holding(self, numbers: pl.Series) -> pl.DataFrame:
        """PLB of those that hold one of the numbers, or that one of them goes on from."""
        rows = numbers.alias("number").to_frame().select(_plain("number")).unique()
        known = rows.filter(_size("number") >= _SHORTEST)
        if known.is_empty() or self.texts.is_empty():
            return self.none()
        inside = self.texts.filter(pl.col("text").str.contains_any(known["number"].to_list()))
        lengths = self.texts.select(_size("text").unique()).to_series()
        begun = [
            known.select(text=pl.col("number").str.head(length))
            for length in lengths.filter(lengths >= _SHORTEST_BEGINNING)
        ]
        cut = [self.texts.join(one, on="text", how="semi") for one in begun]
        return pl.concat([inside, *cut]).select(PLB).unique()

    def pieces(self, adjustments: pl.DataFrame) -> pl.Series:
        """Every part of these references that is long enough to be the number of a claim."""
        text = self.texts.join(adjustments, on=PLB, how="semi")
        starts = pl.int_ranges(_size("text") - _SHORTEST + 1)
        ends = pl.int_ranges(pl.lit(_SHORTEST, pl.Int64), _size("text") - pl.col("begin") + 1)
        begun = text.with_columns(begin=starts).explode("begin", empty_as_null=False)
        every = begun.with_columns(size=ends).explode("size", empty_as_null=False)
        part = pl.col("text").str.slice(pl.col("begin"), pl.col("size"))
        return every.select(part.unique()).to_series()

    def beginnings(self, adjustments: pl.DataFrame) -> pl.Series:
        """These references whole, where they are long enough to be a number cut."""
        text = self.texts.join(adjustments, on=PLB, how="semi")
        return text.filter(_size("text") >= _SHORTEST_BEGINNING)["text"].unique()


def _of_payments(remits: Tables, paid: pl.DataFrame) -> pl.DataFrame:
    """Adjustments of payments that are posted or held, with what they do."""
    of_payment = paid.filter(pl.col("standing").is_in(["posted", "held"])).select(
        *PAYMENT, "payer", "trace_number", "standing", "content", effective_on="payment_date"
    )
    roles = {code: one.role for code, one in codes("plb").items() if one.role}
    known = list(codes("plb"))
    return (
        remits["provider_adjustments"]
        .join(of_payment, on=PAYMENT)
        .with_columns(
            amount_cents=pl.col("amount_cents").fill_null(0),
            role=pl.when(pl.col("reason").is_in(known))
            .then(pl.col("reason").replace_strict(roles, default="other", return_dtype=pl.String))
            .otherwise(pl.lit("unknown")),
        )
    )


def taken_back(postings: pl.DataFrame) -> pl.DataFrame:
    """payer, account_key, recovered_cents: what adjustments of posted payments took back."""
    posted = pl.col("standing") == "posted"
    return (
        postings.filter(posted, pl.col("account_key").is_not_null(), _takes_back())
        .group_by("payer", "account_key")
        .agg(recovered_cents=pl.col("amount_cents").sum())
    )


def _takes_back() -> pl.Expr:
    return pl.col("role").is_in(_TAKES_BACK)


def _threaded(rows: pl.DataFrame) -> pl.DataFrame:
    """thread and its running balance; an adjustment that refers to nothing is its own thread."""
    about = (
        pl.when(pl.col("role") == FORWARD)
        .then(pl.lit("carried forward"))
        .when(_takes_back() & pl.col("account").is_not_null())
        .then(pl.format("claim {}", "account"))
        .when(pl.col("reference").is_not_null())
        .then(pl.format("{} {}", "role", _plain("reference")))
        .otherwise(pl.format("{} of payment {}", "role", pl.col("trace_number").fill_null("?")))
    )
    provider = pl.col("provider_id").fill_null("?")
    thread = pl.format("{} of {}: {}", "payer", provider, about)
    order = ("effective_on", "trace_number", "content", *PLB)
    running = pl.when(pl.col("standing") == "posted").then("amount_cents").otherwise(0)
    return (
        rows.with_columns(thread=thread.fill_null(about))
        .sort("thread", *order, nulls_last=True)
        .with_columns(balance_cents=running.cum_sum().over("thread"))
    )


def _numbers(events: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """payer, key, account, account_key, SENT: numbers that mean one account of a payer."""
    about = ("payer", "account", "account_key", *SENT)
    sent = claims.select(claim_file_id="file_id", claim_offset="claim_offset", key=_plain("claim"))
    names = pl.concat(
        [
            events.select(*about, key=_plain("payer_claim_number")),
            # as returned a number may be cut short: then it stands inside those of others
            events.select(*about, key=_plain("returned")).filter(
                pl.col("claim_offset").is_null() | (_size("key") >= _SHORTEST_BEGINNING)
            ),
            events.select(about).join(sent, on=SENT),
        ]
    )
    return (
        names.filter(pl.col("key").str.len_chars() >= _SHORTEST)
        .unique(["payer", "key", "account_key"])
        .filter(pl.col("account_key").n_unique().over("payer", "key") == 1)
    )


def _named(rows: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """PLB with the account whose number is the longest one inside the reference, if only one is."""
    lengths = numbers.select(_size("key").unique())["key"].to_list()
    text = _plain("reference")
    asked = rows.select(*PLB, "payer", text=text).drop_nulls("text")
    if not lengths or asked.is_empty():
        return asked.select(PLB).clear().with_columns(_nothing(numbers))
    # Every piece of a reference as long as some known number: a reference has 50 characters.
    pieces = pl.concat(
        asked.with_columns(
            key=pl.int_ranges(pl.max_horizontal(_size("text") - length + 1, pl.lit(0)))
        )
        .explode("key", empty_as_null=False)
        .with_columns(key=pl.col("text").str.slice("key", length))
        for length in lengths
    )
    whole = pieces.join(numbers, on=("payer", "key")).select(_FOUND)
    found = pl.concat([whole, _begun(asked.join(whole, on=PLB, how="anti"), numbers)])
    longest = found.filter(_size("key") == _size("key").max().over(PLB))
    return (
        longest.filter(pl.col("account_key").n_unique().over(PLB) == 1)
        .unique(PLB)
        .select(*PLB, "account", "account_key", *SENT)
    )


def _begun(asked: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """References that are the beginning of a known number: payers cut long ones."""
    size = pl.col("text").str.len_chars()
    long = asked.filter(size >= _SHORTEST_BEGINNING)
    parts = [
        long.filter(size == length).join(
            numbers.filter(_size("key") > length).with_columns(
                begun=pl.col("key").str.head(length)
            ),
            left_on=("payer", "text"),
            right_on=("payer", "begun"),
        )
        for length in long.select(size.unique()).to_series()
    ]
    nothing = asked.select(PLB).clear().with_columns(pl.lit("").alias("key"), *_nothing(numbers))
    return pl.concat([nothing.select(_FOUND), *(one.select(_FOUND) for one in parts)])


def _nothing(numbers: pl.DataFrame) -> list[pl.Expr]:
    return [
        pl.lit(None, numbers.schema[name]).alias(name) for name in ("account", "account_key", *SENT)
    ]


def _size(column: str) -> pl.Expr:
    return pl.col(column).str.len_chars().cast(pl.Int64)


def _plain(column: str) -> pl.Expr:
    """Letters and digits only, in upper case."""
    kept = pl.col(column).str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    return kept.replace("", None)
