"""Patient days to proposed service lines: one per diem a client, payer and date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from edi_iop.findings import Finding
from edi_iop.mapper import asked, authorize, coverage, track
from edi_iop.rules.days import current
from edi_iop.rules.policy import Policy
from edi_iop.rules.records import newest
from edi_iop.settings import Settings
from edi_iop.tables import CLIENTS, SERVICE_LINES

_DAY = ["client_id", "payer_id", "service_date"]


def propose(
    days: pl.DataFrame,
    encounters: pl.DataFrame,
    clients: pl.DataFrame,
    authorizations: pl.DataFrame,
    policies: Mapping[str, Policy],
    settings: Settings,
    as_of: date,
    history: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, list[Finding]]:
    """Lines that attended IOP days would be billed as (tables.SERVICE_LINES), and what hinders.

    encounters: newest versions. policies: by payer id. history: lines already
    sent; a day that was billed is not proposed again (see already_billed).
    Minutes are signed ones; a day with unsigned notes only is proposed on those,
    so that the rules can hold it (DOC-01).
    """
    sent = SERVICE_LINES.empty() if history is None else history
    clients = newest(clients, CLIENTS.key)
    attended = coverage.with_payer(_iop_days(days, clients), clients)
    billable = sorted(policies.keys() & {payer.id for payer in settings.payers})
    known = attended.filter(pl.col("payer_id").is_in(billable))
    ready = _ready(known, authorizations, policies, sent)
    asking = asked.askers(ready, current(encounters), policies)
    wanted = _wanted(ready, asking)
    diems = asked.per_diems(asking, wanted)
    parts = asked.components(asking, policies)
    billed = _among(parts, sent.filter(_was_sent()), ["procedure"])
    parts = parts.join(billed, on="source_record_id", how="anti", maintain_order="left")
    coded = parts.filter(pl.col("revenue").is_not_null())
    priced = _priced(pl.concat([_shaped(diems), _shaped(coded)]), settings)
    findings = [
        *_unknown_clients(current(encounters), clients),
        *_unknown_payers(attended, billable),
        *_uncoded(parts),
        *_unpriced(priced),
    ]
    return _lines(priced, settings, as_of), findings


def already_billed(
    days: pl.DataFrame, policies: Mapping[str, Policy], history: pl.DataFrame
) -> pl.DataFrame:
    """The IOP days among these whose per diem was sent before and not voided since."""
    procedures = track.pairs(policies).select("payer_id", "procedure").unique()
    per_diems = history.filter(_was_sent()).join(
        procedures, on=["payer_id", "procedure"], how="semi"
    )
    return _among(days.filter(pl.col("level_of_care") == "IOP"), per_diems, [])


def _among(rows: pl.DataFrame, sent: pl.DataFrame, also: list[str]) -> pl.DataFrame:
    """The rows of a client's day, and what else they agree in, that are among those sent.

    By client: a family shares a member id, and a member id may be corrected since.
    Only a line whose client is not known counts by its member id.
    """
    strangers = sent.filter(pl.col("client_id").is_null())
    numbered = rows.with_row_index("_row")
    own = numbered.join(sent, on=[*_DAY, *also], how="semi", nulls_equal=True)
    by_member = ["payer_id", "member_id", "service_date", *also]
    same_member = numbered.join(strangers, on=by_member, how="semi")
    found = pl.concat([own, same_member]).unique("_row").sort("_row")
    return found.drop("_row")


def _was_sent() -> pl.Expr:
    """Sent and standing: a denied line too, since denials are worked, not sent again blindly."""
    return pl.col("standing").is_in(["sent", "paid", "denied"])


def _iop_days(days: pl.DataFrame, clients: pl.DataFrame) -> pl.DataFrame:
    """IOP days of known clients, with the minutes they are billed on: signed ones, else any."""
    signed, noted = pl.col("minutes").fill_null(0), pl.col("unsigned_minutes").fill_null(0)
    return (
        days.filter(pl.col("level_of_care") == "IOP")
        .join(clients, on="client_id", how="semi")
        .with_columns(minutes=pl.when(signed > 0).then(signed).otherwise(noted))
    )


def _ready(
    days: pl.DataFrame,
    authorizations: pl.DataFrame,
    policies: Mapping[str, Policy],
    history: pl.DataFrame,
) -> pl.DataFrame:
    """The days with authorization, track, pair, units and diagnoses.

    `draws`: the day has attended minutes and was not billed before.
    """
    fresh = days.join(already_billed(days, policies, history), on=_DAY, how="anti").select(
        *_DAY, fresh=pl.lit(True)
    )
    marked = days.join(fresh, on=_DAY, how="left", maintain_order="left").with_columns(
        draws=pl.col("fresh").fill_null(False) & (pl.col("minutes") > 0)
    )
    known = authorize.authorized(marked.drop("fresh"), authorizations, history, policies)
    return track.coded(known, policies)


def _wanted(days: pl.DataFrame, asking: pl.DataFrame) -> pl.DataFrame:
    """Days that want a per diem: attended, not billed, and not for component services alone."""
    apart = asking.filter(~pl.col("per_diem")).select("source_record_id").to_series().implode()
    whole = pl.col("encounters").list.set_difference(apart).list.len() > 0
    return days.filter("draws", whole)


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Per diems and components in the same columns."""
    asked_charge = "asked_charge_cents" if "asked_charge_cents" in frame.columns else None
    return frame.select(
        "client_id",
        "payer_id",
        "member_id",
        "birth_date",
        "service_date",
        "revenue",
        "procedure",
        "modifiers",
        "units",
        "auth_number",
        "diagnoses",
        "rendering_npi",
        "encounters",
        payer_responsibility="coverage_priority",
        per_diem=pl.lit(asked_charge is None),
        asked_charge_cents=pl.lit(None, pl.Int64) if asked_charge is None else pl.col(asked_charge),
    )


