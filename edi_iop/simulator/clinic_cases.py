"""Which clients the example clinic has, and what is wrong with the records of which.

One row a client. Every rule is planted on clients whose other records are
clean, most rules twice; the special clean ones look wrong and are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edi_iop.simulator import clinic_faults as faults
from edi_iop.simulator.clinic_charts import Chart
from edi_iop.simulator.clinic_faults import Planted, Season

Special = Literal[
    "",
    "last_week",
    "recent",
    "discharged",
    "adolescent",
    "pregnant",
    "changes_payer",
    "lab_apart",
    "staff",
]


@dataclass(frozen=True)
class Case:
    """One client of the clinic."""

    payer_id: str
    track: str
    leading: str = ""
    """Of two tracks the one that is billed."""
    plant: Callable[[Chart, Season], list[Planted]] | None = None
    former: str | None = None
    """Billed by the former system in the first weeks; what it did wrong, '' for nothing."""
    special: Special = ""
    weekdays: tuple[int, ...] = ()
    """Days of the week, where they matter."""


HARBOR, MERIDIAN = "HARBR", "MERID"
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
    Case(HARBOR, "SUD", special="adolescent"),
    Case(HARBOR, "MH", special="changes_payer"),
    Case(HARBOR, "CO", "SUD"),
)
