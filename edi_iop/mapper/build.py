"""Proposed lines and what the rules say of them, to the 837I that goes out (005010X223A2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

import msgspec
import polars as pl

from edi_iop.findings import Finding
from edi_iop.mapper import cycles, episodes, parties, unbilled
from edi_iop.mapper.claims import Numbers, Tables, claims
from edi_iop.mapper.corrections import corrected
from edi_iop.mapper.given import Given, none
from edi_iop.mapper.reheaded import reheaded
from edi_iop.mapper.sent import Sent, nothing_sent
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rates
from edi_iop.settings import Settings
from edi_iop.tables import VIOLATIONS
from edi_iop.tables.pool import pooled
from edi_iop.transcribe.write import write_837i
from edi_iop.x12.writer import Envelope

_LINE = ["file_id", "claim_offset", "line_offset"]
_DAY = ["client_id", "service_date"]


class OutFile(NamedTuple):
    """One interchange for one partner: a name that says nothing of people, and its bytes."""

    name: str
    content: bytes
    partner: str


class Built(msgspec.Struct, frozen=True):
    """What was built and what was not: every proposed line is on a claim or in one of the others."""

    tables: Tables
    """The canonical tables of what is sent, as written."""
    files: list[OutFile]
    blocked: pl.DataFrame
    """Proposed lines (tables.SERVICE_LINES) that the scrub keeps back."""
    left_out: pl.DataFrame
    """Proposed lines whose attending provider or subscriber is unknown."""
    lacking: pl.DataFrame
    """What those lack (unbilled.rows)."""
    waiting: pl.DataFrame
    """Proposed lines whose week or month is not over (policy billing.cycle)."""
    held: pl.DataFrame
    """Proposed lines of claims sent that cannot be corrected yet."""
    corrections: pl.DataFrame
    """tables.CORRECTIONS: claims sent that change, and what became of that."""
    findings: list[Finding]


@pooled
def build(
    lines: pl.DataFrame,
    violations: pl.DataFrame,
    clients: pl.DataFrame,
    providers: pl.DataFrame,
    days: pl.DataFrame,
    settings: Settings,
    policies: Mapping[str, Policy],
    numbers: Numbers,
    created: datetime,
    sent: Sent | None = None,
    further: Given | None = None,
    hindered: pl.DataFrame | None = None,
) -> Built:
    """The 837I files of these proposed lines, one a partner.

    violations: of the rules, on these lines; those that block or hold keep their
    line back unless the scrub mode is warn. sent: our claims as they stand, which
    late and withdrawn days correct. further: claims to further payers, whose lines
    are among the proposed ones; such a claim goes whole or not at all. hindered: what is attended
    and could not be proposed (Proposed.hindered): no day that goes out.
    """
    more = further or none()
    blocked = _with_their_claim(_blocked(lines, violations, settings), lines, more)
    passed = _without(lines, blocked)
    own = _without(passed, more.lines)
    waiting = cycles.waiting(own, days, policies, created.date())
    ripe = _without(own, waiting)
    ours = sent or nothing_sent()
    behind = blocked.join(ripe, on=_DAY, how="anti").join(ours.lines, on=_DAY, how="anti")
    never = VIOLATIONS.empty() if hindered is None else hindered
    spans = episodes.bounded(
        days,
        pl.concat([behind.select(_DAY), _of_no_line(never, lines, ours.lines)]),
        _stopped(behind, violations),
        _housed(ours.lines, lines),
        created.date(),
    )
    changed = corrected(
        ripe,
        ours,
        policies,
        lambda heads, own: reheaded(heads, own, spans, providers),
        rates(settings),
    )
    going = _without(ripe, changed.late)
    placed = parties.staffed(parties.placed(going, clients, spans), providers)
    unnamed = placed.filter(~parties.nameable().fill_null(False))
    given = changed.given.with_(more.only(passed))
    gaps = parties.gaps(placed)
    tables = claims(placed, clients, providers, settings, policies, numbers, created.date(), given)
    del placed  # the widest of all; writing needs the room
    tables["submissions"] = _enveloped(tables["submissions"], numbers.interchange, created)
    return Built(
        tables,
        _files(tables, created),
        blocked,
        _among(ripe, unnamed),
        pl.concat(gaps),
        waiting,
        _without(_among(ripe, changed.late), changed.given.lines),
        changed.table,
        [*unbilled.told(gaps), *changed.findings],
    )


def nameless(
    lines: pl.DataFrame,
    clients: pl.DataFrame,
    providers: pl.DataFrame,
    days: pl.DataFrame,
    as_of: date,
) -> pl.DataFrame:
    """What proposed lines lack to stand on a claim (tables.VIOLATIONS): an attending provider, a subscriber."""
    spans = episodes.bounded(days, lines.clear(), lines.clear(), _housed(lines), as_of)
    placed = parties.staffed(parties.placed(lines, clients, spans), providers)
    return pl.concat(parties.gaps(placed))


def _of_no_line(hindered: pl.DataFrame, *lines: pl.DataFrame) -> pl.DataFrame:
    """_DAY of those hindered of which nothing is among the lines."""
    days = hindered.select(_DAY).unique()
    for some in lines:
        days = days.join(some, on=_DAY, how="anti")
    return days


def _housed(*lines: pl.DataFrame) -> pl.DataFrame:
    """Days and the NPI they are billed under, lines sent first."""
    return pl.concat([one.select(*_DAY, "billing_npi") for one in lines])


def _without(lines: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The lines that are not among the others; where there are none, no copy is made."""
    if others.is_empty():
        return lines
    return lines.join(others, on=_LINE, how="anti", maintain_order="left")


