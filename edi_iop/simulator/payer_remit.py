"""The simulated payer's 835 tables (005010X221A1): they balance at line, claim and payment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from random import Random
from zlib import crc32

import polars as pl

from edi_iop.simulator.payer_money import COINSURANCE, COPAY
from edi_iop.tables import (
    ADJUSTMENTS,
    PAYMENTS,
    PROVIDER_ADJUSTMENTS,
    REMARKS,
    REMIT_CLAIMS,
    REMIT_LINES,
)

Tables = dict[str, pl.DataFrame]

_CLAIM = ["file_id", "claim_offset"]
_CONTRACTUAL = ("CO", "45")
_DENIED = "4"
_STATUS = {"P": "1", "S": "2", "T": "3"}
_ONLY = 1
"""Place of a repeat where the segment has one: CAS, PLB and LQ are written one each."""
_COMMERCIAL = "12"
_FILED_AS = (
    "12",
    "13",
    "14",
    "15",
    "16",
    "17",
    "AM",
    "CH",
    "DS",
    "HM",
    "LM",
    "MA",
    "MB",
    "MC",
    "OF",
    "TV",
    "VA",
    "WC",
    "ZZ",
)
"""Kinds of insurance an 835 may name (CLP06); those of an 837 it does not know are commercial."""
_INTEREST_CENTS = (0, 0, 125, 340)

_HOUSE = {
    "payer_address1": "1 SYNTHETIC WAY",
    "payer_city": "SPRINGFIELD",
    "payer_state": "IL",
    "payer_zip": "627010000",
    "payer_contact": "EDI SUPPORT",
    "payer_phone": "8005550100",
}
"""Where all simulated payers live: an 835 must say (loop 1000A)."""


ORIGIN = ("sent_file_id", "claim_offset", "line_offset")
"""Of a remit line: the line as sent that it answers."""


def remits(
    placed: pl.DataFrame, claims: Mapping[str, pl.DataFrame], paid_on: date, seed: int
) -> Tables:
    """The 835 tables that answer adjudicated lines: one payment for each payer and payee.

    placed: of `placed`. file_id is 0, the offsets are running numbers over all payments.
    """
    heads = _claims(placed, claims["claims"], paid_on)
    interest = _interest(heads, paid_on, seed)
    return {
        "payments": _payments(heads, interest, paid_on),
        "remit_claims": REMIT_CLAIMS.conform(heads),
        "remit_lines": _lines(placed),
        "adjustments": _adjustments(placed),
        "provider_adjustments": interest,
        "remarks": _remarks(placed),
    }


def part(tables: Tables, payer_id: str) -> Tables:
    """The rows of one payer's payments."""
    payments = tables["payments"].filter(pl.col("payer_id") == payer_id)
    claims = tables["remit_claims"].join(payments, on="payment_offset", how="semi")
    own = {
        name: tables[name].join(claims, on="remit_claim_offset", how="semi")
        for name in ("remit_lines", "adjustments", "remarks")
    }
    fees = tables["provider_adjustments"].join(payments, on="payment_offset", how="semi")
    return {"payments": payments, "remit_claims": claims, **own, "provider_adjustments": fees}


def origin(placed: pl.DataFrame) -> pl.DataFrame:
    """remit_claim_offset, remit_line_offset and ORIGIN: what each remit line truly answers."""
    return placed.select(
        "remit_claim_offset",
        "remit_line_offset",
        "claim_offset",
        "line_offset",
        sent_file_id="file_id",
    )


