"""What the clinic's former billing system sent in its last weeks: one 837I, never scrubbed.

Weekly claims of the clients of that time (005010X223A2), right except for the
faults planted here, which our own mapper would not make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from random import Random

import msgspec
import polars as pl
from msgspec.structs import asdict

from edi_iop.money import to_cents
from edi_iop.rules.policy import Pair, Policy
from edi_iop.settings import Settings
from edi_iop.simulator.clinic_charts import Chart
from edi_iop.simulator.clinic_faults import Planted
from edi_iop.simulator.clinic_people import Coverage, Person, Staff
from edi_iop.tables import (
    CLAIM_CODES,
    CLAIM_DIAGNOSES,
    CLAIM_LINES,
    CLAIMS,
    SUBMISSIONS,
    Table,
)

Tables = dict[str, pl.DataFrame]
Row = dict[str, object]

FORMER_WEEKS = 3
"""The first weeks, which the former system billed."""
FAULT_WEEK = 1
"""The week of the planted faults."""
SENDER = "OLDBILLING"
EARLIER = 1001
"""File number of the first month's claims."""
_FIRST, _CONTINUING, _STAYS = "2", "3", "30"


class Ledger(msgspec.Struct):
    """The claims under construction: rows of the tables, numbered as they are added."""

    settings: Settings
    policies: Mapping[str, Policy]
    roster: tuple[Staff, ...]
    start: date
    prefix: str = "OB26"
    """Of claim numbers."""
    condition_codes: list[Row] = msgspec.field(default_factory=list)
    claims: list[Row] = msgspec.field(default_factory=list)
    lines: list[Row] = msgspec.field(default_factory=list)
    diagnoses: list[Row] = msgspec.field(default_factory=list)

    def pair(self, payer_id: str, track: str) -> Pair:
        return self.policies[payer_id].pair_for(track)


Plant = Callable[[Ledger, Chart], list[Planted]]
"""Spoils a client's claims, which are there already, and tells what it planted."""


def spoilt_claims(
    charts: Mapping[str, list[Chart]],
    ledger: Ledger,
    random: Random,
    others: Mapping[str, Plant],
) -> list[Planted]:
    """Writes the former system's claims into the ledger; what was planted in them.

    charts: the clients of that time by what is wrong with their claims: '' (nothing),
    'two_tracks', 'line_twice', 'resubmitted', 'payer_mistake', or what else `others` plants.
    """
    planted: list[Planted] = []
    for chart in (chart for group in charts.values() for chart in group):
        for week in range(FORMER_WEEKS):
            weekly_claim(ledger, chart, week_of(ledger, chart, week), chart.leading)
    for chart in charts.get("two_tracks", ()):
        planted += _two_tracks(ledger, chart)
    for chart in charts.get("resubmitted", ()):
        planted += _resubmitted(ledger, chart)
    for chart in charts.get("line_twice", ()):
        planted += _line_twice(ledger, chart)
    for chart in charts.get("payer_mistake", ()):
        planted += _payer_mistake(ledger, chart, random)
    for kind, plant in others.items():
        for chart in charts.get(kind, ()):
            planted += plant(ledger, chart)
    return planted


def earlier_claims(
    charts: Sequence[Chart],
    settings: Settings,
    policies: Mapping[str, Policy],
    roster: tuple[Staff, ...],
    start: date,
) -> tuple[Tables, ...]:
    """Everything attended before a day, all of it right: weekly claims, a file a month."""
    months = sorted({day.replace(day=1) for chart in charts for day in chart.visits if day < start})
    return tuple(
        _month(charts, Ledger(settings, policies, roster, month, f"OB{month:%y%m}"), start, number)
        for number, month in enumerate(months, start=EARLIER)
    )


def _month(charts: Sequence[Chart], ledger: Ledger, until: date, file_id: int) -> Tables:
    """One month's claims: a client's week ends with the month, too."""
    first = ledger.start
    after = min((first + timedelta(days=31)).replace(day=1), until)
    for chart in charts:
        weeks: dict[date, list[date]] = {}
        for day in sorted(chart.visits):
            if first <= day < after:
                weeks.setdefault(day - timedelta(days=day.weekday()), []).append(day)
        for days in weeks.values():
            weekly_claim(ledger, chart, days, chart.leading)
    return tables_of(ledger, file_id, f"OLD{first:%y%m}", after)


def week_of(ledger: Ledger, chart: Chart, week: int) -> list[date]:
    return chart.days(ledger.start + timedelta(weeks=week))


