"""The faults planted in the example clinic's own records: each breaks one rule on its days.

Every function spoils one chart and says what it planted. Faults that the mapper
would resolve by itself stand in the former system's claims (clinic_former.py).
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import msgspec
from msgspec.structs import replace

from edi_iop.simulator.clinic_charts import MORNING_GROUP, Chart, Encounter, attend
from edi_iop.simulator.clinic_people import Staff

SEVERITIES = {
    **dict.fromkeys(("DUP-05", "CON-01"), "info"),
    **dict.fromkeys(
        ("BUN-05", "AUTH-05", "DUR-02", "DUR-03", "DUR-04", "DUR-08", "DX-04", "REV-03", "TF-02"),
        "warn",
    ),
    **dict.fromkeys(
        ("BUN-02", "BUN-03", "AUTH-07", "DUR-06", "MOD-01", "CLM-04", "DOC-01"), "hold"
    ),
}
"""All other rules block."""


class Planted(msgspec.Struct, frozen=True):
    """One line of the truth: a rule that a line of this client and date breaks."""

    rule: str
    client_id: str
    payer_id: str
    service_date: date
    where: str
    """encounters, former (the former system's 837I), sister (the sister facility's) or staff (their 837P)."""
    record: str
    """source_record_id, or CLM01 and line number."""
    says: str
    kind: str = "fault"
    """fault, or payer_mistake: a right line that the payer will deny all the same."""

    @property
    def severity(self) -> str:
        return SEVERITIES.get(self.rule, "block")


MIDDLE = 4
"""A week in which no episode is in transition."""


class Season(msgspec.Struct, frozen=True):
    """The clinic's weeks and staff, as the faults need them."""

    random: Random
    roster: tuple[Staff, ...]
    start: date
    """The Monday from which the clinic bills for itself."""
    weeks: int
    """From then on."""
    earlier: int = 0
    """Weeks before, all billed by the former system."""
    middle: int = MIDDLE
    """The week of the faults that have one: no episode is in transition then."""

    @property
    def begins(self) -> date:
        """The first Monday of all."""
        return self.start - timedelta(weeks=self.earlier)

    def monday(self, week: int) -> date:
        """The Monday of a week: 0 is the first, -1 the last."""
        return self.start + timedelta(weeks=week % self.weeks)

    @property
    def last(self) -> date:
        return self.start + timedelta(weeks=self.weeks, days=-1)


def on(chart: Chart, rule: str, record: Encounter, says: str) -> list[Planted]:
    day = record.service_date
    return [
        Planted(
            rule,
            chart.client_id,
            chart.payer_id,
            day,
            "encounters",
            record.source_record_id,
            says,
        )
    ]


def middle_day(chart: Chart, season: Season, place: int = 1) -> date:
    return chart.days(season.monday(season.middle))[place]


def all_days(chart: Chart, days: list[date], rule: str, says: str) -> list[Planted]:
    return [each for day in days for each in on(chart, rule, chart.visits[day][0], says)]


def two_units(chart: Chart, season: Season) -> list[Planted]:
    """The EHR asks for two units of one day (DUP-02)."""
    asked = chart.change(middle_day(chart, season), 0, procedure="H0015", revenue="0906", units=2)
    return on(chart, "DUP-02", asked, "the encounter asks for two per diems")


def component(chart: Chart, season: Season) -> list[Planted]:
    """An individual session asks to be billed beside the day (BUN-01)."""
    asked = chart.add(
        middle_day(chart, season),
        "20:30",
        "21:00",
        service_type="individual",
        procedure="H0004",
        revenue="0914",
        units=2,
        charge="92.00",
    )
    return on(chart, "BUN-01", asked, "an individual session asks to be billed by itself")


def crowded(chart: Chart, day: date, leader: str) -> list[Planted]:
    """The day's first group is the morning's, with too many others (DUR-08)."""
    start, end = MORNING_GROUP
    joined = chart.change(
        day, 0, start_time=start, end_time=end, minutes=None, rendering_npi=leader
    )
    chart.change(day, 1, start_time=end, end_time="12:00", minutes=None)
    return on(chart, "DUR-08", joined, "a group of more clients than the payer's most")