def _among(lines: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return lines.join(others, on=_LINE, how="semi", maintain_order="left")


def _blocked(lines: pl.DataFrame, violations: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The lines that a violation keeps out of the claims."""
    if settings.scrub.mode == "warn":
        return lines.clear()
    return _among(lines, violations.filter(pl.col("severity").is_in(["block", "hold"])))


def _stopped(behind: pl.DataFrame, violations: pl.DataFrame) -> pl.DataFrame:
    """Of the lines kept back those that no signature or word will let go."""
    return _among(behind, violations.filter(severity="block"))


def _with_their_claim(blocked: pl.DataFrame, lines: pl.DataFrame, further: Given) -> pl.DataFrame:
    """The blocked lines, and the other lines of claims to further payers that have one."""
    stopped = further.lines.join(blocked, on=_LINE, how="semi").select("given")
    whole = further.lines.join(stopped, on="given", how="semi").select(_LINE)
    keys = pl.concat([blocked.select(_LINE), whole]).unique()
    return _among(lines, keys)


def _enveloped(submissions: pl.DataFrame, first_control: int, created: datetime) -> pl.DataFrame:
    """The submissions with the control numbers and the time they are sent under."""
    control = pl.col("file_id").rank("dense").cast(pl.Int64) - 1 + first_control
    return submissions.with_columns(
        interchange_control=control.cast(pl.String).str.zfill(9),
        group_control=control.cast(pl.String),
        created_at=pl.lit(f"{created:%H%M}"),
    )


def _files(tables: Tables, created: datetime) -> list[OutFile]:
    first = tables["submissions"].unique("file_id", keep="first", maintain_order=True)
    return [_file(tables, row, created) for row in first.iter_rows(named=True)]


def _file(tables: Tables, submission: Mapping[str, object], created: datetime) -> OutFile:
    """One partner's interchange."""
    partner, control = str(submission["receiver_id"]), int(str(submission["group_control"]))
    of_file = pl.col("file_id") == submission["file_id"]
    alone = tables["submissions"]["file_id"].n_unique() == 1
    own = tables if alone else {name: frame.filter(of_file) for name, frame in tables.items()}
    envelope = Envelope(
        sender_id=str(submission["sender_id"]),
        receiver_id=partner,
        interchange_control=control,
        group_control=control,
        created=created,
        usage=str(submission["usage"]),
    )
    safe = "".join(character for character in partner if character.isalnum())
    name = f"837I-{safe}-{created:%Y%m%d}-{control:09d}.edi"
    return OutFile(name, write_837i(own, envelope), partner)
