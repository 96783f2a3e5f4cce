"""The verbs before billing: check what would break a rule, build the 837I of what does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path

import msgspec
import polars as pl

from edi_iop.desk import material, paths, policies
from edi_iop.desk.answer import Answer, has_errors, status
from edi_iop.desk.files import error_lines
from edi_iop.desk.material import Judged, Material
from edi_iop.errors import NotWritten
from edi_iop.findings import Finding
from edi_iop.mapper import Numbers, unbilled
from edi_iop.mapper.build import Built, nameless
from edi_iop.mapper.build import build as build_claims
from edi_iop.reports import shapes
from edi_iop.reports.sheet import Field, Sheet
from edi_iop.rules.catalogue import STOPPING
from edi_iop.rules.in_force import Policies
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import NOBODY
from edi_iop.settings import Settings, Workspace

_SERIALS_PER_CONTROL = 30_000
_BUILT = {
    "file": pl.String,
    "partner": pl.String,
    "claims": pl.Int64,
    "lines": pl.Int64,
    "charge_cents": pl.Int64,
}


class Case(msgspec.Struct, frozen=True):
    """What is judged, by which policies, and for which facility."""

    held: Material
    policies: Mapping[str, Policy]
    settings: Settings
    remarks: tuple[str, ...]

    def judge(self, on: date) -> Judged:
        return material.judge(self.held, self.policies, self.settings, on)


def check(
    given: Sequence[Path],
    payers: Sequence[str] = (),
    settings: Path | None = None,
    as_of: date | None = None,
    layouts: Sequence[Path] = (),
) -> Answer:
    """Rule violations of the days not yet billed and of the claims sent; writes nothing.

    given: a workspace (its store and its inbox), or feeds and claims.
    """
    on = as_of or date.today()
    case = of_paths(given, payers, settings, on, layouts)
    judged = case.judge(on)
    priced = settings is not None or _is_workspace(given)
    found = pl.concat([judged.violations, _lacking(judged, priced)])
    stopping = found.filter(pl.col("severity").is_in(STOPPING))
    hindered = _hindrances(judged.findings, priced)
    troubled = bool(stopping.height or hindered) or has_errors(case.held.findings)
    return Answer(shapes.violations(found), status(troubled), (*case.remarks, *hindered))


_OF_SETTINGS = ("CHARGE_UNKNOWN", "FACILITY_UNKNOWN", "PAYER_UNKNOWN")
"""What is missing in settings.toml; without settings it is no matter."""


def _lacking(judged: Judged, priced: bool) -> pl.DataFrame:
    """What attended days lack to be billed.

    Names are looked for where a roster is given, or settings to build claims by: no claim goes without.
    """
    records = judged.records
    parts = [judged.hindered.filter(pl.lit(priced) | ~pl.col("rule").is_in(_OF_SETTINGS))]
    if priced or records.providers.height:
        parts.append(
            nameless(
                judged.proposed, records.clients, records.providers, records.days, records.as_of
            )
        )
    return unbilled.together(parts)


def build(
    given: Sequence[Path],
    payers: Sequence[str],
    settings: Path,
    target: Path,
    as_of: date | None = None,
    control: int | None = None,
    layouts: Sequence[Path] = (),
) -> Answer:
    """The 837I of the days that break no rule: a file a partner.

    control: first interchange control number; claim numbers follow from it. By
    default both follow from the clock, so that no two builds share a number.
    """
    on = as_of or date.today()
    ready = _ready(given, payers, settings, on, layouts)
    now = datetime.now()
    first = control or int(now.timestamp()) % 10**9
    built = build_claims(
        ready.lines,
        ready.violations,
        ready.clients,
        ready.providers,
        ready.days,
        ready.settings,
        ready.policies,
        Numbers(serial=first * _SERIALS_PER_CONTROL, interchange=first),
        datetime.combine(on, now.time() if control is None else time(12)),
        hindered=ready.hindered,
    )
    findings = [*ready.findings, *built.findings]
    sheet = _built_sheet(built, _written(built, target), ready.lines.height)
    troubled = bool(built.blocked.height or findings or ready.troubled)
    return Answer(sheet, status(troubled), (*ready.remarks, *_hindrances(findings)))


class _Ready(msgspec.Struct, frozen=True):
    """What claims are made of. The encounters behind it, a million perhaps, are let go."""

    lines: pl.DataFrame
    violations: pl.DataFrame
    hindered: pl.DataFrame
    clients: pl.DataFrame
    providers: pl.DataFrame
    days: pl.DataFrame
    settings: Settings
    policies: Mapping[str, Policy]
    findings: list[Finding]
    remarks: tuple[str, ...]
    troubled: bool


def _ready(
    given: Sequence[Path],
    payers: Sequence[str],
    settings: Path,
    on: date,
    layouts: Sequence[Path],
) -> _Ready:
    case = of_files(given, payers, settings, on, layouts)
    judged = case.judge(on)
    return _Ready(
        lines=judged.proposed,
        violations=judged.violations,
        hindered=judged.hindered,
        clients=judged.records.clients,
        providers=judged.records.providers,
        days=judged.records.days,
        settings=case.settings,
        policies=case.policies,
        findings=judged.findings,
        remarks=case.remarks,
        troubled=has_errors(case.held.findings),
    )


def of_paths(
    given: Sequence[Path],
    payers: Sequence[str],
    settings: Path | None,
    on: date,
    layouts: Sequence[Path] = (),
) -> Case:
    """A workspace, or feeds and claims."""
    if _is_workspace(given):
        return of_workspace(given[0], payers, on)
    return of_files(given, payers, settings, on, layouts)


def _is_workspace(given: Sequence[Path]) -> bool:
    return len(given) == 1 and paths.is_workspace(given[0])


def of_workspace(root: Path, payers: Sequence[str], on: date) -> Case:
    """A workspace's store and inbox, under its own settings and policies."""
    workspace = paths.workspace(root)
    settings = workspace.settings()
    chosen = policies.within(settings, payers, on, (workspace.payers,))
    held = material.of_workspace(workspace)
    return Case(held, chosen, settings, _remarks(held, chosen))


