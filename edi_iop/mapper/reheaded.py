"""Headers of claims sent as today's records have them: attending provider, admission and discharge.

Whom a claim names as subscriber and patient stays as it was sent: people move, and a payer looks at
the day of service.
"""

from __future__ import annotations

import polars as pl

from edi_iop.mapper import headers, parties

_STAFF = ("attending_npi", "attending_last_name", "attending_first_name", "attending_taxonomy")
_STAY = ("patient_status", "admission_date", "admission_type", "admission_source")
SAID = (*_STAFF, *_STAY)
_COMPARED = ("attending_npi", *_STAY)


def reheaded(
    claims: pl.DataFrame, lines: pl.DataFrame, spans: pl.DataFrame, providers: pl.DataFrame
) -> pl.DataFrame:
    """given and SAID of claims whose header would be another today, column by column.

    claims: tables.CLAIMS as sent, with `given`. lines: given, client_id and service_date of what the
    claims hold by now. spans: episodes.bounded. What the records do not say stays as it was sent.
    """
    today = _today(lines, spans, providers)
    both = claims.select("given", *SAID).join(today, on="given", suffix="_today")
    now = {name: pl.coalesce(f"{name}_today", name) for name in _COMPARED}
    differs = pl.any_horizontal(column.ne_missing(pl.col(name)) for name, column in now.items())
    other_staff = pl.col("attending_npi_today").ne_missing(pl.col("attending_npi"))
    staff = {
        name: pl.when(other_staff & pl.col("attending_npi_today").is_not_null())
        .then(f"{name}_today")
        .otherwise(name)
        for name in _STAFF
    }
    return both.filter(differs).select("given", **{**now, **staff})


def _today(lines: pl.DataFrame, spans: pl.DataFrame, providers: pl.DataFrame) -> pl.DataFrame:
    """given and SAID, null where the records or the roster do not say.

    The attending provider is the one whom the claim's last day itself names.
    """
    stays = spans.filter(pl.col("level_of_care") == "IOP").select(
        *parties.DAY,
        "attending_npi",
        "admission_type",
        "admission_source",
        "discharge_status",
        "ends",
        admission_date="admit_date",
        known=pl.lit(True),
    )
    last = (
        lines.select("given", *parties.DAY)
        .join(stays, on=parties.DAY, how="left")
        .sort("given", "service_date")
        .group_by("given", maintain_order=True)
        .agg(
            pl.exclude("client_id", "service_date").last(),
            statement_to=pl.col("service_date").max(),
        )
    )
    return (
        last.with_columns(_ended=headers.ended())
        .with_columns(patient_status=pl.when("known").then(headers.patient_status()))
        .join(parties.sound_roster(providers), on="attending_npi", how="left")
        .with_columns(
            attending_npi=pl.when(pl.col("attending_last_name").is_not_null()).then("attending_npi")
        )
        .select("given", *SAID)
    )
