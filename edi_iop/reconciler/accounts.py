"""Whose money a remit claim is: its account, its amounts, and what it says of each line.

An account is the claim as sent that a remit claim was matched to; where it is
unmatched, the number it was returned under. A remit claim that answers several claims
(a merge) is divided by its lines.
"""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.answers import refuses
from edi_iop.reconciler.contents import CLAIM, LINE
from edi_iop.reconciler.given import Tables
from edi_iop.texts import composed

SENT = ("claim_file_id", "claim_offset")
_BY_GROUP = ("contract_cents", "patient_cents", "other_cents")
AMOUNTS = ("charge_cents", "paid_cents", *_BY_GROUP, "refused_cents")
"""Of an answer; refused_cents: what the payer refuses and leaves to no patient, in whatever group."""
EVENT = (*CLAIM, "share")
WHOLE = "*"
"""The line key of what is said of no line."""
_GROUPS = {"CO": "contract_cents", "PR": "patient_cents"}


def shares(remits: Tables, matches: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """CLAIM, share (from 0), SENT, account_key, account, sent_charge, sent_ordinal,
    sent_payer, AMOUNTS.

    matches: tables.MATCHES of these remits. claims: tables.CLAIMS.
    """
    sent = claims.select(
        claim_file_id="file_id",
        claim_offset="claim_offset",
        sent_number="claim",
        sent_charge="charge_cents",
        sent_ordinal="payer_responsibility",
        sent_payer="payer_id",
    )
    tied = (
        matches.select(*LINE, *SENT)
        .filter(pl.col("remit_line_offset").is_null(), pl.col("claim_file_id").is_not_null())
        .drop("remit_line_offset")
    )
    number = pl.col("claim").str.strip_chars().replace(["", "0"], None)
    returned = pl.coalesce(number, "payer_claim_number", pl.lit("without number"))
    whole = _totals(remits).select(*CLAIM, *AMOUNTS)
    numbered = (
        remits["remit_claims"]
        .select(*CLAIM, returned=returned)
        .join(tied, on=CLAIM, how="left", maintain_order="left")
        .join(sent, on=SENT, how="left", maintain_order="left")
        .sort(*CLAIM, *SENT)
        .with_columns(share=pl.int_range(pl.len()).over(CLAIM))
        .with_columns(
            account=pl.coalesce("sent_number", "returned"),
            account_key=pl.coalesce(
                composed("{}:{}", *SENT), composed("as returned {}", "returned")
            ),
        )
        .drop("returned", "sent_number")
    )
    divided = _divided(numbered.join(whole, on=CLAIM), remits, matches)
    return divided.select(
        *EVENT,
        *SENT,
        "account_key",
        "account",
        "sent_charge",
        "sent_ordinal",
        "sent_payer",
        *AMOUNTS,
    )


def _totals(remits: Tables) -> pl.DataFrame:
    """Remit claims with charge, paid and all adjustments by group, those of their lines too."""
    heads = remits["remit_claims"].select(*CLAIM, "charge_cents", "paid_cents")
    return _with_groups(heads, remits["adjustments"], CLAIM)


def _with_groups(
    rows: pl.DataFrame, adjustments: pl.DataFrame, key: tuple[str, ...]
) -> pl.DataFrame:
    named = pl.col("group").replace_strict(_GROUPS, default="other_cents")
    refused = refuses() & pl.col("group").ne_missing("PR")
    sums = (
        adjustments.select(*key, "amount_cents", named=named, refused=refused)
        .group_by(key)
        .agg(
            *(
                pl.when(pl.col("named") == name).then("amount_cents").otherwise(0).sum().alias(name)
                for name in _BY_GROUP
            ),
            refused_cents=pl.when("refused").then("amount_cents").otherwise(0).sum(),
        )
    )
    return rows.join(sums, on=key, how="left", maintain_order="left").with_columns(
        pl.col(AMOUNTS).fill_null(0)
    )


def _divided(numbered: pl.DataFrame, remits: Tables, matches: pl.DataFrame) -> pl.DataFrame:
    """Of a merge each claim's share is that of its lines; what is in no line goes to the first."""
    several = numbered.filter(pl.len().over(CLAIM) > 1)
    if several.is_empty():
        return numbered
    own = (
        _line_amounts(remits)
        .join(_ties(matches), on=LINE)
        .unique(LINE, keep="first", maintain_order=True)
        .group_by(*CLAIM, *SENT)
        .agg(pl.col(AMOUNTS).sum().name.suffix("_own"))
    )
    owned = several.join(own, on=(*CLAIM, *SENT), how="left", maintain_order="left").with_columns(
        pl.col(f"{name}_own").fill_null(0) for name in AMOUNTS
    )
    first = pl.col("share") == 0
    rest = [
        (
            pl.col(f"{name}_own")
            + pl.when(first)
            .then(pl.col(name) - pl.col(f"{name}_own").sum().over(CLAIM))
            .otherwise(0)
        ).alias(name)
        for name in AMOUNTS
    ]
    alone = numbered.filter(pl.len().over(CLAIM) == 1)
    return pl.concat([alone, owned.with_columns(rest).select(numbered.columns)])


def _line_amounts(remits: Tables) -> pl.DataFrame:
    lines = remits["remit_lines"].select(*LINE, "charge_cents", "paid_cents")
    own = remits["adjustments"].filter(pl.col("remit_line_offset").is_not_null())
    return _with_groups(lines, own, LINE)


def _ties(matches: pl.DataFrame) -> pl.DataFrame:
    """Remit lines and the lines as sent they are matched to."""
    tied = pl.col("remit_line_offset").is_not_null() & pl.col("line_offset").is_not_null()
    return matches.select(*LINE, *SENT, "line_offset").filter(tied).sort(*LINE, "line_offset")


def said_lines(remits: Tables, matches: pl.DataFrame, allotted: pl.DataFrame) -> pl.DataFrame:
    """EVENT, line_key, AMOUNTS: what each share says of each line; the rest under WHOLE.

    A line is known by the line as sent it is matched to, else by its day, codes and
    charge. Of a line that answers several, the first has the amounts. allotted: shares of
    the remit claims to speak of.
    """
    remits = _only(remits, allotted)
    charge = pl.col("charge_cents").abs()
    described = remits["remit_lines"].select(
        *LINE,
        described=pl.concat_str(
            pl.lit("D"),
            pl.col("service_date").cast(pl.String),
            pl.coalesce("original_procedure", "procedure"),
            "revenue",
            charge.cast(pl.String),
            separator="|",
            ignore_nulls=True,
        ),
    )
    ties = _ties(matches.join(allotted, on=CLAIM, how="semi"))
    homes = allotted.select(*EVENT, *SENT)
    amounts = (
        _line_amounts(remits)
        .join(described, on=LINE)
        .join(ties, on=LINE, how="left", maintain_order="left")
        .join(homes, on=(*CLAIM, *SENT), how="left", maintain_order="left", nulls_equal=True)
        .with_columns(
            share=pl.col("share").fill_null(0),
            line_key=pl.coalesce(composed("L{}:{}", "claim_file_id", "line_offset"), "described"),
        )
    )
    again = pl.int_range(pl.len()).over(LINE) > 0
    once = amounts.with_columns(pl.when(again).then(0).otherwise(pl.col(AMOUNTS)).name.keep())
    of_lines = once.group_by(*EVENT, "line_key").agg(pl.col(AMOUNTS).sum())
    return pl.concat([of_lines, _rest(of_lines, allotted)])


def _only(remits: Tables, claims: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Lines and adjustments of these remit claims."""
    return {
        name: remits[name].join(claims, on=CLAIM, how="semi")
        for name in ("remit_lines", "adjustments")
    }


def _rest(of_lines: pl.DataFrame, allotted: pl.DataFrame) -> pl.DataFrame:
    """What is said of claims and of none of their lines; of a claim without lines all of it."""
    sums = of_lines.group_by(EVENT).agg(pl.col(AMOUNTS).sum().name.suffix("_lines"))
    rest = allotted.join(sums, on=EVENT, how="left", maintain_order="left").select(
        *EVENT,
        pl.lit(WHOLE).alias("line_key"),
        *((pl.col(name) - pl.col(f"{name}_lines").fill_null(0)).alias(name) for name in AMOUNTS),
        lineless=pl.col("charge_cents_lines").is_null(),
    )
    says_something = pl.any_horizontal(pl.col(name) != 0 for name in AMOUNTS)
    return rest.filter(says_something | pl.col("lineless")).drop("lineless")
