"""The parameters of the rules: what a payer policy may set, section by section.

A section is a table of the policy file, a field one of its keys. What a payer
does not say is absent (None, empty): a rule that needs it then finds nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edi_iop.money import to_cents
from edi_iop.settings import Strict

Track = Literal["SUD", "MH"]
UnitBasis = Literal["per_diem", "hour", "quarter_hour", "half_day", "component"]
"""What one unit of a procedure is. A component is one service of the day: several make the day."""
ServiceType = Literal[
    "group",
    "individual",
    "family",
    "education",
    "medication",
    "testing",
    "drug_test",
    "crisis",
    "peer",
    "case_management",
    "assessment",
    "supplies",
    "ancillary",
]
"""service_type of the encounters feed."""
Procedure = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-Z]{5}|class:.*)$")]
"""One code; that a class of them stands here is refused by policy_classes, in words of its own."""
Revenue = Annotated[str, msgspec.Meta(pattern=r"^\d{4}$")]
Days = Annotated[int, msgspec.Meta(ge=1)]
MINUTES_PER_UNIT = {"hour": 60, "quarter_hour": 15}
HALVES = 2
"""Half days in a day."""

Answer = Literal["included", "separate", "separate_if"]
"""Whether the per diem includes a service: always, never, or unless one of the conditions holds."""
Condition = Literal[
    "distinct_provider_type",
    "outside_program_hours",
    "separate_auth",
    "mat_otp",
    "day_below_minimum",
]
"""What makes a service payable beside the per diem (bundling.CONDITIONS)."""


class Pair(Strict, frozen=True):
    """A procedure and revenue code that together are one IOP service, and its contract rate."""

    procedure: Procedure
    revenue: Revenue
    track: Track | None = None
    """What the service is for; None: either family."""
    unit_basis: UnitBasis = "per_diem"
    rate: str | None = None
    """Contract rate of one unit in dollars; None where the contract is not known."""

    @property
    def rate_cents(self) -> int | None:
        return None if self.rate is None else to_cents(self.rate)

    def units(self, minutes: int) -> int:
        """Units of one whole day of so many minutes."""
        if self.unit_basis == "half_day":
            return HALVES
        per_unit = MINUTES_PER_UNIT.get(self.unit_basis)
        return 1 if per_unit is None else minutes // per_unit


class Iop(Strict, frozen=True):
    """What one day is billed as (DUP-01 to DUP-05)."""

    pairs: tuple[Pair, ...]
    units_per_day: Annotated[int, msgspec.Meta(ge=1)] = 1
    """Units payable for one member on one date: whole days for a per diem, twice as many half days."""
    lookback_months: int = 24
    """How far back an earlier claim counts as the first of two (DUP-03)."""
    forcing_modifiers: tuple[str, ...] = ()
    """Modifiers that would make a second session of a day a service of its own (DUP-04)."""

    @property
    def by_component(self) -> bool:
        """Whether the payer has no per diem: each of its services is a line."""
        return all(pair.unit_basis == "component" for pair in self.pairs)


class Cap(Strict, frozen=True):
    """The most that is payable in a week, an episode or a calendar year (DUR-05)."""

    most: float
    per: Literal["week", "episode", "year"]
    of: Literal["days", "weeks", "units", "hours"] = "days"
    procedures: tuple[str, ...] = ()
    """Codes or spans that count; none: the intensive outpatient lines."""
    unit_minutes: int | None = None
    """Minutes of one unit of these codes, where hours are counted."""
    severity: Literal["block", "hold"] = "block"
    says: str = ""
    """What lifts the cap (clinical justification, an extension), for the person who reads it."""


class Duration(Strict, frozen=True):
    """Minutes of a day and of a week, days of a week, and caps (DUR-01 to DUR-05, DUR-08)."""

    min_day_minutes: int
    min_week_minutes_adult: int
    min_week_minutes_adolescent: int
    min_half_day_minutes: int = 90
    """The shortest half day, where units are half days: a day of min_day_minutes is two of them."""
    short_day: Literal["reject", "components"] = "reject"
    """What becomes of a day below the minimum: nothing payable, or its services one by one

    under the codes of billing.components.
    """
    adult_age: int = 18
    transition_weeks: int = 2
    """First and last weeks of an episode that may fall short."""
    week_start: Literal["sunday", "monday", "rolling"] = "sunday"
    """rolling: each client's own weeks from admission; maxima count any seven days in a row."""
    min_week_days: int | None = None
    max_week_minutes: int | None = None
    """Above it the hours are those of a higher level of care."""
    max_group_clients: int | None = None
    """Most clients of one group session (DUR-08)."""
    caps: dict[str, Cap] = msgspec.field(default_factory=dict)


