"""Days billed service by service, where the payer takes no per diem (policy [billing.components])."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from edi_iop.mapper.attended import attended
from edi_iop.rules.days import SIGNED, measured
from edi_iop.rules.policy import Policy

_DAY = ["client_id", "service_date"]
_LINE = [*_DAY, "procedure", "revenue", "modifiers", "asked_rendering_npi"]


def payers(policies: Mapping[str, Policy]) -> list[str]:
    """The payers that are billed so."""
    return sorted(payer for payer, policy in policies.items() if policy.billing.components)


def services(
    days: pl.DataFrame, encounters: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Lines of these payers' days: one a procedure, staff member and day, its sessions added up.

    What the EHR asks for goes before the policy's code for the service type. On a
    day with a signed note the unsigned sessions are left out; else all are there,
    so that the rules can hold them (DOC-01).
    """
    own = days.filter(pl.col("payer_id").is_in(payers(policies)))
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
        )
        .join(own.drop("procedure", "revenue", "units", "encounters", "rendering_npi"), on=_DAY)
        .filter(pl.col("signed") | ~pl.col("signed").any().over(_DAY))
        .join(codes(policies), on=["payer_id", "service_type"], how="left", maintain_order="left")
    )
    counted = pl.max_horizontal(pl.col("length") // pl.col("unit_minutes"), 1).fill_null(1)
    return (
        sessions.with_columns(
            procedure=pl.coalesce("procedure", "component_procedure"),
            revenue=pl.coalesce("revenue", "component_revenue"),
            units=pl.coalesce("asked_units", counted.cast(pl.Float64)),
        )
        .group_by(_LINE, maintain_order=True)
        .agg(
            pl.exclude("source_record_id", "units", "asked_charge_cents").first(),
            pl.col("units").sum(),
            asked_charge_cents=pl.when(pl.col("asked_charge_cents").is_not_null().all()).then(
                pl.col("asked_charge_cents").sum()
            ),
            encounters=pl.col("source_record_id"),
            source_record_id=pl.col("source_record_id").first(),
        )
        .with_columns(rendering_npi=pl.coalesce("asked_rendering_npi", "attending_npi"))
    )


def uncoded(services: pl.DataFrame) -> Collection[tuple[str, str, int]]:
    """Payer, service type and number of the services that have no code to be billed by."""
    lacking = services.filter(pl.col("procedure").is_null() & pl.col("revenue").is_null())
    counted = lacking.group_by("payer_id", "service_type").len()
    return list(counted.sort("payer_id", "service_type").iter_rows())


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
