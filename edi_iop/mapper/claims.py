"""Service lines to claims (005010X223A2 loops 2000B to 2400): what goes together, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
import polars as pl

from edi_iop.identifiers import patient_control_number
from edi_iop.mapper import content, headers, others, parties, track
from edi_iop.mapper.given import Given, none
from edi_iop.rules.in_force import each, each_row
from edi_iop.rules.policy import Policy
from edi_iop.rules.rates import rated, rates
from edi_iop.settings import Partner, Settings
from edi_iop.tables import SUBMISSIONS
from edi_iop.tables.judged import OF_CLAIM

Tables = dict[str, pl.DataFrame]

GUIDE = "005010X223A2"
CLAIMS_PER_TRANSACTION = 5000
"""The most claims of one transaction set that receivers must take (005010X223A2 section 1.3.2)."""

_TOGETHER = (
    "partner",
    "billing_npi",
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
    "rate_from",
    "terms",
    "ancillary",
    "given",
)
"""Lines share a claim only if all of these agree (domain notes, sections 1.5 and 2.7)."""
_GIVEN = ("partner", "billing_npi", "payer_id", "client_id", "given")
"""Of a line under a given header, these."""


class Numbers(msgspec.Struct, frozen=True):
    """The first of each number that nobody was given before."""

    serial: int
    """Of claims: CLM01 is made of it."""
    interchange: int = 1
    """Of files: ISA13 and GS06, one a file."""
    transaction: int = 1
    """Of transaction sets (ST02)."""


def claims(
    placed: pl.DataFrame,
    clients: pl.DataFrame,
    providers: pl.DataFrame,
    settings: Settings,
    policies: Mapping[str, Policy],
    numbers: Numbers,
    as_of: date,
    given: Given | None = None,
) -> Tables:
    """Claims of placed and staffed lines (parties) and of the given ones: the tables of what is sent.

    No claim crosses a month, authorization, coverage, episode, principal diagnosis,
    track, facility, rate or change of the payer's terms. file_id numbers the partners, the
    offsets are running numbers. Numbers count up, serials one a claim. Lines whose attending provider
    or subscriber is unknown are left out (parties.gaps names them).
    """
    own = rated(_marked(placed.filter(parties.nameable()), policies), rates(settings))
    under = given or none()
    every = pl.concat([own, under.lines.drop("birth_date", *OF_CLAIM)], how="diagonal").join(
        parties.payers(settings), on="payer_id", maintain_order="left"
    )
    grouped = _numbered(every, settings, policies, numbers)
    people = headers.People(parties.coverages(clients), parties.roster(providers))
    heads = headers.claims(grouped, under.headers, people, settings, policies)
    return {
        "submissions": _submissions(grouped, settings, numbers, as_of),
        "claims": heads,
        "claim_lines": content.lines(grouped),
        "claim_diagnoses": content.diagnoses(grouped),
        "claim_codes": content.codes(heads, grouped, policies),
        **others.numbered(under, grouped),
    }


def _marked(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with what must agree in a claim; components go with their day's per diem."""
    marked = each_row(lines, policies, _together)
    return marked.with_columns(terms=track.terms(policies), given=pl.lit(None, pl.String))


