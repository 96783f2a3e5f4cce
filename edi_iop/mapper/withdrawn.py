"""Lines we sent that today's records no longer bear out: the day was cancelled, moved or changed."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.mapper import asked, components, track
from edi_iop.mapper.attended import attended
from edi_iop.rules.days import current
from edi_iop.rules.in_force import each
from edi_iop.rules.policy import Policy
from edi_iop.tables.nothing import once_of_nothing

LINE = ["file_id", "claim_offset", "line_offset"]
_DAY = ["client_id", "service_date"]
_CODED = {
    "procedure": pl.String(),
    "revenue": pl.String(),
    "minutes_per_unit": pl.Int64(),
    "full_day_minutes": pl.Int64(),
    "units": pl.Float64(),
}
_STANDS = ["sent", "paid", "denied"]


@once_of_nothing
def withdrawn(
    sent: pl.DataFrame,
    days: pl.DataFrame,
    encounters: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    """LINE of those lines.

    sent: our own lines to a first payer (tables.SERVICE_LINES). encounters: every
    version delivered, cancelled ones too: a day of which we never had a record says
    nothing, and a line without client is left alone.
    """
    return each(sent, policies, lambda part, own: _withdrawn(part, days, encounters, own))


def _withdrawn(
    sent: pl.DataFrame,
    days: pl.DataFrame,
    encounters: pl.DataFrame,
    policies: Mapping[str, Policy],
) -> pl.DataFrame:
    live = sent.filter(
        pl.col("standing").is_in(_STANDS), pl.col("payer_id").is_in(list(policies))
    ).join(encounters.select(_DAY).unique(), on=_DAY, how="semi")
    if live.is_empty():
        return live.select(LINE)
    iop = days.filter(pl.col("level_of_care") == "IOP")
    events = attended(current(encounters))
    known = live.join(
        track.by_procedure(policies).select(
            *("payer_id", "procedure", "minutes_per_unit", "full_day_minutes"),
            per_diem=pl.lit(True),
        ),
        on=["payer_id", "procedure"],
        how="left",
    ).with_columns(pl.col("per_diem").fill_null(False))
    return pl.concat(
        [
            live.join(iop, on=_DAY, how="anti").select(LINE),
            _covered_elsewhere(live, iop),
            _counted_otherwise(known, iop, events),
            _not_given(known, iop, events, policies),
            _otherwise_long(known, iop, events, policies),
            _otherwise_many(known, iop, events, policies),
        ]
    ).unique(LINE)


def _covered_elsewhere(live: pl.DataFrame, iop: pl.DataFrame) -> pl.DataFrame:
    """The day is under another payer's coverage by now."""
    covered = iop.select(*_DAY, now="payer_id").drop_nulls("now")
    return live.join(covered, on=_DAY).filter(pl.col("now") != pl.col("payer_id")).select(LINE)


def _counted_otherwise(live: pl.DataFrame, iop: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """A per diem paid by hours, quarters or halves, whose minutes come to other units; what the EHR asked for stays."""
    asking = events.filter(pl.col("procedure").is_not_null()).select(_DAY).unique()
    signed, noted = pl.col("minutes").fill_null(0), pl.col("unsigned_minutes").fill_null(0)
    by_time = pl.any_horizontal(pl.col("minutes_per_unit", "full_day_minutes").is_not_null())
    timed = live.filter(by_time).join(asking, on=_DAY, how="anti")
    return (
        timed.join(iop.select(*_DAY, "minutes", "unsigned_minutes"), on=_DAY)
        .with_columns(minutes=pl.when(signed > 0).then(signed).otherwise(noted))
        .filter(pl.col("units") != track.units())
        .select(LINE)
    )


def _not_given(
    live: pl.DataFrame, iop: pl.DataFrame, events: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """A service beside or instead of the per diem, of which the day has no session any more."""
    bare = pl.col("payer_id").is_in(components.payers(policies))
    single = live.filter(~pl.col("per_diem") | bare).join(iop.select(_DAY), on=_DAY, how="semi")
    own = events.select(*_DAY, "procedure").drop_nulls("procedure")
    given = single.join(own, on=[*_DAY, "procedure"], how="semi")
    by_type = (
        single.join(events.select(*_DAY, "service_type"), on=_DAY)
        .join(components.codes(policies), on=["payer_id", "service_type"])
        .filter(pl.col("procedure").eq_missing(pl.col("component_procedure")))
    )
    there = pl.concat([given.select(LINE), by_type.select(LINE)])
    return single.join(there, on=LINE, how="anti").select(LINE)


def _otherwise_long(
    live: pl.DataFrame, iop: pl.DataFrame, events: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """A per diem of a day that is by now billed by its services, or services of one that no more is.

    A service that the EHR asks for by its code stays.
    """
    minutes = iop.select(*_DAY, "unsigned_minutes")
    parts = components.codes(policies).select(
        "payer_id", procedure="component_procedure", component=pl.lit(True)
    )
    days = (
        live.filter(pl.col("payer_id").is_in(components.short_day_payers(policies)))
        .join(minutes, on=_DAY)
        .join(parts.unique(), on=["payer_id", "procedure"], how="left")
        .with_columns(pl.col("component").fill_null(False), short=components.short(policies))
    )
    asking = events.select(*_DAY, "procedure").drop_nulls("procedure")
    whole = days.filter(~pl.col("short"), "component", ~pl.col("per_diem"))
    return pl.concat(
        [
            days.filter("short", "per_diem").select(LINE),
            whole.join(asking, on=[*_DAY, "procedure"], how="anti").select(LINE),
        ]
    )


def _otherwise_many(
    live: pl.DataFrame, iop: pl.DataFrame, events: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """Services whose sessions of the day come to other units by now: one was signed since, or came late."""
    key = [*_DAY, "payer_id", "procedure"]
    bare = pl.col("payer_id").is_in(components.payers(policies))
    single = live.filter(~pl.col("per_diem") | bare)
    days = iop.join(single.select(_DAY).unique(), on=_DAY, how="semi")
    given = (
        _services(days, events, policies)
        .group_by(key)
        .agg(given=pl.col("units").sum())
        .with_columns(pl.col("given").round(4))
    )
    billed = pl.col("units").sum().over(key).round(4)
    return (
        single.with_columns(billed=billed)
        .join(given, on=key, nulls_equal=True)
        .filter(pl.col("billed") != pl.col("given"))
        .select(LINE)
    )


@once_of_nothing
def _services(
    days: pl.DataFrame, events: pl.DataFrame, policies: Mapping[str, Policy]
) -> pl.DataFrame:
    """The services of these days as they would be billed today, beside a per diem or instead of one."""
    uncoded = {name: pl.lit(None, _CODED[name]) for name in track.CODED}
    known = days.with_columns(short=components.short(policies), **uncoded)
    apart = components.by_service(policies)
    asking = asked.askers(known.filter(~apart), events, policies)
    found = (
        components.services(known.filter(apart), events, policies),
        asked.components(asking, policies).filter(pl.col("revenue").is_not_null()),
    )
    columns = [*_DAY, "payer_id", "procedure", "units"]
    return pl.concat([one.select(columns) for one in found])


def netted(history: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """The lines sent, those withdrawn as void: what is billed anew is judged without them."""
    marked = history.join(gone.with_columns(_gone=True), on=LINE, how="left", maintain_order="left")
    return marked.with_columns(
        standing=pl.when(pl.col("_gone")).then(pl.lit("void")).otherwise("standing")
    ).drop("_gone")
