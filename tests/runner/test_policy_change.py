"""A payer's policy changes in mid-week: each day is judged, billed and explained under its own version."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from runner_drops import WEEK, drop, drop_week, encounters
from runner_remits import remit

from edi_iop import desk
from edi_iop.errors import NotKnown
from edi_iop.rules.in_force import Policies, each, each_row, of_payers
from edi_iop.rules.rates import NONE
from edi_iop.runner import run
from edi_iop.settings import Workspace
from edi_iop.store import Store

CHANGE = "2026-01-08"
"""Between the second and the third day of WEEK."""
NIGHT, LATER = date(2026, 1, 12), date(2026, 1, 19)
LONGER = "[duration]\nmin_day_minutes = 240\n"
"""The days of WEEK have 180 minutes."""
CODED = '[billing.codes]\ncondition = ["92"]\n'


def changing(workspace: Workspace, before: str = "", since: str = "") -> None:
    """The payer's policy in two versions, the second from CHANGE on."""
    for version, begins, lines in (("1", "2025-01-01", before), ("2", CHANGE, since)):
        (workspace.payers / f"local-{version}.toml").write_text(
            f'extends = "harbor"\nid = "local"\nname = "Harbor, our contract"\n'
            f'version = "{version}"\neffective_from = {begins}\nread_on = 2026-01-01\n'
            f'sources = ["a contract"]\n{lines}'
            '[cites]\nbilling = "the contract"\nduration = "the contract"\niop = "the contract"\ntimely = "the contract"\n'
        )
    text = workspace.settings_file.read_text()
    workspace.settings_file.write_text(text.replace('policy = "harbor"', 'policy = "local"'))


def load(workspace: Workspace, table: str) -> pl.DataFrame:
    with Store.open(workspace.database, read_only=True) as store:
        return store.load(table)


def found(workspace: Workspace, as_of: date) -> list[tuple[str, list[str], str]]:
    """Rule, dates and policy of what `check` finds."""
    rows = desk.check([workspace.root], as_of=as_of).sheet.rows
    return [
        (row["rule"], [str(day) for day in row["service_dates"]], row["policy"])
        for row in rows.to_dicts()
    ]


@pytest.mark.parametrize("as_of", [NIGHT, date(2026, 6, 1)])
def test_a_day_is_judged_by_the_version_of_its_date(workspace: Workspace, as_of: date) -> None:
    """Three hours are enough until the change; from then on four are asked for."""
    changing(workspace, since=LONGER)
    drop_week(workspace)
    stops = [("DUR-01", [WEEK[2]], "local 2")]
    assert [one for one in found(workspace, as_of) if one[0] == "DUR-01"] == stops
    made = run(workspace, as_of)
    assert (made["built"]["claims"], made["built"]["lines"]) == (1, 2)
    kept_back = load(workspace, "violations").filter(pl.col("rule") == "DUR-01")
    assert kept_back.select("service_date", "policy").rows() == [(date(2026, 1, 9), "local 2")]


def test_a_change_that_comes_later_says_nothing_of_days_before(workspace: Workspace) -> None:
    """The stricter version is in force on the day asked for, not on the days of service."""
    changing(workspace, before=LONGER)
    drop_week(workspace)
    assert {one[1][0] for one in found(workspace, NIGHT) if one[0] == "DUR-01"} == set(WEEK[:2])
    assert run(workspace, NIGHT)["built"]["lines"] == 1


def test_the_backtest_agrees_and_may_ask_what_if(workspace: Workspace) -> None:
    changing(workspace, since=LONGER)
    text = workspace.settings_file.read_text()
    workspace.settings_file.write_text(text.replace('mode = "block"', 'mode = "warn"'))
    drop_week(workspace)
    assert run(workspace, NIGHT)["built"]["lines"] == 3
    dates = pl.col("service_date").cast(pl.String)

    def stopped(on: date | None) -> list[str]:
        rows = desk.rules_backtest(workspace.root, date.min, on, ["DUR-01"], True).sheet.rows
        return rows.select(dates).to_series().to_list()

    assert stopped(None) == [WEEK[2]]
    assert stopped(NIGHT) == list(WEEK)
    assert stopped(date(2026, 1, 7)) == []
    with pytest.raises(NotKnown, match="NOPE-1"):
        desk.rules_backtest(workspace.root, date.min, None, ["NOPE-1"])


