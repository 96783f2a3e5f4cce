"""A synthetic behavioural clinic: two months of intensive outpatient care, with planted faults.

The same seed gives the same bytes. The truth lists every planted fault; all
other days are clean. All people, numbers and payers are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from random import Random

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.rules import policy
from edi_iop.settings import Workspace, decode
from edi_iop.simulator import clinic_charts as charting
from edi_iop.simulator import clinic_lives as lives
from edi_iop.simulator import clinic_people as people
from edi_iop.simulator.clinic_answers import (
    DAYS_LEFT,
    DAYS_TO_APPEAL,
    DENIED_LONG_AGO,
    DENIED_WEEK,
    PAID_LESS,
    answer,
    denied_long_ago,
    paid_less,
)
from edi_iop.simulator.clinic_billed import (
    FORMER,
    SISTER_SENT,
    Books,
    enrollments,
)
from edi_iop.simulator.clinic_cases import CASES, MORE, Case
from edi_iop.simulator.clinic_charts import Chart
from edi_iop.simulator.clinic_faults import (
    MIDDLE,
    Planted,
    Season,
    all_days,
    billed_test,
    crowded,
    middle_day,
)
from edi_iop.simulator.clinic_feeds import OTHERS, SETTINGS, feeds
from edi_iop.simulator.clinic_former import (
    FORMER_WEEKS,
    Ledger,
    earlier_claims,
    spoilt_claims,
    tables_of,
)
from edi_iop.simulator.clinic_people import Staff
from edi_iop.simulator.clinic_staff import staff_claims, write_837p
from edi_iop.transcribe.write import write_837i
from edi_iop.x12.writer import Envelope

Tables = dict[str, pl.DataFrame]

START = date(2026, 1, 5)
"""A Monday."""
WEEKS = 8
ROSTER_SINCE = date(2022, 7, 1)
FORMER_CONTROL = 42
"""Interchange and group control number of the former system's last file; earlier ones count down."""
SISTER_CONTROL = 91
LARGE_GROUP = 8
"""Others in a group that is to be too large: with one more they are more than the payer's most."""

TRUTH = {
    "kind": pl.String(),
    "rule": pl.String(),
    "severity": pl.String(),
    "client_id": pl.String(),
    "payer_id": pl.String(),
    "service_date": pl.Date(),
    "where": pl.String(),
    "record": pl.String(),
    "says": pl.String(),
}
"""One row a line that breaks a rule.

kind: fault; note (a rule has something to say, and nothing is wrong); payer_mistake
(a right line that the payer will deny all the same).
"""


class Clinic(msgspec.Struct, frozen=True):
    """One night's drops and what is wrong with them."""

    settings: str
    """settings.toml"""
    feeds: dict[str, bytes]
    """File name -> CSV or XML."""
    former: Tables
    """What the former billing system sent (837I)."""
    earlier: tuple[Tables, ...]
    """What it had sent in the months before, a file a month."""
    sister: Tables | None
    """What a large clinic's sister facility sent (837I)."""
    staff: Tables
    """What a practice of the clinic's physicians sent (837P)."""
    remits: dict[str, bytes]
    """What payers of a large clinic have answered of all that: file name -> 835."""
    truth: pl.DataFrame
    """TRUTH"""
    roster: tuple[Staff, ...]
    as_of: date
    """The day to run the first night on."""


