"""Which payments count: duplicates have no effect, conflicts and what does not balance are held.

One payment is one check or transfer number of one payer (835 TRN02 with TRN03). The
same content under it is the same payment, wrapped anew: one of them counts. Other
content under it is a conflict (a number used twice, or a remit sent again changed):
nobody but a person can say which counts, so that both wait, whichever came first,
and whether or not the amounts of both can be read and come out.
"""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.balance import balance
from edi_iop.reconciler.contents import (
    PAYMENT,
    check_key,
    combined,
    inner_contents,
    own_contents,
    payer_key,
    whole_contents,
)
from edi_iop.reconciler.given import Tables, remit_tables
from edi_iop.tables import PAYMENT_CONTENTS
from edi_iop.tables.amounts import dollars
from edi_iop.tables.pool import pooled
from edi_iop.texts import composed

_CHECK = ("payer", "check_number")
_NAMED = 5
"""Of the payments under one check number so many are named, and how many more there are."""
_SUMMED: dict[str, tuple[str, ...]] = {
    "remit_claims": (*PAYMENT, "remit_claim_offset", "paid_cents"),
    "provider_adjustments": (),
}
"""Tables of which sums are made, whole or these columns."""
_VERSION = pl.__version__
"""Equal content has an equal number in one version of Polars only."""
_INTERCHANGE = ("sender_id", "receiver_id", "interchange_control")


def payment_contents(remits: Tables) -> pl.DataFrame:
    """tables.PAYMENT_CONTENTS: all that standings need of each payment, other payments apart."""
    running = RunningContents()
    running.add(remits)
    return running.contents(remits["payments"], balance(remits))


class RunningContents:
    """The contents of payments that come in chunks."""

    def __init__(self) -> None:
        self._own: list[pl.DataFrame] = []
        self._inner: list[pl.DataFrame] = []
        self._summed: dict[str, list[pl.DataFrame]] = {name: [] for name in _SUMMED}

    @pooled
    def add(self, tables: Tables) -> None:
        """A chunk's remit claims; a claim may have its lines in several."""
        remits = remit_tables(tables)
        self._own.append(own_contents(remits))
        self._inner.append(inner_contents(remits))
        for name, columns in _SUMMED.items():
            self._summed[name].append(remits[name].select(columns or pl.all()))

    def contents(self, payments: pl.DataFrame, unbalanced: pl.DataFrame) -> pl.DataFrame:
        """tables.PAYMENT_CONTENTS of the payments, all of which are there.

        unbalanced: the findings of their balance (reconciler.balance).
        """
        claims = combined(pl.concat(self._own), pl.concat(self._inner))
        summed = {name: pl.concat(parts) for name, parts in self._summed.items()}
        remits = {"payments": payments, **summed}
        faults = _faults(remits, unbalanced)
        return PAYMENT_CONTENTS.conform(
            _identified(remits, claims).join(faults, on=PAYMENT, how="left", maintain_order="left")
        )


