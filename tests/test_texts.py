"""Texts composed of columns."""

from __future__ import annotations

import polars as pl
import pytest

from edi_iop.texts import composed


def late() -> pl.DataFrame:
    """Two rows, of which a filter behind a join has left `b` an empty chunk before theirs."""
    many = pl.DataFrame({"a": range(1300)})
    joined = many.join(many.with_columns(b="a"), on="a", how="left").with_columns(
        c=pl.Series([f"t{at}" for at in range(1300)])
    )
    rows = joined.filter(pl.col("b") > 1297)
    assert [len(chunk) for chunk in rows["b"].get_chunks()] == [0, 2], "the case is no longer one"
    return rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (composed("{}", "b"), ["1298", "1299"]),
        (composed("at {} of {}!", "b", "a"), ["at 1298 of 1298!", "at 1299 of 1299!"]),
        (composed("{}{}", "c", "b"), ["t12981298", "t12991299"]),
        (composed("{}: {}", pl.lit("x"), composed("<{}>", "b")), ["x: <1298>", "x: <1299>"]),
        (composed("{}{}", pl.when(pl.col("b") < 0).then(pl.lit("-")).otherwise(pl.lit("")), "b"), ["1298", "1299"]),
        (composed("{}-{}", pl.when(pl.col("b") > 1298).then("c"), "b"), [None, "t1299-1299"]),
    ],
)  # fmt: skip
def test_rows_far_behind_are_told(text: pl.Expr, expected: list[str | None]) -> None:
    assert late().select("a", m=text)["m"].to_list() == expected


def test_a_text_has_the_name_of_its_first_part() -> None:
    texts = ("<{}>", "{}{}", "a {} b {}")
    names = [
        late().select(composed(text, *["c", "a"][: text.count("{}")])).columns for text in texts
    ]
    assert names == [["c"], ["c"], ["c"]]


def test_every_gap_has_its_part() -> None:
    with pytest.raises(ValueError, match="has 2 gaps for 1 parts"):
        composed("{} of {}", "a")


def test_in_groups_lists_and_empty_frames() -> None:
    rows = pl.DataFrame({"k": [1, 1, 2], "v": ["a", "b", "c"], "l": [["x"], [], ["y", "z"]]})
    marked = composed("<{}>", "v")
    assert rows.group_by("k").agg(marked.str.join(" ")).sort("k")["v"].to_list() == [
        "<a> <b>",
        "<c>",
    ]
    each = pl.col("l").list.eval(composed("{}!", pl.element()))
    assert rows.select(each)["l"].to_list() == [["x!"], [], ["y!", "z!"]]
    assert rows.clear().select("k", m=marked).schema == {"k": pl.Int64, "m": pl.String}
