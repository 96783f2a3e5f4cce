"""Which rules a payer has and by which values, and how two payers differ; against the policy files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from edi_iop import desk
from edi_iop.errors import BadPolicy
from edi_iop.rules.catalogue import catalogue

ON = date(2026, 3, 1)


def row(frame: pl.DataFrame, **wanted: str) -> dict[str, object]:
    return frame.filter(**wanted).row(0, named=True)


def test_every_rule_is_listed_with_its_values_and_their_sources() -> None:
    """newyork.toml: three hours by the state's guidance, the filing limit by the common ground's default."""
    listed = desk.rules_of_payer("newyork", ON).rows
    assert listed["rule"].unique(maintain_order=True).to_list() == list(catalogue())
    day = row(listed, rule="DUR-01", parameter="duration.min_day_minutes")
    assert day["value"] == "180"
    assert day["policy"] == "newyork 2019.1"
    assert day["source"] == "https://wchsb.com/wch-news/intensive-outpatient-service-ios"
    assert (day["read_on"], day["standing"]) == (date(2026, 11, 1), "example")
    filing = row(listed, rule="TF-01", parameter="timely.initial_days")
    assert (filing["policy"], filing["standing"]) == ("base 2026.1", "unsourced")


def test_a_rule_that_is_off_or_milder_says_whose_word_that_is() -> None:
    off = row(desk.rules_of_payer("medicare", ON).rows, rule="DUR-01")
    assert (off["severity"], off["policy"]) == ("off", "medicare 2024.1")
    milder = row(
        desk.rules_of_payer("newyork", ON).rows, rule="DUR-02", parameter="severities.DUR-02"
    )
    assert (milder["severity"], milder["policy"]) == ("info", "newyork 2019.1")


def test_the_version_of_the_day_is_listed() -> None:
    before = desk.rules_of_payer("bcbs", date(2023, 8, 31)).sheet.title
    after = desk.rules_of_payer("bcbs@2023-09-01", date(2020, 1, 1)).sheet.title
    assert "bcbs 2019.1" in before
    assert "bcbs 2023.1" in after


def test_two_payers_differ_where_their_files_do() -> None:
    """Harbor asks three hours and 180 days, Meridian two hours and 90."""
    found = desk.rules_diff("harbor", "meridian", ON).rows
    minutes = row(found, parameter="duration.min_day_minutes")
    assert (minutes["first"], minutes["second"]) == ("180", "120")
    assert (minutes["first_policy"], minutes["second_policy"]) == ("base 2026.1", "meridian 2026.1")
    assert "H0015" in str(minutes["first_source"])
    assert minutes["second_source"] == "invented for examples and tests"
    assert "DUR-01" in minutes["rules"]  # type: ignore[operator]
    off = row(found, parameter="rules_off")
    assert (off["first"], off["second"]) == ("", "BUN-02")
    assert "iop.units_per_day" not in set(found["parameter"])


def test_a_payer_does_not_differ_from_itself_but_two_versions_do() -> None:
    assert desk.rules_diff("optum", "optum", ON).rows.is_empty()
    versions = desk.rules_diff("tricare@2021-06-01", "tricare", ON).rows
    assert "codes.senses.0912.says" in set(versions["parameter"])


def test_a_workspace_s_own_policy_is_known_by_its_name(tmp_path: Path) -> None:
    root = tmp_path / "clinic"
    desk.init(root)
    (root / "payers" / "own.toml").write_text(
        'extends = "harbor"\nid = "own"\nname = "Own"\nversion = "1"\neffective_from = 2025-01-01\n'
        'read_on = 2026-11-01\nsources = ["contract"]\n[timely]\ninitial_days = 95\n'
        '[cites]\ntimely = "contract"\n',
        encoding="utf-8",
    )
    found = desk.rules_diff("harbor", "own", ON, root).rows
    assert found.select("parameter", "first", "second").rows() == [
        ("timely.initial_days", "180", "95")
    ]
    shown = dict(desk.rules_show("TF-01", ON, root).sheet.rows.rows())
    assert "timely.initial_days 95" in shown["own 1"]
    with pytest.raises(BadPolicy, match="did you mean harbor"):
        desk.rules_diff("harbour", "own", ON, root)


def test_a_day_that_is_none_is_named() -> None:
    with pytest.raises(BadPolicy, match="yesterday is not a date"):
        desk.rules_of_payer("bcbs@yesterday", ON)