def payment_standings(contents: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Every payment with standing, reason, says, same_file, same_offset, and its sums.

    Further columns: those of contents (tables.PAYMENT_CONTENTS). decisions:
    tables.DECISIONS; a release or rejection holds for the payment and all its duplicates.
    """
    paid = _first_of_each(contents).join(
        _decided(decisions), on=PAYMENT, how="left", maintain_order="left"
    )
    same = ("same_file", "same_offset")
    verb = pl.col("verb").sort_by("decision").drop_nulls().last().over(same)
    return _judged(paid.with_columns(verb=verb)).drop("verb", "decision")


def _identified(remits: Tables, claims: pl.DataFrame) -> pl.DataFrame:
    """Payments with what they are told apart by, their sums, and whether they move money."""
    contents = whole_contents(remits, claims).with_columns(
        content=composed("{} {}", pl.lit(_VERSION), "content")
    )
    sums = [
        remits[name].group_by(PAYMENT).agg(pl.col(column).sum().alias(total), moved.alias(flag))
        for name, column, total, flag, moved in (
            ("remit_claims", "paid_cents", "claims_cents", "paying", _any("paid_cents")),
            ("provider_adjustments", "amount_cents", "plb_cents", "taking", _any("amount_cents")),
        )
    ]
    paid = remits["payments"].select(
        *PAYMENT,
        *_INTERCHANGE,
        "trace_number",
        "payment_date",
        payer=payer_key(),
        check_number=check_key(),
        amount_cents=pl.col("amount_cents").fill_null(0),
        unread=pl.col("amount_cents").is_null(),
    )
    for other in (contents, *sums):
        paid = paid.join(other, on=PAYMENT, how="left", maintain_order="left")
    return paid.with_columns(pl.col("claims_cents", "plb_cents").fill_null(0)).with_columns(
        moves=pl.col("paying").fill_null(False)
        | pl.col("taking").fill_null(False)
        | (pl.col("amount_cents") != 0)
    )


def _any(column: str) -> pl.Expr:
    return (pl.col(column).fill_null(0) != 0).any()


def _first_of_each(paid: pl.DataFrame) -> pl.DataFrame:
    """same_file, same_offset: of payments alike the first; a payment without number is its own."""
    alike = pl.when(pl.col("check_number").is_not_null()).then("content")
    itself = pl.when(pl.col("check_number").is_null()).then(pl.struct(PAYMENT))
    key = [*_CHECK, alike.alias("_alike"), itself.alias("_itself")]
    return (
        paid.sort(PAYMENT)
        .with_columns(key[2:])
        .with_columns(
            same_file=pl.col("file_id").first().over(*_CHECK, "_alike", "_itself"),
            same_offset=pl.col("payment_offset").first().over(*_CHECK, "_alike", "_itself"),
            interchange_again=(pl.struct(_INTERCHANGE) == pl.struct(_INTERCHANGE).first()).over(
                *_CHECK, "_alike", "_itself"
            ),
        )
        .drop("_alike", "_itself")
    )


def _decided(decisions: pl.DataFrame) -> pl.DataFrame:
    """The last word of a person on each payment."""
    of_payments = decisions.filter(
        pl.col("remit_claim_offset").is_null(), pl.col("verb").is_in(["release", "reject", "undo"])
    )
    last = of_payments.sort("decision").unique(PAYMENT, keep="last")
    return last.select(*PAYMENT, "verb", "decision")


def _faults(remits: Tables, unbalanced: pl.DataFrame) -> pl.DataFrame:
    """The first imbalance of each payment, in words (findings LINE_, CLAIM_, PAYMENT_UNBALANCED)."""
    found = unbalanced.filter(pl.col("severity") == "error").sort("file_id", "byte_offset", "code")
    begins = pl.concat(
        [
            remits["payments"].select(*PAYMENT, byte_offset="payment_offset"),
            remits["remit_claims"].select(*PAYMENT, byte_offset="remit_claim_offset"),
        ]
    ).sort("file_id", "byte_offset")
    # a fault of a line or claim stands behind where its claim begins, and before the next
    return (
        found.join_asof(begins, on="byte_offset", by="file_id", check_sortedness=False)
        .group_by(PAYMENT, maintain_order=True)
        .agg(fault=pl.col("message").first(), faults=pl.len())
    )


def _judged(paid: pl.DataFrame) -> pl.DataFrame:
    """standing, reason and says of each payment."""
    counts = (pl.col("file_id") == pl.col("same_file")) & (
        pl.col("payment_offset") == pl.col("same_offset")
    )
    rest = pl.col("amount_cents") - pl.col("claims_cents") + pl.col("plb_cents")
    unbalanced = pl.col("fault").is_not_null() | (rest != 0)
    verb = pl.col("verb").fill_null("")
    contends = counts & (verb != "reject") & pl.col("moves")
    contents = pl.col("content").filter(contends).n_unique().over(_CHECK)
    clash = contends & pl.col("check_number").is_not_null() & (contents > 1)
    reason = (
        pl.when(~counts & pl.col("interchange_again"))
        .then(pl.lit("interchange"))
        .when(~counts)
        .then(pl.lit("payment"))
        .when(verb == "reject")
        .then(pl.lit("rejected"))
        .when("unread")
        .then(pl.lit("unreadable"))
        .when(unbalanced)
        .then(pl.lit("unbalanced"))
        .when(clash)
        .then(pl.lit("conflict"))
    )
    standing = (
        pl.when(pl.col("reason").is_in(["interchange", "payment"]))
        .then(pl.lit("duplicate"))
        .when(pl.col("reason") == "rejected")
        .then(pl.lit("rejected"))
        .when(pl.col("reason").is_null() | (verb == "release"))
        .then(pl.lit("posted"))
        .otherwise(pl.lit("held"))
    )
    judged = paid.with_columns(reason=reason, rest_cents=rest, contends=contends, clash=clash)
    place = composed("{}:{}", "file_id", "payment_offset").sort_by(*PAYMENT)
    more = pl.when(pl.len() > _NAMED).then(composed(" and {} more", pl.len() - _NAMED))
    rivals = (
        judged.filter("contends")
        .group_by(_CHECK)
        .agg(rivals=pl.concat_str(place.head(_NAMED).str.join(", "), more.fill_null("")))
    )
    return (
        judged.join(rivals, on=_CHECK, how="left", maintain_order="left")
        .with_columns(standing=standing)
        .with_columns(says=_says())
        .drop("clash")
    )


def _says() -> pl.Expr:
    number = pl.col("trace_number").fill_null("without number")
    released = pl.when(pl.col("standing") == "posted").then(pl.lit(" (released by hand)"))
    clash = composed(
        "number {} of this payer was given to payments of other content: {}", number, "rivals"
    )
    beside = pl.when("clash").then(composed("; {}", clash)).otherwise(pl.lit(""))
    more = pl.when(pl.col("faults") > 1).then(composed(" (and {} more)", pl.col("faults") - 1))
    said = (
        pl.when(pl.col("standing") == "duplicate")
        .then(composed("same content as {}:{}", "same_file", "same_offset"))
        .when(pl.col("reason") == "conflict")
        .then(clash)
        .when(pl.col("reason") == "unreadable")
        .then(pl.concat_str(pl.lit("its amount cannot be read"), beside))
        .when((pl.col("reason") == "unbalanced") & pl.col("fault").is_not_null())
        .then(pl.concat_str("fault", more.fill_null(""), beside))
        .when(pl.col("reason") == "unbalanced")
        .then(
            composed(
                "{} of it is in no claim and no adjustment{}",
                dollars(pl.col("rest_cents")),
                beside,
            )
        )
        .when(pl.col("reason") == "rejected")
        .then(pl.lit("rejected by hand: it does not count"))
    )
    return pl.concat_str(said, released.fill_null(""))
