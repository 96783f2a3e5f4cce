"""Situations: a rule's passing and failing cases as readable data (fixtures/rules/RULE.toml).

A situation gives only what matters to it; the rest is an ordinary day. Without
`clients` there is one client, without `authorizations` an ample one, without
`encounters` or `providers` none. A row with `dates` stands for one row a date.
An empty text means absent. Lines with a `claim` were sent (lines of one claim are numbered as they come),
the others are proposed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl

from edi_iop.errors import BadMap, MissingPath
from edi_iop.rules.days import current, days
from edi_iop.rules.engine import check
from edi_iop.rules.lines import netted
from edi_iop.rules.policy import Policy, load
from edi_iop.rules.policy_files import looking_once
from edi_iop.rules.records import Records
from edi_iop.settings import Strict
from edi_iop.tables import (
    AUTHORIZATIONS,
    CLIENTS,
    ENCOUNTERS,
    PROVIDERS,
    SERVICE_LINES,
    VIOLATIONS,
    Table,
)
from edi_iop.texts import composed

Rows = tuple[dict[str, Any], ...]

PAYER = "PAYER"
_DAY = date(2026, 1, 14)
_DEFAULTS: dict[str, dict[str, Any]] = {
    "encounters": {
        "client_id": "C1",
        "level_of_care": "IOP",
        "program_track": "SUD",
        "service_date": _DAY,
        "start_time": time(9),
        "end_time": time(12),
        "service_type": "group",
        "attendance": "attended",
        "note_status": "signed",
        "diagnoses": "F1020",
        "record_action": "add",
        "record_version": 1,
    },
    "clients": {
        "client_id": "C1",
        "birth_date": date(1990, 5, 1),
        "payer_id": PAYER,
        "member_id": "M1",
        "coverage_priority": "P",
        "relationship": "18",
        "coverage_from": date(2025, 1, 1),
        "part2_consent": "Y",
    },
    "authorizations": {
        "auth_number": "A1",
        "payer_id": PAYER,
        "client_id": "C1",
        "level_of_care": "IOP",
        "units": 99,
        "unit_basis": "day",
        "from_date": date(2025, 1, 1),
        "to_date": date(2026, 12, 31),
        "status": "approved",
    },
    "providers": {"npi": "1999999984"},
    "lines": {
        "form": "I",
        "client_id": "C1",
        "payer_id": PAYER,
        "member_id": "M1",
        "birth_date": date(1990, 5, 1),
        "payer_responsibility": "P",
        "service_date": _DAY,
        "revenue": "0906",
        "procedure": "H0015",
        "units": 1,
        "diagnoses": "F1020",
        "frequency": "1",
        "billing_npi": "1234567893",
        "billing_tin": "123456789",
        "attending_npi": "1999999984",
        "patient_status": "01",
    },
}


class Situation(Strict, frozen=True):
    """One case of a rule, and what must be found in it."""

    name: str
    expect: Literal["violation", "none"]
    lines: Rows
    policy: str = "harbor"
    terms: dict[str, Any] = msgspec.field(default_factory=dict)
    """What the policy says otherwise here, by its own keys."""
    as_of: date = date(2026, 3, 1)
    on: tuple[str, ...] = ()
    """The lines that break the rule, where it matters which: CLM01 and line (B 1), or proposed 1."""
    severity: str | None = None
    also: tuple[str, ...] = ()
    """Other rules that are broken here."""
    encounters: Rows = ()
    clients: Rows | None = None
    authorizations: Rows | None = None
    providers: Rows = ()


class _File(Strict, frozen=True):
    situation: tuple[Situation, ...]


class Result(msgspec.Struct, frozen=True):
    """What became of one situation."""

    rule: str
    name: str
    expect: str
    passed: bool
    says: str
    """What was found, in one line."""


def situations(folder: Path) -> dict[str, tuple[Situation, ...]]:
    """The situations of every rule, by rule id, from folder/RULE.toml."""
    if not folder.is_dir():
        raise MissingPath(f"{folder}: no such folder; name the one that holds RULE.toml files")
    return {path.stem: _decode(path).situation for path in sorted(folder.glob("*.toml"))}


def run(folder: Path, rules: Iterable[str] | None = None) -> list[Result]:
    """Judges every situation in the folder; rules: only those of these rules."""
    wanted = None if rules is None else set(rules)
    cases = [
        (rule, situation)
        for rule, all_of_rule in situations(folder).items()
        if wanted is None or rule in wanted
        for situation in all_of_rule
    ]
    found = violations([situation for _, situation in cases])
    return [
        judge(rule, situation, found.filter(pl.col("situation") == place))
        for place, (rule, situation) in enumerate(cases)
    ]


def judge(rule: str, situation: Situation, found: pl.DataFrame) -> Result:
    """Whether exactly the rules that must be broken are, on exactly the lines named."""
    mine = found.filter(pl.col("rule") == rule)
    due = {rule} if situation.expect == "violation" else set()
    passed = (
        set(found["rule"]) == due | set(situation.also)
        and (not situation.on or sorted(mine["on"]) == sorted(situation.on))
        and (situation.severity is None or set(mine["severity"]) == {situation.severity})
    )
    told = found.select(composed("{}: {}", "on", "says")).to_series()
    says = "; ".join(told) or "no rule is broken"
    return Result(rule, situation.name, situation.expect, passed, says)


@looking_once
def violations(cases: Sequence[Situation]) -> pl.DataFrame:
    """tables.VIOLATIONS of all situations, with `situation` (its place) and `on` (its line).

    Situations of one policy, its terms and date are judged together, as members of one
    payer: so each also shows that no member's records touch another's.
    """
    worlds: dict[tuple[str, date, str], list[int]] = {}
    for place, case in enumerate(cases):
        worlds.setdefault((case.policy, case.as_of, repr(case.terms)), []).append(place)
    found = []
    for (name, as_of, _), places in worlds.items():
        policies = {PAYER: load(name, as_of).under(cases[places[0]].terms)}
        found.append(check(_records({n: cases[n] for n in places}, policies, as_of), policies))
    number = pl.coalesce("line", pl.col("line_offset") % _CLAIM)
    claim = pl.col("claim").str.split(_MARK).list.last().fill_null("proposed")
    return pl.concat(found or [VIOLATIONS.empty()]).with_columns(
        situation=pl.col("line_offset") // _SITUATION, on=composed("{} {}", claim, number)
    )


_SITUATION, _CLAIM = 1_000_000, 1_000
"""Offsets tell situations apart, and claims within one."""
_MARK = "/"
_OWN_NAMES = (
    "client_id",
    "member_id",
    "claim",
    "replaces",
    "payer_claim_number",
    "auth_number",
    "source_record_id",
    "npi",
    "rendering_npi",
    "billing_npi",
    "attending_npi",
    "facility_npi",
)
"""Columns whose values mean something within one situation only."""


def _records(
    cases: Mapping[int, Situation], policies: Mapping[str, Policy], as_of: date
) -> Records:
    """The records that situations of one policy and date stand for, by their places."""
    encounters = current(
        _frame(ENCOUNTERS, {n: _fed("encounters", case.encounters) for n, case in cases.items()})
    )
    clients = _frame(CLIENTS, {n: _fed("clients", case.clients) for n, case in cases.items()})
    return Records(
        lines=netted(_frame(SERVICE_LINES, {n: _numbered(n, case) for n, case in cases.items()})),
        days=days(encounters, clients, policies),
        encounters=encounters,
        clients=clients,
        authorizations=_frame(
            AUTHORIZATIONS,
            {n: _fed("authorizations", case.authorizations) for n, case in cases.items()},
        ),
        providers=_frame(
            PROVIDERS, {n: _fed("providers", case.providers) for n, case in cases.items()}
        ),
        as_of=as_of,
    )


def _frame(table: Table, rows: Mapping[int, list[dict[str, Any]]]) -> pl.DataFrame:
    """The rows of all situations; a column that the table lacks is an error."""
    marked = [_marked(place, row) for place, all_rows in rows.items() for row in all_rows]
    unknown = {key for row in marked for key in row} - set(table.schema)
    if unknown:
        raise BadMap(
            f"situation: {table.name} has no column {min(unknown)}; see edi_iop/tables for its columns"
        )
    return pl.from_dicts(marked, schema=table.schema) if marked else table.empty()


def _marked(place: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its own names marked as this situation's, and empty texts absent."""
    given = {key: None if value == "" else value for key, value in row.items()}
    own = {key: f"{place}{_MARK}{given[key]}" for key in _OWN_NAMES if given.get(key) is not None}
    return given | own