def weekly_claim(ledger: Ledger, chart: Chart, days: list[date], track: str) -> str:
    """One claim of one week's days under a track's codes; gives its CLM01."""
    number = len(ledger.claims) + 1
    claim = f"{ledger.prefix}{number:04}"
    held = chart.held(days[0])
    policy = ledger.policies[held.payer_id]
    pair = _service(policy, track)
    units = {day: _units(chart, day, policy, pair) for day in days}
    price = to_cents(ledger.settings.charges[pair.procedure])
    visit = chart.visits[days[0]][0]
    ledger.claims.append(
        {
            "claim_offset": number,
            "claim": claim,
            "charge_cents": price * sum(units.values()),
            "frequency": _FIRST if days[0] < chart.admitted + timedelta(days=7) else _CONTINUING,
            "statement_from": days[0],
            "statement_to": days[-1],
            "admission_date": chart.admitted,
            "admission_type": visit.admission_type,
            "admission_source": visit.admission_source,
            "auth_number": visit.auth_number,
            "medical_record": chart.client_id,
            **_facility(ledger.settings),
            **_subscriber(chart.person, held),
            **_payer(ledger.settings, held.payer_id),
            **_attending(ledger.roster, visit.attending_npi),
        }
    )
    for day in days:
        add_line(ledger, day, pair, units[day], price * units[day])
    ledger.diagnoses += diagnosis_rows(number, chart.diagnoses[track])
    ledger.condition_codes += condition_rows(number, policy.billing.codes.condition)
    return claim


def _service(policy: Policy, track: str) -> Pair:
    """What a day is billed as: the track's per diem, or where there is none a group session."""
    if not policy.iop.by_component:
        return policy.pair_for(track)
    group = policy.billing.components["group"]
    return Pair(procedure=group.procedure, revenue=group.revenue)


def _units(chart: Chart, day: date, policy: Policy, pair: Pair) -> int:
    """A program's day is three hours: one per diem, or three units by the hour; else its group sessions."""
    if not policy.iop.by_component:
        return pair.units(180)
    return max(sum(one.service_type == "group" for one in chart.visits[day]), 1)


def condition_rows(claim_offset: int, codes: Sequence[str]) -> list[Row]:
    """Condition codes of a claim (HI BG)."""
    return [
        {
            "claim_offset": claim_offset,
            "byte_offset": claim_offset * 2 + 2,
            "position": position,
            "qualifier": "BG",
            "code": code,
        }
        for position, code in enumerate(codes, start=1)
    ]


def diagnosis_rows(claim_offset: int, diagnoses: str) -> list[Row]:
    """Diagnoses of a claim, principal first: an HI segment of its own, and one for the others."""
    return [
        {
            "claim_offset": claim_offset,
            "byte_offset": claim_offset * 2 + min(place, 1),
            "position": max(place, 1),
            "qualifier": "ABF" if place else "ABK",
            "diagnosis": code,
        }
        for place, code in enumerate(diagnoses.replace(".", "").split())
    ]


def add_line(ledger: Ledger, day: date, pair: Pair, units: int, charge: int) -> int:
    """Adds a line to the last claim; gives its number."""
    claim = ledger.claims[-1]
    last = ledger.lines[-1] if ledger.lines else {}
    number = 1
    if last.get("claim_offset") == claim["claim_offset"]:
        number += int(str(last["line"]))
    ledger.lines.append(
        {
            "claim_offset": claim["claim_offset"],
            "line": number,
            "revenue": pair.revenue,
            "qualifier": "HC",
            "procedure": pair.procedure,
            "charge_cents": charge,
            "unit_basis": "UN",
            "units": float(units),
            "service_date": day,
            "line_control": f"{claim['claim']}L{number}",
        }
    )
    return number


# ------------------------------------------------------------------ faults


def planted_line(chart: Chart, rule: str, day: date, claim: str, line: int, says: str) -> Planted:
    record = f"{claim} line {line}"
    return Planted(rule, chart.client_id, chart.payer_id, day, "former", record, says)


