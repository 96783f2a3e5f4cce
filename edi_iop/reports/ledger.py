"""Questions about money: what each payment came to, what is held, where each claim stands, what was decided."""

from __future__ import annotations

import polars as pl

from edi_iop.money import to_dollars
from edi_iop.reports.on_day import Loading
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.reports.sums import chart, counting
from edi_iop.texts import composed

_PAYMENT = ("file_id", "payment_offset")
_REMIT_CLAIM = ("file_id", "remit_claim_offset")
_POSTED = pl.col("standing") == "posted"
_IDLE = pl.col("standing").is_in(["duplicate", "rejected"])
"""Payments without effect."""
_EQUATION = ("counted_cents", "posted_cents", "provider_adjustment_cents", "held_cents")
"""Of a payment: amount where it counts = posted - provider adjustments + held."""


def payments(store: Loading) -> Sheet:
    """Every payment, what it holds, how much of it was matched, and what its money came to."""
    rows = _payment_rows(store)
    return Sheet(
        "",
        rows,
        (
            Field("PAYMENT", "payment"),
            Field("DATE", "payment_date"),
            Field("PAYER", "payer_name", widest=22),
            Field("CLAIMS", "matches"),
            Field("AMOUNT", "amount_cents", "money"),
            Field("= POSTED", "posted_cents", "money"),
            Field("- PLB", "provider_adjustment_cents", "money"),
            Field("+ HELD", "held_cents", "money"),
        ),
        (Field("", "why"),),
        people=rows.with_columns(
            matches=composed("{}/{}", "matched", "claims"),
            why=pl.when(~_POSTED)
            .then(composed("{}, {}: {}", "standing", "reference", "says"))
            .otherwise("held_claims"),
        ),
        none="no payments yet",
        closing=_equation(rows),
        summed=_EQUATION,
        hints=("CLAIMS: matched/all. Release or reject what is held with: edi-iop release",)
        if rows.filter(pl.col("standing") == "held").height
        else (),
        charts=(
            chart(rows, "payer_name", "Paid, by payer", "counted_cents"),
            chart(rows, "standing", "Paid, by what became of it", "amount_cents"),
            chart(
                rows.filter(pl.col("provider_adjustment_cents") != 0),
                "payer_name",
                "Provider adjustments, by payer",
                "provider_adjustment_cents",
            ),
        ),
    )


def _payment_rows(store: Loading) -> pl.DataFrame:
    """One row a payment, with what is in it and what its money came to."""
    inside = (
        store.load("remit_claims", (*_REMIT_CLAIM, "payment_offset", "paid_cents"))
        .join(_matched(store), on=_REMIT_CLAIM, how="left")
        .group_by(_PAYMENT)
        .agg(
            pl.len().cast(pl.Int64).alias("claims"),
            pl.col("matched").fill_null(False).sum().cast(pl.Int64).alias("matched"),
            pl.col("paid_cents").sum().alias("claims_paid_cents"),
        )
    )
    columns = ("payer_name", "payee_id", "method", "payer_code", "payer_id", "payer_trace_id")
    described = store.load("payments", (*_PAYMENT, *columns))
    return (
        store.load("payment_standings")
        .join(_held_claims(store), on=_PAYMENT, how="left")
        .join(described, on=_PAYMENT, how="left")
        .join(inside, on=_PAYMENT, how="left")
        .select(
            pl.col("trace_number").alias("payment"),
            "payment_date",
            pl.coalesce("payer_code", "payer_id", "payer_trace_id").alias("payer"),
            "payer_name",
            "payee_id",
            "method",
            "amount_cents",
            pl.col("claims").fill_null(0),
            pl.col("matched").fill_null(0),
            pl.col("claims_paid_cents").fill_null(0),
            "posted_cents",
            "provider_adjustment_cents",
            "held_cents",
            pl.when(~_IDLE).then("amount_cents").otherwise(0).alias("counted_cents"),
            (pl.col("reason").eq_missing("unbalanced").not_()).alias("balanced"),
            "standing",
            "reason",
            "says",
            "held_claims",
            composed("{}:{}", *_PAYMENT).alias("reference"),
            pl.col("file_id").cast(pl.String).alias("file"),
        )
        .sort("payment_date", "payment", "reference", nulls_last=True)
    )


def _held_claims(store: Loading) -> pl.DataFrame:
    """_PAYMENT and held_claims: of claims held in payments that count the first, and why."""
    waiting = store.load("postings", standing="held").filter(
        pl.col("says") != "its payment is held"
    )
    more = (
        pl.when(pl.len() > 1).then(composed(" (and {} more)", pl.len() - 1)).otherwise(pl.lit(""))
    )
    first = composed("held, claim {}: {}", "account", "says")
    return (
        waiting.sort(_REMIT_CLAIM)
        .group_by(_PAYMENT)
        .agg(held_claims=pl.concat_str(first.first(), more))
    )


