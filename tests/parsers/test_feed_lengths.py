"""What a claim cannot hold is named in its row: one value too long has a payer reject the whole file."""

from __future__ import annotations

import pytest

from edi_iop.guides import loader
from edi_iop.parsers import feed_spec
from tests.parsers.reading import read_all
from tests.parsers.test_feed_hazards import csv

PLACES = {
    ("clients", "last_name"): ("2010BA", "NM1", 3),
    ("clients", "first_name"): ("2010BA", "NM1", 4),
    ("clients", "middle_name"): ("2010BA", "NM1", 5),
    ("clients", "member_id"): ("2010BA", "NM1", 9),
    ("clients", "address1"): ("2010BA", "N3", 1),
    ("clients", "address2"): ("2010BA", "N3", 2),
    ("clients", "city"): ("2010BA", "N4", 1),
    ("clients", "group_number"): ("2000B", "SBR", 3),
    ("clients", "subscriber_last_name"): ("2010BA", "NM1", 3),
    ("clients", "subscriber_first_name"): ("2010BA", "NM1", 4),
    ("authorizations", "auth_number"): ("2300", "REF", 2),
    ("encounters", "auth_number"): ("2300", "REF", 2),
    ("encounters", "admission_source"): ("2300", "CL1", 2),
    ("providers", "last_name"): ("2310A", "NM1", 3),
    ("providers", "first_name"): ("2310A", "NM1", 4),
}
"""The elements of an 837I (005010X223A2) that columns of feeds become."""
CLIENT = {
    "client_id": "C-1", "last_name": "Sample", "first_name": "Ada", "birth_date": "1988-04-09",
    "sex": "F", "address1": "12 Quay St", "city": "Springfield", "state": "IL", "zip": "62701",
    "payer_id": "HARBR", "member_id": "HB1", "group_number": "", "coverage_priority": "P",
    "relationship": "18", "coverage_from": "2025-01-01",
}  # fmt: skip


def clients(**change: str) -> bytes:
    row = CLIENT | change
    return f"{','.join(row)}\n{','.join(row.values())}\n".encode()


@pytest.mark.parametrize(("kind", "column"), PLACES)
def test_lengths_are_those_of_the_guide(kind: str, column: str) -> None:
    loop, segment, position = PLACES[kind, column]
    guide = loader.load("005010X223A2")
    node = next(one for one in guide.segments(segment) if one.loop.id == loop)
    element = next(one for one in node.elements if one.position == position)
    own = next(one for one in feed_spec.feed(kind).columns if one.name == column)
    assert (max(own.shortest, 1), own.longest) == (element.shortest, element.longest)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("city", "X", "shorter than 2 characters; a claim cannot hold it"),
        ("member_id", "M", "shorter than 2 characters; a claim cannot hold it"),
        ("member_id", "M" * 81, "longer than 80 characters; a claim cannot hold it"),
        ("last_name", "L" * 61, "longer than 60 characters; a claim cannot hold it"),
        ("group_number", "G" * 51, "longer than 50 characters; a claim cannot hold it"),
    ],
)
def test_a_value_that_does_not_fit_leaves_its_row_out(column: str, value: str, says: str) -> None:
    tables, told = read_all(clients(**{column: value}))
    assert tables["clients"].is_empty()
    assert told == [f"FEED_VALUE_INVALID: line 2, {column}: {says}"]


@pytest.mark.parametrize(
    ("column", "value"), [("city", "Io"), ("last_name", "L" * 60), ("member_id", "M" * 80)]
)
def test_a_value_that_just_fits_stays(column: str, value: str) -> None:
    tables, told = read_all(clients(**{column: value}))
    assert (tables["clients"].height, told) == (1, [])


def of_codes(modifiers: str, units: str) -> bytes:
    """One session that asks for H0015."""
    header, row = csv({}).decode().splitlines()
    return f'{header},procedure,modifiers,units\n{row},"H0015","{modifiers}","{units}"\n'.encode()


def test_a_line_has_four_modifiers() -> None:
    """SV202-3 to -6: a fifth would be written as the description of the service (SV202-7)."""
    tables, told = read_all(of_codes("HF HQ TG U1", "1"))
    assert (tables["encounters"]["modifiers"].to_list(), told) == (["HF HQ TG U1"], [])
    tables, told = read_all(of_codes("HF HQ TG U1 U2", "1"))
    assert tables["encounters"].is_empty()
    assert told == [
        "FEED_VALUE_INVALID: line 2, modifiers: not a list of modifiers (four at most, two characters each)"
    ]


def test_no_procedure_is_billed_no_times() -> None:
    """Zero units of a code would be a line of 0.00; without a code the day itself says how many."""
    tables, told = read_all(of_codes("", "0"))
    assert tables["encounters"].is_empty()
    assert told == [
        "FEED_VALUE_INVALID: line 2, units: 0 units of a procedure; say how many, or name no procedure"
    ]
    tables, told = read_all(of_codes("", "0").replace(b"H0015", b""))
    assert (tables["encounters"].height, told) == (1, [])


@pytest.mark.parametrize("guarded", ['="0012"', '"=""0012"""'])
def test_values_guarded_against_spreadsheets_keep_their_zeros(guarded: str) -> None:
    """Exports write ="0012" so that a spreadsheet shows a chart number as it is."""
    data = clients(client_id="@").replace(b"@", guarded.encode())
    tables, told = read_all(data)
    assert (tables["clients"]["client_id"].to_list(), told) == (["0012"], [])