def placed(lines: pl.DataFrame, sent: pl.DataFrame, most: int | None = None) -> pl.DataFrame:
    """The lines in the order of their payments, numbered, with what they echo of the line sent.

    lines: as payer_money.settled leaves them. most: claims in one payment; None: no limit.
    """
    echoed = sent.select("file_id", "line_offset", "qualifier", "service_date_to", "line_control")
    ordered = lines.join(echoed, on=["file_id", "line_offset"], how="left").sort(
        "payer_id", "billing_npi", *_CLAIM, "line_offset"
    )
    payee = ("payer_id", "billing_npi")
    claim = pl.struct(*payee, *_CLAIM).rle_id().cast(pl.Int64) + 1
    counted = ordered.with_columns(remit_claim_offset=claim).with_columns(
        run=(pl.col("remit_claim_offset") - pl.col("remit_claim_offset").first().over(payee))
        // (most or ordered.height + 1)
    )
    return counted.with_columns(
        payment_offset=pl.struct(*payee, "run").rle_id().cast(pl.Int64) + 1,
        remit_line_offset=pl.int_range(1, pl.len() + 1),
    ).with_columns(position=pl.int_range(1, pl.len() + 1).over("remit_claim_offset"))


def _claims(lines: pl.DataFrame, claims: pl.DataFrame, paid_on: date) -> pl.DataFrame:
    """One row a claim (loop 2100), with the columns of the claim it answers."""
    sums = lines.group_by(*_CLAIM, "payment_offset", "remit_claim_offset", maintain_order=True).agg(
        pl.col("charge_cents").sum(),
        pl.col("paid_cents").sum(),
        patient_cents=pl.col("share_cents").sum(),
        denied=pl.col("rule").is_not_null().all(),
        received_on=pl.col("sent_on").first(),
    )
    own = claims.drop("charge_cents", "rendering_npi", "payer_claim_number")
    joined = sums.join(own, on=_CLAIM, how="left", maintain_order="left")
    # a loop over claims: the payer's number is a checksum, which has no column expression
    numbers = [
        f"{paid_on:%y%j}{place:05d}{crc32((claim or '').encode()) % 10**6:06d}"
        for place, claim in joined.select("remit_claim_offset", "claim").iter_rows()
    ]
    dependent = pl.col("patient_last_name").is_not_null()
    return joined.with_columns(
        file_id=pl.lit(0),
        header=pl.lit(1),
        status=pl.when("denied")
        .then(pl.lit(_DENIED))
        .otherwise(pl.col("payer_responsibility").replace_strict(_STATUS, default="1")),
        payer_claim_number=pl.Series(numbers, dtype=pl.String),
        filing_indicator=pl.when(pl.col("filing_indicator").is_in(_FILED_AS))
        .then("filing_indicator")
        .otherwise(pl.lit(_COMMERCIAL)),
        patient_last_name=pl.coalesce("patient_last_name", "subscriber_last_name"),
        patient_first_name=pl.coalesce("patient_first_name", "subscriber_first_name"),
        patient_id=pl.when(~dependent).then("member_id"),
        subscriber_last_name=pl.when(dependent).then("subscriber_last_name"),
        subscriber_first_name=pl.when(dependent).then("subscriber_first_name"),
        subscriber_id=pl.when(dependent).then("member_id"),
    )


def _interest(claims: pl.DataFrame, paid_on: date, seed: int) -> pl.DataFrame:
    """PLB L6 on some payments: interest the payer owes, negative because it raises the payment."""
    paid = claims.group_by("payment_offset", "payer_id", "billing_npi", maintain_order=True).agg(
        pl.col("paid_cents").sum()
    )
    rows = [
        (payment, npi, Random(f"{seed} {payer} {npi}").choice(_INTEREST_CENTS))
        for payment, payer, npi, cents in paid.iter_rows()
        if cents > 0
    ]
    schema = {"payment_offset": pl.Int64, "provider_id": pl.String, "owed": pl.Int64}
    owed = pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("owed") > 0)
    return PROVIDER_ADJUSTMENTS.conform(
        owed.with_columns(
            file_id=pl.lit(0),
            byte_offset=pl.int_range(1, pl.len() + 1),
            position=pl.lit(_ONLY),
            fiscal_date=pl.lit(date(paid_on.year, 12, 31)),
            reason=pl.lit("L6"),
            amount_cents=-pl.col("owed"),
        )
    )


