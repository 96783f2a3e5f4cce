"""The rule and the verdict of every denial, as scripts/accuracy measures them, on a smaller clinic."""

from __future__ import annotations

import polars as pl
import pytest

from edi_iop.rules import policy
from edi_iop.simulator.payer_errors import SHOWN_BY
from scripts.accuracy_denials import DUAL, ON, Told, judged, printed


@pytest.fixture(scope="module")
def told() -> Told:
    return Told(judged(4, clients=200, weeks=14, errors=500))


def test_every_gate_holds(told: Told) -> None:
    assert list(told.failures()) == [], "\n".join(printed(told))


def test_dual_diagnosis_days_of_every_kind_are_among_them(told: Told) -> None:
    """On two claims and on one, by two facilities, and whichever of both the payer refuses."""
    dual = told.rows.filter(pl.col("true_rule") == DUAL)
    assert {claim[:2] for claim in dual["claim"]} == {"OB", "SF"}
    denied = dual.select("claim", "line", "service_date").unique()
    assert denied.height == dual.height >= 20
    assert set(dual["true_verdict"]) == {"confirmed", "refuted", "unknown"}


def test_duplicates_of_days_before_all_that_was_sent_are_unknown(told: Told) -> None:
    """A claim of such a day may have been sent before those that are held, by whoever billed then."""
    alone = told.rows.filter(pl.col("true_rule") == DUAL, pl.col("verdict") != "confirmed")
    days = dict(alone.group_by("verdict").agg(pl.col("service_date").unique().sort()).iter_rows())
    assert max(days["unknown"]) < min(days["refuted"])
    assert alone.filter(
        pl.col("verdict") == "unknown", ~pl.col("says").str.contains("our records lack claims sent")
    ).is_empty()


def test_errors_of_all_rules_that_records_can_show_are_among_them(told: Told) -> None:
    refuted = told.rows.filter(pl.col("true_verdict") == "refuted")
    assert set(refuted["true_rule"]) == set(SHOWN_BY)


def test_what_no_record_shows_is_unknown(told: Told) -> None:
    unknown = told.rows.filter(pl.col("true_verdict") == "unknown")
    assert {"MN-01", "BEN-01", "CON-01"} <= set(unknown["true_rule"])


def test_a_rule_told_wrong_is_a_failure(told: Told) -> None:
    spoilt = told.rows.with_columns(
        rule=pl.when(pl.col("true_rule") == DUAL).then(pl.lit("DX-01")).otherwise("rule")
    )
    said = list(Told(spoilt).failures())
    assert any("dual-diagnosis days" in text for text in said)
    assert any(text.startswith("rules: ") for text in said)


def test_words_of_two_rules_name_neither() -> None:
    """Meridian says CO-119 N640 of DUP-02 and of DUR-05."""
    denials = policy.load("meridian", ON).denials
    assert denials["DUP-02"].carc == denials["DUR-05"].carc == "119"
