"""A client's chart in the example clinic: episode, visits, coverage, authorizations.

A chart is made clean: three hours on three or four days a week, everything
authorized, signed and coded right. clinic_faults.py then spoils what it plants.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import msgspec
from msgspec.structs import replace

from edi_iop.simulator.clinic_people import Coverage, Person, Staff

AUTHORIZED_DAYS = 28
AUTHORIZED_UNITS = 20
CODES = {"SUD": ("H0015", "0906"), "MH": ("S9480", "0905")}

SUBSTANCE = ("F10.20", "F11.20", "F12.20", "F14.20", "F15.20")
PSYCHIATRIC = ("F33.1", "F32.1", "F41.1", "F43.10", "F31.81")

FOUR_DAYS = ((0, 1, 2, 3), (0, 1, 3, 4), (1, 2, 3, 4), (0, 2, 3, 4))
THREE_DAYS = ((0, 2, 4), (1, 2, 3), (0, 1, 3))
Plan = tuple[tuple[str, str, str], ...]
"""Sessions of one day: start, end, service type."""

PLANS: tuple[Plan, ...] = (
    (
        ("09:00", "10:30", "group"),
        ("10:30", "11:30", "education"),
        ("11:30", "12:00", "individual"),
    ),
    (("13:00", "14:30", "group"), ("14:30", "16:00", "group")),
    (("17:30", "19:00", "group"), ("19:00", "20:00", "family"), ("20:00", "20:30", "individual")),
)
TWO_HOURS: Plan = (("15:30", "16:30", "group"), ("16:30", "17:30", "family"))
"""An adolescent's day after school."""
MORNING_GROUP = ("09:00", "10:30")
"""The group session that most come to."""


def of_small_groups(place: int) -> Plan:
    """Two groups at an hour that nobody else's begin at; nine such hours, so that every group stays small."""
    hour = 6 + place % 9
    middle, end = f"{hour + 1:02d}:40", f"{hour + 3:02d}:10"
    return ((f"{hour:02d}:10", middle, "group"), (middle, end, "group"))


TWO_TRACK_PLANS: tuple[Plan, ...] = (
    # The two tracks' groups overlap by twenty minutes: 180 minutes attended, 200 listed.
    (("09:00", "10:40", "group"), ("10:20", "12:00", "group")),
    (("13:00", "14:30", "group"), ("14:30", "16:00", "education")),
)


class Encounter(msgspec.Struct, frozen=True):
    """One row of the encounters feed; fields are its columns."""

    source_record_id: str
    client_id: str
    episode_id: str
    admit_date: date
    level_of_care: str
    program_track: str
    service_date: date
    service_type: str
    rendering_npi: str
    attending_npi: str
    diagnoses: str
    start_time: str | None = None
    end_time: str | None = None
    minutes: int | None = None
    attendance: str = "attended"
    note_status: str = "signed"
    record_action: str = "add"
    record_version: int = 1
    discharge_date: date | None = None
    discharge_status: str | None = None
    admission_type: str = "3"
    admission_source: str = "1"
    auth_number: str | None = None
    procedure: str | None = None
    revenue: str | None = None
    units: int | None = None
    charge: str | None = None
    modifiers: str | None = None
    telehealth: str | None = None
    plan_certified_on: date | None = None
    plan_hours: int | None = None


class Authorization(msgspec.Struct, frozen=True):
    """One row of the authorizations feed; fields are its columns."""

    auth_number: str | None
    payer_id: str
    client_id: str
    member_id: str
    facility_npi: str | None
    program_track: str | None
    procedure: str | None
    revenue: str | None
    units: int
    from_date: date
    to_date: date
    requested_on: date
    level_of_care: str = "IOP"
    unit_basis: str = "day"
    status: str = "approved"
    review_due: date | None = None


