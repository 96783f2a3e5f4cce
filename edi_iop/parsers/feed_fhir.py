"""FHIR R4 sessions and coverage, as a Bundle or as NDJSON: resources to rows (hl7.org/fhir/R4).

A row of `encounters` is a ChargeItem or Claim.item of an Encounter, or an Encounter without any; a
row of `clients` a Coverage. Columns are named after the elements they hold (`Encounter.status`,
`Claim.insurance.preAuthRef`); maps/feeds/layouts/fhir.toml says what becomes of them. References are
resolved within the file: by type and id, by fullUrl, to contained resources. One that is not there
is told, and what it would have said stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.parsers import fhir_model as fhir
from edi_iop.parsers.feed_layout import Layout, folded
from edi_iop.parsers.feed_mapping import Flat
from edi_iop.parsers.feed_sheet import SEVERAL, conformed, no_findings
from edi_iop.parsers.fhir_model import Reference, Resource

_HEAD = re.compile(rb'"resourceType"\s*:\s*"[A-Z]')
_VERSIONED = re.compile(r"/_history/[^/]+$")
_R = TypeVar("_R", bound=Resource)

Row = dict[str, str | None]


@dataclass(frozen=True)
class _Placed:
    """A resource, where it stands, and the address the bundle gives it."""

    place: str
    url: str
    resource: Resource


@dataclass
class _File:
    """All resources of a file, found by what may name them."""

    every: list[_Placed] = field(default_factory=list)
    by_name: dict[str, Resource] = field(default_factory=dict)
    faults: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    unused: dict[str, int] = field(default_factory=dict)
    authorizations: dict[str, str] = field(default_factory=dict)
    """Of encounters, by the claims that bill them."""

    def add(self, place: str, url: str, raw: bytes | msgspec.Raw) -> None:
        """Decodes one resource; what cannot be is a fault at its place."""
        try:
            kind = msgspec.json.decode(raw, type=Resource).resource_type
            if kind not in fhir.TYPES:
                self.unused[kind or "?"] = self.unused.get(kind or "?", 0) + 1
                return
            resource = msgspec.json.decode(raw, type=fhir.TYPES[kind])
        except msgspec.DecodeError as problem:
            says = f"a resource that cannot be read: {problem}"
            self.faults.append((place, "FEED_MESSAGE_INVALID", says, None))
            return
        self.every.append(_Placed(place, url, resource))
        self.by_name.setdefault(resource.name, resource)
        if url:
            self.by_name.setdefault(url, resource)
        for inner in resource.contained:
            self._add_contained(resource, inner)

    def _add_contained(self, around: Resource, raw: msgspec.Raw) -> None:
        try:
            kind = msgspec.json.decode(raw, type=Resource).resource_type
            if kind in fhir.TYPES:
                found = msgspec.json.decode(raw, type=fhir.TYPES[kind])
                self.by_name.setdefault(f"{around.name}#{found.id.removeprefix('#')}", found)
        except msgspec.DecodeError:
            return  # a reference to it is told as unresolved

    def of(self, kind: type[_R]) -> Iterator[tuple[str, _R]]:
        for one in self.every:
            if isinstance(one.resource, kind):
                yield one.place, one.resource

    def find(self, place: str, around: Resource, reference: Reference, kind: type[_R]) -> _R | None:
        """The resource a reference names; told where the file does not have it."""
        named = reference.reference
        if not named:
            return None
        found = self.by_name.get(f"{around.name}{named}" if named.startswith("#") else named)
        if found is None:
            plain = _VERSIONED.sub("", named)
            found = self.by_name.get("/".join(plain.rsplit("/", 2)[-2:]))
        if isinstance(found, kind):
            return found
        says = f"{around.resource_type} names {_typed(named)}, which is not in the file"
        self.faults.append((place, "FEED_REFERENCE_UNRESOLVED", says, named))
        return None


def _typed(reference: str) -> str:
    """A reference without what may be personal: ids can be made of names or numbers."""
    found = re.search(r"([A-Z][A-Za-z]+)/[^/]+(/_history/.*)?$", reference)
    return f"a {found[1]}" if found else "a resource"


def is_fhir(data: bytes) -> bool:
    """Whether the bytes begin as a FHIR resource in JSON does, alone or a line each."""
    head = data[:65536].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"{") and _HEAD.search(head) is not None


def flats(layout: Layout, data: bytes) -> dict[str, Flat]:
    """The rows of each feed; FeedRejected where the bytes are no FHIR."""
    file = _read(data)
    encounters = list(_sessions(file))
    clients = [(place, _coverage(file, place, one)) for place, one in file.of(fhir.Coverage)]
    names = sorted(layout.reads)
    unit = "entry"
    return {
        "encounters": Flat(_frame(encounters, names), unit, _faults(file)),
        "clients": Flat(_frame(clients, names), unit),
    }


def _read(data: bytes) -> _File:
    """A Bundle, one resource, or a line each."""
    file = _File()
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        whole = msgspec.json.decode(text, type=fhir.Bundle)
    except msgspec.DecodeError as problem:
        lines = text.split(b"\n")
        if len(lines) == 1 or not lines[0].rstrip().endswith(b"}"):
            raise FeedRejected(
                f"FHIR feed: not JSON of a Bundle: {problem}; send it again"
            ) from problem
        for number, line in enumerate(lines, start=1):  # resources, each a tree of its own
            if line.strip():
                file.add(f"line {number}", "", line)
        return file
    if whole.resource_type != "Bundle":
        file.add("entry 1", "", text)
    for number, entry in enumerate(whole.entry, start=1):
        file.add(f"entry {number}", entry.full_url, entry.resource)
    return file


# ------------------------------------------------------------------ sessions


def _sessions(file: _File) -> Iterator[tuple[str, Row]]:
    """Every billed item of a session, and each session without one."""
    _authorize(file)
    billed: set[str] = set()
    for place, charge in file.of(fhir.ChargeItem):
        session = file.find(place, charge, charge.context, fhir.Encounter)
        if session is not None:
            billed.add(session.name)
        around = {} if session is None else _session(file, place, session)
        yield place, {**around, **_charge(file, place, charge)}
    charged = frozenset(billed)
    for place, claim in file.of(fhir.Claim):
        for item in claim.item:
            where = f"{place}, item {item.sequence}"
            found = [file.find(where, claim, one, fhir.Encounter) for one in item.encounter]
            session = next((one for one in found if one is not None), None)
            if session is not None and session.name in charged:
                continue  # its ChargeItems are the rows; the claim's own facts are with them
            if session is not None:
                billed.add(session.name)
            around = {} if session is None else _session(file, where, session)
            yield where, {**around, **_item(file, where, claim, item)}
    for place, session in file.of(fhir.Encounter):
        if session.name not in billed:
            yield place, _session(file, place, session)


def _authorize(file: _File) -> None:
    """What claims say of their sessions, before a row is made of any."""
    for place, claim in file.of(fhir.Claim):
        for one in (each for item in claim.item for each in item.encounter):
            session = file.find(place, claim, one, fhir.Encounter)
            if session is not None and claim.authorization:
                file.authorizations.setdefault(session.name, claim.authorization)


def _session(file: _File, place: str, one: fhir.Encounter) -> Row:
    patient = file.find(place, one, one.subject, fhir.Patient)
    episodes = [file.find(place, one, each, fhir.EpisodeOfCare) for each in one.episode_of_care[:1]]
    episode = next((each for each in episodes if each is not None), None)
    ranked = sorted(one.diagnosis, key=lambda each: each.rank or len(one.diagnosis) + 1)
    conditions = [file.find(place, one, each.condition, fhir.Condition) for each in ranked]
    concepts = [each.code for each in conditions if each is not None] or list(one.reason_code)
    return {
        "Encounter.id": one.id or None,
        "@version": one.meta.version or None,
        "Encounter.status": one.status or None,
        "Encounter.class": _several([one.setting.code, one.setting.display]),
        "Encounter.type": _several(word for each in one.type for word in each.said),
        "Encounter.serviceType": _several(one.service_type.said),
        "Encounter.period.start": one.period.start,
        "Encounter.period.end": one.period.end,
        "Encounter.diagnosis": _several(_diagnoses(concepts)),
        **_participants(file, place, one),
        "Encounter.serviceProvider.npi": _npi(file, place, one, [one.service_provider]),
        "Encounter.episodeOfCare": next((each.id for each in one.episode_of_care if each.id), None),
        "EpisodeOfCare.period.start": None if episode is None else episode.period.start,
        "EpisodeOfCare.period.end": None if episode is None else episode.period.end,
        "Claim.insurance.preAuthRef": file.authorizations.get(one.name),
        **_patient(patient, one.subject),
    }


def _participants(file: _File, place: str, one: fhir.Encounter) -> Row:
    """Who took part: whoever did, by the role that is given (v3-ParticipationType), and without one."""
    roles: dict[str, list[Reference]] = {".npi": [each.individual for each in one.participant]}
    for each in one.participant:
        for role in {word for concept in each.type for word in concept.said} or {""}:
            roles.setdefault(f"[{role}].npi", []).append(each.individual)
    return {
        f"Encounter.participant{role}": _npi(file, place, one, named)
        for role, named in roles.items()
    }


def _charge(file: _File, place: str, one: fhir.ChargeItem) -> Row:
    period = one.occurrence_period
    row: Row = {
        "ChargeItem.id": one.id or None,
        "@version": one.meta.version or None,
        "ChargeItem.status": one.status or None,
        "item.code": _procedure(one.code),
        "item.display": _several(one.code.said),
        "item.quantity": _number(one.quantity.value),
        "item.net": _number(one.price.value),
        "item.start": period.start or one.occurrence,
        "item.end": period.end,
        "item.diagnosis": _several(_diagnoses(one.reason)),
        "item.npi": _npi(file, place, one, (each.actor for each in one.performer)),
    }
    if not one.context.reference:
        row |= _patient(file.find(place, one, one.subject, fhir.Patient), one.subject)
    return row


def _item(file: _File, place: str, claim: fhir.Claim, item: fhir.Item) -> Row:
    ordered = sorted(claim.diagnosis, key=lambda each: each.sequence)
    pointed = [each for at in item.diagnosis_sequence for each in ordered if each.sequence == at]
    found = []
    for each in pointed or ordered:
        condition = file.find(place, claim, each.reference, fhir.Condition)
        found.append(each.concept if condition is None else condition.code)
    team = [each.provider for each in claim.care_team if each.sequence in item.care_team_sequence]
    row: Row = {
        "Claim.id": claim.id or None,
        "@version": claim.meta.version or None,
        "Claim.status": claim.status or None,
        "Claim.item.sequence": str(item.sequence),
        "Claim.insurance.preAuthRef": claim.authorization,
        "item.code": _procedure(item.product_or_service),
        "item.display": _several(item.product_or_service.said),
        "item.modifier": _several(word for each in item.modifier for word in each.said[:1]),
        "item.revenue": next(iter(item.revenue.said), None),
        "item.quantity": _number(item.quantity.value),
        "item.net": _number(item.net.value),
        "item.start": item.serviced_period.start or item.serviced_date,
        "item.end": item.serviced_period.end,
        "item.diagnosis": _several(_diagnoses(found)),
        "item.npi": _npi(file, place, claim, team),
        "Claim.provider.npi": _npi(file, place, claim, [claim.provider]),
    }
    if not item.encounter:
        row |= _patient(file.find(place, claim, claim.patient, fhir.Patient), claim.patient)
    return row


def _diagnoses(concepts: Iterable[fhir.Concept]) -> Iterator[str]:
    return (code for each in concepts if (code := each.code_of(fhir.ICD_10_CM)))


def _procedure(concept: fhir.Concept) -> str | None:
    """A code in the form of HCPCS, whatever its system is called."""
    codes = (one.code for one in concept.coding)
    return next(
        (code for code in codes if re.fullmatch(r"[A-Za-z0-9]\d{3}[A-Za-z0-9]", code)), None
    )


# ------------------------------------------------------------------ people


def _patient(patient: fhir.Patient | None, reference: Reference) -> Row:
    if patient is None:
        return {"Patient.id": reference.id or reference.identifier.value or None}
    name = next(iter(sorted(patient.names, key=lambda one: one.use != "official")), fhir.Name())
    address = next(iter(patient.address), fhir.Address())
    given, lines = [*name.given, None, None], [*address.line, None, None]
    return {
        "Patient.id": patient.id or reference.id or None,
        "Patient.identifier[MR]": patient.record_number,
        "Patient.name.family": name.family,
        "Patient.name.given": given[0],
        "Patient.name.middle": given[1],
        "Patient.birthDate": patient.birth_date,
        "Patient.gender": patient.gender,
        "Patient.address.line": lines[0],
        "Patient.address.line2": lines[1],
        "Patient.address.city": address.city,
        "Patient.address.state": address.state,
        "Patient.address.postalCode": address.postal_code,
    }


def _coverage(file: _File, place: str, one: fhir.Coverage) -> Row:
    subscriber = _patient(None, Reference())
    own = one.subscriber.reference and one.subscriber.reference == one.beneficiary.reference
    if one.subscriber.reference and not own:
        subscriber = _patient(file.find(place, one, one.subscriber, fhir.Patient), one.subscriber)
    patient = _patient(file.find(place, one, one.beneficiary, fhir.Patient), one.beneficiary)
    groups = (each.value for each in one.classes if "group" in each.type.said)
    return {
        **patient,
        "Coverage.status": one.status or None,
        "Coverage.payor": _payer(file, place, one),
        "Coverage.subscriberId": one.subscriber_id,
        "Coverage.order": None if one.order is None else str(one.order),
        "Coverage.relationship": _several(one.relationship.said),
        "Coverage.class[group]": next(groups, None),
        "Coverage.period.start": one.period.start,
        "Coverage.period.end": one.period.end,
        "Subscriber.name.family": subscriber.get("Patient.name.family"),
        "Subscriber.name.given": subscriber.get("Patient.name.given"),
        "Subscriber.birthDate": subscriber.get("Patient.birthDate"),
        "Subscriber.gender": subscriber.get("Patient.gender"),
    }


def _payer(file: _File, place: str, one: fhir.Coverage) -> str | None:
    """The payer's identifier, else the id of its resource."""
    reference = next(iter(one.payor), Reference())
    if reference.identifier.value:
        return reference.identifier.value
    found = file.find(place, one, reference, fhir.Practitioner)
    values = () if found is None else (each.value for each in found.identifier)
    return next((value for value in values if value), reference.id or None)


