"""Units of authorizations, drawn in date order."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_iop.rules.covering import drawn, offers
from edi_iop.tables import AUTHORIZATIONS

START = date(2026, 1, 5)


def lines(*standings: str, **given: Any) -> pl.DataFrame:
    """One IOP line a day from START, in these standings."""
    base: dict[str, Any] = {
        "client_id": "C1",
        "payer_id": "HARBR",
        "member_id": "M1",
        "procedure": "H0015",
        "revenue": "0906",
        "track": "SUD",
        "auth_number": None,
        "units": 1.0,
        "unit_basis": "per_diem",
        "minutes_per_unit": None,
        "minutes": 200,
        "min_day_minutes": 180,
        "iop": True,
        "component": False,
    }
    rows = [
        base
        | given
        | {"row": n, "turn": n, "service_date": START + timedelta(days=n), "standing": s}
        for n, s in enumerate(standings)
    ]
    overrides = {"minutes_per_unit": pl.Int64, "row": pl.UInt32, "auth_number": pl.String}
    return pl.from_dicts(rows, schema_overrides=overrides)


def held(*given: dict[str, Any]) -> pl.DataFrame:
    base = {
        "client_id": "C1",
        "payer_id": "HARBR",
        "level_of_care": "IOP",
        "unit_basis": "day",
        "units": 99,
        "from_date": START,
        "to_date": START + timedelta(days=60),
        "status": "approved",
    }
    rows = [base | {"auth_number": f"A{n}"} | row for n, row in enumerate(given, start=1)]
    return pl.from_dicts(rows, schema=AUTHORIZATIONS.schema)


def draws(
    lines: pl.DataFrame, authorizations: pl.DataFrame, blocked: tuple[int, ...] = ()
) -> dict[int, str]:
    """Which number each line draws on, by its day."""
    offered = offers(lines, authorizations).filter("approved", "on_date", "fits")
    found = drawn(offered, pl.Series(blocked, dtype=pl.UInt32))
    return dict(found.select("row", "given_number").sort("row").iter_rows())


def test_units_go_to_the_earliest_dates() -> None:
    assert draws(lines("sent", "sent", "proposed"), held({"units": 2})) == {0: "A1", 1: "A1"}
    assert draws(lines("proposed", "proposed"), held({"units": 1})) == {0: "A1"}


def test_what_was_paid_has_its_units_and_then_what_was_sent() -> None:
    """The payer has counted what it paid, and counts what it has before what it has not seen."""
    assert draws(lines("proposed", "sent", "paid"), held({"units": 2})) == {1: "A1", 2: "A1"}
    assert draws(lines("sent", "paid"), held({"units": 1})) == {1: "A1"}


@pytest.mark.parametrize(
    ("basis", "of_line", "takes"),
    [
        ("day", {}, 1.0),
        ("visit", {"units": 3.0}, 1.0),
        ("day", {"unit_basis": "half_day", "units": 1.0}, 0.5),
        ("hour", {}, 3.0),
        ("quarter_hour", {}, 13.0),
        ("hour", {"minutes": None}, 3.0),
        ("hour", {"unit_basis": "hour", "minutes_per_unit": 60, "units": 4.0}, 4.0),
        ("quarter_hour", {"unit_basis": "hour", "minutes_per_unit": 60, "units": 2.0}, 8.0),
    ],
)
def test_what_a_line_takes_in_the_authorizations_own_basis(
    basis: str, of_line: dict[str, Any], takes: float
) -> None:
    """200 minutes attended are 3 whole hours and 13 whole quarters."""
    offered = offers(lines("sent", **of_line), held({"unit_basis": basis}))
    assert offered["takes"].to_list() == [takes]


def test_denied_and_blocked_lines_draw_nothing() -> None:
    two = held({"units": 2})
    assert draws(lines("denied", "paid", "sent"), two) == {1: "A1", 2: "A1"}
    assert draws(lines("sent", "sent", "sent"), two, blocked=(0,)) == {0: "A1", 1: "A1", 2: "A1"}
    assert draws(lines("paid", "sent", "sent"), two, blocked=(0,)) == {0: "A1", 1: "A1"}


def test_a_denied_line_has_what_was_sent_before_and_after_against_it() -> None:
    assert draws(lines("denied", "paid"), held({"units": 2})) == {0: "A1", 1: "A1"}
    assert draws(lines("denied", "paid"), held({"units": 1})) == {1: "A1"}
    assert draws(lines("denied", "proposed"), held({"units": 1})) == {0: "A1", 1: "A1"}


def test_the_number_on_the_claim_is_tried_first() -> None:
    two = held({"units": 1}, {"units": 1})
    assert draws(lines("sent", "sent", auth_number="A2"), two) == {0: "A2", 1: "A1"}


def test_a_number_is_known_without_its_leading_zeros() -> None:
    two = held({"units": 1}, {"units": 1, "auth_number": "00-17b"})
    assert draws(lines("sent", auth_number="17B"), two) == {0: "00-17b"}


def test_a_line_displaced_by_an_earlier_one_moves_on() -> None:
    """Days 0-2 may use A1; A2 begins on day 1; day 3 only has A2, which day 2 fills."""
    two = held(
        {"units": 2, "to_date": START + timedelta(days=2)},
        {"units": 1, "from_date": START + timedelta(days=1)},
    )
    assert draws(lines("sent", "sent", "sent", "sent"), two) == {0: "A1", 1: "A1", 2: "A2"}


def test_other_levels_payers_and_clients_offer_nothing() -> None:
    others = held({"level_of_care": "PHP"}, {"payer_id": "OTHER"}, {"client_id": "C2"})
    assert offers(lines("sent"), others).is_empty()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=4
    ),
    st.integers(1, 8),
)
def test_columns_draw_as_a_clerk_with_a_ledger_would(
    spans: list[tuple[int, int, int]], count: int
) -> None:
    """Day by day, each takes of the first authorization that has a unit for it."""
    parts = [
        {
            "units": units,
            "from_date": START + timedelta(days=min(a, b)),
            "to_date": START + timedelta(days=max(a, b)),
        }
        for units, a, b in spans
    ]
    left = {n: part["units"] for n, part in enumerate(parts)}
    by_hand: dict[int, str] = {}
    for day in range(count):
        for n, part in sorted(enumerate(parts), key=lambda item: (item[1]["from_date"], item[0])):
            if part["from_date"] <= START + timedelta(days=day) <= part["to_date"] and left[n]:
                left[n] -= 1
                by_hand[day] = f"A{n + 1}"
                break
    assert draws(lines(*["sent"] * count), held(*parts)) == by_hand
