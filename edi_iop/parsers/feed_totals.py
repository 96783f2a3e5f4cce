"""The sum that a list closes with: it is no row, and tells whether rows are missing."""

from __future__ import annotations

import polars as pl

from edi_iop.parsers.feed_faults import faults
from edi_iop.parsers.feed_sheet import Sheet, no_findings
from edi_iop.parsers.feed_spec import Feed, Totals
from edi_iop.tables.amounts import dollars
from edi_iop.texts import composed


def closing(
    sheet: Sheet, text: pl.DataFrame, values: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sums behind a list's last row (`row`), and what is said of them (feed_sheet.FAULTS).

    Right is a sum of all rows that could be read, or of those above zero. One that no word names,
    and that is not right, is a row like any other. text, values: the list as tidy text, and as read.
    """
    spec = sheet.feed.totals
    if spec is None:
        return values.select("row").clear(), no_findings()
    names = {column.name: column.target for column in sheet.feed.columns}
    amounts = values.select("row", day=names[spec.day], cents=names[spec.amount])
    rows = amounts.filter(pl.col("day").is_not_null(), pl.col("cents").is_not_null())
    own = rows["cents"]
    sums = [own.sum(), own.filter(own > 0).sum()]
    right = pl.col("cents").is_in(sums)
    found = (
        amounts.join(_worded(sheet.feed, spec, text), on="row")
        .filter(pl.col("day").is_null(), pl.col("row") > (rows["row"].max() or 0))
        .filter(pl.col("cents").is_not_null(), pl.col("named") | (pl.col("bare") & right))
    )
    differs = composed(
        "the sum of the list, {}, is left out; its rows come to {}",
        dollars(pl.col("cents")),
        dollars(pl.lit(sums[0])),
    )
    agrees = "the sum of the list; its rows add up to it"
    said = [
        faults(sheet, found.filter(right), "FEED_TOTAL_SKIPPED", spec.amount, agrees),
        faults(sheet, found.filter(~right), "FEED_TOTAL_WRONG", spec.amount, differs),
    ]
    return found.select("row"), pl.concat(said)


def _worded(feed: Feed, spec: Totals, text: pl.DataFrame) -> pl.DataFrame:
    """row, named (it calls itself a sum), bare (it says nothing else); without those that have a number."""
    money = {spec.amount, feed.signs.out if feed.signs else spec.amount}
    words = [pl.col(column.name).str.to_lowercase() for column in feed.columns]
    words = [word for word in words if word.meta.output_name() not in money]
    numbered = pl.col(spec.number).str.contains(r"\d").fill_null(False)
    return text.filter(~numbered).select(
        "row",
        named=pl.any_horizontal(word.str.contains(spec.words).fill_null(False) for word in words),
        bare=pl.all_horizontal(word.is_null() for word in words),
    )
