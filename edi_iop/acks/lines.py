"""The 999 of each group, line by line (005010X231A1): ST, AK1, AK2, IK3, CTX, IK4, IK5, AK9, SE.

Numbers and names of the file answered are repeated in the form our guide asks
for: what is too short is filled up, what cannot be told in it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.acks.decisions import Decisions
from edi_iop.acks.headers import GROUPS, element
from edi_iop.acks.segments import segments
from edi_iop.texts import composed

GUIDE = "005010X231A1"
_ORDER = ["gs", "st", "segment_position", "fault", "part"]
_FIRST, _LAST = -1, 2**62
"""Before and behind every transaction set of a group, or every fault of a set."""
_MOST = 999_999
"""What fits into a count of AK9."""
_UNKNOWN_VERSION = "005010"
"""AK103 must say something, even where GS08 says nothing."""


def lines(
    decisions: Decisions, noted: pl.DataFrame, tables: Mapping[str, pl.DataFrame], values: bool
) -> pl.DataFrame:
    """Every line of every 999, in order: isa, gs and text."""
    groups, sets = decisions.groups, decisions.transactions
    found = segments(noted, sets, tables, values)
    inner = found.join(sets.select("st", "gs"), on="st", how="semi").join(
        sets.select("st", "gs"), on="st", maintain_order="left"
    )
    body = pl.concat(
        [
            _line(groups, _FIRST, _FIRST, 1, _ak1()),
            _line(sets, "st", _FIRST, 0, _ak2()),
            inner.select(*_ORDER, "text"),
            _line(sets, "st", _LAST, 0, _ik5()),
            _line(groups, _LAST, _LAST, 0, _ak9()),
        ]
    )
    named = _numbered(groups, body)
    outer = [_line(named, _FIRST, _FIRST, 0, _st()), _line(named, _LAST, _LAST, 1, _se())]
    whole = pl.concat([body, *outer]).sort(_ORDER, maintain_order=True)
    return whole.join(groups.select("gs", "isa"), on="gs", maintain_order="left").select(
        "isa", "gs", "text"
    )


def _line(
    rows: pl.DataFrame, st: int | str, position: int, part: int, text: pl.Expr
) -> pl.DataFrame:
    return rows.select(
        "gs",
        st=pl.lit(st, pl.Int64) if isinstance(st, int) else pl.col(st),
        segment_position=pl.lit(position, pl.Int64),
        fault=pl.lit(0, pl.Int64),
        part=pl.lit(part, pl.Int32),
        text=text,
    )


def _numbered(groups: pl.DataFrame, body: pl.DataFrame) -> pl.DataFrame:
    """The groups with the number of their 999 in its interchange, and how long it is."""
    lengths = body.group_by("gs").agg(length=pl.len() + 2)
    return groups.with_columns(number=pl.int_range(1, pl.len() + 1).over("isa")).join(
        lengths, on="gs", how="left", maintain_order="left"
    )


def sound(text: pl.Expr, longest: int) -> pl.Expr:
    """Text as we may repeat it: letters and digits and their likes, not longer than that."""
    return text.fill_null("").str.replace_all(r"[^A-Za-z0-9 .,/&()_-]", "").str.strip_chars().str.head(longest).str.strip_chars()  # fmt: skip


def filled(text: pl.Expr, otherwise: str) -> pl.Expr:
    return pl.when(text != "").then(text).otherwise(pl.lit(otherwise))


def _st() -> pl.Expr:
    return composed("ST*999*{}*{}", _own_number(), pl.lit(GUIDE))


def _se() -> pl.Expr:
    return composed("SE*{}*{}", "length", _own_number())


def _own_number() -> pl.Expr:
    return pl.col("number").cast(pl.String).str.zfill(4)


def _ak1() -> pl.Expr:
    control = element(6).str.extract(r"^\d{1,9}$", 0).fill_null("0")
    version = filled(sound(element(8), 12), _UNKNOWN_VERSION)
    return composed("AK1*{}*{}*{}", "functional", control, version)


def _ak2() -> pl.Expr:
    own = pl.col("functional").replace_strict(GROUPS, return_dtype=pl.String)
    kind = pl.when(element(1).is_in(list(GROUPS.values()))).then(element(1)).otherwise(own)
    control = sound(element(2), 9).str.zfill(4)
    convention = sound(element(3), 35)
    return composed("AK2*{}*{}*{}", kind, control, convention).str.strip_chars_end("*")


def _ik5() -> pl.Expr:
    return _coded(composed("IK5*{}", "decision"))


def _ak9() -> pl.Expr:
    """AK902 is what the group says it holds, AK903 what it does."""
    said = pl.col("trailer").list.get(1, null_on_oob=True).str.strip_chars()
    included = said.str.extract(r"^\d{1,6}$", 0).cast(pl.Int64).fill_null(pl.col("received"))
    counts = (one.clip(upper_bound=_MOST) for one in (pl.col("received"), pl.col("accepted")))
    return _coded(composed("AK9*{}*{}*{}*{}", "decision", included, *counts))


def _coded(text: pl.Expr) -> pl.Expr:
    """The segment with its error codes behind it."""
    told = pl.col("codes").list.join("*")
    return pl.concat_str(text, pl.when(told != "").then(pl.lit("*") + told).fill_null(""))
