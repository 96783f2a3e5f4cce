"""Deposit lists as banks write them."""

from __future__ import annotations

from datetime import date

import pytest

from edi_iop.findings import CATALOGUE
from edi_iop.parsers.feeds import read_feed, sniff


def rows(text: str) -> list[tuple[object, ...]]:
    read = read_feed(1, text.encode())
    assert read.kind == "deposits"
    assert "error" not in {CATALOGUE[code].severity for code in read.faults["code"]}
    return (
        read.tables["deposits"]
        .select("deposit_date", "amount_cents", "reference", "description")
        .rows()
    )


@pytest.mark.parametrize(
    "header",
    [
        "date,amount,reference,description",
        "Posting Date,Amount,Check Number,Details",
        "Transaction-Date,CREDIT,Bank Reference,Memo",
    ],
)
def test_columns_go_by_the_names_banks_use(header: str) -> None:
    day = date(2026, 3, 11)
    assert rows(f'{header}\n03/11/2026,"$1,234.50",77,HARBOR\n') == [(day, 123450, "77", "HARBOR")]


def test_the_likelier_of_two_dates_is_taken() -> None:
    text = "Effective Date,Posting Date,Amount\n2026-03-09,2026-03-11,1\n"
    assert rows(text)[0][0] == date(2026, 3, 11)


@pytest.mark.parametrize("amount", ["-12.50", "(12.50)", "12.50-", "-$12.50", "($12.50)"])
def test_what_went_out_is_negative(amount: str) -> None:
    assert rows(f"date,amount\n2026-03-11,{amount}\n")[0][1] == -1250


def test_a_withdrawal_without_credit_is_no_error() -> None:
    assert rows("date,credit,debit\n2026-03-11,,5.00\n")[0][1] is None


def test_a_list_with_a_date_alone_is_no_deposit_list() -> None:
    assert sniff(b"date,weather\n2026-03-11,fair\n") is None
    assert sniff(b"amount,weather\n5,fair\n") is None
