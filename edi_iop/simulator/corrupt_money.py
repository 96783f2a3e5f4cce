"""What payers do with money afterwards: reversals, corrections, recoveries (CLP02 = 22, PLB).

What follows an answer stands in the payee's next payment, or the one after that.
"""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from edi_iop.simulator.corrupt_claims import summed
from edi_iop.simulator.corrupt_lines import balanced_lines
from edi_iop.simulator.corruptions import corruption
from edi_iop.simulator.draft import CLAIM, LINE, PAYMENT, Draft, at, draw, provider_rows
from edi_iop.tables import ADJUSTMENTS

REVERSAL, CORRECTION, REPEATED = "reversal", "correction", "answered before"
_PAID = (pl.col("paid_cents") > 0) & (pl.col("status") != "4")
_DENIED = pl.col("status") == "4"


@corruption("reversed", "a later payment takes an answer back (22) and corrects it", _PAID)
def reversed_(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _corrected(_taken_back(draft, hit, 1), hit, 1)


@corruption(
    "reversed-late", "one payment takes an answer back (22), a later one corrects it", _PAID
)
def reversed_late(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _corrected(_taken_back(draft, hit, 1), hit, 2)


@corruption("reversed-only", "a later payment takes an answer back (22), nothing follows", _PAID)
def reversed_only(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _taken_back(draft, hit, 1)


@corruption("corrected", "a later payment corrects an answer without taking it back", _PAID)
def corrected(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _corrected(draft, hit, 1)


@corruption("overturned", "a denied claim is paid later, the denial never taken back", _DENIED)
def overturned(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    made, copies = draft.copied(hit, 1, CORRECTION)
    return _paid(made, copies)


@corruption("stray-reversal", "a payment nobody has seen is taken back (22)", _PAID)
def stray_reversal(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _taken_back(draft, hit, 1).without(hit)


@corruption("repeated", "a later payment answers the claim again: denied, answered before", _PAID)
def repeated(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    made, copies = draft.copied(hit, 1, REPEATED)
    refused = (
        made.lines.filter(at(copies))
        .select(CLAIM, LINE, amount_cents="charge_cents")
        .with_columns(group=pl.lit("OA"), carc=pl.lit("18"))
    )
    nothing = pl.when(at(copies)).then(pl.lit(0, pl.Int64))
    lines = made.lines.with_columns(
        paid_cents=nothing.otherwise("paid_cents"),
        original_units=pl.when(at(copies)).then("units").otherwise("original_units"),
        units=pl.when(at(copies)).then(0.0).otherwise("units"),
        allowed_cents=pl.when(~at(copies)).then("allowed_cents"),
    )
    denied = pl.when(at(copies)).then(pl.lit("4")).otherwise("status").alias("status")
    again = replace(
        made.of_claims(denied),
        lines=lines,
        adjustments=_with(made.adjustments.filter(~at(copies)), refused),
        remarks=made.remarks.filter(~at(copies)),
    )
    return summed(again, copies)


@corruption("taken-back", "a payment is taken back by a provider adjustment alone (PLB WO)", _PAID)
def taken_back(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _recovered(draft, hit, seed)


@corruption("recovered", "taken back by a provider adjustment (PLB WO), and corrected", _PAID)
def recovered(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return _corrected(_recovered(draft, hit, seed), hit, 1)


@corruption("forwarded", "the payer has forwarded the claim (19, NM1*TT)", pl.col("status") == "1")
def forwarded(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return replace(
        draft,
        claims=draft.claims.with_columns(
            status=pl.when(at(hit)).then(pl.lit("19")).otherwise("status"),
            crossover_payer=pl.when(at(hit))
            .then(pl.lit("NEXT HEALTH PLAN"))
            .otherwise("crossover_payer"),
            crossover_id=pl.when(at(hit)).then(pl.lit("NEXT1")).otherwise("crossover_id"),
        ),
    )


def _taken_back(draft: Draft, hit: pl.DataFrame, wave: int) -> Draft:
    """A reversal: all amounts negated, the same reasons (RFI 1429), no share of the patient's."""
    made, copies = draft.copied(hit, wave, REVERSAL)
    back = at(copies)

    def turned(name: str) -> pl.Expr:
        return pl.when(back).then(-pl.col(name)).otherwise(name).alias(name)

    return replace(
        made,
        claims=made.claims.with_columns(
            turned("charge_cents"),
            turned("paid_cents"),
            patient_cents=pl.when(~back).then("patient_cents"),
            status=pl.when(back).then(pl.lit("22")).otherwise("status"),
        ),
        lines=made.lines.with_columns(
            turned("charge_cents"),
            turned("paid_cents"),
            allowed_cents=pl.when(~back).then("allowed_cents"),
        ),
        adjustments=made.adjustments.with_columns(turned("amount_cents")),
    )


def _corrected(draft: Draft, hit: pl.DataFrame, wave: int) -> Draft:
    """The same claims once more, every paid line at a tenth less."""
    made, copies = draft.copied(hit, wave, CORRECTION)
    paid = made.lines.filter(at(copies), pl.col("paid_cents") >= 10)
    less = paid.select(CLAIM, LINE, amount_cents=pl.col("paid_cents") // 10).with_columns(
        group=pl.lit("CO"), carc=pl.lit("45")
    )
    adjusted = replace(made, adjustments=_with(made.adjustments, less))
    repaid = balanced_lines(adjusted, paid.select(LINE))
    allowed = pl.when(~at(paid, LINE)).then("allowed_cents").alias("allowed_cents")
    return summed(replace(repaid, lines=repaid.lines.with_columns(allowed)), copies)


def _paid(draft: Draft, copies: pl.DataFrame) -> Draft:
    """Denied claims paid at four fifths."""
    back = at(copies)
    less = draft.lines.filter(back).select(
        CLAIM,
        LINE,
        group=pl.lit("CO"),
        carc=pl.lit("45"),
        amount_cents=pl.col("charge_cents") // 5,
    )
    units = pl.coalesce("original_units", "units")
    adjusted = replace(
        draft,
        claims=draft.claims.with_columns(
            status=pl.when(back).then(pl.lit("1")).otherwise("status")
        ),
        lines=draft.lines.with_columns(
            units=pl.when(back).then(units).otherwise("units"),
            original_units=pl.when(~back).then("original_units"),
        ),
        adjustments=_with(draft.adjustments.filter(~back), less),
        remarks=draft.remarks.filter(~back),
    )
    return summed(balanced_lines(adjusted, less.select(LINE)), copies)


def _with(adjustments: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Further adjustments; those of one line and reason make up one."""
    added = ADJUSTMENTS.conform(
        more.with_columns(file_id=pl.lit(0), byte_offset=pl.lit(0), position=pl.lit(1))
    )
    twice = added.select(LINE, "group", "carc")
    joined = adjustments.join(twice, on=(LINE, "group", "carc"), how="semi", nulls_equal=True)
    if joined.is_empty():
        return pl.concat([adjustments, added])
    rest = adjustments.join(twice, on=(LINE, "group", "carc"), how="anti", nulls_equal=True)
    sums = (
        pl.concat([joined, added])
        .group_by(CLAIM, LINE, "group", "carc", maintain_order=True)
        .agg(
            pl.col("file_id", "byte_offset", "position", "quantity").first(),
            pl.col("amount_cents").sum(),
        )
    )
    return pl.concat([rest, sums.select(adjustments.columns)])


def _recovered(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """PLB WO of what was paid, in the next payment; the reference is written in several ways."""
    paid = draft.claims.filter(at(hit)).select(
        pl.col(PAYMENT) + 1,
        "claim",
        "payer_claim_number",
        "statement_from",
        amount_cents="paid_cents",
        way=draw(CLAIM, seed) % 3,
    )
    made = draft.paid_in(paid[PAYMENT])
    rows = paid.join(
        made.payments.select(PAYMENT, day="payment_date", provider_id="payee_id"), on=PAYMENT
    )
    day = pl.col("statement_from").dt.strftime("%Y%m%d").fill_null("")
    number, own = pl.col("claim").str.head(20), pl.col("payer_claim_number")
    reference = (
        pl.when(pl.col("way") == 0)
        .then(number)
        .when(pl.col("way") == 1)
        .then(own)
        .otherwise(pl.concat_str(number, day, own))
        .str.head(50)
    )
    return replace(made, provider=pl.concat([made.provider, provider_rows(rows, "WO", reference)]))
