"""Balance of line, claim and payment (005010X221A1 front matter 1.10.2.1)."""

from __future__ import annotations

import polars as pl
import pytest
from remit_rows import adjustment, payment, remit_claim, remit_line, remits

from edi_iop.reconciler.balance import balance
from edi_iop.tables import FINDINGS
from edi_iop.tables.amounts import dollars


def paid_claim(**values: object) -> dict[str, object]:
    return remit_claim(300, claim="A", paid_cents=28500, **values)


def balanced() -> dict[str, pl.DataFrame]:
    """350.00 charged, 65.00 contract, 285.00 paid; 10.00 held back from the payment."""
    return remits(
        payments=[payment(amount_cents=27500)],
        remit_claims=[paid_claim()],
        remit_lines=[remit_line(300, 400, paid_cents=28500)],
        adjustments=[adjustment(300, 400, 450, amount_cents=6500)],
        provider_adjustments=[
            {
                "file_id": 9,
                "payment_offset": 200,
                "byte_offset": 900,
                "position": 1,
                "reason": "WO",
                "amount_cents": 1000,
            }
        ],
    )


def codes(tables: dict[str, pl.DataFrame]) -> list[str]:
    return balance(tables)["code"].to_list()


def test_a_balanced_payment_has_no_finding():
    """A positive provider adjustment lowers the payment: 285.00 - 10.00 = 275.00."""
    found = balance(balanced())
    assert found.is_empty()
    assert found.schema == FINDINGS.schema


def test_provider_adjustment_of_the_wrong_sign_is_found():
    tables = balanced()
    tables["payments"] = tables["payments"].with_columns(amount_cents=pl.lit(29500, pl.Int64))
    (finding,) = balance(tables).to_dicts()
    assert finding["code"] == "PAYMENT_UNBALANCED"
    assert finding["byte_offset"] == 200
    assert finding["transaction"] == "0001"
    assert finding["message"] == (
        "payment T1: claim payments 285.00 less adjustments 10.00 makes 275.00, not 295.00 as paid"
    )


def test_a_line_that_does_not_balance_is_found_at_its_segment():
    tables = balanced()
    tables["remit_lines"] = tables["remit_lines"].with_columns(paid_cents=pl.lit(28499, pl.Int64))
    (finding,) = balance(tables).to_dicts()
    assert (finding["code"], finding["segment"], finding["byte_offset"]) == (
        "LINE_UNBALANCED",
        "SVC",
        400,
    )
    assert (finding["snip"], finding["severity"], finding["loop"]) == (3, "error", "2110")
    assert "350.00 less adjustments 65.00 makes 285.00, not 284.99" in finding["message"]


def test_claim_adjustments_count_with_those_of_the_lines():
    """100.00 at claim level and 65.00 at line level: 350.00 - 165.00 = 185.00."""
    tables = balanced()
    claim_level = remits(adjustments=[adjustment(300, None, 350, amount_cents=10000)])
    tables["adjustments"] = pl.concat([tables["adjustments"], claim_level["adjustments"]])
    assert codes(tables) == ["CLAIM_UNBALANCED"]
    tables["remit_claims"] = tables["remit_claims"].with_columns(paid_cents=pl.lit(18500, pl.Int64))
    assert codes(tables) == ["PAYMENT_UNBALANCED"]


def test_a_claim_without_lines_balances_on_its_own_adjustments():
    tables = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="A", status="4")],
        adjustments=[adjustment(300, None, 350)],
    )
    assert codes(tables) == []


def test_a_reversal_balances_with_the_signs_turned():
    tables = remits(
        payments=[payment(amount_cents=-28500)],
        remit_claims=[
            remit_claim(300, claim="A", status="22", charge_cents=-35000, paid_cents=-28500)
        ],
        remit_lines=[remit_line(300, 400, charge_cents=-35000, paid_cents=-28500)],
        adjustments=[adjustment(300, 400, 450, amount_cents=-6500)],
    )
    assert codes(tables) == []


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("payments", "amount_cents"),
        ("remit_claims", "paid_cents"),
        ("remit_claims", "charge_cents"),
        ("remit_lines", "charge_cents"),
        ("adjustments", "amount_cents"),
        ("provider_adjustments", "amount_cents"),
    ],
)
def test_what_an_unread_amount_is_part_of_is_not_judged(table: str, column: str):
    """The amount is required: that it is missing or no number is said of it, once."""
    tables = balanced()
    tables[table] = tables[table].with_columns(pl.lit(None, pl.Int64).alias(column))
    assert codes(tables) == []


