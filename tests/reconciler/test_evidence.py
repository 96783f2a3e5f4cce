"""What our records hold for and against a denied day: H0015 of 2 February 2026, client C1, harbor.

Authorization A1 of 20 units covers January to March; coverage runs since 2025; 195 minutes were
attended and signed; the claim was sent on the 6th."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import polars as pl
import pytest
from denial_cases import AUTHORIZATION, CLIENT, FEB2, FEB3, POLICIES, Case, day
from msgspec.structs import replace
from remit_rows import claim, claim_line, frame

from edi_iop.reconciler.evidence import missing, older, support
from edi_iop.rules.lines import service_lines
from edi_iop.rules.records import History, Records

FEB1, FEB6 = date(2026, 2, 1), date(2026, 2, 6)


@cache
def held() -> Records:
    case = Case()
    at = {"file_id": 7, "row": 2, "source_record_id": "R1", "client_id": "C1", "service_date": FEB2}
    return Records(
        lines=service_lines(case.sent, case.clients, {1: FEB6}),
        days=case.days,
        encounters=frame("encounters", [at]),
        clients=case.clients,
        authorizations=case.authorizations,
        providers=frame("providers", []),
        as_of=date(2026, 3, 15),
    )


def about(records: Records) -> pl.DataFrame:
    lines = records.lines.rename({"file_id": "claim_file_id"})
    return lines.with_columns(denial=pl.lit(0, pl.UInt32))


def shown(kind: str, records: Records | None = None) -> list[str]:
    """The evidence of a kind."""
    of = records or held()
    found = support(about(of), of, POLICIES).filter(pl.col("kind") == kind)
    return found["evidence"].explode().drop_nulls().to_list()


def authorized(**values: Any) -> list[str]:
    row = frame("authorizations", [AUTHORIZATION | values])
    return shown("authorization", replace(held(), authorizations=row))


@pytest.mark.parametrize(
    ("values", "covers"),
    [
        ({}, True),
        ({"from_date": FEB2, "to_date": FEB2}, True),
        ({"from_date": FEB3}, False),
        ({"to_date": FEB1}, False),
        ({"status": "denied"}, False),
        ({"status": "pending"}, False),
        ({"level_of_care": "PHP"}, False),
        ({"client_id": "C2"}, False),
        ({"payer_id": "MERID"}, False),
        ({"procedure": "S9480"}, False),
        ({"revenue": "0905"}, False),
        ({"program_track": "MH"}, False),
        ({"program_track": "CO"}, True),
        ({"member_id": "M2"}, False),
        ({"member_id": "m-1"}, True),  # as a feed writes it
    ],
)
def test_an_approved_authorization_of_the_day_and_service_is_evidence(
    values: dict[str, Any], covers: bool
):
    assert authorized(**values) == (["authorization:A1"] if covers else [])


def test_a_payer_that_asks_for_none_is_its_own_evidence():
    """Meridian asks for no authorization."""
    records = replace(held(), authorizations=held().authorizations.clear())
    meridian = records.lines.with_columns(payer_id=pl.lit("MERID"))
    assert shown("authorization", replace(records, lines=meridian)) == ["policy:meridian 2026.1"]
    assert shown("authorization", records) == []


@pytest.mark.parametrize(
    ("first", "last", "covered"),
    [
        (date(2025, 1, 1), None, True),
        (FEB2, FEB2, True),
        (FEB3, None, False),
        (date(2025, 1, 1), FEB1, False),
    ],
)
def test_coverage_from_its_first_day_to_its_last(first: date, last: date | None, covered: bool):
    clients = frame("clients", [CLIENT | {"coverage_from": first, "coverage_to": last}])
    found = shown("client", replace(held(), clients=clients))
    assert found == (["client:C1"] if covered else [])


def test_coverage_with_another_payer_shows_nothing_of_this_one():
    clients = frame("clients", [CLIENT | {"payer_id": "MERID"}])
    assert shown("client", replace(held(), clients=clients)) == []


def test_attended_sessions_of_intensive_outpatient_days_alone():
    assert shown("encounter") == ["encounter:R1"]
    for other in (day(level_of_care="PHP"), day(on=FEB3), day(client_id="C2"), day(encounters=[])):
        assert shown("encounter", replace(held(), days=frame("days", [other]))) == []


def test_the_claim_and_the_file_it_went_out_in_unless_it_replaced_another():
    """A replacement has a clock of its own: when it left tells nothing of the first filing."""
    assert shown("submission") == ["claim:EAAA line 1", "file:1"]
    again = held().lines.with_columns(frequency=pl.lit("7"))
    assert shown("submission", replace(held(), lines=again)) == []
    unknown = held().lines.with_columns(sent_on=pl.lit(None, pl.Date))
    assert shown("submission", replace(held(), lines=unknown)) == []
    assert shown("claim") == ["claim:EAAA line 1"]


def test_nothing_is_looked_up_that_is_not_asked_for():
    asked = pl.DataFrame({"denial": [0], "kind": ["claim"]}, schema_overrides={"denial": pl.UInt32})
    assert support(about(held()), held(), POLICIES, asked)["kind"].to_list() == ["claim"]


# ---------------------------------------------------------------- what is missing


def lacks(need: str, **records: Any) -> bool:
    of = replace(held(), **records)
    return missing(about(of), of, POLICIES)[need].item() is not None


def test_records_are_there_where_any_of_their_kind_is():
    """Of encounters any of the client in the month of the day; of authorizations any of the payer."""
    for need in ("days", "authorizations", "clients", "lines", "answers"):
        assert not lacks(need), need
    january = held().encounters.with_columns(service_date=pl.lit(date(2026, 1, 31)))
    other = held().encounters.with_columns(client_id=pl.lit("C2"))
    last = held().encounters.with_columns(service_date=pl.lit(date(2026, 2, 28)))
    assert lacks("days", encounters=january)
    assert lacks("days", encounters=other)
    assert not lacks("days", encounters=last)
    meridians = frame("authorizations", [AUTHORIZATION | {"payer_id": "MERID"}])
    assert lacks("authorizations", authorizations=meridians)
    to_meridian = held().lines.with_columns(payer_id=pl.lit("MERID"))
    assert not lacks(
        "authorizations", authorizations=held().authorizations.clear(), lines=to_meridian
    )
    assert lacks("clients", lines=held().lines.with_columns(client_id=pl.lit(None, pl.String)))


def test_enrollments_are_no_roster_and_those_with_one_payer_none_with_another():
    person = {"file_id": 8, "row": 2, "npi": "1999999984", "last_name": "Sample"}
    roster = frame("providers", [person])
    ours = frame("providers", [person | {"payer_id": "HARBR"}])
    theirs = frame("providers", [person | {"payer_id": "MERID"}])
    told = [
        (lacks("providers", providers=one), lacks("enrollments", providers=one))
        for one in (held().providers, roster, ours, theirs)
    ]
    assert told == [(True, True), (False, True), (True, False), (True, True)]


def test_plans_and_consents_are_there_where_any_client_has_one():
    assert lacks("consents")
    consents = frame("clients", [CLIENT | {"part2_consent": "N"}])
    assert not lacks("consents", clients=consents)
    assert lacks("plans")
    planned = held().encounters.with_columns(plan_certified_on=pl.lit(FEB1))
    assert not lacks("plans", encounters=planned)


def test_of_a_claim_denied_as_a_whole_what_one_line_lacks_is_lacking():
    case = Case(
        heads=[claim(100, "EAAA"), claim(200, "EBBB", member_id="M9")],
        lines=[claim_line(100, 150), claim_line(200, 250)],
    )
    lines = service_lines(case.sent, case.clients, {1: FEB6})
    assert lacks("clients", lines=lines)


# ---------------------------------------------------------------- how far back


@pytest.mark.parametrize(
    ("sent_from", "answered_from", "expected"),
    [
        (FEB2, FEB6, (None, None)),  # since the day of service, and since the claim was sent
        (FEB3, FEB6, ("claims sent before 2026-02-03", None)),
        (FEB2, date(2026, 2, 7), (None, "the payer's answers before 2026-02-07")),
        (None, None, ("claims sent", "the payer's answers")),
    ],
)
def test_what_may_lie_before_all_our_records(
    sent_from: date | None, answered_from: date | None, expected: tuple[str | None, str | None]
):
    found = older(about(held()), History(sent_from, answered_from))
    assert found.select("sent", "answers").row(0) == expected


def test_a_claim_of_which_the_day_it_left_is_not_known_was_answered_after_its_service():
    unknown = replace(held(), lines=held().lines.with_columns(sent_on=pl.lit(None, pl.Date)))
    assert older(about(unknown), History(FEB2, FEB2))["answers"].item() is None
    assert older(about(unknown), History(FEB2, FEB3))["answers"].item() is not None


def test_of_a_claim_of_several_days_the_first_decides_how_far_back():
    case = Case(
        heads=[claim(100, "EAAA", statement_to=FEB3)],
        lines=[claim_line(100, 150), claim_line(100, 160, line=2, service_date=FEB3)],
    )
    two = replace(held(), lines=service_lines(case.sent, case.clients, {1: FEB6}))
    assert older(about(two), History(FEB2, FEB6))["sent"].item() is None
    assert older(about(two), History(FEB3, FEB6))["sent"].item() is not None
