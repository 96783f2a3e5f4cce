"""Which policy is in force on a date of service: each version of a payer's for its own days.

A day is judged, billed and explained under the policy of that day, whenever that is
done. Before a payer's first version the first one counts, after its last the last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import polars as pl

from edi_iop.rules.policy import Policy, load, turns
from edi_iop.rules.policy_files import looking_once

SERVED = "service_date"


class Version(NamedTuple):
    """A payer's policy and the first day of service it is for."""

    since: date
    policy: Policy


class Policies(Mapping[str, Policy]):
    """Payers' policies by payer id: as a mapping those of one day, beside them every other version.

    Functions that take a mapping of policies take those of one stretch of days, or
    these; `each` hands rows of any dates to a function of the former kind.
    """

    def __init__(self, day: date, versions: Mapping[str, Sequence[Version]]) -> None:
        self.day = day
        self.versions = {payer: tuple(found) for payer, found in versions.items()}
        self._today = self.at(day)

    def __getitem__(self, payer: str) -> Policy:
        return self._today[payer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._today)

    def __len__(self) -> int:
        return len(self._today)

    def on(self, payer: str, day: date) -> Policy | None:
        """The payer's policy for a day of service; None for a payer that has none at all."""
        found = self.versions.get(payer)
        if not found:
            return None
        place = bisect_right([one.since for one in found], day)
        return found[max(place - 1, 0)].policy

    def at(self, day: date) -> dict[str, Policy]:
        """Every payer's policy for a day of service."""
        found = ((payer, self.on(payer, day)) for payer in self.versions)
        return {payer: policy for payer, policy in found if policy is not None}

    def chosen(self, payers: Mapping[str, object] | Sequence[str]) -> Policies:
        """Those of some payers."""
        return Policies(self.day, {payer: self.versions[payer] for payer in payers})

    def changed(self, change: Callable[[Policy], Policy]) -> Policies:
        """The same, each version otherwise."""
        return Policies(
            self.day,
            {
                payer: [Version(since, change(policy)) for since, policy in found]
                for payer, found in self.versions.items()
            },
        )

    @cached_property
    def turns(self) -> list[date]:
        """The days on which any payer's policy changes."""
        return sorted({one.since for found in self.versions.values() for one in found[1:]})

    def apart(self, rows: pl.DataFrame, on: str) -> list[tuple[pl.DataFrame, dict[str, Policy]]]:
        """The rows cut where a policy changes, each part with the policies of its days.

        A row without a date goes with the day asked for.
        """
        served = pl.col(on).fill_null(self.day)
        first, last = rows.select(first=served.min(), last=served.max()).row(0)
        if first is None:
            return [(rows, self._today)]
        inside = [turn for turn in self.turns if first < turn <= last]
        if not inside:
            return [(rows, self.at(first))]  # of a million rows no copy is made
        bounds = [first, *inside, date.max]
        return [
            (rows.filter(served >= begins, served < ends), self.at(begins))
            for begins, ends in pairwise(bounds)
        ]


@looking_once
def versions(policy_id: str, on: date, folders: Sequence[Path] = ()) -> tuple[Version, ...]:
    """Every version of a policy, the earliest first; BadPolicy where none is in force on the day.

    A new one begins also where what it inherits or a class of loaded codes changes.
    """
    load(policy_id, on, folders)
    found = [Version(day, load(policy_id, day, folders)) for day in turns(policy_id, folders)]
    before: list[Version | None] = [None, *found]
    return tuple(
        one
        for one, last in zip(found, before, strict=False)
        if last is None or one.policy != last.policy
    )


@looking_once
def of_payers(names: Mapping[str, str], on: date, folders: Sequence[Path] = ()) -> Policies:
    """The policies of payers, given by id the name of each one's policy."""
    known = {name: versions(name, on, folders) for name in dict.fromkeys(names.values())}
    return Policies(on, {payer: known[name] for payer, name in names.items()})


def every(policies: Mapping[str, Policy]) -> list[tuple[str, Version]]:
    """Every version of every payer's policy, of a payer without dated ones the one that always counts."""
    return [(payer, one) for payer in policies for one in of_payer(policies, payer)]


def apart(
    rows: pl.DataFrame, policies: Mapping[str, Policy], on: str = SERVED
) -> Sequence[tuple[pl.DataFrame, Mapping[str, Policy]]]:
    """The rows of each stretch of days with the policies in force on it (Policies.apart)."""
    return policies.apart(rows, on) if isinstance(policies, Policies) else [(rows, policies)]


def each(
    rows: pl.DataFrame,
    policies: Mapping[str, Policy],
    work: Callable[[pl.DataFrame, Mapping[str, Policy]], pl.DataFrame],
    on: str = SERVED,
) -> pl.DataFrame:
    """What a function makes of the rows, those of each stretch of days under its own policies.

    on: the column of the day that counts. The parts follow one another by date.
    """
    parts = [work(part, own) for part, own in apart(rows, policies, on)]
    return parts[0] if len(parts) == 1 else pl.concat(parts)


def each_row(
    rows: pl.DataFrame,
    policies: Mapping[str, Policy],
    work: Callable[[pl.DataFrame, Mapping[str, Policy]], pl.DataFrame],
    on: str = SERVED,
) -> pl.DataFrame:
    """`each` of a function that adds columns to rows: the rows stay in their order."""
    (_, own), *later = apart(rows.select(on), policies, on)
    if not later:
        return work(rows, own)
    done = each(rows.with_row_index("_place"), policies, work, on)
    return done.sort("_place", maintain_order=True).drop("_place")


def of_payer(policies: Mapping[str, Policy], payer: str) -> tuple[Version, ...]:
    """A payer's versions; one for all days where the policies are of one stretch of days."""
    if isinstance(policies, Policies):
        return policies.versions[payer]
    return (Version(date.min, policies[payer]),)


def on_day(policies: Mapping[str, Policy], payer: str | None, day: date | None) -> Policy | None:
    """The payer's policy for a day of service; without a day that of the day asked for."""
    if payer is None or payer not in policies:
        return None
    if day is None or not isinstance(policies, Policies):
        return policies[payer]
    return policies.on(payer, day)