def _two_tracks(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A week's days billed a second time under the other track's code (DUP-01)."""
    other = "MH" if chart.leading == "SUD" else "SUD"
    days = week_of(ledger, chart, FAULT_WEEK)
    claim = weekly_claim(ledger, chart, days, other)
    says = "both tracks of a dual-diagnosis day were billed, on two claims"
    return [
        planted_line(chart, "DUP-01", day, claim, line, says)
        for line, day in enumerate(days, start=1)
    ]


def _resubmitted(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A week's claim sent again under another number (DUP-03)."""
    days = week_of(ledger, chart, FAULT_WEEK)
    claim = weekly_claim(ledger, chart, days, chart.leading)
    says = "the same days were sent before on another claim"
    return [
        planted_line(chart, "DUP-03", day, claim, line, says)
        for line, day in enumerate(days, start=1)
    ]


def _line_twice(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A morning and an evening of one day on two lines of one claim (DUP-02)."""
    days = week_of(ledger, chart, FAULT_WEEK)
    claim = claim_of(ledger, chart, days[0])
    same = next(
        line
        for line in ledger.lines
        if line["claim_offset"] == claim["claim_offset"] and line["service_date"] == days[1]
    )
    number = len(days) + 1
    again = {**same, "line": number, "line_control": f"{claim['claim']}L{number}"}
    ledger.lines.append(again)
    claim["charge_cents"] = cents(claim) + cents(same)
    says = "one day stands on two lines of a claim"
    return [planted_line(chart, "DUP-02", days[1], str(claim["claim"]), number, says)]


def claim_of(ledger: Ledger, chart: Chart, first: date) -> Row:
    """The client's first claim of the week that begins on a date."""
    return next(
        row
        for row in ledger.claims
        if row["medical_record"] == chart.client_id and row["statement_from"] == first
    )


def cents(row: Row) -> int:
    charge = row["charge_cents"]
    assert isinstance(charge, int)
    return charge


def _payer_mistake(ledger: Ledger, chart: Chart, random: Random) -> list[Planted]:
    """A right line that the payer will deny for want of the authorization it carries (AUTH-01)."""
    days = week_of(ledger, chart, FAULT_WEEK)
    line = random.randrange(len(days))
    claim = str(claim_of(ledger, chart, days[0])["claim"])
    says = "authorized and sent with the number; a denial for it is to be appealed"
    mistake = planted_line(chart, "AUTH-01", days[line], claim, line + 1, says)
    return [Planted(**{**asdict(mistake), "kind": "payer_mistake"})]


# ----------------------------------------------------------------- parties


def _facility(settings: Settings) -> Row:
    billing = settings.facility
    return {
        "form": "I",
        "facility_type": billing.facility_type,
        "assignment": "A",
        "benefits_assigned": "Y",
        "release": "Y",
        "admission_hour": "0900",
        "patient_status": _STAYS,
        "billing_name": billing.name,
        "billing_npi": billing.npi,
        "billing_taxonomy": billing.taxonomy,
        "billing_address1": billing.address1,
        "billing_city": billing.city,
        "billing_state": billing.state,
        "billing_zip": billing.zip,
        "billing_tin": billing.tin,
    }


def _subscriber(person: Person, held: Coverage) -> Row:
    """Subscriber and, where that is someone else, patient (loops 2010BA and 2010CA)."""
    own = person.relationship == "18"
    names: Row = (
        {}
        if own
        else {
            "subscriber_last_name": person.last_name,
            "subscriber_first_name": person.subscriber_first_name,
        }
    )
    return {
        "payer_responsibility": "P",
        "group_number": held.group_number,
        "member_id": held.member_id,
        "relationship": person.relationship,
        **names,
        **demographics(person, "subscriber" if own else "patient"),
    }


def demographics(person: Person, who: str) -> Row:
    """A person's columns on a claim: subscriber_... or patient_..."""
    names = ("last_name", "first_name", "birth_date", "sex", "address1", "city", "state", "zip")
    return {f"{who}_{name}": getattr(person, name) for name in names}


def _payer(settings: Settings, payer_id: str) -> Row:
    payer = next(payer for payer in settings.payers if payer.id == payer_id)
    return {
        "payer_id": payer.id,
        "payer_name": payer.name,
        "filing_indicator": payer.filing_indicator,
    }


def _attending(roster: tuple[Staff, ...], npi: str) -> Row:
    staff = next(staff for staff in roster if staff.npi == npi)
    return {
        "attending_npi": staff.npi,
        "attending_last_name": staff.last_name,
        "attending_first_name": staff.first_name,
        "attending_taxonomy": staff.taxonomy,
    }


def tables_of(ledger: Ledger, file_id: int, reference: str, created: date) -> Tables:
    submission: Row = {
        **batch(ledger.settings, SENDER, ledger.settings.submitter.name),
        "guide": "005010X223A2",
        "reference": reference,
        "created_on": created,
        "created_at": "0615",
        "submitter_contact": ledger.settings.submitter.contact,
        "submitter_phone": ledger.settings.submitter.phone,
    }
    lines = sorted(ledger.lines, key=lambda row: (row["claim_offset"], row["line"]))
    numbered = [{"line_offset": at, **row} for at, row in enumerate(lines, start=1)]
    return framed(
        file_id, submission, ledger.claims, numbered, ledger.diagnoses, ledger.condition_codes
    )


def batch(settings: Settings, sender: str, name: str) -> Row:
    """What a submission to the clinic's clearinghouse says whoever sends it."""
    partner = settings.partners[0]
    return {
        "sender_id": sender,
        "receiver_id": partner.id,
        "usage": settings.usage,
        "transaction_control": "0001",
        "purpose": "00",
        "transaction_type": "CH",
        "submitter_name": name,
        "submitter_id": sender,
        "receiver_name": partner.name,
        "receiver_code": partner.id,
    }


def framed(
    file_id: int,
    submission: Row,
    claims: list[Row],
    lines: list[Row],
    diagnoses: list[Row],
    condition_codes: list[Row] | None = None,
) -> Tables:
    """One submission's rows as canonical tables."""
    whole: Row = {"file_id": file_id, "transaction_offset": 0}
    rows: tuple[tuple[Table, list[Row]], ...] = (
        (SUBMISSIONS, [submission]),
        (CLAIMS, claims),
        (CLAIM_LINES, lines),
        (CLAIM_DIAGNOSES, diagnoses),
        *(((CLAIM_CODES, condition_codes),) if condition_codes else ()),
    )
    return {
        table.name: table.conform(
            pl.DataFrame([{**whole, **row} for row in part], infer_schema_length=None)
        )
        for table, part in rows
    }
