"""More faults of claims that others sent, planted in a large clinic.

The former system's own claims are spoilt after they are made. A sister facility
of the same owner (its own NPI, the same TIN) bills some clients of ours too: so
one fault lies on two claims, in two files, under two providers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import msgspec
from msgspec.structs import replace

from edi_iop.rules.policy import Pair
from edi_iop.simulator import clinic_people as people
from edi_iop.simulator.clinic_charts import Chart
from edi_iop.simulator.clinic_faults import MIDDLE, Planted
from edi_iop.simulator.clinic_former import (
    FAULT_WEEK,
    Ledger,
    Plant,
    Row,
    add_line,
    cents,
    claim_of,
    condition_rows,
    planted_line,
    week_of,
    weekly_claim,
)

SISTER_WEEK = MIDDLE + 1
"""A week that the clinic has left to the sister facility for some clients."""
SISTER_SENT = 7
"""Weeks after the start when the sister facility sends its claims."""
PARTIAL = Pair(procedure="H0035", revenue="0913")
SESSION = Pair(procedure="H0004", revenue="0914")
PARTIAL_CENTS = 52000


class Books(msgspec.Struct, frozen=True):
    """The two ledgers of claims that others send."""

    former: Ledger
    sister: Ledger


BilledPlant = Callable[[Books, Chart], list[Planted]]


def _week_claim(
    ledger: Ledger, chart: Chart, week: int = FAULT_WEEK
) -> tuple[Row, list[Row], list[date]]:
    """The former system's claim of a week, its lines and their dates."""
    days = week_of(ledger, chart, week)
    claim = claim_of(ledger, chart, days[0])
    lines = [row for row in ledger.lines if row["claim_offset"] == claim["claim_offset"]]
    return claim, lines, days


def _whole(chart: Chart, rule: str, claim: Row, days: list[date], says: str) -> list[Planted]:
    """Every line of a claim."""
    name = str(claim["claim"])
    return [planted_line(chart, rule, day, name, line, says) for line, day in enumerate(days, 1)]


# ------------------------------------------------- the former system's claims


def forced(ledger: Ledger, chart: Chart) -> list[Planted]:
    """An evening of one day on a second line, under a modifier (DUP-04)."""
    claim, lines, days = _week_claim(ledger, chart)
    number = len(days) + 1
    again = {
        **lines[1],
        "line": number,
        "modifiers": "XE",
        "line_control": f"{claim['claim']}L{number}",
    }
    ledger.lines.append(again)
    claim["charge_cents"] = cents(claim) + cents(again)
    says = "a second session of the day under modifier XE"
    return [planted_line(chart, "DUP-04", days[1], str(claim["claim"]), number, says)]


