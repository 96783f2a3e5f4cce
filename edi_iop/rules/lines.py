"""Claims as sent to lines under judgement; claims voided or replaced since are netted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from edi_iop.tables import LINE_STANDINGS, SERVICE_LINES, TABLES
from edi_iop.tables.nothing import once_of_nothing
from edi_iop.tables.numbers import joined, ordered

Tables = Mapping[str, pl.DataFrame]

VOID, REPLACEMENT = "8", "7"
"""Claim frequencies (CLM05-3) that take the place of an earlier claim."""
TOTAL_LINE = "0001"
CLAIM = ["file_id", "claim_offset"]


def service_lines(
    tables: Tables,
    clients: pl.DataFrame,
    sent_on: Mapping[int, date],
    standings: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """tables.SERVICE_LINES of claims, claim_lines and claim_diagnoses, netted.

    sent_on: by file_id. standings: file_id, line_offset, standing (paid, denied),
    payer_claim_number, answered_on and allowed_cents of the lines a payer has
    answered; all others are sent.
    """
    if tables["claim_lines"].is_empty():
        return SERVICE_LINES.empty()
    claims = _headed(tables["claims"], sent_on)
    return netted(_lines(tables, _known(claims, clients), standings))


def kept_lines(tables: Tables) -> pl.DataFrame:
    """tables.SERVICE_LINES of claims sent, as the settlement left them.

    tables: tables.SENT of the claims, and tables.LINE_STANDINGS.
    """
    standings = tables["line_standings"]
    claims = _headed(tables["claims"], sent_on(tables["submissions"]))
    return _lines(
        tables,
        claims.join(_clients(standings), on=CLAIM, how="left"),
        standings.drop("claim_offset", "client_id"),
    )


PRICED = {
    "claims": (*CLAIM, "claim", "payer_id", "member_id", "payer_responsibility", "statement_from",
               "statement_to", "patient_birth_date", "subscriber_birth_date"),
    "claim_lines": (*CLAIM, "line_offset", "line", "service_date", "revenue", "procedure", "units",
                    "charge_cents"),
    "line_standings": (*CLAIM, "line_offset", "standing", "client_id"),
}  # fmt: skip
"""What priced_lines reads, by table."""


def priced_lines(tables: Tables) -> pl.DataFrame:
    """What a contract goes by of kept_lines: a third of their columns. tables: PRICED of the claims."""
    claims = tables["claims"].select(
        pl.exclude("patient_birth_date", "subscriber_birth_date"), birth_date=_born()
    )
    standings = tables["line_standings"]
    return (
        _billed(tables["claim_lines"])
        .join(claims.join(_clients(standings), on=CLAIM, how="left"), on=CLAIM, how="left")
        .join(
            standings.drop("claim_offset", "client_id"), on=["file_id", "line_offset"], how="left"
        )
        .with_columns(pl.col("standing").fill_null("sent"), service_date=_service_date())
        .drop("statement_from", "statement_to")
    )


def line_standings(lines: pl.DataFrame) -> pl.DataFrame:
    """tables.LINE_STANDINGS of lines (tables.SERVICE_LINES): those of which there is something to say."""
    told = ["client_id", "payer_claim_number", "answered_on", "allowed_cents"]
    silent = pl.all_horizontal(
        pl.col("standing") == "sent", *(pl.col(one).is_null() for one in told)
    )
    return LINE_STANDINGS.conform(lines.filter(~silent))


def sent_on(submissions: pl.DataFrame) -> dict[int, date]:
    """When each file was made; submissions: tables.SUBMISSIONS."""
    made = submissions.group_by("file_id").agg(pl.col("created_on").min())
    return {number: day for number, day in made.iter_rows() if day is not None}


def _lines(tables: Tables, claims: pl.DataFrame, standings: pl.DataFrame | None) -> pl.DataFrame:
    """The lines of claims with what they have from these."""
    for facts in (
        _ordered_diagnoses(tables["claim_diagnoses"]),
        _condition_codes(_given(tables, "claim_codes")),
        _facilities(_given(tables, "claim_parties")),
        _answered_before(_given(tables, "other_payers")),
    ):
        claims = joined(claims, facts, CLAIM, "left")
    in_order = ordered(
        _billed(tables["claim_lines"]), *CLAIM, "line_offset"
    )  # before they are wide
    own = pl.coalesce("rendering_npi", "claim_rendering_npi", "billing_npi")
    lines = joined(in_order, claims, CLAIM, maintain_order="left").with_columns(
        service_date=_service_date(), rendering_npi=own
    )
    return SERVICE_LINES.conform(_answered(lines, standings))


def _billed(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.filter(pl.col("revenue").ne_missing(TOTAL_LINE))


def _service_date() -> pl.Expr:
    """A line's day, else that of a claim for one day."""
    whole_day = pl.when(pl.col("statement_from") == pl.col("statement_to")).then("statement_from")
    return pl.coalesce("service_date", whole_day)


