"""What a payer says of a line, answer by answer: paid, refused, refused in part, or told before."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from remit_rows import adjustment, payment, remit_claim, remit_line, remits

from edi_iop.reconciler.answers import answers, latest
from edi_iop.tables import MATCHES

Reasons = tuple[tuple[str, str, int], ...]
TAKEN: Reasons = (("CO", "45", 6500),)


def said(
    *lines: tuple[int, Reasons], at_claim: Reasons = (), **head: Any
) -> list[tuple[str, int | None, int | None]]:
    """What is said of each line, or of the claim as a whole (offset none), and what others pay.

    lines: cents paid and adjustments (group, reason, cents) of each.
    """
    paid = sum(cents for cents, _ in lines)
    rows, cas = [], [adjustment(300, None, 350 + at, group=g, carc=c, amount_cents=a)
                     for at, (g, c, a) in enumerate(at_claim)]  # fmt: skip
    for at, (cents, reasons) in enumerate(lines):
        rows.append(remit_line(300, 400 + at, position=at + 1, paid_cents=cents))
        cas += [adjustment(300, 400 + at, 500 + 10 * at + n, group=g, carc=c, amount_cents=a)
                for n, (g, c, a) in enumerate(reasons)]  # fmt: skip
    told = answers(
        remits(
            payments=[payment()],
            remit_claims=[remit_claim(300, **({"paid_cents": paid} | head))],
            remit_lines=rows,
            adjustments=cas,
        )
    )
    word = (
        pl.when("repeat")
        .then(pl.lit("repeat"))
        .when("denied")
        .then(pl.lit("denied"))
        .when("partly")
        .then(pl.lit("partly"))
        .when("reversal")
        .then(pl.lit("reversal"))
        .otherwise(pl.lit("paid"))
    )
    return (
        told.sort("remit_line_offset", nulls_last=False)
        .select(word.alias("word"), "remit_line_offset", "beside_cents")
        .rows()
    )


def words(*lines: tuple[int, Reasons], **given: Any) -> list[str]:
    return [word for word, *_ in said(*lines, **given)]


@pytest.mark.parametrize(
    ("paid", "reasons", "word"),
    [
        (28500, TAKEN, "paid"),
        (0, (("CO", "45", 35000),), "paid"),  # the contract's nothing
        (0, (("PR", "1", 35000),), "paid"),  # a deductible
        (0, (("OA", "23", 35000),), "paid"),  # another payer paid it all
        (0, (("CO", "197", 35000),), "denied"),
        (0, (("CO", "ZZ9", 35000),), "denied"),  # a code nobody knows refuses where nothing is paid
        (18500, (*TAKEN, ("CO", "151", 10000)), "partly"),
        (18500, (*TAKEN, ("CO", "ZZ9", 10000)), "paid"),  # and takes a part off by right or not
        (0, (("CO", "18", 35000),), "repeat"),
        (0, (("CO", "B13", 35000),), "repeat"),
        (0, (("CO", "18", 30000), ("CO", "197", 5000)), "denied"),  # not for that alone
        (20000, (*TAKEN, ("CO", "18", 8500)), "partly"),
        (18500, (*TAKEN, ("CO", "151", -100)), "paid"),
        (0, (("CO", "197", -35000), ("CO", "45", 35000)), "paid"),  # a refusal taken off again
    ],
)
def test_a_line_by_what_was_paid_and_the_reasons(paid: int, reasons: Reasons, word: str):
    assert words((paid, reasons)) == [word]


def test_what_patient_and_earlier_payers_pay_stands_beside():
    reasons = (("PR", "2", 3000), ("OA", "23", 5000), ("CO", "45", 6500))
    assert said((20500, reasons)) == [("paid", 400, 8000)]
    assert said((28500, TAKEN)) == [("paid", 400, 0)]


@pytest.mark.parametrize(("status", "told"), [("25", False), ("23", False), ("4", True)])
def test_a_predetermination_and_a_claim_that_is_not_ours_decide_nothing(status: str, told: bool):
    assert bool(said((0, (("CO", "197", 35000),)), status=status)) is told


def test_a_reversal_refuses_nothing():
    assert words((-28500, (("CO", "197", 35000),)), status="22") == ["reversal"]
    assert words(at_claim=(("CO", "197", 35000),), status="22", paid_cents=-28500) == ["reversal"]
    # of a payment in part, its signs as a payer may leave them
    assert words((28500, (("CO", "151", 10000),)), status="22") == ["reversal"]


def test_lines_without_reasons_have_those_of_their_claim():
    denied = (("CO", "29", 70000),)
    assert words((0, ()), (0, ()), at_claim=denied) == ["denied", "denied"]
    assert words((0, ()), (28500, TAKEN), status="4", paid_cents=0) == ["denied", "paid"]
    # a line that says why nothing is paid for it is not denied with the claim
    assert words((0, (("PR", "1", 35000),)), (0, ()), at_claim=denied) == ["paid", "denied"]


def test_a_claim_denied_of_which_no_line_is_stands_for_itself():
    """By claim status 4, or by reasons at the claim: its lines say only the contract's amount."""
    lines = (0, (("CO", "45", 35000),))
    assert said(lines, status="4")[0][:2] == ("denied", None)
    assert said(lines, at_claim=(("CO", "29", 100),))[0][:2] == ("denied", None)
    assert said(lines) == [("paid", 400, 0)]
    assert said((28500, TAKEN), at_claim=(("CO", "29", 100),)) == [("paid", 400, 0)]
    # beside a denied line the claim says nothing more
    assert [at for _, at, _ in said((0, (("CO", "197", 35000),)), status="4")] == [400]