def one_claim(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A week over two authorizations on one claim, under the number of the first (AUTH-06)."""
    claim, _, days = _week_claim(ledger, chart)
    change = ledger.start + timedelta(weeks=FAULT_WEEK, days=2)
    says = "the day draws on the next authorization"
    return [
        planted_line(chart, "AUTH-06", day, str(claim["claim"]), line, says)
        for line, day in enumerate(days, 1)
        if day >= change
    ]


def bill_type(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A week under a type of bill that is none of such a program (REV-02)."""
    claim, _, days = _week_claim(ledger, chart)
    claim["facility_type"] = "73"
    return _whole(chart, "REV-02", claim, days, "type of bill 73x")


def unmarked(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A day by telehealth billed without its modifier (MOD-01); see clinic_records.by_telehealth."""
    claim, _, days = _week_claim(ledger, chart)
    says = "by telehealth, and no modifier says so"
    return [planted_line(chart, "MOD-01", days[1], str(claim["claim"]), 2, says)]


def no_attending(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A week without the attending provider (CLM-01)."""
    claim, _, days = _week_claim(ledger, chart)
    for column in [name for name in claim if name.startswith("attending_")]:
        claim[column] = None
    return _whole(chart, "CLM-01", claim, days, "no attending provider")


def across_the_year(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A statement that begins in the year before (CLM-02)."""
    claim, _, days = _week_claim(ledger, chart)
    claim["statement_from"] = ledger.start.replace(day=1) - timedelta(days=2)
    return _whole(chart, "CLM-02", claim, days, "the statement begins in December")


def gone_and_staying(ledger: Ledger, chart: Chart, week: int = FAULT_WEEK) -> list[Planted]:
    """An interim claim of a patient who is discharged (CLM-03)."""
    claim, _, days = _week_claim(ledger, chart, week)
    claim["patient_status"] = "01"
    return _whole(chart, "CLM-03", claim, days, "an interim claim with a discharge status")


def unnamed_replacement(ledger: Ledger, chart: Chart) -> list[Planted]:
    """A replacement that names no claim of the payer's (CLM-03)."""
    claim, _, days = _week_claim(ledger, chart)
    claim["frequency"] = "7"
    return _whole(chart, "CLM-03", claim, days, "a replacement without the payer's claim number")


def outside_statement(ledger: Ledger, chart: Chart) -> list[Planted]:
    """The last line is dated after the statement (CLM-05)."""
    claim, _, days = _week_claim(ledger, chart)
    claim["statement_to"] = days[-2]
    says = "the line is dated after the statement"
    return [planted_line(chart, "CLM-05", days[-1], str(claim["claim"]), len(days), says)]


def other_pays_first(ledger: Ledger, chart: Chart) -> list[Planted]:
    """For a week another coverage was first, and its answer is not on the claim (COB-01)."""
    claim, _, days = _week_claim(ledger, chart)
    held = chart.coverages[-1]
    monday = ledger.start + timedelta(weeks=FAULT_WEEK)
    before, after = monday - timedelta(days=1), monday + timedelta(days=7)
    chart.coverages[:] = [
        replace(held, last=before),
        people.Coverage("FIRST", f"F{held.member_id}", "", monday, after - timedelta(days=1)),
        replace(held, first=monday, last=after - timedelta(days=1), priority="S"),
        replace(held, first=after),
    ]
    return _whole(chart, "COB-01", claim, days, "another payer is first, and has not answered")


def components(ledger: Ledger, chart: Chart) -> list[Planted]:
    """Three weeks of a payer that takes each service by itself (Medicare), each wrong otherwise."""
    return [
        *_barred_service(ledger, chart, 0),
        *_unmarked_program(ledger, chart, 1),
        *gone_and_staying(ledger, chart, 2),
    ]


def _unmarked_program(ledger: Ledger, chart: Chart, week: int) -> list[Planted]:
    """A week of Medicare's program without its condition code (REV-02)."""
    claim, _, days = _week_claim(ledger, chart, week)
    ledger.condition_codes[:] = [
        row for row in ledger.condition_codes if row["claim_offset"] != claim["claim_offset"]
    ]
    return _whole(chart, "REV-02", claim, days, "condition code 92 is missing")


def _barred_service(ledger: Ledger, chart: Chart, week: int) -> list[Planted]:
    """A session under a code that such a claim may not carry, on a line more (REV-02)."""
    claim, lines, days = _week_claim(ledger, chart, week)
    number = len(days) + 1
    more = {
        **lines[1],
        "line": number,
        "procedure": SESSION.procedure,
        "revenue": SESSION.revenue,
        "line_control": f"{claim['claim']}L{number}",
    }
    ledger.lines.append(more)
    claim["charge_cents"] = cents(claim) + cents(more)
    says = "an H code on an institutional claim of Medicare's"
    return [planted_line(chart, "REV-02", days[1], str(claim["claim"]), number, says)]


FORMER: Mapping[str, Plant] = {
    "components": components,
    "forced": forced,
    "one_claim": one_claim,
    "bill_type": bill_type,
    "unmarked": unmarked,
    "no_attending": no_attending,
    "across_the_year": across_the_year,
    "gone_and_staying": gone_and_staying,
    "unnamed_replacement": unnamed_replacement,
    "outside_statement": outside_statement,
    "other_pays_first": other_pays_first,
}
"""What the former system did wrong with a week's claim, by the kind in clinic_cases."""


# ------------------------------------------------------- one claim beside ours


def program_overlap(books: Books, chart: Chart) -> list[Planted]:
    """A partial hospitalization claim over a week of the program, on another date (LOC-02).

    The days within seven before its first one come too late as well.
    """
    week = week_of(books.former, chart, FAULT_WEEK)
    monday = books.former.start + timedelta(weeks=FAULT_WEEK)
    free = next(day for day in (monday + timedelta(days=n) for n in range(5)) if day not in week)
    claim = _single(books.former, chart, free, PARTIAL, PARTIAL_CENTS)
    claim["statement_from"], claim["statement_to"] = monday, monday + timedelta(days=4)
    books.former.condition_codes += condition_rows(int(str(claim["claim_offset"])), ["41"])
    days = [
        day
        for day in sorted(chart.visits)
        if monday - timedelta(days=7) <= day <= monday + timedelta(days=4)
    ]
    says = "beside a partial hospitalization claim with condition code 41"
    return [_proposed(chart, "LOC-02", day, says) for day in days]


def other_sense(books: Books, chart: Chart) -> list[Planted]:
    """A psychiatric day under the code by which this payer means chemical dependency (REV-03).

    It is a Sunday before all that the clinic bills itself, in nobody's way.
    """
    free = books.former.start - timedelta(days=1)
    pair = Pair(procedure="H0035", revenue="0912")
    claim = _single(books.former, chart, free, pair, PARTIAL_CENTS)
    says = "0912 with a psychiatric principal diagnosis"
    return [planted_line(chart, "REV-03", free, str(claim["claim"]), 1, says)]


def month_resubmitted(books: Books, chart: Chart) -> list[Planted]:
    """A week of two months ago, in that month's file, sent again in this one (DUP-03)."""
    days = chart.days(books.former.start - timedelta(weeks=6))
    if not days:
        return []
    name = weekly_claim(books.former, chart, days, chart.leading)
    says = "the same days stand in an earlier month's file"
    return [
        planted_line(chart, "DUP-03", day, name, line, says) for line, day in enumerate(days, 1)
    ]


def sister_track(books: Books, chart: Chart) -> list[Planted]:
    """The sister facility bills the former system's days under the other track (DUP-01)."""
    other = "MH" if chart.leading == "SUD" else "SUD"
    return _by_sister(
        books, chart, FAULT_WEEK, other, "DUP-01", "the other facility billed the other track"
    )


def sister_again(books: Books, chart: Chart) -> list[Planted]:
    """The sister facility bills the former system's days under the same code (DUP-02)."""
    says = "two facilities of one owner billed the same day"
    return _by_sister(books, chart, FAULT_WEEK, chart.leading, "DUP-02", says)


def sister_unenrolled(books: Books, chart: Chart) -> list[Planted]:
    """The sister facility bills a week before it is enrolled with the payer (CRED-01)."""
    says = "the billing facility is enrolled from a later day on"
    return _by_sister(books, chart, SISTER_WEEK, chart.leading, "CRED-01", says)


def sister_partial(books: Books, chart: Chart) -> list[Planted]:
    """The sister facility bills partial hospitalization on a day of the program (LOC-01)."""
    day = week_of(books.sister, chart, MIDDLE)[1]
    _single(books.sister, chart, day, PARTIAL, PARTIAL_CENTS)
    says = "the other facility billed partial hospitalization on the date"
    return [_proposed(chart, "LOC-01", day, says)]


def sister_session(books: Books, chart: Chart) -> list[Planted]:
    """The sister facility bills a session on a day of the program (BUN-01)."""
    day = week_of(books.sister, chart, MIDDLE)[1]
    claim = _single(books.sister, chart, day, SESSION, 9200)
    says = "the other facility billed a session of the day by itself"
    return [_at_sister(planted_line(chart, "BUN-01", day, str(claim["claim"]), 1, says))]


def _by_sister(
    books: Books, chart: Chart, week: int, track: str, rule: str, says: str
) -> list[Planted]:
    days = week_of(books.sister, chart, week)
    name = weekly_claim(books.sister, chart, days, track)
    return [
        _at_sister(planted_line(chart, rule, day, name, line, says))
        for line, day in enumerate(days, 1)
    ]


def _single(ledger: Ledger, chart: Chart, day: date, pair: Pair, charge: int) -> Row:
    """A claim of one line on one date, an admission through discharge."""
    like = min(chart.visits, key=lambda other: abs((other - day).days))
    weekly_claim(ledger, chart, [like], chart.leading)
    ledger.lines.pop()
    claim = ledger.claims[-1]
    claim |= {
        "frequency": "1",
        "patient_status": "01",
        "statement_from": day,
        "statement_to": day,
        "charge_cents": charge,
        "auth_number": None,
    }
    add_line(ledger, day, pair, 1, charge)
    return claim


def _proposed(chart: Chart, rule: str, day: date, says: str) -> Planted:
    record = chart.visits[day][0].source_record_id
    return Planted(rule, chart.client_id, chart.payer_id, day, "encounters", record, says)


def _at_sister(planted: Planted) -> Planted:
    return replace(planted, where="sister")


def enrollments(npi: str, start: date) -> list[Row]:
    """The facility is enrolled with everyone; its sister with one payer only since late in the season."""
    since = date(2022, 7, 1)
    late = start + timedelta(weeks=SISTER_WEEK + 1)
    rows = [(npi, payer, since) for payer in ("HARBR", "MERID", "SUMIT", "TIDEW", "MEDCR")]
    rows += [(people.SISTER_NPI, payer, since) for payer in ("HARBR", "MERID")]
    rows.append((people.SISTER_NPI, "SUMIT", late))
    return [
        {
            "npi": who,
            "last_name": "Example Recovery",
            "first_name": "",
            "taxonomy": "261QR0405X",
            "from": begins,
            "to": None,
            "payer_id": payer,
        }
        for who, payer, begins in rows
    ]
