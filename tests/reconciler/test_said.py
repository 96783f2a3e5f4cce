"""What a payer says: category and CORE scenario of reasons, remarks and groups, out of the map."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from edi_iop import codes
from edi_iop.codes import needing_remark
from edi_iop.reconciler.lists import listed
from edi_iop.reconciler.said import with_category

SCHEMA = {
    "group": pl.String,
    "carc": pl.String,
    "rarcs": pl.List(pl.String),
    "payment_date": pl.Date,
}


def said(group: str | None, carc: str | None, *rarcs: str, on: date = date(2026, 3, 10)):
    told = pl.DataFrame([(group, carc, list(rarcs), on)], schema=SCHEMA, orient="row")
    return with_category(told).select("category", "scenario").row(0)


@pytest.mark.parametrize(
    ("group", "carc", "rarcs", "category", "scenario"),
    [
        ("OA", "18", [], "duplicate", 4),
        ("CO", "18", ["N522"], "duplicate", 4),
        ("CO", "97", ["N20"], "bundling", 4),
        ("CO", "97", ["M15"], "bundling", 4),
        ("CO", "119", [], "limit", 3),
        ("CO", "119", ["M80"], "duplicate", 4),
        ("CO", "151", ["N362"], "limit", 4),
        ("CO", "197", [], "authorization", 3),
        ("CO", "197", ["M62"], "authorization", 2),
        ("CO", "29", [], "timely", 3),
        ("CO", "22", [], "coordination", 3),
        ("CO", "22", ["MA04"], "coordination", 1),
        ("CO", "252", ["M127"], "records", 1),
        ("CO", "50", ["N115"], "necessity", 3),
        ("CO", "11", ["M76"], "coding", 2),
        ("CO", "27", ["N30"], "eligibility", 3),
        ("CO", "109", ["N418"], "payer", 3),
        ("CO", "B7", ["N570"], "provider", 3),
        ("CO", "242", [], "provider", 3),
        ("PR", "242", [], "coverage", 3),
        ("CO", "16", ["M127"], "records", 1),
        ("CO", "16", ["M76"], "coding", 2),
        ("CO", "16", ["MA04"], "coordination", 1),
        ("CO", "16", ["N382"], "eligibility", 2),
        ("CO", "16", [], "data", 2),
        ("PR", "96", ["N130"], "coverage", 3),
        ("CO", "96", ["N20"], "bundling", 4),
        ("CO", "45", [], "contract", None),
    ],
)
def test_a_combination_lies_in_its_category(group, carc, rarcs, category, scenario):
    """Domain notes, sections 3.1 and 3.2; scenario 4 is usual for a second day of a date."""
    assert said(group, carc, *rarcs) == (category, scenario)


def test_a_remark_that_says_more_goes_before_one_that_says_nothing():
    assert said("CO", "16", "N999", "M76") == ("coding", 2)


def test_an_unknown_reason_stays_visible():
    assert said("CO", "ZZ9") == ("unmapped", None)
    assert said(None, None) == ("unmapped", None)
    assert said("CO", "ZZ9", "N20") == ("unmapped", None)


def test_there_was_no_scenario_before_the_rule():
    assert said("CO", "97", on=date(2013, 12, 31)) == ("bundling", None)
    assert said("CO", "97", on=date(2014, 1, 1)) == ("bundling", 4)


def reason_lines() -> pl.DataFrame:
    return listed("reason_categories").with_columns(pl.col("carcs", "rarcs").str.split(" "))


def test_every_reason_that_refuses_or_lowers_is_in_the_map():
    alone = reason_lines().filter(pl.col("rarcs").is_null(), pl.col("group").is_null())
    mapped = alone["carcs"].explode().to_list()
    assert len(mapped) == len(set(mapped)), "a reason stands twice"
    assert set(mapped) == set(codes.with_role("denial", "contract"))


def test_the_map_names_only_known_codes_and_says_where_it_comes_from():
    lines = reason_lines()
    assert set(lines["category"]) <= set(listed("categories")["category"])
    assert set(lines["scenario"].drop_nulls()) == set(listed("scenarios")["scenario"])
    assert set(lines["group"].drop_nulls()) <= set(codes.codes("group"))
    assert all(codes.known("rarc", rarc) for rarc in lines["rarcs"].explode().drop_nulls())
    assert all(codes.known("carc", carc) for carc in lines["carcs"].explode())
    source = lines["source"].fill_null("")
    assert (source.str.contains("field knowledge") | source.str.contains("https://")).all()
    for name in ("reason_categories", "scenarios"):
        listed(name).select(pl.col("from", "to").str.to_date("%Y-%m-%d"))


def test_no_combination_stands_twice():
    lines = reason_lines().explode("carcs").explode("rarcs").fill_null("")
    assert lines.filter(pl.struct("carcs", "rarcs", "group", "from").is_duplicated()).is_empty()


def test_every_remark_that_decides_a_bare_reason_does_so_for_all_of_them():
    """16, 96, A1 and those alike say nothing alone; what their remark means does not hang on which it is."""
    bare = {"16", "96", "A1", "129"}
    assert bare <= set(needing_remark())
    asking = reason_lines().filter(
        pl.col("rarcs").is_not_null(), pl.col("carcs").list.contains("16")
    )
    assert all(bare <= set(carcs) for carcs in asking["carcs"])


def test_every_category_has_a_label():
    labels = listed("categories")
    assert labels["label"].null_count() == 0
    assert "unmapped" in labels["category"]
