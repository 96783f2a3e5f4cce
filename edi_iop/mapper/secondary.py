"""Claims to a second payer, with what the first one decided (005010X223A2 loops 2320, 2330, 2430).

A claim that the first payer has answered in full, and of which it left something
to the patient, goes to the secondary coverage of its days: the same lines, and
beside each what the first payer paid and adjusted (CAS), so that charge less
adjustments is what was paid.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from edi_iop.findings import Finding
from edi_iop.mapper import authorize
from edi_iop.mapper.given import Given, none
from edi_iop.mapper.passed_on import first_payers, passed_on
from edi_iop.mapper.sent import Sent
from edi_iop.rules import covering
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import newest
from edi_iop.settings import Settings
from edi_iop.tables import CLIENTS
from edi_iop.tables.pool import pooled
from edi_iop.texts import composed

Tables = Mapping[str, pl.DataFrame]

_CLAIM = ["file_id", "claim_offset"]
_DAY = ["client_id", "service_date"]
_REMIT = ["remit_file", "remit_claim_offset"]
_REVERSAL = "22"
_FORWARDED = ("19", "20", "21")
"""CLP02: the payer has sent the claim on to the next one itself."""


class Secondary(msgspec.Struct, frozen=True):
    """Claims ready for their second payer, and those whose remit does not carry one."""

    given: Given
    findings: list[Finding]


@pooled
def secondary(
    sent: Sent,
    history: pl.DataFrame,
    remits: Tables,
    matches: pl.DataFrame,
    days: pl.DataFrame,
    clients: pl.DataFrame,
    authorizations: pl.DataFrame,
    settings: Settings,
    policies: Mapping[str, Policy],
    first_line: int,
) -> Secondary:
    """The claims to second payers that were not sent yet.

    sent: our claims to first payers. history: every line sent, to any payer.
    days: tables.DAYS as they stand. remits and matches: those that count (tables.REMITS, MATCHES). first_line: the
    first free line_offset among proposed lines.
    """
    answered = _answered(sent)
    covered = _covered(answered, clients, history, policies)
    if covered.is_empty():
        return Secondary(none(), [])
    numbered = _authorized(covered, sent, days, authorizations, history, policies)
    decided = _decided(numbered, remits, matches).join(first_payers(sent), on=_CLAIM)
    lines, whole = _lines_of(decided, sent, remits, matches)
    taken = _adjustments(decided, lines, remits)
    judged = _judged(decided, lines, whole, taken)
    fit = judged.filter(pl.col("trouble").is_null(), pl.col("left_cents") > 0)
    own = lines.join(fit.select("given"), on="given", how="semi", maintain_order="left")
    adjusted = taken.join(fit.select("given"), on="given", how="semi", maintain_order="left")
    given = passed_on(fit, own, adjusted, sent, settings, first_line)
    return Secondary(given, _findings(judged))


def _answered(sent: Sent) -> pl.DataFrame:
    """CLAIM and client_id of claims whose every line has an answer and is still borne out."""
    done = pl.col("standing").is_in(["paid", "denied"]).all()
    return (
        sent.lines.join(sent.gone, on=_CLAIM, how="anti", maintain_order="left")
        .group_by(_CLAIM, maintain_order=True)
        .agg(pl.col("client_id").first(), done=done)
        .filter("done")
        .drop("done")
    )


def _covered(
    answered: pl.DataFrame,
    clients: pl.DataFrame,
    history: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    """The answered claims with the secondary coverage of all their days, none of them sent to it."""
    second = newest(clients, CLIENTS.key).filter(
        pl.col("coverage_priority") == "S", pl.col("payer_id").is_in(list(policies))
    )
    days = (
        history.join(answered.select(_CLAIM), on=_CLAIM, how="semi")
        .group_by(_CLAIM)
        .agg(first=pl.col("service_date").min(), last=pl.col("service_date").max())
    )
    standing = history.filter(pl.col("standing") != "void", pl.col("payer_responsibility") == "S")
    billed = (
        history.select(*_CLAIM, "client_id", "service_date")
        .join(
            standing.select("client_id", "service_date", second_payer="payer_id"),
            on=["client_id", "service_date"],
        )
        .select(*_CLAIM, "second_payer")
        .unique()
    )
    until = pl.col("coverage_to").is_null() | (pl.col("coverage_to") >= pl.col("last"))
    return (
        answered.join(days, on=_CLAIM)
        .join(second.drop("file_id", "row").rename({"payer_id": "second_payer"}), on="client_id")
        .filter((pl.col("coverage_from") <= pl.col("first")) & until)
        .sort(*_CLAIM, "coverage_from")
        .unique(_CLAIM, keep="last", maintain_order=True)
        .join(billed, on=[*_CLAIM, "second_payer"], how="anti", maintain_order="left")
        .with_columns(given=composed("{}/{}/{}", *_CLAIM, "second_payer"))
    )


def _authorized(
    covered: pl.DataFrame,
    sent: Sent,
    days: pl.DataFrame,
    authorizations: pl.DataFrame,
    history: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    """The covered claims with the second payer's own authorization of their days (REF G1).

    second_number: null where that payer has given none; second_numbers: how many the days draw on,
    of which a claim can name one.
    """
    served = sent.lines.join(
        covered.select(*_CLAIM, "given", "second_payer"), on=_CLAIM, maintain_order="left"
    ).select("given", "client_id", "service_date", "second_payer")
    known = days.filter(pl.col("level_of_care") == covering.LEVEL).drop("payer_id")
    asking = (
        known.join(served.drop("given").unique(), on=_DAY)
        .sort(*_DAY, "second_payer")
        .with_columns(auth_number=pl.lit(None, pl.String), draws=pl.lit(True))
        .rename({"second_payer": "payer_id"})
    )
    drawn = authorize.authorized(asking, authorizations, history, policies)
    found = served.join(
        drawn.select(*_DAY, "auth_number", second_payer="payer_id"), on=[*_DAY, "second_payer"]
    )
    number = pl.col("auth_number").drop_nulls()
    by_claim = found.group_by("given").agg(
        second_number=number.first(), second_numbers=number.n_unique()
    )
    return covered.join(by_claim, on="given", how="left", maintain_order="left")


def _decided(covered: pl.DataFrame, remits: Tables, matches: pl.DataFrame) -> pl.DataFrame:
    """The covered claims with the remit claim that decided them; `remits` says how many stand.

    What a reversal took back does not stand.
    """
    tied = matches.filter(
        pl.col("remit_line_offset").is_null() & pl.col("claim_offset").is_not_null()
    ).select("remit_claim_offset", "claim_offset", remit_file="file_id", file_id="claim_file_id")
    paid_on = remits["payments"].select("payment_offset", "payment_date", remit_file="file_id")
    answers = (
        remits["remit_claims"]
        .select(
            *("remit_claim_offset", "payment_offset", "status", "charge_cents", "paid_cents"),
            "payer_claim_number",
            remit_file="file_id",
        )
        .join(paid_on, on=["remit_file", "payment_offset"], how="left")
        .join(tied, on=_REMIT)
        .sort("payment_date", *_REMIT)
        .with_columns(reversal=pl.col("status") == _REVERSAL)
        .with_columns(after=pl.col("reversal").cum_sum(reverse=True).over(_CLAIM))
    )
    standing = answers.filter(pl.col("after") == 0).with_columns(remits=pl.len().over(_CLAIM))
    last = standing.unique(_CLAIM, keep="last", maintain_order=True)
    return covered.join(last.drop("payment_offset", "after"), on=_CLAIM, maintain_order="left")


def _lines_of(
    decided: pl.DataFrame, sent: Sent, remits: Tables, matches: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The claims' lines, each with its remit line, and for each claim whether they are one to one."""
    tied = matches.filter(
        pl.col("remit_line_offset").is_not_null() & pl.col("line_offset").is_not_null()
    ).select("remit_claim_offset", "remit_line_offset", "line_offset", remit_file="file_id")
    answered = tied.join(
        remits["remit_lines"].select(
            "remit_line_offset",
            "units",
            "revenue",
            "procedure",
            "modifiers",
            "qualifier",
            "charge_cents",
            "paid_cents",
            remit_file="file_id",
        ),
        on=["remit_file", "remit_line_offset"],
    )
    lines = (
        sent.lines.join(decided.select(*_CLAIM, "given", *_REMIT), on=_CLAIM, maintain_order="left")
        .with_columns(given_line=composed("{}/{}", "given", "line_offset"))
        .join(answered, on=[*_REMIT, "line_offset"], how="left", suffix="_decided")
    )
    told = (
        remits["remit_lines"]
        .group_by("remit_claim_offset", remit_file="file_id")
        .agg(told=pl.len())
    )
    whole = (
        lines.group_by("given")
        .agg(
            pl.col("remit_file", "remit_claim_offset").first(),
            lines=pl.col("line_offset").n_unique(),
            tied=pl.col("remit_line_offset").n_unique()
            - pl.col("remit_line_offset").null_count().clip(0, 1),
            rows=pl.len(),
        )
        .join(told, on=_REMIT, how="left")
        .with_columns(pl.col("told").fill_null(0))
    )
    return lines, whole


