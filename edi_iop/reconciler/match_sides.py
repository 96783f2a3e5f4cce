"""The two sides of a match: remit claims as answered (835 loop 2100), claims as sent (837 loop 2300)."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.answers import REPEATED, REVERSAL, ordinal
from edi_iop.reconciler.contents import payer_key
from edi_iop.reconciler.features import (
    checked,
    dates_of,
    digits,
    folded,
    letters,
    plain,
)
from edi_iop.reconciler.given import Tables

KEY = ("file_id", "remit_claim_offset")
CLAIM = ("claim_file_id", "claim_offset")
SPLIT_REMARK = "MA15"
"""A remark on every part of a claim that the payer divided."""
_SPLIT_DAYS = 60
"""Parts of a divided claim come within this time."""
_CROSSED = ("2", "3", "19", "20", "21")
"""Claim status codes (CLP02) that tell of more than one payer: forwarded, or answered by a later one."""
LATER_PLACES = ("S", "T")
"""Second and third payers (SBR01)."""


def answered(remits: Tables) -> pl.DataFrame:
    """Remit claims with payee, payer, days, people, and whether they deny a repeated claim."""
    payments = remits["payments"].select(
        "file_id",
        "payment_offset",
        "payment_date",
        "trace_number",
        answer_payer_key=payer_key(),
        answer_payer="payer_id",
        answer_payer_code="payer_code",
        answer_npi=pl.when(pl.col("payee_qualifier") == "XX").then(pl.col("payee_id")),
        answer_tin=pl.coalesce(
            digits("payee_tin"), pl.when(pl.col("payee_qualifier") == "FI").then(digits("payee_id"))
        ),
    )
    days = dates_of(remits["remit_lines"], KEY)
    revenue_only = pl.col("qualifier").eq_missing("NU")
    coded = pl.when(~revenue_only).then(pl.coalesce("original_procedure", "procedure"))
    codes = _codes(remits["remit_lines"].select(*KEY, code=coded), KEY, "answer_codes")
    repeats = _flagged(remits["adjustments"], pl.col("carc").is_in(REPEATED), "repeat")
    divided = _flagged(remits["remarks"], pl.col("remark") == SPLIT_REMARK, "divided")
    reversal = pl.col("status").eq_missing(REVERSAL)
    rows = (
        remits["remit_claims"]
        .join(payments, on=("file_id", "payment_offset"), how="left")
        .join(days, on=KEY, how="left")
        .join(codes, on=KEY, how="left")
        .join(repeats, on=KEY, how="left")
        .join(divided, on=KEY, how="left")
        .select(
            *KEY,
            "payment_offset",
            "payment_date",
            "trace_number",
            "answer_payer_key",
            "answer_payer",
            "answer_payer_code",
            "answer_npi",
            "answer_tin",
            "answer_codes",
            number=pl.col("claim").str.strip_chars().replace(["", "0"], None),
            folded=folded("claim"),
            echoed=_echoed(),
            answer_icn=plain("payer_claim_number"),
            answer_original=plain("original_claim"),
            answer_patient_id=plain("patient_id"),
            answer_subscriber_id=plain("subscriber_id"),
            answer_last=letters("patient_last_name"),
            answer_first=letters("patient_first_name"),
            answer_facility=pl.col("facility_type").str.strip_chars_start("0"),
            reversal=reversal,
            answer_charge=pl.col("charge_cents").abs(),
            answer_frequency="frequency",
            answer_priority=ordinal(),
            status="status",
            by_lines=pl.col("first_day").is_not_null(),
            answer_from=pl.coalesce("first_day", "statement_from"),
            answer_to=pl.coalesce("last_day", "statement_to", "statement_from"),
            repeat=pl.col("repeat").fill_null(False),
            divided=pl.col("divided").fill_null(False),
        )
    )
    return _with_parts(rows)


def _echoed() -> pl.Expr:
    """In the place of the claim number stands the payer's own, or the member's id: it has none."""
    others = ("payer_claim_number", "patient_id", "subscriber_id")
    same = (plain("claim") == plain(name) for name in others)
    return pl.any_horizontal(*(one.fill_null(False) for one in same))


def _flagged(rows: pl.DataFrame, condition: pl.Expr, name: str) -> pl.DataFrame:
    return rows.filter(condition).select(KEY).unique().with_columns(pl.lit(True).alias(name))


def _codes(lines: pl.DataFrame, key: tuple[str, ...], name: str) -> pl.DataFrame:
    """The procedures of each claim's lines, each once."""
    known = lines.drop_nulls("code")
    return known.group_by(key).agg(pl.col("code").unique().alias(name))


def _with_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """What the parts of one number charge together, in the payment and in near ones of the payer."""
    parts = ("number", "reversal", "answer_payer_key")
    spread = (pl.col("payment_date").max() - pl.col("payment_date").min()).dt.total_days()
    near = (spread <= _SPLIT_DAYS).over(parts).fill_null(False)
    known = pl.col("number").is_not_null()
    crossed = pl.col("status").is_in(_CROSSED).fill_null(False)
    charge = pl.col("answer_charge").sum()
    ordered = rows.sort("payment_date", "trace_number", *KEY)
    return ordered.with_columns(
        split_charge=pl.when(known).then(charge.over("file_id", "payment_offset", *parts)),
        near_charge=pl.when(known & near).then(charge.over(parts)),
        copy=pl.when(pl.col("repeat") & ~pl.col("reversal")).then(
            pl.int_range(1, pl.len() + 1).over("number", "repeat", "reversal")
        ),
        crossed=crossed | (known & crossed.any().over("number")),
        billed=pl.lit(False),
        perhaps_billed=pl.lit(False),
    ).drop("status")


def sent(claims: Tables) -> pl.DataFrame:
    """Claims as sent, with the days they cover and the patient they are about."""
    key = ("file_id", "claim_offset")
    days = dates_of(claims["claim_lines"], key)
    coded = claims["claim_lines"].select(*key, code="procedure")
    last, first = patient()
    return (
        claims["claims"]
        .join(days, on=key, how="left")
        .join(_codes(coded, key, "sent_codes"), on=key, how="left")
        .select(
            "claim_offset",
            "sent_codes",
            claim_file_id="file_id",
            sent_number=pl.col("claim").str.strip_chars(),
            sent_folded=folded("claim"),
            sent_checked=checked("claim"),
            sent_charge="charge_cents",
            sent_from=pl.min_horizontal("first_day", "statement_from"),
            sent_to=pl.max_horizontal("last_day", "statement_to"),
            sent_first_day=pl.coalesce("first_day", "statement_from"),
            sent_last_day=pl.coalesce("last_day", "statement_to"),
            sent_npi="billing_npi",
            sent_tin=digits("billing_tin"),
            sent_payer="payer_id",
            sent_frequency="frequency",
            sent_replaces=plain("payer_claim_number"),
            sent_priority="payer_responsibility",
            sent_member=plain("member_id"),
            sent_facility=pl.col("facility_type").str.strip_chars_start("0"),
            sent_last=last,
            sent_first=first,
        )
    )


def patient() -> tuple[pl.Expr, pl.Expr]:
    """Last and first name of whom a claim sent is about: the subscriber where none is named."""
    itself = pl.col("patient_last_name").is_null()
    return (
        pl.coalesce(letters("patient_last_name"), letters("subscriber_last_name")),
        pl.coalesce(
            letters("patient_first_name"), pl.when(itself).then(letters("subscriber_first_name"))
        ),
    )
