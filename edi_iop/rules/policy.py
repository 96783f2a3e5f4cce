"""Payer policies: dated data that say which rules apply, with which numbers, and how a payer denies.

A policy is a TOML file in maps/payers or a workspace's payers/ folder
(policy_files.py: dates, inheritance, sources). A folder with a wrong file in it
is refused whole, by file, key and reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from edi_iop import mistakes, resources
from edi_iop.codes.licensed import class_turns, classes
from edi_iop.errors import BadPolicy
from edi_iop.rules import policy_checks, policy_classes
from edi_iop.rules import policy_files as files
from edi_iop.rules.billing import Billing
from edi_iop.rules.parameters import (
    MINUTES_PER_UNIT,
    Authorization,
    Bundle,
    ClaimForm,
    Codes,
    Conflicts,
    Denial,
    Diagnosis,
    Duration,
    Eligibility,
    Iop,
    Medication,
    Modifiers,
    Otp,
    Pair,
    PlanOfCare,
    Privacy,
    Professional,
    Remits,
    Telehealth,
    Timely,
)
from edi_iop.rules.policy_files import Origin
from edi_iop.settings import Strict

__all__ = ["MINUTES_PER_UNIT", "Duration", "Pair", "Policy", "lint", "load", "names", "versions"]


class Policy(Strict, frozen=True):
    """One payer's rules on a date."""

    id: str
    name: str
    version: str
    effective_from: date
    sources: tuple[str, ...]
    read_on: date
    iop: Iop
    duration: Duration
    authorization: Authorization
    bundles: dict[str, Bundle]
    professional: Professional
    conflicts: Conflicts
    diagnosis: Diagnosis
    timely: Timely
    denials: dict[str, Denial]
    medication: Medication = Medication()
    codes: Codes = Codes()
    modifiers: Modifiers = Modifiers()
    telehealth: Telehealth = Telehealth()
    claim: ClaimForm = ClaimForm()
    plan_of_care: PlanOfCare = PlanOfCare()
    otp: Otp = Otp()
    eligibility: Eligibility = Eligibility()
    privacy: Privacy = Privacy()
    billing: Billing = Billing()
    remits: Remits = Remits()
    cites: dict[str, str] = msgspec.field(default_factory=dict)
    """Where a value comes from, by its key or its section: "duration.caps", "timely"."""
    origins: dict[str, Origin] = msgspec.field(default_factory=dict)
    """Source, policy and reading date of every value, by its dotted key; not for a file to set."""
    verified_on: date | None = None
    """The day the facility had the values confirmed by the payer; None: examples to verify."""
    effective_to: date | None = None
    rules_off: tuple[str, ...] = ()
    """Rules this payer does not have."""
    severities: dict[str, Literal["block", "hold", "warn", "info"]] = msgspec.field(
        default_factory=dict
    )
    """Severities that differ from the catalogue's."""

    @property
    def label(self) -> str:
        """Id and version, as violations and verdicts name it."""
        return f"{self.id} {self.version}"

    def value(self, key: str) -> Any:
        """What a key or section holds, as the file would write it; None where there is no such key."""
        found: Any = msgspec.to_builtins(self)
        for part in key.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def cite(self, key: str) -> str | None:
        """Where a value comes from: its own source, else that of the section around it."""
        return files.cited(self.cites, key)

    def values(self) -> dict[str, Any]:
        """Every value that is set at all, by its dotted key; not what names the policy."""
        head = (*files.Head.__struct_fields__, "origins", "cites")
        return {
            key: value
            for key, value in files.leaves(msgspec.to_builtins(self))
            if key.split(".")[0] not in head and value not in (None, [], ())
        }

    def under(self, terms: Mapping[str, Any]) -> Policy:
        """The same policy with some of its terms otherwise; BadPolicy where they are none of its keys."""
        try:
            return msgspec.convert(files.over(msgspec.to_builtins(self), dict(terms)), Policy)
        except msgspec.ValidationError as problem:
            key, reason = mistakes.told(problem)
            raise BadPolicy(f"terms of {self.id}: {key}: {reason}; correct them") from problem

    def without(self, rules: Iterable[str]) -> Policy:
        """The same policy with these rules switched off, where their records are not at hand."""
        return msgspec.structs.replace(self, rules_off=(*self.rules_off, *rules))

    def pair_for(self, track: str) -> Pair:
        """The pair billed for a track."""
        return next(pair for pair in self.iop.pairs if pair.track == track)

    def family(self, diagnosis: str) -> str:
        """SUD, NICOTINE, ORGANIC, MH, Z or OTHER of an ICD-10-CM code without dot."""
        if diagnosis.startswith(self.diagnosis.nicotine):
            return "NICOTINE"
        if diagnosis.startswith(self.diagnosis.sud):
            return "SUD"
        if diagnosis.startswith(self.diagnosis.organic):
            return "ORGANIC"
        if diagnosis.startswith(self.diagnosis.mh):
            return "MH"
        return "Z" if diagnosis.startswith("Z") else "OTHER"


