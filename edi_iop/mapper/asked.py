"""What the EHR itself asks to bill: a per diem of its own making, or a component service.

The asked line is built as asked, so that the rules see its faults before a payer does.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.mapper import track
from edi_iop.mapper.attended import attended
from edi_iop.rules.days import in_program
from edi_iop.rules.in_force import each
from edi_iop.rules.parameters import ServiceType
from edi_iop.rules.policy import Policy

_DAY = ["client_id", "service_date"]
_TELLING = (
    *_DAY, "source_record_id", "level_of_care", "attendance", "service_type", "procedure",
    "modifiers",
)  # fmt: skip
"""What is asked of a session for the modifiers of its day: of a million no more is copied."""


def askers(
    days: pl.DataFrame, encounters: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Attended IOP encounters that name a procedure, with their day; per_diem says which kind.

    telehealth: the encounter's own.
    """
    iop = track.by_procedure(policies).with_columns(per_diem=pl.lit(True)).drop("track")
    asking = (
        attended(encounters)
        .filter(pl.col("procedure").is_not_null())
        .select(
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
            telehealth=(pl.col("telehealth") == "Y").fill_null(False),
        )
    )
    own = days.drop(*track.CODED, "rendering_npi").drop("telehealth", strict=False)
    return (
        asking.join(own, on=_DAY)
        .join(iop, on=["payer_id", "procedure"], how="left")
        .with_columns(pl.col("per_diem").fill_null(False))
    )


def per_diems(
    asking: pl.DataFrame,
    days: pl.DataFrame,
    encounters: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    """The days' per diems, each replaced by what the EHR asks for where it asks.

    One line a day whatever the number of sessions: of several wishes the one for
    the day's own procedure wins, then the one for most units. An asked line keeps
    the chart's order of diagnoses. One that nobody asks for has the modifiers of its sessions.
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
            asked_modifiers="modifiers",
            asked_procedure="procedure",
            asked_revenue=pl.coalesce("asked_revenue", "revenue"),
            asked_units=pl.coalesce("asked_units", track.units()),
        )
    )
    wanted = pl.col("asked_procedure").is_not_null()
    told = _of_sessions(days, encounters, policies)
    both = days.join(asked, on=_DAY, how="left").join(told, on=_DAY, how="left")
    return both.with_columns(
        modifiers=pl.when(wanted).then("asked_modifiers").otherwise("modifiers"),
        procedure=pl.coalesce("asked_procedure", "procedure"),
        revenue=pl.coalesce("asked_revenue", "revenue"),
        units=pl.coalesce("asked_units", "units"),
        diagnoses=pl.when(wanted).then("listed").otherwise("diagnoses"),
    )


def _of_sessions(
    days: pl.DataFrame, encounters: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """The modifiers that sessions without a procedure name, of each day each once, as they come.

    One that tells of telehealth is the day's only where every session has it.
    """
    remote = [
        (payer, one, True) for payer, own in policies.items() for one in own.telehealth.modifiers
    ]
    schema = {"payer_id": pl.String(), "modifiers": pl.String(), "_remote": pl.Boolean()}
    unasked = attended(encounters.select(_TELLING)).filter(pl.col("procedure").is_null())
    some = unasked.filter(pl.col("modifiers").is_not_null()).select(_DAY).unique()
    covered = unasked.join(some, on=_DAY, how="semi").join(
        days.select(*_DAY, "payer_id"), on=_DAY, maintain_order="left"
    )
    # of a service beside the program the modifiers are its own, not the day's
    sessions = each(covered, policies, in_program)
    counted = sessions.group_by(_DAY).agg(_sessions=pl.len())
    naming = sessions.filter(pl.col("modifiers").is_not_null())
    return (
        naming.sort("source_record_id")
        .select(
            *_DAY, "payer_id", pl.col("modifiers").str.split(" ").list.unique(maintain_order=True)
        )
        .explode("modifiers")
        .group_by(*_DAY, "modifiers", maintain_order=True)
        .agg(pl.col("payer_id").first(), _named=pl.len())
        .join(counted, on=_DAY, maintain_order="left")
        .join(
            pl.DataFrame(remote, schema=schema, orient="row"),
            on=["payer_id", "modifiers"],
            how="left",
            maintain_order="left",
        )
        .filter(pl.col("_remote").is_null() | (pl.col("_named") == pl.col("_sessions")))
        .group_by(_DAY)
        .agg(pl.col("modifiers").str.join(" "))
    )


def components(asking: pl.DataFrame, policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Component services as lines of their own: revenue as asked, else as the payer's policy has it.

    None where neither names one: what tells a class of services apart (a drug's code, a whole
    range) is not what each of them is billed under.
    """
    key = ["payer_id", "service_type"]
    return (
        asking.filter(~pl.col("per_diem"))
        .join(_revenues(policies), on=key, how="left")
        .with_columns(
            revenue=pl.coalesce("asked_revenue", "usual_revenue"),
            units=pl.col("asked_units").fill_null(1.0),
            rendering_npi=pl.coalesce("asked_rendering_npi", "attending_npi"),
            encounters=pl.concat_list("source_record_id"),
        )
    )


def _revenues(policies: Mapping[str, Policy]) -> pl.DataFrame:
    """Payer, service type and revenue code: of the payer's services (billing.components), else of its classes."""
    rows = [
        (payer, kind, revenue)
        for payer, policy in policies.items()
        for kind, revenue in _by_service_type(policy).items()
    ]
    schema = dict.fromkeys(("payer_id", "service_type", "usual_revenue"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _by_service_type(policy: Policy) -> dict[ServiceType, str]:
    of_class = {k: code for one in policy.bundles.values() for k, code in one.billed_under.items()}
    return of_class | {kind: one.revenue for kind, one in policy.billing.components.items()}
