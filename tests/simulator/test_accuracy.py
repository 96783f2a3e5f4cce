"""Recall and precision of every rule on a clinic of a hundred clients, as scripts/accuracy measures them.

The seed is fixed here; the script takes a new one each time, and five hundred clients.
"""

from __future__ import annotations

import polars as pl
import pytest

from edi_iop.rules.catalogue import catalogue
from scripts.accuracy import Run, judged, perfect, printed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return judged(7, clients=100, weeks=14, folder=tmp_path_factory.mktemp("clinic"))


def test_every_fault_is_found_and_nothing_else_is(run: Run) -> None:
    assert perfect(run.confusion()), printed(run.confusion())


def test_every_rule_that_records_can_decide_is_planted(run: Run) -> None:
    silent = set(run.confusion().filter(pl.col("planted") == 0)["rule"])
    assert silent == {rule.id for rule in catalogue().values() if rule.denial_only}


def test_faults_lie_across_files_facilities_and_claims(run: Run) -> None:
    """The same rule is planted in the records, in the former system's claims and in the sister's."""
    where = run.planted.group_by("rule").agg(pl.col("where").unique()).rows()
    places = dict(where)
    assert set(places["DUP-01"]) == {"former", "sister"}
    assert set(places["DUP-02"]) == {"encounters", "former", "sister"}
    assert set(places["BUN-01"]) == {"encounters", "sister"}
    assert set(places["CLM-05"]) == {"encounters", "former"}


def test_a_missed_and_a_wrong_line_are_told() -> None:
    """Of two planted lines one is found; of two named ones one is wrong."""
    columns = ["rule", "client_id", "payer_id", "service_date", "line", "severity"]
    lines = [("DUR-01", f"C{n}", "HARBR", None, "proposed", "block") for n in (1, 2, 3)]
    planted, named = (
        pl.DataFrame(rows, schema=columns, orient="row") for rows in (lines[:2], lines[1:])
    )
    table = Run(1, planted, named, 3, 0.0).confusion().filter(rule="DUR-01")
    assert table.rows() == [("DUR-01", 2, 1, 1, 1)]
    assert not perfect(table)
    assert "50.0 %     50.0 %" in printed(table)
