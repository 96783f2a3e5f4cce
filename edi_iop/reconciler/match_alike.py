"""Lines that nothing tells apart and that are answered alike: which answer is whose makes no difference.

They stay unmatched (tables.MATCHES), since a match is never arbitrary. But where a claim's so many
lines have so many answers, word for word the same, each line has that answer whichever is whose:
what became of it can be told.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from edi_iop.reconciler.features import against, truth
from edi_iop.reconciler.given import Tables
from edi_iop.reconciler.match_hand import REMIT_LINE
from edi_iop.reconciler.match_sides import CLAIM
from edi_iop.reconciler.match_sides import KEY as REMIT
from edi_iop.tables.nothing import once_of_nothing

_SAID = ("charge_cents", "paid_cents", "allowed_cents", "units", "procedure", "modifiers", "revenue",
         "service_date", "service_date_to")  # fmt: skip
_ADJUSTED = ("group", "carc", "amount_cents", "quantity")


@once_of_nothing
def alike(candidates: pl.DataFrame, unanswered: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """REMIT_LINE, alike_offset: the answers of each such group, each with one of its lines, in order.

    candidates: pairs compared of answers and lines that no rung took (match_lines). unanswered:
    the answers without a line, under each claim they are matched to. A claim of which another
    answer is open has no group: that one may change what stands.
    """
    groups = _groups(candidates, _contents(candidates, remits))
    paired = groups.explode("answers", "lines", empty_as_null=True).select(
        *REMIT, *CLAIM, remit_line_offset="answers", alike_offset="lines"
    )
    rest = unanswered.join(paired, on=(*REMIT_LINE, *CLAIM), how="anti").select(CLAIM).unique()
    return paired.join(rest, on=CLAIM, how="anti").select(*REMIT_LINE, "alike_offset")


def _groups(candidates: pl.DataFrame, contents: pl.DataFrame) -> pl.DataFrame:
    """REMIT, CLAIM, answers and lines: as many of the one as of the other, each able to be each."""
    fits = truth("charge") & ~against("procedure") & ~against("revenue") & ~against("units")
    able = candidates.group_by(REMIT_LINE).agg(
        pl.col(CLAIM).first(),
        claims=pl.struct(CLAIM).n_unique(),
        lines=pl.col("line_offset").sort(),
        fits=fits.all(),
    )
    among = (*REMIT, *CLAIM, "key")
    told = able.join(contents, on=REMIT_LINE).with_columns(
        key=pl.col("lines").cast(pl.List(pl.String)).list.join(" ")
    )
    groups = told.group_by(among).agg(
        pl.col("lines").first(),
        answers=pl.col("remit_line_offset").sort(),
        fits=(pl.col("fits") & (pl.col("claims") == 1)).all(),
        contents=pl.col("content").n_unique(),
    )
    many = pl.col("answers").list.len() == pl.col("lines").list.len()
    whole = groups.filter("fits", pl.col("contents") == 1, many)
    # a line that an answer outside of the group may be too
    every = groups.select(*among, line="lines").explode("line", empty_as_null=True)
    shared = every.filter(pl.len().over(*REMIT, *CLAIM, "line") > 1)
    return whole.join(shared, on=among, how="anti")


def _contents(candidates: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """REMIT_LINE, content: all that is said of these answers but their line control numbers."""
    keys = candidates.select(REMIT_LINE).unique()
    told = [
        remits[name].join(keys, on=REMIT_LINE).select(*REMIT_LINE, said=_text(columns))
        for name, columns in (("adjustments", _ADJUSTED), ("remarks", ("remark",)))
    ]
    said = pl.concat(told).group_by(REMIT_LINE).agg(pl.col("said").sort().str.join(" "))
    lines = remits["remit_lines"].join(keys, on=REMIT_LINE)
    return lines.join(said, on=REMIT_LINE, how="left").select(
        *REMIT_LINE, content=_text((*_SAID, "said"))
    )


def _text(columns: Sequence[str]) -> pl.Expr:
    """What stands in these columns, as one text."""
    each = [pl.col(name).cast(pl.String).fill_null("-") for name in columns]
    return pl.concat_str(each, separator="|")
