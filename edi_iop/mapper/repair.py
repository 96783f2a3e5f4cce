"""One claim made right by hand: its replacement (7), its void (8), or a new claim in its place.

What stays is as it was sent; a line's codes, units, charge, authorization and diagnoses, and
whom the claim names, are those of today's records. Surplus lines are gone.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from edi_iop.mapper import parties, track
from edi_iop.mapper.corrections import LATE_CHARGES, REPLACEMENT, VOID
from edi_iop.mapper.given import Given
from edi_iop.mapper.sent import CLAIM
from edi_iop.rules.in_force import each_row
from edi_iop.rules.policy import Policy
from edi_iop.tables.amounts import whole_cents

FREQUENCIES = {"corrected_7": REPLACEMENT, "void_8": VOID, "new_claim_1": None}
"""The remedies that are claims; a new one has the frequency it would have had first."""
_REPAIRED = (
    "procedure",
    "revenue",
    "modifiers",
    "units",
    "charge_cents",
    "auth_number",
    "diagnoses",
)
_NAMED = ("member_id", "group_number", "relationship")
_DAY = ["client_id", "service_date"]


class Repaired(msgspec.Struct, frozen=True):
    """A claim as it goes out again, and what differs from the one sent."""

    given: Given
    lines: pl.DataFrame
    """tables.SERVICE_LINES of it."""
    changes: tuple[str, ...]
    """Each difference in a few words that name no person."""


def repaired(
    remedy: str,
    header: pl.DataFrame,
    sent: pl.DataFrame,
    surplus: pl.DataFrame,
    proposed: pl.DataFrame,
    clients: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> Repaired:
    """The claim of a remedy (FREQUENCIES).

    header: its row of tables.CLAIMS. sent: its lines (tables.SERVICE_LINES). surplus: keys of
    those to leave out. proposed: what the claim's days would be billed as today.
    """
    if remedy == "void_8":
        return _as_given(remedy, header, sent, sent, ())
    kept = sent.join(surplus, on=[*CLAIM, "line_offset"], how="anti", maintain_order="left")
    lines = each_row(_renewed(kept, proposed, policies), policies, _capped)
    named = _renamed(_authorized(header, lines), lines, clients)
    return _as_given(remedy, named, sent, lines, _differences(header, named, sent, lines))


def _as_given(
    remedy: str,
    header: pl.DataFrame,
    sent: pl.DataFrame,
    lines: pl.DataFrame,
    changes: tuple[str, ...],
) -> Repaired:
    """The claim under its own header, with the frequency of the remedy and the payer's number of it."""
    number = sent["payer_claim_number"].drop_nulls().first()
    frequency = FREQUENCIES[remedy]
    first = pl.when(pl.col("frequency").is_in([REPLACEMENT, LATE_CHARGES])).then(pl.lit("1"))
    headed = header.with_columns(
        frequency=first.otherwise("frequency") if frequency is None else pl.lit(frequency),
        payer_claim_number=pl.lit(None if frequency is None else number, pl.String),
        given=pl.lit("1"),
    )
    return Repaired(Given.of(lines.with_columns(given=pl.lit("1")), headed), lines, changes)


def _renewed(
    lines: pl.DataFrame, proposed: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """The lines with what today's records say of the same service, where they say anything."""
    marked = each_row(lines, policies, _marked)
    today = (
        each_row(proposed, policies, _marked)
        .unique([*_DAY, "_service"], keep="first", maintain_order=True)
        .select(*_DAY, "_service", *(pl.col(name).alias(f"{name}_now") for name in _REPAIRED))
    )
    joined = marked.join(today, on=[*_DAY, "_service"], how="left", maintain_order="left")
    known = pl.col("procedure_now").is_not_null() | pl.col("revenue_now").is_not_null()
    return joined.with_columns(
        pl.when(known).then(f"{name}_now").otherwise(name).alias(name) for name in _REPAIRED
    ).select(lines.columns)


def _marked(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """The lines with `_service`: the day's per diem, whatever its code, or the service by its code."""
    pairs = track.by_procedure(policies).select("payer_id", "procedure", _diem=pl.lit("per diem"))
    diem = lines.join(pairs, on=["payer_id", "procedure"], how="left", maintain_order="left")
    return diem.with_columns(_service=pl.coalesce("_diem", "procedure", pl.lit(""))).drop("_diem")


def _capped(lines: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Per diems with no more units than the payer pays for a date, and under its revenue code."""
    pairs = track.pairs(policies).filter(pl.len().over("payer_id", "procedure") == 1)
    limits = {payer: policy.iop.units_per_day for payer, policy in policies.items()}
    known = lines.join(
        pairs.select("payer_id", "procedure", _revenue="revenue", _timed="minutes_per_unit"),
        on=["payer_id", "procedure"],
        how="left",
        maintain_order="left",
    ).with_columns(
        _most=pl.col("payer_id").replace_strict(limits, default=None, return_dtype=pl.Int64)
    )
    over = (
        pl.col("_revenue").is_not_null()
        & pl.col("_timed").is_null()
        & (pl.col("units") > pl.col("_most"))
    )
    part = whole_cents(pl.col("charge_cents") * pl.col("_most") / pl.col("units"))
    return known.with_columns(
        revenue=pl.coalesce("_revenue", "revenue"),
        units=pl.when(over).then(pl.col("_most").cast(pl.Float64)).otherwise("units"),
        charge_cents=pl.when(over).then(part).otherwise("charge_cents"),
    ).select(lines.columns)


def _authorized(header: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The header with the lines' authorization, where they have one and the same."""
    numbers = lines["auth_number"].drop_nulls().unique().to_list()
    if len(numbers) != 1:
        return header
    return header.with_columns(auth_number=pl.lit(numbers[0]))


def _renamed(header: pl.DataFrame, lines: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """The header with subscriber and patient as the client's coverage has them today, where known."""
    client = lines["client_id"].drop_nulls().first()
    day = lines["service_date"].min()
    held = parties.coverages(clients).filter(
        pl.col("client_id") == pl.lit(client, pl.String),
        pl.col("payer_id") == header["payer_id"][0],
        pl.col("coverage_from") <= day,
        pl.col("coverage_to").is_null() | (pl.col("coverage_to") >= day),
    )
    if held.height != 1 or not _subscriber_known(held):
        return header
    told = held.select(*_NAMED, **parties.people())
    return header.drop(told.columns).hstack(told).select(header.columns)


def _subscriber_known(coverage: pl.DataFrame) -> bool:
    row = coverage.row(0, named=True)
    return row["relationship"] == "18" or row["subscriber_last_name"] is not None


def _differences(
    header: pl.DataFrame, named: pl.DataFrame, sent: pl.DataFrame, lines: pl.DataFrame
) -> tuple[str, ...]:
    """What differs from the claim as sent: lines left out, columns of lines, columns of the claim."""
    gone = sent.join(lines, on="line_offset", how="anti")["line"].to_list()
    before = sent.join(lines.select("line_offset"), on="line_offset", how="semi")
    changed = [
        f"line {now['line']}: {name.replace('_cents', '').replace('_', ' ')} "
        f"{_shown(then[name])} to {_shown(now[name])}"
        for then, now in zip(before.to_dicts(), lines.to_dicts(), strict=True)
        for name in _REPAIRED
        if then[name] != now[name]
    ]
    first, second = header.row(0, named=True), named.row(0, named=True)
    of_claim = [name.replace("_", " ") for name in header.columns if first[name] != second[name]]
    claim = [f"claim: {', '.join(of_claim)}"] if of_claim else []
    return (*(f"line {line} left out" for line in gone), *changed, *claim)


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