class Authorization(Strict, frozen=True):
    """Prior authorization and its limits (AUTH-01 to AUTH-08)."""

    required: bool
    warn_units: float = 3
    """Units left at which the next review must be asked for."""
    warn_days: int = 3
    """Days before the review, or before the last authorized day."""
    active_days: int = 14
    """A client not seen for longer is not expected to need a review."""
    retro_days: int = 0
    """Days after the first service within which a request still reaches back to it."""


class Bundle(Strict, frozen=True):
    """A class of component services and whether the per diem includes it (BUN-01, BUN-04, BUN-05)."""

    answer: Answer
    conditions: tuple[Condition, ...] = ()
    """separate_if: any of these makes the service payable beside the per diem."""
    procedures: tuple[str, ...] = ()
    """HCPCS codes, or spans such as A4000-A9999. CPT lists ship empty: load your own."""
    revenues: tuple[str, ...] = ()
    service_types: tuple[ServiceType, ...] = ()
    billed_under: dict[ServiceType, Revenue] = msgspec.field(default_factory=dict)
    """Revenue code of a service, by its type, where the encounter names none."""


class Professional(Strict, frozen=True):
    """Professional fees of the program's own staff (BUN-02, BUN-03)."""

    fees: Answer
    conditions: tuple[Condition, ...] = ()
    separate_authorization: bool = False
    """Fees that are paid apart need an authorization of their own."""
    distinct_taxonomies: tuple[str, ...] = ()
    """First characters of the taxonomy codes that are a distinct provider type."""


class Medication(Strict, frozen=True):
    """Medication-assisted treatment, as its lines show it (condition mat_otp, BUN-05)."""

    procedures: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()


class LevelOfCare(Strict, frozen=True):
    """How another level of care shows itself on a claim."""

    procedures: tuple[str, ...] = ()
    revenues: tuple[str, ...] = ()


class Conflicts(Strict, frozen=True):
    """Levels of care that exclude an IOP day (LOC-01, LOC-02)."""

    levels: dict[str, LevelOfCare]
    """Levels that exclude an IOP day on the same date, by name (PHP, RTC, inpatient)."""
    transition_ok: bool = True
    """Warn only, where the date is the first or last day of the other level."""
    condition_codes: tuple[str, ...] = ()
    """Condition codes whose claims an IOP claim may not overlap."""
    days_before: int | None = None
    """An IOP date may not lie this many days or fewer before the first day of a claim sent earlier."""


class RevenueSense(Strict, frozen=True):
    """What a payer means by a revenue code where it differs from the national sense (REV-03)."""

    says: str
    track: Track | None = None
    """The family of the principal diagnosis it stands for."""
    procedures: tuple[str, ...] = ()
    """The procedures it goes with, where one is given."""


class Codes(Strict, frozen=True):
    """Codes that a payer takes, and on what bill (REV-02 to REV-04)."""

    bill_types: tuple[str, ...] = ()
    """Type of bill's first two digits an IOP claim may have; none: any."""
    condition_codes: tuple[str, ...] = ()
    """Condition codes an IOP claim must carry."""
    barred_condition_codes: tuple[str, ...] = ()
    barred_procedures: tuple[str, ...] = ()
    """First letters of procedures that are not for an IOP claim of this payer."""
    accepted: tuple[str, ...] = ()
    """Procedures, or spans, this payer takes on an institutional claim; none: any."""
    refused: tuple[str, ...] = ()
    """Procedures, or spans, this payer does not take."""
    senses: dict[str, RevenueSense] = msgspec.field(default_factory=dict)


