"""Corruptions of service lines (loop 2110): what is dropped, changed, divided and put together."""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from edi_iop.simulator.corruptions import corruption
from edi_iop.simulator.draft import CLAIM, LINE, Draft, at, draw, moved

_HALF = 500_000_000
"""A second part of a line is numbered so far behind the first: it comes after all others."""
_UNITS = pl.coalesce("original_units", "units")
_OTHER_CODES = {"H0015": "S9480", "S9480": "H0015"}


@corruption("no-6r", "no line control numbers come back", stacks=True)
def no_control(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return draft.with_lines_lacking(hit, "line_control")


@corruption(
    "no-dates",
    "the lines have no dates, the claim has",
    pl.col("statement_from").is_not_null(),
    stacks=True,
)
def no_dates(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return draft.with_lines_lacking(hit, "service_date", "service_date_to")


@corruption(
    "no-statement",
    "the claim has no dates, its lines have",
    pl.col("dated").fill_null(False) & pl.col("statement_from").is_not_null(),
    stacks=True,
)
def no_statement(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    names = ("statement_from", "statement_to")
    return replace(
        draft,
        claims=draft.claims.with_columns(
            pl.when(~at(hit)).then(pl.col(name)).alias(name) for name in names
        ),
    )


@corruption("no-modifiers", "the lines have lost their modifiers", pl.col("modified"), stacks=True)
def no_modifiers(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return draft.with_lines_lacking(hit, "modifiers")


@corruption(
    "no-revenue",
    "the lines have lost their revenue codes",
    pl.col("institutional").fill_null(False),
    stacks=True,
)
def no_revenue(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    return draft.with_lines_lacking(hit, "revenue")


@corruption(
    "lx-6r", "line numbers (LX) come back in the place of line control numbers", stacks=True
)
def lx_as_control(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    number = pl.int_range(1, pl.len() + 1).over(CLAIM).cast(pl.String)
    lines = draft.lines.sort(CLAIM, LINE).with_columns(
        line_control=pl.when(at(hit)).then(number).otherwise("line_control")
    )
    return replace(draft, lines=lines)


@corruption("no-lines", "the claim is answered as a whole, without lines", ~pl.col("refused"))
def no_lines(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """Its adjustments stand at the claim."""
    sums = (
        draft.adjustments.filter(at(hit))
        .group_by(CLAIM, "group", "carc", maintain_order=True)
        .agg(pl.col("file_id", "byte_offset", "position").first(), pl.col("amount_cents").sum())
        .with_columns(remit_line_offset=pl.lit(None, pl.Int64), quantity=pl.lit(None, pl.Float64))
        .select(draft.adjustments.columns)
    )
    return replace(
        draft,
        lines=draft.lines.filter(~at(hit)),
        adjustments=pl.concat([draft.adjustments.filter(~at(hit)), sums]),
        remarks=draft.remarks.filter(~at(hit)),
    )


@corruption("code", "the payer paid another code; the one sent is in SVC06", ~pl.col("refused"))
def code_changed(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """Units sent go beside the code (SVC07 is due where they differ; here they do not)."""
    other = pl.col("procedure").replace_strict(_OTHER_CODES, default="H2035")
    return replace(
        draft,
        lines=draft.lines.with_columns(
            procedure=pl.when(at(hit)).then(other).otherwise("procedure"),
            original_procedure=pl.when(at(hit))
            .then(pl.coalesce("original_procedure", "procedure"))
            .otherwise("original_procedure"),
        ),
    )


@corruption(
    "line-split",
    "a line of several units comes back as two, charge and units divided",
    pl.col("several_units") & ~pl.col("refused"),
)
def line_split(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    whole = draft.lines.filter(at(hit) & (_UNITS >= 2))
    part = {"charge_cents": 3, "paid_cents": 3, "allowed_cents": 3}
    first = whole.with_columns(units=pl.lit(1.0), **{n: pl.col(n) // d for n, d in part.items()})
    rest = whole.with_columns(
        pl.col(LINE) + _HALF,
        units=pl.col("units") - 1.0,
        **{name: pl.col(name) - pl.col(name) // third for name, third in part.items()},
    )
    return _in_two(draft, whole, first, rest)


def _in_two(draft: Draft, whole: pl.DataFrame, first: pl.DataFrame, rest: pl.DataFrame) -> Draft:
    """Lines become two each; what a line takes off is what its charge and payment differ by."""
    others = draft.lines.filter(~at(whole, LINE))
    lines = pl.concat([others, first, rest])
    own = draft.adjustments.filter(at(whole, LINE))
    halved = own.with_columns(amount_cents=pl.col("amount_cents") // 3)
    second = own.with_columns(
        pl.col(LINE) + _HALF, amount_cents=pl.col("amount_cents") - pl.col("amount_cents") // 3
    )
    kept = draft.adjustments.filter(~at(whole, LINE) | pl.col(LINE).is_null())
    made = replace(
        draft,
        lines=lines,
        adjustments=pl.concat([kept, halved, second]).filter(pl.col("amount_cents") != 0),
    )
    return balanced_lines(made, pl.concat([first.select(LINE), rest.select(LINE)]))


def balanced_lines(draft: Draft, lines: pl.DataFrame) -> Draft:
    """The draft with these lines paid what their charge is less their adjustments."""
    taken = (
        draft.adjustments.filter(at(lines, LINE))
        .group_by(LINE)
        .agg(taken=pl.col("amount_cents").sum())
    )
    paid = pl.col("charge_cents") - pl.col("taken").fill_null(0)
    changed = draft.lines.join(taken, on=LINE, how="left", maintain_order="left").with_columns(
        paid_cents=pl.when(at(lines, LINE)).then(paid).otherwise("paid_cents")
    )
    return replace(draft, lines=changed.drop("taken"))


@corruption(
    "unbundle",
    "a line comes back as two codes, the second without a charge",
    ~pl.col("refused") & pl.col("controlled"),
)
def unbundle(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """The first has the charge, both the code as sent (SVC06) and its line control number."""
    first_of = draft.lines.filter(at(hit)).unique(CLAIM, keep="first", maintain_order=True)
    sent = pl.coalesce("original_procedure", "procedure")
    one = first_of.with_columns(procedure=pl.lit("H2035"), original_procedure=sent)
    other = first_of.with_columns(
        pl.col(LINE) + _HALF,
        procedure=pl.lit("H2036"),
        original_procedure=sent,
        charge_cents=pl.lit(0, pl.Int64),
        paid_cents=pl.lit(0, pl.Int64),
        allowed_cents=pl.lit(None, pl.Int64),
    )
    lines = pl.concat([draft.lines.filter(~at(first_of, LINE)), one, other])
    return replace(draft, lines=lines)


@corruption(
    "bundle",
    "the days of a claim come back as one line over all of them",
    (pl.col("lines") > 1)
    & (pl.col("days") == pl.col("lines"))
    & (pl.col("procedures") == 1)
    & (pl.col("revenues") == 1)
    & ~pl.col("refused"),
)
def bundle(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """No line control number is that of all of them: none comes back."""
    of_claim = draft.lines.filter(at(hit))
    sums = ("charge_cents", "paid_cents", "units", "allowed_cents")
    ones = of_claim.group_by(CLAIM, maintain_order=True).agg(
        pl.exclude(*sums, "service_date_to", "true_lines").first(),
        pl.col(sums).sum(),
        pl.col("service_date").max().alias("service_date_to"),
        pl.col("true_lines").explode(),
    )
    one = ones.with_columns(line_control=pl.lit(None, pl.String)).select(draft.lines.columns)
    own = draft.adjustments.filter(at(hit))
    moved = (
        own.drop(LINE)
        .join(one.select(CLAIM, LINE), on=CLAIM)
        .group_by(CLAIM, LINE, "group", "carc", maintain_order=True)
        .agg(
            pl.col("file_id", "byte_offset", "position", "quantity").first(),
            pl.col("amount_cents").sum(),
        )
        .select(draft.adjustments.columns)
    )
    return replace(
        draft,
        lines=pl.concat([draft.lines.filter(~at(hit)), one]),
        adjustments=pl.concat([draft.adjustments.filter(~at(hit)), moved]),
        remarks=draft.remarks.filter(~at(hit)),
    )


@corruption("shuffled", "the lines come back in another order", pl.col("lines") > 1, stacks=True)
def shuffled(draft: Draft, hit: pl.DataFrame, seed: int) -> Draft:
    """Only what the lines say changes place; what stands under them goes with them."""
    own = draft.lines.filter(at(hit)).sort(CLAIM, LINE)
    mixed = own.with_columns(_draw=draw(LINE, seed)).sort(CLAIM, "_draw", LINE)
    places = own.select(_new=LINE)
    placed = pl.concat([mixed.drop("_draw"), places], how="horizontal")
    keys = placed.select(LINE, "_new")
    lines = placed.with_columns(pl.col("_new").alias(LINE)).drop("_new")
    return replace(
        draft,
        lines=pl.concat([draft.lines.filter(~at(hit)), lines.select(draft.lines.columns)]),
        adjustments=moved(draft.adjustments, keys, LINE, LINE),
        remarks=moved(draft.remarks, keys, LINE, LINE),
    )
