"""By what claims and answers may bear on each other: what no value can be is not looked for."""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler import ties
from edi_iop.tables import TIES

MADE = TIES.conform(
    pl.DataFrame(
        [
            ("number", "A12345", "claim", 1, 10),
            ("number", "A12346", "claim", 1, 20),
            ("member", "M1234567", "remit", 2, 10),
        ],
        TIES.schema,
        orient="row",
    )
)


def test_values_of_a_length_that_none_of_the_kind_has_are_not_asked_for() -> None:
    values = pl.DataFrame(
        {
            "kind": ["number", "number", "member", "member", "payer number"],
            "value": ["Z99999", "Z9999", "Z99999", "Z9999999", "Z99999"],
        }
    )
    found = ties.standing(values, long())
    assert found.rows() == [("number", "Z99999"), ("member", "Z9999999")]


def test_a_text_is_the_beginning_of_a_longer_value_only_where_there_is_one() -> None:
    texts = pl.DataFrame(
        [
            ("number", "A123", 1),  # of five characters at most
            ("number", "A123", 2),
            ("number", "A12345", 9),  # none goes on from six
            ("member", "M12345", 2),
            ("payer number", "A123", 9),
        ],
        {"kind": pl.String, "value": pl.String, "most": pl.Int64},
        orient="row",
    )
    found = ties.going_on(texts, long())
    assert found.rows() == [("number", "A123", 2), ("member", "M12345", 2)]


def long() -> pl.DataFrame:
    """kind and place as scopes ask for them."""
    return ties.lengths(MADE).select("place", kind="value")