def _together(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    apart = [payer for payer, policy in policies.items() if policy.billing.ancillary_apart]
    return track.together(lines, policies).with_columns(
        ancillary=pl.col("program").is_null() & pl.col("payer_id").is_in(apart)
    )


def _numbered(
    lines: pl.DataFrame, settings: Settings, policies: Mapping[str, Policy], numbers: Numbers
) -> pl.DataFrame:
    """The lines in the order they are written, with claim, line, transaction and file numbers."""
    order = {partner.id: number for number, partner in enumerate(settings.partners, 1)}
    file = pl.col("partner").replace_strict(order, return_dtype=pl.Int64)
    alone = pl.col("given").is_null()
    told = [
        pl.col(name) if name in _GIVEN else pl.when(alone).then(name).alias(name)
        for name in _TOGETHER
    ]
    group = pl.struct(told).rank("dense")
    grouped = lines.with_columns(file_id=file, _group=group).with_columns(
        _starts=pl.col("service_date").min().over("_group")
    )
    parted = _parted(grouped, policies).sort(
        "file_id",
        "billing_npi",
        "payer_id",
        "client_id",
        "_starts",
        "_group",
        "_part",
        "service_date",
        "line_offset",
        maintain_order=True,
    )
    claim = pl.struct("_group", "_part").rle_id().cast(pl.Int64) + 1
    counted = parted.with_columns(claim_offset=claim).with_columns(
        line=pl.int_range(1, pl.len() + 1).over("claim_offset"),
        line_offset=pl.int_range(1, pl.len() + 1),
        transaction_offset=_transaction(),
    )
    return counted.join(_claim_numbers(counted, numbers), on="claim_offset", maintain_order="left")


def _parted(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with `_part`: a group of more lines than a claim takes goes on several.

    A day stays whole: a part is as many of its days as surely fit.
    """
    sizes = (
        each(lines, policies, _days_of_groups)
        .sort("_group", "service_date")
        .with_columns(
            _through=pl.col("_of_day").cum_sum().over("_group"),
            _room=pl.col("_most") - pl.col("_of_day").max().over("_group") + 1,
            _whole=pl.col("_of_day").sum().over("_group"),
        )
    )
    part = (pl.col("_through") - 1) // pl.max_horizontal("_room", 1)
    fits = pl.col("_whole") <= pl.col("_most")
    parts = sizes.select("_group", "service_date", _part=pl.when(fits).then(0).otherwise(part))
    return lines.join(parts, on=["_group", "service_date"], nulls_equal=True, maintain_order="left")


def _days_of_groups(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """How many lines each group has on a day, and how many the payer takes on a claim."""
    limits = {payer: policy.billing.lines_per_claim for payer, policy in policies.items()}
    most = pl.col("payer_id").replace_strict(limits, default=999, return_dtype=pl.Int64)
    return lines.group_by("_group", "service_date").agg(
        _of_day=pl.len().cast(pl.Int64), _most=most.first()
    )


def _transaction() -> pl.Expr:
    """Number of the transaction set in its file, from 0: no more claims than receivers must take."""
    of_file = pl.col("claim_offset") - pl.col("claim_offset").min().over("file_id")
    return of_file // CLAIMS_PER_TRANSACTION


def _claim_numbers(lines: pl.DataFrame, numbers: Numbers) -> pl.DataFrame:
    """CLM01 by claim_offset."""
    places = lines["claim_offset"].unique().sort()
    # a loop over claims: the check character is computed digit by digit
    made = [patient_control_number(numbers.serial + place - 1) for place in places]
    return pl.DataFrame({"claim_offset": places, "claim": pl.Series(made, dtype=pl.String)}).select(
        "claim_offset", claim_number="claim"
    )


def _submissions(
    lines: pl.DataFrame, settings: Settings, numbers: Numbers, as_of: date
) -> pl.DataFrame:
    """The transaction sets of each partner that gets claims (BHT, loops 1000A and 1000B)."""
    partners = dict(enumerate(settings.partners, 1))
    used = lines.select("file_id", "transaction_offset").unique().sort(pl.all())
    rows = [
        {
            "file_id": file,
            "transaction_offset": transaction,
            "transaction_control": f"{control:04d}",
            "reference": f"{numbers.serial}-{control}",
            **_said(partners[file], settings),
        }
        for control, (file, transaction) in enumerate(used.iter_rows(), numbers.transaction)
    ]
    frame = pl.DataFrame(rows, schema={"file_id": pl.Int64}) if not rows else pl.DataFrame(rows)
    return SUBMISSIONS.conform(frame.with_columns(created_on=pl.lit(as_of)))


def _said(partner: Partner, settings: Settings) -> dict[str, str | int]:
    return {
        "sender_id": settings.submitter.id,
        "receiver_id": partner.id,
        "usage": settings.usage,
        "guide": GUIDE,
        "purpose": "00",
        "created_at": "0000",
        "transaction_type": "CH",
        "submitter_name": settings.submitter.name,
        "submitter_id": settings.submitter.id,
        "submitter_contact": settings.submitter.contact,
        "submitter_phone": settings.submitter.phone,
        "receiver_name": partner.name,
        "receiver_code": partner.id,
    }
