"""Deposit lists as banks write them."""

from __future__ import annotations

from datetime import date

import polars as pl
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


def why(text: str) -> list[str]:
    """What is said of the values that cannot be read."""
    faults = read_feed(1, text.encode()).faults
    return faults.filter(pl.col("code") == "FEED_VALUE_INVALID")["says"].to_list()


@pytest.mark.parametrize(
    "day",
    [
        "Feb 11, 2026",
        "February 11 2026",
        "Wed, Feb. 11, 2026",
        "11-Feb-2026",
        "11 february 2026",
        "11FEB26",
        "2026-02-11 14:33:21",
        "2/11/2026 0:00",
        "02/11/2026 11:05 PM",
        "02-11-2026",
        "2026-02-11T23:33:21-06:00",
        "2026-02-11 9:15 EST",
        "2026-02-11T00:00:00Z",
        "2026-02-11T14:33:21.123Z",
    ],
)
def test_dates_as_banks_write_them(day: str) -> None:
    assert rows(f'date,amount\n"{day}",1\n')[0][0] == date(2026, 2, 11)


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("11.02.2026", "nothing says it where dots stand"),
        ("2026-02-11T03:10:00Z", "a time of UTC at which the date here may be another one"),
        ("13/02/2026", "can only begin with its day"),
        ("Feb 30, 2026", "not a date"),
        ("Mai 11, 2026", "not a date"),
        ("pending", "not a date"),
    ],
)
def test_dates_that_leave_a_doubt_are_refused_and_say_why(day: str, says: str) -> None:
    (said,) = why(f'date,amount\n"{day}",1\n')
    assert says in said


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        ("$1,234.56", 123456),
        ("1 234.56", 123456),
        ("$ 1,234.5", 123450),
        ("USD 1,234.56", 123456),
        ("+12.", 1200),
        (".5", 50),
        ("12.5000", 1250),
        ("12.50 CR", 1250),
        ("0.00", 0),
        ("", None),
        ("-", None),
    ],
)
def test_what_came_in(amount: str, cents: int | None) -> None:
    assert rows(f'date,amount\n2026-03-11,"{amount}"\n')[0][1] == cents


@pytest.mark.parametrize(
    ("amount", "says"),
    [
        ("1.234,56", "a comma where the point of its cents stands"),
        ("1234,5", "a comma where the point of its cents stands"),
        ("12.505", "fractions of a cent"),
        ("1,23,456.00", "not an amount"),
        ("12 50", "not an amount"),
        ("-12.50 CR", "not an amount"),
        ("(12.50", "not an amount"),
    ],
)
def test_amounts_that_are_refused_say_why(amount: str, says: str) -> None:
    (said,) = why(f'date,amount\n2026-03-11,"{amount}"\n')
    assert says in said


@pytest.mark.parametrize(
    "amount",
    [
        "-12.50",
        "(12.50)",
        "12.50-",
        "-$12.50",
        "($12.50)",
        "$(12.50)",
        "- 12.50",
        "12.50 DR",
        "\u221212.50",
    ],
)
def test_what_went_out_is_negative(amount: str) -> None:
    assert rows(f"date,amount\n2026-03-11,{amount}\n")[0][1] == -1250


@pytest.mark.parametrize(
    "text",
    [
        "date,credit,debit\n2026-03-11,,5.00\n",
        "date,deposits,withdrawals\n2026-03-11,0.00,-5.00\n",
        "date,amount,type\n2026-03-11,5.00,Debit\n",
        "date,amount,CR/DR\n2026-03-11,5.00,DR\n",
        "Details,Posting Date,Description,Amount,Type\nDEBIT,2026-03-11,X,-5.00,ACH_DEBIT\n",
    ],
)
def test_what_went_out_by_its_column_or_word_is_negative(text: str) -> None:
    assert rows(text)[0][1] == -500


@pytest.mark.parametrize("word", ["Credit", "CR", "ACH_CREDIT", "DSLIP", ""])
def test_what_came_in_by_its_word_stays(word: str) -> None:
    assert rows(f"date,amount,type\n2026-03-11,5.00,{word}\n")[0][1] == 500


DAY = date(2026, 3, 11)
LIST = "Date,Amount,Description\n2026-03-11,12.50,HARBOR\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    data = LIST.replace(",", delimiter).replace("HARBOR", "CAF\u00c9").encode(encoding)
    read = read_feed(1, data)
    told = read.tables["deposits"].select("deposit_date", "amount_cents", "description")
    assert told.rows() == [(DAY, 1250, "CAF\u00c9")]


