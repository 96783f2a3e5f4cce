"""Lines that nothing tells apart: unmatched, but explained where all of them have one answer."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from remit_rows import (
    adjustment,
    claim,
    claim_line,
    claims,
    frame,
    payment,
    remit_claim,
    remit_line,
    remits,
)

from edi_iop.reconciler.answers import said
from edi_iop.reconciler.match import match, matched
from edi_iop.reconciler.standings import standings

FEB4 = date(2026, 2, 4)
Tables = dict[str, pl.DataFrame]


def sent(*lines: dict[str, Any]) -> Tables:
    """A claim of these days, from offset 150 on."""
    return claims(
        claims=[claim(100, "EAAA", charge_cents=35000 * len(lines))],
        claim_lines=[
            claim_line(100, 150 + 10 * n, **({"line": 1 + n} | one)) for n, one in enumerate(lines)
        ],
    )


def denied(*lines: dict[str, Any], carcs: tuple[str, ...] = (), **values: Any) -> Tables:
    """These lines answered, each denied by its reason, 197 where none is given."""
    head = {"claim": "EAAA", "charge_cents": 35000 * len(lines)} | values
    places = [400 + 10 * n for n in range(len(lines))]
    reasons = carcs or ("197",) * len(lines)
    return remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, **head)],
        remit_lines=[remit_line(300, at, **one) for at, one in zip(places, lines, strict=True)],
        adjustments=[
            adjustment(300, at, at + 5, carc=carc) for at, carc in zip(places, reasons, strict=True)
        ],
    )


def stands(remit: Tables, ours: Tables) -> list[tuple[int | None, ...]]:
    """Line matched, and line it stands for, of each answer."""
    rows = match(remit, ours).filter(pl.col("remit_line_offset").is_not_null())
    return rows.sort("remit_line_offset").select("line_offset", "alike_offset").rows()


def test_lines_answered_alike_stay_unmatched_and_stand_for_each_other():
    assert stands(denied({}, {}), sent({}, {})) == [(None, 150), (None, 160)]
    controls = denied({"line_control": "X1"}, {"line_control": "Y2"})
    assert stands(controls, sent({}, {})) == [(None, 150), (None, 160)]
    undated = {"service_date": None}
    days = sent({}, {"service_date": FEB4})
    assert stands(denied(undated, undated), days) == [(None, 150), (None, 160)]


@pytest.mark.parametrize(
    ("answers", "lines", "more"),
    [
        pytest.param(({}, {}), ({}, {}), {"carcs": ("197", "97")}, id="other reasons"),
        pytest.param(({}, {"units": 2.0}), ({}, {}), {}, id="other units"),
        pytest.param(({},), ({}, {}), {}, id="one answer to two lines"),
        pytest.param(
            ({}, {}), ({"charge_cents": 30000}, {"charge_cents": 40000}), {}, id="other charges"
        ),
        pytest.param(
            ({}, {}, *({"service_date": None},) * 3),
            ({}, {}, {"service_date": FEB4}),
            {"charge_cents": 105000},
            id="answers to fewer of the lines too",
        ),
    ],
)
def test_where_it_matters_which_is_whose_nothing_is_said(
    answers: tuple[dict[str, Any], ...], lines: tuple[dict[str, Any], ...], more: dict[str, Any]
):
    assert stands(denied(*answers, **more), sent(*lines)) == [(None, None)] * len(answers)


def test_an_open_answer_to_the_claim_may_change_what_stands():
    """Both days denied; later one of them is paid, and nothing says which."""
    first, second = denied({}, {}), denied({}, carcs=("45",))
    for name, rows in second.items():
        if rows.height:
            rows = rows.with_columns(file_id=pl.lit(10, pl.Int64))
        first[name] = pl.concat([first[name], rows])
    assert stands(first, sent({}, {})) == [(None, None)] * 3


def test_a_line_tied_by_hand_leaves_no_group():
    word = {"decision": 1, "verb": "link", "file_id": 9, "remit_claim_offset": 300,
            "remit_line_offset": 400, "claim_file_id": 1, "claim_offset": 100, "line_offset": 160}  # fmt: skip
    rows = matched(denied({}, {}), sent({}, {}), frame("decisions", [word])).matches
    assert rows["alike_offset"].null_count() == rows.height
    assert rows.drop_nulls("remit_line_offset")["line_offset"].to_list() == [160, 150]


def test_each_line_has_one_of_the_answers():
    """Two days paid 280.00 each stand as two paid days, not as none, and no amount counts twice."""
    paid = denied({"paid_cents": 28000}, {"paid_cents": 28000}, carcs=("45", "45"))
    ours = sent({}, {})
    matches = match(paid, ours)
    last = said(paid, matches, ours["claim_lines"]).last
    assert last.sort("line_offset").select("line_offset", "paid_cents").rows() == [
        (150, 28000),
        (160, 28000),
    ]
    told = standings(paid, matches, ours["claim_lines"])
    assert told["standing"].to_list() == ["paid", "paid"]