def _equation(rows: pl.DataFrame) -> str:
    """The balance equation over all payments that count."""
    if not rows.height:
        return ""
    counts = rows.filter(~_IDLE)
    amount, posted, plb, held = (to_dollars(int(counts[name].sum())) for name in _EQUATION)
    noun = "payment" if counts.height == 1 else "payments"
    left = rows.height - counts.height
    beside = f"; {left:,} more without effect" if left else ""
    return (
        f"{counts.height:,} {noun}, {amount} = posted {posted} - provider adjustments {plb} "
        f"+ held {held}{beside}"
    )


def _matched(store: Loading) -> pl.DataFrame:
    """Remit claims that are tied to a claim of ours."""
    whole = store.load("matches", (*_REMIT_CLAIM, "claim_offset"), remit_line_offset=None)
    return whole.group_by(_REMIT_CLAIM).agg(matched=pl.col("claim_offset").is_not_null().any())


def held(store: Loading) -> Sheet:
    """Payments and remit claims whose money waits for a person, each with why."""
    payments = store.load("payment_standings", standing="held")
    claims = store.load("postings", standing="held").filter(pl.col("says") != "its payment is held")
    columns = (
        "what", "claim", "match", "payment", "payment_date", "held_cents", "says", "reference",
    )  # fmt: skip
    rows = pl.concat(
        [
            payments.select(
                pl.lit("payment").alias("what"),
                pl.lit(None, pl.String).alias("claim"),
                pl.lit(None, pl.String).alias("match"),
                pl.col("trace_number").alias("payment"),
                "payment_date",
                "held_cents",
                "says",
                composed("{}:{}", *_PAYMENT).alias("reference"),
            ),
            claims.select(
                pl.col("event").alias("what"),
                pl.col("account").alias("claim"),
                _match(),
                pl.col("trace_number").alias("payment"),
                pl.col("effective_on").alias("payment_date"),
                pl.col("paid_cents").alias("held_cents"),
                "says",
                composed("{}:{}", *_REMIT_CLAIM).alias("reference"),
            ),
        ]
    )
    rows = rows.select(columns).sort("payment_date", "reference", nulls_last=True)
    fields = (
        Field("WHAT", "what"),
        Field("CLAIM", "claim"),
        Field("PAYMENT", "payment"),
        Field("DATE", "payment_date"),
        Field("HELD", "held_cents", "money"),
        Field("REFERENCE", "reference"),
    )
    total = to_dollars(int(rows["held_cents"].sum()))
    return Sheet(
        "",
        rows,
        fields,
        (Field("", "says"),),
        people=rows.with_columns(claim=_marked("claim")),
        none="nothing is held",
        closing=f"{rows.height:,} held, {total}" if rows.height else "",
    )


def _match() -> pl.Expr:
    """Whether an account is a claim as sent, or but a number as returned that is tied to none."""
    kind = pl.when(pl.col("claim_offset").is_null()).then(pl.lit("unmatched"))
    return kind.otherwise(pl.lit("matched")).alias("match")


def _marked(account: str) -> pl.Expr:
    """The number, and that it is tied to no claim: one of ours may have the same number."""
    loose = pl.col("match") == "unmatched"
    return pl.when(loose).then(composed("{} (unmatched)", account)).otherwise(account)


