"""More faults of the clinic's own records, planted in a large clinic: each breaks one rule on its days.

As in clinic_faults.py every function spoils one chart and says what it planted,
by how it planted it.
"""

from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from edi_iop.simulator import clinic_people as people
from edi_iop.simulator.clinic_charts import Authorization, Chart, Encounter
from edi_iop.simulator.clinic_faults import Planted, Season, all_days, middle_day, on
from edi_iop.simulator.clinic_former import FORMER_WEEKS
from edi_iop.simulator.clinic_people import SISTER_NPI


def treatment_unbilled(chart: Chart, season: Season) -> list[Planted]:
    """Medication-assisted treatment that is paid apart, charted and not asked to be billed (BUN-05)."""
    day = middle_day(chart, season)
    chart.add(day, "20:40", "20:50", service_type="medication", modifiers="HG")
    return on(chart, "BUN-05", chart.visits[day][0], "treatment was given and is not billed")


def other_facility(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The authorization was given to the sister facility (AUTH-03)."""
    chart.authorizations[:] = [
        replace(one, facility_npi=SISTER_NPI) for one in chart.authorizations
    ]
    says = "the authorization names the sister facility"
    return all_days(chart, sorted(chart.visits), "AUTH-03", says)


def review_due(chart: Chart, season: Season) -> list[Planted]:
    """The review of the last authorization is due the day after tomorrow (AUTH-05)."""
    due = season.last + timedelta(days=3)
    runs_on = season.last + timedelta(days=20)
    chart.authorizations[-1] = replace(chart.authorizations[-1], review_due=due, to_date=runs_on)
    last = max(chart.visits)
    return on(chart, "AUTH-05", chart.visits[last][0], "the review of the authorization is due")


def asked_late(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The authorization was asked for on the third attended day (AUTH-07)."""
    first, second, third, *_ = sorted(chart.visits)
    chart.authorizations[:] = [replace(one, requested_on=third) for one in chart.authorizations]
    return all_days(chart, [first, second], "AUTH-07", "before the authorization was asked for")


def after_discharge(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The chart was closed the day before the last visit (CLM-05)."""
    last = max(chart.visits)
    chart.change_all(discharge_date=last - timedelta(days=1), discharge_status="01")
    return on(chart, "CLM-05", chart.visits[last][0], "attended after the discharge")


def two_long_days(chart: Chart, season: Season) -> list[Planted]:
    """Ten hours of a week on two days, the others missed (DUR-03)."""
    days = chart.days(season.monday(season.middle))
    for day in days[2:]:
        missed = chart.visits.pop(day)[0]
        chart.extra.append(
            replace(missed, attendance="no_show", start_time=None, end_time=None, minutes=None)
        )
    for day in days[:2]:
        chart.add(day, "20:30", "22:30")
    return all_days(chart, days[:2], "DUR-03", "two days attended in the week")


def twenty_hours(chart: Chart, season: Season) -> list[Planted]:
    """Four days of five hours in a week (DUR-04)."""
    days = chart.days(season.monday(season.middle))
    for day in days:
        chart.add(day, "20:30", "22:30")
    return all_days(chart, days, "DUR-04", "twenty hours attended in the week")


def fifth_day(chart: Chart, season: Season) -> list[Planted]:
    """A fifth day in a week of which the payer pays four (DUR-05)."""
    monday = season.monday(season.middle)
    free = next(
        day for day in (monday + timedelta(days=n) for n in range(5)) if day not in chart.visits
    )
    like = chart.visits[chart.days(monday)[0]]
    chart.visits[free] = [
        replace(
            one,
            service_date=free,
            source_record_id=f"E-{chart.client_id}-{free:%y%m%d}-{place}",
        )
        for place, one in enumerate(like, start=1)
    ]
    last = chart.days(monday)[-1]
    return on(chart, "DUR-05", chart.visits[last][0], "the fifth day of the week")


def few_hours_certified(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The plan of care certifies six hours a week (DUR-06)."""
    chart.change_all(plan_hours=6)
    return all_days(chart, sorted(chart.visits), "DUR-06", "six hours a week are certified")


def certified_long_ago(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The plan of care was certified more than sixty days before the first visit (DUR-06)."""
    days = sorted(chart.visits)
    chart.change_all(plan_certified_on=days[0] - timedelta(days=61))
    return all_days(chart, days, "DUR-06", "the certification is older than sixty days")


def never_certified(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """Nobody certified a plan of care (DUR-06)."""
    chart.change_all(plan_certified_on=None, plan_hours=None)
    return all_days(chart, sorted(chart.visits), "DUR-06", "no plan of care is certified")


def sessions_spoilt(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """Days whose sessions are billed one by one: unsigned, asked for as a per diem, of no such disorder,
    and after the coverage (DOC-01, REV-02, DX-02, ELG-01).
    """
    unsigned, coded, charted, *_, last = sorted(chart.visits)[2:]
    for place in range(len(chart.visits[unsigned])):
        chart.change(unsigned, place, note_status="draft")
    chart.change(coded, 0, procedure="H0015", revenue="0915")
    for place in range(len(chart.visits[charted])):
        chart.change(charted, place, diagnoses="F17.210")
    chart.coverages[-1] = replace(chart.coverages[-1], last=last - timedelta(days=1))
    return [
        *all_days(chart, [unsigned], "DOC-01", "no note of the day is signed"),
        *all_days(chart, [coded], "REV-02", "a session is asked for by the code of a per diem"),
        *all_days(chart, [charted], "DX-02", "nicotine is the principal diagnosis"),
        *all_days(chart, [last], "ELG-01", "after the last day of the coverage"),
    ]


def add_on_unearned(chart: Chart, season: Season) -> list[Planted]:
    """The weekly add-on in weeks of six sessions, where nine services are due (DUR-07)."""
    asked = _add_on(chart, middle_day(chart, season))
    return on(chart, "DUR-07", asked, "the weekly add-on with fewer than nine services")


def add_on_twice(chart: Chart, season: Season) -> list[Planted]:
    """The weekly add-on a second time two days later (DUR-07)."""
    days = chart.days(season.monday(season.middle))
    _add_on(chart, days[0])
    again = _add_on(chart, days[2])
    return on(chart, "DUR-07", again, "the weekly add-on a second time in the week")


def _add_on(chart: Chart, day: date) -> Encounter:
    return chart.add(
        day,
        "08:30",
        "08:40",
        service_type="ancillary",
        procedure="G0137",
        revenue="0949",
        units=1,
        charge="60.00",
    )


def unspecific(chart: Chart, season: Season) -> list[Planted]:
    """A day charted with a category where a code is needed (DX-03)."""
    return _diagnosed(chart, season, "F10.2", "DX-03", "F10.2 has longer codes")


def no_code(chart: Chart, season: Season) -> list[Planted]:
    """A day charted with a second diagnosis that is none (DX-03)."""
    listed = f"{chart.diagnoses[chart.leading]} F32.77"
    return _diagnosed(chart, season, listed, "DX-03", "F32.77 is no code")


def integrated_alone(chart: Chart, season: Season) -> list[Planted]:
    """A day charted as co-occurring with diagnoses of one family (DX-04)."""
    day = middle_day(chart, season)
    for place in range(len(chart.visits[day])):
        chart.change(day, place, program_track="CO")
    return on(chart, "DX-04", chart.visits[day][0], "charted as co-occurring, one family only")


def _diagnosed(chart: Chart, season: Season, codes: str, rule: str, says: str) -> list[Planted]:
    day = middle_day(chart, season)
    for place in range(len(chart.visits[day])):
        chart.change(day, place, diagnoses=codes)
    return on(chart, rule, chart.visits[day][0], says)


def not_taken(chart: Chart, season: Season) -> list[Planted]:
    """An hour of day treatment is asked for, which this payer does not take (REV-04)."""
    asked = chart.add(
        middle_day(chart, season),
        "20:40",
        "21:40",
        service_type="ancillary",
        procedure="H2012",
        revenue="0907",
        units=1,
        charge="75.00",
    )
    return on(chart, "REV-04", asked, "H2012 is asked for")


def carved_out(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """Another payer administers the coverage's behavioral benefits, says the clients feed (ELG-02)."""
    chart.coverages[-1] = replace(chart.coverages[-1], behavioral_payer_id="BEHAV")
    return all_days(chart, sorted(chart.visits), "ELG-02", "another payer administers the benefits")


def carved_out_group(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The coverage is of a group whose benefits another payer administers (ELG-02)."""
    held = chart.coverages[-1]
    group = people.carved_out_group(held.payer_id)
    chart.coverages[-1] = replace(held, group_number=group)
    return all_days(
        chart, sorted(chart.visits), "ELG-02", "another payer administers the group's benefits"
    )


def no_consent(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """The client has not consented to telling the payer of a substance use record (CN-01)."""
    chart.coverages[-1] = replace(chart.coverages[-1], part2_consent="N")
    return all_days(chart, sorted(chart.visits), "CN-01", "no consent to disclose the record")


def out_of_turn(chart: Chart, season: Season) -> list[Planted]:  # noqa: ARG001
    """A second month is to be billed while the first one is not answered yet (CLM-04)."""
    first = min(chart.visits).replace(day=1)
    days = [day for day in sorted(chart.visits) if day.replace(day=1) > first]
    return all_days(chart, days, "CLM-04", "the month before is not answered yet")


def spent_across(chart: Chart, season: Season) -> list[Planted]:
    """Units run out over two months' files: the former system drew the first of them (AUTH-04)."""
    crossing = next(
        (one for one in chart.authorizations if one.from_date < season.start <= one.to_date), None
    )
    if crossing is None:  # nothing was billed before in a clinic this young
        return []
    days = [day for day in sorted(chart.visits) if crossing.from_date <= day <= crossing.to_date]
    place = chart.authorizations.index(crossing)
    chart.authorizations[place] = replace(crossing, units=len(days) - 2)
    return all_days(chart, days[-2:], "AUTH-04", "beyond units that earlier claims drew")


def split_authorization(chart: Chart, season: Season) -> list[Planted]:
    """From Wednesday of the second week on another authorization covers the days; no fault by itself."""
    wednesday = season.monday(1) + timedelta(days=2)
    held = next(one for one in chart.authorizations if one.from_date <= wednesday <= one.to_date)
    place = chart.authorizations.index(held)
    before = replace(held, to_date=wednesday - timedelta(days=1))
    after = replace(held, auth_number=f"{held.auth_number}N", from_date=wednesday)
    chart.authorizations[place : place + 1] = [before, after]
    _name(chart, after)
    return []


def _name(chart: Chart, given: Authorization) -> None:
    """Writes an authorization's number on the visits that it covers."""
    for day, sessions in chart.visits.items():
        if given.from_date <= day <= given.to_date:
            chart.visits[day] = [replace(one, auth_number=given.auth_number) for one in sessions]


def by_telehealth(chart: Chart, season: Season) -> list[Planted]:
    """A day of the second week was by telehealth; what the former system did of it is its fault."""
    day = chart.days(season.monday(1))[1]
    chart.visits[day] = [replace(one, telehealth="Y") for one in chart.visits[day]]
    return []


def former_weeks(chart: Chart, season: Season) -> None:
    """Keeps the weeks that the former system billed, of group sessions: the clinic has nothing to bill."""
    after = season.start + timedelta(weeks=FORMER_WEEKS)
    kept = {day: sessions for day, sessions in chart.visits.items() if day < after}
    chart.visits.clear()
    for day, sessions in kept.items():
        chart.visits[day] = [replace(one, service_type="group") for one in sessions]


def one_month(chart: Chart, season: Season) -> None:
    """Keeps the first four weeks, and closes the chart with the last of their days."""
    last = season.start + timedelta(days=25)
    for day in [day for day in chart.visits if day > last]:
        del chart.visits[day]
    chart.change_all(discharge_date=last, discharge_status="01")


def certify(chart: Chart) -> None:
    """The physician certifies nine hours a week at admission, and again every eight weeks."""
    for day, sessions in chart.visits.items():
        weeks = (day - chart.admitted).days // 56
        certified = chart.admitted + timedelta(days=56 * weeks)
        chart.visits[day] = [
            replace(one, plan_certified_on=certified, plan_hours=9) for one in sessions
        ]
