"""Claims that were sent and need correction: replaced (7), voided (8), added to (5) or sent anew.

A day that comes after its claim has left, one that is cancelled since, or a record that
changes what stands on the claim, changes that claim; it never makes a second one. The
payer's own number of the claim goes into REF F8 (005010X223A2 loop 2300); where it is not
known yet, the correction is held. A claim that the payer turned away unprocessed was none, so it is sent anew
under its own frequency, without REF F8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import polars as pl
from msgspec.structs import replace

from edi_iop.findings import Finding
from edi_iop.mapper import given as under
from edi_iop.mapper import homes as homing
from edi_iop.mapper.differences import differences
from edi_iop.mapper.given import Given
from edi_iop.mapper.homes import HOME
from edi_iop.mapper.reheaded import SAID
from edi_iop.mapper.sent import CLAIM, Sent
from edi_iop.mapper.withdrawn import LINE
from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import NONE
from edi_iop.tables import CORRECTIONS
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.texts import composed

REPLACEMENT, VOID, LATE_CHARGES = "7", "8", "5"
_STAYS = "30"

Reheaded = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
"""Claims and their lines to the headers that would be others today (reheaded.reheaded)."""


class Corrected(msgspec.Struct, frozen=True):
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
    reheaded: Reheaded,
    rates: pl.DataFrame = NONE,
) -> Corrected:
    """Corrections of the claims sent: by late lines among the passed ones, by lines withdrawn or changed.

    rates: the facility's dated rates (rules.rates).
    """
    marked = homing.marked(passed, policies, rates)
    heirs = homing.heirs(marked, sent)
    behind = sent.restated.join(heirs, on=LINE, how="anti")
    stands = replace(sent, gone=sent.gone.join(behind, on=LINE, how="anti"))
    homes = homing.rekeyed(homing.homes(stands, policies, rates), heirs)
    late = homing.late(marked, homes)
    heads = _heads(homes, late, stands, reheaded)
    touched = _touched(homes, late, heads, heirs, behind, _staying(stands))
    decided = _decided(touched, stands, policies)
    made = Given.of(_lines(decided, passed, late, stands), _headers(decided, stands, heads))
    table = _table(decided, _changes(made, sent))
    waits = pl.concat([late.select(LINE), _waiting(heirs, decided)]).unique()
    held = decided.filter(pl.col("held").is_not_null()).select(given="claim")
    return Corrected(made.without(held), waits, table, _findings(table))


def _staying(sent: Sent) -> pl.DataFrame:
    """LINE of those that break a rule now and would go out again with their claim."""
    return sent.broken.join(sent.gone, on=LINE, how="anti")


def _heads(homes: pl.DataFrame, late: pl.DataFrame, sent: Sent, reheaded: Reheaded) -> pl.DataFrame:
    """HOME and reheaded.SAID of the homes whose header would be another today."""
    named = homes.select(*HOME, given=composed("{}/{}", *HOME))
    own = named.rename(dict(zip(HOME, CLAIM, strict=True))).join(sent.changed, on=CLAIM, how="semi")
    day = ["given", "client_id", "service_date"]
    stays = sent.lines.join(sent.gone, on=LINE, how="anti").join(own, on=CLAIM).select(day)
    added = late.join(own.rename(dict(zip(CLAIM, HOME, strict=True))), on=HOME).select(day)
    claims = sent.claims.join(own, on=CLAIM)
    found = reheaded(claims, pl.concat([stays, added]))
    return found.join(named, on="given").drop("given")


def _touched(
    homes: pl.DataFrame,
    late: pl.DataFrame,
    heads: pl.DataFrame,
    heirs: pl.DataFrame,
    behind: pl.DataFrame,
    broken: pl.DataFrame,
) -> pl.DataFrame:
    """The homes that something came to, went from or changes in.

    added, changed, removed: lines. reheaded: the header would be another. kept_back: lines that
    would be sent in other words, which a rule keeps back or whose period is not over. broken:
    lines that would be sent in the same words, and that a rule would stop now.
    """
    own = dict(zip(CLAIM, HOME, strict=True))
    again = heirs.rename(own).select(*HOME, *(pl.col(f"heir_{n}").alias(n) for n in LINE)).unique()
    counts = (
        late.group_by(HOME).agg(added=pl.len()),
        late.join(again, on=[*HOME, *LINE], how="semi").group_by(HOME).agg(changed=pl.len()),
        heads.select(*HOME, reheaded=pl.lit(1)),
        behind.rename(own).group_by(HOME).agg(kept_back=pl.len()),
        broken.rename(own).group_by(HOME).agg(broken=pl.len()),
    )
    for count in counts:
        homes = homes.join(count, on=HOME, how="left", maintain_order="left")
    counted = homes.with_columns(
        pl.col("added", "changed", "reheaded", "kept_back", "broken").fill_null(0)
    )
    within = pl.any_horizontal(pl.col("removed", "reheaded", "kept_back", "broken") > 0)
    return counted.filter((pl.col("added") > 0) | (within & pl.col("open")))


def _waiting(heirs: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """LINE of what is to be sent of a changed day once the claim that it was on can be corrected."""
    held = decided.filter(pl.col("held").is_not_null()).select(HOME)
    return heirs.join(held, left_on=CLAIM, right_on=HOME, how="semi").select(
        pl.col(f"heir_{name}").alias(name) for name in LINE
    )


@once_of_nothing
def _decided(touched: pl.DataFrame, sent: Sent, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The touched homes, each with its action and, where it must wait, why (held)."""
    known = touched.join(_unprocessed(sent, touched, policies), on=HOME, how="left")
    practised = each(
        known,
        policies,
        lambda part, own: part.join(_practices(own), on="payer_id", how="left"),
        on="statement_from",
    ).sort(HOME)
    left = pl.col("lines") - pl.col("removed") + pl.col("added")
    unprocessed = pl.col("unprocessed").is_not_null()
    action = (
        pl.when(unprocessed & (left == 0))
        .then(None)
        .when(unprocessed)
        .then(pl.lit("new claim"))
        .when(left == 0)
        .then(pl.lit("void"))
        .when((pl.col("removed") == 0) & (pl.col("reheaded") == 0) & pl.col("late_charges"))
        .then(pl.lit("late charges"))
        .otherwise(pl.lit("replacement"))
    )
    by_number = pl.col("action").is_in(["void", "replacement"])
    return (
        practised.with_columns(action=action)
        .filter(pl.col("action").is_not_null())
        .with_columns(
            held=pl.when((pl.col("action") == "void") & ~pl.col("void"))
            .then(pl.lit("no void"))
            .when(pl.col("kept_back") > 0)
            .then(pl.lit("kept back"))
            .when(pl.col("action").is_in(["replacement", "new claim"]) & (pl.col("broken") > 0))
            .then(pl.lit("broken"))
            .when(by_number & pl.col("payer_claim_number").is_null())
            .then(pl.lit("no number"))
        )
    )