def test_a_claim_is_cut_where_its_codes_change(workspace: Workspace) -> None:
    """Domain notes, sections 1.5 and 2.7: header codes, type of bill and rate are one claim's."""
    changing(workspace, since=CODED)
    drop_week(workspace)
    run(workspace, NIGHT)
    claims = load(workspace, "claims").sort("claim_offset")
    spans = claims.select(pl.col("statement_from", "statement_to").cast(pl.String)).rows()
    assert spans == [(WEEK[0], WEEK[1]), (WEEK[2], WEEK[2])]
    coded = load(workspace, "claim_codes").join(claims, on=["file_id", "claim_offset"])
    carries = coded.filter(pl.col("qualifier") == "BG").select(
        "code", pl.col("statement_from").cast(pl.String)
    )
    assert carries.rows() == [("92", WEEK[2])]


def test_a_change_that_claims_do_not_show_cuts_none(workspace: Workspace) -> None:
    changing(workspace, since=["[timely]\ninitial_days = 90\n", ".x]\n"][0])
    drop_week(workspace)
    assert run(workspace, NIGHT)["built"]["claims"] == 1


def test_a_late_day_goes_to_the_claim_on_its_side(workspace: Workspace) -> None:
    changing(workspace, since=CODED)
    drop_week(workspace)
    run(workspace, NIGHT)
    first, second = load(workspace, "claims").sort("claim_offset")["claim"]
    drop(
        workspace,
        late_csv=encounters("2026-01-06", "2026-01-08"),
        a_835=remit(first, *WEEK[:2]),
        b_835=remit(second, WEEK[2]),
    )
    assert run(workspace, LATER)["corrections"]["by_action"] == {"replacement": 2}
    new = load(workspace, "claims").filter(pl.col("frequency") == "7").sort("statement_from")
    assert new.select(pl.col("statement_from", "statement_to").cast(pl.String)).rows() == [
        (WEEK[0], WEEK[1]),
        ("2026-01-08", WEEK[2]),
    ]


def test_a_denial_is_explained_under_the_version_of_its_day(workspace: Workspace) -> None:
    """Worth and deadline: 285 and 180 days until the change, 300 and 30 days from then on."""
    priced = (
        '[iop]\npairs = [{ track = "SUD", procedure = "H0015", revenue = "0906", rate = "300.00" }]\n'
        "[timely]\nappeal_days = 30\ncorrected_days = 30\n"
    )
    changing(workspace, since=priced)
    drop_week(workspace)
    run(workspace, NIGHT)
    first, second = load(workspace, "claims").sort("claim_offset")["claim"]
    drop(
        workspace,
        a_835=remit(first, *WEEK[:2], denied="N54"),
        b_835=remit(second, WEEK[2], denied="N54"),
    )
    run(workspace, LATER)
    told = (
        load(workspace, "verdicts")
        .sort("service_date")
        .select(pl.col("service_date").cast(pl.String), "expected_cents", "deadline_source")
    )
    assert told["expected_cents"].to_list() == [28500, 28500, 30000]
    clocks = told["deadline_source"].to_list()
    assert ["local 1" in clock for clock in clocks] == [True, True, False]
    assert "local 2: 30 days" in clocks[2]


def test_units_are_drawn_across_the_change(workspace: Workspace) -> None:
    """One authorization of two days: the third day, under the new version, finds it spent."""
    changing(workspace, since=CODED)
    drop_week(workspace)
    auths = workspace.inbox / "auths.csv"
    auths.write_bytes(auths.read_bytes().replace(b",30,", b",2,"))
    assert [one[:2] for one in found(workspace, NIGHT) if one[0] == "AUTH-04"] == [
        ("AUTH-04", [WEEK[2]])
    ]


def test_rows_are_cut_where_any_policy_changes() -> None:
    """BCBS-like: 2019-07-01 and 2023-09-01; a row without date goes with the day asked for."""
    both = of_payers({"A": "bcbs", "B": "harbor"}, date(2026, 1, 1))
    rows = pl.DataFrame({"service_date": [date(2026, 1, 5), date(2023, 8, 31), None]})
    label = lambda part, own: part.with_columns(by=pl.lit(own["A"].label))  # noqa: E731
    assert each_row(rows, both, label)["by"].to_list() == [
        "bcbs 2023.1",
        "bcbs 2019.1",
        "bcbs 2023.1",
    ]
    assert each(rows, both, label)["by"].to_list() == ["bcbs 2019.1", "bcbs 2023.1", "bcbs 2023.1"]
    assert each(rows, dict(both), label)["by"].to_list() == ["bcbs 2023.1"] * 3


def test_before_the_first_version_the_first_counts() -> None:
    both = of_payers({"A": "bcbs"}, date(2026, 1, 1))
    early = both.on("A", date(2010, 1, 1))
    assert early is not None
    assert early.label == "bcbs 2019.1"
    assert both.on("X", date(2026, 1, 1)) is None
    assert Policies(date(2026, 1, 1), {}).apart(
        NONE.rename({"rate_from": "service_date"}), "service_date"
    )
