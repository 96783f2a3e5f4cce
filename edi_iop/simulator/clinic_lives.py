"""A client of the synthetic clinic: a clean chart as a case asks for it, and what every export holds besides."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from msgspec.structs import replace

from edi_iop.identifiers import make_npi
from edi_iop.simulator import clinic_charts as charting
from edi_iop.simulator import clinic_people as people
from edi_iop.simulator import clinic_records as records
from edi_iop.simulator.clinic_cases import Case
from edi_iop.simulator.clinic_charts import Chart
from edi_iop.simulator.clinic_faults import MIDDLE, Season

NPI = make_npi("198765432")
COVERED_SINCE = date(2025, 1, 1)
CLIENTS_A_ROUND = 100
"""How many clients there are for every time that all the cases occur."""

SESSIONS = {"adolescent": charting.TWO_HOURS, "six_sessions": charting.PLANS[1]}
"""What a day consists of where it matters."""


def chart(case: Case, number: int, season: Season) -> Chart:
    """A client's clean chart, as the case asks for it."""
    random = season.random
    born = people.ADOLESCENT if case.special == "adolescent" else people.ADULT
    sex = ""
    if case.special == "pregnant":
        born, sex = (date(1994, 1, 1), date(2002, 12, 31)), "F"
    made = Chart(
        person=people.person(random, number, born, sex),
        track=case.track,
        leading=case.leading or case.track,
        diagnoses=_diagnoses(case, random),
        admitted=_admitted(case, season),
        coverages=[people.coverage(random, case.payer_id, COVERED_SINCE)],
    )
    discharged = season.monday(MIDDLE) + timedelta(days=4)
    leaves = discharged if case.special == "discharged" else None
    plan = SESSIONS.get(case.special)
    if case.special == "small_groups":
        plan = charting.of_small_groups(number // CLIENTS_A_ROUND)
    charting.attend(
        made,
        random,
        season.roster,
        _days(case, made, season, leaves),
        discharged=leaves,
        sessions=plan,
    )
    if case.special == "changes_payer":
        _change_payer(made, season)
    if case.special == "former_weeks":
        records.former_weeks(made, season)
    if case.special == "one_month":
        records.one_month(made, season)
    if case.payer_id in ("TIDEW", "MEDCR"):
        records.certify(made)
    if case.payer_id in ("HARBR", "SONOR"):
        charting.authorize(made, random, NPI, season.last)
        charting.name_authorizations(made)
    if case.former == "two_tracks":
        # This payer authorizes the program, not a track: both claims carry a good number.
        made.authorizations[:] = [
            replace(one, program_track=None, procedure=None, revenue=None)
            for one in made.authorizations
        ]
    return made


def _admitted(case: Case, season: Season) -> date:
    """At the beginning of all; those whose records are wrong from the first day on come late."""
    if case.special == "last_week":
        return season.monday(-1)
    return (
        season.start if case.special in ("recent", "one_month", "former_weeks") else season.begins
    )


def _diagnoses(case: Case, random: Random) -> dict[str, str]:
    """Diagnoses by track: of two tracks each lists its own first and the other's second."""
    substance = random.choice(charting.SUBSTANCE)
    psychiatric = random.choice(charting.PSYCHIATRIC)
    if case.track == "CO" or case.former == "two_tracks":
        return {"SUD": f"{substance} {psychiatric}", "MH": f"{psychiatric} {substance}"}
    if case.special == "pregnant":
        return {"SUD": "O99.310 F10.20", "MH": psychiatric}
    return {"SUD": substance, "MH": psychiatric}


def _days(case: Case, chart: Chart, season: Season, leaves: date | None) -> list[date]:
    """The attended dates: the same weekdays every week, fewer in the last one before discharge."""
    weekdays = case.weekdays or _weekdays(case, season.random)
    weeks = range((season.last - chart.admitted).days // 7 + 1)
    days = [chart.admitted + timedelta(weeks=week, days=day) for week in weeks for day in weekdays]
    if leaves is None:
        return days
    last_week = leaves - timedelta(days=4)
    return [day for day in days if day < last_week] + [last_week, leaves]


def _weekdays(case: Case, random: Random) -> tuple[int, ...]:
    """Four days for those whose records are spoilt, so that the week stays long enough."""
    if case.special == "adolescent":
        return random.choice(charting.THREE_DAYS)
    if case.plant or case.billed or case.former is not None or random.random() < 0.5:
        return random.choice(charting.FOUR_DAYS)
    return random.choice(charting.THREE_DAYS)


def _change_payer(chart: Chart, season: Season) -> None:
    """The first four weeks are covered by the other payer."""
    held = chart.coverages[0]
    begins = season.monday(MIDDLE) - timedelta(days=1)  # a Sunday: every payer's week stays whole
    earlier = people.coverage(
        season.random, "MERID", COVERED_SINCE, last=begins - timedelta(days=1)
    )
    chart.coverages[:] = [earlier, replace(held, first=begins)]


def ordinary_life(chart: Chart, season: Season) -> None:
    """What every export holds and no rule minds: a missed day, a late signature, a slip undone."""
    free = next(
        day
        for day in (season.monday(2) + timedelta(days=shift) for shift in range(7))
        if day not in chart.visits
    )
    like = chart.visits[chart.days(season.monday(2))[0]][0]
    beside = replace(like, service_date=free, start_time=None, end_time=None, minutes=None)
    record = f"E-{chart.client_id}-{free:%y%m%d}"
    slip = replace(beside, source_record_id=f"{record}-8", minutes=45)
    chart.extra += [
        replace(beside, source_record_id=f"{record}-9", attendance="no_show"),
        slip,
        replace(slip, record_action="cancel", record_version=2),
        replace(like, note_status="draft"),
    ]
    chart.change(like.service_date, 0, record_action="change", record_version=2)