@pytest.mark.parametrize(
    "head",
    [
        "Account: 1234\nPeriod 2026-03-01 to 2026-03-31\n\n",
        "Account Name,Operating\nBalance as of 03/01/2026,,1000.00\n\n",
        "Description,,Summary Amt.\nTotal credits,,12.50\nTotal debits,,0.00\nEnding balance,,5\n\n",
    ],
)
def test_what_stands_above_the_header_is_skipped(head: str) -> None:
    """As the Bank of America writes it: a summary of fewer columns, an empty line, the list."""
    assert rows(head + LIST) == [(DAY, 1250, None, "HARBOR")]


def test_an_empty_line_within_a_list_hides_no_row() -> None:
    row = LIST.splitlines()[1]
    assert len(rows(f"{LIST}\n{row}\n{row}\n")) == 3


@pytest.mark.parametrize("more", ["", '"A long\nname"'])
def test_empty_fields_behind_those_of_the_header_are_none(more: str) -> None:
    """A comma at the end of every row, as Chase writes it; what is not empty is a row of other width."""
    behind = LIST.replace("HARBOR", (more or "HARBOR") + ",,")
    assert [row[1] for row in rows(behind)] == [1250]
    wide = read_feed(1, LIST.replace("HARBOR", (more or "HARBOR") + ",,7").encode())
    assert wide.faults["code"].to_list() == ["FEED_ROW_WIDTH"]


def test_a_list_with_a_date_alone_is_no_deposit_list() -> None:
    assert sniff(b"date,weather\n2026-03-11,fair\n") is None
    assert sniff(b"amount,weather\n5,fair\n") is None


def closed(text: str) -> tuple[list[int], list[str], str]:
    """The amounts of a list of 12.50 and 7.50, what is found, and what of its sum is said."""
    read = read_feed(1, text.encode())
    said = "".join(read.faults["says"])
    return read.tables["deposits"]["amount_cents"].to_list(), read.faults["code"].to_list(), said


SUMMED = "Date,Amount,Reference,Description\n2026-03-11,12.50,7101,HARBOR\n2026-03-12,7.50,,CASH\n"


@pytest.mark.parametrize(
    "last",
    [
        "Total,20.00,,",
        "TOTAL:,$20.00,,",
        ",20.00,,Total deposits",
        ",20.00,Grand Total,",
        "Total 03/01 to 03/31,20.00,,",
        ",20.00,,",
        "Subtotal,20.00,,\n,20.00,,Total",
    ],
)
def test_the_sum_that_closes_a_list_is_no_deposit(last: str) -> None:
    amounts, codes, _ = closed(f"{SUMMED}{last}\n")
    assert (amounts, set(codes)) == ([1250, 750], {"FEED_TOTAL_SKIPPED"})


def test_a_sum_to_which_the_rows_do_not_add_up_is_told() -> None:
    amounts, codes, said = closed(f"{SUMMED}Total,25.00,,\n")
    assert (amounts, codes) == ([1250, 750], ["FEED_TOTAL_WRONG"])
    assert "25.00" in said
    assert "20.00" in said


@pytest.mark.parametrize(
    "row", [",20.00,7103,Total", ",25.00,,", "x,20.00,,HARBOR", "Total,x,,", "Total,,,"]
)
def test_a_row_with_a_number_or_another_amount_is_no_sum(row: str) -> None:
    amounts, codes, _ = closed(f"{SUMMED}{row}\n")
    assert amounts == [1250, 750]
    assert set(codes) <= {"FEED_VALUE_MISSING", "FEED_VALUE_INVALID"}


def test_a_row_without_its_day_before_the_last_one_is_no_sum() -> None:
    first, second = SUMMED.splitlines()[1:]
    _, codes, _ = closed(f"Date,Amount,Reference,Description\n{first}\n,12.50,,Total\n{second}\n")
    assert codes == ["FEED_VALUE_MISSING"]


@pytest.mark.parametrize("last", ["Total,20.00,5.00", "Total,20.00,"])
def test_the_sum_of_what_came_in_stands_beside_that_of_what_went_out(last: str) -> None:
    text = "Date,Credit,Debit\n2026-03-11,20.00,\n2026-03-12,,5.00\n"
    assert closed(f"{text}{last}\n")[:2] == ([2000, -500], ["FEED_TOTAL_SKIPPED"])