def clinic(seed: int, clients: int = len(CASES), start: date = START, weeks: int = WEEKS) -> Clinic:
    """The clinic of a seed, at least 40 clients and 8 weeks, as the faults need.

    start: the Monday from which the clinic bills for itself. What goes beyond 8
    weeks lies before it and was billed by the former system. All cases occur once
    for every hundred clients, the others are clean.
    """
    random = Random(seed)
    rounds = clients // lives.CLIENTS_A_ROUND
    text = SETTINGS.format(npi=lives.NPI, others=OTHERS if rounds else "")
    settings = decode(text)
    roster = people.staff(random)
    season = Season(random, roster, start, WEEKS, max(weeks - WEEKS, 0))
    planned = (*CASES, *MORE) * rounds or CASES
    cases = [*planned, *_more(random, clients - len(planned))]
    seasons = [
        _at_some_week(season) if place >= len(CASES) else season for place in range(len(cases))
    ]
    charts = [lives.chart(case, number, season) for number, case in enumerate(cases, start=1)]
    policies = {payer.id: policy.load(payer.policy, start) for payer in settings.payers}
    earlier = earlier_claims(charts, settings, policies, roster, start)
    planted = _lived(cases, charts, seasons)
    planted += _put_together(cases, charts, seasons)
    ledger = Ledger(settings, policies, roster, start)
    former, sister, planted_there = _billed(cases, charts, ledger, random)
    remits, planted_in_answers = _answers(cases, charts, ledger, former, earlier)
    merged = _merged(cases, charts, season)
    enrolled = enrollments(lives.NPI, start) if rounds else ()
    staffed = [chart for case, chart in zip(cases, charts, strict=True) if case.special == "staff"]
    staff, planted_by_staff = staff_claims(staffed, settings, roster, start)
    return Clinic(
        settings=text,
        feeds=feeds(charts, roster, ROSTER_SINCE, enrolled),
        former=former,
        earlier=earlier,
        sister=sister,
        staff=staff,
        remits=remits,
        truth=_truth([*planted, *planted_there, *planted_by_staff, *merged, *planted_in_answers]),
        roster=roster,
        as_of=season.last + timedelta(days=1),
    )


def _billed(
    cases: list[Case], charts: list[Chart], ledger: Ledger, random: Random
) -> tuple[Tables, Tables | None, list[Planted]]:
    """The former system's last claims and the sister facility's, and what was planted in them."""
    annex = decode(SETTINGS.format(npi=people.SISTER_NPI, others=OTHERS))
    sister = Ledger(annex, ledger.policies, ledger.roster, ledger.start, "SF26")
    books = Books(ledger, sister)
    planted = spoilt_claims(_former(cases, charts), ledger, random, FORMER)
    for case, chart in zip(cases, charts, strict=True):
        if case.billed is not None:
            planted += case.billed(books, chart)
    sent = ledger.start + timedelta(weeks=FORMER_WEEKS)
    former = tables_of(ledger, 1, "OLD0042", sent)
    if not sister.claims:
        return former, None, planted
    later = ledger.start + timedelta(weeks=SISTER_SENT)
    return former, tables_of(sister, 3, "SF0007", later), planted


def _answers(
    cases: list[Case],
    charts: list[Chart],
    ledger: Ledger,
    former: Tables,
    earlier: tuple[Tables, ...],
) -> tuple[dict[str, bytes], list[Planted]]:
    """The remits of a large clinic, and what was planted in them."""
    night = ledger.start + timedelta(weeks=WEEKS)
    pairs = list(zip(cases, charts, strict=True))
    files: dict[str, bytes] = {}
    planted: list[Planted] = []
    less = [paid_less(ledger, chart) for case, chart in pairs if case.former == "paid_less"]
    if less:
        day = night - timedelta(days=10)
        claims = [one for one, _ in less]
        files["835-harbor.edi"] = answer(former, claims, PAID_LESS, day, ledger.settings)
    month = (ledger.start + timedelta(weeks=DENIED_WEEK)).replace(day=1)
    tables = next((one for one in earlier if _first_day(one).replace(day=1) == month), None)
    denied = [
        denied_long_ago(tables, chart, ledger.start)
        for case, chart in pairs
        if case.special == "denied_long_ago"
        and tables is not None
        and chart.days(ledger.start + timedelta(weeks=DENIED_WEEK))
    ]
    if denied and tables is not None:
        day = night - timedelta(days=DAYS_TO_APPEAL - DAYS_LEFT)
        claims = [one for one, _ in denied]
        files["835-meridian.edi"] = answer(tables, claims, DENIED_LONG_AGO, day, ledger.settings)
    for _, told in [*less, *denied]:
        planted += told
    return files, planted


def _merged(cases: list[Case], charts: list[Chart], season: Season) -> list[Planted]:
    """Days that stand in the feed under both tracks and are ours to bill: merged into one (DUP-05)."""
    theirs = season.start + timedelta(weeks=FORMER_WEEKS)
    says = "the day stands in the feed under both tracks"
    return [
        replace(note, kind="note")
        for case, chart in zip(cases, charts, strict=True)
        if case.track == "CO"
        for note in all_days(
            chart,
            [
                day
                for day in sorted(chart.visits)
                if day >= (season.start if case.former is None else theirs)
                and len({one.program_track for one in chart.visits[day]}) > 1
            ],
            "DUP-05",
            says,
        )
    ]