def _priced(lines: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The lines with their charge: the component's as asked, else units at the facility's price."""
    prices = pl.DataFrame(
        [(code, settings.charge_cents(code)) for code in settings.charges],
        schema={"procedure": pl.String, "price_cents": pl.Int64},
        orient="row",
    )
    by_price = (pl.col("price_cents") * pl.col("units")).round().cast(pl.Int64)
    return lines.join(prices, on="procedure", how="left").with_columns(
        charge_cents=pl.coalesce("asked_charge_cents", by_price)
    )


def _lines(priced: pl.DataFrame, settings: Settings, as_of: date) -> pl.DataFrame:
    """Numbered proposals in the order of payer, client and date."""
    ordered = priced.filter(pl.col("charge_cents").is_not_null()).sort(
        "payer_id",
        "client_id",
        "service_date",
        "per_diem",
        "procedure",
        descending=[False, False, False, True, False],
    )
    return SERVICE_LINES.conform(
        ordered.with_columns(
            file_id=pl.lit(0),
            claim_offset=pl.lit(0),
            line_offset=pl.int_range(1, pl.len() + 1),
            form=pl.lit("I"),
            standing=pl.lit("proposed"),
            facility_type=pl.lit(settings.facility.facility_type),
            frequency=pl.lit("1"),
            billing_npi=pl.lit(settings.facility.npi),
            billing_tin=pl.lit(settings.facility.tin),
            sent_on=pl.lit(as_of),
        )
    )


def _unknown_clients(encounters: pl.DataFrame, clients: pl.DataFrame) -> list[Finding]:
    strangers = encounters.filter(pl.col("attendance").is_in(["attended", "partial"])).join(
        clients, on="client_id", how="anti"
    )
    return [
        Finding(
            "CLIENT_UNKNOWN",
            f"encounter {record} (row {row}): its client is in no clients feed; not billed",
            file=None if file_id is None else str(file_id),
        )
        for file_id, row, record in strangers.select("file_id", "row", "source_record_id")
        .sort("file_id", "row")
        .iter_rows()
    ]


def _unknown_payers(days: pl.DataFrame, billable: list[str]) -> list[Finding]:
    lost = days.filter(~pl.col("payer_id").is_in(billable))
    counted = lost.group_by("payer_id").len().sort("payer_id")
    return [
        Finding(
            "PAYER_UNKNOWN",
            f"payer {payer}: not listed in settings.toml; {count} attended days are not billed",
        )
        for payer, count in counted.iter_rows()
    ]


def _uncoded(parts: pl.DataFrame) -> list[Finding]:
    lacking = parts.filter(pl.col("revenue").is_null()).sort("source_record_id")
    return [
        Finding(
            "FEED_VALUE_MISSING",
            f"encounter {record} (row {row}): asks for {procedure} without a revenue code; not billed",
        )
        for record, row, procedure in lacking.select(
            "source_record_id", "row", "procedure"
        ).iter_rows()
    ]


def _unpriced(priced: pl.DataFrame) -> list[Finding]:
    lacking = priced.filter(pl.col("charge_cents").is_null())
    counted = lacking.group_by("payer_id", "procedure").len().sort("payer_id", "procedure")
    return [
        Finding(
            "CHARGE_UNKNOWN",
            f"{procedure or 'per diem without a pair'} (payer {payer}): no charge is set; {count} lines are not billed",
        )
        for payer, procedure, count in counted.iter_rows()
    ]