def _fed(feed: str, rows: Rows | None) -> list[dict[str, Any]]:
    """Rows of a feed, numbered; None is one row of defaults."""
    full = [_DEFAULTS[feed] | row for row in _dated(({},) if rows is None else rows)]
    named = [
        {"source_record_id": f"E{n}"} if feed == "encounters" else {} for n in range(len(full))
    ]
    return [
        {"file_id": 1, "row": n} | name | row
        for n, (name, row) in enumerate(zip(named, full, strict=True), start=2)
    ]


def _dated(rows: Rows) -> list[dict[str, Any]]:
    """Rows with `dates` as one row a date."""
    return [
        {key: value for key, value in row.items() if key != "dates"} | on
        for row in rows
        for on in ([{"service_date": day} for day in row["dates"]] if "dates" in row else [{}])
    ]


def _numbered(place: int, case: Situation) -> list[dict[str, Any]]:
    """Lines with their place: each claim's at an offset of its own, proposed ones in file 0."""
    claims: dict[str | None, int] = {}
    numbered = []
    for row in _dated(case.lines):  # a line's number depends on those before it
        full = _DEFAULTS["lines"] | row
        claim = full.get("claim")
        claims[claim] = number = claims.get(claim, 0) + 1
        offset = place * _SITUATION + list(claims).index(claim) * _CLAIM
        sent = claim is not None
        served = full["service_date"] or _DAY
        numbered.append(
            {
                "file_id": 1 if sent else 0,
                "claim_offset": offset if sent else 0,
                "line_offset": offset + number,
                "line": number if sent else None,
                "standing": "sent" if sent else "proposed",
                "sent_on": served + timedelta(days=7) if sent else case.as_of,
            }
            | full
        )
    return numbered


def _decode(path: Path) -> _File:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as problem:
        raise BadMap(f"{path.name}: {problem}; correct the situation") from problem
