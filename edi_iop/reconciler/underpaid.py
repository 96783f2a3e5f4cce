"""Paid against the contract: each answered per diem, to the cent (835 SVC03, CAS PR, CAS 23).

What counts as received for a line is the payment with the patient's share and what an
earlier payer paid, less what adjustments of the provider took back with no later answer
in its place: the contract rate is all of it. What was taken back of a claim is shared
among its lines as they were paid. A reversal with nothing after it, and a
line denied by itself, are no underpayment: those are for the report on denials. Where a
payer owes more than one per diem for a member's date and refuses one of them, the
refused one is due; where it paid more of them than it owes, it may take one back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl

from edi_iop.codes import with_role
from edi_iop.reconciler.accounts import SENT
from edi_iop.reconciler.answers import CLAIM, LINE, SENT_LINE, answers, latest, with_alike
from edi_iop.reconciler.denials import person
from edi_iop.reconciler.expected import PAIR_RATES, pair_rates, worth_cents
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.others import with_others
from edi_iop.reconciler.said import carcs_of
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rated
from edi_iop.texts import composed

STATES = ("underpaid", "one of two paid", "paid twice", "unknown", "overpaid", "paid in full")
IN_FULL, TWICE = "paid in full", "paid twice"
"""The latter: lines on several claims, or of several codes, for one date: more per diems than are payable."""
PolicyOn = Callable[[str, date], Policy | None]
_DAY = ("payer_id", "person", "service_date")
_OF_PAYER = (*_DAY, "payer_responsibility")
"""A primary and its secondary claim are paid for the same day by right."""
_KNOWN = pl.col("person").is_not_null()
"""Of lines that name no member nobody knows whether they are one's."""


