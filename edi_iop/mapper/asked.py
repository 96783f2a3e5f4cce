"""What the EHR itself asks to bill: a per diem of its own making, or a component service.

The asked line is built as asked, so that the rules see its faults before a payer does.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.mapper import track
from edi_iop.rules.policy import Policy

_DAY = ["client_id", "service_date"]


def askers(
    days: pl.DataFrame, encounters: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Attended IOP encounters that name a procedure, with their day; per_diem says which kind."""
    iop = track.by_procedure(policies).with_columns(per_diem=pl.lit(True)).drop("track")
    asking = encounters.filter(
        pl.col("level_of_care") == "IOP",
        pl.col("attendance").is_in(["attended", "partial"]),
        pl.col("procedure").is_not_null(),
    ).select(
        *_DAY,
        "source_record_id",
        "row",
        "procedure",
        "service_type",
        "modifiers",
        asked_revenue="revenue",
        asked_units="units",
        asked_charge_cents="charge_cents",
        asked_rendering_npi="rendering_npi",
    )
    return (
        asking.join(days.drop(*track.CODED, "rendering_npi"), on=_DAY)
        .join(iop, on=["payer_id", "procedure"], how="left")
        .with_columns(pl.col("per_diem").fill_null(False))
    )


def per_diems(asking: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The days' per diems, each replaced by what the EHR asks for where it asks.

    One line a day whatever the number of sessions: of several wishes the one for
    the day's own procedure wins, then the one for most units. An asked line keeps
    the chart's order of diagnoses.
    """
    own = days.select(*_DAY, own_procedure="procedure")
    asked = (
        asking.filter("per_diem")
        .join(own, on=_DAY, how="left")
        .with_columns(_own=pl.col("procedure") == pl.col("own_procedure"))
        .sort(
            *_DAY,
            "_own",
            "asked_units",
            "source_record_id",
            descending=[False, False, True, True, False],
            nulls_last=True,
        )
        .unique(_DAY, keep="first", maintain_order=True)
        .select(
            *_DAY,
            "modifiers",
            asked_procedure="procedure",
            asked_revenue=pl.coalesce("asked_revenue", "revenue"),
            asked_units=pl.coalesce("asked_units", track.units()),
        )
    )
    wanted = pl.col("asked_procedure").is_not_null()
    return days.join(asked, on=_DAY, how="left").with_columns(
        procedure=pl.coalesce("asked_procedure", "procedure"),
        revenue=pl.coalesce("asked_revenue", "revenue"),
        units=pl.coalesce("asked_units", "units"),
        diagnoses=pl.when(wanted).then("listed").otherwise("diagnoses"),
    )


def components(asking: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Component services as lines of their own: revenue as asked, else the first of their class."""
    classes = [
        (payer, kind, bundle.revenues[0].split("-")[0])
        for payer, policy in policies.items()
        for bundle in policy.bundles.values()
        if bundle.revenues
        for kind in bundle.service_types
    ]
    schema = {"payer_id": pl.String, "service_type": pl.String, "class_revenue": pl.String}
    usual = pl.DataFrame(classes, schema=schema, orient="row").unique(
        ["payer_id", "service_type"], keep="first", maintain_order=True
    )
    return (
        asking.filter(~pl.col("per_diem"))
        .join(usual, on=["payer_id", "service_type"], how="left")
        .with_columns(
            revenue=pl.coalesce("asked_revenue", "class_revenue"),
            units=pl.col("asked_units").fill_null(1.0),
            rendering_npi=pl.coalesce("asked_rendering_npi", "attending_npi"),
            encounters=pl.concat_list("source_record_id"),
        )
    )