def _payments(claims: pl.DataFrame, interest: pl.DataFrame, paid_on: date) -> pl.DataFrame:
    """One row a payer and payee (ST): BPR02 is the claims' sum less the provider adjustments."""
    whole = claims.group_by("payment_offset", maintain_order=True).agg(
        pl.col(
            "payer_id",
            "payer_name",
            "billing_npi",
            "billing_tin",
            "billing_name",
        ).first(),
        pl.col("paid_cents").sum(),
        pl.col("claim").str.join(" "),
    )
    less = interest.group_by("payment_offset").agg(adjusted=pl.col("amount_cents").sum())
    summed = whole.join(less, on="payment_offset", how="left", maintain_order="left").with_columns(
        amount_cents=pl.col("paid_cents") - pl.col("adjusted").fill_null(0)
    )
    # a loop over payments: the check number is a checksum of what is paid
    numbers = [
        f"{paid_on:%y%m%d}{crc32(f'{payer} {npi} {paid}'.encode()):010d}"
        for payer, npi, paid in summed.select("payer_id", "billing_npi", "claim").iter_rows()
    ]
    payers = [f"1{900_000_000 + crc32(payer.encode()) % 10**8}" for payer in summed["payer_id"]]
    some = pl.col("amount_cents") > 0
    return PAYMENTS.conform(
        summed.with_columns(
            file_id=pl.lit(0),
            transaction_control=pl.col("payment_offset").cast(pl.String).str.zfill(4),
            handling=pl.when(some).then(pl.lit("I")).otherwise(pl.lit("H")),
            credit_debit=pl.lit("C"),
            method=pl.when(some).then(pl.lit("CHK")).otherwise(pl.lit("NON")),
            payment_date=pl.lit(paid_on),
            production_date=pl.lit(paid_on),
            trace_number=pl.Series(numbers, dtype=pl.String),
            payer_trace_id=pl.Series(payers, dtype=pl.String),
            payer_code=pl.col("payer_id"),
            payee_name=pl.col("billing_name"),
            payee_qualifier=pl.lit("XX"),
            payee_id=pl.col("billing_npi"),
            payee_tin=pl.col("billing_tin"),
            **{name: pl.lit(value) for name, value in _HOUSE.items()},
        )
    )


def _lines(lines: pl.DataFrame) -> pl.DataFrame:
    """One row a line (loop 2110): what was paid, in which units, and its own control number."""
    denied = pl.col("rule").is_not_null()
    return REMIT_LINES.conform(
        lines.with_columns(
            file_id=pl.lit(0),
            units=pl.when(denied).then(0.0).otherwise("units"),
            original_units=pl.when(denied).then("units"),
        )
    )


def _adjustments(lines: pl.DataFrame) -> pl.DataFrame:
    """Each line's adjustments (CAS): the denial, or contract and member's share; none of zero."""
    group, carc = _CONTRACTUAL
    member = pl.when(pl.col("plan") == COPAY).then(pl.lit(COPAY)).otherwise(pl.lit(COINSURANCE))
    kinds = [
        lines.filter(pl.col("rule").is_not_null()).with_columns(amount_cents="charge_cents"),
        lines.with_columns(
            group=pl.lit(group), carc=pl.lit(carc), amount_cents="contractual_cents"
        ),
        lines.with_columns(group=pl.lit("PR"), carc=member, amount_cents="share_cents"),
    ]
    columns = ["remit_claim_offset", "remit_line_offset", "group", "carc", "amount_cents"]
    rows = pl.concat([kind.select(columns) for kind in kinds]).filter(pl.col("amount_cents") != 0)
    return ADJUSTMENTS.conform(
        rows.sort("remit_line_offset", maintain_order=True).with_columns(
            file_id=pl.lit(0), byte_offset=pl.int_range(1, pl.len() + 1), position=pl.lit(_ONLY)
        )
    )


def _remarks(lines: pl.DataFrame) -> pl.DataFrame:
    """The remarks of denied lines (LQ HE), one segment each."""
    said = lines.select("remit_claim_offset", "remit_line_offset", remark="rarcs").explode("remark")
    return REMARKS.conform(
        said.drop_nulls("remark").with_columns(
            file_id=pl.lit(0),
            byte_offset=pl.int_range(1, pl.len() + 1),
            position=pl.lit(_ONLY),
        )
    )