def payer_names(standings: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """payer and payer_name: what each payer calls itself last (835 N1*PR), by what it is known by."""
    named = payments.select(*_PAYMENT, "payer_name").drop_nulls("payer_name")
    told = standings.select(*_PAYMENT, "payer", "payment_date").join(named, on=_PAYMENT)
    return (
        told.sort("payment_date", *_PAYMENT)
        .unique("payer", keep="last")
        .select("payer", "payer_name")
    )


def accounts(rows: pl.DataFrame, title: str = "", names: pl.DataFrame | None = None) -> Sheet:
    """Where each claim stands with its payer (tables.ACCOUNTS); names: payer_names."""
    named = (
        rows.with_columns(payer_name=pl.lit(None, pl.String))
        if names is None
        else rows.join(names, on="payer", how="left", maintain_order="left")
    )
    told = named.with_columns(_match()).sort("account", "payer", "claim_file_id", "claim_offset")
    several = told["payer_name"].n_unique() > 1
    return Sheet(
        title,
        told.drop("claim_file_id", "claim_offset"),
        (
            Field("CLAIM", "account"),
            *([Field("PAYER", "payer_name", widest=18)] if several else []),
            Field("STANDS", "state", "flag"),
            Field("CHARGE", "charge_cents", "money"),
            Field("CO", "contract_cents", "money"),
            Field("PR", "patient_cents", "money"),
            Field("OTHER", "other_cents", "money"),
            Field("PAID", "answered_cents", "money"),
            Field("POSTED", "posted_cents", "money"),
            Field("TAKEN BACK", "recovered_cents", "money"),
            Field("CREDIT", "credit_cents", "money"),
            Field("HELD", "held_cents", "money"),
        ),
        people=told.with_columns(account=_marked("account")),
        none="no remit yet",
        closing=_accounts_closing(rows),
    )


def _accounts_closing(rows: pl.DataFrame) -> str:
    """How many claims these accounts are of: one claim may stand with several payers."""
    if rows.is_empty():
        return ""
    sums = [to_dollars(int(rows[name].sum())) for name in ("posted_cents", "recovered_cents")]
    matched = rows.filter(pl.col("claim_offset").is_not_null())
    claims = matched.select("claim_file_id", "claim_offset").n_unique()
    loose = rows.height - matched.height
    counts = [counting(claims, "claim")]
    counts += [counting(loose, "unmatched number")] if loose else []
    several = f" in {counting(rows.height, 'account')}" if claims != matched.height else ""
    return f"{' and '.join(counts)}{several}, {sums[0]} posted, {sums[1]} taken back"


def timeline(postings: pl.DataFrame, provider: pl.DataFrame, title: str) -> Sheet:
    """What happened to a claim, in order: remit claims, and provider adjustments that name it."""
    events = postings.sort("payer", "sequence").select(
        "effective_on",
        pl.col("trace_number").alias("payment"),
        "event",
        "status",
        "charge_cents",
        "contract_cents",
        "patient_cents",
        "other_cents",
        "paid_cents",
        "standing",
        "current",
        "says",
        composed("{}:{}", *_REMIT_CLAIM).alias("reference"),
    )
    beside = provider.select(
        "effective_on",
        pl.col("trace_number").alias("payment"),
        composed("{} ({})", "role", "reason").alias("event"),
        (-pl.col("amount_cents")).alias("paid_cents"),
        "standing",
        composed("PLB {}", "reference").alias("says"),
        composed("{}:{}", "file_id", "byte_offset").alias("reference"),
    )
    rows = pl.concat([events, beside], how="diagonal").sort(
        "effective_on", "payment", nulls_last=True, maintain_order=True
    )
    posted = int(rows.filter(_POSTED)["paid_cents"].sum())
    return Sheet(
        title,
        rows,
        (
            Field("DATE", "effective_on"),
            Field("PAYMENT", "payment"),
            Field("EVENT", "event"),
            Field("CHARGE", "charge_cents", "money"),
            Field("CO", "contract_cents", "money"),
            Field("PR", "patient_cents", "money"),
            Field("OTHER", "other_cents", "money"),
            Field("PAID", "paid_cents", "money"),
            Field("IS", "standing", "flag"),
            Field("NOW", "current"),
        ),
        (Field("", "says"),),
        none="no remit speaks of it",
        closing=f"{to_dollars(posted)} posted" if rows.height else "",
    )


def ledger(store: Loading) -> Sheet:
    """Where each claim stands, as the last run left it."""
    names = payer_names(store.load("payment_standings"), store.load("payments"))
    return accounts(store.load("accounts"), names=names)


def recoveries(store: Loading) -> Sheet:
    """Adjustments of the provider (PLB), threaded across payments."""
    rows = (
        store.load("provider_postings")
        .with_columns(pl.when(pl.col("account").is_not_null()).then(_match()))
        .drop("claim_file_id", "claim_offset", "byte_offset", "position", "payment_offset")
        .rename({"trace_number": "payment", "account": "claim"})
        .sort("thread", "effective_on", "payment", nulls_last=True)
    )
    return Sheet(
        "",
        rows,
        (
            Field("THREAD", "thread"),
            Field("DATE", "effective_on"),
            Field("PAYMENT", "payment"),
            Field("REASON", "reason"),
            Field("REFERENCE", "reference", widest=30),
            Field("CLAIM", "claim"),
            Field("AMOUNT", "amount_cents", "money"),
            Field("BALANCE", "balance_cents", "money"),
        ),
        people=rows.with_columns(claim=_marked("claim")),
        none="no provider adjustments yet",
        summed=("amount_cents",),
    )
