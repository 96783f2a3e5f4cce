"""Payer policies: dated data that say which rules apply, with which numbers, and how a payer denies.

A policy is a TOML file in maps/payers or a workspace's payers/ folder. It may
extend another: tables are merged key by key, arrays are replaced whole.
Several files may carry the same id with different effective dates.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from edi_iop import resources
from edi_iop.codes.licensed import CLASS, classes, spelled_out
from edi_iop.errors import BadPolicy
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
    Telehealth,
    Timely,
)
from edi_iop.settings import Strict

__all__ = ["MINUTES_PER_UNIT", "Duration", "Pair", "Policy", "load", "names"]


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
    cites: dict[str, str] = msgspec.field(default_factory=dict)
    """Where a value comes from, by its key or its section: "duration.caps", "timely"."""
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
        while key and key not in self.cites:
            key = key.rpartition(".")[0]
        return self.cites.get(key)

    def under(self, terms: Mapping[str, Any]) -> Policy:
        """The same policy with some of its terms otherwise; BadPolicy where they are none of its keys."""
        try:
            return msgspec.convert(_over(msgspec.to_builtins(self), dict(terms)), Policy)
        except msgspec.ValidationError as problem:
            raise BadPolicy(f"terms of {self.id}: {problem}; correct them") from problem

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


def load(policy_id: str, on: date, folders: Sequence[Path] = ()) -> Policy:
    """The policy of that id in force on the date; BadPolicy where there is none.

    folders: looked through before maps/payers, so that a workspace's own policy wins.
    """
    for folder in (*folders, resources.maps() / "payers"):
        candidates = [policy for policy in _policies(folder) if policy.id == policy_id]
        in_force = [
            policy
            for policy in candidates
            if policy.effective_from <= on <= (policy.effective_to or date.max)
        ]
        if in_force:
            newest = max(in_force, key=lambda policy: policy.effective_from)
            return _with_loaded_codes(newest, on, folders)
        if candidates:
            raise BadPolicy(f"policy {policy_id}: none in force on {on}; add one dated for it")
    raise BadPolicy(f"policy {policy_id}: no such file in maps/payers or the workspace's payers/")


def _with_loaded_codes(policy: Policy, on: date, folders: Sequence[Path]) -> Policy:
    """The policy with each `class:NAME` of its bundles spelled out from the workspace's code lists.

    These stand in codes/ beside the workspace's payers/; without a workspace such names stay.
    """
    if not folders or not any(CLASS in "".join(one.procedures) for one in policy.bundles.values()):
        return policy
    known = {
        name: members
        for folder in folders
        for name, members in classes(folder.parent / "codes", on).items()
    }
    try:
        spelled = {
            name: msgspec.structs.replace(one, procedures=spelled_out(one.procedures, known))
            for name, one in policy.bundles.items()
        }
    except KeyError as unknown:
        raise BadPolicy(
            f"policy {policy.id}: no loaded code list has the class {unknown.args[0]}; "
            "load one with a column named class: edi-iop codes load cpt FILE WORKSPACE"
        ) from unknown
    return msgspec.structs.replace(policy, bundles=spelled)


def names(folders: Iterable[Path] = ()) -> list[str]:
    """Ids of all policies at hand."""
    places = (*folders, resources.maps() / "payers")
    return sorted({policy.id for folder in places for policy in _policies(folder)})


@cache
def _policies(folder: Path) -> tuple[Policy, ...]:
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    return tuple(_decode(path) for path in files)


def _decode(path: Path) -> Policy:
    try:
        return msgspec.convert(_merged(path), Policy)
    except msgspec.ValidationError as problem:
        raise BadPolicy(f"{path.name}: {problem}; correct the policy file") from problem


def _merged(path: Path) -> dict[str, Any]:
    """The file's tables over those of the policy it extends."""
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadPolicy(f"{path.name}: {problem}; correct the policy file") from problem
    parent = own.pop("extends", None)
    if parent is None:
        return own
    for folder in (path.parent, resources.maps() / "payers"):
        base = folder / f"{parent}.toml"
        if base.is_file() and base != path:
            return _over(_merged(base), own)
    raise BadPolicy(f"{path.name}: extends {parent}, which is not there")


def _over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    both = {key: value for key, value in base.items() if key not in own}
    for key, value in own.items():
        under = base.get(key)
        both[key] = (
            _over(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
        )
    return both