def _npi(file: _File, place: str, around: Resource, references: Iterable[Reference]) -> str | None:
    """The first NPI among those named: in the reference itself, or in the resource it names."""
    for reference in references:
        given = reference.identifier
        if fhir.US_NPI in given.system and given.value:
            return given.value
        found: Resource | None = file.find(place, around, reference, Resource)
        if isinstance(found, fhir.PractitionerRole):
            inner = found.practitioner.reference.startswith("#")
            found = file.find(
                place, around if inner else found, found.practitioner, fhir.Practitioner
            )
        if isinstance(found, fhir.Practitioner):
            for each in found.identifier:
                if fhir.US_NPI in each.system or "NPI" in each.type.said:
                    return each.value
    return None


# ------------------------------------------------------------------ frames


def _several(words: Iterable[str]) -> str | None:
    return SEVERAL.join(word for word in words if word) or None


def _number(value: object) -> str | None:
    return None if value is None else format(value, "f")


def _frame(rows: list[tuple[str, Row]], names: list[str]) -> pl.DataFrame:
    columns = [
        pl.Series("row", range(1, len(rows) + 1), pl.Int64),
        pl.Series("place", [place for place, _ in rows], pl.String),
        *(pl.Series(folded(name), [row.get(name) for _, row in rows], pl.String) for name in names),
    ]
    return pl.DataFrame(columns)


def _faults(file: _File) -> pl.DataFrame:
    """Each fault once, however many rows met it."""
    schema = dict.fromkeys(("place", "code", "says", "value"), pl.String)
    placed = pl.DataFrame(list(dict.fromkeys(file.faults)), schema=schema, orient="row")
    says = [f"not read: {name}, {count:,} in the file" for name, count in file.unused.items()]
    unused = pl.DataFrame({"says": says}, schema={"says": pl.String})
    return pl.concat(
        [
            no_findings(),
            conformed(placed),
            conformed(unused.with_columns(code=pl.lit("FEED_MESSAGE_UNUSED"))),
        ]
    )
