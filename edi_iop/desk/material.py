"""What is judged: the tables of files and of a store put together, and the lines they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop import parsers
from edi_iop.desk.paths import Delivered, delivered, is_workspace, opened, read, shown
from edi_iop.findings import Finding
from edi_iop.mapper.propose import propose
from edi_iop.parsers import Parsed
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.reconciler.standings import standings
from edi_iop.rules import days as patient_days
from edi_iop.rules import engine, lines
from edi_iop.rules.catalogue import catalogue
from edi_iop.rules.in_force import Policies, every
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import History, Records, columns_kept, newest
from edi_iop.runner.records import accepted
from edi_iop.runner.records import layouts as workspace_layouts
from edi_iop.settings import Settings, Workspace
from edi_iop.store import Store
from edi_iop.tables import (
    AUTHORIZATIONS,
    CLIENTS,
    FEEDS,
    FINDINGS,
    PROVIDERS,
    REMITS,
    SENT,
    SERVICE_LINES,
    TABLES,
)
from edi_iop.tables.found import findings_frame

if TYPE_CHECKING:
    from edi_iop.parsers.feed_layout import Layout

Tables = dict[str, pl.DataFrame]

_JUDGED = (*FEEDS, *SENT)
_AUTHORIZATION = (*AUTHORIZATIONS.key, "client_id", "payer_id")
"""Denied and undecided ones have no number: whose they are tells them apart."""
_AFTER_THE_STORE = 1_000_000_000
"""Numbers of files that are looked at and not taken in."""


class Material(msgspec.Struct, frozen=True):
    """Canonical tables of several files, what was wrong with them, and each file's kind."""

    tables: Tables
    findings: pl.DataFrame
    names: dict[int, str]
    feeds: frozenset[str]
    """Which feeds were delivered; of a workspace all, however empty."""
    standing: pl.DataFrame | None = None
    """How the payers answered the lines sent (reconciler.standings), where that is known."""

    def table(self, name: str) -> pl.DataFrame:
        return self.tables.get(name, TABLES[name].empty())

    def payers(self) -> set[str]:
        """Payer ids that occur in coverage or on claims."""
        frames = [self.table("clients"), self.table("claims")]
        return set(pl.concat([frame["payer_id"] for frame in frames]).drop_nulls().to_list())


def of_files(given: Delivered, layouts: Sequence[Layout] = ()) -> Material:
    """The files parsed, their tables stacked; rows of feeds replace earlier ones of their key.

    A content that comes in two copies counts once.
    """
    firsts = {content: number for number, content in reversed(given.files)}
    each = [file for file in given.files if firsts[file[1]] == file[0]]
    parsed = parsers.parse(each, layouts=layouts, before=given.before)
    return Material(
        tables=stacked(parsed.values()),
        findings=pl.concat(
            [given.findings, *(FINDINGS.conform(file.findings) for file in parsed.values())]
        ),
        names=given.names,
        feeds=frozenset(FEEDS) & {name for file in parsed.values() for name in file.tables},
    )


def answered(held: Material) -> Material:
    """The same with each line's standing by the remits among the files, where there are any."""
    remits = {name: held.table(name) for name in REMITS}
    if remits["remit_claims"].is_empty():
        return held
    sent = {name: held.table(name) for name in TABLES if name not in REMITS}
    made = reconcile(remits, sent)
    standing = standings(made.remits, made.matches, sent["claim_lines"], sent["other_payer_lines"])
    return replace(held, standing=standing)


def of_paths(given: Sequence[Path], layouts: Sequence[Layout] = ()) -> Material:
    """A workspace's store and inbox where one is named, else the files and folders named."""
    if len(given) == 1 and is_workspace(given[0]):
        return of_workspace(Workspace(given[0]))
    return of_files(delivered(given), layouts)


def of_workspace(workspace: Workspace) -> Material:
    """What the store holds, and the drops that wait in the inbox, each content once."""
    with Store.open(workspace.database, read_only=True) as store:
        kept = {name: store.load(name) for name in _JUDGED}
        answered = accepted(store)
        decided = kept["other_payer_lines"]
        standing = standings(answered, store.load("matches"), kept["claim_lines"], decided)
        waiting = _waiting(workspace, store)
    dropped = of_files(waiting, workspace_layouts(workspace))
    tables = {name: pl.concat([frame, dropped.table(name)]) for name, frame in kept.items()}
    return replace(dropped, tables=tables, standing=standing, feeds=frozenset(FEEDS))