def _unprocessed(sent: Sent, homes: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """HOME and `unprocessed`, the reason: claims that never were any to their payer."""
    closed = homes.filter(~pl.col("open")).select(*HOME, "payer_id", "statement_from")
    remarked = sent.remarks.rename(dict(zip(CLAIM, HOME, strict=True))).join(closed, on=HOME)
    by_remark = each(
        remarked,
        policies,
        lambda part, own: part.join(_remarks(own), on=["payer_id", "rarc"], how="semi"),
        on="statement_from",
    ).select(*HOME, unprocessed="rarc")
    turned_away = sent.rejected.rename(dict(zip(CLAIM, HOME, strict=True))).select(
        *HOME, unprocessed=pl.lit("rejected")
    )
    return pl.concat([by_remark, turned_away]).sort(pl.all()).unique(HOME, keep="first")


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


@once_of_nothing
def _lines(
    decided: pl.DataFrame, passed: pl.DataFrame, late: pl.DataFrame, sent: Sent
) -> pl.DataFrame:
    """The lines of each corrected claim: what stays and what is added; of a void all that was sent."""
    homes = decided.select(*HOME, "action", given="claim")
    before = sent.lines.join(
        homes.rename(dict(zip(HOME, CLAIM, strict=True))), on=CLAIM, maintain_order="left"
    )
    voided = before.filter(pl.col("action") == "void")
    stays = before.filter(pl.col("action").is_in(["replacement", "new claim"])).join(
        sent.gone, on=LINE, how="anti", maintain_order="left"
    )
    added = passed.join(late.select(*LINE, *HOME), on=LINE, maintain_order="left").join(
        homes, on=HOME, maintain_order="left"
    )
    return pl.concat([under.shaped(part, under.LINES) for part in (voided, stays, added)])


def _headers(decided: pl.DataFrame, sent: Sent, heads: pl.DataFrame) -> pl.DataFrame:
    """The claims' own headers under their new frequency and the payer's number.

    What a void says is what was sent; of the others discharge, admission and attending provider are
    today's (heads), and the authorization is that of their lines.
    """
    named = (
        decided.select(*HOME, "action", "auth_number", number="payer_claim_number", given="claim")
        .join(heads, on=HOME, how="left", maintain_order="left")
        .rename(dict(zip(HOME, CLAIM, strict=True)))
    )
    action = pl.col("action")
    says_anew = action.is_in(["replacement", "new claim"])
    known = says_anew & pl.col("patient_status_right").is_not_null()
    today = {name: pl.when(known).then(f"{name}_right").otherwise(name) for name in SAID}
    original = pl.when(pl.col("frequency").is_in([REPLACEMENT, LATE_CHARGES])).then(pl.lit("1"))
    return sent.claims.join(named, on=CLAIM, maintain_order="left").with_columns(
        frequency=pl.when(action == "void")
        .then(pl.lit(VOID))
        .when(action == "replacement")
        .then(pl.lit(REPLACEMENT))
        .when(action == "late charges")
        .then(pl.lit(LATE_CHARGES))
        .otherwise(pl.coalesce(original, _agreeing())),
        payer_claim_number=pl.when(action != "new claim").then("number"),
        auth_number=pl.when(says_anew).then("auth_number_right").otherwise("auth_number"),
        **today,
    )


def _agreeing() -> pl.Expr:
    """The frequency of a claim sent anew: with the last digit of an episode's end where that is told since."""
    now, frequency = pl.col("patient_status_right"), pl.col("frequency")
    turned = now.is_not_null() & (now != pl.col("patient_status"))
    ended = frequency.replace({"2": "1", "3": "4"})
    return pl.when(turned & (now != _STAYS)).then(ended).otherwise(frequency)


def _changes(given: Given, sent: Sent) -> pl.DataFrame:
    """claim and changes: what each corrected claim says otherwise than the one sent (differences)."""
    of_header = given.headers.select("given", "patient_status", "attending_npi", "admission_date")
    after = given.lines.drop(of_header.columns[1:]).join(of_header, on="given")
    before = sent.lines.with_columns(given="claim").join(given.headers, on="given", how="semi")
    return differences(before, after, "given").select("changes", claim="given")


@once_of_nothing
def _table(decided: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """tables.CORRECTIONS, held ones with what to do."""
    added, removed, changed = pl.col("added"), pl.col("removed"), pl.col("changed")
    counted = decided.join(changes, on="claim", how="left", maintain_order="left").with_columns(
        added=(added - changed).clip(0), removed=(removed - changed).clip(0)
    )
    says = pl.concat_str(
        composed("{} late lines, {} withdrawn", added, removed),
        pl.when(changed + pl.col("kept_back") + pl.col("broken") > 0).then(
            composed(", {} changed", changed + pl.col("kept_back") + pl.col("broken"))
        ),
        pl.when(pl.col("reheaded") > 0).then(pl.lit(", another header")),
        composed("; {}", "changes"),
        ignore_nulls=True,
    )
    reason = pl.col("held").replace_strict(_HELD, default=None, return_dtype=pl.String)
    step = pl.col("held").replace_strict(_STEPS, default=None, return_dtype=pl.String)
    anew = composed("{}; the claim was not processed ({})", says, "unprocessed")
    return CORRECTIONS.conform(
        counted.with_columns(
            file_id=pl.col("home_file_id"),
            claim_offset=pl.col("home_offset"),
            status=pl.when(pl.col("held").is_null())
            .then(pl.lit("built"))
            .otherwise(pl.lit("held")),
            says=pl.coalesce(composed("{}; {}", says, reason), anew, says),
            next_step=step,
        )
    )


_HELD = {
    "no number": "the payer's number of the claim is not known yet",
    "no void": "the payer takes no void",
    "kept back": "what its changed days would be billed as today is kept back",
    "broken": "a day on it breaks a rule as its record stands now",
}
_STEPS = {
    "no number": "It goes with the next run once a 277CA or 835 names the payer's claim number;"
    " where none comes, ask the payer.",
    "kept back": "See report blocked for the days; the claim is corrected once they can go.",
    "broken": "See report violations for the day; correct its record, or cancel it so that it leaves the claim.",
    "no void": "Ask the payer to cancel the claim, and return what it paid.",
}


def _findings(table: pl.DataFrame) -> list[Finding]:
    held = table.filter(pl.col("status") == "held").select("claim", "action", "says", "next_step")
    return [
        Finding("CORRECTION_HELD", f"claim {claim}: {action} waits: {says}. {step}")
        for claim, action, says, step in held.iter_rows()
    ]
