"""Denied and reduced lines, each with all that the payer said and what was sent (835 loops 2100, 2110)."""

from __future__ import annotations

import polars as pl

from edi_iop.codes import with_role
from edi_iop.reconciler.accounts import SENT
from edi_iop.reconciler.answers import BESIDE, CLAIM, LINE, SENT_LINE, refusals, with_alike
from edi_iop.reconciler.expected import RATED_BY
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.others import with_beside_each
from edi_iop.reconciler.said import carcs_of
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.tables.numbers import joined, ordered

SERVICE = (
    "file_id", "claim_offset", "line_offset",
    "payer_id", "client_id", "member_id", "birth_date", "service_date", "procedure",
)  # fmt: skip
"""Of a line sent: its key, and which service of whom it is, on whatever claim."""


def refusals_told(
    answered: pl.DataFrame, matches: pl.DataFrame, decided: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Every answer that refuses a line or claim, numbered by `denial`, open or not.

    kind: denied, or denied in part where something was paid. received_cents: what is paid for it,
    by the patient and earlier payers too. decided: tables.OTHER_PAYER_LINES of the claims sent.
    """
    denied = answered.filter(pl.col("denied") | pl.col("partly"))
    received = pl.col("paid_cents").fill_null(0) + pl.col("beside_cents").fill_null(0)
    partly = pl.when("partly").then(pl.lit("denied in part"))
    tied = joined(denied, _ties(matches), LINE, "left", nulls_equal=True)
    return (
        with_beside_each(tied, decided)
        .with_columns(kind=partly.otherwise(pl.lit("denied")), received_cents=received)
        .drop("beside_cents")
        .with_row_index("denial")
    )


@once_of_nothing
def earlier(told: pl.DataFrame, about: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The refusals of whole lines that were matched: denial, CLAIM, payment_date, payer and carc.

    That something was answered before is no refusal. about: lines_of these.
    """
    firm = told.filter("denied", ~pl.col("repeat"))
    payers = about.select("denial", payer="payer_id").unique("denial", keep="first")
    return (
        firm.join(payers, on="denial")
        .join(_codes(firm, remits).select("denial", "carc"), on="denial", how="left")
        .select("denial", *CLAIM, "payment_date", "payer", "carc")
    )


@once_of_nothing
def still_open(told: pl.DataFrame, last: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The refusals that are the last answer to at least one line, or that match no line.

    One that a later answer replaced, or a reversal took back, is closed. last: the last
    answer to each line sent. lines: tables.SERVICE_LINES.
    """
    keys = lines.select("file_id", "claim_offset", "line_offset")
    about = lines_of(told, keys).select("denial", *SENT_LINE)
    asked = told.select("denial", *CLAIM).join(about, on="denial")
    standing = joined(asked, last.select(*SENT_LINE, *CLAIM), (*SENT_LINE, *CLAIM))
    closed = about.join(standing, on="denial", how="anti")
    return told.join(closed, on="denial", how="anti").drop("denial")


def reduced(
    answered: pl.DataFrame,
    last: pl.DataFrame,
    matches: pl.DataFrame,
    lines: pl.DataFrame,
    worth: pl.DataFrame,
) -> pl.DataFrame:
    """Lines paid, with all others' shares, below what the contract says: of `kind` reduced.

    worth: worth_cents of the lines (expected.worth_of). A line that is refused in part
    is a denial, and no line here.
    """
    facts = lines.select("file_id", "line_offset", "standing", "allowed_cents", *RATED_BY)
    paid = facts.filter(pl.col("standing") == "paid", pl.col("allowed_cents").is_not_null())
    short = paid.join(worth, on=RATED_BY, nulls_equal=True).filter(
        pl.col("allowed_cents") < pl.col("worth_cents")
    )
    keys = short.select("line_offset", received_cents="allowed_cents", claim_file_id="file_id")
    said = joined(last, keys, SENT_LINE).select(*SENT_LINE, *CLAIM, "received_cents")
    parts = joined(_ties(matches), said, (*SENT_LINE, *CLAIM))
    # a split line is told once, at the first of its parts
    first = ordered(parts, *LINE).unique(SENT_LINE, keep="first", maintain_order=True)
    own = answered.filter(~pl.col("denied"), ~pl.col("partly")).drop(BESIDE)
    return joined(first, own, LINE).with_columns(kind=pl.lit("reduced"))


def described(opened: pl.DataFrame, remits: Tables, lines: pl.DataFrame) -> pl.DataFrame:
    """The denials numbered by `denial`, each with the payer's codes and the line as sent."""
    numbered = ordered(opened, *LINE).with_row_index("denial")
    told = numbered.join(_codes(numbered, remits), on="denial", how="left").join(
        _remarks(numbered, remits), on="denial", how="left"
    )
    return _as_sent(_described(told, remits), lines).with_columns(
        pl.col("carcs", "rarcs", "reasons").fill_null(pl.lit([], pl.List(pl.String)))
    )


def _ties(matches: pl.DataFrame) -> pl.DataFrame:
    """Which line sent each answer was tied to, and how."""
    told = with_alike(matches)
    return told.select(*LINE, *SENT, "line_offset", "tier", "grade", unmatched="says")


def lines_of(denied: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines sent that each denial is about: one, or all of its claim where it has no line."""
    names = {"file_id": "claim_file_id", "payer_claim_number": "known_number"}
    sent = lines.rename(names, strict=False)
    one = denied.filter(pl.col("remit_line_offset").is_not_null())
    whole = denied.filter(pl.col("remit_line_offset").is_null())
    return pl.concat(
        [
            joined(one.select("denial", *SENT_LINE), sent, SENT_LINE),
            whole.select("denial", *SENT)
            .join(sent, on=SENT)
            .select("denial", *SENT_LINE, pl.exclude("denial", *SENT_LINE)),
        ],
        how="diagonal",
    )


def _codes(denied: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The adjustments behind each denial: its own, else its claim's; the largest by itself.

    Of a reduced line, those that take something off its price.
    """
    every = remits["adjustments"].filter(pl.col("amount_cents") > 0)
    keys = denied.select("denial", *LINE, "partly", "kind")
    short = pl.col("kind") == "reduced"
    refusing = refusals(every)
    told = joined(keys.filter(~short), refusing, LINE, nulls_equal=True)
    own = told.filter(~pl.col("partly") | pl.col("firm"))
    priced = every.filter(pl.col("carc").is_in(with_role("contract")))
    lowering = joined(keys.filter(short), priced, LINE, nulls_equal=True)
    bare = keys.filter(~short).join(own, on="denial", how="anti")
    earlier = every.filter(pl.col("carc").is_in(with_role("prior_payer")))
    asked = bare.join(earlier, on=LINE, nulls_equal=True)
    at_claim = refusing.filter(pl.col("remit_line_offset").is_null()).drop("remit_line_offset")
    inherited = bare.join(asked, on="denial", how="anti").join(at_claim, on=CLAIM)
    columns = ("denial", "amount_cents", "byte_offset", "position", "group", "carc")
    every_one = pl.concat([part.select(columns) for part in (own, lowering, asked, inherited)])
    largest_first = every_one.sort(
        "denial", "amount_cents", "byte_offset", "position", descending=[False, True, False, False]
    )
    told = largest_first.group_by("denial", maintain_order=True).agg(
        pl.col("group", "carc").first(),
        carcs=pl.col("carc").unique(maintain_order=True),
        reasons=pl.concat_str("group", "carc", separator="-", ignore_nulls=True).unique(
            maintain_order=True
        ),
    )
    return told.join(_agreed(keys, every), on="denial", how="left", maintain_order="left")


def _agreed(keys: pl.DataFrame, adjustments: pl.DataFrame) -> pl.DataFrame:
    """denial, agreed_cents: what law or agreement takes off each of these lines, whatever else is refused."""
    taken_off = adjustments.filter(pl.col("carc").is_in(carcs_of("reduction")))
    by_line = joined(keys.select("denial", *LINE), taken_off, LINE, nulls_equal=True)
    return by_line.group_by("denial").agg(agreed_cents=pl.col("amount_cents").sum())


def _remarks(denied: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The remark codes of each denial: its line's and its claim's together."""
    keys = denied.select("denial", *LINE)
    remarks = remits["remarks"].rename({"remit_line_offset": "remark_line"})
    told = keys.join(remarks, on=CLAIM).filter(
        pl.col("remark_line").is_null()
        | pl.col("remark_line").eq_missing(pl.col("remit_line_offset"))
    )
    ordered = told.sort("denial", "byte_offset", "position")
    return ordered.group_by("denial").agg(rarcs=pl.col("remark").unique(maintain_order=True))


def _described(denied: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The denials with what the remit says of claim, line and payment."""
    heads = remits["remit_claims"].select(
        *CLAIM,
        "payer_claim_number",
        answered_claim="claim",
        claim_charge="charge_cents",
        claim_day="statement_from",
        claim_to=pl.coalesce("statement_to", "statement_from"),
    )
    lines = remits["remit_lines"].select(
        *LINE,
        "service_date",
        "charge_cents",
        revenue=pl.coalesce(
            "revenue", pl.when(pl.col("qualifier") == "NU").then(pl.col("procedure"))
        ),
        procedure=pl.when(pl.col("qualifier").ne_missing("NU")).then(
            pl.coalesce("original_procedure", "procedure")
        ),
        units=pl.coalesce("original_units", "units"),
    )
    payments = remits["payments"].select(
        "file_id",
        "payment_offset",
        payment="trace_number",
        paying=pl.coalesce("payer_id", "payer_code"),
    )
    of_claim = joined(denied, heads, CLAIM, "left")
    return (
        joined(of_claim, lines, LINE, "left", nulls_equal=True)
        .join(payments, on=("file_id", "payment_offset"), how="left")
        .with_columns(
            service_date=pl.coalesce("service_date", _only_day()),
            charge_cents=pl.coalesce("charge_cents", "claim_charge"),
            byte_offset=pl.coalesce("remit_line_offset", "remit_claim_offset"),
        )
    )


def _only_day() -> pl.Expr:
    """The statement's day, where it has one; of an answer to a whole claim its first."""
    whole = pl.col("remit_line_offset").is_null()
    return pl.when(whole | (pl.col("claim_day") == pl.col("claim_to"))).then("claim_day")


def _as_sent(denied: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The denials with claim and line as we sent them, where they are matched."""
    facts = ("service_date", "revenue", "procedure", "units", "charge_cents")
    key = ("file_id", "claim_offset")
    heads = lines.select(
        *key, "claim", "payer_id", "standing", "statement_to", claim_lines=pl.len().over(key)
    )
    of_claim = heads.unique(key, keep="first", maintain_order=True).select(
        "claim_offset",
        claim_file_id="file_id",
        sent_claim="claim",
        sent_payer="payer_id",
        sent_standing="standing",
        statement_to="statement_to",
        claim_lines="claim_lines",
    )
    keys = denied.select("denial", "remit_line_offset", *SENT, "line_offset")
    about = lines_of(keys, lines.select(*key, "line_offset", "line", *facts))
    one = about.filter(pl.len().over("denial") == 1)
    of_line = one.select("denial", "line", *(pl.col(name).alias(f"sent_{name}") for name in facts))
    return (
        denied.join(of_claim, on=SENT, how="left")
        .join(of_line, on="denial", how="left")
        .with_columns(pl.coalesce(f"sent_{name}", name).alias(name) for name in facts)
        .with_columns(
            claim=pl.coalesce("sent_claim", "answered_claim"),
            payer=pl.coalesce("sent_payer", "paying"),
        )
        .pipe(ordered, "denial")
    )


def person() -> pl.Expr:
    """Whose a line sent is: our client's, else a member's, of whom the birth date tells a family apart."""
    born = pl.col("birth_date").to_physical().cast(pl.String).fill_null("")  # its day's number
    return pl.coalesce("client_id", pl.concat_str("member_id", born, separator=" "))