@files.looking_once
def load(policy_id: str, on: date, folders: Sequence[Path] = ()) -> Policy:
    """The policy of that id in force on the date; BadPolicy where there is none, or a file is wrong.

    folders: looked through before maps/payers, so that a workspace's own policy wins.
    """
    for folder in (*folders, resources.maps() / "payers"):
        lint(folder)
        candidates = files.versions(policy_id, folder)
        in_force = next((file for file in candidates if file.in_force(on)), None)
        if in_force is not None:
            whole = files.whole(in_force, on)
            policy = _decoded(whole)
            return _with_loaded_codes(policy, on, folders) if _names_classes(whole) else policy
        if candidates:
            raise BadPolicy(f"policy {policy_id}: none in force on {on}; add one dated for it")
    raise BadPolicy(f"policy {policy_id}: no such file in maps/payers or the workspace's payers/")


def _with_loaded_codes(policy: Policy, on: date, folders: Sequence[Path]) -> Policy:
    """The policy with each `class:NAME` spelled out from the workspace's code lists.

    These stand in codes/ beside the workspace's payers/.
    """
    known = {
        name: members
        for folder in folders
        for name, members in classes(folder.parent / "codes", on).items()
    }
    try:
        return msgspec.convert(policy_classes.expanded(msgspec.to_builtins(policy), known), Policy)
    except KeyError as unknown:
        raise BadPolicy(
            f"policy {policy.id}: no loaded code list has the class {unknown.args[0]}; "
            "load one with a column named class: edi-iop codes load cpt FILE WORKSPACE"
        ) from unknown


def names(folders: Iterable[Path] = ()) -> list[str]:
    """Ids of all policies at hand."""
    places = (*folders, resources.maps() / "payers")
    return sorted({file.head.id for folder in places for file in files.shelf(folder)})


def versions(policy_id: str, folders: Iterable[Path] = ()) -> list[Policy]:
    """Every version of a policy at hand, the earliest first, each as on its first day."""
    for folder in (*folders, resources.maps() / "payers"):
        found = files.versions(policy_id, folder)
        if found:
            return [_decoded(files.whole(file, file.head.effective_from)) for file in found]
    return []


@files.looking_once
def turns(policy_id: str, folders: Sequence[Path] = ()) -> list[date]:
    """The days on which the policy that `load` finds may change, the first of them its beginning."""
    for folder in (*folders, resources.maps() / "payers"):
        found = files.versions(policy_id, folder)
        if found:
            own = {day for file in found for day in files.turns(file)}
            listed = {day for place in folders for day in class_turns(place.parent / "codes")}
            within = {day for day in listed if any(file.in_force(day) for file in found)}
            return sorted(own | within)
    return []


@cache
def _names_classes(whole: files.Whole) -> bool:
    return policy_classes.names_any(msgspec.to_builtins(_decoded(whole)))


@files.looking_once
def lint(folder: Path) -> None:
    """BadPolicy with file, key and reason where any policy file of a folder is wrong on any date."""
    sound = files.found_sound()
    if folder in sound:
        return
    for file in files.shelf(folder):
        for day in files.turns(file):
            _decoded(files.whole(file, day))
    sound.add(folder)


_OF_THE_HEAD = tuple(name for name in files.Head.__struct_fields__ if name != "extends")


@cache
def _decoded(whole: files.Whole) -> Policy:
    """The values as a policy, checked against one another."""
    head = {name: getattr(whole.file.head, name) for name in _OF_THE_HEAD}
    given = {**whole.values, **head, "cites": whole.cites}
    if "origins" in whole.values:
        raise whole.file.wrong("origins", "unknown key")
    try:
        policy = msgspec.convert(given, Policy)
    except msgspec.ValidationError as problem:
        key, reason = mistakes.told(problem)
        raise whole.file.wrong(_exact(given, key), reason) from problem
    policy_checks.check(policy, whole)
    return msgspec.structs.replace(policy, origins=whole.origins)


def _exact(given: dict[str, Any], place: str) -> str:
    """The place with each [...] of msgspec, which stands for any key of a table, as the key meant."""
    before, found, after = place.partition("[...]")
    if not found or "[" in before:
        return place or "the policy"
    table: Any = given
    for key in before.split("."):
        table = table[key]
    for name, value in table.items():
        narrowed = _with(given, before.split("."), {name: value})
        try:
            msgspec.convert(narrowed, Policy)
        except msgspec.ValidationError:
            exact = f"{before}.{name}{after}"
            return _exact(narrowed, exact) if "[...]" in after else exact
    return place


def _with(given: dict[str, Any], keys: Sequence[str], value: Any) -> dict[str, Any]:
    """The same tables with another value at a dotted place."""
    key, *rest = keys
    return {**given, key: _with(given[key], rest, value) if rest else value}
