"""Standings: the latest answer of each line, reversals netted out."""

from __future__ import annotations

from datetime import date

import polars as pl
from remit_rows import (
    adjustment,
    claim,
    claim_line,
    claims,
    payment,
    remit_claim,
    remit_line,
    remits,
)

from edi_iop.reconciler.answers import answers
from edi_iop.reconciler.match import match
from edi_iop.reconciler.standings import standings

SENT = claims(
    claims=[claim(100, "EAAA")], claim_lines=[claim_line(100, 150, line_control="LAAA001")]
)
DENIAL = {"carc": "197"}


def stand(remit: dict[str, pl.DataFrame]) -> list[tuple[object, ...]]:
    rows = standings(remit, match(remit, SENT), SENT["claim_lines"])
    return rows.select("file_id", "line_offset", "standing", "payer_claim_number").rows()


def history(*events: tuple[str, int, str | None]) -> dict[str, pl.DataFrame]:
    """One payment a day from 10 March on: (status, paid cents, reason of an adjustment)."""
    payments, heads, lines, taken = [], [], [], []
    for day, (status, paid, carc) in enumerate(events):
        ids = {"file_id": 10 + day}
        charge = -35000 if status == "22" else 35000
        payments.append(payment(payment_date=date(2026, 3, 10 + day), **ids))
        heads.append(
            remit_claim(
                300,
                claim="EAAA",
                status=status,
                charge_cents=charge,
                paid_cents=paid,
                payer_claim_number=f"P{day}",
                **ids,
            )
        )
        lines.append(remit_line(300, 400, line_control="LAAA001", paid_cents=paid, **ids))
        if carc:
            taken.append(adjustment(300, 400, 450, carc=carc, amount_cents=charge - paid, **ids))
    return remits(payments=payments, remit_claims=heads, remit_lines=lines, adjustments=taken)


def test_paid_and_denied():
    assert stand(history(("1", 28500, "45"))) == [(1, 150, "paid", "P0")]
    assert stand(history(("1", 0, "197"))) == [(1, 150, "denied", "P0")]


def test_a_deductible_that_takes_it_all_is_paid_not_denied():
    assert stand(history(("1", 0, "1"))) == [(1, 150, "paid", "P0")]


def test_the_latest_answer_stands_whatever_the_order_of_rows():
    remit = history(("1", 0, "197"), ("1", 28500, "45"))
    assert stand(remit) == [(1, 150, "paid", "P1")]
    backwards = {name: table.reverse() for name, table in remit.items()}
    assert stand(backwards) == [(1, 150, "paid", "P1")]


def test_a_reversal_leaves_the_line_open():
    """Open: no standing; by the number under which it was reversed it can be voided (REF F8)."""
    assert stand(history(("1", 28500, "45"), ("22", -28500, "45"))) == [(1, 150, None, "P1")]


def test_a_correction_after_its_reversal_stands():
    corrected = history(("1", 28500, "45"), ("22", -28500, "45"), ("1", 0, "97"))
    assert stand(corrected) == [(1, 150, "denied", "P2")]


def test_a_reversal_after_its_correction_in_one_payment_still_comes_first():
    remit = remits(
        payments=[payment()],
        remit_claims=[
            remit_claim(300, claim="EAAA", paid_cents=28500, payer_claim_number="P9"),
            remit_claim(500, claim="EAAA", status="22", charge_cents=-35000),
        ],
        remit_lines=[
            remit_line(300, 400, line_control="LAAA001", paid_cents=28500),
            remit_line(500, 600, line_control="LAAA001", charge_cents=-35000),
        ],
    )
    assert stand(remit) == [(1, 150, "paid", "P9")]


def test_a_claim_answered_without_lines_answers_all_its_lines():
    remit = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA", status="4", payer_claim_number="P1")],
        adjustments=[adjustment(300, None, 350, **DENIAL)],
    )
    assert stand(remit) == [(1, 150, "denied", "P1")]


def test_parts_of_a_split_line_count_together():
    """One part paid, the other refused: the line is paid in part."""
    remit = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA", paid_cents=14000)],
        remit_lines=[
            remit_line(300, 400, line_control="LAAA001", paid_cents=14000),
            remit_line(300, 500, line_control="LAAA001"),
        ],
        adjustments=[adjustment(300, 500, 550, **DENIAL)],
    )
    assert [row[2] for row in stand(remit)] == ["paid"]


