"""Claims that were sent and need correction: replaced (7), voided (8), added to (5) or sent anew.

A day that comes after its claim has left, or one that is cancelled since, changes
that claim; it never makes a second one. The payer's own number of the claim goes
into REF F8 (005010X223A2 loop 2300); where it is not known yet, the correction is
held. A claim that the payer turned away unprocessed was none, so it is sent anew
under its own frequency, without REF F8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from edi_iop.findings import Finding
from edi_iop.mapper import given as under
from edi_iop.mapper import track
from edi_iop.mapper.given import Given
from edi_iop.mapper.withdrawn import LINE
from edi_iop.rules.in_force import each, each_row
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import NONE, rated
from edi_iop.tables import CLAIMS, CORRECTIONS, SERVICE_LINES
from edi_iop.tables.judged import OF_CLAIM

CLAIM = ["file_id", "claim_offset"]
REPLACEMENT, VOID, LATE_CHARGES = "7", "8", "5"
_HOME = ["home_file_id", "home_offset"]
_ALIKE = (
    "payer_id",
    "client_id",
    "member_id",
    "auth_number",
    "billing_npi",
    "principal",
    "claim_track",
    "month",
    "terms",
    "rate_from",
)
"""In what a late line and the claim it belongs to agree."""
_OPEN = ["sent", "paid"]


@dataclass(frozen=True)
class Sent:
    """Our own claims to first payers, as they stand."""

    lines: pl.DataFrame
    """tables.SERVICE_LINES, void ones left out."""
    claims: pl.DataFrame
    """tables.CLAIMS of these, with created_on of their submission."""
    gone: pl.DataFrame
    """LINE of those that today's records do not bear out (mapper.withdrawn)."""
    remarks: pl.DataFrame
    """CLAIM and rarc: what the payers remarked on them."""
    rejected: pl.DataFrame
    """CLAIM of those turned away by a 999 or 277CA."""


def nothing_sent() -> Sent:
    """No claim is ours."""
    claim = {name: pl.Int64() for name in CLAIM}
    return Sent(
        SERVICE_LINES.empty(),
        pl.DataFrame(schema=CLAIMS.schema | {"created_on": pl.Date()}),
        pl.DataFrame(schema={name: pl.Int64() for name in LINE}),
        pl.DataFrame(schema=claim | {"rarc": pl.String()}),
        pl.DataFrame(schema=claim),
    )


@dataclass(frozen=True)
class Corrected:
    """What the corrections come to: claims that can go, and every correction with its state."""

    given: Given
    late: pl.DataFrame
    """LINE of the proposed lines that belong to a claim sent, whether it can be corrected or not."""
    table: pl.DataFrame
    """tables.CORRECTIONS"""
    findings: list[Finding]


def corrected(
    passed: pl.DataFrame,
    sent: Sent,
    policies: Mapping[str, Policy],
    rates: pl.DataFrame = NONE,
) -> Corrected:
    """Corrections of the claims sent: by late lines among the passed ones, and by lines withdrawn.

    rates: the facility's dated rates (rules.rates).
    """
    homes = _homes(sent, policies, rates)
    late = _late(passed, homes, policies, rates)
    decided = _decided(homes, late, sent, policies)
    table = _table(decided)
    ready = decided.filter(pl.col("held").is_null())
    return Corrected(
        Given.of(_lines(ready, passed, late, sent), _headers(ready, sent)),
        late.select(LINE),
        table,
        _findings(table),
    )


def _homes(sent: Sent, policies: Mapping[str, Policy], rates: pl.DataFrame) -> pl.DataFrame:
    """One row a claim that stands, with what a late line must agree in (_ALIKE)."""
    lines = sent.lines.filter(pl.col("payer_id").is_in(list(policies)))
    heads = sent.claims.select(*CLAIM, "statement_from", "created_on", sent_frequency="frequency")
    return (
        rated(each_row(lines, policies, _with_track), rates)
        .join(sent.gone.with_columns(gone=True), on=LINE, how="left")
        .with_columns(
            pl.col("gone").fill_null(False),
            principal=track.PRINCIPAL,
            month=track.MONTH,
            terms=track.terms(policies),
            open=pl.col("standing").is_in(_OPEN),
        )
        .group_by(CLAIM, maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in ("claim", *_ALIKE) if name != "claim_track"),
            pl.col("claim_track").drop_nulls().first(),
            pl.col("payer_claim_number", "statement_to").first(),
            open=pl.col("open").any(),
            lines=pl.len(),
            removed=pl.col("gone").sum(),
        )
        .join(heads, on=CLAIM)
        .rename(dict(zip(CLAIM, _HOME, strict=True)))
    )


