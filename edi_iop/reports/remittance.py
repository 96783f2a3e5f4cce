"""A remittance as a page a payment: its claims and lines, its provider adjustments, its sum (835)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
from msgspec.structs import replace

from edi_iop import codes
from edi_iop.errors import NotKnown
from edi_iop.money import to_dollars
from edi_iop.reports import shapes
from edi_iop.reports.parted import Parted
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import counting
from edi_iop.store import Store
from edi_iop.texts import composed

_CLAIM = ("file_id", "remit_claim_offset")
_LINE = (*_CLAIM, "remit_line_offset")
_PAYMENT = ("file_id", "payment_offset")
CLAIMS_AT_ONCE = 10_000
"""As many as one payment may have."""
_OF_CLAIM = (
    *_PAYMENT, "remit_claim_offset", "claim", "payer_claim_number", "status", "patient_last_name",
    "patient_first_name", "patient_id", "charge_cents", "paid_cents", "patient_cents",
    "statement_from",
)  # fmt: skip
_OF_LINE = (
    *_LINE, "position", "service_date", "procedure", "revenue", "units", "charge_cents",
    "allowed_cents", "paid_cents",
)  # fmt: skip
_OF_ADJUSTMENT = (*_LINE, "group", "carc", "amount_cents")
_PEOPLE = frozenset({"patient", "patient_id"})
_COLUMNS = (
    "payment", "payment_date", "payer", "claim", "payer_claim_number", "status", "patient", "patient_id",
    "line", "service_date", "procedure", "revenue", "units", "charge_cents", "allowed_cents",
    "patient_cents", "adjusted_cents", "paid_cents", "reasons", "file", "byte_offset",
)  # fmt: skip
_ADJUSTED = ("reason", "reference", "fiscal_date", "amount_cents", "byte_offset")


class Remits(Parted):
    """Every payment, or the one of that trace number (TRN02), a page each; NotKnown where none is.

    Payments are read so many claims at a time, and one whole at least.
    """

    def __init__(self, question: Question) -> None:
        self._store, number = question.store, question.about
        asked = {} if number is None else {"trace_number": number}
        self._payments = self._store.load("payments", **asked)
        if self._payments.is_empty() and number is not None:
            raise NotKnown(f"payment {number}: no remit has this number; see: report payments")

    def parts(self) -> Iterator[Sheet]:
        for payments in self._some(_in_order(self._payments)):
            yield _sheet(_rows(self._store, payments))

    def read(self) -> Iterator[Sheet]:
        yield from self.parts() if self._payments.is_empty() else self._pages()

    def short(self) -> Sheet:
        return self.together()

    def together(self) -> Sheet:
        return replace(self._whole(super().together()), pages=tuple(self._pages()))

    def kept(self) -> Sheet:
        if self._payments.height < 2:
            return self.together()
        return self._whole(super().kept())

    def _whole(self, sheet: Sheet) -> Sheet:
        """The sheet of all rows with its tables, where a worksheet a page would be too many."""
        if self._payments.height < 2:
            return sheet
        return replace(sheet, tables=_tables(self._store, self._payments, sheet.rows))

    def _pages(self) -> Iterator[Sheet]:
        """A page a payment, then its provider adjustments where it has any."""
        in_order = self._payments.sort("payment_date", "trace_number", maintain_order=True)
        if in_order.is_empty():
            return
        for payments in self._some(in_order):
            yield from _pages(self._store, payments, _rows(self._store, payments))

    def _some(self, payments: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """So many of the payments at a time as have CLAIMS_AT_ONCE, or one that has more."""
        keys = payments.select(_PAYMENT)
        claims = self._store.among("remit_claims", keys, _PAYMENT).group_by(_PAYMENT)
        counts = keys.join(claims.len("claims"), on=_PAYMENT, how="left", maintain_order="left")
        # a payment without claims takes room too
        size = counts["claims"].fill_null(0).cast(pl.Int64) + 1
        portion = (size.cum_sum() - size) // CLAIMS_AT_ONCE
        numbered = payments.with_columns(portion=portion)
        some = numbered.partition_by("portion", maintain_order=True, include_key=False)
        yield from some or [payments]


def _sheet(rows: pl.DataFrame) -> Sheet:
    return Sheet("", rows.select(_COLUMNS), phi=_PEOPLE, none="no payments yet")


def _in_order(payments: pl.DataFrame) -> pl.DataFrame:
    """As their rows stand."""
    return payments.sort(
        "payment_date", "trace_number", "file_id", "payment_offset", nulls_last=True
    )


def _rows(store: Store, payments: pl.DataFrame) -> pl.DataFrame:
    """A row a service line, or a claim: what is said of it beside its lines, or as a whole."""
    heads = _heads(store, payments)
    claims = heads.select(_CLAIM)
    lines = store.among("remit_lines", claims, _OF_LINE).rename({"position": "line"})
    adjusted = store.among("adjustments", claims, _OF_ADJUSTMENT)
    remarks = store.among("remarks", claims, (*_LINE, "remark"))
    own = heads.drop("charge_cents", "paid_cents", "patient_cents").join(lines, on=_CLAIM)
    whole = heads.join(lines, on=_CLAIM, how="anti").with_columns(
        remit_line_offset=pl.lit(None, pl.Int64), service_date="statement_from"
    )
    said = _above(heads, lines, (adjusted, remarks))
    both = pl.concat([own, whole.drop("patient_cents"), said], how="diagonal")
    sums = adjusted.group_by(_LINE).agg(
        patient_cents=pl.col("amount_cents").filter(pl.col("group") == "PR").sum(),
        adjusted_cents=pl.col("amount_cents").filter(pl.col("group").ne_missing("PR")).sum(),
        reasons=pl.concat_str("group", "carc", separator="-", ignore_nulls=True),
    )
    remarked = remarks.group_by(_LINE).agg(remarks=pl.col("remark"))
    return (
        both.join(sums, on=_LINE, how="left", nulls_equal=True)
        .join(remarked, on=_LINE, how="left", nulls_equal=True)
        .with_columns(
            reasons=pl.concat_list(
                pl.col("reasons").fill_null([]), pl.col("remarks").fill_null([])
            ),
            file=pl.col("file_id").cast(pl.String),
            byte_offset=pl.coalesce("remit_line_offset", "remit_claim_offset"),
        )
        .sort("payment_date", "payment", "file_id", "byte_offset", nulls_last=True)
    )


def _heads(store: Store, payments: pl.DataFrame) -> pl.DataFrame:
    """The payments' claims, each with its payment's number, day and payer."""
    named = payments.select(
        *_PAYMENT,
        "payment_date",
        payment="trace_number",
        payer=pl.coalesce("payer_name", "payer_id"),
    )
    claims = store.among("remit_claims", payments.select(_PAYMENT), _OF_CLAIM)
    patient = pl.concat_str(
        "patient_last_name", "patient_first_name", separator=", ", ignore_nulls=True
    )
    return named.join(claims, on=_PAYMENT).with_columns(patient=patient)


def _above(
    heads: pl.DataFrame, lines: pl.DataFrame, told: tuple[pl.DataFrame, pl.DataFrame]
) -> pl.DataFrame:
    """A row a claim with lines that has adjustments or remarks of its own, or other sums than they.

    Its amounts are what the claim has beyond its lines, so that none counts twice. told:
    adjustments and remarks.
    """
    of_claims = [rows.filter(pl.col("remit_line_offset").is_null()).select(_CLAIM) for rows in told]
    own = pl.concat(of_claims).unique().with_columns(told=pl.lit(True))
    amounts = ("charge_cents", "paid_cents")
    summed = lines.group_by(_CLAIM).agg(pl.col(name).sum().alias(f"of_{name}") for name in amounts)
    beyond = {name: pl.col(name) - pl.col(f"of_{name}") for name in amounts}
    other = pl.any_horizontal((more != 0).fill_null(False) for more in beyond.values())
    return (
        heads.drop("patient_cents")
        .join(summed, on=_CLAIM)
        .join(own, on=_CLAIM, how="left")
        .filter(pl.col("told").fill_null(False) | other)
        .with_columns(pl.when(more != 0).then(more).alias(name) for name, more in beyond.items())
        .select(heads.drop("patient_cents").columns)
    )


def _tables(store: Store, payments: pl.DataFrame, rows: pl.DataFrame) -> tuple[Sheet, ...]:
    """All payments in three tables: their sums, their lines, what was kept back beside them."""
    heads = payments.select(
        *_PAYMENT,
        "payment_date",
        "method",
        "amount_cents",
        payment="trace_number",
        payer=pl.coalesce("payer_name", "payer_id"),
        file=pl.col("file_id").cast(pl.String),
    ).sort("payment_date", "payment", nulls_last=True)
    keys = payments.select(_PAYMENT)
    beside = heads.drop("amount_cents").join(
        store.among("provider_adjustments", keys), on=_PAYMENT, maintain_order="left"
    )
    claims = store.among("remit_claims", keys, (*_PAYMENT, "paid_cents")).group_by(_PAYMENT)
    kept = beside.group_by(_PAYMENT)
    less = ("claims_cents", "provider_adjustment_cents")
    sums = (
        heads.join(claims.agg(claims_cents=pl.col("paid_cents").sum()), on=_PAYMENT, how="left")
        .join(kept.agg(provider_adjustment_cents=pl.col("amount_cents").sum()), on=_PAYMENT, how="left")
        .select("payment", "payment_date", "payer", "method", pl.col(less).fill_null(0), "amount_cents", "file")
    )  # fmt: skip
    return (
        Sheet("payments: claims - provider adjustments = amount", sums, name="payments"),
        Sheet("claims and lines", rows.select(_COLUMNS), legend=_legend(rows), phi=_PEOPLE, name="lines"),
        Sheet(
            "provider adjustments; a positive amount lowers the payment",
            beside.select("payment", "payment_date", "payer", *_ADJUSTED),
            legend=shapes.legend({"plb": beside["reason"]}),
            name="provider adjustments",
        ),
    )  # fmt: skip


def _pages(store: Store, payments: pl.DataFrame, rows: pl.DataFrame) -> Iterator[Sheet]:
    """A page a payment, then its provider adjustments where it has any. rows: of all of them."""
    lines, keys = _by_payment(rows), payments.select(_PAYMENT)
    claims = _by_payment(store.among("remit_claims", keys, (*_PAYMENT, "paid_cents")))
    beside = _by_payment(store.among("provider_adjustments", keys))
    for payment in payments.to_dicts():  # a page is read, so there are few
        key = (payment["file_id"], payment["payment_offset"])
        taken = beside(key)
        yield _page(payment, lines(key), claims(key), taken)
        if taken.height:
            yield _beside(payment, taken)


def _by_payment(rows: pl.DataFrame) -> Callable[[tuple[int, int]], pl.DataFrame]:
    """The rows of any payment; they are parted once."""
    parted = rows.partition_by(_PAYMENT, maintain_order=True, as_dict=True)
    none = rows.clear()
    return lambda key: parted.get(key, none)


def _page(
    payment: dict[str, object], rows: pl.DataFrame, claims: pl.DataFrame, taken: pl.DataFrame
) -> Sheet:
    shown, sums = rows.select(_COLUMNS), _equation(payment, claims, taken)
    service = pl.concat_str("procedure", "revenue", separator="/", ignore_nulls=True)
    seen = rows["status"].drop_nulls().unique().to_list()
    labels = {code: codes.label("claim_status", code) or f"status {code}" for code in seen}
    said = pl.col("status").replace_strict(labels, default="no status", return_dtype=pl.String)
    return Sheet(
        f"{payment['payer_name'] or 'payer without name'}, {payment['method'] or 'payment'} "
        f"{payment['trace_number'] or 'without number'} of {payment['payment_date'] or 'an unknown day'}",
        shown,
        (
            Field("CLAIM", "claim"),
            Field("PATIENT", "patient"),
            Field("DATE", "service_date"),
            Field("SERVICE", "service"),
            Field("CHARGE", "charge_cents", "money"),
            Field("ADJUSTED", "adjusted_cents", "money"),
            Field("PATIENT'S", "patient_cents", "money"),
            Field("PAID", "paid_cents", "money"),
            Field("REASONS", "reasons"),
        ),
        (Field("", "head", once=True),),
        people=shown.with_columns(
            service=pl.when(pl.col("line").is_null()).then(pl.lit("claim")).otherwise(service),
            head=composed("{}: {}, payer's number {}", pl.col("claim").fill_null("?"), said,
                           pl.col("payer_claim_number").fill_null("?")),
        ),
        none=f"no claims in this payment: {sums}",
        closing=f"{_charged(shown, claims)}; {sums}",
        legend=_legend(rows),
        phi=_PEOPLE,
        name=str(payment["trace_number"] or "payment"),
    )  # fmt: skip


def _charged(rows: pl.DataFrame, claims: pl.DataFrame) -> str:
    """`2 claims, $250.00 charged, $30.00 adjusted, $20.00 the patient's`."""
    words = ("charged", "adjusted", "the patient's")
    sums = rows.select("charge_cents", "adjusted_cents", "patient_cents").sum().row(0)
    told = [f"{to_dollars(int(cents))} {word}" for cents, word in zip(sums, words, strict=True)]
    return ", ".join([counting(claims.height, "claim"), *told])


def _equation(payment: dict[str, object], claims: pl.DataFrame, taken: pl.DataFrame) -> str:
    """`claims $250.00 - provider adjustments $30.00 = $220.00; paid $220.00`."""
    posted, less = int(claims["paid_cents"].sum()), int(taken["amount_cents"].sum())
    paid = payment["amount_cents"]
    amount = to_dollars(paid) if isinstance(paid, int) else "an unknown amount"
    return (
        f"claims {to_dollars(posted)} - provider adjustments {to_dollars(less)} "
        f"= {to_dollars(posted - less)}; paid {amount}"
    )


def _beside(payment: dict[str, object], taken: pl.DataFrame) -> Sheet:
    rows = taken.select(_ADJUSTED)
    number = payment["trace_number"] or "payment"
    return Sheet(
        f"provider adjustments of {number}; a positive amount lowers the payment",
        rows,
        (
            Field("REASON", "reason"),
            Field("REFERENCE", "reference"),
            Field("FISCAL YEAR TO", "fiscal_date"),
            Field("AMOUNT", "amount_cents", "money"),
        ),
        legend=shapes.legend({"plb": taken["reason"]}),
        name=f"PLB {number}",
    )


def _legend(rows: pl.DataFrame) -> tuple[str, ...]:
    """The codes of the page in our words: CO-97 by its reason, N20 as a remark."""
    used = rows["reasons"].explode(empty_as_null=True).drop_nulls().unique().sort().to_list()
    return tuple(f"{code:<7} {_meaning(code)}" for code in used)


def _meaning(code: str) -> str:
    group, dash, reason = code.partition("-")
    return codes.meaning("carc", reason) if dash else codes.meaning("rarc", group)
