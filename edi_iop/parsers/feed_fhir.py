"""FHIR R4 sessions and coverage, as a Bundle or as NDJSON: resources to rows (hl7.org/fhir/R4).

A row of `encounters` is a ChargeItem or Claim.item of an Encounter, or an Encounter without any; a
row of `clients` a Coverage. Columns are named after the elements they hold (`Encounter.status`,
`Claim.insurance.preAuthRef`); maps/feeds/layouts/fhir.toml says what becomes of them. References are
resolved within what came together: by type and id, by fullUrl, to contained resources. One that is
not there is told, and what it would have said stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

import polars as pl

from edi_iop.errors import FeedRejected
from edi_iop.parsers import fhir_model as fhir
from edi_iop.parsers.feed_layout import Layout, folded
from edi_iop.parsers.feed_mapping import Flat
from edi_iop.parsers.feed_sheet import SEVERAL
from edi_iop.parsers.fhir_delivery import Delivery, Placed, together
from edi_iop.parsers.fhir_model import Reference, Resource

_HEAD = re.compile(rb'"resourceType"\s*:\s*"[A-Z]')

Row = dict[str, str | None]


def is_fhir(data: bytes) -> bool:
    """Whether the bytes begin as a FHIR resource in JSON does, alone or a line each."""
    head = data[:65536].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"{") and _HEAD.search(head) is not None


def flats(
    layout: Layout, files: Sequence[tuple[int | None, bytes]]
) -> dict[int, dict[str, Flat] | FeedRejected]:
    """By file the rows of each feed, out of files that came together; or why a file is refused.

    files: number and content; no number: a file that was taken in before, of which no row is made but
    where a file that is new says something of it: that row is the new file's.
    """
    delivery, refused = together(files)
    names = sorted(layout.reads)
    found = {"encounters": _sessions(delivery), "clients": _coverages(delivery)}
    rows: dict[tuple[int, str], list[tuple[str, Row]]] = {}
    for kind, each in found.items():
        for at, row in _at_home(delivery, each):
            rows.setdefault((at.file or 0, kind), []).append((at.place, row))
    answer: dict[int, dict[str, Flat] | FeedRejected] = {}
    for file in (number for number, _ in files if number is not None):
        reason = delivery.rejected(file)
        if file in refused or reason is not None:
            answer[file] = refused.get(file) or FeedRejected(reason or "")
            continue
        encounters, clients = (_frame(rows.get((file, kind), []), names) for kind in found)
        answer[file] = {
            "encounters": Flat(encounters, "entry", delivery.faults(file)),
            "clients": Flat(clients, "entry"),
        }
    return answer


def _at_home(
    delivery: Delivery, rows: Iterator[tuple[Placed, Row]]
) -> Iterator[tuple[Placed, Row]]:
    """Each row at the first new resource it is made of; none of what is all known."""
    for at, row in rows:
        home = next((one for one in (at, *delivery.touched) if one.file is not None), None)
        if home is not None:
            yield home, row
        delivery.touched.clear()


# ------------------------------------------------------------------ sessions


def _sessions(delivery: Delivery) -> Iterator[tuple[Placed, Row]]:
    """Every billed item of a session, and each session without one."""
    authorized = _authorizations(delivery)
    billed: set[tuple[int, str]] = set()

    def around(at: Placed, reference: Reference) -> tuple[Placed | None, Row]:
        if delivery.find(at, reference, fhir.Encounter) is None:
            return None, {}
        session = delivery.placed(at, reference)
        return session, {} if session is None else _session(delivery, session, authorized)

    for at, charge in delivery.of(fhir.ChargeItem):
        session, row = around(at, charge.context)
        if session is not None:
            billed.add(_key(session))
        yield at, {**row, **_charge(delivery, at, charge)}
    charged = frozenset(billed)
    for whole, claim in delivery.of(fhir.Claim):
        for item in claim.item:
            at = whole.at(f"{whole.place}, item {item.sequence}")
            found = [around(at, one) for one in item.encounter]
            session, row = next((one for one in found if one[0] is not None), (None, {}))
            if session is not None and _key(session) in charged:
                delivery.touched.clear()
                continue  # its ChargeItems are the rows; the claim's own facts are with them
            if session is not None:
                billed.add(_key(session))
            yield at, {**row, **_item(delivery, at, claim, item)}
    for at, _ in delivery.of(fhir.Encounter):
        if _key(at) not in billed:
            yield at, _session(delivery, at, authorized)


def _key(session: Placed) -> tuple[int, str]:
    return session.source, session.resource.name


def _authorizations(delivery: Delivery) -> dict[tuple[int, str], str]:
    """Of sessions, by the claims that bill them, before a row is made of any."""
    found: dict[tuple[int, str], str] = {}
    for at, claim in delivery.of(fhir.Claim):
        for one in (each for item in claim.item for each in item.encounter):
            session = delivery.placed(at, one)
            if session is not None and claim.authorization:
                found.setdefault(_key(session), claim.authorization)
    delivery.touched.clear()
    return found


def _session(delivery: Delivery, at: Placed, authorized: Mapping[tuple[int, str], str]) -> Row:
    one = cast(fhir.Encounter, at.resource)
    patient = delivery.find(at, one.subject, fhir.Patient)
    episodes = [delivery.find(at, each, fhir.EpisodeOfCare) for each in one.episode_of_care[:1]]
    episode = next((each for each in episodes if each is not None), None)
    ranked = sorted(one.diagnosis, key=lambda each: each.rank or len(one.diagnosis) + 1)
    conditions = [delivery.find(at, each.condition, fhir.Condition) for each in ranked]
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
        **_participants(delivery, at, one),
        "Encounter.serviceProvider.npi": _npi(delivery, at, [one.service_provider]),
        "Encounter.episodeOfCare": next((each.id for each in one.episode_of_care if each.id), None),
        "EpisodeOfCare.period.start": None if episode is None else episode.period.start,
        "EpisodeOfCare.period.end": None if episode is None else episode.period.end,
        "Claim.insurance.preAuthRef": authorized.get(_key(at)),
        **_patient(patient, one.subject),
    }


def _participants(delivery: Delivery, at: Placed, one: fhir.Encounter) -> Row:
    """Who took part: whoever did, by the role that is given (v3-ParticipationType), and without one."""
    roles: dict[str, list[Reference]] = {".npi": [each.individual for each in one.participant]}
    for each in one.participant:
        for role in {word for concept in each.type for word in concept.said} or {""}:
            roles.setdefault(f"[{role}].npi", []).append(each.individual)
    return {
        f"Encounter.participant{role}": _npi(delivery, at, named) for role, named in roles.items()
    }


def _charge(delivery: Delivery, at: Placed, one: fhir.ChargeItem) -> Row:
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
        "item.npi": _npi(delivery, at, (each.actor for each in one.performer)),
    }
    if not one.context.reference:
        row |= _patient(delivery.find(at, one.subject, fhir.Patient), one.subject)
    return row


def _item(delivery: Delivery, at: Placed, claim: fhir.Claim, item: fhir.Item) -> Row:
    ordered = sorted(claim.diagnosis, key=lambda each: each.sequence)
    pointed = [each for at in item.diagnosis_sequence for each in ordered if each.sequence == at]
    found = []
    for each in pointed or ordered:
        condition = delivery.find(at, each.reference, fhir.Condition)
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
        "item.npi": _npi(delivery, at, team),
        "Claim.provider.npi": _npi(delivery, at, [claim.provider]),
    }
    if not item.encounter:
        row |= _patient(delivery.find(at, claim.patient, fhir.Patient), claim.patient)
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


def _coverages(delivery: Delivery) -> Iterator[tuple[Placed, Row]]:
    return ((at, _coverage(delivery, at, one)) for at, one in delivery.of(fhir.Coverage))


def _coverage(delivery: Delivery, at: Placed, one: fhir.Coverage) -> Row:
    subscriber = _patient(None, Reference())
    own = one.subscriber.reference and one.subscriber.reference == one.beneficiary.reference
    if one.subscriber.reference and not own:
        subscriber = _patient(delivery.find(at, one.subscriber, fhir.Patient), one.subscriber)
    patient = _patient(delivery.find(at, one.beneficiary, fhir.Patient), one.beneficiary)
    groups = (each.value for each in one.classes if "group" in each.type.said)
    return {
        **patient,
        "Coverage.status": one.status or None,
        "Coverage.payor": _payer(delivery, at, one),
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


def _payer(delivery: Delivery, at: Placed, one: fhir.Coverage) -> str | None:
    """The payer's identifier, else the id of its resource."""
    reference = next(iter(one.payor), Reference())
    if reference.identifier.value:
        return reference.identifier.value
    found = delivery.find(at, reference, fhir.Practitioner)
    values = () if found is None else (each.value for each in found.identifier)
    return next((value for value in values if value), reference.id or None)


def _npi(delivery: Delivery, at: Placed, references: Iterable[Reference]) -> str | None:
    """The first NPI among those named: in the reference itself, or in the resource it names."""
    for reference in references:
        given = reference.identifier
        if fhir.US_NPI in given.system and given.value:
            return given.value
        found: Resource | None = delivery.find(at, reference, Resource)
        if isinstance(found, fhir.PractitionerRole):
            role = delivery.placed(at, reference) or at
            inner = found.practitioner.reference.startswith("#")
            found = delivery.find(at if inner else role, found.practitioner, fhir.Practitioner)
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
