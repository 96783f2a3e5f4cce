"""Days billed service by service (policy [billing.components]).

Of payers that take no per diem every day is; of others, where the policy says so
(duration.short_day), a day below the minimum.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.mapper import track
from edi_iop.mapper.attended import attended
from edi_iop.rules.days import SIGNED, measured
from edi_iop.rules.policy import Policy
from edi_iop.tables.nothing import once_of_nothing

_DAY = ["client_id", "service_date"]
_ASKED = ("procedure", "revenue", "modifiers", "asked_units", "asked_charge_cents")
_LINE = [*_DAY, "procedure", "revenue", "modifiers", "telehealth", "asked_rendering_npi"]


def payers(policies: Mapping[str, Policy]) -> list[str]:
    """The payers that take no per diem."""
    return sorted(
        payer
        for payer, policy in policies.items()
        if policy.billing.components and payer not in short_day_payers(policies)
    )


def by_service(policies: Mapping[str, Policy]) -> pl.Expr:
    """Whether a day (payer_id, short) is billed so."""
    return pl.col("payer_id").is_in(payers(policies)) | pl.col("short")


def short_day_payers(policies: Mapping[str, Policy]) -> list[str]:
    """The payers that take the services of a day below the minimum."""
    return [
        payer for payer, policy in policies.items() if policy.duration.short_day == "components"
    ]


def short(policies: Mapping[str, Policy]) -> pl.Expr:
    """Whether a day is below the minimum, signed or not, of a payer that then takes its services."""
    least = {
        payer: policies[payer].duration.min_day_minutes for payer in short_day_payers(policies)
    }
    of_payer = pl.col("payer_id").replace_strict(least, default=None, return_dtype=pl.Int64)
    return (pl.col("unsigned_minutes") < of_payer).fill_null(False)


@once_of_nothing
def services(
    days: pl.DataFrame, encounters: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Lines of these days: one a procedure, staff member and day, its sessions added up; those by telehealth apart.

    What the EHR asks for goes before the policy's code for the service type, but the
    per diem that a short day does not earn. On a day with a signed note the unsigned sessions are left out; else all are there,
    so that the rules can hold them (DOC-01).
    """
    codes_of_day = ("procedure", "revenue", "units", "encounters", "rendering_npi")
    own = days.drop(*codes_of_day).drop("telehealth", strict=False)
    sessions = (
        measured(attended(encounters))
        .select(
            *_DAY,
            "source_record_id",
            "service_type",
            "procedure",
            "revenue",
            "modifiers",
            "length",
            asked_units="units",
            asked_charge_cents="charge_cents",
            asked_rendering_npi="rendering_npi",
            signed=pl.col("note_status").is_in(SIGNED),
            telehealth=(pl.col("telehealth") == "Y").fill_null(False),
        )
        .join(own, on=_DAY)
        .filter(pl.col("signed") | ~pl.col("signed").any().over(_DAY))
        .join(_per_diems(policies), on=["payer_id", "procedure"], how="left", maintain_order="left")
        .with_columns(
            pl.when(~(pl.col("short") & pl.col("per_diem").fill_null(False))).then(name).alias(name)
            for name in _ASKED
        )
        .join(codes(policies), on=["payer_id", "service_type"], how="left", maintain_order="left")
    )
    return (
        sessions.with_columns(
            procedure=pl.coalesce("procedure", "component_procedure"),
            revenue=pl.coalesce("revenue", "component_revenue"),
        )
        .group_by(_LINE, maintain_order=True)
        .agg(
            pl.exclude("source_record_id", "length", "asked_charge_cents").first(),
            pl.col("length").sum(),
            units=_units(),
            asked_charge_cents=pl.when(pl.col("asked_charge_cents").is_not_null().all()).then(
                pl.col("asked_charge_cents").sum()
            ),
            encounters=pl.col("source_record_id"),
            source_record_id=pl.col("source_record_id").first(),
        )
        .with_columns(rendering_npi=pl.coalesce("asked_rendering_npi", "attending_npi"))
    )


def _units() -> pl.Expr:
    """Units of a line's sessions: as asked, else their minutes together by the unit's, else one each.

    None where the minutes are less than a unit.
    """
    told = pl.col("asked_units")
    bare = told.is_null()
    timed = pl.col("length").filter(bare).sum() // pl.col("unit_minutes").first()
    return told.sum() + pl.coalesce(timed, bare.sum()).cast(pl.Float64)


def coded() -> pl.Expr:
    """Whether a service has a code to be billed by."""
    return pl.col("procedure").is_not_null() | pl.col("revenue").is_not_null()


def long_enough(policies: Mapping[str, Policy]) -> pl.Expr:
    """Whether a day has the minutes of a program's day, or of half a one where the payer takes those."""
    least = {payer: _least(policy) for payer, policy in policies.items()}
    of_payer = pl.col("payer_id").replace_strict(least, default=None, return_dtype=pl.Int64)
    return (pl.col("minutes") >= of_payer).fill_null(False)


def _least(policy: Policy) -> int:
    halves = any(pair.unit_basis == "half_day" for pair in policy.iop.pairs)
    duration = policy.duration
    return duration.min_half_day_minutes if halves else duration.min_day_minutes


def _per_diems(policies: Mapping[str, Policy]) -> pl.DataFrame:
    known = track.by_procedure(policies)
    return known.select("payer_id", "procedure", per_diem=pl.lit(True))


def codes(policies: Mapping[str, Policy]) -> pl.DataFrame:
    rows = [
        (payer, kind, one.procedure, one.revenue, one.minutes_per_unit)
        for payer, policy in policies.items()
        for kind, one in policy.billing.components.items()
    ]
    texts = dict.fromkeys(
        ("payer_id", "service_type", "component_procedure", "component_revenue"), pl.String
    )
    return pl.DataFrame(rows, schema=texts | {"unit_minutes": pl.Int64}, orient="row")
