"""Identifiers: opaque, unique, checkable, and brought to one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi_iop import identifiers, money


def test_patient_control_numbers_keep_to_what_payers_return() -> None:
    """At most 17 characters, upper case without I, L, O, U, no leading 0, check character last."""
    made = [identifiers.patient_control_number(serial) for serial in range(2000)]
    assert len(set(made)) == 2000
    for number in made:
        assert len(number) == 11
        assert set(number) <= set(identifiers.ALPHABET)
        assert number[0].isalpha()
        assert identifiers.check_character(number[:-1]) == number[-1]


def test_numbers_of_neighbours_tell_nothing_of_their_order() -> None:
    first, second = (identifiers.patient_control_number(serial) for serial in (41, 42))
    assert sum(one != other for one, other in zip(first, second, strict=True)) >= 5


@pytest.mark.parametrize("serial", [-1, 1 << 45])
def test_serials_out_of_range_are_refused(serial: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        identifiers.patient_control_number(serial)


@given(
    st.integers(0, (1 << 45) - 1),
    st.integers(0, 9),
    st.sampled_from(identifiers.ALPHABET),
)
def test_one_wrong_character_is_noticed(serial: int, place: int, other: str) -> None:
    number = identifiers.patient_control_number(serial)
    wrong = number[:place] + other + number[place + 1 :]
    noticed = identifiers.check_character(wrong[:-1]) != wrong[-1]
    assert noticed == (wrong != number)


@pytest.mark.parametrize(
    ("npi", "valid"),
    # 1234567893 is the example of the standard; its neighbours fail.
    [("1234567893", True), ("1234567890", False), ("1234567803", False), ("123456789", False)],
)
def test_npi_check_digit(npi: str, valid: bool) -> None:
    assert identifiers.is_npi(npi) is valid


def test_codes_in_one_form() -> None:
    assert identifiers.revenue("906") == "0906"
    assert identifiers.diagnosis(" f10.20 ") == "F1020"


@given(st.integers(-(10**12), 10**12))
def test_money_round_trips_through_x12(cents: int) -> None:
    assert money.to_cents(money.to_x12(cents)) == cents


@pytest.mark.parametrize("text", ["", "abc", "1.005", "NaN", "1e400"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount of money|fractions of a cent"):
        money.to_cents(text)
