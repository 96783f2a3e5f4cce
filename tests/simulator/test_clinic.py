"""The example clinic: seeded, readable without a finding, and wrong exactly where the truth says."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import polars as pl
import pytest

from edi_iop.mapper.propose import propose
from edi_iop.parsers import parse
from edi_iop.rules import days as attendance
from edi_iop.rules import engine, policy
from edi_iop.rules.lines import service_lines
from edi_iop.rules.records import Records
from edi_iop.settings import Workspace, decode
from edi_iop.simulator import clinic_people as people
from edi_iop.simulator.clinic import Clinic, claim_files, clinic, write_clinic
from edi_iop.tables import TABLES
from tests.parsers.reading import read_feed
from tests.referee import verdict

EVERY_RULE = (
    "DUP-01 DUP-02 DUP-03 BUN-01 BUN-02 BUN-04 LOC-01 AUTH-01 AUTH-02 AUTH-04 AUTH-08 "
    "DUR-01 DUR-02 DX-01 DX-02 REV-01 TF-01 DOC-01 ELG-01"
)
FORMER, STAFF = 1, 2
"""File numbers of the two claim tables."""
WHERE = {0: "encounters", FORMER: "former", STAFF: "staff"}
LINE = ("rule", "severity", "client_id", "payer_id", "service_date", "where")

made = cache(clinic)


def feed_tables(night: Clinic) -> dict[str, pl.DataFrame]:
    tables: dict[str, list[pl.DataFrame]] = {}
    for number, data in enumerate(night.feeds.values(), start=10):
        kind, table, _ = read_feed(number, data)
        tables.setdefault(kind, []).append(table)
    return {kind: pl.concat(parts) for kind, parts in tables.items()}


@cache
def judged(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the mapper proposes of a clinic's feeds, and every rule broken by it or by sent claims."""
    night = made(seed)
    feeds = feed_tables(night)
    settings = decode(night.settings)
    policies = {payer.id: policy.load(payer.policy, night.as_of) for payer in settings.payers}
    encounters = attendance.current(feeds["encounters"])
    days = attendance.days(encounters, feeds["clients"], policies)
    sent = pl.concat(
        service_lines(
            claims, feeds["clients"], {number: claims["submissions"]["created_on"].item()}
        )
        for number, claims in ((FORMER, night.former), (STAFF, night.staff))
    )
    proposed, findings, _ = propose(
        days,
        encounters,
        feeds["clients"],
        feeds["authorizations"],
        policies,
        settings,
        night.as_of,
        sent,
    )
    assert findings == []
    records = Records(
        lines=pl.concat([sent, proposed]),
        days=days,
        encounters=encounters,
        clients=feeds["clients"],
        authorizations=feeds["authorizations"],
        providers=feeds["providers"],
        as_of=night.as_of,
    )
    return proposed, engine.check(records, policies)


def test_same_seed_same_bytes() -> None:
    first, again, other = clinic(1), clinic(1), clinic(2)
    assert (first.settings, first.feeds) == (again.settings, again.feeds)
    assert claim_files(first) == claim_files(again)
    assert first.truth.equals(again.truth)
    assert first.feeds != other.feeds


def test_size() -> None:
    """About forty clients over eight weeks, both payers, three tracks; more on request."""
    feeds = feed_tables(made(1))
    assert feeds["clients"]["client_id"].n_unique() == 40
    assert set(feeds["clients"]["payer_id"]) == {"HARBR", "MERID"}
    assert set(feeds["encounters"]["program_track"]) == {"SUD", "MH"}
    both = feeds["encounters"].group_by("client_id").agg(pl.col("program_track").n_unique())
    assert both.filter(pl.col("program_track") == 2).height == 4
    assert feed_tables(clinic(1, clients=45))["clients"]["client_id"].n_unique() == 45


def test_every_rule_is_planted() -> None:
    truth = made(1).truth
    faults = truth.filter(kind="fault")
    assert set(faults["rule"]) == set(EVERY_RULE.split())
    mistakes = truth.filter(kind="payer_mistake")
    assert mistakes.select("rule", "where").rows() == [("AUTH-01", "former")]


def test_one_fault_a_client_and_day() -> None:
    truth = made(1).truth.filter(pl.col("kind") != "note")
    assert truth.select("client_id", "service_date").is_unique().all()
    rules = truth.group_by("client_id").agg(pl.col("rule").n_unique())
    assert rules["rule"].to_list() == [1] * rules.height


@pytest.mark.parametrize("name", sorted(made(1).feeds))
def test_feeds_read_back_without_a_finding(name: str) -> None:
    _, table, findings = read_feed(1, made(1).feeds[name])
    assert table.height > 0
    assert findings.is_empty(), findings["message"].to_list()


def test_encounters_are_recorded_once() -> None:
    """A record's versions differ; a planted fault names a record that is there."""
    encounters = feed_tables(made(1))["encounters"]
    assert encounters.select("source_record_id", "record_version").is_unique().all()
    named = made(1).truth.filter(where="encounters")["record"]
    assert set(named) <= set(encounters["source_record_id"])