def _waiting(workspace: Workspace, store: Store) -> Delivered:
    """The inbox without what was taken in before, under numbers that no file of the store has."""
    contents: dict[bytes, str] = {}
    before: list[bytes] = []
    refused: list[tuple[str, Finding]] = []
    for path in sorted(path for path in workspace.inbox.rglob("*") if path.is_file()):
        for name, found in opened(shown(path), read(path)):
            if isinstance(found, Finding):
                refused.append((name, found))
            elif store.seen(sha256(found).hexdigest()) is None:
                contents.setdefault(found, name)
            elif parsers.is_fhir(found):
                before.append(found)
    names = dict(enumerate((*contents.values(), *dict(refused)), start=_AFTER_THE_STORE))
    numbers = {name: number for number, name in names.items()}
    faults = [findings_frame([finding], numbers[name]) for name, finding in refused]
    return Delivered(
        tuple(zip(names, contents, strict=False)),
        names,
        pl.concat([FINDINGS.empty(), *faults]),
        tuple(before),
    )


def stacked(parsed: Iterable[Parsed]) -> Tables:
    """All files' rows by table."""
    parts: dict[str, list[pl.DataFrame]] = {}
    for file in parsed:
        for name, frame in file.tables.items():
            parts.setdefault(name, []).append(TABLES[name].conform(frame))
    return parsers.Sent().only({name: pl.concat(frames) for name, frames in parts.items()})


class Judged(msgspec.Struct, frozen=True):
    """Lines, the days behind them, and what the rules say."""

    proposed: pl.DataFrame
    records: Records
    violations: pl.DataFrame
    findings: list[Finding]
    hindered: pl.DataFrame
    """Attended and not proposed, with what it lacks (mapper.unbilled)."""


def judge(
    material: Material, policies: Mapping[str, Policy], settings: Settings, as_of: date
) -> Judged:
    """What the encounters would be billed as, and every rule that those lines or sent ones break."""
    known = recorded(material, policies, as_of)
    proposed, hindrances, hindered = propose(
        known.days,
        known.encounters,
        known.clients,
        known.authorizations,
        policies,
        settings,
        as_of,
        known.lines,
    )
    records = replace(known, lines=pl.concat([known.lines, SERVICE_LINES.conform(proposed)]))
    return Judged(proposed, records, engine.check(records, policies), hindrances, hindered)


def recorded(material: Material, policies: Mapping[str, Policy], as_of: date) -> Records:
    """The facility's records as they stand, and the lines sent so far."""
    encounters = patient_days.current(material.table("encounters"))
    clients = newest(material.table("clients"), CLIENTS.key)
    return Records(
        lines=sent_lines(material, clients),
        days=patient_days.days(encounters, clients, policies),
        encounters=encounters,
        clients=clients,
        authorizations=newest(material.table("authorizations"), _AUTHORIZATION),
        providers=newest(material.table("providers"), PROVIDERS.key),
        as_of=as_of,
        history=History.of(
            material.table("submissions")["created_on"], material.table("payments")["payment_date"]
        ),
    )


def sent_lines(material: Material, clients: pl.DataFrame) -> pl.DataFrame:
    """The lines of claims among the files, by whomever they were sent."""
    if material.table("claims").is_empty():
        return SERVICE_LINES.empty()
    dates = material.table("submissions").select("file_id", "created_on").drop_nulls()
    sent_on: dict[int, date] = dict(dates.iter_rows())
    whole = {name: material.table(name) for name in _JUDGED}
    found = lines.service_lines(whole, clients, sent_on, material.standing)
    return SERVICE_LINES.conform(found)


def billing_npi(material: Material) -> str | None:
    """Who bills, as most institutional claims or else most encounters name them."""
    claims = material.table("claims").filter(pl.col("form") == "I")["billing_npi"]
    for named in (claims, material.table("encounters")["facility_npi"]):
        most = named.drop_nulls().value_counts(sort=True)
        if most.height:
            return str(most[0, 0])
    return None


def judgeable(policies: Policies, held: Material) -> tuple[Policies, tuple[str, ...]]:
    """The policies without the rules whose records nobody delivered, and a remark on those.

    Without an authorizations feed every line would seem unauthorized.
    """
    days = {"days"} if "encounters" in held.feeds else set()
    kept = columns_kept(
        held.table("clients"), held.table("providers"), held.table("encounters")
    ) | _not_asked(policies)
    given = {"lines", *held.feeds, *days, *kept}
    off = [rule.id for rule in catalogue().values() if not given.issuperset(rule.needs)]
    missing = sorted({need for rule in off for need in catalogue()[rule].needs} - given)
    remark = (f"not judged for want of {', '.join(missing)}: {', '.join(off)}",) if off else ()
    return policies.changed(lambda policy: policy.without(off)), remark


def _not_asked(policies: Policies) -> set[str]:
    """Records nobody misses: a payer's answers before they come, plans where no payer asks for one."""
    plans = any(one.policy.plan_of_care.required for _, one in every(policies))
    return {"answers"} if plans else {"answers", "plans"}