class Modifiers(Strict, frozen=True):
    """Modifiers a line must have (MOD-01, DX-04)."""

    by_procedure: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Procedure, or span: one of these modifiers must be there."""
    by_age: dict[Literal["adolescent", "adult"], tuple[str, ...]] = msgspec.field(
        default_factory=dict
    )
    """Age group: one of these must be on its IOP lines."""
    co_occurring: tuple[str, ...] = ()
    """Modifiers that claim an integrated program for both families."""


class Telehealth(Strict, frozen=True):
    """Services by telehealth (MOD-01)."""

    allowed: bool | None = None
    """None: the payer has not said; such a line is warned of."""
    modifiers: tuple[str, ...] = ()
    """One of these must be on the line; none: no modifier is asked for."""


class Diagnosis(Strict, frozen=True):
    """Families of diagnoses and what each procedure is for (DX-01, DX-02)."""

    sud: tuple[str, ...]
    """Prefixes of the substance use family."""
    nicotine: tuple[str, ...]
    organic: tuple[str, ...]
    mh: tuple[str, ...]
    pregnancy_sud: tuple[str, ...]
    """Prefixes right as principal for a pregnancy with a substance use secondary."""
    tracks_by_procedure: dict[str, tuple[Track, ...]]
    """Which families may be principal for a procedure; exceptions by payer."""


class ClaimForm(Strict, frozen=True):
    """What a claim must say, and what it may span (CLM-01 to CLM-05)."""

    required: tuple[str, ...] = ()
    """Columns of tables.SERVICE_LINES that no institutional IOP claim may leave empty."""
    splits: tuple[Literal["month", "year", "coverage"], ...] = ()
    """What a statement may not cross."""
    interim_frequencies: tuple[Literal["2", "3", "4"], ...] = ("2", "3")
    """Frequencies after which the patient is still there (status 30), and no others."""
    status_agrees: bool = True
    """The payer checks frequency against patient status."""
    in_sequence: bool = False
    """Interim claims go in the order of their dates, each after the answer to the one before."""


class PlanOfCare(Strict, frozen=True):
    """The physician's certification of the plan of care (DUR-06)."""

    required: bool = False
    min_week_hours: float = 0
    recertify_days: int | None = None


class Otp(Strict, frozen=True):
    """The weekly add-on of opioid treatment programs (DUR-07)."""

    procedures: tuple[str, ...] = ()
    min_services: int = 0
    """Services furnished in seven days in a row."""


class Eligibility(Strict, frozen=True):
    """Behavioral benefits that another payer administers (ELG-02)."""

    carved_out_to: str | None = None
    """Who takes this payer's behavioral claims; None: the payer itself."""
    carved_out_groups: dict[str, str] = msgspec.field(default_factory=dict)
    """The same for single group numbers."""


class Privacy(Strict, frozen=True):
    """Consent to disclose substance use records for payment, 42 CFR Part 2 (CN-01)."""

    part2: bool = True
    """The facility's substance use program is a Part 2 program."""


class Timely(Strict, frozen=True):
    """The three clocks: first filing, correction, appeal (TF-01, TF-02)."""

    initial_days: Days
    counts_from: Literal["line", "statement_through"] = "line"
    warn_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.8
    corrected_days: Days | None = None
    """To a corrected claim; None: unknown, the user must set it."""
    corrected_from: Literal["remit", "service"] = "remit"
    """From when on: the remit, or the line's date of service (the window is no new one)."""
    appeal_days: Days | None = None
    """From the remit to an appeal; None: unknown, the user must set it."""
    warn_days: int = 14
    """Days before a window closes at which it is warned of."""


class Remits(Strict, frozen=True):
    """How far this payer's answers are taken as they come (835); a person decides the rest."""

    unreversed: Literal["confirm", "replace"] = "confirm"
    """A second answer to lines paid before, of any amount, without a reversal: held until a
    person confirms it, or takes the first one's place at once."""
    by_member: Literal["accept", "propose"] = "accept"
    """A match by member, days, charge and kind of bill alone (T5): taken, or only proposed."""


class Denial(Strict, frozen=True):
    """How this payer says that a rule is broken."""

    group: Literal["CO", "PR", "OA", "PI"]
    carc: str
    rarcs: tuple[str, ...] = ()
