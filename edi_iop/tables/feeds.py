"""The canonical feeds: encounters, clients (one row a coverage), authorizations, providers, deposits.

`row` is the line of the file (CSV: the header is line 1) or the child's number (XML).
"""

from __future__ import annotations

import polars as pl

from edi_iop.tables.schema import FILE, Column, Table, cents, day, integer, number, text

ROW = integer("row", "line in the CSV file, or number of the XML element")

ENCOUNTERS = Table(
    "encounters",
    "one attended or missed service event, its newest version",
    ("source_record_id",),
    (
        FILE,
        ROW,
        text("source_record_id", "the EHR's own id of the record"),
        text(
            "record_action",
            "add, change or cancel a session; discharge: of the episode, and no session",
        ),
        integer("record_version", "higher replaces lower"),
        text("client_id", "the facility's id of the client"),
        text("episode_id", "the facility's id of the treatment episode"),
        day("admit_date", "first day of the episode"),
        day("discharge_date", "last day of the episode"),
        text("level_of_care", "IOP, PHP, OP or RTC"),
        text("program_track", "SUD, MH or CO (co-occurring)"),
        day("service_date", "the day of the event"),
        Column("start_time", pl.Time(), "local start of attendance"),
        Column("end_time", pl.Time(), "local end of attendance"),
        integer("minutes", "attended minutes where no times are given", unit="minutes"),
        text("service_type", "group, individual, family, education, medication, testing, ..."),
        text("attendance", "attended, partial, no_show, cancelled or excused"),
        text("note_status", "draft, signed or cosigned"),
        text("rendering_npi", "who rendered the service"),
        text("attending_npi", "who answers for the episode"),
        text("diagnoses", "ICD-10-CM without dots, space separated, principal first"),
        text("auth_number", "authorization the EHR believes covers the event"),
        text("procedure", "HCPCS the EHR asks to bill for this event by itself"),
        text("revenue", "revenue code the EHR asks for, four digits"),
        number("units", "units the EHR asks for"),
        text("modifiers", "space separated"),
        text("telehealth", "Y or N"),
        cents("charge_cents", "charge the EHR asks for"),
        text("facility_npi", "where the service was given"),
        text("discharge_status", "patient status code at discharge (UB FL17)"),
        text("admission_type", "priority of admission code (UB FL14)"),
        text("admission_source", "point of origin code (UB FL15)"),
        day("plan_certified_on", "last certification of the plan of care by the physician"),
        number("plan_hours", "weekly hours that the plan of care certifies", unit="hours"),
    ),
)

CLIENTS = Table(
    "clients",
    "demographics and coverage, one row a coverage",
    ("client_id", "payer_id", "coverage_priority", "coverage_from"),
    (
        FILE,
        ROW,
        text("client_id", "the facility's id of the client"),
        text("last_name", "", phi=True),
        text("first_name", "", phi=True),
        text("middle_name", "", phi=True),
        day("birth_date", "", phi=True),
        text("sex", "F, M or U"),
        text("address1", "", phi=True),
        text("address2", "", phi=True),
        text("city", "", phi=True),
        text("state", ""),
        text("zip", "", phi=True),
        text("payer_id", "the payer of this coverage"),
        text("member_id", "the member's id with this payer", phi=True),
        text("group_number", "group or policy number"),
        text("coverage_priority", "P, S or T"),
        text("relationship", "18 self, 01 spouse, 19 child, G8 other"),
        text("subscriber_last_name", "", phi=True),
        text("subscriber_first_name", "", phi=True),
        day("subscriber_birth_date", "", phi=True),
        text("subscriber_sex", ""),
        day("coverage_from", "first covered day"),
        day("coverage_to", "last covered day; null while it runs"),
        text("part2_consent", "Y or N: consent to disclose SUD records for payment"),
        day("part2_consent_to", "last day the consent is in force; null while it runs"),
        text(
            "behavioral_payer_id", "who administers behavioral benefits, where another payer does"
        ),
    ),
)

AUTHORIZATIONS = Table(
    "authorizations",
    "what a payer has approved, denied or not yet decided",
    ("auth_number", "from_date"),
    (
        FILE,
        ROW,
        text("auth_number", "the payer's number; required when approved"),
        text("payer_id", "the payer"),
        text("client_id", "the facility's id of the client"),
        text("member_id", "the member's id with this payer", phi=True),
        text("facility_npi", "the facility it was given to"),
        text("level_of_care", "IOP, PHP, OP or RTC"),
        text("program_track", "SUD or MH where the payer names one"),
        text("procedure", "HCPCS where the payer names one"),
        text("revenue", "revenue code where the payer names one"),
        number("units", "units approved"),
        text("unit_basis", "day, hour, quarter_hour or visit"),
        day("from_date", "first authorized day"),
        day("to_date", "last authorized day"),
        text("status", "approved, denied or pending"),
        day("requested_on", "when it was asked for"),
        day("review_due", "when the concurrent review is due"),
    ),
)

PROVIDERS = Table(
    "providers",
    "the facility's staff, and who is enrolled with which payer",
    ("npi", "payer_id", "from_date"),
    (
        FILE,
        ROW,
        text("npi", "National Provider Identifier"),
        text("last_name", ""),
        text("first_name", ""),
        text("taxonomy", "provider taxonomy code"),
        day("from_date", "first day on the roster, or of the enrollment; null from ever"),
        day("to_date", "last day; null while it runs"),
        text("payer_id", "the payer this row is an enrollment with; null for the roster itself"),
    ),
)

DEPOSITS = Table(
    "deposits",
    "what the bank says came in, one entry of its list a row",
    ("deposit_date", "amount_cents", "reference", "description", "account"),
    (
        FILE,
        ROW,
        day("deposit_date", "the day the bank booked it"),
        cents("amount_cents", "negative: taken out; null: the row is no deposit"),
        text("reference", "trace or check number, where the bank gives one"),
        text(
            "description", "the bank's words, often with the payer and the trace number", phi=True
        ),
        text("account", ""),
    ),
)
