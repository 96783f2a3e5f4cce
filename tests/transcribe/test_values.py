"""Values of elements as columns: the same answers as the plain functions give one by one."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi_iop.money import to_cents, to_x12
from edi_iop.tables.schema import Column, cents, day, number, text
from edi_iop.transcribe import values
from edi_iop.transcribe.maps import parse


def typed(value: str, path: str, column: Column) -> object:
    elements = pl.Series([value])
    return values.typed(elements, values.form_of(parse(path), column)).item()


AMOUNT = cents("amount", "")


@given(st.integers(-(10**15), 10**15))
def test_amounts_are_written_as_money_writes_them(amount: int) -> None:
    written = pl.DataFrame({"c": [amount]}).select(values.dollars(pl.col("c"))).item()
    assert written == to_x12(amount)
    assert typed(written, "2100.CLP03", AMOUNT) == amount


@pytest.mark.parametrize(
    "value", ["0", "150", "150.5", "150.50", "-0.05", ".05", "1.", "-.1", "00012.30"]
)
def test_amounts_read_as_money_reads_them(value: str) -> None:
    assert typed(value, "2100.CLP03", AMOUNT) == to_cents(value)


@pytest.mark.parametrize("value", ["", "abc", "1.005", "1,000", "--1", "1e3", "-", "."])
def test_what_is_no_amount_is_null(value: str) -> None:
    assert typed(value, "2100.CLP03", AMOUNT) is None


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("2400.DTP[472]03:from", "20260105", date(2026, 1, 5)),
        ("2400.DTP[472]03:to", "20260105", None),
        ("2400.DTP[472]03:to", "20260105-20260107", date(2026, 1, 7)),
        ("2300.DTP[434]03:through", "20260105", date(2026, 1, 5)),
        ("2300.DTP[435]03:date", "202601050930", date(2026, 1, 5)),
        ("2100.DTM[232]02", "20260230", None),
    ],
)
def test_dates_and_spans(path: str, value: str, expected: date | None) -> None:
    assert typed(value, path, day("d", "")) == expected


def test_components_and_their_runs() -> None:
    composite = "HC\x1fH0015\x1fHQ\x1f\x1fGT"
    assert typed(composite, "2400.SV202-2", text("procedure", "")) == "H0015"
    assert typed(composite, "2400.SV202-3..6", text("modifiers", "")) == "HQ GT"
    assert typed("HC", "2400.SV202-2", text("procedure", "")) is None


def test_codes_keep_their_zeros_and_units_are_numbers() -> None:
    assert typed("0906", "2400.SV201", text("revenue", "")) == "0906"
    assert typed("1.5", "2400.SV205", number("units", "")) == 1.5


def test_written_text_carries_no_separator_and_no_accent() -> None:
    frame = pl.DataFrame({"name": ["NU\u00d1EZ", "A*B~C", " ", "O'NEIL"]})
    plain = frame.select(values.safe(pl.col("name"))).to_series().to_list()
    assert plain == ["NUNEZ", "A B C", None, "O'NEIL"]


@pytest.mark.parametrize(
    ("name", "written"),
    [("MÜLLER", "MULLER"), ("ŁUKASZ", "LUKASZ"), ("GROSS\u00df", "GROSSss"), ("O\u2019NEIL", "O'NEIL"), ("A~B*C", "A B C")],
)  # fmt: skip
def test_names_are_written_in_plain_letters(name: str, written: str) -> None:
    assert pl.DataFrame({"n": [name]}).select(values.safe(pl.col("n"))).item() == written


@pytest.mark.parametrize("value", ["2026011", "00000101", "+2026011"])
def test_what_is_no_date_of_eight_digits_is_null(value: str) -> None:
    assert typed(value, "2100.DTM[232]02", day("d", "")) is None


@pytest.mark.parametrize("value", ["NaN", "inf", "1e5", "+4"])
def test_what_is_no_number_of_x12_is_null(value: str) -> None:
    assert typed(value, "2400.SV205", number("units", "")) is None