def _born() -> pl.Expr:
    return pl.coalesce("patient_birth_date", "subscriber_birth_date")


def _clients(standings: pl.DataFrame) -> pl.DataFrame:
    """CLAIM and client_id of the claims whose client is known."""
    return standings.select(*CLAIM, "client_id").drop_nulls().unique(CLAIM)


@once_of_nothing
def netted(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with standing void where their claim was replaced or voided, or is itself a void.

    A claim of frequency 7 or 8 takes the place of the earlier claim it names: by
    the payer's number, else by our own in REF F8, else by the same CLM01. Where
    several name the same claim, the last one stands.
    """
    claims = lines.filter(pl.col("claim").is_not_null()).unique(CLAIM)
    links = _links(claims.sort("sent_on", *CLAIM).with_row_index("nth"))
    latest = pl.col("by_nth") == pl.col("by_nth").max().over(CLAIM)
    outdone = links.filter(~latest).select(file_id="by_file_id", claim_offset="by_claim_offset")
    voids = claims.filter(pl.col("frequency") == VOID).select(CLAIM)
    gone = pl.concat([links.select(CLAIM), outdone, voids]).unique()
    marked = lines.join(
        gone.with_columns(gone=pl.lit(True)), on=CLAIM, how="left", maintain_order="left"
    )
    # proposed lines all stand at (0, 0), which names no claim
    void = pl.col("gone").is_not_null() & pl.col("claim").is_not_null()
    return marked.with_columns(
        standing=pl.when(void).then(pl.lit("void")).otherwise("standing")
    ).drop("gone")


@once_of_nothing
def _links(claims: pl.DataFrame) -> pl.DataFrame:
    """Which claim (CLAIM) gave way to which (by_...): the first way of naming that finds one.

    claims: one row each, `nth` in the order they went out.
    """
    by = claims.filter(pl.col("frequency").is_in([REPLACEMENT, VOID])).select(
        *("payer_id", "form", "replaces", "claim"),
        by_nth="nth",
        by_file_id="file_id",
        by_claim_offset="claim_offset",
    )
    held = claims.select(*("payer_id", "form", "nth"), *CLAIM, "payer_claim_number", own="claim")
    links: list[pl.DataFrame] = []
    for named, number in (
        ("replaces", "payer_claim_number"),
        ("replaces", "own"),
        ("claim", "own"),
    ):
        hits = by.join(
            held,
            left_on=["payer_id", "form", named],
            right_on=["payer_id", "form", number],
        ).filter(pl.col("nth") < pl.col("by_nth"))
        links.append(hits.select(*CLAIM, "by_nth", "by_file_id", "by_claim_offset"))
        by = by.join(hits, on="by_nth", how="anti")
    return pl.concat(links)


def _headed(claims: pl.DataFrame, sent_on: Mapping[int, date]) -> pl.DataFrame:
    """The claims' part of a line, with the day the claim went out."""
    dates = pl.DataFrame(
        {"file_id": list(sent_on), "sent_on": list(sent_on.values())},
        schema={"file_id": pl.Int64, "sent_on": pl.Date},
    )
    headed = claims.select(
        *CLAIM,
        "form",
        "claim",
        "payer_id",
        "member_id",
        "payer_responsibility",
        "medical_record",
        "statement_from",
        "statement_to",
        "admission_date",
        "patient_status",
        "attending_npi",
        "auth_number",
        "facility_type",
        "frequency",
        "billing_npi",
        "billing_tin",
        birth_date=_born(),
        replaces="payer_claim_number",
        claim_rendering_npi="rendering_npi",
    )
    return headed.join(dates, on="file_id", how="left")


def _known(claims: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """The claims with client_id: whose chart number they carry, else who has that member id.

    A chart number counts where the birth date agrees too: another system numbers
    its own. Of several with one member id the birth date tells, or nothing does.
    """
    born = pl.col("held_birth_date") == pl.col("birth_date")
    holders = (
        clients.select("client_id", "payer_id", "member_id", held_birth_date="birth_date")
        .unique(["client_id", "payer_id", "member_id"], maintain_order=True)
        .with_columns(alone=pl.len().over("payer_id", "member_id") == 1)
    )
    charts = holders.unique(["client_id", "payer_id", "held_birth_date"])
    charted = claims.join(
        charts.with_columns(medical_record="client_id"), on=["payer_id", "medical_record"]
    ).filter(born)
    members = claims.join(holders, on=["payer_id", "member_id"]).filter(pl.col("alone") | born)
    found = pl.concat(
        [
            named.unique([*CLAIM, "client_id"])
            .unique(CLAIM, keep="none")
            .select(*CLAIM, "client_id")
            for named in (charted, members.join(charted, on=CLAIM, how="anti"))
        ]
    )
    return claims.join(found, on=CLAIM, how="left")


def _ordered_diagnoses(diagnoses: pl.DataFrame) -> pl.DataFrame:
    """Diagnoses of each claim in one text, principal (ABK) first, then the others (ABF)."""
    listed = diagnoses.filter(pl.col("qualifier").is_in(["ABK", "ABF"]))
    return (
        listed.sort(pl.col("qualifier") != "ABK", "byte_offset", "position")
        .group_by(CLAIM, maintain_order=True)
        .agg(diagnoses=pl.col("diagnosis").str.join(" "))
    )


def _given(tables: Tables, name: str) -> pl.DataFrame:
    """A table that not every source of claims has."""
    return tables.get(name, TABLES[name].empty())


def _condition_codes(codes: pl.DataFrame) -> pl.DataFrame:
    """Condition codes of each claim in one text (HI BG)."""
    return (
        codes.filter(pl.col("qualifier") == "BG")
        .sort("byte_offset", "position")
        .group_by(CLAIM)
        .agg(condition_codes=pl.col("code").str.join(" "))
    )


def _facilities(parties: pl.DataFrame) -> pl.DataFrame:
    """The service facility of each claim (NM1 77)."""
    return (
        parties.filter(pl.col("entity") == "77")
        .group_by(CLAIM)
        .agg(facility_npi=pl.col("npi").drop_nulls().first())
    )


def _answered_before(payers: pl.DataFrame) -> pl.DataFrame:
    """Claims that carry an earlier payer's answer: what it paid, or when (loops 2320, 2330B)."""
    answered = pl.col("paid_cents").is_not_null() | pl.col("paid_on").is_not_null()
    return payers.group_by(CLAIM).agg(prior_payer_answered=answered.any())


def _answered(lines: pl.DataFrame, standings: pl.DataFrame | None) -> pl.DataFrame:
    """The lines with standing and, for all lines of a claim, the payer's number of it.

    That of an answer which stands counts before one that was reversed or a 277CA gave.
    """
    if standings is None:
        return lines.with_columns(standing=pl.lit("sent"), payer_claim_number=pl.lit(None))
    told = joined(lines, standings, ("file_id", "line_offset"), "left", maintain_order="left")
    number = pl.col("payer_claim_number").drop_nulls()
    stands = pl.when(pl.col("standing").is_not_null()).then("payer_claim_number").drop_nulls()
    return told.with_columns(
        pl.col("standing").fill_null("sent"),
        payer_claim_number=pl.coalesce(stands.first(), number.first()).over(CLAIM),
    )