def group_component(chart: Chart, season: Season) -> list[Planted]:
    """A group session asks to be billed beside the day (BUN-01)."""
    asked = chart.add(
        middle_day(chart, season, 2),
        "20:30",
        "21:30",
        service_type="group",
        procedure="H0005",
        revenue="0915",
        units=1,
        charge="58.50",
    )
    return on(chart, "BUN-01", asked, "a group session asks to be billed by itself")


def drug_test(chart: Chart, season: Season) -> list[Planted]:
    """A drug test asks to be billed beside the day (BUN-04 where the payer includes it)."""
    asked = billed_test(chart, middle_day(chart, season))
    return on(chart, "BUN-04", asked, "a drug test asks to be billed by itself")


def billed_test(chart: Chart, day: date) -> Encounter:
    """A drug test on an attended day, with its own procedure and charge."""
    return chart.add(
        day,
        "08:40",
        "08:50",
        service_type="drug_test",
        procedure="G0480",
        revenue="0301",
        units=1,
        charge="110.00",
    )


def partial_hospitalization(chart: Chart, season: Season) -> list[Planted]:
    """Three days of partial hospitalization, of which the middle one has an IOP day too (LOC-01)."""
    both = middle_day(chart, season, 1)
    for shift in (-1, 0, 1):
        day = both + timedelta(days=shift)
        like = chart.visits[both][0]
        if shift:
            chart.visits.pop(day, None)
        chart.extra.append(
            replace(
                like,
                source_record_id=f"E-{chart.client_id}-{day:%y%m%d}-P",
                episode_id=f"{chart.client_id}-P",
                admit_date=both - timedelta(days=1),
                discharge_date=both + timedelta(days=1),
                discharge_status="01",
                level_of_care="PHP",
                service_date=day,
                start_time="09:00",
                end_time="14:00",
                minutes=None,
                auth_number=None,
            )
        )
    says = "attended partial hospitalization on the same date"
    return on(chart, "LOC-01", chart.visits[both][0], says)