def of_files(
    given: Sequence[Path],
    payers: Sequence[str],
    settings: Path | None,
    on: date,
    layouts: Sequence[Path] = (),
) -> Case:
    """Feeds and claims, under the policies the user names or those of a settings file."""
    own = paths.layouts(layouts, settings)
    held = material.answered(material.of_files(paths.delivered(given), own))
    chosen, facility = choose(held, payers, settings, on)
    judged, unjudged = material.judgeable(chosen, held)
    remarks = (*_remarks(held, chosen), *_nobodys(chosen, payers), *unjudged)
    return Case(held, judged, facility, remarks)


def choose(
    held: Material,
    payers: Sequence[str],
    settings: Path | None,
    on: date,
    folders: Sequence[Path] = (),
) -> tuple[Policies, Settings]:
    """The policies that judge these files, and the facility that bills.

    folders: where policies lie beside our own; those beside the settings of a workspace are known.
    """
    if settings is None:
        named = policies.named(payers, held.payers(), on, folders)
        return named, policies.stand_in(named, material.billing_npi(held) or NOBODY)
    facility = paths.settings_at(settings)
    beside = Workspace(settings.parent).payers
    return policies.within(facility, payers, on, (beside, *folders)), facility


def _remarks(held: Material, chosen: Policies) -> tuple[str, ...]:
    """What could not be read, and whose lines nobody judges."""
    others = sorted(held.payers() - set(chosen))
    unnamed = (f"not judged, no policy named: payer {', '.join(others)}",) if others else ()
    return (*error_lines(held.findings, held.names), *unnamed, *_too_early(held, chosen))


def _too_early(held: Material, chosen: Policies) -> tuple[str, ...]:
    """That days lie before a policy's first version, which then judges them all the same."""
    named = (held.table("encounters"), held.table("claim_lines"))
    dates = pl.concat([table["service_date"] for table in named]).drop_nulls().sort()
    first = date.max if dates.is_empty() else dates[0]
    return tuple(
        f"days of payer {payer} before {since} are judged by its first policy, {policy.label}"
        for payer in chosen
        for since, policy in chosen.versions[payer][:1]
        if since > first
    )


def _nobodys(chosen: Mapping[str, Policy], payers: Sequence[str]) -> tuple[str, ...]:
    """That nothing was judged, where a policy is named for payers of whom no file speaks."""
    if chosen or not payers:
        return ()
    return (
        f"nothing is judged by {', '.join(payers)}: no clients feed and no claim names a payer; "
        "add the clients feed",
    )


def _hindrances(findings: Sequence[Finding], priced: bool = True) -> tuple[str, ...]:
    """What kept days from becoming lines; without settings charges are no matter."""
    return tuple(
        f"{finding.message} ({finding.code})"
        for finding in findings
        if priced or finding.code != "CHARGE_UNKNOWN"
    )


def _written(built: Built, target: Path) -> dict[str, Path]:
    """The files on the disk: `target` itself for one, inside it for several or a folder."""
    inside = target.is_dir() or len(built.files) > 1
    if inside and target.is_file():
        count = len(built.files)
        raise NotWritten(f"{target}: {count} partners make {count} files; name a folder with -o")
    places = {file.name: target / file.name if inside else target for file in built.files}
    for file in built.files:
        paths.write(places[file.name], file.content)
    return places


def _built_sheet(built: Built, written: Mapping[str, Path], proposed: int) -> Sheet:
    """A row a file, and beneath them what stayed out."""
    lines = built.tables["claim_lines"].group_by("file_id").agg(pl.len().alias("lines"))
    claims = (
        built.tables["claims"]
        .group_by("file_id")
        .agg(pl.len().alias("claims"), pl.col("charge_cents").sum())
    )
    files = pl.DataFrame(
        [(str(written[file.name]), file.partner) for file in built.files],
        schema={"file": pl.String, "partner": pl.String},
        orient="row",
    )
    rows = (
        files.join(
            built.tables["submissions"].unique("file_id"),
            left_on="partner",
            right_on="receiver_id",
        )
        .join(claims, on="file_id")
        .join(lines, on="file_id")
        .select(pl.col(name).cast(dtype) for name, dtype in _BUILT.items())
    )
    fields = (
        Field("FILE", "file", widest=56),
        Field("PARTNER", "partner"),
        Field("CLAIMS", "claims", "number"),
        Field("LINES", "lines", "number"),
        Field("CHARGE", "charge_cents", "money"),
    )
    left = "".join(
        f", {frame.height:,} {word}"
        for frame, word in (
            (built.left_out, "left out"),
            (built.waiting, "waiting for their period to end"),
        )
        if frame.height
    )
    closing = (
        f"{proposed:,} lines proposed: {rows['lines'].sum():,} written, "
        f"{built.blocked.height:,} blocked{left}"
    )
    return Sheet("", rows, fields, none="no claim to write", closing=closing)
