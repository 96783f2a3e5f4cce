"""FHIR R4 resources, as far as a feed reads them (hl7.org/fhir/R4): typed, all else let through.

Structs of msgspec and not fhir.resources: that package validates all of the standard and needs
pydantic, for the dozen elements read here. A wrong type in one of them is told by its path; what is
not read may be anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

ICD_10_CM = "icd-10-cm"
US_NPI = "us-npi"


class Coding(msgspec.Struct, frozen=True):
    system: str = ""
    code: str = ""
    display: str = ""


class Concept(msgspec.Struct, frozen=True):
    """CodeableConcept."""

    coding: tuple[Coding, ...] = ()
    text: str = ""

    @property
    def said(self) -> list[str]:
        """Codes, then what they are called."""
        codes = [one.code for one in self.coding]
        words = [one.display for one in self.coding]
        return [word for word in (*codes, *words, self.text) if word]

    def code_of(self, system: str) -> str | None:
        """The code of a system named in its address; without any system given, the only code."""
        named = [one.code for one in self.coding if system in one.system and one.code]
        bare = [one.code for one in self.coding if not one.system and one.code]
        return next(iter(named or bare), None)


class Identifier(msgspec.Struct, frozen=True):
    system: str = ""
    value: str = ""
    type: Concept = Concept()


class Reference(msgspec.Struct, frozen=True):
    reference: str = ""
    identifier: Identifier = Identifier()
    display: str = ""

    @property
    def id(self) -> str:
        """The logical id it names."""
        return self.reference.split("/_history/")[0].rsplit("/", 1)[-1].removeprefix("urn:uuid:")


class Period(msgspec.Struct, frozen=True):
    start: str | None = None
    end: str | None = None


class Quantity(msgspec.Struct, frozen=True):
    value: Decimal | None = None
    unit: str = ""
    code: str = ""


class Money(msgspec.Struct, frozen=True):
    value: Decimal | None = None


class Name(msgspec.Struct, frozen=True):
    family: str | None = None
    given: tuple[str, ...] = ()
    use: str = ""


class Address(msgspec.Struct, frozen=True):
    line: tuple[str, ...] = ()
    city: str | None = None
    state: str | None = None
    postal_code: str | None = msgspec.field(name="postalCode", default=None)


class Meta(msgspec.Struct, frozen=True):
    version: str = msgspec.field(name="versionId", default="")


class Resource(msgspec.Struct, frozen=True, rename="camel"):
    """What every resource has; the struct of its type adds what is read of it."""

    resource_type: str = ""
    id: str = ""
    meta: Meta = Meta()
    contained: tuple[msgspec.Raw, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.resource_type}/{self.id}" if self.id else self.resource_type


class Patient(Resource, frozen=True, rename="camel"):
    identifier: tuple[Identifier, ...] = ()
    names: tuple[Name, ...] = msgspec.field(name="name", default=())
    birth_date: str | None = None
    gender: str | None = None
    address: tuple[Address, ...] = ()

    @property
    def record_number(self) -> str | None:
        """The medical record number: the identifier of type MR."""
        typed = (one.value for one in self.identifier if "MR" in one.type.said)
        return next((value for value in typed if value), None)


class Practitioner(Resource, frozen=True, rename="camel"):
    """A Practitioner or an Organization: known by its identifiers."""

    identifier: tuple[Identifier, ...] = ()


class PractitionerRole(Resource, frozen=True, rename="camel"):
    practitioner: Reference = Reference()


class Condition(Resource, frozen=True, rename="camel"):
    code: Concept = Concept()


class EpisodeOfCare(Resource, frozen=True, rename="camel"):
    period: Period = Period()


class CoverageClass(msgspec.Struct, frozen=True):
    type: Concept = Concept()
    value: str | None = None


class Coverage(Resource, frozen=True, rename="camel"):
    status: str = ""
    beneficiary: Reference = Reference()
    subscriber: Reference = Reference()
    subscriber_id: str | None = None
    relationship: Concept = Concept()
    period: Period = Period()
    payor: tuple[Reference, ...] = ()
    order: int | None = None
    classes: tuple[CoverageClass, ...] = msgspec.field(name="class", default=())


class Participant(msgspec.Struct, frozen=True):
    type: tuple[Concept, ...] = ()
    individual: Reference = Reference()


class Diagnosis(msgspec.Struct, frozen=True):
    condition: Reference = Reference()
    rank: int | None = None


class Encounter(Resource, frozen=True, rename="camel"):
    status: str = ""
    setting: Coding = msgspec.field(name="class", default=Coding())
    type: tuple[Concept, ...] = ()
    service_type: Concept = Concept()
    subject: Reference = Reference()
    episode_of_care: tuple[Reference, ...] = ()
    participant: tuple[Participant, ...] = ()
    period: Period = Period()
    reason_code: tuple[Concept, ...] = ()
    diagnosis: tuple[Diagnosis, ...] = ()
    service_provider: Reference = Reference()


class Performer(msgspec.Struct, frozen=True):
    actor: Reference = Reference()


class ChargeItem(Resource, frozen=True, rename="camel"):
    status: str = ""
    code: Concept = Concept()
    subject: Reference = Reference()
    context: Reference = Reference()
    occurrence: str | None = msgspec.field(name="occurrenceDateTime", default=None)
    occurrence_period: Period = Period()
    performer: tuple[Performer, ...] = ()
    quantity: Quantity = Quantity()
    price: Money = msgspec.field(name="priceOverride", default=Money())
    reason: tuple[Concept, ...] = ()


class Insurance(msgspec.Struct, frozen=True):
    focal: bool = True
    pre_auth_ref: tuple[str, ...] = msgspec.field(name="preAuthRef", default=())


class ClaimDiagnosis(msgspec.Struct, frozen=True):
    sequence: int = 0
    concept: Concept = msgspec.field(name="diagnosisCodeableConcept", default=Concept())
    reference: Reference = msgspec.field(name="diagnosisReference", default=Reference())


class CareTeam(msgspec.Struct, frozen=True):
    sequence: int = 0
    provider: Reference = Reference()


class Item(msgspec.Struct, frozen=True, rename="camel"):
    sequence: int = 0
    revenue: Concept = Concept()
    product_or_service: Concept = Concept()
    modifier: tuple[Concept, ...] = ()
    serviced_date: str | None = None
    serviced_period: Period = Period()
    quantity: Quantity = Quantity()
    net: Money = Money()
    encounter: tuple[Reference, ...] = ()
    diagnosis_sequence: tuple[int, ...] = ()
    care_team_sequence: tuple[int, ...] = ()


class Claim(Resource, frozen=True, rename="camel"):
    status: str = ""
    patient: Reference = Reference()
    provider: Reference = Reference()
    care_team: tuple[CareTeam, ...] = ()
    diagnosis: tuple[ClaimDiagnosis, ...] = ()
    insurance: tuple[Insurance, ...] = ()
    item: tuple[Item, ...] = ()

    @property
    def authorization(self) -> str | None:
        """The first number of the insurance that is billed (insurance.preAuthRef)."""
        ranked = sorted(self.insurance, key=lambda one: not one.focal)
        return next((number for one in ranked for number in one.pre_auth_ref), None)


TYPES: Mapping[str, type[Resource]] = {
    one.__name__: one
    for one in (Patient, Practitioner, PractitionerRole, Condition, EpisodeOfCare, Coverage, Encounter,
                ChargeItem, Claim)
} | {"Organization": Practitioner}  # fmt: skip
"""The resources that are read, by their type."""


class Entry(msgspec.Struct, frozen=True, rename="camel"):
    full_url: str = ""
    resource: msgspec.Raw = msgspec.Raw(b"null")


class Bundle(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    entry: Sequence[Entry] = ()