@pytest.mark.parametrize("of", ["former", "staff"])
def test_claim_totals_add_up(of: str) -> None:
    claims = getattr(made(1), of)
    lines = claims["claim_lines"].group_by("claim_offset").agg(pl.col("charge_cents").sum())
    both = claims["claims"].join(lines, on="claim_offset", suffix="_of_lines")
    assert both.height == claims["claims"].height
    assert both["charge_cents"].to_list() == both["charge_cents_of_lines"].to_list()
    assert claims["claims"]["claim"].is_unique().all()
    assert claims["claim_lines"]["line_control"].is_unique().all()
    for name, table in claims.items():
        assert dict(table.schema) == TABLES[name].schema


def test_truth_names_claims_and_lines_that_are_there() -> None:
    night = made(1)
    for of, claims in (("former", night.former), ("staff", night.staff)):
        lines = claims["claim_lines"].join(
            claims["claims"].select("claim_offset", "claim"), on="claim_offset"
        )
        named = lines.select("service_date", record=pl.format("{} line {}", "claim", "line"))
        truth = night.truth.filter(where=of).select("service_date", "record")
        assert truth.height > 0
        assert truth.join(named, on=["service_date", "record"], how="anti").is_empty()


@pytest.mark.parametrize("seed", [1, 5])
def test_violations_are_exactly_the_truth(seed: int) -> None:
    """No clean day breaks a rule, and every planted fault is found once, before billing."""
    proposed, violations = judged(seed)
    assert proposed.height > 1000
    found = violations.with_columns(where=pl.col("file_id").replace_strict(WHERE))
    planted = made(seed).truth.filter(pl.col("kind") != "payer_mistake")
    assert found.select(LINE).sort(LINE).rows() == planted.select(LINE).sort(LINE).rows()


def test_days_of_the_former_system_are_not_proposed_again() -> None:
    proposed, _ = judged(1)
    former = made(1).former
    sent = former["claim_lines"].join(
        former["claims"].select("claim_offset", "member_id"), on="claim_offset"
    )
    again = proposed.join(sent, on=["member_id", "service_date"], how="semi")
    assert again.is_empty()


def test_claim_files_are_valid_and_read_back() -> None:
    """pyx12 finds nothing wrong, and parsing gives the claims that were written."""
    night = made(1)
    files = claim_files(night)
    for name, data in files.items():
        assert verdict(data) == (True, []), name
    parsed = parse(list(enumerate(files.values(), start=FORMER)))
    for number, kind, claims in ((FORMER, "837I", night.former), (STAFF, "837P", night.staff)):
        read = parsed[number]
        assert read.kind == kind
        assert read.findings.is_empty()
        for name, at in (("claims", "claim_offset"), ("claim_lines", "line_offset")):
            values = [one for one in claims[name].columns if not one.endswith("_offset")]
            back = read.tables[name].sort(at).select(values)
            assert back.rows() == claims[name].sort(at).select(values).rows()


def test_written_to_a_workspace(tmp_path: Path) -> None:
    night, place = made(1), Workspace(tmp_path)
    write_clinic(night, place)
    assert place.settings().facility.npi == night.former["claims"]["billing_npi"][0]
    dropped = {path.name: path.read_bytes() for path in place.inbox.iterdir()}
    assert dropped == {**night.feeds, **claim_files(night)}


def test_files_of_a_large_clinic_are_valid_and_each_read_once() -> None:
    """pyx12 finds nothing wrong in claims and remits, faults of billing and all; no control number recurs."""
    night = clinic(1, clients=100, weeks=14)
    files = {**claim_files(night), **night.remits}
    assert len(files) == len(night.earlier) + len(night.remits) + 3
    for name, data in files.items():
        assert verdict(data) == (True, []), name
    claims = pl.concat(
        [one["claims"]["claim"] for one in (*night.earlier, night.former, night.staff)]
    )
    assert claims.is_unique().all()


def test_a_large_clinic_of_few_earlier_weeks_has_all_but_what_lies_before_them() -> None:
    """Two weeks before the clinic's own: the denial three weeks before it is in none of them."""
    planted = set(clinic(1, clients=100, weeks=10).truth["rule"])
    assert set(clinic(1, clients=100, weeks=14).truth["rule"]) - planted == {"TF-02"}


def test_a_long_season_begins_before_the_clinic_bills_for_itself() -> None:
    """Fourteen weeks end on the same day as eight; the first six stand in a file a month."""
    short, long = clinic(1), clinic(1, weeks=14)
    assert (short.earlier, long.as_of) == ((), short.as_of)
    days = pl.concat([one["claim_lines"]["service_date"] for one in long.earlier])
    assert (days.min(), days.max()) >= (date(2025, 11, 24), date(2025, 12, 29))
    assert days.max() < date(2026, 1, 5)
    months = [
        one["claim_lines"]["service_date"].dt.month().unique().to_list() for one in long.earlier
    ]
    assert months == [[11], [12], [1]]


def test_nobody_is_in_the_carved_out_group_by_chance():
    """Of 900 numbers of groups one is Summit's SUG777, whose benefits another payer administers."""
    chance = Random(1)
    since = date(2025, 1, 1)
    groups = {people.coverage(chance, "SUMIT", since).group_number for _ in range(9000)}
    assert "SUG776" in groups
    assert people.carved_out_group("SUMIT") == "SUG777"
    assert "SUG777" not in groups
