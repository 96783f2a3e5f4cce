"""The same service on two claims of ours, one after the other: which of them is the one to work.

A denied service that was billed again, on another claim under the same codes, is worked
there and nowhere else, unless the payer answers that one by pointing back at the first
(CARC 18, B13). Then the first is the one, and the second is the duplicate the payer
calls it.
"""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.answers import SENT_LINE
from edi_iop.reconciler.denials import person
from edi_iop.tables.amounts import dollars
from edi_iop.tables.numbers import joined
from edi_iop.texts import composed

_SERVICE = ("payer_id", "person", "payer_responsibility", "service_date", "procedure")
_ADDED = ("5", "8")
"""CLM05-3 of claims that add to another or take it back, and bill nothing again."""
DUPLICATE = "DUP-03"


def billed_again(denied: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """denial, again: in one sentence on which later claim to work what this one was denied.

    denied: kind. pairs: others. Of a denial of several lines all have to stand elsewhere.
    """
    paid = pl.col("other_stands").is_in(["paid", "allowed"]) & (
        pl.col("other_sent_on") > pl.col("sent_on")
    )
    asked = pl.col("other_stands").is_in(["open", "denied"]) & (
        pl.col("other_sent_on") >= pl.col("payment_date")
    )
    whole = denied.filter(pl.col("kind") == "denied").select("denial")
    elsewhere = (
        pairs.join(whole, on="denial", how="semi")
        .filter((paid | asked).fill_null(False))
        .sort("denial", "line_offset", ~paid, pl.col("other_sent_on"), descending=[False, False, False, True])
        .unique(["denial", "line_offset"], keep="first", maintain_order=True)
    )  # fmt: skip
    told = elsewhere.group_by("denial", maintain_order=True).agg(
        pl.len().alias("found"), pl.col("lines").first(), again=_sentence().first()
    )
    return told.filter(pl.col("found") == pl.col("lines")).select("denial", "again")


def sent_before(denied: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """denial, rule, severity, says and proof of services answered only as sent before, where the
    claim sent before was denied.

    denied: repeat. pairs: others. Where it was paid the rule finds it by itself (DUP-03).
    """
    repeats = denied.filter("repeat").select("denial")
    earlier = pairs.join(repeats, on="denial", how="semi").filter(
        pl.col("other_stands") == "denied", pl.col("other_sent_on") <= pl.col("sent_on")
    )
    says = composed(
        "{}: {} was sent before on another claim, which was denied ({})",
        pl.col("service_date").cast(pl.String),
        "procedure",
        pl.lit(DUPLICATE),
    )
    return (
        earlier.sort("denial", "other_sent_on", "other_claim")
        .unique("denial", keep="first", maintain_order=True)
        .select(
            "denial",
            rule=pl.lit(DUPLICATE),
            severity=pl.lit("info"),
            says=says,
            proof=pl.concat_list(
                composed("claim:{} line {}", "other_claim", pl.col("other_line").fill_null(0))
            ),
        )
    )


def others(
    denied: pl.DataFrame, about: pl.DataFrame, lines: pl.DataFrame, last: pl.DataFrame
) -> pl.DataFrame:
    """Each line that is denied whole, or as a repeat, beside every other claim's line of the same service.

    Columns: denial, payment_date, line_offset, lines (of the denial), service_date, procedure,
    sent_on, and of the other other_claim, other_line, other_sent_on, other_stands (paid,
    allowed, open, denied; repeat: answered before; taken back), other_paid, other_payment,
    other_on. about: denials.lines_of. last: the last answer to each line sent.
    """
    # of a line paid below its contract nobody asks where else it was billed
    refused = denied.filter((pl.col("kind") == "denied") | pl.col("repeat")).select("denial")
    asked = about.join(refused, on="denial", how="semi", maintain_order="left")
    own = asked.with_columns(person=person(), lines=pl.len().over("denial")).select(
        "denial", "lines", *SENT_LINE, "claim_offset", *_SERVICE, "sent_on"
    )
    sent, adds = pl.col("claim").is_not_null(), pl.col("frequency").is_in(_ADDED).fill_null(False)
    standing = lines.filter(sent, pl.col("standing") != "void", ~adds)
    # whose a line is takes its time: asked of those alone that may be of a denied service
    services = own.select(_SERVICE).unique()
    alike = [name for name in _SERVICE if name != "person"]
    near = standing.join(services.select(alike).unique(), on=alike, how="semi")
    same = (
        near.with_columns(person=person())
        .join(services, on=_SERVICE, how="semi")
        .select(
            *_SERVICE,
            other_file="file_id",
            other_offset="line_offset",
            other_head="claim_offset",
            other_claim="claim",
            other_line="line",
            other_sent_on="sent_on",
        )
    )
    itself = (pl.col("other_file") == pl.col("claim_file_id")) & (
        pl.col("other_head") == pl.col("claim_offset")
    )
    said = last.select(
        "denied",
        "repeat",
        "reversal",
        "paid_cents",
        other_file="claim_file_id",
        other_offset="line_offset",
        other_payment="trace_number",
        other_on="payment_date",
    )
    pairs = own.join(same, on=_SERVICE).filter(~itself)
    return (
        joined(pairs, said, ("other_file", "other_offset"), "left")
        .with_columns(other_stands=_stands(), other_paid="paid_cents")
        .join(denied.select("denial", "payment_date"), on="denial")
    )


def _stands() -> pl.Expr:
    """What became of the other claim's line."""
    return (
        pl.when(pl.col("reversal").is_null())
        .then(pl.lit("open"))
        .when("reversal")
        .then(pl.lit("taken back"))
        .when("repeat")
        .then(pl.lit("repeat"))
        .when("denied")
        .then(pl.lit("denied"))
        .when(pl.col("paid_cents") > 0)
        .then(pl.lit("paid"))
        .otherwise(pl.lit("allowed"))
    )


def _sentence() -> pl.Expr:
    """Nothing to do: billed again on claim X line 1, paid 285.00 by payment T1 of 2026-03-10."""
    by = composed(
        "by payment {} of {}.",
        pl.col("other_payment").fill_null("without number"),
        pl.col("other_on").cast(pl.String).fill_null("an unknown day"),
    )
    stands = pl.col("other_stands")
    became = (
        pl.when(stands == "paid")
        .then(composed("paid {} {}", dollars(pl.col("other_paid")), by))
        .when(stands == "allowed")
        .then(composed("answered {}", by))
        .when(stands == "denied")
        .then(composed("denied {} Work that one.", by))
        .otherwise(pl.lit("not answered yet."))
    )
    return composed(
        "Nothing to do: billed again on claim {} line {}, {}",
        "other_claim",
        pl.col("other_line").fill_null(0),
        became,
    )
