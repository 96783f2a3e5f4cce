"""What our own records hold about a denied line: what speaks against the payer, what is missing."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.rules.covering import fits
from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import History, Records
from edi_iop.texts import composed

_LEVEL = "IOP"
_MISSING = {
    "lines": "the line as sent",
    "clients": "the client of the member id on the claim",
    "days": "the client's encounters of that month",
    "authorizations": "the payer's authorizations",
    "providers": "the staff roster",
    "consents": "the clients' consents to disclosure",
    "enrollments": "the payer's enrollments",
    "plans": "the plans of care",
    "answers": "the payer's answer",
}
"""By what a rule needs: how a person calls it where it is not there."""
NEEDS = tuple(sorted(_MISSING, key=lambda need: _MISSING[need]))
"""In the order in which they are told."""


def support(
    about: pl.DataFrame,
    records: Records,
    policies: Mapping[str, Policy],
    asked: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Evidence and its summary for each denial, by kind: denial, kind, evidence, note.

    about: denial and the lines sent that it is about. Kinds: claim, submission,
    authorization, encounter, client. asked: denial and kind of what is wanted; None for all.
    """

    def of(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
        if asked is None:
            return rows
        wanted = asked.filter(pl.col("kind") == kind)
        return rows.join(wanted, on="denial", how="semi", maintain_order="left")

    days = each(
        about, policies, lambda part, own: part.join(per_diems(own), on=("payer_id", "procedure"))
    )
    authorized = of("authorization", days)
    found = [
        _claims(of("claim", about)),
        _submissions(of("submission", about)),
        _authorizations(authorized, records.authorizations),
        each(authorized, policies, _no_authorization_asked),
        _encounters(of("encounter", days), records.days),
        _coverages(of("client", about), records.clients),
    ]
    return (
        pl.concat(found)
        .group_by("denial", "kind", maintain_order=True)
        .agg(
            evidence=pl.col("reference").unique(maintain_order=True),
            note=pl.col("note").unique(maintain_order=True).str.join("; "),
        )
    )


def missing(about: pl.DataFrame, records: Records, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """denial, and by what a rule may need (NEEDS) the words for it where we do not hold it."""
    month = pl.col("service_date").dt.truncate("1mo")
    recorded = records.encounters.select("client_id", month=month, days=pl.lit(True)).unique()
    fed = records.authorizations["payer_id"].unique().to_list()
    kept, payers = records.kept(), records.providers["payer_id"]
    held = (
        each(about, policies, _asking)
        .with_columns(month=month)
        .join(recorded, on=("client_id", "month"), how="left")
        .select(
            "denial",
            lines=pl.lit(True),
            clients=pl.col("client_id").is_not_null(),
            days=pl.col("days").fill_null(False),
            authorizations=pl.col("payer_id").is_in(fed) | ~pl.col("asking"),
            # rows with a payer are enrollments, no roster
            providers=pl.lit(payers.is_null().any()),
            consents=pl.lit("consents" in kept),
            enrollments=pl.col("payer_id").is_in(payers.unique().to_list()),
            plans=pl.lit("plans" in kept),
            answers=pl.lit(True),
        )
    )
    there = held.group_by("denial").agg(pl.col(NEEDS).all())
    return there.select(
        "denial",
        *(pl.when(~pl.col(need)).then(pl.lit(_MISSING[need])).alias(need) for need in NEEDS),
    )


def older(about: pl.DataFrame, history: History) -> pl.DataFrame:
    """denial, sent, answers: what may lie before all that we hold, in words; null where nothing may.

    A service is sent on its day at the earliest, and a claim answered on the day it is sent.
    """
    day, sent_on = pl.col("service_date"), pl.coalesce("sent_on", "service_date")
    begins = (
        ("sent", "claims sent", day, history.sent_from),
        ("answers", "the payer's answers", sent_on, history.answered_from),
    )
    words = [
        pl.when((earliest.min() >= pl.lit(first, pl.Date)).fill_null(False))
        .then(None)
        .otherwise(pl.lit(what if first is None else f"{what} before {first}"))
        .alias(name)
        for name, what, earliest, first in begins
    ]
    return about.group_by("denial", maintain_order=True).agg(words)


def _asking(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with whether their payer asks for an authorization."""
    payers = [payer for payer, policy in policies.items() if policy.authorization.required]
    return lines.with_columns(asking=pl.col("payer_id").is_in(payers))


def per_diems(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """payer_id, procedure and track of the policies' intensive outpatient days, a few rows."""
    pairs = [
        (payer, pair.procedure, pair.track)
        for payer, policy in policies.items()
        for pair in policy.iop.pairs
    ]
    schema = {"payer_id": pl.String, "procedure": pl.String, "track": pl.String}
    return pl.DataFrame(pairs, schema=schema, orient="row").unique(
        ["payer_id", "procedure"], keep="first", maintain_order=True
    )


def _evidence(rows: pl.DataFrame, kind: str, reference: pl.Expr, note: pl.Expr) -> pl.DataFrame:
    return rows.select("denial", kind=pl.lit(kind), reference=reference, note=note)


def line_reference() -> pl.Expr:
    """How evidence names a line sent: claim:CLM01 line N."""
    return composed("claim:{} line {}", "claim", pl.col("line").fill_null(0))


def _claims(lines: pl.DataFrame) -> pl.DataFrame:
    note = composed(
        "sent as {} {} with principal diagnosis {}",
        pl.col("procedure").fill_null("no procedure"),
        pl.col("revenue").fill_null("without revenue code"),
        pl.col("diagnoses").str.split(" ").list.first().fill_null("absent"),
    )
    return _evidence(lines, "claim", line_reference(), note)


def _submissions(lines: pl.DataFrame) -> pl.DataFrame:
    waited = (pl.col("sent_on") - pl.col("service_date")).dt.total_days()
    note = composed(
        "sent on {}, {} days after the service", pl.col("sent_on").cast(pl.String), waited
    )
    # a replacement has a clock of its own, which the first filing limit does not tell
    first = pl.col("frequency").ne_missing("7")
    sent = lines.filter(pl.col("sent_on").is_not_null(), first)
    files = _evidence(sent, "submission", composed("file:{}", "claim_file_id"), note)
    return pl.concat([_evidence(sent, "submission", line_reference(), note), files])


def _authorizations(lines: pl.DataFrame, authorizations: pl.DataFrame) -> pl.DataFrame:
    """Approved authorizations of the client and payer that cover the date and the service."""
    held = authorizations.filter(
        pl.col("status") == "approved", pl.col("level_of_care") == _LEVEL
    ).select("client_id", "payer_id", pl.exclude("client_id", "payer_id").name.prefix("given_"))
    covering = lines.join(held, on=("client_id", "payer_id")).filter(
        pl.col("service_date").is_between("given_from_date", "given_to_date"), fits()
    )
    note = composed(
        "authorization {} of {} units covers {} to {}",
        "given_auth_number",
        pl.col("given_units").cast(pl.String).str.strip_suffix(".0"),
        pl.col("given_from_date").cast(pl.String),
        pl.col("given_to_date").cast(pl.String),
    )
    number = composed("authorization:{}", "given_auth_number")
    return _evidence(covering, "authorization", number, note)


def _no_authorization_asked(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The policy itself, where it asks for no authorization."""
    free = {
        payer: policy.label
        for payer, policy in policies.items()
        if not policy.authorization.required
    }
    rows = lines.filter(pl.col("payer_id").is_in(list(free)))
    label = pl.col("payer_id").replace_strict(free, default=None, return_dtype=pl.String)
    note = composed("policy {} asks for no authorization", label)
    return _evidence(rows, "authorization", composed("policy:{}", label), note)


def _encounters(lines: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The day's attended encounters with their minutes."""
    held = days.filter(pl.col("level_of_care") == _LEVEL).select(
        "client_id", "service_date", "minutes", attended="encounters"
    )
    rows = lines.join(held, on=("client_id", "service_date")).explode("attended")
    note = composed("{} minutes attended and signed", pl.col("minutes"))
    named = rows.filter(pl.col("attended").is_not_null())
    return _evidence(named, "encounter", composed("encounter:{}", "attended"), note)


def _coverages(lines: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """Coverage of the client with the payer on the date."""
    held = clients.select("client_id", "payer_id", "coverage_from", "coverage_to")
    rows = lines.join(held, on=("client_id", "payer_id")).filter(
        pl.col("coverage_from") <= pl.col("service_date"),
        pl.col("coverage_to").is_null() | (pl.col("service_date") <= pl.col("coverage_to")),
    )
    note = composed(
        "covered from {} to {}",
        pl.col("coverage_from").cast(pl.String),
        pl.col("coverage_to").cast(pl.String).fill_null("today"),
    )
    return _evidence(rows, "client", composed("client:{}", "client_id"), note)
