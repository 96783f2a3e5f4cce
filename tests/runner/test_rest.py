"""Each row is in a scope once: what one holds besides is not begun with again."""

from __future__ import annotations

import polars as pl

from edi_iop.runner.rest import Rest
from edi_iop.runner.scope import REMIT, Begin


def remits(*places: int) -> Begin:
    return Begin.around(
        remits=pl.DataFrame([(1, at) for at in places], schema=list(REMIT), orient="row")
    )


def offsets(rows: Begin) -> list[int]:
    return rows.remits["remit_claim_offset"].to_list()


def test_rows_come_in_order_without_those_held() -> None:
    rest = Rest(remits(*range(1, 13)))
    assert offsets(rest.next(3)) == [1, 2, 3]
    rest.hold(remits(1, 2, 3, 5))  # a tie led to the fifth
    assert offsets(rest.next(3)) == [4, 6, 7]
    rest.hold(remits(4, 6, 7, 12))
    assert offsets(rest.next(9)) == [8, 9, 10, 11]
    assert not rest


def test_a_portion_is_short_by_what_little_was_held_of_many() -> None:
    rest = Rest(remits(*range(1, 101)))
    rest.hold(remits(2))  # too few to go through all that are left
    assert offsets(rest.next(3)) == [1, 3]
    assert offsets(rest.next(3)) == [4, 5, 6]


def test_kinds_are_held_apart() -> None:
    claims = pl.DataFrame({"file_id": [1, 1], "claim_offset": [1, 2]})
    rest = Rest(Begin.around(claims=claims))
    rest.hold(remits(1, 2))
    assert rest.next(5).claims.equals(claims)