def never_authorized(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """Nobody asked for an authorization (AUTH-01)."""
    chart.authorizations.clear()
    _forget_numbers(chart)
    return all_days(chart, sorted(chart.visits), "AUTH-01", "no authorization was requested")


def denied(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The payer refused the authorization (AUTH-08)."""
    chart.authorizations[:] = [
        replace(one, status="denied", auth_number=None) for one in chart.authorizations
    ]
    _forget_numbers(chart)
    return all_days(chart, sorted(chart.visits), "AUTH-08", "the authorization was denied")


def _forget_numbers(chart: Chart) -> None:
    """The EHR names no authorization where none was given."""
    for day, sessions in chart.visits.items():
        chart.visits[day] = [replace(one, auth_number=None) for one in sessions]


def other_member(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The authorization was given under another member id (AUTH-02)."""
    chart.authorizations[:] = [
        replace(one, member_id=one.member_id[:-1] + str((int(one.member_id[-1]) + 1) % 10))
        for one in chart.authorizations
    ]
    says = "the authorization names another member id"
    return all_days(chart, sorted(chart.visits), "AUTH-02", says)


def other_service(chart: Chart, season: Season) -> list[Planted]:
    """The EHR asks for the substance use day where psychiatric days are authorized (AUTH-02)."""
    day = middle_day(chart, season)
    for place in range(len(chart.visits[day])):
        chart.change(day, place, diagnoses=chart.diagnoses["SUD"])
    asked = chart.change(day, 0, procedure="H0015", revenue="0906")
    return on(chart, "AUTH-02", asked, "the authorization is for the other track's service")


def dates_over(chart: Chart, season: Season) -> list[Planted]:
    """The authorization ends before the last two days (AUTH-04)."""
    *_, kept, first, second = chart.days(season.monday(-1))
    chart.authorizations[-1] = replace(chart.authorizations[-1], to_date=kept)
    return all_days(chart, [first, second], "AUTH-04", "after the authorization's last day")


def units_over(chart: Chart, season: Season) -> list[Planted]:
    """The authorization has two units fewer than there are days (AUTH-04)."""
    last = chart.authorizations[-1]
    days = sorted(day for day in chart.visits if last.from_date <= day <= last.to_date)
    chart.authorizations[-1] = replace(last, units=len(days) - 2)
    spent = all_days(chart, days[-2:], "AUTH-04", "beyond the authorization's units")
    if last.to_date <= season.last:
        return spent
    # still in force on the first night, and nothing is left of it
    return spent + on(chart, "AUTH-05", chart.visits[days[-3]][0], "no unit is left")


def short_day(chart: Chart, season: Season) -> list[Planted]:
    """The client leaves after the first session (DUR-01)."""
    day = middle_day(chart, season)
    del chart.visits[day][1:]
    left = chart.change(day, 0, attendance="partial")
    return on(chart, "DUR-01", left, "attended the first session only")


def short_week(chart: Chart, season: Season) -> list[Planted]:
    """Two days attended in a week in the middle of the episode, the others missed (DUR-02)."""
    days = chart.days(season.monday(season.middle))
    for day in days[2:]:
        missed = chart.visits.pop(day)[0]
        chart.extra.append(
            replace(missed, attendance="no_show", start_time=None, end_time=None, minutes=None)
        )
    return all_days(chart, days[:2], "DUR-02", "six hours attended in the week")


def other_family(chart: Chart, season: Season) -> list[Planted]:
    """A day in the substance use track is charted with a psychiatric diagnosis only (DX-01)."""
    return _diagnosed(chart, season, "F41.1", "DX-01", "psychiatric principal diagnosis")


def no_disorder(chart: Chart, season: Season) -> list[Planted]:
    """A day is charted with a family circumstance only (DX-02)."""
    return _diagnosed(chart, season, "Z63.0", "DX-02", "a Z code is the principal diagnosis")


def nicotine(chart: Chart, season: Season) -> list[Planted]:
    """A day is charted with nicotine dependence only (DX-02)."""
    return _diagnosed(chart, season, "F17.210", "DX-02", "nicotine is the principal diagnosis")


def _diagnosed(chart: Chart, season: Season, code: str, rule: str, says: str) -> list[Planted]:
    day = middle_day(chart, season)
    for place in range(len(chart.visits[day])):
        chart.change(day, place, diagnoses=code)
    return on(chart, rule, chart.visits[day][0], says)


def other_revenue(chart: Chart, season: Season) -> list[Planted]:
    """The EHR asks for the substance use day with the psychiatric revenue code (REV-01)."""
    chart.authorizations[:] = [replace(one, revenue=None) for one in chart.authorizations]
    asked = chart.change(middle_day(chart, season), 0, procedure="H0015", revenue="0905")
    return on(chart, "REV-01", asked, "H0015 is asked for with revenue code 0905")


def late_entry(chart: Chart, season: Season) -> list[Planted]:
    """Three days of an episode of eight weeks before, entered only now (TF-01)."""
    monday = season.start - timedelta(weeks=8)
    days = [monday + timedelta(days=shift) for shift in (0, 2, 4)]
    attend(
        chart,
        season.random,
        season.roster,
        days,
        episode=0,
        admitted=monday,
        discharged=days[-1],
    )
    return all_days(chart, days, "TF-01", "entered after the payer's filing limit")


def unsigned(chart: Chart, season: Season) -> list[Planted]:
    """The note of the last session is still a draft (DOC-01)."""
    draft = chart.change(middle_day(chart, season), -1, note_status="draft")
    return on(chart, "DOC-01", draft, "the note of one session is not signed")


def coverage_over(chart: Chart, season: Season) -> list[Planted]:
    """The coverage ends the day before the last visit (ELG-01)."""
    last = chart.days(season.monday(-1))[-1]
    chart.coverages[-1] = replace(chart.coverages[-1], last=last - timedelta(days=1))
    return on(chart, "ELG-01", chart.visits[last][0], "after the last day of the coverage")