def _at_some_week(season: Season) -> Season:
    """The same season, its faults in another of the weeks that can have them."""
    return replace(season, middle=season.random.choice((MIDDLE - 1, MIDDLE, MIDDLE + 1)))


def _lived(cases: list[Case], charts: list[Chart], seasons: list[Season]) -> list[Planted]:
    """Changes the charts as their cases ask, and tells what was planted."""
    planted: list[Planted] = []
    for case, chart, season in zip(cases, charts, seasons, strict=True):
        if case.plant is not None:
            planted += case.plant(chart, season)
        elif case.special == "lab_apart":
            # Tests are paid apart by this payer: a line that looks like BUN-04 and is none.
            billed_test(chart, chart.days(season.monday(MIDDLE))[1])
        elif not case.special:
            lives.ordinary_life(chart, season)
    return planted


def _put_together(cases: list[Case], charts: list[Chart], seasons: list[Season]) -> list[Planted]:
    """Those who are promised small groups once come to the morning's, made larger than their payer's most."""
    planted: list[Planted] = []
    for case, chart, season in zip(cases, charts, seasons, strict=True):
        if case.special != "small_groups":
            continue
        leader = season.roster[2].npi
        day = middle_day(chart, season)
        others = [one for one in charts if charting.in_morning_group(one, day)]
        for other in others[:LARGE_GROUP]:
            other.change(day, 0, rendering_npi=leader)
        planted += crowded(chart, day, leader)
    return planted


def write_clinic(clinic: Clinic, workspace: Workspace) -> None:
    """Writes settings.toml, and every drop into inbox/; the truth is not written."""
    workspace.inbox.mkdir(parents=True, exist_ok=True)
    workspace.settings_file.write_text(clinic.settings, encoding="utf-8")
    for name, data in {**clinic.feeds, **claim_files(clinic), **clinic.remits}.items():
        (workspace.inbox / name).write_bytes(data)


def claim_files(clinic: Clinic) -> dict[str, bytes]:
    """The claims that others sent, as they sent them: the former system's 837I, the staff's 837P."""
    months = {
        f"former-system-{_first_day(tables):%Y-%m}.837": _written(tables, FORMER_CONTROL - back)
        for back, tables in enumerate(reversed(clinic.earlier), start=1)
    }
    others = {} if clinic.sister is None else {"annex.837": _written(clinic.sister, SISTER_CONTROL)}
    return {
        **months,
        **others,
        "former-system.837": _written(clinic.former, FORMER_CONTROL),
        "physicians-group.837": write_837p(clinic.staff, clinic.roster),
    }


def _first_day(tables: Tables) -> date:
    first: date = tables["claims"]["statement_from"].sort()[0]
    return first


def _written(tables: Tables, control: int) -> bytes:
    """The 837I of one submission."""
    sent = tables["submissions"].row(0, named=True)
    envelope = Envelope(
        sender_id=sent["sender_id"],
        receiver_id=sent["receiver_id"],
        interchange_control=control,
        group_control=control,
        created=datetime.combine(sent["created_on"], time.fromisoformat(sent["created_at"])),
        usage=sent["usage"],
    )
    return write_837i(tables, envelope)


def _more(random: Random, count: int) -> list[Case]:
    """Clean clients beyond those of the cases."""
    kinds = [("SUD", ""), ("MH", ""), ("CO", "SUD"), ("CO", "MH")]
    return [
        Case(random.choice(("HARBR", "MERID")), *random.choice(kinds)) for _ in range(max(count, 0))
    ]


def _former(cases: list[Case], charts: list[Chart]) -> Mapping[str, list[Chart]]:
    """Clients of the former system by what it did wrong."""
    groups: dict[str, list[Chart]] = {}
    for case, chart in zip(cases, charts, strict=True):
        if case.former is not None:
            groups.setdefault(case.former, []).append(chart)
    return groups


def _truth(planted: list[Planted]) -> pl.DataFrame:
    rows = [{name: getattr(each, name) for name in TRUTH} for each in planted]
    return pl.DataFrame(rows, schema=TRUTH).sort("rule", "client_id", "service_date", "record")