class Chart(msgspec.Struct):
    """All that the clinic knows of one client; faults are planted by changing it."""

    person: Person
    track: str
    leading: str
    """The track that is billed: the own one, or of two the one of the principal diagnosis."""
    diagnoses: dict[str, str]
    """Diagnoses of a session by its track, principal first."""
    admitted: date
    coverages: list[Coverage]
    authorizations: list[Authorization] = msgspec.field(default_factory=list)
    visits: dict[date, list[Encounter]] = msgspec.field(default_factory=dict)
    extra: list[Encounter] = msgspec.field(default_factory=list)
    """Records beside the visits: missed events, corrections, other levels of care."""

    @property
    def client_id(self) -> str:
        return self.person.client_id

    @property
    def payer_id(self) -> str:
        return self.coverages[-1].payer_id

    def held(self, day: date) -> Coverage:
        """The coverage of a date; the last one where none covers it."""
        in_force = (one for one in self.coverages if one.first <= day <= (one.last or date.max))
        return next(in_force, self.coverages[-1])

    def days(self, monday: date) -> list[date]:
        """The attended dates of the week that begins on a Monday."""
        return sorted(day for day in self.visits if monday <= day < monday + timedelta(days=7))

    def encounters(self) -> list[Encounter]:
        """Every record, in the order an EHR would export them."""
        visits = [one for day in sorted(self.visits) for one in self.visits[day]]
        return sorted(
            [*visits, *self.extra],
            key=lambda one: (one.service_date, one.source_record_id, one.record_version),
        )

    def change(self, day: date, place: int, **changes: str | int | date | None) -> Encounter:
        """Replaces columns of the place-th session of a day, and gives the new record."""
        changed = replace(self.visits[day][place], **changes)
        self.visits[day][place] = changed
        return changed

    def change_all(self, **changes: str | int | date | None) -> None:
        """Replaces columns of every session."""
        for day, sessions in self.visits.items():
            self.visits[day] = [replace(one, **changes) for one in sessions]

    def add(self, day: date, start: str, end: str, **columns: str | int | date | None) -> Encounter:
        """Adds a record like the day's last session, at another time and with these columns."""
        like, number = self.visits[day][-1], len(self.visits[day]) + 1
        record = f"{like.source_record_id.rsplit('-', 1)[0]}-{number}"
        added = replace(like, source_record_id=record, start_time=start, end_time=end, minutes=None)
        added = replace(added, **columns)
        self.visits[day].append(added)
        return added


def attend(
    chart: Chart,
    random: Random,
    roster: tuple[Staff, ...],
    days: list[date],
    episode: int = 1,
    admitted: date | None = None,
    discharged: date | None = None,
    sessions: Plan | None = None,
) -> None:
    """Fills the chart's visits: one plan of sessions for the whole episode, on these dates."""
    two = chart.track == "CO"
    plan = sessions or random.choice(TWO_TRACK_PLANS if two else PLANS)
    tracks = (chart.leading, "MH" if chart.leading == "SUD" else "SUD") if two else (chart.track,)
    counselors = random.sample(roster[2:], len(plan))
    attending = random.choice(roster[:2]).npi
    timed = two or random.random() < 0.85  # some programs record minutes, not times
    for day in days:
        chart.visits[day] = []
        for place, (start, end, kind) in enumerate(plan):
            track = tracks[min(place, len(tracks) - 1)]
            chart.visits[day].append(
                Encounter(
                    source_record_id=f"E-{chart.client_id}-{day:%y%m%d}-{place + 1}",
                    client_id=chart.client_id,
                    episode_id=f"{chart.client_id}-{episode}",
                    admit_date=admitted or chart.admitted,
                    discharge_date=discharged,
                    discharge_status="01" if discharged else None,
                    level_of_care="IOP",
                    program_track=track,
                    service_date=day,
                    start_time=start if timed else None,
                    end_time=end if timed else None,
                    minutes=None if timed else _minutes(start, end),
                    service_type=kind,
                    rendering_npi=counselors[place].npi,
                    attending_npi=attending,
                    diagnoses=chart.diagnoses[track],
                )
            )


def in_morning_group(chart: Chart, day: date) -> bool:
    """Whether the client's first session of a date is the morning's group."""
    first = next(iter(chart.visits.get(day, [])), None)
    return first is not None and (first.start_time, first.end_time, first.service_type) == (
        *MORNING_GROUP,
        "group",
    )


def _minutes(start: str, end: str) -> int:
    hours = [int(clock[:2]) * 60 + int(clock[3:]) for clock in (start, end)]
    return hours[1] - hours[0]


def authorize(chart: Chart, random: Random, facility_npi: str, last: date) -> None:
    """Approved authorizations end to end over the chart's time, enough for four days a week."""
    held = chart.coverages[-1]
    procedure, revenue = CODES[chart.leading]
    begins = max(chart.admitted, held.first)
    while begins <= last:
        chart.authorizations.append(
            Authorization(
                auth_number=f"{held.payer_id[:1]}A{random.randrange(10**6, 10**7)}",
                payer_id=held.payer_id,
                client_id=chart.client_id,
                member_id=held.member_id,
                facility_npi=facility_npi,
                program_track=chart.leading,
                procedure=procedure,
                revenue=revenue,
                units=AUTHORIZED_UNITS,
                from_date=begins,
                to_date=begins + timedelta(days=AUTHORIZED_DAYS - 1),
                requested_on=begins - timedelta(days=random.randint(2, 6)),
            )
        )
        begins += timedelta(days=AUTHORIZED_DAYS)


def name_authorizations(chart: Chart) -> None:
    """Writes on each visit the number of the authorization that the EHR believes covers it."""
    for day, sessions in chart.visits.items():
        number = next(
            (a.auth_number for a in chart.authorizations if a.from_date <= day <= a.to_date), None
        )
        chart.visits[day] = [replace(one, auth_number=number) for one in sessions]