def _adjustments(decided: pl.DataFrame, lines: pl.DataFrame, remits: Tables) -> pl.DataFrame:
    """The remits' adjustments (CAS) of these claims and lines; those of nothing left out."""
    found = (
        remits["adjustments"]
        .rename({"file_id": "remit_file"})
        .filter(pl.col("amount_cents") != 0)
        .join(decided.select(*_REMIT, "given"), on=_REMIT, maintain_order="left")
    )
    own = lines.select("remit_file", "remit_line_offset", "given_line").drop_nulls()
    return found.join(
        own, on=["remit_file", "remit_line_offset"], how="left", maintain_order="left"
    ).with_columns(given_payer=pl.col("given"))


def _judged(
    decided: pl.DataFrame, lines: pl.DataFrame, whole: pl.DataFrame, taken: pl.DataFrame
) -> pl.DataFrame:
    """The claims with left_cents (to the patient), at_line, and what keeps them from going (trouble)."""
    by_line = (
        taken.filter(pl.col("given_line").is_not_null())
        .group_by("given_line")
        .agg(taken=pl.col("amount_cents").sum())
    )
    decided_cents = pl.col("paid_cents") + pl.col("taken").fill_null(0)
    sums = (
        lines.join(by_line, on="given_line", how="left")
        .group_by("given")
        .agg(
            off=(decided_cents != pl.col("charge_cents")).fill_null(True).any(),
            line_paid=pl.col("paid_cents").sum(),
            billed=pl.col("charge_cents").sum(),
        )
    )
    amount, at_claim = pl.col("amount_cents"), pl.col("remit_line_offset").is_null()
    of_claim = taken.group_by("given").agg(
        left_cents=amount.filter(pl.col("group") == "PR").sum(),
        all_taken=amount.sum(),
        loose=(~at_claim & pl.col("given_line").is_null()).any(),
    )
    at_line = pl.col("told") > 0
    one_to_one = (pl.col("lines") == pl.col("tied")) & (pl.col("told") == pl.col("lines"))
    balanced = pl.col("paid_cents") + pl.col("all_taken") == pl.col("billed")
    return (
        decided.join(whole.drop(_REMIT), on="given")
        .join(sums, on="given")
        .join(of_claim, on="given", how="left")
        .with_columns(pl.col("left_cents", "all_taken").fill_null(0), at_line=at_line)
        .with_columns(
            trouble=pl.when(pl.col("status").is_in(_FORWARDED))
            .then(pl.lit("forwarded"))
            .when(pl.col("left_cents") <= 0)
            .then(None)
            .when(pl.col("second_numbers") > 1)
            .then(pl.lit("its days draw on several of that payer's authorizations"))
            .when(pl.col("remits") > 1)
            .then(pl.lit("several remits answer it"))
            .when(at_line & ~one_to_one | pl.col("loose"))
            .then(pl.lit("the remit's lines are not the claim's"))
            .when((at_line & pl.col("off")) | ~balanced)
            .then(pl.lit("charges less adjustments are not what was paid"))
        )
    )


def _findings(judged: pl.DataFrame) -> list[Finding]:
    held = judged.filter(pl.col("trouble").is_not_null(), pl.col("trouble") != "forwarded")
    return [
        Finding(
            "OTHER_PAYER_HELD",
            f"claim {claim}: not billed to {second}, the second payer: {trouble}",
        )
        for claim, second, trouble in held.select("claim", "second_payer", "trouble").iter_rows()
    ]
