"""The example clinic's feeds and settings as files: CSV as a spreadsheet saves it, and XML."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape

from msgspec.structs import asdict

from edi_iop.simulator.clinic_charts import Chart, Encounter
from edi_iop.simulator.clinic_people import Staff

Row = Mapping[str, object]

SETTINGS = """\
# The example clinic. All names and numbers are invented.
usage = "T"

[facility]
name = "Example Recovery Center"
npi = "{npi}"
tin = "990000001"
taxonomy = "261QR0405X"
address1 = "100 Example Street"
city = "Easton"
state = "MA"
zip = "023340001"
facility_type = "13"

[submitter]
name = "Example Recovery Center"
id = "EXAMPLEIOP"
contact = "Billing Office"
phone = "5555550100"

[[partners]]
id = "CLEARHSE"
name = "Example Clearinghouse"

[[payers]]
id = "HARBR"
name = "Harbor Health Plan"
policy = "harbor"
partner = "CLEARHSE"

[[payers]]
id = "MERID"
name = "Meridian Behavioral"
policy = "meridian"
partner = "CLEARHSE"

{others}# The charge of one unit: a day, an hour where the payer counts hours, a session.
[charges]
H0015 = "350.00"
S9480 = "375.00"
G0177 = "65.00"
G0410 = "110.00"

[scrub]
mode = "block"
"""


OTHERS = """\
[[payers]]
id = "SUMIT"
name = "Summit Mutual"
policy = "summit"
partner = "CLEARHSE"

[[payers]]
id = "TIDEW"
name = "Tidewater Benefit Fund"
policy = "tidewater"
partner = "CLEARHSE"

[[payers]]
id = "MEDCR"
name = "Medicare"
policy = "medicare"
partner = "CLEARHSE"

[[payers]]
id = "SONOR"
name = "Sonora Health Choice"
policy = "arizona"
partner = "CLEARHSE"

"""
"""The payers of a large clinic besides the two of every one."""


def feeds(
    charts: list[Chart],
    roster: tuple[Staff, ...],
    since: date,
    enrollments: Sequence[Row] = (),
) -> dict[str, bytes]:
    """The night's drops: encounters a month a file, clients and providers as CSV, authorizations as XML."""
    files = {
        "clients.csv": csv_file(_coverages(charts)),
        "providers.csv": csv_file(
            [
                *({**asdict(one), "from": since, "to": None, "payer_id": None} for one in roster),
                *enrollments,
            ]
        ),
        "authorizations.xml": xml_file(
            "authorizations",
            "authorization",
            [asdict(one) for chart in charts for one in chart.authorizations],
        ),
    }
    encounters = [one for chart in charts for one in chart.encounters()]
    for month in sorted({one.service_date.strftime("%Y-%m") for one in encounters}):
        rows = [_spelt(one) for one in encounters if one.service_date.strftime("%Y-%m") == month]
        files[f"encounters-{month}.csv"] = csv_file(rows)
    return files


def csv_file(rows: Iterable[Row]) -> bytes:
    """A CSV with byte order mark and CRLF; all rows have the columns of the first."""
    listed = list(rows)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(listed[0])
    writer.writerows(["" if value is None else value for value in row.values()] for row in listed)
    return out.getvalue().encode("utf-8-sig")


def xml_file(root: str, name: str, rows: Iterable[Row]) -> bytes:
    """A feed as XML; absent values have no element."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="urn:edi-iop:feed:1">']
    for row in rows:
        cells = "".join(
            f"<{key}>{escape(str(value))}</{key}>"
            for key, value in row.items()
            if value is not None
        )
        lines.append(f"  <{name}>{cells}</{name}>")
    return "\n".join([*lines, f"</{root}>", ""]).encode()


def _spelt(encounter: Encounter) -> Row:
    """As the EHR writes it: revenue codes have lost their leading zero."""
    revenue = encounter.revenue
    return {**asdict(encounter), "revenue": revenue.lstrip("0") if revenue else None}


def _coverages(charts: list[Chart]) -> list[Row]:
    return [
        {
            **{key: value for key, value in asdict(chart.person).items() if key not in _LATER},
            "payer_id": held.payer_id,
            "member_id": held.member_id,
            "group_number": held.group_number,
            "coverage_priority": held.priority,
            "relationship": chart.person.relationship,
            "subscriber_last_name": chart.person.last_name
            if chart.person.subscriber_first_name
            else None,
            "subscriber_first_name": chart.person.subscriber_first_name,
            "subscriber_birth_date": chart.person.subscriber_birth_date,
            "subscriber_sex": chart.person.subscriber_sex,
            "coverage_from": held.first,
            "coverage_to": held.last,
            "part2_consent": held.part2_consent,
            "behavioral_payer_id": held.behavioral_payer_id,
        }
        for chart in charts
        for held in chart.coverages
    ]


_LATER = (
    "relationship",
    "subscriber_first_name",
    "subscriber_birth_date",
    "subscriber_sex",
)
