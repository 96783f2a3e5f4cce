"""What a payer says with a denial, in two neutral words: its category, and the CORE 360 scenario.

Which reasons, remarks and groups mean which is data (maps/reconciler/reason_categories.csv),
dated, each line with its source. A reason the map does not hold is `unmapped`, never left out.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from edi_iop.reconciler.lists import listed

UNMAPPED = "unmapped"
_SAID = ("group", "carc", "rarcs", "payment_date")


def with_category(denied: pl.DataFrame) -> pl.DataFrame:
    """The denials with `category` and `scenario` (CORE 360, 1 to 4; null where it lies in none).

    denied: group and carc of the largest adjustment, rarcs, payment_date. The line of the
    map that fits most narrowly counts: by remark, then by group, then by reason alone.
    """
    keyed = denied.with_columns(_said=_key())
    told = keyed.unique("_said", keep="first", maintain_order=True).select("_said", *_SAID)
    known = keyed.join(_meant(told), on="_said", how="left", maintain_order="left")
    return known.with_columns(pl.col("category").fill_null(UNMAPPED)).drop("_said")


def carcs_of(category: str) -> list[str]:
    """The reasons that by themselves mean a category."""
    alone = _lines().filter(
        pl.col("rarc").is_null(), pl.col("of_group").is_null(), pl.col("category") == category
    )
    return alone["carc"].to_list()


def _key() -> pl.Expr:
    """All that the map goes by, as one text: of a million denials few differ in it."""
    day = pl.col("payment_date").cast(pl.String).fill_null("")
    texts = pl.col("group", "carc").fill_null("")
    return pl.concat_str(texts, pl.col("rarcs").list.join(" "), day, separator="|")


def _meant(told: pl.DataFrame) -> pl.DataFrame:
    """_said, category, scenario: the narrowest line of the map that fits each."""
    own_group = pl.col("of_group").is_null() | (pl.col("of_group") == pl.col("group"))
    remarks = told.explode("rarcs", empty_as_null=True).rename({"rarcs": "rarc"})
    by_remark = remarks.join(_lines().drop_nulls("rarc"), on=("carc", "rarc"))
    by_reason = told.join(_lines().filter(pl.col("rarc").is_null()), on="carc")
    columns = ("_said", "category", "scenario", "payment_date", "order", "of_group", "rarc")
    fitting = (part.filter(own_group, _in_force()) for part in (by_remark, by_reason))
    best = (
        pl.concat([part.select(columns) for part in fitting])
        .sort("_said", pl.col("rarc").is_null(), pl.col("of_group").is_null(), "order")
        .unique("_said", keep="first", maintain_order=True)
        .join(_scenarios(), on="scenario", how="left")
    )
    known = pl.when(_in_force()).then("scenario").cast(pl.Int64)
    return best.select("_said", "category", scenario=known)


def _in_force() -> pl.Expr:
    """Whether a dated line holds on the day of payment; a payment without a day is taken as new."""
    day = pl.col("payment_date")
    begun = pl.col("from").is_null() | day.is_null() | (pl.col("from") <= day)
    return begun & (pl.col("to").is_null() | (day <= pl.col("to")).fill_null(False))


@cache
def _lines() -> pl.DataFrame:
    """The map, one row a reason and remark: carc, rarc, of_group, category, scenario, from, to, order."""
    return (
        listed("reason_categories")
        .with_row_index("order")
        .with_columns(_days(), pl.col("carcs", "rarcs").str.split(" "))
        .explode("carcs")
        .explode("rarcs")
        .drop("source")
        .rename({"carcs": "carc", "rarcs": "rarc", "group": "of_group"})
    )


@cache
def _scenarios() -> pl.DataFrame:
    return listed("scenarios").with_columns(_days()).select("scenario", "from", "to")


def _days() -> pl.Expr:
    return pl.col("from", "to").str.to_date("%Y-%m-%d")
