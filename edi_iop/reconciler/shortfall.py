"""A line paid below its contract: what the payer took off, and which rate speaks against it (CON-01)."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.evidence import line_reference
from edi_iop.rules.catalogue import catalogue
from edi_iop.tables.amounts import dollars
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.texts import composed

_RULE, _REMEDY = "CON-01", "contract_dispute"


def by_contract(denied: pl.DataFrame) -> pl.DataFrame:
    """The denials; lines paid in part and refused under the contract alone (CARC 256) are `reduced`.

    Where its rate is known, that decides whether the payer is right. denied: kind, partly, carcs,
    expected_cents.
    """
    of_contract = catalogue()[_RULE].carcs
    alone = pl.col("carcs").list.eval(pl.element().is_in(of_contract)).list.all()
    told = (pl.col("kind") == "denied in part") & (pl.col("carcs").list.len() > 0) & alone
    decided = told & pl.col("expected_cents").is_not_null()
    return denied.with_columns(
        kind=pl.when(decided).then(pl.lit("reduced")).otherwise("kind"),
        partly=pl.col("partly") & ~decided,
    )


def beyond_agreed(rows: pl.DataFrame) -> pl.DataFrame:
    """The denials without those reduced lines that law or agreement alone explains (CARC 253, ...).

    rows: kind, received_cents, expected_cents, agreed_cents.
    """
    short = pl.col("expected_cents") - pl.col("received_cents")
    explained = (pl.col("kind") == "reduced") & (short <= agreed())
    return rows.filter(~explained.fill_null(False))


def agreed() -> pl.Expr:
    """What law or agreement takes off beside what is given for a reduced line, in cents.

    Of kind, received_cents and agreed_cents. No law takes all of a line.
    """
    given = (pl.col("kind") == "reduced") & (pl.col("received_cents") > 0)
    return pl.when(given).then("agreed_cents").fill_null(0)


@once_of_nothing
def judged(rows: pl.DataFrame, payers_words: pl.Expr) -> pl.DataFrame:
    """The reduced lines with verdict, rule, says, evidence and remedy: the rate on file is the proof."""
    says = composed(
        "{}: {} allowed of the {} that the contract pays ({}).",
        payers_words,
        dollars(pl.col("received_cents") + agreed()),
        dollars(pl.col("expected_cents")),
        "expected_source",
    )
    rate = composed("contract:{} {} {}", "payer", "procedure", "expected_source")
    return rows.with_columns(
        verdict=pl.lit("refuted"),
        rule=pl.lit(_RULE),
        score=pl.lit(1.0),
        other_rules=pl.lit([], pl.List(pl.String)),
        says=says,
        evidence=pl.concat_list(line_reference(), rate),
        refuted_remedy=pl.lit(_REMEDY),
    )