def _with_track(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    tracks = track.by_procedure(policies).select("payer_id", "procedure", claim_track="track")
    return lines.join(tracks, on=["payer_id", "procedure"], how="left")


def _late(
    passed: pl.DataFrame,
    homes: pl.DataFrame,
    policies: Mapping[str, Policy],
    rates: pl.DataFrame,
) -> pl.DataFrame:
    """LINE and _HOME: the passed lines that should have been on a claim sent, and on which.

    A day is late once its claim's statement reaches past it, or was made after the
    month was over; a payer billed by the month or week has one claim for each.
    """
    marked = rated(each(passed.drop(OF_CLAIM), policies, _in_cycle), rates).with_columns(
        terms=track.terms(policies)
    )
    cycle = pl.col("cycle")
    served, until = pl.col("service_date"), pl.col("statement_to")
    closed = pl.col("created_on") > pl.col("month").dt.month_end()
    same_week = (cycle == "week") & (served.dt.truncate("1w") == until.dt.truncate("1w"))
    belongs = (served <= until) | closed | (cycle == "month") | same_week
    outside = pl.max_horizontal(
        (pl.col("statement_from") - served).dt.total_days(),
        (served - until).dt.total_days(),
        0,
    )
    return (
        marked.join(
            homes.select(*_HOME, *_ALIKE, "statement_from", "statement_to", "created_on"),
            on=list(_ALIKE),
            nulls_equal=True,
        )
        .filter(belongs)
        .sort(*LINE, outside, "statement_from", *_HOME)
        .unique(LINE, keep="first", maintain_order=True)
        .select(*LINE, *_HOME, "service_date", "units")
    )


def _in_cycle(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    cycles = {payer: policy.billing.cycle for payer, policy in policies.items()}
    cycle = pl.col("payer_id").replace_strict(cycles, default="open", return_dtype=pl.String)
    return track.together(lines, policies).with_columns(cycle=cycle)


def _decided(
    homes: pl.DataFrame, late: pl.DataFrame, sent: Sent, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """The homes that change, each with its action and, where it must wait, why (held)."""
    added = late.group_by(_HOME).agg(added=pl.len())
    touched = (
        homes.join(added, on=_HOME, how="left")
        .with_columns(pl.col("added").fill_null(0))
        .filter((pl.col("added") > 0) | ((pl.col("removed") > 0) & pl.col("open")))
        .join(_unprocessed(sent, homes, policies), on=_HOME, how="left")
    )
    changed = each(
        touched,
        policies,
        lambda part, own: part.join(_practices(own), on="payer_id", how="left"),
        on="statement_from",
    ).sort(_HOME)
    left = pl.col("lines") - pl.col("removed") + pl.col("added")
    unprocessed = pl.col("unprocessed").is_not_null()
    action = (
        pl.when(unprocessed & (left == 0))
        .then(None)
        .when(unprocessed)
        .then(pl.lit("new claim"))
        .when(left == 0)
        .then(pl.lit("void"))
        .when((pl.col("removed") == 0) & pl.col("late_charges"))
        .then(pl.lit("late charges"))
        .otherwise(pl.lit("replacement"))
    )
    by_number = pl.col("action").is_in(["void", "replacement"])
    return (
        changed.with_columns(action=action)
        .filter(pl.col("action").is_not_null())
        .with_columns(
            held=pl.when((pl.col("action") == "void") & ~pl.col("void"))
            .then(pl.lit("no void"))
            .when(by_number & pl.col("payer_claim_number").is_null())
            .then(pl.lit("no number"))
        )
    )


def _unprocessed(sent: Sent, homes: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """_HOME and `unprocessed`, the reason: claims that never were any to their payer."""
    closed = homes.filter(~pl.col("open")).select(*_HOME, "payer_id", "statement_from")
    remarked = sent.remarks.rename(dict(zip(CLAIM, _HOME, strict=True))).join(closed, on=_HOME)
    by_remark = each(
        remarked,
        policies,
        lambda part, own: part.join(_remarks(own), on=["payer_id", "rarc"], how="semi"),
        on="statement_from",
    ).select(*_HOME, unprocessed="rarc")
    turned_away = sent.rejected.rename(dict(zip(CLAIM, _HOME, strict=True))).select(
        *_HOME, unprocessed=pl.lit("rejected")
    )
    return pl.concat([by_remark, turned_away]).sort(pl.all()).unique(_HOME, keep="first")


def _remarks(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """payer_id and rarc: the remarks after which a claim was none."""
    remarks = [
        (payer, rarc)
        for payer, policy in policies.items()
        for rarc in policy.billing.new_claim_remarks
    ]
    return pl.DataFrame(remarks, schema={"payer_id": pl.String, "rarc": pl.String}, orient="row")


def _practices(policies: Mapping[str, Policy]) -> pl.DataFrame:
    rows = [
        (payer, policy.billing.late == "late_charges", policy.billing.void)
        for payer, policy in policies.items()
    ]
    schema = {"payer_id": pl.String, "late_charges": pl.Boolean, "void": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _lines(
    ready: pl.DataFrame, passed: pl.DataFrame, late: pl.DataFrame, sent: Sent
) -> pl.DataFrame:
    """The lines of each corrected claim: what stays and what is added; of a void all that was sent."""
    homes = ready.select(*_HOME, "action", given="claim")
    before = sent.lines.join(
        homes.rename(dict(zip(_HOME, CLAIM, strict=True))), on=CLAIM, maintain_order="left"
    )
    voided = before.filter(pl.col("action") == "void")
    stays = before.filter(pl.col("action").is_in(["replacement", "new claim"])).join(
        sent.gone, on=LINE, how="anti", maintain_order="left"
    )
    added = passed.join(late.select(*LINE, *_HOME), on=LINE, maintain_order="left").join(
        homes, on=_HOME, maintain_order="left"
    )
    return pl.concat([under.shaped(part, under.LINES) for part in (voided, stays, added)])


def _headers(ready: pl.DataFrame, sent: Sent) -> pl.DataFrame:
    """The claims' own headers as they were sent, under their new frequency and the payer's number."""
    named = ready.select(*_HOME, "action", number="payer_claim_number", given="claim").rename(
        dict(zip(_HOME, CLAIM, strict=True))
    )
    action = pl.col("action")
    original = pl.when(pl.col("frequency").is_in([REPLACEMENT, LATE_CHARGES])).then(pl.lit("1"))
    return sent.claims.join(named, on=CLAIM, maintain_order="left").with_columns(
        frequency=pl.when(action == "void")
        .then(pl.lit(VOID))
        .when(action == "replacement")
        .then(pl.lit(REPLACEMENT))
        .when(action == "late charges")
        .then(pl.lit(LATE_CHARGES))
        .otherwise(pl.coalesce(original, "frequency")),
        payer_claim_number=pl.when(action != "new claim").then("number"),
    )


def _table(decided: pl.DataFrame) -> pl.DataFrame:
    """tables.CORRECTIONS, held ones with what to do."""
    added, removed = pl.col("added"), pl.col("removed")
    says = pl.format("{} late lines, {} withdrawn", added, removed)
    reason = pl.col("held").replace_strict(_HELD, default=None, return_dtype=pl.String)
    step = pl.col("held").replace_strict(_STEPS, default=None, return_dtype=pl.String)
    anew = pl.format("{}; the claim was not processed ({})", says, "unprocessed")
    return CORRECTIONS.conform(
        decided.with_columns(
            file_id=pl.col("home_file_id"),
            claim_offset=pl.col("home_offset"),
            status=pl.when(pl.col("held").is_null())
            .then(pl.lit("built"))
            .otherwise(pl.lit("held")),
            says=pl.coalesce(pl.format("{}; {}", says, reason), anew, says),
            next_step=step,
        )
    )


_HELD = {
    "no number": "the payer's number of the claim is not known yet",
    "no void": "the payer takes no void",
}
_STEPS = {
    "no number": "It goes with the next run once a 277CA or 835 names the payer's claim number;"
    " where none comes, ask the payer.",
    "no void": "Ask the payer to cancel the claim, and return what it paid.",
}


def _findings(table: pl.DataFrame) -> list[Finding]:
    held = table.filter(pl.col("status") == "held").select("claim", "action", "says", "next_step")
    return [
        Finding("CORRECTION_HELD", f"claim {claim}: {action} waits: {says}. {step}")
        for claim, action, says, step in held.iter_rows()
    ]