def test_an_unread_amount_hides_no_other_claim():
    tables = remits(
        payments=[payment(amount_cents=100)],
        remit_claims=[
            remit_claim(300, claim="A", paid_cents=None),
            remit_claim(500, claim="B", charge_cents=200, paid_cents=100),
        ],
    )
    assert balance(tables).select("code", "byte_offset").rows() == [("CLAIM_UNBALANCED", 500)]


def test_the_patient_share_rests_on_adjustments_of_group_pr():
    """20.00 of deductible is 20.00 of CLP05; a reversal has no share of its own."""
    tables = remits(
        payments=[payment(amount_cents=33000)],
        remit_claims=[remit_claim(300, claim="A", paid_cents=33000, patient_cents=2000)],
        adjustments=[adjustment(300, None, 350, group="PR", carc="1", amount_cents=2000)],
    )
    assert codes(tables) == []
    claims = tables["remit_claims"]
    tables["remit_claims"] = claims.with_columns(patient_cents=pl.lit(2500, pl.Int64))
    (finding,) = balance(tables).to_dicts()
    assert (finding["code"], finding["severity"]) == ("PATIENT_UNBALANCED", "warning")
    assert finding["message"] == (
        "claim A: the patient's share is 25.00, the adjustments of group PR make 20.00"
    )
    tables["remit_claims"] = claims.with_columns(patient_cents=None, status=pl.lit("22"))
    assert codes(tables) == []


L6 = {"file_id": 9, "payment_offset": 200, "byte_offset": 910, "position": 1, "reason": "L6"}


@pytest.mark.parametrize(
    ("of_claims", "paid", "said"),
    [
        ((125,), -125, None),
        ((100, 25), -125, None),
        ((None,), -125, None),
        ((0,), None, None),
        ((125,), None, "(AMT I) is 1.25, its provider adjustments (PLB L6) pay 0.00"),
        ((100, None), -125, "(AMT I) is 1.00, its provider adjustments (PLB L6) pay 1.25"),
        ((125,), 125, "(AMT I) is 1.25, its provider adjustments (PLB L6) pay -1.25"),
    ],
)
def test_interest_of_claims_is_what_the_provider_adjustment_pays(
    of_claims: tuple[int | None, ...], paid: int | None, said: str | None
):
    """1.10.2.9: PLB L6 raises the payment by a negative amount; AMT I only says whose it is."""
    tables = remits(
        payments=[payment(amount_cents=len(of_claims) * 10000 - (paid or 0))],
        remit_claims=[
            remit_claim(300 + at, paid_cents=10000, charge_cents=10000, interest_cents=cents)
            for at, cents in enumerate(of_claims)
        ],
        provider_adjustments=[L6 | {"amount_cents": paid}] if paid is not None else [],
    )
    found = balance(tables)
    if said is None:
        assert found.is_empty()
        return
    (finding,) = found.to_dicts()
    assert (finding["code"], finding["severity"]) == ("INTEREST_UNBALANCED", "warning")
    assert finding["byte_offset"] == 200
    assert finding["message"] == f"payment T1: the interest of its claims {said}"


def test_a_payment_without_claims_rests_on_provider_adjustments():
    tables = remits(payments=[payment(amount_cents=500)])
    assert codes(tables) == ["PAYMENT_UNBALANCED"]


@pytest.mark.parametrize(
    ("cents", "text"), [(123450, "1234.50"), (-5, "-0.05"), (0, "0.00"), (-28500, "-285.00")]
)
def test_dollars(cents: int, text: str):
    assert pl.select(dollars(pl.lit(cents))).item() == text
