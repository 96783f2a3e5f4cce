"""Service lines to claims (005010X223A2 loops 2000B to 2400): what goes together, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from edi_iop.identifiers import line_control_number, patient_control_number
from edi_iop.mapper import parties, track
from edi_iop.rules.policy import Policy
from edi_iop.settings import Partner, Settings
from edi_iop.tables import CLAIM_DIAGNOSES, CLAIM_LINES, CLAIMS, SUBMISSIONS

Tables = dict[str, pl.DataFrame]

GUIDE = "005010X223A2"
_STAYS, _HOME = "30", "01"
_NOT_AVAILABLE = "9"
"""Priority and point of origin where the feed says nothing: information not available."""
_OTHERS_PER_SEGMENT = 12
_MOST_OTHERS = 24

_TOGETHER = (
    "partner",
    "payer_id",
    "client_id",
    "member_id",
    "coverage_priority",
    "coverage_from",
    "group_number",
    "episode_id",
    "admit_date",
    "month",
    "auth_number",
    "claim_track",
    "principal",
)
"""Lines share a claim only if all of these agree (domain notes, sections 1.5 and 2.7)."""


def claims(
    lines: pl.DataFrame,
    clients: pl.DataFrame,
    providers: pl.DataFrame,
    days: pl.DataFrame,
    settings: Settings,
    policies: Mapping[str, Policy],
    first_serial: int,
    as_of: date,
) -> Tables:
    """Claims of the proposed lines: submissions (one a partner), claims, claim_lines, claim_diagnoses.

    No claim crosses a month, authorization, coverage, episode, principal diagnosis or
    track. file_id numbers the partners, the offsets are running numbers. Serials
    count up from first_serial, one a claim. Lines whose attending provider or
    subscriber is unknown are left out (parties.gaps names them).
    """
    placed = parties.staffed(parties.placed(lines, clients, days), providers)
    usable = placed.filter(parties.nameable()).join(
        parties.payers(settings), on="payer_id", maintain_order="left"
    )
    grouped = _numbered(_grouped(usable, policies), settings, first_serial)
    return {
        "submissions": _submissions(grouped, settings, first_serial, as_of),
        "claims": _claims(grouped, settings),
        "claim_lines": _claim_lines(grouped),
        "claim_diagnoses": _diagnoses(grouped),
    }


def _grouped(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with what must agree in a claim; components go with their day's per diem."""
    known = (
        track.pairs(policies)
        .unique(["payer_id", "procedure"], keep="first", maintain_order=True)
        .select("payer_id", "procedure", "track")
    )
    return lines.join(
        known, on=["payer_id", "procedure"], how="left", maintain_order="left"
    ).with_columns(
        month=pl.col("service_date").dt.truncate("1mo"),
        claim_track=pl.col("track").fill_null(
            pl.col("track").drop_nulls().first().over("payer_id", "client_id", "service_date")
        ),
        principal=pl.col("diagnoses").str.split(" ").list.first(),
    )


def _numbered(lines: pl.DataFrame, settings: Settings, first_serial: int) -> pl.DataFrame:
    """The lines in the order they are written, with claim, line and file numbers."""
    order = {partner.id: number for number, partner in enumerate(settings.partners, 1)}
    start = pl.col("service_date").min().over(_TOGETHER)
    placed = lines.with_columns(
        file_id=pl.col("partner").replace_strict(order, return_dtype=pl.Int64), starts=start
    ).sort("file_id", "payer_id", "client_id", "starts", *_TOGETHER, "service_date", "line_offset")
    claim = pl.struct(_TOGETHER).rle_id().cast(pl.Int64) + 1
    counted = placed.with_columns(claim_offset=claim).with_columns(
        line=pl.int_range(1, pl.len() + 1).over("claim_offset"),
        line_offset=pl.int_range(1, pl.len() + 1),
    )
    # a loop over claims: the check character is computed digit by digit
    numbers = {
        place: patient_control_number(first_serial + place - 1)
        for place in counted["claim_offset"].unique().to_list()
    }
    return counted.with_columns(
        claim=pl.col("claim_offset").replace_strict(numbers, return_dtype=pl.String)
    )


