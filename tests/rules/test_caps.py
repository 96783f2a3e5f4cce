"""Limits counted in any seven days: columns refuse what a clerk with a calendar would."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from edi_iop.rules.caps import over_in_any_week

START = date(2026, 1, 5)


def lines(days: list[tuple[str, int, bool]]) -> pl.DataFrame:
    rows = [
        {
            "row": place,
            "turn": place,
            "person": person,
            "service_date": START + timedelta(days=day),
            "counts": counts,
            "amount": 1.0,
        }
        for place, (person, day, counts) in enumerate(days)
    ]
    schema = {"row": pl.UInt32, "turn": pl.UInt32, "person": pl.String, "service_date": pl.Date}
    return pl.from_dicts(rows, schema=schema | {"counts": pl.Boolean, "amount": pl.Float64})


def clerk(days: list[tuple[str, int]], most: int) -> set[tuple[str, int]]:
    """Dates refused, one person and date after the other."""
    kept: set[tuple[str, int]] = set()
    refused = set()
    for person, day in sorted(set(days)):
        week = [one for who, one in kept if who == person and day - 6 <= one <= day]
        if len(week) + 1 > most:
            refused.add((person, day))
        else:
            kept.add((person, day))
    return refused


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 25)), min_size=1, max_size=30),
    st.integers(1, 5),
)
def test_columns_refuse_the_dates_a_clerk_would(days: list[tuple[str, int]], most: int) -> None:
    over = over_in_any_week(lines([(*one, True) for one in days]), most, by_date=True)
    dates = over.select("person", (pl.col("service_date") - START).dt.total_days()).rows()
    assert set(dates) == clerk(days, most)


def test_a_denied_date_is_measured_against_the_week_on_both_sides() -> None:
    """Two a week: denied on the 3rd day between the 1st and the 5th had no room; alone it had."""
    full = lines([("A", 0, True), ("A", 2, False), ("A", 4, True)])
    assert over_in_any_week(full, 2, by_date=True)["row"].to_list() == [1]
    room = lines([("A", 2, False), ("A", 12, True), ("A", 13, True)])
    assert over_in_any_week(room, 2, by_date=True).is_empty()