def test_an_answer_without_lines_is_one_to_the_whole_claim():
    assert said(paid_cents=28500)[0][:2] == ("paid", None)
    assert said(status="4")[0][:2] == ("denied", None)
    assert said(status="4", at_claim=(("OA", "18", 35000),))[0][:2] == ("repeat", None)
    assert said(paid_cents=28500, at_claim=(("PR", "2", 3000),)) == [("paid", None, 3000)]


# ---------------------------------------------------------------- the last of several

MARCH1 = date(2026, 3, 1)
PAID = {"paid_cents": 28500, "denied": False}


def last(*told: dict[str, Any]) -> tuple[Any, ...]:
    """paid_cents, denied and reversal of the last answer to one line; of told: a payment each.

    Denied on 1 March by payment T0, T1, ..., unless it says otherwise.
    """
    rows, ties = [], []
    for at, one in enumerate(told):
        key = {"file_id": one.get("file_id", 9 + at), "remit_claim_offset": one.get("claim", 300),
               "remit_line_offset": 400 + at}  # fmt: skip
        rows.append(key | {"payment_offset": 200, "payment_date": MARCH1, "trace_number": f"T{at}",
                           "ordinal": None, "reversal": False, "paid_cents": 0, "beside_cents": 0, "earlier_cents": 0, "denied": True,
                           "partly": False, "repeat": False}
                    | {name: value for name, value in one.items() if name not in ("claim",)})  # fmt: skip
        ties.append(key | {"claim_file_id": 1, "claim_offset": 100, "line_offset": 150})
    sent = pl.DataFrame({"file_id": [1], "claim_offset": [100], "line_offset": [150]})
    found = latest(
        pl.DataFrame(rows, schema_overrides={"ordinal": pl.String}),
        MATCHES.conform(pl.DataFrame(ties)),
        sent,
    )
    assert found.height == 1
    return found.select("paid_cents", "denied", "reversal").row(0)


MARCH2 = {"payment_date": date(2026, 3, 2)}


def test_the_answer_of_the_latest_payment_is_the_last_whichever_file_came_first():
    assert last({}, PAID | MARCH2) == (28500, False, False)
    assert last(PAID | MARCH2, {}) == (28500, False, False)
    # the date goes before the number
    assert last(PAID | MARCH2 | {"trace_number": "A"}, {"trace_number": "B"}) == (
        28500,
        False,
        False,
    )


def test_what_the_first_payer_paid_stands_whatever_the_next_one_says():
    """The claim was passed on: what the second payer pays, or refuses, is of its own share."""
    first, second = PAID | {"ordinal": "P"}, MARCH2 | {"ordinal": "S"}
    assert last(first, second) == (28500, False, False)
    assert last(first, PAID | second | {"paid_cents": 3000}) == (28500, False, False)
    # where the first one paid nothing, or took it back, the second one's answer is what is known
    assert last({"ordinal": "P"}, PAID | second) == (28500, False, False)
    back = {"reversal": True, "denied": False, "paid_cents": -28500, "trace_number": "T00"}
    assert last(first, back | MARCH2, PAID | second | {"paid_cents": 3000}) == (3000, False, False)


def test_a_reversal_goes_before_the_correction_of_the_same_payment():
    back = {"reversal": True, "denied": False, "paid_cents": -28500}
    one_payment = {"file_id": 9, "trace_number": "T"}
    first, second = back | one_payment, PAID | one_payment | {"claim": 200}
    assert last(first, second) == (28500, False, False)
    assert last(PAID, back | MARCH2) == (-28500, False, True)


def test_parts_of_a_split_line_are_one_answer():
    half = {"paid_cents": 14250, "file_id": 9, "trace_number": "T"}
    assert last(half | {"denied": False}, half | {"denied": False}) == (28500, False, False)
    assert last(half | {"denied": False}, half | {"paid_cents": 0}) == (14250, False, False)


def test_that_it_was_answered_before_is_no_answer_unless_that_one_was_taken_back():
    again = {"repeat": True} | MARCH2
    assert last(PAID, again) == (28500, False, False)
    back = {"reversal": True, "denied": False, "paid_cents": -28500} | MARCH2
    later = {"repeat": True, "payment_date": date(2026, 3, 3)}
    assert last(PAID, back, later) == (0, True, False)
    assert last(again) == (0, True, False)
