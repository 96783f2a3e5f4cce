"""Which clients the example clinic has, and what is wrong with the records of which.

One row a client. Every rule is planted on clients whose other records are
clean, most rules twice; the special clean ones look wrong and are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from edi_iop.simulator import clinic_billed as billed
from edi_iop.simulator import clinic_faults as faults
from edi_iop.simulator import clinic_records as records
from edi_iop.simulator.clinic_billed import BilledPlant
from edi_iop.simulator.clinic_charts import Chart
from edi_iop.simulator.clinic_faults import Planted, Season

Special = Literal[
    "denied_long_ago",
    "former_weeks",
    "one_month",
    "six_sessions",
    "",
    "last_week",
    "recent",
    "discharged",
    "adolescent",
    "pregnant",
    "changes_payer",
    "lab_apart",
    "staff",
    "small_groups",
]


class Case(msgspec.Struct, frozen=True):
    """One client of the clinic."""

    payer_id: str
    track: str
    leading: str = ""
    """Of two tracks the one that is billed."""
    plant: Callable[[Chart, Season], list[Planted]] | None = None
    former: str | None = None
    """Billed by the former system in the first weeks; what it did wrong, '' for nothing."""
    billed: BilledPlant | None = None
    """What others billed beside it."""
    special: Special = ""
    weekdays: tuple[int, ...] = ()
    """Days of the week, where they matter."""


HARBOR, MERIDIAN, SUMMIT, TIDEWATER = "HARBR", "MERID", "SUMIT", "TIDEW"
MEDICARE = "MEDCR"
SONORA = "SONOR"
AROUND_WEDNESDAY = (0, 1, 3, 4)

CASES: tuple[Case, ...] = (
    Case(HARBOR, "CO", "SUD", former="two_tracks"),
    Case(MERIDIAN, "CO", "MH", former="two_tracks"),
    Case(HARBOR, "SUD", former="line_twice"),
    Case(HARBOR, "MH", former="resubmitted"),
    Case(MERIDIAN, "SUD", former="resubmitted"),
    Case(HARBOR, "SUD", former="payer_mistake"),
    Case(HARBOR, "SUD", former="", special="pregnant"),
    Case(HARBOR, "MH", former="", special="discharged"),
    Case(MERIDIAN, "SUD", former="", special="lab_apart"),
    Case(MERIDIAN, "MH", former=""),
    Case(HARBOR, "SUD", plant=faults.two_units),
    Case(HARBOR, "SUD", plant=faults.component),
    Case(MERIDIAN, "MH", plant=faults.group_component),
    Case(HARBOR, "MH", special="staff"),
    Case(HARBOR, "SUD", special="staff"),
    Case(HARBOR, "SUD", plant=faults.drug_test),
    Case(HARBOR, "MH", plant=faults.drug_test),
    Case(HARBOR, "MH", plant=faults.partial_hospitalization, weekdays=AROUND_WEDNESDAY),
    Case(HARBOR, "SUD", plant=faults.never_authorized, special="last_week"),
    Case(HARBOR, "CO", "MH", plant=faults.other_service),
    Case(HARBOR, "SUD", plant=faults.other_member, special="last_week"),
    Case(HARBOR, "SUD", plant=faults.dates_over),
    Case(HARBOR, "MH", plant=faults.units_over),
    Case(HARBOR, "SUD", plant=faults.denied, special="last_week"),
    Case(HARBOR, "SUD", plant=faults.short_day),
    Case(MERIDIAN, "SUD", plant=faults.short_day),
    Case(HARBOR, "MH", plant=faults.short_week),
    Case(MERIDIAN, "SUD", plant=faults.short_week),
    Case(HARBOR, "SUD", plant=faults.other_family),
    Case(MERIDIAN, "SUD", plant=faults.other_family),
    Case(HARBOR, "SUD", plant=faults.nicotine),
    Case(MERIDIAN, "MH", plant=faults.no_disorder),
    Case(HARBOR, "SUD", plant=faults.other_revenue),
    Case(MERIDIAN, "SUD", plant=faults.other_revenue),
    Case(MERIDIAN, "SUD", plant=faults.late_entry, special="recent"),
    Case(HARBOR, "SUD", plant=faults.unsigned),
    Case(MERIDIAN, "MH", plant=faults.coverage_over),
    Case(MERIDIAN, "MH", special="adolescent"),
    Case(HARBOR, "MH", special="changes_payer"),
    Case(HARBOR, "CO", "SUD"),
)

MORE: tuple[Case, ...] = (
    Case(MERIDIAN, "MH", former="forced"),
    Case(HARBOR, "SUD", plant=records.split_authorization, former="one_claim"),
    Case(HARBOR, "MH", former="bill_type"),
    Case(MERIDIAN, "SUD", former="bill_type"),
    Case(SUMMIT, "SUD", plant=records.by_telehealth, former="unmarked"),
    Case(HARBOR, "SUD", former="no_attending"),
    Case(MERIDIAN, "MH", former="no_attending"),
    Case(HARBOR, "SUD", former="across_the_year"),
    Case(HARBOR, "MH", former="gone_and_staying"),
    Case(MERIDIAN, "SUD", former="unnamed_replacement"),
    Case(HARBOR, "SUD", former="outside_statement"),
    Case(HARBOR, "MH", former="other_pays_first"),
    Case(SUMMIT, "MH", billed=billed.program_overlap),
    Case(SUMMIT, "MH", billed=billed.other_sense),
    Case(HARBOR, "SUD", billed=billed.month_resubmitted),
    Case(MERIDIAN, "MH", billed=billed.month_resubmitted),
    Case(HARBOR, "CO", "SUD", former="", billed=billed.sister_track),
    Case(MERIDIAN, "CO", "MH", former="", billed=billed.sister_track),
    Case(HARBOR, "MH", former="", billed=billed.sister_again),
    Case(SUMMIT, "SUD", billed=billed.sister_unenrolled),
    Case(HARBOR, "SUD", billed=billed.sister_partial),
    Case(MERIDIAN, "MH", billed=billed.sister_partial),
    Case(HARBOR, "MH", billed=billed.sister_session),
    Case(SUMMIT, "SUD", plant=records.treatment_unbilled),
    Case(SUMMIT, "MH", special="staff"),
    Case(HARBOR, "SUD", plant=records.other_facility, special="last_week"),
    Case(HARBOR, "MH", plant=records.review_due),
    Case(HARBOR, "SUD", plant=records.asked_late, special="last_week"),
    Case(HARBOR, "MH", plant=records.after_discharge),
    Case(MERIDIAN, "SUD", plant=records.after_discharge),
    Case(HARBOR, "MH", plant=records.two_long_days),
    Case(MERIDIAN, "SUD", plant=records.two_long_days),
    Case(HARBOR, "SUD", plant=records.twenty_hours),
    Case(SUMMIT, "SUD", plant=records.fifth_day),
    Case(TIDEWATER, "SUD", plant=records.few_hours_certified, special="one_month"),
    Case(TIDEWATER, "MH", plant=records.certified_long_ago, special="one_month"),
    Case(TIDEWATER, "SUD", plant=records.never_certified, special="one_month"),
    Case(TIDEWATER, "MH", special="one_month"),
    Case(TIDEWATER, "MH", plant=records.out_of_turn, special="recent"),
    Case(HARBOR, "SUD", plant=records.add_on_unearned, special="six_sessions", weekdays=(0, 2, 4)),
    Case(HARBOR, "MH", plant=records.add_on_twice),
    Case(HARBOR, "SUD", plant=records.unspecific),
    Case(MERIDIAN, "MH", plant=records.no_code),
    Case(HARBOR, "SUD", plant=records.integrated_alone),
    Case(MERIDIAN, "MH", plant=records.integrated_alone),
    Case(SUMMIT, "MH", plant=records.not_taken),
    Case(SUMMIT, "SUD", plant=records.carved_out, special="last_week"),
    Case(SUMMIT, "MH", plant=records.carved_out_group, special="last_week"),
    Case(MERIDIAN, "SUD", plant=records.no_consent, special="last_week"),
    Case(SUMMIT, "SUD", plant=records.no_consent, special="last_week"),
    Case(HARBOR, "SUD", plant=records.spent_across),
    Case(HARBOR, "SUD", former="paid_less"),
    Case(MERIDIAN, "MH", special="denied_long_ago"),
    Case(HARBOR, "SUD", former="forced"),
    Case(SONORA, "MH", special="small_groups"),
    Case(MEDICARE, "SUD", plant=records.sessions_spoilt, special="one_month"),
    Case(MEDICARE, "MH", plant=records.few_hours_certified, special="one_month"),
    Case(MEDICARE, "MH", special="one_month"),
    Case(MEDICARE, "SUD", former="components", special="former_weeks"),
    Case(MEDICARE, "MH", former="resubmitted", special="former_weeks"),
)
"""What a large clinic has besides: other payers, and faults that lie across files and facilities."""
