"""Who pays, who may bill, and what may be told: coverage, enrollment, consent.

Nothing is said of a member who is none of our clients, nor of what was on the date of a line without one.
"""

from __future__ import annotations

import polars as pl

from edi_iop.rules.case import Case, active, found, nothing
from edi_iop.rules.families import begins
from edi_iop.rules.in_force import SERVED
from edi_iop.texts import composed

_RANKS = {"P": 0, "S": 1, "T": 2}
"""Who pays first."""


def uncovered(case: Case) -> pl.DataFrame:
    """No coverage of the client with this payer is active on the date (ELG-01)."""
    active = pl.col("service_date").is_between(
        "coverage_from", pl.col("coverage_to").fill_null(pl.col("service_date"))
    )
    known = case.lines.filter(pl.col("client_id").is_not_null(), pl.col(SERVED).is_not_null())
    covered = (
        known.select("row", "client_id", "service_date")
        .join(case.clients.select("client_id", "coverage_from", "coverage_to"), on="client_id")
        .filter(active)
    )
    says = composed("{}: no coverage with this payer is active on the date", "date")
    return found(known.join(covered, on="row", how="anti"), says, _coverage_reference())


def carved_out(case: Case) -> pl.DataFrame:
    """Behavioral benefits that another payer administers (ELG-02)."""
    rule = case.policy.eligibility
    by_group = pl.col("group_number").replace_strict(
        rule.carved_out_groups, default=None, return_dtype=pl.String
    )
    payer = pl.coalesce("behavioral_payer_id", by_group, pl.lit(rule.carved_out_to, pl.String))
    elsewhere = case.clients.with_columns(other=payer).filter(pl.col("other") != case.payer_id)
    lines = _covered(case, elsewhere.select(*_COVERAGE, "other")).unique("row", keep="first")
    says = composed("{}: the behavioral benefits are administered by {}", "date", "other")
    return found(lines, says, _coverage_reference())


_COVERAGE = ("client_id", "coverage_from", "coverage_to")


def _covered(case: Case, coverages: pl.DataFrame) -> pl.DataFrame:
    """The case's lines beside those of the coverages that are active on their date."""
    return case.lines.join(coverages, on="client_id").filter(active("service_date"))


def unanswered_primary(case: Case) -> pl.DataFrame:
    """Another coverage pays first, and its answer is not on the claim (COB-01).

    First is who the clients feed says is first; a claim that itself is a secondary one
    needs the primary's answer too.
    """
    rank = pl.col("coverage_priority").replace_strict(_RANKS, default=0, return_dtype=pl.Int64)
    own = _covered(case, case.clients.select(*_COVERAGE, rank=rank))
    others = case.coverages.filter(pl.col("payer_id") != case.payer_id).select(
        *_COVERAGE, other_rank=rank, other="payer_id"
    )
    ours = own.group_by("row").agg(own_rank=pl.col("rank").min())
    first = (
        _covered(case, others)
        .join(ours, on="row")
        .filter(pl.col("other_rank") < pl.col("own_rank"))
        .sort("row", "other_rank", "other")
        .unique("row", keep="first", maintain_order=True)
        .select("row", "other")
    )
    told = case.lines.join(first, on="row", how="left").filter(
        ~pl.col("prior_payer_answered").fill_null(False),
        pl.col("other").is_not_null() | (pl.col("payer_responsibility") != "P"),
        pl.col("client_id").is_not_null(),
    )
    says = composed(
        "{}: {} pays first, and the claim does not carry its answer",
        "date",
        pl.col("other").fill_null("another payer"),
    )
    return found(told, says, _coverage_reference())


def not_enrolled(case: Case) -> pl.DataFrame:
    """Who bills, or who rendered a professional service, is not enrolled on the date (CRED-01).

    Only a provider of whom any enrollment is on file is judged, and only with payers
    for whom any is.
    """
    enrollments = case.enrollments.select("npi", "payer_id", "from_date", "to_date")
    own = enrollments.filter(pl.col("payer_id") == case.payer_id).drop("payer_id")
    if own.is_empty():
        return nothing()
    known = enrollments.get_column("npi").unique().implode()
    who = pl.concat(
        [
            case.lines.select("row", "service_date", npi="billing_npi"),
            case.lines.filter(pl.col("form") == "P").select(
                "row", "service_date", npi="rendering_npi"
            ),
        ]
    ).filter(pl.col("npi").is_in(known), pl.col(SERVED).is_not_null())
    in_force = who.join(own, on="npi").filter(active("service_date", "from_date", "to_date"))
    lacking = (
        who.join(in_force, on=["row", "npi"], how="anti")
        .unique("row", keep="first", maintain_order=True)
        .select("row", "npi")
    )
    lines = case.lines.join(lacking, on="row")
    says = composed("{}: {} is not enrolled with this payer on the date", "date", "npi")
    return found(lines, says, pl.concat_list(composed("provider:{}", "npi")))


def unconsented(case: Case) -> pl.DataFrame:
    """A substance use record without a consent to payment in force when it is told (CN-01).

    A record is a Part 2 one by its program, or by any of its diagnoses.
    """
    if not case.policy.privacy.part2 or "consents" not in case.kept:
        return nothing()
    each = pl.col("diagnoses").str.split(" ")
    listed = case.lines.select("diagnoses").drop_nulls().unique()
    of_use = listed.filter(
        each.list.eval(begins(pl.element(), case.policy.diagnosis.sud)).list.any()
    )
    protected = case.lines.filter(
        pl.col("client_id").is_not_null(),
        (pl.col("track") == "SUD").fill_null(False)
        | pl.col("diagnoses").is_in(of_use.get_column("diagnoses").implode()),
    )
    # what was delivered last counts: a consent may have been taken back
    told_last = case.clients.sort("file_id", "row").unique("client_id", keep="last")
    consents = told_last.filter(pl.col("part2_consent") == "Y").select(
        "client_id", "part2_consent_to"
    )
    in_force = protected.join(consents, on="client_id").filter(
        pl.col("part2_consent_to").is_null() | (pl.col("sent_on") <= pl.col("part2_consent_to"))
    )
    bare = protected.join(in_force, on="row", how="anti")
    says = composed("{}: no consent to disclose the record to this payer is in force", "date")
    return found(bare, says, _coverage_reference())


def _coverage_reference() -> pl.Expr:
    return pl.concat_list(composed("coverage:{} {}", "client_id", "payer_id"))