def _claims(lines: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """One row a claim: CLM, its dates and status, and the parties (loops 2010AA to 2310A)."""
    last = lines.sort("claim_offset", "service_date").group_by("claim_offset", maintain_order=True)
    whole = last.agg(
        pl.exclude("charge_cents", "service_date", "statement_to").last(),
        charge_cents=pl.col("charge_cents").sum(),
        statement_from=pl.col("service_date").min(),
        statement_to=pl.col("service_date").max(),
    )
    return CLAIMS.conform(
        whole.with_columns(_ended=_ended())
        .with_columns(frequency=_frequency(), patient_status=_patient_status())
        .with_columns(
            transaction_offset=pl.lit(0),
            assignment=pl.lit("A"),
            benefits_assigned=pl.lit("Y"),
            release=pl.lit("Y"),
            admission_date=pl.coalesce("admit_date", "episode_start", "statement_from"),
            admission_type=pl.col("admission_type").fill_null(_NOT_AVAILABLE),
            admission_source=pl.col("admission_source").fill_null(_NOT_AVAILABLE),
            medical_record=pl.col("client_id"),
            payer_responsibility=pl.col("coverage_priority"),
            rendering_npi=pl.lit(None),
            **parties.facility(settings.facility),
            **parties.people(),
        )
    )


def _ended() -> pl.Expr:
    """Whether the episode ends inside the statement."""
    return (pl.col("discharge_date") <= pl.col("statement_to")).fill_null(False)


def _frequency() -> pl.Expr:
    """CLM05-3 by the statement's place in the episode: whole 1, first 2, continuing 3, last 4."""
    first = pl.col("statement_from") <= pl.col("episode_start").fill_null(pl.col("statement_from"))
    return (
        pl.when(first & pl.col("_ended"))
        .then(pl.lit("1"))
        .when(first)
        .then(pl.lit("2"))
        .when(pl.col("_ended"))
        .then(pl.lit("4"))
        .otherwise(pl.lit("3"))
    )


def _patient_status() -> pl.Expr:
    """CL103: still a patient unless the episode ended; it so always agrees with the frequency."""
    left = pl.col("discharge_status").fill_null(_HOME)
    known = pl.when(left == _STAYS).then(pl.lit(_HOME)).otherwise(left)
    return pl.when("_ended").then(known).otherwise(pl.lit(_STAYS))


def _claim_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """One row a service line (loop 2400): LX in date order, REF 6R on each."""
    # a loop over lines: the control number's form is defined once, in identifiers
    controls = [
        line_control_number(claim, line)
        for claim, line in lines.select("claim", "line").iter_rows()
    ]
    return CLAIM_LINES.conform(
        lines.with_columns(
            qualifier=pl.lit("HC"),
            unit_basis=pl.lit("UN"),
            line_control=pl.Series(controls, dtype=pl.String),
            rendering_npi=pl.lit(None),
        )
    )


def _diagnoses(lines: pl.DataFrame) -> pl.DataFrame:
    """The claim's diagnoses without repeats (HI): the principal in a segment of its own, others after.

    byte_offset numbers the segments of a claim: 0 the principal's, then twelve others each.
    """
    key = ["file_id", "claim_offset"]
    codes = (
        lines.select(*key, diagnosis=pl.col("diagnoses").str.split(" "))
        .explode("diagnosis")
        .filter(pl.col("diagnosis") != "")
        .unique([*key, "diagnosis"], keep="first", maintain_order=True)
        .with_columns(_place=pl.int_range(pl.len()).over(key))
        .filter(pl.col("_place") <= _MOST_OTHERS)
    )
    other = pl.col("_place") > 0
    return CLAIM_DIAGNOSES.conform(
        codes.with_columns(
            byte_offset=pl.col("claim_offset") * 3
            + pl.when(other).then((pl.col("_place") - 1) // _OTHERS_PER_SEGMENT + 1).otherwise(0),
            position=pl.when(other)
            .then((pl.col("_place") - 1) % _OTHERS_PER_SEGMENT + 1)
            .otherwise(1),
            qualifier=pl.when(other).then(pl.lit("ABF")).otherwise(pl.lit("ABK")),
        )
    )


def _submissions(
    lines: pl.DataFrame, settings: Settings, first_serial: int, as_of: date
) -> pl.DataFrame:
    """One transaction set a partner that gets claims (BHT, loops 1000A and 1000B)."""
    used = set(lines["file_id"].to_list())
    rows = [
        _submission(number, partner, settings, f"{first_serial}-{number}")
        for number, partner in enumerate(settings.partners, 1)
        if number in used
    ]
    frame = pl.DataFrame(rows, schema={"file_id": pl.Int64}) if not rows else pl.DataFrame(rows)
    return SUBMISSIONS.conform(frame.with_columns(created_on=pl.lit(as_of)))


def _submission(
    number: int, partner: Partner, settings: Settings, reference: str
) -> dict[str, str | int]:
    return {
        "file_id": number,
        "transaction_offset": 0,
        "sender_id": settings.submitter.id,
        "receiver_id": partner.id,
        "usage": settings.usage,
        "transaction_control": "0001",
        "guide": GUIDE,
        "purpose": "00",
        "reference": reference,
        "created_at": "0000",
        "transaction_type": "CH",
        "submitter_name": settings.submitter.name,
        "submitter_id": settings.submitter.id,
        "submitter_contact": settings.submitter.contact,
        "submitter_phone": settings.submitter.phone,
        "receiver_name": partner.name,
        "receiver_code": partner.id,
    }
