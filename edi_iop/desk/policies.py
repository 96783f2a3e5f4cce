"""Which policy judges which payer's lines: by a workspace's settings, or as the user names them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from edi_iop.errors import BadPolicy
from edi_iop.rules.in_force import Policies, every, of_payers
from edi_iop.rules.policy import names
from edi_iop.rules.records import NOBODY
from edi_iop.settings import Facility, Partner, PayerSetting, Settings, Submitter


def of_settings(settings: Settings, on: date, folders: Sequence[Path] = ()) -> Policies:
    """Every payer of the settings with its policies; BadPolicy where none is in force on the date."""
    return of_payers({payer.id: payer.policy for payer in settings.payers}, on, folders)


def named(
    payers: Sequence[str], seen: Collection[str], on: date, folders: Sequence[Path] = ()
) -> Policies:
    """`harbor` for every payer that occurs in the files, `HARBR=harbor` for one of them."""
    chosen: dict[str, str] = {}
    for text in payers:
        payer_id, equals, policy = text.rpartition("=")
        for payer in [payer_id] if equals else sorted(seen):
            chosen[payer] = policy
        _known(policy, folders)
    return of_payers(chosen, on, folders)


def within(
    settings: Settings, payers: Sequence[str], on: date, folders: Sequence[Path] = ()
) -> Policies:
    """The payers of the settings that the user named, by id or by policy; all where none is."""
    known = of_settings(settings, on, folders)
    if not payers:
        return known
    chosen = [payer.id for payer in settings.payers if payer.id in payers or payer.policy in payers]
    if not chosen:
        listed = ", ".join(f"{payer.id} ({payer.policy})" for payer in settings.payers)
        raise BadPolicy(f"payer {', '.join(payers)}: not in the settings; they have {listed}")
    return known.chosen(chosen)


def _known(policy: str, folders: Sequence[Path]) -> None:
    """BadPolicy names the policies there are where it is none of them."""
    have = [name for name in names(folders) if name != "base"]
    if policy not in have:
        near = get_close_matches(policy, have, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(have)}"
        raise BadPolicy(f"payer policy {policy!r}: there is none of that name; {hint}")


def stand_in(policies: Policies, npi: str = NOBODY) -> Settings:
    """Settings that only judging needs: who bills, and the contract's rate as the charge."""
    facility = Facility(
        name="the facility",
        npi=npi,
        tin="000000000",
        taxonomy="",
        address1="",
        city="",
        state="",
        zip="000000000",
    )
    rates = {
        pair.procedure: pair.rate or "0"
        for _, version in every(policies)
        for pair in version.policy.iop.pairs
    }
    return Settings(
        facility=facility,
        submitter=Submitter(name="", id="", contact="", phone=""),
        partners=(Partner(id="-", name=""),),
        payers=tuple(
            PayerSetting(id=payer, name=payer, policy=policy.id, partner="-")
            for payer, policy in policies.items()
        ),
        charges=rates,
    )
