"""Which payments count, without the claims they pay: copies, conflicts, words of a person, what does not balance."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from ledger_cases import Tables, answer, file, together

from edi_iop.reconciler.duplicates import payment_contents, payment_standings
from edi_iop.tables import DECISIONS


def stands(*files: Tables, words: tuple[tuple[str, int], ...] = ()) -> pl.DataFrame:
    """words: what a person said of the payment of a file, in this order."""
    rows = [
        {"decision": at, "verb": verb, "file_id": number, "payment_offset": 200}
        for at, (verb, number) in enumerate(words, 1)
    ]
    said = DECISIONS.conform(pl.DataFrame(rows)) if rows else DECISIONS.empty()
    return payment_standings(payment_contents(together(*files)), said)


def standings(*files: Tables, **given: Any) -> list[str]:
    return stands(*files, **given)["standing"].to_list()


def twice(**second: Any) -> tuple[Tables, Tables]:
    """Check T1 of 280.00, and T1 once more with 270.00."""
    return file(1, "T1", 1, answer(28000)), file(2, "T1", 1, answer(27000), **second)


# ---------------------------------------------------------------- alike


def test_a_number_is_one_with_or_without_leading_zeros_and_of_one_payer():
    """Whether 0T1 and T1 of one content are one check or two only a person can say."""
    zeros = file(2, "0T1", 1, answer(28000))
    assert standings(file(1, "T1", 1, answer(28000)), zeros) == ["held", "held"]
    for other in ({"payer_trace_id": "1888888888"}, {"trace_number": "T2"}):
        assert standings(*twice(**other)) == ["posted", "posted"], other


def test_the_first_of_three_counts_and_how_a_copy_came_is_told():
    """File 2 is the interchange of file 1 once more, file 3 the payment in another one."""
    one = file(1, "T1", 1, answer(28000))
    again, wrapped = (file(n, "T1", 1, answer(28000)) for n in (2, 3))
    wrapped["payments"] = wrapped["payments"].with_columns(interchange_control=pl.lit("000000777"))
    found = stands(one, again, wrapped)
    assert found.select("standing", "reason", "same_file").rows() == [
        ("posted", None, 1),
        ("duplicate", "interchange", 1),
        ("duplicate", "payment", 1),
    ]
    assert found["says"].to_list()[1:] == ["same content as 1:200"] * 2


def test_payments_without_a_number_are_nobodys_copies():
    assert standings(*(file(n, None, 1, answer(28000)) for n in (1, 2))) == ["posted", "posted"]


# ---------------------------------------------------------------- rivals


@pytest.mark.parametrize(
    ("second", "clash"),
    [
        ((answer(27000),), True),
        ((answer(0, status="4"),), False),  # a notice: it moves nothing
        ((answer(27000), answer(-27000, -35000, "22", claim="EBBB")), True),  # comes to nothing
    ],
)
def test_what_moves_money_under_a_number_twice_is_in_conflict(second: tuple[Any, ...], clash: bool):
    found = standings(file(1, "T1", 1, answer(28000)), file(2, "T1", 2, *second))
    assert found == (["held", "held"] if clash else ["posted", "posted"])


def test_adjustments_that_come_to_nothing_and_an_amount_that_explains_nothing_contend():
    plb = (("WO", "A", 100), ("CS", "B", -100))
    first = file(1, "T1", 1, answer(28000))
    assert standings(first, file(2, "T1", 2, plb=plb)) == ["held", "held"]
    # 1.00 by check that no claim and no adjustment explains
    assert stands(first, file(2, "T1", 2, amount_cents=100))["reason"].to_list() == [
        "conflict",
        "unbalanced",
    ]


def test_both_are_told_of_each_other_in_the_order_they_came():
    said = stands(*twice())["says"]
    assert said.unique().to_list() == [
        "number T1 of this payer was given to payments of other content: 1:200, 2:200"
    ]
    unread = stands(*twice(amount_cents=None))["says"][1]
    assert unread == f"its amount cannot be read; {said[0]}"


def test_of_very_many_the_first_are_named():
    many = [file(at, "T1", at, answer(1000 * at)) for at in range(1, 8)]
    assert stands(*many)["says"].unique().to_list() == [
        "number T1 of this payer was given to payments of other content: "
        "1:200, 2:200, 3:200, 4:200, 5:200 and 2 more"
    ]


# ---------------------------------------------------------------- a person's word


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([("reject", 1)], ["rejected", "posted"]),
        ([("release", 1)], ["posted", "held"]),
        ([("release", 1), ("undo", 1)], ["held", "held"]),
        ([("reject", 1), ("undo", 1)], ["held", "held"]),
        ([("reject", 1), ("release", 1)], ["posted", "held"]),
        ([("release", 1), ("reject", 1)], ["rejected", "posted"]),
    ],
)
def test_the_last_word_of_a_person_counts(words: Any, expected: list[str]):
    assert standings(*twice(), words=tuple(words)) == expected


def test_a_word_on_a_copy_is_one_on_the_payment_and_the_last_of_both_counts():
    copies = [file(n, "T1", 1, answer(28000), amount_cents=27000) for n in (1, 2)]
    assert standings(*copies) == ["held", "duplicate"]
    assert standings(*copies, words=(("release", 2),)) == ["posted", "duplicate"]
    assert standings(*copies, words=(("release", 2), ("undo", 1))) == ["held", "duplicate"]
    assert standings(*copies, words=(("release", 2), ("reject", 1))) == ["rejected", "duplicate"]
    said = stands(*copies, words=(("release", 2),))["says"][0]
    assert said.endswith(" (released by hand)")


def test_a_word_on_a_claim_of_the_payment_is_none_on_the_payment():
    claims = {"decision": 1, "verb": "release", "file_id": 1, "payment_offset": 200,
              "remit_claim_offset": 300}  # fmt: skip
    held = file(1, "T1", 1, answer(28000), amount_cents=27000)
    contents = payment_contents(held)
    found = payment_standings(contents, DECISIONS.conform(pl.DataFrame([claims])))
    assert found["standing"].to_list() == ["held"]


# ---------------------------------------------------------------- what does not come out


def test_adjustments_that_lower_the_payment_balance_it():
    """280.00 of a claim less 30.00 recovered (PLB WO, positive) is a check of 250.00."""
    one = file(1, "T1", 1, answer(28000), plb=[("WO", "A", 3000)])
    assert one["payments"]["amount_cents"].item() == 25000
    assert standings(one) == ["posted"]
    assert standings(
        file(1, "T1", 1, answer(28000), plb=[("WO", "A", 3000)], amount_cents=31000)
    ) == ["held"]


@pytest.mark.parametrize("cents", [27999, 28001, 0])
def test_a_cent_that_nothing_explains_holds_the_payment(cents: int):
    found = stands(file(1, "T1", 1, answer(28000), amount_cents=cents))
    assert found.select("standing", "reason").row(0) == ("held", "unbalanced")


def test_an_amount_or_a_claim_that_cannot_be_read_holds_it():
    assert (
        stands(file(1, "T1", 1, answer(28000), amount_cents=None))["reason"].item() == "unreadable"
    )
    for cents, said in ((28000, "280.00"), (1, "0.01")):
        one = file(1, "T1", 1, answer(cents))
        one["remit_claims"] = one["remit_claims"].with_columns(paid_cents=pl.lit(None, pl.Int64))
        assert stands(one)["says"].item() == f"{said} of it is in no claim and no adjustment"


def test_a_warning_holds_nothing():
    """The patient's share as the claim says it (10.00) is not that of its adjustments."""
    assert standings(file(1, "T1", 1, answer(28000, patient_cents=1000))) == ["posted"]


def test_of_several_faults_the_first_is_told_and_how_many_more():
    """A line is 10.00 short of its charge, and the check 1.00 more than its claim: two faults."""
    one = file(1, "T1", 1, answer(28000), amount_cents=28100)
    one["adjustments"] = one["adjustments"].with_columns(amount_cents=pl.lit(6000, pl.Int64))
    said = stands(one)["says"].item()
    assert said.endswith(" (and 1 more)")