def test_an_unmatched_answer_changes_nothing():
    remit = history(("1", 0, "197"))
    remit["remit_claims"] = remit["remit_claims"].with_columns(claim=pl.lit("X"))
    remit["remit_lines"] = remit["remit_lines"].with_columns(line_control=pl.lit("X1"))
    assert stand(remit) == []


def test_which_answers_are_denials():
    """Refused in part with money paid is partly; an unknown reason with nothing paid is a denial."""
    lines = [
        remit_line(300, 400, paid_cents=14000),
        remit_line(300, 500),
        remit_line(300, 600),
        remit_line(300, 700, paid_cents=1),
    ]
    remit = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA")],
        remit_lines=lines,
        adjustments=[
            adjustment(300, 400, 450, carc="151", amount_cents=21000),
            adjustment(300, 500, 550, carc="9999"),
            adjustment(300, 600, 650, carc="253"),
            adjustment(300, 700, 750, carc="9999"),
        ],
    )
    found = answers(remit).sort("remit_line_offset")
    assert found.select("remit_line_offset", "denied", "partly").rows() == [
        (400, False, True),
        (500, True, False),
        (600, False, False),
        (700, False, False),
    ]


def test_a_claim_level_denial_denies_lines_without_adjustments_of_their_own():
    remit = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA", status="4")],
        remit_lines=[remit_line(300, 400)],
        adjustments=[adjustment(300, None, 350, **DENIAL)],
    )
    assert answers(remit).select("remit_line_offset", "denied").rows() == [(400, True)]


def test_answered_before_is_no_answer_unless_the_first_was_taken_back():
    """A claim delivered twice: paid, then denied as a duplicate. Or paid, taken back as one, denied."""
    assert stand(history(("1", 28500, "45"), ("4", 0, "18"))) == [(1, 150, "paid", "P0")]
    assert stand(history(("4", 0, "197"), ("4", 0, "B13"))) == [(1, 150, "denied", "P0")]
    taken_back = history(("1", 28500, "45"), ("22", -28500, "45"), ("4", 0, "18"))
    assert stand(taken_back) == [(1, 150, "denied", "P2")]
    assert stand(history(("4", 0, "18"))) == [(1, 150, "denied", "P0")]


def test_what_was_allowed_is_what_payer_and_patient_pay() -> None:
    """285.00 paid, 30.00 the patient's copay: the contract amount (45) is nobody's."""
    remit = history(("1", 28500, "45"))
    copay = adjustment(300, 400, 451, carc="3", group="PR", amount_cents=3000, file_id=10)
    remit["adjustments"] = pl.concat(
        [remit["adjustments"], remits(adjustments=[copay])["adjustments"]]
    )
    rows = standings(remit, match(remit, SENT), SENT["claim_lines"])
    assert rows.select("answered_on", "allowed_cents").row(0) == (date(2026, 3, 10), 31500)


def test_a_correction_stands_whose_reversal_came_after_it():
    """Paid 285.00, corrected to 290.00 or denied, and only then the 285.00 reversed (RFI 791: before)."""
    paid, back = ("1", 28500, "45"), ("22", -28500, "45")
    assert stand(history(paid, ("1", 29000, "45"), back)) == [(1, 150, "paid", "P1")]
    assert stand(history(paid, ("1", 28500, "45"), back)) == [(1, 150, "paid", "P1")]
    assert stand(history(paid, ("4", 0, "197"), back)) == [(1, 150, "denied", "P1")]


def test_a_correction_that_is_reversed_too_leaves_the_line_open():
    paid, back = ("1", 28500, "45"), ("22", -28500, "45")
    corrected, taken = ("1", 29000, "45"), ("22", -29000, "45")
    assert stand(history(paid, corrected, back, taken)) == [(1, 150, None, "P3")]
    assert stand(history(paid, back, corrected, taken)) == [(1, 150, None, "P3")]
    # of an amount nobody paid it takes back what was said last
    assert stand(history(paid, corrected, ("22", -27000, "45"))) == [(1, 150, None, "P2")]


def test_an_answer_that_it_was_answered_before_is_none_beside_the_correction():
    paid, back, again = ("1", 28500, "45"), ("22", -28500, "45"), ("4", 0, "18")
    assert stand(history(paid, ("1", 29000, "45"), back, again)) == [(1, 150, "paid", "P1")]
    assert stand(history(paid, back, again)) == [(1, 150, "denied", "P2")]