def compared(
    remits: Tables,
    matches: pl.DataFrame,
    lines: pl.DataFrame,
    policy_on: PolicyOn,
    rates: pl.DataFrame,
    taken_back: pl.DataFrame | None = None,
    decided: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row an answered line, denied or not, beside its contract rate; each claim by itself.

    remits: those whose money counts. lines: tables.SERVICE_LINES, or rules.lines.priced_lines.
    rates: the facility's dated rates (rules.rates), which go before the policy's. taken_back:
    take_backs.recovered. decided: tables.OTHER_PAYER_LINES of the claims sent.
    Columns: those of the line, person, contract_cents (null where no rate is set), paid_cents,
    patient_cents, other_payer_cents, agreed_cents (taken off a payment by law or agreement, as
    by CARC 253; added where negative), taken_back_cents, short_cents (contract less all of
    these, but for what was taken back), payment (TRN02), policy, and of the latter unit_basis
    and units_per_day.
    """
    received = _shared(_received(remits, matches, lines), lines, taken_back)
    sent = lines.rename({"file_id": "claim_file_id"}).select(*SENT_LINE, *_SENT, person=person())
    owed = rated(sent.join(received, on=SENT_LINE), rates).join(
        _rates(sent, policy_on), on=("payer_id", "service_date", "procedure", "revenue"), how="left"
    )
    rate = pl.coalesce("contract_cents", "rate_cents")
    source = pl.coalesce(
        pl.when(pl.col("contract_cents").is_not_null()).then(
            composed("settings.toml, from {}", "rate_from")
        ),
        "policy",
    )
    agreed = pl.when(pl.col("paid_cents") != 0).then("agreed_cents").otherwise(0)
    priced = owed.with_columns(contract_cents=worth_cents(rate), policy=source, agreed_cents=agreed)
    return _within_contract(priced, decided).with_columns(
        short_cents=pl.col("contract_cents") - _own() - pl.col("other_payer_cents")
    )


def stated(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of `compared` that are paid or owed, with state; all of a person's are needed at once."""
    return _stated(_refused_beside_paid(rows))


_SENT = (
    "claim", "line", "payer_id", "member_id", "service_date", "procedure", "revenue", "units",
    "charge_cents", "standing", "payer_responsibility",
)  # fmt: skip


def _own() -> pl.Expr:
    """What the payer and the patient give for a line, and what law takes off."""
    kept = pl.col("paid_cents") - pl.col("taken_back_cents")
    return kept + pl.col("patient_cents") + pl.col("agreed_cents")


def _within_contract(rows: pl.DataFrame, decided: pl.DataFrame | None) -> pl.DataFrame:
    """other_payer_cents: what earlier payers paid, up to what the contract leaves open.

    Their rates may be above this payer's: that is no overpayment by this one.
    """
    open_cents = (pl.col("contract_cents") - _own()).clip(lower_bound=0)
    return with_others(rows, decided).with_columns(
        other_payer_cents=pl.min_horizontal("other_payer_cents", open_cents)
    )


def _received(remits: Tables, matches: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """What stands for each line now: paid, the patient's share, other payers', by the last answer.

    Answers to a claim as a whole say nothing of its lines and are left out.
    """
    by_line = with_alike(matches).filter(pl.col("remit_line_offset").is_not_null())
    last = latest(answers(remits), by_line, lines).filter(~pl.col("reversal"))
    tied = by_line.filter(pl.col("line_offset").is_not_null()).select(*LINE, *SENT_LINE)
    reductions = carcs_of("reduction")
    shares = (
        remits["adjustments"]
        .join(tied, on=LINE)
        .group_by(*SENT_LINE, *CLAIM)
        .agg(
            patient_cents=pl.col("amount_cents").filter(pl.col("group") == "PR").sum(),
            earlier_cents=pl.col("amount_cents")
            .filter(pl.col("group") != "PR", pl.col("carc").is_in(with_role("prior_payer")))
            .sum(),
            agreed_cents=pl.col("amount_cents").filter(pl.col("carc").is_in(reductions)).sum(),
        )
    )
    numbers = remits["payments"].select("file_id", "payment_offset", payment="trace_number")
    return (
        last.join(shares, on=(*SENT_LINE, *CLAIM), how="left")
        .join(numbers, on=("file_id", "payment_offset"), how="left")
        .select(
            *SENT_LINE,
            "file_id",
            "payment",
            "denied",
            pl.col("paid_cents", "patient_cents", "earlier_cents", "agreed_cents").fill_null(0),
        )
    )


def _shared(
    received: pl.DataFrame, lines: pl.DataFrame, taken_back: pl.DataFrame | None
) -> pl.DataFrame:
    """taken_back_cents of each line: of its claim's in proportion to its payment, to the cent."""
    if taken_back is None or taken_back.is_empty():
        return received.with_columns(taken_back_cents=pl.lit(0, pl.Int64))
    paid = pl.col("paid_cents")
    whole = pl.col("taken_back_cents").fill_null(0)
    # each line has what is due up to it less what is due before it: the parts make the whole
    up_to = paid.cum_sum().over(SENT)
    due = [whole * upper // paid.sum().over(SENT) for upper in (up_to, up_to - paid)]
    nothing = paid.sum().over(SENT) == 0
    homes = lines.select("claim_offset", "line_offset", claim_file_id="file_id")
    return (
        received.join(homes, on=SENT_LINE)
        .join(taken_back, on=SENT, how="left", maintain_order="left")
        .sort(SENT_LINE)
        .with_columns(taken_back_cents=pl.when(nothing).then(0).otherwise(due[0] - due[1]))
        .drop("claim_offset")
    )


def _rates(sent: pl.DataFrame, policy_on: PolicyOn) -> pl.DataFrame:
    """The contract of each payer on each day that lines were sent for; some hundred days a year."""
    days = sent.select("payer_id", "service_date").unique().drop_nulls().iter_rows()
    found = ((payer, day, policy_on(payer, day)) for payer, day in days)
    rows = [
        (*row, day)
        for payer, day, policy in found
        if policy is not None
        for row in pair_rates(payer, policy)
    ]
    return pl.DataFrame(rows, schema=PAIR_RATES | {"service_date": pl.Date()}, orient="row")


def _refused_beside_paid(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines that were paid, and refused ones the payer owes beside those paid that day.

    owed: such a refused one. twice: paid beside others, more than are payable for the date.
    """
    per_diem = pl.col("unit_basis") == "per_diem"
    paid = (~pl.col("denied") & per_diem).fill_null(False)
    refused = pl.col("denied") & per_diem.fill_null(False) & _KNOWN
    paid_units = pl.col("units").filter(paid).sum().over(_DAY)
    place = refused.cast(pl.Int64).cum_sum().over(_DAY)
    owed = refused & (paid_units > 0) & (paid_units + place <= pl.col("units_per_day"))
    return (
        rows.sort("claim", "line")
        .with_columns(owed=owed, twice=_twice())
        .filter(~pl.col("denied") | pl.col("owed"))
    )


def _twice() -> pl.Expr:
    """Per diems paid for one date on several lines, beyond what the payer owes; replaced claims aside,
    and what was taken back whole."""
    gone = (pl.col("taken_back_cents") > 0) & (pl.col("taken_back_cents") >= pl.col("paid_cents"))
    stands = pl.col("standing").ne_missing("void") & (pl.col("unit_basis") == "per_diem") & ~gone
    paid = (~pl.col("denied") & stands & _KNOWN).fill_null(False)
    units = pl.col("units").filter(paid).sum().over(_OF_PAYER)
    return paid & (paid.sum().over(_OF_PAYER) > 1) & (units > pl.col("units_per_day"))


def _stated(rows: pl.DataFrame) -> pl.DataFrame:
    short = pl.col("short_cents")
    state = (
        pl.when("owed")
        .then(pl.lit("one of two paid"))
        .when("twice")
        .then(pl.lit(TWICE))
        .when(short.is_null())
        .then(pl.lit("unknown"))
        .when(short > 0)
        .then(pl.lit("underpaid"))
        .when(short < 0)
        .then(pl.lit("overpaid"))
        .otherwise(pl.lit(IN_FULL))
    )
    return rows.with_columns(state=state)
